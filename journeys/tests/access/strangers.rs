//! Accounts that somebody opened with an address that is not theirs.

use journeys::{Client, PASSWORD, World, at, both_engines, claims};
use serde_json::{Value, json};

use super::activation::ACTIVATE;
use super::signup::{SIGN_UP, form, let_in_at_once, link_of};

const EMAILS: &str = "/identity/resources/users/emails/v1";
const OWN: &str = "Quiet-otter-77-lantern";
const REVOKE: &str = "/identity/resources/users/sessions/v1/revoke";
const TOKEN: &str = "/identity/resources/users/v3/me/token";

/// A stranger takes ann's address, then acme invites her.
async fn taken_and_invited(world: &World) -> (Client, String) {
    let_in_at_once(world).await;
    let admin = world.admin("admin@example.com").await;
    let begun = world
        .anyone()
        .post(SIGN_UP, form("ann@example.com"))
        .await
        .expect(201);
    world.clock.advance_seconds(1);
    let role = world.role_id("Admin").await;
    admin
        .post(
            at::USERS_V2,
            json!({"email": "ann@example.com", "roleIds": [role]}),
        )
        .await
        .expect(201);
    let stranger = world
        .anyone()
        .bearing(&begun.text_at("/authResponse/accessToken"));
    (stranger, begun.text_at("/userId"))
}

async fn code(world: &World, to: &str) -> String {
    world.letter(to).await.codes[0].clone()
}

async fn prove(world: &World, stranger: &Client, email: &str) {
    stranger.post(EMAILS, json!({"email": email})).await.expect(201);
    let body = json!({"email": email, "code": code(world, email).await});
    stranger.post(&format!("{EMAILS}/verify"), body).await.expect(200);
}

fn login(email: &str, password: &str) -> Value {
    json!({"email": email, "password": password})
}

/// Opens the newest letter to ann and chooses a password.
async fn owner_comes(world: &World) {
    let (_, user, token) = link_of(&world.letter("ann@example.com").await);
    let strategy = format!("{ACTIVATE}/strategy?userId={user}&token={token}");
    let asked = world.anyone().get(&strategy).await.expect(200);
    assert_eq!(asked.at("/shouldSetPassword"), json!(true));
    let body = json!({"userId": user, "token": token, "password": OWN});
    world.anyone().post(ACTIVATE, body).await.expect(200);
}

