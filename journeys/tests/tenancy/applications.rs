use journeys::{Client, World, at, both_engines, snapshot};
use serde_json::{Value, json};

fn path(id: &str) -> String {
    format!("{}/{id}", at::APPLICATIONS)
}

fn new(name: &str) -> Value {
    json!({"name": name, "appURL": "https://app.acme.test", "loginURL": "https://app.acme.test/login"})
}

async fn make(vendor: &Client, body: Value) -> String {
    vendor
        .post(at::APPLICATIONS, body)
        .await
        .expect(201)
        .text_at("/id")
}

async fn defaults(vendor: &Client) -> Vec<String> {
    vendor
        .get(&format!("{}?_isDefault=true", at::APPLICATIONS))
        .await
        .expect(200)
        .pluck("id")
}

both_engines! {
    async fn a_fresh_environment_has_one_default_application(world: World) {
        let vendor = world.vendor().await;
        let all = vendor.get(at::APPLICATIONS).await.expect(200).rows();
        assert_eq!(all.len(), 1);
        let only = &all[0];
        assert_eq!(only["isDefault"], json!(true));
        assert_eq!(only["isActive"], json!(true));
        assert_eq!(only["accessType"], "FREE_ACCESS");
        assert_eq!(only["vendorId"], world.home.id);
        assert_eq!(vendor.get(&format!("{}/default", at::APPLICATIONS)).await.expect(200).json(), *only);
        assert_eq!(vendor.get(&path(only["id"].as_str().unwrap())).await.expect(200).json(), *only);
    }

    async fn an_application_goes_in_and_comes_out(world: World) {
        let vendor = world.vendor().await;
        let sent = json!({
            "name": "Shop \u{1F980}", "appURL": "https://shop.acme.test", "loginURL": "com.acme.shop://login",
            "logoURL": "https://shop.acme.test/logo.png", "accessType": "MANAGED_ACCESS", "isActive": false, "type": "mobile-ios",
            "frontendStack": "next.js", "description": "Sells", "metadata": {"plan": "gold"}, "allowDcr": true,
            "id": "ignored", "createdAt": "ignored",
        });
        let made = vendor.post(at::APPLICATIONS, sent.clone()).await.expect(201).json();
        for member in ["name", "appURL", "loginURL", "logoURL", "accessType", "isActive", "type", "frontendStack", "description", "metadata", "allowDcr"] {
            assert_eq!(made[member], sent[member], "{member}");
        }
        assert!(kit::is_uuid(made["id"].as_str().unwrap()));
        assert_eq!(made["isDefault"], json!(false));
        assert_eq!(made["createdAt"], "2025-10-09T08:53:20.000Z");
        let id = made["id"].as_str().unwrap();
        assert_eq!(vendor.get(&path(id)).await.expect(200).json(), made);
        let few = vendor.post(at::APPLICATIONS, new("Few")).await.expect(201).json();
        for (member, value) in [("type", "web"), ("frontendStack", "react"), ("accessType", "FREE_ACCESS"), ("description", ""), ("logoURL", "")] {
            assert_eq!(few[member], value, "{member}");
        }
        assert_eq!(few["isActive"], json!(true));
        assert_eq!(few["metadata"], json!({}));
    }

    async fn lists_are_filtered_by_every_documented_parameter(world: World) {
        let vendor = world.vendor().await;
        let one = make(&vendor, json!({"name": "Alpha Shop", "appURL": "https://a.test", "loginURL": "https://a.test", "accessType": "MANAGED_ACCESS", "frontendStack": "vue"})).await;
        let two = make(&vendor, json!({"name": "Beta", "appURL": "https://b.test", "loginURL": "https://b.test", "isActive": false, "type": "agent"})).await;
        let default = defaults(&vendor).await.remove(0);
        for (query, expected) in [
            ("", vec![&default, &one, &two]),
            ("?_accessType=MANAGED_ACCESS", vec![&one]),
            ("?_isDefault=false", vec![&one, &two]),
            ("?_isActive=false", vec![&two]),
            (&format!("?ids={one},{two},nobody"), vec![&one, &two]),
            ("?type=agent&type=web", vec![&default, &one, &two]),
            ("?type=agent", vec![&two]),
            ("?frontendStack=vue,angular", vec![&one]),
            ("?name=SHOP", vec![&one]),
            ("?name=%25", vec![]),
            ("?_excludeAgents=true", vec![&default, &one]),
        ] {
            let mut found = vendor.get(&format!("{}{query}", at::APPLICATIONS)).await.expect(200).pluck("id");
            let mut expected: Vec<String> = expected.into_iter().cloned().collect();
            found.sort();
            expected.sort();
            assert_eq!(found, expected, "{query}");
        }
        for query in ["_accessType=x", "_isDefault=x", "type=x", "frontendStack=x", "_excludeAgents=x"] {
            vendor.get(&format!("{}?{query}", at::APPLICATIONS)).await.expect(400);
        }
    }

    async fn wrong_values_are_refused_and_change_nothing(world: World) {
        let vendor = world.vendor().await;
        let id = make(&vendor, new("One")).await;
        let before = snapshot(&vendor).await;
        let good = new("Two");
        let with = |member: &str, value: Value| {
            let mut body = good.clone();
            body[member] = value;
            body
        };
        for body in [
            json!({}), json!([]), json!({"name": "No addresses"}), with("name", json!("")), with("name", json!("x".repeat(256))),
            with("appURL", json!("")), with("appURL", json!("acme")), with("appURL", json!("javascript://%0aalert(1)")),
            with("loginURL", json!("https://a b")), with("loginURL", json!(7)), with("logoURL", json!("javascript:alert(1)")),
            with("accessType", json!("OPEN")), with("type", json!("tv")), with("frontendStack", json!("cobol")),
            with("isDefault", json!("yes")), with("metadata", json!([])), with("metadata", json!({"a": 1})),
            with("metadata", json!({"a": "x".repeat(70_000)})), with("appHost", json!("a/b")), with("description", json!("x".repeat(2001))),
        ] {
            let answer = vendor.post(at::APPLICATIONS, body.clone()).await;
            assert_eq!(answer.status, 400, "{body}: {}", answer.text());
            assert!(!answer.errors()[0].is_empty());
        }
        for body in [json!({"name": ""}), json!({"appURL": "acme"}), json!({"metadata": {"a": null}}), json!({"type": 3}), json!([])] {
            let answer = vendor.patch(&path(&id), body.clone()).await;
            assert_eq!(answer.status, 400, "{body}: {}", answer.text());
        }
        vendor.patch(&path("nobody"), json!({"name": "X"})).await.refuses(404, "Application not found");
        vendor.delete(&path("nobody")).await.refuses(404, "Application not found");
        vendor.get(&path("nobody")).await.refuses(404, "Application not found");
        assert_eq!(snapshot(&vendor).await, before);
    }

    async fn a_change_leaves_what_it_does_not_name_and_is_recorded(world: World) {
        let vendor = world.vendor().await;
        let old = vendor.post(at::APPLICATIONS, new("Old")).await.expect(201).json();
        let id = old["id"].as_str().unwrap();
        world.clock.advance_seconds(5);
        let answer = vendor.patch(&path(id), json!({"name": "New", "description": null, "vendorId": "x"})).await.expect(201);
        assert_eq!(answer.text(), "");
        let now = vendor.get(&path(id)).await.expect(200).json();
        assert_eq!(now["name"], "New");
        assert_eq!(now["appURL"], old["appURL"]);
        assert_eq!(now["vendorId"], world.home.id);
        assert_eq!(now["updatedAt"], "2025-10-09T08:53:25.000Z");
        world.settle().await;
        let audits = vendor.get(&format!("{}?count=50&offset=0", at::AUDITS_V2)).await.expect(200).at("/data");
        let record = audits.as_array().unwrap().iter().find(|one| one["action"] == "Application updated").unwrap();
        assert_eq!((&record["before"]["name"], &record["after"]["name"]), (&json!("Old"), &json!("New")));
    }

    async fn the_seeded_application_may_be_sent_back_whole(world: World) {
        let vendor = world.vendor().await;
        let mut whole = vendor.get(&format!("{}/default", at::APPLICATIONS)).await.expect(200).json();
        whole["name"] = json!("Portal");
        vendor.patch(&path(whole["id"].as_str().unwrap()), whole.clone()).await.expect(201);
        assert_eq!(vendor.get(&format!("{}/default", at::APPLICATIONS)).await.expect(200).text_at("/name"), "Portal");
    }

    async fn there_is_always_exactly_one_default(world: World) {
        let vendor = world.vendor().await;
        let first = defaults(&vendor).await.remove(0);
        vendor.delete(&path(&first)).await.expect(400);
        vendor.patch(&path(&first), json!({"isDefault": false})).await.expect(400);
        let mut body = new("Second");
        body["isDefault"] = json!(true);
        let second = make(&vendor, body).await;
        assert_eq!(defaults(&vendor).await, std::slice::from_ref(&second));
        vendor.patch(&path(&first), json!({"isDefault": true})).await.expect(201);
        assert_eq!(defaults(&vendor).await, [first]);
        let answer = vendor.delete(&path(&second)).await.expect(200);
        assert_eq!(answer.text(), "");
        vendor.get(&path(&second)).await.expect(404);
    }

    async fn of_sixteen_that_want_to_be_the_default_at_once_one_is(world: World) {
        let vendor = world.vendor().await;
        let mut ids = Vec::new();
        for number in 0..8 {
            ids.push(make(&vendor, new(&format!("Old {number}"))).await);
        }
        let mut tasks = tokio::task::JoinSet::new();
        for (number, id) in ids.into_iter().enumerate() {
            let (one, other) = (vendor.clone(), vendor.clone());
            tasks.spawn(async move { one.patch(&path(&id), json!({"isDefault": true})).await });
            tasks.spawn(async move {
                let mut body = new(&format!("New {number}"));
                body["isDefault"] = json!(true);
                other.post(at::APPLICATIONS, body).await
            });
        }
        while let Some(answer) = tasks.join_next().await {
            answer.unwrap().expect(201);
        }
        assert_eq!(defaults(&vendor).await.len(), 1);
        // Nobody can delete the one that has just become the default.
        let mut tasks = tokio::task::JoinSet::new();
        for id in vendor.get(at::APPLICATIONS).await.expect(200).pluck("id") {
            let (one, other, same) = (vendor.clone(), vendor.clone(), id.clone());
            tasks.spawn(async move { one.patch(&path(&id), json!({"isDefault": true})).await });
            tasks.spawn(async move { other.delete(&path(&same)).await });
        }
        while let Some(answer) = tasks.join_next().await {
            let answer = answer.unwrap();
            assert!([200, 201, 400, 404].contains(&answer.status), "{}", answer.text());
        }
        assert_eq!(defaults(&vendor).await.len(), 1);
    }

    async fn secrets_are_uuids_that_are_read_back_and_replaced_one_by_one(world: World) {
        let vendor = world.vendor().await;
        let id = make(&vendor, new("One")).await;
        let credentials = format!("{}/{id}", at::APPLICATION_CREDENTIALS);
        let mut readers = tokio::task::JoinSet::new();
        for _ in 0..16 {
            let (vendor, credentials) = (vendor.clone(), credentials.clone());
            readers.spawn(async move { vendor.get(&credentials).await.expect(200).json() });
        }
        let mut seen = Vec::new();
        while let Some(pair) = readers.join_next().await {
            seen.push(pair.unwrap());
        }
        seen.dedup();
        assert_eq!(seen.len(), 1, "whoever asks first, everybody is told the same");
        let first = seen.remove(0);
        for member in ["clientSecret", "sharedSecret"] {
            assert!(kit::is_uuid(first[member].as_str().unwrap()), "{first}");
        }
        assert_ne!(first["clientSecret"], first["sharedSecret"]);
        let answer = vendor.post(&format!("{}/regenerate", at::APPLICATION_CREDENTIALS), json!({"appId": id})).await.expect(201);
        assert_eq!(answer.text(), "");
        let second = vendor.get(&credentials).await.expect(200).json();
        assert_ne!(second["clientSecret"], first["clientSecret"]);
        assert_eq!(second["sharedSecret"], first["sharedSecret"]);
        vendor.post(&format!("{}/shared/regenerate", at::APPLICATION_CREDENTIALS), json!({"appId": id})).await.expect(201);
        let third = vendor.get(&credentials).await.expect(200).json();
        assert_eq!(third["clientSecret"], second["clientSecret"]);
        assert_ne!(third["sharedSecret"], second["sharedSecret"]);
        world.settle().await;
        let audits = vendor.get(&format!("{}?count=50&offset=0", at::AUDITS_V2)).await.expect(200).text();
        for pair in [&first, &second, &third] {
            for member in ["clientSecret", "sharedSecret"] {
                assert!(!audits.contains(pair[member].as_str().unwrap()), "a secret was recorded");
            }
        }
        assert!(audits.contains("Application client secret regenerated"));
    }

    async fn secrets_of_nobody_are_not_made(world: World) {
        let vendor = world.vendor().await;
        let before = snapshot(&vendor).await;
        vendor.get(&format!("{}/nobody", at::APPLICATION_CREDENTIALS)).await.refuses(404, "Application not found");
        for word in ["regenerate", "shared/regenerate"] {
            let path = format!("{}/{word}", at::APPLICATION_CREDENTIALS);
            vendor.post(&path, json!({"appId": "nobody"})).await.refuses(404, "Application not found");
            vendor.post(&path, json!({})).await.refuses(400, "appId should not be empty");
        }
        assert_eq!(snapshot(&vendor).await, before);
    }

    async fn a_client_shows_its_secret_once(world: World) {
        let vendor = world.vendor().await;
        let app = make(&vendor, new("Agent")).await;
        let sent = json!({"clientName": "Bot", "clientType": "Agent", "redirectURLs": ["https://bot.test/cb"], "externalMetadata": {"a": 1, "b": true, "c": "x"}});
        let made = vendor.with("frontegg-application-id", &app).post(at::APPLICATION_CLIENTS, sent.clone()).await.expect(201).json();
        for member in ["clientName", "clientType", "redirectURLs", "externalMetadata"] {
            assert_eq!(made[member], sent[member], "{member}");
        }
        assert_eq!(made["appId"], json!(app));
        let secret = made["clientSecret"].as_str().unwrap().to_owned();
        assert!(kit::is_uuid(&secret) && kit::is_uuid(made["id"].as_str().unwrap()));
        let path = format!("{}/{}", at::APPLICATION_CLIENTS, made["id"].as_str().unwrap());
        let read = vendor.get(&path).await.expect(200);
        assert!(!read.text().contains(&secret));
        assert_eq!(read.text_at("/clientSecret"), "********");
        let listed = vendor.get(&format!("{}/app/{app}", at::APPLICATION_CLIENTS)).await.expect(200).rows();
        assert_eq!(listed, [read.json()]);
        let changed = vendor.patch(&path, json!({"clientName": "Robot", "externalMetadata": null})).await.expect(200).json();
        assert_eq!(changed["clientName"], "Robot");
        assert_eq!(changed["redirectURLs"], sent["redirectURLs"]);
        assert_eq!(changed["externalMetadata"], Value::Null);
        vendor.delete(&path).await.expect(204);
        vendor.get(&path).await.refuses(404, "Application client not found");
        vendor.delete(&path).await.expect(404);
        world.settle().await;
        assert!(!vendor.get(&format!("{}?count=50&offset=0", at::AUDITS_V2)).await.expect(200).text().contains(&secret));
    }

    async fn clients_belong_to_the_default_application_unless_another_is_named_and_go_with_it(world: World) {
        let vendor = world.vendor().await;
        let client = json!({"clientName": "Bot", "clientType": "Agent"});
        let made = vendor.post(at::APPLICATION_CLIENTS, client.clone()).await.expect(201);
        assert_eq!(made.text_at("/appId"), defaults(&vendor).await[0]);
        assert_eq!(made.at("/redirectURLs"), json!([]));
        let app = make(&vendor, new("Agent")).await;
        let mut named = client;
        named["appId"] = json!(app);
        let other = vendor.post(at::APPLICATION_CLIENTS, named).await.expect(201).text_at("/id");
        vendor.delete(&path(&app)).await.expect(200);
        vendor.get(&format!("{}/{other}", at::APPLICATION_CLIENTS)).await.expect(404);
        vendor.get(&format!("{}/app/{app}", at::APPLICATION_CLIENTS)).await.refuses(404, "Application not found");
    }

    async fn wrong_clients_are_refused(world: World) {
        let vendor = world.vendor().await;
        let id = vendor.post(at::APPLICATION_CLIENTS, json!({"clientName": "Bot", "clientType": "Agent"})).await.expect(201).text_at("/id");
        let before = snapshot(&vendor).await;
        for body in [
            json!({}), json!({"clientName": "", "clientType": "Agent"}), json!({"clientName": "Bot", "clientType": "Human"}),
            json!({"clientName": "Bot", "clientType": "Agent", "redirectURLs": ["javascript:alert(1)"]}),
            json!({"clientName": "Bot", "clientType": "Agent", "redirectURLs": "https://a.test"}),
            json!({"clientName": "Bot", "clientType": "Agent", "externalMetadata": {"a": {}}}),
        ] {
            let answer = vendor.post(at::APPLICATION_CLIENTS, body.clone()).await;
            assert_eq!(answer.status, 400, "{body}: {}", answer.text());
        }
        let unknown = json!({"clientName": "Bot", "clientType": "Agent", "appId": "nobody"});
        vendor.post(at::APPLICATION_CLIENTS, unknown).await.refuses(404, "Application not found");
        vendor.patch(&format!("{}/{id}", at::APPLICATION_CLIENTS), json!({"clientName": " "})).await.expect(400);
        vendor.patch(&format!("{}/nobody", at::APPLICATION_CLIENTS), json!({"clientName": "X"})).await.expect(404);
        assert_eq!(snapshot(&vendor).await, before);
    }
}
