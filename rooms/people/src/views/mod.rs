//! A user as clients see one.

mod domain;
mod model;

pub(crate) use domain::{Audience, Detail, Lens, view, views};
pub(crate) use model::UserView;
