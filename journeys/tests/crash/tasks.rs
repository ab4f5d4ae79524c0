//! A task in the middle of which the server is killed goes on where it stood.

use std::time::Duration;

use journeys::{Engine, Launch, at};
use serde_json::{Value, json};

/// Enough for many steps of the task.
const TENANTS: usize = 600;

/// Kills the server right after it promised to change the roles of one user in many tenants, and once more while it goes on.
async fn killed_twice(engine: Engine) {
    let mut launch = Launch::new(engine).await;
    let mut running = launch.start().await;
    let token = running.vendor_token().await;
    let user = running.tenant_with_user(&token, "acme", "ann@example.com").await;
    for number in 0..TENANTS {
        let path = format!("{}/{user}/tenant", at::USERS);
        let tenant = json!({"tenantId": format!("t{number:04}")});
        running.call("POST", &path, &token, &tenant).await;
    }
    let role = json!([{"key": "editor", "name": "Editor"}]);
    let made = running.call("POST", at::ROLES, &token, &role).await;
    let role = made[0]["id"].as_str().expect("a role").to_owned();

    let path = format!("{}/{user}/roles/bulk", at::VENDOR_USERS);
    let begun = running
        .call("PATCH", &path, &token, &json!({"addRoleIds": [role]}))
        .await;
    running.kill();
    let task = format!(
        "{}/bulk-roles/status/{}",
        at::VENDOR_USERS,
        begun["taskId"].as_str().expect("a task")
    );
    running = launch.start().await;
    let early = running.call("GET", &task, &token, &Value::Null).await;
    running.kill();
    running = launch.start().await;
    let told = finished(&running, &token, &task).await;

    let all = TENANTS + 1;
    assert!(
        early["processedTenants"].as_u64() <= told["processedTenants"].as_u64(),
        "{early} then {told}"
    );
    assert_eq!(told["status"], "Completed", "{told}");
    assert_eq!(
        (&told["totalTenants"], &told["processedTenants"]),
        (&json!(all), &json!(all))
    );
    let read = running
        .call(
            "GET",
            &format!("{}/{user}", at::VENDOR_USERS),
            &token,
            &Value::Null,
        )
        .await;
    let tenants = read["tenants"].as_array().expect("the user's tenants");
    let once = |tenant: &&Value| {
        let roles = tenant["roles"].as_array().expect("roles");
        roles.iter().filter(|one| one["id"] == role.as_str()).count() == 1
    };
    assert_eq!(tenants.iter().filter(once).count(), all);
    assert_eq!(running.stop(), Some(0));
    launch.end().await;
}

/// What the status route says once there is nothing left to do.
async fn finished(running: &journeys::Running, token: &str, task: &str) -> Value {
    for _ in 0..600 {
        let told = running.call("GET", task, token, &Value::Null).await;
        if told["status"] != "NotStarted" && told["status"] != "InProgress" {
            return told;
        }
        // Another process does the work: there is nothing to wait on but its own word.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the task does not end\n{}", running.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bulk_change_of_roles_goes_on_after_kills_on_sqlite() {
    killed_twice(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bulk_change_of_roles_goes_on_after_kills_on_postgres() {
    killed_twice(Engine::Postgres).await;
}
