use journeys::{World, at, both_engines, claims, snapshot};
use serde_json::{Value, json};

fn role(id: &str) -> String {
    format!("{}/{id}", at::ROLES)
}

async fn make(client: &journeys::Client, key: &str, level: i64) -> String {
    client
        .post(at::ROLES, json!([{"key": key, "name": key, "level": level}]))
        .await
        .expect(201)
        .text_at("/0/id")
}

both_engines! {
    async fn a_fresh_environment_has_admin_and_read_only(world: World) {
        let roles = world.vendor().await.get(at::ROLES).await.expect(200);
        let mut keys = roles.pluck("key");
        keys.sort();
        assert_eq!(keys, ["Admin", "ReadOnly"]);
        for row in roles.rows() {
            assert_eq!(row["vendorId"], world.home.id);
            assert!(row["permissions"].as_array().unwrap().iter().all(Value::is_string), "ids, not objects");
            assert!(row["description"].is_string(), "one client cannot read null");
        }
    }

    async fn roles_go_in_and_come_out_as_lists_of_the_same_length_and_order(world: World) {
        let vendor = world.vendor().await;
        let sent = json!([
            {"key": "c", "name": "Third", "level": 3, "description": "last \u{1F980}", "isDefault": true, "firstUserRole": false},
            {"key": "a", "name": "First", "level": 1},
            {"key": "b", "name": "Second", "level": 0, "permissions": null, "id": "", "vendorId": "x"},
        ]);
        let made = vendor.post(at::ROLES, sent).await.expect(201);
        assert_eq!(made.pluck("key"), ["c", "a", "b"]);
        let first = made.at("/0");
        assert_eq!(first["name"], "Third");
        assert_eq!(first["description"], "last \u{1F980}");
        assert_eq!(first["isDefault"], json!(true));
        assert_eq!(first["firstUserRole"], json!(false));
        assert_eq!(first["level"], json!(3));
        assert_eq!(first["permissions"], json!([]));
        assert_eq!(first["createdAt"], "2025-10-09T08:53:20.000Z");
        assert_eq!(made.at("/1/description"), "");
        let listed = vendor.get(at::ROLES).await.expect(200).rows();
        assert!(listed.contains(&first));
    }

    async fn a_refused_batch_leaves_no_role_behind(world: World) {
        let vendor = world.vendor().await;
        make(&vendor, "admin", 0).await;
        let before = snapshot(&vendor).await;
        let answer = vendor.post(at::ROLES, json!([{"key": "new", "name": "New", "level": 1}, {"key": "admin", "name": "Again", "level": 1}])).await;
        assert!((400..500).contains(&answer.status), "{}", answer.status);
        assert_eq!(answer.errors(), ["Roles already exists"]);
        let twice = vendor.post(at::ROLES, json!([{"key": "same", "name": "A", "level": 1}, {"key": "same", "name": "B", "level": 1}])).await;
        assert!((400..500).contains(&twice.status), "{}", twice.text());
        assert_eq!(snapshot(&vendor).await, before);
    }

    async fn wrong_values_are_refused_and_change_nothing(world: World) {
        let vendor = world.vendor().await;
        let before = snapshot(&vendor).await;
        let long = "x".repeat(100_000);
        for body in [
            json!([{"name": "No key", "level": 1}]),
            json!([{"key": "", "name": "N", "level": 1}]),
            json!([{"key": "k", "level": 1}]),
            json!([{"key": "k", "name": "N", "level": -1}]),
            json!([{"key": "k", "name": "N", "level": 32_768}]),
            json!([{"key": "k", "name": "N", "level": "1"}]),
            json!([{"key": "k", "name": "N", "level": 1.5}]),
            json!([{"key": long, "name": "N", "level": 1}]),
            json!([{"key": "k", "name": long, "level": 1}]),
            json!([{"key": "k", "name": "N", "level": 1, "isDefault": "yes"}]),
            json!([{"key": "ok", "name": "N", "level": 1}, 5]),
            json!([null]),
        ] {
            let answer = vendor.post(at::ROLES, body).await;
            assert_eq!(answer.status, 400, "{}", answer.text());
        }
        assert_eq!(snapshot(&vendor).await, before);
    }

    async fn a_patch_changes_what_it_names(world: World) {
        let vendor = world.vendor().await;
        let id = make(&vendor, "editor", 5).await;
        world.clock.advance_seconds(3);
        let answer = vendor.patch(&role(&id), json!({"name": "Redakteur", "level": 7, "id": "x", "unheardOf": 1})).await.expect(200);
        assert_eq!(answer.at("/name"), "Redakteur");
        assert_eq!(answer.at("/level"), json!(7));
        assert_eq!(answer.at("/key"), "editor");
        assert_eq!(answer.at("/updatedAt"), "2025-10-09T08:53:23.000Z");
        for body in [json!({"level": -1}), json!({"name": 5}), json!({"key": ""}), json!({"isDefault": "no"})] {
            vendor.patch(&role(&id), body).await.expect(400);
        }
        make(&vendor, "taken", 1).await;
        let taken = vendor.patch(&role(&id), json!({"key": "taken"})).await;
        assert!((400..500).contains(&taken.status), "{}", taken.text());
        vendor.patch(&role("nobody"), json!({"name": "X"})).await.expect(404);
    }

    async fn a_deleted_role_is_taken_from_its_holders(world: World) {
        let vendor = world.vendor().await;
        let id = make(&vendor, "editor", 5).await;
        let ann = world.person("ann@example.com", "acme", &[&id]).await;
        assert_eq!(claims(&ann.token())["roles"], json!(["editor"]));
        let gone = vendor.delete(&role(&id)).await;
        assert!([200, 204].contains(&gone.status));
        assert!(gone.body.is_empty());
        world.settle().await;
        vendor.delete(&role(&id)).await.expect(404);
        assert_eq!(claims(&world.log_in("ann@example.com").await.token())["roles"], json!([]));
        make(&vendor, "editor", 5).await;
        assert_eq!(claims(&world.log_in("ann@example.com").await.token())["roles"], json!([]), "a role of the same key is another role");
    }

    async fn permissions_of_a_role_are_replaced(world: World) {
        let vendor = world.vendor().await;
        let id = make(&vendor, "editor", 5).await;
        let made = vendor.post(at::PERMISSIONS, json!([{"key": "p.one", "name": "One"}, {"key": "p.two", "name": "Two"}])).await.expect(201);
        let (one, two) = (made.text_at("/0/id"), made.text_at("/1/id"));
        let path = format!("{}/permissions", role(&id));
        assert_eq!(vendor.put(&path, json!({"permissionIds": [one]})).await.expect(200).at("/permissions"), json!([one]));
        assert_eq!(vendor.put(&path, json!({"permissionIds": [two, two]})).await.expect(200).at("/permissions"), json!([two]));
        vendor.put(&path, json!({"permissionIds": [one, "nobody"]})).await;
        let status = vendor.put(&path, json!({"permissionIds": [one, "00000000-0000-4000-8000-00000000dead"]})).await.status;
        assert!([400, 404].contains(&status), "{status}");
        vendor.put(&path, json!({"permissionIds": "x"})).await.expect(400);
        vendor.put(&path, json!({})).await.expect(400);
        let kept = vendor.get(at::ROLES).await.expect(200).rows();
        assert_eq!(kept.iter().find(|row| row["id"] == id).unwrap()["permissions"], json!([two]), "refusals changed nothing");
        assert_eq!(vendor.put(&path, json!({"permissionIds": []})).await.expect(200).at("/permissions"), json!([]));
        vendor.put(&format!("{}/permissions", role("nobody")), json!({"permissionIds": []})).await.expect(404);
    }

    async fn a_tenant_sees_the_environments_roles_and_its_own(world: World) {
        world.tenant("acme").await;
        world.tenant("rival").await;
        let vendor = world.vendor().await;
        make(&vendor, "everywhere", 1).await;
        let own = make(&vendor.in_tenant("acme"), "acme-only", 2).await;
        let keys = |answer: journeys::Answer| {
            let mut keys = answer.pluck("key");
            keys.sort();
            keys
        };
        assert_eq!(keys(vendor.get(at::ROLES).await.expect(200)), ["Admin", "ReadOnly", "everywhere"]);
        assert_eq!(keys(vendor.in_tenant("acme").get(at::ROLES).await.expect(200)), ["Admin", "ReadOnly", "acme-only", "everywhere"]);
        assert_eq!(keys(vendor.in_tenant("rival").get(at::ROLES).await.expect(200)), ["Admin", "ReadOnly", "everywhere"]);
        let made = json!({"email": "bob@example.com", "tenantId": "rival", "roleIds": [own]});
        let refused = vendor.post(at::VENDOR_USERS, made).await;
        assert!([400, 404].contains(&refused.status), "a role of another tenant: {}", refused.text());
    }

    async fn default_roles_come_with_a_membership(world: World) {
        let vendor = world.vendor().await;
        vendor.post(at::ROLES, json!([{"key": "member", "name": "Member", "level": 9, "isDefault": true}])).await.expect(201);
        let ann = world.user("ann@example.com").await;
        assert_eq!(claims(&ann.token())["roles"], json!(["member"]));
    }

    async fn every_change_is_recorded(world: World) {
        let vendor = world.vendor().await;
        let id = make(&vendor, "editor", 5).await;
        vendor.patch(&role(&id), json!({"name": "X"})).await.expect(200);
        vendor.put(&format!("{}/permissions", role(&id)), json!({"permissionIds": []})).await.expect(200);
        vendor.delete(&role(&id)).await;
        world.settle().await;
        let records = vendor.get("/audits/resources/audits/v2?count=50&offset=0").await.expect(200);
        assert!(records.rows().len() >= 4, "{}", records.text());
    }
}
