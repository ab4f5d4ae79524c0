//! Reading groups, and what members have through them.

use std::collections::BTreeMap;

use blocks::settings;
use db::{StoreError, Tx};
use kit::{EnvironmentId, Scope};
use tenancy::Role;
use web::{Params, Problem};

use super::domain::{GroupError, check_enabled};
use super::model::{Group, GroupBrief, GroupConfiguration, GroupUser, GroupView, Page};
use super::store;

/// Most members that one answer shows, shared evenly among its groups.
const MOST_USERS: i64 = 10_000;
/// Most groups in an answer without pages.
pub(super) const MOST_GROUPS: i64 = 10_000;

/// What to show of a group besides itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Relations {
    roles: bool,
    users: bool,
    /// Leave out users who are invisible.
    visible_only: bool,
}

impl Relations {
    /// Roles and members, for readers who see everybody or only those who are to be seen.
    pub(crate) const fn all(visible_only: bool) -> Self {
        Self {
            roles: true,
            users: true,
            visible_only,
        }
    }

    /// What `_groupsRelations` asks for; roles and members when absent.
    pub(super) fn read(params: &Params, visible_only: bool) -> Result<Self, Problem> {
        let (roles, users) = match params.text("_groupsRelations") {
            None | Some("rolesAndUsers") => (true, true),
            Some("roles") => (true, false),
            Some("users") => (false, true),
            Some(_) => {
                return Err(Problem::bad_request(
                    "_groupsRelations must be one of the following values: roles, users, rolesAndUsers",
                ));
            }
        };
        Ok(Self {
            roles,
            users,
            visible_only,
        })
    }
}

/// The switches of the environment.
pub(super) async fn configuration(
    tx: &Tx,
    environment: &EnvironmentId,
) -> Result<GroupConfiguration, StoreError> {
    settings::effective(tx, &Scope::environment(environment.clone())).await
}

/// One group.
pub(crate) async fn read(
    tx: &Tx,
    scope: &Scope,
    id: &str,
    relations: Relations,
) -> Result<GroupView, GroupError> {
    check_enabled(tx, &scope.environment).await?;
    let group = store::by_id(tx, scope, id).await?.ok_or(GroupError::NotFound)?;
    shown(tx, scope, vec![group], relations)
        .await?
        .pop()
        .ok_or(GroupError::NotFound)
}

/// One page of the tenant's groups, and how many there are.
pub(crate) async fn page(
    tx: &Tx,
    scope: &Scope,
    page: Page,
    relations: Relations,
) -> Result<(Vec<GroupView>, i64), GroupError> {
    check_enabled(tx, &scope.environment).await?;
    let total = store::count(tx, scope).await?;
    let groups = store::page(tx, scope, page).await?;
    Ok((shown(tx, scope, groups, relations).await?, total))
}

/// Those of the ids that are groups of the tenant, by name.
pub(super) async fn named(
    tx: &Tx,
    scope: &Scope,
    ids: &[String],
    relations: Relations,
) -> Result<Vec<GroupView>, GroupError> {
    check_enabled(tx, &scope.environment).await?;
    let mut groups = store::by_ids(tx, scope, ids).await?;
    groups.sort_by_cached_key(|group| (group.name_key(), group.id.clone()));
    Ok(shown(tx, scope, groups, relations).await?)
}

/// Groups with what is asked for, in their order: three statements for any number of them.
async fn shown(
    tx: &Tx,
    scope: &Scope,
    groups: Vec<Group>,
    relations: Relations,
) -> Result<Vec<GroupView>, StoreError> {
    let ids: Vec<String> = groups.iter().map(|group| group.id.clone()).collect();
    let mut roles: BTreeMap<String, Vec<Role>> = BTreeMap::new();
    if relations.roles {
        let pairs = store::roles_of(tx, scope, &ids).await?;
        let role_ids: Vec<String> = pairs.iter().map(|(_, role)| role.clone()).collect();
        let held = tenancy::roles_held(tx, scope, &role_ids).await?;
        let by_id: BTreeMap<&str, &Role> = held.iter().map(|role| (role.id.as_str(), role)).collect();
        for (group, role) in pairs {
            // A role that is gone, or is another tenant's now, is nobody's here.
            if let Some(role) = by_id.get(role.as_str()) {
                roles.entry(group).or_default().push((*role).clone());
            }
        }
    }
    let mut users: BTreeMap<String, Vec<GroupUser>> = BTreeMap::new();
    if relations.users && !ids.is_empty() {
        users = members_of(tx, scope, &ids, relations.visible_only).await?;
    }
    Ok(groups
        .into_iter()
        .map(|group| {
            let mut own = roles.remove(&group.id).unwrap_or_default();
            own.sort_by(|a, b| (a.level, &a.key).cmp(&(b.level, &b.key)));
            GroupView {
                roles: own,
                users: users.remove(&group.id).unwrap_or_default(),
                brief: group.into(),
            }
        })
        .collect())
}

