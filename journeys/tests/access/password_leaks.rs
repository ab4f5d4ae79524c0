use std::io::Write;
use std::path::Path;

use journeys::{Engine, Other, PASSWORD, World, at};
use outbound::{Endpoints, Http, LeakLists, Outbound, Ways};
use serde_json::json;

const POLICY: &str = "/identity/resources/configurations/v1/password";
const CHANGE: &str = "/identity/resources/users/v1/passwords/change";
const LEAKED: &str = "Leaked-horse-7";

fn digest(password: &str) -> String {
    crypto::leak_digest(&kit::Secret::new(password.to_owned()))
}

async fn world(engine: Engine, range: Option<&str>, file: Option<&Path>) -> World {
    let leaks = LeakLists::new(range, Http::new(true), file).unwrap();
    World::sending(engine, |inbox| {
        Outbound::new(Ways {
            inbox: Some(inbox),
            leaks,
            endpoints: Endpoints::nowhere(),
            ..Ways::default()
        })
    })
    .await
}

async fn a_leaked_password_is_told_and_can_be_forbidden(world: &World) {
    let vendor = world.vendor().await;
    let ann = world.user("ann@example.com").await;
    assert!(world.letters("ann@example.com").await.is_empty());
    let enter = async |password: &str| {
        let body = json!({"email": "ann@example.com", "password": password});
        world.anyone().post(at::LOGIN, body).await.expect(200).json()
    };
    assert!(enter(PASSWORD).await.get("isBreachedPassword").is_none());
    ann.post(CHANGE, json!({"password": PASSWORD, "newPassword": LEAKED}))
        .await
        .expect(201);
    for _ in 0..2 {
        let told = enter(LEAKED).await;
        assert_eq!(told["isBreachedPassword"], json!(true));
        assert!(
            told["accessToken"].is_string(),
            "it is told, and keeps nobody out"
        );
    }
    let letters = world.letters("ann@example.com").await;
    assert_eq!(letters.len(), 1, "told once");
    assert!(letters[0].text.contains("42 times"), "{}", letters[0].text);
    assert!(letters[0].links[0].starts_with(&format!(
        "{}/oauth/account/reset-password?userId={}&token=",
        world.home.public_url, ann.id
    )));
    vendor
        .post(POLICY, json!({"blockPwnedPasswords": true}))
        .await
        .expect(201);
    let refusal = "This password is known from a data breach. Choose another one.";
    ann.post(CHANGE, json!({"password": LEAKED, "newPassword": LEAKED}))
        .await
        .refuses(400, refusal);
    let new = json!({"email": "ben@example.com", "password": LEAKED, "tenantId": "acme"});
    vendor.post(at::VENDOR_USERS, new).await.refuses(400, refusal);
    ann.post(
        CHANGE,
        json!({"password": LEAKED, "newPassword": "Unheard-of-horse-3"}),
    )
    .await
    .expect(201);
    assert!(
        enter("Unheard-of-horse-3")
            .await
            .get("isBreachedPassword")
            .is_none()
    );
}

#[tokio::test]
async fn a_file_of_leaked_passwords_is_asked() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("leaks.txt");
        let mut lines: Vec<String> = (0..500)
            .map(|number| format!("{}:{number}", digest(&format!("other-{number}"))))
            .collect();
        lines.push(format!("{}:42", digest(LEAKED)));
        lines.sort();
        std::fs::File::create(&path)
            .unwrap()
            .write_all(lines.join("\r\n").as_bytes())
            .unwrap();
        let world = world(engine, None, Some(&path)).await;
        a_leaked_password_is_told_and_can_be_forbidden(&world).await;
        world.end().await;
    }
}

#[tokio::test]
async fn a_range_service_gets_five_digits_and_nothing_more() {
    let digest = digest(LEAKED);
    let (range, ending) = digest.split_at(5);
    let body: &'static str =
        format!("0018A45C4D1DEF81644B54AB7F969B88D65:3\r\n{ending}:42\r\nFFFF:0\r\n").leak();
    let service = Other::http(200, body).await;
    let url = format!("http://127.0.0.1:{}/range", service.port);
    let world = world(Engine::Sqlite, Some(&url), None).await;
    a_leaked_password_is_told_and_can_be_forbidden(&world).await;
    let asked = service.kept().join("\n");
    assert!(asked.contains(&format!("GET /range/{range} ")), "{asked}");
    assert!(!asked.contains(ending) && !asked.contains("Leaked"), "{asked}");
    world.end().await;
}

#[tokio::test]
async fn a_look_up_that_fails_keeps_nobody_out() {
    let service = Other::http(500, "").await;
    let failing = format!("http://127.0.0.1:{}/range", service.port);
    // Port 9 takes no calls.
    for url in [failing.as_str(), "http://127.0.0.1:9/range"] {
        let world = world(Engine::Sqlite, Some(url), None).await;
        let vendor = world.vendor().await;
        vendor
            .post(POLICY, json!({"blockPwnedPasswords": true}))
            .await
            .expect(201);
        let ann = world.user("ann@example.com").await;
        ann.post(CHANGE, json!({"password": PASSWORD, "newPassword": LEAKED}))
            .await
            .expect(201);
        let body = json!({"email": "ann@example.com", "password": LEAKED});
        let answer = world.anyone().post(at::LOGIN, body).await.expect(200).json();
        assert!(answer.get("isBreachedPassword").is_none());
        world.end().await;
    }
}
