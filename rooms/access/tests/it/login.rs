use serde_json::{Value, json};

use crate::house::{CLIENT, COOKIE, House, LOGIN, PASSWORD, TENANT, USERS};
use crate::store;

const ADA: &str = "ada@acme.test";

/// The claims of a token, unverified.
pub(crate) fn claims(token: &str) -> Value {
    let part = token.split('.').nth(1).unwrap();
    let mut bits = Vec::new();
    let mut buffer = 0_u32;
    let mut held = 0;
    for c in part.bytes() {
        let digit = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
            .iter()
            .position(|known| *known == c)
            .unwrap();
        buffer = buffer << 6 | u32::try_from(digit).unwrap();
        held += 6;
        if held >= 8 {
            held -= 8;
            bits.push(u8::try_from(buffer >> held & 0xff).unwrap());
        }
    }
    serde_json::from_slice(&bits).unwrap()
}

#[tokio::test]
async fn the_right_password_signs_in() {
    let house = House::build().await;
    let id = house.user("Ada@Acme.test", &json!({})).await;
    let answer = house.log_in(ADA, PASSWORD).await.expect(200);
    assert_eq!(answer.text("tokenType"), "bearer");
    assert_eq!(answer.body["mfaRequired"], false);
    assert_eq!(answer.body["expiresIn"], 3600);
    assert_eq!(answer.text("expires"), "Thu, 09 Oct 2025 09:53:20 GMT");
    assert_eq!(
        (answer.text("userId"), answer.text("userEmail")),
        (id.as_str(), ADA)
    );
    assert!(answer.body.get("mfaToken").is_none());
    let refresh = answer.text("refreshToken");
    assert_eq!(
        answer.cookie().unwrap(),
        format!(
            "{COOKIE}={refresh}; Path=/; Max-Age=2592000; Expires=Sat, 08 Nov 2025 08:53:20 GMT; HttpOnly; Secure; SameSite=None"
        )
    );
    let claims = claims(answer.text("accessToken"));
    assert_eq!(claims["sub"], id.as_str());
    assert_eq!(claims["tenantId"], TENANT);
    assert_eq!(claims["tenantIds"], json!([TENANT]));
    assert_eq!(claims["aud"], CLIENT);
    assert_eq!(claims["iss"], "https://login.acme.test");
    assert_eq!(claims["type"], "userToken");
    assert!(claims["applicationId"].is_string());
    house.me(answer.text("accessToken")).await.expect(200);
}

/// Whatever is in the way before the password is proved right: one answer, one hash.
#[tokio::test]
async fn every_refusal_before_the_right_password_is_the_same_after_exactly_one_hash() {
    let house = House::build().await;
    house.user(ADA, &json!({})).await;
    house.user("nopass@acme.test", &json!({"password": null})).await;
    let locked = house.user("locked@acme.test", &json!({})).await;
    let lock = format!("/identity/resources/users/v1/{locked}/lock");
    house
        .ask("POST", &lock)
        .vendor()
        .json(&json!({}))
        .await
        .expect_success();
    house.user("blocked@acme.test", &json!({})).await;
    for _ in 0..10 {
        house.log_in("blocked@acme.test", "wrong").await.expect(401);
    }
    for body in [
        json!({"email": "nobody@acme.test", "password": PASSWORD}),
        json!({"username": "nobody", "password": PASSWORD}),
        json!({"email": ADA, "password": "wrong"}),
        json!({"email": ADA, "password": ""}),
        json!({"email": "nopass@acme.test", "password": PASSWORD}),
        json!({"email": "nopass@acme.test", "password": ""}),
        json!({"email": "locked@acme.test", "password": "wrong"}),
        json!({"email": "blocked@acme.test", "password": "wrong"}),
    ] {
        let before = house.pool.performed();
        let answer = house.ask("POST", LOGIN).json(&body).await.expect(401);
        assert_eq!(house.pool.performed() - before, 1, "{body}");
        assert_eq!(
            answer.body,
            json!({"errors": ["Incorrect email or password"], "errorCode": "ER-01078"}),
            "{body}"
        );
        assert!(answer.cookie().is_none());
    }
}

#[tokio::test]
async fn a_lock_is_told_only_to_who_knows_the_password() {
    let house = House::build().await;
    let id = house.user(ADA, &json!({})).await;
    let token = house.log_in(ADA, PASSWORD).await.expect(200);
    let lock = format!("/identity/resources/users/v1/{id}/lock");
    house
        .ask("POST", &lock)
        .vendor()
        .json(&json!({}))
        .await
        .expect_success();
    let before = house.pool.performed();
    let answer = house.log_in(ADA, PASSWORD).await.expect(423);
    assert_eq!(house.pool.performed() - before, 1);
    assert_eq!(
        answer.body,
        json!({"errors": ["Your account is locked"], "errorCode": "ER-01034"})
    );
    house.me(token.text("accessToken")).await.expect(401);
    house.refresh(token.text("refreshToken")).await.expect(401);
}

