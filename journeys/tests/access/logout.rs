use journeys::{Payload, World, at, both_engines};
use serde_json::json;

both_engines! {
    async fn a_logout_ends_the_session_and_clears_the_cookie(world: World) {
        let ann = world.user("ann@example.com").await;
        let name = format!("fe_refresh_{}", world.home.id.replacen('-', "", 1));
        let kept = ann.with_cookies_of_now();
        let answer = ann.send("POST", at::LOGOUT, Payload::None).await.expect(201);
        let line = answer.cookie(&name);
        assert!(line.contains("Max-Age=0") || line.contains("1970"), "{line}");
        assert_eq!(ann.cookie(&name), None);
        kept.post(at::REFRESH, json!({})).await.refuses(401, "Session not found");
    }

    async fn a_logout_succeeds_without_token_or_session(world: World) {
        world.anyone().send("POST", at::LOGOUT, Payload::None).await.expect(201);
        world.anyone().bearing("garbage").post(at::LOGOUT, json!({})).await.expect(201);
        let lost = world.anyone();
        lost.set_cookie(&format!("fe_refresh_{}", world.home.id.replacen('-', "", 1)), "x");
        lost.post(at::LOGOUT, json!({})).await.expect(201);
    }

    async fn other_sessions_go_on(world: World) {
        let ann = world.user("ann@example.com").await;
        let other = world.log_in("ann@example.com").await;
        ann.post(at::LOGOUT, json!({})).await.expect(201);
        other.post(at::REFRESH, json!({})).await.expect(200);
    }
}
