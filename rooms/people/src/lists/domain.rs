//! Which way leads to a page.

use std::collections::{BTreeMap, BTreeSet};

use blocks::listing::Order;
use db::{StoreError, Tx};
use kit::{EnvironmentId, Scope};

use super::entries::{self, Entry};
use super::family;
use super::model::{Found, RolesOfUser, Search, Sort};
use super::pages::{Stretch, across, nearer, stretch};
use super::store::{self, Range};
use super::{hidden, indexed};
use crate::groups::{self, GroupsOfUser};
use crate::ranks::{self, Ground};
use crate::records::{self, UserRecord};
use crate::search::Columns;

/// Most users that a list of ids of another system may stand for.
const MOST_EXTERNAL: i64 = 2_000;

/// The users a search finds, one page of them.
pub(crate) async fn find(
    tx: &Tx,
    environment: &EnvironmentId,
    columns: &Columns,
    search: &Search,
) -> Result<Found<UserRecord>, StoreError> {
    if search.ids.is_some() || search.external_ids.is_some() {
        return among(tx, environment, search).await;
    }
    let found = if search.family.is_some() {
        indexed::find(tx, Ground::environment(environment), columns, search).await?
    } else if search.below.is_empty() {
        ids(tx, environment, columns, search).await?
    } else {
        family::ids(tx, environment, search).await?
    };
    let mut by_id: BTreeMap<String, UserRecord> = records::users_by_id(tx, environment, &found.items)
        .await?
        .into_iter()
        .map(|user| (user.id.to_string(), user))
        .collect();
    let items = found.items.iter().filter_map(|id| by_id.remove(id)).collect();
    Ok(Found {
        items,
        total: found.total,
    })
}

/// The ids on the page.
async fn ids(
    tx: &Tx,
    environment: &EnvironmentId,
    columns: &Columns,
    search: &Search,
) -> Result<Found<String>, StoreError> {
    let scope = search
        .tenant
        .as_ref()
        .map(|tenant| Scope::tenant(environment.clone(), tenant.clone()));
    let way = match search.prefixes.as_slice() {
        _ if !search.phrase.is_empty() => None,
        [] => Some((search.sort.unwrap_or(Sort::CreatedAt), None)),
        [(field, prefix)] if search.sort.is_none_or(|sort| sort == field.sort()) => {
            Some((field.sort(), Some(prefix.as_str())))
        }
        _ => None,
    };
    if let Some(scope) = &scope
        && !ranks::is_ranked(tx, environment, scope.tenant_id()).await?
    {
        return match way {
            Some((sort, prefix)) if !search.visible_only || !store::has_invisible(tx, scope).await? => {
                let mut found = match prefix {
                    None => whole_tenant(tx, scope, search, sort).await?,
                    Some(prefix) => prefix_in_tenant(tx, scope, search, sort, prefix).await?,
                };
                if search.order == Order::Descending {
                    found.items.reverse();
                }
                Ok(found)
            }
            _ => sifted(tx, scope, search).await,
        };
    }
    let ground = Ground {
        environment,
        tenant: scope.as_ref().map(Scope::tenant_id),
    };
    match way {
        Some((sort, prefix)) if search.visible_only => {
            hidden::visible(tx, ground, search, sort, prefix).await
        }
        Some((sort, prefix)) => ranked(tx, ground, search, sort, prefix).await,
        None => indexed::find(tx, ground, columns, search).await,
    }
}

/// The page over all, or over those with a prefix of what is sorted by, from the nearest bucket on.
pub(super) async fn ranked(
    tx: &Tx,
    ground: Ground<'_>,
    search: &Search,
    sort: Sort,
    prefix: Option<&str>,
) -> Result<Found<String>, StoreError> {
    let mut found = match prefix {
        None => whole_ranked(tx, ground, search, sort).await?,
        Some(prefix) => prefix_ranked(tx, ground, search, sort, prefix).await?,
    };
    if search.order == Order::Descending {
        found.items.reverse();
    }
    Ok(found)
}

/// Looks at every member of a tenant that is not large.
async fn sifted(tx: &Tx, scope: &Scope, search: &Search) -> Result<Found<String>, StoreError> {
    let phrase = search.whole_phrase();
    let mut entries = store::entries_in(tx, scope).await?;
    entries.retain(|entry| {
        !(search.visible_only && entry.invisible) && (phrase.is_empty() || phrase.fits(&entry.content()))
    });
    Ok(entries::page(entries, search))
}

/// Sorts the classes as a sort by one of their parts wants them, ties by the whole.
pub(super) fn sort_classes(classes: &mut [(String, i64)], sort: Sort) {
    classes.sort_by(|(a, _), (b, _)| entries::compare_classes(a, b, sort));
}

pub(super) const fn by_class(sort: Sort) -> bool {
    matches!(sort, Sort::Verified | Sort::IsLocked | Sort::Provider)
}

