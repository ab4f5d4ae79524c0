//! Asking a service whether an answer to its captcha is right: reCAPTCHA, or one that speaks as it does.

use std::net::IpAddr;
use std::time::Duration;

use kit::Secret;
use serde::Deserialize;
use thiserror::Error;
use url::form_urlencoded;

use crate::http::{Call, CallError, Http};

/// Somebody waits in front of a form: longer than this is as good as no answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// The service.
#[derive(Clone)]
pub struct Captcha {
    http: Http,
    url: String,
}

/// What the service thinks of an answer.
#[derive(Debug, Deserialize)]
pub struct CaptchaVerdict {
    pub success: bool,
    /// From 0 (a program) to 1 (a person); services that do not tell degrees leave it out.
    #[serde(default)]
    pub score: Option<f64>,
    #[serde(default, rename = "error-codes")]
    errors: Vec<String>,
}

impl CaptchaVerdict {
    /// Whether the service does not know the secret it was asked with.
    #[must_use]
    pub fn unknown_secret(&self) -> bool {
        self.errors.iter().any(|error| error.ends_with("-input-secret"))
    }
}

/// Why there is no verdict.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum CaptchaFault {
    #[error(transparent)]
    Call(#[from] CallError),
    #[error("it answered {0}")]
    Status(u16),
    #[error("its answer cannot be read")]
    Unreadable,
}

impl Captcha {
    #[must_use]
    pub const fn new(http: Http, url: String) -> Self {
        Self { http, url }
    }

    /// Asks about one answer, which came from this address.
    ///
    /// # Errors
    /// When the service gave no verdict.
    pub async fn ask(
        &self,
        secret: &Secret,
        answer: &str,
        from: IpAddr,
    ) -> Result<CaptchaVerdict, CaptchaFault> {
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("secret", secret.reveal())
            .append_pair("response", answer)
            .append_pair("remoteip", &from.to_canonical().to_string())
            .finish();
        let call = Call {
            method: "POST",
            url: self.url.clone(),
            headers: vec![("content-type", "application/x-www-form-urlencoded".to_owned())],
            body: body.into_bytes(),
        };
        let reply = tokio::time::timeout(PATIENCE, self.http.send(call))
            .await
            .unwrap_or(Err(CallError::Slow))?;
        if !(200..300).contains(&reply.status) {
            return Err(CaptchaFault::Status(reply.status));
        }
        serde_json::from_slice(&reply.body).map_err(|_| CaptchaFault::Unreadable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> CaptchaVerdict {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn verdicts_are_read_with_and_without_a_score() {
        let scored = read(r#"{"success": true, "score": 0.9, "action": "login", "hostname": "a.test"}"#);
        assert!(scored.success && scored.score == Some(0.9) && !scored.unknown_secret());
        assert_eq!(read(r#"{"success": true}"#).score, None);
        assert!(read(r#"{"success": false, "error-codes": ["invalid-input-secret"]}"#).unknown_secret());
    }
}
