use journeys::{World, at, both_engines, claims, header, signed_by, tampered};
use serde_json::json;

both_engines! {
    async fn the_right_secret_gets_a_token_for_a_day(world: World) {
        let answer = world
            .anyone()
            .post(at::VENDOR, json!({"clientId": world.home.id, "secret": world.home.secret}))
            .await
            .expect(200);
        assert_eq!(answer.at("/expiresIn"), json!(86_400));
        let token = answer.text_at("/token");
        assert_eq!(
            claims(&token),
            json!({"scopes": [], "type": "vendor", "vendorId": world.home.id, "iat": 1_760_000_000, "exp": 1_760_086_400})
        );
        assert_eq!(header(&token)["alg"], "RS256");
    }

    async fn nothing_but_the_right_secret_gets_a_token(world: World) {
        let anyone = world.anyone();
        for body in [
            json!({"clientId": world.home.id, "secret": world.away.secret}),
            json!({"clientId": "dddddddd-0000-4000-8000-000000000004", "secret": world.home.secret}),
            json!({"clientId": "' OR '1'='1", "secret": world.home.secret}),
        ] {
            let answer = anyone.post(at::VENDOR, body).await.expect(401);
            assert_eq!(
                answer.json(),
                json!({"statusCode": 401, "error": "Unauthorized", "message": "Invalid authentication", "errors": ["Invalid authentication"]})
            );
        }
    }

    async fn an_empty_or_missing_secret_is_named(world: World) {
        for body in [json!({"clientId": world.home.id, "secret": ""}), json!({"clientId": world.home.id})] {
            world.anyone().post(at::VENDOR, body).await.refuses(401, "Secret cannot be empty");
        }
    }

    async fn credentials_of_the_wrong_type_are_refused(world: World) {
        let anyone = world.anyone();
        for body in [json!({"clientId": 5, "secret": world.home.secret}), json!({"clientId": world.home.id, "secret": ["a"]}), json!([])] {
            let status = anyone.post(at::VENDOR, body.clone()).await.status;
            assert!([400, 401].contains(&status), "{body} got {status}");
        }
    }

    async fn the_token_is_taken_in_both_headers(world: World) {
        let token = world.vendor().await.token();
        let anyone = world.anyone();
        anyone.with("authorization", &format!("Bearer {token}")).get(at::ROLES).await.expect(200);
        anyone.with("authorization", &format!("bearer {token}")).get(at::ROLES).await.expect(200);
        anyone.with("x-access-token", &token).get(at::ROLES).await.expect(200);
        anyone.with("X-Access-Token", &token).with("authorization", "").get(at::ROLES).await.expect(200);
    }

    async fn a_token_ends_after_a_day_and_not_before(world: World) {
        let vendor = world.vendor().await;
        world.clock.advance_seconds(86_399);
        vendor.get(at::ROLES).await.expect(200);
        world.clock.advance_seconds(2);
        vendor.get(at::VENDORS).await.refuses(401, "Failed to verify vendor JWT");
        vendor.get(at::ROLES).await.expect(401);
    }

    async fn a_token_that_was_changed_is_refused(world: World) {
        let vendor = world.vendor().await;
        let longer = tampered(&vendor.token(), |claims| claims["exp"] = json!(1_860_000_000));
        vendor.bearing(&longer).get(at::ROLES).await.expect(401);
        let stranger = tampered(&vendor.token(), |claims| claims["vendorId"] = json!(world.away.id));
        vendor.bearing(&stranger).get(at::ROLES).await.expect(401);
        for garbage in ["", "x", "a.b.c", "..", "e30.e30.", "null"] {
            let status = world.anyone().with("x-access-token", garbage).get(at::ROLES).await.status;
            assert_eq!(status, 401, "{garbage:?}");
        }
    }

    async fn the_key_that_signs_it_is_not_published(world: World) {
        let vendor = world.vendor().await;
        let pem = vendor.get(at::CONFIGURATION).await.expect(200).text_at("/publicKey");
        assert!(!signed_by(&vendor.token(), &pem), "users' services could be handed an environment token");
        let user = world.user("ann@example.com").await;
        assert!(signed_by(&user.token(), &pem));
    }

    async fn a_user_token_is_no_environment_token(world: World) {
        let user = world.admin("ann@example.com").await;
        user.get(at::VENDOR_USERS.replace("/v1", "/v1/x").as_str()).await.expect(401);
        world.anyone().with("x-access-token", &user.token()).get("/vendors").await.expect(401);
    }

    async fn a_header_may_not_name_another_environment_than_the_token(world: World) {
        let vendor = world.vendor().await;
        vendor.with("frontegg-vendor-id", world.home.id).get(at::ROLES).await.expect(200);
        vendor.with("frontegg-vendor-id", world.away.id).get(at::ROLES).await.expect(403);
        vendor.with("frontegg-vendor-id", "").get(at::ROLES).await.expect(200);
    }
}
