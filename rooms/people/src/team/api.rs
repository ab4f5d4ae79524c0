//! `/team/resources/members/v1`, `/team/resources/stats/v1/members` and `/team/resources/profile`.

use std::sync::Arc;

use blocks::listing::Order;
use web::{
    AnyCaller, Body, Done, Guard, HeaderMap, HeaderValue, IntoResponse, Json, Need, Params, Path, Problem,
    PublicCaller, Response, Routes, State, UserCaller, header, multipart, routes,
};

use super::domain::{self, Wanted};
use super::image::Format;
use super::model::{MemberBody, MemberStats, TeamPage, TeamUser};
use super::pictures::{self, Upload};
use crate::lists::{Field, Sort};
use crate::room::People;
use crate::search::Needle;
use crate::users::{self, UserError};

/// Largest picture, in bytes.
const PICTURE: usize = 1024 * 1024;
/// What the form around it may add.
const FORM: usize = 8 * 1024;
/// Most characters of a text to search for.
const TEXT: usize = 255;

const SORTS: &[(&str, Sort)] = &[
    ("createdAt", Sort::CreatedAt),
    ("name", Sort::Name),
    ("email", Sort::Email),
    ("id", Sort::Id),
    ("verified", Sort::Verified),
    ("isLocked", Sort::IsLocked),
    ("provider", Sort::Provider),
];

pub(crate) fn routes() -> Routes<People> {
    let with = |key: &'static str| Guard::environment_or_user(Need::Permission(key)).with_tenant();
    Routes::new()
        .on(with("fe.secure.read.users"), routes!(list_members))
        .on(with("fe.secure.write.usersRoles"), routes!(update_member))
        .on(with("fe.secure.delete.users"), routes!(remove_member))
        .on(with("fe.secure.read.users"), routes!(read_stats))
        .on_large(
            Guard::user(Need::SignedIn).on_behalf(),
            PICTURE + FORM,
            routes!(upload_picture),
        )
        .on(Guard::anyone(), routes!(show_picture))
}

fn wanted(params: &Params) -> Result<Wanted, Problem> {
    let sort = match params.text("sortBy") {
        None => None,
        Some(name) => Some(
            SORTS
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, sort)| *sort)
                .ok_or_else(|| {
                    let known: Vec<&str> = SORTS.iter().map(|(name, _)| *name).collect();
                    Problem::bad_request(format!(
                        "sortBy must be one of the following values: {}",
                        known.join(", ")
                    ))
                })?,
        ),
    };
    let order = match params
        .text("sortDirection")
        .map(str::to_ascii_lowercase)
        .as_deref()
    {
        None | Some("asc") => Order::Ascending,
        Some("desc") => Order::Descending,
        Some(_) => {
            return Err(Problem::bad_request(
                "sortDirection must be one of the following values: asc, desc",
            ));
        }
    };
    let mut prefixes = Vec::new();
    for (name, field) in [("email", Field::Email), ("name", Field::Name)] {
        if let Some(text) = params.text_within(name, TEXT)? {
            prefixes.push((field, kit::search_key(text)));
        }
    }
    prefixes.retain(|(_, prefix)| !prefix.is_empty());
    let contains = match params.text_within("filter", TEXT)? {
        Some(text) => Some(text),
        None => params.text_within("_filter", TEXT)?,
    };
    Ok(Wanted {
        prefixes,
        contains: contains.map(Needle::anywhere).filter(|needle| !needle.is_empty()),
        sort,
        order,
        page: params.integer("pageOffset", 0, 1_000_000)?.unwrap_or(0),
        size: params.integer("pageSize", 1, 200)?.unwrap_or(50),
    })
}

/// The members of the tenant, page by page.
#[utoipa::path(get, path = "/team/resources/members/v1", tag = "Team",
    params(("pageOffset" = Option<f64>, Query, minimum = 0, description = "Number of the page, from 0"),
        ("pageSize" = Option<f64>, Query, description = "Members per page, 1 to 200; 50 when absent"),
        ("sortBy" = Option<String>, Query, description = "createdAt (when absent), name, email, id, verified, isLocked or provider"),
        ("sortDirection" = Option<String>, Query, description = "asc (when absent) or desc"),
        ("email" = Option<String>, Query, description = "What the address begins with"),
        ("name" = Option<String>, Query, description = "What the name begins with"),
        ("filter" = Option<String>, Query, description = "Text that the name or the address contains"),
        ("frontegg-tenant-id" = Option<String>, Header, description = "The tenant; with an environment token")),
    responses((status = 200, body = TeamPage)))]
async fn list_members(
    State(room): State<People>,
    caller: AnyCaller,
    params: Params,
) -> Result<Json<TeamPage>, Problem> {
    let (wanted, scope) = (wanted(&params)?, caller.scope());
    let columns = room.columns.clone();
    let size = wanted.size;
    let (items, total_items) = room
        .app
        .db()
        .read(async move |tx| domain::list(tx, &scope, &columns, wanted.clone()).await)
        .await?;
    Ok(Json(TeamPage {
        items,
        total_pages: (total_items + size - 1) / size,
        total_items,
    }))
}

/// Sets the roles of a member. The rest of a user is the user's own, and not changed here.
#[utoipa::path(put, path = "/team/resources/members/v1", tag = "Team", request_body = MemberBody,
    params(("frontegg-tenant-id" = Option<String>, Header, description = "The tenant; with an environment token")),
    responses((status = 200, body = TeamUser), (status = 400, description = "A role that cannot be given here"),
        (status = 403, description = "A role or a member stronger than the caller"),
        (status = 404, description = "No such member")))]
