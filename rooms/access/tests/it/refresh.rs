use std::collections::BTreeSet;

use serde_json::json;

use crate::house::{CLIENT, COOKIE, House, LOGOUT, PASSWORD, REFRESH, TENANT};
use crate::login::claims;
use crate::store;

const ADA: &str = "ada@acme.test";

async fn signed_in() -> (House, String) {
    let house = House::build().await;
    house.user(ADA, &json!({})).await;
    let answer = house.log_in(ADA, PASSWORD).await.expect(200);
    let token = answer.text("refreshToken").to_owned();
    (house, token)
}

async fn rows(house: &House) -> i64 {
    store::refresh_tokens(&house.db, CLIENT).await
}

#[tokio::test]
async fn a_refresh_rotates_and_keeps_the_session() {
    let (house, first) = signed_in().await;
    house.clock.advance_seconds(60);
    let answer = house.refresh(&first).await.expect(200);
    let second = answer.text("refreshToken");
    assert_ne!(second, first);
    assert!(
        answer
            .cookie()
            .unwrap()
            .starts_with(&format!("{COOKIE}={second}; Path=/; Max-Age=2592000;"))
    );
    for (snake, camel) in [
        ("access_token", "accessToken"),
        ("refresh_token", "refreshToken"),
        ("token_type", "tokenType"),
        ("id_token", "accessToken"),
    ] {
        assert_eq!(answer.text(snake), answer.text(camel));
    }
    let third = house.refresh(second).await.expect(200);
    let sid = |answer: &crate::house::Answer| claims(answer.text("accessToken"))["sid"].clone();
    assert_eq!(sid(&answer), sid(&third));
    house.me(third.text("accessToken")).await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixteen_at_once_make_one_row_and_get_one_successor() {
    let (house, token) = signed_in().await;
    let before = rows(&house).await;
    let tries: Vec<_> = (0..16)
        .map(|_| {
            let (house, token) = (house.clone(), token.clone());
            #[expect(clippy::disallowed_methods, reason = "a race wants tasks")]
            tokio::spawn(async move {
                house
                    .refresh(&token)
                    .await
                    .expect(200)
                    .text("refreshToken")
                    .to_owned()
            })
        })
        .collect();
    let mut successors = BTreeSet::new();
    for one in tries {
        successors.insert(one.await.unwrap());
    }
    assert_eq!(successors.len(), 1);
    assert_eq!(rows(&house).await, before + 1);
}

#[tokio::test]
async fn for_thirty_seconds_the_old_value_gives_the_same_successor_and_then_ends_the_session() {
    let (house, first) = signed_in().await;
    let second = house
        .refresh(&first)
        .await
        .expect(200)
        .text("refreshToken")
        .to_owned();
    house.clock.advance_seconds(30);
    assert_eq!(
        house.refresh(&first).await.expect(200).text("refreshToken"),
        second
    );
    house.clock.advance_seconds(1);
    let refused = house.refresh(&first).await.expect(401);
    assert_eq!(refused.body, json!({"errors": ["Session not found"]}));
    assert!(
        refused
            .cookie()
            .unwrap()
            .starts_with(&format!("{COOKIE}=; Path=/; Max-Age=0;"))
    );
    house.refresh(&second).await.expect(401);
}

#[tokio::test]
async fn values_further_back_than_the_limit_are_refused_and_leave_the_session_alone() {
    let (house, first) = signed_in().await;
    let second = house
        .refresh(&first)
        .await
        .expect(200)
        .text("refreshToken")
        .to_owned();
    let third = house
        .refresh(&second)
        .await
        .expect(200)
        .text("refreshToken")
        .to_owned();
    assert_eq!(
        house.refresh(&second).await.expect(200).text("refreshToken"),
        third
    );
    let refused = house.refresh(&first).await.expect(401);
    assert!(refused.cookie().is_none());
    house.refresh(&third).await.expect(200);

    house.configure(json!({"refreshTokensRotationLimit": 3})).await;
    assert_eq!(
        house.refresh(&first).await.expect(200).text("refreshToken"),
        second
    );
}

#[tokio::test]
async fn without_rotation_one_value_lives_on() {
    let (house, token) = signed_in().await;
    house.configure(json!({"rotateRefreshTokens": false})).await;
    for _ in 0..3 {
        house.clock.advance_seconds(20 * 24 * 3600);
        assert_eq!(
            house.refresh(&token).await.expect(200).text("refreshToken"),
            token
        );
    }
    assert_eq!(rows(&house).await, 1);
    house.clock.advance_seconds(30 * 24 * 3600);
    house.refresh(&token).await.expect(401);
}

const DAY: i64 = 24 * 3600;

#[tokio::test]
async fn a_refresh_token_ends_with_its_life_and_is_swept_with_its_session() {
    let (house, token) = signed_in().await;
    house.clock.advance_seconds(30 * DAY - 1);
    let next = house
        .refresh(&token)
        .await
        .expect(200)
        .text("refreshToken")
        .to_owned();
    house.clock.advance_seconds(30 * DAY);
    house.refresh(&next).await.expect(401);
    house.sweep().await;
    assert_eq!(rows(&house).await, 1, "the replaced one is gone");
    house.clock.advance_seconds(30 * DAY / 8 + 3601);
    house.sweep().await;
    assert_eq!(rows(&house).await, 0);
}

#[tokio::test]
async fn no_sweep_takes_a_session_that_is_refreshed_early_or_late() {
    let (house, mut token) = signed_in().await;
    for days in [1, 2, 29, 1, 29] {
        house.clock.advance_seconds(days * DAY);
        house.sweep().await;
        let answer = house.refresh(&token).await.expect(200);
        answer.text("refreshToken").clone_into(&mut token);
    }
}

#[tokio::test]
async fn a_session_that_ended_is_swept_an_hour_later() {
    let (house, token) = signed_in().await;
    let next = house.refresh(&token).await.expect(200);
    house
        .ask("POST", LOGOUT)
        .header("cookie", &format!("{COOKIE}={}", next.text("refreshToken")))
        .send()
        .await
        .expect(201);
    house.sweep().await;
    assert_eq!(rows(&house).await, 2); // what ended is kept for an hour
    house.clock.advance_seconds(3601);
    house.sweep().await;
    assert_eq!(rows(&house).await, 0);
}

#[tokio::test]
async fn requests_without_a_session_are_refused_whatever_they_carry() {
    let (house, _) = signed_in().await;
    house.ask("POST", REFRESH).send().await.expect(401);
    for value in ["", "x", "00000000-0000-4000-8000-000000000000", &"x".repeat(4000)] {
        let answer = house.refresh(value).await.expect(401);
        assert_eq!(answer.error(), "Session not found");
    }
}

#[tokio::test]
async fn bodies_of_every_client_are_taken() {
    let (house, mut token) = signed_in().await;
    for body in ["", "{}", "null", r#"{"tenantId":null}"#, r#"{"tenantId":""}"#] {
        let answer = house
            .ask("POST", REFRESH)
            .header("cookie", &format!("a=b;{COOKIE}={token}"))
            .header("content-type", "application/json")
            .body(body.to_owned())
            .await
            .expect(200);
        answer.text("refreshToken").clone_into(&mut token);
    }
}

#[tokio::test]
async fn a_tenant_may_be_asked_for_by_its_members_only() {
    let (house, token) = signed_in().await;
    let refresh = async |token: &str, tenant: &str| {
        house
            .ask("POST", REFRESH)
            .header("cookie", &format!("{COOKIE}={token}"))
            .json(&json!({"tenantId": tenant}))
            .await
    };
    let refused = refresh(&token, "44444444-4444-4444-8444-444444444444")
        .await
        .expect(403);
    assert!(refused.cookie().is_none());
    let answer = refresh(&token, TENANT).await.expect(200); // the refusal spent nothing
    assert_eq!(claims(answer.text("accessToken"))["tenantId"], TENANT);
}

#[tokio::test]
async fn pages_of_strangers_may_not_use_the_cookie() {
    let (house, token) = signed_in().await;
    let from = async |path: &str, origin: &str| {
        let cookie = format!("{COOKIE}={token}");
        house
            .ask("POST", path)
            .header("cookie", &cookie)
            .header("origin", origin)
            .send()
            .await
    };
    for path in [REFRESH, LOGOUT] {
        from(path, "https://evil.test").await.expect(403);
        from(path, "null").await.expect(403);
    }
    from(REFRESH, "https://app.acme.test").await.expect(200);
    from(REFRESH, "https://login.acme.test").await.expect(200);
    from(LOGOUT, "https://app.acme.test").await.expect(201);
}

#[tokio::test]
async fn a_logout_ends_its_session_alone_and_never_fails() {
    let (house, token) = signed_in().await;
    let other = house.log_in(ADA, PASSWORD).await.expect(200);
    let cookie = format!("{COOKIE}={token}");
    let answer = house
        .ask("POST", LOGOUT)
        .header("cookie", &cookie)
        .send()
        .await
        .expect(201);
    assert!(
        answer
            .cookie()
            .unwrap()
            .starts_with(&format!("{COOKIE}=; Path=/; Max-Age=0;"))
    );
    house.refresh(&token).await.expect(401);
    let other_token = other.text("refreshToken").to_owned();
    let other = house.refresh(&other_token).await.expect(200);
    house.ask("POST", LOGOUT).send().await.expect(201);
    house
        .ask("POST", LOGOUT)
        .header("cookie", &cookie)
        .send()
        .await
        .expect(201);
    house
        .ask("POST", LOGOUT)
        .bearer("rubbish")
        .send()
        .await
        .expect(201);
    let bearer = other.text("accessToken");
    house.ask("POST", LOGOUT).bearer(bearer).send().await.expect(201);
    house.refresh(other.text("refreshToken")).await.expect(401);
}
