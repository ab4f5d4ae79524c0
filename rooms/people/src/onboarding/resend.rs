//! `POST /team/resources/members/v1/{userId}/resendActivationEmail`: an administrator has the mail sent once more that lets
//! a member in.

use blocks::throttle;
use db::Tx;
use web::{AnyCaller, Done, Guard, Need, Path, Problem, Routes, State, routes};

use super::is_waiting;
use super::mailer::{Inviter, Mailer};
use crate::members;
use crate::records;
use crate::room::{Change, People};
use crate::users::{UserError, note};

pub(super) fn routes() -> Routes<People> {
    let resend = Guard::environment_or_user(Need::Permission("fe.secure.write.resendActivationEmail"));
    Routes::new().on(resend.with_tenant(), routes!(resend_activation_email))
}

/// Mails a member who has not come in yet once more: the activation to whom has not activated the account, the invitation to
/// whom has not accepted it. Earlier links and codes stop working.
#[utoipa::path(post, path = "/team/resources/members/v1/{userId}/resendActivationEmail", tag = "Team",
    params(("userId" = String, Path, description = "Id of the user"),
        ("frontegg-tenant-id" = Option<String>, Header, description = "The tenant; with an environment token")),
    responses((status = 201, description = "Sent; the body is empty"), (status = 404, description = "No such member"),
        (status = 409, description = "The member is in already")))]
async fn resend_activation_email(
    State(room): State<People>,
    caller: AnyCaller,
    Path(id): Path<String>,
) -> Result<Done, Problem> {
    let (change, mailer, asked) = (room.change_by(&caller), room.mailer.clone(), id.clone());
    room.app
        .db()
        .read({
            let change = change.clone();
            async move |tx| waiting(tx, &change, &asked).await.map(drop)
        })
        .await?;
    let who = format!("activation {id}");
    throttle::send(
        room.app.db(),
        &room.limits,
        &change.scope.environment,
        &who,
        change.now,
    )
    .await?;
    room.app
        .db()
        .write(async move |tx| again(tx, &change, &mailer, &id).await)
        .await?;
    Ok(Done::CREATED)
}

/// The membership of somebody who has not come in yet.
async fn waiting(tx: &Tx, change: &Change, id: &str) -> Result<records::Membership, UserError> {
    let environment = &change.scope.environment;
    let user = records::user_by_id(tx, environment, id)
        .await?
        .ok_or(UserError::NotFound)?;
    let membership = records::membership(tx, &change.scope, &user.id)
        .await?
        .ok_or(UserError::NotFound)?;
    if is_waiting(&user, &membership) {
        Ok(membership)
    } else {
        Err(UserError::InAlready)
    }
}

async fn again(tx: &Tx, change: &Change, mailer: &Mailer, id: &str) -> Result<(), UserError> {
    let user = members::held(tx, change, id).await?;
    let membership = waiting(tx, change, id).await?;
    let issuer = change.issuer(tx).await?;
    let inviter = Inviter {
        user: issuer.as_ref(),
        metadata: None,
    };
    mailer
        .welcome(tx, &change.scope, (&user, &membership), inviter, change.now)
        .await?;
    note(tx, change, "Invitation sent again", None, Some(&user)).await?;
    Ok(())
}
