//! Every route whose path names something × things of another tenant and of another environment.

use journeys::routes::Things;
use journeys::{Answer, Client, World, at, both_engines, snapshot};
use serde_json::json;
use web::RouteEntry;

/// Routes that answer 200 with nothing where others answer 404.
const EMPTY_INSTEAD: &[(&str, &str)] = &[("GET", "/tenants/resources/tenants/v1/{tenantId}")];

fn with_ids(world: &World) -> Vec<RouteEntry> {
    world
        .table()
        .iter()
        .filter(|entry| {
            entry.path.contains('{') && !entry.guard.admits_anyone() && !entry.guard.is_about_server()
        })
        .cloned()
        .collect()
}

/// Whether a path names kinds of things by word, which are the same everywhere, and no thing.
fn names_words_only(entry: &RouteEntry) -> bool {
    let mut names = entry.path.split('/').filter(|part| part.starts_with('{'));
    names.all(|name| name == "{type}")
}

fn as_if_absent(entry: &RouteEntry, answer: &Answer) -> bool {
    if EMPTY_INSTEAD.contains(&(entry.method, entry.path.as_str())) && answer.status == 200 {
        return answer.json() == json!([]);
    }
    [403, 404].contains(&answer.status)
}

async fn probe(caller: &Client, name: &str, entries: &[RouteEntry], theirs: &Things, seen: &mut Vec<String>) {
    for entry in entries {
        let answer = theirs.call(caller, entry).await;
        if !as_if_absent(entry, &answer) {
            seen.push(format!(
                "{} {} of {name} answered {}: {}",
                entry.method,
                entry.path,
                answer.status,
                answer.text()
            ));
        }
        for secret in [theirs.user.as_str(), theirs.email.as_str()] {
            if !answer.asked.contains(secret) && answer.text().contains(secret) {
                seen.push(format!(
                    "{} {} of {name} tells {secret}",
                    entry.method, entry.path
                ));
            }
        }
    }
}

