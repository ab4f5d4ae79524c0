use journeys::{PASSWORD, World, at, both_engines};
use serde_json::json;

const POLICY: &str = "/identity/resources/configurations/v1/lockout-policy";
const UNLOCK: &str = "/identity/resources/users/v3/me/unlock";
const GONE: &str = "The link has expired or is no longer valid";

async fn guess(world: &World, times: usize) {
    for _ in 0..times {
        let before = world.hashes.performed();
        world
            .anyone()
            .post(
                at::LOGIN,
                json!({"email": "ann@example.com", "password": "Wrong-horse-1"}),
            )
            .await
            .refuses(401, "Incorrect email or password");
        assert_eq!(world.hashes.performed() - before, 1);
    }
}

async fn enters(world: &World) -> u16 {
    world
        .anyone()
        .post(
            at::LOGIN,
            json!({"email": "ann@example.com", "password": PASSWORD}),
        )
        .await
        .status
}

async fn policy(world: &World, action: &str) {
    world
        .vendor()
        .await
        .post(
            POLICY,
            json!({"enabled": true, "maxAttempts": 3, "action": action}),
        )
        .await
        .expect(201);
}

/// The token of the newest unlock link.
async fn token(world: &World) -> String {
    let letters = world.letters("ann@example.com").await;
    let link = letters
        .iter()
        .find(|letter| letter.subject == "Unlock your account")
        .unwrap()
        .links[0]
        .clone();
    assert!(
        link.starts_with(&format!("{}/oauth/account/unlock?token=", world.home.public_url)),
        "{link}"
    );
    link.split_once("token=").unwrap().1.to_owned()
}

async fn subjects(world: &World) -> Vec<String> {
    let letters = world.letters("ann@example.com").await;
    letters.into_iter().rev().map(|letter| letter.subject).collect()
}

async fn is_locked(world: &World, id: &str) -> bool {
    let found = world
        .vendor()
        .await
        .get(&format!("{}/{id}", at::VENDOR_USERS))
        .await
        .expect(200);
    found.at("/isLocked") == json!(true)
}

