//! Lists of everybody in a tenant with many tenants below it, before and after the index has them.

use journeys::{Client, World, at, both_engines};
use serde_json::{Value, json};

/// More than the number from which on such lists are kept in the index.
const BRANCHES: usize = 504;

/// `acme` over many branches, of which every fifteenth has people; `b15` stands below `b30`.
async fn large_family(world: &World) -> Client {
    let vendor = world.vendor().await;
    world.tenant("acme").await;
    world.tenant("rival").await;
    let mut calls = tokio::task::JoinSet::new();
    for worker in 0..6 {
        let vendor = vendor.clone();
        calls.spawn(async move {
            for number in (worker..BRANCHES).step_by(6) {
                let body = json!({"tenantId": format!("b{number}"), "name": format!("Branch {number}"), "parentTenantId": "acme"});
                vendor.post(at::TENANTS, body).await.expect(201);
            }
        });
    }
    calls.join_all().await;
    vendor
        .post(
            at::HIERARCHY,
            json!({"parentTenantId": "b30", "childTenantId": "b15"}),
        )
        .await
        .expect(201);
    for number in (0..BRANCHES).step_by(15) {
        add(
            &vendor,
            &format!("b{number}"),
            &format!("u{number:03}@example.com"),
            ["Ada", "Bob", "Ann of the long and equal name"][number / 15 % 3],
        )
        .await;
    }
    add(&vendor, "acme", "root@example.com", "Ada Root").await;
    add(&vendor, "acme", "u060@example.com", "Ada").await;
    add(&vendor, "rival", "rival@example.com", "Ada Rival").await;
    add(&vendor, "rival", "u090@example.com", "Ann").await;
    vendor.in_tenant("acme")
}

async fn add(vendor: &Client, tenant: &str, email: &str, name: &str) {
    let body = json!({"email": email, "name": name, "tenantId": tenant, "skipInviteEmail": true});
    vendor.post(at::VENDOR_USERS, body).await.expect(201);
}

/// The addresses on all pages of a list, with the total that the last one told.
async fn pages(client: &Client, query: &str) -> (Vec<String>, Value) {
    let mut found = Vec::new();
    for page in 0.. {
        let path = format!("{}?_limit=7&_offset={page}{query}", at::USERS_V3);
        let answer = client.get(&path).await.expect(200);
        let items = answer.pluck("email");
        if items.is_empty() {
            return (found, answer.at("/_metadata/totalItems"));
        }
        found.extend(items);
    }
    unreachable!("pages end")
}

const QUERIES: [&str; 8] = [
    "",
    "&_order=DESC",
    "&_sortBy=name",
    "&_sortBy=name&_order=DESC",
    "&_sortBy=email&_namePrefix=a",
    "&_sortBy=verified&_order=DESC",
    "&_sortBy=tenantId",
    "&_namePrefix=ad&_email=u",
];

async fn lists(client: &Client) -> Vec<(Vec<String>, Value)> {
    let mut lists = Vec::new();
    for query in QUERIES {
        lists.push(pages(client, query).await);
    }
    lists
}

async fn everybody(client: &Client) -> Vec<String> {
    let (mut found, total) = pages(client, "&_sortBy=email").await;
    assert_eq!(total, json!(found.len()));
    found.sort_unstable();
    found
}

fn wanted() -> Vec<String> {
    let mut wanted: Vec<String> = (0..BRANCHES)
        .step_by(15)
        .map(|number| format!("u{number:03}@example.com"))
        .collect();
    wanted.insert(0, "root@example.com".to_owned());
    wanted
}

