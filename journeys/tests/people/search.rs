use journeys::{Client, World, at, both_engines};
use serde_json::json;

async fn people(world: &World) -> Client {
    world.tenant("acme").await;
    world.tenant("second").await;
    let vendor = world.vendor().await;
    for (name, email, tenant, phone) in [
        ("Ada Lovelace", "ada@example.com", "acme", "+491711111111"),
        ("Adam Smith", "smith@wealth.test", "acme", "+491712222222"),
        ("Grace Hopper", "grace@navy.test", "acme", "+12025550101"),
        ("Björn Ångström", "bjoern@example.com", "second", "+46701234567"),
        ("Joan Clarke", "joan@example.com", "second", "+441632960001"),
    ] {
        vendor
            .post(at::VENDOR_USERS, json!({"email": email, "name": name, "tenantId": tenant, "phoneNumber": phone, "externalId": format!("x-{name}")}))
            .await
            .expect(201);
        world.clock.advance_seconds(1);
    }
    vendor
}

async fn names(client: &Client, query: &str) -> Vec<String> {
    client
        .get(&format!("{}?{query}", at::PHRASE))
        .await
        .expect(200)
        .pluck("name")
}

both_engines! {
    async fn a_phrase_is_found_in_names_addresses_and_numbers_before_and_after_the_index_has_it(world: World) {
        let vendor = people(world).await;
        for settled in [false, true] {
            if settled {
                world.settle().await;
            }
            assert_eq!(names(&vendor, "_phraseSearchContains=LOVE").await, ["Ada Lovelace"]);
            assert_eq!(names(&vendor, "_phraseSearchContains=a@example,lace").await, ["Ada Lovelace"]);
            assert_eq!(names(&vendor, "_phraseSearchContains=navy.test").await, ["Grace Hopper"]);
            assert_eq!(names(&vendor, "_phraseSearchContains=%2B4917").await, ["Ada Lovelace", "Adam Smith"]);
            assert_eq!(names(&vendor, "_phraseSearchContains=%C3%85ng").await, ["Björn Ångström"]);
            assert_eq!(names(&vendor, "_phraseSearchContains=ada&_phraseSearchExcludes=smith,nobody").await, ["Ada Lovelace"]);
            assert_eq!(names(&vendor, "_phraseSearchOptional=hopper,clarke").await, ["Grace Hopper", "Joan Clarke"]);
            assert_eq!(names(&vendor, "_phraseSearchExcludes=example.com").await, ["Adam Smith", "Grace Hopper"]);
            assert!(names(&vendor, "_phraseSearchContains=%25").await.is_empty());
            assert!(names(&vendor, "_phraseSearchContains=ada&_phraseSearchExcludes=ada").await.is_empty());
        }
    }

    async fn without_phrases_it_is_the_list_and_every_filter_of_the_list_applies(world: World) {
        let vendor = people(world).await;
        world.settle().await;
        let whole = vendor.get(at::PHRASE).await.expect(200);
        let list = vendor.get(at::USERS_V3).await.expect(200);
        assert_eq!(whole.json(), list.json());
        assert_eq!(names(&vendor, "_phraseSearchContains=example&_sortBy=name&_order=DESC").await, ["Joan Clarke", "Björn Ångström", "Ada Lovelace"]);
        assert_eq!(names(&vendor, "_phraseSearchContains=example&_tenantId=second&_email=j").await, ["Joan Clarke"]);
        assert_eq!(names(&vendor.in_tenant("acme"), "_phraseSearchContains=example").await, ["Ada Lovelace"]);
        assert!(names(&vendor.in_tenant("acme"), "_phraseSearchContains=example&_tenantId=second").await.is_empty());
        assert_eq!(names(&vendor, "_phraseSearchContains=a&_externalIds=x-Joan%20Clarke,x-Grace%20Hopper").await, ["Grace Hopper", "Joan Clarke"]);
        assert_eq!(names(&vendor, "_namePrefix=ad&_email=s").await, ["Adam Smith"]);
        assert_eq!(names(&vendor, "_phraseSearchContains=0&_identifier=%2B44&_identifierType=phoneNumber").await, ["Joan Clarke"]);
        let page = vendor.get(&format!("{}?_phraseSearchContains=example&_limit=2&_offset=1", at::PHRASE)).await.expect(200);
        assert_eq!(page.pluck("name"), ["Joan Clarke"]);
        assert_eq!(page.at("/_metadata"), json!({"totalItems": 3, "totalPages": 2}));
        assert!(page.text_at("/_links/prev").contains("_phraseSearchContains=example"));
    }

    async fn a_misspelt_phrase_is_found_only_when_asked_for(world: World) {
        let vendor = people(world).await;
        for settled in [false, true] {
            if settled {
                world.settle().await;
            }
            assert!(names(&vendor, "_phraseSearchContains=lovelcae").await.is_empty());
            assert_eq!(names(&vendor, "_phraseSearchContains=lovelcae&_phraseSearchApproximate=true").await, ["Ada Lovelace"]);
            assert_eq!(names(&vendor, "_phraseSearchContains=hoper&_phraseSearchApproximate=true").await, ["Grace Hopper"]);
            assert_eq!(names(&vendor, "_phraseSearchOptional=graec&_phraseSearchApproximate=true&_phraseSearchExcludes=lace").await, ["Grace Hopper"]);
            assert!(names(&vendor, "_phraseSearchContains=xyzzy&_phraseSearchApproximate=true").await.is_empty());
        }
    }

    async fn changes_are_found_at_once_and_what_is_gone_is_not(world: World) {
        let vendor = people(world).await;
        world.settle().await;
        let ada = vendor.get(&format!("{}?_phraseSearchContains=lovelace", at::PHRASE)).await.expect(200).text_at("/items/0/id");
        vendor.put(&format!("{}/{ada}", at::VENDOR_USERS), json!({"name": "Ada King"})).await.expect(200);
        let joan = vendor.get(&format!("{}?_phraseSearchContains=clarke", at::PHRASE)).await.expect(200).text_at("/items/0/id");
        vendor.delete(&format!("{}/{joan}", at::USERS)).await.expect(200);
        for settled in [false, true] {
            if settled {
                world.settle().await;
            }
            assert!(names(&vendor, "_phraseSearchContains=lovelace").await.is_empty());
            assert_eq!(names(&vendor, "_phraseSearchContains=king").await, ["Ada King"]);
            assert!(names(&vendor, "_phraseSearchContains=clarke").await.is_empty());
            let left = vendor.get(&format!("{}?_phraseSearchContains=example", at::PHRASE)).await.expect(200);
            assert_eq!(left.at("/_metadata/totalItems"), json!(2));
        }
    }

    async fn a_user_searches_colleagues_who_are_visible(world: World) {
        let vendor = people(world).await;
        let admin = world.admin("boss@example.com").await.client;
        world.settle().await;
        assert_eq!(names(&admin, "_phraseSearchContains=ada").await, ["Ada Lovelace", "Adam Smith"]);
        assert!(names(&admin, "_phraseSearchContains=joan").await.is_empty());
        let ada = vendor.get(&format!("{}?_phraseSearchContains=lovelace", at::PHRASE)).await.expect(200).text_at("/items/0/id");
        vendor.put(&format!("{}/{ada}/invisible", at::USERS), json!({"invisible": true})).await.expect(200);
        assert_eq!(names(&admin, "_phraseSearchContains=ada").await, ["Adam Smith"]);
        assert_eq!(names(&vendor.in_tenant("acme"), "_phraseSearchContains=ada").await, ["Ada Lovelace", "Adam Smith"]);
        let plain = world.user("plain@example.com").await.client;
        plain.get(at::PHRASE).await.expect(403);
        world.anyone().get(at::PHRASE).await.expect(401);
    }

    async fn another_environment_finds_nobody_of_this_one(world: World) {
        people(world).await;
        let away = world.vendor_of(&world.away).await;
        for settled in [false, true] {
            if settled {
                world.settle().await;
            }
            assert!(names(&away, "_phraseSearchContains=ada").await.is_empty());
            assert!(names(&away, "_phraseSearchExcludes=zzz").await.is_empty());
        }
    }

    async fn wrong_values_are_refused(world: World) {
        let vendor = people(world).await;
        for (query, sentence) in [
            ("_phraseSearchApproximate=perhaps", "_phraseSearchApproximate must be a boolean value"),
            ("_phraseSearchContains=1,2,3,4,5,6,7,8,9,10,11", "_phraseSearchContains must contain no more than 10 elements"),
            ("_sortBy=password", "_sortBy must be a valid enum value"),
            ("_order=up", "_order must be one of the following values: ASC, DESC"),
            ("_limit=201", "_limit must not be greater than 200"),
            ("_offset=-1", "_offset must not be less than 0"),
            ("_identifier=a&_identifierType=shoe", "_identifierType must be one of the following values: email, phoneNumber, username"),
            ("_includeSubTenants=x", "_includeSubTenants must be a boolean value"),
        ] {
            vendor.get(&format!("{}?{query}", at::PHRASE)).await.refuses(400, sentence);
        }
        let long = "a".repeat(101);
        let answer = vendor.get(&format!("{}?_phraseSearchOptional={long}", at::PHRASE)).await.expect(400);
        assert!(answer.errors()[0].contains("_phraseSearchOptional must be shorter than or equal to 100 characters"));
    }
}
