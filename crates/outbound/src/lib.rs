//! What leaves the house: mail, text messages, and calls over HTTP. Each way out has a recording twin, the [`Inbox`], which `dev` and the
//! tests read.

mod breach;
mod captcha;
mod http;
mod inbox;
mod message;
mod net;
mod providers;
mod ses;
mod smtp;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use kit::Clock;

pub use breach::LeakLists;
pub use captcha::{Captcha, CaptchaFault, CaptchaVerdict};
pub use http::{Call, CallError, Http, Reply};
pub use inbox::{Inbox, Letter, LetterKind};
pub use message::{
    Mail, MailTransport, Mailbox, MailboxFault, SendError, Sms, SmsTransport, header_text, in_time, pause,
};
pub use providers::{Endpoints, Mailgun, SendGrid, SmsHook, Twilio};
pub use ses::{AwsKeys, AwsRole, AwsSurroundings, Ses, SesKeys, Taken};
pub use smtp::Smtp;

/// The ways out that the server itself has, for environments that have none of their own. Clones are cheap and share them.
#[derive(Clone, Default)]
pub struct Outbound(Arc<Inner>);

#[derive(Default)]
struct Inner {
    ways: Ways,
    http: OnceLock<Http>,
    captcha: OnceLock<Captcha>,
    role: OnceLock<AwsRole>,
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
    /// Whether calls may go to private addresses.
    pub private: bool,
    /// Where the providers are.
    pub endpoints: Endpoints,
    /// What is asked about leaked passwords.
    pub leaks: LeakLists,
    /// Where captchas are judged instead of at the provider's.
    pub captcha: Option<String>,
    /// What the process was told about its AWS credentials.
    pub aws: AwsSurroundings,
}

impl Outbound {
    #[must_use]
    pub fn new(ways: Ways) -> Self {
        Self(Arc::new(Inner {
            ways,
            ..Inner::default()
        }))
    }

    /// Nothing leaves, not even to the provider of an environment; the rest is kept in the inbox.
    #[must_use]
    pub fn recorded(inbox: Inbox) -> Self {
        Self::new(Ways {
            inbox: Some(inbox),
            endpoints: Endpoints::nowhere(),
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

    /// The client for calls to others.
    #[must_use]
    pub fn http(&self) -> &Http {
        self.0.http.get_or_init(|| Http::new(self.0.ways.private))
    }

    /// The service that judges captchas.
    #[must_use]
    pub fn captcha(&self) -> &Captcha {
        self.0.captcha.get_or_init(|| match &self.0.ways.captcha {
            // The operator's own service may well be on a private address.
            Some(url) => Captcha::new(Http::new(true), url.clone()),
            None => Captcha::new(self.http().clone(), self.0.ways.endpoints.captcha.clone()),
        })
    }

    /// Where the providers are.
    #[must_use]
    pub fn endpoints(&self) -> &Endpoints {
        &self.0.ways.endpoints
    }

    /// What is asked about leaked passwords.
    #[must_use]
    pub fn leaks(&self) -> &LeakLists {
        &self.0.ways.leaks
    }

    /// Whether environments may send with roles that this server's AWS identity takes on for them.
    #[must_use]
    pub fn allows_aws_roles(&self) -> bool {
        self.0.ways.aws.allowed
    }

    /// The role that the machine has in AWS.
    #[must_use]
    pub fn aws_role(&self, clock: &Arc<dyn Clock>) -> &AwsRole {
        self.0.role.get_or_init(|| {
            AwsRole::new(
                self.0.ways.aws.clone(),
                self.0.ways.endpoints.clone(),
                Arc::clone(clock),
            )
        })
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
