//! What a user may do in one tenant.

use db::{StoreError, Tx};
use kit::{EnvironmentId, Scope, UserId};
use serde::Serialize;
use utoipa::ToSchema;

use super::store;

/// Roles in one tenant and the permissions they bring.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct Authorization {
    pub roles: Vec<tenancy::Role>,
    pub permissions: Vec<tenancy::Permission>,
}

/// The roles of a user in the tenant of the scope and the permissions these bring.
///
/// # Errors
/// When storage fails.
pub async fn authorization(tx: &Tx, scope: &Scope, user: &UserId) -> Result<Authorization, StoreError> {
    let held = store::role_ids(tx, scope, user.as_str()).await?;
    authorization_of(tx, &scope.environment, &held).await
}

/// The same for roles that are known already.
pub(crate) async fn authorization_of(
    tx: &Tx,
    environment: &EnvironmentId,
    role_ids: &[String],
) -> Result<Authorization, StoreError> {
    if role_ids.is_empty() {
        return Ok(Authorization::default());
    }
    Ok(Authorization {
        roles: tenancy::roles_by_id(tx, environment, role_ids).await?,
        permissions: tenancy::permissions_of_roles(tx, environment, role_ids).await?,
    })
}
