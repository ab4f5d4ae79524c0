//! Pictures that users upload of themselves.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use db::{StoreError, Tx};
use kit::EnvironmentId;

use super::image::Format;
use super::store::{self, Picture};
use crate::records::{self, UserRecord};
use crate::room::Change;
use crate::users::{self, UserError};

/// A picture as it was uploaded.
#[derive(Clone, Debug)]
pub(super) struct Upload {
    pub(super) id: String,
    pub(super) format: Format,
    pub(super) bytes: Vec<u8>,
    /// Where it will be found.
    pub(super) url: String,
}

/// Makes the upload the user's picture.
pub(super) async fn set(tx: &Tx, change: &Change, user: &str, upload: &Upload) -> Result<(), UserError> {
    let environment = &change.scope.environment;
    let old = records::hold(tx, environment, user)
        .await?
        .ok_or(UserError::NotFound)?;
    let picture = Picture {
        id: upload.id.clone(),
        content_type: upload.format.content_type(),
        bytes: STANDARD.encode(&upload.bytes),
    };
    let new = UserRecord {
        profile_picture_url: Some(upload.url.clone()),
        ..old.clone()
    };
    users::rewrite(tx, change, "User picture changed", &old, &new).await?;
    // Afterwards, because a change of the address takes the old picture away.
    store::put(tx, environment, user, &picture, change.now).await?;
    Ok(())
}

/// The content type and the bytes of a picture.
pub(super) async fn read(
    tx: &Tx,
    environment: &EnvironmentId,
    id: &str,
) -> Result<Option<(Format, Vec<u8>)>, StoreError> {
    let Some((content_type, text)) = store::picture(tx, environment, id).await? else {
        return Ok(None);
    };
    let bytes = STANDARD.decode(text).map_err(StoreError::other)?;
    Ok(Format::named(&content_type).map(|format| (format, bytes)))
}

/// Removes what a user has uploaded.
pub(crate) async fn forget(tx: &Tx, environment: &EnvironmentId, user: &str) -> Result<(), StoreError> {
    store::forget(tx, environment, user).await
}
