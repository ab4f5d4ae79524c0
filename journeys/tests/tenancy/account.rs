//! What a tenant's own people see and edit of it, and bringing tenants in.

use journeys::{World, at, both_engines, snapshot};
use serde_json::{Value, json};

const OLD: &str = "/tenants/resources/tenants/account-settings/v1";
const MIGRATIONS: &str = "/tenants/resources/migrations/v1/tenants";

both_engines! {
    async fn an_account_is_read_by_its_people_and_edited_by_those_who_may(world: World) {
        let admin = world.admin("admin@example.com").await;
        let user = world.user("user@example.com").await;
        let vendor = world.vendor().await;
        vendor.put(&format!("{}/acme", at::TENANTS), json!({"applicationUrl": "https://app.test", "alias": "acme-login"})).await.expect(200);
        for path in [at::ACCOUNT, OLD] {
            let seen = user.get(path).await.expect(200);
            assert_eq!((seen.text_at("/tenantId"), seen.text_at("/name"), seen.text_at("/companyName")), ("acme".into(), "acme".into(), "acme".into()));
            assert_eq!(seen.text_at("/applicationUrl"), "https://app.test");
            assert_eq!(seen.at("/address"), Value::Null);
            user.put(path, json!({"address": "x"})).await.expect(403);
        }
        let sent = json!({"name": "Acme Inc.", "address": "Road 1", "website": "https://acme.test", "timezone": "Europe/Berlin", "dateFormat": "d", "timeFormat": "t", "currency": "EUR", "logoUrl": "https://acme.test/l.png", "applicationUrl": "https://evil.test", "id": "x"});
        let changed = admin.put(at::ACCOUNT, sent).await.expect(200);
        assert_eq!(changed.json(), vendor.in_tenant("acme").get(OLD).await.expect(200).json());
        for (member, value) in [("/name", "Acme Inc."), ("/companyName", "Acme Inc."), ("/address", "Road 1"), ("/currency", "EUR"), ("/logoUrl", "https://acme.test/l.png"), ("/applicationUrl", "https://app.test")] {
            assert_eq!(changed.text_at(member), value);
        }
        assert_eq!(vendor.in_tenant("acme").put(OLD, json!({"companyName": "Acme", "address": null})).await.expect(200).at("/address"), Value::Null);
        assert_eq!(vendor.get(&format!("{}/acme", at::TENANTS_V2)).await.expect(200).text_at("/name"), "Acme");
    }

    async fn wrong_account_settings_are_refused_and_change_nothing(world: World) {
        let admin = world.admin("admin@example.com").await;
        let vendor = world.vendor().await;
        world.settle().await;
        let before = snapshot(&vendor).await;
        for body in [json!({}), json!({"unknown": 1}), json!({"name": ""}), json!({"name": 5}), json!({"currency": "x".repeat(256)}), json!([])] {
            for path in [at::ACCOUNT, OLD] {
                admin.put(path, body.clone()).await.expect(400);
            }
        }
        world.settle().await;
        assert_eq!(snapshot(&vendor).await, before);
    }

    async fn a_login_page_learns_what_it_shows(world: World) {
        let user = world.user("user@example.com").await;
        let vendor = world.vendor().await;
        vendor.put(&format!("{}/acme", at::TENANTS), json!({"applicationUrl": "https://app.test", "alias": "acme-login", "address": "hidden"})).await.expect(200);
        world.tenant_of(&world.away, "theirs").await;
        let path = format!("{}/public", at::ACCOUNT);
        let anyone = world.anyone();
        for caller in [anyone.with("frontegg-login-alias", "ACME-login"), anyone.in_tenant("acme"), vendor.in_tenant("acme"), user.client.clone()] {
            let seen = caller.get(&path).await.expect(200);
            assert_eq!((seen.text_at("/tenantId"), seen.text_at("/applicationUrl")), ("acme".into(), "https://app.test".into()));
            assert!(!seen.text().contains("hidden"), "{}", seen.text());
        }
        anyone.get(&path).await.refuses(403, "Tenant ID is not specified");
        for caller in [anyone.with("frontegg-login-alias", "nobody"), anyone.in_tenant("nobody"), anyone.in_tenant("theirs")] {
            caller.get(&path).await.refuses(404, "Tenant not found");
        }
    }

    async fn tenants_are_brought_in_and_each_failure_is_told(world: World) {
        let vendor = world.vendor().await;
        world.tenant("there").await;
        let mut ids: Vec<String> = (0..120).map(|number| format!("t{number}")).collect();
        ids.extend(["there".to_owned(), " blank".to_owned(), "t1".to_owned()]);
        let taken = vendor.post(MIGRATIONS, json!({"tenants": ids})).await.expect(202);
        let status = format!("{MIGRATIONS}/status/{}", taken.text_at("/migrationId"));
        let begun = vendor.get(&status).await.expect(200);
        assert_eq!((begun.text_at("/state"), begun.at("/total"), begun.at("/migrated")), ("NotStarted".into(), json!(122), json!(0)));
        world.settle().await;
        let ended = vendor.get(&status).await.expect(200);
        assert_eq!(ended.text_at("/state"), "CompletedWithErrors");
        assert_eq!((ended.at("/migrated"), ended.at("/failed")), (json!(120), json!(2)));
        assert_eq!(ended.at("/errors"), json!([
            {"tenantId": "there", "error": "Tenant already exists"},
            {"tenantId": " blank", "error": "tenantId must not begin or end with blanks nor contain control characters"},
        ]));
        assert_eq!(vendor.get(&format!("{}/t119", at::TENANTS_V2)).await.expect(200).text_at("/name"), "t119");
        let clean = vendor.post(MIGRATIONS, json!({"tenants": ["fresh"]})).await.expect(202).text_at("/migrationId");
        world.settle().await;
        assert_eq!(vendor.get(&format!("{MIGRATIONS}/status/{clean}")).await.expect(200).text_at("/state"), "Completed");
        world.vendor_of(&world.away).await.get(&status).await.refuses(404, "Migration not found");
        vendor.get(&format!("{MIGRATIONS}/status/nothing")).await.refuses(404, "Migration not found");
    }

    async fn wrong_orders_to_bring_tenants_in_are_refused(world: World) {
        let vendor = world.vendor().await;
        let many: Vec<String> = (0..1001).map(|number| number.to_string()).collect();
        for body in [json!({}), json!({"tenants": []}), json!({"tenants": "x"}), json!({"tenants": [5]}), json!({"tenants": [""]}), json!({"tenants": many})] {
            vendor.post(MIGRATIONS, body).await.expect(400);
        }
    }
}
