//! `POST users/v3/me/unlock`.

use blocks::audit::{Actor, AuditRecord, Severity};
use blocks::one_time::Shown;
use db::StoreError;
use kit::Secret;
use people::Standing;
use serde::Deserialize;
use thiserror::Error;
use utoipa::ToSchema;
use web::{Body, Done, Guard, Problem, PublicCaller, Routes, State, routes};

use super::strike::{UNLOCK_USER, release, tell_released};
use crate::letters::scope_of;
use crate::room::Access;

pub(super) fn routes() -> Routes<Access> {
    Routes::new().on(Guard::anyone(), routes!(unlock_own_account))
}

/// What the link of an unlock mail carries.
#[derive(Debug, Deserialize, ToSchema)]
struct UnlockBody {
    #[schema(value_type = String)]
    token: Secret,
}

#[derive(Debug, Error)]
enum UnlockError {
    #[error("The link has expired or is no longer valid")]
    Link,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<UnlockError> for Problem {
    fn from(error: UnlockError) -> Self {
        match error {
            UnlockError::Link => Self::bad_request(error.to_string()),
            UnlockError::Store(error) => error.into(),
        }
    }
}

/// Opens an account that too many wrong passwords have shut. One that the environment has locked stays locked.
#[utoipa::path(post, path = "/identity/resources/users/v3/me/unlock", tag = "User management",
    request_body = UnlockBody,
    responses((status = 200, description = "Open; the body is empty"), (status = 400, description = "No such link")))]
async fn unlock_own_account(
    State(room): State<Access>,
    caller: PublicCaller,
    Body(body): Body<UnlockBody>,
) -> Result<Done, Problem> {
    if body.token.is_empty() {
        return Err(Problem::bad_request("token should not be empty"));
    }
    let (app, now) = (room.app.clone(), room.app.now());
    room.app
        .db()
        .write(async move |tx| {
            let environment = &caller.environment;
            let shown = UNLOCK_USER
                .look(tx, environment, body.token.reveal(), now)
                .await?
                .good()
                .ok_or(UnlockError::Link)?;
            // The user first: whoever issues a link holds the user before it.
            let user = people::hold_user(tx, environment, &shown.subject)
                .await?
                .ok_or(UnlockError::Link)?;
            let taken = UNLOCK_USER
                .take(tx, environment, body.token.reveal(), now)
                .await?;
            if !matches!(taken, Shown::Good(good) if good.subject == user.id.as_str()) {
                return Err(UnlockError::Link);
            }
            let released = release(tx, environment, &user).await?;
            if user.is_locked && !released {
                return Err(UnlockError::Link); // the environment has locked the user meanwhile
            }
            let standing = Standing {
                locked: released.then_some(false),
                ..Standing::default()
            };
            let user = people::stand(tx, app.ids(), environment, &user, standing, now).await?;
            let mut record = AuditRecord::new("User unlocked", "user", user.id.as_str())
                .severity(Severity::Medium)
                .from(&caller.from)
                .about_user(user.id.as_str(), user.email.as_deref());
            record.actor = Actor::User(user.id.to_string());
            record
                .write(tx, app.ids(), &scope_of(environment, &user), now)
                .await?;
            tell_released(tx, &app, environment, &user, now).await?;
            Ok(())
        })
        .await?;
    Ok(Done::OK)
}
