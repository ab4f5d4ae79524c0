use journeys::{World, at, both_engines};
use serde_json::json;

fn category(id: &str) -> String {
    format!("{}/{id}", at::CATEGORIES)
}

both_engines! {
    async fn a_fresh_environment_has_twenty_one(world: World) {
        let found = world.vendor().await.get(at::CATEGORIES).await.expect(200);
        assert_eq!(found.rows().len(), 21);
        assert!(found.pluck("name").contains(&"Roles and permissions".to_owned()));
        assert!(found.rows().iter().all(|row| row["feCategory"] == json!(true)));
    }

    async fn a_category_is_made_changed_and_deleted(world: World) {
        let vendor = world.vendor().await;
        let made = vendor.post(at::CATEGORIES, json!({"name": "Orders", "description": "Ünï"})).await.expect(201);
        let id = made.text_at("/id");
        assert_eq!(made.at("/feCategory"), json!(false));
        assert_eq!(made.at("/description"), "Ünï");
        vendor.patch(&category(&id), json!({"name": "Bestellungen"})).await.expect(200);
        let found = vendor.get(at::CATEGORIES).await.expect(200).rows();
        let row = found.iter().find(|row| row["id"] == id).unwrap();
        assert_eq!(row["name"], "Bestellungen");
        assert_eq!(row["description"], "Ünï");
        vendor.delete(&category(&id)).await.expect(200);
        vendor.delete(&category(&id)).await.expect(404);
        vendor.patch(&category(&id), json!({"name": "X"})).await.expect(404);
    }

    async fn an_existing_name_is_refused_in_known_words(world: World) {
        let vendor = world.vendor().await;
        vendor.post(at::CATEGORIES, json!({"name": "Orders"})).await.expect(201);
        let again = vendor.post(at::CATEGORIES, json!({"name": "Orders"})).await;
        assert!((400..500).contains(&again.status));
        assert!(again.errors()[0].contains("already exist"), "{}", again.text());
    }

    async fn wrong_values_are_refused(world: World) {
        let vendor = world.vendor().await;
        for body in [json!({}), json!({"name": ""}), json!({"name": 5}), json!({"name": "x".repeat(100_000)}), json!([])] {
            vendor.post(at::CATEGORIES, body).await.expect(400);
        }
        assert_eq!(vendor.get(at::CATEGORIES).await.expect(200).rows().len(), 21);
    }
}
