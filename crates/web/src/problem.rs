//! What a refused call gets: `{"errors":["sentence"]}`, rendered here and nowhere else.

use std::borrow::Cow;
use std::error::Error;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use db::StoreError;
use kit::Millis;
use serde::Serialize;

/// A refusal. Statuses below 400 cannot be made; the cause of a fault is logged and never sent.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    errors: Vec<Cow<'static, str>>,
    code: Option<&'static str>,
    retry_after: Option<u32>,
    /// How many requests a window takes, and when the next one begins.
    rate: Option<(u32, Millis)>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a> {
    errors: &'a [Cow<'static, str>],
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<&'static str>,
}

/// The union that every reader of a refused environment login understands.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct VendorEnvelope<'a> {
    status_code: u16,
    error: &'static str,
    message: &'a str,
    errors: [&'a str; 1],
}

impl Problem {
    fn of(status: StatusCode, sentence: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            errors: vec![sentence.into()],
            code: None,
            retry_after: None,
            rate: None,
        }
    }

    /// 400: the request itself is wrong.
    pub fn bad_request(sentence: impl Into<Cow<'static, str>>) -> Self {
        Self::of(StatusCode::BAD_REQUEST, sentence)
    }

    /// 400 with one sentence per mistake.
    #[must_use]
    pub fn faults(sentences: Vec<String>) -> Self {
        let errors = sentences.into_iter().map(Cow::Owned).collect();
        Self {
            status: StatusCode::BAD_REQUEST,
            errors,
            code: None,
            retry_after: None,
            rate: None,
        }
    }

    /// 401: no credential, or one that does not hold.
    pub fn unauthorized(sentence: impl Into<Cow<'static, str>>) -> Self {
        Self::of(StatusCode::UNAUTHORIZED, sentence)
    }

    /// 403: the credential holds, but not for this.
    pub fn forbidden(sentence: impl Into<Cow<'static, str>>) -> Self {
        Self::of(StatusCode::FORBIDDEN, sentence)
    }

    /// 404: nothing there, or nothing the caller may know of.
    pub fn not_found(sentence: impl Into<Cow<'static, str>>) -> Self {
        Self::of(StatusCode::NOT_FOUND, sentence)
    }

    /// 409: something there is in the way.
    pub fn conflict(sentence: impl Into<Cow<'static, str>>) -> Self {
        Self::of(StatusCode::CONFLICT, sentence)
    }

    /// 423: the account is locked; told only after the right password.
    pub fn locked(sentence: impl Into<Cow<'static, str>>) -> Self {
        Self::of(StatusCode::LOCKED, sentence)
    }

    /// 405.
    #[must_use]
    pub fn method_not_allowed() -> Self {
        Self::of(
            StatusCode::METHOD_NOT_ALLOWED,
            "This address does not know that method",
        )
    }

    /// 413: the body is larger than the route takes.
    #[must_use]
    pub fn too_large(limit: usize) -> Self {
        Self::of(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("The request body is too large: at most {limit} bytes are accepted"),
        )
    }

    /// 415: a body that is not JSON.
    #[must_use]
    pub fn not_json() -> Self {
        Self::of(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Content-Type must be application/json",
        )
    }

    /// 415: a body that was compressed.
    #[must_use]
    pub fn encoded() -> Self {
        Self::of(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "The body must come as it is, without Content-Encoding",
        )
    }

    /// 408: the body did not arrive in time.
    #[must_use]
    pub fn slow_body() -> Self {
        Self::of(
            StatusCode::REQUEST_TIMEOUT,
            "The request body did not arrive in time",
        )
    }

    /// 429: the same caller asks too often.
    #[must_use]
    pub fn too_many(retry_after_seconds: u32) -> Self {
        let mut problem = Self::of(
            StatusCode::TOO_MANY_REQUESTS,
            "Too many requests, try again later",
        );
        problem.retry_after = Some(retry_after_seconds.max(1));
        problem
    }

    /// Says how many requests a window takes and when the next one begins, as clients that back off read it.
    #[must_use]
    pub const fn with_rate(mut self, most: u32, resets: Millis) -> Self {
        self.rate = Some((most, resets));
        self
    }

    /// 503: the server is out of room for this kind of work right now.
    #[must_use]
    pub fn overloaded() -> Self {
        let mut problem = Self::of(
            StatusCode::SERVICE_UNAVAILABLE,
            "The server is busy, try again shortly",
        );
        problem.retry_after = Some(1);
        problem
    }

    /// 503: this installation lacks what the call needs, such as a way to send mail.
    pub fn unavailable(sentence: impl Into<Cow<'static, str>>) -> Self {
        Self::of(StatusCode::SERVICE_UNAVAILABLE, sentence)
    }

    /// 500: our own fault. The chain of causes goes to the log, a fixed sentence to the caller.
    pub fn internal(error: &(dyn Error + 'static)) -> Self {
        let mut chain = error.to_string();
        let mut cause = error.source();
        while let Some(inner) = cause {
            chain.push_str(": ");
            chain.push_str(&inner.to_string());
            cause = inner.source();
        }
        tracing::error!(error = %chain, "a request failed");
        Self::of(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error")
    }

    /// Adds the catalogued code.
    #[must_use]
    pub const fn with_code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// The refusal of `POST /auth/vendor`, with every member that a published client reads.
    #[must_use]
    pub fn into_vendor_response(self) -> Response {
        let sentence = self.errors.first().map_or("", |e| e.as_ref());
        let body = VendorEnvelope {
            status_code: self.status.as_u16(),
            error: self.status.canonical_reason().unwrap_or("Error"),
            message: sentence,
            errors: [sentence],
        };
        let body = serde_json::to_vec(&body).unwrap_or_default();
        self.finish(body)
    }

    fn finish(self, body: Vec<u8>) -> Response {
        let mut response = (self.status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json; charset=utf-8"),
        );
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some((most, resets)) = self.rate {
            headers.insert("x-rate-limit-limit", HeaderValue::from(most));
            headers.insert("x-rate-limit-remaining", HeaderValue::from(0));
            if let Ok(value) = HeaderValue::from_str(&resets.iso()) {
                headers.insert("x-rate-limit-reset", value);
            }
        }
        response
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&Envelope {
            errors: &self.errors,
            error_code: self.code,
        })
        .unwrap_or_default();
        self.finish(body)
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            busy if busy.is_temporary() => {
                tracing::warn!(error = %busy, "storage is out of room");
                Self::overloaded()
            }
            StoreError::Nul => Self::bad_request("Text must not contain the character U+0000"),
            other => Self::internal(&other),
        }
    }
}
