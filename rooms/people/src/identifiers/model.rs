//! Addresses and numbers of users as stored and as answered.

use kit::Millis;
use serde::Serialize;
use utoipa::ToSchema;

/// What an identifier is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Email,
    Phone,
}

impl Kind {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Phone => "phone",
        }
    }
}

/// What numbers begin with that a text is the beginning of. They are stored without what people put between digits, and a
/// plus that was not escaped in a query arrives as a blank.
pub(crate) fn phone_prefix(text: &str) -> String {
    std::iter::once('+')
        .chain(text.chars().filter(char::is_ascii_digit))
        .collect()
}

/// An address or a number of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identifier {
    pub(crate) kind: Kind,
    pub(crate) id: String,
    pub(crate) user_id: String,
    /// As it is compared.
    pub(crate) value: String,
    pub(crate) verified: bool,
    /// The one that the user's row repeats.
    pub(crate) is_primary: bool,
    pub(crate) created_at: Millis,
    pub(crate) updated_at: Millis,
}

impl Identifier {
    pub(crate) fn is_number(&self, number: &str) -> bool {
        self.kind == Kind::Phone && self.value == number
    }

    /// Whether nobody else may have it.
    pub(crate) const fn is_owned(&self) -> bool {
        self.verified || (self.is_primary && matches!(self.kind, Kind::Email))
    }
}

/// An e-mail address of a user.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EmailView {
    pub(crate) id: String,
    pub(crate) user_id: String,
    pub(crate) email: String,
    pub(crate) verified: bool,
    pub(crate) is_primary: bool,
    #[schema(value_type = String)]
    pub(crate) created_at: Millis,
    #[schema(value_type = String)]
    pub(crate) updated_at: Millis,
}

impl From<Identifier> for EmailView {
    fn from(one: Identifier) -> Self {
        Self {
            id: one.id,
            user_id: one.user_id,
            email: one.value,
            verified: one.verified,
            is_primary: one.is_primary,
            created_at: one.created_at,
            updated_at: one.updated_at,
        }
    }
}

/// A phone number of a user.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PhoneView {
    pub(crate) id: String,
    pub(crate) user_id: String,
    pub(crate) phone_number: String,
    pub(crate) verified: bool,
    #[schema(value_type = String)]
    pub(crate) created_at: Millis,
    #[schema(value_type = String)]
    pub(crate) updated_at: Millis,
}

impl From<Identifier> for PhoneView {
    fn from(one: Identifier) -> Self {
        Self {
            id: one.id,
            user_id: one.user_id,
            phone_number: one.value,
            verified: one.verified,
            created_at: one.created_at,
            updated_at: one.updated_at,
        }
    }
}
