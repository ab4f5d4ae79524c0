use journeys::{Client, PASSWORD, World, at, both_engines, snapshot};
use serde_json::{Value, json};

const STATUSES: &str = "/identity/resources/tenants/users/v1/statuses";
const MIGRATE: &str = "/identity/resources/users/v1/tenants/migrate";

fn tenant_of(user: &str) -> String {
    format!("{}/{user}/tenant", at::USERS)
}

async fn made(vendor: &Client, email: &str, tenant: &str) -> String {
    let body = json!({"email": email, "tenantId": tenant, "password": PASSWORD});
    vendor
        .post(at::VENDOR_USERS, body)
        .await
        .expect(201)
        .text_at("/id")
}

async fn statuses(vendor: &Client, user: &str) -> Vec<(String, String)> {
    let rows = vendor
        .get(&format!("{STATUSES}?userIds={user}"))
        .await
        .expect(200)
        .rows();
    let list = rows[0]["tenantsStatuses"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    list.iter()
        .map(|one| (text(&one["tenantId"]), text(&one["status"])))
        .collect()
}

fn pairs(wanted: &[(&str, &str)]) -> Vec<(String, String)> {
    wanted
        .iter()
        .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
        .collect()
}

both_engines! {
    async fn a_user_is_added_to_another_tenant_and_invited(world: World) {
        let ann = world.user("ann@example.com").await;
        world.tenant("second").await;
        let vendor = world.vendor().await;
        let added = vendor.post(&tenant_of(&ann.id), json!({"tenantId": "second"})).await.expect(201);
        assert_eq!(added.at("/id"), json!(ann.id));
        assert_eq!(added.at("/tenantId"), "second");
        assert_eq!(added.at("/activatedForTenant"), json!(false));
        assert_eq!(added.at("/tenantIds").as_array().unwrap().len(), 2);
        assert_eq!(statuses(&vendor, &ann.id).await, pairs(&[("acme", "Activated"), ("second", "PendingInvitation")]));
        vendor.post(&tenant_of(&ann.id), json!({"tenantId": "second"})).await.refuses(409, "User already exists");
        ann.put(at::SWITCH, json!({"tenantId": "second"})).await.expect(403);
        world.tenant("third").await;
        vendor.post(&tenant_of(&ann.id), json!({"tenantId": "third", "skipInviteEmail": true})).await.expect(201);
        ann.put(at::SWITCH, json!({"tenantId": "third"})).await.expect(200);
    }

    async fn a_tenant_that_is_not_there_is_made_unless_that_is_unwanted(world: World) {
        let ann = world.user("ann@example.com").await;
        let vendor = world.vendor().await;
        for (method, body) in [("POST", json!({"tenantId": "new-1", "validateTenantExist": true})), ("PUT", json!({"tenantId": "new-1", "validateTenantExist": true}))] {
            vendor.send(method, &tenant_of(&ann.id), body.into()).await.refuses(404, "Tenant not found");
        }
        vendor.post(&tenant_of(&ann.id), json!({"tenantId": "new-1"})).await.expect(201);
        let set = vendor.put(&tenant_of(&ann.id), json!({"tenantId": "new-2"})).await.expect(200);
        assert_eq!(set.at("/tenantId"), "new-2");
        for tenant in ["new-1", "new-2"] {
            let found = vendor.get(&format!("{}/{tenant}", at::TENANTS)).await.expect(200).rows();
            assert_eq!(found[0]["tenantId"], tenant);
        }
    }

    async fn the_environment_chooses_where_a_user_works(world: World) {
        let ann = world.user("ann@example.com").await;
        world.tenant("second").await;
        let vendor = world.vendor().await;
        let set = vendor.put(&tenant_of(&ann.id), json!({"tenantId": "second", "validateTenantExist": true})).await.expect(200);
        assert_eq!((set.at("/tenantId"), set.at("/id")), (json!("second"), json!(ann.id)));
        let again = world.log_in("ann@example.com").await;
        assert_eq!(again.get(at::ME).await.expect(200).at("/tenantId"), "second");
        vendor.put(&tenant_of(&ann.id), json!({"tenantId": "acme"})).await.expect(200);
        assert_eq!(vendor.get(&format!("{}/{}", at::USERS, ann.id)).await.expect(200).at("/tenantId"), "acme");
        assert_eq!(statuses(&vendor, &ann.id).await, pairs(&[("acme", "Activated"), ("second", "Activated")]));
    }

    async fn wrong_tenants_of_users_are_refused_and_change_nothing(world: World) {
        let ann = world.user("ann@example.com").await;
        let vendor = world.vendor().await;
        let before = snapshot(&vendor).await;
        for method in ["POST", "PUT"] {
            for body in [json!({}), json!({"tenantId": ""}), json!({"tenantId": 5}), json!({"tenantId": " x"}), json!({"tenantId": "x".repeat(300)}), json!({"tenantId": "x", "validateTenantExist": "no"})] {
                let answer = vendor.send(method, &tenant_of(&ann.id), body.clone().into()).await;
                assert_eq!(answer.status, 400, "{method} {body}: {}", answer.text());
            }
            vendor.send(method, &tenant_of("nobody"), json!({"tenantId": "fresh"}).into()).await.refuses(404, "User not found");
            ann.send(method, &tenant_of(&ann.id), json!({"tenantId": "acme"}).into()).await.expect(401);
        }
        assert_eq!(snapshot(&vendor).await, before);
    }

    async fn statuses_are_told_for_many_users_and_can_be_narrowed(world: World) {
        let ann = world.user("ann@example.com").await;
        world.tenant("second").await;
        let vendor = world.vendor().await;
        let bob = vendor.in_tenant("acme").post(at::USERS, json!({"email": "bob@example.com"})).await.expect(201).text_at("/id");
        vendor.post(&tenant_of(&ann.id), json!({"tenantId": "second"})).await.expect(201);
        let query = format!("{STATUSES}?userIds={},{bob},nobody,{}", ann.id, ann.id);
        let rows = vendor.get(&query).await.expect(200).rows();
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[1], json!({"userId": bob, "tenantsStatuses": [{"tenantId": "acme", "status": "NotActivated"}]}));
        let narrowed = vendor.get(&format!("{query}&userTenantStatuses=PendingInvitation,PendingLogin")).await.expect(200).rows();
        assert_eq!(narrowed[0]["tenantsStatuses"], json!([{"tenantId": "second", "status": "PendingInvitation"}]));
        assert_eq!(narrowed[1]["tenantsStatuses"], json!([]));
        vendor.get(STATUSES).await.refuses(400, "userIds should not be empty");
        vendor.get(&format!("{query}&userTenantStatuses=Gone")).await.expect(400);
        let many: Vec<String> = (0..201).map(|n| n.to_string()).collect();
        vendor.get(&format!("{STATUSES}?userIds={}", many.join(","))).await.refuses(400, "userIds must contain no more than 200 elements");
        let away = world.vendor_of(&world.away).await;
        assert_eq!(away.get(&query).await.expect(200).json(), json!([]));
    }

    async fn everybody_moves_to_another_tenant_with_roles_and_without_sessions(world: World) {
        let role = world.role_id("Admin").await;
        let ann = world.person("ann@example.com", "old", &[&role]).await;
        let both = world.user("both@example.com").await;
        let vendor = world.vendor().await;
        vendor.put(&tenant_of(&both.id), json!({"tenantId": "old"})).await.expect(200);
        world.tenant("new").await;
        let own = json!([{"key": "own", "name": "Own", "level": 5}]);
        let own = vendor.in_tenant("old").post(at::ROLES, own).await.expect(201).text_at("/0/id");
        vendor.in_tenant("old").post(&format!("{}/{}/roles", at::USERS, ann.id), json!({"roleIds": [own]})).await.expect(201);
        let moved = vendor.put(MIGRATE, json!({"srcTenantId": "old", "targetTenantId": "new"})).await.expect(200);
        assert!(moved.body.is_empty() && moved.header("location").is_none());
        ann.get(at::ME).await.expect(401);
        ann.post(at::REFRESH, json!({})).await.expect(401);
        assert_eq!(statuses(&vendor, &ann.id).await, pairs(&[("new", "Activated")]));
        assert_eq!(statuses(&vendor, &both.id).await.len(), 2, "other tenants stay");
        both.get(at::ME).await.expect(200);
        let read = vendor.in_tenant("new").get(&format!("{}/{}", at::USERS, ann.id)).await.expect(200);
        assert_eq!(read.at("/tenantIds"), json!(["new"]));
        assert_eq!(read.at("/roles/0/id"), json!(role));
        assert_eq!(read.at("/roles/1"), Value::Null, "a role of the old tenant stays behind");
        let again = world.log_in("ann@example.com").await;
        assert_eq!(again.get(at::ME).await.expect(200).at("/tenantId"), "new");
        assert_eq!(vendor.in_tenant("old").get(at::USERS_V3).await.expect(200).rows().len(), 0);
        let listed = vendor.in_tenant("new").get(at::USERS_V3).await.expect(200);
        assert_eq!((listed.rows().len(), listed.at("/_metadata/totalItems")), (2, json!(2)));
    }

    async fn who_moves_reaches_down_as_the_target_has_it(world: World) {
        let vendor = world.vendor().await;
        world.tenant("root").await;
        for tenant in ["old", "open", "closed"] {
            let own = json!({"tenantId": tenant, "name": tenant, "parentTenantId": "root"});
            vendor.post(at::SUB_TENANTS, own).await.expect(201);
            let below = json!({"tenantId": format!("{tenant}-below"), "name": "Below", "parentTenantId": tenant});
            vendor.post(at::SUB_TENANTS, below).await.expect(201);
        }
        for tenant in ["old", "open"] {
            let path = format!("{}/{tenant}/hierarchy-settings", at::SUB_TENANTS);
            vendor.put(&path, json!({"subAccountAccessType": "alwaysOn"})).await.expect(200);
        }
        let ann = world.person("ann@example.com", "old", &[]).await;
        let reaches = async |tenant: &str| {
            let read = vendor.in_tenant(tenant).get(&format!("{}/{}", at::USERS, ann.id)).await.expect(200);
            read.at("/subAccountAccessAllowed")
        };
        assert_eq!(reaches("old").await, json!(true));
        vendor.put(MIGRATE, json!({"srcTenantId": "old", "targetTenantId": "closed"})).await.expect(200);
        assert_eq!(reaches("closed").await, json!(false), "what the old tenant allowed was about the tenants below it");
        vendor.put(MIGRATE, json!({"srcTenantId": "closed", "targetTenantId": "open"})).await.expect(200);
        assert_eq!(reaches("open").await, json!(true));
        world.settle().await;
        let told = vendor.in_tenant("open").get(&format!("{}?count=50&offset=0", at::AUDITS)).await.expect(200);
        assert!(told.pluck("action").contains(&"User added to tenant".to_owned()));
    }

    async fn a_large_move_goes_on_after_the_answer_and_tells_how_far_it_is(world: World) {
        world.tenant("old").await;
        world.tenant("new").await;
        let vendor = world.vendor().await;
        for n in 0..120 {
            vendor.post(at::VENDOR_USERS, json!({"email": format!("u{n}@example.com"), "tenantId": "old"})).await.expect(201);
        }
        let moved = vendor.put(MIGRATE, json!({"srcTenantId": "old", "targetTenantId": "new"})).await.expect(200);
        let status = moved.header("location").unwrap().to_owned();
        let told = vendor.get(&status).await.expect(200);
        assert_eq!((told.at("/status"), told.at("/total"), told.at("/succeeded")), (json!("InProgress"), json!(120), json!(100)));
        vendor.in_tenant("new").get(&status).await.expect(404);
        // Twenty are still there, and would be deleted with it.
        vendor.delete(&format!("{}/old", at::TENANTS)).await
            .refuses(409, "The users of this account are being moved to another one; delete it when that is done");
        world.settle().await;
        let told = vendor.get(&status).await.expect(200);
        assert_eq!((told.at("/status"), told.at("/succeeded"), told.at("/failed")), (json!("Completed"), json!(120), json!(0)));
        assert_eq!(vendor.in_tenant("new").get(at::USERS_V3).await.expect(200).at("/_metadata/totalItems"), json!(120));
        assert_eq!(vendor.in_tenant("old").get(at::USERS_V3).await.expect(200).at("/_metadata/totalItems"), json!(0));
        vendor.delete(&format!("{}/old", at::TENANTS)).await.expect(200);
        world.settle().await;
        assert_eq!(vendor.in_tenant("new").get(at::USERS_V3).await.expect(200).at("/_metadata/totalItems"), json!(120));
    }

    async fn a_member_of_both_tenants_keeps_the_membership_of_the_target(world: World) {
        let ann = world.user("ann@example.com").await;
        let vendor = world.vendor().await;
        let role = world.role_id("Admin").await;
        vendor.post(&tenant_of(&ann.id), json!({"tenantId": "old", "skipInviteEmail": true})).await.expect(201);
        vendor.in_tenant("old").post(&format!("{}/{}/roles", at::USERS, ann.id), json!({"roleIds": [role]})).await.expect(201);
        vendor.put(MIGRATE, json!({"srcTenantId": "old", "targetTenantId": "acme"})).await.expect(200);
        let read = vendor.in_tenant("acme").get(&format!("{}/{}", at::USERS, ann.id)).await.expect(200);
        assert_eq!((read.at("/tenantIds"), read.at("/roles")), (json!(["acme"]), json!([])));
        ann.get(at::ME).await.expect(200);
        assert_eq!(vendor.in_tenant("acme").get(at::USERS_V3).await.expect(200).at("/_metadata/totalItems"), json!(1));
    }

    async fn wrong_moves_are_refused(world: World) {
        world.tenant("acme").await;
        world.tenant_of(&world.away, "theirs").await;
        let vendor = world.vendor().await;
        made(&vendor, "ann@example.com", "acme").await;
        for (body, status) in [
            (json!({}), 400),
            (json!({"srcTenantId": "acme", "targetTenantId": "acme"}), 400),
            (json!({"srcTenantId": "acme", "targetTenantId": ""}), 400),
            (json!({"srcTenantId": "acme", "targetTenantId": "theirs"}), 404),
            (json!({"srcTenantId": "theirs", "targetTenantId": "acme"}), 404),
        ] {
            let answer = vendor.put(MIGRATE, body.clone()).await;
            assert_eq!(answer.status, status, "{body}: {}", answer.text());
        }
        assert_eq!(vendor.in_tenant("acme").get(at::USERS_V3).await.expect(200).rows().len(), 1);
    }

    async fn a_tenant_that_is_named_is_never_taken_for_all(world: World) {
        let ann = world.user("ann@example.com").await;
        let vendor = world.vendor().await;
        vendor.post(at::TENANTS, json!({"tenantId": "Zürich", "name": "Z"})).await.expect(201);
        let before = snapshot(&vendor).await;
        let path = format!("{}/{}", at::USERS, ann.id);
        for named in ["zürich", "é", "\u{a0}", "\u{3000}", "Zürich"] {
            let there = vendor.in_tenant(named);
            there.delete(&path).await.expect(404);
            let made = there.post(at::ROLES, json!([{"key": "k", "name": "K", "level": 1}])).await;
            if named == "Zürich" {
                let made = made.expect(201);
                assert_eq!(made.at("/0/tenantId"), json!("Zürich"));
                there.delete(&format!("{}/{}", at::ROLES, made.text_at("/0/id"))).await.expect(204);
                assert!(there.get("/identity/resources/users/v3?_limit=9").await.expect(200).at("/items").as_array().unwrap().is_empty());
            } else {
                made.expect(404);
            }
            ann.in_tenant(named).get(at::ME).await.expect(403);
        }
        vendor.acting_as("é").get(at::ACTIVE_TENANTS).await.expect(404);
        assert_eq!(snapshot(&vendor).await, before);
    }
}
