//! Applications: what users sign in to. One of each environment is its default.
//!
//! Which tenants may use an application is decided per tenant. Where nothing was decided, the default application is open and
//! every other one is closed, so that an environment which never looks at applications has one that lets everybody in.
//! New tenants are given the default application and those that assign themselves; an application that becomes the default is
//! given to every tenant, in the background.

mod api;
mod assignments;
mod clients;
mod domain;
mod model;
mod removal;
mod secrets;
mod store;

use web::Routes;

use crate::room::Tenancy;

pub use assignments::{Assignment, assigned_applications, given_applications, open_tenants};
pub(crate) use assignments::{forget_tenant, welcome};
pub(crate) use domain::seed;
pub use domain::{
    ApplicationError, application, application_used, applications, default_application, hold_application,
};
pub use model::{AccessType, Application};
pub(crate) use removal::{ApplicationRemoval, ApplicationSpread};

pub(crate) fn routes() -> Routes<Tenancy> {
    Routes::new()
        .and(api::routes())
        .and(assignments::routes())
        .and(secrets::routes())
        .and(clients::routes())
}
