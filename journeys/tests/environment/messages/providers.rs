use environment::{MailOrder, MailTemplate, Posted, SmsOrder, SmsTemplate};
use journeys::{Engine, Other, World, both_engines, snapshot};
use outbound::{AwsKeys, AwsSurroundings, Endpoints, Outbound, Ways};
use serde_json::{Value, json};

use super::{mail, sms};

const V1: &str = "/identity/resources/mail/v1/configurations";
const V2: &str = "/identity/resources/mail/v2/configurations";
const SMS: &str = "/identity/resources/configurations/v1/sms";

/// A server whose environments reach this one in place of every provider.
async fn world(other: &Other, private: bool) -> World {
    let url = other.url();
    let endpoints = Endpoints {
        sendgrid: url.clone(),
        mailgun_us: format!("{url}/us"),
        mailgun_eu: format!("{url}/eu"),
        ses: format!("{url}/{{region}}"),
        sts: format!("{url}/sts"),
        twilio: url.clone(),
        captcha: url.clone(),
        instance: url,
    };
    let aws = AwsSurroundings {
        allowed: true,
        keys: Some(AwsKeys {
            id: "AKMACHINE".into(),
            secret: kit::Secret::new("s".to_owned()),
            token: None,
        }),
        ..AwsSurroundings::default()
    };
    World::sending(Engine::Sqlite, |_| {
        Outbound::new(Ways {
            private,
            endpoints,
            aws,
            ..Ways::default()
        })
    })
    .await
}

fn code() -> MailOrder {
    MailOrder::new(MailTemplate::Otc, "ann@example.com").with("code", "135790")
}

both_engines! {
    async fn a_provider_of_mail_is_written_read_back_with_its_secret_and_forgotten(world: World) {
        let vendor = world.vendor().await;
        vendor.get(V1).await.refuses(404, "No provider is configured");
        vendor.delete(V1).await.expect(404);
        assert_eq!(vendor.post(V1, json!({"secret": "SG.first"})).await.expect(201).text(), "");
        let first = vendor.get(V1).await.expect(200).json();
        assert_eq!(first, json!({"provider": "sendgrid", "secret": "SG.first", "extension": [], "createdAt": "2025-10-09T08:53:20.000Z", "updatedAt": "2025-10-09T08:53:20.000Z"}));
        world.clock.advance_seconds(1);
        for (payload, extension) in [
            (json!({"provider": "mailgun", "secret": "k", "domain": "mg.acme.test", "region": "eu"}), json!([{"extensionName": "region", "extensionValue": "eu"}, {"extensionName": "domain", "extensionValue": "mg.acme.test"}])),
            (json!({"provider": "ses", "secret": "k/+=", "id": "AKIA", "region": "eu-central-1"}), json!([{"extensionName": "id", "extensionValue": "AKIA"}, {"extensionName": "region", "extensionValue": "eu-central-1"}])),
            (json!({"provider": "sendgrid", "secret": "SG.x"}), json!([])),
        ] {
            assert_eq!(vendor.post(V2, json!({"payload": payload})).await.expect(201).text(), "");
            let read = vendor.get(V1).await.expect(200).json();
            assert_eq!((&read["provider"], &read["secret"], &read["extension"]), (&payload["provider"], &payload["secret"], &extension));
            assert_eq!((&read["createdAt"], &read["updatedAt"]), (&json!("2025-10-09T08:53:20.000Z"), &json!("2025-10-09T08:53:21.000Z")));
        }
        let rows = world.db().all(db::sql!("SELECT sealed FROM message_providers"), db::args![]).await.unwrap();
        for row in rows {
            assert!(!row.get::<String>(0).unwrap().contains("SG."), "keys rest sealed");
        }
        world.settle().await;
        let records = vendor.get("/audits/resources/audits/v2?count=50&offset=0").await.expect(200).text();
        assert!(records.contains("Message provider changed") && !records.contains("SG.") && !records.contains("k/+="), "{records}");
        assert_eq!(vendor.delete(V1).await.expect(200).text(), "");
        vendor.get(V1).await.expect(404);
        world.vendor_of(&world.away).await.get(V1).await.expect(404);
    }

    async fn a_provider_that_could_not_work_is_refused(world: World) {
        let vendor = world.vendor().await;
        world.settle().await;
        let before = snapshot(&vendor).await;
        for (payload, word) in [
            (json!({"provider": "smoke", "secret": "k"}), "provider"),
            (json!({"provider": "sendgrid"}), "secret"),
            (json!({"provider": "sendgrid", "secret": ""}), "secret should not be empty"),
            (json!({"provider": "sendgrid", "secret": "k\r\nX-Evil: 1"}), "secret must be plain"),
            (json!({"provider": "sendgrid", "secret": "k".repeat(2000)}), "secret must be shorter"),
            (json!({"provider": "mailgun", "secret": "k", "region": "us"}), "domain"),
            (json!({"provider": "mailgun", "secret": "k", "region": "mars", "domain": "a.test"}), "region"),
            (json!({"provider": "mailgun", "secret": "k", "domain": "a.test/../x"}), "domain"),
            (json!({"provider": "ses", "secret": "k", "region": "eu-west-1"}), "id"),
            (json!({"provider": "ses", "secret": "k", "id": "i", "region": "evil.test/x#"}), "region"),
            (json!({"provider": "ses-role", "secret": "k"}), "region"),
            (json!("sendgrid"), ""),
        ] {
            let answer = vendor.post(V2, json!({"payload": payload})).await.expect(400);
            assert!(answer.text().contains(word), "{payload}: {}", answer.text());
        }
        vendor.post(V2, json!({})).await.expect(400);
        vendor.post(V1, json!({"secret": 5})).await.expect(400);
        for (body, word) in [
            (json!({"token": "t", "senderName": "x"}), "accountId"),
            (json!({"accountId": "AC1", "senderName": "x"}), "token"),
            (json!({"accountId": "AC1/../x", "token": "t", "senderName": "x"}), "accountId"),
            (json!({"accountId": "AC1", "token": "t"}), "senderName or serviceId"),
            (json!({"accountId": "AC1", "token": "t", "senderName": "x", "provider": "pigeon"}), "provider"),
            (json!({"accountId": "AC1", "token": "t", "senderName": "x", "channel": "smoke"}), "channel"),
            (json!({"accountId": "AC1", "token": "t", "serviceId": "a b"}), "serviceId"),
        ] {
            let answer = vendor.post(SMS, body.clone()).await.expect(400);
            assert!(answer.text().contains(word), "{body}: {}", answer.text());
        }
        vendor.get(V1).await.expect(404);
        vendor.get(SMS).await.expect(404);
        world.settle().await;
        assert_eq!(snapshot(&vendor).await, before);
    }

    async fn a_provider_of_text_messages_is_written_read_back_and_forgotten(world: World) {
        let vendor = world.vendor().await;
        let body = json!({"senderName": "Acme", "accountId": "AC1", "token": "t0k", "serviceId": "MG1", "provider": "Twilio", "channel": "SMS"});
        let made = vendor.post(SMS, body).await.expect(201).json();
        let wanted = json!({"senderName": "Acme", "accountId": "AC1", "token": "t0k", "serviceId": "MG1", "provider": "twilio", "channel": "sms", "createdAt": "2025-10-09T08:53:20.000Z", "updatedAt": "2025-10-09T08:53:20.000Z"});
        assert_eq!(made, wanted);
        assert_eq!(vendor.get(SMS).await.expect(200).json(), wanted);
        assert_eq!(vendor.delete(SMS).await.expect(200).text(), "");
        vendor.delete(SMS).await.expect(404);
    }

    async fn a_role_is_nothing_to_choose_where_the_operator_allows_none(world: World) {
        let vendor = world.vendor().await;
        let payload = json!({"provider": "ses-role", "secret": "arn:aws:iam::123456789012:role/mail", "region": "eu-west-1"});
        let refused = vendor.post(V2, json!({"payload": payload})).await.expect(400).text();
        assert!(refused.contains("TENANTRY_ALLOW_AWS_ROLES"), "{refused}");
        vendor.get(V1).await.expect(404);
    }

    async fn people_never_see_a_provider(world: World) {
        world.vendor().await.post(V1, json!({"secret": "SG.x"})).await.expect(201);
        let admin = world.admin("admin@example.com").await;
        for path in [V1, SMS] {
            admin.get(path).await.expect(401);
        }
    }
}

