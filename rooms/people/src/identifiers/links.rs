//! Links that let a user in for the first time, or set a new password: made for the environment, which sends them itself.

use blocks::audit::Severity;
use blocks::one_time::{self, Bound, Ticket};
use db::{StoreError, Tx};
use environment::MailTemplate;
use kit::{EnvironmentId, Secret, UserId};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use web::{Created, EnvironmentCaller, Guard, Path, Problem, Routes, State, routes};

use super::errors::IdentifierError;
use crate::records;
use crate::room::People;

/// Activates a user. The subject is the user; the body names the `email` it was issued for and, where one was in force,
/// the `tenantId`.
pub const ACTIVATE_USER: Ticket = Ticket {
    purpose: "activate-user",
    seconds: 7 * 24 * 3600,
};

/// Sets a new password. Subject and body as for [`ACTIVATE_USER`].
pub const RESET_PASSWORD: Ticket = Ticket {
    purpose: "reset-password",
    seconds: 24 * 3600,
};

/// Ends the links that set a new password: whoever reads the mail of an address that the user has left shall not.
pub(crate) async fn void_resets(tx: &Tx, environment: &EnvironmentId, user: &str) -> Result<(), StoreError> {
    one_time::void(tx, environment, RESET_PASSWORD.purpose, user).await
}

/// A link and what it is made of.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct LinkView {
    /// The page that asks the user to go on, with user and token in its query.
    link: String,
    token: String,
    user_id: String,
}

pub(super) fn routes() -> Routes<People> {
    Routes::new()
        .on(Guard::environment(), routes!(generate_activation_token))
        .on(Guard::environment(), routes!(generate_password_reset_token))
}

async fn generate(
    room: &People,
    caller: EnvironmentCaller,
    id: String,
    ticket: Ticket,
    (template, action): (MailTemplate, &'static str),
) -> Result<Created<LinkView>, Problem> {
    let change = room.change_by_environment(&caller);
    let (token, user) = room
        .app
        .db()
        .write(async move |tx| {
            let environment = &change.scope.environment;
            let user = records::hold(tx, environment, &id)
                .await?
                .ok_or(IdentifierError::NoUser)?;
            let bound = Bound {
                environment,
                subject: user.id.as_str(),
                owner: user.id.as_str(),
            };
            let body = json!({"email": user.email, "tenantId": change.scope.tenant_id()});
            let token = ticket.issue(tx, &change.ids, &bound, &body, change.now).await?;
            let mut record = change.by.clone().severity(Severity::Medium);
            action.clone_into(&mut record.action);
            user.id.as_str().clone_into(&mut record.resource_id);
            records::audit(tx, &change.ids, &change.scope, record, &user, change.now).await?;
            Ok::<_, IdentifierError>((token, user.id))
        })
        .await?;
    let link = page_link(room, &caller.environment, template, &user, &token).await?;
    Ok(Created(LinkView {
        link,
        token: token.reveal().to_owned(),
        user_id: user.to_string(),
    }))
}

/// Where the link of a mail leads, on the environment's own host.
pub(crate) async fn page_link(
    room: &People,
    environment: &EnvironmentId,
    template: MailTemplate,
    user: &UserId,
    token: &Secret,
) -> Result<String, Problem> {
    let found = room.directory.by_id(environment.as_str()).await?;
    let base = found.map_or_else(String::new, |found| found.public_url.clone());
    // Neither ids nor tokens hold anything that a query would read differently.
    Ok(format!(
        "{}/oauth{}?userId={user}&token={}",
        base.trim_end_matches('/'),
        template.route().unwrap_or_default(),
        token.reveal()
    ))
}

/// Makes a link by which the user activates the account, instead of mailing one. Earlier ones stop working.
#[utoipa::path(post, path = "/identity/resources/users/v1/{userId}/links/generate-activation-token", tag = "Users",
    params(("userId" = String, Path, description = "Id of the user")),
    responses((status = 201, body = LinkView), (status = 404, description = "No such user")))]
async fn generate_activation_token(
    State(room): State<People>,
    caller: EnvironmentCaller,
    Path(id): Path<String>,
) -> Result<Created<LinkView>, Problem> {
    let words = (MailTemplate::ActivateUser, "Activation link generated");
    generate(&room, caller, id, ACTIVATE_USER, words).await
}

/// Makes a link by which the user chooses a new password, instead of mailing one. Earlier ones stop working.
#[utoipa::path(post, path = "/identity/resources/users/v1/{userId}/links/generate-password-reset-token", tag = "Users",
    params(("userId" = String, Path, description = "Id of the user")),
    responses((status = 201, body = LinkView), (status = 404, description = "No such user")))]
async fn generate_password_reset_token(
    State(room): State<People>,
    caller: EnvironmentCaller,
    Path(id): Path<String>,
) -> Result<Created<LinkView>, Problem> {
    let words = (MailTemplate::ResetPassword, "Password reset link generated");
    generate(&room, caller, id, RESET_PASSWORD, words).await
}
