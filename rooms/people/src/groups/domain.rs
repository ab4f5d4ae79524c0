//! Decisions about groups. Whoever changes a group holds its row first, then the memberships concerned.

use std::collections::BTreeMap;

use blocks::settings;
use blocks::tasks;
use db::{StoreError, Tx};
use kit::{EnvironmentId, Scope};
use serde_json::{Value, json};
use thiserror::Error;

use super::lists::{self, Relations};
use super::model::{ConfigurationBody, Group, GroupConfiguration, GroupView, GroupsOfUser, OURS, Wanted};
use super::removal::{self, Order};
use super::store;
use crate::room::Change;
use crate::users::{outranks, strongest_among};

/// Why a call about groups was refused.
#[derive(Debug, Error)]
pub(crate) enum GroupError {
    #[error("Group not found")]
    NotFound,
    #[error("Group with this name already exists")]
    NameTaken,
    #[error("{0}")]
    UnknownRoles(String),
    #[error("Users not found in the account: {}", .0.join(", "))]
    UnknownUsers(Vec<String>),
    #[error(
        "Groups with roles above your own level cannot be changed, and such roles cannot be given or taken"
    )]
    TooStrong,
    #[error("Users above your own level cannot be added to groups or removed from them")]
    MemberTooStrong,
    #[error("The group is managed by a directory: its name and members can only be changed there")]
    Foreign,
    #[error("The group is managed by a directory: it can only be deleted there")]
    ForeignDeletion,
    #[error("Groups are disabled in this environment")]
    Disabled,
    #[error("Roles of groups are disabled in this environment")]
    RolesDisabled,
    #[error("the body has wrong values")]
    Faults(Vec<String>),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<tenancy::Unassignable> for GroupError {
    fn from(error: tenancy::Unassignable) -> Self {
        match error {
            tenancy::Unassignable::Unknown(_) => Self::UnknownRoles(error.to_string()),
            tenancy::Unassignable::Store(error) => Self::Store(error),
        }
    }
}

/// The switches, when groups are on.
pub(super) async fn check_enabled(
    tx: &Tx,
    environment: &EnvironmentId,
) -> Result<GroupConfiguration, GroupError> {
    let configuration = lists::configuration(tx, environment).await?;
    if configuration.enabled {
        Ok(configuration)
    } else {
        Err(GroupError::Disabled)
    }
}

/// Writes the switches of the environment.
pub(crate) async fn configure(tx: &Tx, change: &Change, body: ConfigurationBody) -> Result<(), StoreError> {
    let scope = Scope::environment(change.scope.environment.clone());
    let old = lists::configuration(tx, &scope.environment).await?;
    let new = GroupConfiguration {
        enabled: body.enabled.unwrap_or(old.enabled),
        roles_enabled: body.roles_enabled.unwrap_or(old.roles_enabled),
    };
    settings::put(tx, &change.ids, &scope, change.now, &new).await?;
    let mut record = change.by.clone().changed(Some(&old), Some(&new));
    "Groups configuration changed".clone_into(&mut record.action);
    "groups configuration".clone_into(&mut record.resource);
    scope.environment_id().clone_into(&mut record.resource_id);
    record.write(tx, &change.ids, &scope, change.now).await
}

fn for_audit(group: &Group) -> Value {
    json!({
        "name": group.name,
        "color": group.color,
        "description": group.description,
        "metadata": group.metadata,
        "managedBy": group.managed_by,
    })
}

async fn note(
    tx: &Tx,
    change: &Change,
    action: &str,
    id: &str,
    before: Option<&Value>,
    after: Option<&Value>,
) -> Result<(), StoreError> {
    let mut record = change.by.clone().changed(before, after);
    action.clone_into(&mut record.action);
    "group".clone_into(&mut record.resource);
    id.clone_into(&mut record.resource_id);
    change.scope.tenant_id().clone_into(&mut record.tenant_id);
    record.write(tx, &change.ids, &change.scope, change.now).await
}

/// How the one who makes a change sees a group.
async fn seen(tx: &Tx, change: &Change, id: &str) -> Result<GroupView, GroupError> {
    lists::read(tx, &change.scope, id, Relations::all(change.bounded_by.is_some())).await
}

/// The group, held until the transaction ends. A user does not touch one whose roles are stronger than the user.
async fn held(tx: &Tx, change: &Change, id: &str) -> Result<Group, GroupError> {
    check_enabled(tx, &change.scope.environment).await?;
    if !store::hold(tx, &change.scope, id).await? {
        return Err(GroupError::NotFound);
    }
    let group = store::by_id(tx, &change.scope, id)
        .await?
        .ok_or(GroupError::NotFound)?;
    if change.bounded_by.is_some() {
        let level = roles(tx, &change.scope, id)
            .await?
            .iter()
            .map(|role| role.level)
            .min();
        if outranks(tx, change, level).await? {
            return Err(GroupError::TooStrong);
        }
    }
    Ok(group)
}

