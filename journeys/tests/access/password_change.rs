use journeys::{PASSWORD, World, at, both_engines, snapshot};
use serde_json::json;

const CHANGE: &str = "/identity/resources/users/v1/passwords/change";
const NEW: &str = "Another-horse-9";

async fn enters(world: &World, password: &str) -> u16 {
    world
        .anyone()
        .post(
            at::LOGIN,
            json!({"email": "ann@example.com", "password": password}),
        )
        .await
        .status
}

both_engines! {
    async fn a_user_changes_the_password_and_other_sessions_end(world: World) {
        let ann = world.user("ann@example.com").await;
        let elsewhere = world.log_in("ann@example.com").await;
        let answer = ann.post(CHANGE, json!({"password": PASSWORD, "newPassword": NEW})).await.expect(201);
        assert!(answer.body.is_empty());
        ann.get(at::ME).await.expect(200);
        ann.post(at::REFRESH, json!({})).await.expect(200);
        elsewhere.post(at::REFRESH, json!({})).await.expect(401);
        assert_eq!((enters(world, PASSWORD).await, enters(world, NEW).await), (401, 200));
        world.settle().await;
        let actions = world.vendor().await.get("/audits/resources/audits/v2?count=100&offset=0").await.expect(200).pluck("action");
        assert!(actions.contains(&"Password changed".to_owned()), "{actions:?}");
    }

    async fn an_environment_changes_it_for_a_user_who_tells_the_old_one(world: World) {
        let ann = world.user("ann@example.com").await;
        let vendor = world.vendor().await;
        vendor.post(CHANGE, json!({"password": PASSWORD, "newPassword": NEW})).await.tells(403, "User ID is not specified");
        vendor.acting_as(&ann.id).post(CHANGE, json!({"password": "Wrong-horse-1", "newPassword": NEW})).await.tells(400, "The current password is wrong");
        vendor.acting_as(&ann.id).post(CHANGE, json!({"password": PASSWORD, "newPassword": NEW})).await.expect(201);
        assert_eq!(enters(world, NEW).await, 200);
        vendor.acting_as(&ann.id).in_tenant("acme").post(CHANGE, json!({"password": NEW, "newPassword": "Third-horse-3"})).await.expect(201);
        assert_eq!(enters(world, "Third-horse-3").await, 200);
        world.vendor_of(&world.away).await.acting_as(&ann.id).post(CHANGE, json!({"password": "Third-horse-3", "newPassword": NEW})).await.expect(404);
    }

    async fn bad_bodies_change_nothing(world: World) {
        let ann = world.user("ann@example.com").await;
        let vendor = world.vendor().await;
        world.settle().await;
        let before = snapshot(&vendor).await;
        let long = "x".repeat(1025);
        for (body, sentence) in [
            (json!({"newPassword": NEW}), "password should not be empty"),
            (json!({"password": PASSWORD}), "newPassword should not be empty"),
            (json!({"password": "", "newPassword": ""}), "password should not be empty"),
            (json!({"password": 7, "newPassword": NEW}), "password must be a string"),
            (json!({"password": long, "newPassword": NEW}), "password is too long"),
            (json!({"password": PASSWORD, "newPassword": long}), "newPassword is too long"),
        ] {
            ann.post(CHANGE, body).await.tells(400, sentence);
        }
        ann.post(CHANGE, json!({"password": PASSWORD, "newPassword": "short"})).await.tells(400, "at least 8 characters");
        assert_eq!(snapshot(&vendor).await, before);
        assert_eq!(enters(world, PASSWORD).await, 200);
        world.anyone().post(CHANGE, json!({"password": PASSWORD, "newPassword": NEW})).await.expect(401);
    }

    async fn an_open_browser_does_not_help_to_guess(world: World) {
        let ann = world.user("ann@example.com").await;
        world.vendor().await.post("/identity/resources/configurations/v1/lockout-policy", json!({"enabled": true, "maxAttempts": 3})).await.expect(201);
        for _ in 0..3 {
            let before = world.hashes.performed();
            ann.post(CHANGE, json!({"password": "Wrong-horse-1", "newPassword": NEW})).await.tells(400, "The current password is wrong");
            assert_eq!(world.hashes.performed() - before, 1);
        }
        let before = world.hashes.performed();
        ann.post(CHANGE, json!({"password": PASSWORD, "newPassword": NEW})).await.tells(400, "The current password is wrong");
        assert_eq!(world.hashes.performed() - before, 1, "the right one costs no more while it does not count");
        assert_eq!(enters(world, PASSWORD).await, 423);
        world.clock.advance_seconds(15 * 60);
        ann.post(CHANGE, json!({"password": PASSWORD, "newPassword": NEW})).await.expect(201);
    }

    async fn one_of_sixteen_changes_at_once_counts(world: World) {
        let ann = world.user("ann@example.com").await;
        world.vendor().await.post("/identity/resources/configurations/v1/lockout-policy", json!({"enabled": false, "maxAttempts": 3})).await.expect(201);
        let changes = (0..16).map(|number| ann.post(CHANGE, json!({"password": PASSWORD, "newPassword": format!("Horse-number-{number}")})));
        let answers = futures_util::future::join_all(changes).await;
        let done: Vec<usize> = (0..16).filter(|number| answers[*number].status == 201).collect();
        assert_eq!(done.len(), 1, "{done:?}");
        assert_eq!(enters(world, &format!("Horse-number-{}", done[0])).await, 200);
    }
}
