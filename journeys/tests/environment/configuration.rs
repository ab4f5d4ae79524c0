use journeys::{Payload, World, at, both_engines, claims, header, snapshot};
use serde_json::{Value, json};

both_engines! {
    async fn a_fresh_environment_has_the_documented_defaults(world: World) {
        let vendor = world.vendor().await;
        let found = vendor.get(at::CONFIGURATION).await.expect(200).json();
        for (field, expected) in [
            ("defaultTokenExpiration", json!(3600)),
            ("defaultRefreshTokenExpiration", json!(2_592_000)),
            ("defaultPasswordlessTokenExpiration", json!(300)),
            ("cookieSameSite", json!("NONE")), // its address is https
            ("allowSignups", json!(true)),
            ("apiTokensEnabled", json!(true)),
            ("allowOverridePasswordComplexity", json!(false)),
            ("allowOverridePasswordExpiration", json!(false)),
            ("allowOverrideEnforcePasswordHistory", json!(false)),
            ("jwtAlgorithm", json!("RS256")),
            ("allowNotVerifiedUsersLogin", json!(false)),
            ("forcePermissions", json!(false)),
            ("authStrategy", json!("EmailAndPassword")),
            ("forceSameDeviceOnAuth", json!(false)),
            ("allowTenantInvitations", json!(true)),
            ("rotateRefreshTokens", json!(true)),
            ("refreshTokensRotationLimit", json!(1)),
            ("machineToMachineAuthStrategy", json!("ClientCredentials")),
            ("addRolesToJwt", json!(true)),
            ("addPermissionsToJwt", json!(true)),
            ("addSamlAttributesToJwt", json!(false)),
            ("skipTenantValidation", json!(false)),
            ("allowCustomLoginTenantSwitch", json!(false)),
        ] {
            assert_eq!(found[field], expected, "{field}");
        }
        assert!(!found["id"].as_str().unwrap().is_empty());
        assert!(!found["jwtSecret"].as_str().unwrap().is_empty());
    }

    async fn the_public_key_is_a_pem_that_every_client_reads(world: World) {
        let pem = world.vendor().await.get(at::CONFIGURATION).await.expect(200).text_at("/publicKey");
        assert!(pem.starts_with("-----BEGIN PUBLIC KEY-----\n"), "{pem}");
        assert!(pem.trim_end().ends_with("\n-----END PUBLIC KEY-----"), "{pem}");
        assert!(!pem.contains('\r'));
    }

    async fn a_write_changes_what_it_names_and_nothing_else(world: World) {
        let vendor = world.vendor().await;
        let before = vendor.get(at::CONFIGURATION).await.expect(200).json();
        let answer = vendor
            .post(at::CONFIGURATION, json!({"defaultTokenExpiration": 60, "cookieSameSite": "STRICT"}))
            .await
            .expect(201)
            .json();
        let after = vendor.get(at::CONFIGURATION).await.expect(200).json();
        assert_eq!(answer, after);
        let mut expected = before;
        expected["defaultTokenExpiration"] = json!(60);
        expected["cookieSameSite"] = json!("STRICT");
        assert_eq!(after, expected);
    }

    async fn read_only_and_unknown_fields_are_ignored(world: World) {
        let vendor = world.vendor().await;
        let before = vendor.get(at::CONFIGURATION).await.expect(200).json();
        let sent = json!({"id": "", "publicKey": "mine", "unheardOf": {"deep": [1]}, "createdAt": null});
        vendor.post(at::CONFIGURATION, sent).await.expect(201);
        assert_eq!(vendor.get(at::CONFIGURATION).await.expect(200).json(), before);
        // The whole document as it was read goes back in, as the Terraform provider does.
        vendor.post(at::CONFIGURATION, before.clone()).await.expect(201);
        assert_eq!(vendor.get(at::CONFIGURATION).await.expect(200).json(), before);
    }

    async fn a_body_may_be_missing(world: World) {
        let vendor = world.vendor().await.with("content-type", "application/json");
        let before = vendor.get(at::CONFIGURATION).await.expect(200).json();
        vendor.send("POST", at::CONFIGURATION, Payload::None).await.expect(201);
        assert_eq!(vendor.get(at::CONFIGURATION).await.expect(200).json(), before);
    }

    async fn wrong_values_are_refused_and_change_nothing(world: World) {
        let vendor = world.vendor().await;
        let before = snapshot(&vendor).await;
        for body in [
            json!({"cookieSameSite": "SIDEWAYS"}),
            json!({"authStrategy": "Telepathy"}),
            json!({"jwtAlgorithm": "none"}),
            json!({"allowSignups": "yes"}),
            json!({"defaultTokenExpiration": "60"}),
            json!({"defaultTokenExpiration": -1}),
            json!({"defaultTokenExpiration": 0}),
            json!({"defaultRefreshTokenExpiration": 15_552_001}),
            json!({"defaultTokenExpiration": 1.5}),
            json!({"defaultTokenExpiration": 60, "machineToMachineAuthStrategy": 3}),
            json!([]),
            json!("text"),
        ] {
            let answer = vendor.post(at::CONFIGURATION, body.clone()).await;
            assert_eq!(answer.status, 400, "{body}: {}", answer.text());
        }
        assert_eq!(snapshot(&vendor).await, before);
    }

    async fn the_next_login_follows_the_settings(world: World) {
        let vendor = world.vendor().await;
        vendor.post(at::CONFIGURATION, json!({"defaultTokenExpiration": 120, "addRolesToJwt": false, "addPermissionsToJwt": false})).await.expect(201);
        let user = world.admin("ann@example.com").await;
        let claims = claims(&user.token());
        assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 120);
        assert_ne!(claims["roles"], json!(["Admin"]));
        assert_ne!(claims["permissions"].as_array().map(Vec::len).unwrap_or(0), 5);
    }

    async fn an_environment_may_choose_symmetric_tokens(world: World) {
        let vendor = world.vendor().await;
        vendor.post(at::CONFIGURATION, json!({"jwtAlgorithm": "HS256"})).await.expect(201);
        let user = world.user("ann@example.com").await;
        assert_eq!(header(&user.token())["alg"], "HS256");
        user.get(at::ME).await.expect(200);
        // The published key must not serve as a secret of the other algorithm.
        vendor.post(at::CONFIGURATION, json!({"jwtAlgorithm": "RS256"})).await.expect(201);
        user.get(at::ME).await.expect(401);
    }

    async fn the_basic_view_has_two_fields(world: World) {
        let user = world.user("ann@example.com").await;
        let expected = json!({"forcePermissions": false, "machineToMachineAuthStrategy": "ClientCredentials"});
        let found = user.get(at::BASIC).await.expect(200).json();
        for (field, value) in expected.as_object().unwrap() {
            assert_eq!(&found[field], value);
        }
        assert_eq!(found["jwtSecret"], Value::Null);
    }

    async fn secrets_are_for_the_environment_only(world: World) {
        let user = world.admin("ann@example.com").await;
        let answer = user.get(at::CONFIGURATION).await;
        assert!(answer.status >= 400 || answer.at("/jwtSecret").is_null(), "{}", answer.text());
        assert!(world.anyone().get(at::CONFIGURATION).await.status == 401);
    }

    async fn the_environments_own_record_is_merged(world: World) {
        let vendor = world.vendor().await;
        let before = vendor.get(at::VENDORS).await.expect(200).json();
        assert_eq!(before["id"], world.home.id);
        assert_eq!(before["allowedOrigins"], json!([world.home.origin]));
        let status = vendor.put(at::VENDORS, json!({"allowedOrigins": [world.home.origin, "https://second.home.test/"]})).await.status;
        assert!([200, 201].contains(&status));
        let after = vendor.get(at::VENDORS).await.expect(200).json();
        assert_eq!(after["allowedOrigins"], json!([world.home.origin, "https://second.home.test/"]), "letter by letter");
        assert_eq!(after["name"], before["name"]);
        vendor.put(at::VENDORS, json!({})).await;
        assert_eq!(vendor.get(at::VENDORS).await.expect(200).json(), after, "{{}} changes nothing");
        vendor.put(at::VENDORS, json!({"host": "Mine.frontegg.com", "name": "Ünïcode \u{1F980}"})).await;
        let last = vendor.get(at::VENDORS).await.expect(200).json();
        assert_eq!(last["host"], "Mine.frontegg.com");
        assert_eq!(last["name"], "Ünïcode \u{1F980}");
        let user = world.user("ann@example.com").await;
        assert_eq!(claims(&user.token())["iss"], world.home.public_url, "the issuer does not follow `host`");
    }
}
