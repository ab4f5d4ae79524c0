//! What leaves the house: mail and text messages. Each way out has a recording twin, the [`Inbox`], which `dev` and the
//! tests read.

mod inbox;
mod message;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub use inbox::{Inbox, Letter, LetterKind};
pub use message::{Mail, MailTransport, Mailbox, MailboxFault, SendError, Sms, SmsTransport, header_text};

/// The ways out that the server itself has, for environments that have none of their own. Clones are cheap and share them.
#[derive(Clone, Default)]
pub struct Outbound(Arc<Inner>);

#[derive(Default)]
struct Inner {
    ways: Ways,
    closed: AtomicBool,
}

/// What [`Outbound`] is made of.
#[derive(Default)]
pub struct Ways {
    pub mail: Option<Arc<dyn MailTransport>>,
    pub sms: Option<Arc<dyn SmsTransport>>,
    /// Keeps what is sent where the ways above are absent.
    pub inbox: Option<Inbox>,
    /// Who mail comes from where a template does not say.
    pub from: Option<Mailbox>,
}

impl Outbound {
    #[must_use]
    pub fn new(ways: Ways) -> Self {
        Self(Arc::new(Inner {
            ways,
            closed: AtomicBool::new(false),
        }))
    }

    /// Nothing leaves; everything is kept in the inbox.
    #[must_use]
    pub fn recorded(inbox: Inbox) -> Self {
        Self::new(Ways {
            inbox: Some(inbox),
            ..Ways::default()
        })
    }

    /// The server's own way for mail, or the inbox.
    #[must_use]
    pub fn mail(&self) -> Option<Arc<dyn MailTransport>> {
        let inbox = || {
            self.0
                .ways
                .inbox
                .clone()
                .map(|inbox| Arc::new(inbox) as Arc<dyn MailTransport>)
        };
        self.0.ways.mail.clone().or_else(inbox)
    }

    /// The server's own way for text messages, or the inbox.
    #[must_use]
    pub fn sms(&self) -> Option<Arc<dyn SmsTransport>> {
        let inbox = || {
            self.0
                .ways
                .inbox
                .clone()
                .map(|inbox| Arc::new(inbox) as Arc<dyn SmsTransport>)
        };
        self.0.ways.sms.clone().or_else(inbox)
    }

    /// The recording twin, where there is one.
    #[must_use]
    pub fn inbox(&self) -> Option<&Inbox> {
        self.0.ways.inbox.as_ref()
    }

    /// Who mail comes from where a template does not say.
    #[must_use]
    pub fn from(&self) -> Option<&Mailbox> {
        self.0.ways.from.as_ref()
    }

    /// Has nothing more begun: the server stops.
    pub fn close(&self) {
        self.0.closed.store(true, Ordering::Relaxed);
    }

    /// Whether the server stops.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.0.closed.load(Ordering::Relaxed)
    }
}
