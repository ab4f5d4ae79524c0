//! The secrets of an application: the one it proves itself with, and the one it shares with this server. Both are made when
//! they are first asked for, rest sealed, and are shown to the environment only.

mod api;
mod domain;
mod store;

pub(super) use api::routes;
