//! What a new environment comes with.

use async_trait::async_trait;
use db::{StoreError, Tx};
use environment::Seed;
use kit::{EnvironmentId, Ids, Millis};

use crate::roles::NewRoleOf;
use crate::{applications, permissions, roles};

/// Seeds the default application, the built-in permissions with their categories, and the roles Admin and ReadOnly.
/// Running it again adds what is missing and changes nothing that is there.
#[derive(Clone, Copy, Debug, Default)]
pub struct TenancySeed;

#[async_trait]
impl Seed for TenancySeed {
    async fn seed(
        &self,
        tx: &Tx,
        ids: &Ids,
        environment: &EnvironmentId,
        now: Millis,
    ) -> Result<(), StoreError> {
        applications::seed(tx, ids, environment, now).await?;
        let (admin, reader) = permissions::seed(tx, ids, environment, now).await?;
        let admin = NewRoleOf {
            key: "Admin",
            name: "Admin",
            description: "May do everything in the account",
            first_user_role: true,
            permissions: admin,
        };
        let reader = NewRoleOf {
            key: "ReadOnly",
            name: "Read Only",
            description: "May look at everything in the account",
            first_user_role: false,
            permissions: reader,
        };
        for role in [admin, reader] {
            roles::seed(tx, ids, environment, role, now).await?;
        }
        Ok(())
    }
}
