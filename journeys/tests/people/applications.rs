use journeys::{Client, World, at, both_engines, claims, snapshot};
use serde_json::{Value, json};

async fn make(vendor: &Client, tenants: &[&str]) -> String {
    let body = json!({"name": "App", "appURL": "https://app.acme.test", "loginURL": "https://app.acme.test"});
    let id = vendor
        .post(at::APPLICATIONS, body)
        .await
        .expect(201)
        .text_at("/id");
    for tenant in tenants {
        let path = format!("{}/{id}", at::ASSIGNMENTS);
        vendor.post(&path, json!({"tenantId": tenant})).await.expect(201);
    }
    id
}

async fn default(vendor: &Client) -> String {
    vendor
        .get(&format!("{}/default", at::APPLICATIONS))
        .await
        .expect(200)
        .text_at("/id")
}

async fn list(client: &Client, id: &str, what: &str) -> Vec<String> {
    let rows = client
        .get(&format!("{}/{id}/{what}", at::USER_APPLICATIONS))
        .await
        .expect(200)
        .rows();
    rows.iter().map(|id| id.as_str().unwrap().to_owned()).collect()
}

fn body(app: &str, tenant: &str, users: &[&str]) -> Value {
    json!({"appId": app, "tenantId": tenant, "userIds": users})
}

