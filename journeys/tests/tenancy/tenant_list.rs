use journeys::{World, at, both_engines};
use serde_json::{Value, json};

async fn five(world: &World) -> journeys::Client {
    let vendor = world.vendor().await;
    for (id, name) in [
        ("t1", "Delta"),
        ("t2", "alpha"),
        ("t3", "Bravo"),
        ("t4", "charlie"),
        ("t5", "Alpine"),
    ] {
        vendor
            .post(at::TENANTS, json!({"tenantId": id, "name": name}))
            .await
            .expect(201);
        world.clock.advance_seconds(1);
    }
    vendor
}

fn page(query: &str) -> String {
    format!("{}?{query}", at::TENANTS_V2)
}

both_engines! {
    async fn version_1_is_flat_and_version_2_is_wrapped(world: World) {
        let vendor = five(world).await;
        let mut flat = vendor.get(at::TENANTS).await.expect(200).pluck("tenantId");
        flat.sort();
        assert_eq!(flat, ["t1", "t2", "t3", "t4", "t5"]);
        let wrapped = vendor.get(at::TENANTS_V2).await.expect(200);
        assert_eq!(wrapped.rows().len(), 5);
        assert_eq!(wrapped.at("/_metadata/totalItems"), json!(5));
        assert_eq!(wrapped.at("/_metadata/totalPages"), json!(1));
    }

    async fn pages_are_counted_from_zero_and_meet_without_gap(world: World) {
        let vendor = five(world).await;
        let mut seen = Vec::new();
        for index in 0..3 {
            let answer = vendor.get(&page(&format!("_limit=2&_offset={index}&_sortBy=name&_order=ASC"))).await.expect(200);
            assert_eq!(answer.at("/_metadata/totalItems"), json!(5));
            assert_eq!(answer.at("/_metadata/totalPages"), json!(3));
            seen.extend(answer.pluck("tenantId"));
        }
        let mut all = seen.clone();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 5, "{seen:?}");
        let beyond = vendor.get(&page("_limit=2&_offset=3")).await.expect(200);
        assert!(beyond.rows().is_empty());
        let down = vendor.get(&page("_limit=200&_sortBy=name&_order=DESC")).await.expect(200).pluck("tenantId");
        seen.reverse();
        assert_eq!(down, seen);
    }

    async fn links_lead_to_the_neighbouring_pages(world: World) {
        let vendor = five(world).await;
        let middle = vendor.get(&page("_limit=2&_offset=1&_sortBy=name&_order=ASC")).await.expect(200);
        let link = |name: &str| match middle.at(&format!("/_links/{name}")) {
            Value::String(text) => text,
            other => panic!("{name}: {other}"),
        };
        for (name, offset) in [("prev", "_offset=0"), ("next", "_offset=2"), ("first", "_offset=0"), ("last", "_offset=2")] {
            assert!(link(name).contains(offset), "{name}: {}", link(name));
            assert!(link(name).contains("_sortBy=name"), "{name}: {}", link(name));
        }
        let last = vendor.get(&page("_limit=2&_offset=2")).await.expect(200);
        let next = last.at("/_links/next");
        assert!(next.is_null() || next == "", "{next}");
    }

    async fn a_filter_finds_by_the_beginning_of_a_name_or_more(world: World) {
        let vendor = five(world).await;
        let mut found = vendor.get(&page("_filter=alp")).await.expect(200).pluck("tenantId");
        found.sort();
        assert_eq!(found, ["t2", "t5"], "letter case does not matter");
        for nothing in ["%25", "_", "'", "\\", "al_ha"] {
            let found = vendor.get(&page(&format!("_filter={nothing}"))).await.expect(200);
            assert!(found.rows().is_empty(), "{nothing}: {}", found.text());
        }
    }

    async fn ids_choose_tenants(world: World) {
        let vendor = five(world).await;
        for query in ["_tenantIds=t2,t4,none", "_tenantIds=t2&_tenantIds=t4", "_tenantIds[]=t2&_tenantIds[]=t4"] {
            let mut found = vendor.get(&page(query)).await.expect(200).pluck("tenantId");
            found.sort();
            assert_eq!(found, ["t2", "t4"], "{query}");
        }
    }

    async fn limits_have_bounds(world: World) {
        let vendor = five(world).await;
        for query in ["_limit=0", "_limit=-1", "_limit=abc", "_limit=201", "_offset=-1", "_offset=x"] {
            let status = vendor.get(&page(query)).await.status;
            assert!([200, 400].contains(&status), "{query}: {status}");
            if status == 200 {
                assert!(vendor.get(&page(query)).await.rows().len() <= 200);
            }
        }
        vendor.get(&page("_sortBy=secret;drop")).await.expect(400);
        vendor.get(&page("_sortBy=name&_order=UPWARDS")).await.refuses(400, "_order must be one of the following values: ASC, DESC");
        vendor.get(&page("limit=1&offset=1")).await.expect(200);
        vendor.get(&page("_offset=99999999999999999999")).await;
    }
}
