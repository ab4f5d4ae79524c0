//! Mail over SMTP, for the server as a whole.

use std::time::Duration;

use async_trait::async_trait;
use lettre::message::{Mailbox as Addressee, MultiPart};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::PoolConfig;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use percent_encoding::percent_decode_str;
use std::sync::OnceLock;
use url::{Host, Url};

use crate::message::{Mail, MailTransport, Mailbox, SendError};

const PATIENCE: Duration = Duration::from_secs(20);
const CONNECTIONS: u32 = 5;

/// When the connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protection {
    /// From the first byte: `smtps://`.
    Whole,
    /// STARTTLS, or no mail.
    Required,
    /// STARTTLS where it is offered.
    Offered,
    None,
}

/// A mail server, given as `smtp://USER:PASSWORD@HOST:PORT` or `smtps://…`. With credentials `smtp://` insists on STARTTLS;
/// `?tls=none`, `?tls=opportunistic` and `?tls=required` say otherwise.
pub struct Smtp {
    host: String,
    port: u16,
    protection: Protection,
    credentials: Option<(String, String)>,
    /// Made at the first mail: trust anchors cost memory.
    transport: OnceLock<Option<AsyncSmtpTransport<Tokio1Executor>>>,
}

impl Smtp {
    /// Reads the address of a mail server.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub fn at(address: &str) -> Result<Self, String> {
        let form = || "must be smtp://HOST, smtps://HOST or either with USER:PASSWORD@ and :PORT".to_owned();
        let url: Url = address.parse().map_err(|_| form())?;
        let host = url
            .host_str()
            .filter(|host| !host.is_empty())
            .ok_or_else(form)?
            .to_owned();
        let decoded = |text: &str| {
            percent_decode_str(text)
                .decode_utf8()
                .map(String::from)
                .map_err(|_| form())
        };
        let password = url.password().map(decoded).transpose()?;
        let user = decoded(url.username())?;
        let credentials = (!user.is_empty()).then(|| (user, password.unwrap_or_default()));
        let asked = url
            .query_pairs()
            .find(|(name, _)| name == "tls")
            .map(|(_, value)| value.into_owned());
        let protection = match (url.scheme(), asked.as_deref()) {
            ("smtps", None) => Protection::Whole,
            ("smtp", None) if credentials.is_some() => Protection::Required,
            ("smtp", None | Some("opportunistic")) => Protection::Offered,
            ("smtp", Some("required")) => Protection::Required,
            ("smtp", Some("none")) => Protection::None,
            ("smtp", Some(_)) => return Err("knows tls=none, tls=opportunistic and tls=required".to_owned()),
            _ => return Err(form()),
        };
        let usual = if protection == Protection::Whole {
            465
        } else if credentials.is_some() {
            587
        } else {
            25
        };
        Ok(Self {
            port: url.port().unwrap_or(usual),
            host,
            protection,
            credentials,
            transport: OnceLock::new(),
        })
    }

    fn transport(&self) -> Option<&AsyncSmtpTransport<Tokio1Executor>> {
        let made = self.transport.get_or_init(|| {
            let tls = || TlsParameters::new(self.host.clone());
            let tls = match self.protection {
                Protection::None => Ok(Tls::None),
                Protection::Offered => tls().map(Tls::Opportunistic),
                Protection::Required => tls().map(Tls::Required),
                Protection::Whole => tls().map(Tls::Wrapper),
            };
            let tls = tls
                .inspect_err(|error| tracing::error!(%error, "no TLS to the mail server can be made"))
                .ok()?;
            let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&self.host)
                .port(self.port)
                .tls(tls)
                .timeout(Some(PATIENCE))
                .pool_config(PoolConfig::new().max_size(CONNECTIONS));
            if let Some((user, password)) = &self.credentials {
                builder = builder.credentials(Credentials::new(user.clone(), password.clone()));
            }
            Some(builder.build())
        });
        made.as_ref()
    }
}

/// An address with its domain as the wire has it.
fn addressee(mailbox: &Mailbox) -> Result<Addressee, SendError> {
    let unusable = || SendError::Never("an address cannot be used".to_owned());
    let (user, domain) = mailbox.address().rsplit_once('@').ok_or_else(unusable)?;
    let domain = Host::parse(domain).map_err(|_| unusable())?.to_string();
    let address = Address::new(user, domain).map_err(|_| unusable())?;
    let name = Some(mailbox.name().to_owned()).filter(|name| !name.is_empty());
    Ok(Addressee::new(name, address))
}

