//! One person's way through the house, from the first form to the last door, by mail as it arrives.

use std::sync::Arc;

use journeys::{Client, Engine, Other, World, at, claims};
use outbound::{Mailbox, Outbound, Smtp, Ways};
use serde_json::{Value, json};

use super::activation::{ACTIVATE, WITH_CODE};
use super::signup::{SIGN_UP, by_code};

const EMAIL: &str = "ada@engines.test";
const FIRST: &str = "First-horse-1-battery";
const SECOND: &str = "Second-horse-2-battery";
const THIRD: &str = "Third-horse-3-battery";

/// Where mail arrives.
enum Postbox<'a> {
    Inbox,
    /// A mail server of its own, over a socket.
    Server(&'a Other),
}

impl Postbox<'_> {
    /// The texts of all mails to the person, newest first.
    async fn mails(&self, world: &World) -> Vec<String> {
        match self {
            Self::Inbox => {
                let letters = world.letters(EMAIL).await;
                letters
                    .into_iter()
                    .map(|letter| letter.text + "\n" + &letter.links.join("\n"))
                    .collect()
            }
            Self::Server(server) => {
                world.settle().await;
                let mut mails: Vec<String> = server
                    .kept()
                    .into_iter()
                    .filter(|mail| mail.contains(&format!("To: {EMAIL}")))
                    .map(|mail| mail.replace("=\r\n", "").replace("=3D", "="))
                    .collect();
                mails.reverse();
                mails
            }
        }
    }

    /// What the newest link to a page carries, by name.
    async fn link(&self, world: &World, page: &str, name: &str) -> String {
        let start = format!("https://login.home.test/oauth{page}?");
        let mails = self.mails(world).await;
        let mail = mails.iter().find(|mail| mail.contains(&start));
        let mail = mail.unwrap_or_else(|| panic!("no link to {page} in {mails:?}"));
        let query = mail.split_once(&start).unwrap().1;
        let query = query
            .split(|c: char| c.is_whitespace() || "\"'<>)".contains(c))
            .next()
            .unwrap();
        let query = query.replace("&amp;", "&");
        let pair = query
            .split('&')
            .find_map(|pair| pair.strip_prefix(&format!("{name}=")));
        pair.unwrap_or_else(|| panic!("no {name} in {query}")).to_owned()
    }
}

async fn login(world: &World, password: &str) -> journeys::Answer {
    let body = json!({"email": EMAIL, "password": password, "recaptchaToken": "", "invitationToken": ""});
    world.anyone().post(at::LOGIN, body).await
}

/// A client that has just been signed in by this answer.
fn inside(client: &Client, answer: &journeys::Answer) -> Client {
    client.bearing(&answer.text_at("/accessToken"))
}

