//! The route table: every entry carries its guard and its OpenAPI item, and is registered once.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;
use utoipa::openapi::path::{HttpMethod, PathItem, Paths};
use utoipa::openapi::schema::Schema;
use utoipa::openapi::{Components, OpenApi, OpenApiBuilder, RefOr};
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

/// A handler as `routes!` makes it of a function with `#[utoipa::path]`.
pub struct Offer<S> {
    path: String,
    methods: Vec<HttpMethod>,
    handler: MethodRouter<S>,
    describe: fn() -> UtoipaMethodRouter<S>,
}

impl<S> Offer<S> {
    /// `describe` makes the OpenAPI item, which is only done for who asks for the document.
    #[must_use]
    pub const fn new(
        path: String,
        methods: Vec<HttpMethod>,
        handler: MethodRouter<S>,
        describe: fn() -> UtoipaMethodRouter<S>,
    ) -> Self {
        Self {
            path,
            methods,
            handler,
            describe,
        }
    }
}

const fn name_of(method: &HttpMethod) -> &'static str {
    match method {
        HttpMethod::Get => "GET",
        HttpMethod::Post => "POST",
        HttpMethod::Put => "PUT",
        HttpMethod::Delete => "DELETE",
        HttpMethod::Options => "OPTIONS",
        HttpMethod::Head => "HEAD",
        HttpMethod::Patch => "PATCH",
        HttpMethod::Trace => "TRACE",
    }
}

/// The routes of a room whose handlers share the state `S`.
pub struct Routes<S> {
    parts: Vec<Part<S>>,
}

/// A handler with its guard, waiting for its state.
struct Part<S> {
    offer: Offer<S>,
    guard: Guard,
    /// The largest body, in bytes, where it is not the usual one.
    limit: Option<usize>,
}

impl<S: Clone + Send + Sync + 'static> Default for Routes<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    #[must_use]
    pub const fn new() -> Self {
        Self { parts: Vec::new() }
    }

    /// Registers a handler, given as `routes!(handler)`, behind a guard.
    #[must_use]
    pub fn on(mut self, guard: Guard, offer: Offer<S>) -> Self {
        let limit = None;
        self.parts.push(Part { offer, guard, limit });
        self
    }

    /// The same, for a route that takes bodies of up to `limit` bytes.
    #[must_use]
    pub fn on_large(mut self, guard: Guard, limit: usize, offer: Offer<S>) -> Self {
        let limit = Some(limit);
        self.parts.push(Part { offer, guard, limit });
        self
    }

    /// Another resource's routes beside these.
    #[must_use]
    pub fn and(mut self, mut others: Self) -> Self {
        self.parts.append(&mut others.parts);
        self
    }

    /// Gives the handlers their state and puts the guards in front of them.
    #[must_use]
    pub fn bind(self, app: &App, state: S) -> BoundRoutes {
        let (mut router, mut table, mut pages) = (Router::new(), Vec::new(), Vec::new());
        for Part { offer, guard, limit } in self.parts {
            let rule = Rule {
                app: app.clone(),
                guard,
                limit: BodyLimit(limit.unwrap_or(app.edge().body_limit)),
                path: offer.path.as_str().into(),
            };
            router = router.route(&offer.path, offer.handler.layer(from_fn_with_state(rule, admit)));
            table.extend(offer.methods.iter().map(|method| RouteEntry {
                method: name_of(method),
                path: offer.path.clone(),
                guard,
            }));
            pages.push(Page {
                guard,
                describe: Box::new(move || {
                    let (schemas, paths, _) = (offer.describe)();
                    (schemas, paths)
                }),
            });
        }
        BoundRoutes {
            table,
            router: router.with_state(state),
            document: Document(pages),
        }
    }
}

type Described = (Vec<(String, RefOr<Schema>)>, Paths);

/// What the document says about one handler, once somebody asks.
struct Page {
    guard: Guard,
    describe: Box<dyn Fn() -> Described + Send + Sync>,
}

/// The OpenAPI document of routes before it is written: a running server that nobody asks for it never has it in memory.
#[derive(Default)]
pub struct Document(Vec<Page>);

impl Document {
    /// Writes it.
    #[must_use]
    pub fn write(&self) -> OpenApi {
        let mut whole = OpenApiBuilder::new().components(Some(Components::new())).build();
        for page in &self.0 {
            let (schemas, mut paths) = (page.describe)();
            for item in paths.paths.values_mut() {
                describe(item, page.guard);
            }
            whole.merge(OpenApiBuilder::new().paths(paths).build());
            if let Some(components) = whole.components.as_mut() {
                components.schemas.extend(schemas);
            }
        }
        whole
    }
}

/// Routes that need nothing more; rooms hand these to the server.
pub struct BoundRoutes {
    pub(crate) table: Vec<RouteEntry>,
    pub(crate) router: Router,
    document: Document,
}

impl BoundRoutes {
    /// All rooms' routes as one.
    #[must_use]
    pub fn all(rooms: impl IntoIterator<Item = Self>) -> Self {
        let mut whole = Self {
            table: Vec::new(),
            router: Router::new(),
            document: Document::default(),
        };
        for room in rooms {
            whole.table.extend(room.table);
            whole.router = whole.router.merge(room.router);
            whole.document.0.extend(room.document.0);
        }
        whole
    }

    /// The route table.
    #[must_use]
    pub fn table(&self) -> &[RouteEntry] {
        &self.table
    }

    /// Takes the OpenAPI document of these routes.
    #[must_use]
    pub fn take_document(&mut self) -> Document {
        std::mem::take(&mut self.document)
    }
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
