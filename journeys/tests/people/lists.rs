use journeys::{Client, World, at, both_engines};
use serde_json::json;

/// Eight people: six in acme, three in second, one of them in both.
async fn people(world: &World) -> Client {
    world.tenant("acme").await;
    world.tenant("second").await;
    let vendor = world.vendor().await;
    for (name, email, tenant) in [
        ("Zoe", "zoe@example.com", "acme"),
        ("adam", "adam@example.com", "acme"),
        ("Adele", "adele@example.com", "acme"),
        ("Bob", "bob_1@example.com", "acme"),
        ("Bobby", "bobx1@example.com", "acme"),
        ("Ünsal", "unsal@example.com", "acme"),
        ("Zoe", "zoe@example.com", "second"),
        ("Carl", "carl@other.test", "second"),
        ("Dora", "dora@other.test", "second"),
    ] {
        vendor.post(at::VENDOR_USERS, json!({"email": email, "name": name, "tenantId": tenant, "externalId": format!("ext-{email}")})).await.expect(201);
        world.clock.advance_seconds(1);
    }
    vendor
}

async fn emails(client: &Client, query: &str) -> Vec<String> {
    client
        .get(&format!("{}?{query}", at::USERS_V3))
        .await
        .expect(200)
        .pluck("email")
}

