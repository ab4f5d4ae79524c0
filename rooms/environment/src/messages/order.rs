//! Ordering a message, in the transaction of what it tells about.

use std::fmt;

use blocks::outbox;
use db::{StoreError, Tx};
use kit::{EnvironmentId, Millis, Scope};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use web::App;

use super::{Channel, MailTemplate, SmsTemplate, providers, templates};

/// The outbox topic of messages.
pub(crate) const TOPIC: &str = "messages";
/// Most bytes of what fills a template, metadata of callers included.
const LARGEST: usize = 64 * 1024;

/// A mail to be sent. What fills it is sealed before it is stored, and `Debug` does not show it.
#[derive(Clone)]
pub struct MailOrder {
    pub template: MailTemplate,
    /// One address.
    pub to: String,
    contents: Contents,
}

/// A text message to be sent.
#[derive(Clone)]
pub struct SmsOrder {
    pub template: SmsTemplate,
    /// In international form, `+` and digits.
    pub to: String,
    contents: Contents,
}

/// What fills a template.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Contents {
    pub(crate) variables: Map<String, Value>,
    /// What the link carries after its `?`, in order.
    pub(crate) query: Vec<(String, String)>,
    /// Where the application is, when it is not the environment's usual place.
    pub(crate) application: Option<Application>,
}

/// What a link pattern may name of an application.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Application {
    pub(crate) id: String,
    pub(crate) app_url: String,
    pub(crate) login_url: String,
}

/// A message as the outbox carries it.
#[derive(Serialize, Deserialize)]
pub(crate) struct Parcel {
    pub(crate) tenant_id: String,
    pub(crate) channel: Channel,
    pub(crate) template: String,
    pub(crate) to: String,
    /// Part of the place that the contents are sealed for.
    pub(crate) seal: String,
    pub(crate) sealed: String,
}

/// What became of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Posted {
    /// It leaves once the transaction is on disk.
    Queued,
    /// The environment has switched this message off.
    Inactive,
    /// Neither the environment nor the server has a way to send it.
    NoWay,
    /// The receiver is none that can be written to.
    Undeliverable,
}

impl MailOrder {
    #[must_use]
    pub fn new(template: MailTemplate, to: &str) -> Self {
        Self {
            template,
            to: to.to_owned(),
            contents: Contents::default(),
        }
    }

    /// A variable: `{{name}}` in the template. Objects are reached by dotted paths.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.contents.variables.insert(name.to_owned(), value.into());
        self
    }

    /// Something the link carries: `?name=value` after the template's address. The link itself is `{{redirectURL}}`.
    #[must_use]
    pub fn link(mut self, name: &str, value: &str) -> Self {
        self.contents.query.push((name.to_owned(), value.to_owned()));
        self
    }

    /// `{{expires}}`: how long code or link can be used, as people say it.
    #[must_use]
    pub fn expires_in(self, seconds: i64) -> Self {
        self.with("expires", duration(seconds))
    }

    /// The application that the link leads to: its id, its own address, and the address of its login page.
    #[must_use]
    pub fn application(mut self, id: &str, app_url: &str, login_url: &str) -> Self {
        self.contents.application = Some(Application {
            id: id.to_owned(),
            app_url: app_url.to_owned(),
            login_url: login_url.to_owned(),
        });
        self
    }
}

impl SmsOrder {
    #[must_use]
    pub fn new(template: SmsTemplate, to: &str) -> Self {
        Self {
            template,
            to: to.to_owned(),
            contents: Contents::default(),
        }
    }

    /// A variable: `{{code}}` in the template.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.contents.variables.insert(name.to_owned(), value.into());
        self
    }

    /// `{{expires}}`: how long the code can be used.
    #[must_use]
    pub fn expires_in(self, seconds: i64) -> Self {
        self.with("expires", duration(seconds))
    }
}

impl fmt::Debug for MailOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MailOrder({})", self.template.word())
    }
}

impl fmt::Debug for SmsOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SmsOrder({})", self.template.word())
    }
}

