//! `/identity/resources/configurations/v1/captcha-policy`: who has to prove to be a person before a form is looked at.
//!
//! [`passes`] is asked before anything else a form says, so that a refusal tells nothing and counts nowhere.

mod api;
mod domain;
mod model;

pub(crate) use api::routes;
pub(crate) use domain::{Form, passes};
