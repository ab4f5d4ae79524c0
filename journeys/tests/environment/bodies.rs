//! Bad input of every kind, on one route of each room: a clear 4xx, and nothing changed.

use journeys::{Client, Payload, World, at, both_engines, snapshot};
use serde_json::json;

/// Routes that take bodies, with a right one.
fn routes() -> Vec<(&'static str, &'static str, serde_json::Value)> {
    vec![
        ("POST", at::CONFIGURATION, json!({"defaultTokenExpiration": 60})),
        ("POST", at::TENANTS, json!({"tenantId": "new", "name": "New"})),
        (
            "POST",
            at::ROLES,
            json!([{"key": "new", "name": "New", "level": 1}]),
        ),
        ("POST", at::CATEGORIES, json!({"name": "New"})),
        (
            "POST",
            at::VENDOR_USERS,
            json!({"email": "new@example.com", "tenantId": "acme"}),
        ),
        ("POST", at::AUDITS, json!({"severity": "Info"})),
    ]
}

async fn all_refuse(vendor: &Client, body: &[u8], status: u16) {
    let before = snapshot(vendor).await;
    for (method, path, _) in routes() {
        let answer = vendor
            .send(method, path, Payload::Raw("application/json", body.to_vec()))
            .await;
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text());
    }
    assert_eq!(snapshot(vendor).await, before);
}

both_engines! {
    async fn text_that_is_not_json_is_refused(world: World) {
        world.tenant("acme").await;
        let vendor = world.vendor().await.in_tenant("acme");
        for body in ["{", "{\"a\":}", "nonsense", "{} {}", "[1,", "\"open", "{\"a\":1,}", "\u{feff}{}"] {
            all_refuse(&vendor, body.as_bytes(), 400).await;
        }
        let answer = vendor.send("POST", at::TENANTS, Payload::Raw("application/json", b"{".to_vec())).await;
        answer.refuses(400, "Invalid JSON provided");
    }

    async fn bytes_that_are_not_utf_8_are_refused(world: World) {
        world.tenant("acme").await;
        let vendor = world.vendor().await.in_tenant("acme");
        all_refuse(&vendor, b"{\"name\":\"\xff\xfe\",\"email\":\"\xc3\x28\",\"key\":\"\xff\"}", 400).await;
    }

    async fn the_character_zero_is_refused_by_both_engines(world: World) {
        world.tenant("acme").await;
        let vendor = world.vendor().await.in_tenant("acme");
        all_refuse(&vendor, br#"{"name":"a\u0000b"}"#, 400).await;
        all_refuse(&vendor, br#"[{"key":"a\u0000b","name":"n","level":1}]"#, 400).await;
    }

    async fn ten_megabytes_are_too_much(world: World) {
        world.tenant("acme").await;
        let vendor = world.vendor().await.in_tenant("acme");
        let body = format!("{{\"name\":\"{}\"}}", "x".repeat(10_000_000));
        all_refuse(&vendor, body.as_bytes(), 413).await;
    }

    async fn nesting_without_end_is_refused(world: World) {
        world.tenant("acme").await;
        let vendor = world.vendor().await.in_tenant("acme");
        all_refuse(&vendor, "[".repeat(60_000).as_bytes(), 400).await;
    }

    async fn a_field_given_twice_is_refused(world: World) {
        world.tenant("acme").await;
        let vendor = world.vendor().await;
        let before = snapshot(&vendor).await;
        for (path, body) in [
            (at::TENANTS, r#"{"tenantId":"new","name":"A","name":"B"}"#),
            (at::ROLES, r#"[{"key":"new","key":"newer","name":"N","level":1}]"#),
            (at::VENDOR_USERS, r#"{"email":"a@example.com","email":"b@example.com","tenantId":"acme"}"#),
            (at::CONFIGURATION, r#"{"defaultTokenExpiration":60,"defaultTokenExpiration":61}"#),
        ] {
            let answer = vendor.send("POST", path, Payload::Raw("application/json", body.as_bytes().to_vec())).await;
            assert_eq!(answer.status, 400, "{path}: {}", answer.text());
        }
        assert_eq!(snapshot(&vendor).await, before);
    }

    async fn the_wrong_type_of_body_is_named(world: World) {
        world.tenant("acme").await;
        let vendor = world.vendor().await;
        vendor.post(at::ROLES, json!({"key": "x", "name": "X", "level": 0})).await.refuses(400, "Expected body to be an array");
        vendor.post(at::PERMISSIONS, json!({"key": "x", "name": "X"})).await.refuses(400, "Expected body to be an array");
        for body in [json!([]), json!("x"), json!(5), json!(null)] {
            let status = vendor.post(at::TENANTS, body.clone()).await.status;
            assert_eq!(status, 400, "{body}");
        }
    }

    async fn a_right_body_passes_everywhere(world: World) {
        // What the other tests of this file send differs from these bodies in one thing only.
        world.tenant("acme").await;
        let vendor = world.vendor().await.in_tenant("acme");
        for (method, path, body) in routes() {
            let answer = vendor.send(method, path, body.into()).await;
            assert!(answer.status < 300, "{method} {path}: {} {}", answer.status, answer.text());
        }
    }
}