fn duration(seconds: i64) -> String {
    let (count, unit) = match seconds {
        s if s >= 86_400 && s % 86_400 == 0 => (s / 86_400, "day"),
        s if s >= 3_600 && s % 3_600 == 0 => (s / 3_600, "hour"),
        s if s >= 60 => (s / 60, "minute"),
        s => (s, "second"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// Orders a mail in the transaction of what it tells about; it leaves after the commit, or not at all. Never fails because
/// of the receiver, the template or the provider: the answer says what became of it.
///
/// # Errors
/// When storage fails.
pub async fn send_mail(
    tx: &Tx,
    app: &App,
    scope: &Scope,
    order: &MailOrder,
    now: Millis,
) -> Result<Posted, StoreError> {
    let Ok(to) = kit::email_key(&order.to) else {
        return Ok(Posted::Undeliverable);
    };
    let template = order.template.word();
    post(
        tx,
        app,
        scope,
        (Channel::Mail, template, to),
        &order.contents,
        now,
    )
    .await
}

/// The same for a text message.
///
/// # Errors
/// When storage fails.
pub async fn send_sms(
    tx: &Tx,
    app: &App,
    scope: &Scope,
    order: &SmsOrder,
    now: Millis,
) -> Result<Posted, StoreError> {
    let Some(to) = kit::phone_key(&order.to) else {
        return Ok(Posted::Undeliverable);
    };
    let template = order.template.word();
    post(tx, app, scope, (Channel::Sms, template, to), &order.contents, now).await
}

async fn post(
    tx: &Tx,
    app: &App,
    scope: &Scope,
    (channel, template, to): (Channel, &'static str, String),
    contents: &Contents,
    now: Millis,
) -> Result<Posted, StoreError> {
    if !templates::is_active(tx, &scope.environment, channel, template).await? {
        return Ok(Posted::Inactive);
    }
    if !has_way(tx, app, &scope.environment, channel).await? {
        tracing::warn!(environment = %scope.environment, channel = channel.word(), template,
            "a message was not sent: neither the environment nor the server has a way to send it");
        return Ok(Posted::NoWay);
    }
    let text = serde_json::to_vec(contents).map_err(StoreError::other)?;
    if text.len() > LARGEST {
        tracing::warn!(environment = %scope.environment, template, "a message was not sent: what fills it is too large");
        return Ok(Posted::Undeliverable);
    }
    let seal = app.ids().v4();
    let sealed = app.sealing().seal(&text, &place(&scope.environment, &seal));
    let parcel = Parcel {
        tenant_id: scope.tenant_id().to_owned(),
        channel,
        template: template.to_owned(),
        to,
        seal,
        sealed,
    };
    outbox::put(tx, app.ids(), &scope.environment, TOPIC, &parcel, now).await?;
    Ok(Posted::Queued)
}

/// What the contents of a message are sealed for.
pub(crate) fn place(environment: &EnvironmentId, seal: &str) -> String {
    format!("messages/{environment}/{seal}")
}

/// Whether there is a way to send mail from an environment.
///
/// # Errors
/// When storage fails.
pub async fn can_mail(tx: &Tx, app: &App, environment: &EnvironmentId) -> Result<bool, StoreError> {
    has_way(tx, app, environment, Channel::Mail).await
}

/// Whether the environment can send text messages at all: its own provider or the server's.
///
/// # Errors
/// When storage fails.
pub(crate) async fn can_text(tx: &Tx, app: &App, environment: &EnvironmentId) -> Result<bool, StoreError> {
    has_way(tx, app, environment, Channel::Sms).await
}

async fn has_way(
    tx: &Tx,
    app: &App,
    environment: &EnvironmentId,
    channel: Channel,
) -> Result<bool, StoreError> {
    let own = match channel {
        Channel::Mail => app.outbound().mail().is_some(),
        Channel::Sms => app.outbound().sms().is_some(),
    };
    Ok(own || providers::exists(tx, environment, channel).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_do_not_show_what_they_carry() {
        let order = MailOrder::new(MailTemplate::Otc, "ann@example.com").with("code", "123456");
        assert_eq!(format!("{order:?}"), "MailOrder(OTC)");
    }

    #[test]
    fn durations_are_said_in_the_largest_unit_that_fits() {
        for (seconds, said) in [
            (45, "45 seconds"),
            (60, "1 minute"),
            (300, "5 minutes"),
            (5_400, "90 minutes"),
            (86_400, "1 day"),
            (7_200, "2 hours"),
        ] {
            assert_eq!(duration(seconds), said);
        }
    }
}
