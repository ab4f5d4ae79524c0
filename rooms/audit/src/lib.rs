//! Audit records in, audit queries out.
//!
//! Tables: audits, audit_tallies. Records of the house's own changes come through the outbox ([`AuditSink`]); a product's own
//! events are posted to `/audits`. Records are only ever added.

mod csv;
mod metrics;
mod model;
#[cfg(test)]
mod proof;
mod records;
mod sink;
mod store;
mod wanted;

use web::{App, BoundRoutes, Routes};

pub use sink::AuditSink;

/// State of this room's handlers.
#[derive(Clone)]
pub(crate) struct AuditRoom {
    pub(crate) app: App,
}

/// The routes of this room.
pub fn routes(app: &App) -> BoundRoutes {
    Routes::new()
        .and(records::routes())
        .and(metrics::routes())
        .bind(app, AuditRoom { app: app.clone() })
}
