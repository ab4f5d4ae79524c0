//! `POST /auth/vendor`: the login of an environment's back ends.

mod api;

pub(crate) use api::routes;
