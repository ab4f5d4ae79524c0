//! Users and memberships in the database.

mod members;
mod reach;
mod users;

pub(super) use members::{
    MembershipChange, activate, change_membership, delete_membership, gate_view, give_roles, hold_membership,
    insert_membership, membership, memberships, memberships_of, oldest_tenant, repeat_keys, role_ids,
    role_ids_among, take_roles, tenants_of,
};
pub(super) use reach::{
    decides, members_after, reach_down_between, reaches_down, reaching, set_sub_accounts,
};
pub(super) use users::{
    by_id, by_identifier, by_ids, by_username, delete, hold, insert, note_login, set_active_tenant, update,
};

/// How many values one `IN` list gets.
const CHUNK: usize = 200;
