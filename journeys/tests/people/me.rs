use journeys::{World, at, both_engines, claims};
use serde_json::json;

both_engines! {
    async fn a_user_reads_itself(world: World) {
        let ann = world.admin("ann@example.com").await;
        for path in [at::ME, at::ME_V3] {
            let me = ann.get(path).await.expect(200).json();
            assert_eq!(me["id"], json!(ann.id));
            assert_eq!(me["sub"], json!(ann.id));
            assert_eq!(me["email"], "ann@example.com");
            assert_eq!(me["tenantId"], "acme");
            assert_eq!(me["tenantIds"], json!(["acme"]));
            assert!(me["profilePictureUrl"].is_string(), "phones cannot read null here: {me}");
            assert!(me["metadata"].is_string());
            for field in ["verified", "mfaEnrolled", "activatedForTenant"] {
                assert!(me[field].is_boolean(), "{field}: {me}");
            }
            assert!(me["vendorMetadata"].is_null() || me.get("vendorMetadata").is_none(), "owners' data are not for users");
        }
        let me = ann.get(at::ME).await.expect(200).json();
        assert_eq!(me["roles"][0]["key"], "Admin");
        assert!(me["permissions"].as_array().unwrap().iter().any(|permission| permission["key"] == "fe.secure.*"));
    }

    async fn the_owner_reads_a_user_on_its_behalf(world: World) {
        let ann = world.user("ann@example.com").await;
        let vendor = world.vendor().await;
        let me = vendor.in_tenant("acme").acting_as(&ann.id).get(at::ME).await.expect(200);
        assert_eq!(me.at("/id"), json!(ann.id));
        assert!([401, 403].contains(&vendor.get(at::ME).await.status));
        world.tenant("rival").await;
        let status = vendor.in_tenant("rival").acting_as(&ann.id).get(at::ME).await.status;
        assert!([401, 403, 404].contains(&status), "{status}");
    }

    async fn authorization_lists_roles_and_permissions(world: World) {
        let ann = world.admin("ann@example.com").await;
        let found = ann.get(at::MY_AUTHORIZATION).await.expect(200);
        assert_eq!(found.at("/roles/0/key"), "Admin");
        assert!(found.at("/permissions").as_array().unwrap().len() > 3);
        let bob = world.user("bob@example.com").await;
        let none = bob.get(at::MY_AUTHORIZATION).await.expect(200);
        assert_eq!((none.at("/roles"), none.at("/permissions")), (json!([]), json!([])));
    }

    async fn a_user_lists_its_tenants_and_moves_between_them(world: World) {
        let ann = world.user("ann@example.com").await;
        world.tenant("second").await;
        world.tenant("foreign").await;
        let vendor = world.vendor().await;
        vendor.post(at::VENDOR_USERS, json!({"email": "ann@example.com", "tenantId": "second"})).await.expect(201);
        let tenants = ann.get(at::MY_TENANTS).await.expect(200);
        assert!(tenants.text().contains("acme") && tenants.text().contains("second") && !tenants.text().contains("foreign"));
        ann.put(at::SWITCH, json!({"tenantId": "second"})).await.expect(200);
        let refreshed = ann.post(at::REFRESH, json!({})).await.expect(200).text_at("/accessToken");
        assert_eq!(claims(&refreshed)["tenantId"], "second");
        let mut ids: Vec<String> = serde_json::from_value(claims(&refreshed)["tenantIds"].clone()).unwrap();
        ids.sort();
        assert_eq!(ids, ["acme", "second"]);
        for stranger in ["foreign", "nobody", "' OR 1=1"] {
            let status = ann.put(at::SWITCH, json!({"tenantId": stranger})).await.status;
            assert!((400..500).contains(&status), "{stranger}: {status}");
        }
        ann.put(at::SWITCH, json!({})).await.expect(400);
        assert_eq!(claims(&ann.post(at::REFRESH, json!({})).await.expect(200).text_at("/accessToken"))["tenantId"], "second");
    }

    async fn a_user_may_not_speak_for_another_tenant(world: World) {
        let ann = world.admin("ann@example.com").await;
        world.tenant("rival").await;
        ann.in_tenant("rival").get(at::ME).await.expect(403);
        ann.in_tenant("acme").get(at::ME).await.expect(200);
    }
}
