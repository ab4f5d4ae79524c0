//! `/metadata?entityName=…`: documents that clients keep about themselves: the look of login box and admin portal, the
//! service provider's side of SAML, and the columns of the audit page.

mod api;
mod domain;
mod model;

pub(crate) use api::routes;
