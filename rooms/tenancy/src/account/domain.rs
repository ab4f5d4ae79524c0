//! Which tenant's settings a call is about.

use db::Tx;
use kit::EnvironmentId;

use crate::tenants::{self, Tenant, TenantError};

/// How a call says which tenant it means, before anybody has signed in.
#[derive(Clone, Debug)]
pub(super) enum Named {
    Id(String),
    /// The name that the tenant's own login page has.
    Alias(String),
}

pub(super) async fn named(
    tx: &Tx,
    environment: &EnvironmentId,
    named: &Named,
) -> Result<Tenant, TenantError> {
    let found = match named {
        Named::Id(id) => {
            let scope = kit::Scope::tenant(environment.clone(), id.as_str().into());
            tenants::tenant(tx, &scope).await?
        }
        Named::Alias(alias) => tenants::by_alias(tx, environment, &alias.to_lowercase()).await?,
    };
    found.ok_or(TenantError::NotFound)
}
