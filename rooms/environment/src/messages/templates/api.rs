//! Routes of the templates of mail and text messages.

use blocks::audit::AuditRecord;
use db::StoreError;
use web::{
    Body, Created, Done, EnvironmentCaller, Guard, Json, Params, Path, Problem, Routes, State, routes,
};

use super::super::render::Surroundings;
use super::super::{Channel, MailTemplate, SmsTemplate};
use super::domain::{self, Change, TemplateError};
use super::model::{
    MailTemplateChanges, MailTemplateView, SmsTemplateChanges, SmsTemplateView, StoredTemplate,
};
use crate::room::EnvironmentRoom;

/// A body holds an HTML part of a million characters, of up to four bytes and escaped.
const LARGEST_BODY: usize = 8 * 1024 * 1024;

pub(crate) fn routes() -> Routes<EnvironmentRoom> {
    Routes::new()
        .on(Guard::environment(), routes!(list_mail_templates))
        .on_large(Guard::environment(), LARGEST_BODY, routes!(write_mail_template))
        .on(Guard::environment(), routes!(delete_mail_template))
        .on(Guard::environment(), routes!(read_default_mail_template))
        .on(Guard::environment(), routes!(list_sms_templates))
        .on(Guard::environment(), routes!(list_default_sms_templates))
        .on(Guard::environment(), routes!(read_sms_template))
        .on(Guard::environment(), routes!(write_sms_template))
        .on(Guard::environment(), routes!(delete_sms_template))
        .on(Guard::environment(), routes!(read_default_sms_template))
}

impl From<TemplateError> for Problem {
    fn from(error: TemplateError) -> Self {
        match error {
            TemplateError::Faults(sentences) => Self::faults(sentences),
            TemplateError::NotFound => Self::not_found(error.to_string()),
            TemplateError::Store(error) => error.into(),
        }
    }
}

fn change(room: &EnvironmentRoom, caller: &EnvironmentCaller) -> Change {
    Change {
        environment: caller.environment.clone(),
        ids: room.app.ids().clone(),
        now: room.app.now(),
        by: AuditRecord::new("", "messageTemplate", "").by_environment(caller),
    }
}

fn judged(faults: Vec<String>) -> Result<(), TemplateError> {
    if faults.is_empty() {
        Ok(())
    } else {
        Err(TemplateError::Faults(faults))
    }
}

fn mail_kind(word: &str) -> Result<MailTemplate, Problem> {
    MailTemplate::from_word(word).ok_or_else(|| {
        let words: Vec<&str> = MailTemplate::ALL.iter().map(|kind| kind.word()).collect();
        Problem::bad_request(format!(
            "type must be one of the following values: {}",
            words.join(", ")
        ))
    })
}

fn sms_kind(word: &str) -> Result<SmsTemplate, Problem> {
    SmsTemplate::from_word(word).ok_or_else(|| {
        let words: Vec<&str> = SmsTemplate::ALL.iter().map(|kind| kind.word()).collect();
        Problem::bad_request(format!(
            "type must be one of the following values: {}",
            words.join(", ")
        ))
    })
}

async fn surroundings(room: &EnvironmentRoom, caller: &EnvironmentCaller) -> Result<Surroundings, Problem> {
    let known = room.directory.known(caller.environment.as_str()).await?;
    let known = known.ok_or(StoreError::NoRow)?;
    Ok(Surroundings::of(&known.profile, room.app.outbound().from()))
}

/// Every mail template, or the one of a type; what was never written shows its default.
#[utoipa::path(get, path = "/identity/resources/mail/v1/configs/templates", tag = "Email templates",
    params(("type" = Option<MailTemplate>, Query, description = "The one type that is wanted")),
    responses((status = 200, body = Vec<MailTemplateView>)))]