both_engines! {
    async fn the_environment_sees_everybody_once_and_a_tenant_its_members(world: World) {
        let vendor = people(world).await;
        let all = vendor.get(at::USERS_V3).await.expect(200);
        assert_eq!(all.rows().len(), 8);
        assert_eq!(all.at("/_metadata/totalItems"), json!(8));
        assert_eq!(all.at("/_metadata/totalPages"), json!(1));
        assert_eq!(emails(&vendor.in_tenant("second"), "_sortBy=email&_order=ASC").await, ["carl@other.test", "dora@other.test", "zoe@example.com"]);
        assert_eq!(emails(&vendor, "_tenantId=second&_sortBy=email&_order=ASC").await, ["carl@other.test", "dora@other.test", "zoe@example.com"]);
        assert!(emails(&vendor, "_tenantId=nobody").await.is_empty());
    }

    async fn every_order_is_kept_over_pages(world: World) {
        let vendor = people(world).await;
        for scope in [vendor.clone(), vendor.in_tenant("acme")] {
            for sort in ["createdAt", "name", "email", "id", "verified", "isLocked", "provider", "tenantId"] {
                for order in ["ASC", "DESC"] {
                    let whole = emails(&scope, &format!("_sortBy={sort}&_order={order}&_limit=200")).await;
                    let mut pages = Vec::new();
                    for page in 0..5 {
                        pages.extend(emails(&scope, &format!("_sortBy={sort}&_order={order}&_limit=2&_offset={page}")).await);
                    }
                    assert_eq!(pages, whole, "{sort} {order}");
                }
            }
        }
        let by_email = emails(&vendor, "_sortBy=email&_order=ASC").await;
        let mut sorted = by_email.clone();
        sorted.sort();
        assert_eq!(by_email, sorted);
        let newest = emails(&vendor, "_sortBy=createdAt&_order=DESC&_limit=1").await;
        assert_eq!(newest, ["dora@other.test"]);
    }

    async fn words_that_are_not_orders_are_refused_in_known_words(world: World) {
        let vendor = people(world).await;
        vendor.get(&format!("{}?_sortBy=password", at::USERS_V3)).await.refuses(400, "_sortBy must be a valid enum value");
        vendor.get(&format!("{}?_sortBy=email;--", at::USERS_V3)).await.refuses(400, "_sortBy must be a valid enum value");
        vendor.get(&format!("{}?_order=sideways", at::USERS_V3)).await.refuses(400, "_order must be one of the following values: ASC, DESC");
    }

    async fn an_address_is_searched_without_wildcards(world: World) {
        let vendor = people(world).await;
        assert!(emails(&vendor, "_email=adam@example.com").await.contains(&"adam@example.com".to_owned()));
        assert!(emails(&vendor, "_email=ADAM@EXAMPLE.COM").await.contains(&"adam@example.com".to_owned()));
        assert!(emails(&vendor, "_email=%25").await.is_empty());
        assert!(emails(&vendor, "_email=___").await.is_empty());
        let underscore = emails(&vendor, "_email=bob_1@example.com").await;
        assert_eq!(underscore, ["bob_1@example.com"], "_ is a letter like any other");
        assert!(emails(&vendor, "_email='%20OR%20'1'='1").await.is_empty());
    }

    async fn a_name_is_searched_by_its_beginning(world: World) {
        let vendor = people(world).await;
        let mut found = emails(&vendor, "_namePrefix=ad").await;
        found.sort();
        assert_eq!(found, ["adam@example.com", "adele@example.com"]);
        assert_eq!(emails(&vendor, "_namePrefix=%C3%9Cns").await, ["unsal@example.com"]);
        assert_eq!(emails(&vendor, "_namePrefix=%C3%BCns").await, ["unsal@example.com"], "letter case does not matter beyond ASCII either");
        assert!(emails(&vendor.in_tenant("second"), "_namePrefix=ad").await.is_empty());
        assert!(emails(&vendor, "_namePrefix=%25").await.is_empty());
    }

    async fn ids_and_external_ids_choose(world: World) {
        let vendor = people(world).await;
        let all = vendor.get(&format!("{}?_sortBy=email&_order=ASC", at::USERS_V3)).await.expect(200).rows();
        let id = |index: usize| all[index]["id"].as_str().unwrap().to_owned();
        let mut found = emails(&vendor, &format!("ids={},{},unknown", id(0), id(3))).await;
        found.sort();
        assert_eq!(found.len(), 2);
        let found = emails(&vendor, "_externalIds=ext-carl@other.test,none").await;
        assert_eq!(found, ["carl@other.test"]);
    }

    async fn limits_have_bounds_and_the_end_is_empty(world: World) {
        let vendor = people(world).await;
        assert!(emails(&vendor, "_limit=5&_offset=7").await.is_empty());
        for query in ["_limit=0", "_limit=-1", "_limit=x", "_offset=-1", "_offset=x", "_limit=1.5"] {
            let status = vendor.get(&format!("{}?{query}", at::USERS_V3)).await.status;
            assert_eq!(status, 400, "{query}");
        }
        let over = vendor.get(&format!("{}?_limit=201", at::USERS_V3)).await.status;
        assert!([200, 400].contains(&over));
        vendor.get(&format!("{}?limit=1&offset=5", at::USERS_V3)).await.expect(200);
    }

    async fn a_list_is_right_after_deletions(world: World) {
        let vendor = people(world).await;
        let zoe = vendor.get(&format!("{}?email=zoe@example.com", at::BY_EMAIL)).await.expect(200).text_at("/id");
        vendor.in_tenant("acme").delete(&format!("{}/{zoe}", at::USERS)).await.expect(200);
        assert_eq!(vendor.in_tenant("acme").get(at::USERS_V3).await.expect(200).at("/_metadata/totalItems"), json!(5));
        assert_eq!(vendor.in_tenant("second").get(at::USERS_V3).await.expect(200).at("/_metadata/totalItems"), json!(3));
        vendor.delete(&format!("{}/{zoe}", at::USERS)).await.expect(200);
        assert_eq!(vendor.in_tenant("second").get(at::USERS_V3).await.expect(200).at("/_metadata/totalItems"), json!(2));
        assert_eq!(vendor.get(at::USERS_V3).await.expect(200).at("/_metadata/totalItems"), json!(7));
    }

    async fn rows_of_the_list_keep_the_roles_out(world: World) {
        let vendor = people(world).await;
        let row = vendor.get(&format!("{}?_email=zoe@example.com", at::USERS_V3)).await.expect(200).at("/items/0");
        assert!(row["tenants"].as_array().unwrap().iter().all(|tenant| tenant.get("roles").is_none()), "{row}");
        assert!(row["vendorMetadata"].is_null() || row["vendorMetadata"].is_string());
    }
}
