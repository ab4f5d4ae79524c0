//! People of the tenants below one's own.

use journeys::{World, at, both_engines, snapshot};
use serde_json::{Value, json};

const V2: &str = "/identity/resources/sub-tenants/users/v2";
const COUNT: &str = "/identity/resources/tenants/users/v1/count";

/// `acme` over `branch` over `twig`, with one member each; `rival` beside them with another.
async fn family(world: &World) {
    let vendor = world.vendor().await;
    world.tenant("acme").await;
    world.tenant("rival").await;
    for (parent, id) in [("acme", "branch"), ("branch", "twig")] {
        let new = json!({"tenantId": id, "name": id, "parentTenantId": parent});
        vendor.post(at::SUB_TENANTS, new).await.expect(201);
    }
    for tenant in ["acme", "branch", "twig", "rival"] {
        let new = json!({"email": format!("{tenant}@example.com"), "name": format!("Of {tenant}"), "tenantId": tenant});
        vendor.post(at::VENDOR_USERS, new).await.expect(201);
        world.clock.advance_seconds(1);
    }
}

fn roles_path(id: &str) -> String {
    format!("{}/{id}/roles", at::SUB_TENANT_USERS)
}

async fn role_keys(world: &World, tenant: &str, id: &str) -> Vec<Value> {
    let path = format!("{}/{id}", at::VENDOR_USERS);
    let user = world
        .vendor()
        .await
        .in_tenant(tenant)
        .get(&path)
        .await
        .expect(200)
        .json();
    let there = user["tenants"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["tenantId"] == tenant)
        .cloned()
        .unwrap();
    there["roles"]
        .as_array()
        .unwrap()
        .iter()
        .map(|role| role["key"].clone())
        .collect()
}

