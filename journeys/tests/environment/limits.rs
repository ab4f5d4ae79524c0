use journeys::{PASSWORD, World, at, both_engines};
use serde_json::json;

both_engines! {
    async fn an_address_that_asks_too_often_is_told_when_to_come_back(world: World) {
        world.user("ann@example.com").await;
        let vendor = world.vendor().await;
        let limited = world.limited();
        let wrong = json!({"email": "nobody@example.com", "password": PASSWORD});
        for _ in 0..100 {
            limited.post(at::LOGIN, wrong.clone()).await.expect(401);
        }
        let refused = limited.post(at::LOGIN, wrong.clone()).await.refuses(429, "Too many requests, try again later");
        assert_eq!(refused.header("x-rate-limit-limit"), Some("100"));
        assert_eq!(refused.header("x-rate-limit-remaining"), Some("0"));
        assert_eq!(refused.header("x-rate-limit-reset"), Some("2025-10-09T08:54:20.000Z"));
        let seconds: u32 = refused.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=61).contains(&seconds), "{seconds}");
        let right = json!({"email": "ann@example.com", "password": PASSWORD});
        limited.post(at::LOGIN, right.clone()).await.expect(429);
        // Others are not held for it: neither another address, nor a back end that signs in for many.
        limited.at_address("198.51.100.9").post(at::LOGIN, right.clone()).await.expect(200);
        limited.bearing(&vendor.token()).post(at::LOGIN, right.clone()).await.expect(200);
        world.clock.advance_seconds(61);
        limited.post(at::LOGIN, right).await.expect(200);
    }

    async fn routes_are_counted_apart_and_only_those_of_the_table(world: World) {
        let ann = world.admin("ann@example.com").await;
        let limited = world.limited().bearing(&ann.token());
        for _ in 0..30 {
            limited.get("/identity/resources/users/v2").await.expect(200);
        }
        limited.get("/identity/resources/users/v2").await.expect(429);
        for _ in 0..40 {
            limited.get(at::ME).await.expect(200);
        }
        let vendor = world.vendor().await;
        let scripts = limited.bearing(&vendor.token());
        for _ in 0..40 {
            scripts.get("/identity/resources/users/v2").await.expect(200);
        }
    }
}