async fn walk(world: &World, post: Postbox<'_>, code: bool) {
    if code {
        by_code(world).await;
    }
    // She signs up, and cannot sign in yet.
    let form = json!({"email": EMAIL, "name": "Ada", "companyName": "Engines", "recaptchaToken": ""});
    let answer = world.anyone().post(SIGN_UP, form).await.expect(201);
    let user = answer.text_at("/userId");
    login(world, FIRST)
        .await
        .refuses(401, "Incorrect email or password");

    // The mail brings her to a page that asks for a password.
    let page = if code {
        "/account/activate/code"
    } else {
        "/account/activate"
    };
    assert_eq!(post.link(world, page, "userId").await, user);
    let token = post.link(world, page, "token").await;
    let needs = format!("/identity/resources/users/v1/activate/strategy?userId={user}&token={token}");
    assert_eq!(
        world.anyone().get(&needs).await.expect(200).json(),
        json!({"shouldSetPassword": true})
    );
    let browser = world.anyone();
    let mut body = json!({"userId": user, "token": token, "password": FIRST});
    let activated = if code {
        let mails = post.mails(world).await;
        let digits = mails[0]
            .split(|c: char| !c.is_ascii_digit())
            .find(|run| run.len() == 6)
            .unwrap()
            .to_owned();
        body["code"] = json!(digits);
        browser.post(WITH_CODE, body).await.expect(200)
    } else {
        browser.post(ACTIVATE, body).await.expect(200)
    };
    let said = claims(&activated.text_at("/accessToken"));
    assert_eq!(
        (&said["sub"], &said["tenantId"]),
        (&json!(user), &answer.at("/tenantId"))
    );
    let ada = inside(&browser, &activated);
    assert_eq!(ada.get(at::ME).await.expect(200).at("/verified"), json!(true));

    // She leaves, and comes back with her password.
    ada.post(at::LOGOUT, Value::Null).await.expect(201);
    browser.post(at::REFRESH, json!({})).await.expect(401);
    let entered = login(world, FIRST).await.expect(200);
    let ada = inside(&world.anyone(), &entered);

    // She takes another one.
    let change = json!({"password": FIRST, "newPassword": SECOND});
    ada.post("/identity/resources/users/v1/passwords/change", change)
        .await
        .expect(201);
    login(world, FIRST).await.expect(401);
    let phone = world.anyone();
    let second = json!({"email": EMAIL, "password": SECOND});
    phone.post(at::LOGIN, second).await.expect(200);

    // She forgets it.
    world
        .anyone()
        .post(
            "/identity/resources/users/v1/passwords/reset",
            json!({"email": EMAIL}),
        )
        .await
        .expect(201);
    let reset = post.link(world, "/account/reset-password", "token").await;
    let new = json!({"userId": user, "token": reset, "password": THIRD});
    world
        .anyone()
        .post("/identity/resources/users/v1/passwords/reset/verify", new)
        .await
        .expect(201);
    phone.post(at::REFRESH, json!({})).await.expect(401);
    login(world, SECOND).await.expect(401);
    login(world, THIRD).await.expect(200);

    // Somebody guesses until she is locked out.
    let policy = json!({"enabled": true, "maxAttempts": 3, "action": "lock"});
    let vendor = world.vendor().await;
    vendor
        .post("/identity/resources/configurations/v1/lockout-policy", policy)
        .await
        .expect(201);
    for _ in 0..3 {
        login(world, "Guess-horse-1-battery")
            .await
            .refuses(401, "Incorrect email or password");
    }
    login(world, THIRD).await.refuses(423, "Your account is locked");

    // A mail lets her in again.
    let unlock = post.link(world, "/account/unlock", "token").await;
    world
        .anyone()
        .post("/identity/resources/users/v3/me/unlock", json!({"token": unlock}))
        .await
        .expect(200);
    let browser = world.anyone();
    let third = json!({"email": EMAIL, "password": THIRD});
    let entered = browser.post(at::LOGIN, third).await.expect(200);
    let ada = inside(&browser, &entered);
    ada.get(at::ME).await.expect(200);

    // And out.
    ada.post(at::LOGOUT, Value::Null).await.expect(201);
    browser.post(at::REFRESH, json!({})).await.expect(401);
    world.settle().await;
    let records = vendor
        .get("/audits/resources/audits/v2?count=100&offset=0")
        .await
        .expect(200);
    for action in [
        "User signed up",
        "User activated",
        "User logged in",
        "Password changed",
        "Password reset",
        "User logged out",
    ] {
        assert!(records.pluck("action").contains(&action.to_owned()), "{action}");
    }
    let text = records.text();
    assert!(
        [FIRST, SECOND, THIRD, &token, &reset, &unlock]
            .iter()
            .all(|secret| !text.contains(*secret))
    );
}

async fn by_inbox(engine: Engine, code: bool) {
    let world = World::on(engine).await;
    walk(&world, Postbox::Inbox, code).await;
    world.end().await;
}

#[tokio::test]
async fn from_sign_up_to_logout_sqlite() {
    by_inbox(Engine::Sqlite, false).await;
}

#[tokio::test]
async fn from_sign_up_to_logout_postgres() {
    by_inbox(Engine::Postgres, false).await;
}

#[tokio::test]
async fn from_sign_up_to_logout_with_codes_sqlite() {
    by_inbox(Engine::Sqlite, true).await;
}

#[tokio::test]
async fn from_sign_up_to_logout_with_codes_postgres() {
    by_inbox(Engine::Postgres, true).await;
}

#[tokio::test]
async fn from_sign_up_to_logout_over_real_mail_sqlite() {
    let server = Other::smtp("550").await;
    let url = format!("smtp://me:secret@127.0.0.1:{}?tls=none", server.port);
    let smtp = Smtp::at(&url).unwrap();
    let world = World::sending(Engine::Sqlite, |_| {
        Outbound::new(Ways {
            mail: Some(Arc::new(smtp)),
            from: Some(Mailbox::new("", "no-reply@home.test").unwrap()),
            ..Ways::default()
        })
    })
    .await;
    walk(&world, Postbox::Server(&server), false).await;
    world.end().await;
}