both_engines! {
    async fn the_index_tells_what_looking_at_everybody_tells(world: World) {
        let acme = large_family(world).await;
        world.settle().await;
        let before = lists(&acme).await;
        assert_eq!(everybody(&acme).await, wanted());
        world.settle().await;
        assert_eq!(lists(&acme).await, before);
        assert_eq!(everybody(&acme).await, wanted());
        let phrase = acme.get(&format!("{}?_phraseSearchContains=equal&_limit=200", at::PHRASE)).await.expect(200);
        assert_eq!(phrase.rows().len(), 11);
        // Each is shown in the tenant below that they are a member of.
        let row = &acme.get(&format!("{}?_email=u015", at::USERS_V3)).await.expect(200).rows()[0];
        assert_eq!(row["tenantId"], json!("b15"));
        let row = &acme.get(&format!("{}?_email=u090", at::USERS_V3)).await.expect(200).rows()[0];
        assert_eq!(row["tenantId"], json!("b90"));
    }

    async fn whoever_comes_and_goes_is_told_at_once(world: World) {
        let acme = large_family(world).await;
        let vendor = world.vendor().await;
        everybody(&acme).await;
        // While the family is being put into the index, and afterwards.
        for (round, settled) in [("a", false), ("b", true)] {
            if settled {
                world.settle().await;
            }
            let (new, moved) = (format!("u001{round}@example.com"), format!("u002{round}@example.com"));
            add(&vendor, "b1", &new, "New").await;
            add(&vendor, "rival", &moved, "Moved").await;
            assert!(everybody(&acme).await.contains(&new));
            assert!(!everybody(&acme).await.contains(&moved));
            add(&vendor, "b2", &moved, "Moved").await;
            assert!(everybody(&acme).await.contains(&moved));
            let id = acme.get(&format!("{}?_email={moved}", at::USERS_V3)).await.expect(200).rows()[0]["id"].clone();
            let id = id.as_str().unwrap();
            vendor.in_tenant("b2").delete(&format!("{}/{id}", at::USERS)).await.expect(200);
            assert!(!everybody(&acme).await.contains(&moved));
            world.settle().await;
            assert!(everybody(&acme).await.contains(&new) && !everybody(&acme).await.contains(&moved));
        }
    }

    async fn a_tenant_that_moves_takes_its_people_along(world: World) {
        let acme = large_family(world).await;
        let vendor = world.vendor().await;
        everybody(&acme).await;
        world.settle().await;
        let without = |gone: &[&str]| -> Vec<String> {
            wanted().into_iter().filter(|one| !gone.iter().any(|gone| one.starts_with(gone))).collect()
        };
        // With what stands below it.
        vendor.delete_with(at::HIERARCHY, json!({"parentTenantId": "acme", "childTenantId": "b30"})).await.expect(200);
        assert_eq!(everybody(&acme).await, without(&["u030", "u015"]));
        world.settle().await;
        assert_eq!(everybody(&acme).await, without(&["u030", "u015"]));
        vendor.post(at::HIERARCHY, json!({"parentTenantId": "b0", "childTenantId": "b30"})).await.expect(201);
        assert_eq!(everybody(&acme).await, wanted());
        world.settle().await;
        assert_eq!(everybody(&acme).await, wanted());
        // One that is deleted leaves its sub-tenants, and its people are gone at once.
        vendor.delete(&format!("{}/b30", at::TENANTS)).await.expect(200);
        assert_eq!(everybody(&acme).await, without(&["u030"]));
        world.settle().await;
        assert_eq!(everybody(&acme).await, without(&["u030"]));
    }

    async fn another_tenant_and_a_colleague_see_what_they_may(world: World) {
        let acme = large_family(world).await;
        let admin = world.admin("admin@example.com").await;
        everybody(&acme).await;
        world.settle().await;
        let unseen = acme.get(&format!("{}?_email=u045", at::USERS_V3)).await.expect(200).rows()[0]["id"].clone();
        let path = format!("{}/{}/invisible", at::USERS, unseen.as_str().unwrap());
        world.vendor().await.put(&path, json!({"invisible": true})).await.expect(200);
        for settled in [false, true] {
            if settled {
                world.settle().await;
            }
            let seen = everybody(&admin.client).await;
            assert!(!seen.contains(&"u045@example.com".to_owned()) && seen.contains(&"u060@example.com".to_owned()));
            assert!(everybody(&acme).await.contains(&"u045@example.com".to_owned()));
            let rival = world.vendor().await.in_tenant("rival");
            assert_eq!(everybody(&rival).await, ["rival@example.com", "u090@example.com"]);
        }
    }
}
