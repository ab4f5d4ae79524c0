//! Memberships that reach into the tenants below.

use journeys::{Client, PASSWORD, Person, World, at, both_engines, claims};
use serde_json::{Value, json};

async fn below(world: &World, parent: &str, id: &str) {
    world.tenant(parent).await;
    let new = json!({"tenantId": id, "name": id, "parentTenantId": parent});
    world.vendor().await.post(at::SUB_TENANTS, new).await.expect(201);
}

async fn allow(world: &World, person: &Person, reach: bool) {
    let path = format!("{}/{}/access", at::SUB_TENANT_USERS, person.id);
    let vendor = world.vendor().await.in_tenant(&person.tenant);
    let answer = vendor.put(&path, json!({"allowAccess": reach})).await.expect(200);
    assert_eq!(answer.text(), "");
}

/// `acme` over `branch` over `twig`, and an administrator of `acme` whose roles hold below.
async fn family(world: &World) -> Person {
    let admin = world.admin("admin@example.com").await;
    below(world, "acme", "branch").await;
    below(world, "branch", "twig").await;
    allow(world, &admin, true).await;
    admin
}

/// The same person with a token for another tenant.
async fn switched(person: &Client, tenant: &str) -> Client {
    person
        .put(at::SWITCH, json!({"tenantId": tenant}))
        .await
        .expect(200);
    let token = person.post(at::REFRESH, json!({})).await.expect(200);
    assert_eq!(claims(&token.text_at("/accessToken"))["tenantId"], tenant);
    person.bearing(&token.text_at("/accessToken"))
}

const NOT_MEMBER: &str = "You are not a confirmed member of this tenant";

