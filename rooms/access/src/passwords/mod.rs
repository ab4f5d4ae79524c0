//! Passwords: the rules they are judged by, the hashes that are kept of them, and the ways of setting one.

mod change;
mod credentials;
mod judge;
mod policies;
mod reset;
pub(crate) mod store;
mod verify;

use web::Routes;

use crate::room::Access;

pub use credentials::AccessCredentials;
pub(crate) use credentials::{hash_problem, set};
pub use judge::Judge;
pub(crate) use policies::{Age, rules_of_user};

pub(crate) fn routes() -> Routes<Access> {
    Routes::new()
        .and(verify::routes())
        .and(policies::routes())
        .and(change::routes())
        .and(reset::routes())
}
