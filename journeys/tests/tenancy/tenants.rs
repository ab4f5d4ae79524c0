use journeys::{World, at, both_engines, snapshot};
use serde_json::{Value, json};

fn one(id: &str) -> String {
    format!("{}/{id}", at::TENANTS)
}

fn one_v2(id: &str) -> String {
    format!("{}/{id}", at::TENANTS_V2)
}

both_engines! {
    async fn a_tenant_is_answered_as_clients_decode_it(world: World) {
        let vendor = world.vendor().await;
        let made = vendor.post(at::TENANTS, json!({"tenantId": "acme", "name": "Acme", "applicationUrl": "https://acme.test"})).await.expect(201).json();
        assert_eq!(made["tenantId"], "acme");
        assert_eq!(made["name"], "Acme");
        assert_eq!(made["vendorId"], world.home.id);
        assert_eq!(made["applicationUrl"], "https://acme.test");
        assert_eq!(made["isReseller"], json!(false));
        assert_eq!(made["metadata"], json!("{}"), "text that holds JSON");
        assert_eq!(made["createdAt"], "2025-10-09T08:53:20.000Z");
        assert_eq!(made["updatedAt"], "2025-10-09T08:53:20.000Z");
        assert!(made.as_object().unwrap().contains_key("deletedAt") && made["deletedAt"].is_null());
        assert!(journeys_is_uuid(&made["id"]));
        assert_eq!(vendor.get(&one("acme")).await.expect(200).json(), json!([made]), "version 1 answers a list of one");
        assert_eq!(vendor.get(&one_v2("acme")).await.expect(200).json(), made, "version 2 answers the object");
    }

    async fn a_name_is_made_when_none_is_given(world: World) {
        // Both are optional in the published contract.
        let made = world.vendor().await.post(at::TENANTS, json!({})).await.expect(201);
        assert_eq!(made.at("/name"), made.at("/tenantId"));
    }

    async fn an_id_is_made_when_none_is_given(world: World) {
        let vendor = world.vendor().await;
        let made = vendor.post(at::TENANTS, json!({"name": "Acme"})).await.expect(201);
        assert!(journeys_is_uuid(&made.at("/tenantId")));
        vendor.get(&one_v2(&made.text_at("/tenantId"))).await.expect(200);
    }

    async fn a_tenant_nobody_made_is_an_empty_list_or_missing(world: World) {
        let vendor = world.vendor().await;
        assert_eq!(vendor.get(&one("nobody")).await.expect(200).json(), json!([]));
        vendor.get(&one_v2("nobody")).await.expect(404);
        vendor.put(&one("nobody"), json!({"name": "X"})).await.expect(404);
        vendor.delete(&one("nobody")).await.expect(404);
        vendor.post(&format!("{}/metadata", one("nobody")), json!({"metadata": {"a": 1}})).await.expect(404);
    }

    async fn a_second_tenant_with_the_same_id_is_refused_in_known_words(world: World) {
        let vendor = world.vendor().await;
        vendor.post(at::TENANTS, json!({"tenantId": "acme", "name": "Acme"})).await.expect(201);
        let again = vendor.post(at::TENANTS, json!({"tenantId": "acme", "name": "Other"})).await;
        assert!((400..500).contains(&again.status));
        assert!(again.errors()[0].contains("Tenant already exists"), "{}", again.text());
        assert_eq!(vendor.get(&one_v2("acme")).await.expect(200).at("/name"), "Acme");
    }

    async fn a_put_changes_what_it_names_and_ignores_the_rest(world: World) {
        let vendor = world.vendor().await;
        let made = vendor.post(at::TENANTS, json!({"tenantId": "acme", "name": "Acme", "website": "https://acme.test"})).await.expect(201).json();
        world.clock.advance_seconds(5);
        let sent = json!({"name": "Acme 2", "tenantId": "else", "id": "", "vendorId": "x", "createdAt": "1999", "unheardOf": 1});
        let after = vendor.put(&one("acme"), sent).await.expect(200).json();
        let mut expected = made;
        expected["name"] = json!("Acme 2");
        expected["updatedAt"] = json!("2025-10-09T08:53:25.000Z");
        assert_eq!(after, expected);
        assert_eq!(vendor.get(&one_v2("acme")).await.expect(200).json(), expected);
        vendor.put(&one_v2("acme"), json!({"name": "Acme 3"})).await.expect(200);
        assert_eq!(vendor.get(&one_v2("acme")).await.expect(200).at("/name"), "Acme 3");
        assert_eq!(vendor.get(&one_v2("acme")).await.expect(200).at("/website"), "https://acme.test");
    }

    async fn a_deleted_tenant_is_gone_and_its_answer_is_empty(world: World) {
        let vendor = world.vendor().await;
        vendor.post(at::TENANTS, json!({"tenantId": "acme", "name": "Acme"})).await.expect(201);
        let answer = vendor.delete(&one("acme")).await.expect(200);
        assert!(answer.body.is_empty(), "clients read any body as an error: {}", answer.text());
        assert_eq!(vendor.get(&one("acme")).await.expect(200).json(), json!([]));
        vendor.get(&one_v2("acme")).await.expect(404);
        vendor.delete(&one("acme")).await.expect(404);
        let listed = vendor.get(at::TENANTS).await.expect(200);
        assert!(!listed.pluck("tenantId").contains(&"acme".to_owned()));
    }

    async fn a_deleted_id_can_be_used_again_and_brings_no_people_back(world: World) {
        let vendor = world.vendor().await;
        let ann = world.user("ann@example.com").await;
        vendor.delete(&one("acme")).await.expect(200);
        ann.get(at::ME).await.expect(401);
        world.settle().await;
        vendor.post(at::TENANTS, json!({"tenantId": "acme", "name": "Again"})).await.expect(201);
        let people = vendor.in_tenant("acme").get(at::USERS_V3).await.expect(200);
        assert!(people.rows().is_empty(), "{}", people.text());
        ann.get(at::ME).await.expect(401);
    }

    async fn metadata_merges_key_by_key(world: World) {
        let vendor = world.vendor().await;
        vendor.post(at::TENANTS, json!({"tenantId": "acme", "name": "Acme"})).await.expect(201);
        let path = format!("{}/metadata", one("acme"));
        vendor.post(&path, json!({"metadata": {"plan": "gold", "seats": 5}})).await.expect(201);
        let answer = vendor.post(&path, json!({"metadata": {"seats": 6, "ünï": ["\u{1F980}", null]}})).await.expect(201);
        let stored = |text: Value| -> Value { serde_json::from_str(text.as_str().unwrap()).unwrap() };
        assert_eq!(stored(answer.at("/metadata")), json!({"plan": "gold", "seats": 6, "ünï": ["\u{1F980}", null]}));
        let gone = vendor.delete(&format!("{path}/plan")).await.expect(200);
        assert!(gone.body.is_empty() || gone.at("/tenantId") == "acme");
        let read = vendor.get(&one_v2("acme")).await.expect(200);
        assert_eq!(stored(read.at("/metadata")), json!({"seats": 6, "ünï": ["\u{1F980}", null]}));
        vendor.post(&path, json!({"metadata": "text"})).await.expect(400);
        vendor.post(&path, json!({})).await.expect(400);
    }

    async fn any_text_comes_back_as_it_was_sent(world: World) {
        let vendor = world.vendor().await;
        for (number, name) in [
            "Söhne & Töchter",
            "\u{1F468}\u{200D}\u{1F469}\u{200D}\u{1F467} \u{1F980}",
            "O'Brien \"quoted\" \\back\\slash",
            "'; DROP TABLE tenants; --",
            "%_like_%",
            "../../etc/passwd",
            "<script>alert(1)</script>",
            "line\nbreak\tand\u{7f}\u{202e}override",
            "\u{5DE}\u{5D1}\u{5D7}\u{5DF} $1 ?1 :name",
        ]
        .into_iter()
        .enumerate()
        {
            let id = format!("t{number}");
            let made = vendor.post(at::TENANTS, json!({"tenantId": id, "name": name})).await.expect(201);
            assert_eq!(made.at("/name"), name);
            assert_eq!(vendor.get(&one_v2(&id)).await.expect(200).at("/name"), name);
        }
    }

    async fn an_id_may_hold_marks_that_mean_something_elsewhere(world: World) {
        let vendor = world.vendor().await;
        for (id, path) in [("a b", "a%20b"), ("o'brien", "o'brien"), ("100%", "100%25"), ("ünï", "%C3%BCn%C3%AF"), ("a_b", "a_b")] {
            let made = vendor.post(at::TENANTS, json!({"tenantId": id, "name": "N"})).await;
            if made.status == 400 {
                continue; // refusing such an id is as good as keeping it
            }
            assert_eq!(made.expect(201).at("/tenantId"), id);
            assert_eq!(vendor.get(&one_v2(path)).await.expect(200).at("/tenantId"), id);
        }
    }

    async fn wrong_values_are_refused_and_change_nothing(world: World) {
        let vendor = world.vendor().await;
        vendor.post(at::TENANTS, json!({"tenantId": "acme", "name": "Acme"})).await.expect(201);
        let before = snapshot(&vendor).await;
        let long = "x".repeat(100_000);
        for body in [
            json!({"name": 5}),
            json!({"tenantId": "new", "name": long}),
            json!({"tenantId": long, "name": "N"}),
            json!({"tenantId": {"a": 1}, "name": "N"}),
            json!({"tenantId": "new", "name": "N", "isReseller": "yes"}),
            json!({"tenantId": "new", "name": "N", "website": 5}),
        ] {
            let answer = vendor.post(at::TENANTS, body).await;
            assert_eq!(answer.status, 400, "{}", answer.text());
        }
        vendor.put(&one("acme"), json!({"name": 5})).await.expect(400);
        vendor.put(&one("acme"), json!({"name": long})).await.expect(400);
        assert_eq!(snapshot(&vendor).await, before);
    }

    async fn the_same_id_is_another_tenant_in_another_environment(world: World) {
        let (home, away) = (world.vendor().await, world.vendor_of(&world.away).await);
        home.post(at::TENANTS, json!({"tenantId": "acme", "name": "Home"})).await.expect(201);
        away.post(at::TENANTS, json!({"tenantId": "acme", "name": "Away"})).await.expect(201);
        home.delete(&one("acme")).await.expect(200);
        assert_eq!(away.get(&one_v2("acme")).await.expect(200).at("/name"), "Away");
    }

    async fn every_change_is_recorded(world: World) {
        let vendor = world.vendor().await;
        vendor.post(at::TENANTS, json!({"tenantId": "acme", "name": "Acme"})).await.expect(201);
        vendor.put(&one("acme"), json!({"name": "New"})).await.expect(200);
        vendor.post(&format!("{}/metadata", one("acme")), json!({"metadata": {"a": 1}})).await.expect(201);
        vendor.delete(&format!("{}/metadata/a", one("acme"))).await.expect(200);
        vendor.delete(&one("acme")).await.expect(200);
        world.settle().await;
        let records = vendor.get("/audits/resources/audits/v2?count=50&offset=0&tenant_ids=acme").await.expect(200);
        assert!(records.rows().len() >= 5, "{}", records.text());
    }
}

fn journeys_is_uuid(value: &Value) -> bool {
    value.as_str().is_some_and(kit::is_uuid)
}
