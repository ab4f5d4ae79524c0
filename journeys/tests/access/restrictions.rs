use journeys::{Client, PASSWORD, World, at, both_engines, snapshot};
use serde_json::{Value, json};

const IP: &str = "/identity/resources/configurations/v1/restrictions/ip";
const CONFIG: &str = "/identity/resources/configurations/v1/restrictions/ip/config";
const DOMAIN: &str = "/identity/resources/configurations/restrictions/v1/email-domain";
const DOMAIN_CONFIG: &str = "/identity/resources/configurations/restrictions/v1/email-domain/config";

async fn enters(client: &Client, email: &str) -> u16 {
    client
        .post(at::LOGIN, json!({"email": email, "password": PASSWORD}))
        .await
        .status
}

/// Tenant `acme` with a list of this strategy that counts.
async fn listed(world: &World, strategy: &str, networks: &[&str]) -> Client {
    let vendor = world.vendor().await.in_tenant("acme");
    let ips: Vec<Value> = networks
        .iter()
        .map(|ip| json!({"ip": ip, "strategy": strategy}))
        .collect();
    vendor
        .post(&format!("{IP}/bulk"), json!({"ips": ips}))
        .await
        .expect(201);
    vendor
        .post(CONFIG, json!({"strategy": strategy, "isActive": true}))
        .await
        .expect(201);
    vendor
}

