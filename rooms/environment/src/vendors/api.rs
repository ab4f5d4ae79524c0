//! Routes of the environment itself.

use blocks::audit::AuditRecord;
use kit::EnvironmentId;
use web::{Body, EnvironmentCaller, Guard, Json, Problem, PublicCaller, Routes, State, routes};

use super::domain::{self, VendorError};
use super::model::{BaseUrl, PublicVendor, Vendor, VendorChanges};
use crate::environments::Profile;
use crate::room::EnvironmentRoom;

pub(crate) fn routes() -> Routes<EnvironmentRoom> {
    Routes::new()
        .on(Guard::environment(), routes!(read_vendor))
        .on(Guard::environment(), routes!(change_vendor))
        .on(Guard::environment(), routes!(read_base_url))
        .on(Guard::anyone(), routes!(read_public_vendor))
}

impl From<VendorError> for Problem {
    fn from(error: VendorError) -> Self {
        match error {
            VendorError::Faults(sentences) => Self::faults(sentences),
            VendorError::Store(error) => error.into(),
        }
    }
}

/// The environment.
#[utoipa::path(get, path = "/vendors", tag = "Environment", responses((status = 200, body = Vendor)))]
async fn read_vendor(
    State(room): State<EnvironmentRoom>,
    caller: EnvironmentCaller,
) -> Result<Json<Vendor>, Problem> {
    Ok(Json(profile(&room, caller.environment).await?.into()))
}

/// Changes the members that are given and keeps the others.
#[utoipa::path(put, path = "/vendors", tag = "Environment", request_body = VendorChanges,
    responses((status = 200, body = Vendor)))]
async fn change_vendor(
    State(room): State<EnvironmentRoom>,
    caller: EnvironmentCaller,
    Body(changes): Body<VendorChanges>,
) -> Result<Json<Vendor>, Problem> {
    let environment = caller.environment.clone();
    let by =
        AuditRecord::new("Environment changed", "environment", environment.as_str()).by_environment(&caller);
    let (ids, now) = (room.app.ids().clone(), room.app.now());
    let changed = room
        .app
        .db()
        .write(async move |tx| domain::change(tx, &ids, &environment, &changes, &by, now).await)
        .await?;
    room.directory.forget();
    Ok(Json(changed.into()))
}

/// Where browsers reach the environment.
#[utoipa::path(get, path = "/vendors/base-url", tag = "Environment", responses((status = 200, body = BaseUrl)))]
async fn read_base_url(
    State(room): State<EnvironmentRoom>,
    caller: EnvironmentCaller,
) -> Result<Json<BaseUrl>, Problem> {
    let profile = profile(&room, caller.environment).await?;
    Ok(Json(BaseUrl {
        base_url: profile.public_url,
    }))
}

/// What a login box shows of the environment before anybody is known.
#[utoipa::path(get, path = "/vendors/public", tag = "Environment", responses((status = 200, body = PublicVendor)))]
async fn read_public_vendor(
    State(room): State<EnvironmentRoom>,
    caller: PublicCaller,
) -> Result<Json<PublicVendor>, Problem> {
    Ok(Json(profile(&room, caller.environment).await?.into()))
}

async fn profile(room: &EnvironmentRoom, environment: EnvironmentId) -> Result<Profile, Problem> {
    let read = room
        .app
        .db()
        .read(async move |tx| domain::read(tx, &environment).await);
    Ok(read.await?)
}
