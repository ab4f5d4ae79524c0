//! Users and their memberships.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "in a test a failed unwrap is how it speaks"
)]

mod applications;
mod below;
mod creation;
mod lists;
mod me;
mod reach;
mod reading;
mod roles_of_users;
mod search;
mod updates;
