//! What a user may do in one tenant.

use db::{StoreError, Tx};
use kit::{Scope, UserId};
use serde::Serialize;
use utoipa::ToSchema;

use super::inheritance;
use crate::groups;

/// Roles in one tenant and the permissions they bring.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct Authorization {
    pub roles: Vec<tenancy::Role>,
    pub permissions: Vec<tenancy::Permission>,
}

/// Ids of the roles that count for a user in the scope's tenant: a member's own and those of the groups the member is in,
/// or what reaches down from a membership above. What groups give does not reach down.
///
/// # Errors
/// When storage fails.
pub(crate) async fn held_role_ids(tx: &Tx, scope: &Scope, user: &str) -> Result<Vec<String>, StoreError> {
    let mut held = inheritance::role_ids_in_force(tx, scope, user).await?;
    held.extend(groups::role_ids(tx, scope, user).await?);
    Ok(held)
}

/// The roles of a user in the tenant of the scope, however they came about, and the permissions these bring.
///
/// # Errors
/// When storage fails.
pub async fn authorization(tx: &Tx, scope: &Scope, user: &UserId) -> Result<Authorization, StoreError> {
    let held = held_role_ids(tx, scope, user.as_str()).await?;
    let roles = tenancy::roles_held(tx, scope, &held).await?;
    let ids: Vec<String> = roles.iter().map(|role| role.id.clone()).collect();
    let permissions = if ids.is_empty() {
        Vec::new()
    } else {
        tenancy::permissions_of_roles(tx, &scope.environment, &ids).await?
    };
    Ok(Authorization { roles, permissions })
}
