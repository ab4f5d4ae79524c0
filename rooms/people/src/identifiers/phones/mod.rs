//! Phone numbers: proved by a code in a text message, the first of them shown as the user's own.

mod api;
mod domain;
mod reset;

use web::Routes;

use crate::room::People;

pub(super) fn routes() -> Routes<People> {
    api::routes().and(reset::routes())
}
