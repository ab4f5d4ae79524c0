use journeys::{World, at, both_engines, claims, snapshot};
use serde_json::json;

both_engines! {
    async fn roles_are_given_and_taken_in_one_tenant(world: World) {
        let ann = world.user("ann@example.com").await;
        let vendor = world.vendor().await;
        let acme = vendor.in_tenant("acme");
        let made = vendor.post(at::ROLES, json!([{"key": "a", "name": "A", "level": 1}, {"key": "b", "name": "B", "level": 2}])).await.expect(201);
        let (a, b) = (made.text_at("/0/id"), made.text_at("/1/id"));
        let path = format!("{}/{}/roles", at::USERS, ann.id);
        let given = acme.post(&path, json!({"roleIds": [a, b]})).await;
        assert!([200, 201].contains(&given.status), "{}", given.text());
        assert_eq!(given.at("/userId"), json!(ann.id));
        assert_eq!(given.at("/tenantId"), "acme");
        acme.post(&path, json!({"roleIds": [a]})).await;
        let mut keys: Vec<String> = serde_json::from_value(claims(&world.log_in("ann@example.com").await.token())["roles"].clone()).unwrap();
        keys.sort();
        assert_eq!(keys, ["a", "b"]);
        let taken = acme.delete_with(&path, json!({"roleIds": [a]})).await.expect(200);
        assert_eq!(taken.at("/userId"), json!(ann.id));
        assert_eq!(claims(&world.log_in("ann@example.com").await.token())["roles"], json!(["b"]));
    }

    async fn a_change_of_roles_counts_for_the_token_that_is_out(world: World) {
        let ann = world.admin("ann@example.com").await;
        ann.get(at::ROLES).await.expect(200);
        let admin = world.role_id("Admin").await;
        world.vendor().await.in_tenant("acme").delete_with(&format!("{}/{}/roles", at::USERS, ann.id), json!({"roleIds": [admin]})).await.expect(200);
        // The token says what it says until it ends, but it must not say more after the next refresh.
        let answer = ann.post(at::REFRESH, json!({})).await.expect(200);
        assert_eq!(claims(&answer.text_at("/accessToken"))["roles"], json!([]));
        ann.bearing(&answer.text_at("/accessToken")).get(at::ROLES).await.expect(403);
    }

    async fn what_cannot_be_given_is_refused_and_changes_nothing(world: World) {
        let ann = world.user("ann@example.com").await;
        world.tenant("rival").await;
        let vendor = world.vendor().await;
        let acme = vendor.in_tenant("acme");
        let theirs = vendor.in_tenant("rival").post(at::ROLES, json!([{"key": "r", "name": "R", "level": 1}])).await.expect(201).text_at("/0/id");
        let away = world.vendor_of(&world.away).await.post(at::ROLES, json!([{"key": "r", "name": "R", "level": 1}])).await.expect(201).text_at("/0/id");
        let before = snapshot(&vendor).await;
        let path = format!("{}/{}/roles", at::USERS, ann.id);
        for ids in [json!([theirs]), json!([away]), json!(["00000000-0000-4000-8000-00000000dead"])] {
            let status = acme.post(&path, json!({"roleIds": ids})).await.status;
            assert!([400, 404].contains(&status), "{ids}: {status}");
        }
        for body in [json!({}), json!({"roleIds": "x"}), json!({"roleIds": [5]}), json!([])] {
            acme.post(&path, body).await.expect(400);
        }
        vendor.post(&path, json!({"roleIds": []})).await.refuses(403, "Tenant ID is not specified");
        vendor.in_tenant("rival").post(&path, json!({"roleIds": [theirs]})).await.expect(404);
        assert_eq!(snapshot(&vendor).await, before);
    }
}