/// The members of groups, [`MOST_USERS`] in all: every group has its share, and what small groups leave of theirs goes to
/// those that were cut off.
async fn members_of(
    tx: &Tx,
    scope: &Scope,
    groups: &[String],
    visible_only: bool,
) -> Result<BTreeMap<String, Vec<GroupUser>>, StoreError> {
    let many = |count: usize| i64::try_from(count.max(1)).unwrap_or(MOST_USERS);
    let each = (MOST_USERS / many(groups.len())).max(1);
    let mut read = by_group(store::members_of(tx, scope, groups, each).await?);
    let cut: Vec<String> = groups
        .iter()
        .filter(|id| read.get(*id).is_some_and(|members| many(members.len()) >= each))
        .cloned()
        .collect();
    let left = MOST_USERS - many(read.values().map(Vec::len).sum());
    let more = each + left.max(0) / many(cut.len());
    if !cut.is_empty() && more > each {
        read.extend(by_group(store::members_of(tx, scope, &cut, more).await?));
    }
    Ok(read
        .into_iter()
        .map(|(group, members)| {
            let seen = members
                .into_iter()
                .filter(|(_, invisible)| !(visible_only && *invisible));
            (group, seen.map(|(user, _)| user).collect())
        })
        .collect())
}

fn by_group(rows: Vec<(String, GroupUser, bool)>) -> BTreeMap<String, Vec<(GroupUser, bool)>> {
    let mut groups: BTreeMap<String, Vec<(GroupUser, bool)>> = BTreeMap::new();
    for (group, user, invisible) in rows {
        groups.entry(group).or_default().push((user, invisible));
    }
    groups
}

/// Whether what groups grant counts in the environment.
async fn grants(tx: &Tx, environment: &EnvironmentId) -> Result<bool, StoreError> {
    let configuration = configuration(tx, environment).await?;
    Ok(configuration.enabled && configuration.roles_enabled)
}

/// Ids of the roles that a member has through groups, each once.
pub(crate) async fn role_ids(tx: &Tx, scope: &Scope, user: &str) -> Result<Vec<String>, StoreError> {
    let found = store::role_ids(tx, scope, user).await?;
    // Most people are in no group, and the switches need not be read for them.
    if found.is_empty() || grants(tx, &scope.environment).await? {
        Ok(found)
    } else {
        Ok(Vec::new())
    }
}

/// The same for several users, as (user, tenant, role): in one tenant, or in all of them.
pub(crate) async fn role_ids_of(
    tx: &Tx,
    environment: &EnvironmentId,
    tenant: Option<&str>,
    users: &[String],
) -> Result<Vec<(String, String, String)>, StoreError> {
    let found = store::role_ids_of(tx, environment, tenant, users).await?;
    if found.is_empty() || grants(tx, environment).await? {
        Ok(found)
    } else {
        Ok(Vec::new())
    }
}

/// The groups that users are in, as (user, tenant, group): in one tenant, or in all of them. None where groups are switched off.
pub(crate) async fn briefs(
    tx: &Tx,
    environment: &EnvironmentId,
    tenant: Option<&str>,
    users: &[String],
) -> Result<Vec<(String, String, GroupBrief)>, StoreError> {
    let found = store::groups_of(tx, environment, tenant, users).await?;
    if found.is_empty() || !configuration(tx, environment).await?.enabled {
        return Ok(Vec::new());
    }
    Ok(found
        .into_iter()
        .map(|(user, tenant, group)| (user, tenant, group.into()))
        .collect())
}