/// None of the members concerned may be stronger than a user who makes the change: groups give and take roles, too.
async fn check_members(tx: &Tx, change: &Change, users: &[String]) -> Result<(), GroupError> {
    if change.bounded_by.is_some() {
        let level = strongest_among(tx, &change.scope, users).await?;
        if outranks(tx, change, level).await? {
            return Err(GroupError::MemberTooStrong);
        }
    }
    Ok(())
}

/// The roles of a group that count.
async fn roles(tx: &Tx, scope: &Scope, id: &str) -> Result<Vec<tenancy::Role>, StoreError> {
    let ids: Vec<String> = store::roles_of(tx, scope, &[id.to_owned()])
        .await?
        .into_iter()
        .map(|(_, role)| role)
        .collect();
    tenancy::roles_held(tx, scope, &ids).await
}

/// Creates a group without roles and members.
pub(crate) async fn create(
    tx: &Tx,
    change: &Change,
    id: &str,
    wanted: &Wanted,
) -> Result<GroupView, GroupError> {
    check_enabled(tx, &change.scope.environment).await?;
    let empty = Group {
        id: id.to_owned(),
        name: String::new(),
        color: String::new(),
        description: String::new(),
        metadata: "{}".to_owned(),
        managed_by: OURS.to_owned(),
        created_at: change.now,
        updated_at: change.now,
    };
    let group = wanted.over(&empty, change.now);
    if !store::insert(tx, &change.scope, &group).await? {
        return Err(GroupError::NameTaken);
    }
    note(tx, change, "Group created", id, None, Some(&for_audit(&group))).await?;
    seen(tx, change, id).await
}

/// Changes what a group is called and looks like.
pub(crate) async fn update(
    tx: &Tx,
    change: &Change,
    id: &str,
    wanted: &Wanted,
) -> Result<GroupView, GroupError> {
    let old = held(tx, change, id).await?;
    let new = wanted.over(&old, change.now);
    if old.is_foreign() && new.name != old.name {
        return Err(GroupError::Foreign);
    }
    store::update(tx, &change.scope, &new)
        .await
        .map_err(|error| match error {
            StoreError::Unique { .. } => GroupError::NameTaken,
            other => GroupError::Store(other),
        })?;
    let (was, is) = (for_audit(&old), for_audit(&new));
    note(tx, change, "Group updated", id, Some(&was), Some(&is)).await?;
    seen(tx, change, id).await
}

/// Deletes a group. Its members lose at once what it granted; where they are many, their rows go later.
pub(crate) async fn delete(tx: &Tx, change: &Change, id: &str) -> Result<(), GroupError> {
    let old = held(tx, change, id).await?;
    if old.is_foreign() && change.bounded_by.is_some() {
        return Err(GroupError::ForeignDeletion);
    }
    let scope = &change.scope;
    store::delete(tx, scope, id).await?;
    let gone = store::forget_members(tx, &scope.environment, scope.tenant_id(), id, removal::PIECE).await?;
    if gone >= removal::PIECE.unsigned_abs() {
        let order = Order {
            tenant_id: scope.tenant_id().to_owned(),
            group_id: id.to_owned(),
        };
        let (ids, environment) = (&change.ids, &scope.environment);
        tasks::submit(
            tx,
            ids,
            environment,
            removal::GROUP_REMOVAL,
            &order,
            0,
            change.now,
        )
        .await?;
    }
    note(tx, change, "Group deleted", id, Some(&for_audit(&old)), None).await?;
    Ok(())
}

/// Gives a group roles, which adds to those it has.
pub(crate) async fn add_roles(
    tx: &Tx,
    change: &Change,
    id: &str,
    role_ids: &[String],
) -> Result<(), GroupError> {
    if !check_enabled(tx, &change.scope.environment).await?.roles_enabled {
        return Err(GroupError::RolesDisabled);
    }
    held(tx, change, id).await?;
    let given = tenancy::assignable_roles(tx, &change.scope, role_ids).await?;
    let level = given.iter().map(|role| role.level).min();
    if outranks(tx, change, level).await? {
        return Err(GroupError::TooStrong);
    }
    let before = role_keys(tx, change, id).await?;
    if store::add_roles(tx, &change.scope, id, role_ids).await? > 0 {
        finish_roles(tx, change, "Roles added to group", id, &before).await?;
    }
    Ok(())
}