both_engines! {
    async fn members_are_given_an_application_and_lose_it(world: World) {
        let vendor = world.vendor().await;
        let (ann, bob) = (world.user("ann@example.com").await, world.user("bob@example.com").await);
        let (app, default) = (make(&vendor, &["acme"]).await, default(&vendor).await);
        assert_eq!(list(&vendor, &app, "users").await, Vec::<String>::new());
        world.clock.advance_seconds(60);
        let given = vendor.post(at::USER_APPLICATIONS, body(&app, "acme", &[&ann.id, &bob.id, &ann.id])).await.expect(201).rows();
        assert_eq!(given.len(), 2);
        for row in &given {
            assert_eq!(row["appId"], json!(app));
            assert!(kit::is_uuid(row["userTenantId"].as_str().unwrap()));
            assert_eq!(row["createdAt"], "2025-10-09T08:54:20.000Z");
        }
        assert_ne!(given[0]["userTenantId"], given[1]["userTenantId"]);
        world.clock.advance_seconds(60);
        world.settle().await;
        let before = snapshot(&vendor).await;
        let again = vendor.post(at::USER_APPLICATIONS, body(&app, "acme", &[&ann.id, &bob.id])).await.expect(201).rows();
        assert_eq!(again, given, "once more is the same, and tells since when");
        world.settle().await;
        assert_eq!(snapshot(&vendor).await, before);
        let mut users = vec![ann.id.clone(), bob.id.clone()];
        users.sort();
        assert_eq!(list(&vendor, &app, "users").await, users);
        assert_eq!(list(&vendor.in_tenant("acme"), &app, "users").await, users);
        let mut apps = vec![app.clone(), default.clone()];
        apps.sort();
        assert_eq!(list(&vendor, &ann.id, "apps").await, apps);
        let answer = vendor.delete_with(at::USER_APPLICATIONS, body(&app, "acme", &[&ann.id])).await.expect(200);
        assert_eq!(answer.text(), "");
        vendor.delete_with(at::USER_APPLICATIONS, body(&app, "acme", &[&ann.id])).await.expect(200);
        assert_eq!(list(&vendor, &app, "users").await, std::slice::from_ref(&bob.id));
        assert_eq!(list(&vendor, &ann.id, "apps").await, [default]);
    }

    async fn the_portals_twins_give_one_member_several_applications(world: World) {
        let vendor = world.vendor().await;
        let admin = world.admin("admin@example.com").await;
        let ann = world.user("ann@example.com").await;
        let (one, two) = (make(&vendor, &["acme"]).await, make(&vendor, &["acme"]).await);
        let sent = json!({"userId": ann.id, "tenantId": "acme", "appIds": [one, two]});
        let answer = admin.post(&format!("{}/apps-user", at::USER_APPLICATIONS), sent.clone()).await.expect(201);
        assert_eq!(answer.text(), "");
        let rows = admin.get(&format!("{}/users-apps?userIds={},nobody", at::USER_APPLICATIONS, ann.id)).await.expect(200).rows();
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0]["userId"], json!(ann.id));
        for app in [&one, &two] {
            assert!(rows[0]["appIds"].as_array().unwrap().contains(&json!(app)));
        }
        let rows = admin.get(&format!("{}/apps-users?appIds={one},nobody", at::USER_APPLICATIONS)).await.expect(200).json();
        assert_eq!(rows, json!([{"appId": one, "userIds": [ann.id]}]));
        let answer = admin.delete_with(&format!("{}/user-apps", at::USER_APPLICATIONS), sent).await.expect(200);
        assert_eq!(answer.text(), "");
        assert_eq!(list(&vendor, &one, "users").await, Vec::<String>::new());
        for (path, word) in [("users-apps", "userIds"), ("apps-users", "appIds")] {
            vendor.get(&format!("{}/{path}", at::USER_APPLICATIONS)).await.refuses(400, &format!("{word} should not be empty"));
        }
    }

    async fn new_members_get_what_their_tenant_gives_by_itself(world: World) {
        let vendor = world.vendor().await;
        world.tenant("acme").await;
        let app = json!({"name": "Auto", "appURL": "https://a.test", "loginURL": "https://a.test", "autoAssign": true});
        let app = vendor.post(at::APPLICATIONS, app).await.expect(201).text_at("/id");
        let ann = world.user("ann@example.com").await;
        assert_eq!(list(&vendor, &ann.id, "apps").await, [default(&vendor).await], "the tenant was there before it");
        let bob = world.person("bob@example.com", "later", &[]).await;
        let mut both = vec![default(&vendor).await, app];
        both.sort();
        assert_eq!(list(&vendor, &bob.id, "apps").await, both);
    }

    async fn wrong_orders_are_refused_whole(world: World) {
        let vendor = world.vendor().await;
        let ann = world.user("ann@example.com").await;
        let eve = world.person("eve@example.com", "rival", &[]).await;
        let (app, other) = (make(&vendor, &["acme"]).await, make(&vendor, &[]).await);
        world.settle().await;
        let before = snapshot(&vendor).await;
        for method in ["POST", "DELETE"] {
            for (sent, status, sentence) in [
                (body("nobody", "acme", &[&ann.id]), 404, "Application not found"),
                (body(&app, "nobody", &[&ann.id]), 404, "Tenant not found"),
                (body(&app, "acme", &[&ann.id, &eve.id]), 404, "User not found"),
                (body(&app, "acme", &[&ann.id, "nobody"]), 404, "User not found"),
                (body(&app, "acme", &[]), 400, "userIds should not be empty"),
                (json!({"appId": app, "tenantId": "acme"}), 400, "userIds should not be empty"),
                (json!({"tenantId": "acme", "userIds": [ann.id]}), 400, "appId should not be empty"),
                (json!({"appId": app, "tenantId": "acme", "userIds": ann.id}), 400, "userIds must be an array"),
                (json!({"appId": app, "tenantId": "acme", "userIds": vec![&ann.id; 501]}), 400, "userIds must contain no more than 500 elements"),
            ] {
                vendor.send(method, at::USER_APPLICATIONS, sent.into()).await.refuses(status, sentence);
            }
        }
        let unassigned = vendor.post(at::USER_APPLICATIONS, body(&other, "acme", &[&ann.id])).await;
        assert_eq!(unassigned.json()["errorCode"], "ER-01008");
        vendor.in_tenant("rival").post(at::USER_APPLICATIONS, body(&app, "acme", &[&ann.id])).await.refuses(404, "Tenant not found");
        assert_eq!(list(&vendor, &app, "users").await, Vec::<String>::new());
        world.settle().await;
        assert_eq!(snapshot(&vendor).await, before);
    }

    async fn users_stay_within_their_tenant_and_their_level(world: World) {
        let vendor = world.vendor().await;
        let role = json!([{"key": "desk", "name": "Desk", "level": 5}]);
        let role = vendor.post(at::ROLES, role).await.expect(201).text_at("/0/id");
        let keys = ["fe.secure.write.appsUsers", "fe.secure.delete.appsUsers", "fe.secure.read.users"];
        let mut ids = Vec::new();
        for key in keys {
            ids.push(world.permission_id(key).await);
        }
        vendor.put(&format!("{}/{role}/permissions", at::ROLES), json!({"permissionIds": ids})).await.expect(200);
        let desk = world.person("desk@example.com", "acme", &[&role]).await;
        let (ann, boss) = (world.user("ann@example.com").await, world.admin("boss@example.com").await);
        let eve = world.person("eve@example.com", "rival", &[]).await;
        let (app, theirs) = (make(&vendor, &["acme", "rival"]).await, make(&vendor, &["rival"]).await);
        vendor.post(at::USER_APPLICATIONS, body(&app, "rival", &[&eve.id])).await.expect(201);
        desk.post(at::USER_APPLICATIONS, body(&app, "acme", &[&ann.id])).await.expect(201);
        desk.post(at::USER_APPLICATIONS, body(&app, "rival", &[&eve.id])).await.refuses(404, "Tenant not found");
        desk.delete_with(at::USER_APPLICATIONS, body(&app, "rival", &[&eve.id])).await.refuses(404, "Tenant not found");
        desk.post(at::USER_APPLICATIONS, body(&app, "acme", &[&eve.id])).await.refuses(404, "User not found");
        desk.post(at::USER_APPLICATIONS, body(&theirs, "acme", &[&ann.id])).await.expect(404);
        desk.delete_with(at::USER_APPLICATIONS, body(&theirs, "acme", &[&ann.id])).await.expect(404);
        desk.post(at::USER_APPLICATIONS, body(&app, "acme", &[&boss.id])).await.expect(403);
        assert_eq!(list(&desk, &app, "users").await, std::slice::from_ref(&ann.id));
        desk.get(&format!("{}/{theirs}/users", at::USER_APPLICATIONS)).await.expect(404);
        desk.get(&format!("{}/{}/apps", at::USER_APPLICATIONS, eve.id)).await.refuses(404, "User not found");
        let rows = desk.get(&format!("{}/users-apps?userIds={},{}", at::USER_APPLICATIONS, ann.id, eve.id)).await.expect(200);
        assert_eq!(rows.pluck("userId"), std::slice::from_ref(&ann.id));
        let rows = desk.get(&format!("{}/apps-users?appIds={app},{theirs}", at::USER_APPLICATIONS)).await.expect(200);
        assert_eq!(rows.json(), json!([{"appId": app, "userIds": [ann.id]}]));
    }

    async fn whoever_leaves_or_is_deleted_leaves_the_lists(world: World) {
        let vendor = world.vendor().await;
        let (ann, bob) = (world.user("ann@example.com").await, world.user("bob@example.com").await);
        let eve = world.person("eve@example.com", "rival", &[]).await;
        let app = make(&vendor, &["acme", "rival"]).await;
        vendor.post(at::USER_APPLICATIONS, body(&app, "acme", &[&ann.id, &bob.id])).await.expect(201);
        vendor.post(at::USER_APPLICATIONS, body(&app, "rival", &[&eve.id])).await.expect(201);
        let mut parts = Vec::new();
        let mut next = format!("{}/{app}/users?_limit=2", at::USER_APPLICATIONS);
        loop {
            let answer = vendor.get(&next).await.expect(200);
            parts.extend(answer.rows());
            let Some(link) = answer.header("link") else { break };
            next = link.strip_prefix('<').unwrap().split('>').next().unwrap().to_owned();
        }
        assert_eq!(parts.len(), 3);
        vendor.delete(&format!("{}/{}", at::USERS, ann.id)).await.expect(200);
        vendor.in_tenant("acme").delete(&format!("{}/{}", at::USERS, bob.id)).await.expect(200);
        vendor.delete(&format!("{}/rival", at::TENANTS)).await.expect(200);
        world.settle().await;
        assert_eq!(list(&vendor, &app, "users").await, Vec::<String>::new());
        vendor.get(&format!("{}/{}/apps", at::USER_APPLICATIONS, ann.id)).await.refuses(404, "User not found");
    }

    async fn sixteen_who_give_the_same_at_once_give_it_once(world: World) {
        let vendor = world.vendor().await;
        let ann = world.user("ann@example.com").await;
        let app = make(&vendor, &["acme"]).await;
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..16 {
            let (vendor, app, ann) = (vendor.clone(), app.clone(), ann.id.clone());
            tasks.spawn(async move { vendor.post(at::USER_APPLICATIONS, body(&app, "acme", &[&ann])).await });
        }
        while let Some(answer) = tasks.join_next().await {
            answer.unwrap().expect(201);
        }
        assert_eq!(list(&vendor, &app, "users").await, std::slice::from_ref(&ann.id));
        world.settle().await;
        let audits = vendor.get(&format!("{}?count=50&offset=0", at::AUDITS_V2)).await.expect(200).text();
        assert_eq!(audits.matches("Users assigned to application").count(), 1, "what changed once is recorded once");
    }

    async fn each_application_remembers_the_tenant_worked_in(world: World) {
        let vendor = world.vendor().await;
        let ann = world.user("ann@example.com").await;
        for tenant in ["other", "third"] {
            world.tenant(tenant).await;
            vendor.post(at::VENDOR_USERS, json!({"email": "ann@example.com", "tenantId": tenant})).await.expect(201);
        }
        let (app, default) = (make(&vendor, &["acme", "other"]).await, default(&vendor).await);
        let acting = vendor.acting_as(&ann.id);
        let start = acting.get(at::ACTIVE_TENANTS).await.expect(200).json();
        assert_eq!(start, json!({"applicationActiveTenants": [{"applicationId": default, "tenantId": "acme"}]}));
        assert_eq!(ann.get(at::ACTIVE_TENANTS).await.expect(200).json(), start);
        let put = |app: &str, tenant: &str| json!({"activeApplicationTenants": [{"applicationId": app, "tenantId": tenant}]});
        let answer = acting.put(at::ACTIVE_TENANTS, put(&app, "other")).await.expect(200);
        assert_eq!(answer.text(), "");
        ann.put(at::ACTIVE_TENANTS, put(&default, "third")).await.expect(200);
        let told = json!({"applicationActiveTenants": [{"applicationId": default, "tenantId": "third"}, {"applicationId": app, "tenantId": "other"}]});
        assert_eq!(ann.get(at::ACTIVE_TENANTS).await.expect(200).json(), told);
        let through = ann.with("frontegg-requested-application-id", &app);
        let tenant_of = |answer: &journeys::Answer| claims(&answer.text_at("/accessToken"))["tenantId"].clone();
        assert_eq!(tenant_of(&through.post(at::REFRESH, json!({})).await.expect(200)), "other");
        assert_eq!(tenant_of(&ann.post(at::REFRESH, json!({})).await.expect(200)), "third");
        let third = ann.bearing(&ann.post(at::REFRESH, json!({})).await.expect(200).text_at("/accessToken"));
        let third = third.with("frontegg-requested-application-id", &app);
        third.put(at::SWITCH, json!({"tenantId": "acme"})).await.expect(200);
        assert_eq!(tenant_of(&through.post(at::REFRESH, json!({})).await.expect(200)), "acme");
        assert_eq!(tenant_of(&ann.post(at::REFRESH, json!({})).await.expect(200)), "third", "the others stay where they were");
        let closed = third.put(at::SWITCH, json!({"tenantId": "third"})).await;
        assert_eq!(closed.json()["errorCode"], "ER-01008", "{}", closed.text());
        vendor.in_tenant("acme").delete(&format!("{}/{}", at::USERS, ann.id)).await.expect(200);
        assert_eq!(tenant_of(&through.post(at::REFRESH, json!({})).await.expect(200)), "other", "a tenant that was left is forgotten");
        let before = acting.get(at::ACTIVE_TENANTS).await.expect(200).json();
        for (sent, status) in [
            (put("nobody", "other"), 404), (put(&app, "nobody"), 403), (put(&app, "acme"), 403), (put(&app, "third"), 404), (json!({}), 400), (json!({"activeApplicationTenants": []}), 400),
            (json!({"activeApplicationTenants": [{"applicationId": app}]}), 400),
            (json!({"activeApplicationTenants": [{"applicationId": app, "tenantId": "other"}, {"applicationId": app, "tenantId": "other"}]}), 400),
        ] {
            let answer = acting.put(at::ACTIVE_TENANTS, sent.clone()).await;
            assert_eq!(answer.status, status, "{sent}: {}", answer.text());
        }
        assert_eq!(acting.get(at::ACTIVE_TENANTS).await.expect(200).json(), before);
        vendor.get(at::ACTIVE_TENANTS).await.refuses(403, "User ID is not specified");
        vendor.acting_as("nobody").get(at::ACTIVE_TENANTS).await.expect(404);
    }

    async fn a_user_created_by_the_environment_is_given_the_applications_named(world: World) {
        let vendor = world.vendor().await;
        world.tenant("acme").await;
        world.tenant("rival").await;
        let app = make(&vendor, &["acme"]).await;
        let new = |tenant: &str, apps: Value| json!({"email": "ann@example.com", "tenantId": tenant, "applicationIds": apps});
        let before = snapshot(&vendor).await;
        vendor.post(at::VENDOR_USERS, new("acme", json!(["nope"]))).await.refuses(400, "applicationIds: Application not found");
        vendor.post(at::VENDOR_USERS, new("rival", json!([app]))).await.refuses(400, "applicationIds: This account/tenant is not assigned to the requested application");
        vendor.post(at::VENDOR_USERS, new("acme", json!([7]))).await.refuses(400, "applicationIds[0] must be a string");
        assert_eq!(snapshot(&vendor).await, before);
        let id = vendor.post(at::VENDOR_USERS, new("acme", json!([app, app]))).await.expect(201).text_at("/id");
        let mut wanted = vec![app, default(&vendor).await];
        wanted.sort();
        let mut given = list(&vendor, &id, "apps").await;
        given.sort();
        assert_eq!(given, wanted);
    }
}
