//! Several environments in one server.

use journeys::{PASSWORD, World, at, both_engines, claims};
use serde_json::json;

both_engines! {
    async fn a_call_without_a_token_is_for_the_environment_of_its_host(world: World) {
        world.person("ann@example.com", "acme", &[]).await;
        let login = json!({"email": "ann@example.com", "password": PASSWORD});
        world.anyone().post(at::LOGIN, login.clone()).await.expect(200);
        world.anyone_at(&world.away).post(at::LOGIN, login).await.expect(401);
    }

    async fn headers_go_before_the_host_and_the_host_before_the_origin(world: World) {
        let kid = |answer: journeys::Answer| answer.text_at("/keys/0/kid");
        let (home, away) = (&world.home.id[..8], &world.away.id[..8]);
        let at_home = world.anyone();
        assert_eq!(kid(at_home.get(at::JWKS).await), home);
        assert_eq!(kid(at_home.with("frontegg-vendor-id", world.away.id).get(at::JWKS).await), away);
        assert_eq!(kid(at_home.with("frontegg-vendor-host", world.away.host).get(at::JWKS).await), away);
        assert_eq!(kid(at_home.with("frontegg-vendor-host", world.away.public_url).get(at::JWKS).await), away);
        assert_eq!(
            kid(at_home.with("frontegg-vendor-id", world.home.id).with("frontegg-vendor-host", world.away.host).get(at::JWKS).await),
            home
        );
        assert_eq!(kid(at_home.with("origin", world.away.origin).get(at::JWKS).await), home);
        let nowhere = at_home.with("host", "unknown.test");
        assert_eq!(kid(nowhere.with("origin", world.away.public_url).get(at::JWKS).await), away);
    }

    async fn a_host_nobody_has_is_not_answered_with_somebodys_keys(world: World) {
        let status = world.anyone().with("host", "unknown.test").get(at::JWKS).await.status;
        assert!([403, 404].contains(&status), "{status}");
    }

    async fn an_unknown_vendor_header_is_not_replaced_by_the_host(world: World) {
        let status = world.anyone().with("frontegg-vendor-id", "dddddddd-0000-4000-8000-000000000004").get(at::JWKS).await.status;
        assert!([200, 403, 404].contains(&status), "{status}");
    }

    async fn the_same_address_is_another_person_in_another_environment(world: World) {
        let here = world.person("ann@example.com", "acme", &[]).await;
        let there = world.person_of(&world.away, "ann@example.com", "acme", &[]).await;
        assert_ne!(here.id, there.id);
        assert_eq!(claims(&there.token())["aud"], world.away.id);
        assert_eq!(claims(&there.token())["iss"], world.away.public_url);
    }

    async fn a_token_of_one_environment_is_nothing_in_another(world: World) {
        let here = world.admin("ann@example.com").await;
        world.anyone_at(&world.away).bearing(&here.token()).with("frontegg-vendor-id", world.away.id).get(at::ME).await.expect(403);
        let stranger = world.vendor_of(&world.away).await;
        let seen = stranger.get(at::USERS_V3).await.expect(200);
        assert!(seen.rows().is_empty(), "{}", seen.text());
        stranger.get(&format!("{}/{}", at::VENDOR_USERS, here.id)).await.expect(404);
    }
}
