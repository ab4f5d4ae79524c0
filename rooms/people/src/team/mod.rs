//! The routes of the admin portal about the members of a tenant, and pictures of users.

mod api;
mod domain;
mod image;
mod model;
mod pictures;
mod store;

pub(crate) use api::routes;
pub(crate) use pictures::forget as forget_picture;
