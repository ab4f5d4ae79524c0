//! What is said about temporary access.

use blocks::settings::Setting;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::faults::Faults;

/// Whether an environment gives temporary access.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct TemporaryUsers {
    pub(crate) enabled: bool,
}

/// On until somebody turns it off: what is not asked for does no harm.
impl Default for TemporaryUsers {
    fn default() -> Self {
        Self { enabled: true }
    }
}

impl Setting for TemporaryUsers {
    const NAME: &'static str = "temporary-users";
}

/// How long access is to last from now on.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Lasting {
    #[schema(value_type = f64, minimum = 300)]
    pub(super) expiration_in_seconds: i64,
}

impl Lasting {
    pub(super) fn checked(self) -> Result<i64, Vec<String>> {
        let mut faults = Faults::default();
        faults.temporary(Some(self.expiration_in_seconds));
        faults.check()?;
        Ok(self.expiration_in_seconds)
    }
}