/// How many users the ground has.
pub(super) async fn whole_total(tx: &Tx, ground: Ground<'_>) -> Result<i64, StoreError> {
    ranks::total(tx, ground, &ranks::Order::Id).await
}

/// The order that an unfiltered environment-wide sort walks.
pub(super) const fn order_of(sort: Sort) -> ranks::Order {
    match sort {
        Sort::CreatedAt => ranks::Order::Age,
        Sort::Name => ranks::Order::Name,
        Sort::Email => ranks::Order::Email,
        Sort::TenantId => ranks::Order::Tenant,
        Sort::Username => ranks::Order::Username,
        Sort::Phone => ranks::Order::Phone,
        Sort::Id | Sort::Verified | Sort::IsLocked | Sort::Provider => ranks::Order::Id,
    }
}

/// Ascending ids of the page over everybody; the caller turns a descending one round.
async fn whole_ranked(
    tx: &Tx,
    ground: Ground<'_>,
    search: &Search,
    sort: Sort,
) -> Result<Found<String>, StoreError> {
    if by_class(sort) {
        let mut classes = match ground.tenant {
            Some(tenant) => ranks::sizes(tx, ground.environment, tenant).await?,
            None => ranks::classes(tx, ground.environment).await?,
        };
        sort_classes(&mut classes, sort);
        let total = classes.iter().map(|(_, size)| size).sum();
        let mut items = Vec::new();
        for (class, part) in parts(classes, total, search) {
            let order = ranks::Order::Class(class);
            items.extend(ranks::page(tx, ground, &order, part.skip, part.take).await?);
        }
        return Ok(Found { items, total });
    }
    let order = order_of(sort);
    let total = ranks::total(tx, ground, &order).await?;
    let part = stretch(total, search.skip, search.limit, search.order);
    let items = walk_ranks(tx, ground, &order, part).await?;
    Ok(Found { items, total })
}

async fn walk_ranks(
    tx: &Tx,
    ground: Ground<'_>,
    order: &ranks::Order,
    part: Stretch,
) -> Result<Vec<String>, StoreError> {
    if part.take == 0 {
        return Ok(Vec::new());
    }
    ranks::page(tx, ground, order, part.skip, part.take).await
}

/// Which stretch of which class makes up the page, in ascending order.
fn parts(classes: Vec<(String, i64)>, total: i64, search: &Search) -> Vec<(String, Stretch)> {
    let page = stretch(total, search.skip, search.limit, search.order);
    let sizes: Vec<i64> = classes.iter().map(|(_, size)| *size).collect();
    let mut parts = across(&sizes, page.skip, page.take).into_iter().peekable();
    let mut wanted = Vec::new();
    for (index, (class, _)) in classes.into_iter().enumerate() {
        if let Some((_, part)) = parts.next_if(|(at, _)| *at == index) {
            wanted.push((class, part));
        }
    }
    wanted
}

/// The places in an order between which those with a prefix stand.
pub(super) async fn prefix_bounds(
    tx: &Tx,
    ground: Ground<'_>,
    order: &ranks::Order,
    prefix: &str,
) -> Result<(i64, i64), StoreError> {
    let start = ranks::rank(tx, ground, order, prefix).await?;
    let end = match kit::prefix_end(prefix) {
        Some(end) => ranks::rank(tx, ground, order, &end).await?,
        None => ranks::total(tx, ground, order).await?,
    };
    Ok((start, end))
}

async fn prefix_ranked(
    tx: &Tx,
    ground: Ground<'_>,
    search: &Search,
    sort: Sort,
    prefix: &str,
) -> Result<Found<String>, StoreError> {
    let order = order_of(sort);
    let (start, end) = prefix_bounds(tx, ground, &order, prefix).await?;
    let total = end - start;
    let part = stretch(total, search.skip, search.limit, search.order);
    let items = walk_ranks(
        tx,
        ground,
        &order,
        Stretch {
            skip: start + part.skip,
            ..part
        },
    )
    .await?;
    Ok(Found { items, total })
}

async fn whole_tenant(
    tx: &Tx,
    scope: &Scope,
    search: &Search,
    sort: Sort,
) -> Result<Found<String>, StoreError> {
    let mut classes = ranks::sizes(tx, &scope.environment, scope.tenant_id()).await?;
    let total: i64 = classes.iter().map(|(_, size)| size).sum();
    if by_class(sort) {
        sort_classes(&mut classes, sort);
        let sizes: BTreeMap<String, i64> = classes.iter().cloned().collect();
        let mut items = Vec::new();
        for (class, part) in parts(classes, total, search) {
            let way = nearer(sizes.get(&class).copied().unwrap_or(0), part);
            items.extend(store::walk(tx, scope, sort, &Range::Class(class), way, part.take).await?);
        }
        return Ok(Found { items, total });
    }
    let part = stretch(total, search.skip, search.limit, search.order);
    let items = walk_tenant(tx, scope, sort, &Range::All, total, part).await?;
    Ok(Found { items, total })
}

