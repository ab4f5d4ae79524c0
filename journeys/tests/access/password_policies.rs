use journeys::{PASSWORD, World, at, both_engines, snapshot};
use serde_json::{Value, json};

const POLICY: &str = "/identity/resources/configurations/v1/password";
const HISTORY: &str = "/identity/resources/configurations/v1/password-history-policy";
const ROTATION: &str = "/identity/resources/configurations/v1/password-rotation";
const STRICTEST: &str = "/identity/resources/users/v1/passwords/config";
const CHANGE: &str = "/identity/resources/users/v1/passwords/change";

fn built_in() -> Value {
    json!({
        "allowPassphrases": false, "maxLength": 128, "minLength": 8, "minPhraseLength": 6, "minOptionalTestsToPass": 3,
        "blockPwnedPasswords": false,
        "optionalTests": {"requireLowercase": true, "requireUppercase": true, "requireNumbers": true, "requireSpecialChars": true, "checkThreeRepeatedChars": false},
        "requiredTests": {"requireLowercase": false, "requireUppercase": false, "requireNumbers": false, "requireSpecialChars": false, "checkThreeRepeatedChars": false},
    })
}

async fn allow(world: &World, switch: &str) {
    world
        .vendor()
        .await
        .post(at::CONFIGURATION, json!({switch: true}))
        .await
        .expect(201);
}

