//! Users and their memberships.

mod creation;
mod lists;
mod me;
mod reading;
mod roles_of_users;
mod updates;
