//! Mail and text messages through the interfaces of providers.

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kit::Secret;
use serde_json::json;
use url::form_urlencoded;

use crate::http::{Call, CallError, Http, Reply};
use crate::message::{Mail, MailTransport, SendError, Sms, SmsTransport};

/// Where the providers are; tests put others in their place.
#[derive(Clone, Debug)]
pub struct Endpoints {
    pub sendgrid: String,
    pub mailgun_us: String,
    pub mailgun_eu: String,
    /// `{region}` stands for the region.
    pub ses: String,
    pub sts: String,
    pub twilio: String,
    pub captcha: String,
    /// Where machines of the cloud ask for their own credentials.
    pub instance: String,
}

impl Default for Endpoints {
    fn default() -> Self {
        Self {
            sendgrid: "https://api.sendgrid.com".to_owned(),
            mailgun_us: "https://api.mailgun.net".to_owned(),
            mailgun_eu: "https://api.eu.mailgun.net".to_owned(),
            ses: "https://email.{region}.amazonaws.com".to_owned(),
            sts: "https://sts.{region}.amazonaws.com".to_owned(),
            twilio: "https://api.twilio.com".to_owned(),
            captcha: "https://www.google.com/recaptcha/api/siteverify".to_owned(),
            instance: "http://169.254.169.254".to_owned(),
        }
    }
}

impl Endpoints {
    /// Providers that nothing reaches: a private address, which is refused before anything is sent. Only the sources of AWS
    /// credentials are called at private addresses, and there nobody listens at this one.
    #[must_use]
    pub fn nowhere() -> Self {
        let nowhere = || "http://127.0.0.1:9".to_owned();
        Self {
            sendgrid: nowhere(),
            mailgun_us: nowhere(),
            mailgun_eu: nowhere(),
            ses: nowhere(),
            sts: nowhere(),
            twilio: nowhere(),
            captcha: nowhere(),
            instance: nowhere(),
        }
    }
}

