use environment::{MailOrder, MailTemplate, SmsOrder, SmsTemplate};
use journeys::{World, both_engines};
use serde_json::json;

use super::{mail, sms};

both_engines! {
    async fn what_was_sent_is_read_as_json_newest_first(world: World) {
        let order = MailOrder::new(MailTemplate::ResetPassword, "Ann@Example.com")
            .with("name", "Ann <b>")
            .link("userId", "u1")
            .link("token", "t&1")
            .expires_in(86_400);
        mail(world, &world.home, order).await;
        world.clock.advance_seconds(5);
        sms(world, &world.home, SmsOrder::new(SmsTemplate::Otc, "+1-415-555-0100").with("code", "123456")).await;
        let anyone = world.anyone();
        let all = anyone.get("/dev/inbox.json").await.expect(200).rows();
        assert_eq!(all.len(), 2);
        assert_eq!(all[0]["kind"], "sms");
        assert_eq!(all[0]["to"], "+14155550100");
        assert_eq!(all[0]["codes"], json!(["123456"]));
        assert_eq!(all[0]["createdAt"], "2025-10-09T08:53:25.000Z");
        assert!(all[0]["text"].as_str().unwrap().contains("123456"));

        let mine = anyone.get("/dev/inbox.json?to=ann%40example.com").await.expect(200).rows();
        assert_eq!(mine.len(), 1);
        let link = format!("{}/oauth/account/reset-password?userId=u1&token=t%261", world.home.public_url);
        assert_eq!(mine[0]["links"], json!([link]));
        assert!(kit::is_uuid(mine[0]["id"].as_str().unwrap()));
        assert!(mine[0]["html"].as_str().unwrap().contains("Ann &lt;b&gt;"));
        assert!(mine[0]["text"].as_str().unwrap().contains("1 day"));
        assert!(mine[0]["from"].as_str().unwrap().contains('@'));
        assert_eq!(anyone.get("/dev/inbox.json?to=+14155550100").await.expect(200).rows().len(), 1);
        assert!(anyone.get("/dev/inbox.json?to=bob@example.com").await.expect(200).rows().is_empty());

        assert_eq!(anyone.delete("/dev/inbox.json").await.expect(200).text(), "");
        assert!(anyone.get("/dev/inbox.json").await.expect(200).rows().is_empty());
    }

    async fn the_page_shows_messages_and_runs_nothing_of_them(world: World) {
        let order = MailOrder::new(MailTemplate::Otc, "ann@example.com")
            .with("name", "\"><script>alert(1)</script>")
            .with("code", "424242");
        mail(world, &world.home, order).await;
        let answer = world.anyone().get("/dev/inbox?to=ann%40example.com").await.expect(200);
        let page = answer.text();
        assert!(page.contains("<code>424242</code>"), "{page}");
        assert!(!page.contains("<script"), "{page}");
        let policy = answer.header("content-security-policy").unwrap_or_default();
        assert!(policy.contains("default-src 'none'") && !policy.contains("script-src"), "{policy}");
        let none = world.anyone().get("/dev/inbox?to=%3Cb%3E").await.expect(200).text();
        assert!(none.contains("Nothing was sent to &lt;b&gt; yet."), "{none}");
    }
}