both_engines! {
    async fn another_environments_things_answer_as_if_absent(world: World) {
        let theirs = Things::make(world, &world.away, "theirs", "theirs").await;
        world.tenant("acme").await;
        let entries: Vec<RouteEntry> = with_ids(world).into_iter().filter(|entry| !names_words_only(entry)).collect();
        assert!(entries.len() > 10, "the table has routes with ids");
        let owner = world.vendor_of(&world.away).await;
        world.settle().await;
        let before = snapshot(&owner).await;
        let vendor = world.vendor().await;
        let admin = world.admin("admin@example.com").await;
        let mut seen = Vec::new();
        let for_environment: Vec<RouteEntry> = entries.iter().filter(|entry| entry.guard.admits_environment()).cloned().collect();
        let for_user: Vec<RouteEntry> = entries.iter().filter(|entry| entry.guard.user_need().is_some()).cloned().collect();
        probe(&vendor, "another environment", &for_environment, &theirs, &mut seen).await;
        probe(&vendor.in_tenant("acme"), "another environment, in a tenant", &for_environment, &theirs, &mut seen).await;
        probe(&admin, "another environment, as a user", &for_user, &theirs, &mut seen).await;
        assert!(seen.is_empty(), "{} times:\n{}", seen.len(), seen.join("\n"));
        world.settle().await;
        assert_eq!(snapshot(&owner).await, before, "something of another environment changed");
    }

    async fn another_tenants_things_answer_as_if_absent_to_users(world: World) {
        let theirs = Things::make(world, &world.home, "rival", "theirs").await;
        let admin = world.admin("admin@example.com").await;
        let owner = world.vendor().await;
        world.settle().await;
        let before = snapshot(&owner).await;
        // Permissions and their categories belong to the environment, so another tenant may see them.
        let entries: Vec<RouteEntry> = with_ids(world)
            .into_iter()
            .filter(|entry| entry.guard.user_need().is_some() && !entry.path.starts_with("/identity/resources/permissions/"))
            .collect();
        let mut seen = Vec::new();
        probe(&admin, "another tenant", &entries, &theirs, &mut seen).await;
        assert!(seen.is_empty(), "{} times:\n{}", seen.len(), seen.join("\n"));
        world.settle().await;
        assert_eq!(snapshot(&owner).await, before, "something of another tenant changed");
    }

    async fn ones_own_things_are_there(world: World) {
        // Without this the tests above could pass with bodies that no route takes.
        let vendor = world.vendor().await;
        let mut refused = Vec::new();
        for (number, entry) in with_ids(world).into_iter().filter(|entry| entry.guard.admits_environment()).enumerate() {
            let tenant = format!("own{number}");
            let mine = Things::make(world, &world.home, &tenant, &tenant).await;
            // One route is for the environment as a whole and refuses a tenant.
            let whole = entry.path == "/identity/resources/users/v1/{userId}/email";
            let caller = if whole { vendor.clone() } else { vendor.in_tenant(&tenant) };
            let answer = mine.call(&caller, &entry).await;
            if answer.status >= 300 {
                refused.push(format!("{} {} answered {}: {}", entry.method, entry.path, answer.status, answer.text()));
            }
        }
        assert!(refused.is_empty(), "{} times:\n{}", refused.len(), refused.join("\n"));
    }

    async fn foreign_ids_in_bodies_and_queries_reach_nothing(world: World) {
        let theirs = Things::make(world, &world.away, "theirs", "theirs").await;
        let mine = Things::make(world, &world.home, "acme", "mine").await;
        let owner = world.vendor_of(&world.away).await;
        let vendor = world.vendor().await;
        world.settle().await;
        let (before, own) = (snapshot(&owner).await, snapshot(&vendor).await);
        for (method, path, body) in [
            ("PUT", format!("{}/{}/permissions", at::ROLES, mine.role), json!({"permissionIds": [theirs.permission]})),
            ("PUT", format!("{}/{}/roles", at::PERMISSIONS, mine.permission), json!({"roleIds": [theirs.role]})),
            ("PUT", format!("{}/classification", at::PERMISSIONS), json!({"permissionIds": [theirs.permission], "type": "ALWAYS"})),
            ("POST", at::PERMISSIONS.to_owned(), json!([{"key": "k", "name": "N", "categoryId": theirs.category}])),
            ("POST", format!("{}/{}/roles", at::USERS, mine.user), json!({"roleIds": [theirs.role]})),
            ("POST", at::VENDOR_USERS.to_owned(), json!({"email": "x@example.com", "tenantId": theirs.tenant})),
            ("POST", at::VENDOR_USERS.to_owned(), json!({"email": "x@example.com", "tenantId": "acme", "roleIds": [theirs.role]})),
        ] {
            let answer = vendor.in_tenant("acme").send(method, &path, body.into()).await;
            assert!([400, 403, 404].contains(&answer.status), "{method} {path}: {} {}", answer.status, answer.text());
        }
        for query in [
            format!("{}?ids={}", at::USERS_V3, theirs.user),
            format!("{}?_tenantId={}", at::USERS_V3, theirs.tenant),
            format!("{}?_email={}", at::USERS_V3, theirs.email),
            format!("{}?_phraseSearchContains={}", at::PHRASE, theirs.mark),
            format!("{}?_tenantId={}", at::PHRASE, theirs.tenant),
            format!("{}?_tenantIds={}", at::TENANTS_V2, theirs.tenant),
            format!("{}?count=10&offset=0&tenant_ids={}", at::AUDITS_V2, theirs.tenant),
        ] {
            let answer = vendor.get(&query).await;
            assert!(answer.status == 404 || answer.rows().is_empty(), "{query}: {}", answer.text());
        }
        let acting = vendor.in_tenant("acme").acting_as(&theirs.user).get(at::ME).await;
        assert!([401, 403, 404].contains(&acting.status), "{}", acting.text());
        let inside = vendor.in_tenant(&theirs.tenant).get(at::ROLES).await;
        assert!([403, 404].contains(&inside.status), "{}", inside.text());
        world.settle().await;
        assert_eq!(snapshot(&owner).await, before);
        assert_eq!(snapshot(&vendor).await, own);
    }
}
