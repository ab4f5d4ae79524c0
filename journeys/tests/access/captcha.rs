use journeys::{Engine, Other, PASSWORD, World, at, both_engines, snapshot};
use outbound::{Endpoints, Outbound, Ways};
use serde_json::{Value, json};

pub(crate) const POLICY: &str = "/identity/resources/configurations/v1/captcha-policy";
const PUBLIC: &str = "/identity/resources/configurations/v1/captcha-policy/public";
const REFUSED: &str = "Captcha verification failed, please try again";

pub(crate) fn policy(enabled: bool) -> Value {
    json!({"enabled": enabled, "siteKey": "site-1", "secretKey": "secret-1", "minScore": 0.5})
}

/// A service that takes the answer `person` at 0.9, `doubtful` at 0.4, and no other.
pub(crate) async fn service() -> Other {
    Other::answering(|call| {
        if !call.contains("secret=secret-1") {
            (
                200,
                r#"{"success": false, "error-codes": ["invalid-input-secret"]}"#,
            )
        } else if call.contains("response=person") {
            (200, r#"{"success": true, "score": 0.9, "action": "login"}"#)
        } else if call.contains("response=doubtful") {
            (200, r#"{"success": true, "score": 0.4}"#)
        } else if call.contains("response=plain") {
            (200, r#"{"success": true}"#)
        } else if call.contains("response=broken") {
            (500, "oops")
        } else if call.contains("response=garbled") {
            (200, "<html>")
        } else {
            (
                200,
                r#"{"success": false, "error-codes": ["invalid-input-response"]}"#,
            )
        }
    })
    .await
}

/// A world whose captchas are judged at this address.
pub(crate) async fn world(engine: Engine, url: String) -> World {
    World::sending(engine, |inbox| {
        Outbound::new(Ways {
            inbox: Some(inbox),
            captcha: Some(url),
            endpoints: Endpoints::nowhere(),
            ..Ways::default()
        })
    })
    .await
}

fn login(email: &str, password: &str, answer: &Value) -> Value {
    json!({"email": email, "password": password, "recaptchaToken": answer})
}

both_engines! {
    async fn a_policy_is_absent_until_it_is_written(world: World) {
        let vendor = world.vendor().await;
        vendor.get(POLICY).await.refuses(404, "captcha-policy is not configured");
        vendor.put(POLICY, policy(true)).await.refuses(404, "captcha-policy is not configured");
        assert_eq!(world.anyone().get(PUBLIC).await.expect(200).json(), json!({"enabled": false}));
        let mut first = policy(true);
        first["ignoredEmails"] = json!(["QA@Acme.test "]);
        let made = vendor.post(POLICY, first).await.expect(201).json();
        assert!(kit::is_uuid(made["id"].as_str().unwrap()));
        assert_eq!(made, json!({"id": made["id"], "siteKey": "site-1", "secretKey": "secret-1", "enabled": true, "minScore": 0.5,
            "ignoredEmails": ["qa@acme.test"], "createdAt": "2025-10-09T08:53:20.000Z", "updatedAt": "2025-10-09T08:53:20.000Z"}));
        assert_eq!(vendor.get(POLICY).await.expect(200).json(), made);
        vendor.post(POLICY, policy(true)).await.refuses(409, "captcha-policy already exists");
        world.clock.advance_seconds(1);
        let changed = vendor.put(POLICY, json!({"enabled": true, "siteKey": "site-2", "secretKey": "secret-2", "minScore": 0, "ignoredEmails": null})).await.expect(200).json();
        assert_eq!((&changed["id"], &changed["secretKey"], &changed["ignoredEmails"]), (&made["id"], &json!("secret-2"), &json!([])));
        assert_eq!(changed["updatedAt"], "2025-10-09T08:53:21.000Z");
        assert_eq!(vendor.get(POLICY).await.expect(200).json(), changed);
        let off = vendor.put(POLICY, json!({"enabled": false})).await.expect(200).json();
        assert_eq!((&off["enabled"], &off["siteKey"], &off["secretKey"]), (&json!(false), &json!("site-2"), &json!("secret-2")));
        world.vendor_of(&world.away).await.get(POLICY).await.expect(404);
    }

    async fn the_secret_key_is_seen_by_the_environment_alone(world: World) {
        let vendor = world.vendor().await;
        let admin = world.admin("admin@example.com").await;
        let id = vendor.post(POLICY, policy(false)).await.expect(201).text_at("/id");
        let public = world.anyone().get(PUBLIC).await.expect(200).json();
        assert_eq!(public, json!({"id": id, "siteKey": "site-1", "enabled": false, "createdAt": "2025-10-09T08:53:20.000Z", "updatedAt": "2025-10-09T08:53:20.000Z"}));
        admin.get(POLICY).await.expect(401);
        let stored = world.db().all(db::sql!("SELECT body FROM settings WHERE name = 'captcha-policy'"), db::args![]).await.unwrap();
        assert_eq!(stored.len(), 1);
        assert!(!stored[0].get::<String>(0).unwrap().contains("secret-1"));
        vendor.put(POLICY, json!({"secretKey": "secret-9"})).await.expect(200);
        world.settle().await;
        let records = vendor.get("/audits/resources/audits/v2?count=50&offset=0").await.expect(200);
        assert_eq!(records.pluck("action").iter().filter(|action| action.starts_with("Policy c")).count(), 2);
        assert!(!records.text().contains("secret-1") && !records.text().contains("secret-9"), "{}", records.text());
    }

    async fn wrong_policies_are_refused_and_change_nothing(world: World) {
        let vendor = world.vendor().await;
        let with = |member: &str, value: Value| {
            let mut body = policy(true);
            body[member] = value;
            body
        };
        let wrong = [
            (json!({}), "enabled must be a boolean value"),
            (with("enabled", json!("yes")), "enabled must be a boolean value"),
            (with("siteKey", json!("")), "siteKey should not be empty"),
            (with("siteKey", json!(5)), "siteKey must be a string"),
            (with("secretKey", json!("x".repeat(1001))), "secretKey must be shorter than or equal to 1000 characters"),
            (with("minScore", json!(-0.1)), "minScore must not be less than 0"),
            (with("minScore", json!(1.1)), "minScore must not be greater than 1"),
            (with("ignoredEmails", json!(["ada"])), "each value in ignoredEmails must be an email"),
            (with("ignoredEmails", json!(vec!["a@acme.test"; 1001])), "ignoredEmails must contain no more than 1000 elements"),
        ];
        for (body, sentence) in &wrong {
            let answer = vendor.post(POLICY, body.clone()).await.expect(400);
            assert!(answer.text().contains(sentence), "{body}: {}", answer.text());
        }
        vendor.get(POLICY).await.expect(404);
        let made = vendor.post(POLICY, policy(true)).await.expect(201).json();
        for (body, _) in &wrong[1..] {
            vendor.put(POLICY, body.clone()).await.expect(400);
        }
        assert_eq!(vendor.get(POLICY).await.expect(200).json(), made);
    }

    async fn one_of_sixteen_writes_the_first_policy(world: World) {
        let vendor = world.vendor().await;
        let mut statuses: Vec<u16> = futures_util::future::join_all((0..16).map(|_| vendor.post(POLICY, policy(false)))).await.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [vec![201], vec![409; 15]].concat());
    }

    async fn a_service_that_cannot_be_reached_keeps_nobody_out(world: World) {
        world.user("ann@example.com").await;
        world.vendor().await.post(POLICY, policy(true)).await.expect(201);
        world.anyone().post(at::LOGIN, login("ann@example.com", PASSWORD, &json!("x"))).await.expect(200);
        world.anyone().post(at::LOGIN, login("ann@example.com", PASSWORD, &json!(""))).await.refuses(403, REFUSED);
    }
}

async fn asked_before_a_login(engine: Engine) {
    let service = service().await;
    let world = world(engine, service.url()).await;
    world.user("ann@example.com").await;
    let vendor = world.vendor().await;
    let lockout = "/identity/resources/configurations/v1/lockout-policy";
    vendor
        .post(lockout, json!({"enabled": true, "maxAttempts": 3}))
        .await
        .expect(201);
    vendor.post(POLICY, policy(false)).await.expect(201);
    let anyone = world.anyone();
    anyone
        .post(at::LOGIN, login("ann@example.com", PASSWORD, &json!(null)))
        .await
        .expect(200);
    assert!(
        service.kept().is_empty(),
        "a policy that is switched off asks nobody"
    );
    vendor
        .put(
            POLICY,
            json!({"enabled": true, "ignoredEmails": ["bob@example.com"]}),
        )
        .await
        .expect(200);
    world.settle().await;
    let (before, hashes) = (snapshot(&vendor).await, world.hashes.performed());
    for answer in [
        json!(null),
        json!(""),
        json!("  "),
        json!("program"),
        json!("doubtful"),
        json!("x".repeat(9000)),
    ] {
        for password in [PASSWORD, "wrong"] {
            anyone
                .post(at::LOGIN, login("ann@example.com", password, &answer))
                .await
                .refuses(403, REFUSED);
        }
    }
    // Neither hashed nor counted nor recorded.
    world.settle().await;
    assert_eq!(
        (snapshot(&vendor).await, world.hashes.performed()),
        (before, hashes)
    );
    for answer in ["person", "plain", "broken", "garbled"] {
        anyone
            .post(at::LOGIN, login("ann@example.com", PASSWORD, &json!(answer)))
            .await
            .expect(200);
    }
    anyone
        .post(at::LOGIN, login("ann@example.com", "wrong", &json!("person")))
        .await
        .refuses(401, "Incorrect email or password");
    anyone
        .post(at::LOGIN, login("BOB@example.com", "wrong", &json!(null)))
        .await
        .refuses(401, "Incorrect email or password");
    let call = service.kept().into_iter().next().unwrap();
    assert!(call.starts_with("POST / "), "{call}");
    assert!(
        call.contains("secret=secret-1&response=program&remoteip=192.0.2.7"),
        "{call}"
    );
    vendor.put(POLICY, json!({"minScore": 0.3})).await.expect(200);
    anyone
        .post(at::LOGIN, login("ann@example.com", PASSWORD, &json!("doubtful")))
        .await
        .expect(200);
    vendor
        .put(POLICY, json!({"secretKey": "nobody knows it"}))
        .await
        .expect(200);
    anyone
        .post(at::LOGIN, login("ann@example.com", PASSWORD, &json!("person")))
        .await
        .refuses(403, REFUSED);
    world.end().await;
}

#[tokio::test]
async fn a_login_is_looked_at_only_after_its_captcha_sqlite() {
    asked_before_a_login(Engine::Sqlite).await;
}

#[tokio::test]
async fn a_login_is_looked_at_only_after_its_captcha_postgres() {
    asked_before_a_login(Engine::Postgres).await;
}
