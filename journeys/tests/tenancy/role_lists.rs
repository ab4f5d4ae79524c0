use journeys::{Answer, World, at, both_engines, snapshot};
use serde_json::{Value, json};

fn v2(query: &str) -> String {
    format!("{}?{query}", at::ROLES_V2)
}

fn keys(answer: Answer) -> Vec<String> {
    answer.expect(200).pluck("key")
}

/// Two roles of the environment beside the seeded ones, one of each of two tenants.
async fn fill(world: &World) {
    world.tenant("acme").await;
    world.tenant("rival").await;
    let vendor = world.vendor().await;
    let everywhere = json!([
        {"key": "zeta", "name": "alpha", "level": 7, "description": "First of 100%"},
        {"key": "beta", "name": "Omega", "level": 3, "isDefault": true},
    ]);
    vendor.post(at::ROLES, everywhere).await.expect(201);
    for (tenant, level) in [("acme", 9), ("rival", 11)] {
        let own = json!([{"key": format!("{tenant}-only"), "name": tenant, "level": level}]);
        vendor.in_tenant(tenant).post(at::ROLES, own).await.expect(201);
    }
}

both_engines! {
    async fn roles_come_in_pages_with_all_their_members(world: World) {
        fill(world).await;
        let vendor = world.vendor().await;
        let first = vendor.get(&v2("_limit=4&_offset=0")).await.expect(200);
        assert_eq!(first.pluck("key"), ["Admin", "ReadOnly", "beta", "zeta"], "by level and key");
        assert_eq!(first.at("/_metadata"), json!({"totalItems": 6, "totalPages": 2}));
        assert_eq!(first.at("/_links/next"), "?_offset=1&_limit=4");
        let beta = first.at("/items/2");
        assert_eq!((beta["vendorId"].clone(), beta["tenantId"].clone()), (json!(world.home.id), json!(null)));
        assert_eq!((beta["isDefault"].clone(), beta["firstUserRole"].clone(), beta["level"].clone()), (json!(true), json!(false), json!(3)));
        assert_eq!(beta["permissions"], json!([]));
        let last = vendor.get(&v2("_limit=4&_offset=1")).await.expect(200);
        assert_eq!(last.pluck("key"), ["acme-only", "rival-only"]);
        assert_eq!(last.at("/items/0/tenantId"), "acme");
        assert!(vendor.get(&v2("_limit=4&_offset=9")).await.expect(200).rows().is_empty());
    }

    async fn a_tenant_narrows_the_list_to_what_it_can_give(world: World) {
        fill(world).await;
        let vendor = world.vendor().await;
        let acme = ["Admin", "ReadOnly", "beta", "zeta", "acme-only"];
        assert_eq!(keys(vendor.in_tenant("acme").get(at::ROLES_V2).await), acme);
        let admin = world.admin("ann@example.com").await;
        assert_eq!(keys(admin.get(at::ROLES_V2).await), acme);
        assert_eq!(keys(vendor.get(&v2("_tenantIds=acme,rival")).await), ["acme-only", "rival-only"]);
        assert_eq!(keys(admin.get(&v2("_tenantIds=acme,rival")).await), ["acme-only"], "only one's own");
        assert!(keys(admin.get(&v2("_tenantIds=rival")).await).is_empty());
        world.user("bob@example.com").await.get(at::ROLES_V2).await.expect(403);
    }

    async fn the_list_is_searched_and_sorted(world: World) {
        fill(world).await;
        let vendor = world.vendor().await;
        assert_eq!(keys(vendor.get(&v2("_levels=3,7")).await), ["beta", "zeta"]);
        assert_eq!(keys(vendor.get(&v2("_levels=3&_levels=9")).await), ["beta", "acme-only"]);
        assert_eq!(keys(vendor.get(&v2("_filter=OMEG")).await), ["beta"]);
        assert_eq!(keys(vendor.get(&v2("_filter=100%25")).await), ["zeta"]);
        assert!(keys(vendor.get(&v2("_filter=1_0%25")).await).is_empty(), "a wildcard is only a character here");
        assert_eq!(keys(vendor.get(&v2("_sortBy=name&_filter=a&_levels=7&_levels=3&_order=DESC")).await), ["beta", "zeta"]);
        assert_eq!(keys(vendor.get(&v2("_sortBy=key&_order=DESC&_limit=2")).await), ["zeta", "rival-only"]);
        assert_eq!(keys(vendor.get(&v2("_sortBy=isDefault&_order=DESC&_limit=1")).await), ["beta"]);
        assert_eq!(keys(vendor.get(&v2("_sortBy=firstUserRole&_order=DESC&_limit=1")).await), ["Admin"]);
        assert_eq!(keys(vendor.get(&v2("_sortBy=permissions&_order=DESC&_limit=2")).await), ["ReadOnly", "Admin"]);
        assert_eq!(keys(vendor.get(&v2("_sortBy=description&_order=DESC&_limit=2")).await)[0], "ReadOnly");
        for sort in ["createdAt", "updatedAt", "level"] {
            assert_eq!(keys(vendor.get(&v2(&format!("_sortBy={sort}"))).await).len(), 6, "{sort}");
        }
    }

    async fn roles_are_sorted_by_how_many_hold_them(world: World) {
        fill(world).await;
        let (beta, zeta) = (world.role_id("beta").await, world.role_id("zeta").await);
        world.person("ann@example.com", "acme", &[&beta, &zeta]).await;
        world.person("bob@example.com", "acme", &[&zeta]).await;
        world.person("eve@example.com", "rival", &[&beta]).await;
        world.person("joe@example.com", "rival", &[&beta]).await;
        let vendor = world.vendor().await;
        let most = v2("_sortBy=userTenants&_order=DESC&_limit=2");
        assert_eq!(keys(vendor.get(&most).await), ["beta", "zeta"]);
        assert_eq!(keys(vendor.in_tenant("acme").get(&most).await), ["zeta", "beta"], "counted in the tenant in question");
        let least = vendor.get(&v2("_sortBy=userTenants&_limit=4&_offset=1")).await.expect(200);
        assert_eq!(least.pluck("key"), ["zeta", "beta"]);
        assert_eq!(least.at("/_metadata/totalItems"), json!(6));
    }

    async fn wrong_parameters_of_the_list_are_refused(world: World) {
        let vendor = world.vendor().await;
        for (query, sentence) in [
            ("_limit=0", "_limit must not be less than 1"),
            ("_limit=2001", "_limit must not be greater than 2000"),
            ("_offset=-1", "_offset must not be less than 0"),
            ("_sortBy=color", "_sortBy must be a valid enum value"),
            ("_order=UP", "_order must be one of the following values: ASC, DESC"),
            ("_levels=1,x", "each value in _levels must be an integer number"),
        ] {
            vendor.get(&v2(query)).await.refuses(400, sentence);
        }
    }

    async fn levels_and_tenants_of_roles_are_listed_once(world: World) {
        fill(world).await;
        let vendor = world.vendor().await;
        vendor.post(at::ROLES, json!([{"key": "again", "name": "Again", "level": 7}])).await.expect(201);
        let (levels, tenants) = (format!("{}/distinct-levels", at::ROLES_V2), format!("{}/distinct-tenants", at::ROLES_V2));
        assert_eq!(vendor.get(&levels).await.expect(200).json(), json!([0, 3, 7, 9, 11]));
        assert_eq!(vendor.in_tenant("acme").get(&levels).await.expect(200).json(), json!([0, 3, 7, 9]));
        assert_eq!(vendor.get(&tenants).await.expect(200).json(), json!(["acme", "rival"]));
        let admin = world.admin("ann@example.com").await;
        assert_eq!(admin.get(&levels).await.expect(200).json(), json!([0, 3, 7, 9]));
        assert_eq!(admin.get(&tenants).await.expect(200).json(), json!(["acme"]));
        let away = world.vendor_of(&world.away).await;
        assert_eq!(away.get(&tenants).await.expect(200).json(), json!([]));
    }

    async fn the_portal_reads_the_roles_of_its_tenant_under_items(world: World) {
        fill(world).await;
        let admin = world.admin("ann@example.com").await;
        let answer = admin.get("/frontegg/team/resources/roles/v1").await.expect(200);
        assert_eq!(answer.pluck("key"), ["Admin", "ReadOnly", "beta", "zeta", "acme-only"]);
        assert!(answer.at("/items/0/permissions").as_array().unwrap().iter().all(Value::is_string));
        world.user("bob@example.com").await.get("/team/resources/roles/v1").await.expect(403);
    }

    async fn a_role_made_on_a_base_gets_its_level_and_the_permissions_named(world: World) {
        fill(world).await;
        let vendor = world.vendor().await;
        let (base, one) = (world.role_id("zeta").await, world.permission_id("fe.secure.read.users").await);
        let made = vendor.in_tenant("acme").post(at::ROLES_V2, json!({
            "key": "team-lead", "name": "Team lead", "description": "Leads", "isDefault": true, "baseRoleId": base, "permissionIds": [one, one],
        })).await.expect(200);
        assert_eq!(made.at("/tenantId"), "acme");
        assert_eq!(made.at("/vendorId"), world.home.id);
        assert_eq!((made.at("/key"), made.at("/name"), made.at("/description")), (json!("team-lead"), json!("Team lead"), json!("Leads")));
        assert_eq!((made.at("/level"), made.at("/isDefault"), made.at("/permissions")), (json!(7), json!(true), json!([one])));
        let listed = vendor.in_tenant("acme").get(at::ROLES_V2).await.expect(200).rows();
        assert!(listed.contains(&made.json()));
        assert_eq!(keys(vendor.in_tenant("rival").get(&v2("_filter=team-lead")).await), Vec::<String>::new());
        let everywhere = |key: &str| json!({"key": key, "name": "T", "baseRoleId": base, "permissionIds": []});
        // A token would not tell it from the role that a tenant has made for itself.
        vendor.post(at::ROLES_V2, everywhere("team-lead")).await.refuses(409, "Roles already exists");
        assert_eq!(vendor.post(at::ROLES_V2, everywhere("lead")).await.expect(200).at("/tenantId"), json!(null));
    }

    async fn a_base_or_permission_that_is_not_there_makes_no_role(world: World) {
        fill(world).await;
        let vendor = world.vendor().await;
        let base = world.role_id("zeta").await;
        let rival = vendor.in_tenant("rival").get(&v2("_tenantIds=rival")).await.expect(200).text_at("/items/0/id");
        let away = world.vendor_of(&world.away).await.get(at::ROLES).await.expect(200).text_at("/0/id");
        let before = snapshot(&vendor).await;
        let acme = vendor.in_tenant("acme");
        let whole = |changed: Value| {
            let mut body = json!({"key": "new", "name": "New", "baseRoleId": base, "permissionIds": []});
            for (member, value) in changed.as_object().unwrap() {
                body[member] = value.clone();
            }
            body
        };
        for base in ["nobody", rival.as_str(), away.as_str()] {
            acme.post(at::ROLES_V2, whole(json!({"baseRoleId": base}))).await.refuses(400, "baseRoleId must be the id of an existing role");
        }
        acme.post(at::ROLES_V2, whole(json!({"permissionIds": ["nobody"]}))).await.refuses(400, "Permissions not found: nobody");
        for wrong in [json!({"key": ""}), json!({"key": 5}), json!({"name": " "}), json!({"name": null}), json!({"baseRoleId": ""}), json!({"permissionIds": "x"}), json!({"permissionIds": null}), json!({"isDefault": "yes"})] {
            let answer = acme.post(at::ROLES_V2, whole(wrong.clone())).await;
            assert_eq!(answer.status, 400, "{wrong}: {}", answer.text());
        }
        acme.post(at::ROLES_V2, json!([])).await.expect(400);
        let taken = acme.post(at::ROLES_V2, whole(json!({"key": "acme-only"}))).await;
        taken.refuses(409, "Roles already exists");
        assert_eq!(snapshot(&vendor).await, before);
    }
}