both_engines! {
    async fn roles_hold_in_every_tenant_below_present_and_future(world: World) {
        let admin = family(world).await;
        let twig = switched(&admin, "twig").await;
        let token = claims(&twig.token());
        assert_eq!(token["roles"], json!(["Admin"]));
        assert_eq!(token["tenantIds"], json!(["acme", "twig"]), "the user's own, and of those below the one in force");
        let me = twig.get(at::ME).await.expect(200).json();
        assert_eq!((&me["tenantId"], &me["roles"][0]["key"], &me["subAccountAccessAllowed"]), (&json!("twig"), &json!("Admin"), &json!(true)));
        assert!(me["permissions"].as_array().unwrap().len() > 3);
        assert_eq!((&me["tenantIds"], &me["tenants"][1]["tenantId"]), (&token["tenantIds"], &json!("twig")));
        let authorization = twig.get(at::MY_AUTHORIZATION).await.expect(200);
        assert_eq!(authorization.at("/roles/0/key"), json!("Admin"));
        // Works there as an administrator does.
        twig.post(at::USERS, json!({"email": "new@example.com"})).await.expect(201);
        assert_eq!(twig.get(&format!("{}?_includeSubTenants=false", at::USERS_V3)).await.expect(200).pluck("email"), ["new@example.com"]);
        let vendor = world.vendor().await;
        vendor.in_tenant("twig").acting_as(&admin.id).get(at::ME).await.expect(200);
        below(world, "twig", "leaf").await;
        let leaf = switched(&admin, "leaf").await;
        assert_eq!(claims(&leaf.token())["roles"], json!(["Admin"]));
        let tenants = leaf.get(at::MY_TENANTS).await.expect(200);
        let ids: Vec<Value> = tenants.at("/tenants").as_array().unwrap().iter().map(|row| row["tenantId"].clone()).collect();
        assert_eq!(ids, ["acme", "leaf", "branch", "twig"]);
        assert_eq!(tenants.at("/activeTenant/tenantId"), json!("leaf"));
        // Nor above, nor beside.
        world.tenant("rival").await;
        admin.put(at::SWITCH, json!({"tenantId": "rival"})).await.refuses(403, NOT_MEMBER);
    }

    async fn what_ends_above_ends_below_at_once(world: World) {
        let admin = family(world).await;
        let twig = switched(&admin, "twig").await;
        let vendor = world.vendor().await;
        twig.get(at::ME).await.expect(200);
        let acme = vendor.in_tenant("acme");
        let disable = format!("/identity/resources/tenants/users/v1/{}/disable", admin.id);
        let enable = format!("/identity/resources/tenants/users/v1/{}/enable", admin.id);
        // The access itself is taken back, and given again.
        allow(world, &admin, false).await;
        twig.get(at::ME).await.refuses(401, "Unauthorized");
        vendor.in_tenant("twig").acting_as(&admin.id).get(at::ME).await.refuses(404, "User not found");
        allow(world, &admin, true).await;
        twig.get(at::ME).await.expect(200);
        // The tenant moves out of the hierarchy, and back in.
        let pair = json!({"parentTenantId": "acme", "childTenantId": "branch"});
        vendor.delete_with(at::HIERARCHY, pair.clone()).await.expect(200);
        twig.get(at::ME).await.refuses(401, "Unauthorized");
        vendor.post(at::HIERARCHY, pair).await.expect(201);
        twig.get(at::ME).await.expect(200);
        // The membership is disabled.
        acme.post(&disable, json!({})).await.expect(200);
        twig.get(at::ME).await.refuses(401, "Unauthorized");
        acme.post(&enable, json!({})).await.expect(200);
        // The membership ends; another one keeps the user.
        vendor.post(at::VENDOR_USERS, json!({"email": admin.email, "tenantId": world.tenant("other").await})).await.expect(201);
        acme.delete(&format!("{}/{}", at::USERS, admin.id)).await.expect(200);
        world.clock.advance_seconds(2);
        twig.get(at::ME).await.refuses(401, "Unauthorized");
    }

    async fn a_refresh_falls_back_when_the_tenant_is_out_of_reach(world: World) {
        let admin = family(world).await;
        switched(&admin, "twig").await;
        allow(world, &admin, false).await;
        let token = admin.post(at::REFRESH, json!({})).await.expect(200).text_at("/accessToken");
        assert_eq!(claims(&token)["tenantId"], "acme");
        let other = admin.post(at::REFRESH, json!({"tenantId": "twig"})).await;
        assert!([401, 403].contains(&other.status), "{} {}", other.status, other.text());
        allow(world, &admin, true).await;
        let token = admin.post(at::REFRESH, json!({"tenantId": "branch"})).await.expect(200).text_at("/accessToken");
        assert_eq!(claims(&token)["tenantId"], "branch");
    }

    async fn ones_own_membership_below_comes_first(world: World) {
        let admin = family(world).await;
        let vendor = world.vendor().await;
        let reader = world.role_id("ReadOnly").await;
        vendor.post(at::VENDOR_USERS, json!({"email": admin.email, "tenantId": "branch", "roleIds": [reader]})).await.expect(201);
        let branch = switched(&admin, "branch").await;
        assert_eq!(claims(&branch.token())["roles"], json!(["ReadOnly"]));
        branch.post(at::USERS, json!({"email": "x@example.com"})).await.expect(403);
        // It does not reach down; the one above it does, past it.
        let twig = switched(&admin, "twig").await;
        assert_eq!(claims(&twig.token())["roles"], json!(["Admin"]));
        // Kept out of the one tenant, the other stays open.
        vendor.in_tenant("branch").post(&format!("/identity/resources/tenants/users/v1/{}/disable", admin.id), json!({})).await.expect(200);
        admin.put(at::SWITCH, json!({"tenantId": "branch"})).await.refuses(403, NOT_MEMBER);
        twig.get(at::ME).await.expect(200);
    }

    async fn access_that_is_temporary_above_is_temporary_below(world: World) {
        world.admin("keeper@example.com").await;
        below(world, "acme", "branch").await;
        let role = world.role_id("Admin").await;
        let vendor = world.vendor().await;
        let made = vendor.post(at::VENDOR_USERS, json!({"email": "temp@example.com", "password": PASSWORD, "tenantId": "acme", "roleIds": [role], "expirationInSeconds": 600})).await.expect(201);
        let person = Person { client: world.log_in("temp@example.com").await, id: made.text_at("/id"), email: "temp@example.com".into(), tenant: "acme".into() };
        allow(world, &person, true).await;
        let branch = switched(&person, "branch").await;
        branch.get(at::ME).await.expect(200);
        world.clock.advance_seconds(601);
        branch.get(at::ME).await.refuses(401, "Unauthorized");
    }

    async fn roles_of_the_upper_tenant_alone_do_not_flow_down(world: World) {
        let vendor = world.vendor().await;
        world.tenant("acme").await;
        let own = vendor.in_tenant("acme").post(at::ROLES, json!([{"key": "own", "name": "Own", "level": 1}])).await.expect(201).text_at("/0/id");
        let reader = world.role_id("ReadOnly").await;
        let person = world.person("ann@example.com", "acme", &[&own, &reader]).await;
        below(world, "acme", "branch").await;
        allow(world, &person, true).await;
        let branch = switched(&person, "branch").await;
        assert_eq!(claims(&branch.token())["roles"], json!(["ReadOnly"]));
    }

    async fn a_tenant_decides_how_far_its_members_reach(world: World) {
        let admin = world.admin("admin@example.com").await;
        let vendor = world.vendor().await;
        below(world, "acme", "branch").await;
        below(world, "branch", "twig").await;
        let settings = format!("{}/branch/hierarchy-settings", at::SUB_TENANTS);
        let old = world.person("old@example.com", "branch", &[]).await;
        let reaches = async |email: &str| {
            let found = vendor.in_tenant("branch").get(&format!("{}?_email={email}&_includeSubTenants=false", at::USERS_V3)).await.expect(200);
            found.rows()[0]["subAccountAccessAllowed"].clone()
        };
        admin.put(&settings, json!({"subAccountAccessType": "defaultOn"})).await.expect(200);
        let new = world.person("new@example.com", "branch", &[]).await;
        assert_eq!((reaches("old@example.com").await, reaches("new@example.com").await), (json!(false), json!(true)));
        switched(&new, "twig").await;
        old.put(at::SWITCH, json!({"tenantId": "twig"})).await.refuses(403, NOT_MEMBER);
        allow(world, &new, false).await;
        admin.put(&settings, json!({"subAccountAccessType": "alwaysOn"})).await.expect(200);
        assert_eq!((reaches("old@example.com").await, reaches("new@example.com").await), (json!(true), json!(true)));
        let path = format!("{}/{}/access", at::SUB_TENANT_USERS, old.id);
        vendor.in_tenant("branch").put(&path, json!({"allowAccess": false})).await.refuses(409, "Every member of this account reaches its sub-accounts; the account's own setting says so");
        admin.put(&settings, json!({"subAccountAccessType": "defaultOff"})).await.expect(200);
        world.person("last@example.com", "branch", &[]).await;
        assert_eq!((reaches("old@example.com").await, reaches("last@example.com").await), (json!(true), json!(false)));
    }

    async fn every_member_of_a_large_tenant_is_let_down_in_pieces(world: World) {
        let vendor = world.vendor().await;
        world.tenant("acme").await;
        below(world, "acme", "branch").await;
        let mut calls = tokio::task::JoinSet::new();
        for worker in 0..6 {
            let vendor = vendor.clone();
            calls.spawn(async move {
                for number in 0..85 {
                    let body = json!({"email": format!("u{worker}n{number}@example.com"), "tenantId": "branch"});
                    vendor.post(at::VENDOR_USERS, body).await.expect(201);
                }
            });
        }
        calls.join_all().await;
        vendor.put(&format!("{}/branch/hierarchy-settings", at::SUB_TENANTS), json!({"subAccountAccessType": "alwaysOn"})).await.expect(200);
        world.settle().await;
        let counted = vendor.post("/identity/resources/tenants/users/v1/count", json!({"tenantIds": ["branch"]})).await.expect(201);
        assert_eq!(counted.json(), json!([{"tenantId": "branch", "totalUsers": 510, "totalAccessAllowedUsers": 510}]));
    }

    async fn who_makes_a_sub_tenant_reaches_it_where_that_is_the_default(world: World) {
        let vendor = world.vendor().await;
        world.tenant("root").await;
        below(world, "root", "acme").await;
        let admin = world.admin("admin@example.com").await;
        vendor.put(&format!("{}/acme", at::TENANTS), json!({"isReseller": true})).await.expect(200);
        admin.post(at::SUB_TENANTS, json!({"tenantId": "one", "name": "One"})).await.expect(201);
        admin.put(at::SWITCH, json!({"tenantId": "one"})).await.refuses(403, NOT_MEMBER);
        vendor.put(&format!("{}/acme/hierarchy-settings", at::SUB_TENANTS), json!({"subAccountAccessType": "defaultOn"})).await.expect(200);
        admin.post(at::SUB_TENANTS, json!({"tenantId": "two", "name": "Two"})).await.expect(201);
        switched(&admin, "two").await;
        switched(&admin, "one").await;
    }

    async fn ones_own_hierarchy_leaves_out_what_is_reached_anyway(world: World) {
        let admin = family(world).await;
        let vendor = world.vendor().await;
        for tenant in ["twig", "solo"] {
            world.tenant(tenant).await;
            vendor.post(at::VENDOR_USERS, json!({"email": admin.email, "tenantId": tenant})).await.expect(201);
        }
        let path = "/identity/resources/users/v2/me/hierarchy";
        let seen = admin.get(path).await.expect(200).rows();
        let ids: Vec<&Value> = seen.iter().map(|row| &row["tenantId"]).collect();
        assert_eq!(ids, ["acme", "solo"]);
        assert_eq!((&seen[0]["metadata"], &seen[0]["subAccountAccessAllowed"], &seen[0]["parentTenantId"]), (&json!({"isParent": true}), &json!(true), &Value::Null));
        assert_eq!(seen[1]["metadata"], json!({"isParent": false}));
        allow(world, &admin, false).await;
        assert_eq!(admin.get(path).await.expect(200).pluck("tenantId").len(), 3);
    }

    async fn access_is_given_only_by_those_who_may_and_to_those_who_are_there(world: World) {
        let admin = family(world).await;
        let vendor = world.vendor().await;
        let strong = vendor.post(at::ROLES, json!([{"key": "owner", "name": "Owner", "level": 0}])).await.expect(201).text_at("/0/id");
        let weak = vendor.post(at::ROLES, json!([{"key": "deputy", "name": "Deputy", "level": 9}])).await.expect(201).text_at("/0/id");
        let permission = world.permission_id("fe.account-hierarchy.write.subAccountAccess").await;
        vendor.put(&format!("{}/{weak}/permissions", at::ROLES), json!({"permissionIds": [permission]})).await.expect(200);
        let owner = world.person("owner@example.com", "acme", &[&strong]).await;
        let deputy = world.person("deputy@example.com", "acme", &[&weak]).await;
        let path = |id: &str| format!("{}/{id}/access", at::SUB_TENANT_USERS);
        deputy.put(&path(&owner.id), json!({"allowAccess": true})).await.refuses(403, "Roles above your own level cannot be given, taken or edited");
        let rival = world.person("rival@example.com", "rival", &[]).await;
        admin.put(&path(&rival.id), json!({"allowAccess": true})).await.refuses(404, "User not found");
        for body in [json!({}), json!({"allowAccess": "yes"}), json!({"allowAccess": null}), json!([])] {
            admin.put(&path(&owner.id), body).await.expect(400);
        }
        owner.put(at::SWITCH, json!({"tenantId": "branch"})).await.refuses(403, NOT_MEMBER);
    }

    async fn a_tenant_that_goes_takes_every_new_member_with_it(world: World) {
        let vendor = world.vendor().await;
        for round in 0..6 {
            let tenant = world.tenant(&format!("t{round}")).await;
            let mut calls = tokio::task::JoinSet::new();
            for number in 0..8 {
                let (vendor, tenant) = (vendor.clone(), tenant.clone());
                calls.spawn(async move {
                    if number == 4 {
                        vendor.delete(&format!("{}/{tenant}", at::TENANTS)).await.expect(200);
                        return None;
                    }
                    let body = json!({"email": format!("r{round}n{number}@example.com"), "tenantId": tenant});
                    let made = vendor.post(at::VENDOR_USERS, body).await;
                    assert!([201, 404].contains(&made.status), "{} {}", made.status, made.text());
                    (made.status == 201).then(|| made.text_at("/id"))
                });
            }
            let made: Vec<String> = calls.join_all().await.into_iter().flatten().collect();
            world.settle().await;
            for id in made {
                vendor.get(&format!("{}/{id}", at::VENDOR_USERS)).await.refuses(404, "User not found");
            }
        }
        assert_eq!(vendor.get(at::USERS_V3).await.expect(200).rows().len(), 0);
    }

    async fn an_invitation_into_a_tenant_below_takes_no_access_away(world: World) {
        let admin = family(world).await;
        let vendor = world.vendor().await;
        let weak = world.role_id("ReadOnly").await;
        let branch = vendor.in_tenant("branch");
        branch.post("/identity/resources/users/v2", json!({"email": admin.email, "roleIds": [weak]})).await.expect(201);
        let there = switched(&admin, "branch").await;
        assert_eq!(claims(&there.token())["roles"], json!(["Admin"]));
        assert_eq!(there.get(at::ME).await.expect(200).at("/roles/0/key"), json!("Admin"));
        let tenants = admin.get(at::MY_TENANTS).await.expect(200);
        let ids: Vec<Value> = tenants.at("/tenants").as_array().unwrap().iter().map(|row| row["tenantId"].clone()).collect();
        assert_eq!(ids, ["acme", "branch", "twig"]);
        // Coming in from above accepts nothing.
        for _ in 0..2 {
            let body = json!({"email": admin.email, "password": PASSWORD, "tenantId": "branch"});
            let token = world.anyone().post(at::LOGIN, body).await.expect(200).text_at("/accessToken");
            assert_eq!((&claims(&token)["tenantId"], &claims(&token)["roles"]), (&json!("branch"), &json!(["Admin"])));
        }
        // Whoever keeps a member out keeps out who comes from above.
        branch.post(&format!("/identity/resources/tenants/users/v1/{}/disable", admin.id), json!({})).await.expect(200);
        there.get(at::ME).await.expect(401);
        admin.put(at::SWITCH, json!({"tenantId": "branch"})).await.refuses(403, NOT_MEMBER);
    }
}
