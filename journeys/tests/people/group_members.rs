use journeys::{Client, World, at, both_engines};
use serde_json::json;

fn users(id: &str) -> String {
    format!("{}/{id}/users", at::GROUPS)
}

async fn make(client: &Client, name: &str) -> String {
    client
        .post(at::GROUPS, json!({"name": name}))
        .await
        .expect(201)
        .text_at("/id")
}

/// The addresses of a group's members, sorted.
async fn members(client: &Client, id: &str) -> Vec<String> {
    let group = client
        .get(&format!("{}/{id}", at::GROUPS))
        .await
        .expect(200)
        .at("/users");
    let mut emails: Vec<String> = group
        .as_array()
        .unwrap()
        .iter()
        .map(|user| user["email"].as_str().unwrap().to_owned())
        .collect();
    emails.sort();
    emails
}

both_engines! {
    async fn members_come_and_go(world: World) {
        let ann = world.user("ann@example.com").await;
        let bob = world.user("bob@example.com").await;
        let acme = world.vendor().await.in_tenant("acme");
        let id = make(&acme, "Sales").await;
        let added = acme.post(&users(&id), json!({"userIds": [ann.id, bob.id, ann.id]})).await.expect(201);
        assert!(added.body.is_empty());
        acme.post(&users(&id), json!({"userIds": [ann.id]})).await.expect(201);
        assert_eq!(members(&acme, &id).await, ["ann@example.com", "bob@example.com"]);
        let removed = acme.delete_with(&users(&id), json!({"userIds": [bob.id]})).await.expect(200);
        assert!(removed.body.is_empty());
        acme.delete_with(&users(&id), json!({"userIds": [bob.id]})).await.expect(200);
        assert_eq!(members(&acme, &id).await, ["ann@example.com"]);
        world.settle().await;
        let records = acme.get("/audits/resources/audits/v2?count=50&offset=0").await.expect(200).pluck("action");
        assert_eq!(records.iter().filter(|action| *action == "Users added to group").count(), 1, "what changes nothing is not recorded");
        assert_eq!(records.iter().filter(|action| *action == "Users removed from group").count(), 1);
    }

    async fn nobody_moves_stronger_members_in_or_out_of_groups(world: World) {
        let chief = world.admin("chief@example.com").await;
        let vendor = world.vendor().await;
        let acme = vendor.in_tenant("acme");
        let roles = vendor.post(at::ROLES, json!([{"key": "deputy", "name": "Deputy", "level": 10}, {"key": "low", "name": "Low", "level": 20}])).await.expect(201).pluck("id");
        let mut keys = Vec::new();
        for key in ["fe.secure.write.groupsUsers", "fe.secure.delete.groupsUsers", "fe.secure.read.groups"] {
            keys.push(world.permission_id(key).await);
        }
        vendor.put(&format!("{}/{}/permissions", at::ROLES, roles[0]), json!({"permissionIds": keys})).await.expect(200);
        let deputy = world.person("deputy@example.com", "acme", &[&roles[0]]).await;
        let ann = world.person("ann@example.com", "acme", &[&roles[1]]).await;
        let id = make(&acme, "Sales").await;
        let sentence = "Users above your own level cannot be added to groups or removed from them";
        deputy.post(&users(&id), json!({"userIds": [ann.id, chief.id]})).await.refuses(403, sentence);
        assert_eq!(members(&acme, &id).await, Vec::<String>::new());
        deputy.post(&users(&id), json!({"userIds": [ann.id, deputy.id]})).await.expect(201);
        acme.post(&users(&id), json!({"userIds": [chief.id]})).await.expect(201);
        deputy.delete_with(&users(&id), json!({"userIds": [ann.id, chief.id]})).await.refuses(403, sentence);
        // Strength through another group is strength.
        let board = make(&acme, "Board").await;
        acme.post(&format!("{}/{board}/roles", at::GROUPS), json!({"roleIds": [world.role_id("Admin").await]})).await.expect(201);
        acme.post(&users(&board), json!({"userIds": [ann.id]})).await.expect(201);
        deputy.delete_with(&users(&id), json!({"userIds": [ann.id]})).await.refuses(403, sentence);
        assert_eq!(members(&acme, &id).await.len(), 3);
        chief.delete_with(&users(&id), json!({"userIds": [ann.id, deputy.id]})).await.expect(200);
        assert_eq!(members(&acme, &id).await, ["chief@example.com"]);
    }

    async fn only_members_of_the_tenant_get_into_its_groups(world: World) {
        let ann = world.user("ann@example.com").await;
        let eve = world.person("eve@example.com", "rival", &[]).await;
        let far = world.person_of(&world.away, "far@example.com", "theirs", &[]).await;
        let acme = world.vendor().await.in_tenant("acme");
        let id = make(&acme, "Sales").await;
        for stranger in [eve.id.as_str(), far.id.as_str(), "00000000-0000-4000-8000-00000000dead"] {
            let sentence = format!("Users not found in the account: {stranger}");
            acme.post(&users(&id), json!({"userIds": [ann.id, stranger]})).await.refuses(404, &sentence);
            acme.delete_with(&users(&id), json!({"userIds": [stranger]})).await.refuses(404, &sentence);
        }
        for wrong in [json!({}), json!({"userIds": []}), json!({"userIds": "x"}), json!({"userIds": [5]}), json!({"userIds": [""]}), json!({"userIds": vec!["x"; 1_001]}), json!([])] {
            acme.post(&users(&id), wrong.clone()).await.expect(400);
            acme.delete_with(&users(&id), wrong).await.expect(400);
        }
        acme.post(&users("nobody"), json!({"userIds": [ann.id]})).await.refuses(404, "Group not found");
        assert!(members(&acme, &id).await.is_empty(), "all or none");
    }

    async fn who_leaves_the_tenant_leaves_its_groups(world: World) {
        let ann = world.user("ann@example.com").await;
        let bob = world.user("bob@example.com").await;
        let vendor = world.vendor().await;
        let acme = vendor.in_tenant("acme");
        let (id, role) = (make(&acme, "Sales").await, world.role_id("Admin").await);
        acme.post(&format!("{}/{id}/roles", at::GROUPS), json!({"roleIds": [role]})).await.expect(201);
        acme.post(&users(&id), json!({"userIds": [ann.id, bob.id]})).await.expect(201);
        world.tenant("rival").await;
        let add = |tenant: &str| json!({"email": "ann@example.com", "tenantId": tenant});
        vendor.post(at::VENDOR_USERS, add("rival")).await.expect(201);
        acme.delete(&format!("{}/{}", at::USERS, ann.id)).await;
        vendor.delete(&format!("{}/{}", at::USERS, bob.id)).await;
        assert!(members(&acme, &id).await.is_empty());
        vendor.post(at::VENDOR_USERS, add("acme")).await.expect(201);
        assert!(members(&acme, &id).await.is_empty(), "coming back is not coming back into groups");
        let rows = acme.get(&format!("{}?ids={}", at::GROUPS_OF_USERS, ann.id)).await.expect(200);
        assert_eq!(rows.json(), json!([{"userId": ann.id, "groupIds": []}]));
    }

    async fn leaving_and_joining_at_once_leaves_nobody_half_inside(world: World) {
        let vendor = world.vendor().await;
        let acme = vendor.in_tenant("acme");
        for round in 0..6 {
            let email = format!("ann{round}@example.com");
            let ann = world.user(&email).await;
            let id = make(&acme, &format!("Group {round}")).await;
            let mut calls = tokio::task::JoinSet::new();
            for number in 0..8 {
                let (acme, ann, id) = (acme.clone(), ann.id.clone(), id.clone());
                calls.spawn(async move {
                    if number == 3 {
                        acme.delete(&format!("{}/{ann}", at::USERS)).await.status
                    } else {
                        acme.post(&users(&id), json!({"userIds": [ann]})).await.status
                    }
                });
            }
            for status in calls.join_all().await {
                assert!([200, 201, 204, 404].contains(&status), "{status}");
            }
            let again = json!({"email": email, "tenantId": "acme"});
            vendor.post(at::VENDOR_USERS, again).await.expect(201);
            assert!(members(&acme, &id).await.is_empty());
        }
    }

    async fn the_groups_of_users_are_told_by_their_ids(world: World) {
        let ann = world.user("ann@example.com").await;
        let bob = world.user("bob@example.com").await;
        let eve = world.person("eve@example.com", "rival", &[]).await;
        let acme = world.vendor().await.in_tenant("acme");
        let (a, b) = (make(&acme, "A").await, make(&acme, "B").await);
        acme.post(&users(&a), json!({"userIds": [ann.id]})).await.expect(201);
        acme.post(&users(&b), json!({"userIds": [ann.id]})).await.expect(201);
        let path = format!("{}?ids={},{},{},nobody", at::GROUPS_OF_USERS, ann.id, bob.id, eve.id);
        let expected = json!([{"userId": ann.id, "groupIds": [a, b]}, {"userId": bob.id, "groupIds": []}]);
        assert_eq!(acme.get(&path).await.expect(200).json(), expected);
        assert_eq!(world.admin("boss@example.com").await.get(&path).await.expect(200).json(), expected);
        acme.get(at::GROUPS_OF_USERS).await.refuses(400, "ids should not be empty");
        world.vendor().await.get(&path).await.refuses(403, "Tenant ID is not specified");
        bob.get(&path).await.expect(403);
    }

    async fn invisible_members_are_shown_to_the_environment_only(world: World) {
        let ann = world.user("ann@example.com").await;
        let vendor = world.vendor().await;
        let acme = vendor.in_tenant("acme");
        let id = make(&acme, "Sales").await;
        acme.post(&users(&id), json!({"userIds": [ann.id]})).await.expect(201);
        vendor.put(&format!("{}/{}/invisible", at::USERS, ann.id), json!({"invisible": true})).await;
        assert_eq!(members(&acme, &id).await, ["ann@example.com"]);
        let boss = world.admin("boss@example.com").await;
        assert!(members(&boss, &id).await.is_empty());
    }

    async fn a_deleted_tenant_takes_its_groups_along(world: World) {
        let ann = world.user("ann@example.com").await;
        let vendor = world.vendor().await;
        let acme = vendor.in_tenant("acme");
        let id = make(&acme, "Sales").await;
        acme.post(&users(&id), json!({"userIds": [ann.id]})).await.expect(201);
        vendor.delete(&format!("{}/acme", at::TENANTS)).await;
        world.settle().await;
        vendor.post(at::TENANTS, json!({"tenantId": "acme", "name": "Acme"})).await.expect(201);
        assert_eq!(acme.get(at::GROUPS).await.expect(200).json(), json!({"groups": []}));
    }
}
