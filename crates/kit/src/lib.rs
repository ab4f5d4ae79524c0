//! Pure values shared by every crate: scopes, ids, time, secrets, patches, normalised text; and how threads share a machine. No I/O lives here.

mod clock;
mod ids;
mod patch;
mod priority;
mod scope;
mod secret;
mod text;

pub use clock::{Clock, HandClock, Millis, SystemClock};
pub use ids::{CountedIds, IdSource, Ids, RandomIds, as_random, is_uuid, tells_time};
pub use patch::Patch;
pub use priority::yield_to_requests;
pub use scope::{EnvironmentId, Scope, TenantId, UserId};
pub use secret::{Secret, same};
pub use text::{EmailFault, display_name_from_email, email_key, phone_key, prefix_end, search_key};
