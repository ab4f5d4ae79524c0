//! Tenants below tenants: placing, moving, listing.

use journeys::{Client, World, at, both_engines, snapshot};
use serde_json::{Value, json};

async fn below(vendor: &Client, parent: &str, id: &str) {
    let new = json!({"tenantId": id, "name": format!("Name of {id}"), "parentTenantId": parent});
    vendor.post(at::SUB_TENANTS, new).await.expect(201);
}

/// `top` over `a` and `b`, `a` over `a1`, that over `a2`.
async fn family(world: &World) -> Client {
    let vendor = world.vendor().await;
    world.tenant("top").await;
    for (parent, id) in [("top", "a"), ("top", "b"), ("a", "a1"), ("a1", "a2")] {
        below(&vendor, parent, id).await;
        world.clock.advance_seconds(1);
    }
    vendor
}

fn pair(parent: &str, child: &str) -> Value {
    json!({"parentTenantId": parent, "childTenantId": child})
}

async fn parents(vendor: &Client, id: &str) -> Vec<String> {
    let path = format!("{}/parents", at::HIERARCHY);
    vendor
        .in_tenant(id)
        .get(&path)
        .await
        .expect(200)
        .pluck("tenantId")
}

both_engines! {
    async fn a_hierarchy_is_shown_from_above_and_from_below(world: World) {
        let vendor = family(world).await;
        let top = vendor.in_tenant("top");
        let all = top.get(at::HIERARCHY).await.expect(200).rows();
        let seen: Vec<(String, i64)> = all
            .iter()
            .map(|row| (row["tenantId"].as_str().unwrap().to_owned(), row["level"].as_i64().unwrap()))
            .collect();
        assert_eq!(seen, [("a".into(), 1), ("b".into(), 1), ("a1".into(), 2), ("a2".into(), 3)]);
        assert_eq!(all[0]["tenantName"], "Name of a");
        assert_eq!(all[0]["parentTenantId"], "top");
        assert!(all[0]["createdAt"].as_str().unwrap().ends_with('Z'), "{all:?}");
        let tree = top.get(&format!("{}/tree", at::HIERARCHY)).await.expect(200).json();
        assert_eq!(tree, json!({"tenantId": "top", "name": "top", "children": [
            {"tenantId": "a", "name": "Name of a", "children": [
                {"tenantId": "a1", "name": "Name of a1", "children": [{"tenantId": "a2", "name": "Name of a2", "children": []}]},
            ]},
            {"tenantId": "b", "name": "Name of b", "children": []},
        ]}));
        assert_eq!(parents(&vendor, "a2").await, ["a1", "a", "top"]);
        assert_eq!(parents(&vendor, "top").await, Vec::<String>::new());
        let of_a2 = top.get(&format!("{}/parents/a2", at::HIERARCHY)).await.expect(200).rows();
        assert_eq!((&of_a2[0]["level"], &of_a2[0]["tenantName"]), (&json!(1), &json!("Name of a1")));
        // What is not below the tenant in force is not there.
        vendor.in_tenant("b").get(&format!("{}/parents/a2", at::HIERARCHY)).await.refuses(404, "Tenant not found");
    }

    async fn pages_hold_children_and_searches_look_everywhere_below(world: World) {
        let vendor = family(world).await;
        let top = vendor.in_tenant("top");
        let v2 = "/tenants/resources/hierarchy/v2";
        let page = top.get(&format!("{v2}?_limit=1&_offset=1&_sortBy=name&_order=DESC")).await.expect(200);
        assert_eq!(page.pluck("tenantId"), ["a"]);
        assert_eq!((page.at("/_metadata/totalItems"), page.at("/_metadata/totalPages")), (json!(2), json!(2)));
        let first = page.rows().remove(0);
        assert_eq!(first["metadata"], json!({"isParent": true}));
        assert_eq!((&first["isReseller"], &first["subAccountAccessType"]), (&json!(false), &json!("defaultOff")));
        assert_eq!(top.get(&format!("{v2}?_subTenantId=a1")).await.expect(200).pluck("tenantId"), ["a2"]);
        for (query, found) in [
            ("?_filter=name of A", vec!["a", "a1", "a2"]),
            ("?_filter=a1", vec!["a1"]),
            ("?_filter=a&_subTenantId=a1", vec!["a2"]),
            ("?_filter=nothing", vec![]),
            ("?_sortBy=createdAt&_order=DESC", vec!["b", "a"]),
            ("?_sortBy=tenantId&_offset=7", vec![]),
        ] {
            assert_eq!(top.get(&format!("{v2}{}", query.replace(' ', "%20"))).await.expect(200).pluck("tenantId"), found, "{query}");
        }
        for query in ["?_limit=0", "?_limit=201", "?_offset=-1", "?_sortBy=x", "?_order=up"] {
            top.get(&format!("{v2}{query}")).await.expect(400);
        }
        top.get(&format!("{v2}?_subTenantId=nobody")).await.refuses(404, "Tenant not found");
        vendor.in_tenant("b").get(&format!("{v2}?_subTenantId=a")).await.refuses(404, "Tenant not found");
        let sizes = top.get(&format!("{v2}/metadata?_tenantIds=a,b,top,nobody")).await.expect(200).rows();
        let of = |id: &str| sizes.iter().find(|row| row["tenantId"] == id).cloned();
        assert_eq!(of("a"), Some(json!({"tenantId": "a", "totalSubTenants": 2, "isParent": true})));
        assert_eq!(of("b"), Some(json!({"tenantId": "b", "totalSubTenants": 0, "isParent": false})));
        assert_eq!(of("top").unwrap()["totalSubTenants"], 4);
        assert_eq!(of("nobody"), None);
    }

    async fn a_tenant_moves_within_its_hierarchy_with_everything_below_it(world: World) {
        let vendor = family(world).await;
        let moved = vendor.post(at::HIERARCHY, pair("b", "a1")).await.expect(201);
        assert_eq!(moved.text(), "");
        assert_eq!(parents(&vendor, "a2").await, ["a1", "b", "top"]);
        // Again is no error, and no change.
        world.settle().await;
        let before = snapshot(&vendor).await;
        vendor.post(at::HIERARCHY, pair("b", "a1")).await.expect(201);
        world.settle().await;
        assert_eq!(snapshot(&vendor).await, before);
        let parted = vendor.delete_with(at::HIERARCHY, pair("b", "a1")).await.expect(200);
        assert_eq!(parted.text(), "");
        assert_eq!(parents(&vendor, "a2").await, ["a1"]);
        world.settle().await;
        let after = snapshot(&vendor).await;
        let recorded = |seen: &Value| seen["changes recorded"].as_i64().unwrap();
        assert_eq!(recorded(&after) - recorded(&before), 1, "the parting is recorded");
    }

    async fn what_cannot_be_placed_is_refused_and_changes_nothing(world: World) {
        let vendor = family(world).await;
        world.tenant("other").await;
        below(&vendor, "other", "theirs").await;
        world.tenant_of(&world.away, "foreign").await;
        world.settle().await;
        let before = snapshot(&vendor).await;
        for (body, sentence) in [
            (pair("a", "a"), "A tenant cannot be its own sub-account"),
            (pair("a2", "a"), "The parent is a sub-account of the child, directly or further down"),
            (pair("a2", "top"), "The parent is a sub-account of the child, directly or further down"),
            (pair("top", "theirs"), "The child is already a sub-account in another hierarchy; remove it from there first"),
            (pair("", "a"), "parentTenantId should not be empty"),
        ] {
            vendor.post(at::HIERARCHY, body).await.refuses(400, sentence);
        }
        for body in [json!({}), json!([]), json!({"parentTenantId": 5, "childTenantId": "a"}), json!({"parentTenantId": "a"})] {
            vendor.post(at::HIERARCHY, body.clone()).await.expect(400);
            vendor.delete_with(at::HIERARCHY, body).await.expect(400);
        }
        for body in [pair("nobody", "a"), pair("a", "nobody"), pair("a", "foreign"), pair("foreign", "a")] {
            vendor.post(at::HIERARCHY, body.clone()).await.expect(404);
            vendor.delete_with(at::HIERARCHY, body).await.refuses(404, "These tenants are not parent and child");
        }
        vendor.delete_with(at::HIERARCHY, pair("top", "a1")).await.refuses(404, "These tenants are not parent and child");
        world.settle().await;
        assert_eq!(snapshot(&vendor).await, before);
        assert_eq!(parents(&vendor, "a2").await, ["a1", "a", "top"]);
    }

    async fn moves_that_cross_never_make_a_loop(world: World) {
        let vendor = world.vendor().await;
        for round in 0..8 {
            let names: Vec<String> = (0..4).map(|number| format!("r{round}n{number}")).collect();
            for name in &names {
                world.tenant(name).await;
            }
            // Each under the next, the last under the first: one of them must lose.
            let mut calls = tokio::task::JoinSet::new();
            for number in 0..16 {
                let (vendor, body) = (vendor.clone(), pair(&names[(number + 1) % 4], &names[number % 4]));
                calls.spawn(async move { vendor.post(at::HIERARCHY, body).await.status });
            }
            let answers = calls.join_all().await;
            assert!(answers.iter().all(|status| [201, 400].contains(status)), "{answers:?}");
            assert_eq!(answers.iter().filter(|status| **status == 400).count(), 4, "the one that closes the ring, each time it was asked: {answers:?}");
            for name in &names {
                let above = parents(&vendor, name).await;
                assert!(above.len() < 4 && !above.contains(name), "{name} stands below {above:?}");
            }
        }
    }

    async fn a_hierarchy_has_an_end(world: World) {
        let vendor = world.vendor().await;
        world.tenant("l0").await;
        for level in 1..=64 {
            below(&vendor, &format!("l{}", level - 1), &format!("l{level}")).await;
        }
        let sentence = "A hierarchy may not have more than 64 levels below its top";
        let deeper = json!({"tenantId": "l65", "name": "x", "parentTenantId": "l64"});
        vendor.post(at::SUB_TENANTS, deeper.clone()).await.refuses(400, sentence);
        vendor.post(at::TENANTS, deeper).await.refuses(400, sentence);
        world.tenant("m0").await;
        below(&vendor, "m0", "m1").await;
        vendor.post(at::HIERARCHY, pair("l63", "m0")).await.refuses(400, sentence);
        vendor.post(at::HIERARCHY, pair("l62", "m0")).await.expect(201);
        assert_eq!(parents(&vendor, "m1").await.len(), 64);
        assert_eq!(vendor.in_tenant("l0").get(at::HIERARCHY).await.expect(200).rows().len(), 66);
    }

    async fn sub_tenants_of_a_deleted_tenant_move_up(world: World) {
        let vendor = family(world).await;
        vendor.delete(&format!("{}/a", at::TENANTS)).await.expect(200);
        world.settle().await;
        assert_eq!(parents(&vendor, "a2").await, ["a1", "top"]);
        vendor.delete(&format!("{}/top", at::TENANTS)).await.expect(200);
        assert_eq!(parents(&vendor, "a2").await, ["a1"]);
    }
}
