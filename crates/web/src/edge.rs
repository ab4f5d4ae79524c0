//! Everything around routing: path rules, trace ids, CORS, panics, time limits, JSON for what no route answers.

use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Method, Request, header};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use tower::ServiceExt;

use crate::routes::{AnsweredBy, BoundRoutes};
use crate::{App, CallOrigin, Problem, cors, headers, path};

/// The whole HTTP surface as one function from request to answer.
#[derive(Clone)]
pub struct Edge {
    app: App,
    router: Router,
}

impl Edge {
    #[must_use]
    pub fn new(app: App, routes: BoundRoutes) -> Self {
        let router = routes
            .router
            .fallback(|| async {
                Problem::not_found("The requested address does not exist").with_code("ER-00004")
            })
            .method_not_allowed_fallback(|| async { Problem::method_not_allowed() });
        Self { app, router }
    }

    /// Answers one request from `peer`. Never fails: whatever goes wrong becomes an answer with a trace id.
    pub async fn answer(&self, mut request: Request<Body>, peer: IpAddr) -> Response {
        let started = now();
        if let Some(plain) = path::plain(request.uri()) {
            *request.uri_mut() = plain;
        }
        let asked = request.headers();
        let method = request.method().clone();
        let from = Arc::new(CallOrigin {
            ip: headers::client_ip(asked, peer, &self.app.edge().trusted_proxies),
            user_agent: headers::user_agent(asked),
            origin: headers::text(asked, header::ORIGIN.as_str()),
            trace_id: self.app.ids().v4().replace('-', ""),
            application: headers::text(asked, "frontegg-requested-application-id")
                .or_else(|| headers::text(asked, "frontegg-application-id")),
        });
        let cross = from.origin.is_some().then(|| asked.clone());
        let allowed = match (&cross, &from.origin) {
            (Some(asked), Some(origin)) => self.allows(asked, origin).await,
            _ => false,
        };
        let mut response = match &cross {
            Some(asked) if cors::is_preflight(&method, asked) => cors::preflight(asked, allowed),
            _ => {
                request.extensions_mut().insert(Arc::clone(&from));
                let mut response = self.route(request, &from).await;
                if let Some(asked) = &cross {
                    cors::allow(response.headers_mut(), asked, allowed);
                }
                response
            }
        };
        finish(&mut response, &from.trace_id);
        // Without the query: it may hold addresses and names.
        tracing::debug!(trace_id = %from.trace_id, %method, status = response.status().as_u16(), "answered");
        measure(&method, &response, started);
        response
    }

    async fn allows(&self, asked: &axum::http::HeaderMap, origin: &str) -> bool {
        match self.app.environments().addressed(&headers::address(asked)).await {
            Ok(Some(face)) => cors::origin_allowed(&face.allowed_origins, origin),
            Ok(None) | Err(_) => false,
        }
    }

    async fn route(&self, request: Request<Body>, from: &CallOrigin) -> Response {
        let work = AssertUnwindSafe(self.router.clone().oneshot(request)).catch_unwind();
        match tokio::time::timeout(self.app.edge().request_timeout, work).await {
            Ok(Ok(Ok(response))) => response,
            Ok(Err(_panic)) => {
                tracing::error!(trace_id = %from.trace_id, "a handler panicked");
                Problem::internal(&Panicked).into_response()
            }
            Err(_elapsed) => {
                tracing::warn!(trace_id = %from.trace_id, "a request ran out of time");
                Problem::overloaded().into_response()
            }
        }
    }
}

#[derive(Debug)]
struct Panicked;

impl std::fmt::Display for Panicked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("panic")
    }
}

impl std::error::Error for Panicked {}

/// Headers of every answer: the trace id that clients show and log, and no caching of what is about one caller.
fn finish(response: &mut Response, trace_id: &str) {
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(trace_id) {
        headers.insert("frontegg-trace-id", value);
    }
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
}

#[expect(
    clippy::disallowed_methods,
    reason = "durations are measured with the monotonic clock, not read from the app's"
)]
fn now() -> Instant {
    Instant::now()
}

fn measure(method: &Method, response: &Response, started: Instant) {
    let path = response
        .extensions()
        .get::<AnsweredBy>()
        .map_or_else(|| "unmatched".into(), |by| Arc::clone(&by.0));
    // Methods are free text in HTTP; only the known ones may become a label.
    let method = match method.as_str() {
        known @ ("GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS" | "HEAD") => known.to_owned(),
        _ => "OTHER".to_owned(),
    };
    let labels = [
        ("method", method),
        ("path", path.to_string()),
        ("status", response.status().as_u16().to_string()),
    ];
    metrics::counter!("tenantry_requests_total", &labels).increment(1);
    metrics::histogram!("tenantry_request_seconds", &labels).record(started.elapsed().as_secs_f64());
}
