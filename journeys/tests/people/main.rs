//! Users and their memberships.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "in a test a failed unwrap is how it speaks"
)]

mod applications;
mod below;
mod bulk;
mod creation;
mod emails;
mod families;
mod group_members;
mod group_roles;
mod groups;
mod links;
mod lists;
mod me;
mod onboarding;
mod phones;
mod reach;
mod reading;
mod roles_of_users;
mod search;
mod team;
mod temporary;
mod tenants_of_users;
mod updates;
mod usernames;
