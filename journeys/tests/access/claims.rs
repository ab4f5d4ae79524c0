use journeys::{PASSWORD, World, at, both_engines, claim_names, claims, header, signed_by, tampered};
use serde_json::{Value, json};

both_engines! {
    async fn a_user_token_says_exactly_what_clients_expect(world: World) {
        let vendor = world.vendor().await;
        world.tenant("acme").await;
        world.tenant("second").await;
        let permission = vendor.post(at::PERMISSIONS, json!([{"key": "orders.read", "name": "Read"}])).await.expect(201).text_at("/0/id");
        let role = vendor.post(at::ROLES, json!([{"key": "editor", "name": "E", "level": 1}])).await.expect(201).text_at("/0/id");
        vendor.put(&format!("{}/{role}/permissions", at::ROLES), json!({"permissionIds": [permission]})).await.expect(200);
        let made = json!({"email": "Ada@acme.test", "name": "Ada Example", "password": PASSWORD, "tenantId": "acme", "roleIds": [role], "metadata": "{\"k\":1}"});
        let id = vendor.post(at::VENDOR_USERS, made).await.expect(201).text_at("/id");
        vendor.post(at::VENDOR_USERS, json!({"email": "ada@acme.test", "tenantId": "second"})).await.expect(201);

        let token = world.log_in("ada@acme.test").await.token();

        let claims = claims(&token);
        assert_eq!(
            claim_names(&token),
            [
                "sub", "name", "email", "email_verified", "metadata", "roles", "permissions", "tenantId", "tenantIds",
                "profilePictureUrl", "externalId", "phoneNumber", "sid", "type", "applicationId", "aud", "iss", "iat", "exp",
            ]
        );
        assert_eq!(claims["sub"], json!(id));
        assert_eq!(claims["name"], "Ada Example");
        assert_eq!(claims["email"], "ada@acme.test");
        assert!(claims["email_verified"].is_boolean());
        assert_eq!(claims["metadata"], json!({"k": 1}), "an object, not text");
        assert_eq!(claims["roles"], json!(["editor"]));
        assert_eq!(claims["permissions"], json!(["orders.read"]));
        assert_eq!(claims["tenantId"], "acme");
        let mut tenants: Vec<String> = serde_json::from_value(claims["tenantIds"].clone()).unwrap();
        tenants.sort();
        assert_eq!(tenants, ["acme", "second"]);
        assert!(claims["profilePictureUrl"].is_null() || claims["profilePictureUrl"].is_string());
        assert_eq!(claims["externalId"], Value::Null);
        assert_eq!(claims["phoneNumber"], Value::Null);
        assert!(kit::is_uuid(claims["sid"].as_str().unwrap()));
        assert_eq!(claims["type"], "userToken");
        assert!(kit::is_uuid(claims["applicationId"].as_str().unwrap()), "one framework refuses tokens without it");
        assert_eq!(claims["aud"], world.home.id, "text, not a list");
        assert_eq!(claims["iss"], world.home.public_url);
        assert_eq!(claims["iat"], json!(1_760_000_000));
        assert_eq!(claims["exp"], json!(1_760_003_600));
        assert_eq!(header(&token), json!({"alg": "RS256", "typ": "JWT", "kid": &world.home.id[..8]}));
        assert!(signed_by(&token, &vendor.get(at::CONFIGURATION).await.expect(200).text_at("/publicKey")));
    }

    async fn a_token_counts_until_its_last_second(world: World) {
        let ann = world.user("ann@example.com").await;
        world.clock.advance_seconds(3599);
        ann.get(at::ME).await.expect(200);
        world.clock.advance_seconds(2);
        ann.get(at::ME).await.expect(401);
    }

    async fn a_token_that_was_changed_is_refused(world: World) {
        let ann = world.user("ann@example.com").await;
        let token = ann.token();
        let parts: Vec<&str> = token.split('.').collect();
        for forged in [
            tampered(&token, |claims| claims["permissions"] = json!(["*"])),
            tampered(&token, |claims| claims["tenantId"] = json!("other")),
            tampered(&token, |claims| claims["exp"] = json!(1_860_000_000)),
            format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{}.", parts[1]),
            format!("{}.{}.", parts[0], parts[1]),
            format!("{}.{}.{}x", parts[0], parts[1], parts[2]),
            format!("{token}.{}", parts[2]),
            format!(" {token}").trim().replace('.', ".."),
        ] {
            ann.bearing(&forged).get(at::ME).await.expect(401);
        }
        ann.get(at::ME).await.expect(200);
    }

    async fn a_lock_holds_for_tokens_that_are_out(world: World) {
        let ann = world.user("ann@example.com").await;
        let vendor = world.vendor().await;
        vendor.delete(&format!("{}/{}", at::USERS, ann.id)).await.expect(200);
        ann.get(at::ME).await.expect(401);
        ann.post(at::REFRESH, json!({})).await.expect(401);
    }
}
