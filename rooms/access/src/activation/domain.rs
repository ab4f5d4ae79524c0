//! What an activation is good for, and what it does.

use blocks::audit::{Actor, AuditRecord, Severity};
use blocks::one_time::{Good, Holder, OneTimeCode, Proof, Shown, Verdict};
use db::{StoreError, Tx};
use environment::{AuthConfiguration, Environment};
use kit::{EnvironmentId, Millis, Scope, Secret, UserId};
use people::{ACTIVATE_USER, MembershipStatus, PreparedPassword, Standing, UserRecord};
use serde::{Deserialize, Serialize};
use serde_json::json;
use thiserror::Error;
use web::{App, CallOrigin, Problem};

use crate::captcha::{self, Form};
use crate::gate::{self, Goal, Pass, Refusal, Wish};
use crate::login::takes_passwords;
use crate::passwords;
use crate::room::Access;
use crate::sessions::{self, Entrance, SignedIn};

/// Activates a user: the code in place of a link. How long one counts is the environment's to say.
pub(crate) const CODE: OneTimeCode = OneTimeCode {
    purpose: ACTIVATE_USER.purpose,
    seconds: 600,
};

/// Longest time of agreement, in characters.
const LONGEST_CHECK: usize = 64;

/// Why nobody was activated.
#[derive(Debug, Error)]
pub(super) enum ActivationError {
    #[error("The activation link is invalid or was used before. Ask for a new one.")]
    Unknown,
    #[error("The activation link has expired. Ask for a new one.")]
    Expired,
    #[error("Invalid code")]
    WrongCode,
    #[error("Code has expired")]
    ExpiredCode,
    #[error("password should not be empty")]
    NoPassword,
    /// The link or code was right.
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<ActivationError> for Problem {
    fn from(error: ActivationError) -> Self {
        use ActivationError as E;
        let sentence = error.to_string();
        match error {
            E::Unknown | E::Expired | E::NoPassword => Self::bad_request(sentence),
            E::WrongCode => Self::bad_request(sentence).with_code("ER-01011"),
            E::ExpiredCode => Self::bad_request(sentence).with_code("ER-01017"),
            E::Refused(refusal) => refusal.into(),
            E::Store(error) => error.into(),
        }
    }
}

/// A code that was never sent: it stands where an address is somebody's already, so that nobody can tell.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Decoy {
    pub(crate) needs_password: bool,
}

/// What the issuer of a ticket or code wrote down.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    /// The mailbox it went to.
    email: Option<String>,
    /// The tenant it was issued in; empty or absent for none.
    tenant_id: Option<String>,
}

/// What somebody shows.
#[derive(Clone, Debug)]
pub(super) enum Shows {
    /// The token of a link.
    Link(Secret),
    /// The handle and the digits that were typed.
    Code(Secret, Secret),
}

/// An activation that somebody wants.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) user: String,
    pub(super) shows: Shows,
    pub(super) password: Option<Secret>,
    pub(super) captcha: Option<String>,
    pub(super) terms: Option<String>,
    /// The browser, where it was here before.
    pub(super) device: Option<String>,
}

/// Somebody who may be activated.
struct Pending {
    /// `None` for a decoy.
    user: Option<UserRecord>,
    needs_password: bool,
}

/// Whether the holder of a link or of a code's handle has to choose a password. Uses nothing up.
pub(super) async fn needs_password(
    tx: &Tx,
    environment: &EnvironmentId,
    configuration: &AuthConfiguration,
    user: &str,
    token: &str,
    now: Millis,
) -> Result<bool, ActivationError> {
    let shown = match ACTIVATE_USER.look(tx, environment, token, now).await? {
        Shown::Unknown => CODE.look(tx, environment, token, now).await?,
        known => known,
    };
    let pending = pending(tx, environment, configuration, user, shown).await?;
    Ok(pending.needs_password)
}

/// Whom something that was shown is about, when it is about this user.
async fn pending(
    tx: &Tx,
    environment: &EnvironmentId,
    configuration: &AuthConfiguration,
    user: &str,
    shown: Shown,
) -> Result<Pending, ActivationError> {
    let good = match shown {
        Shown::Good(good) if good.subject == user => good,
        Shown::Good(_) | Shown::Unknown => return Err(ActivationError::Unknown),
        Shown::Expired => return Err(ActivationError::Expired),
    };
    if good.owner.is_empty() {
        return Ok(Pending {
            user: None,
            needs_password: takes_passwords(configuration) && good.read::<Decoy>()?.needs_password,
        });
    }
    let record = people::user_by_id(tx, environment, user).await?;
    let record = record.ok_or(ActivationError::Unknown)?;
    written_for(&record, &good)?;
    let hash = passwords::store::hash_of(tx, environment.as_str(), user).await?;
    let anew = hash.is_none() || is_anybodys(tx, environment, &record).await?;
    Ok(Pending {
        user: Some(record),
        needs_password: takes_passwords(configuration) && anew,
    })
}

