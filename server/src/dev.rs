//! What `tenantry dev` puts into a fresh server: one tenant, an administrator, a reader. Done through the public API, so
//! that it can only make what a user of the API could.

use std::net::{IpAddr, Ipv4Addr};

use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode, header};
use serde_json::{Value, json};
use web::Edge;

/// The demo tenant.
pub const DEV_TENANT: &str = "00000000-0000-4000-8000-000000000010";
/// Of both users.
pub const DEV_PASSWORD: &str = "Tenantry-dev-1";
/// Address and role key of each user.
pub const DEV_USERS: [(&str, &str); 2] = [("admin@example.com", "Admin"), ("user@example.com", "ReadOnly")];

/// Credentials of the environment that is filled.
#[derive(Clone, Copy)]
pub struct Credentials<'a> {
    pub client_id: &'a str,
    pub secret: &'a str,
}

/// Fills what is missing. A later start finds everything there and hashes no password.
///
/// # Errors
/// A sentence when the API refuses something unexpectedly.
pub async fn fill(edge: &Edge, credentials: Credentials<'_>) -> Result<(), String> {
    let body = json!({"clientId": credentials.client_id, "secret": credentials.secret});
    let (status, vendor) = call(edge, Method::POST, "/auth/vendor", None, Some(&body)).await?;
    let token = vendor.get("token").and_then(Value::as_str).ok_or_else(|| {
        format!(
            "the credentials {} and TENANTRY_SECRET do not open the environment ({status}): set the current secret, or start over with --fresh",
            credentials.client_id
        )
    })?;
    let tenant = json!({"tenantId": DEV_TENANT, "name": "Demo"});
    let tenants = "/tenants/resources/tenants/v1";
    let made = call(edge, Method::POST, tenants, Some(token), Some(&tenant)).await?;
    allowed(made, &[201, 409])?;
    for (email, role_key) in DEV_USERS {
        user(edge, token, email, role_key).await?;
    }
    Ok(())
}

/// Makes one of the users unless there is one with the address, and verifies the address.
async fn user(edge: &Edge, token: &str, email: &str, role_key: &str) -> Result<(), String> {
    let token = Some(token);
    let by_email = format!("/identity/resources/users/v1/email?email={email}");
    let mut found = call(edge, Method::GET, &by_email, token, None).await?;
    if found.0 == StatusCode::NOT_FOUND {
        let (_, roles) = call(edge, Method::GET, "/identity/resources/roles/v1", token, None).await?;
        let mut roles = roles.as_array().into_iter().flatten();
        let role = roles.find(|role| role.get("key").is_some_and(|key| key == role_key));
        // The role may have been deleted; the user is of use without it.
        let role_ids: Vec<&Value> = role.and_then(|role| role.get("id")).into_iter().collect();
        let name = if role_key == "Admin" {
            "Ada Admin"
        } else {
            "Uma User"
        };
        let user = json!({
            "email": email, "name": name, "password": DEV_PASSWORD, "tenantId": DEV_TENANT, "roleIds": role_ids,
        });
        let users = "/identity/resources/vendor-only/users/v1";
        found = call(edge, Method::POST, users, token, Some(&user)).await?;
    }
    allowed((found.0, found.1.clone()), &[200, 201])?;
    if found.1.get("verified").and_then(Value::as_bool) == Some(true) {
        return Ok(());
    }
    let id = found.1.get("id").and_then(Value::as_str);
    let id = id.ok_or("a user has no id")?;
    let verify = format!("/identity/resources/users/v1/{id}/verify");
    allowed(call(edge, Method::POST, &verify, token, None).await?, &[200, 201])
}

fn allowed((status, body): (StatusCode, Value), statuses: &[u16]) -> Result<(), String> {
    if statuses.contains(&status.as_u16()) {
        return Ok(());
    }
    Err(format!("the demo data could not be made: {status} {body}"))
}

async fn call(
    edge: &Edge,
    method: Method,
    path: &str,
    token: Option<&str>,
    body: Option<&Value>,
) -> Result<(StatusCode, Value), String> {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::CONTENT_TYPE, "application/json");
    if let Some(token) = token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    let body = body.map_or_else(Body::empty, |value| Body::from(value.to_string()));
    let request = request.body(body).map_err(|error| error.to_string())?;
    let response = edge.answer(request, IpAddr::V4(Ipv4Addr::LOCALHOST)).await;
    let status = response.status();
    let bytes = to_bytes(response.into_body(), 10 * 1024 * 1024)
        .await
        .map_err(|error| error.to_string())?;
    Ok((status, serde_json::from_slice(&bytes).unwrap_or(Value::Null)))
}

/// What to try first, printed at the start.
#[must_use]
pub fn greeting(url: &str, Credentials { client_id, secret }: Credentials<'_>) -> String {
    let users = DEV_USERS
        .map(|(email, role)| format!("{email} ({role})"))
        .join(", ");
    format!(
        "
Tenantry is listening on {url}

  client id   {client_id}
  secret      {secret}
  tenant      {DEV_TENANT}
  users       {users}
  password    {DEV_PASSWORD}

Try:
  curl -s {url}/identity/resources/auth/v1/user -H 'content-type: application/json' \\
    -d '{{\"email\":\"admin@example.com\",\"password\":\"{DEV_PASSWORD}\"}}'
  curl -s {url}/auth/vendor -H 'content-type: application/json' \\
    -d '{{\"clientId\":\"{client_id}\",\"secret\":\"{secret}\"}}'

Mail and text messages: {url}/dev/inbox    The API: {url}/docs    Ctrl-C stops the server.
"
    )
}
