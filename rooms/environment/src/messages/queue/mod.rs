//! The queue that messages leave through: one line per environment, served in turn, so that nobody's flood and nobody's
//! broken provider holds up another's mail.

mod delivery;
mod sink;
mod store;

pub use delivery::Delivery;
pub use sink::MessageSink;