async fn list_mail_templates(
    State(room): State<EnvironmentRoom>,
    caller: EnvironmentCaller,
    params: Params,
) -> Result<Json<Vec<MailTemplateView>>, Problem> {
    let wanted = params.text("type").map(mail_kind).transpose()?;
    let surroundings = surroundings(&room, &caller).await?;
    let environment = caller.environment.clone();
    let stored = room
        .app
        .db()
        .read(async move |tx| match wanted {
            Some(kind) => Ok(domain::find(tx, &environment, Channel::Mail, kind.word())
                .await?
                .into_iter()
                .collect()),
            None => domain::all(tx, &environment, Channel::Mail).await,
        })
        .await?;
    let wanted = |kind: &MailTemplate| wanted.is_none_or(|wanted| wanted == *kind);
    let kinds = MailTemplate::ALL.iter().copied().filter(|kind| wanted(kind));
    let views = kinds.map(|kind| {
        let own = stored.iter().find(|stored| stored.kind == kind.word());
        let own = own
            .map(|own| Ok::<_, StoreError>((own, own.read()?)))
            .transpose()?;
        Ok(MailTemplateView::of(kind, own, &surroundings))
    });
    Ok(Json(views.collect::<Result<_, StoreError>>()?))
}

/// Writes the template of a type; members left out stay as they are.
#[utoipa::path(post, path = "/identity/resources/mail/v1/configs/templates", tag = "Email templates",
    request_body = MailTemplateChanges,
    responses((status = 201, description = "Written"), (status = 400, description = "It could not be sent")))]
async fn write_mail_template(
    State(room): State<EnvironmentRoom>,
    caller: EnvironmentCaller,
    Body(changes): Body<MailTemplateChanges>,
) -> Result<Done, Problem> {
    judged(changes.faults())?;
    let change = change(&room, &caller);
    room.app
        .db()
        .write(async move |tx| domain::write_mail(tx, &change, &changes).await)
        .await?;
    Ok(Done::CREATED)
}

/// Restores the default of a template, named by its id or its type.
#[utoipa::path(delete, path = "/identity/resources/mail/v1/configs/templates/{templateId}", tag = "Email templates",
    params(("templateId" = String, Path, description = "Id or type of the template")),
    responses((status = 200, description = "Restored"), (status = 404, description = "No such template")))]
async fn delete_mail_template(
    State(room): State<EnvironmentRoom>,
    caller: EnvironmentCaller,
    Path(template): Path<String>,
) -> Result<Done, Problem> {
    remove(&room, &caller, Channel::Mail, template).await
}

async fn remove(
    room: &EnvironmentRoom,
    caller: &EnvironmentCaller,
    channel: Channel,
    template: String,
) -> Result<Done, Problem> {
    let change = change(room, caller);
    room.app
        .db()
        .write(async move |tx| domain::remove(tx, &change, channel, &template).await)
        .await?;
    Ok(Done::OK)
}

/// The default of a type, whatever is in force.
#[utoipa::path(get, path = "/identity/resources/mail/v1/configs/{type}/default", tag = "Email templates",
    params(("type" = MailTemplate, Path, description = "Type of the template")),
    responses((status = 200, body = MailTemplateView), (status = 400, description = "No such type")))]
async fn read_default_mail_template(
    State(room): State<EnvironmentRoom>,
    caller: EnvironmentCaller,
    Path(word): Path<String>,
) -> Result<Json<MailTemplateView>, Problem> {
    let kind = mail_kind(&word)?;
    let surroundings = surroundings(&room, &caller).await?;
    Ok(Json(MailTemplateView::of(kind, None, &surroundings)))
}

fn sms_views(stored: &[StoredTemplate]) -> Result<Vec<SmsTemplateView>, StoreError> {
    let view = |kind: &SmsTemplate| {
        let own = stored.iter().find(|stored| stored.kind == kind.word());
        let own = own
            .map(|own| Ok::<_, StoreError>((own, own.read()?)))
            .transpose()?;
        Ok(SmsTemplateView::of(*kind, own))
    };
    SmsTemplate::ALL.iter().map(view).collect()
}

/// Every text-message template; what was never written shows its default.
#[utoipa::path(get, path = "/identity/resources/configurations/v1/sms/templates", tag = "SMS templates",
    responses((status = 200, body = Vec<SmsTemplateView>)))]
