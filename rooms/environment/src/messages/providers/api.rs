//! Routes of the environment's own ways of sending.

use blocks::audit::AuditRecord;
use web::{Body, Created, Done, EnvironmentCaller, Guard, Json, Problem, Routes, State, routes};

use super::super::Channel;
use super::domain::{self, Change, ProviderError};
use super::model::{MailProvider, MailWay, MailWayBody, MailWayView, SendgridSecret, SmsWay, SmsWayView};
use crate::room::EnvironmentRoom;

pub(crate) fn routes() -> Routes<EnvironmentRoom> {
    Routes::new()
        .on(Guard::environment(), routes!(read_mail_provider))
        .on(Guard::environment(), routes!(write_sendgrid))
        .on(Guard::environment(), routes!(write_mail_provider))
        .on(Guard::environment(), routes!(delete_mail_provider))
        .on(Guard::environment(), routes!(read_sms_provider))
        .on(Guard::environment(), routes!(write_sms_provider))
        .on(Guard::environment(), routes!(delete_sms_provider))
}

impl From<ProviderError> for Problem {
    fn from(error: ProviderError) -> Self {
        match error {
            ProviderError::Faults(sentences) => Self::faults(sentences),
            ProviderError::NotFound => Self::not_found(error.to_string()),
            ProviderError::Store(error) => error.into(),
        }
    }
}

fn change(room: &EnvironmentRoom, caller: &EnvironmentCaller) -> Change {
    Change {
        environment: caller.environment.clone(),
        app: room.app.clone(),
        now: room.app.now(),
        by: AuditRecord::new("", "messageProvider", "").by_environment(caller),
    }
}

/// The environment's own provider of mail, its secret included.
#[utoipa::path(get, path = "/identity/resources/mail/v1/configurations", tag = "Email configuration",
    responses((status = 200, body = MailWayView), (status = 404, description = "The server's own way is used")))]
async fn read_mail_provider(
    State(room): State<EnvironmentRoom>,
    caller: EnvironmentCaller,
) -> Result<Json<MailWayView>, Problem> {
    let (app, environment) = (room.app.clone(), caller.environment.clone());
    let found = room
        .app
        .db()
        .read(async move |tx| domain::read::<MailWay>(tx, app.sealing(), &environment, Channel::Mail).await)
        .await?;
    let (way, created_at, updated_at) = found.ok_or(ProviderError::NotFound)?;
    Ok(Json(MailWayView::of(way, created_at, updated_at)))
}

/// Sends the environment's mail through SendGrid.
#[utoipa::path(post, path = "/identity/resources/mail/v1/configurations", tag = "Email configuration",
    request_body = SendgridSecret, responses((status = 201, description = "Written")))]
async fn write_sendgrid(
    State(room): State<EnvironmentRoom>,
    caller: EnvironmentCaller,
    Body(body): Body<SendgridSecret>,
) -> Result<Done, Problem> {
    let way = MailWay {
        provider: MailProvider::Sendgrid,
        secret: body.secret,
        id: String::new(),
        region: String::new(),
        domain: String::new(),
    };
    write_mail(&room, &caller, way).await
}

/// Sends the environment's mail through SendGrid, Mailgun or Amazon SES.
#[utoipa::path(post, path = "/identity/resources/mail/v2/configurations", tag = "Email configuration",
    request_body = MailWayBody, responses((status = 201, description = "Written")))]
async fn write_mail_provider(
    State(room): State<EnvironmentRoom>,
    caller: EnvironmentCaller,
    Body(body): Body<MailWayBody>,
) -> Result<Done, Problem> {
    write_mail(&room, &caller, body.payload).await
}

async fn write_mail(
    room: &EnvironmentRoom,
    caller: &EnvironmentCaller,
    way: MailWay,
) -> Result<Done, Problem> {
    let way = way.settled();
    let faults = way.faults(room.app.outbound().allows_aws_roles());
    if !faults.is_empty() {
        return Err(ProviderError::Faults(faults).into());
    }
    let change = change(room, caller);
    room.app
        .db()
        .write(async move |tx| domain::write(tx, &change, Channel::Mail, way.provider.word(), &way).await)
        .await?;
    Ok(Done::CREATED)
}

/// Forgets the environment's own provider of mail.
#[utoipa::path(delete, path = "/identity/resources/mail/v1/configurations", tag = "Email configuration",
    responses((status = 200, description = "Forgotten"), (status = 404, description = "There was none")))]
async fn delete_mail_provider(
    State(room): State<EnvironmentRoom>,
    caller: EnvironmentCaller,
) -> Result<Done, Problem> {
    remove(&room, &caller, Channel::Mail).await
}

async fn remove(
    room: &EnvironmentRoom,
    caller: &EnvironmentCaller,
    channel: Channel,
) -> Result<Done, Problem> {
    let change = change(room, caller);
    room.app
        .db()
        .write(async move |tx| domain::remove(tx, &change, channel).await)
        .await?;
    Ok(Done::OK)
}

/// The environment's own provider of text messages, its token included.
#[utoipa::path(get, path = "/identity/resources/configurations/v1/sms", tag = "SMS configuration",
    responses((status = 200, body = SmsWayView), (status = 404, description = "The server's own way is used")))]
async fn read_sms_provider(
    State(room): State<EnvironmentRoom>,
    caller: EnvironmentCaller,
) -> Result<Json<SmsWayView>, Problem> {
    let (app, environment) = (room.app.clone(), caller.environment.clone());
    let found = room
        .app
        .db()
        .read(async move |tx| domain::read::<SmsWay>(tx, app.sealing(), &environment, Channel::Sms).await)
        .await?;
    let (way, created_at, updated_at) = found.ok_or(ProviderError::NotFound)?;
    Ok(Json(SmsWayView {
        way,
        created_at,
        updated_at,
    }))
}

/// Sends the environment's text messages through Twilio.
#[utoipa::path(post, path = "/identity/resources/configurations/v1/sms", tag = "SMS configuration",
    request_body = SmsWay, responses((status = 201, body = SmsWayView)))]
async fn write_sms_provider(
    State(room): State<EnvironmentRoom>,
    caller: EnvironmentCaller,
    Body(way): Body<SmsWay>,
) -> Result<Created<SmsWayView>, Problem> {
    let way = way.settled();
    let faults = way.faults();
    if !faults.is_empty() {
        return Err(ProviderError::Faults(faults).into());
    }
    let (change, written) = (change(&room, &caller), way.clone());
    let (created_at, updated_at) = room
        .app
        .db()
        .write(async move |tx| domain::write(tx, &change, Channel::Sms, "twilio", &written).await)
        .await?;
    Ok(Created(SmsWayView {
        way,
        created_at,
        updated_at,
    }))
}

/// Forgets the environment's own provider of text messages.
#[utoipa::path(delete, path = "/identity/resources/configurations/v1/sms", tag = "SMS configuration",
    responses((status = 200, description = "Forgotten"), (status = 404, description = "There was none")))]
async fn delete_sms_provider(
    State(room): State<EnvironmentRoom>,
    caller: EnvironmentCaller,
) -> Result<Done, Problem> {
    remove(&room, &caller, Channel::Sms).await
}
