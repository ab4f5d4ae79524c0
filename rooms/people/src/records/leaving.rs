//! Members and users that go: rows first, counters after all of them, because others who count wait from there on.

use db::{StoreError, Tx};
use futures_util::future::try_join;
use kit::EnvironmentId;

use super::model::UserRecord;
use super::store;
use crate::identifiers;
use crate::ranks::{self, Ground};
use crate::search;

/// Somebody whose rows are gone and who is still counted.
#[derive(Clone, Debug)]
pub(crate) struct Parting {
    /// As counted.
    user: UserRecord,
    /// The tenants that were left.
    tenants: Vec<String>,
    now: Now,
}

/// What became of the user.
#[derive(Clone, Debug)]
enum Now {
    Same,
    Changed(Box<UserRecord>),
    Gone(identifiers::Erased),
}

impl Parting {
    /// Where no tenant is to be counted: the lists of a deleted one are cleared at its end. The index hears of it all the same.
    ///
    /// # Errors
    /// When storage fails.
    pub(crate) async fn outside_tenants(
        self,
        tx: &Tx,
        environment: &EnvironmentId,
    ) -> Result<Self, StoreError> {
        search::note(tx, environment, self.user.id.as_str(), self.user.created_at.0).await?;
        Ok(Self {
            tenants: Vec::new(),
            ..self
        })
    }
}

/// Ends a membership of a held user. When it was the active one, the oldest that is left takes its place.
/// Answers also whether the user has any left; `None` when there was no such membership. [`count_out`] must follow.
pub(crate) async fn end_membership(
    tx: &Tx,
    environment: &EnvironmentId,
    user: &UserRecord,
    tenant: &str,
) -> Result<Option<(Parting, bool)>, StoreError> {
    if !store::delete_membership(tx, environment, tenant, user.id.as_str()).await? {
        return Ok(None);
    }
    let next = store::oldest_tenant(tx, environment, user.id.as_str()).await?;
    let stays = next.is_some();
    let now = match next {
        Some(next) if user.active_tenant == tenant => {
            store::set_active_tenant(tx, environment, user.id.as_str(), &next).await?;
            Now::Changed(Box::new(UserRecord {
                active_tenant: next,
                ..user.clone()
            }))
        }
        _ => Now::Same,
    };
    let parting = Parting {
        user: user.clone(),
        tenants: vec![tenant.to_owned()],
        now,
    };
    Ok(Some((parting, stays)))
}

/// Removes a held user with all memberships. What other rooms keep about the user is theirs to remove. [`count_out`] must
/// follow.
pub(crate) async fn erase_user(
    tx: &Tx,
    environment: &EnvironmentId,
    user: &UserRecord,
) -> Result<Parting, StoreError> {
    let mut tenants = Vec::new();
    for tenant in store::tenants_of(tx, environment, user.id.as_str()).await? {
        if store::delete_membership(tx, environment, &tenant, user.id.as_str()).await? {
            tenants.push(tenant);
        }
    }
    search::note(tx, environment, user.id.as_str(), user.created_at.0).await?;
    store::delete(tx, environment, user.id.as_str()).await?;
    Ok(Parting {
        user: user.clone(),
        tenants,
        now: Now::Gone(identifiers::erase(tx, environment, user.id.as_str()).await?),
    })
}

/// Counts out who has left, wherever such are counted. Comes last in a transaction, as [`super::count_in`] does.
pub(crate) async fn count_out(
    tx: &Tx,
    environment: &EnvironmentId,
    partings: &[Parting],
) -> Result<(), StoreError> {
    let ground = Ground::environment(environment);
    for Parting { user, tenants, .. } in partings {
        for tenant in tenants {
            ranks::leave(tx, environment, tenant, user).await?;
        }
    }
    for Parting { user, now, .. } in partings {
        match now {
            Now::Same => {}
            Now::Changed(new) => ranks::relist(tx, ground, user, new).await?,
            Now::Gone(found_by) => {
                let struck = ranks::strike(tx, ground, user);
                try_join(struck, identifiers::strike_all(tx, environment, found_by)).await?;
            }
        }
    }
    Ok(())
}