both_engines! {
    async fn entries_are_made_listed_and_removed(world: World) {
        world.tenant("acme").await;
        let vendor = world.vendor().await.in_tenant("acme");
        assert_eq!(vendor.get(CONFIG).await.expect(200).json(), json!({"strategy": "BLOCK", "isActive": false}));
        let made = vendor.post(IP, json!({"ip": "::ffff:10.1.2.3", "strategy": "ALLOW", "description": "Head Office"})).await.expect(201);
        assert_eq!(made.at("/ip"), "10.1.2.3");
        assert_eq!((made.at("/strategy"), made.at("/isActive"), made.at("/description")), (json!("ALLOW"), json!(true), json!("Head Office")));
        vendor.post(IP, json!({"ip": "10.1.2.3/32", "strategy": "ALLOW"})).await.refuses(409, "Restriction already exists");
        vendor.post(IP, json!({"ip": "10.1.2.3", "strategy": "BLOCK", "isActive": false})).await.expect(201);
        world.clock.advance_seconds(1);
        let bulk = json!({"ips": [{"ip": "2001:DB8::/32"}, {"ip": "10.1.2.3", "strategy": "ALLOW"}]});
        let bulk = vendor.post(&format!("{IP}/bulk"), bulk).await.expect(201);
        assert_eq!(bulk.pluck("ip"), ["10.1.2.3", "2001:db8::/32"], "what was there stays, and is told");
        let all = vendor.get(IP).await.expect(200);
        assert_eq!(all.rows().len(), 3);
        assert_eq!(all.at("/_metadata"), json!({"totalItems": 3, "totalPages": 1}));
        assert_eq!(vendor.get(&format!("{IP}?_filter=OFFICE")).await.expect(200).pluck("ip"), ["10.1.2.3"]);
        let second = vendor.get(&format!("{IP}?_limit=2&_offset=1")).await.expect(200);
        assert_eq!(second.pluck("ip"), ["2001:db8::/32"]);
        let gone = vendor.delete(&format!("{IP}/{}", made.text_at("/id"))).await.expect(200);
        assert!(gone.body.is_empty());
        vendor.delete(&format!("{IP}/{}", made.text_at("/id"))).await.refuses(404, "Restriction not found");
        world.tenant("rival").await;
        let rival = world.vendor().await.in_tenant("rival");
        assert!(rival.get(IP).await.expect(200).rows().is_empty());
        rival.delete(&format!("{IP}/{}", bulk.text_at("/0/id"))).await.expect(404);
        world.settle().await;
        let actions = vendor.get("/audits/resources/audits/v2?count=100&offset=0").await.expect(200).pluck("action");
        assert!(actions.contains(&"Restriction added".to_owned()) && actions.contains(&"Restriction removed".to_owned()), "{actions:?}");
    }

    async fn wrong_entries_are_refused_and_change_nothing(world: World) {
        world.tenant("acme").await;
        let vendor = world.vendor().await.in_tenant("acme");
        world.settle().await;
        let before = snapshot(&world.vendor().await).await;
        for body in [
            json!({}), json!({"ip": "10.0.0.1"}), json!({"strategy": "ALLOW"}), json!({"ip": "10.0.0.1", "strategy": "allow"}),
            json!({"ip": "10.0.0.1/33", "strategy": "ALLOW"}), json!({"ip": "localhost", "strategy": "ALLOW"}),
            json!({"ip": "", "strategy": "ALLOW"}), json!({"ip": 5, "strategy": "ALLOW"}),
            json!({"ip": "10.0.0.1", "strategy": "ALLOW", "description": "x".repeat(256)}), json!([]),
        ] {
            let answer = vendor.post(IP, body.clone()).await;
            assert_eq!(answer.status, 400, "{body}: {}", answer.text());
        }
        for body in [json!({"ips": []}), json!({}), json!({"ips": [{"ip": "10.0.0.1"}, {"ip": "x"}]}), json!({"ips": vec![json!({"ip": "10.0.0.1"}); 1001]})] {
            vendor.post(&format!("{IP}/bulk"), body).await.expect(400);
        }
        vendor.post(CONFIG, json!({"strategy": "MAYBE"})).await.expect(400);
        vendor.get(&format!("{IP}?_limit=0")).await.expect(400);
        assert!(vendor.get(IP).await.expect(200).rows().is_empty());
        world.settle().await;
        assert_eq!(snapshot(&world.vendor().await).await, before);
    }

    async fn an_allow_list_lets_in_only_its_own_at_sign_in_and_at_every_refresh(world: World) {
        let ann = world.user("ann@example.com").await;
        world.person("free@example.com", "rival", &[]).await;
        let vendor = listed(world, "ALLOW", &["10.0.0.0/8", "2001:db8::/32"]).await;
        let sentence = "You may not sign in to this account from your network";
        for (address, status) in [("10.9.9.9", 200), ("::ffff:10.9.9.9", 200), ("2001:db8::9", 200), ("11.0.0.1", 403), ("2001:db9::1", 403), ("::ffff:11.0.0.1", 403)] {
            assert_eq!(enters(&world.anyone().at_address(address), "ann@example.com").await, status, "{address}");
        }
        let away = world.anyone().with("x-forwarded-for", "10.9.9.9");
        away.post(at::LOGIN, json!({"email": "ann@example.com", "password": PASSWORD})).await.refuses(403, sentence);
        away.post(at::LOGIN, json!({"email": "ann@example.com", "password": "wrong"})).await.refuses(401, "Incorrect email or password");
        assert_eq!(enters(&world.anyone(), "free@example.com").await, 200, "another tenant has its own list");

        let refused = ann.post(at::REFRESH, json!({})).await.refuses(403, sentence);
        assert!(refused.cookies().is_empty(), "the session waits for its user to come back");
        ann.client.at_address("10.0.0.5").post(at::REFRESH, json!({})).await.expect(200);
        vendor.post(CONFIG, json!({"isActive": false})).await.expect(201);
        ann.post(at::REFRESH, json!({})).await.expect(200);
    }

    async fn a_block_list_keeps_out_its_own(world: World) {
        world.user("ann@example.com").await;
        let vendor = listed(world, "BLOCK", &["192.0.2.0/24"]).await;
        assert_eq!(enters(&world.anyone(), "ann@example.com").await, 403);
        assert_eq!(enters(&world.anyone().at_address("198.51.100.1"), "ann@example.com").await, 200);
        // Entries of the other strategy, and those that are switched off, do not count.
        vendor.post(IP, json!({"ip": "198.51.100.1", "strategy": "BLOCK", "isActive": false})).await.expect(201);
        vendor.post(IP, json!({"ip": "198.51.100.1", "strategy": "ALLOW"})).await.expect(201);
        assert_eq!(enters(&world.anyone().at_address("198.51.100.1"), "ann@example.com").await, 200);
    }

    async fn administrators_cannot_lock_themselves_out(world: World) {
        let admin = world.admin("admin@example.com").await;
        let ann = world.user("ann@example.com").await;
        let sentence = "This would lock you out: your own address 192.0.2.7 would not be let in";
        admin.post(CONFIG, json!({"strategy": "ALLOW", "isActive": true})).await.refuses(400, sentence);
        assert_eq!(admin.get(CONFIG).await.expect(200).json(), json!({"strategy": "BLOCK", "isActive": false}));
        let verdict = admin.post(&format!("{IP}/verify/allow"), Value::Null).await.expect(201);
        assert_eq!(verdict.json(), json!({"ip": "192.0.2.7", "isValid": false}));
        let own = admin.post(IP, json!({"ip": "192.0.2.7", "strategy": "ALLOW"})).await.expect(201).text_at("/id");
        let verdict = admin.post(&format!("{IP}/verify/allow"), Value::Null).await.expect(201);
        assert_eq!(verdict.at("/isValid"), json!(true));
        admin.post(CONFIG, json!({"strategy": "ALLOW", "isActive": true})).await.expect(201);
        admin.delete(&format!("{IP}/{own}")).await.refuses(400, sentence);
        assert_eq!(admin.get(IP).await.expect(200).rows().len(), 1);
        admin.post(CONFIG, json!({"strategy": "BLOCK"})).await.expect(201);
        assert_eq!(admin.post(&format!("{IP}/verify"), Value::Null).await.expect(201).at("/isValid"), json!(true));
        admin.post(IP, json!({"ip": "192.0.2.0/24", "strategy": "BLOCK"})).await.refuses(400, sentence);
        admin.post(&format!("{IP}/bulk"), json!({"ips": [{"ip": "1.1.1.1"}, {"ip": "192.0.2.7"}]})).await.refuses(400, sentence);
        assert_eq!(admin.get(IP).await.expect(200).rows().len(), 1, "all or none");
        // A back end is not where its users are.
        let vendor = world.vendor().await.in_tenant("acme");
        vendor.post(IP, json!({"ip": "192.0.2.0/24", "strategy": "BLOCK"})).await.expect(201);
        assert_eq!(vendor.post(&format!("{IP}/verify"), Value::Null).await.expect(201).at("/isValid"), json!(false));
        ann.get(IP).await.expect(403);
    }

    async fn one_of_sixteen_puts_an_address_on_the_list(world: World) {
        world.tenant("acme").await;
        let vendor = world.vendor().await.in_tenant("acme");
        let body = || json!({"ip": "10.0.0.1", "strategy": "BLOCK"});
        let mut statuses: Vec<u16> = futures_util::future::join_all((0..16).map(|_| vendor.post(IP, body()))).await.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [vec![201], vec![409; 15]].concat());
    }

    async fn domains_are_listed_for_the_environment_and_for_each_tenant(world: World) {
        let admin = world.admin("admin@example.com").await;
        let vendor = world.vendor().await;
        let fresh = json!({"active": false, "listType": "BLOCK", "blockPublicDomains": false});
        assert_eq!(vendor.get(DOMAIN_CONFIG).await.expect(200).json(), fresh);
        let changed = vendor.post(DOMAIN_CONFIG, json!({"active": true, "type": "ALLOW", "blockPublicDomains": true})).await.expect(201);
        assert_eq!(changed.json(), json!({"active": true, "listType": "ALLOW", "blockPublicDomains": true}));
        assert_eq!(vendor.get(DOMAIN_CONFIG).await.expect(200).json(), changed.json());
        assert_eq!(admin.get(DOMAIN_CONFIG).await.expect(200).json(), fresh);
        let made = vendor.post(DOMAIN, json!({"domain": " Acme.Test", "type": "ALLOW"})).await.expect(201);
        assert_eq!((made.at("/domain"), made.at("/type")), (json!("acme.test"), json!("ALLOW")));
        vendor.post(DOMAIN, json!({"domain": "acme.test", "type": "ALLOW"})).await.expect(409);
        let mine = admin.post(DOMAIN, json!({"domain": "acme.test", "type": "ALLOW"})).await.expect(201).text_at("/id");
        assert_eq!(vendor.in_tenant("acme").get(DOMAIN).await.expect(200).pluck("id"), std::slice::from_ref(&mine));
        vendor.delete(&format!("{DOMAIN}/{mine}")).await.expect(404);
        let replaced = vendor.post(&format!("{DOMAIN}/replace-bulk"), json!({"type": "ALLOW", "domains": ["a.test", "b.test", "A.test"]})).await.expect(201);
        assert_eq!(replaced.json().as_array().unwrap().len(), 2);
        let all = vendor.get(DOMAIN).await.expect(200);
        let mut domains = all.pluck("domain");
        domains.sort();
        assert_eq!(domains, ["a.test", "b.test"]);
        assert_eq!(all.at("/_metadata/totalItems"), json!(2));
        let gone = vendor.delete(&format!("{DOMAIN}/{}", replaced.text_at("/0/id"))).await.expect(200);
        assert!(gone.body.is_empty());
        assert_eq!(vendor.get(DOMAIN).await.expect(200).rows().len(), 1);
        world.user("ann@example.com").await.get(DOMAIN).await.expect(403);
    }

    async fn wrong_domains_are_refused_and_change_nothing(world: World) {
        let vendor = world.vendor().await;
        for body in [
            json!({}), json!({"domain": "acme.test"}), json!({"domain": "acme", "type": "ALLOW"}), json!({"domain": "a@acme.test", "type": "ALLOW"}),
            json!({"domain": "*.acme.test", "type": "ALLOW"}), json!({"domain": "acme.test", "type": "DENY"}), json!({"domain": 5, "type": "ALLOW"}), json!([]),
        ] {
            let answer = vendor.post(DOMAIN, body.clone()).await;
            assert_eq!(answer.status, 400, "{body}: {}", answer.text());
        }
        for body in [json!({}), json!({"type": "ALLOW"}), json!({"type": "ALLOW", "domains": ["a.test", "x"]}), json!({"type": "ALLOW", "domains": vec!["a.test"; 1001]})] {
            vendor.post(&format!("{DOMAIN}/replace-bulk"), body).await.expect(400);
        }
        for body in [json!({}), json!({"active": "yes"}), json!({"active": true, "type": "DENY"})] {
            vendor.post(DOMAIN_CONFIG, body).await.expect(400);
        }
        assert!(vendor.get(DOMAIN).await.expect(200).rows().is_empty());
        assert_eq!(vendor.get(DOMAIN_CONFIG).await.expect(200).at("/active"), json!(false));
    }

    async fn the_lists_say_whose_address_may_come_in(world: World) {
        world.tenant("acme").await;
        let vendor = world.vendor().await;
        let allowed = async |tenant: Option<&str>, email: &str| {
            let scope = kit::Scope { environment: world.home.id.into(), tenant: tenant.map(Into::into) };
            let email = email.to_owned();
            world.db().read(async move |tx| access::email_domain_allowed(tx, &scope, &email).await).await.unwrap()
        };
        assert!(allowed(None, "a@gmail.com").await && allowed(Some("acme"), "a@acme.test").await);
        vendor.post(DOMAIN, json!({"domain": "rival.test", "type": "BLOCK"})).await.expect(201);
        assert!(allowed(None, "a@rival.test").await, "a list that is off does not count");
        vendor.post(DOMAIN_CONFIG, json!({"active": true, "blockPublicDomains": true})).await.expect(201);
        assert!(!allowed(None, "a@Rival.Test").await && !allowed(None, "a@gmail.com").await && !allowed(Some("acme"), "a@rival.test").await);
        vendor.post(DOMAIN, json!({"domain": "bücher.test", "type": "BLOCK"})).await.expect(201);
        for spelling in ["a@ｒival.test", "a@bücher.test", "a@BÜCHER.test", "a@xn--bcher-kva.test"] {
            assert!(!allowed(None, spelling).await, "{spelling}");
        }
        assert!(allowed(None, "a@sub.rival.test").await && allowed(Some("acme"), "a@acme.test").await);
        let inside = vendor.in_tenant("acme");
        inside.post(&format!("{DOMAIN}/replace-bulk"), json!({"type": "ALLOW", "domains": ["acme.test", "rival.test"]})).await.expect(201);
        inside.post(DOMAIN_CONFIG, json!({"active": true, "type": "ALLOW"})).await.expect(201);
        assert!(allowed(Some("acme"), "a@acme.test").await);
        assert!(!allowed(Some("acme"), "a@rival.test").await, "both lists must let a domain in");
        assert!(!allowed(Some("acme"), "a@other.test").await && allowed(Some("else"), "a@other.test").await);
    }

    async fn lists_go_with_their_tenant(world: World) {
        world.user("ann@example.com").await;
        let inside = listed(world, "ALLOW", &["10.0.0.0/8"]).await;
        inside.post(DOMAIN, json!({"domain": "acme.test", "type": "ALLOW"})).await.expect(201);
        let vendor = world.vendor().await;
        vendor.delete(&format!("{}/acme", at::TENANTS)).await;
        world.settle().await;
        world.tenant("acme").await;
        assert!(inside.get(IP).await.expect(200).rows().is_empty());
        assert!(inside.get(DOMAIN).await.expect(200).rows().is_empty());
        assert_eq!(inside.get(CONFIG).await.expect(200).at("/isActive"), json!(false));
    }
}
