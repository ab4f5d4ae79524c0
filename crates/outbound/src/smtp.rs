//! Mail over SMTP, for the server as a whole.

use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use lettre::message::{Mailbox as Addressee, MultiPart};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::PoolConfig;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use percent_encoding::percent_decode_str;
use url::{Host, Url};

use crate::message::{Mail, MailTransport, Mailbox, SendError};

/// How long one mail may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long connections are given to end in good order.
const PARTING: Duration = Duration::from_secs(1);
const CONNECTIONS: u32 = 5;

type Transport = AsyncSmtpTransport<Tokio1Executor>;

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
    patience: Duration,
    /// Made at the first mail: trust anchors cost memory.
    transport: Mutex<Option<Arc<Transport>>>,
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
            patience: PATIENCE,
            transport: Mutex::default(),
        })
    }

    fn transport(&self) -> Option<Arc<Transport>> {
        let mut kept = self.transport.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.is_none() {
            *kept = self.made().map(Arc::new);
        }
        kept.clone()
    }

    fn made(&self) -> Option<Transport> {
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
        // Its time limit is for connecting alone.
        let mut builder = Transport::builder_dangerous(&self.host)
            .port(self.port)
            .tls(tls)
            .timeout(Some(self.patience))
            .pool_config(PoolConfig::new().max_size(CONNECTIONS));
        if let Some((user, password)) = &self.credentials {
            builder = builder.credentials(Credentials::new(user.clone(), password.clone()));
        }
        Some(builder.build())
    }

    /// Sends over new connections from now on. One that was left in the middle of a mail would go back to the others, and
    /// what is said on it next would be read as part of that mail, or answered for it.
    async fn part_with(&self, transport: &Arc<Transport>) {
        {
            let mut kept = self.transport.lock().unwrap_or_else(PoisonError::into_inner);
            if kept.as_ref().is_some_and(|kept| Arc::ptr_eq(kept, transport)) {
                *kept = None;
            }
        }
        // It is shut at once; its idle connections are told so if they listen.
        drop(tokio::time::timeout(PARTING, transport.shutdown()).await);
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
        let mut sending = pin!(transport.send(message));
        match tokio::time::timeout(self.patience, sending.as_mut()).await {
            Ok(sent) => sent.map(drop).map_err(|error| fault(&error)),
            Err(_) => {
                self.part_with(&transport).await;
                Err(late())
            }
        }
    }
}

fn late() -> SendError {
    SendError::Later("the mail server did not answer in time".to_owned())
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
        None if error.is_timeout() => late(),
        None if error.is_tls() => {
            SendError::Later("the mail server's certificate or encryption does not hold".to_owned())
        }
        None => SendError::Later("the mail server could not be reached".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn addresses_of_mail_servers_are_read() {
        let read =
            |text| Smtp::at(text).map(|smtp| (smtp.host, smtp.port, smtp.protection, smtp.credentials));
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

    fn mail() -> Mail {
        Mail {
            key: "k1".into(),
            from: Mailbox::new("", "no-reply@example.com").unwrap(),
            to: Mailbox::new("", "ann@example.com").unwrap(),
            subject: "Hi".into(),
            text: "plain".into(),
            html: "<p>html</p>".into(),
            codes: Vec::new(),
        }
    }

    async fn said(stream: &mut BufReader<TcpStream>, word: &str, answer: &str) {
        let mut line = String::new();
        while !line.starts_with(word) {
            line.clear();
            assert_ne!(
                stream.read_line(&mut line).await.unwrap(),
                0,
                "{word} was not said"
            );
        }
        stream.write_all(answer.as_bytes()).await.unwrap();
    }

    #[tokio::test]
    async fn a_server_that_takes_the_connection_and_stays_silent_is_given_up() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let smtp = Smtp {
            patience: Duration::from_millis(100),
            ..Smtp::at(&format!("smtp://127.0.0.1:{port}")).unwrap()
        };
        assert_eq!(smtp.send(&mail()).await, Err(late()));
    }

    #[tokio::test]
    async fn a_connection_that_fell_silent_in_the_middle_of_a_mail_carries_no_other() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let smtp = Smtp {
            patience: Duration::from_secs(1),
            ..Smtp::at(&format!("smtp://127.0.0.1:{port}")).unwrap()
        };
        let (first, second) = (mail(), mail());
        let sending = async { (smtp.send(&first).await, smtp.send(&second).await) };
        let serving = async {
            let mut open = Vec::new();
            for taken in ["", "250 taken\r\n"] {
                let (stream, _) = listener.accept().await.unwrap();
                let mut stream = BufReader::new(stream);
                stream.write_all(b"220 mail.test\r\n").await.unwrap();
                for word in ["EHLO", "MAIL", "RCPT"] {
                    said(&mut stream, word, "250 ok\r\n").await;
                }
                said(&mut stream, "DATA", "354 go on\r\n").await;
                // The first connection falls silent where the mail should be taken; it stays open.
                said(&mut stream, ".\r\n", taken).await;
                open.push(stream);
            }
            open
        };
        let ((late_one, next), _open) = tokio::join!(sending, serving);
        assert_eq!((late_one, next), (Err(late()), Ok(())));
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
