//! Users and memberships themselves: what is stored, and what other rooms may ask and do.

mod domain;
mod model;
mod store;

pub use domain::{
    gate_view, membership, memberships, record_login, set_active_tenant, set_membership_status,
    set_mfa_enrolled, user_by_email, user_by_id, user_by_username, users_by_id,
};
pub use model::{GateView, Membership, MembershipStatus, UserRecord};
