use std::future::poll_fn;
use std::task::Poll;

use journeys::{PASSWORD, World, at, both_engines, snapshot};
use serde_json::{Value, json};

const POLICY: &str = "/identity/resources/configurations/v1/lockout-policy";
const CHANGE: &str = "/identity/resources/users/v1/passwords/change";
const WRONG: &str = "Wrong-horse-9-battery";

async fn attempts(world: &World, email: &str, times: usize) {
    for _ in 0..times {
        world
            .anyone()
            .post(at::LOGIN, json!({"email": email, "password": WRONG}))
            .await
            .refuses(401, "Incorrect email or password");
    }
}

/// A caller who goes away after the call went `steps` steps on.
async fn hang_up(call: impl Future<Output = journeys::Answer>, steps: usize) {
    let mut call = std::pin::pin!(call);
    for _ in 0..steps {
        if poll_fn(|context| Poll::Ready(call.as_mut().poll(context).is_ready())).await {
            return;
        }
        tokio::task::yield_now().await;
    }
}

async fn enters(world: &World, email: &str) -> u16 {
    world
        .anyone()
        .post(at::LOGIN, json!({"email": email, "password": PASSWORD}))
        .await
        .status
}

both_engines! {
    async fn a_policy_is_absent_until_written_and_then_changed(world: World) {
        let vendor = world.vendor().await;
        vendor.get(POLICY).await.expect(404);
        vendor.patch(POLICY, json!({"maxAttempts": 3})).await.expect(404);
        let made = vendor.post(POLICY, json!({"enabled": true, "maxAttempts": 3, "id": "", "unheardOf": 1})).await.expect(201).json();
        assert!(!made["id"].as_str().unwrap().is_empty());
        assert_eq!((&made["enabled"], &made["maxAttempts"], &made["createdAt"]), (&json!(true), &json!(3), &json!("2025-10-09T08:53:20.000Z")));
        assert_eq!(vendor.get(POLICY).await.expect(200).json(), made);
        vendor.post(POLICY, json!({"enabled": true, "maxAttempts": 4})).await.expect(409);
        let changed = vendor.patch(POLICY, json!({"enabled": true, "maxAttempts": 5})).await.expect(200);
        assert_eq!(changed.at("/maxAttempts"), json!(5));
        assert_eq!(changed.at("/id"), made["id"]);
        assert_eq!(vendor.get(POLICY).await.expect(200).at("/maxAttempts"), json!(5));
        world.vendor_of(&world.away).await.get(POLICY).await.expect(404);
        world.settle().await;
        let actions = vendor.get("/audits/resources/audits/v2?count=100&offset=0").await.expect(200).pluck("action");
        assert!(actions.contains(&"Policy created".to_owned()) && actions.contains(&"Policy changed".to_owned()), "{actions:?}");
    }

    async fn a_tenant_reads_what_holds_for_it_and_writes_its_own(world: World) {
        let vendor = world.vendor().await;
        let admin = world.admin("admin@example.com").await;
        let built_in = admin.get(POLICY).await.expect(200);
        assert_eq!((built_in.at("/id"), built_in.at("/enabled"), built_in.at("/maxAttempts")), (json!(""), json!(true), json!(10)));
        vendor.post(POLICY, json!({"enabled": true, "maxAttempts": 6})).await.expect(201);
        let inherited = admin.get(POLICY).await.expect(200);
        assert_eq!((inherited.at("/id"), inherited.at("/maxAttempts")), (json!(""), json!(6)), "without an id the portal creates one");
        let own = admin.post(POLICY, json!({"enabled": true, "maxAttempts": 3})).await.expect(201);
        assert_eq!(admin.get(POLICY).await.expect(200).json(), own.json());
        admin.patch(POLICY, json!({"enabled": true, "maxAttempts": 4})).await.expect(200);
        assert_eq!(vendor.in_tenant("acme").get(POLICY).await.expect(200).at("/maxAttempts"), json!(4));
        assert_eq!(vendor.get(POLICY).await.expect(200).at("/maxAttempts"), json!(6));
        assert_eq!(admin.get(&format!("{POLICY}/vendor")).await.expect(200).at("/maxAttempts"), json!(6));
        world.user("ann@example.com").await.post(POLICY, json!({"enabled": false, "maxAttempts": 1})).await.expect(403);
    }

    async fn wrong_policies_are_refused_and_change_nothing(world: World) {
        let vendor = world.vendor().await;
        let before = snapshot(&vendor).await;
        for (body, sentence) in [
            (json!({"maxAttempts": 5}), "enabled must be a boolean value"),
            (json!({"enabled": true}), "maxAttempts must be an integer number"),
            (json!({"enabled": "yes", "maxAttempts": 5}), "enabled must be a boolean value"),
            (json!({"enabled": true, "maxAttempts": 0}), "maxAttempts must not be less than 1"),
            (json!({"enabled": true, "maxAttempts": "5"}), "maxAttempts must be an integer number"),
            (json!({"enabled": true, "maxAttempts": 1.5}), "maxAttempts must be an integer number"),
        ] {
            vendor.post(POLICY, body).await.refuses(400, sentence);
        }
        vendor.post(POLICY, json!([])).await.expect(400);
        vendor.get(POLICY).await.expect(404);
        assert_eq!(snapshot(&vendor).await, before);
    }

    async fn one_of_sixteen_writes_the_first_policy(world: World) {
        let vendor = world.vendor().await;
        let body = || json!({"enabled": true, "maxAttempts": 3});
        let mut statuses: Vec<u16> = futures_util::future::join_all((0..16).map(|_| vendor.post(POLICY, body()))).await.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [vec![201], vec![409; 15]].concat());
    }

    async fn the_policy_in_force_counts_wrong_passwords(world: World) {
        let vendor = world.vendor().await;
        for email in ["one@example.com", "two@example.com", "three@example.com"] {
            world.user(email).await;
        }
        world.person("elsewhere@example.com", "rival", &[]).await;
        vendor.post(POLICY, json!({"enabled": true, "maxAttempts": 4})).await.expect(201);
        vendor.in_tenant("acme").post(POLICY, json!({"enabled": true, "maxAttempts": 2})).await.expect(201);
        attempts(world, "one@example.com", 1).await;
        assert_eq!(enters(world, "one@example.com").await, 200, "a right password starts the row anew");
        attempts(world, "one@example.com", 2).await;
        assert_eq!(enters(world, "one@example.com").await, 423);
        // Another tenant follows the environment; naming it does not help a member of this one.
        attempts(world, "elsewhere@example.com", 3).await;
        assert_eq!(enters(world, "elsewhere@example.com").await, 200);
        for _ in 0..2 {
            world.anyone().post(at::LOGIN, json!({"email": "two@example.com", "password": WRONG, "tenantId": "rival"})).await.expect(401);
        }
        assert_eq!(enters(world, "two@example.com").await, 423);
        vendor.in_tenant("acme").patch(POLICY, json!({"enabled": false})).await.expect(200);
        attempts(world, "three@example.com", 12).await;
        assert_eq!(enters(world, "three@example.com").await, 200, "switched off, it counts nobody out");
        world.clock.advance_seconds(15 * 60);
        assert_eq!(enters(world, "one@example.com").await, 200);
    }

    async fn refusals_stay_alike_under_a_policy(world: World) {
        let vendor = world.vendor().await;
        world.user("ann@example.com").await;
        vendor.post(POLICY, json!({"enabled": true, "maxAttempts": 1})).await.expect(201);
        let mut bodies: Vec<Value> = Vec::new();
        for email in ["ann@example.com", "ann@example.com", "nobody@example.com"] {
            let before = world.hashes.performed();
            let answer = world.anyone().post(at::LOGIN, json!({"email": email, "password": WRONG})).await.expect(401);
            assert_eq!(world.hashes.performed() - before, 1);
            bodies.push(answer.json());
        }
        bodies.dedup();
        assert_eq!(bodies.len(), 1, "{bodies:?}");
    }

    async fn attempts_that_are_sent_away_unjudged_are_no_guesses(world: World) {
        world.user("ann@example.com").await;
        let places: Vec<_> = std::iter::from_fn(|| world.hashes.admit(kit::Secret::new("x".to_owned())).ok()).collect();
        for _ in 0..12 {
            assert_eq!(enters(world, "ann@example.com").await, 503);
        }
        drop(places);
        assert_eq!(enters(world, "ann@example.com").await, 200);
    }

    async fn right_passwords_that_do_not_lead_in_are_no_guesses(world: World) {
        let vendor = world.vendor().await;
        let ann = world.user("ann@example.com").await;
        let at = |what: &str| format!("/identity/resources/tenants/users/v1/{}/{what}", ann.id);
        vendor.in_tenant("acme").post(&at("disable"), json!({})).await.expect(200);
        for _ in 0..12 {
            assert_eq!(enters(world, "ann@example.com").await, 403);
        }
        vendor.in_tenant("acme").post(&at("enable"), json!({})).await.expect(200);
        assert_eq!(enters(world, "ann@example.com").await, 200);
    }

    async fn right_passwords_are_no_guesses_when_their_callers_hang_up(world: World) {
        let ann = world.user("ann@example.com").await;
        for steps in 0..60 {
            hang_up(world.anyone().post(at::LOGIN, json!({"email": "ann@example.com", "password": PASSWORD})), steps * steps).await;
        }
        assert_eq!(enters(world, "ann@example.com").await, 200);
        let new = |password: &str| json!({"password": PASSWORD, "newPassword": password});
        for steps in 0..60 {
            hang_up(ann.post(CHANGE, new("short")), steps * steps).await;
        }
        ann.post(CHANGE, new(WRONG)).await.expect(201);
    }

    async fn guesses_count_when_the_guesser_hangs_up(world: World) {
        world.user("ann@example.com").await;
        for steps in 0..60 {
            hang_up(world.anyone().post(at::LOGIN, json!({"email": "ann@example.com", "password": WRONG})), steps * steps).await;
        }
        assert_eq!(enters(world, "ann@example.com").await, 423);
    }

    async fn of_many_right_passwords_at_once_none_is_refused(world: World) {
        world.user("ann@example.com").await;
        for _ in 0..3 {
            let statuses = futures_util::future::join_all((0..60).map(|_| enters(world, "ann@example.com"))).await;
            assert_eq!(statuses, vec![200; 60]);
        }
    }
}
