use journeys::{Client, World, at, both_engines, snapshot};
use serde_json::{Value, json};

const INVITE: &str = "/identity/resources/users/bulk/v1/invite";

fn status_of(id: &str) -> String {
    format!("/identity/resources/users/bulk/v1/status/{id}")
}

fn roles_of(user: &str) -> String {
    format!("{}/{user}/roles/bulk", at::VENDOR_USERS)
}

fn roles_status(task: &str) -> String {
    format!("{}/bulk-roles/status/{task}", at::VENDOR_USERS)
}

async fn tenants_for(vendor: &Client, user: &str, count: usize) {
    for n in 0..count {
        let body = json!({"tenantId": format!("t{n:04}"), "skipInviteEmail": true});
        vendor
            .post(&format!("{}/{user}/tenant", at::USERS), body)
            .await
            .expect(201);
    }
}

async fn holding(vendor: &Client, user: &str, role: &str) -> usize {
    let read = vendor
        .get(&format!("{}/{user}", at::VENDOR_USERS))
        .await
        .expect(200);
    let tenants = read.at("/tenants");
    let holds = |tenant: &&Value| {
        tenant["roles"]
            .as_array()
            .unwrap()
            .iter()
            .any(|one| one["id"] == role)
    };
    tenants.as_array().unwrap().iter().filter(holds).count()
}

