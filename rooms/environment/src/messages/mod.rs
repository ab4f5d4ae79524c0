//! Mail and text messages: their kinds, their templates, the environment's own way of sending them, and the queue they
//! leave through.
//!
//! A flow says what happened and to whom, in the transaction of the change; the wording and the sending are decided here:
//!
//! ```text
//! let order = MailOrder::new(MailTemplate::ResetPassword, &user.email)
//!     .with("name", user.name.as_str())
//!     .link("userId", &user.id)
//!     .link("token", ticket.reveal());
//! environment::send_mail(tx, &app, &scope, &order, now).await?;
//! ```

mod defaults;
mod kinds;
mod order;
mod plain;
mod providers;
mod queue;
mod render;
mod templates;

pub use kinds::{MailTemplate, SmsTemplate};
pub(crate) use order::can_text;
pub use order::{MailOrder, Posted, SmsOrder, can_mail, send_mail, send_sms};
pub use queue::{Delivery, MessageSink};

/// The routes of this folder.
pub(crate) fn routes() -> web::Routes<crate::room::EnvironmentRoom> {
    templates::routes().and(providers::routes())
}

/// How a message travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Channel {
    Mail,
    Sms,
}

impl Channel {
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        [Self::Mail, Self::Sms]
            .into_iter()
            .find(|channel| channel.word() == word)
    }

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Sms => "sms",
        }
    }
}