async fn update_member(
    State(room): State<People>,
    caller: AnyCaller,
    Body(body): Body<MemberBody>,
) -> Result<Json<TeamUser>, Problem> {
    let (whom, roles) = body.checked().map_err(UserError::Faults)?;
    let change = room.change_by(&caller);
    let user = room
        .app
        .db()
        .write(async move |tx| domain::change(tx, &change, &whom, roles.as_deref()).await)
        .await?;
    Ok(Json(user))
}

/// Removes a member from the tenant. The last membership takes the user along.
#[utoipa::path(delete, path = "/team/resources/members/v1/{userId}", tag = "Team",
    params(("userId" = String, Path, description = "Id of the user"),
        ("frontegg-tenant-id" = Option<String>, Header, description = "The tenant; with an environment token")),
    responses((status = 200, description = "Removed; the body is empty"), (status = 404, description = "No such member")))]
async fn remove_member(
    State(room): State<People>,
    caller: AnyCaller,
    Path(id): Path<String>,
) -> Result<Done, Problem> {
    let (change, credentials) = (room.change_by(&caller), Arc::clone(&room.credentials));
    room.app
        .db()
        .write(async move |tx| users::remove(tx, &change, &credentials, &id).await)
        .await?;
    Ok(Done::OK)
}

/// Figures about the members of the tenant.
#[utoipa::path(get, path = "/team/resources/stats/v1/members", tag = "Team",
    params(("frontegg-tenant-id" = Option<String>, Header, description = "The tenant; with an environment token")),
    responses((status = 200, body = MemberStats)))]
async fn read_stats(State(room): State<People>, caller: AnyCaller) -> Result<Json<MemberStats>, Problem> {
    let (scope, now) = (caller.scope(), room.app.now());
    let stats = room
        .app
        .db()
        .read(async move |tx| domain::stats(tx, &scope, now).await)
        .await?;
    Ok(Json(stats))
}

/// The picture in a form: the part named `image`, else the only file there is.
fn picture_of(content_type: Option<&str>, body: &[u8]) -> Result<(Format, Vec<u8>), Problem> {
    let parts = multipart::parts(content_type, body)?;
    let part = parts
        .iter()
        .find(|part| part.name == "image")
        .or_else(|| parts.iter().find(|part| part.file_name.is_some()))
        .ok_or_else(|| Problem::bad_request("image should not be empty"))?;
    if part.bytes.len() > PICTURE {
        return Err(Problem::too_large(PICTURE));
    }
    let format =
        Format::of(part.bytes).ok_or_else(|| Problem::bad_request("image must be a PNG or JPEG picture"))?;
    Ok((format, part.bytes.to_vec()))
}

/// Makes a PNG or JPEG file of up to 1 MiB the caller's picture; answers its address as plain text.
#[utoipa::path(put, path = "/team/resources/profile/me/image/v1", tag = "Team",
    request_body(content = String, content_type = "multipart/form-data", description = "One file, named image"),
    responses((status = 200, body = String, content_type = "text/plain", description = "The address of the picture"),
        (status = 400, description = "No picture"), (status = 413, description = "Too large")))]
async fn upload_picture(
    State(room): State<People>,
    caller: UserCaller,
    headers: HeaderMap,
    web::RawBody(body): web::RawBody,
) -> Result<Response, Problem> {
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let (format, bytes) = picture_of(content_type, &body)?;
    let environment = room
        .directory
        .by_id(caller.environment.as_str())
        .await?
        .ok_or_else(|| Problem::not_found("No environment answers at this address"))?;
    let id = room.app.ids().v4();
    let base = environment.public_url.trim_end_matches('/');
    let url = format!("{base}/team/resources/profile/images/v1/{id}");
    let upload = Upload {
        id,
        format,
        bytes,
        url: url.clone(),
    };
    let change = room.change_by_user(&caller);
    room.app
        .db()
        .write(async move |tx| pictures::set(tx, &change, caller.user.as_str(), &upload).await)
        .await?;
    Ok(url.into_response())
}

/// A picture that a user has uploaded. Nobody is asked for: the address cannot be guessed.
#[utoipa::path(get, path = "/team/resources/profile/images/v1/{imageId}", tag = "Team",
    params(("imageId" = String, Path, description = "The last part of the picture's address")),
    responses((status = 200, description = "The picture"), (status = 404, description = "No such picture")))]
async fn show_picture(
    State(room): State<People>,
    caller: PublicCaller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let found = room
        .app
        .db()
        .read(async move |tx| pictures::read(tx, &caller.environment, &id).await)
        .await?;
    let (format, bytes) = found.ok_or_else(|| Problem::not_found("Picture not found"))?;
    let mut response = bytes.into_response();
    let fixed = |text| HeaderValue::from_static(text);
    for (name, value) in [
        (header::CONTENT_TYPE, fixed(format.content_type())),
        // A new upload gets a new address.
        (
            header::CACHE_CONTROL,
            fixed("public, max-age=31536000, immutable"),
        ),
        (header::X_CONTENT_TYPE_OPTIONS, fixed("nosniff")),
        (
            header::CONTENT_SECURITY_POLICY,
            fixed("default-src 'none'; sandbox"),
        ),
        (header::CONTENT_DISPOSITION, fixed("inline")),
        (
            web::HeaderName::from_static("cross-origin-resource-policy"),
            fixed("cross-origin"),
        ),
    ] {
        response.headers_mut().insert(name, value);
    }
    Ok(response)
}
