use journeys::{Client, World, at, both_engines};
use serde_json::{Value, json};

fn group(id: &str) -> String {
    format!("{}/{id}", at::GROUPS)
}

async fn make(client: &Client, name: &str) -> String {
    client
        .post(at::GROUPS, json!({"name": name}))
        .await
        .expect(201)
        .text_at("/id")
}

/// The names of the groups in an answer.
fn names(answer: &journeys::Answer) -> Vec<String> {
    let groups = answer.at("/groups");
    groups
        .as_array()
        .unwrap()
        .iter()
        .map(|group| group["name"].as_str().unwrap().to_owned())
        .collect()
}

/// Everything an owner sees of a tenant's groups.
async fn seen(acme: &Client) -> (Value, Value) {
    let records = acme
        .get("/audits/resources/audits/v2?count=1&offset=0")
        .await
        .expect(200)
        .at("/total");
    (acme.get(at::GROUPS).await.expect(200).json(), records)
}

both_engines! {
    async fn a_group_is_made_read_changed_and_deleted(world: World) {
        world.tenant("acme").await;
        let acme = world.vendor().await.in_tenant("acme");
        let sent = json!({"name": "Sales \u{1F680}", "description": "They sell", "color": "#ff0000", "metadata": "{\"floor\":3}", "roles": ["x"], "managedBy": "scim2"});
        let made = acme.post(at::GROUPS, sent).await.expect(201);
        let id = made.text_at("/id");
        let expected = json!({
            "id": id, "name": "Sales \u{1F680}", "description": "They sell", "color": "#ff0000", "metadata": "{\"floor\":3}",
            "roles": [], "users": [], "managedBy": "frontegg",
            "createdAt": "2025-10-09T08:53:20.000Z", "updatedAt": "2025-10-09T08:53:20.000Z",
        });
        assert_eq!(made.json(), expected);
        assert_eq!(acme.get(&group(&id)).await.expect(200).json(), expected);
        world.clock.advance_seconds(5);
        let changed = acme.patch(&group(&id), json!({"name": "Sellers", "id": "x"})).await.expect(200);
        assert_eq!((changed.at("/name"), changed.at("/description"), changed.at("/id")), (json!("Sellers"), json!("They sell"), json!(id)));
        assert_eq!(changed.at("/updatedAt"), "2025-10-09T08:53:25.000Z");
        let cleared = acme.patch(&group(&id), json!({"description": "", "color": "", "metadata": "{}"})).await.expect(200);
        assert_eq!((cleared.at("/description"), cleared.at("/color"), cleared.at("/metadata")), (json!(""), json!(""), json!("{}")));
        let gone = acme.delete(&group(&id)).await.expect(200);
        assert!(gone.body.is_empty());
        acme.get(&group(&id)).await.refuses(404, "Group not found");
        acme.delete(&group(&id)).await.expect(404);
        acme.patch(&group(&id), json!({"name": "X"})).await.expect(404);
    }

    async fn a_group_without_more_than_a_name_has_no_nulls(world: World) {
        world.tenant("acme").await;
        let acme = world.vendor().await.in_tenant("acme");
        let made = acme.post(at::GROUPS, json!({"name": "Bare", "color": null})).await.expect(201);
        assert_eq!((made.at("/color"), made.at("/description"), made.at("/metadata")), (json!(""), json!(""), json!("{}")));
    }

    async fn a_name_is_unique_in_its_tenant(world: World) {
        world.tenant("acme").await;
        world.tenant("rival").await;
        let vendor = world.vendor().await;
        let acme = vendor.in_tenant("acme");
        make(&acme, "Sales").await;
        let second = make(&acme, "Support").await;
        make(&vendor.in_tenant("rival"), "Sales").await;
        world.settle().await;
        let before = seen(&acme).await;
        acme.post(at::GROUPS, json!({"name": "Sales"})).await.refuses(409, "Group with this name already exists");
        acme.patch(&group(&second), json!({"name": "Sales"})).await.refuses(409, "Group with this name already exists");
        world.settle().await;
        assert_eq!(seen(&acme).await, before);
        acme.patch(&group(&second), json!({"name": "Support"})).await.expect(200);
    }

    async fn one_name_goes_to_one_of_many_who_ask_at_once(world: World) {
        world.tenant("acme").await;
        let acme = world.vendor().await.in_tenant("acme");
        let mut calls = tokio::task::JoinSet::new();
        for _ in 0..16 {
            let acme = acme.clone();
            calls.spawn(async move { acme.post(at::GROUPS, json!({"name": "Sales"})).await.status });
        }
        let mut statuses = calls.join_all().await;
        statuses.sort_unstable();
        assert_eq!((statuses[0], &statuses[1..]), (201, [409; 15].as_slice()));
        assert_eq!(names(&acme.get(at::GROUPS).await.expect(200)), ["Sales"]);
    }

    async fn wrong_values_are_refused_and_change_nothing(world: World) {
        world.tenant("acme").await;
        let acme = world.vendor().await.in_tenant("acme");
        let id = make(&acme, "Sales").await;
        world.settle().await;
        let before = seen(&acme).await;
        let long = "x".repeat(3_000);
        for (wrong, sentence) in [
            (json!({"name": " "}), "name should not be empty"),
            (json!({"name": long}), "name must be shorter than or equal to 255 characters"),
            (json!({"name": "N", "color": long}), "color must be shorter than or equal to 255 characters"),
            (json!({"name": "N", "description": long}), "description must be shorter than or equal to 2000 characters"),
            (json!({"name": "N", "metadata": "{a"}), "metadata must be a json string"),
            (json!({"name": "N", "metadata": 5}), "metadata must be a json string"),
        ] {
            acme.post(at::GROUPS, wrong.clone()).await.refuses(400, sentence);
            acme.patch(&group(&id), wrong).await.refuses(400, sentence);
        }
        acme.post(at::GROUPS, json!({})).await.refuses(400, "name should not be empty");
        for wrong in [json!({"name": 5}), json!({"name": ["a"]}), json!([]), json!("x")] {
            acme.post(at::GROUPS, wrong).await.expect(400);
        }
        world.settle().await;
        assert_eq!(seen(&acme).await, before);
    }

    async fn groups_are_listed_whole_in_pages_and_by_id(world: World) {
        world.tenant("acme").await;
        world.tenant("rival").await;
        let vendor = world.vendor().await;
        let acme = vendor.in_tenant("acme");
        let theirs = make(&vendor.in_tenant("rival"), "Theirs").await;
        let mut ids = Vec::new();
        for name in ["beta", "Alpha", "gamma"] {
            ids.push(make(&acme, name).await);
            world.clock.advance_seconds(1);
        }
        let all = acme.get(at::GROUPS).await.expect(200);
        assert_eq!(names(&all), ["Alpha", "beta", "gamma"]);
        assert_eq!(all.at("/groups/0/users"), json!([]));
        let page = acme.get(&format!("{}?_limit=2&_offset=0", at::GROUPS_V2)).await.expect(200);
        assert_eq!(page.pluck("name"), ["Alpha", "beta"]);
        assert_eq!(page.at("/_metadata"), json!({"totalItems": 3, "totalPages": 2}));
        assert_eq!(page.at("/_links/next"), "?_offset=1&_limit=2");
        for (query, first) in [("_sortBy=createdAt", "beta"), ("_sortBy=createdAt&_order=DESC", "gamma"), ("_sortBy=name&_order=DESC", "gamma"), ("_sortBy=updatedAt", "beta")] {
            assert_eq!(acme.get(&format!("{}?{query}", at::GROUPS_V2)).await.expect(200).pluck("name")[0], first, "{query}");
        }
        let mut by_id = acme.get(&format!("{}?_sortBy=id", at::GROUPS_V2)).await.expect(200).pluck("id");
        let sorted = { let mut ids = by_id.clone(); ids.sort(); ids };
        assert_eq!(by_id, sorted);
        by_id.push(theirs);
        by_id.push("nobody".to_owned());
        let some = acme.post(&format!("{}/bulkGet", at::GROUPS), json!({"groupsIds": by_id})).await.expect(201);
        assert_eq!(names(&some), ["Alpha", "beta", "gamma"], "what others have is not there");
        assert_eq!(names(&acme.post(&format!("{}/bulkGet", at::GROUPS), json!({"groupsIds": []})).await.expect(201)), Vec::<String>::new());
        for wrong in [json!({}), json!({"groupsIds": "x"}), json!({"groupsIds": [""]}), json!({"groupsIds": vec!["x"; 1_001]})] {
            acme.post(&format!("{}/bulkGet", at::GROUPS), wrong).await.expect(400);
        }
        for (query, sentence) in [
            ("_limit=0", "_limit must not be less than 1"),
            ("_limit=201", "_limit must not be greater than 200"),
            ("_offset=-1", "_offset must not be less than 0"),
            ("_sortBy=color", "_sortBy must be a valid enum value"),
            ("_groupsRelations=all", "_groupsRelations must be one of the following values: roles, users, rolesAndUsers"),
        ] {
            acme.get(&format!("{}?{query}", at::GROUPS_V2)).await.refuses(400, sentence);
        }
        acme.get(&format!("{}?_groupsRelations=all", at::GROUPS)).await.expect(400);
    }

    async fn relations_are_shown_as_asked_for(world: World) {
        let ann = world.user("ann@example.com").await;
        let acme = world.vendor().await.in_tenant("acme");
        let (id, role) = (make(&acme, "Sales").await, world.role_id("ReadOnly").await);
        acme.post(&format!("{}/roles", group(&id)), json!({"roleIds": [role]})).await.expect(201);
        acme.post(&format!("{}/users", group(&id)), json!({"userIds": [ann.id]})).await.expect(201);
        let member = json!([{
            "id": ann.id, "email": "ann@example.com", "name": "ann@example.com", "profilePictureUrl": "",
            "createdAt": "2025-10-09T08:53:20.000Z", "activatedForTenant": true,
        }]);
        for (query, roles, users) in [("", true, true), ("?_groupsRelations=rolesAndUsers", true, true), ("?_groupsRelations=roles", true, false), ("?_groupsRelations=users", false, true)] {
            let answers = [
                acme.get(&format!("{}{query}", group(&id))).await.expect(200).json(),
                acme.get(&format!("{}{query}", at::GROUPS)).await.expect(200).at("/groups/0"),
                acme.get(&format!("{}{query}", at::GROUPS_V2)).await.expect(200).at("/items/0"),
                acme.post(&format!("{}/bulkGet{query}", at::GROUPS), json!({"groupsIds": [id]})).await.expect(201).at("/groups/0"),
            ];
            for shown in answers {
                assert_eq!(shown["users"], if users { member.clone() } else { json!([]) }, "{query}");
                assert_eq!(shown["roles"].as_array().unwrap().len(), usize::from(roles), "{query}");
                if roles {
                    assert_eq!((&shown["roles"][0]["id"], &shown["roles"][0]["key"], &shown["roles"][0]["level"]), (&json!(role), &json!("ReadOnly"), &json!(0)));
                }
            }
        }
    }

    async fn people_manage_groups_as_far_as_their_permissions_go(world: World) {
        let admin = world.admin("ann@example.com").await;
        let reader = world.person("bob@example.com", "acme", &[&world.role_id("ReadOnly").await]).await;
        let id = make(&admin, "Sales").await;
        assert_eq!(names(&reader.get(at::GROUPS).await.expect(200)), ["Sales"]);
        reader.get(&format!("{}/config", at::GROUPS)).await.expect(200);
        reader.post(at::GROUPS, json!({"name": "Mine"})).await.expect(403);
        reader.patch(&group(&id), json!({"name": "Mine"})).await.expect(403);
        reader.delete(&group(&id)).await.expect(403);
        world.user("eve@example.com").await.get(at::GROUPS).await.expect(403);
        admin.patch(&group(&id), json!({"name": "Sellers"})).await.expect(200);
        admin.delete(&group(&id)).await.expect(200);
        world.settle().await;
        let records = world.vendor().await.in_tenant("acme").get("/audits/resources/audits/v2?count=50&offset=0").await.expect(200).rows();
        for action in ["Group created", "Group updated", "Group deleted"] {
            let record = records.iter().find(|record| record["action"] == action);
            assert_eq!(record.unwrap()["actorId"], json!(admin.id), "{action}");
        }
    }

    async fn groups_of_other_tenants_and_environments_are_not_there(world: World) {
        let admin = world.admin("ann@example.com").await;
        world.tenant("rival").await;
        world.tenant_of(&world.away, "theirs").await;
        let rival = world.vendor().await.in_tenant("rival");
        let away = world.vendor_of(&world.away).await.in_tenant("theirs");
        let (theirs, far) = (make(&rival, "Theirs").await, make(&away, "Far").await);
        for id in [&theirs, &far] {
            admin.get(&group(id)).await.expect(404);
            admin.patch(&group(id), json!({"name": "Mine"})).await.expect(404);
            admin.post(&format!("{}/users", group(id)), json!({"userIds": [admin.id]})).await.expect(404);
            admin.post(&format!("{}/roles", group(id)), json!({"roleIds": [world.role_id("ReadOnly").await]})).await.expect(404);
            admin.delete(&group(id)).await.expect(404);
        }
        assert_eq!(names(&rival.get(at::GROUPS).await.expect(200)), ["Theirs"]);
        assert_eq!(names(&away.get(at::GROUPS).await.expect(200)), ["Far"]);
        world.vendor().await.get(at::GROUPS).await.refuses(403, "Tenant ID is not specified");
    }

    async fn the_environment_switches_groups_off_and_on(world: World) {
        let ann = world.user("ann@example.com").await;
        let vendor = world.vendor().await;
        let acme = vendor.in_tenant("acme");
        let config = format!("{}/config", at::GROUPS);
        assert_eq!(vendor.get(&config).await.expect(200).json(), json!({"enabled": true, "rolesEnabled": true}));
        let (id, role) = (make(&acme, "Sales").await, world.role_id("ReadOnly").await);
        acme.post(&format!("{}/users", group(&id)), json!({"userIds": [ann.id]})).await.expect(201);
        let done = vendor.post(&config, json!({"rolesEnabled": false})).await.expect(201);
        assert!(done.body.is_empty());
        assert_eq!(vendor.get(&config).await.expect(200).json(), json!({"enabled": true, "rolesEnabled": false}));
        acme.post(&format!("{}/roles", group(&id)), json!({"roleIds": [role]})).await.refuses(403, "Roles of groups are disabled in this environment");
        vendor.post(&config, json!({"enabled": false})).await.expect(201);
        for answer in [
            acme.get(at::GROUPS).await,
            acme.get(at::GROUPS_V2).await,
            acme.get(&group(&id)).await,
            acme.post(&format!("{}/bulkGet", at::GROUPS), json!({"groupsIds": [id]})).await,
            acme.post(at::GROUPS, json!({"name": "New"})).await,
            acme.patch(&group(&id), json!({"name": "New"})).await,
            acme.delete(&group(&id)).await,
            acme.post(&format!("{}/users", group(&id)), json!({"userIds": [ann.id]})).await,
        ] {
            answer.refuses(403, "Groups are disabled in this environment");
        }
        let of_users = acme.get(&format!("{}?ids={}", at::GROUPS_OF_USERS, ann.id)).await.expect(200);
        assert_eq!(of_users.json(), json!([{"userId": ann.id, "groupIds": []}]));
        for wrong in [json!({"enabled": "yes"}), json!({"rolesEnabled": 1}), json!([])] {
            vendor.post(&config, wrong).await.expect(400);
        }
        vendor.post(&config, json!({"enabled": true, "rolesEnabled": true})).await.expect(201);
        assert_eq!(names(&acme.get(at::GROUPS).await.expect(200)), ["Sales"], "everything is as it was");
        assert_eq!(world.vendor_of(&world.away).await.get(&config).await.expect(200).at("/enabled"), json!(true));
        world.settle().await;
        let records = vendor.get("/audits/resources/audits/v2?count=50&offset=0").await.expect(200).pluck("action");
        assert_eq!(records.iter().filter(|action| *action == "Groups configuration changed").count(), 3);
    }
}
