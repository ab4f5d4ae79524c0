use journeys::{World, at, both_engines};
use serde_json::{Value, json};

const METADATA: &str = "/metadata?entityName=adminBox";
const SAML: &str = "/metadata?entityName=saml";

both_engines! {
    async fn a_login_box_reads_everything_it_needs_before_anybody_is_known(world: World) {
        let anyone = world.anyone();
        let strategies = "/identity/resources/configurations/v1/auth/strategies/public";
        for (path, expected) in [
            (strategies, json!({"mainAuthStrategies": [{"strategy": "EmailAndPassword"}], "secondaryAuthStrategies": []})),
            ("/identity/resources/configurations/v1/sign-up/strategies", json!([
                {"strategy": "email", "isActive": true, "isRequired": true},
                {"strategy": "phoneNumber", "isActive": false, "isRequired": false},
                {"strategy": "username", "isActive": false, "isRequired": false},
            ])),
            ("/identity/resources/configurations/v1/password-recovery/strategies", json!([
                {"strategy": "email", "isActive": true},
                {"strategy": "sms", "isActive": true},
            ])),
            ("/team/resources/sso/v2/configurations/public", json!({"isActive": false})),
            ("/identity/resources/sso/v2", json!([])),
            ("/identity/resources/sso/custom/v1", json!({"providers": []})),
            ("/identity/resources/auth/v1/sso/config", json!({})),
            (METADATA, json!({"rows": []})),
            (SAML, json!({"rows": []})),
            ("/metadata?entityName=notifications", json!({"rows": []})),
        ] {
            assert_eq!(anyone.get(path).await.expect(200).json(), expected, "{path}");
            assert_eq!(anyone.get(&format!("/frontegg{path}")).await.expect(200).json(), expected, "{path}");
        }
        let vendor = world.vendor().await;
        vendor.post(at::CONFIGURATION, json!({"authStrategy": "UsernameAndPassword"})).await.expect(201);
        let main = anyone.get(strategies).await.expect(200).at("/mainAuthStrategies");
        assert_eq!(main, json!([{"strategy": "UsernameAndPassword"}]));
        let sign_up = anyone.get("/identity/resources/configurations/v1/sign-up/strategies").await.expect(200);
        assert_eq!(sign_up.at("/2"), json!({"strategy": "username", "isActive": true, "isRequired": true}));
    }

    async fn flags_are_texts_under_both_addresses(world: World) {
        let flags = world.anyone().get("/flags").await.expect(200).json();
        let flags_of_mobile = world.anyone().get("/identity/resources/auth/v1/feature-flags").await.expect(200).json();
        assert_eq!(flags, flags_of_mobile);
        assert!(flags.as_object().unwrap().values().all(|value| value == "on" || value == "off"), "{flags}");
        assert_eq!(flags["admin_portal_ip_restrictions"], "on");
    }

    async fn the_signed_in_read_the_same_and_their_own_address(world: World) {
        let ann = world.user("ann@example.com").await;
        let open = world.anyone().get("/identity/resources/configurations/v1/auth/strategies/public").await.expect(200).json();
        let own = ann.get("/identity/resources/configurations/v1/auth/strategies").await.expect(200).json();
        assert_eq!(own, open);
        assert_eq!(ann.get("/identity/resources/sso/v2/authenticated").await.expect(200).json(), json!([]));
        let address = ann.get("/metadata/ipme").await.expect(200).json();
        assert_eq!(address["ip"], "192.0.2.7");
        assert_eq!(address["country_code"], Value::Null);
        assert!(address["location"].is_object());
        world.anyone().get("/metadata/ipme").await.expect(401);
    }

    async fn the_look_of_the_portal_is_replaced_whole_and_read_back(world: World) {
        let vendor = world.vendor().await;
        let first = json!({
            "navigation": {"users": {"visibility": "byPermissions"}},
            "themeV2": {"loginBox": {"palette": {"primary": {"main": "#111", "contrast_text": ""}}}},
            "localizations": {"en": {"loginBox": {"title": ""}}},
            "unheardOf": [1, 2.5, null],
        });
        let row = vendor.post(METADATA, json!({"entityName": "", "configuration": first})).await.expect(201);
        assert_eq!(row.at("/configuration"), first);
        assert_eq!(row.at("/entityName"), "adminBox");
        assert_eq!(row.at("/vendorId"), world.home.id);
        let read = vendor.get(METADATA).await.expect(200);
        assert_eq!(read.at("/rows").as_array().unwrap().len(), 1);
        assert_eq!(read.at("/rows/0"), row.json());
        // The library of the login box stops at an empty colour; elsewhere a text may be empty.
        let open = world.anyone().get(METADATA).await.expect(200).at("/rows/0/configuration");
        assert_eq!(open["themeV2"], json!({"loginBox": {"palette": {"primary": {"main": "#111"}}}}));
        assert_eq!(open["localizations"], first["localizations"]);
        assert_eq!(open["unheardOf"], first["unheardOf"]);

        let second = json!({"navigation": {}});
        world.clock.advance_seconds(60);
        let again = vendor.post("/metadata", json!({"entityName": "adminBox", "configuration": second})).await.expect(201);
        assert_eq!(again.at("/id"), row.at("/id"));
        assert_eq!(again.at("/createdAt"), row.at("/createdAt"));
        assert_eq!(vendor.get(METADATA).await.expect(200).at("/rows/0/configuration"), second);
        let away = world.anyone_at(&world.away).get(METADATA).await.expect(200).json();
        assert_eq!(away, json!({"rows": []}), "it is this environment's own");
        world.settle().await;
        let records = vendor.get("/audits/resources/audits/v2?count=50&offset=0").await.expect(200);
        assert_eq!(records.pluck("action").iter().filter(|action| *action == "Metadata changed").count(), 2);
    }

    async fn the_saml_row_shows_anybody_no_more_than_a_provider_needs(world: World) {
        let vendor = world.vendor().await;
        let configuration = json!({"acsUrl": "https://a.test/acs", "spEntityId": "me", "redirectUri": "https://a.test/r", "signRequest": true, "note": "x"});
        vendor.post(SAML, json!({"entityName": "saml", "isActive": true, "configuration": configuration})).await.expect(201);
        let read = vendor.get(SAML).await.expect(200);
        assert_eq!(read.at("/rows/0/configuration"), configuration);
        assert_eq!(read.at("/rows/0/isActive"), json!(true));
        assert_eq!(read.at("/rows/0/properties"), json!([]));
        let open = world.anyone().get(SAML).await.expect(200).at("/rows/0/configuration");
        assert_eq!(open, json!({"acsUrl": "https://a.test/acs", "spEntityId": "me", "redirectUri": "https://a.test/r"}));
        let off = json!({"entityName": "saml", "isActive": false, "configuration": {"acsUrl": "", "spEntityId": "", "redirectUri": ""}});
        vendor.post(SAML, off.clone()).await.expect(201);
        let read = vendor.get(SAML).await.expect(200);
        assert_eq!(read.at("/rows/0/isActive"), json!(false));
        assert_eq!(read.at("/rows/0/configuration"), off["configuration"]);
    }

    async fn the_audit_page_learns_its_columns(world: World) {
        let rows = world.user("ann@example.com").await.get("/metadata?entityName=audits").await.expect(200);
        let columns = rows.at("/rows/0/properties");
        let named: Vec<&str> = columns.as_array().unwrap().iter().map(|column| column["name"].as_str().unwrap()).collect();
        assert!(named.contains(&"createdAt") && named.contains(&"ip"), "{named:?}");
        let vendor = world.vendor().await;
        world.settle().await;
        let record = vendor.get("/audits/resources/audits/v2?count=1&offset=0").await.expect(200).rows().remove(0);
        for name in named {
            assert!(record.get(name).is_some(), "{name} in {record}");
        }
    }

    async fn wrong_metadata_is_refused_and_changes_nothing(world: World) {
        let vendor = world.vendor().await;
        for (path, body) in [
            ("/metadata", json!({"configuration": {}})),
            ("/metadata?entityName=audits", json!({"configuration": {}})),
            ("/metadata?entityName=nothing", json!({"entityName": "adminBox", "configuration": {}})),
            (METADATA, json!({"entityName": "adminBox"})),
            (METADATA, json!({"configuration": []})),
            (METADATA, json!({"configuration": "theme"})),
            (METADATA, json!({"configuration": null})),
            (METADATA, json!({"configuration": {}, "isActive": "yes"})),
            (METADATA, json!([])),
        ] {
            let answer = vendor.post(path, body.clone()).await;
            assert_eq!(answer.status, 400, "{path} {body}: {}", answer.text());
        }
        assert_eq!(vendor.get(METADATA).await.expect(200).json(), json!({"rows": []}));
        world.anyone().get("/metadata").await.refuses(400, "entityName should not be empty");
        world.admin("ann@example.com").await.post(METADATA, json!({"configuration": {}})).await.expect(401);
    }
}
