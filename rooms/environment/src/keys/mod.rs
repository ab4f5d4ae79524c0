//! The keys of an environment: made, sealed, read back.

mod model;
mod ring;
pub(crate) mod store;

pub(crate) use model::{KeyRow, PublicKey, Use, VENDOR_SECONDS, first_keys, next_key};
pub(crate) use ring::{Keyring, RingError, refresh_of};