/// What an answer means. The body is not repeated: it may name the receiver.
pub(crate) fn judged(who: &str, reply: Result<Reply, CallError>) -> Result<Vec<u8>, SendError> {
    let reply = reply.map_err(|error| SendError::Later(format!("{who}: {error}")))?;
    match reply.status {
        200..=299 => Ok(reply.body),
        // Keys and quotas can be put right while the message waits.
        status @ (401..=403 | 408 | 425 | 429) => {
            Err(SendError::Later(format!("{who} refused the call ({status})")))
        }
        status @ 400..=499 => Err(SendError::Never(format!("{who} refused the message ({status})"))),
        status => Err(SendError::Later(format!("{who} failed ({status})"))),
    }
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

fn json_call(url: String, headers: Vec<(&'static str, String)>, body: &serde_json::Value) -> Call {
    let mut headers = headers;
    headers.push(("content-type", "application/json".to_owned()));
    Call {
        method: "POST",
        url,
        headers,
        body: body.to_string().into_bytes(),
    }
}

fn form_call(url: String, authorization: String, fields: &[(&str, &str)]) -> Call {
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    Call {
        method: "POST",
        url,
        headers: vec![
            ("authorization", authorization),
            ("content-type", "application/x-www-form-urlencoded".to_owned()),
        ],
        body: body.into_bytes(),
    }
}

/// SendGrid.
pub struct SendGrid {
    pub http: Http,
    pub endpoint: String,
    pub key: Secret,
}

#[async_trait]
impl MailTransport for SendGrid {
    async fn send(&self, mail: &Mail) -> Result<(), SendError> {
        let from = match mail.from.name() {
            "" => json!({"email": mail.from.address()}),
            name => json!({"email": mail.from.address(), "name": name}),
        };
        let body = json!({
            "personalizations": [{"to": [{"email": mail.to.address()}]}],
            "from": from,
            "subject": mail.subject,
            "content": [{"type": "text/plain", "value": mail.text}, {"type": "text/html", "value": mail.html}],
            "custom_args": {"message": mail.key},
            // Links carry one-time secrets and must not pass through somebody's counter.
            "tracking_settings": {
                "click_tracking": {"enable": false, "enable_text": false},
                "open_tracking": {"enable": false},
            },
        });
        let authorization = vec![("authorization", format!("Bearer {}", self.key.reveal()))];
        let call = json_call(format!("{}/v3/mail/send", self.endpoint), authorization, &body);
        judged("SendGrid", self.http.send(call).await).map(drop)
    }
}

/// Mailgun.
pub struct Mailgun {
    pub http: Http,
    pub endpoint: String,
    pub domain: String,
    pub key: Secret,
}

#[async_trait]
impl MailTransport for Mailgun {
    async fn send(&self, mail: &Mail) -> Result<(), SendError> {
        let from = mail.from.header();
        let fields = [
            ("from", from.as_str()),
            ("to", mail.to.address()),
            ("subject", &mail.subject),
            ("text", &mail.text),
            ("html", &mail.html),
            ("o:tracking", "no"),
            ("v:message", &mail.key),
        ];
        let url = format!("{}/v3/{}/messages", self.endpoint, self.domain);
        let call = form_call(url, basic("api", self.key.reveal()), &fields);
        judged("Mailgun", self.http.send(call).await).map(drop)
    }
}

/// Twilio.
pub struct Twilio {
    pub http: Http,
    pub endpoint: String,
    pub account: String,
    pub token: Secret,
    /// Number or name; may be empty where a service is given.
    pub sender: String,
    /// Id of a messaging service, or empty.
    pub service: String,
    pub whatsapp: bool,
}

#[async_trait]
impl SmsTransport for Twilio {
    async fn send(&self, sms: &Sms) -> Result<(), SendError> {
        let on_channel = |address: &str| {
            if self.whatsapp {
                format!("whatsapp:{address}")
            } else {
                address.to_owned()
            }
        };
        let (to, from) = (on_channel(&sms.to), on_channel(&self.sender));
        let mut fields = vec![("To", to.as_str()), ("Body", sms.text.as_str())];
        if !self.sender.is_empty() {
            fields.push(("From", &from));
        }
        if !self.service.is_empty() {
            fields.push(("MessagingServiceSid", &self.service));
        }
        let url = format!(
            "{}/2010-04-01/Accounts/{}/Messages.json",
            self.endpoint, self.account
        );
        let call = form_call(url, basic(&self.account, self.token.reveal()), &fields);
        judged("Twilio", self.http.send(call).await).map(drop)
    }
}

/// Any service that takes text messages as JSON: `{id, to, from, text}`, with the id as idempotency key.
pub struct SmsHook {
    pub http: Http,
    pub url: String,
    /// User and password that the address named.
    pub credentials: Option<(String, Secret)>,
}

impl SmsHook {
    /// Reads TENANTRY_SMS_URL.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub fn at(address: &str, http: Http) -> Result<Self, String> {
        let form = || {
            "must be an http or https address, with USER:PASSWORD@ where the service wants them".to_owned()
        };
        let mut url: url::Url = address.parse().map_err(|_| form())?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(form());
        }
        let decoded = |text: &str| {
            percent_encoding::percent_decode_str(text)
                .decode_utf8_lossy()
                .into_owned()
        };
        let (user, password) = (
            decoded(url.username()),
            decoded(url.password().unwrap_or_default()),
        );
        let credentials = (!user.is_empty()).then(|| (user, Secret::new(password)));
        url.set_username("")
            .and_then(|()| url.set_password(None))
            .map_err(|()| form())?;
        Ok(Self {
            http,
            url: url.into(),
            credentials,
        })
    }
}

#[async_trait]
impl SmsTransport for SmsHook {
    async fn send(&self, sms: &Sms) -> Result<(), SendError> {
        let mut headers = vec![("idempotency-key", sms.key.clone())];
        if let Some((user, password)) = &self.credentials {
            headers.push(("authorization", basic(user, password.reveal())));
        }
        let body = json!({"id": sms.key, "to": sms.to, "from": sms.from, "text": sms.text});
        judged(
            "The SMS service",
            self.http.send(json_call(self.url.clone(), headers, &body)).await,
        )
        .map(drop)
    }
}
