//! Sending what waits: several environments at once, each in a lane of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use blocks::audit::{AuditRecord, Severity};
use blocks::jobs::Job;
use db::{StoreError, Tx};
use futures_util::StreamExt;
use futures_util::future::{self, Either};
use futures_util::stream::{self, FuturesUnordered};
use kit::{EnvironmentId, Millis, Scope};
use outbound::{Mail, MailTransport, Mailbox, SendError, Sms, SmsTransport};
use web::App;

use super::super::order::{Contents, place};
use super::super::render::{self, Surroundings};
use super::super::templates::{MailText, SmsText};
use super::super::{Channel, MailTemplate, SmsTemplate, providers, templates};
use super::store::{self, Lane, Waiting};
use crate::Directory;

/// How many environments are served at once.
const LANES: usize = 16;
/// How many messages a lane takes in a round, and how many of them are on the wire at once.
const ROUND: i64 = 20;
const AT_ONCE: usize = 5;
/// How long a lane is served at most. Every message has half a minute (`outbound::in_time`), so a round ends before.
const LEASE_SECONDS: i64 = 180;
/// How often, in milliseconds, it is looked for lanes that are due: when nothing is under way, and while something is.
const LOOK_MILLIS: u64 = 200;
/// Seconds until the second attempt, the third and so on: an hour in all. After the last one the message is dead.
const PATIENCE: [i64; 5] = [15, 60, 240, 960, 2_400];
/// A line whose provider takes nothing rests, twice as long every time; what joins it meanwhile waits with the others.
const REST_SECONDS: i64 = 15;
const LONGEST_REST_SECONDS: i64 = 900;
/// Dead messages that are kept for the operator, per environment.
const DEAD: i64 = 1_000;

/// The job that sends.
pub struct Delivery {
    pub app: App,
    pub directory: Directory,
}

/// How a lane sends, read once per round.
struct Ways {
    mail: Option<Arc<dyn MailTransport>>,
    sms: Option<Arc<dyn SmsTransport>>,
    mail_texts: BTreeMap<String, MailText>,
    sms_texts: BTreeMap<String, SmsText>,
}

type Outcome = Result<(), SendError>;

#[async_trait]
impl Job for Delivery {
    fn name(&self) -> &'static str {
        "delivery"
    }

    fn rest_millis(&self) -> u64 {
        LOOK_MILLIS
    }

    /// Serves lanes until none is due. A lane that hangs keeps its own place only.
    async fn pass(&self) -> Result<bool, StoreError> {
        let mut lanes = FuturesUnordered::new();
        let mut failed = None;
        loop {
            // After a failure of storage what is under way is still waited for, so that it is written down.
            while failed.is_none() && lanes.len() < LANES && !self.app.outbound().is_closed() {
                match self.next().await {
                    Ok(Some(lane)) => lanes.push(self.serve(lane)),
                    Ok(None) => break,
                    Err(error) => failed = Some(error),
                }
            }
            // What becomes due in other lines does not wait for those that are slow.
            let look = Box::pin(outbound::pause(LOOK_MILLIS));
            match future::select(lanes.next(), look).await {
                Either::Left((Some(Ok(())), _)) | Either::Right(_) => {}
                Either::Left((Some(Err(error)), _)) => failed = Some(error),
                Either::Left((None, _)) => return failed.map_or(Ok(false), Err),
            }
        }
    }
}

impl Delivery {
    /// Takes the lane whose turn it is. Nothing else is read with that: what cannot be read must not give the turn back, or
    /// everybody would wait behind it.
    async fn next(&self) -> Result<Option<Lane>, StoreError> {
        let now = self.app.now();
        let due = self
            .app
            .db()
            .read(async move |tx| store::any_due(tx, now).await)
            .await?;
        if !due {
            return Ok(None);
        }
        let until = now.plus_seconds(LEASE_SECONDS);
        self.app
            .db()
            .write(async move |tx| store::lease(tx, now, until).await)
            .await
    }