both_engines! {
    async fn leaving_their_own_tenant_opens_no_other(world: World) {
        let (stranger, id) = taken_and_invited(world).await;
        stranger.delete(&format!("{}/{id}", at::USERS)).await.expect(200);
        let refused = world.anyone().post(at::LOGIN, login("ann@example.com", PASSWORD)).await;
        assert!((400..500).contains(&refused.status), "{}", refused.text());
        owner_comes(world).await;
        let entered = world.anyone().post(at::LOGIN, login("ann@example.com", OWN)).await.expect(200);
        assert_eq!(claims(&entered.text_at("/accessToken"))["tenantId"], "acme");
        world.anyone().post(at::LOGIN, login("ann@example.com", PASSWORD)).await.expect(401);
    }

    async fn another_address_takes_no_invitation_along(world: World) {
        let (stranger, id) = taken_and_invited(world).await;
        prove(world, &stranger, "eve@evil.test").await;
        stranger.post(&format!("{EMAILS}/me/primary"), json!({"email": "eve@evil.test"})).await.expect(200);
        let wanted = json!({"email": "eve@evil.test", "password": PASSWORD, "tenantId": "acme"});
        let entered = world.anyone().post(at::LOGIN, wanted).await.expect(200);
        assert_ne!(claims(&entered.text_at("/accessToken"))["tenantId"], "acme");
        let vendor = world.vendor().await;
        let read = vendor.get(&format!("{}/{id}", at::VENDOR_USERS)).await.expect(200);
        assert!(!read.at("/tenantIds").to_string().contains("acme"), "{}", read.text());
        // Its owner may be invited anew.
        let admin = world.log_in("admin@example.com").await;
        admin.post(at::USERS_V2, json!({"email": "ann@example.com"})).await.expect(201);
        assert_ne!(world.letter("ann@example.com").await.links.len(), 0);
    }

    async fn what_they_proved_is_no_way_in_once_the_owner_came(world: World) {
        let (stranger, _) = taken_and_invited(world).await;
        prove(world, &stranger, "eve@evil.test").await;
        owner_comes(world).await;
        let before = world.letters("eve@evil.test").await.len();
        let reset = "/identity/resources/users/v1/passwords/reset";
        world.anyone().post(reset, json!({"email": "eve@evil.test"})).await.expect(201);
        assert_eq!(world.letters("eve@evil.test").await.len(), before);
        world.anyone().post(at::LOGIN, login("eve@evil.test", OWN)).await.expect(401);
        let ann = world.anyone().post(at::LOGIN, login("ann@example.com", OWN)).await.expect(200);
        let mine = world.anyone().bearing(&ann.text_at("/accessToken")).get(&format!("{EMAILS}/me")).await.expect(200);
        assert_eq!(mine.pluck("email"), ["ann@example.com"]);
    }

    async fn whoever_signs_up_with_an_address_that_waits_chooses_the_password_with_its_proof(world: World) {
        world.anyone().post(SIGN_UP, form("ann@example.com")).await.expect(201);
        let mut second = form("ann@example.com");
        second["password"] = json!("Other-horse-9-battery");
        world.anyone().post(SIGN_UP, second).await.expect(201);
        // Also by a letter that was asked for later.
        world.anyone().post(&format!("{ACTIVATE}/reset"), json!({"email": "ann@example.com"})).await.expect(201);
        owner_comes(world).await;
        for (password, status) in [(PASSWORD, 401), ("Other-horse-9-battery", 401), (OWN, 200)] {
            world.anyone().post(at::LOGIN, login("ann@example.com", password)).await.expect(status);
        }
    }

    async fn a_taken_username_is_told_whosever_the_address_is(world: World) {
        world.anyone().post(SIGN_UP, {
            let mut first = form("ann@example.com");
            first["username"] = json!("ann");
            first
        }).await.expect(201);
        world.user("bob@example.com").await;
        for email in ["bob@example.com", "new@example.com"] {
            let mut order = form(email);
            order["username"] = json!("ANN");
            world.anyone().post(SIGN_UP, order).await.refuses(409, "Username already exists");
        }
    }

    async fn a_token_from_before_a_removal_stays_dead_when_its_user_is_invited_again(world: World) {
        let ann = world.admin("ann@example.com").await;
        let vendor = world.vendor().await;
        let body = json!({"tenantId": "second", "skipInviteEmail": true});
        vendor.post(&format!("{}/{}/tenant", at::USERS, ann.id), body).await.expect(201);
        ann.get(at::USERS_V3).await.expect(200);
        world.clock.advance_seconds(2);
        let acme = vendor.in_tenant("acme");
        acme.delete(&format!("{}/{}", at::USERS, ann.id)).await.expect(200);
        ann.get(at::USERS_V3).await.expect(401);
        acme.post(at::USERS_V2, json!({"email": "ann@example.com"})).await.expect(201);
        ann.get(at::USERS_V3).await.expect(401);
    }

    async fn ending_the_sessions_in_a_tenant_ends_those_that_visit_it(world: World) {
        let ann = world.user("ann@example.com").await;
        let vendor = world.vendor().await;
        let body = json!({"tenantId": "second", "skipInviteEmail": true});
        vendor.post(&format!("{}/{}/tenant", at::USERS, ann.id), body).await.expect(201);
        ann.post(TOKEN, json!({"tenantId": "second"})).await.expect(200);
        world.clock.advance_seconds(2);
        vendor.in_tenant("second").post(REVOKE, json!({"userId": ann.id})).await.expect(200);
        world.clock.advance_seconds(2);
        ann.post(TOKEN, json!({"tenantId": "second"})).await.expect(401);
        ann.post(TOKEN, json!({"tenantId": "acme"})).await.expect(200);
        ann.post(at::REFRESH, json!({"tenantId": "second"})).await.expect(401);
        let anew = world.log_in("ann@example.com").await;
        anew.post(TOKEN, json!({"tenantId": "second"})).await.expect(200);
    }
}
