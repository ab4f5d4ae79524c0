use journeys::{World, at, both_engines, snapshot};
use serde_json::json;

fn permission(id: &str) -> String {
    format!("{}/{id}", at::PERMISSIONS)
}

both_engines! {
    async fn the_built_in_catalogue_is_there(world: World) {
        let found = world.vendor().await.get(at::PERMISSIONS).await.expect(200);
        let keys = found.pluck("key");
        for key in [
            "fe.secure.*",
            "fe.secure.read.*",
            "fe.secure.read.users",
            "fe.secure.write.usersRoles",
            "fe.secure.delete.users",
            "fe.connectivity.*",
            "fe.account-hierarchy.read.subAccount",
            "fe.account-settings.read.app",
            "fe.subscriptions.*",
        ] {
            assert!(keys.contains(&key.to_owned()), "{key} is missing");
        }
        assert!(found.rows().iter().all(|row| row["fePermission"] == json!(true)));
    }

    async fn permissions_go_in_and_come_out_as_lists(world: World) {
        let vendor = world.vendor().await;
        let category = vendor.post(at::CATEGORIES, json!({"name": "Orders"})).await.expect(201).text_at("/id");
        let made = vendor
            .post(at::PERMISSIONS, json!([{"key": "orders.write", "name": "Write", "categoryId": category, "description": "Ünï"}, {"key": "orders.read", "name": "Read"}]))
            .await
            .expect(201);
        assert_eq!(made.pluck("key"), ["orders.write", "orders.read"]);
        assert_eq!(made.at("/0/categoryId"), category);
        assert_eq!(made.at("/0/description"), "Ünï");
        assert_eq!(made.at("/0/fePermission"), json!(false));
        assert_eq!(made.at("/0/roleIds"), json!([]));
        assert!(vendor.get(at::PERMISSIONS).await.expect(200).pluck("key").contains(&"orders.read".to_owned()));
    }

    async fn an_existing_key_is_refused_in_known_words_and_the_batch_with_it(world: World) {
        let vendor = world.vendor().await;
        vendor.post(at::PERMISSIONS, json!([{"key": "taken", "name": "T"}])).await.expect(201);
        let before = snapshot(&vendor).await;
        let again = vendor.post(at::PERMISSIONS, json!([{"key": "fresh", "name": "F"}, {"key": "taken", "name": "T"}])).await;
        assert!((400..500).contains(&again.status));
        assert!(again.errors()[0].contains("already exist"), "{}", again.text());
        assert_eq!(snapshot(&vendor).await, before);
    }

    async fn a_permission_is_changed_and_deleted(world: World) {
        let vendor = world.vendor().await;
        let id = vendor.post(at::PERMISSIONS, json!([{"key": "k", "name": "N"}])).await.expect(201).text_at("/0/id");
        let after = vendor.patch(&permission(&id), json!({"name": "New", "roleIds": ["x"], "createdAt": 1})).await.expect(200);
        assert_eq!(after.at("/name"), "New");
        assert_eq!(after.at("/key"), "k");
        vendor.patch(&permission(&id), json!({"name": 5})).await.expect(400);
        let gone = vendor.delete(&permission(&id)).await;
        assert!([200, 204].contains(&gone.status));
        vendor.delete(&permission(&id)).await.expect(404);
        vendor.patch(&permission(&id), json!({"name": "X"})).await.expect(404);
    }

    async fn built_in_permissions_stay_as_they_are(world: World) {
        let vendor = world.vendor().await;
        let id = world.permission_id("fe.secure.read.users").await;
        let before = snapshot(&vendor).await;
        vendor.patch(&permission(&id), json!({"key": "mine"})).await.expect(403);
        vendor.delete(&permission(&id)).await.expect(403);
        assert_eq!(snapshot(&vendor).await, before);
    }

    async fn a_permission_is_given_to_more_roles(world: World) {
        let vendor = world.vendor().await;
        let id = vendor.post(at::PERMISSIONS, json!([{"key": "k", "name": "N"}])).await.expect(201).text_at("/0/id");
        let roles = vendor.post(at::ROLES, json!([{"key": "a", "name": "A", "level": 0}, {"key": "b", "name": "B", "level": 0}])).await.expect(201);
        let (a, b) = (roles.text_at("/0/id"), roles.text_at("/1/id"));
        let path = format!("{}/roles", permission(&id));
        vendor.put(&path, json!({"roleIds": [b]})).await.expect(200);
        vendor.put(&path, json!({"roleIds": [a]})).await.expect(200);
        let holders = |found: journeys::Answer| {
            let rows = found.rows();
            let row = rows.iter().find(|row| row["id"] == id).unwrap();
            let mut ids: Vec<String> = serde_json::from_value(row["roleIds"].clone()).unwrap();
            ids.sort();
            ids
        };
        let mut both = vec![a.clone(), b];
        both.sort();
        assert_eq!(holders(vendor.get(at::PERMISSIONS).await.expect(200)), both, "roles that hold it keep it");
        let status = vendor.put(&path, json!({"roleIds": ["00000000-0000-4000-8000-00000000dead"]})).await.status;
        assert!([400, 404].contains(&status), "{status}");
    }

    async fn a_deleted_permission_leaves_its_roles(world: World) {
        let vendor = world.vendor().await;
        let id = vendor.post(at::PERMISSIONS, json!([{"key": "k", "name": "N"}])).await.expect(201).text_at("/0/id");
        let role = vendor.post(at::ROLES, json!([{"key": "a", "name": "A", "level": 0}])).await.expect(201).text_at("/0/id");
        vendor.put(&format!("{}/{role}/permissions", at::ROLES), json!({"permissionIds": [id]})).await.expect(200);
        vendor.delete(&permission(&id)).await;
        let rows = vendor.get(at::ROLES).await.expect(200).rows();
        assert_eq!(rows.iter().find(|row| row["id"] == role).unwrap()["permissions"], json!([]));
    }

    async fn classification_takes_known_words_only(world: World) {
        let vendor = world.vendor().await;
        let id = vendor.post(at::PERMISSIONS, json!([{"key": "k", "name": "N"}])).await.expect(201).text_at("/0/id");
        let path = format!("{}/classification", at::PERMISSIONS);
        for kind in ["NEVER", "ALWAYS", "ASSIGNABLE"] {
            vendor.put(&path, json!({"permissionIds": [id], "type": kind})).await.expect(200);
        }
        vendor.put(&path, json!({"permissionIds": [id], "type": "SOMETIMES"})).await.expect(400);
        vendor.put(&path, json!({"type": "NEVER"})).await.expect(400);
    }

    async fn wrong_values_are_refused_and_change_nothing(world: World) {
        let vendor = world.vendor().await;
        let before = snapshot(&vendor).await;
        let long = "x".repeat(100_000);
        for body in [
            json!([{"name": "N"}]),
            json!([{"key": "", "name": "N"}]),
            json!([{"key": "k"}]),
            json!([{"key": 5, "name": "N"}]),
            json!([{"key": long, "name": "N"}]),
            json!([{"key": "k", "name": long}]),
            json!([{"key": "k", "name": "N", "assignmentType": "SOMETIMES"}]),
            json!([{"key": "k", "name": "N", "categoryId": 5}]),
        ] {
            let answer = vendor.post(at::PERMISSIONS, body).await;
            assert_eq!(answer.status, 400, "{}", answer.text());
        }
        assert_eq!(snapshot(&vendor).await, before);
    }
}
