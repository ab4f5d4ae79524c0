//! The recording twin of every way out: messages are kept to be read, and go nowhere.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use kit::{Clock, Millis};
use serde::Serialize;

use crate::message::{Mail, MailTransport, SendError, Sms, SmsTransport};

/// How many messages are kept, and how many bytes of content in all; the oldest go first.
const LETTERS: usize = 1_000;
const BYTES: usize = 16 * 1024 * 1024;

/// What a message came as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LetterKind {
    Mail,
    Sms,
}

/// A message as its receiver sees it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Letter {
    pub id: String,
    pub kind: LetterKind,
    pub to: String,
    pub from: String,
    /// Empty in text messages, as is `html`.
    pub subject: String,
    pub text: String,
    pub html: String,
    /// Every address inside, in order.
    pub links: Vec<String>,
    pub codes: Vec<String>,
    pub created_at: Millis,
}

impl Letter {
    fn bytes(&self) -> usize {
        self.text.len() + self.html.len() + self.subject.len()
    }
}

/// Messages that were sent, newest first. Clones share them.
#[derive(Clone)]
pub struct Inbox {
    clock: Arc<dyn Clock>,
    kept: Arc<Mutex<Kept>>,
}

#[derive(Default)]
struct Kept {
    letters: VecDeque<Letter>,
    bytes: usize,
}

impl Inbox {
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            kept: Arc::default(),
        }
    }

    /// What was sent to this address or number, newest first; everything when it is empty.
    #[must_use]
    pub fn letters(&self, to: &str) -> Vec<Letter> {
        // The plus of a number becomes a blank in a query that nobody escaped.
        let plain = |text: &str| text.trim().trim_start_matches('+').to_lowercase();
        let wanted = plain(to);
        let kept = self.kept();
        let mine = |letter: &&Letter| wanted.is_empty() || plain(&letter.to) == wanted;
        kept.letters.iter().filter(mine).cloned().collect()
    }

    /// Forgets everything.
    pub fn clear(&self) {
        *self.kept() = Kept::default();
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, letter: Letter) {
        let mut kept = self.kept();
        // A message that is tried again is the same message.
        if kept.letters.iter().any(|known| known.id == letter.id) {
            return;
        }
        kept.bytes += letter.bytes();
        kept.letters.push_front(letter);
        while kept.letters.len() > LETTERS || (kept.bytes > BYTES && kept.letters.len() > 1) {
            let Some(oldest) = kept.letters.pop_back() else {
                break;
            };
            kept.bytes = kept.bytes.saturating_sub(oldest.bytes());
        }
    }
}

#[async_trait]
impl MailTransport for Inbox {
    async fn send(&self, mail: &Mail) -> Result<(), SendError> {
        self.keep(Letter {
            id: mail.key.clone(),
            kind: LetterKind::Mail,
            to: mail.to.address().to_owned(),
            from: mail.from.to_string(),
            subject: mail.subject.clone(),
            text: mail.text.clone(),
            html: mail.html.clone(),
            links: links(&mail.text),
            codes: mail.codes.clone(),
            created_at: self.clock.now(),
        });
        Ok(())
    }
}

#[async_trait]
impl SmsTransport for Inbox {
    async fn send(&self, sms: &Sms) -> Result<(), SendError> {
        self.keep(Letter {
            id: sms.key.clone(),
            kind: LetterKind::Sms,
            to: sms.to.clone(),
            from: sms.from.clone(),
            subject: String::new(),
            text: sms.text.clone(),
            html: String::new(),
            links: links(&sms.text),
            codes: sms.codes.clone(),
            created_at: self.clock.now(),
        });
        Ok(())
    }
}

/// Every address in a text, once each.
fn links(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let start = word.find("http://").or_else(|| word.find("https://"));
        let link = start.and_then(|at| word.get(at..)).unwrap_or_default();
        let link = link.trim_end_matches([')', '>', '.', ',', ';', '"', '\'']);
        if !link.is_empty() && !found.iter().any(|known| known == link) {
            found.push(link.to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_found_in_running_text() {
        let text = "Open https://a.test/x?token=1&userId=2 or (http://b.test/), not ftp://c.test.\nhttps://a.test/x?token=1&userId=2";
        assert_eq!(
            links(text),
            ["https://a.test/x?token=1&userId=2", "http://b.test/"]
        );
    }
}
