use journeys::{World, at, both_engines};
use serde_json::json;

both_engines! {
    async fn a_user_is_found_by_id_in_its_tenant(world: World) {
        let ann = world.user("ann@example.com").await;
        world.tenant("rival").await;
        let vendor = world.vendor().await;
        let path = format!("{}/{}", at::USERS, ann.id);
        let found = vendor.in_tenant("acme").get(&path).await.expect(200);
        assert_eq!(found.at("/email"), "ann@example.com");
        assert!(found.at("/roles").is_array());
        vendor.in_tenant("rival").get(&path).await.expect(404);
        vendor.in_tenant("acme").get(&format!("{}/00000000-0000-4000-8000-00000000dead", at::USERS)).await.expect(404);
        vendor.in_tenant("acme").get(&format!("{}/' OR 1=1 --", at::USERS).replace(' ', "%20")).await.expect(404);
    }

    async fn a_user_is_found_by_address_in_any_letter_case(world: World) {
        let ann = world.user("ann@example.com").await;
        let vendor = world.vendor().await;
        for email in ["ann@example.com", "ANN@EXAMPLE.com", "ann%40example.com"] {
            let found = vendor.get(&format!("{}?email={email}", at::BY_EMAIL)).await.expect(200);
            assert_eq!(found.at("/id"), json!(ann.id));
        }
        vendor.get(&format!("{}?email=nobody@example.com", at::BY_EMAIL)).await.expect(404);
        vendor.get(&format!("{}?email=ann%25", at::BY_EMAIL)).await;
        vendor.get(at::BY_EMAIL).await.expect(400);
        world.vendor_of(&world.away).await.get(&format!("{}?email=ann@example.com", at::BY_EMAIL)).await.expect(404);
    }

    async fn a_plus_in_an_address_survives_the_query(world: World) {
        let ann = world.user("ann+one@example.com").await;
        let vendor = world.vendor().await;
        let found = vendor.get(&format!("{}?email=ann%2Bone@example.com", at::BY_EMAIL)).await.expect(200);
        assert_eq!(found.at("/id"), json!(ann.id));
    }
}