    async fn serve(&self, lane: Lane) -> Result<(), StoreError> {
        let (environment, now) = (lane.environment.clone(), self.app.now());
        let messages = self
            .app
            .db()
            .read(async move |tx| store::due(tx, &environment, now, ROUND).await)
            .await?;
        let environment = &lane.environment;
        let ready = self.ready(environment, &messages).await;
        let ready = ready.inspect_err(
            |error| tracing::error!(%environment, %error, "how this environment sends cannot be read"),
        );
        let sent: Vec<(Waiting, Outcome)> = stream::iter(messages)
            // What has not begun when the server stops stays as it is.
            .take_while(|_| future::ready(!self.app.outbound().is_closed()))
            .map(|message| {
                let ready = ready.as_ref();
                async move {
                    let outcome = match ready {
                        Ok((ways, surroundings)) => {
                            outbound::in_time(self.send(environment, &message, ways, surroundings)).await
                        }
                        Err(_) => Err(SendError::Later(
                            "how this environment sends cannot be read".to_owned(),
                        )),
                    };
                    (message, outcome)
                }
            })
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        self.record(lane, sent).await
    }

    /// What a round needs beside its messages.
    async fn ready(
        &self,
        environment: &EnvironmentId,
        messages: &[Waiting],
    ) -> Result<(Ways, Surroundings), StoreError> {
        let (app, handle) = (self.app.clone(), environment.clone());
        let kinds: BTreeSet<(Channel, String)> = messages
            .iter()
            .map(|message| (message.channel, message.template.clone()))
            .collect();
        let ways = self
            .app
            .db()
            .read(async move |tx| ways(tx, &app, &handle, &kinds).await)
            .await?;
        Ok((ways, self.surroundings(environment).await?))
    }

    async fn surroundings(&self, environment: &EnvironmentId) -> Result<Surroundings, StoreError> {
        let known = self.directory.known(environment.as_str()).await?;
        let profile = known
            .map(|known| known.profile.clone())
            .ok_or(StoreError::NoRow)?;
        Ok(Surroundings::of(&profile, self.app.outbound().from()))
    }

    async fn send(
        &self,
        environment: &EnvironmentId,
        message: &Waiting,
        ways: &Ways,
        surroundings: &Surroundings,
    ) -> Outcome {
        let unreadable = || SendError::Never("what was sealed cannot be read".to_owned());
        let (seal, sealed) = message.sealed.split_once('.').ok_or_else(unreadable)?;
        let opened = self.app.sealing().open(sealed, &place(environment, seal));
        let opened = opened.map_err(|_| unreadable())?;
        let contents: Contents = serde_json::from_slice(&opened).map_err(|_| unreadable())?;
        let no_way = || SendError::Later("there is no way to send it".to_owned());
        let unknown = || SendError::Never(format!("there is no template {}", message.template));
        let codes = contents.variables.get("code").and_then(|code| code.as_str());
        let codes = codes.map(str::to_owned).into_iter().collect();
        if message.channel == Channel::Sms {
            let kind = SmsTemplate::from_word(&message.template).ok_or_else(unknown)?;
            let text = render::sms(kind, ways.sms_texts.get(&message.template), &contents);
            let sms = Sms {
                key: message.id.clone(),
                from: String::new(),
                to: message.target.clone(),
                text,
                codes,
            };
            return ways.sms.as_ref().ok_or_else(no_way)?.send(&sms).await;
        }
        let kind = MailTemplate::from_word(&message.template).ok_or_else(unknown)?;
        let stored = ways.mail_texts.get(&message.template);
        let rendered = render::mail(kind, stored, &contents, &message.target, surroundings);
        let unusable = |fault| SendError::Never(format!("the address cannot be used: {fault}"));
        let mail = Mail {
            key: message.id.clone(),
            from: rendered.from,
            to: Mailbox::new("", &message.target).map_err(unusable)?,
            subject: rendered.subject,
            text: rendered.text,
            html: rendered.html,
            codes,
        };
        ways.mail.as_ref().ok_or_else(no_way)?.send(&mail).await
    }