async fn list_sms_templates(
    State(room): State<EnvironmentRoom>,
    caller: EnvironmentCaller,
) -> Result<Json<Vec<SmsTemplateView>>, Problem> {
    let environment = caller.environment.clone();
    let stored = room
        .app
        .db()
        .read(async move |tx| domain::all(tx, &environment, Channel::Sms).await)
        .await?;
    Ok(Json(sms_views(&stored)?))
}

/// The defaults of every text message.
#[utoipa::path(get, path = "/identity/resources/configurations/v1/sms/templates/default/all", tag = "SMS templates",
    responses((status = 200, body = Vec<SmsTemplateView>)))]
async fn list_default_sms_templates(_: EnvironmentCaller) -> Result<Json<Vec<SmsTemplateView>>, Problem> {
    Ok(Json(sms_views(&[])?))
}

/// The text-message template of a type.
#[utoipa::path(get, path = "/identity/resources/configurations/v1/sms/templates/{type}", tag = "SMS templates",
    params(("type" = SmsTemplate, Path, description = "Type of the template")),
    responses((status = 200, body = SmsTemplateView), (status = 400, description = "No such type")))]
async fn read_sms_template(
    State(room): State<EnvironmentRoom>,
    caller: EnvironmentCaller,
    Path(word): Path<String>,
) -> Result<Json<SmsTemplateView>, Problem> {
    let kind = sms_kind(&word)?;
    let environment = caller.environment.clone();
    let stored = room
        .app
        .db()
        .read(async move |tx| domain::find(tx, &environment, Channel::Sms, kind.word()).await)
        .await?;
    let own = stored
        .as_ref()
        .map(|own| Ok::<_, StoreError>((own, own.read()?)))
        .transpose()?;
    Ok(Json(SmsTemplateView::of(kind, own)))
}

/// Writes the text-message template of a type; members left out stay as they are.
#[utoipa::path(post, path = "/identity/resources/configurations/v1/sms/templates/{type}", tag = "SMS templates",
    params(("type" = SmsTemplate, Path, description = "Type of the template")),
    request_body = SmsTemplateChanges,
    responses((status = 201, body = SmsTemplateView), (status = 400, description = "It could not be sent")))]
async fn write_sms_template(
    State(room): State<EnvironmentRoom>,
    caller: EnvironmentCaller,
    Path(word): Path<String>,
    Body(changes): Body<SmsTemplateChanges>,
) -> Result<Created<SmsTemplateView>, Problem> {
    let kind = sms_kind(&word)?;
    judged(changes.faults())?;
    let change = change(&room, &caller);
    let stored = room
        .app
        .db()
        .write(async move |tx| domain::write_sms(tx, &change, kind, &changes).await)
        .await?;
    let text = stored.read()?;
    Ok(Created(SmsTemplateView::of(kind, Some((&stored, text)))))
}

/// Restores the default of a text message, named by its type or its id.
#[utoipa::path(delete, path = "/identity/resources/configurations/v1/sms/templates/{type}", tag = "SMS templates",
    params(("type" = String, Path, description = "Type or id of the template")),
    responses((status = 200, description = "Restored"), (status = 404, description = "No such template")))]
async fn delete_sms_template(
    State(room): State<EnvironmentRoom>,
    caller: EnvironmentCaller,
    Path(word): Path<String>,
) -> Result<Done, Problem> {
    remove(&room, &caller, Channel::Sms, word).await
}

/// The default of a text message, whatever is in force.
#[utoipa::path(get, path = "/identity/resources/configurations/v1/sms/templates/{type}/default", tag = "SMS templates",
    params(("type" = SmsTemplate, Path, description = "Type of the template")),
    responses((status = 200, body = SmsTemplateView), (status = 400, description = "No such type")))]
async fn read_default_sms_template(
    _: EnvironmentCaller,
    Path(word): Path<String>,
) -> Result<Json<SmsTemplateView>, Problem> {
    Ok(Json(SmsTemplateView::of(sms_kind(&word)?, None)))
}
