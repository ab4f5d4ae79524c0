use journeys::{PASSWORD, World, at, both_engines};
use serde_json::json;

/// Only the first dash of the client id falls away.
fn name(id: &str) -> String {
    format!("fe_refresh_{}", id.replacen('-', "", 1))
}

both_engines! {
    async fn the_refresh_cookie_has_its_name_and_attributes(world: World) {
        world.user("ann@example.com").await;
        let answer = world.anyone().post(at::LOGIN, json!({"email": "ann@example.com", "password": PASSWORD})).await.expect(200);
        let line = answer.cookie(&name(world.home.id));
        let attributes: Vec<&str> = line.split("; ").skip(1).collect();
        for expected in ["Path=/", "HttpOnly", "Secure", "SameSite=None"] {
            assert!(attributes.contains(&expected), "{expected} in {line}");
        }
        assert!(!line.contains("Domain="), "{line}");
        assert!(
            line.contains("Max-Age=2592000") || line.contains("Expires=Sat, 08 Nov 2025 08:53:20 GMT"),
            "{line}"
        );
        assert!(line.starts_with(&format!("{}={}", name(world.home.id), answer.text_at("/refreshToken"))));
    }

    async fn the_owner_chooses_same_site(world: World) {
        world.user("ann@example.com").await;
        let vendor = world.vendor().await;
        for (setting, attribute) in [("STRICT", "SameSite=Strict"), ("LAX", "SameSite=Lax"), ("NONE", "SameSite=None")] {
            vendor.post(at::CONFIGURATION, json!({"cookieSameSite": setting})).await.expect(201);
            let answer = world.anyone().post(at::LOGIN, json!({"email": "ann@example.com", "password": PASSWORD})).await.expect(200);
            assert!(answer.cookie(&name(world.home.id)).contains(attribute));
        }
    }

    async fn all_spellings_are_read_and_other_cookies_ignored(world: World) {
        let ann = world.user("ann@example.com").await;
        let id = world.home.id;
        let mut value = ann.cookie(&name(id)).unwrap();
        for spelling in [name(id), format!("fe_refresh_{id}"), format!("fe_refresh_{}", id.replace('-', ""))] {
            let browser = world.anyone();
            let header = format!("fe_session-{}=junk;{spelling}={value};other=\"x\"", id.replace('-', ""));
            let answer = browser.with("cookie", &header).post(at::REFRESH, json!({})).await.expect(200);
            value = answer.text_at("/refreshToken");
        }
    }
}
