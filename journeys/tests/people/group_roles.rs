//! What a group's roles do for its members, and who may give them.

use journeys::{Client, Person, World, at, both_engines, claims};
use serde_json::{Value, json};

fn group(id: &str) -> String {
    format!("{}/{id}", at::GROUPS)
}

fn roles(id: &str) -> String {
    format!("{}/roles", group(id))
}

fn users(id: &str) -> String {
    format!("{}/users", group(id))
}

/// A group of acme with these roles and members.
async fn make(acme: &Client, name: &str, role_ids: &[&str], members: &[&Person]) -> String {
    let id = acme
        .post(at::GROUPS, json!({"name": name}))
        .await
        .expect(201)
        .text_at("/id");
    if !role_ids.is_empty() {
        let given = acme
            .post(&roles(&id), json!({"roleIds": role_ids}))
            .await
            .expect(201);
        assert!(given.body.is_empty());
    }
    if !members.is_empty() {
        let ids: Vec<&str> = members.iter().map(|one| one.id.as_str()).collect();
        acme.post(&users(&id), json!({"userIds": ids})).await.expect(201);
    }
    id
}

async fn role(vendor: &Client, key: &str, level: i64) -> String {
    let new = json!([{"key": key, "name": key, "level": level}]);
    vendor.post(at::ROLES, new).await.expect(201).text_at("/0/id")
}

/// The roles in a fresh token.
async fn roles_now(world: &World, email: &str) -> Value {
    claims(&world.log_in(email).await.token())["roles"].clone()
}

fn keys(list: &Value) -> Vec<String> {
    let mut keys: Vec<String> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["key"].as_str().unwrap().to_owned())
        .collect();
    keys.sort();
    keys
}

