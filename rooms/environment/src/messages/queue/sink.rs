//! From the outbox into the line of its environment, with the bounds that keep a flood from filling the disk.

use std::collections::BTreeMap;

use async_trait::async_trait;
use blocks::audit::{AuditRecord, Severity};
use blocks::outbox::{Event, Sink};
use db::{StoreError, Tx};
use kit::{EnvironmentId, Scope};
use web::App;

use super::super::order::{Parcel, TOPIC};
use super::store::{self, Waiting};

/// Most messages of an environment that wait, and most for one receiver.
const WAITING: i64 = 10_000;
const FOR_ONE: i64 = 50;

/// Takes ordered messages out of the outbox.
pub struct MessageSink {
    pub app: App,
}

#[async_trait]
impl Sink for MessageSink {
    fn topic(&self) -> &'static str {
        TOPIC
    }

    async fn take(&self, tx: &Tx, events: &[Event]) -> Result<(), StoreError> {
        let mut lines: BTreeMap<&str, Vec<&Event>> = BTreeMap::new();
        for event in events {
            lines.entry(event.environment.as_str()).or_default().push(event);
        }
        // In the order of their ids, as every node takes them.
        for events in lines.values() {
            if let Some(first) = events.first() {
                self.line_up(tx, &first.environment, events).await?;
            }
        }
        Ok(())
    }
}

/// Messages of a batch that did not join the line.
#[derive(Clone, Copy, Default)]
struct Dropped {
    too_many: u64,
    unreadable: u64,
}

impl Dropped {
    const fn all(self) -> u64 {
        self.too_many + self.unreadable
    }

    /// Why, for the environment's owner.
    fn said(self) -> String {
        let mut said = Vec::new();
        if self.too_many > 0 {
            said.push(format!(
                "{} messages were dropped: at most {WAITING} may wait in an environment, and {FOR_ONE} for one receiver",
                self.too_many
            ));
        }
        if self.unreadable > 0 {
            said.push(format!(
                "{} messages were dropped: what was ordered cannot be read",
                self.unreadable
            ));
        }
        said.join("; ")
    }
}

impl MessageSink {
    async fn line_up(
        &self,
        tx: &Tx,
        environment: &EnvironmentId,
        events: &[&Event],
    ) -> Result<(), StoreError> {
        let mut waiting = store::hold(tx, environment).await?;
        let mut receivers: BTreeMap<String, i64> = BTreeMap::new();
        let (mut joined, mut dropped) = (0, Dropped::default());
        for event in events {
            // Trying again would not make it readable, and would keep every message behind it.
            let Ok(parcel) = serde_json::from_str::<Parcel>(&event.body) else {
                tracing::error!(%environment, message_id = event.id, "an ordered message cannot be read");
                dropped.unreadable += 1;
                continue;
            };
            let known = match receivers.get(&parcel.to) {
                Some(known) => *known,
                None => store::waiting_for(tx, environment, &parcel.to, FOR_ONE).await?,
            };
            if waiting >= WAITING || known >= FOR_ONE {
                dropped.too_many += 1;
                continue;
            }
            receivers.insert(parcel.to.clone(), known + 1);
            let message = Waiting {
                id: event.id.clone(),
                tenant_id: parcel.tenant_id,
                channel: parcel.channel,
                template: parcel.template,
                target: parcel.to,
                sealed: format!("{}.{}", parcel.seal, parcel.sealed),
                attempts: 0,
            };
            store::add(tx, environment, &message, event.created_at).await?;
            waiting += 1;
            joined += 1;
        }
        if let Some(first) = events.first().filter(|_| joined > 0) {
            store::joined(tx, environment, joined, first.created_at).await?;
        }
        if dropped.all() > 0 {
            self.tell(tx, environment, dropped).await?;
        }
        Ok(())
    }

    /// One record for all of a batch: a flood of messages must not become a flood of records.
    async fn tell(&self, tx: &Tx, environment: &EnvironmentId, dropped: Dropped) -> Result<(), StoreError> {
        let said = dropped.said();
        tracing::warn!(%environment, "{said}");
        metrics::counter!("tenantry_messages_total", "outcome" => "dropped").increment(dropped.all());
        AuditRecord::new("Messages dropped", "message", "")
            .severity(Severity::Error)
            .described(said)
            .write(
                tx,
                self.app.ids(),
                &Scope::environment(environment.clone()),
                self.app.now(),
            )
            .await
    }
}