/// Whether the password may be that of somebody who took the address before its owner came: nobody has proved it, and the
/// user was added to another tenant than the account began in, or signed up once more. Whichever link proves it then.
async fn is_anybodys(tx: &Tx, environment: &EnvironmentId, user: &UserRecord) -> Result<bool, StoreError> {
    if user.verified {
        return Ok(false);
    }
    let memberships = people::memberships(tx, environment, &user.id).await?;
    Ok(memberships.iter().any(|one| one.came_later(user))
        || passwords::store::is_contested(tx, environment.as_str(), user.id.as_str()).await?)
}

/// What it was issued with, unless it was for an address that the user no longer has.
fn written_for(user: &UserRecord, good: &Good) -> Result<Written, ActivationError> {
    let written: Written = good.read()?;
    if written.email != user.email {
        return Err(ActivationError::Unknown);
    }
    Ok(written)
}

/// Activates a user and signs them in: both or neither.
pub(super) async fn activate(
    room: &Access,
    environment: &Environment,
    configuration: &AuthConfiguration,
    wanted: Wanted,
    from: &CallOrigin,
) -> Result<SignedIn, Problem> {
    let faults = wanted.faults();
    if !faults.is_empty() {
        return Err(Problem::faults(faults));
    }
    ask_captcha(room, environment, &wanted, from).await?;
    let began = room.app.now();
    let pending = wanted.look(room, environment, configuration, began).await?;
    let password = wanted.password.clone().filter(|password| !password.is_empty());
    if pending.needs_password && password.is_none() {
        return Err(ActivationError::NoPassword.into());
    }
    // Before the code is judged, so that a password that may not be set costs no guess.
    let password = match (password, &pending.user) {
        (None, _) => None,
        (Some(password), Some(user)) => Some(room.judge.for_user(&environment.id, &user.id, password).await?),
        (Some(password), None) => {
            let scope = Scope::environment(environment.id.clone());
            Some(room.judge.for_newcomer(&scope, password).await?)
        }
    };
    let proved = wanted.prove(room, environment).await?;
    let act = Act {
        environment: environment.id.clone(),
        configuration: configuration.clone(),
        user: wanted.user.as_str().into(),
        proved,
        password,
        terms: wanted.terms.clone(),
        app: room.app.clone(),
        from: from.clone(),
    };
    let now = room.app.now();
    let pass = room
        .app
        .db()
        .write(async move |tx| act.write(tx, now).await)
        .await?;
    let entrance = Entrance {
        environment,
        configuration,
        pass,
        device: wanted.device,
        from,
    };
    Ok(sessions::begin(room, entrance, now).await?)
}

async fn ask_captcha(
    room: &Access,
    environment: &Environment,
    wanted: &Wanted,
    from: &CallOrigin,
) -> Result<(), Problem> {
    let (of, user) = (environment.id.clone(), wanted.user.clone());
    let named = room
        .app
        .db()
        .read(async move |tx| people::user_by_id(tx, &of, &user).await)
        .await?;
    let form = Form {
        answer: wanted.captcha.as_deref(),
        email: named.as_ref().and_then(|user| user.email.as_deref()),
    };
    captcha::passes(room, &environment.id, form, from).await
}

/// What was shown and found right, before it is used up.
#[derive(Clone)]
enum Proved {
    Link(Secret),
    Code(Proof),
}

impl Wanted {
    fn faults(&self) -> Vec<String> {
        let (Shows::Link(token) | Shows::Code(token, _)) = &self.shows;
        let code = match &self.shows {
            Shows::Link(_) => None,
            Shows::Code(_, code) => Some(code),
        };
        let mut faults = Vec::new();
        for (name, is_empty) in [
            ("userId", self.user.trim().is_empty()),
            ("token", token.reveal().trim().is_empty()),
            ("code", code.is_some_and(|code| code.reveal().trim().is_empty())),
        ] {
            if is_empty {
                faults.push(format!("{name} should not be empty"));
            }
        }
        let password = self
            .password
            .as_ref()
            .map_or(0, |password| password.reveal().len());
        if password > crypto::MAX_PASSWORD_BYTES {
            faults.push("password is too long".to_owned());
        }
        if self
            .terms
            .as_ref()
            .is_some_and(|terms| terms.chars().count() > LONGEST_CHECK)
        {
            faults.push(format!(
                "lastTermsCheck must be shorter than or equal to {LONGEST_CHECK} characters"
            ));
        }
        faults
    }

    async fn look(
        &self,
        room: &Access,
        environment: &Environment,
        configuration: &AuthConfiguration,
        now: Millis,
    ) -> Result<Pending, ActivationError> {
        let (environment, configuration) = (environment.id.clone(), configuration.clone());
        let (user, shows) = (self.user.clone(), self.shows.clone());
        room.app
            .db()
            .read(async move |tx| {
                let shown = match &shows {
                    Shows::Link(token) => ACTIVATE_USER.look(tx, &environment, token.reveal(), now).await?,
                    Shows::Code(handle, _) => CODE.look(tx, &environment, handle.reveal(), now).await?,
                };
                pending(tx, &environment, &configuration, &user, shown).await
            })
            .await
    }

