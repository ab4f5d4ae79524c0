//! `POST users/v1/passwords/change`.

use blocks::audit::{Actor, AuditRecord, Severity};
use blocks::one_time;
use crypto::HashError;
use db::StoreError;
use kit::{EnvironmentId, Secret, UserId};
use people::{PreparedPassword, RESET_PASSWORD};
use serde::Deserialize;
use thiserror::Error;
use utoipa::ToSchema;
use web::{AnyCaller, Body, Done, Guard, Need, Problem, Routes, State, routes};

use super::{hash_problem, set, store};
use crate::letters::scope_of;
use crate::login::{Guess, Standing};
use crate::room::Access;
use crate::sessions;

pub(crate) fn routes() -> Routes<Access> {
    let own = Guard::environment_or_user(Need::SignedIn).on_behalf();
    Routes::new().on(own, routes!(change_password))
}

/// The password that is replaced, and the one that replaces it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ChangeBody {
    #[schema(value_type = String)]
    password: Secret,
    #[schema(value_type = String)]
    new_password: Secret,
}

#[derive(Debug, Error)]
enum ChangeError {
    /// Wrong, or tried too often: which of the two is not told.
    #[error("The current password is wrong")]
    Wrong,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<ChangeError> for Problem {
    fn from(error: ChangeError) -> Self {
        match error {
            // Not 401, on which clients sign their user out.
            ChangeError::Wrong => Self::bad_request(error.to_string()),
            ChangeError::Store(error) => error.into(),
        }
    }
}

/// Replaces one's own password. The session goes on, all others end.
#[utoipa::path(post, path = "/identity/resources/users/v1/passwords/change", tag = "Password settings",
    params(("frontegg-user-id" = Option<String>, Header, description = "The user; with an environment token")),
    request_body = ChangeBody,
    responses((status = 201, description = "Changed; the body is empty"),
        (status = 400, description = "The current password is wrong, or the new one may not be set")))]
async fn change_password(
    State(room): State<Access>,
    caller: AnyCaller,
    Body(body): Body<ChangeBody>,
) -> Result<Done, Problem> {
    let (user, session) = whose(&caller)?;
    let mut faults = Vec::new();
    for (name, password) in [("password", &body.password), ("newPassword", &body.new_password)] {
        if password.is_empty() {
            faults.push(format!("{name} should not be empty"));
        } else if password.reveal().len() > crypto::MAX_PASSWORD_BYTES {
            faults.push(format!("{name} is too long"));
        }
    }
    if !faults.is_empty() {
        return Err(Problem::faults(faults));
    }
    let environment = caller.scope().environment;
    let old = web::to_the_end(prove(
        room.clone(),
        environment.clone(),
        user.clone(),
        body.password,
        caller.clone(),
    ))
    .await?;
    let password = room
        .judge
        .for_user(&environment, &user, body.new_password)
        .await?;
    write(&room, &caller, &user, session, (&old, password)).await?;
    Ok(Done::CREATED)
}

/// Whose password it is, and the session that goes on.
fn whose(caller: &AnyCaller) -> Result<(UserId, Option<String>), Problem> {
    match caller {
        AnyCaller::User(caller) => Ok((caller.user.clone(), caller.session.clone())),
        AnyCaller::Environment(caller) => {
            let user = caller.user.clone();
            user.map(|user| (user, None))
                .ok_or_else(|| Problem::forbidden("User ID is not specified"))
        }
    }
}

/// Has the current password proved, with the counting of a sign-in: whoever finds an open browser must not guess at
/// leisure. Answers the hash that was proved.
async fn prove(
    room: Access,
    environment: EnvironmentId,
    user: UserId,
    password: Secret,
    caller: AnyCaller,
) -> Result<String, Problem> {
    let admitted = room.pool.admit(password).map_err(|error| hash_problem(&error))?;
    let guess = Guess::begin(&room, &environment, &user, &admitted).await?;
    let verdict = match guess.hash.clone() {
        Some(hash) => admitted.verify(hash).await.map(|verdict| verdict.matches),
        None => admitted.dummy().await.map(|()| false),
    };
    let record = AuditRecord::new("User failed to change the password", "user", user.as_str())
        .severity(Severity::Medium)
        .by(&caller);
    if !verdict.map_err(|error| hash_problem(&error))? {
        guess.failed(&room, record, caller.from()).await?;
        return Err(ChangeError::Wrong.into());
    }
    match guess.standing(&room).await? {
        Standing::Counts => {
            guess.succeeded(&room).await?;
            Ok(guess.hash.map(|hash| hash.text).unwrap_or_default())
        }
        Standing::Busy => Err(hash_problem(&HashError::Busy)),
        Standing::Spent => {
            guess.refused(&room, record, caller.from()).await?;
            Err(ChangeError::Wrong.into())
        }
    }
}

async fn write(
    room: &Access,
    caller: &AnyCaller,
    user: &UserId,
    session: Option<String>,
    (old, password): (&str, PreparedPassword),
) -> Result<(), Problem> {
    let (environment, user, old) = (caller.scope().environment, user.clone(), old.to_owned());
    let (ids, now) = (room.app.ids().clone(), room.app.now());
    let record = AuditRecord::new("Password changed", "user", user.as_str())
        .severity(Severity::Medium)
        .by(caller);
    room.app
        .db()
        .write(async move |tx| {
            let held = people::hold_user(tx, &environment, user.as_str()).await?;
            let held = held.ok_or(ChangeError::Wrong)?;
            let present = store::hash_of(tx, environment.as_str(), user.as_str()).await?;
            // Of two changes at once the second no longer knows the password it proved.
            if present.is_none_or(|present| present.text != old) {
                return Err(ChangeError::Wrong);
            }
            set(tx, &environment, &user, &password, now).await?;
            // A link that somebody has in hand shall not undo this.
            one_time::void(tx, &environment, RESET_PASSWORD.purpose, user.as_str()).await?;
            sessions::end_others(tx, &environment, &user, session.as_deref(), now).await?;
            let mut record = record.clone().about_user(user.as_str(), held.email.as_deref());
            if record.actor == Actor::Anonymous {
                record.actor = Actor::User(user.to_string());
            }
            record
                .write(tx, &ids, &scope_of(&environment, &held), now)
                .await?;
            Ok(())
        })
        .await?;
    Ok(())
}
