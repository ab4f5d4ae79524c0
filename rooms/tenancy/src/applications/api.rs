//! `/applications/resources/applications/v1`: the applications of an environment.

use std::sync::Arc;

use blocks::audit::AuditRecord;
use web::{
    AnyCaller, App, Body, Created, Done, EnvironmentCaller, Guard, Json, Need, Params, Path, Problem, Routes,
    State, routes,
};

use super::assigned_applications;
use super::domain::{self, ApplicationError, Change};
use super::model::{AccessType, Application, ApplicationChanges, FrontendStack, Kind, NewApplication};
use crate::room::Tenancy;

pub(super) fn routes() -> Routes<Tenancy> {
    let read = Guard::environment_or_user(Need::Permission("fe.account-settings.read.app"));
    Routes::new()
        .on(read, routes!(list_applications))
        .on(Guard::environment(), routes!(create_application))
        .on(Guard::environment(), routes!(read_default_application))
        .on(Guard::environment(), routes!(read_application))
        .on(Guard::environment(), routes!(update_application))
        .on(Guard::environment(), routes!(delete_application))
}

/// What a change by this caller carries with it.
pub(super) fn change(app: &App, caller: &EnvironmentCaller) -> Change {
    Change {
        environment: caller.environment.clone(),
        ids: app.ids().clone(),
        now: app.now(),
        by: AuditRecord::new("", "", "").by_environment(caller),
    }
}

/// What a list is to hold.
#[derive(Debug, Default)]
struct Filter {
    access_type: Option<AccessType>,
    is_default: Option<bool>,
    is_active: Option<bool>,
    ids: Vec<String>,
    kinds: Vec<Kind>,
    stacks: Vec<FrontendStack>,
    name: Option<String>,
    exclude_agents: bool,
}

/// The word of a query parameter, or what it must be one of.
pub(super) fn word<T>(
    name: &str,
    text: &str,
    from: impl Fn(&str) -> Option<T>,
    all: &str,
) -> Result<T, Problem> {
    from(text)
        .ok_or_else(|| Problem::bad_request(format!("{name} must be one of the following values: {all}")))
}

/// The access type of a query parameter.
pub(super) fn access_type(params: &Params, name: &str) -> Result<Option<AccessType>, Problem> {
    params
        .text(name)
        .map(|text| word(name, text, AccessType::from_word, &AccessType::all()))
        .transpose()
}

impl Filter {
    fn read(params: &Params) -> Result<Self, Problem> {
        let words = |name| params.list(name, 20);
        let kinds = words("type")?;
        let stacks = words("frontendStack")?;
        Ok(Self {
            access_type: access_type(params, "_accessType")?,
            is_default: params.flag("_isDefault")?,
            is_active: params.flag("_isActive")?,
            ids: params.list("ids", 1000)?,
            kinds: kinds
                .iter()
                .map(|text| word("each value in type", text, Kind::from_word, &Kind::all()))
                .collect::<Result<_, _>>()?,
            stacks: stacks
                .iter()
                .map(|text| {
                    let all = FrontendStack::all();
                    word(
                        "each value in frontendStack",
                        text,
                        FrontendStack::from_word,
                        &all,
                    )
                })
                .collect::<Result<_, _>>()?,
            name: params.text_within("name", 255)?.map(kit::search_key),
            exclude_agents: params.flag("_excludeAgents")?.unwrap_or(false),
        })
    }

    fn holds(&self, one: &Application) -> bool {
        self.access_type.is_none_or(|wanted| wanted == one.access_type)
            && self.is_default.is_none_or(|wanted| wanted == one.is_default)
            && self.is_active.is_none_or(|wanted| wanted == one.is_active)
            && (self.ids.is_empty() || self.ids.contains(&one.id))
            && (self.kinds.is_empty() || self.kinds.contains(&one.kind))
            && (self.stacks.is_empty() || self.stacks.contains(&one.frontend_stack))
            && self
                .name
                .as_ref()
                .is_none_or(|wanted| kit::search_key(&one.name).contains(wanted))
            && !(self.exclude_agents && one.kind == Kind::Agent)
    }
}

