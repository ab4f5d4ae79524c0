//! What came back, with the checks that every answer has to pass.

use axum::http::HeaderMap;
use serde_json::Value;

/// An answer, read whole.
#[derive(Clone, Debug)]
pub struct Answer {
    /// `POST /path`, for messages.
    pub asked: String,
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    /// Stops the test with the body when the status is another one.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert!(
            self.status == status,
            "{} answered {} where {status} was expected: {}",
            self.asked,
            self.status,
            self.text()
        );
        self
    }

    /// Expects a status, and this in one of the sentences that say why.
    ///
    /// # Panics
    /// When the server answered something else.
    #[track_caller]
    pub fn tells(self, status: u16, part: &str) -> Self {
        let answer = self.expect(status);
        let errors = answer.errors();
        assert!(
            errors.iter().any(|sentence| sentence.contains(part)),
            "{}: {errors:?}",
            answer.asked
        );
        answer
    }

    /// Stops the test unless the answer refuses with this status and exactly this one sentence.
    #[track_caller]
    pub fn refuses(self, status: u16, sentence: &str) -> Self {
        let answer = self.expect(status);
        assert_eq!(answer.errors(), [sentence], "{}", answer.asked);
        answer
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    #[track_caller]
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{} answered no JSON ({error}): {}", self.asked, self.text()))
    }

    /// One value by JSON pointer, `/items/0/id`; null when it is not there.
    #[track_caller]
    #[must_use]
    pub fn at(&self, pointer: &str) -> Value {
        self.json().pointer(pointer).cloned().unwrap_or(Value::Null)
    }

    /// A text by JSON pointer.
    #[track_caller]
    #[must_use]
    pub fn text_at(&self, pointer: &str) -> String {
        match self.at(pointer) {
            Value::String(text) => text,
            other => panic!("{}: {pointer} is {other} in {}", self.asked, self.text()),
        }
    }

    /// One member of every object of a list, or of the list under `items` or `data`.
    #[track_caller]
    #[must_use]
    pub fn pluck(&self, key: &str) -> Vec<String> {
        self.rows()
            .iter()
            .map(|row| match &row[key] {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            })
            .collect()
    }

    /// The list that the answer is or holds.
    #[track_caller]
    #[must_use]
    pub fn rows(&self) -> Vec<Value> {
        let body = self.json();
        let list = if body.is_array() {
            &body
        } else if body["items"].is_array() {
            &body["items"]
        } else {
            &body["data"]
        };
        list.as_array()
            .unwrap_or_else(|| panic!("{} answered no list: {}", self.asked, self.text()))
            .clone()
    }

    /// The sentences of a refusal.
    #[must_use]
    pub fn errors(&self) -> Vec<String> {
        let body: Value = serde_json::from_slice(&self.body).unwrap_or(Value::Null);
        body["errors"]
            .as_array()
            .map(|errors| {
                errors
                    .iter()
                    .map(|error| error.as_str().unwrap_or_default().to_owned())
                    .collect()
            })
            .unwrap_or_default()
    }

    /// A header's text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The `Set-Cookie` lines.
    #[must_use]
    pub fn cookies(&self) -> Vec<String> {
        self.headers
            .get_all("set-cookie")
            .iter()
            .map(|value| value.to_str().unwrap().to_owned())
            .collect()
    }

    /// The `Set-Cookie` line of one cookie.
    #[track_caller]
    #[must_use]
    pub fn cookie(&self, name: &str) -> String {
        let start = format!("{name}=");
        self.cookies()
            .into_iter()
            .find(|line| line.starts_with(&start))
            .unwrap_or_else(|| panic!("{} set no cookie {name}: {:?}", self.asked, self.cookies()))
    }

    /// What holds for every answer: a trace id, JSON with sentences for a refusal, and no fault of the server's own.
    #[track_caller]
    pub(crate) fn check(&self) {
        let trace = self.header("frontegg-trace-id").unwrap_or_default();
        assert!(
            trace.len() == 32 && trace.bytes().all(|byte| byte.is_ascii_hexdigit()),
            "{} answered {} with the trace id {trace:?}",
            self.asked,
            self.status
        );
        assert!(
            self.status < 500 || self.status == 503,
            "{} answered {}: {}",
            self.asked,
            self.status,
            self.text()
        );
        if self.status >= 400 {
            assert!(
                !self.errors().is_empty() && self.errors().iter().all(|error| !error.is_empty()),
                "{} refused with {} but without a sentence: {}",
                self.asked,
                self.status,
                self.text()
            );
        }
    }
}