fn written(mail: &Mail) -> Result<Message, SendError> {
    let from = addressee(&mail.from)?;
    // The same at every attempt, so that receivers can tell a repetition.
    let id = format!("<{}@{}>", mail.key, from.email.domain());
    Message::builder()
        .from(from)
        .to(addressee(&mail.to)?)
        .subject(mail.subject.clone())
        .message_id(Some(id))
        .multipart(MultiPart::alternative_plain_html(
            mail.text.clone(),
            mail.html.clone(),
        ))
        .map_err(|_| SendError::Never("the mail cannot be written".to_owned()))
}

#[async_trait]
impl MailTransport for Smtp {
    async fn send(&self, mail: &Mail) -> Result<(), SendError> {
        let message = written(mail)?;
        let transport = self
            .transport()
            .ok_or_else(|| SendError::Later("no connection to the mail server can be made".to_owned()))?;
        transport
            .send(message)
            .await
            .map(drop)
            .map_err(|error| fault(&error))
    }
}

/// The server's words are not repeated: they name the receiver.
fn fault(error: &Error) -> SendError {
    let code = error.status().map(u16::from);
    match code {
        // The credentials, not the mail: somebody may put them right.
        Some(code @ (454 | 530 | 534 | 535 | 538)) => {
            SendError::Later(format!("the mail server refused the credentials ({code})"))
        }
        Some(code) if error.is_permanent() => {
            SendError::Never(format!("the mail server refused it ({code})"))
        }
        Some(code) => SendError::Later(format!("the mail server put it off ({code})")),
        None if error.is_timeout() => SendError::Later("the mail server did not answer in time".to_owned()),
        None if error.is_tls() => {
            SendError::Later("the mail server's certificate or encryption does not hold".to_owned())
        }
        None => SendError::Later("the mail server could not be reached".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_mail_servers_are_read() {
        let read = |text| {
            Smtp::at(text).map(|smtp| {
                (
                    smtp.host.clone(),
                    smtp.port,
                    smtp.protection,
                    smtp.credentials.clone(),
                )
            })
        };
        assert_eq!(
            read("smtp://mailpit:1025").unwrap(),
            ("mailpit".into(), 1025, Protection::Offered, None)
        );
        assert_eq!(
            read("smtp://me%40x:p%3Aw@mail.test").unwrap(),
            (
                "mail.test".into(),
                587,
                Protection::Required,
                Some(("me@x".into(), "p:w".into()))
            )
        );
        assert_eq!(
            read("smtps://mail.test").unwrap(),
            ("mail.test".into(), 465, Protection::Whole, None)
        );
        assert_eq!(read("smtp://mail.test?tls=none").unwrap().2, Protection::None);
        for text in [
            "",
            "mail.test",
            "http://mail.test",
            "smtp://",
            "smtp://h?tls=maybe",
            "smtps://h?tls=none",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_written_mail_has_the_headers_it_should_and_no_others() {
        let mail = Mail {
            key: "k1".into(),
            from: Mailbox::new("Acme, \"Inc\"\r\nBcc: x@y.test", "no-reply@bücher.test").unwrap(),
            to: Mailbox::new("", "ann@example.com").unwrap(),
            subject: crate::header_text("Hi\r\nBcc: all@example.com 🔑"),
            text: "plain".into(),
            html: "<p>html</p>".into(),
            codes: Vec::new(),
        };
        let text = String::from_utf8(written(&mail).unwrap().formatted()).unwrap();
        let head = text.split("\r\n\r\n").next().unwrap();
        let names: Vec<&str> = head
            .split("\r\n")
            .filter(|line| !line.starts_with([' ', '\t']))
            .filter_map(|line| line.split_once(':').map(|(name, _)| name))
            .collect();
        for name in [
            "From",
            "To",
            "Subject",
            "Message-ID",
            "MIME-Version",
            "Date",
            "Content-Type",
        ] {
            assert_eq!(
                names.iter().filter(|known| **known == name).count(),
                1,
                "{name}: {head}"
            );
        }
        assert_eq!(names.len(), 7, "{head}");
        assert!(head.contains("<k1@xn--bcher-kva.test>"), "{head}");
    }
}