both_engines! {
    async fn a_block_is_told_and_the_link_ends_it(world: World) {
        let ann = world.user("ann@example.com").await;
        policy(world, "block").await;
        guess(world, 3).await;
        assert_eq!(enters(world).await, 423);
        assert!(!is_locked(world, &ann.id).await);
        ann.get(at::ME).await.expect(200);
        assert_eq!(subjects(world).await, ["Your account is locked", "Unlock your account"]);
        let token = token(world).await;
        let answer = world.anyone().post(UNLOCK, json!({"token": token})).await.expect(200);
        assert!(answer.body.is_empty() && answer.cookies().is_empty());
        assert_eq!(enters(world).await, 200);
        world.anyone().post(UNLOCK, json!({"token": token})).await.refuses(400, GONE);
        assert_eq!(subjects(world).await.last().unwrap(), "Your account is unlocked");
        let actions = world.vendor().await.get("/audits/resources/audits/v2?count=100&offset=0").await.expect(200).pluck("action");
        for action in ["User blocked", "User unlocked"] {
            assert!(actions.contains(&action.to_owned()), "{action}: {actions:?}");
        }
    }

    async fn a_lock_ends_sessions_and_lasts_until_the_link_is_used(world: World) {
        let ann = world.user("ann@example.com").await;
        policy(world, "lock").await;
        world.clock.advance_seconds(1);
        guess(world, 3).await;
        assert!(is_locked(world, &ann.id).await);
        ann.get(at::ME).await.expect(401);
        ann.post(at::REFRESH, json!({})).await.expect(401);
        world.clock.advance_seconds(3600);
        assert_eq!(enters(world).await, 423);
        let token = token(world).await;
        world.anyone_at(&world.away).post(UNLOCK, json!({"token": token})).await.refuses(400, GONE);
        world.anyone().get(&format!("{UNLOCK}?token={token}")).await;
        let uses = (0..16).map(|_| {
            let client = world.anyone();
            let body = json!({"token": token});
            async move { client.post(UNLOCK, body).await.status }
        });
        let statuses = futures_util::future::join_all(uses).await;
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
        assert!(!is_locked(world, &ann.id).await);
        assert_eq!(enters(world).await, 200);
    }

    async fn a_lock_of_the_environment_is_not_for_its_user_to_undo(world: World) {
        let ann = world.user("ann@example.com").await;
        let vendor = world.vendor().await;
        policy(world, "lock").await;
        guess(world, 3).await;
        let token = token(world).await;
        vendor.post(&format!("{}/{}/lock", at::USERS, ann.id), json!({})).await.expect(200);
        world.anyone().post(UNLOCK, json!({"token": token})).await.refuses(400, GONE);
        assert_eq!(enters(world).await, 423);
        vendor.post(&format!("{}/{}/unlock", at::USERS, ann.id), json!({})).await.expect(200);
        assert_eq!(enters(world).await, 200);
    }

    async fn the_environment_ends_a_block_too(world: World) {
        let ann = world.user("ann@example.com").await;
        policy(world, "block").await;
        guess(world, 3).await;
        assert_eq!(enters(world).await, 423);
        world.vendor().await.post(&format!("{}/{}/unlock", at::USERS, ann.id), json!({})).await.expect(200);
        assert_eq!(enters(world).await, 200);
    }

    async fn a_password_reset_undoes_a_lock_by_guesses(world: World) {
        let ann = world.user("ann@example.com").await;
        policy(world, "lock").await;
        guess(world, 3).await;
        let link = world.vendor().await.post(&format!("{}/{}/links/generate-password-reset-token", at::USERS, ann.id), json!({})).await.expect(201);
        let body = json!({"userId": ann.id, "token": link.text_at("/token"), "password": PASSWORD});
        world.anyone().post("/identity/resources/users/v1/passwords/reset/verify", body).await.expect(201);
        assert!(!is_locked(world, &ann.id).await);
        assert_eq!(enters(world).await, 200);
        assert_eq!(subjects(world).await.last().unwrap(), "Your account is unlocked");
    }

    async fn links_that_are_none_unlock_nobody(world: World) {
        let ann = world.user("ann@example.com").await;
        policy(world, "lock").await;
        guess(world, 3).await;
        let other = world.vendor().await.post(&format!("{}/{}/links/generate-password-reset-token", at::USERS, ann.id), json!({})).await.expect(201).text_at("/token");
        for (body, sentence) in [
            (json!({}), "token should not be empty"),
            (json!({"token": ""}), "token should not be empty"),
            (json!({"token": 7}), "token must be a string"),
            (json!({"token": "nobody-holds-this"}), GONE),
            (json!({"token": other}), GONE),
        ] {
            world.anyone().post(UNLOCK, body).await.refuses(400, sentence);
        }
        let token = token(world).await;
        world.clock.advance_seconds(24 * 3600);
        world.anyone().post(UNLOCK, json!({"token": token})).await.refuses(400, GONE);
        assert!(is_locked(world, &ann.id).await);
    }

    async fn sixteen_guesses_at_once_send_one_pair_of_mails(world: World) {
        world.user("ann@example.com").await;
        policy(world, "block").await;
        let guesses = (0..16).map(|_| {
            let client = world.anyone();
            async move { client.post(at::LOGIN, json!({"email": "ann@example.com", "password": "Wrong-horse-1"})).await.expect(401) }
        });
        futures_util::future::join_all(guesses).await;
        assert_eq!(subjects(world).await, ["Your account is locked", "Unlock your account"]);
    }

    async fn an_attack_all_day_does_not_fill_the_mailbox(world: World) {
        world.user("ann@example.com").await;
        policy(world, "block").await;
        for _ in 0..8 {
            guess(world, 3).await;
            world.clock.advance_seconds(15 * 60);
        }
        assert_eq!(subjects(world).await.len(), 10);
    }

    async fn what_follows_is_one_of_two_words(world: World) {
        let vendor = world.vendor().await;
        vendor.post(POLICY, json!({"enabled": true, "maxAttempts": 3, "action": "burn"})).await.tells(400, "action must be one of");
        let made = vendor.post(POLICY, json!({"enabled": true, "maxAttempts": 3})).await.expect(201);
        assert_eq!(made.at("/action"), json!("block"));
    }
}
