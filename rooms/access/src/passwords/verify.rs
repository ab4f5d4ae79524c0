//! `POST vendor-only/users/v1/passwords/verify`.

use db::StoreError;
use kit::Secret;
use serde::Deserialize;
use utoipa::ToSchema;
use web::{Body, EnvironmentCaller, Guard, Json, Problem, Routes, State, routes};

use super::{hash_problem, store};
use crate::room::Access;

pub(crate) fn routes() -> Routes<Access> {
    Routes::new().on(Guard::environment(), routes!(verify_password))
}

/// A password to be compared.
#[derive(Debug, Deserialize, ToSchema)]
struct PasswordCheck {
    /// The user's address.
    email: String,
    #[schema(value_type = String)]
    password: Secret,
}

/// Says whether this is the password of the user with this address. Costs one hash, whether or not there is such a user.
/// Nobody is signed in, and no attempt is counted: whoever asks here speaks for the environment.
#[utoipa::path(post, path = "/identity/resources/vendor-only/users/v1/passwords/verify", tag = "Users",
    request_body = PasswordCheck,
    responses((status = 200, body = bool, description = "Whether the password is right"),
        (status = 400, description = "No address, or no password")))]
async fn verify_password(
    State(room): State<Access>,
    caller: EnvironmentCaller,
    Body(body): Body<PasswordCheck>,
) -> Result<Json<bool>, Problem> {
    let mut faults = Vec::new();
    let email = kit::email_key(&body.email).map_err(|fault| faults.push(fault.to_string()));
    if body.password.is_empty() {
        faults.push("password should not be empty".to_owned());
    } else if body.password.reveal().len() > crypto::MAX_PASSWORD_BYTES {
        faults.push("password is too long".to_owned());
    }
    let Ok(email) = email else {
        return Err(Problem::faults(faults));
    };
    if !faults.is_empty() {
        return Err(Problem::faults(faults));
    }
    let hash = room
        .app
        .db()
        .read(async move |tx| {
            let Some(user) = people::user_by_email(tx, &caller.environment, &email).await? else {
                return Ok::<_, StoreError>(None);
            };
            store::hash_of(tx, caller.environment.as_str(), user.id.as_str()).await
        })
        .await?;
    let matches = match hash {
        Some(hash) => room
            .pool
            .verify(body.password, hash)
            .await
            .map(|verdict| verdict.matches),
        None => room.pool.dummy(body.password).await.map(|()| false),
    };
    matches.map(Json).map_err(|error| hash_problem(&error))
}
