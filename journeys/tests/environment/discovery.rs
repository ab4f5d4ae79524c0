use journeys::{World, at, both_engines, header};
use serde_json::json;

both_engines! {
    async fn the_signing_key_is_published_first_and_complete(world: World) {
        let keys = world.anyone().get(at::JWKS).await.expect(200).json();
        let first = &keys["keys"][0];
        assert_eq!(first["kty"], "RSA");
        assert_eq!(first["use"], "sig");
        assert_eq!(first["alg"], "RS256");
        assert_eq!(first["kid"], world.home.id[..8]);
        assert_eq!(first["e"], "AQAB");
        assert!(first["n"].as_str().unwrap().len() > 300);
        for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
            assert!(first[private].is_null(), "{private} is published");
        }
        let user = world.user("ann@example.com").await;
        assert_eq!(header(&user.token()), json!({"alg": "RS256", "typ": "JWT", "kid": first["kid"]}));
    }

    async fn every_environment_publishes_its_own_keys(world: World) {
        let home = world.anyone().get(at::JWKS).await.expect(200).json();
        let away = world.anyone_at(&world.away).get(at::JWKS).await.expect(200).json();
        assert_ne!(home["keys"][0]["n"], away["keys"][0]["n"]);
        assert_eq!(away["keys"][0]["kid"], world.away.id[..8]);
    }

    async fn discovery_names_the_issuer_byte_for_byte(world: World) {
        for path in [at::DISCOVERY, "/oauth/.well-known/openid-configuration"] {
            let found = world.anyone().get(path).await.expect(200).json();
            assert_eq!(found["issuer"], world.home.public_url);
            assert_eq!(found["jwks_uri"], format!("{}/.well-known/jwks.json", world.home.public_url));
        }
        let away = world.anyone_at(&world.away).get(at::DISCOVERY).await.expect(200).json();
        assert_eq!(away["issuer"], world.away.public_url);
    }

    async fn discovery_promises_only_what_is_there(world: World) {
        let found = world.anyone().get(at::DISCOVERY).await.expect(200).json();
        let templates: Vec<String> = world.table().iter().map(|entry| entry.path.clone()).collect();
        for (field, value) in found.as_object().unwrap() {
            let Some(path) = value.as_str().and_then(|text| text.strip_prefix(world.home.public_url)) else {
                continue;
            };
            if !path.is_empty() {
                assert!(templates.contains(&path.to_owned()), "{field} names {path}, which is not served");
            }
        }
    }
}
