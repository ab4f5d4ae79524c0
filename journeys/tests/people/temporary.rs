use journeys::{PASSWORD, World, at, both_engines, snapshot};
use serde_json::json;

const CONFIGURATION: &str = "/identity/resources/users/temporary/v1/configuration";

fn temporary(user: &str) -> String {
    format!("/identity/resources/users/temporary/v1/{user}")
}

both_engines! {
    async fn access_can_be_made_temporary_and_ends_by_itself(world: World) {
        let ann = world.user("ann@example.com").await;
        let vendor = world.vendor().await.in_tenant("acme");
        let answer = vendor.put(&temporary(&ann.id), json!({"expirationInSeconds": 600})).await.expect(201);
        assert_eq!(answer.json(), json!({"expirationInSeconds": 600}));
        let read = vendor.get(&format!("{}/{}", at::USERS, ann.id)).await.expect(200);
        assert_eq!(read.at("/tenants/0/temporaryExpirationDate"), json!("2025-10-09T09:03:20.000Z"));
        world.clock.advance_seconds(599);
        world.settle().await;
        ann.get(at::ME).await.expect(200);
        world.clock.advance_seconds(1);
        ann.get(at::ME).await.expect(401);
        world.settle().await;
        ann.post(at::REFRESH, json!({})).await.expect(401);
        let login = world.anyone().post(at::LOGIN, json!({"email": ann.email, "password": PASSWORD})).await.expect(403);
        assert_eq!(login.errors(), ["Your access to this account has expired"]);
        vendor.get(&format!("{}/{}", at::USERS, ann.id)).await.expect(200);
    }

    async fn an_end_can_be_moved_and_taken_away_even_after_it_has_come(world: World) {
        let ann = world.user("ann@example.com").await;
        let vendor = world.vendor().await.in_tenant("acme");
        vendor.put(&temporary(&ann.id), json!({"expirationInSeconds": 300})).await.expect(201);
        world.clock.advance_seconds(200);
        vendor.put(&temporary(&ann.id), json!({"expirationInSeconds": 300})).await.expect(201);
        world.clock.advance_seconds(299);
        world.settle().await;
        ann.get(at::ME).await.expect(200);
        world.clock.advance_seconds(1);
        world.settle().await;
        ann.get(at::ME).await.expect(401);
        let answer = vendor.delete(&temporary(&ann.id)).await.expect(200);
        assert!(answer.body.is_empty());
        ann.get(at::ME).await.expect(401);
        ann.post(at::REFRESH, json!({})).await.expect(401);
        let again = world.log_in("ann@example.com").await;
        again.get(at::ME).await.expect(200);
        world.clock.advance_seconds(80_000);
        world.settle().await;
        let read = vendor.get(&format!("{}/{}", at::USERS, ann.id)).await.expect(200);
        assert_eq!(read.at("/tenants/0/temporaryExpirationDate"), json!(null));
    }

    async fn the_end_in_one_tenant_leaves_the_others_open(world: World) {
        let ann = world.user("ann@example.com").await;
        world.tenant("second").await;
        let vendor = world.vendor().await;
        vendor.post(at::VENDOR_USERS, json!({"email": ann.email, "tenantId": "second", "expirationInSeconds": 300})).await.expect(201);
        world.clock.advance_seconds(301);
        world.settle().await;
        ann.get(at::ME).await.expect(200);
        ann.put(at::SWITCH, json!({"tenantId": "second"})).await.expect(403);
    }

    async fn the_switch_of_the_environment_has_effect(world: World) {
        let ann = world.user("ann@example.com").await;
        let admin = world.admin("admin@example.com").await;
        let vendor = world.vendor().await;
        assert_eq!(admin.get(CONFIGURATION).await.expect(200).json(), json!({"enabled": true}));
        assert_eq!(vendor.put(CONFIGURATION, json!({"enabled": false})).await.expect(200).json(), json!({"enabled": false}));
        assert_eq!(vendor.get(CONFIGURATION).await.expect(200).json(), json!({"enabled": false}));
        let sentence = "Temporary users are not enabled in this environment";
        admin.put(&temporary(&ann.id), json!({"expirationInSeconds": 300})).await.refuses(403, sentence);
        admin.post(at::USERS, json!({"email": "new@example.com", "expirationInSeconds": 300})).await.refuses(403, sentence);
        vendor.get(&format!("{}?email=new@example.com", at::BY_EMAIL)).await.expect(404);
        admin.delete(&temporary(&ann.id)).await.expect(200);
        vendor.put(CONFIGURATION, json!({"enabled": "yes"})).await.expect(400);
        vendor.put(CONFIGURATION, json!({})).await.expect(400);
    }

    async fn wrong_ends_are_refused_and_change_nothing(world: World) {
        let ann = world.user("ann@example.com").await;
        let admin = world.admin("admin@example.com").await;
        let vendor = world.vendor().await;
        let rival = world.person("rival@example.com", "rival", &[]).await;
        let before = snapshot(&vendor).await;
        for body in [json!({}), json!({"expirationInSeconds": 299}), json!({"expirationInSeconds": "600"}), json!({"expirationInSeconds": -1}), json!({"expirationInSeconds": 9e17}), json!([600])] {
            let answer = vendor.in_tenant("acme").put(&temporary(&ann.id), body.clone()).await;
            assert_eq!(answer.status, 400, "{body}: {}", answer.text());
        }
        let body = json!({"expirationInSeconds": 600});
        vendor.put(&temporary(&ann.id), body.clone()).await.refuses(403, "Tenant ID is not specified");
        vendor.in_tenant("acme").put(&temporary(&rival.id), body.clone()).await.refuses(404, "User not found");
        admin.put(&temporary(&rival.id), body.clone()).await.refuses(404, "User not found");
        admin.delete(&temporary(&rival.id)).await.refuses(404, "User not found");
        admin.put(&temporary("nobody"), body.clone()).await.expect(404);
        admin.put(&temporary(&admin.id), body.clone()).await.refuses(403, "You cannot change when your own access ends");
        admin.delete(&temporary(&admin.id)).await.refuses(403, "You cannot change when your own access ends");
        ann.put(&temporary(&admin.id), body).await.expect(403);
        assert_eq!(snapshot(&vendor).await, before);
    }
}
