//! `/identity/resources/configurations/v1/lockout-policy`: how many wrong passwords in a row are one too many, and what
//! follows.

mod api;
mod model;
mod store;
mod strike;
mod unlock;

use web::Routes;

use crate::room::Access;

pub(crate) use model::{Limit, limit};
pub(crate) use strike::{Strike, forget, release, tell_released};

pub(crate) fn routes() -> Routes<Access> {
    api::routes().and(unlock::routes())
}