async fn walk_tenant(
    tx: &Tx,
    scope: &Scope,
    sort: Sort,
    range: &Range,
    total: i64,
    part: Stretch,
) -> Result<Vec<String>, StoreError> {
    if part.take == 0 {
        return Ok(Vec::new());
    }
    store::walk(tx, scope, sort, range, nearer(total, part), part.take).await
}

async fn prefix_in_tenant(
    tx: &Tx,
    scope: &Scope,
    search: &Search,
    sort: Sort,
    prefix: &str,
) -> Result<Found<String>, StoreError> {
    let range = Range::Prefix {
        from: prefix.to_owned(),
        end: kit::prefix_end(prefix),
    };
    let total = store::count(tx, scope, sort, &range).await?;
    let part = stretch(total, search.skip, search.limit, search.order);
    let items = walk_tenant(tx, scope, sort, &range, total, part).await?;
    Ok(Found { items, total })
}

/// The users of a list of ids that the rest of the search leaves.
async fn among(
    tx: &Tx,
    environment: &EnvironmentId,
    search: &Search,
) -> Result<Found<UserRecord>, StoreError> {
    let mut wanted: Vec<String> = match (&search.ids, &search.external_ids) {
        (Some(ids), _) => ids.clone(),
        (None, Some(external)) => store::by_external_ids(tx, environment, external, MOST_EXTERNAL).await?,
        (None, None) => Vec::new(),
    };
    wanted.sort_unstable();
    wanted.dedup();
    let mut users = records::users_by_id(tx, environment, &wanted).await?;
    if let Some(tenant) = &search.tenant {
        let scope = Scope::tenant(environment.clone(), tenant.clone());
        let mut members: BTreeSet<String> = store::members_among(tx, &scope, &wanted)
            .await?
            .into_iter()
            .collect();
        if !search.below.is_empty() {
            let held = records::memberships_of(tx, environment, &wanted).await?;
            let below = held
                .into_iter()
                .filter(|(_, one)| search.below.contains(&one.tenant_id));
            members.extend(below.map(|(user, _)| user));
        }
        users.retain(|user| members.contains(user.id.as_str()));
    }
    let phrase = search.whole_phrase();
    users.retain(|user| {
        let wanted = search
            .external_ids
            .as_ref()
            .is_none_or(|wanted| user.external_id.as_ref().is_some_and(|own| wanted.contains(own)));
        wanted
            && !(search.visible_only && user.invisible)
            && (phrase.is_empty() || phrase.fits(&Entry::from(user).content()))
    });
    let found = entries::page(users.iter().map(Entry::from).collect(), search);
    let mut by_id: BTreeMap<String, UserRecord> = users
        .into_iter()
        .map(|user| (user.id.to_string(), user))
        .collect();
    Ok(Found {
        items: found.items.iter().filter_map(|id| by_id.remove(id)).collect(),
        total: found.total,
    })
}

/// The roles that each of the users holds in the scope's tenant; users of other tenants are left out.
pub(crate) async fn roles(tx: &Tx, scope: &Scope, ids: &[String]) -> Result<Vec<RolesOfUser>, StoreError> {
    let all = records::memberships_of(tx, &scope.environment, ids).await?;
    let mut held: BTreeMap<String, Vec<String>> = all
        .into_iter()
        .filter(|(_, membership)| membership.tenant_id == scope.tenant_id())
        .map(|(user, membership)| (user, membership.role_ids))
        .collect();
    let rows = ids.iter().filter_map(|id| {
        Some(RolesOfUser {
            user_id: id.clone(),
            tenant_id: scope.tenant_id().to_owned(),
            vendor_id: scope.environment_id().to_owned(),
            role_ids: held.remove(id)?,
        })
    });
    Ok(rows.collect())
}

/// The groups that each of the users is in; users of other tenants are left out.
pub(crate) async fn groups(tx: &Tx, scope: &Scope, ids: &[String]) -> Result<Vec<GroupsOfUser>, StoreError> {
    let members: BTreeSet<String> = store::members_among(tx, scope, ids).await?.into_iter().collect();
    let asked: Vec<String> = ids.iter().filter(|id| members.contains(*id)).cloned().collect();
    groups::group_ids(tx, scope, &asked).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_set_of_classes_serves_three_sorts() {
        let mut classes: Vec<(String, i64)> = ["00local", "00saml", "01local", "10google", "11local"]
            .map(|class| (class.to_owned(), 1))
            .to_vec();
        let names =
            |classes: &[(String, i64)]| classes.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        sort_classes(&mut classes, Sort::IsLocked);
        assert_eq!(
            names(&classes),
            ["00local", "00saml", "10google", "01local", "11local"]
        );
        sort_classes(&mut classes, Sort::Provider);
        assert_eq!(
            names(&classes),
            ["10google", "00local", "01local", "11local", "00saml"]
        );
        sort_classes(&mut classes, Sort::Verified);
        assert_eq!(
            names(&classes),
            ["00local", "00saml", "01local", "10google", "11local"]
        );
    }
}
