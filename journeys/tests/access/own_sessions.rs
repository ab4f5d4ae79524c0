use journeys::{PASSWORD, World, at, both_engines, claims};
use serde_json::{Value, json};

const TOKEN: &str = "/identity/resources/users/v3/me/token";
const REVOKE: &str = "/identity/resources/users/sessions/v1/revoke";
const VERIFY: &str = "/identity/resources/vendor-only/users/v1/passwords/verify";

both_engines! {
    async fn a_token_for_another_tenant_belongs_to_the_same_session(world: World) {
        let ann = world.user("ann@example.com").await;
        let vendor = world.vendor().await;
        for tenant in ["second", "invited"] {
            let body = json!({"tenantId": tenant, "skipInviteEmail": tenant == "second"});
            vendor.post(&format!("{}/{}/tenant", at::USERS, ann.id), body).await.expect(201);
        }
        let answer = ann.post(TOKEN, json!({"tenantId": "second"})).await.expect(200);
        let token = answer.text_at("/accessToken");
        assert_eq!((answer.at("/expiresIn"), answer.at("/expires").is_string()), (json!(3600), true));
        assert_eq!(claims(&token)["tenantId"], "second");
        assert_eq!(claims(&token)["sid"], claims(&ann.token())["sid"]);
        assert_eq!(ann.bearing(&token).get(at::ME).await.expect(200).at("/tenantId"), "second");
        assert_eq!(ann.get(at::ME).await.expect(200).at("/tenantId"), "acme");
        ann.post(TOKEN, json!({"tenantId": "invited"})).await.expect(403);
        ann.post(TOKEN, json!({"tenantId": "elsewhere"})).await.refuses(403, "You are not a member of this account");
        for body in [json!({}), json!({"tenantId": ""}), json!({"tenantId": 5})] {
            ann.post(TOKEN, body).await.expect(400);
        }
        ann.post(at::LOGOUT, json!({})).await.expect(201);
        ann.post(TOKEN, json!({"tenantId": "second"})).await.expect(401);
    }

    async fn an_administrator_ends_the_sessions_of_a_member(world: World) {
        let admin = world.admin("admin@example.com").await;
        let ann = world.user("ann@example.com").await;
        let rival = world.person("rival@example.com", "rival", &[]).await;
        world.clock.advance_seconds(5);
        let answer = admin.post(REVOKE, json!({"userId": ann.id})).await.expect(200);
        assert!(answer.body.is_empty());
        ann.get(at::ME).await.expect(401);
        ann.post(at::REFRESH, json!({})).await.expect(401);
        world.log_in("ann@example.com").await.get(at::ME).await.expect(200);
        for id in [rival.id.as_str(), "nobody"] {
            admin.post(REVOKE, json!({"userId": id})).await.refuses(404, "User not found");
        }
        rival.get(at::ME).await.expect(200);
        admin.post(REVOKE, json!({})).await.expect(400);
        let vendor = world.vendor().await;
        vendor.post(REVOKE, json!({"userId": rival.id})).await.refuses(403, "Tenant ID is not specified");
        vendor.in_tenant("rival").post(REVOKE, json!({"userId": rival.id})).await.expect(200);
        rival.get(at::ME).await.expect(401);
        world.settle().await;
        let audits = vendor.get(&format!("{}?count=50&offset=0", at::AUDITS)).await.expect(200);
        assert_eq!(audits.pluck("action").iter().filter(|action| *action == "Sessions of user ended").count(), 2);
    }

    async fn nobody_ends_the_sessions_of_somebody_stronger(world: World) {
        let admin = world.admin("admin@example.com").await;
        let vendor = world.vendor().await;
        let role = json!([{"key": "ender", "name": "Ender", "level": 10}]);
        let role = vendor.post(at::ROLES, role).await.expect(201).text_at("/0/id");
        let permission = world.permission_id("fe.secure.delete.sessions").await;
        vendor.put(&format!("{}/{role}/permissions", at::ROLES), json!({"permissionIds": [permission]})).await.expect(200);
        let ender = world.person("ender@example.com", "acme", &[&role]).await;
        ender.post(REVOKE, json!({"userId": admin.id})).await.refuses(403, "Sessions of users above your own level cannot be ended");
        admin.get(at::ME).await.expect(200);
    }

    async fn a_password_is_verified_for_the_environment_only(world: World) {
        let ann = world.user("ann@example.com").await;
        let vendor = world.vendor().await;
        let bob = json!({"email": "bob@example.com", "tenantId": "acme"});
        vendor.post(at::VENDOR_USERS, bob).await.expect(201);
        for (email, password, right) in [
            ("ann@example.com", PASSWORD, true),
            ("ANN@Example.com ", PASSWORD, true),
            ("ann@example.com", "wrong", false),
            ("bob@example.com", PASSWORD, false),
            ("nobody@example.com", PASSWORD, false),
        ] {
            let before = world.hashes.performed();
            let answer = vendor.post(VERIFY, json!({"email": email, "password": password})).await.expect(200);
            assert_eq!(answer.json(), json!(right), "{email}");
            assert_eq!(world.hashes.performed() - before, 1, "{email} costs exactly one hash");
        }
        let away = world.vendor_of(&world.away).await;
        let body = json!({"email": "ann@example.com", "password": PASSWORD});
        assert_eq!(away.post(VERIFY, body.clone()).await.expect(200).json(), Value::Bool(false));
        ann.post(VERIFY, body).await.expect(401);
        for body in [json!({}), json!({"email": "ann@example.com"}), json!({"email": "ann@example.com", "password": ""}), json!({"email": "ann", "password": "x"}), json!({"email": "ann@example.com", "password": "x".repeat(5000)})] {
            vendor.post(VERIFY, body).await.expect(400);
        }
    }
}
