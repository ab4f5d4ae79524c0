//! Successful answers.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// 200 with a JSON body.
#[derive(Debug)]
pub struct Json<T>(pub T);

/// 201 with a JSON body.
#[derive(Debug)]
pub struct Created<T>(pub T);

/// 202 with a JSON body: the work goes on after the answer.
#[derive(Debug)]
pub struct Accepted<T>(pub T);

/// A success without a body. Empty, not `{}`: one client reads any body as an error.
#[derive(Debug)]
pub struct Done(StatusCode);

impl Done {
    /// 200, empty.
    pub const OK: Self = Self(StatusCode::OK);
    /// 201, empty.
    pub const CREATED: Self = Self(StatusCode::CREATED);
    /// 204.
    pub const NO_CONTENT: Self = Self(StatusCode::NO_CONTENT);
}

/// Any of the above together with headers, such as `Set-Cookie`.
#[derive(Debug)]
pub struct WithHeaders<T>(pub HeaderMap, pub T);

/// A file to save: content type, file name, bytes.
#[derive(Debug)]
pub struct Attachment {
    pub content_type: &'static str,
    pub file_name: String,
    pub bytes: Vec<u8>,
}

fn json<T: Serialize>(status: StatusCode, value: &T) -> Response {
    match serde_json::to_vec(value) {
        Ok(body) => {
            let mut response = (status, body).into_response();
            let kind = HeaderValue::from_static("application/json; charset=utf-8");
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
            response
        }
        Err(error) => crate::Problem::internal(&error).into_response(),
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        json(StatusCode::OK, &self.0)
    }
}

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        json(StatusCode::CREATED, &self.0)
    }
}

impl<T: Serialize> IntoResponse for Accepted<T> {
    fn into_response(self) -> Response {
        json(StatusCode::ACCEPTED, &self.0)
    }
}

impl IntoResponse for Done {
    fn into_response(self) -> Response {
        self.0.into_response()
    }
}

impl<T: IntoResponse> IntoResponse for WithHeaders<T> {
    fn into_response(self) -> Response {
        let mut response = self.1.into_response();
        response.headers_mut().extend(self.0);
        response
    }
}

impl IntoResponse for Attachment {
    fn into_response(self) -> Response {
        let mut response = self.bytes.into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        let safe: String = self
            .file_name
            .chars()
            .filter(|c| c.is_ascii_alphanumeric() || "._-".contains(*c))
            .collect();
        if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{safe}\"")) {
            headers.insert(header::CONTENT_DISPOSITION, value);
        }
        response
    }
}
