//! Why a call about identifiers was refused.

use db::StoreError;
use thiserror::Error;
use web::Problem;

use crate::users::UserError;

#[derive(Debug, Error)]
pub(crate) enum IdentifierError {
    #[error("User not found")]
    NoUser,
    #[error("Email not found")]
    NoEmail,
    #[error("Phone number not found")]
    NoPhone,
    #[error("Username not found")]
    NoUsername,
    #[error("Email already exists")]
    EmailTaken,
    #[error("Phone number already exists")]
    PhoneTaken,
    #[error("Username already exists")]
    UsernameTaken,
    #[error("User already has a username")]
    HasUsername,
    #[error("The username is all that this user is known by")]
    OnlyUsername,
    #[error("A user may have at most {0} of them")]
    TooMany(usize),
    #[error("The primary email cannot be deleted: make another one primary first")]
    IsPrimary,
    #[error("Only a verified email can become the primary one")]
    Unverified,
    #[error("This environment does not let users change their email addresses")]
    ChangesOff,
    /// Says nothing of the list that keeps the address out.
    #[error("This email address cannot be used")]
    NotAdmitted,
    #[error("Invalid code")]
    WrongCode,
    #[error("Code has expired")]
    ExpiredCode,
    #[error("The token is invalid or has expired")]
    WrongToken,
    #[error("Messages of this kind cannot be sent from here: no provider is configured")]
    NoWay,
    #[error("the body has wrong values")]
    Faults(Vec<String>),
    #[error(transparent)]
    User(#[from] UserError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<IdentifierError> for Problem {
    fn from(error: IdentifierError) -> Self {
        use IdentifierError as E;
        match error {
            E::NoUser | E::NoEmail | E::NoPhone | E::NoUsername => Self::not_found(error.to_string()),
            E::EmailTaken | E::PhoneTaken | E::UsernameTaken | E::HasUsername => {
                Self::conflict(error.to_string())
            }
            E::TooMany(_) | E::IsPrimary | E::Unverified | E::OnlyUsername | E::WrongToken => {
                Self::bad_request(error.to_string())
            }
            E::ChangesOff | E::NotAdmitted => Self::forbidden(error.to_string()),
            E::WrongCode => Self::bad_request(error.to_string()).with_code("ER-01011"),
            E::ExpiredCode => Self::bad_request(error.to_string()).with_code("ER-01017"),
            E::NoWay => Self::unavailable(error.to_string()),
            E::Faults(sentences) => Self::faults(sentences),
            E::User(error) => error.into(),
            E::Store(error) => error.into(),
        }
    }
}
