use journeys::{PASSWORD, World, at, both_engines, snapshot};
use serde_json::{Value, json};

fn credentials(email: &str, password: &str) -> Value {
    json!({"email": email, "password": password, "recaptchaToken": "", "invitationToken": ""})
}

both_engines! {
    async fn the_right_password_gets_tokens_and_cookies(world: World) {
        let ann = world.user("ann@example.com").await;
        let answer = world.anyone().post(at::LOGIN, credentials("ann@example.com", PASSWORD)).await.expect(200).json();
        assert!(answer["accessToken"].as_str().unwrap().split('.').count() == 3);
        assert!(kit::is_uuid(answer["refreshToken"].as_str().unwrap()));
        assert_eq!(answer["expiresIn"], json!(3600));
        assert_eq!(answer["expires"], "Thu, 09 Oct 2025 09:53:20 GMT");
        assert_eq!(answer["mfaRequired"], json!(false));
        assert_eq!(answer["tokenType"], "bearer");
        assert_eq!(answer["userId"], json!(ann.id));
        assert_eq!(answer["userEmail"], "ann@example.com");
        assert!(answer.get("mfaToken").is_none_or(Value::is_null), "{answer}");
    }

    async fn the_address_may_be_written_in_any_letter_case(world: World) {
        world.user("ann@example.com").await;
        world.anyone().post(at::LOGIN, credentials("ANN@Example.com", PASSWORD)).await.expect(200);
        let spaced = world.anyone().post(at::LOGIN, credentials("ann@example.com", &format!(" {PASSWORD}"))).await;
        spaced.refuses(401, "Incorrect email or password");
    }

    async fn every_refusal_is_the_same_after_exactly_one_hash(world: World) {
        world.user("ann@example.com").await;
        world.person_of(&world.away, "away@example.com", "acme", &[]).await;
        let vendor = world.vendor().await;
        vendor.post(at::VENDOR_USERS, json!({"email": "nopassword@example.com", "tenantId": "acme"})).await.expect(201);
        let locked = world.user("locked@example.com").await;
        vendor.post(&format!("{}/{}/lock", at::USERS, locked.id), json!({})).await.expect(200);
        // Whom a lock holds hears of it only with the right password; the token that is out stops counting at once.
        locked.get(at::ME).await.expect(401);
        let mut bodies = Vec::new();
        for (email, password) in [
            ("ann@example.com", "Wrong-horse-9-battery"),
            ("ann@example.com", ""),
            ("ann@example.com", "'; DROP TABLE users; --"),
            ("nobody@example.com", PASSWORD),
            ("away@example.com", PASSWORD),
            ("nopassword@example.com", PASSWORD),
            ("nopassword@example.com", ""),
            ("' OR '1'='1", PASSWORD),
            ("ann@example.com%", PASSWORD),
        ] {
            let before = world.hashes.performed();
            let answer = world.anyone().post(at::LOGIN, credentials(email, password)).await;
            if answer.status == 400 {
                assert!(password.is_empty() || !email.ends_with("@example.com"), "{email}: {}", answer.text());
                continue; // an empty password or a text that is no address may be refused unread
            }
            let answer = answer.refuses(401, "Incorrect email or password");
            assert_eq!(world.hashes.performed() - before, 1, "hashes for {email} with {password:?}");
            assert!(answer.cookies().is_empty());
            bodies.push(answer.json());
        }
        bodies.dedup();
        assert_eq!(bodies.len(), 1, "{bodies:?}");
        let before = world.hashes.performed();
        world.anyone().post(at::LOGIN, credentials("locked@example.com", "Wrong-horse-9-battery")).await.refuses(401, "Incorrect email or password");
        assert_eq!(world.hashes.performed() - before, 1);
        world.anyone().post(at::LOGIN, credentials("locked@example.com", PASSWORD)).await.refuses(423, "Your account is locked");
        assert_eq!(world.hashes.performed() - before, 2);
    }

    async fn a_body_that_is_wrong_is_refused_before_any_hash(world: World) {
        world.user("ann@example.com").await;
        let before = world.hashes.performed();
        for body in [
            json!({}),
            json!({"email": "ann@example.com"}),
            json!({"password": PASSWORD}),
            json!({"email": 5, "password": PASSWORD}),
            json!({"email": "ann@example.com", "password": 5}),
            json!({"email": "ann@example.com", "password": null}),
            json!({"email": "ann@example.com", "password": "x".repeat(100_000)}),
            json!({"email": "x".repeat(100_000), "password": PASSWORD}),
            json!([]),
        ] {
            let answer = world.anyone().post(at::LOGIN, body).await;
            assert_eq!(answer.status, 400, "{}", answer.text().chars().take(200).collect::<String>());
        }
        assert_eq!(world.hashes.performed(), before);
    }

    async fn a_password_may_be_any_text(world: World) {
        world.tenant("acme").await;
        let vendor = world.vendor().await;
        for (number, password) in ["Pässwörd-\u{1F980}-9x", "  Spaces-at-9-both ends  ", "Quote'\"\\-9-Slash"].into_iter().enumerate() {
            let email = format!("user{number}@example.com");
            vendor.post(at::VENDOR_USERS, json!({"email": email, "password": password, "tenantId": "acme"})).await.expect(201);
            world.anyone().post(at::LOGIN, credentials(&email, password)).await.expect(200);
            world.anyone().post(at::LOGIN, credentials(&email, password.trim_end_matches('x'))).await;
        }
        // The same letters, composed differently, are the same password.
        world.anyone().post(at::LOGIN, credentials("user0@example.com", "Pa\u{308}sswo\u{308}rd-\u{1F980}-9x")).await.expect(200);
    }

    async fn a_login_is_remembered(world: World) {
        let ann = world.user("ann@example.com").await;
        world.clock.advance_seconds(60);
        world.log_in("ann@example.com").await;
        let vendor = world.vendor().await;
        let read = vendor.get(&format!("{}/{}", at::VENDOR_USERS, ann.id)).await.expect(200);
        assert_eq!(read.at("/lastLogin"), "2025-10-09T08:54:20.000Z");
        assert_eq!(read.at("/activatedForTenant"), json!(true));
        world.settle().await;
        let records = vendor.get("/audits/resources/audits/v2?count=50&offset=0").await.expect(200);
        assert!(records.pluck("action").contains(&"User logged in".to_owned()), "{}", records.text());
    }

    async fn a_refused_login_changes_nothing_an_owner_can_list(world: World) {
        world.user("ann@example.com").await;
        let vendor = world.vendor().await;
        let without_records = |mut seen: Value| {
            seen.as_object_mut().unwrap().remove("changes recorded");
            seen
        };
        let before = without_records(snapshot(&vendor).await);
        world.anyone().post(at::LOGIN, credentials("ann@example.com", "Wrong-horse-9-battery")).await.expect(401);
        assert_eq!(without_records(snapshot(&vendor).await), before);
    }

    async fn a_person_without_any_tenant_does_not_get_in(world: World) {
        let ann = world.user("ann@example.com").await;
        world.tenant("second").await;
        let vendor = world.vendor().await;
        vendor.post(at::VENDOR_USERS, json!({"email": "ann@example.com", "tenantId": "second"})).await.expect(201);
        vendor.in_tenant("acme").delete(&format!("{}/{}", at::USERS, ann.id)).await.expect(200);
        let moved = world.anyone().post(at::LOGIN, credentials("ann@example.com", PASSWORD)).await.expect(200);
        assert_eq!(journeys::claims(&moved.text_at("/accessToken"))["tenantId"], "second");
        vendor.delete(&format!("{}/second", at::TENANTS)).await.expect(200);
        let refused = world.anyone().post(at::LOGIN, credentials("ann@example.com", PASSWORD)).await;
        assert!((400..500).contains(&refused.status), "{}", refused.text());
    }
}