both_engines! {
    async fn lists_hold_members_of_tenants_below_where_they_are_wanted(world: World) {
        family(world).await;
        let vendor = world.vendor().await;
        let acme = vendor.in_tenant("acme");
        let emails = async |query: &str| acme.get(query).await.expect(200).pluck("email");
        let v3 = |query: &str| format!("{}{query}", at::USERS_V3);
        let everybody = ["acme@example.com", "branch@example.com", "twig@example.com"];
        assert_eq!(emails(&v3("")).await, everybody);
        assert_eq!(emails(&v3("?_includeSubTenants=true&_order=DESC")).await, ["twig@example.com", "branch@example.com", "acme@example.com"]);
        assert_eq!(emails(&v3("?_includeSubTenants=false")).await, ["acme@example.com"]);
        assert_eq!(emails(&v3("?_email=t")).await, ["twig@example.com"]);
        assert_eq!(emails(&v3("?_namePrefix=of%20B")).await, ["branch@example.com"]);
        for sort in ["createdAt", "name", "email", "verified", "isLocked", "provider", "id", "tenantId"] {
            let mut seen = emails(&v3(&format!("?_sortBy={sort}"))).await;
            seen.sort();
            assert_eq!(seen, everybody, "{sort}");
        }
        let page = acme.get(&v3("?_limit=2&_offset=1")).await.expect(200);
        assert_eq!((page.pluck("email"), page.at("/_metadata/totalItems")), (vec!["twig@example.com".to_owned()], json!(3)));
        assert_eq!(page.rows()[0]["tenantId"], "twig");
        let id = page.rows()[0]["id"].as_str().unwrap().to_owned();
        assert_eq!(emails(&v3(&format!("?ids={id}"))).await, ["twig@example.com"]);
        assert_eq!(emails(&v3(&format!("?ids={id}&_includeSubTenants=false"))).await.len(), 0);
        let v2 = "/identity/resources/users/v2";
        assert_eq!(emails(v2).await, ["acme@example.com"]);
        assert_eq!(emails(&format!("{v2}?_includeSubTenants=true&_filter=RANCH")).await, ["branch@example.com"]);
        // Somebody in several of them is there once.
        vendor.post(at::VENDOR_USERS, json!({"email": "acme@example.com", "tenantId": "twig"})).await.expect(201);
        assert_eq!(emails(&v3("")).await, everybody);
        assert_eq!(vendor.get(&v3("?_tenantId=branch")).await.expect(200).rows().len(), 3);
        assert_eq!(emails(&v3("?_tenantId=branch&_sortBy=email&_order=ASC")).await, ["acme@example.com", "branch@example.com", "twig@example.com"]);
        assert_eq!(emails(&v3("?_tenantId=branch&_includeSubTenants=false")).await.len(), 0, "only the one in force is asked about");
        assert_eq!(emails(&v3("?_tenantId=rival")).await.len(), 0);
        assert_eq!(vendor.in_tenant("rival").get(&v3("")).await.expect(200).pluck("email"), ["rival@example.com"]);
    }

    async fn users_see_below_only_with_the_permission_and_nobody_elses_tenants(world: World) {
        family(world).await;
        let admin = world.admin("admin@example.com").await;
        let vendor = world.vendor().await;
        vendor.post(at::VENDOR_USERS, json!({"email": "twig@example.com", "tenantId": "rival"})).await.expect(201);
        let all = admin.get(at::USERS_V3).await.expect(200);
        let twig = all.rows().into_iter().find(|row| row["email"] == "twig@example.com").unwrap();
        assert_eq!((&twig["tenantIds"], &twig["tenantId"]), (&json!(["twig"]), &json!("twig")), "the tenant beside is not told");
        let permission = world.permission_id("fe.secure.read.users").await;
        let role = vendor.post(at::ROLES, json!([{"key": "watcher", "name": "Watcher", "level": 5}])).await.expect(201).text_at("/0/id");
        vendor.put(&format!("{}/{role}/permissions", at::ROLES), json!({"permissionIds": [permission]})).await.expect(200);
        let watcher = world.person("watcher@example.com", "acme", &[&role]).await;
        let filtered = |tenant: &str| format!("{}?_tenantId={tenant}", at::USERS_V3);
        assert_eq!(admin.get(&filtered("twig")).await.expect(200).at("/items/0/tenantIds"), json!(["twig"]));
        assert_eq!(admin.get(&filtered("rival")).await.expect(200).rows().len(), 0);
        assert_eq!(watcher.get(&filtered("twig")).await.expect(200).rows().len(), 0);
        let mut seen = watcher.get(at::USERS_V3).await.expect(200).pluck("email");
        seen.sort();
        assert_eq!(seen, ["acme@example.com", "admin@example.com", "watcher@example.com"]);
        let listed = admin.get(&format!("{}?_limit=2&_offset=1&_sortBy=email", at::SUB_TENANT_USERS)).await.expect(200);
        assert_eq!((listed.at("/totalItems"), listed.at("/totalPages")), (json!(5), json!(3)));
        assert_eq!(listed.pluck("email"), ["branch@example.com", "twig@example.com"]);
        assert_eq!(listed.rows()[0]["tenants"][0]["tenantId"], "branch");
        assert_eq!(admin.get(&format!("{}?_filter=RANCH", at::SUB_TENANT_USERS)).await.expect(200).pluck("email"), ["branch@example.com"]);
        admin.get(&format!("{}?_limit=201", at::SUB_TENANT_USERS)).await.expect(400);
    }

    async fn somebody_is_added_to_several_tenants_or_to_none(world: World) {
        family(world).await;
        let admin = world.admin("admin@example.com").await;
        let vendor = world.vendor().await;
        let reader = world.role_id("ReadOnly").await;
        let body = json!({"user": {"email": "Ann@Example.com", "name": "Ann"}, "subTenants": [{"tenantId": "twig", "roleIds": [reader]}, {"tenantId": "branch"}]});
        let made = admin.post(at::SUB_TENANT_USERS, body.clone()).await.expect(201).rows();
        assert_eq!(made.len(), 2);
        assert_eq!((&made[0]["email"], &made[0]["id"]), (&json!("ann@example.com"), &made[1]["id"]));
        let id = made[0]["id"].as_str().unwrap().to_owned();
        assert_eq!(role_keys(world, "twig", &id).await, ["ReadOnly"]);
        assert_eq!(role_keys(world, "branch", &id).await, Vec::<Value>::new());
        world.settle().await;
        let before = snapshot(&vendor).await;
        admin.post(at::SUB_TENANT_USERS, body).await.refuses(409, "User already exists");
        for tenants in [json!([{"tenantId": "acme"}, {"tenantId": "rival"}]), json!([{"tenantId": "nobody"}])] {
            admin.post(at::SUB_TENANT_USERS, json!({"user": {"email": "bob@example.com"}, "subTenants": tenants})).await.refuses(404, "Tenant not found");
        }
        admin.post(at::SUB_TENANT_USERS, json!({"user": {"email": "bob@example.com"}, "subTenants": [{"tenantId": "twig", "roleIds": ["nothing"]}]})).await.expect(400);
        for body in [
            json!({}),
            json!({"user": {"email": "no address"}, "subTenants": [{"tenantId": "twig"}]}),
            json!({"user": {}, "subTenants": [{"tenantId": "twig"}]}),
            json!({"user": {"email": "bob@example.com"}, "subTenants": []}),
            json!({"user": {"email": "bob@example.com"}, "subTenants": [{"tenantId": "twig"}, {"tenantId": "twig"}]}),
            json!({"user": {"email": "bob@example.com"}, "subTenants": [{"tenantId": ""}]}),
        ] {
            admin.post(at::SUB_TENANT_USERS, body).await.expect(400);
        }
        world.settle().await;
        assert_eq!(snapshot(&vendor).await, before);
        let leaves = json!({"userId": id, "subTenants": [{"tenantId": "twig"}]});
        admin.delete_with(at::SUB_TENANT_USERS, json!({"userId": id, "subTenants": [{"tenantId": "branch"}, {"tenantId": "rival"}]})).await.refuses(404, "Tenant not found");
        let gone = admin.delete_with(at::SUB_TENANT_USERS, leaves.clone()).await.expect(200);
        assert_eq!(gone.text(), "");
        admin.delete_with(at::SUB_TENANT_USERS, leaves).await.refuses(404, "User not found");
        admin.delete_with(at::SUB_TENANT_USERS, json!({"userId": id})).await.expect(400);
        assert_eq!(vendor.get(&format!("{}/{id}", at::VENDOR_USERS)).await.expect(200).at("/tenantIds"), json!(["branch"]));
    }

    async fn several_people_are_added_to_one_tenant_or_none(world: World) {
        family(world).await;
        let admin = world.admin("admin@example.com").await;
        let vendor = world.vendor().await;
        let body = json!({"users": [{"email": "b@example.com"}, {"email": "a@example.com", "name": "A"}], "tenantId": "twig", "allowSubAccountAccess": true});
        // Clients send the slash.
        let made = admin.post(&format!("{V2}/"), body.clone()).await.expect(201);
        assert_eq!(made.pluck("email"), ["a@example.com", "b@example.com"]);
        assert_eq!(made.rows()[0]["subAccountAccessAllowed"], json!(true));
        world.settle().await;
        let before = snapshot(&vendor).await;
        admin.post(V2, json!({"users": [{"email": "c@example.com"}, {"email": "a@example.com"}], "tenantId": "twig"})).await.refuses(409, "User already exists");
        admin.post(V2, json!({"users": [{"email": "c@example.com"}], "tenantId": "rival"})).await.refuses(404, "Tenant not found");
        for body in [json!({}), json!({"users": [], "tenantId": "twig"}), json!({"users": [{"email": "x"}], "tenantId": "twig"}), json!({"users": [{"email": "c@example.com"}], "tenantId": ""})] {
            admin.post(V2, body).await.expect(400);
        }
        world.settle().await;
        assert_eq!(snapshot(&vendor).await, before);
    }

    async fn roles_change_in_several_tenants_at_once(world: World) {
        family(world).await;
        let admin = world.admin("admin@example.com").await;
        let vendor = world.vendor().await;
        let (reader, full) = (world.role_id("ReadOnly").await, world.role_id("Admin").await);
        let made = admin.post(at::SUB_TENANT_USERS, json!({"user": {"email": "ann@example.com"}, "subTenants": [{"tenantId": "twig"}, {"tenantId": "branch"}]})).await.expect(201);
        let id = made.text_at("/0/id");
        let body = |roles: &[&str]| json!({"subTenantsRoles": [{"tenantId": "twig", "roleIds": roles}, {"tenantId": "branch", "roleIds": roles}]});
        assert_eq!(admin.post(&roles_path(&id), body(&[&reader])).await.expect(201).text(), "");
        assert_eq!((role_keys(world, "twig", &id).await, role_keys(world, "branch", &id).await), (vec![json!("ReadOnly")], vec![json!("ReadOnly")]));
        assert_eq!(admin.patch(&roles_path(&id), body(&[&full])).await.expect(200).text(), "");
        assert_eq!(role_keys(world, "twig", &id).await, ["Admin"]);
        assert_eq!(admin.delete_with(&roles_path(&id), body(&[&full])).await.expect(200).text(), "");
        assert_eq!(role_keys(world, "branch", &id).await, Vec::<Value>::new());
        admin.patch(&roles_path(&id), body(&[&full])).await.expect(200);
        admin.patch(&roles_path(&id), body(&[])).await.expect(200);
        assert_eq!(role_keys(world, "twig", &id).await, Vec::<Value>::new());
        let mixed = json!({"subTenantsRoles": [{"tenantId": "twig", "roleIds": [reader]}, {"tenantId": "rival", "roleIds": [reader]}]});
        admin.post(&roles_path(&id), mixed.clone()).await.refuses(404, "Tenant not found");
        admin.patch(&roles_path(&id), mixed.clone()).await.refuses(404, "Tenant not found");
        admin.delete_with(&roles_path(&id), mixed).await.refuses(404, "Tenant not found");
        admin.post(&roles_path(&id), json!({"subTenantsRoles": [{"tenantId": "acme", "roleIds": [reader]}]})).await.refuses(404, "User not found");
        for body in [json!({}), json!({"subTenantsRoles": []}), body(&[]), json!({"subTenantsRoles": [{"tenantId": "twig", "roleIds": [5]}]})] {
            admin.post(&roles_path(&id), body).await.expect(400);
        }
        assert_eq!(role_keys(world, "twig", &id).await, Vec::<Value>::new());
        // Nobody gives what is stronger than they are.
        let weak = vendor.post(at::ROLES, json!([{"key": "weak", "name": "Weak", "level": 9}, {"key": "strong", "name": "Strong", "level": 1}])).await.expect(201);
        let permission = world.permission_id("fe.secure.write.userSubTenants").await;
        vendor.put(&format!("{}/{}/permissions", at::ROLES, weak.text_at("/0/id")), json!({"permissionIds": [permission]})).await.expect(200);
        let deputy = world.person("deputy@example.com", "acme", &[&weak.text_at("/0/id")]).await;
        deputy.post(&roles_path(&id), body(&[&weak.text_at("/1/id")])).await.refuses(403, "Roles above your own level cannot be given, taken or edited");
        deputy.post(&roles_path(&id), body(&[&weak.text_at("/0/id")])).await.expect(201);
        assert_eq!(deputy.patch(&roles_path(&id), body(&[])).await.refuses(403, "Taking roles needs the permission fe.secure.delete.userSubTenants").status, 403);
        assert_eq!(role_keys(world, "twig", &id).await, ["weak"]);
        deputy.post(V2, json!({"users": [{"email": "x@example.com"}], "tenantId": "twig", "allowSubAccountAccess": true})).await.refuses(403, "You do not have the permission fe.account-hierarchy.write.subAccountAccess");
    }

    async fn members_are_counted(world: World) {
        family(world).await;
        let admin = world.admin("admin@example.com").await;
        let vendor = world.vendor().await;
        let hidden = vendor.post(at::VENDOR_USERS, json!({"email": "hidden@example.com", "tenantId": "acme"})).await.expect(201).text_at("/id");
        vendor.put(&format!("{}/{hidden}/invisible", at::USERS), json!({"invisible": true})).await.expect(200);
        vendor.in_tenant("acme").put(&format!("{}/{}/access", at::SUB_TENANT_USERS, admin.id), json!({"allowAccess": true})).await.expect(200);
        let ask = json!({"tenantIds": ["twig", "acme", "rival", "nobody"]});
        let row = |id: &str, users: i64, reach: i64| json!({"tenantId": id, "totalUsers": users, "totalAccessAllowedUsers": reach});
        assert_eq!(vendor.post(COUNT, ask.clone()).await.expect(201).json(), json!([row("twig", 1, 0), row("acme", 3, 1), row("rival", 1, 0)]));
        let visible = json!({"tenantIds": ["acme"], "excludeInvisibleUsers": true});
        assert_eq!(vendor.post(COUNT, visible).await.expect(201).json(), json!([row("acme", 2, 1)]));
        assert_eq!(admin.post(COUNT, ask).await.expect(201).json(), json!([row("twig", 1, 0), row("acme", 2, 1)]));
        for body in [json!({}), json!({"tenantIds": []}), json!({"tenantIds": "x"}), json!({"tenantIds": [""]})] {
            admin.post(COUNT, body).await.expect(400);
        }
    }
}
