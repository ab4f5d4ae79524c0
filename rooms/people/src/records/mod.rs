//! Users and memberships themselves: what is stored, and what other rooms may ask and do.

mod authorization;
mod domain;
mod inheritance;
mod leaving;
mod model;
mod moving;
mod store;

pub use authorization::{Authorization, authorization};
pub(crate) use domain::{
    audit, by_phone, count_in, for_audit, give_roles, hold, hold_membership, members_after, memberships_of,
    role_ids, role_ids_among, set_disabled, set_valid_after, take_roles, users_by_id, write_new_member,
    write_new_user, write_user,
};
pub use domain::{
    membership, memberships, record_login, set_active_tenant, set_membership_status, set_mfa_enrolled,
    user_by_email, user_by_id, user_by_username,
};
pub use inheritance::{gate_view, inherited_membership};
pub(crate) use inheritance::{
    lets_in, membership_in_force, reach_down_after, role_ids_in_force, set_sub_accounts,
};
pub(crate) use leaving::{Parting, count_out, end_membership, erase_user};
pub use model::{GateView, Membership, MembershipStatus, UserRecord};
pub(crate) use moving::{Moved, count_moved, move_members};
