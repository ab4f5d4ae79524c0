//! What a sign-in says about the password it was made with: that it ends soon, that it has ended, that others know it.

use blocks::audit::{Actor, AuditRecord};
use blocks::one_time::Bound;
use blocks::throttle;
use db::{StoreError, Tx};
use environment::MailTemplate;
use kit::{EnvironmentId, Millis, Scope, Secret};
use people::{RESET_PASSWORD, UserRecord};
use serde_json::json;
use web::{App, CallOrigin};

use super::attempts::ATTEMPTS;
use crate::letters::letter;
use crate::passwords::store::{self as hashes, Credential};
use crate::room::Access;

/// Lists of leaked passwords grow slowly; each password is looked up once in this time.
const LOOK_SECONDS: i64 = 24 * 3600;

/// What goes with the tokens.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Remarks {
    /// Minutes until the password ends, and how many before that its owner is told.
    pub(crate) ending: Option<(i64, i64)>,
    pub(crate) is_leaked: bool,
}

/// What is known of leaks after a sign-in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leak {
    pub(super) times: i64,
    /// Whether it was looked up just now, so that it is to be written down.
    is_new: bool,
    /// Whether its owner has not heard of it.
    is_news: bool,
}

impl Leak {
    /// Looks the password up where that is due. Failing to is no reason to keep anybody out.
    pub(super) async fn look(room: &Access, password: &Secret, known: &Credential, now: Millis) -> Self {
        let stale = now.0 - known.leak_asked_at.0 >= LOOK_SECONDS * 1000;
        let times = if stale {
            room.judge.times_leaked(password).await
        } else {
            None
        };
        match times {
            Some(times) => {
                let times = i64::try_from(times).unwrap_or(i64::MAX);
                Self {
                    times,
                    is_new: true,
                    is_news: times > 0 && known.leaked == 0,
                }
            }
            None => Self {
                times: known.leaked,
                is_new: false,
                is_news: false,
            },
        }
    }

    /// Writes down what was found, and tells the owner what is news.
    pub(super) async fn write(
        self,
        tx: &Tx,
        app: &App,
        scope: &Scope,
        user: &UserRecord,
        set_at: Millis,
        now: Millis,
    ) -> Result<(), StoreError> {
        let environment = &scope.environment;
        if self.is_new {
            let found = (self.times, now);
            hashes::note_leak(tx, environment.as_str(), user.id.as_str(), set_at, found).await?;
        }
        let (true, Some(to)) = (self.is_news, &user.email) else {
            return Ok(());
        };
        let bound = Bound {
            environment,
            subject: user.id.as_str(),
            owner: user.id.as_str(),
        };
        let body = json!({"email": to, "tenantId": scope.tenant_id()});
        let token = RESET_PASSWORD.issue(tx, app.ids(), &bound, &body, now).await?;
        let order = letter(MailTemplate::PwnedPassword, user, to)
            .with("timesPwned", self.times)
            .link("userId", user.id.as_str())
            .link("token", token.reveal())
            .expires_in(RESET_PASSWORD.seconds);
        environment::send_mail(tx, app, scope, &order, now).await?;
        AuditRecord::new("Password found in a data breach", "user", user.id.as_str())
            .about_user(user.id.as_str(), user.email.as_deref())
            .write(tx, app.ids(), scope, now)
            .await
    }
}

/// A password that was right, and has ended: its owner gets a ticket for another one and no tokens. The ticket proves no
/// address.
pub(super) async fn expired(
    tx: &Tx,
    app: &App,
    scope: &Scope,
    user: &UserRecord,
    from: &CallOrigin,
    now: Millis,
) -> Result<Secret, StoreError> {
    let environment: &EnvironmentId = &scope.environment;
    throttle::clear(tx, environment, ATTEMPTS, user.id.as_str()).await?;
    let bound = Bound {
        environment,
        subject: user.id.as_str(),
        owner: user.id.as_str(),
    };
    let token = RESET_PASSWORD
        .issue(tx, app.ids(), &bound, &json!({}), now)
        .await?;
    let mut record = AuditRecord::new("Password expired", "user", user.id.as_str())
        .about_user(user.id.as_str(), user.email.as_deref())
        .from(from);
    record.actor = Actor::User(user.id.to_string());
    record.write(tx, app.ids(), scope, now).await?;
    Ok(token)
}
