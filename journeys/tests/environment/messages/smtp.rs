use std::sync::Arc;

use environment::{MailOrder, MailTemplate};
use journeys::{Engine, Other, World};
use outbound::{Mailbox, Outbound, Smtp, Ways};

use super::mail;

async fn world(engine: Engine, url: &str) -> World {
    let smtp = Smtp::at(url).unwrap();
    World::sending(engine, |_| {
        Outbound::new(Ways {
            mail: Some(Arc::new(smtp)),
            from: Some(Mailbox::new("", "no-reply@home.test").unwrap()),
            ..Ways::default()
        })
    })
    .await
}

fn reset(to: &str) -> MailOrder {
    MailOrder::new(MailTemplate::ResetPassword, to)
        .with("name", "Ann")
        .link("token", "t1")
}

async fn dead(world: &World) -> Vec<(String, String, i64)> {
    let rows = world
        .db()
        .all(
            db::sql!("SELECT fault, sealed, attempts FROM messages WHERE state = 'dead'"),
            db::args![],
        )
        .await
        .unwrap();
    rows.iter()
        .map(|row| (row.get(0).unwrap(), row.get(1).unwrap(), row.get(2).unwrap()))
        .collect()
}

/// How many messages wait, as the lines count them.
async fn waiting(world: &World) -> i64 {
    let lines = world
        .db()
        .all(db::sql!("SELECT waiting FROM message_queues"), db::args![])
        .await
        .unwrap();
    lines.iter().map(|row| row.get::<i64>(0).unwrap()).sum()
}

async fn arrives(engine: Engine) {
    let server = Other::smtp("550").await;
    let world = world(
        engine,
        &format!("smtp://me:secret@127.0.0.1:{}?tls=none", server.port),
    )
    .await;
    mail(&world, &world.home, reset("ann@example.com")).await;
    mail(&world, &world.home, reset("bob@example.com")).await;
    world.settle().await;
    let mut kept = server.kept();
    kept.sort();
    assert_eq!(kept.len(), 2);
    let text = kept
        .iter()
        .find(|text| text.contains("To: ann@example.com"))
        .unwrap();
    assert!(
        text.contains("From: Home <no-reply@home.test>")
            || text.contains("From: \"Home\" <no-reply@home.test>"),
        "{text}"
    );
    assert!(
        text.contains("multipart/alternative") && text.contains("text/plain") && text.contains("text/html"),
        "{text}"
    );
    assert!(text.contains("Message-ID: <"), "{text}");
    world.settle().await;
    assert_eq!(server.kept().len(), 2, "a mail that was taken is not sent again");
    world.end().await;
}

#[tokio::test]
async fn a_mail_arrives_at_a_mail_server_with_both_parts_sqlite() {
    arrives(Engine::Sqlite).await;
}

#[tokio::test]
async fn a_mail_arrives_at_a_mail_server_with_both_parts_postgres() {
    arrives(Engine::Postgres).await;
}

async fn refused(engine: Engine) {
    let server = Other::smtp("550").await;
    let world = world(engine, &format!("smtp://127.0.0.1:{}", server.port)).await;
    mail(&world, &world.home, reset("refused@example.com")).await;
    mail(&world, &world.home, reset("ann@example.com")).await;
    world.settle().await;
    assert_eq!(server.kept().len(), 1, "the other mail went");
    let dead = dead(&world).await;
    assert_eq!(
        dead,
        [("the mail server refused it (550)".to_owned(), String::new(), 1)]
    );
    let vendor = world.vendor().await;
    let records = vendor
        .get("/audits/resources/audits/v2?count=50&offset=0")
        .await
        .expect(200)
        .text();
    assert!(
        records.contains("Message could not be delivered") && records.contains("(550)"),
        "{records}"
    );
    assert_eq!(waiting(&world).await, 0);
    world.end().await;
}

#[tokio::test]
async fn a_mail_that_is_refused_for_good_is_given_up_and_recorded_sqlite() {
    refused(Engine::Sqlite).await;
}

#[tokio::test]
async fn a_mail_that_is_refused_for_good_is_given_up_and_recorded_postgres() {
    refused(Engine::Postgres).await;
}

async fn put_off(engine: Engine) {
    let server = Other::smtp("451").await;
    let world = world(engine, &format!("smtp://127.0.0.1:{}", server.port)).await;
    mail(&world, &world.home, reset("refused@example.com")).await;
    let mut attempts = Vec::new();
    // An hour and some: 15 s, 1 min, 4 min, 16 min, 40 min between attempts.
    for seconds in [0, 15, 60, 240, 960, 2_400, 3_600] {
        world.clock.advance_seconds(seconds);
        world.settle().await;
        let row = world
            .db()
            .one(db::sql!("SELECT attempts FROM messages"), db::args![])
            .await
            .unwrap();
        attempts.push(row.get::<i64>(0).unwrap());
    }
    assert_eq!(attempts, [1, 2, 3, 4, 5, 6, 6]);
    assert_eq!(dead(&world).await.len(), 1);
    world.end().await;
}

#[tokio::test]
async fn a_mail_that_is_put_off_is_tried_for_an_hour_sqlite() {
    put_off(Engine::Sqlite).await;
}

#[tokio::test]
async fn a_mail_that_is_put_off_is_tried_for_an_hour_postgres() {
    put_off(Engine::Postgres).await;
}

#[tokio::test]
async fn a_connection_that_ends_early_means_another_attempt_with_the_same_message_id() {
    let server = Other::smtp("550").await;
    let world = world(Engine::Sqlite, &format!("smtp://127.0.0.1:{}", server.port)).await;
    mail(&world, &world.home, reset("cut@example.com")).await;
    world.settle().await;
    world.clock.advance_seconds(15);
    world.settle().await;
    let ids: Vec<String> = server
        .kept()
        .iter()
        .map(|text| {
            text.lines()
                .find(|line| line.starts_with("Message-ID"))
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(ids.len(), 2);
    assert_eq!(ids[0], ids[1]);
    world.end().await;
}

#[tokio::test]
async fn wrong_credentials_and_a_missing_server_cost_no_mail() {
    let server = Other::smtp("550").await;
    for url in [
        format!("smtp://me:wrong@127.0.0.1:{}?tls=none", server.port),
        format!("smtp://me:secret@127.0.0.1:{}", server.port),
        "smtp://127.0.0.1:1".to_owned(),
    ] {
        let world = world(Engine::Sqlite, &url).await;
        mail(&world, &world.home, reset("ann@example.com")).await;
        world.settle().await;
        assert!(server.kept().is_empty(), "{url}");
        assert!(dead(&world).await.is_empty(), "{url}");
        assert_eq!(
            waiting(&world).await,
            1,
            "{url}: it waits for somebody to put things right"
        );
        world.end().await;
    }
}
