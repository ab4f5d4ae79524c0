//! The HTTP edge: route table, guards, callers, bodies, errors. The only crate that names axum.

mod answer;
mod app;
mod body;
mod caller;
mod cookies;
mod cors;
mod edge;
mod guard;
mod headers;
pub mod multipart;
mod params;
mod path;
mod problem;
mod routes;
mod serve;

pub use answer::{Accepted, Attachment, Created, Done, Json, WithHeaders};
pub use app::{
    Address, App, Credentials, EdgeSettings, EnvironmentFace, Environments, Gatekeeper, RouteLimits, Services,
};
pub use axum::extract::State;
pub use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
pub use axum::response::{Html, IntoResponse, Response};
pub use body::{Body, RawBody, decode};
pub use caller::{AnyCaller, CallOrigin, Caller, EnvironmentCaller, PublicCaller, ServerCaller, UserCaller};
pub use cookies::{SameSite, SetCookie};
pub use cors::origin_allowed;
pub use edge::Edge;
pub use guard::{Guard, Need, permission_covers};
pub use headers::{cookie, text as header_text};
pub use params::{Params, Path};
pub use problem::Problem;
pub use routes::{BoundRoutes, Document, Offer, RouteEntry, Routes};
pub use serve::{serve, to_the_end};

/// A handler as [`Routes::on`] takes it: `routes!(list_roles)`. The macro below it names axum by its crate name, which rooms
/// do not have; it finds it here.
#[macro_export]
macro_rules! routes {
    ($handler:ident) => {{
        #[allow(
            unused_imports,
            clippy::allow_attributes,
            reason = "the inner macro names it only on some paths"
        )]
        use $crate::__private::axum;
        use $crate::__private::utoipa_axum::PathItemExt;
        let (path, methods) = $crate::__private::utoipa_axum::paste! {
            (
                <[<__path_ $handler>] as utoipa::Path>::path(),
                <[<__path_ $handler>] as utoipa::Path>::methods(),
            )
        };
        let handler = methods
            .iter()
            .fold(axum::routing::MethodRouter::new(), |router, method| {
                router.on(method.to_method_filter(), $handler)
            });
        $crate::Offer::new(path, methods, handler, || {
            $crate::__private::utoipa_axum::routes!($handler)
        })
    }};
}

#[doc(hidden)]
pub mod __private {
    pub use axum;
    pub use utoipa_axum;
}
