//! A group as stored and as sent, and what bodies may say about one.

use blocks::listing::Order;
use blocks::settings::Setting;
use kit::Millis;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tenancy::Role;
use utoipa::ToSchema;

use crate::faults::Faults;

/// `managedBy` of a group that this API keeps.
pub(crate) const OURS: &str = "frontegg";

/// A group as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) color: String,
    pub(crate) description: String,
    /// JSON text.
    pub(crate) metadata: String,
    /// `frontegg`, or `scim2` where a directory keeps name and members.
    pub(crate) managed_by: String,
    pub(crate) created_at: Millis,
    pub(crate) updated_at: Millis,
}

impl Group {
    /// What names are sorted by.
    pub(crate) fn name_key(&self) -> String {
        kit::search_key(&self.name)
    }

    /// Whether name and members are somebody else's to change.
    pub(crate) fn is_foreign(&self) -> bool {
        self.managed_by != OURS
    }
}

/// A group with what was asked for.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GroupView {
    #[serde(flatten)]
    pub(crate) brief: GroupBrief,
    /// Empty where they were not asked for.
    pub(crate) roles: Vec<Role>,
    /// Empty where they were not asked for; the first of them where there are very many.
    pub(crate) users: Vec<GroupUser>,
}

/// A group by itself.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GroupBrief {
    pub(crate) id: String,
    /// Unique in the tenant.
    pub(crate) name: String,
    pub(crate) color: String,
    pub(crate) description: String,
    /// JSON text.
    pub(crate) metadata: String,
    /// `frontegg` or `scim2`.
    pub(crate) managed_by: String,
    #[schema(value_type = String)]
    pub(crate) created_at: Millis,
    #[schema(value_type = String)]
    pub(crate) updated_at: Millis,
}

impl From<Group> for GroupBrief {
    fn from(group: Group) -> Self {
        Self {
            id: group.id,
            name: group.name,
            color: group.color,
            description: group.description,
            metadata: group.metadata,
            managed_by: group.managed_by,
            created_at: group.created_at,
            updated_at: group.updated_at,
        }
    }
}

/// A member of a group.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GroupUser {
    pub(crate) id: String,
    /// Null for a user known by a username only.
    pub(crate) email: Option<String>,
    pub(crate) name: String,
    /// `""` without a picture.
    pub(crate) profile_picture_url: String,
    #[schema(value_type = String)]
    pub(crate) created_at: Millis,
    /// Whether the membership in the group's tenant is confirmed.
    pub(crate) activated_for_tenant: bool,
}

/// Groups under one member.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Groups {
    pub(crate) groups: Vec<GroupView>,
}

/// The groups of one user.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GroupsOfUser {
    pub(crate) user_id: String,
    pub(crate) group_ids: Vec<String>,
}

/// What a group becomes: all members optional, `null` the same as absent.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct GroupBody {
    name: Option<String>,
    color: Option<String>,
    description: Option<String>,
    metadata: Option<Value>,
}

/// A group to be, as documented.
#[derive(Debug, Deserialize, ToSchema)]
#[expect(
    dead_code,
    reason = "describes the body of a creation to readers of the document"
)]
pub(crate) struct NewGroup {
    /// Unique in the tenant.
    name: String,
    /// For display.
    color: Option<String>,
    description: Option<String>,
    /// JSON text.
    metadata: Option<String>,
}

/// Changes to a group, as documented: members left out stay.
#[derive(Debug, Deserialize, ToSchema)]
#[expect(
    dead_code,
    reason = "describes the body of a change to readers of the document"
)]
pub(crate) struct GroupChanges {
    name: Option<String>,
    color: Option<String>,
    description: Option<String>,
    metadata: Option<String>,
}

/// A [`GroupBody`] whose values are right.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) name: Option<String>,
    pub(crate) color: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) metadata: Option<String>,
}

impl GroupBody {
    /// The changes, or what is wrong with them.
    pub(crate) fn checked(self) -> Result<Wanted, Vec<String>> {
        let mut faults = Faults::default();
        if self.name.as_deref().is_some_and(|name| name.trim().is_empty()) {
            faults.say("name should not be empty");
        }
        faults.short("name", self.name.as_deref());
        faults.short("color", self.color.as_deref());
        faults.long("description", self.description.as_deref());
        let metadata = faults.metadata("metadata", self.metadata.as_ref());
        faults.check()?;
        Ok(Wanted {
            name: self.name,
            color: self.color,
            description: self.description,
            metadata,
        })
    }

    /// The same for a group to be, which must have a name.
    pub(crate) fn checked_new(self) -> Result<Wanted, Vec<String>> {
        if self.name.is_none() {
            return Err(vec!["name should not be empty".to_owned()]);
        }
        self.checked()
    }
}

impl Wanted {
    /// The group with these changes.
    pub(crate) fn over(&self, old: &Group, now: Millis) -> Group {
        let or = |new: &Option<String>, old: &String| new.clone().unwrap_or_else(|| old.clone());
        Group {
            name: or(&self.name, &old.name),
            color: or(&self.color, &old.color),
            description: or(&self.description, &old.description),
            metadata: or(&self.metadata, &old.metadata),
            updated_at: now,
            ..old.clone()
        }
    }
}

/// Ids of groups.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GroupIds {
    groups_ids: Vec<String>,
}

/// Ids of users.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserIds {
    user_ids: Vec<String>,
}

/// Most ids in one body.
const MOST_IDS: usize = 1_000;

/// Each id once, sorted; or what is wrong with the list.
fn ids_of(field: &str, mut ids: Vec<String>, may_be_empty: bool) -> Result<Vec<String>, Vec<String>> {
    let mut faults = Faults::default();
    if ids.is_empty() && !may_be_empty {
        faults.say(format!("{field} should not be empty"));
    }
    if ids.len() > MOST_IDS {
        faults.say(format!("{field} must contain no more than {MOST_IDS} elements"));
    }
    if ids.iter().any(|id| id.is_empty() || id.len() > 255) {
        faults.say(format!("each value in {field} must be an id"));
    }
    faults.check()?;
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

impl GroupIds {
    pub(crate) fn checked(self) -> Result<Vec<String>, Vec<String>> {
        ids_of("groupsIds", self.groups_ids, true)
    }
}

impl UserIds {
    pub(crate) fn checked(self) -> Result<Vec<String>, Vec<String>> {
        ids_of("userIds", self.user_ids, false)
    }
}

/// Whether an environment has groups, and whether these bring roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GroupConfiguration {
    /// Without it nobody reads or changes groups, and what they grant does not count.
    pub(crate) enabled: bool,
    /// Without it groups get no roles, and those they have do not count.
    pub(crate) roles_enabled: bool,
}

impl Default for GroupConfiguration {
    fn default() -> Self {
        Self {
            enabled: true,
            roles_enabled: true,
        }
    }
}

impl Setting for GroupConfiguration {
    const NAME: &'static str = "groups";
}

/// Changes to [`GroupConfiguration`]: members left out stay.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConfigurationBody {
    pub(crate) enabled: Option<bool>,
    pub(crate) roles_enabled: Option<bool>,
}

/// What groups are sorted by; those that agree in it follow their ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GroupSort {
    Id,
    Name,
    CreatedAt,
    UpdatedAt,
}

/// One page of groups as asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Page {
    pub(crate) sort: GroupSort,
    pub(crate) order: Order,
    pub(crate) skip: i64,
    pub(crate) limit: i64,
}
