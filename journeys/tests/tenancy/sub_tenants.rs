//! Sub-tenants as their owners make and keep them.

use journeys::{Person, World, at, both_engines, snapshot};
use serde_json::{Value, json};

/// An administrator of `acme`, which may have sub-tenants.
async fn reseller(world: &World) -> Person {
    let admin = world.admin("admin@example.com").await;
    let vendor = world.vendor().await;
    let path = format!("{}/acme", at::TENANTS);
    vendor.put(&path, json!({"isReseller": true})).await.expect(200);
    admin
}

fn sub(id: &str) -> String {
    format!("{}/{id}", at::SUB_TENANTS)
}

async fn read(world: &World, id: &str) -> Value {
    let path = format!("{}/{id}", at::TENANTS_V2);
    world.vendor().await.get(&path).await.expect(200).json()
}

both_engines! {
    async fn an_environment_creates_and_deletes_sub_tenants(world: World) {
        let vendor = world.vendor().await;
        world.tenant("acme").await;
        let sent = json!({"tenantId": "branch", "name": "Branch", "parentTenantId": "acme", "status": "new", "isReseller": true, "creatorName": "Ann", "unknown": 1});
        let made = vendor.post(at::SUB_TENANTS, sent.clone()).await.expect(201).json();
        assert_eq!((&made["tenantId"], &made["name"], &made["status"], &made["isReseller"]), (&json!("branch"), &json!("Branch"), &json!("new"), &json!(true)));
        assert_eq!(made, read(world, "branch").await);
        vendor.post(at::SUB_TENANTS, sent.clone()).await.refuses(409, "Tenant already exists");
        let deleted = vendor.delete(&sub("branch")).await.expect(200);
        assert_eq!(deleted.text(), "");
        vendor.delete(&sub("branch")).await.refuses(404, "Tenant not found");
        // The id of a deleted one may be used again.
        vendor.post(at::SUB_TENANTS, sent).await.expect(201);
        // The tenant of the header is the parent where the body names none.
        let made = vendor.in_tenant("branch").post(at::SUB_TENANTS, json!({"name": "Twig"})).await.expect(201).text_at("/tenantId");
        let above = vendor.in_tenant(&made).get(&format!("{}/parents", at::HIERARCHY)).await.expect(200);
        assert_eq!(above.pluck("tenantId"), ["branch", "acme"]);
        // A tenant at the top is no sub-tenant.
        vendor.delete(&sub("acme")).await.refuses(404, "Tenant not found");
    }

    async fn nobody_gives_a_sub_tenant_a_say_that_their_own_tenant_has_not(world: World) {
        let admin = world.admin("admin@example.com").await;
        let vendor = world.vendor().await;
        vendor.post(at::SUB_TENANTS, json!({"tenantId": "branch", "name": "Branch", "parentTenantId": "acme"})).await.expect(201);
        let management = format!("{}/management", sub("branch"));
        admin.put(&management, json!({"isReseller": true})).await.refuses(403, "This account may not have sub-accounts of its own making");
        admin.put(&management, json!({"isReseller": false})).await.expect(200);
        vendor.put(&management, json!({"isReseller": true})).await.expect(200);
    }

    async fn a_reseller_keeps_sub_tenants_of_its_own(world: World) {
        let admin = reseller(world).await;
        let made = admin.post(at::SUB_TENANTS, json!({"tenantId": "branch", "name": "Branch"})).await.expect(201);
        assert_eq!(made.at("/isReseller"), json!(false));
        let twig = json!({"tenantId": "twig", "name": "Twig", "parentTenantId": "branch"});
        admin.post(at::SUB_TENANTS, twig.clone()).await.refuses(403, "This account may not have sub-accounts of its own making");
        let done = admin.put(&format!("{}/management", sub("branch")), json!({"isReseller": true})).await.expect(200);
        assert_eq!(done.text(), "");
        admin.post(at::SUB_TENANTS, twig).await.expect(201);
        let renamed = admin.patch(&sub("twig"), json!({"name": "Sprig"})).await.expect(200);
        assert_eq!(renamed.text_at("/name"), "Sprig");
        let set = admin.put(&format!("{}/hierarchy-settings", sub("branch")), json!({"subAccountAccessType": "defaultOn"})).await.expect(200);
        assert_eq!(set.text(), "");
        let listed = admin.get("/tenants/resources/hierarchy/v2").await.expect(200).rows();
        assert_eq!((&listed[0]["tenantId"], &listed[0]["isReseller"], &listed[0]["subAccountAccessType"]), (&json!("branch"), &json!(true), &json!("defaultOn")));
        admin.delete(&sub("branch")).await.expect(200);
        let above = admin.get(&format!("{}/parents/twig", at::HIERARCHY)).await.expect(200);
        assert_eq!(above.pluck("tenantId"), ["acme"], "what was below moves up");
        world.settle().await;
        let records = world.vendor().await.get(&format!("{}?count=50&offset=0", at::AUDITS_V2)).await.expect(200).text();
        for action in ["Tenant created", "Tenant updated", "Sub-account access type changed", "Tenant deleted"] {
            assert!(records.contains(action), "{action}");
        }
    }

    async fn a_user_reaches_no_tenant_beside_or_above(world: World) {
        let admin = reseller(world).await;
        let vendor = world.vendor().await;
        world.tenant("rival").await;
        vendor.post(at::SUB_TENANTS, json!({"tenantId": "rivals", "name": "x", "parentTenantId": "rival"})).await.expect(201);
        vendor.post(at::HIERARCHY, json!({"parentTenantId": "rival", "childTenantId": "acme"})).await.expect(201);
        vendor.post(at::SUB_TENANTS, json!({"tenantId": "mine", "name": "Mine", "parentTenantId": "acme"})).await.expect(201);
        world.settle().await;
        let before = snapshot(&vendor).await;
        for id in ["rival", "rivals", "acme", "nobody"] {
            admin.patch(&sub(id), json!({"name": "Taken"})).await.refuses(404, "Tenant not found");
            admin.put(&format!("{}/management", sub(id)), json!({"isReseller": true})).await.refuses(404, "Tenant not found");
            admin.put(&format!("{}/hierarchy-settings", sub(id)), json!({"subAccountAccessType": "alwaysOn"})).await.refuses(404, "Tenant not found");
            admin.delete(&sub(id)).await.refuses(404, "Tenant not found");
        }
        for id in ["rival", "rivals", "nobody"] {
            admin.post(at::SUB_TENANTS, json!({"name": "x", "parentTenantId": id})).await.refuses(400, "parentTenantId must be the id of an existing tenant");
            vendor.in_tenant("acme").post(at::SUB_TENANTS, json!({"name": "x", "parentTenantId": id})).await.refuses(400, "parentTenantId must be the id of an existing tenant");
        }
        assert_eq!(admin.get(at::HIERARCHY).await.expect(200).pluck("tenantId"), ["mine"]);
        world.settle().await;
        assert_eq!(snapshot(&vendor).await, before);
    }

    async fn wrong_bodies_are_refused_and_change_nothing(world: World) {
        let admin = reseller(world).await;
        let vendor = world.vendor().await;
        admin.post(at::SUB_TENANTS, json!({"tenantId": "branch", "name": "Branch"})).await.expect(201);
        world.settle().await;
        let before = snapshot(&vendor).await;
        vendor.post(at::SUB_TENANTS, json!({"name": "x"})).await.refuses(400, "parentTenantId should not be empty");
        for body in [json!({"tenantId": 5}), json!({"name": "x".repeat(256)}), json!({"tenantId": " x"}), json!({"isReseller": "yes"}), json!([])] {
            admin.post(at::SUB_TENANTS, body).await.expect(400);
        }
        for body in [json!({}), json!({"name": ""}), json!({"name": null}), json!({"name": "x".repeat(256)})] {
            admin.patch(&sub("branch"), body).await.expect(400);
        }
        for body in [json!({}), json!({"isReseller": null}), json!({"isReseller": "true"})] {
            admin.put(&format!("{}/management", sub("branch")), body).await.expect(400);
        }
        for body in [json!({}), json!({"subAccountAccessType": "sometimes"}), json!({"subAccountAccessType": true})] {
            admin.put(&format!("{}/hierarchy-settings", sub("branch")), body).await.expect(400);
        }
        world.settle().await;
        assert_eq!(snapshot(&vendor).await, before);
    }

    async fn a_reseller_is_not_made_without_the_permission_to(world: World) {
        let admin = reseller(world).await;
        let permission = world.permission_id("fe.account-hierarchy.write.subAccount").await;
        let vendor = world.vendor().await;
        let role = vendor.post(at::ROLES, json!([{"key": "maker", "name": "Maker", "level": 5}])).await.expect(201).text_at("/0/id");
        vendor.put(&format!("{}/{role}/permissions", at::ROLES), json!({"permissionIds": [permission]})).await.expect(200);
        let maker = world.person("maker@example.com", &admin.tenant, &[&role]).await;
        maker.post(at::SUB_TENANTS, json!({"name": "x", "isReseller": true})).await.refuses(403, "You do not have the permission fe.account-hierarchy.write.subAccountManagement");
        maker.post(at::SUB_TENANTS, json!({"name": "x"})).await.expect(201);
    }

    async fn sixteen_at_once_make_one_sub_tenant(world: World) {
        let vendor = world.vendor().await;
        world.tenant("acme").await;
        let mut calls = tokio::task::JoinSet::new();
        for _ in 0..16 {
            let vendor = vendor.clone();
            let body = json!({"tenantId": "branch", "name": "Branch", "parentTenantId": "acme"});
            calls.spawn(async move { vendor.post(at::SUB_TENANTS, body).await.status });
        }
        let mut answers = calls.join_all().await;
        answers.sort_unstable();
        assert_eq!(answers[0], 201);
        assert!(answers[1..].iter().all(|status| *status == 409), "{answers:?}");
    }

    async fn a_parent_that_goes_leaves_no_orphan(world: World) {
        let vendor = world.vendor().await;
        for round in 0..6 {
            let parent = world.tenant(&format!("p{round}")).await;
            let (one, other) = (vendor.clone(), vendor.clone());
            let (path, named) = (format!("{}/{parent}", at::TENANTS), parent.clone());
            let deleting = async move { one.delete(&path).await.status };
            let child = format!("c{round}");
            let body = json!({"tenantId": child, "name": "x", "parentTenantId": named});
            let creating = async move { other.post(at::SUB_TENANTS, body).await.status };
            let (deleted, created) = futures_util::future::join(deleting, creating).await;
            assert_eq!(deleted, 200);
            match created {
                201 => {
                    let above = vendor.in_tenant(&child).get(&format!("{}/parents", at::HIERARCHY)).await.expect(200);
                    assert!(above.rows().is_empty(), "{}", above.text());
                    // It may be taken under another parent, which one in a hierarchy that is gone could not.
                    world.tenant("home").await;
                    vendor.post(at::HIERARCHY, json!({"parentTenantId": "home", "childTenantId": child})).await.expect(201);
                }
                status => assert_eq!(status, 400),
            }
        }
    }

    async fn nobody_takes_the_id_of_a_tenant_that_was_deleted_to_read_what_it_left(world: World) {
        let admin = reseller(world).await;
        let vendor = world.vendor().await;
        world.person("victim@example.com", "gone", &[]).await;
        vendor.delete(&format!("{}/gone", at::TENANTS)).await.expect(200);
        world.settle().await;
        admin.post(at::SUB_TENANTS, json!({"tenantId": "gone", "name": "Grab"})).await.refuses(409, "Tenant already exists");
        assert!(vendor.get(&format!("{}/gone", at::TENANTS)).await.expect(200).rows().is_empty());
        // The environment may, and owns what is there.
        vendor.post(at::SUB_TENANTS, json!({"tenantId": "gone", "name": "Again", "parentTenantId": "acme"})).await.expect(201);
    }

    async fn an_environment_says_how_far_members_of_any_tenant_reach(world: World) {
        let admin = world.admin("ann@example.com").await;
        let vendor = world.vendor().await;
        vendor.post(at::SUB_TENANTS, json!({"tenantId": "branch", "name": "Branch", "parentTenantId": "acme"})).await.expect(201);
        admin.put(at::SWITCH, json!({"tenantId": "branch"})).await.expect(403);
        let path = |id: &str| format!("{}/hierarchy-settings", sub(id));
        vendor.put(&path("nobody"), json!({"subAccountAccessType": "alwaysOn"})).await.refuses(404, "Tenant not found");
        vendor.put(&path("acme"), json!({"subAccountAccessType": "alwaysOn"})).await.expect(200);
        world.settle().await;
        admin.put(at::SWITCH, json!({"tenantId": "branch"})).await.expect(200);
    }
}