/// Writes a provider, sends one mail and answers what the provider was sent.
async fn through(payload: Value) -> String {
    let other = Other::http(202, "").await;
    let world = world(&other, true).await;
    world
        .vendor()
        .await
        .post(V2, json!({"payload": payload}))
        .await
        .expect(201);
    assert_eq!(mail(&world, &world.home, code()).await, Posted::Queued);
    assert_eq!(
        mail(&world, &world.away, code()).await,
        Posted::NoWay,
        "another environment has no way"
    );
    world.settle().await;
    let kept = other.kept();
    assert_eq!(kept.len(), 1);
    world.end().await;
    kept[0].clone()
}

#[tokio::test]
async fn sendgrid_gets_the_mail() {
    let call = through(json!({"provider": "sendgrid", "secret": "SG.key"})).await;
    assert!(
        call.starts_with("POST /v3/mail/send ") && call.contains("Bearer SG.key"),
        "{call}"
    );
    let body: Value = serde_json::from_str(call.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    assert_eq!(body["personalizations"][0]["to"][0]["email"], "ann@example.com");
    assert_eq!(
        body["tracking_settings"]["click_tracking"]["enable"],
        json!(false)
    );
    assert!(body["content"][1]["value"].as_str().unwrap().contains("135790"));
}

#[tokio::test]
async fn mailgun_gets_the_mail() {
    let call =
        through(json!({"provider": "mailgun", "secret": "key", "domain": "mg.acme.test", "region": "eu"}))
            .await;
    assert!(
        call.starts_with("POST /eu/v3/mg.acme.test/messages ") && call.contains("Basic YXBpOmtleQ=="),
        "{call}"
    );
    assert!(
        call.contains("to=ann%40example.com") && call.contains("135790"),
        "{call}"
    );
}

#[tokio::test]
async fn amazon_gets_the_mail_signed_with_given_keys() {
    let call =
        through(json!({"provider": "ses", "secret": "s3", "id": "AKGIVEN", "region": "eu-west-1"})).await;
    assert!(
        call.starts_with("POST /eu-west-1/v2/email/outbound-emails "),
        "{call}"
    );
    assert!(
        call.contains("Credential=AKGIVEN/20251009/eu-west-1/ses/aws4_request")
            && call.contains("x-amz-date: 20251009T085320Z"),
        "{call}"
    );
}

#[tokio::test]
async fn a_role_is_taken_on_once_and_used_until_it_ends() {
    let other = Other::http(200, "<A><Credentials><AccessKeyId>AKROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>tok</SessionToken><Expiration>2025-10-09T10:00:00Z</Expiration></Credentials></A>").await;
    let world = world(&other, true).await;
    let vendor = world.vendor().await;
    let role =
        |secret: &str| json!({"payload": {"provider": "ses-role", "secret": secret, "region": "eu-west-1"}});
    // Not the machine's own: that would be everybody's.
    vendor.post(V2, role("mail")).await.expect(400);
    vendor
        .post(V2, role("arn:aws:iam::123456789012:role/mail"))
        .await
        .expect(201);
    let read = vendor.get(V1).await.expect(200);
    assert_eq!(
        read.at("/extension"),
        json!([{"extensionName": "region", "extensionValue": "eu-west-1"}])
    );
    for _ in 0..2 {
        mail(&world, &world.home, code()).await;
        world.settle().await;
    }
    let kept = other.kept();
    assert_eq!(kept.len(), 3, "one call for the role, two mails");
    assert!(
        kept[0].starts_with("POST /sts/ ")
            && kept[0].contains("role%2Fmail")
            && kept[0].contains("Credential=AKMACHINE/")
            && kept[0].contains(&format!("ExternalId={}", world.home.id)),
        "{}",
        kept[0]
    );
    for call in &kept[1..] {
        assert!(
            call.contains("Credential=AKROLE/") && call.contains("x-amz-security-token: tok"),
            "{call}"
        );
    }
    world.end().await;
}

#[tokio::test]
async fn twilio_gets_the_text_message() {
    let other = Other::http(201, "{}").await;
    let world = world(&other, true).await;
    let body = json!({"accountId": "AC1", "token": "t", "senderName": "+14155550199", "channel": "whatsapp"});
    world.vendor().await.post(SMS, body).await.expect(201);
    let order = SmsOrder::new(SmsTemplate::MfaOtc, "+14155550100").with("code", "246802");
    assert_eq!(sms(&world, &world.home, order).await, Posted::Queued);
    world.settle().await;
    let call = other.kept().remove(0);
    assert!(
        call.starts_with("POST /2010-04-01/Accounts/AC1/Messages.json ") && call.contains("Basic QUMxOnQ="),
        "{call}"
    );
    assert!(
        call.contains("To=whatsapp%3A%2B14155550100")
            && call.contains("From=whatsapp%3A%2B14155550199")
            && call.contains("246802"),
        "{call}"
    );
    world.end().await;
}

#[tokio::test]
async fn private_addresses_are_not_called_and_redirects_not_followed() {
    for (private, status, calls) in [(false, 202, 0), (true, 302, 1)] {
        let other = Other::http(status, "").await;
        let world = world(&other, private).await;
        world
            .vendor()
            .await
            .post(V1, json!({"secret": "k"}))
            .await
            .expect(201);
        mail(&world, &world.home, code()).await;
        world.settle().await;
        assert_eq!(other.kept().len(), calls);
        let row = world
            .db()
            .one(db::sql!("SELECT fault, attempts FROM messages"), db::args![])
            .await
            .unwrap();
        let fault: String = row.get(0).unwrap();
        assert!(
            fault.contains(if private { "(302)" } else { "private network" }),
            "{fault}"
        );
        world.end().await;
    }
}

#[tokio::test]
async fn a_broken_provider_holds_up_nobody_else() {
    let other = Other::http(500, "").await;
    let url = other.url();
    let world = World::sending(Engine::Sqlite, |inbox| {
        Outbound::new(Ways {
            private: true,
            inbox: Some(inbox),
            endpoints: Endpoints {
                sendgrid: url,
                ..Endpoints::default()
            },
            ..Ways::default()
        })
    })
    .await;
    world
        .vendor()
        .await
        .post(V1, json!({"secret": "k"}))
        .await
        .expect(201);
    for _ in 0..45 {
        mail(&world, &world.home, code()).await;
    }
    mail(&world, &world.away, code()).await;
    assert_eq!(
        world.letters("ann@example.com").await.len(),
        1,
        "the other environment's mail arrived"
    );
    assert_eq!(
        other.kept().len(),
        20,
        "a provider that takes nothing is asked for one round only"
    );
    world.clock.advance_seconds(15);
    world.settle().await;
    assert_eq!(other.kept().len(), 40);
    world.end().await;
}
