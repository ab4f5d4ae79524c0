//! What people with the permissions for it make of their own tenant's roles.

use journeys::{Client, Person, World, at, both_engines, claims, snapshot};
use serde_json::{Value, json};

fn role(id: &str) -> String {
    format!("{}/{id}", at::ROLES)
}

fn permissions(id: &str) -> String {
    format!("{}/permissions", role(id))
}

/// A role of the environment with these permissions.
async fn make(vendor: &Client, key: &str, level: i64, permission_ids: &[String]) -> String {
    let new = json!([{"key": key, "name": key, "level": level}]);
    let id = vendor.post(at::ROLES, new).await.expect(201).text_at("/0/id");
    let body = json!({"permissionIds": permission_ids});
    vendor.put(&permissions(&id), body).await.expect(200);
    id
}

/// Somebody in acme of level 5 who may build roles and read users, and nothing else of the portal.
async fn builder(world: &World) -> Person {
    let vendor = world.vendor().await;
    let mut held = Vec::new();
    for key in [
        "fe.secure.read.roles",
        "fe.secure.write.roles",
        "fe.secure.write.updateRole",
        "fe.secure.delete.role",
        "fe.secure.read.users",
    ] {
        held.push(world.permission_id(key).await);
    }
    let id = make(&vendor, "builder", 5, &held).await;
    world.person("builder@example.com", "acme", &[&id]).await
}

/// A permission of the product with this classification.
async fn permission(world: &World, key: &str, classification: &str) -> String {
    let vendor = world.vendor().await;
    let new = json!([{"key": key, "name": key}]);
    let id = vendor
        .post(at::PERMISSIONS, new)
        .await
        .expect(201)
        .text_at("/0/id");
    let body = json!({"permissionIds": [id], "type": classification});
    vendor
        .put(&format!("{}/classification", at::PERMISSIONS), body)
        .await
        .expect(200);
    id
}