/// The applications of the environment, the default one first and then the oldest. A user sees those the tenant has that are active.
#[utoipa::path(get, path = "/applications/resources/applications/v1", tag = "Applications settings",
    params(
        ("_accessType" = Option<String>, Query, description = "FREE_ACCESS or MANAGED_ACCESS"),
        ("_isDefault" = Option<bool>, Query, description = "Only the default one, or only the others"),
        ("_isActive" = Option<bool>, Query, description = "Only active ones, or only the others"),
        ("ids" = Option<String>, Query, description = "Only these, parted by commas"),
        ("type" = Option<Vec<String>>, Query, description = "Only of these types"),
        ("frontendStack" = Option<Vec<String>>, Query, description = "Only written with these"),
        ("name" = Option<String>, Query, description = "Only those whose name contains this, in any case"),
        ("_excludeAgents" = Option<String>, Query, description = "true leaves agents out"),
    ),
    responses((status = 200, body = Vec<Application>)))]
async fn list_applications(
    State(room): State<Tenancy>,
    caller: AnyCaller,
    params: Params,
) -> Result<Json<Vec<Application>>, Problem> {
    let filter = Filter::read(&params)?;
    let mut found = room
        .app
        .db()
        .read(async move |tx| match &caller {
            AnyCaller::Environment(caller) => domain::applications(tx, &caller.environment).await,
            AnyCaller::User(caller) => {
                let assigned = assigned_applications(tx, &caller.scope()).await?;
                let active = assigned.into_iter().filter(|one| one.application.is_active);
                Ok(active.map(|one| one.application.for_users()).collect())
            }
        })
        .await?;
    found.retain(|one| filter.holds(one));
    Ok(Json(found))
}

/// Creates an application.
#[utoipa::path(post, path = "/applications/resources/applications/v1", tag = "Applications settings",
    request_body = NewApplication, responses((status = 201, body = Application)))]
async fn create_application(
    State(room): State<Tenancy>,
    caller: EnvironmentCaller,
    Body(new): Body<NewApplication>,
) -> Result<Created<Application>, Problem> {
    let change = change(&room.app, &caller);
    Ok(Created(
        room.app
            .db()
            .write(async move |tx| domain::create(tx, &change, &new).await)
            .await?,
    ))
}

/// The application that a request is about when it names none.
#[utoipa::path(get, path = "/applications/resources/applications/v1/default", tag = "Applications settings",
    responses((status = 200, body = Application)))]
async fn read_default_application(
    State(room): State<Tenancy>,
    caller: EnvironmentCaller,
) -> Result<Json<Application>, Problem> {
    let found = room
        .app
        .db()
        .read(async move |tx| domain::default_application(tx, &caller.environment).await)
        .await?;
    Ok(Json(found.ok_or(ApplicationError::NotFound)?))
}

/// An application.
#[utoipa::path(get, path = "/applications/resources/applications/v1/{id}", tag = "Applications settings",
    params(("id" = String, Path, description = "Id of the application")),
    responses((status = 200, body = Application), (status = 404, description = "No such application")))]
async fn read_application(
    State(room): State<Tenancy>,
    caller: EnvironmentCaller,
    Path(id): Path<String>,
) -> Result<Json<Application>, Problem> {
    Ok(Json(
        room.app
            .db()
            .read(async move |tx| domain::known(tx, &caller.environment, &id).await)
            .await?,
    ))
}

/// Changes an application; members left out stay as they are.
#[utoipa::path(patch, path = "/applications/resources/applications/v1/{id}", tag = "Applications settings",
    params(("id" = String, Path, description = "Id of the application")), request_body = ApplicationChanges,
    responses((status = 201, description = "Changed"), (status = 404, description = "No such application")))]
async fn update_application(
    State(room): State<Tenancy>,
    caller: EnvironmentCaller,
    Path(id): Path<String>,
    Body(changes): Body<ApplicationChanges>,
) -> Result<Done, Problem> {
    let change = change(&room.app, &caller);
    room.app
        .db()
        .write(async move |tx| domain::update(tx, &change, &id, &changes).await)
        .await?;
    Ok(Done::CREATED)
}

/// Deletes an application, and whatever was assigned or issued for it.
#[utoipa::path(delete, path = "/applications/resources/applications/v1/{id}", tag = "Applications settings",
    params(("id" = String, Path, description = "Id of the application")),
    responses((status = 200, description = "Deleted"), (status = 400, description = "It is the default one"),
        (status = 404, description = "No such application")))]
async fn delete_application(
    State(room): State<Tenancy>,
    caller: EnvironmentCaller,
    Path(id): Path<String>,
) -> Result<Done, Problem> {
    let change = change(&room.app, &caller);
    let holders = Arc::clone(&room.application_holders);
    room.app
        .db()
        .write(async move |tx| domain::delete(tx, &change, &holders, &id).await)
        .await?;
    Ok(Done::OK)
}
