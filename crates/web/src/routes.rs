//! The route table: every entry carries its guard and its OpenAPI item, and is registered once.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::{Components, OpenApi, OpenApiBuilder};
use utoipa_axum::router::UtoipaMethodRouter;

use crate::body::BodyLimit;
use crate::{App, CallOrigin, Caller, Guard, Problem, ServerCaller, headers};

/// One line of the table, as tests and documents read it.
#[derive(Clone, Debug)]
pub struct RouteEntry {
    pub method: &'static str,
    pub path: String,
    pub guard: Guard,
}

/// The routes of a room whose handlers share the state `S`.
pub struct Routes<S> {
    table: Vec<RouteEntry>,
    parts: Vec<Part<S>>,
    document: OpenApi,
}

/// A handler with its guard, waiting for its state.
struct Part<S> {
    path: String,
    guard: Guard,
    /// The largest body, in bytes, where it is not the usual one.
    limit: Option<usize>,
    handler: MethodRouter<S>,
}

impl<S: Clone + Send + Sync + 'static> Default for Routes<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    #[must_use]
    pub fn new() -> Self {
        Self {
            table: Vec::new(),
            parts: Vec::new(),
            document: empty_document(),
        }
    }

    /// Registers a handler, given as `routes!(handler)`, behind a guard.
    #[must_use]
    pub fn on(self, guard: Guard, handler: UtoipaMethodRouter<S>) -> Self {
        self.add(guard, None, handler)
    }

    /// The same, for a route that takes bodies of up to `limit` bytes.
    #[must_use]
    pub fn on_large(self, guard: Guard, limit: usize, handler: UtoipaMethodRouter<S>) -> Self {
        self.add(guard, Some(limit), handler)
    }

    /// Another resource's routes beside these.
    #[must_use]
    pub fn and(mut self, mut others: Self) -> Self {
        self.table.append(&mut others.table);
        self.parts.append(&mut others.parts);
        self.document.merge(others.document);
        self
    }

    // The document grows handler by handler: each brings a copy of every type it names, and keeping those side by side
    // until the end would leave the process several MB larger for its whole life.
    fn add(mut self, guard: Guard, limit: Option<usize>, handler: UtoipaMethodRouter<S>) -> Self {
        let (schemas, mut paths, handler) = handler;
        for (path, item) in &mut paths.paths {
            describe(item, guard);
            for (method, _) in operations(item) {
                self.table.push(RouteEntry {
                    method,
                    path: path.clone(),
                    guard,
                });
            }
            self.parts.push(Part {
                path: path.clone(),
                guard,
                limit,
                handler: handler.clone(),
            });
        }
        self.document.merge(OpenApiBuilder::new().paths(paths).build());
        if let Some(components) = self.document.components.as_mut() {
            components.schemas.extend(schemas);
        }
        self
    }

    /// Gives the handlers their state and puts the guards in front of them.
    #[must_use]
    pub fn bind(self, app: &App, state: S) -> BoundRoutes {
        let mut router = Router::new();
        for part in self.parts {
            let rule = Rule {
                app: app.clone(),
                guard: part.guard,
                limit: BodyLimit(part.limit.unwrap_or(app.edge().body_limit)),
                path: part.path.as_str().into(),
            };
            router = router.route(&part.path, part.handler.layer(from_fn_with_state(rule, admit)));
        }
        BoundRoutes {
            table: self.table,
            router: router.with_state(state),
            document: self.document,
        }
    }
}

fn empty_document() -> OpenApi {
    OpenApiBuilder::new().components(Some(Components::new())).build()
}

/// Routes that need nothing more; rooms hand these to the server.
pub struct BoundRoutes {
    pub(crate) table: Vec<RouteEntry>,
    pub(crate) router: Router,
    pub(crate) document: OpenApi,
}

impl BoundRoutes {
    /// All rooms' routes as one.
    #[must_use]
    pub fn all(rooms: impl IntoIterator<Item = Self>) -> Self {
        let mut whole = Self {
            table: Vec::new(),
            router: Router::new(),
            document: empty_document(),
        };
        for room in rooms {
            whole.table.extend(room.table);
            whole.router = whole.router.merge(room.router);
            whole.document.merge(room.document);
        }
        whole
    }

    /// The route table.
    #[must_use]
    pub fn table(&self) -> &[RouteEntry] {
        &self.table
    }

    /// Takes the OpenAPI document of these routes; it is large, and needed once.
    #[must_use]
    pub fn take_document(&mut self) -> OpenApi {
        std::mem::replace(&mut self.document, empty_document())
    }
}

fn operations(item: &PathItem) -> impl Iterator<Item = (&'static str, &Operation)> {
    [
        ("GET", &item.get),
        ("POST", &item.post),
        ("PUT", &item.put),
        ("PATCH", &item.patch),
        ("DELETE", &item.delete),
    ]
    .into_iter()
    .filter_map(|(method, operation)| operation.as_ref().map(|operation| (method, operation)))
}

/// Writes the guard into the document, so that the permission table can be read there.
fn describe(item: &mut PathItem, guard: Guard) {
    for operation in [
        &mut item.get,
        &mut item.post,
        &mut item.put,
        &mut item.patch,
        &mut item.delete,
    ]
    .into_iter()
    .flatten()
    {
        let extension = utoipa::openapi::extensions::ExtensionsBuilder::new()
            .add("x-guard", guard.describe())
            .build();
        match operation.extensions.as_mut() {
            Some(extensions) => extensions.merge(extension),
            None => operation.extensions = Some(extension),
        }
    }
}

#[derive(Clone)]
struct Rule {
    app: App,
    guard: Guard,
    limit: BodyLimit,
    path: Arc<str>,
}

/// The template of the route that answered, for metrics.
#[derive(Clone, Debug)]
pub(crate) struct AnsweredBy(pub(crate) Arc<str>);

/// Asks the gatekeeper, then lets the request through with its caller attached.
async fn admit(State(rule): State<Rule>, mut request: Request, next: Next) -> Response {
    let Some(from) = request.extensions().get::<Arc<CallOrigin>>().cloned() else {
        return Problem::bad_request("The request did not come through the edge").into_response();
    };
    let caller = if rule.guard.is_about_server() {
        Ok(Caller::Server(ServerCaller { from }))
    } else {
        let credentials = headers::credentials(request.headers());
        let address = headers::address(request.headers());
        rule.app
            .gatekeeper()
            .admit(rule.guard, credentials, address, from)
            .await
    };
    let admitted = caller.and_then(|caller| {
        if let Some(limits) = &rule.app.edge().limits {
            limits.check(request.method().as_str(), &rule.path, &caller, rule.app.now())?;
        }
        Ok(caller)
    });
    let mut response = match admitted {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            request.extensions_mut().insert(rule.limit);
            next.run(request).await
        }
        Err(problem) => problem.into_response(),
    };
    response.extensions_mut().insert(AnsweredBy(rule.path));
    response
}
