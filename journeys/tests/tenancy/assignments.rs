use journeys::{Client, World, at, both_engines, snapshot};
use serde_json::{Value, json};

async fn make(vendor: &Client, more: Value) -> String {
    let mut body =
        json!({"name": "App", "appURL": "https://app.acme.test", "loginURL": "https://app.acme.test"});
    for (key, value) in more.as_object().unwrap() {
        body[key] = value.clone();
    }
    vendor
        .post(at::APPLICATIONS, body)
        .await
        .expect(201)
        .text_at("/id")
}

fn of(app: &str) -> String {
    format!("{}/{app}", at::ASSIGNMENTS)
}

async fn default(vendor: &Client) -> String {
    vendor
        .get(&format!("{}/default", at::APPLICATIONS))
        .await
        .expect(200)
        .text_at("/id")
}

async fn tenants(vendor: &Client, app: &str) -> Vec<String> {
    let answer = vendor.get(&of(app)).await.expect(200).at("/tenantIds");
    answer
        .as_array()
        .unwrap()
        .iter()
        .map(|id| id.as_str().unwrap().to_owned())
        .collect()
}

both_engines! {
    async fn an_application_is_given_to_a_tenant_edited_and_taken_again(world: World) {
        let vendor = world.vendor().await;
        world.tenant("acme").await;
        let (app, default) = (make(&vendor, json!({})).await, default(&vendor).await);
        assert_eq!(vendor.get(&of(&app)).await.expect(200).json(), json!({"tenantIds": []}));
        let given = vendor.post(&of(&app), json!({"tenantId": "acme"})).await.expect(201).json();
        assert_eq!(given["tenantId"], "acme");
        assert_eq!(given["appIds"], json!([default, app]));
        assert_eq!(tenants(&vendor, &app).await, ["acme"]);
        world.settle().await;
        let before = snapshot(&vendor).await;
        assert_eq!(vendor.post(&of(&app), json!({"tenantId": "acme"})).await.expect(201).json(), given, "once more is the same");
        world.settle().await;
        assert_eq!(snapshot(&vendor).await, before);
        let acme = vendor.in_tenant("acme");
        let v2 = acme.get(at::ASSIGNMENTS_V2).await.expect(200).json();
        assert_eq!(v2, json!([{"tenantId": "acme", "assignments": [{"appId": default, "accessType": "FREE_ACCESS"}, {"appId": app, "accessType": "FREE_ACCESS"}]}]));
        let one = format!("{}/acme", of(&app));
        let edited = vendor.put(&one, json!({"accessType": "MANAGED_ACCESS"})).await.expect(200);
        assert_eq!(edited.text(), "");
        let managed = acme.get(&format!("{}?accessType=MANAGED_ACCESS", at::ASSIGNMENTS)).await.expect(200).json();
        assert_eq!(managed, json!([{"tenantId": "acme", "appIds": [app]}]));
        assert_eq!(vendor.post(&of(&app), json!({"tenantId": "acme"})).await.expect(201).json(), given);
        assert_eq!(acme.get(&format!("{}?appIds={app}", at::ASSIGNMENTS_V2)).await.expect(200).at("/0/assignments/0/accessType"), "MANAGED_ACCESS", "the assignment wins, and stays");
        assert_eq!(vendor.delete(&one).await.expect(200).text(), "");
        assert_eq!(tenants(&vendor, &app).await, Vec::<String>::new());
        vendor.delete(&one).await.refuses(404, "This account/tenant is not assigned to the requested application");
        let again = vendor.put(&one, json!({"accessType": "FREE_ACCESS"})).await;
        assert_eq!(again.json()["errorCode"], "ER-01008");
    }

    async fn lists_hold_the_tenants_and_applications_asked_for(world: World) {
        let vendor = world.vendor().await;
        for tenant in ["a", "b", "c"] {
            world.tenant(tenant).await;
        }
        let app = make(&vendor, json!({})).await;
        for tenant in ["a", "c"] {
            vendor.post(&of(&app), json!({"tenantId": tenant})).await.expect(201);
        }
        for (query, expected) in [
            (format!("?appIds={app}"), vec!["a", "c"]),
            (format!("?appIds={app}&tenantIds=b,c"), vec!["c"]),
            ("?tenantIds=a,b,nobody".to_owned(), vec!["a", "b"]),
            (String::new(), vec!["a", "b", "c"]),
            ("?appIds=nobody".to_owned(), vec![]),
        ] {
            for list in [at::ASSIGNMENTS, at::ASSIGNMENTS_V2] {
                assert_eq!(vendor.get(&format!("{list}{query}")).await.expect(200).pluck("tenantId"), expected, "{query}");
            }
        }
        vendor.get(&format!("{}?accessType=x", at::ASSIGNMENTS)).await.expect(400);
    }

    async fn long_lists_come_in_parts_that_the_link_header_joins(world: World) {
        let vendor = world.vendor().await;
        for tenant in ["a", "b", "c"] {
            world.tenant(tenant).await;
        }
        let (default, app) = (default(&vendor).await, make(&vendor, json!({})).await);
        for tenant in ["a", "b", "c"] {
            vendor.post(&of(&app), json!({"tenantId": tenant})).await.expect(201);
        }
        for start in [format!("{}?_limit=2", of(&default)), format!("{}?_limit=2", of(&app)), format!("{}?_limit=2", at::ASSIGNMENTS), format!("{}?_limit=2&appIds={app}", at::ASSIGNMENTS_V2)] {
            let first = vendor.get(&start).await.expect(200);
            let link = first.header("link").unwrap().to_owned();
            let next = link.strip_prefix('<').unwrap().split('>').next().unwrap();
            let rest = vendor.get(next).await.expect(200);
            assert_eq!(rest.header("link"), None);
            let ids = |answer: &journeys::Answer| match answer.json() {
                Value::Array(_) => answer.pluck("tenantId"),
                _ => answer.at("/tenantIds").as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()).collect(),
            };
            assert_eq!([ids(&first), ids(&rest)].concat(), ["a", "b", "c"], "{start}");
        }
        vendor.get(&format!("{}?_limit=0", of(&app))).await.expect(400);
    }

    async fn new_tenants_get_the_default_application_and_those_that_assign_themselves(world: World) {
        let vendor = world.vendor().await;
        let (auto, plain, default) = (make(&vendor, json!({"autoAssign": true})).await, make(&vendor, json!({})).await, default(&vendor).await);
        world.tenant("acme").await;
        assert_eq!(tenants(&vendor, &default).await, ["acme"]);
        assert_eq!(tenants(&vendor, &auto).await, ["acme"]);
        assert_eq!(tenants(&vendor, &plain).await, Vec::<String>::new());
    }

    async fn a_new_default_is_open_to_everybody_at_once_and_the_old_one_stays(world: World) {
        let vendor = world.vendor().await;
        world.tenant("acme").await;
        let (old, new) = (default(&vendor).await, make(&vendor, json!({})).await);
        vendor.patch(&format!("{}/{new}", at::APPLICATIONS), json!({"isDefault": true})).await.expect(201);
        assert_eq!(tenants(&vendor, &new).await, ["acme"]);
        assert_eq!(tenants(&vendor, &old).await, ["acme"]);
        world.settle().await;
        let third = make(&vendor, json!({"isDefault": true})).await;
        assert_eq!(tenants(&vendor, &new).await, ["acme"], "what was the default for a while is kept");
        assert_eq!(tenants(&vendor, &third).await, ["acme"]);
    }

    async fn a_deleted_tenant_and_a_deleted_application_take_their_assignments_along(world: World) {
        let vendor = world.vendor().await;
        world.tenant("acme").await;
        let app = make(&vendor, json!({})).await;
        vendor.post(&of(&app), json!({"tenantId": "acme"})).await.expect(201);
        vendor.delete(&format!("{}/acme", at::TENANTS)).await.expect(200);
        world.settle().await;
        assert_eq!(tenants(&vendor, &app).await, Vec::<String>::new());
        world.tenant("acme").await;
        assert_eq!(tenants(&vendor, &app).await, Vec::<String>::new(), "a tenant that comes back comes back without them");
        vendor.post(&of(&app), json!({"tenantId": "acme"})).await.expect(201);
        vendor.delete(&format!("{}/{app}", at::APPLICATIONS)).await.expect(200);
        world.settle().await;
        let left = vendor.in_tenant("acme").get(at::ASSIGNMENTS).await.expect(200);
        assert!(!left.text().contains(&app));
        vendor.get(&of(&app)).await.refuses(404, "Application not found");
    }

    async fn wrong_assignments_are_refused_and_change_nothing(world: World) {
        let vendor = world.vendor().await;
        world.tenant("acme").await;
        let app = make(&vendor, json!({})).await;
        world.settle().await;
        let before = snapshot(&vendor).await;
        vendor.post(&of("nobody"), json!({"tenantId": "acme"})).await.refuses(404, "Application not found");
        vendor.post(&of(&app), json!({"tenantId": "nobody"})).await.refuses(404, "Tenant not found");
        vendor.post(&of(&app), json!({})).await.refuses(400, "tenantId should not be empty");
        vendor.post(&of(&app), json!({"tenantId": 7})).await.expect(400);
        vendor.post(&of(&app), json!({"tenantId": "acme", "accessType": "OPEN"})).await.expect(400);
        vendor.put(&format!("{}/acme", of(&app)), json!({})).await.refuses(400, "accessType should not be empty");
        vendor.put(&format!("{}/nobody", of(&app)), json!({"accessType": "FREE_ACCESS"})).await.refuses(404, "Tenant not found");
        vendor.delete(&format!("{}/acme", of("nobody"))).await.expect(404);
        world.settle().await;
        assert_eq!(snapshot(&vendor).await, before);
    }

    async fn sixteen_who_assign_and_take_at_once_leave_one_decision(world: World) {
        let vendor = world.vendor().await;
        world.tenant("acme").await;
        let app = make(&vendor, json!({})).await;
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..16 {
            let (vendor, app) = (vendor.clone(), app.clone());
            tasks.spawn(async move {
                if number % 2 == 0 {
                    vendor.post(&of(&app), json!({"tenantId": "acme"})).await
                } else {
                    vendor.delete(&format!("{}/acme", of(&app))).await
                }
            });
        }
        while let Some(answer) = tasks.join_next().await {
            let answer = answer.unwrap();
            assert!([200, 201, 404].contains(&answer.status), "{}", answer.text());
        }
        vendor.post(&of(&app), json!({"tenantId": "acme"})).await.expect(201);
        assert_eq!(tenants(&vendor, &app).await, ["acme"]);
    }

    async fn users_see_the_active_applications_of_their_own_tenant(world: World) {
        let vendor = world.vendor().await;
        let admin = world.admin("admin@example.com").await;
        world.tenant("rival").await;
        let mine = make(&vendor, json!({"metadata": {"note": "secret plan"}})).await;
        let (off, theirs) = (make(&vendor, json!({"isActive": false})).await, make(&vendor, json!({})).await);
        for (app, tenant) in [(&mine, "acme"), (&off, "acme"), (&theirs, "rival")] {
            vendor.post(&of(app), json!({"tenantId": tenant})).await.expect(201);
        }
        let seen = admin.get(at::APPLICATIONS).await.expect(200);
        assert_eq!(seen.pluck("id"), [default(&vendor).await, mine.clone()]);
        assert!(!seen.text().contains("secret plan"), "what the owner noted is the owner's");
        let own = admin.get(&format!("{}?tenantIds=acme,rival", at::ASSIGNMENTS)).await.expect(200);
        assert_eq!(own.pluck("tenantId"), ["acme"]);
        assert_eq!(admin.get(&format!("{}?tenantIds=rival", at::ASSIGNMENTS_V2)).await.expect(200).json(), json!([]));
    }
}
