use journeys::{World, at, both_engines, snapshot};
use serde_json::{Value, json};

both_engines! {
    async fn the_owner_changes_a_user_anywhere(world: World) {
        let ann = world.user("ann@example.com").await;
        let vendor = world.vendor().await;
        let path = format!("{}/{}", at::USERS, ann.id);
        let sent = json!({"name": "Ann \"Ünï\" \u{1F980}", "metadata": "{\"k\":\"v\"}", "phoneNumber": "+4915112345678", "id": "x", "email": "other@example.com", "unheardOf": 1});
        vendor.put(&path, sent).await.expect(200);
        let read = vendor.get(&format!("{}/{}", at::VENDOR_USERS, ann.id)).await.expect(200);
        assert_eq!(read.at("/name"), "Ann \"Ünï\" \u{1F980}");
        assert_eq!(read.at("/email"), "ann@example.com", "an address is changed elsewhere");
        assert_eq!(serde_json::from_str::<Value>(&read.text_at("/metadata")).unwrap(), json!({"k": "v"}));
        vendor.put(&format!("{}/00000000-0000-4000-8000-00000000dead", at::USERS), json!({"name": "X"})).await.expect(404);
    }

    async fn wrong_values_are_refused_and_change_nothing(world: World) {
        let ann = world.user("ann@example.com").await;
        let vendor = world.vendor().await;
        let before = snapshot(&vendor).await;
        let path = format!("{}/{}", at::USERS, ann.id);
        for body in [
            json!({"name": 5}),
            json!({"name": "x".repeat(100_000)}),
            json!({"metadata": "no json"}),
            json!({"phoneNumber": "not a number"}),
            json!({"profilePictureUrl": "x".repeat(4096)}),
            json!([]),
        ] {
            let answer = vendor.put(&path, body.clone()).await;
            let sent: String = body.to_string().chars().take(80).collect();
            assert_eq!(answer.status, 400, "{sent}: {}", answer.text());
        }
        assert_eq!(snapshot(&vendor).await, before);
    }

    async fn deleting_in_a_tenant_removes_the_membership_and_without_one_the_person(world: World) {
        let ann = world.user("ann@example.com").await;
        world.tenant("second").await;
        let vendor = world.vendor().await;
        vendor.post(at::VENDOR_USERS, json!({"email": "ann@example.com", "tenantId": "second"})).await.expect(201);
        let path = format!("{}/{}", at::USERS, ann.id);
        let answer = vendor.in_tenant("acme").delete(&path).await.expect(200);
        assert!(answer.body.is_empty(), "clients read any body as an error: {}", answer.text());
        let left = vendor.get(&format!("{}/{}", at::VENDOR_USERS, ann.id)).await.expect(200);
        assert_eq!(left.at("/tenantIds"), json!(["second"]));
        ann.get(at::ME).await.expect(401);
        vendor.in_tenant("acme").delete(&path).await.expect(404);
        vendor.delete(&path).await.expect(200);
        vendor.get(&format!("{}/{}", at::VENDOR_USERS, ann.id)).await.expect(404);
        vendor.delete(&path).await.expect(404);
    }

    async fn a_deleted_address_is_free_for_another_person(world: World) {
        let ann = world.user("ann@example.com").await;
        let vendor = world.vendor().await;
        vendor.delete(&format!("{}/{}", at::USERS, ann.id)).await.expect(200);
        world.anyone().post(at::LOGIN, json!({"email": "ann@example.com", "password": journeys::PASSWORD})).await.expect(401);
        let again = vendor.post(at::VENDOR_USERS, json!({"email": "ann@example.com", "tenantId": "acme"})).await.expect(201).text_at("/id");
        assert_ne!(again, ann.id);
        ann.get(at::ME).await.expect(401);
    }
}