    /// Counts and judges the code, where it is one.
    async fn prove(&self, room: &Access, environment: &Environment) -> Result<Proved, Problem> {
        let (handle, code) = match &self.shows {
            Shows::Link(token) => return Ok(Proved::Link(token.clone())),
            Shows::Code(handle, code) => (handle, code),
        };
        let key = room.directory.code_key(&environment.id).await?;
        let holder = Holder::Handle(handle.reveal());
        let (db, now) = (room.app.db(), room.app.now());
        let verdict = CODE
            .judge(db, &key, &environment.id, holder, code.reveal(), now)
            .await?;
        match verdict {
            Verdict::Right(proof) if proof.good.subject == self.user => Ok(Proved::Code(proof)),
            Verdict::Right(_) | Verdict::Wrong => Err(ActivationError::WrongCode.into()),
            Verdict::Expired => Err(ActivationError::ExpiredCode.into()),
        }
    }
}

/// An activation that only has to be written down.
struct Act {
    environment: EnvironmentId,
    configuration: AuthConfiguration,
    user: UserId,
    proved: Proved,
    password: Option<PreparedPassword>,
    terms: Option<String>,
    app: App,
    from: CallOrigin,
}

impl Act {
    async fn write(&self, tx: &Tx, now: Millis) -> Result<Pass, ActivationError> {
        let environment = &self.environment;
        let held = people::hold_user(tx, environment, self.user.as_str()).await?;
        let user = held.ok_or_else(|| self.unknown())?;
        let good = self.spend(tx, now).await?;
        let written = written_for(&user, &good)?;
        let user = self.settle(tx, &user, now).await?;
        let tenant = written.tenant_id.filter(|tenant| !tenant.is_empty());
        if let Some(tenant) = &tenant {
            let scope = Scope::tenant(environment.clone(), tenant.as_str().into());
            let membership = people::membership(tx, &scope, &user.id).await?;
            if membership.is_some_and(|one| one.status == MembershipStatus::NotActivated) {
                people::set_membership_status(tx, &scope, &user.id, MembershipStatus::Activated).await?;
            }
        }
        self.note(tx, &user, tenant.as_deref(), now).await?;
        let goal = Goal {
            tenant: Wish::Prefer(tenant.as_deref()),
            application: self.from.application.as_deref(),
            ip: self.from.ip,
        };
        Ok(gate::admit(tx, environment, user, &self.configuration, goal, now).await?)
    }

    const fn unknown(&self) -> ActivationError {
        match self.proved {
            Proved::Link(_) => ActivationError::Unknown,
            Proved::Code(_) => ActivationError::WrongCode,
        }
    }

    /// Uses link or code up: of many at once one gets here.
    async fn spend(&self, tx: &Tx, now: Millis) -> Result<Good, ActivationError> {
        match &self.proved {
            Proved::Link(token) => {
                match ACTIVATE_USER
                    .take(tx, &self.environment, token.reveal(), now)
                    .await?
                {
                    Shown::Good(good) if good.subject == self.user.as_str() => Ok(good),
                    Shown::Good(_) | Shown::Unknown => Err(ActivationError::Unknown),
                    Shown::Expired => Err(ActivationError::Expired),
                }
            }
            Proved::Code(proof) if proof.spend(tx, now).await? => Ok(proof.good.clone()),
            Proved::Code(_) => Err(ActivationError::WrongCode),
        }
    }

    /// The address is proved and the password set. One that replaces another ends what the other began.
    async fn settle(&self, tx: &Tx, user: &UserRecord, now: Millis) -> Result<UserRecord, StoreError> {
        let environment = &self.environment;
        let mut replaced = false;
        if let Some(password) = &self.password {
            replaced = passwords::store::hash_of(tx, environment.as_str(), user.id.as_str())
                .await?
                .is_some();
            passwords::set(tx, environment, &user.id, password, now).await?;
            if replaced {
                sessions::end_of_user(tx, environment, &user.id, None, now).await?;
            }
        }
        let standing = Standing {
            proved: true,
            tokens_end: replaced,
            ..Standing::default()
        };
        people::stand(tx, self.app.ids(), environment, user, standing, now).await
    }

    async fn note(
        &self,
        tx: &Tx,
        user: &UserRecord,
        tenant: Option<&str>,
        now: Millis,
    ) -> Result<(), StoreError> {
        let mut record = AuditRecord::new("User activated", "user", user.id.as_str())
            .severity(Severity::Low)
            .from(&self.from)
            .about_user(user.id.as_str(), user.email.as_deref());
        record.actor = Actor::User(user.id.to_string());
        if let Some(terms) = &self.terms {
            record.after = Some(json!({"lastTermsCheck": terms}));
        }
        let scope = Scope {
            environment: self.environment.clone(),
            tenant: tenant.map(Into::into),
        };
        record.write(tx, self.app.ids(), &scope, now).await
    }
}
