use environment::{MailOrder, MailTemplate, Posted, SmsOrder, SmsTemplate};
use journeys::{World, both_engines, snapshot};
use serde_json::{Value, json};

use super::{mail, sms};

const TEMPLATES: &str = "/identity/resources/mail/v1/configs/templates";
const SMS: &str = "/identity/resources/configurations/v1/sms/templates";

fn default_of(kind: &str) -> String {
    format!("/identity/resources/mail/v1/configs/{kind}/default")
}

both_engines! {
    async fn the_list_has_every_type_from_the_start(world: World) {
        let vendor = world.vendor().await;
        let all = vendor.get(TEMPLATES).await.expect(200).rows();
        let kinds: Vec<&str> = all.iter().map(|template| template["type"].as_str().unwrap()).collect();
        let wanted: Vec<&str> = MailTemplate::ALL.iter().map(|kind| kind.word()).collect();
        assert_eq!(kinds, wanted);
        for template in &all {
            for member in ["htmlTemplate", "senderEmail", "redirectURL", "successRedirectUrl", "subject", "fromName", "redirectURLPattern", "successRedirectUrlPattern"] {
                assert!(template[member].is_string(), "{member} of {template}");
            }
            assert_eq!(template["active"], json!(true));
        }
        let reset = &all[0];
        assert_eq!(reset["redirectURLPattern"], "{{APP_URL}}/account/reset-password");
        assert_eq!(reset["redirectURL"], "https://login.home.test/oauth/account/reset-password");
        assert_eq!(reset["senderEmail"], "no-reply@login.home.test");
        assert_eq!(reset["fromName"], "Home");
        let one = vendor.get(&format!("{TEMPLATES}?type=OTC")).await.expect(200).rows();
        assert_eq!((one.len(), &one[0]["type"]), (1, &json!("OTC")));
        vendor.get(&format!("{TEMPLATES}?type=Letter")).await.expect(400);
    }

    async fn a_template_is_written_in_parts_used_and_restored(world: World) {
        let vendor = world.vendor().await;
        let body = json!({"type": "ResetPassword", "subject": "Hello {{name}}", "fromName": "Acme", "senderEmail": "Hi@Acme.test", "redirectURL": "{{LOGIN_URL}}/new?app={{APP_ID}}", "htmlTemplate": "<p>{{metadata.plan}} <a href=\"{{redirectURL}}\">go</a></p>", "successRedirectUrl": "{{APP_URL}}/done"});
        assert_eq!(vendor.post(TEMPLATES, body).await.expect(201).text(), "");
        vendor.post(TEMPLATES, json!({"type": "ResetPassword", "fromName": "Acme Inc"})).await.expect(201);
        let read = vendor.get(&format!("{TEMPLATES}?type=ResetPassword")).await.expect(200).at("/0");
        assert_eq!(read["subject"], "Hello {{name}}");
        assert_eq!(read["fromName"], "Acme Inc");
        assert_eq!(read["redirectURLPattern"], "{{LOGIN_URL}}/new?app={{APP_ID}}");
        assert_eq!(read["redirectURL"], "https://login.home.test/oauth/new?app=");
        assert_eq!(read["successRedirectUrlPattern"], "{{APP_URL}}/done");
        assert_eq!(read["successRedirectUrl"], "https://login.home.test/oauth/done");
        let order = MailOrder::new(MailTemplate::ResetPassword, "ann@example.com")
            .with("name", "Ann\r\nBcc: all@example.com")
            .with("metadata", json!({"plan": "<gold>"}))
            .application("app-1", "https://app.acme.test", "https://id.acme.test")
            .link("token", "t");
        mail(world, &world.home, order).await;
        let letter = world.letter("ann@example.com").await;
        assert_eq!(letter.subject, "Hello Ann Bcc: all@example.com");
        assert_eq!(letter.from, "Acme Inc <hi@acme.test>");
        assert_eq!(letter.links, ["https://id.acme.test/new?app=app-1&token=t"]);
        assert!(letter.html.contains("&lt;gold&gt;"), "{}", letter.html);

        let default = vendor.get(&default_of("ResetPassword")).await.expect(200).json();
        assert_ne!(default["subject"], read["subject"]);
        let id = read["id"].as_str().unwrap();
        assert_eq!(vendor.delete(&format!("{TEMPLATES}/{id}")).await.expect(200).text(), "");
        assert_eq!(vendor.get(&format!("{TEMPLATES}?type=ResetPassword")).await.expect(200).at("/0"), default);
        vendor.delete(&format!("{TEMPLATES}/{id}")).await.expect(404);
        vendor.delete(&format!("{TEMPLATES}/ResetPassword")).await.expect(200);
        vendor.delete(&format!("{TEMPLATES}/Letter")).await.expect(404);
        vendor.get(&default_of("Letter")).await.expect(400);
    }

    async fn a_message_that_is_switched_off_is_not_sent(world: World) {
        let vendor = world.vendor().await;
        vendor.post(TEMPLATES, json!({"type": "OTC", "active": false})).await.expect(201);
        let order = MailOrder::new(MailTemplate::Otc, "ann@example.com").with("code", "1");
        assert_eq!(mail(world, &world.home, order.clone()).await, Posted::Inactive);
        assert_eq!(mail(world, &world.away, order.clone()).await, Posted::Queued, "elsewhere it is");
        assert_eq!(world.letters("ann@example.com").await.len(), 1);
        vendor.post(TEMPLATES, json!({"type": "OTC", "active": true})).await.expect(201);
        assert_eq!(mail(world, &world.home, order).await, Posted::Queued);
    }

    async fn a_template_that_could_not_be_sent_is_refused_with_its_line(world: World) {
        let vendor = world.vendor().await;
        world.settle().await;
        let before = (snapshot(&vendor).await, vendor.get(TEMPLATES).await.expect(200).text());
        for (member, value, word) in [
            ("htmlTemplate", json!("a\nb {{name"), "line 2"),
            ("htmlTemplate", json!("{% include 'x' %}"), "not known"),
            ("htmlTemplate", json!("{{ name | upper }}"), "not a variable"),
            ("htmlTemplate", json!("x".repeat(1_000_001)), "1000000 characters"),
            ("subject", json!("Hi\r\nBcc: x@example.com"), "one line"),
            ("subject", json!("{{"), "subject: line 1"),
            ("subject", json!("x".repeat(513)), "512 characters"),
            ("fromName", json!("A\nB"), "one line"),
            ("senderEmail", json!("a@example.com, b@example.com"), "senderEmail must be an email"),
            ("senderEmail", json!("a@example.com\r\nBcc: x@example.com"), "senderEmail must be an email"),
            ("redirectURL", json!("javascript:alert(1)"), "redirectURL must be"),
            ("redirectURL", json!("/account"), "redirectURL must be"),
            ("successRedirectUrl", json!("nowhere"), "successRedirectUrl must be"),
            ("type", json!("Letter"), "type"),
            ("active", json!("yes"), "active"),
        ] {
            let mut body = json!({"type": "MagicLink"});
            body[member] = value;
            let answer = vendor.post(TEMPLATES, body).await.expect(400);
            assert!(answer.text().contains(word), "{member}: {}", answer.text());
        }
        vendor.post(TEMPLATES, json!({})).await.expect(400);
        vendor.post(TEMPLATES, json!([])).await.expect(400);
        world.settle().await;
        assert_eq!((snapshot(&vendor).await, vendor.get(TEMPLATES).await.expect(200).text()), before);
    }

    async fn the_longest_html_is_taken(world: World) {
        let vendor = world.vendor().await;
        let html = "ü".repeat(1_000_000);
        vendor.post(TEMPLATES, json!({"type": "OTC", "htmlTemplate": html})).await.expect(201);
        assert_eq!(vendor.get(&format!("{TEMPLATES}?type=OTC")).await.expect(200).at("/0/htmlTemplate"), Value::from(html));
    }

    async fn sixteen_writers_of_one_template_lose_nothing(world: World) {
        let vendor = world.vendor().await;
        let members = ["subject", "fromName", "redirectURL", "successRedirectUrl", "htmlTemplate"];
        let writes = (0..16).map(|number| {
            let member = members[number % members.len()];
            let value = if member.ends_with("URL") || member.ends_with("Url") { format!("https://a.test/{member}") } else { member.to_owned() };
            let mut body = json!({"type": "OTC"});
            body[member] = value.into();
            let vendor = vendor.clone();
            async move { vendor.post(TEMPLATES, body).await.expect(201) }
        });
        futures_util::future::join_all(writes).await;
        let read = vendor.get(&format!("{TEMPLATES}?type=OTC")).await.expect(200).at("/0");
        assert_eq!((&read["subject"], &read["fromName"], &read["htmlTemplate"]), (&json!("subject"), &json!("fromName"), &json!("htmlTemplate")));
        assert_eq!((&read["redirectURLPattern"], &read["successRedirectUrlPattern"]), (&json!("https://a.test/redirectURL"), &json!("https://a.test/successRedirectUrl")));
    }

    async fn text_messages_have_templates_too(world: World) {
        let vendor = world.vendor().await;
        let all = vendor.get(SMS).await.expect(200);
        assert_eq!(all.rows().len(), SmsTemplate::ALL.len());
        assert_eq!(all.json(), vendor.get(&format!("{SMS}/default/all")).await.expect(200).json());
        let made = vendor.post(&format!("{SMS}/OTC"), json!({"template": "Use {{code}}, {{name}}"})).await.expect(201).json();
        assert_eq!((&made["type"], &made["template"], &made["active"]), (&json!("OTC"), &json!("Use {{code}}, {{name}}"), &json!(true)));
        assert_eq!(vendor.get(&format!("{SMS}/OTC")).await.expect(200).json(), made);
        assert_ne!(vendor.get(&format!("{SMS}/OTC/default")).await.expect(200).at("/template"), made["template"]);
        let order = SmsOrder::new(SmsTemplate::Otc, "+14155550100").with("code", "112233").with("name", "A&B");
        assert_eq!(sms(world, &world.home, order.clone()).await, Posted::Queued);
        assert_eq!(world.letter("+14155550100").await.text, "Use 112233, A&B");
        vendor.post(&format!("{SMS}/OTC"), json!({"active": false})).await.expect(201);
        assert_eq!(sms(world, &world.home, order).await, Posted::Inactive);
        for (body, word) in [(json!({"template": " "}), "empty"), (json!({"template": "{{"}), "line 1"), (json!({"template": "x".repeat(1601)}), "1600"), (json!({"template": 5}), "template")] {
            let answer = vendor.post(&format!("{SMS}/OTC"), body).await.expect(400);
            assert!(answer.text().contains(word), "{}", answer.text());
        }
        for path in [format!("{SMS}/Letter"), format!("{SMS}/Letter/default")] {
            vendor.get(&path).await.expect(400);
        }
        vendor.post(&format!("{SMS}/Letter"), json!({"template": "x"})).await.expect(400);
        assert_eq!(vendor.delete(&format!("{SMS}/OTC")).await.expect(200).text(), "");
        assert_eq!(vendor.get(SMS).await.expect(200).json(), all.json());
        vendor.delete(&format!("{SMS}/Letter")).await.expect(404);
    }
}
