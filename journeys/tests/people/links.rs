use journeys::{World, both_engines};
use kit::{EnvironmentId, Millis};

both_engines! {
    async fn a_link_is_made_without_a_mail_and_voids_the_one_before(world: World) {
        let ann = world.user("ann@example.com").await;
        let vendor = world.vendor().await;
        for (route, page, ticket) in [
            ("generate-activation-token", "/oauth/account/activate", people::ACTIVATE_USER),
            ("generate-password-reset-token", "/oauth/account/reset-password", people::RESET_PASSWORD),
        ] {
            let path = format!("/identity/resources/users/v1/{}/links/{route}", ann.id);
            let first = vendor.post(&path, serde_json::json!({})).await.expect(201).text_at("/token");
            let made = vendor.post(&path, serde_json::json!({})).await.expect(201);
            let token = made.text_at("/token");
            assert_eq!(made.text_at("/userId"), ann.id);
            assert_eq!(made.text_at("/link"), format!("{}{page}?userId={}&token={token}", world.home.public_url, ann.id));
            assert!(token.len() >= 43, "at least 256 bits");
            let good = async |environment: &'static str, token: &str, seconds: i64| {
                let (environment, token) = (EnvironmentId::from(environment), token.to_owned());
                let at = Millis(1_760_000_000_000 + seconds * 1000);
                world.db().read(async move |tx| ticket.look(tx, &environment, &token, at).await).await.unwrap().good()
            };
            assert_eq!(good(world.home.id, &token, 0).await.unwrap().subject, ann.id);
            assert!(good(world.home.id, &token, ticket.seconds - 1).await.is_some());
            assert!(good(world.home.id, &token, ticket.seconds).await.is_none());
            assert!(good(world.home.id, &first, 0).await.is_none());
            assert!(good(world.away.id, &token, 0).await.is_none());
        }
        assert!(world.letters("ann@example.com").await.is_empty());
        world.settle().await;
        let audits = vendor.get("/audits/resources/audits/v2?count=50&offset=0").await.expect(200);
        for action in ["Activation link generated", "Password reset link generated"] {
            assert!(audits.pluck("action").contains(&action.to_owned()), "{action}");
        }
    }

    async fn nobody_gets_no_link(world: World) {
        let vendor = world.vendor().await;
        for route in ["generate-activation-token", "generate-password-reset-token"] {
            let path = format!("/identity/resources/users/v1/nobody/links/{route}");
            vendor.post(&path, serde_json::json!({})).await.refuses(404, "User not found");
        }
    }
}
