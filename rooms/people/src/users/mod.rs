//! Users: creation and invitation, reading, changing, removing, and the switches of an environment.

mod api;
mod create;
mod domain;
mod flags;
mod model;

pub(crate) use api::routes;
pub(crate) use create::{Prepared, create};
pub use domain::strongest;
pub(crate) use domain::{
    UserError, change_profile, forget, note, outranks, remove, rewrite, strongest_among, weaker,
};
pub(crate) use model::{Creation, InviteBody, ProfileBody};

/// What the tests of this room reach.
#[cfg(test)]
pub(crate) mod proof {
    use std::sync::Arc;

    use db::Tx;
    use serde_json::Value;

    pub(crate) use super::domain::{UserError, change_profile, remove};
    pub(crate) use super::flags::{Switch, turn};
    use super::model::{InviteBody, ProfileBody, ProfileChanges, VendorBody};
    use crate::Credentials;
    use crate::room::Change;
    use crate::views::UserView;

    /// A user to be.
    #[derive(Clone)]
    pub(crate) struct NewUser(super::create::Prepared);

    impl NewUser {
        /// Reads a vendor's body where it names a tenant, else an invitation.
        pub(crate) fn read(body: Value, id: String) -> Result<Self, UserError> {
            let checked = if body.get("tenantId").is_some() {
                serde_json::from_value::<VendorBody>(body).unwrap().checked()
            } else {
                serde_json::from_value::<InviteBody>(body).unwrap().checked()
            };
            let creation = checked.map_err(UserError::Faults)?;
            Ok(Self(super::create::Prepared {
                creation,
                password: None,
                id,
            }))
        }
    }

    pub(crate) async fn create(
        tx: &Tx,
        change: &Change,
        credentials: &Arc<dyn Credentials>,
        order: &NewUser,
    ) -> Result<UserView, UserError> {
        super::create::create(tx, change, (credentials, None), &order.0).await
    }

    pub(crate) fn profile(body: Value) -> Result<ProfileChanges, Vec<String>> {
        serde_json::from_value::<ProfileBody>(body).unwrap().checked()
    }
}
