//! Sending what waits: several environments at once, each in a lane of its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use blocks::audit::{AuditRecord, Severity};
use blocks::jobs::Job;
use db::{StoreError, Tx};
use futures_util::StreamExt;
use futures_util::stream::{self, FuturesUnordered};
use kit::{EnvironmentId, Millis, Scope};
use outbound::{Mail, MailTransport, Mailbox, SendError, Sms, SmsTransport};
use web::App;

use super::super::order::{Contents, place};
use super::super::render::{self, Surroundings};
use super::super::templates::{MailText, SmsText};
use super::super::{MailTemplate, SmsTemplate, providers, templates};
use super::store::{self, Lane, Waiting};
use crate::Directory;

/// How many environments are served at once.
const LANES: usize = 16;
/// How many messages a lane takes in a round, and how many of them are on the wire at once.
const ROUND: i64 = 20;
const AT_ONCE: usize = 5;
/// How long a lane is served at most; every way out gives up long before.
const LEASE_SECONDS: i64 = 180;
/// Seconds until the second attempt, the third and so on: an hour in all. After the last one the message is dead.
const PATIENCE: [i64; 5] = [15, 60, 240, 960, 2_400];
/// A line whose provider takes nothing rests, twice as long every time.
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

/// What a round is about.
struct Round {
    lane: Lane,
    messages: Vec<Waiting>,
    ways: Ways,
}

type Outcome = Result<(), SendError>;

#[async_trait]
impl Job for Delivery {
    fn name(&self) -> &'static str {
        "delivery"
    }

    fn rest_millis(&self) -> u64 {
        200
    }

    /// Serves lanes until none is due. A lane that hangs keeps its own place only.
    async fn pass(&self) -> Result<bool, StoreError> {
        let mut lanes = FuturesUnordered::new();
        let mut failed = None;
        loop {
            // After a failure of storage what is under way is still waited for, so that it is written down.
            while failed.is_none() && lanes.len() < LANES && !self.app.outbound().is_closed() {
                match self.next().await {
                    Ok(Some(round)) => lanes.push(self.serve(round)),
                    Ok(None) => break,
                    Err(error) => failed = Some(error),
                }
            }
            match lanes.next().await {
                Some(Ok(())) => {}
                Some(Err(error)) => failed = Some(error),
                None => return failed.map_or(Ok(false), Err),
            }
        }
    }
}

impl Delivery {
    /// Takes the lane whose turn it is, with what is due in it.
    async fn next(&self) -> Result<Option<Round>, StoreError> {
        let now = self.app.now();
        let due = self
            .app
            .db()
            .read(async move |tx| store::any_due(tx, now).await)
            .await?;
        if !due {
            return Ok(None);
        }
        let app = self.app.clone();
        self.app
            .db()
            .write(async move |tx| {
                let until = now.plus_seconds(LEASE_SECONDS);
                let Some(lane) = store::lease(tx, now, until).await? else {
                    return Ok(None);
                };
                let messages = store::due(tx, &lane.environment, now, ROUND).await?;
                let ways = ways(tx, &app, &lane.environment, &messages).await?;
                Ok::<_, StoreError>(Some(Round { lane, messages, ways }))
            })
            .await
    }

    async fn serve(&self, round: Round) -> Result<(), StoreError> {
        let Round { lane, messages, ways } = round;
        let environment = lane.environment.clone();
        let surroundings = self.surroundings(&environment).await?;
        let sent: Vec<(Waiting, Outcome)> = stream::iter(messages)
            .map(|message| {
                let (ways, surroundings, environment) = (&ways, &surroundings, &environment);
                async move {
                    let outcome = self.send(environment, &message, ways, surroundings).await;
                    (message, outcome)
                }
            })
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        self.record(lane, sent).await
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
        if message.channel == super::super::Channel::Sms.word() {
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
                let faults = if stuck && went.is_empty() {
                    lane.faults + 1
                } else {
                    0
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
    messages: &[Waiting],
) -> Result<Ways, StoreError> {
    let mut mail_texts = BTreeMap::new();
    let mut sms_texts = BTreeMap::new();
    for message in messages {
        let word = &message.template;
        if message.channel == super::super::Channel::Sms.word() {
            if !sms_texts.contains_key(word)
                && let Some(text) = templates::sms_text(tx, environment, word).await?
            {
                sms_texts.insert(word.clone(), text);
            }
        } else if !mail_texts.contains_key(word)
            && let Some(text) = templates::mail_text(tx, environment, word).await?
        {
            mail_texts.insert(word.clone(), text);
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
        let channel = if message.channel == super::super::Channel::Sms.word() {
            "sms"
        } else {
            "mail"
        };
        metrics::counter!("tenantry_messages_total", "outcome" => word, "channel" => channel).increment(1);
        if let Err(error) = outcome {
            tracing::warn!(%environment, message = message.id, template = message.template, attempt = message.attempts + 1, %error,
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
    tracing::error!(%environment, message = message.id, template = message.template, fault, "a message is given up");
    metrics::counter!("tenantry_messages_dead_total").increment(1);
    let mut record = AuditRecord::new("Message could not be delivered", "message", &message.id)
        .severity(Severity::Error)
        .in_tenant(&message.tenant_id)
        .described(format!("{} ({}): {fault}", message.template, message.channel));
    record.email = (message.channel == "mail").then(|| message.target.clone());
    record
        .write(tx, app.ids(), &Scope::environment(environment.clone()), now)
        .await
}
