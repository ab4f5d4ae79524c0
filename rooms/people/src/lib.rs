//! Users, their memberships in tenants, the roles they hold there, and what they are found by.
//!
//! Tables: users, `user_identifiers`, memberships, `member_roles`, `member_counts`, `closed_tenants`, `member_families`, `member_applications`,
//! `application_active_tenants`, `user_groups`, `group_members`, `group_roles`, `profile_images`, and those of the search
//! index. Other rooms ask through the functions re-exported here; each takes the caller's transaction.

mod applications;
mod below;
mod bulk;
mod credentials;
mod families;
mod faults;
mod groups;
mod identifiers;
mod lists;
mod me;
mod members;
mod newcomers;
mod onboarding;
#[cfg(test)]
mod proof;
mod purge;
mod ranks;
mod records;
mod room;
mod search;
mod standing;
mod team;
mod temporary;
mod tenants;
mod users;
mod views;

pub use applications::{Door, Entry, door, entered};
pub use bulk::{BulkInvite, BulkRoles};
pub use credentials::{Credentials, PreparedPassword};
pub use families::FamilyJob;
pub use groups::GroupRemoval;
pub use identifiers::{ACTIVATE_USER, RESET_PASSWORD};
pub use members::{Joined, ShutOutError, count_joined, join, shut_out};
pub use newcomers::{EnrolError, Enrolment, Introduction, Newcomer, count_enrolled, enrol};
pub use onboarding::{ActivationStrategy, Delivery, InvitationReset, Inviter, Issued, Mailer};
pub use purge::{PeopleTenancy, RoleRemoval};
pub use records::{
    Authorization, GateView, Membership, MembershipStatus, UserRecord, authorization, gate_view,
    inherited_membership, membership, memberships, record_login, set_active_tenant, set_membership_status,
    set_mfa_enrolled, user_by_email, user_by_id, user_by_username,
};
pub use room::{People, routes};
pub use search::FoldJob;
pub use standing::{Standing, hold_user, proved_number, stand, user_by_phone};
pub use temporary::TemporaryExpiry;
pub use tenants::MemberMove;
pub use users::strongest;
