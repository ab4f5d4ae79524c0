//! What a user may do in one tenant.

use db::{StoreError, Tx};
use kit::{Millis, Scope, UserId};
use serde::Serialize;
use utoipa::ToSchema;

use super::inheritance;

/// Roles in one tenant and the permissions they bring.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct Authorization {
    pub roles: Vec<tenancy::Role>,
    pub permissions: Vec<tenancy::Permission>,
}

/// The roles of a user in the tenant of the scope, or those that hold there from above, and the permissions these bring.
///
/// # Errors
/// When storage fails.
pub async fn authorization(
    tx: &Tx,
    scope: &Scope,
    user: &UserId,
    now: Millis,
) -> Result<Authorization, StoreError> {
    let held = inheritance::role_ids_in_force(tx, scope, user.as_str(), now).await?;
    let roles = tenancy::roles_held(tx, scope, &held).await?;
    let ids: Vec<String> = roles.iter().map(|role| role.id.clone()).collect();
    let permissions = if ids.is_empty() {
        Vec::new()
    } else {
        tenancy::permissions_of_roles(tx, &scope.environment, &ids).await?
    };
    Ok(Authorization { roles, permissions })
}
