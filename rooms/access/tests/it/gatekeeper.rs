use serde_json::json;

use crate::house::{CLIENT, House, ME, PASSWORD, TENANT};
use crate::login::claims;

const ADA: &str = "ada@acme.test";
const ROLES: &str = "/identity/resources/roles/v1";
const VENDOR_ONLY: &str = "/identity/resources/vendor-only/users/v1/x";
const INVITE: &str = "/identity/resources/users/v2";
const ELSEWHERE: &str = "44444444-4444-4444-8444-444444444444";

#[tokio::test]
async fn an_environment_token_counts_in_both_places_and_for_its_own_environment() {
    let house = House::build().await;
    let token = house.token.clone();
    house
        .ask("GET", ROLES)
        .header("x-access-token", &token)
        .send()
        .await
        .expect(200);
    house
        .ask("GET", ROLES)
        .bearer(&token)
        .header("frontegg-vendor-id", CLIENT)
        .send()
        .await
        .expect(200);
    house
        .ask("GET", ROLES)
        .bearer(&token)
        .header("frontegg-tenant-id", "")
        .send()
        .await
        .expect(200);
    house
        .ask("GET", ROLES)
        .bearer(&token)
        .header("frontegg-environment-id", ELSEWHERE)
        .send()
        .await
        .expect(403);
    house
        .ask("GET", ROLES)
        .bearer(&token)
        .header("frontegg-tenant-id", ELSEWHERE)
        .send()
        .await
        .expect(404);
    let nothing = house.ask("GET", ROLES).send().await.expect(401);
    assert_eq!(nothing.error(), "Unauthorized");
    let long = "x".repeat(20_000);
    for rubbish in ["x", "a.b.c", &format!("{token}x"), long.as_str()] {
        let alone = house
            .ask("GET", VENDOR_ONLY)
            .bearer(rubbish)
            .send()
            .await
            .expect(401);
        assert_eq!(alone.error(), "Failed to verify vendor JWT");
        let beside_users = house.ask("GET", ROLES).bearer(rubbish).send().await.expect(401);
        assert_eq!(beside_users.error(), "Unauthorized");
        let named = house
            .ask("GET", ROLES)
            .header("x-access-token", rubbish)
            .send()
            .await
            .expect(401);
        assert_eq!(named.error(), "Failed to verify vendor JWT");
    }
    house.clock.advance_seconds(24 * 3600);
    house.ask("GET", ROLES).bearer(&token).send().await.expect(401);
}

#[tokio::test]
async fn tokens_of_the_wrong_type_are_told_so() {
    let house = House::build().await;
    house.user(ADA, &json!({})).await;
    let user = house.log_in(ADA, PASSWORD).await.expect(200);
    let user = user.text("accessToken");
    let answer = house.ask("GET", VENDOR_ONLY).bearer(user).send().await;
    assert_eq!(
        answer.expect(401).error(),
        "This route takes an environment token, not a user token"
    );
    let answer = house.ask("GET", ME).vendor().send().await;
    assert_eq!(answer.expect(403).error(), "Tenant ID is not specified");
}

#[tokio::test]
async fn an_environment_acts_for_its_members_and_nobody_else() {
    let house = House::build().await;
    let id = house.user(ADA, &json!({})).await;
    let me = async |tenant: &str, user: &str| {
        house
            .ask("GET", ME)
            .vendor()
            .header("frontegg-tenant-id", tenant)
            .header("frontegg-user-id", user)
            .send()
            .await
    };
    assert_eq!(me(TENANT, &id).await.expect(200).text("id"), id);
    me(TENANT, ELSEWHERE).await.expect(404);
    me(ELSEWHERE, &id).await.expect(404);
    me(TENANT, "").await.expect(403);
}

#[tokio::test]
async fn a_users_token_is_for_its_own_tenant() {
    let house = House::build().await;
    house.user(ADA, &json!({})).await;
    let answer = house.log_in(ADA, PASSWORD).await.expect(200);
    let token = answer.text("accessToken");
    let me = async |tenant: &str| {
        house
            .ask("GET", ME)
            .bearer(token)
            .header("frontegg-tenant-id", tenant)
            .send()
            .await
    };
    me(TENANT).await.expect(200);
    me(ELSEWHERE).await.expect(403);
    house.configure(json!({"skipTenantValidation": true})).await;
    me(ELSEWHERE).await.expect(200);
    house.clock.advance_seconds(3600);
    house.me(token).await.expect(401);
}

#[tokio::test]
async fn permissions_decide_also_when_tokens_do_not_carry_them() {
    let house = House::build().await;
    let roles = house.ask("GET", ROLES).vendor().send().await.expect(200);
    let role = |key: &str| {
        let found = roles
            .body
            .as_array()
            .unwrap()
            .iter()
            .find(|role| role["key"] == key);
        found.unwrap()["id"].as_str().unwrap().to_owned()
    };
    house
        .user("admin@acme.test", &json!({"roleIds": [role("Admin")]}))
        .await;
    house
        .user("reader@acme.test", &json!({"roleIds": [role("ReadOnly")]}))
        .await;
    let invite = async |email: &str| {
        let answer = house.log_in(email, PASSWORD).await.expect(200);
        let token = answer.text("accessToken").to_owned();
        let new = json!({"email": format!("by-{email}"), "name": "New"});
        house.ask("POST", INVITE).bearer(&token).json(&new).await
    };
    for carried in [true, false] {
        house.configure(json!({"addPermissionsToJwt": carried})).await;
        let refused = invite("reader@acme.test").await.expect(403);
        assert!(
            refused.error().starts_with("You do not have the permission "),
            "{:?}",
            refused.body
        );
        assert_ne!(invite("admin@acme.test").await.status, 403);
    }
}

#[tokio::test]
async fn a_disabled_membership_holds_at_once_and_leaves_the_others_open() {
    let house = House::build().await;
    let id = house.user(ADA, &json!({})).await;
    let other = json!({"tenantId": ELSEWHERE, "name": "Other"});
    house
        .ask("POST", "/tenants/resources/tenants/v1")
        .vendor()
        .json(&other)
        .await
        .expect(201);
    let added = json!({"email": ADA, "name": "Ada", "skipInviteEmail": true});
    let add = house
        .ask("POST", INVITE)
        .vendor()
        .header("frontegg-tenant-id", ELSEWHERE);
    add.json(&added).await.expect_success();

    let answer = house.log_in(ADA, PASSWORD).await.expect(200);
    let token = answer.text("accessToken").to_owned();
    assert_eq!(claims(&token)["tenantId"], TENANT);
    let switch = json!({"tenantId": ELSEWHERE});
    house
        .ask("PUT", "/identity/resources/users/v1/tenant")
        .bearer(&token)
        .json(&switch)
        .await
        .expect_success();
    let switched = house.refresh(answer.text("refreshToken")).await.expect(200);
    assert_eq!(claims(switched.text("accessToken"))["tenantId"], ELSEWHERE);
    assert_eq!(claims(switched.text("accessToken"))["sid"], claims(&token)["sid"]);

    let disable = format!("/identity/resources/tenants/users/v1/{id}/disable");
    house
        .ask("POST", &disable)
        .vendor()
        .header("frontegg-tenant-id", ELSEWHERE)
        .send()
        .await
        .expect_success();
    house.me(switched.text("accessToken")).await.expect(401);
    house.me(&token).await.expect(200);
    house.refresh(switched.text("refreshToken")).await.expect(401); // its session worked there
    let again = house.log_in(ADA, PASSWORD).await.expect(200);
    assert_eq!(claims(again.text("accessToken"))["tenantId"], TENANT);
}
