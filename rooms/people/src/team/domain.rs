//! Decisions about members as the admin portal makes them.

use blocks::listing::Order;
use db::{StoreError, Tx};
use kit::{Millis, Scope};

use super::model::{MemberStats, TeamUser, Whom};
use super::store;
use crate::lists::{self, Field, Search, Sort};
use crate::members;
use crate::ranks;
use crate::records;
use crate::room::Change;
use crate::search::{Columns, Needle, Phrase};
use crate::users::UserError;
use crate::views::{self, Audience, Detail, Lens};

/// A week.
const NEW_SECONDS: i64 = 7 * 24 * 3600;

/// What to list.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) prefixes: Vec<(Field, String)>,
    pub(super) contains: Option<Needle>,
    pub(super) sort: Option<Sort>,
    pub(super) order: Order,
    /// Number of the page, from 0.
    pub(super) page: i64,
    pub(super) size: i64,
}

/// A page of members whom other members see, and how many there are.
pub(super) async fn list(
    tx: &Tx,
    scope: &Scope,
    columns: &Columns,
    wanted: Wanted,
) -> Result<(Vec<TeamUser>, i64), StoreError> {
    let skip = wanted.page.saturating_mul(wanted.size);
    let search = Search {
        prefixes: wanted.prefixes,
        phrase: Phrase {
            all: wanted.contains.into_iter().collect(),
            ..Phrase::default()
        },
        visible_only: true,
        ..Search::of(scope, (wanted.sort, wanted.order), (skip, wanted.size))
    };
    let found = lists::find(tx, &scope.environment, columns, &search).await?;
    let users = views::views(tx, &scope.environment, found.items, lens(scope)).await?;
    let items = users
        .into_iter()
        .map(|user| TeamUser::of(user, scope.tenant_id(), scope.environment_id()))
        .collect();
    Ok((items, found.total))
}

const fn lens(scope: &Scope) -> Lens<'_> {
    Lens {
        tenant: scope.tenant.as_ref(),
        audience: Audience::Colleague,
        detail: Detail::Full,
        below: None,
    }
}

/// Makes these the roles of a member; what is not named is taken. Without roles nothing changes.
pub(super) async fn change(
    tx: &Tx,
    change: &Change,
    whom: &Whom,
    roles: Option<&[String]>,
) -> Result<TeamUser, UserError> {
    let scope = &change.scope;
    let id = match whom {
        Whom::Id(id) => id.clone(),
        Whom::Email(key) => records::user_by_email(tx, &scope.environment, key)
            .await?
            .ok_or(UserError::NotFound)?
            .id
            .to_string(),
    };
    let user = members::held(tx, change, &id).await?;
    if let Some(wanted) = roles {
        members::set(tx, change, &id, wanted, "fe.secure.delete.usersRoles").await?;
    }
    let view = views::view(tx, &scope.environment, user, lens(scope)).await?;
    Ok(TeamUser::of(view, scope.tenant_id(), scope.environment_id()))
}

/// Figures about the members whom other members see.
pub(super) async fn stats(tx: &Tx, scope: &Scope, now: Millis) -> Result<MemberStats, StoreError> {
    let total = ranks::sizes(tx, &scope.environment, scope.tenant_id())
        .await?
        .iter()
        .map(|(_, members)| members)
        .sum::<i64>()
        - store::invisible(tx, scope).await?;
    let added_this_week = store::joined_since(tx, scope, now.plus_seconds(-NEW_SECONDS)).await?;
    // What the first member of a tenant gets is what makes one an administrator of all of it.
    let roles = tenancy::first_user_roles(tx, scope).await?;
    let ids: Vec<String> = roles.into_iter().map(|role| role.id).collect();
    let super_admins = if ids.is_empty() {
        0
    } else {
        store::holders(tx, scope, &ids).await?
    };
    Ok(MemberStats {
        total_items: total,
        added_this_week,
        super_admins,
    })
}