both_engines! {
    async fn an_administrator_builds_changes_and_deletes_roles_of_the_tenant(world: World) {
        let admin = world.admin("ann@example.com").await;
        let one = permission(world, "orders.read", "ASSIGNABLE").await;
        let base = world.role_id("ReadOnly").await;
        let made = admin.post(at::ROLES_V2, json!({"key": "clerk", "name": "Clerk", "baseRoleId": base, "permissionIds": [one]})).await.expect(200);
        assert_eq!(made.at("/tenantId"), "acme");
        let id = made.text_at("/id");
        let bob = world.person("bob@example.com", "acme", &[&id]).await;
        assert_eq!(claims(&bob.token())["permissions"], json!(["orders.read"]));
        assert_eq!(admin.patch(&role(&id), json!({"name": "Head clerk"})).await.expect(200).at("/name"), "Head clerk");
        assert_eq!(admin.put(&permissions(&id), json!({"permissionIds": []})).await.expect(200).at("/permissions"), json!([]));
        let listed = admin.post(at::ROLES, json!([{"key": "second", "name": "Second", "level": 4}])).await.expect(201);
        assert_eq!((listed.at("/0/tenantId"), listed.at("/0/level")), (json!("acme"), json!(4)));
        let gone = admin.delete(&role(&id)).await.expect(204);
        assert!(gone.body.is_empty());
        admin.delete(&role(&id)).await.expect(404);
        assert_eq!(claims(&world.log_in("bob@example.com").await.token())["roles"], json!([]));
    }

    async fn roles_of_the_environment_and_of_other_tenants_stay_out_of_reach(world: World) {
        let admin = world.admin("ann@example.com").await;
        world.tenant("rival").await;
        let vendor = world.vendor().await;
        let shared = world.role_id("ReadOnly").await;
        let theirs = vendor.in_tenant("rival").post(at::ROLES, json!([{"key": "r", "name": "R", "level": 9}])).await.expect(201).text_at("/0/id");
        let before = snapshot(&vendor).await;
        let sentence = "Roles of the environment cannot be changed or deleted by an account";
        admin.patch(&role(&shared), json!({"name": "X"})).await.refuses(403, sentence);
        admin.put(&permissions(&shared), json!({"permissionIds": []})).await.refuses(403, sentence);
        admin.delete(&role(&shared)).await.refuses(403, sentence);
        admin.patch(&role(&theirs), json!({"name": "X"})).await.expect(404);
        admin.put(&permissions(&theirs), json!({"permissionIds": []})).await.expect(404);
        admin.delete(&role(&theirs)).await.expect(404);
        admin.put(&format!("{}/tenant", role(&theirs)), json!({"tenantId": "acme"})).await.expect(401);
        assert_eq!(snapshot(&vendor).await, before);
    }

    async fn nobody_makes_or_touches_a_role_that_is_stronger(world: World) {
        let builder = builder(world).await;
        let vendor = world.vendor().await;
        let strong = vendor.in_tenant("acme").post(at::ROLES, json!([{"key": "strong", "name": "S", "level": 4}])).await.expect(201).text_at("/0/id");
        let admin = world.role_id("Admin").await;
        let own = builder.post(at::ROLES, json!([{"key": "own", "name": "Own"}])).await.expect(201);
        assert_eq!(own.at("/0/level"), json!(5), "the strongest one may make");
        let id = own.text_at("/0/id");
        let before = snapshot(&vendor).await;
        let sentence = "Roles above your own level cannot be made, changed or deleted";
        builder.post(at::ROLES, json!([{"key": "a", "name": "A", "level": 9}, {"key": "b", "name": "B", "level": 4}])).await.refuses(403, sentence);
        builder.post(at::ROLES_V2, json!({"key": "a", "name": "A", "baseRoleId": admin, "permissionIds": []})).await.refuses(403, sentence);
        builder.patch(&role(&id), json!({"level": 4})).await.refuses(403, sentence);
        builder.patch(&role(&strong), json!({"level": 6})).await.refuses(403, sentence);
        builder.put(&permissions(&strong), json!({"permissionIds": []})).await.refuses(403, sentence);
        builder.delete(&role(&strong)).await.refuses(403, sentence);
        assert_eq!(snapshot(&vendor).await, before);
        builder.patch(&role(&id), json!({"level": 6})).await.expect(200);
        builder.delete(&role(&id)).await.expect(204);
    }

    async fn nobody_opens_the_portal_further_than_they_may_go_themselves(world: World) {
        let builder = builder(world).await;
        let vendor = world.vendor().await;
        let base = world.role_id("builder").await;
        let (held, beyond) = (world.permission_id("fe.secure.read.users").await, world.permission_id("fe.secure.delete.users").await);
        let everything = permission(world, "*", "ASSIGNABLE").await;
        let product = permission(world, "orders.delete", "ASSIGNABLE").await;
        let before = snapshot(&vendor).await;
        let body = |ids: Value| json!({"key": "new", "name": "New", "baseRoleId": base, "permissionIds": ids});
        builder.post(at::ROLES_V2, body(json!([held, beyond]))).await.refuses(403, "Permissions that you do not hold yourself cannot be given: fe.secure.delete.users");
        builder.post(at::ROLES_V2, body(json!([everything]))).await.refuses(403, "Permissions that you do not hold yourself cannot be given: *");
        assert_eq!(snapshot(&vendor).await, before);
        let id = builder.post(at::ROLES_V2, body(json!([held, product]))).await.expect(200).text_at("/id");
        builder.put(&permissions(&id), json!({"permissionIds": [beyond]})).await.expect(403);
        vendor.put(&permissions(&id), json!({"permissionIds": [beyond]})).await.expect(200);
        let kept = builder.put(&permissions(&id), json!({"permissionIds": [beyond, held]})).await.expect(200);
        assert_eq!(kept.at("/permissions").as_array().unwrap().len(), 2, "what is there already may stay");
        let admin = world.admin("ann@example.com").await;
        let strong = world.role_id("Admin").await;
        admin.post(at::ROLES_V2, json!({"key": "two", "name": "Two", "baseRoleId": strong, "permissionIds": [beyond]})).await.expect(200);
    }

    async fn the_classification_of_permissions_binds_roles_that_tenants_make(world: World) {
        let admin = world.admin("ann@example.com").await;
        let always = permission(world, "always", "ALWAYS").await;
        let never = permission(world, "never", "NEVER").await;
        let free = permission(world, "free", "ASSIGNABLE").await;
        let base = world.role_id("Admin").await;
        let sorted = |answer: journeys::Answer| {
            let mut ids: Vec<String> = serde_json::from_value(answer.at("/permissions")).unwrap();
            ids.sort();
            ids
        };
        let expected = |ids: &[&String]| {
            let mut ids: Vec<String> = ids.iter().map(|id| (*id).clone()).collect();
            ids.sort();
            ids
        };
        let body = |ids: Value| json!({"key": "own", "name": "Own", "baseRoleId": base, "permissionIds": ids});
        admin.post(at::ROLES_V2, body(json!([never]))).await.refuses(400, &format!("Permissions not found: {never}"));
        let made = admin.post(at::ROLES_V2, body(json!([free]))).await.expect(200);
        let id = made.text_at("/id");
        assert_eq!(sorted(made), expected(&[&always, &free]));
        let listed = admin.post(at::ROLES, json!([{"key": "listed", "name": "Listed", "level": 1}])).await.expect(201);
        assert_eq!(listed.at("/0/permissions"), json!([always]));
        admin.put(&permissions(&id), json!({"permissionIds": [never]})).await.expect(400);
        assert_eq!(sorted(admin.put(&permissions(&id), json!({"permissionIds": []})).await.expect(200)), expected(&[&always]), "cannot be left out");
        let vendor = world.vendor().await;
        vendor.put(&permissions(&id), json!({"permissionIds": [never]})).await.expect(200);
        assert_eq!(sorted(admin.put(&permissions(&id), json!({"permissionIds": [free]})).await.expect(200)), expected(&[&always, &free, &never]), "what they do not see they do not take");
        let environments = vendor.post(at::ROLES_V2, json!({"key": "e", "name": "E", "baseRoleId": base, "permissionIds": [never]})).await.expect(200);
        assert_eq!(environments.at("/permissions"), json!([never]), "the environment decides freely");
    }

    async fn changes_by_people_are_recorded_under_their_names(world: World) {
        let admin = world.admin("ann@example.com").await;
        let base = world.role_id("Admin").await;
        let id = admin.post(at::ROLES_V2, json!({"key": "own", "name": "Own", "baseRoleId": base, "permissionIds": []})).await.expect(200).text_at("/id");
        admin.delete(&role(&id)).await.expect(204);
        world.settle().await;
        let records = world.vendor().await.in_tenant("acme").get("/audits/resources/audits/v2?count=50&offset=0").await.expect(200).rows();
        for action in ["Role created", "Role deleted"] {
            let record = records.iter().find(|record| record["action"] == action);
            assert_eq!(record.unwrap()["actorId"], json!(admin.id), "{action}");
        }
    }

    async fn one_key_goes_to_one_of_many_who_ask_at_once(world: World) {
        let admin = world.admin("ann@example.com").await;
        let base = world.role_id("Admin").await;
        let all = (0..16).map(|_| {
            let (admin, base) = (admin.client.clone(), base.clone());
            async move {
                admin.post(at::ROLES_V2, json!({"key": "same", "name": "Same", "baseRoleId": base, "permissionIds": []})).await.status
            }
        });
        let mut statuses = futures_util::future::join_all(all).await;
        statuses.sort_unstable();
        assert_eq!((statuses[0], &statuses[1..]), (200, [409; 15].as_slice()));
    }

    async fn a_key_means_one_role_to_whoever_reads_a_token(world: World) {
        let admin = world.admin("ann@example.com").await;
        let vendor = world.vendor().await;
        world.tenant("rival").await;
        let owner = make(&vendor, "Owner", 0, &[]).await;
        let base = world.role_id("ReadOnly").await;
        let own = admin.post(at::ROLES, json!([{"key": "own", "name": "Own", "level": 9}])).await.expect(201).text_at("/0/id");
        let before = snapshot(&vendor).await;
        let taken = "Roles already exists";
        for role_of_all in ["Owner", "Admin"] {
            admin.post(at::ROLES, json!([{"key": role_of_all, "name": "X", "level": 9}])).await.refuses(409, taken);
            admin.post(at::ROLES_V2, json!({"key": role_of_all, "name": "X", "baseRoleId": base, "permissionIds": []})).await.refuses(409, taken);
            admin.patch(&role(&own), json!({"key": role_of_all})).await.refuses(409, taken);
        }
        vendor.post(at::ROLES, json!([{"key": "own", "name": "X", "level": 9}])).await.refuses(409, taken);
        vendor.patch(&role(&owner), json!({"key": "own"})).await.refuses(409, taken);
        assert_eq!(snapshot(&vendor).await, before);
        // Tenants do not get in each other's way, and the environment gives a tenant another role of a key where it wants to.
        vendor.in_tenant("rival").post(at::ROLES, json!([{"key": "Owner", "name": "X", "level": 9}])).await.expect(201);
        let theirs = vendor.in_tenant("rival").post(at::ROLES, json!([{"key": "own", "name": "X", "level": 9}])).await.expect(201).text_at("/0/id");
        vendor.put(&format!("{}/tenant", role(&theirs)), json!({"tenantId": ""})).await.refuses(409, taken);
        vendor.put(&format!("{}/tenant", role(&theirs)), json!({"tenantId": "acme"})).await.refuses(409, taken);
        admin.patch(&role(&own), json!({"key": "own", "name": "Renamed"})).await.expect(200);
    }

    async fn a_key_goes_to_the_environment_or_to_a_tenant_where_both_ask_at_once(world: World) {
        let (vendor, admin) = (world.vendor().await, world.admin("ann@example.com").await);
        for round in 0..8 {
            let ask = |client: Client| async move {
                client.post(at::ROLES, json!([{"key": format!("k{round}"), "name": "K", "level": 1}])).await.status
            };
            let (one, other) = futures_util::future::join(ask(vendor.clone()), ask(admin.client.clone())).await;
            assert_eq!(one.min(other), 201);
            assert_eq!(one.max(other), 409);
        }
    }

    async fn only_the_environment_gives_a_role_to_everybody(world: World) {
        let builder = builder(world).await;
        let vendor = world.vendor().await;
        let own = builder.post(at::ROLES, json!([{"key": "own", "name": "Own", "level": 9}])).await.expect(201).text_at("/0/id");
        let before = snapshot(&vendor).await;
        let sentence = "Only the environment may give a role to everybody (migrateRole)";
        builder.post(at::ROLES, json!([{"key": "all", "name": "A", "level": 9, "isDefault": true, "migrateRole": true}])).await.refuses(403, sentence);
        builder.patch(&role(&own), json!({"isDefault": true, "migrateRole": true})).await.refuses(403, sentence);
        assert_eq!(snapshot(&vendor).await, before);
        vendor.in_tenant("acme").patch(&role(&own), json!({"isDefault": true, "migrateRole": true})).await.expect(200);
        world.settle().await;
        assert!(claims(&builder.client.post(at::REFRESH, json!({})).await.expect(200).text_at("/accessToken"))["roles"].as_array().unwrap().contains(&json!("own")));
        let records = vendor.in_tenant("acme").get("/audits/resources/audits/v2?count=50&offset=0").await.expect(200).rows();
        let given = records.iter().filter(|record| record["action"] == "Roles assigned to user" && record["description"] == "The role was given to everybody");
        assert_eq!(given.count(), 1);
    }
}
