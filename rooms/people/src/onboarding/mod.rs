//! How new users and new members get in: the mails that creating and adding them sends, and the answers to these.
//!
//! A user whose address nobody has proved yet gets an *activation*: the link or code by which they prove it and choose a
//! password. A user with a proved address who is added to one more tenant gets an *invitation*, which stands for that one
//! membership and ends with it. Each goes by link or by code, as the environment has it.

mod accept;
mod mailer;
mod resend;
mod reset;
mod strategies;

use web::Routes;

use crate::records::{Membership, MembershipStatus, UserRecord};
use crate::room::People;

pub use mailer::{Inviter, Issued, Mailer};
pub use reset::InvitationReset;
pub use strategies::{ActivationStrategy, Delivery};

pub(crate) fn routes() -> Routes<People> {
    strategies::routes()
        .and(accept::routes())
        .and(reset::routes())
        .and(resend::routes())
}

/// Whether a membership has yet to be confirmed, or its user's address to be proved.
pub(crate) fn is_waiting(user: &UserRecord, membership: &Membership) -> bool {
    !membership.is_disabled && (!user.verified || membership.status != MembershipStatus::Activated)
}
