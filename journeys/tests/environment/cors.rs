use journeys::{Payload, World, at, both_engines};
use serde_json::json;

both_engines! {
    async fn a_preflight_of_an_allowed_origin_opens_the_door(world: World) {
        let browser = world
            .anyone()
            .with("origin", world.home.origin)
            .with("access-control-request-method", "POST")
            .with("access-control-request-headers", "content-type,x-frontegg-sdk");
        let answer = browser.send_unchecked("OPTIONS", at::LOGIN, Payload::None).await.expect(204);
        assert_eq!(answer.header("access-control-allow-origin"), Some(world.home.origin));
        assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
        assert_eq!(answer.header("access-control-allow-headers"), Some("content-type,x-frontegg-sdk"));
        let methods = answer.header("access-control-allow-methods").unwrap_or_default();
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
            assert!(methods.contains(method), "{methods}");
        }
        assert!(answer.header("access-control-max-age").is_some());
        assert!(answer.header("vary").unwrap_or_default().to_lowercase().contains("origin"));
        assert!(answer.body.is_empty());
    }

    async fn a_preflight_of_another_origin_does_not(world: World) {
        for origin in [world.away.origin, "https://app.home.test.evil.test", "http://app.home.test", "null"] {
            let browser = world.anyone().with("origin", origin).with("access-control-request-method", "POST");
            let answer = browser.send_unchecked("OPTIONS", at::LOGIN, Payload::None).await;
            assert_eq!(answer.header("access-control-allow-origin"), None, "{origin}");
            assert_eq!(answer.header("access-control-allow-credentials"), None, "{origin}");
        }
    }

    async fn answers_and_refusals_carry_the_origin_and_show_the_trace_id(world: World) {
        let browser = world.anyone().with("origin", world.home.origin);
        for answer in [
            browser.get(at::JWKS).await.expect(200),
            browser.post(at::LOGIN, json!({"email": "nobody@example.com", "password": "x"})).await.expect(401),
            browser.get("/nowhere").await.expect(404),
        ] {
            assert_eq!(answer.header("access-control-allow-origin"), Some(world.home.origin), "{}", answer.asked);
            assert!(answer.header("access-control-expose-headers").unwrap_or_default().contains("frontegg-trace-id"));
        }
    }

    async fn an_origin_counts_as_soon_as_the_owner_allows_it(world: World) {
        let origin = "https://new.home.test";
        let browser = world.anyone().with("origin", origin);
        assert_eq!(browser.get(at::JWKS).await.header("access-control-allow-origin"), None);
        let vendor = world.vendor().await;
        vendor.put(at::VENDORS, json!({"allowedOrigins": [world.home.origin, origin]})).await;
        assert_eq!(browser.get(at::JWKS).await.header("access-control-allow-origin"), Some(origin));
    }
}
