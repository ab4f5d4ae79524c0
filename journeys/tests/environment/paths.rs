//! Path and header rules that published clients rely on.

use journeys::{Payload, World, at, both_engines};
use serde_json::json;

both_engines! {
    async fn slashes_are_forgiven_and_never_redirected(world: World) {
        let login = json!({"clientId": world.home.id, "secret": world.home.secret});
        for path in ["/auth/vendor", "/auth/vendor/", "//auth//vendor", "/frontegg/auth/vendor", "/frontegg//auth/vendor/"] {
            world.anyone().post(path, login.clone()).await.expect(200);
        }
        let vendor = world.vendor().await;
        for path in ["/identity/resources/configurations/v1/", "/frontegg/identity/resources/roles/v1", "/identity//resources/roles/v1/"] {
            vendor.get(path).await.expect(200);
        }
        vendor.get("/frontegg/frontegg/identity/resources/roles/v1").await.expect(404);
    }

    async fn what_is_not_there_is_said_in_json(world: World) {
        for path in ["/", "/nowhere", "/identity/resources/roles/v9", "/frontegg", "/..%2f..%2fetc/passwd", "/%00", "/%ff"] {
            let answer = world.anyone().get(path).await.expect(404);
            assert_eq!(answer.at("/errorCode"), json!("ER-00004"), "{path}");
            assert!(answer.header("content-type").unwrap_or_default().starts_with("application/json"));
        }
    }

    async fn a_method_that_is_not_there_is_said_in_json(world: World) {
        let vendor = world.vendor().await;
        for (method, path) in [("GET", at::VENDOR), ("DELETE", at::ROLES), ("PATCH", at::JWKS), ("BREW", at::ROLES)] {
            vendor.send(method, path, Payload::None).await.expect(405);
        }
    }

    async fn empty_context_headers_count_as_absent(world: World) {
        let vendor = world.vendor().await;
        for name in [
            "frontegg-tenant-id",
            "frontegg-user-id",
            "frontegg-vendor-host",
            "frontegg-vendor-id",
            "frontegg-environment-id",
            "frontegg-requested-application-id",
            "frontegg-application-id",
        ] {
            vendor.with(name, "").get(at::ROLES).await.expect(200);
        }
    }

    async fn headers_that_only_inform_upset_nothing(world: World) {
        let vendor = world.vendor().await;
        for (name, value) in [
            ("x-frontegg-framework", "next@14"),
            ("x-frontegg-sdk", "@frontegg/react@7"),
            ("x-frontegg-middleware", "true"),
            ("frontegg-login-alias", "acme"),
            ("timeout", "3"),
        ] {
            vendor.with(name, value).get(at::ROLES).await.expect(200);
        }
    }

    async fn every_answer_has_its_own_trace_id(world: World) {
        let one = world.anyone().get(at::JWKS).await;
        let two = world.anyone().get(at::JWKS).await;
        assert_ne!(one.header("frontegg-trace-id"), two.header("frontegg-trace-id"));
        assert_eq!(one.header("x-content-type-options"), Some("nosniff"));
    }

    async fn unknown_parameters_are_ignored(world: World) {
        world.vendor().await.get("/identity/resources/roles/v1?unheard=of&_limit=&x[]=1").await.expect(200);
    }

    async fn an_escape_that_is_no_text_is_a_fault_of_the_caller(world: World) {
        let vendor = world.vendor().await;
        for query in ["_email=%ff%fe", "_email=a%00b", "_limit=%zz"] {
            let status = vendor.get(&format!("{}?{query}", at::USERS_V3)).await.status;
            assert_eq!(status, 400, "{query}");
        }
    }
}
