//! Who may use which application: members it was given to, and the door that every sign-in passes.
//!
//! An assignment counts where the application, or the tenant's own assignment, says `MANAGED_ACCESS`; under `FREE_ACCESS` every
//! member of a tenant that has the application may enter. New members are given the default application and those that assign
//! themselves, as far as their tenant has them.

mod api;
mod domain;
mod door;
mod model;
mod store;

pub(crate) use api::routes;
pub(crate) use domain::{give_new, welcome};
pub use door::{Door, Entry, door, entered};
pub(crate) use door::{EnterError, enter};
pub(crate) use store::forget_application;
