//! Routes about the server itself: health, metrics, the API document and a page to read it.

use std::sync::{Arc, LazyLock};

use axum::body::Bytes;
use db::Db;
use metrics_exporter_prometheus::PrometheusHandle;
use web::{
    App, BoundRoutes, Guard, HeaderMap, HeaderValue, Html, IntoResponse, Problem, Response, Routes, State,
    WithHeaders, header, routes,
};

/// What these routes need.
#[derive(Clone)]
struct Operator {
    db: Db,
    metrics: Option<PrometheusHandle>,
    document: Arc<Lazy>,
}

/// The API document as text, written when it is first asked for and shared by all answers: a client that asks often and reads
/// slowly holds no copies.
type Lazy = LazyLock<Bytes, Box<dyn FnOnce() -> Bytes + Send>>;

/// The operator's routes, given the document of all others.
pub(crate) fn operator_routes(
    app: &App,
    metrics: Option<PrometheusHandle>,
    rooms: &mut BoundRoutes,
) -> BoundRoutes {
    let document = rooms.take_document();
    let document: Lazy = LazyLock::new(Box::new(move || {
        let mut document = document.write();
        document.info = utoipa::openapi::InfoBuilder::new()
            .title("Tenantry")
            .version(env!("CARGO_PKG_VERSION"))
            .description(Some("Multi-tenant identity: tenants, users, roles, sign-in."))
            .build();
        document.to_json().unwrap_or_default().into()
    }));
    let operator = Operator {
        db: app.db().clone(),
        metrics,
        document: Arc::new(document),
    };
    Routes::new()
        .on(Guard::server(), routes!(live))
        .on(Guard::server(), routes!(ready))
        .on(Guard::server(), routes!(metrics_text))
        .on(Guard::server(), routes!(openapi))
        .on(Guard::server(), routes!(docs))
        .bind(app, operator)
}

/// The process runs.
#[utoipa::path(get, path = "/health/live", tag = "Operation", responses((status = 200, body = String)))]
async fn live() -> &'static str {
    "ok"
}

/// The database answers, so requests can be served.
#[utoipa::path(get, path = "/health/ready", tag = "Operation", responses((status = 200, body = String), (status = 503)))]
async fn ready(State(operator): State<Operator>) -> Result<&'static str, Problem> {
    operator.db.ready().await.map_err(|error| {
        tracing::warn!(%error, "not ready");
        Problem::overloaded()
    })?;
    Ok("ready")
}

/// Figures for Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "Operation", responses((status = 200, body = String)))]
async fn metrics_text(State(operator): State<Operator>) -> Result<Response, Problem> {
    let Some(handle) = &operator.metrics else {
        return Err(Problem::not_found("Metrics are not recorded"));
    };
    Ok(with_type(
        "text/plain; version=0.0.4; charset=utf-8",
        handle.render(),
    ))
}

/// The OpenAPI document of this server.
#[utoipa::path(get, path = "/openapi.json", tag = "Operation", responses((status = 200)))]
async fn openapi(State(operator): State<Operator>) -> Response {
    with_type(
        "application/json; charset=utf-8",
        Bytes::clone(&operator.document),
    )
}

/// A page to browse the document.
#[utoipa::path(get, path = "/docs", tag = "Operation", responses((status = 200)))]
async fn docs() -> Response {
    let mut headers = HeaderMap::new();
    let policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'";
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    WithHeaders(headers, Html(include_str!("docs.html"))).into_response()
}

fn with_type(kind: &'static str, body: impl IntoResponse) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    WithHeaders(headers, body).into_response_replacing()
}

/// Headers that replace those the body would set.
trait Replacing {
    fn into_response_replacing(self) -> Response;
}

impl<B: IntoResponse> Replacing for WithHeaders<B> {
    fn into_response_replacing(self) -> Response {
        let mut response = self.1.into_response();
        for (name, value) in &self.0 {
            response.headers_mut().insert(name, value.clone());
        }
        response
    }
}
