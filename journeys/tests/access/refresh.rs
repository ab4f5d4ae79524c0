use std::collections::BTreeSet;

use journeys::{Payload, World, at, both_engines, claims};
use serde_json::json;

fn name(world: &World) -> String {
    format!("fe_refresh_{}", world.home.id.replacen('-', "", 1))
}

both_engines! {
    async fn a_refresh_answers_like_a_login_and_rotates(world: World) {
        let ann = world.user("ann@example.com").await;
        let old = ann.cookie(&name(world)).unwrap();
        world.clock.advance_seconds(100);
        let answer = ann.post(at::REFRESH, json!({})).await.expect(200);
        let new = answer.text_at("/refreshToken");
        assert_ne!(new, old);
        assert!(kit::is_uuid(&new));
        assert_eq!(ann.cookie(&name(world)).unwrap(), new);
        let (before, after) = (claims(&ann.token()), claims(&answer.text_at("/accessToken")));
        assert_eq!(after["iat"], json!(1_760_000_100));
        for same in ["sub", "sid", "tenantId", "aud", "iss", "type", "roles"] {
            assert_eq!(after[same], before[same], "{same}");
        }
        for (snake, camel) in [("access_token", "accessToken"), ("refresh_token", "refreshToken")] {
            let twin = answer.at(&format!("/{snake}"));
            assert!(twin.is_null() || twin == answer.at(&format!("/{camel}")));
        }
        ann.bearing(&answer.text_at("/accessToken")).get(at::ME).await.expect(200);
    }

    async fn any_body_that_clients_send_is_taken(world: World) {
        let ann = world.user("ann@example.com").await;
        for body in [Payload::None, json!({}).into(), json!({"tenantId": null}).into(), json!({"tenantId": "acme"}).into()] {
            ann.send("POST", at::REFRESH, body).await.expect(200);
        }
        let stranger = ann.post(at::REFRESH, json!({"tenantId": "nobody"})).await;
        assert!((400..500).contains(&stranger.status), "{}", stranger.text());
    }

    async fn without_a_session_it_is_refused_in_known_words(world: World) {
        world.anyone().post(at::REFRESH, json!({})).await.refuses(401, "Session not found");
        let lost = world.anyone();
        lost.set_cookie(&name(world), "00000000-0000-4000-8000-00000000dead");
        lost.post(at::REFRESH, json!({})).await.refuses(401, "Session not found");
        for odd in ["x", "''", "%00", "null"] {
            let lost = world.anyone();
            lost.set_cookie(&name(world), odd);
            lost.post(at::REFRESH, json!({})).await.expect(401);
        }
    }

    async fn the_predecessor_counts_for_thirty_seconds_and_gets_the_same_successor(world: World) {
        let ann = world.user("ann@example.com").await;
        let late = ann.with_cookies_of_now();
        let first = ann.post(at::REFRESH, json!({})).await.expect(200).text_at("/refreshToken");
        world.clock.advance_seconds(29);
        let second = late.post(at::REFRESH, json!({})).await.expect(200).text_at("/refreshToken");
        assert_eq!(first, second, "one rotation, one successor");
        ann.post(at::REFRESH, json!({})).await.expect(200);
    }

    async fn reuse_after_that_ends_the_session(world: World) {
        let ann = world.user("ann@example.com").await;
        let other = world.log_in("ann@example.com").await;
        let thief = ann.with_cookies_of_now();
        ann.post(at::REFRESH, json!({})).await.expect(200);
        world.clock.advance_seconds(31);
        thief.post(at::REFRESH, json!({})).await.refuses(401, "Session not found");
        ann.post(at::REFRESH, json!({})).await.refuses(401, "Session not found");
        other.post(at::REFRESH, json!({})).await.expect(200);
    }

    async fn two_rotations_back_is_reuse_even_at_once(world: World) {
        let ann = world.user("ann@example.com").await;
        let thief = ann.with_cookies_of_now();
        ann.post(at::REFRESH, json!({})).await.expect(200);
        ann.post(at::REFRESH, json!({})).await.expect(200);
        world.clock.advance_seconds(31);
        thief.post(at::REFRESH, json!({})).await.expect(401);
        ann.post(at::REFRESH, json!({})).await.expect(401);
    }

    async fn a_race_of_sixteen_gets_one_successor(world: World) {
        let ann = world.user("ann@example.com").await;
        let mut calls = tokio::task::JoinSet::new();
        for _ in 0..16 {
            let racer = ann.client.with_cookies_of_now();
            calls.spawn(async move {
                let answer = racer.post(at::REFRESH, json!({})).await;
                (answer.status, answer.text_at("/refreshToken"))
            });
        }
        let answers = calls.join_all().await;
        assert!(answers.iter().all(|(status, _)| *status == 200), "{answers:?}");
        let successors: BTreeSet<&String> = answers.iter().map(|(_, token)| token).collect();
        assert_eq!(successors.len(), 1, "{successors:?}");
        ann.set_cookie(&name(world), successors.first().unwrap());
        ann.post(at::REFRESH, json!({})).await.expect(200);
    }

    async fn a_session_ends_when_nobody_refreshes_it(world: World) {
        let ann = world.user("ann@example.com").await;
        world.clock.advance_seconds(2_592_000 - 1);
        ann.post(at::REFRESH, json!({})).await.expect(200);
        world.clock.advance_seconds(2_592_001);
        ann.post(at::REFRESH, json!({})).await.expect(401);
    }

    async fn without_rotation_the_value_stays_and_its_life_is_extended(world: World) {
        let vendor = world.vendor().await;
        vendor.post(at::CONFIGURATION, json!({"rotateRefreshTokens": false, "defaultRefreshTokenExpiration": 1000})).await.expect(201);
        let ann = world.user("ann@example.com").await;
        let value = ann.cookie(&name(world)).unwrap();
        for _ in 0..3 {
            world.clock.advance_seconds(900);
            let answer = ann.post(at::REFRESH, json!({})).await.expect(200);
            assert_eq!(answer.text_at("/refreshToken"), value);
        }
        world.clock.advance_seconds(1001);
        ann.post(at::REFRESH, json!({})).await.expect(401);
    }

    async fn a_session_of_another_environment_is_unknown(world: World) {
        let ann = world.user("ann@example.com").await;
        let elsewhere = world.anyone_at(&world.away);
        elsewhere.set_cookie(&format!("fe_refresh_{}", world.away.id.replacen('-', "", 1)), &ann.cookie(&name(world)).unwrap());
        elsewhere.post(at::REFRESH, json!({})).await.expect(401);
        ann.post(at::REFRESH, json!({})).await.expect(200);
    }
}
