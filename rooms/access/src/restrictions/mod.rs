//! Who may come in from where: lists of network addresses for sign-in, and of e-mail domains for sign-up and invitation.
//!
//! Both kinds are one pair of tables. A list has a strategy, which says whether its `ALLOW` or its `BLOCK` entries count.

mod domain;
mod email;
mod ip;
mod model;
mod public_domains;
mod store;

use web::Routes;

use crate::room::Access;

pub use domain::email_domain_allowed;
pub(crate) use domain::{address_allowed, forget_tenant};

pub(crate) fn routes() -> Routes<Access> {
    ip::routes().and(email::routes())
}
