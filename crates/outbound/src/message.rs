//! A message on its way out, and what every way out can do.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kit::EmailFault;
use thiserror::Error;

/// How long a message may be on its way out, all calls together.
const DEADLINE: Duration = Duration::from_secs(30);
/// Longest name beside an address, in characters.
const LONGEST_NAME: usize = 256;

/// Why an address is not used.
#[derive(Debug, Error, PartialEq, Eq, Clone, Copy)]
#[error(transparent)]
pub struct MailboxFault(#[from] EmailFault);

/// An address with a name that people see. Neither can carry anything into a header that is not part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox {
    name: String,
    address: String,
}

impl Mailbox {
    /// # Errors
    /// When the address is none. The name is cleaned, not refused: people choose theirs.
    pub fn new(name: &str, address: &str) -> Result<Self, MailboxFault> {
        Ok(Self {
            name: header_text(name).chars().take(LONGEST_NAME).collect(),
            address: kit::email_key(address)?,
        })
    }

    /// An address that nothing can be sent to, for where no sender is known.
    #[must_use]
    pub fn nobody() -> Self {
        Self {
            name: String::new(),
            address: "no-reply@tenantry.invalid".to_owned(),
        }
    }

    /// The same address under another name.
    #[must_use]
    pub fn named(&self, name: &str) -> Self {
        Self {
            name: header_text(name).chars().take(LONGEST_NAME).collect(),
            address: self.address.clone(),
        }
    }

    /// As it stands in a header: the name quoted where it is plain, else as an encoded word.
    #[must_use]
    pub fn header(&self) -> String {
        if self.name.is_empty() {
            return self.address.clone();
        }
        if self.name.is_ascii() {
            let quoted = self.name.replace('\\', "\\\\").replace('"', "\\\"");
            return format!("\"{quoted}\" <{}>", self.address);
        }
        // An encoded word holds 75 characters, so 45 bytes of the name, cut between letters.
        let mut words = Vec::new();
        let mut word = String::new();
        for c in self.name.chars() {
            if word.len() + c.len_utf8() > 45 {
                words.push(std::mem::take(&mut word));
            }
            word.push(c);
        }
        words.push(word);
        let encoded = words
            .iter()
            .map(|word| format!("=?UTF-8?B?{}?=", STANDARD.encode(word)));
        format!("{} <{}>", encoded.collect::<Vec<_>>().join(" "), self.address)
    }

    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }
}

impl fmt::Display for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.name.is_empty() {
            return f.write_str(&self.address);
        }
        write!(f, "{} <{}>", self.name, self.address)
    }
}

/// A text as it may stand in a header: on one line, without controls or marks that turn the direction of reading.
#[must_use]
pub fn header_text(text: &str) -> String {
    let turning =
        |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let breaking = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    let plain: String = text
        .chars()
        .filter(|c| !turning(*c))
        .map(|c| if breaking(c) { ' ' } else { c })
        .collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// One mail. Its `Debug` shows neither address nor content, since both end in logs otherwise.
#[derive(Clone)]
pub struct Mail {
    /// The same at every attempt: providers that take one send it once.
    pub key: String,
    pub from: Mailbox,
    pub to: Mailbox,
    pub subject: String,
    pub text: String,
    pub html: String,
    /// The codes inside, for the inbox.
    pub codes: Vec<String>,
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

/// One text message.
#[derive(Clone)]
pub struct Sms {
    /// The same at every attempt.
    pub key: String,
    /// Empty where the way out has a sender of its own.
    pub from: String,
    /// In international form, `+` and digits.
    pub to: String,
    pub text: String,
    /// The codes inside, for the inbox.
    pub codes: Vec<String>,
}

impl fmt::Debug for Sms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sms")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

/// Why a message did not go. The sentences are for operators: no address, no content, no secret.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum SendError {
    /// Another attempt may succeed.
    #[error("{0}")]
    Later(String),
    /// No attempt will.
    #[error("{0}")]
    Never(String),
}

/// A way out for mail.
#[async_trait]
pub trait MailTransport: Send + Sync {
    /// Hands the mail over; it may arrive twice when this fails late.
    async fn send(&self, mail: &Mail) -> Result<(), SendError>;
}

/// A way out for text messages.
#[async_trait]
pub trait SmsTransport: Send + Sync {
    /// Hands the message over.
    async fn send(&self, sms: &Sms) -> Result<(), SendError>;
}

/// Hands a message over, and gives up on a way out that takes longer than half a minute: whoever waits for the answer
/// waits for no other side that stays silent.
///
/// # Errors
/// What the way out says, or that it took too long.
pub async fn in_time(sending: impl Future<Output = Result<(), SendError>>) -> Result<(), SendError> {
    within(DEADLINE, sending).await
}

/// Waits this long, for those who watch over what is being sent.
pub async fn pause(millis: u64) {
    tokio::time::sleep(Duration::from_millis(millis)).await;
}

pub(crate) async fn within(
    limit: Duration,
    sending: impl Future<Output = Result<(), SendError>>,
) -> Result<(), SendError> {
    let late = |_| Err(SendError::Later("it was not taken in time".to_owned()));
    tokio::time::timeout(limit, sending).await.unwrap_or_else(late)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_way_out_that_stays_silent_is_given_up() {
        let sent = within(Duration::from_millis(1), std::future::pending()).await;
        assert!(matches!(sent, Err(SendError::Later(_))), "{sent:?}");
        assert_eq!(within(DEADLINE, async { Ok(()) }).await, Ok(()));
    }

    #[test]
    fn nothing_in_a_name_reaches_another_header() {
        let name = "Eve\r\nBcc: all@example.com\u{2028}\u{202e}x\0";
        let mailbox = Mailbox::new(name, "Eve@Example.com").unwrap();
        assert_eq!(
            mailbox.to_string(),
            "Eve Bcc: all@example.com x <eve@example.com>"
        );
    }

    #[test]
    fn a_header_names_one_mailbox_whatever_the_name() {
        let header = |name| Mailbox::new(name, "a@example.com").unwrap().header();
        assert_eq!(header(""), "a@example.com");
        assert_eq!(header("Acme"), "\"Acme\" <a@example.com>");
        assert_eq!(
            header("x\" <b@example.com>, \\"),
            "\"x\\\" <b@example.com>, \\\\\" <a@example.com>"
        );
        assert_eq!(header("Ünï"), "=?UTF-8?B?w5xuw68=?= <a@example.com>");
        assert!(header(&"ü".repeat(100)).split(' ').all(|word| word.len() <= 75));
    }

    #[test]
    fn an_address_with_more_than_an_address_is_refused() {
        for address in [
            "a@example.com\r\nBcc: b@example.com",
            "a@example.com, b@example.com",
            "\"a\"@example.com",
            "<a@example.com>",
            "a b@example.com",
            "a@exa\u{202e}mple.com",
            "a@example.com\0",
            "",
        ] {
            assert!(Mailbox::new("", address).is_err(), "{address:?}");
        }
    }

    #[test]
    fn a_message_is_not_printed() {
        let mailbox = Mailbox::new("", "ann@example.com").unwrap();
        let mail = Mail {
            key: "k".into(),
            from: mailbox.clone(),
            to: mailbox,
            subject: "hunter2".into(),
            text: "hunter2".into(),
            html: "hunter2".into(),
            codes: vec!["hunter2".into()],
        };
        let shown = format!("{mail:?}");
        assert!(!shown.contains("hunter2") && !shown.contains("ann"), "{shown}");
    }
}
