use environment::{MailOrder, MailTemplate, Posted, SmsOrder, SmsTemplate};
use journeys::{World, both_engines};
use kit::Scope;

use super::{mail, sms};

fn code(to: &str) -> MailOrder {
    MailOrder::new(MailTemplate::Otc, to).with("code", "135790")
}

both_engines! {
    async fn a_message_leaves_after_the_commit_or_not_at_all(world: World) {
        let (app, home) = (world.app().clone(), world.home.id);
        let refused: Result<(), db::StoreError> = world
            .db()
            .write(async move |tx| {
                let scope = Scope::environment(home.into());
                environment::send_mail(tx, &app, &scope, &code("ann@example.com"), app.now()).await?;
                Err(db::StoreError::NoRow)
            })
            .await;
        assert!(refused.is_err());
        assert!(world.letters("").await.is_empty());
        assert_eq!(mail(world, &world.home, code("ann@example.com")).await, Posted::Queued);
        assert!(world.inbox().letters("").is_empty(), "nothing is sent before the queue is served");
        assert_eq!(world.letter("ann@example.com").await.codes, ["135790"]);
        assert_eq!(world.letters("").await.len(), 1, "and it is sent once");
    }

    async fn nothing_that_a_message_carries_rests_in_the_clear(world: World) {
        let order = MailOrder::new(MailTemplate::MagicLink, "ann@example.com").link("token", "hunter2token");
        mail(world, &world.home, order).await;
        sms(world, &world.home, SmsOrder::new(SmsTemplate::Otc, "+14155550100").with("code", "908172")).await;
        let rows = world.db().all(db::sql!("SELECT body FROM outbox"), db::args![]).await.unwrap();
        assert!(!rows.is_empty());
        for row in rows {
            let body: String = row.get(0).unwrap();
            assert!(!body.contains("hunter2token") && !body.contains("908172"), "{body}");
        }
        assert!(world.letter("ann@example.com").await.text.contains("hunter2token"));
    }

    async fn who_cannot_be_written_to_is_told_to_the_flow(world: World) {
        for address in ["", "ann", "ann@example.com\r\nBcc: all@example.com", "a@example.com,b@example.com"] {
            assert_eq!(mail(world, &world.home, code(address)).await, Posted::Undeliverable, "{address:?}");
        }
        let order = SmsOrder::new(SmsTemplate::Otc, "12345").with("code", "1");
        assert_eq!(sms(world, &world.home, order).await, Posted::Undeliverable);
        let large = code("ann@example.com").with("metadata", "x".repeat(100_000));
        assert_eq!(mail(world, &world.home, large).await, Posted::Undeliverable);
        assert!(world.letters("").await.is_empty());
    }

    async fn a_flood_for_one_receiver_is_cut_and_recorded(world: World) {
        for _ in 0..60 {
            mail(world, &world.home, code("victim@example.com")).await;
        }
        mail(world, &world.home, code("bob@example.com")).await;
        assert_eq!(world.letters("victim@example.com").await.len(), 50);
        assert_eq!(world.letters("bob@example.com").await.len(), 1);
        let vendor = world.vendor().await;
        let records = vendor.get("/audits/resources/audits/v2?count=50&offset=0").await.expect(200).text();
        assert!(records.contains("Messages dropped") && records.contains("10 messages were dropped"), "{records}");
    }

    async fn each_environment_has_a_line_of_its_own(world: World) {
        mail(world, &world.home, code("ann@example.com")).await;
        mail(world, &world.away, code("ann@example.com")).await;
        let from: Vec<String> = world.letters("ann@example.com").await.into_iter().map(|letter| letter.from).collect();
        assert_eq!(from.len(), 2);
        assert_ne!(from[0], from[1]);
    }
}
