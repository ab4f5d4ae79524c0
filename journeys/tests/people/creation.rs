use journeys::{PASSWORD, World, at, both_engines, snapshot};
use serde_json::{Value, json};

both_engines! {
    async fn a_user_is_answered_as_clients_decode_it(world: World) {
        world.tenant("acme").await;
        let vendor = world.vendor().await;
        let sent = json!({"email": "Ann@Example.com", "name": "Ann Ünï \u{1F980}", "tenantId": "acme", "metadata": "{\"a\":[1]}", "vendorMetadata": "{\"secret\":1}", "externalId": "x-1"});
        let made = vendor.post(at::VENDOR_USERS, sent).await.expect(201).json();
        assert!(kit::is_uuid(made["id"].as_str().unwrap()));
        assert_eq!(made["email"], "ann@example.com", "addresses are kept in lower case");
        assert_eq!(made["name"], "Ann Ünï \u{1F980}");
        assert_eq!(made["createdAt"], "2025-10-09T08:53:20.000Z");
        let read = vendor.get(&format!("{}/{}", at::VENDOR_USERS, made["id"].as_str().unwrap())).await.expect(200).json();
        assert_eq!(read["id"], made["id"]);
        assert_eq!(read["provider"], "local");
        assert_eq!(read["managedBy"], "frontegg");
        assert_eq!(read["isLocked"], json!(false));
        assert_eq!(read["lastLogin"], Value::Null);
        assert_eq!(read["externalId"], "x-1");
        assert_eq!(serde_json::from_str::<Value>(read["metadata"].as_str().unwrap()).unwrap(), json!({"a": [1]}));
        assert_eq!(serde_json::from_str::<Value>(read["vendorMetadata"].as_str().unwrap()).unwrap(), json!({"secret": 1}));
        assert_eq!(read["tenantIds"], json!(["acme"]));
        assert_eq!(read["tenants"][0]["tenantId"], "acme");
        assert!(read["tenants"][0]["roles"].is_array());
    }

    async fn no_answer_shows_a_password_or_its_hash(world: World) {
        world.tenant("acme").await;
        let vendor = world.vendor().await;
        let made = vendor.post(at::VENDOR_USERS, json!({"email": "ann@example.com", "password": PASSWORD, "tenantId": "acme"})).await.expect(201);
        let id = made.text_at("/id");
        for text in [
            made.text(),
            vendor.get(&format!("{}/{id}", at::VENDOR_USERS)).await.text(),
            vendor.get(at::USERS_V3).await.text(),
        ] {
            assert!(!text.contains(PASSWORD) && !text.contains("argon2"), "{text}");
        }
    }

    async fn an_address_is_one_person_whatever_its_letter_case(world: World) {
        world.tenant("acme").await;
        let vendor = world.vendor().await;
        vendor.post(at::VENDOR_USERS, json!({"email": "ann@example.com", "tenantId": "acme"})).await.expect(201);
        let before = snapshot(&vendor).await;
        vendor.post(at::VENDOR_USERS, json!({"email": "ANN@example.COM", "tenantId": "acme"})).await.expect(409);
        assert_eq!(snapshot(&vendor).await, before);
    }

    async fn another_tenant_adds_a_membership_to_the_same_person(world: World) {
        world.tenant("acme").await;
        world.tenant("second").await;
        let vendor = world.vendor().await;
        let one = vendor.post(at::VENDOR_USERS, json!({"email": "ann@example.com", "tenantId": "acme"})).await.expect(201).text_at("/id");
        let two = vendor.post(at::VENDOR_USERS, json!({"email": "ann@example.com", "tenantId": "second"})).await.expect(201).text_at("/id");
        assert_eq!(one, two);
        let mut tenants: Vec<String> = serde_json::from_value(vendor.get(&format!("{}/{one}", at::VENDOR_USERS)).await.expect(200).at("/tenantIds")).unwrap();
        tenants.sort();
        assert_eq!(tenants, ["acme", "second"]);
    }

    async fn wrong_values_are_refused_and_change_nothing(world: World) {
        world.tenant("acme").await;
        world.tenant_of(&world.away, "theirs").await;
        let vendor = world.vendor().await;
        let before = snapshot(&vendor).await;
        let long = "x".repeat(100_000);
        for body in [
            json!({"tenantId": "acme"}),
            json!({"email": "", "tenantId": "acme"}),
            json!({"email": "no address", "tenantId": "acme"}),
            json!({"email": "a@b", "tenantId": "acme", "name": 5}),
            json!({"email": 5, "tenantId": "acme"}),
            json!({"email": format!("{long}@example.com"), "tenantId": "acme"}),
            json!({"email": "a@example.com", "tenantId": "acme", "name": long}),
            json!({"email": "a@example.com", "tenantId": 5}),
            json!({"email": "a@example.com"}),
            json!({"email": "a@example.com", "tenantId": "acme", "roleIds": "x"}),
            json!({"email": "a@example.com", "tenantId": "acme", "roleIds": [5]}),
            json!({"email": "a@example.com", "tenantId": "acme", "roleIds": ["00000000-0000-4000-8000-00000000dead"]}),
            json!({"email": "a@example.com", "tenantId": "acme", "metadata": "no json"}),
            json!({"email": "a@example.com", "tenantId": "acme", "expirationInSeconds": 10}),
            json!({"email": "a@example.com", "tenantId": "acme", "mfaBypass": "yes"}),
            json!({"email": "a@example.com", "tenantId": "acme", "password": 5}),
            json!({"email": "a@example.com", "tenantId": "acme", "password": "short"}),
            json!({"username": "with spaces", "tenantId": "acme"}),
            json!({"username": "x".repeat(256), "tenantId": "acme"}),
        ] {
            let answer = vendor.post(at::VENDOR_USERS, body).await;
            assert_eq!(answer.status, 400, "{}", answer.text().chars().take(300).collect::<String>());
        }
        for tenant in ["nobody", "theirs"] {
            let answer = vendor.post(at::VENDOR_USERS, json!({"email": "a@example.com", "tenantId": tenant})).await;
            assert!([400, 404].contains(&answer.status), "{tenant}: {}", answer.status);
        }
        assert_eq!(snapshot(&vendor).await, before);
    }

    async fn unknown_and_read_only_fields_are_ignored(world: World) {
        world.tenant("acme").await;
        let sent = json!({"email": "ann@example.com", "tenantId": "acme", "id": "mine", "inviteUser": true, "applicationIds": [], "createdAt": "1999", "sub": "x"});
        let made = world.vendor().await.post(at::VENDOR_USERS, sent).await.expect(201);
        assert_ne!(made.at("/id"), "mine");
    }

    async fn sixteen_at_once_make_one_person(world: World) {
        world.tenant("acme").await;
        let vendor = world.vendor().await;
        let body = json!({"email": "ann@example.com", "tenantId": "acme"});
        let mut calls = tokio::task::JoinSet::new();
        for _ in 0..16 {
            let (vendor, body) = (vendor.clone(), body.clone());
            calls.spawn(async move { vendor.post(at::VENDOR_USERS, body).await.status });
        }
        let mut answers = calls.join_all().await;
        answers.sort_unstable();
        assert_eq!(answers[0], 201);
        assert!(answers[1..].iter().all(|status| *status == 409), "{answers:?}");
        let found = vendor.get(&format!("{}?_email=ann@example.com", at::USERS_V3)).await.expect(200);
        assert_eq!(found.rows().len(), 1);
    }

    async fn who_is_created_while_the_tenant_goes_goes_with_it(world: World) {
        world.tenant("acme").await;
        world.tenant("other").await;
        let vendor = world.vendor().await;
        let known = json!({"email": "known@example.com", "tenantId": "other"});
        vendor.post(at::VENDOR_USERS, known).await.expect(201);
        let mut calls = tokio::task::JoinSet::new();
        for number in 0..24 {
            let vendor = vendor.clone();
            calls.spawn(async move {
                if number == 12 {
                    return vendor.delete(&format!("{}/acme", at::TENANTS)).await.status;
                }
                let email = if number == 13 { "known@example.com".to_owned() } else { format!("u{number}@example.com") };
                vendor.post(at::VENDOR_USERS, json!({"email": email, "tenantId": "acme"})).await.status
            });
        }
        for status in calls.join_all().await {
            assert!([200, 201, 400, 404].contains(&status), "{status}");
        }
        world.settle().await;
        let left = vendor.get(at::USERS_V3).await.expect(200);
        assert_eq!(left.pluck("email"), ["known@example.com"]);
        assert_eq!(left.rows()[0]["tenantIds"], json!(["other"]));
        assert_eq!(left.at("/_metadata/totalItems"), json!(1));
    }

    async fn nobody_comes_in_unseen_while_a_tenant_opens_to_all(world: World) {
        let vendor = world.vendor().await;
        world.tenant("root").await;
        let branch = json!({"tenantId": "branch", "name": "Branch", "parentTenantId": "root"});
        vendor.post(at::SUB_TENANTS, branch).await.expect(201);
        let mut calls = tokio::task::JoinSet::new();
        for number in 0..24 {
            let vendor = vendor.clone();
            calls.spawn(async move {
                if number == 12 {
                    let path = format!("{}/branch/hierarchy-settings", at::SUB_TENANTS);
                    vendor.put(&path, json!({"subAccountAccessType": "alwaysOn"})).await.expect(200);
                    return;
                }
                let body = json!({"email": format!("u{number}@example.com"), "tenantId": "branch"});
                vendor.post(at::VENDOR_USERS, body).await.expect(201);
            });
        }
        calls.join_all().await;
        world.settle().await;
        let counted = vendor.post("/identity/resources/tenants/users/v1/count", json!({"tenantIds": ["branch"]})).await.expect(201);
        assert_eq!(counted.json(), json!([{"tenantId": "branch", "totalUsers": 23, "totalAccessAllowedUsers": 23}]));
    }
}
