//! Audit records: sent by applications and written by every change.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "in a test a failed unwrap is how it speaks"
)]

use journeys::{World, at, both_engines};
use serde_json::{Value, json};

fn page(query: &str) -> String {
    format!("{}?{query}", at::AUDITS_V2)
}

async fn sent(world: &World) -> journeys::Client {
    world.tenant("acme").await;
    world.tenant("rival").await;
    let vendor = world.vendor().await;
    for (number, severity) in ["Info", "Medium", "High", "Critical", "Error"]
        .into_iter()
        .enumerate()
    {
        let record = json!({"severity": severity, "action": format!("did {number}"), "description": "Ünï \u{1F980}", "email": "ann@example.com", "ip": "192.0.2.1", "custom": {"deep": [number]}});
        vendor
            .in_tenant("acme")
            .post(at::AUDITS, record)
            .await
            .expect(202);
        world.clock.advance_seconds(1);
    }
    vendor
        .in_tenant("rival")
        .post(at::AUDITS, json!({"severity": "Info", "action": "theirs"}))
        .await
        .expect(202);
    world.settle().await;
    vendor
}

both_engines! {
    async fn a_record_is_answered_with_json_and_read_back_whole(world: World) {
        let vendor = sent(world).await;
        let sent = vendor.in_tenant("acme").post(at::AUDITS, json!({"severity": "Info", "action": "once more"})).await.expect(202);
        assert!(sent.json().is_object() || sent.json().is_array());
        let found = vendor.get("/audits?tenantId=acme&offset=0&count=50").await.expect(200);
        let rows = found.rows();
        let row = rows.iter().find(|row| row["action"] == "did 2").unwrap();
        assert_eq!(row["severity"], "High");
        assert_eq!(row["description"], "Ünï \u{1F980}");
        assert_eq!(row["tenantId"], "acme");
        assert_eq!(row["vendorId"], world.home.id);
        assert_eq!(row["custom"], json!({"deep": [2]}));
        assert!(row["frontegg_id"].is_string() && row["createdAt"].is_string());
        assert!(found.at("/total").is_number());
    }

    async fn severities_are_a_closed_list(world: World) {
        let vendor = sent(world).await;
        for body in [json!({}), json!({"severity": "Loud"}), json!({"severity": 5}), json!([]), json!({"severity": "Info", "action": "x".repeat(900_000)})] {
            let status = vendor.in_tenant("acme").post(at::AUDITS, body).await.status;
            assert!([400, 413].contains(&status), "{status}");
        }
        vendor.post(at::AUDITS, json!({"severity": "Info"})).await.refuses(403, "Tenant ID is not specified");
    }

    async fn a_record_cannot_pretend_to_be_of_somebody_else(world: World) {
        let vendor = sent(world).await;
        let forged = json!({"severity": "Info", "action": "forged", "tenantId": "rival", "vendorId": world.away.id, "frontegg_id": "mine", "createdAt": "1999-01-01T00:00:00.000Z"});
        vendor.in_tenant("acme").post(at::AUDITS, forged).await.expect(202);
        world.settle().await;
        let rows = vendor.get(&page("count=200&offset=0&tenant_ids=acme")).await.expect(200).rows();
        let row = rows.iter().find(|row| row["action"] == "forged").unwrap();
        assert_eq!(row["tenantId"], "acme");
        assert_eq!(row["vendorId"], world.home.id);
        assert_ne!(row["frontegg_id"], "mine");
    }

    async fn tenants_and_environments_see_their_own(world: World) {
        let vendor = sent(world).await;
        let theirs = vendor.in_tenant("rival").get(&page("count=200&offset=0")).await.expect(200);
        assert!(theirs.rows().iter().all(|row| row["tenantId"] == "rival"), "{}", theirs.text());
        assert!(theirs.pluck("action").contains(&"theirs".to_owned()));
        let away = world.vendor_of(&world.away).await.get(&page("count=200&offset=0")).await.expect(200);
        assert!(!away.pluck("action").contains(&"theirs".to_owned()));
        let admin = world.admin("ann@example.com").await;
        let own = admin.get(&page("count=200&offset=0&tenant_ids=rival")).await;
        assert!(own.status == 403 || own.rows().iter().all(|row| row["tenantId"] == "acme"), "{}", own.text());
        world.user("bob@example.com").await.get(&page("count=10&offset=0")).await.expect(403);
    }

    async fn pages_are_items_and_bounds_are_kept(world: World) {
        let vendor = sent(world).await.in_tenant("acme");
        let all = vendor.get(&page("count=200&offset=0&sortBy=createdAt&sortDirection=asc")).await.expect(200);
        let ids = all.pluck("frontegg_id");
        let mut paged = Vec::new();
        for offset in (0..ids.len()).step_by(2) {
            paged.extend(vendor.get(&page(&format!("count=2&offset={offset}&sortBy=createdAt&sortDirection=asc"))).await.expect(200).pluck("frontegg_id"));
        }
        assert_eq!(paged, ids);
        assert_eq!(all.at("/total"), json!(ids.len()));
        let mut down = vendor.get(&page("count=200&offset=0&sortBy=createdAt&sortDirection=desc")).await.expect(200).pluck("frontegg_id");
        down.reverse();
        assert_eq!(down, ids);
        for query in ["count=0&offset=0", "count=201&offset=0", "count=x&offset=0", "count=10&offset=-1", "count=10&offset=0&sortBy=a;b", "count=10&offset=0&sortDirection=up"] {
            let answer = vendor.get(&page(query)).await;
            assert_eq!(answer.status, 400, "{query}: {}", answer.text());
        }
    }

    async fn records_are_chosen_by_time_and_person(world: World) {
        let vendor = sent(world).await.in_tenant("acme");
        let from = "2025-10-09T08:53:22.000Z";
        let found = vendor.get(&page(&format!("count=200&offset=0&created_from={from}"))).await.expect(200);
        assert!(!found.rows().is_empty());
        assert!(found.rows().iter().all(|row| row["createdAt"].as_str().unwrap() >= from));
        let mine = vendor.get(&page("count=200&offset=0&email=ann@example.com")).await.expect(200);
        assert!(mine.rows().len() >= 5 && mine.rows().iter().all(|row| row["email"] == "ann@example.com"));
        assert!(vendor.get(&page("count=200&offset=0&email=%25")).await.expect(200).rows().is_empty());
        vendor.get(&page("count=10&offset=0&created_from=yesterday")).await.expect(400);
    }

    async fn figures_count_today_and_this_week(world: World) {
        let vendor = sent(world).await;
        for path in ["/audits/stats?tenantId=acme", "/audits//stats?tenantId=acme"] {
            let found = vendor.in_tenant("acme").get(path).await.expect(200);
            assert!(found.at("/severeThisWeek").as_i64().unwrap() >= 2, "{}", found.text());
            assert!(found.at("/totalToday").as_i64().unwrap() >= 5, "{}", found.text());
        }
        world.clock.advance_seconds(2 * 86_400);
        let vendor = world.vendor().await;
        let later = vendor.in_tenant("acme").get("/audits/stats?tenantId=acme").await.expect(200);
        assert_eq!(later.at("/totalToday"), json!(0));
    }

    async fn an_export_is_a_table_that_runs_no_formulas(world: World) {
        let vendor = sent(world).await.in_tenant("acme");
        vendor.post(at::AUDITS, json!({"severity": "Info", "action": "=HYPERLINK(\"x\")", "description": "a,b \"c\"\nd"})).await.expect(202);
        world.settle().await;
        let columns = json!({"properties": [{"displayName": "What", "name": "action"}, {"displayName": "Text", "name": "description"}, {"displayName": "None", "name": "unheardOf"}]});
        let answer = vendor.post("/audits/resources/audits/v2/export/csv?count=200&offset=0", columns.clone()).await.expect(200);
        assert!(answer.header("content-type").unwrap_or_default().starts_with("text/csv"), "{:?}", answer.header("content-type"));
        let text = answer.text();
        assert!(text.trim_start_matches('\u{feff}').starts_with("What,Text,None") || text.contains("\"What\""), "{text}");
        assert!(text.contains("\"a,b \"\"c\"\"\nd\""), "{text}");
        assert!(!text.contains("\n=HYPERLINK") && !text.contains("\n\"=HYPERLINK"), "a spreadsheet would run it: {text}");
        for old in ["/audits/export/csv?count=200&offset=0", "/audits/export/csv/v2?count=200&offset=0"] {
            vendor.post(old, columns.clone()).await.expect(201);
        }
        vendor.post("/audits/resources/audits/v2/export/csv?count=200&offset=0", json!({"properties": "x"})).await.expect(400);
    }

    async fn what_people_did_is_recorded_without_secrets(world: World) {
        let admin = world.admin("ann@example.com").await;
        admin.post(at::LOGOUT, json!({})).await.expect(201);
        world.settle().await;
        let vendor = world.vendor().await;
        let found = vendor.get(&page("count=200&offset=0")).await.expect(200);
        let text = found.text();
        assert!(!text.contains(journeys::PASSWORD) && !text.contains("argon2") && !text.contains(&admin.token()));
        let rows = found.rows();
        let login = rows.iter().find(|row| row["action"] == "User logged in").unwrap_or_else(|| panic!("{text}"));
        assert_eq!(login["email"], "ann@example.com");
        assert_eq!(login["tenantId"], "acme");
        assert_eq!(login["ip"], "192.0.2.7");
        assert_ne!(login["createdAt"], Value::Null);
    }
}