both_engines! {
    async fn a_policy_that_nobody_wrote_reads_the_same_each_time(world: World) {
        let admin = world.admin("admin@example.com").await;
        for path in [HISTORY, ROTATION] {
            for path in [path.to_owned(), format!("{path}/vendor")] {
                let first = admin.get(&path).await.expect(200).json();
                world.clock.advance_seconds(60);
                assert_eq!(admin.get(&path).await.expect(200).json(), first, "{path}");
            }
        }
    }

    async fn what_a_tenant_has_is_shown_once_the_environment_lets_it_count(world: World) {
        let vendor = world.vendor().await;
        world.tenant("acme").await;
        let acme = vendor.in_tenant("acme");
        vendor.post(HISTORY, json!({"enabled": true, "historySize": 3})).await.expect(201);
        let own = acme.post(HISTORY, json!({"enabled": true, "historySize": 9})).await.expect(201).json();
        vendor.post(ROTATION, json!({"isActive": true, "rotationPeriod": 60})).await.expect(200);
        acme.post(ROTATION, json!({"isActive": true, "rotationPeriod": 30})).await.expect(200);
        let history = acme.get(HISTORY).await.expect(200);
        assert_eq!((history.at("/historySize"), history.at("/id")), (json!(3), own["id"].clone()));
        let rotation = acme.get(ROTATION).await.expect(200);
        assert_eq!((rotation.at("/rotationPeriod"), rotation.at("/tenantId")), (json!(60), json!("")));
        allow(world, "allowOverrideEnforcePasswordHistory").await;
        allow(world, "allowOverridePasswordExpiration").await;
        assert_eq!(acme.get(HISTORY).await.expect(200).json(), own);
        assert_eq!(acme.get(ROTATION).await.expect(200).at("/rotationPeriod"), json!(30));
    }

    async fn the_password_policy_is_read_by_anybody_and_written_by_the_environment(world: World) {
        assert_eq!(world.anyone().get(POLICY).await.expect(200).json(), built_in());
        assert_eq!(world.anyone().get(STRICTEST).await.expect(200).json(), built_in());
        let vendor = world.vendor().await;
        // What the Terraform provider sends: the same five tests in both groups.
        let tests = json!({"requireLowercase": false, "requireUppercase": true, "requireNumbers": true, "requireSpecialChars": false, "checkThreeRepeatedChars": true});
        let sent = json!({"allowPassphrases": true, "minLength": 10, "maxLength": 64, "minOptionalTestsToPass": 1, "minPhraseLength": 30, "optionalTests": tests, "requiredTests": tests});
        let made = vendor.post(POLICY, sent.clone()).await.expect(201).json();
        for (name, value) in sent.as_object().unwrap() {
            assert_eq!(&made[name], value, "{name}");
        }
        assert_eq!(vendor.get(POLICY).await.expect(200).json(), made);
        let changed = vendor.post(POLICY, json!({"minLength": 12, "maxLength": null, "unheardOf": 1})).await.expect(201).json();
        assert_eq!((&changed["minLength"], &changed["maxLength"], &changed["requiredTests"]), (&json!(12), &json!(64), &tests));
        assert_eq!(world.anyone().get(POLICY).await.expect(200).json(), changed);
        assert_eq!(world.anyone_at(&world.away).get(POLICY).await.expect(200).json(), built_in());
        world.settle().await;
        let actions = vendor.get("/audits/resources/audits/v2?count=100&offset=0").await.expect(200).pluck("action");
        assert_eq!(actions.iter().filter(|action| *action == "Password policy changed").count(), 2, "{actions:?}");
    }

    async fn wrong_policies_are_refused_and_change_nothing(world: World) {
        let vendor = world.vendor().await;
        vendor.post(HISTORY, json!({"enabled": true, "historySize": 3})).await.expect(201);
        world.settle().await;
        let before = snapshot(&vendor).await;
        for (path, body, sentence) in [
            (POLICY, json!({"minLength": 0}), "minLength must not be less than 1"),
            (POLICY, json!({"maxLength": 257}), "maxLength must not be greater than 256"),
            (POLICY, json!({"minLength": 20, "maxLength": 10}), "minLength must not be greater than maxLength"),
            (POLICY, json!({"minOptionalTestsToPass": 6}), "minOptionalTestsToPass must not be greater than 5"),
            (POLICY, json!({"minLength": "8"}), "minLength must be an integer number"),
            (POLICY, json!({"minLength": 8.5}), "minLength must be an integer number"),
            (POLICY, json!({"allowPassphrases": 1}), "allowPassphrases must be a boolean value"),
            (POLICY, json!({"requiredTests": {"requireNumbers": "yes"}}), "requireNumbers must be a boolean value"),
            (ROTATION, json!({"rotationPeriod": 0}), "rotationPeriod must not be less than 1"),
            (ROTATION, json!({"rotationPeriod": 2_628_001}), "rotationPeriod must not be greater than 2628000"),
            (ROTATION, json!({"notificationPeriod": -1}), "notificationPeriod must not be less than 0"),
            (ROTATION, json!({"isActive": "on"}), "isActive must be a boolean value"),
        ] {
            vendor.post(path, body).await.tells(400, sentence);
        }
        for (body, sentence) in [
            (json!({"historySize": 0}), "historySize must not be less than 1"),
            (json!({"historySize": 11}), "historySize must not be greater than 10"),
            (json!({"enabled": 1}), "enabled must be a boolean value"),
        ] {
            vendor.patch(HISTORY, body).await.tells(400, sentence);
        }
        vendor.post(HISTORY, json!({"historySize": 2})).await.tells(400, "enabled must be a boolean value");
        vendor.post(POLICY, json!([])).await.expect(400);
        assert_eq!(snapshot(&vendor).await, before);
        assert_eq!(vendor.get(POLICY).await.expect(200).json(), built_in());
        assert_eq!(vendor.get(HISTORY).await.expect(200).at("/historySize"), json!(3));
        assert_eq!(vendor.get(ROTATION).await.expect(200).at("/isActive"), json!(false));
    }

    async fn the_history_policy_is_absent_until_written(world: World) {
        let vendor = world.vendor().await;
        vendor.get(HISTORY).await.expect(404);
        vendor.patch(HISTORY, json!({"historySize": 3})).await.expect(404);
        let made = vendor.post(HISTORY, json!({"enabled": true, "historySize": 3})).await.expect(201).json();
        assert!(!made["id"].as_str().unwrap().is_empty() && made["createdAt"] == made["updatedAt"]);
        vendor.post(HISTORY, json!({"enabled": true, "historySize": 4})).await.expect(409);
        let changed = vendor.patch(HISTORY, json!({"enabled": false, "historySize": 1})).await.expect(200);
        assert_eq!((changed.at("/enabled"), changed.at("/historySize"), changed.at("/id")), (json!(false), json!(1), made["id"].clone()));
        let admin = world.admin("admin@example.com").await;
        assert_eq!(admin.get(HISTORY).await.expect(200).at("/id"), json!(""), "without an id the portal creates one");
        assert_eq!(admin.get(&format!("{HISTORY}/vendor")).await.expect(200).at("/id"), made["id"]);
        admin.post(HISTORY, json!({"enabled": true, "historySize": 9})).await.tells(403, "does not let accounts");
        allow(world, "allowOverrideEnforcePasswordHistory").await;
        admin.post(HISTORY, json!({"enabled": true, "historySize": 9})).await.expect(201);
        admin.patch(HISTORY, json!({"historySize": 8})).await.expect(200);
        assert_eq!(vendor.in_tenant("acme").get(HISTORY).await.expect(200).at("/historySize"), json!(8));
        assert_eq!(vendor.get(HISTORY).await.expect(200).at("/historySize"), json!(1));
    }

    async fn rotation_answers_with_defaults_and_keeps_what_is_not_given(world: World) {
        let vendor = world.vendor().await;
        let first = vendor.get(ROTATION).await.expect(200).json();
        assert_eq!((&first["isActive"], &first["rotationPeriod"], &first["notificationPeriod"], &first["tenantId"]), (&json!(false), &json!(129_600), &json!(10_080), &json!("")));
        assert!(first["createdAt"].is_string() && first["updatedAt"].is_string());
        let answer = vendor.post(ROTATION, json!({"isActive": true, "rotationPeriod": 60})).await.expect(200);
        assert!(answer.body.is_empty());
        let now = vendor.get(ROTATION).await.expect(200).json();
        assert_eq!((&now["isActive"], &now["rotationPeriod"], &now["notificationPeriod"]), (&json!(true), &json!(60), &json!(10_080)));
        let admin = world.admin("admin@example.com").await;
        admin.post(ROTATION, json!({"rotationPeriod": 30})).await.tells(403, "does not let accounts");
        allow(world, "allowOverridePasswordExpiration").await;
        admin.post(ROTATION, json!({"isActive": true, "rotationPeriod": 30})).await.expect(200);
        let own = admin.get(ROTATION).await.expect(200).json();
        assert_eq!((&own["rotationPeriod"], &own["tenantId"]), (&json!(30), &json!("acme")));
        assert_eq!(admin.get(&format!("{ROTATION}/vendor")).await.expect(200).at("/rotationPeriod"), json!(60));
        assert_eq!(vendor.get(&format!("{ROTATION}/vendor")).await.expect(200).at("/rotationPeriod"), json!(60));
    }

    async fn a_tenant_can_only_add_to_what_its_environment_demands(world: World) {
        let vendor = world.vendor().await;
        vendor.post(POLICY, json!({"minLength": 10})).await.expect(201);
        let admin = world.admin("admin@example.com").await;
        admin.post(POLICY, json!({"minLength": 14})).await.tells(403, "does not let accounts");
        allow(world, "allowOverridePasswordComplexity").await;
        admin.post(POLICY, json!({"minLength": 6, "maxLength": 40})).await.expect(201);
        let own = admin.get(POLICY).await.expect(200);
        assert_eq!((own.at("/minLength"), own.at("/maxLength")), (json!(10), json!(40)));
        assert_eq!(vendor.in_tenant("acme").get(POLICY).await.expect(200).json(), own.json());
        vendor.in_tenant("nobody").get(POLICY).await.expect(404);
        assert_eq!(vendor.get(POLICY).await.expect(200).at("/maxLength"), json!(128));
        admin.post(POLICY, json!({"minLength": 14})).await.expect(201);
        let body = json!({"email": "new@example.com", "password": "Abcdefgh-1", "tenantId": "acme"});
        vendor.post(at::VENDOR_USERS, body.clone()).await.tells(400, "at least 14 characters");
        world.tenant("rival").await;
        let mut elsewhere = body;
        elsewhere["tenantId"] = json!("rival");
        vendor.post(at::VENDOR_USERS, elsewhere).await.expect(201);
    }

    async fn whoever_is_in_several_tenants_gets_the_strictest_of_each(world: World) {
        allow(world, "allowOverridePasswordComplexity").await;
        let vendor = world.vendor().await;
        let ann = world.user("ann@example.com").await;
        for (tenant, policy) in [("acme", json!({"minLength": 11})), ("rival", json!({"requiredTests": {"checkThreeRepeatedChars": true}}))] {
            world.tenant(tenant).await;
            vendor.in_tenant(tenant).post(POLICY, policy).await.expect(201);
        }
        let theirs = format!("{STRICTEST}?userId={}", ann.id);
        assert_eq!(world.anyone().get(&theirs).await.expect(200).at("/requiredTests/checkThreeRepeatedChars"), json!(false));
        let add = json!({"tenantId": "rival"});
        vendor.post(&format!("{}/{}/tenant", at::USERS, ann.id), add).await.expect(201);
        vendor.put(&format!("{}/{}", at::VENDOR_USERS, ann.id), json!({})).await;
        let strictest = world.anyone().get(&theirs).await.expect(200);
        assert_eq!(strictest.at("/minLength"), json!(11));
        ann.post(CHANGE, json!({"password": PASSWORD, "newPassword": "Abcdef-1"})).await.tells(400, "at least 11 characters");
    }

    async fn the_strictest_policy_does_not_tell_whether_a_user_is_there(world: World) {
        let ann = world.user("ann@example.com").await;
        let of = async |id: &str| world.anyone().get(&format!("{STRICTEST}?userId={id}")).await.expect(200).text();
        let known = of(&ann.id).await;
        for id in ["00000000-0000-4000-8000-00000000dead", "nobody", "%27%20OR%201%3D1", ""] {
            assert_eq!(of(id).await, known, "{id}");
        }
        world.anyone().get(&format!("{STRICTEST}?userId={}", "x".repeat(300))).await.expect(400);
    }

    async fn every_way_of_setting_a_password_asks_the_policy(world: World) {
        let vendor = world.vendor().await;
        let ann = world.user("ann@example.com").await;
        vendor.post(POLICY, json!({"minLength": 10, "requiredTests": {"requireSpecialChars": true, "checkThreeRepeatedChars": true}})).await.expect(201);
        let weak = "Abcdeffff1";
        let sentences = ["The password must contain at least one special character.", "The password may not contain sequences of three or more repeated characters."];
        let created = vendor.post(at::VENDOR_USERS, json!({"email": "new@example.com", "password": weak, "tenantId": "acme"})).await.expect(400);
        assert_eq!(created.errors(), sentences);
        let changed = ann.post(CHANGE, json!({"password": PASSWORD, "newPassword": weak})).await.expect(400);
        assert_eq!(changed.errors(), sentences);
        let token = vendor.post(&format!("{}/{}/links/generate-password-reset-token", at::USERS, ann.id), json!({})).await.expect(201).text_at("/token");
        let reset = json!({"userId": ann.id, "token": token, "password": weak});
        let reset = world.anyone().post("/identity/resources/users/v1/passwords/reset/verify", reset).await.expect(400);
        assert_eq!(reset.errors(), sentences);
        // Nobody is kept out by a policy that came later.
        world.log_in("ann@example.com").await;
    }

    async fn passwords_of_the_past_may_not_come_back(world: World) {
        let vendor = world.vendor().await;
        let ann = world.user("ann@example.com").await;
        let change = async |old: &str, new: &str| ann.post(CHANGE, json!({"password": old, "newPassword": new})).await;
        change(PASSWORD, PASSWORD).await.expect(201);
        vendor.post(HISTORY, json!({"enabled": true, "historySize": 1})).await.expect(201);
        change(PASSWORD, PASSWORD).await.tells(400, "another one than the present one");
        change(PASSWORD, "Second-horse-2").await.expect(201);
        change("Second-horse-2", PASSWORD).await.expect(201);
        vendor.patch(HISTORY, json!({"enabled": true, "historySize": 3})).await.expect(200);
        change(PASSWORD, "Second-horse-2").await.tells(400, "none of your last 3 passwords");
        change(PASSWORD, "Third-horse-3").await.expect(201);
        change("Third-horse-3", "Second-horse-2").await.tells(400, "none of your last 3 passwords");
        change("Third-horse-3", "Fourth-horse-4").await.expect(201);
        change("Fourth-horse-4", "Second-horse-2").await.expect(201);
        vendor.patch(HISTORY, json!({"enabled": false})).await.expect(200);
        change("Second-horse-2", "Second-horse-2").await.expect(201);
    }

    async fn sixteen_changes_of_a_policy_at_once_lose_nothing(world: World) {
        let vendor = world.vendor().await;
        let changes = (0..16).map(|number| {
            let body = match number % 3 {
                0 => json!({"minLength": 9}),
                1 => json!({"maxLength": 90}),
                _ => json!({"allowPassphrases": true}),
            };
            vendor.post(POLICY, body)
        });
        for answer in futures_util::future::join_all(changes).await {
            answer.expect(201);
        }
        let now = vendor.get(POLICY).await.expect(200);
        assert_eq!((now.at("/minLength"), now.at("/maxLength"), now.at("/allowPassphrases")), (json!(9), json!(90), json!(true)));
    }
}
