//! Every route × every caller it must not admit.

use journeys::routes::Things;
use journeys::{Client, World, both_engines, snapshot};
use web::{Guard, Need, RouteEntry};

/// Callers that a guard may have to refuse.
struct Callers {
    nobody: Client,
    garbage: Vec<Client>,
    expired: Vec<Client>,
    /// Another environment's token on a call that names this one.
    foreign_environment: Client,
    foreign_user: Client,
    environment: Client,
    plain_user: Client,
    admin: Client,
}

async fn callers(world: &World) -> Callers {
    let old_vendor = world.vendor().await;
    let old_user = world.admin("old@example.com").await.client;
    world.clock.advance_seconds(2 * 86_400);
    let here = |client: Client| client.with("frontegg-vendor-id", world.home.id);
    Callers {
        nobody: world.anyone(),
        garbage: vec![
            world.anyone().bearing("garbage"),
            world.anyone().bearing("a.b.c"),
            world.anyone().with("x-access-token", "garbage"),
            world.anyone().with("authorization", "Basic YWRtaW46YWRtaW4="),
        ],
        expired: vec![old_vendor, old_user],
        foreign_environment: here(world.vendor_of(&world.away).await),
        foreign_user: here(
            world
                .person_of(&world.away, "away@example.com", "theirs", &[])
                .await
                .client,
        ),
        environment: world.vendor().await,
        plain_user: world.user("plain@example.com").await.client,
        admin: world.admin("admin@example.com").await.client,
    }
}

/// The callers that this guard must refuse, with a word for messages.
fn refused(guard: Guard, callers: &Callers) -> Vec<(&'static str, &Client)> {
    let mut wrong = vec![
        ("nobody", &callers.nobody),
        ("another environment", &callers.foreign_environment),
        ("a user of another environment", &callers.foreign_user),
    ];
    wrong.extend(callers.garbage.iter().map(|caller| ("garbage", caller)));
    wrong.extend(callers.expired.iter().map(|caller| ("an expired token", caller)));
    if !guard.admits_environment() {
        wrong.push(("the environment itself", &callers.environment));
    }
    match guard.user_need() {
        None => {
            wrong.push(("a user", &callers.plain_user));
            wrong.push(("an administrator", &callers.admin));
        }
        Some(Need::Permission(_)) => wrong.push(("a user without the permission", &callers.plain_user)),
        Some(Need::SignedIn) => {}
    }
    wrong
}

fn guarded(world: &World) -> Vec<RouteEntry> {
    world
        .table()
        .iter()
        .filter(|entry| !entry.guard.admits_anyone() && !entry.guard.is_about_server())
        .cloned()
        .collect()
}

both_engines! {
    async fn every_route_refuses_every_wrong_caller_and_nothing_changes(world: World) {
        let callers = callers(world).await;
        let things = Things::make(world, &world.home, "acme", "mine").await;
        let vendor = world.vendor().await;
        world.settle().await;
        let before = snapshot(&vendor).await;
        let mut admitted = Vec::new();
        for entry in guarded(world) {
            for (name, caller) in refused(entry.guard, &callers) {
                let answer = things.call(caller, &entry).await;
                if ![401, 403].contains(&answer.status) {
                    admitted.push(format!("{} {} ({}) answered {} to {name}: {}", entry.method, entry.path, entry.guard.describe(), answer.status, answer.text()));
                }
            }
        }
        assert!(admitted.is_empty(), "{} times:\n{}", admitted.len(), admitted.join("\n"));
        world.settle().await;
        assert_eq!(snapshot(&vendor).await, before, "a refused call changed something");
    }

    async fn an_environment_token_must_name_a_tenant_where_one_is_needed(world: World) {
        let things = Things::make(world, &world.home, "acme", "mine").await;
        let vendor = world.vendor().await;
        for entry in guarded(world).into_iter().filter(|entry| entry.guard.needs_tenant() && entry.guard.admits_environment()) {
            for caller in [vendor.clone(), vendor.in_tenant("")] {
                things.call(&caller, &entry).await.refuses(403, "Tenant ID is not specified");
            }
            let unknown = things.call(&vendor.in_tenant("nobody"), &entry).await;
            assert!([403, 404].contains(&unknown.status), "{} {}: {}", entry.method, entry.path, unknown.status);
        }
    }

    async fn a_user_may_not_name_another_tenant_anywhere(world: World) {
        let things = Things::make(world, &world.home, "acme", "mine").await;
        world.tenant("rival").await;
        let admin = world.admin("admin@example.com").await;
        for entry in guarded(world).into_iter().filter(|entry| entry.guard.user_need().is_some()) {
            for tenant in ["rival", "nobody"] {
                let answer = things.call(&admin.in_tenant(tenant), &entry).await;
                assert_eq!(answer.status, 403, "{} {}: {}", entry.method, entry.path, answer.text());
            }
        }
    }

    async fn the_right_callers_get_past_every_guard(world: World) {
        // Without this the test above could pass on a server that refuses everybody.
        let things = Things::make(world, &world.home, "acme", "mine").await;
        let vendor = world.vendor().await;
        let admin = world.admin("admin@example.com").await;
        for entry in guarded(world).into_iter().filter(|entry| entry.method == "GET") {
            if entry.guard.admits_environment() {
                let answer = things.call(&vendor.in_tenant("acme"), &entry).await;
                assert!(answer.status < 300, "{} {} to the environment: {} {}", entry.method, entry.path, answer.status, answer.text());
            }
            if entry.guard.user_need().is_some() {
                let answer = things.call(&admin, &entry).await;
                assert!(answer.status < 300, "{} {} to an administrator: {} {}", entry.method, entry.path, answer.status, answer.text());
            }
        }
    }
}