both_engines! {
    async fn many_are_invited_and_failures_do_not_stop_the_rest(world: World) {
        let ann = world.user("ann@example.com").await;
        world.person("other@example.com", "second", &[]).await;
        let vendor = world.vendor().await;
        let users = json!({"users": [
            {"email": "new@example.com", "name": "New", "verified": true},
            {"email": ann.email},
            {"email": "other@example.com", "skipInviteEmail": true},
            {"email": "new@example.com"},
            {"username": "only_a_name", "expirationInSeconds": 600},
            {"email": "x@example.com", "roleIds": ["00000000-0000-4000-8000-00000000dead"]},
            {"email": "last@example.com", "password": journeys::PASSWORD},
        ]});
        let begun = vendor.in_tenant("acme").post(INVITE, users).await.expect(202);
        let id = begun.text_at("/id");
        let waiting = vendor.get(&status_of(&id)).await.expect(200);
        assert_eq!((waiting.at("/status"), waiting.at("/total")), (json!("NotStarted"), json!(7)));
        world.settle().await;
        let over = vendor.in_tenant("acme").get(&status_of(&id)).await.expect(200);
        assert_eq!(over.json(), json!({
            "id": id, "status": "CompletedWithErrors", "total": 7, "succeeded": 4, "failed": 3,
            "errors": [
                {"email": ann.email, "error": "User already exists"},
                {"email": "new@example.com", "error": "User already exists"},
                {"email": "x@example.com", "error": "Roles not found: 00000000-0000-4000-8000-00000000dead"},
            ],
        }));
        let listed = vendor.in_tenant("acme").get(at::USERS_V3).await.expect(200);
        assert_eq!(listed.at("/_metadata/totalItems"), json!(5));
        vendor.get(&format!("{}?email=x@example.com", at::BY_EMAIL)).await.expect(404);
        let new = vendor.get(&format!("{}?email=new@example.com", at::BY_EMAIL)).await.expect(200);
        assert_eq!(new.at("/verified"), json!(true));
        let other = vendor.get(&format!("{}?email=other@example.com", at::BY_EMAIL)).await.expect(200);
        assert_eq!(other.at("/tenantIds").as_array().unwrap().len(), 2);
        let audits = vendor.get(&format!("{}?count=50&offset=0", at::AUDITS)).await.expect(200);
        assert_eq!(audits.pluck("action").iter().filter(|action| *action == "User created").count(), 5);
    }

    async fn a_user_invites_in_bulk_within_their_own_level(world: World) {
        world.tenant("acme").await;
        let vendor = world.vendor().await;
        let own = json!([{"key": "inviter", "name": "Inviter", "level": 10}]);
        let own = vendor.post(at::ROLES, own).await.expect(201).text_at("/0/id");
        let permission = world.permission_id("fe.secure.write.users").await;
        vendor.put(&format!("{}/{own}/permissions", at::ROLES), json!({"permissionIds": [permission]})).await.expect(200);
        let admin = world.person("inviter@example.com", "acme", &[&own]).await;
        let strong = world.role_id("Admin").await;
        let users = json!({"users": [{"email": "strong@example.com", "roleIds": [strong]}, {"email": "weak@example.com", "verified": true}]});
        let id = admin.post(INVITE, users).await.expect(202).text_at("/id");
        world.settle().await;
        let over = admin.get(&status_of(&id)).await.expect(200);
        assert_eq!(over.at("/succeeded"), json!(1));
        let refused = json!([{"email": "strong@example.com", "error": "Roles above your own level cannot be given, taken or edited"}]);
        assert_eq!(over.at("/errors"), refused);
        let weak = vendor.get(&format!("{}?email=weak@example.com", at::BY_EMAIL)).await.expect(200);
        assert_eq!(weak.at("/verified"), json!(false), "only the environment vouches for addresses");
        let rival = world.person("rival@example.com", "rival", &[&world.role_id("Admin").await]).await;
        rival.get(&status_of(&id)).await.refuses(404, "Task not found");
        vendor.in_tenant("rival").get(&status_of(&id)).await.refuses(404, "Task not found");
        world.vendor_of(&world.away).await.get(&status_of(&id)).await.refuses(404, "Task not found");
    }

    async fn an_order_with_a_wrong_entry_invites_nobody(world: World) {
        world.tenant("acme").await;
        let vendor = world.vendor().await.in_tenant("acme");
        world.settle().await;
        let before = snapshot(&vendor).await;
        let many: Vec<Value> = (0..1_001).map(|n| json!({"email": format!("u{n}@example.com")})).collect();
        for body in [
            json!({}),
            json!({"users": []}),
            json!({"users": {}}),
            json!({"users": [5]}),
            json!({"users": [{"name": "Nobody"}]}),
            json!({"users": [{"email": "a@example.com"}, {"email": "no address"}]}),
            json!({"users": [{"email": "a@example.com", "expirationInSeconds": 5}]}),
            json!({"users": [{"email": "a@example.com", "password": "short"}]}),
            json!({"users": many}),
        ] {
            let answer = vendor.post(INVITE, body).await;
            assert_eq!(answer.status, 400, "{}", answer.text());
        }
        vendor.post(INVITE, json!({"users": [{"email": "a@example.com"}, {"email": "b"}]})).await.refuses(400, "users.1.email must be an email");
        world.settle().await;
        assert_eq!(snapshot(&vendor).await, before);
    }

    async fn roles_change_in_all_tenants_of_a_user_at_once(world: World) {
        let ann = world.user("ann@example.com").await;
        let vendor = world.vendor().await;
        let (admin, reader) = (world.role_id("Admin").await, world.role_id("ReadOnly").await);
        tenants_for(&vendor, &ann.id, 3).await;
        let updated = vendor.patch(&roles_of(&ann.id), json!({"addRoleIds": [admin]})).await.expect(200);
        assert_eq!((updated.at("/userId"), updated.at("/affectedTenants")), (json!(ann.id), json!(4)));
        assert_eq!((updated.at("/rolesAdded"), updated.at("/rolesRemoved")), (json!([admin]), json!([])));
        let told = vendor.get(&roles_status(&updated.text_at("/taskId"))).await.expect(200);
        assert_eq!(told.json(), json!({
            "id": updated.at("/taskId"), "userId": ann.id, "status": "Completed", "totalTenants": 4, "processedTenants": 4,
            "addedRoleIds": [admin], "removedRoleIds": [], "errors": [],
        }));
        assert_eq!(holding(&vendor, &ann.id, &admin).await, 4);
        let some = json!({"addRoleIds": [reader], "removeRoleIds": [admin], "tenantIds": ["t0001", "acme", "t0001"]});
        let updated = vendor.patch(&roles_of(&ann.id), some).await.expect(200);
        assert_eq!(updated.at("/affectedTenants"), json!(2));
        assert_eq!((holding(&vendor, &ann.id, &admin).await, holding(&vendor, &ann.id, &reader).await), (2, 2));
    }

    async fn many_tenants_are_done_after_the_answer_and_each_failure_is_told(world: World) {
        let ann = world.user("ann@example.com").await;
        let vendor = world.vendor().await;
        let role = world.role_id("Admin").await;
        tenants_for(&vendor, &ann.id, 120).await;
        let own = json!([{"key": "own", "name": "Own", "level": 5}]);
        let own = vendor.in_tenant("t0003").post(at::ROLES, own).await.expect(201).text_at("/0/id");
        let updated = vendor.patch(&roles_of(&ann.id), json!({"addRoleIds": [role]})).await.expect(200);
        assert_eq!(updated.at("/affectedTenants"), json!(121));
        let task = roles_status(&updated.text_at("/taskId"));
        let told = vendor.get(&task).await.expect(200);
        assert_eq!((told.at("/status"), told.at("/processedTenants")), (json!("InProgress"), json!(50)));
        world.settle().await;
        let told = vendor.get(&task).await.expect(200);
        assert_eq!((told.at("/status"), told.at("/processedTenants")), (json!("Completed"), json!(121)));
        assert_eq!(holding(&vendor, &ann.id, &role).await, 121);

        let named: Vec<String> = (0..120).map(|n| format!("t{n:04}")).collect();
        let updated = vendor.patch(&roles_of(&ann.id), json!({"addRoleIds": [own], "removeRoleIds": [role], "tenantIds": named})).await.expect(200);
        vendor.in_tenant("t0119").delete(&format!("{}/{}", at::USERS, ann.id)).await.expect(200);
        world.settle().await;
        let told = vendor.get(&roles_status(&updated.text_at("/taskId"))).await.expect(200);
        assert_eq!((told.at("/status"), told.at("/processedTenants")), (json!("CompletedWithErrors"), json!(120)));
        let errors = told.at("/errors");
        assert_eq!(errors.as_array().unwrap().len(), 119, "a role of one tenant is given in no other");
        assert_eq!(errors[118], json!({"tenantId": "t0119", "message": "The user is no member of this tenant", "details": null, "tenantIds": ["t0119"]}));
        assert_eq!((holding(&vendor, &ann.id, &own).await, holding(&vendor, &ann.id, &role).await), (1, 119));
    }

    async fn wrong_changes_of_roles_are_refused_and_change_nothing(world: World) {
        let ann = world.user("ann@example.com").await;
        let vendor = world.vendor().await;
        let role = world.role_id("Admin").await;
        let theirs = world.vendor_of(&world.away).await.get(at::ROLES).await.expect(200).text_at("/0/id");
        let before = snapshot(&vendor).await;
        for body in [
            json!({}),
            json!({"addRoleIds": [], "removeRoleIds": []}),
            json!({"addRoleIds": "x"}),
            json!({"addRoleIds": [role], "removeRoleIds": [role]}),
            json!({"addRoleIds": [role], "tenantIds": []}),
            json!({"addRoleIds": [role], "tenantIds": ["acme", "elsewhere"]}),
            json!({"addRoleIds": [theirs]}),
            json!({"addRoleIds": ["nothing"]}),
        ] {
            let answer = vendor.patch(&roles_of(&ann.id), body.clone()).await;
            assert_eq!(answer.status, 400, "{body}: {}", answer.text());
        }
        vendor.patch(&roles_of("nobody"), json!({"addRoleIds": [role]})).await.refuses(404, "User not found");
        vendor.get(&roles_status("nothing")).await.refuses(404, "Task not found");
        assert_eq!(snapshot(&vendor).await, before);
    }
}
