//! Takes the house's own audit records from the outbox.

use async_trait::async_trait;
use blocks::audit::{AuditRecord, TOPIC};
use blocks::outbox::{Event, Sink};
use db::{StoreError, Tx};

use crate::model::Audit;
use crate::store;

/// Stores audit records in the transaction that takes them out of the outbox.
#[derive(Clone, Copy, Debug, Default)]
pub struct AuditSink;

#[async_trait]
impl Sink for AuditSink {
    fn topic(&self) -> &'static str {
        TOPIC
    }

    async fn take(&self, tx: &Tx, events: &[Event]) -> Result<(), StoreError> {
        let mut taken = Vec::with_capacity(events.len());
        for event in events {
            let record: AuditRecord = serde_json::from_str(&event.body).map_err(StoreError::other)?;
            taken.push((
                &event.environment,
                Audit::of_event(&event.id, event.created_at, record),
            ));
        }
        taken.sort_by_key(|(environment, _)| *environment);
        for of_one in taken.chunk_by(|(a, _), (b, _)| a == b) {
            let Some((environment, _)) = of_one.first() else {
                continue;
            };
            let audits: Vec<&Audit> = of_one.iter().map(|(_, audit)| audit).collect();
            store::add(tx, environment, &audits).await?;
        }
        Ok(())
    }
}