both_engines! {
    async fn roles_of_groups_count_beside_ones_own(world: World) {
        let own = role(&world.vendor().await, "own", 9).await;
        let ann = world.person("ann@example.com", "acme", &[&own]).await;
        let acme = world.vendor().await.in_tenant("acme");
        let reader = world.role_id("ReadOnly").await;
        let id = make(&acme, "Readers", &[&reader, &own], &[&ann]).await;
        let token = world.log_in("ann@example.com").await.token();
        assert_eq!(claims(&token)["roles"], json!(["ReadOnly", "own"]), "each once");
        assert!(claims(&token)["permissions"].as_array().unwrap().contains(&json!("fe.secure.read.users")));
        let me = ann.get(at::ME).await.expect(200);
        assert_eq!(keys(&me.at("/roles")), ["ReadOnly", "own"]);
        assert!(keys(&me.at("/permissions")).contains(&"fe.secure.read.users".to_owned()));
        assert_eq!((me.at("/groups/0/id"), me.at("/groups/0/name")), (json!(id), json!("Readers")));
        assert_eq!(keys(&ann.get(at::MY_AUTHORIZATION).await.expect(200).at("/roles")), ["ReadOnly", "own"]);
        ann.bearing(&token).get(at::ROLES).await.expect(200);
    }

    async fn a_groups_roles_open_routes_at_once_and_close_them_again(world: World) {
        // A token without permissions in it makes every call ask what holds now.
        let ann = world.user("ann@example.com").await;
        ann.get(at::ROLES).await.expect(403);
        let acme = world.vendor().await.in_tenant("acme");
        let reader = world.role_id("ReadOnly").await;
        let id = make(&acme, "Readers", &[&reader], &[&ann]).await;
        ann.get(at::ROLES).await.expect(200);
        acme.delete_with(&users(&id), json!({"userIds": [ann.id]})).await.expect(200);
        ann.get(at::ROLES).await.expect(403);
        acme.post(&users(&id), json!({"userIds": [ann.id]})).await.expect(201);
        ann.get(at::ROLES).await.expect(200);
        acme.delete_with(&roles(&id), json!({"roleIds": [reader]})).await.expect(200);
        ann.get(at::ROLES).await.expect(403);
        acme.post(&roles(&id), json!({"roleIds": [reader]})).await.expect(201);
        ann.get(at::ROLES).await.expect(200);
        acme.delete(&group(&id)).await.expect(200);
        ann.get(at::ROLES).await.expect(403);
    }

    async fn switches_decide_whether_groups_grant_anything(world: World) {
        let ann = world.user("ann@example.com").await;
        let vendor = world.vendor().await;
        let acme = vendor.in_tenant("acme");
        let reader = world.role_id("ReadOnly").await;
        make(&acme, "Readers", &[&reader], &[&ann]).await;
        let config = format!("{}/config", at::GROUPS);
        for (switches, roles, groups) in [
            (json!({"rolesEnabled": false}), json!([]), 1),
            (json!({"rolesEnabled": true, "enabled": false}), json!([]), 0),
            (json!({"enabled": true}), json!(["ReadOnly"]), 1),
        ] {
            vendor.post(&config, switches).await.expect(201);
            assert_eq!(roles_now(world, "ann@example.com").await, roles);
            let me = ann.get(at::ME).await.expect(200);
            assert_eq!(me.at("/groups").as_array().unwrap().len(), groups);
            assert_eq!(me.at("/roles").as_array().unwrap().len(), roles.as_array().unwrap().len());
        }
    }

    async fn what_others_read_of_a_user_tells_own_roles_from_those_of_groups(world: World) {
        let own = role(&world.vendor().await, "own", 9).await;
        let ann = world.person("ann@example.com", "acme", &[&own]).await;
        let acme = world.vendor().await.in_tenant("acme");
        let reader = world.role_id("ReadOnly").await;
        let id = make(&acme, "Readers", &[&reader], &[&ann]).await;
        let user = acme.get(&format!("{}/{}", at::USERS, ann.id)).await.expect(200);
        assert_eq!(keys(&user.at("/roles")), ["own"], "those that can be taken one by one");
        assert!(keys(&user.at("/permissions")).contains(&"fe.secure.read.users".to_owned()), "all that holds");
        assert_eq!(user.at("/groups/0/id"), json!(id));
        let listed = acme.get("/identity/resources/users/v2?_limit=10").await.expect(200);
        assert_eq!((keys(&listed.at("/items/0/roles")), listed.at("/items/0/groups/0/name")), (vec!["own".to_owned()], json!("Readers")));
        let direct = acme.get(&format!("/identity/resources/users/v3/roles?ids={}", ann.id)).await.expect(200);
        assert_eq!(direct.at("/0/roleIds"), json!([own]));
    }

    async fn groups_of_one_tenant_grant_nothing_in_another(world: World) {
        let ann = world.user("ann@example.com").await;
        world.tenant("rival").await;
        let vendor = world.vendor().await;
        let reader = world.role_id("ReadOnly").await;
        make(&vendor.in_tenant("acme"), "Readers", &[&reader], &[&ann]).await;
        vendor.post(at::VENDOR_USERS, json!({"email": "ann@example.com", "tenantId": "rival"})).await.expect(201);
        let there = vendor.in_tenant("rival").get(&format!("{}/{}", at::USERS, ann.id)).await.expect(200);
        assert_eq!((there.at("/permissions"), there.at("/groups")), (json!([]), json!([])));
    }

    async fn a_role_that_goes_or_moves_leaves_groups(world: World) {
        let ann = world.user("ann@example.com").await;
        world.tenant("rival").await;
        let vendor = world.vendor().await;
        let acme = vendor.in_tenant("acme");
        let (gone, moved) = (role(&vendor, "gone", 1).await, role(&vendor, "moved", 2).await);
        let id = make(&acme, "Both", &[&gone, &moved], &[&ann]).await;
        assert_eq!(roles_now(world, "ann@example.com").await, json!(["gone", "moved"]));
        vendor.delete(&format!("{}/{gone}", at::ROLES)).await.expect(204);
        assert_eq!(roles_now(world, "ann@example.com").await, json!(["moved"]));
        vendor.put(&format!("{}/{moved}/tenant", at::ROLES), json!({"tenantId": "rival"})).await.expect(200);
        assert_eq!(roles_now(world, "ann@example.com").await, json!([]));
        assert_eq!(acme.get(&group(&id)).await.expect(200).at("/roles"), json!([]));
        acme.delete_with(&roles(&id), json!({"roleIds": [moved]})).await.expect(200);
        vendor.put(&format!("{}/{moved}/tenant", at::ROLES), json!({"tenantId": null})).await.expect(200);
        assert_eq!(roles_now(world, "ann@example.com").await, json!([]), "taken from the group while it was away");
    }

    async fn roles_that_cannot_be_given_here_are_refused(world: World) {
        world.tenant("acme").await;
        world.tenant("rival").await;
        let vendor = world.vendor().await;
        let acme = vendor.in_tenant("acme");
        let theirs = role(&vendor.in_tenant("rival"), "theirs", 1).await;
        let away = role(&world.vendor_of(&world.away).await, "away", 1).await;
        let own = role(&acme, "own", 1).await;
        let id = make(&acme, "Group", &[&own], &[]).await;
        for unknown in [theirs.as_str(), away.as_str(), "nobody"] {
            let sentence = format!("Roles not found: {unknown}");
            acme.post(&roles(&id), json!({"roleIds": [own, unknown]})).await.refuses(404, &sentence);
            acme.delete_with(&roles(&id), json!({"roleIds": [own, unknown]})).await.refuses(404, &sentence);
        }
        for wrong in [json!({}), json!({"roleIds": []}), json!({"roleIds": "x"}), json!({"roleIds": [5]}), json!([])] {
            acme.post(&roles(&id), wrong.clone()).await.expect(400);
            acme.delete_with(&roles(&id), wrong).await.expect(400);
        }
        acme.post(&roles("nobody"), json!({"roleIds": [own]})).await.refuses(404, "Group not found");
        assert_eq!(keys(&acme.get(&group(&id)).await.expect(200).at("/roles")), ["own"]);
        world.settle().await;
        let records = acme.get("/audits/resources/audits/v2?count=50&offset=0").await.expect(200).pluck("action");
        assert_eq!(records.iter().filter(|action| *action == "Roles added to group").count(), 1);
    }

    async fn nobody_gives_groups_more_than_their_own_level(world: World) {
        let vendor = world.vendor().await;
        let acme = vendor.in_tenant("acme");
        let mut held = Vec::new();
        for key in ["fe.secure.read.*", "fe.secure.write.groups", "fe.secure.write.groupsRoles", "fe.secure.write.groupsUsers", "fe.secure.delete.groups", "fe.secure.delete.groupsUsers"] {
            held.push(world.permission_id(key).await);
        }
        let (middle, weak, strong) = (role(&vendor, "middle", 5).await, role(&vendor, "weak", 9).await, role(&vendor, "strong", 1).await);
        vendor.put(&format!("{}/{middle}/permissions", at::ROLES), json!({"permissionIds": held})).await.expect(200);
        let lead = world.person("lead@example.com", "acme", &[&middle]).await;
        let ann = world.user("ann@example.com").await;
        let top = make(&acme, "Top", &[&strong], &[]).await;
        let team = make(&lead, "Team", &[&weak, &middle], &[&ann]).await;
        let sentence = "Groups with roles above your own level cannot be changed, and such roles cannot be given or taken";
        lead.post(&roles(&team), json!({"roleIds": [strong]})).await.refuses(403, sentence);
        lead.post(&users(&top), json!({"userIds": [lead.id]})).await.refuses(403, sentence);
        lead.post(&roles(&top), json!({"roleIds": [weak]})).await.refuses(403, sentence);
        lead.delete_with(&roles(&top), json!({"roleIds": [strong]})).await.refuses(403, sentence);
        lead.patch(&group(&top), json!({"name": "Bottom"})).await.refuses(403, sentence);
        lead.delete(&group(&top)).await.refuses(403, sentence);
        acme.post(&users(&top), json!({"userIds": [ann.id]})).await.expect(201);
        lead.delete_with(&users(&top), json!({"userIds": [ann.id]})).await.refuses(403, sentence);
        // Ann is strong through a group now, and nobody weaker takes roles from her or throws her out.
        let all = world.role_id("Admin").await;
        vendor.put(&format!("{}/{middle}/permissions", at::ROLES), json!({"permissionIds": [world.permission_id("fe.secure.*").await]})).await.expect(200);
        let lead = world.log_in("lead@example.com").await;
        lead.post(&format!("{}/{}/roles", at::USERS, ann.id), json!({"roleIds": [weak]})).await.expect(403);
        lead.delete(&format!("{}/{}", at::USERS, ann.id)).await.expect(403);
        // What a group makes of oneself counts as one's own.
        acme.post(&roles(&team), json!({"roleIds": [all]})).await.expect(201);
        acme.post(&users(&team), json!({"userIds": [claims(&lead.token())["sub"]]})).await.expect(201);
        lead.post(&users(&top), json!({"userIds": [ann.id]})).await.expect(201);
        lead.delete(&group(&top)).await.expect(200);
    }

    async fn roles_are_sorted_by_how_many_groups_have_them(world: World) {
        world.tenant("acme").await;
        let vendor = world.vendor().await;
        let acme = vendor.in_tenant("acme");
        let (a, b) = (role(&vendor, "a", 1).await, role(&vendor, "b", 2).await);
        make(&acme, "One", &[&a, &b], &[]).await;
        make(&acme, "Two", &[&b], &[]).await;
        let most = vendor.get(&format!("{}?_sortBy=groups&_order=DESC&_limit=2", at::ROLES_V2)).await.expect(200);
        assert_eq!(most.pluck("key"), ["b", "a"]);
    }
}