#[tokio::test]
async fn ten_wrong_passwords_block_the_user_for_a_quarter_of_an_hour() {
    let house = House::build().await;
    house.user(ADA, &json!({})).await;
    for _ in 0..9 {
        house.log_in(ADA, "wrong").await.expect(401);
    }
    house.log_in(ADA, PASSWORD).await.expect(200); // a success begins a new row
    for _ in 0..10 {
        house.log_in(ADA, "wrong").await.expect(401);
    }
    house.log_in(ADA, PASSWORD).await.expect(423);
    house.clock.advance_seconds(15 * 60 - 1);
    house.log_in(ADA, PASSWORD).await.expect(423);
    house.clock.advance_seconds(1);
    house.log_in(ADA, PASSWORD).await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guesses_at_once_are_all_counted_and_right_ones_at_once_all_pass() {
    let house = House::build().await;
    house.user(ADA, &json!({})).await;
    let all_at_once = async |password: &'static str| {
        let tries: Vec<_> = (0..16)
            .map(|_| {
                let house = house.clone();
                #[expect(clippy::disallowed_methods, reason = "a race wants tasks")]
                tokio::spawn(async move { house.log_in(ADA, password).await.status.as_u16() })
            })
            .collect();
        let mut seen = Vec::new();
        for one in tries {
            seen.push(one.await.unwrap());
        }
        seen
    };
    assert_eq!(all_at_once(PASSWORD).await, [200; 16]);
    assert_eq!(all_at_once("wrong").await, [401; 16]);
    house.log_in(ADA, PASSWORD).await.expect(423);
}

#[tokio::test]
async fn names_work_like_addresses_and_bad_bodies_are_told_apart() {
    let house = House::build().await;
    house.user(ADA, &json!({"username": "Ada.L"})).await;
    let login = async |body: Value| house.ask("POST", LOGIN).json(&body).await;
    login(json!({"username": "ada.l", "email": "", "password": PASSWORD}))
        .await
        .expect(200);
    for (body, sentence) in [
        (json!({"password": PASSWORD}), "email should not be empty"),
        (json!({"email": ADA}), "password should not be empty"),
        (json!({"email": "ada", "password": "x"}), "email must be an email"),
        (
            json!({"email": ADA, "password": "x".repeat(1025)}),
            "password is too long",
        ),
    ] {
        let before = house.pool.performed();
        assert_eq!(login(body).await.expect(400).error(), sentence);
        assert_eq!(house.pool.performed(), before);
    }
}

#[tokio::test]
async fn a_password_that_breaks_the_rules_is_refused_with_every_reason() {
    let house = House::build().await;
    let body = json!({"email": ADA, "name": "Ada", "password": "short", "tenantId": TENANT});
    let answer = house.ask("POST", USERS).vendor().json(&body).await.expect(400);
    assert_eq!(
        answer.body["errors"].as_array().unwrap().len(),
        4,
        "{:?}",
        answer.body
    );
}

#[tokio::test]
async fn a_full_pool_says_when_to_come_back() {
    let house = House::build().await;
    house.user(ADA, &json!({})).await;
    let tries = (0..400).map(|_| {
        let house = house.clone();
        #[expect(clippy::disallowed_methods, reason = "a crowd wants tasks")]
        tokio::spawn(async move { house.log_in("nobody@acme.test", "x").await })
    });
    // How many are told to come back depends on the machine; that all are answered does not.
    for one in tries.collect::<Vec<_>>() {
        let answer = one.await.unwrap();
        let busy = answer.status == 503 && answer.headers.contains_key("retry-after");
        assert!(busy || answer.status == 401, "{answer:?}");
    }
    house.log_in(ADA, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn an_unverified_user_is_told_so_after_the_right_password() {
    let house = House::build().await;
    let body = json!({"email": ADA, "name": "Ada", "password": PASSWORD, "skipInviteEmail": true});
    let invite = house
        .ask("POST", "/identity/resources/users/v2")
        .vendor()
        .header("frontegg-tenant-id", TENANT);
    invite.json(&body).await.expect(201);
    house.log_in(ADA, "wrong").await.expect(401);
    let answer = house.log_in(ADA, PASSWORD).await.expect(400);
    assert_eq!(answer.body["errorCode"], "ER-01060");
    house.configure(json!({"allowNotVerifiedUsersLogin": true})).await;
    house.log_in(ADA, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn a_hash_of_another_system_is_replaced_at_the_first_sign_in() {
    let house = House::build().await;
    let id = house.user(ADA, &json!({"password": null})).await;
    // A published vector: crypt_blowfish, password "U*U".
    let hash = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
    store::put_foreign_hash(&house.db, CLIENT, &id, "bcrypt", hash).await;
    house.log_in(ADA, "U*V").await.expect(401);
    house.log_in(ADA, "U*U").await.expect(200);
    let (kind, hash) = store::hash_of(&house.db, CLIENT, &id).await;
    assert_eq!(kind, "native");
    assert!(hash.starts_with("$argon2id$"));
    let before = house.pool.performed();
    house.log_in(ADA, "U*U").await.expect(200);
    assert_eq!(house.pool.performed() - before, 1);
}

/// As attempts whose callers hung up leave it behind: counted, and never judged.
async fn thirty_are_counted(house: &House, id: &str) {
    let now = kit::Clock::now(&*house.clock);
    for _ in 0..30 {
        blocks::throttle::count(&house.db, &CLIENT.into(), "password-attempts", id, 24 * 3600, now)
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn attempts_whose_callers_hung_up_end_in_a_block_and_not_for_good() {
    let house = House::build().await;
    let id = house.user(ADA, &json!({})).await;
    thirty_are_counted(&house, &id).await;
    house.log_in(ADA, PASSWORD).await.expect(423);
    house.clock.advance_seconds(15 * 60);
    house.log_in(ADA, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn nor_do_they_keep_a_password_from_being_changed_for_good() {
    let house = House::build().await;
    let id = house.user(ADA, &json!({})).await;
    let session = house.log_in(ADA, PASSWORD).await.expect(200);
    thirty_are_counted(&house, &id).await;
    let change = async || {
        let body = json!({"password": PASSWORD, "newPassword": "Another-horse-9-battery"});
        house
            .ask("POST", "/identity/resources/users/v1/passwords/change")
            .bearer(session.text("accessToken"))
            .json(&body)
            .await
    };
    change().await.expect(400);
    house.clock.advance_seconds(15 * 60);
    change().await.expect_success();
}
