//! What `tenantry dev` puts into a fresh server: one tenant, an administrator, a reader. Done through the public API, so
//! that it can only make what a user of the API could.

use std::net::{IpAddr, Ipv4Addr};

use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode, header};
use serde_json::{Value, json};
use web::Edge;

use crate::config::{DEV_CLIENT_ID, DEV_SECRET};

/// The demo tenant.
pub const DEV_TENANT: &str = "00000000-0000-4000-8000-000000000010";
/// Of both users.
pub const DEV_PASSWORD: &str = "Tenantry-dev-1";
/// Address and role key of each user.
pub const DEV_USERS: [(&str, &str); 2] = [("admin@example.com", "Admin"), ("user@example.com", "ReadOnly")];

/// Fills what is missing; a second start finds everything there.
///
/// # Errors
/// A sentence when the API refuses something unexpectedly.
pub async fn fill(edge: &Edge) -> Result<(), String> {
    let credentials = json!({"clientId": DEV_CLIENT_ID, "secret": DEV_SECRET});
    let (_, vendor) = call(edge, Method::POST, "/auth/vendor", None, Some(&credentials)).await?;
    let token = vendor
        .get("token")
        .and_then(Value::as_str)
        .ok_or("the environment token is missing")?
        .to_owned();
    let token = Some(token.as_str());

    let tenant = json!({"tenantId": DEV_TENANT, "name": "Demo"});
    allowed(
        call(
            edge,
            Method::POST,
            "/tenants/resources/tenants/v1",
            token,
            Some(&tenant),
        )
        .await?,
        &[201, 409],
    )?;
    let (_, roles) = call(edge, Method::GET, "/identity/resources/roles/v1", token, None).await?;
    for (email, role_key) in DEV_USERS {
        let roles = roles.as_array().map(Vec::as_slice).unwrap_or_default();
        let role = roles
            .iter()
            .find(|role| role.get("key").is_some_and(|key| key == role_key))
            .ok_or_else(|| format!("there is no role {role_key}"))?;
        let name = if role_key == "Admin" {
            "Ada Admin"
        } else {
            "Uma User"
        };
        let user = json!({
            "email": email, "name": name, "password": DEV_PASSWORD, "tenantId": DEV_TENANT, "roleIds": [role.get("id")],
        });
        let made = call(
            edge,
            Method::POST,
            "/identity/resources/vendor-only/users/v1",
            token,
            Some(&user),
        )
        .await?;
        if made.0 == StatusCode::CREATED {
            let id = made
                .1
                .get("id")
                .and_then(Value::as_str)
                .ok_or("the new user has no id")?;
            let verify = format!("/identity/resources/users/v1/{id}/verify");
            allowed(call(edge, Method::POST, &verify, token, None).await?, &[200, 201])?;
        } else {
            allowed(made, &[409])?;
        }
    }
    Ok(())
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
pub fn greeting(url: &str) -> String {
    let users = DEV_USERS
        .map(|(email, role)| format!("{email} ({role})"))
        .join(", ");
    format!(
        "
Tenantry is listening on {url}

  client id   {DEV_CLIENT_ID}
  secret      {DEV_SECRET}
  tenant      {DEV_TENANT}
  users       {users}
  password    {DEV_PASSWORD}

Try:
  curl -s {url}/identity/resources/auth/v1/user -H 'content-type: application/json' \\
    -d '{{\"email\":\"admin@example.com\",\"password\":\"{DEV_PASSWORD}\"}}'
  curl -s {url}/auth/vendor -H 'content-type: application/json' \\
    -d '{{\"clientId\":\"{DEV_CLIENT_ID}\",\"secret\":\"{DEV_SECRET}\"}}'

The API: {url}/docs    Ctrl-C stops the server.
"
    )
}