/// Takes roles from a group. Roles that it does not have are no error, but roles that nobody knows are.
pub(crate) async fn remove_roles(
    tx: &Tx,
    change: &Change,
    id: &str,
    role_ids: &[String],
) -> Result<(), GroupError> {
    held(tx, change, id).await?;
    let own = store::roles_of(tx, &change.scope, &[id.to_owned()]).await?;
    let others: Vec<String> = role_ids
        .iter()
        .filter(|role| !own.iter().any(|(_, held)| held == *role))
        .cloned()
        .collect();
    tenancy::assignable_roles(tx, &change.scope, &others).await?;
    let before = role_keys(tx, change, id).await?;
    if store::remove_roles(tx, &change.scope, id, role_ids).await? > 0 {
        finish_roles(tx, change, "Roles removed from group", id, &before).await?;
    }
    Ok(())
}

async fn role_keys(tx: &Tx, change: &Change, id: &str) -> Result<Value, StoreError> {
    let roles = roles(tx, &change.scope, id).await?;
    let keys: Vec<String> = roles.into_iter().map(|role| role.key).collect();
    Ok(json!({"roles": keys}))
}

async fn finish_roles(
    tx: &Tx,
    change: &Change,
    action: &str,
    id: &str,
    before: &Value,
) -> Result<(), StoreError> {
    store::touch(tx, &change.scope, id, change.now).await?;
    let after = role_keys(tx, change, id).await?;
    note(tx, change, action, id, Some(before), Some(&after)).await
}

/// Puts members of the tenant into a group; all of them or, by failing, none.
pub(crate) async fn add_users(
    tx: &Tx,
    change: &Change,
    id: &str,
    users: &[String],
) -> Result<(), GroupError> {
    if held(tx, change, id).await?.is_foreign() {
        return Err(GroupError::Foreign);
    }
    let scope = &change.scope;
    let members = store::hold_members(tx, scope, users).await?;
    let unknown = without(users, &members);
    if !unknown.is_empty() {
        return Err(GroupError::UnknownUsers(unknown));
    }
    let new = without(users, &store::members_among(tx, scope, id, users).await?);
    if !new.is_empty() {
        check_members(tx, change, &new).await?;
        store::add_members(tx, scope, id, &new).await?;
        store::touch(tx, scope, id, change.now).await?;
        let added = json!({"users": new});
        note(tx, change, "Users added to group", id, None, Some(&added)).await?;
    }
    Ok(())
}

/// Takes users out of a group. Members of the tenant who are not in it are no error, but users that nobody knows are.
pub(crate) async fn remove_users(
    tx: &Tx,
    change: &Change,
    id: &str,
    users: &[String],
) -> Result<(), GroupError> {
    if held(tx, change, id).await?.is_foreign() {
        return Err(GroupError::Foreign);
    }
    let scope = &change.scope;
    let inside = store::members_among(tx, scope, id, users).await?;
    let outside = without(users, &inside);
    let unknown = without(&outside, &store::hold_members(tx, scope, &outside).await?);
    if !unknown.is_empty() {
        return Err(GroupError::UnknownUsers(unknown));
    }
    if !inside.is_empty() {
        check_members(tx, change, &inside).await?;
        store::remove_members(tx, scope, id, &inside).await?;
        store::touch(tx, scope, id, change.now).await?;
        let removed = json!({"users": inside});
        note(tx, change, "Users removed from group", id, Some(&removed), None).await?;
    }
    Ok(())
}

/// Those of `all` that are not in `some`, which is sorted.
fn without(all: &[String], some: &[String]) -> Vec<String> {
    all.iter()
        .filter(|id| some.binary_search(id).is_err())
        .cloned()
        .collect()
}

/// The groups of each of these members of the scope's tenant.
pub(crate) async fn group_ids(
    tx: &Tx,
    scope: &Scope,
    members: &[String],
) -> Result<Vec<GroupsOfUser>, StoreError> {
    let mut held: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (user, _, group) in lists::briefs(tx, &scope.environment, Some(scope.tenant_id()), members).await? {
        held.entry(user).or_default().push(group.id);
    }
    let rows = members.iter().map(|user| GroupsOfUser {
        user_id: user.clone(),
        group_ids: held.remove(user).unwrap_or_default(),
    });
    Ok(rows.collect())
}

/// Removes up to `most` rows of each kind of a tenant that goes; true when none is left.
pub(crate) async fn purge(tx: &Tx, scope: &Scope, most: i64) -> Result<bool, StoreError> {
    Ok(store::purge(tx, scope, most).await? < most.unsigned_abs())
}