    /// Writes down what became of a round, and gives the lane back.
    async fn record(&self, lane: Lane, sent: Vec<(Waiting, Outcome)>) -> Result<(), StoreError> {
        let (app, now) = (self.app.clone(), self.app.now());
        self.app
            .db()
            .write(async move |tx| {
                store::hold(tx, &lane.environment).await?;
                let went: Vec<String> = sent
                    .iter()
                    .filter(|(_, outcome)| outcome.is_ok())
                    .map(|(message, _)| message.id.clone())
                    .collect();
                let mut gone = store::remove(tx, &lane.environment, &went).await?;
                let mut stuck = false;
                for (message, outcome) in &sent {
                    let Err(error) = outcome else { continue };
                    let again = match error {
                        SendError::Later(_) => usize::try_from(message.attempts)
                            .ok()
                            .and_then(|attempts| PATIENCE.get(attempts)),
                        SendError::Never(_) => None,
                    };
                    stuck |= matches!(error, SendError::Later(_));
                    let fault = error.to_string();
                    if let Some(seconds) = again {
                        let due = now.plus_seconds(*seconds);
                        store::postpone(tx, &lane.environment, message, &fault, due, now).await?;
                    } else if store::bury(tx, &lane.environment, message, &fault, now).await? {
                        gone += 1;
                        tell(tx, &app, &lane.environment, message, &fault, now).await?;
                        store::forget_dead(tx, &lane.environment, DEAD).await?;
                    }
                }
                let faults = match (sent.is_empty(), stuck && went.is_empty()) {
                    // Nothing was tried, so nothing is known.
                    (true, _) => lane.faults,
                    (false, true) => lane.faults + 1,
                    (false, false) => 0,
                };
                let rest = if faults == 0 { 0 } else { rest(faults) };
                let gone = i64::try_from(gone).unwrap_or(0);
                let not_before = if rest == 0 {
                    Millis(0)
                } else {
                    now.plus_seconds(rest)
                };
                store::release(tx, &lane, gone, faults, not_before).await?;
                note(&lane.environment, &sent);
                Ok::<_, StoreError>(())
            })
            .await
    }
}

fn rest(faults: i64) -> i64 {
    let doublings = u32::try_from(faults - 1).unwrap_or(0).min(16);
    (REST_SECONDS << doublings).min(LONGEST_REST_SECONDS)
}

async fn ways(
    tx: &Tx,
    app: &App,
    environment: &EnvironmentId,
    kinds: &BTreeSet<(Channel, String)>,
) -> Result<Ways, StoreError> {
    let mut mail_texts = BTreeMap::new();
    let mut sms_texts = BTreeMap::new();
    for (channel, word) in kinds {
        match channel {
            Channel::Mail => {
                if let Some(text) = templates::mail_text(tx, environment, word).await? {
                    mail_texts.insert(word.clone(), text);
                }
            }
            Channel::Sms => {
                if let Some(text) = templates::sms_text(tx, environment, word).await? {
                    sms_texts.insert(word.clone(), text);
                }
            }
        }
    }
    Ok(Ways {
        mail: providers::mail(tx, app, environment).await?,
        sms: providers::sms(tx, app, environment).await?,
        mail_texts,
        sms_texts,
    })
}

/// Logs and counts a round, without addresses and contents.
fn note(environment: &EnvironmentId, sent: &[(Waiting, Outcome)]) {
    for (message, outcome) in sent {
        let word = match outcome {
            Ok(()) => "sent",
            Err(SendError::Later(_)) => "failed",
            Err(SendError::Never(_)) => "refused",
        };
        let channel = message.channel.word();
        metrics::counter!("tenantry_messages_total", "outcome" => word, "channel" => channel).increment(1);
        if let Err(error) = outcome {
            tracing::warn!(%environment, message_id = message.id, template = message.template, attempt = message.attempts + 1, %error,
                "a message was not sent");
        }
    }
}

/// A dead message is an event that the environment's owner can see.
async fn tell(
    tx: &Tx,
    app: &App,
    environment: &EnvironmentId,
    message: &Waiting,
    fault: &str,
    now: Millis,
) -> Result<(), StoreError> {
    tracing::error!(%environment, message_id = message.id, template = message.template, fault, "a message is given up");
    metrics::counter!("tenantry_messages_dead_total").increment(1);
    let mut record = AuditRecord::new("Message could not be delivered", "message", &message.id)
        .severity(Severity::Error)
        .in_tenant(&message.tenant_id)
        .described(format!(
            "{} ({}): {fault}",
            message.template,
            message.channel.word()
        ));
    record.email = (message.channel == Channel::Mail).then(|| message.target.clone());
    record
        .write(tx, app.ids(), &Scope::environment(environment.clone()), now)
        .await
}
