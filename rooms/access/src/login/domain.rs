//! The order of a sign-in with a password.
//!
//! Until the password is proved right every refusal is the same, after exactly one hash and the same writes: an unknown
//! user, a wrong password, a locked or blocked account and a user without a password cannot be told apart.

use blocks::audit::{AuditRecord, Severity};
use blocks::throttle;
use crypto::{Admitted, HashError, StoredHash, Verdict};
use db::{StoreError, Tx};
use environment::{AuthConfiguration, Environment, TokenError};
use kit::{EnvironmentId, Millis, Scope, Secret, UserId};
use people::UserRecord;
use thiserror::Error;
use web::{App, CallOrigin};

use super::attempts::{ATTEMPTS, bucket, clear_attempts, is_blocked};
use super::remarks::{self, Leak, Remarks};
use super::takes_passwords;
use super::turn::{Row, Standing, Turn};
use crate::activation;
use crate::gate::{self, Goal, Pass, Refusal, Wish};
use crate::invitations::{self, JoinError};
use crate::letters::scope_of;
use crate::lockout::{self, Limit, Strike};
use crate::passwords::store::{self as hashes, Credential};
use crate::passwords::{self, Age};
use crate::room::Access;
use crate::sessions::{self, Entrance, Entry, SignedIn};

/// Who wants to sign in.
#[derive(Clone, Debug)]
pub(crate) enum Identity {
    /// As [`kit::email_key`] makes it.
    Email(String),
    Username(String),
}

impl Identity {
    /// The address, where it is one.
    pub(crate) fn email(&self) -> Option<&str> {
        match self {
            Self::Email(key) => Some(key),
            Self::Username(_) => None,
        }
    }
}

/// One try.
#[derive(Debug)]
pub(crate) struct Attempt {
    pub(crate) identity: Identity,
    pub(crate) password: Secret,
    pub(crate) tenant: Option<String>,
    /// The token of a link that the user wants to join by.
    pub(crate) invitation: Option<Secret>,
    /// The browser, where it was here before.
    pub(crate) device: Option<String>,
}

/// Why a sign-in was refused.
#[derive(Debug, Error)]
pub(crate) enum LoginError {
    #[error("Incorrect email or password")]
    Incorrect,
    #[error("Invalid authentication type")]
    NoPasswords,
    /// The password was right.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The password was right.
    #[error("Verify your email - verification email was sent to {0}")]
    Unverified(String),
    /// The password was right, but the link lets nobody in.
    #[error(transparent)]
    Invitation(#[from] JoinError),
    #[error(transparent)]
    Hash(#[from] HashError),
    #[error(transparent)]
    Token(#[from] TokenError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What is known before the password is looked at.
#[derive(Default)]
struct Known {
    user: Option<UserRecord>,
    credential: Option<Credential>,
    blocked: bool,
    /// How many wrong passwords in a row the user gets; `None` for any number.
    limit: Option<Limit>,
}

/// How a sign-in ends where the password is right.
pub(crate) enum Entered {
    In(Box<SignedIn>, Remarks),
    /// The password has ended: with this ticket its owner sets another one.
    Expired {
        user: Box<UserRecord>,
        token: Secret,
    },
}

/// Signs a user in.
///
/// # Errors
/// [`LoginError`].
pub(crate) async fn login(
    room: &Access,
    environment: &Environment,
    configuration: &AuthConfiguration,
    attempt: Attempt,
    from: &CallOrigin,
) -> Result<Entered, LoginError> {
    let began = room.app.now();
    if !takes_passwords(configuration) {
        return Err(LoginError::NoPasswords);
    }
    let known = look_up(room, environment, &attempt.identity, began).await?;
    // A locked or blocked user's own count is left alone, so that an attack does not outlast its block.
    let counted = known
        .user
        .as_ref()
        .filter(|user| !user.is_locked && !known.blocked);
    // Before it counts: an attempt that is sent away unjudged is no guess.
    let admitted = room.pool.admit(attempt.password.clone())?;
    let who = counted.map_or_else(|| bucket(&attempt.identity), |user| user.id.to_string());
    let turn = Turn::take(room, &environment.id, &who, counted.and(known.limit), began).await?;

    let hash = known.credential.as_ref().map(|known| known.hash.clone());
    let verdict = judge(admitted, hash).await?;
    let now = room.app.now();
    let proved = known.user.clone().zip(known.credential.clone());
    let Some((user, credential)) = proved.filter(|_| verdict.matches) else {
        let whose = known.user.as_ref();
        let strike = Strike::count(room, &environment.id, whose, turn.reached(), from, now).await?;
        let record = failure(&attempt.identity, whose, from);
        note_failure(room, &environment.id, record, strike, now).await?;
        return Err(LoginError::Incorrect);
    };
    match turn.standing(room, &environment.id, &user.id).await? {
        Standing::Counts => {}
        Standing::Busy => return Err(HashError::Busy.into()),
        Standing::Spent => {
            // Nobody saw this one to be wrong: it ends in a block, but locks nobody.
            let blocking = turn.reached().map(Limit::blocking);
            let strike = Strike::count(room, &environment.id, Some(&user), blocking, from, now).await?;
            let record = failure(&attempt.identity, Some(&user), from).described(Refusal::Locked.to_string());
            note_failure(room, &environment.id, record, strike, now).await?;
            return Err(Refusal::Locked.into());
        }
    }
    let proved = Proved {
        environment,
        configuration,
        attempt: &attempt,
        user: &user,
        credential: &credential,
        rehash: verdict.rehash,
        blocked: known.blocked,
        row: turn.row(),
        began,
        from,
    };
    let entered = proved.enter(room).await;
    if counted.is_some() && was_right(&entered) {
        clear_attempts(room, &environment.id, &user.id).await?;
    }
    let refused = match &entered {
        Err(LoginError::Refused(refusal)) if !matches!(refusal, Refusal::Store(_)) => {
            Some(refusal.to_string())
        }
        Err(LoginError::Invitation(error)) if !matches!(error, JoinError::Store(_)) => {
            Some(error.to_string())
        }
        _ => None,
    };
    if let Some(reason) = refused {
        let record = failure(&attempt.identity, Some(&user), from).described(reason);
        note_failure(room, &environment.id, record, None, now).await?;
    }
    if let Err(LoginError::Refused(Refusal::NotVerified)) = &entered
        && let Some(sent_to) = activation::remind(room, &environment.id, &user, from, now).await?
    {
        return Err(LoginError::Unverified(sent_to));
    }
    entered
}

/// Whether a right password was refused for another reason than the count. What led on has cleared the count itself.
const fn was_right(entered: &Result<Entered, LoginError>) -> bool {
    match entered {
        Ok(_)
        | Err(
            LoginError::Incorrect
            | LoginError::Store(_)
            | LoginError::Refused(Refusal::Locked | Refusal::Store(_)),
        ) => false,
        Err(_) => true,
    }
}

async fn look_up(
    room: &Access,
    environment: &Environment,
    identity: &Identity,
    now: Millis,
) -> Result<Known, StoreError> {
    let (environment, identity) = (environment.id.clone(), identity.clone());
    room.app
        .db()
        .read(async move |tx| {
            let user = match &identity {
                Identity::Email(key) => people::user_by_email(tx, &environment, key).await?,
                Identity::Username(name) => people::user_by_username(tx, &environment, name).await?,
            };
            let Some(user) = user else {
                return Ok(Known::default());
            };
            let credential = hashes::credential_of(tx, environment.as_str(), user.id.as_str()).await?;
            let blocked = is_blocked(tx, &environment, user.id.as_str(), now).await?;
            // The tenant that the user works in, not one that the attempt names: whoever guesses would name the laxest.
            let limit = lockout::limit(tx, &environment, &user.active_tenant).await?;
            Ok(Known {
                user: Some(user),
                credential,
                blocked,
                limit,
            })
        })
        .await
}

/// Exactly one hash of work, whatever there is to compare with.
async fn judge(admitted: Admitted, hash: Option<StoredHash>) -> Result<Verdict, HashError> {
    match hash {
        Some(hash) => admitted.verify(hash).await,
        None => {
            admitted.dummy().await?;
            Ok(Verdict {
                matches: false,
                rehash: false,
            })
        }
    }
}

fn failure(identity: &Identity, user: Option<&UserRecord>, from: &CallOrigin) -> AuditRecord {
    let mut record = AuditRecord::new("User failed to log in", "user", "")
        .severity(Severity::Medium)
        .from(from);
    if let Identity::Email(address) = identity {
        record.email = Some(address.clone());
    }
    match user {
        Some(user) => {
            record.resource_id = user.id.to_string();
            record
                .about_user(user.id.as_str(), user.email.as_deref())
                .in_tenant(&user.active_tenant)
        }
        None => record,
    }
}

pub(super) async fn note_failure(
    room: &Access,
    environment: &EnvironmentId,
    record: AuditRecord,
    strike: Option<Strike>,
    now: Millis,
) -> Result<(), StoreError> {
    let (environment, app) = (environment.clone(), room.app.clone());
    room.app
        .db()
        .write(async move |tx| {
            if let Some(strike) = &strike {
                strike.write(tx, &app, &environment, now).await?;
            }
            record
                .write(tx, app.ids(), &Scope::environment(environment.clone()), now)
                .await
        })
        .await
}

/// The password is right.
struct Proved<'a> {
    environment: &'a Environment,
    configuration: &'a AuthConfiguration,
    attempt: &'a Attempt,
    user: &'a UserRecord,
    /// What the password was compared with.
    credential: &'a Credential,
    /// Whether a better one should replace it.
    rehash: bool,
    blocked: bool,
    row: Row,
    /// When the password was looked up.
    began: Millis,
    from: &'a CallOrigin,
}

impl Proved<'_> {
    /// Everything that may still be in the way, then the session.
    async fn enter(&self, room: &Access) -> Result<Entered, LoginError> {
        if self.blocked {
            return Err(Refusal::Locked.into());
        }
        let (environment, configuration) = (self.environment, self.configuration);
        let now = room.app.now();
        let (pass, age) = match &self.attempt.invitation {
            Some(token) => {
                let age = self.age(room, now).await?;
                if age == Age::Expired {
                    // Joining waits for the new password.
                    return self.ended(room, scope_of(&environment.id, self.user)).await;
                }
                (self.join(room, token.clone(), now).await?, age)
            }
            None => self.admit(room, now).await?,
        };
        if age == Age::Expired {
            let scope = Scope::tenant(environment.id.clone(), pass.tenant);
            return self.ended(room, scope).await;
        }
        let leak = Leak::look(room, &self.attempt.password, self.credential, now).await;
        let now = room.app.now();
        let upgrade = if self.rehash {
            let new = room.pool.hash(self.attempt.password.clone()).await?;
            Some((self.credential.hash.clone(), new))
        } else {
            None
        };
        let open = StillOpen {
            scope: Scope::tenant(environment.id.clone(), pass.tenant.clone()),
            user: self.user.id.clone(),
            set_at: self.credential.changed_at,
            row: self.row,
            began: self.began,
        };
        let entrance = Entrance {
            environment,
            configuration,
            pass,
            device: self.attempt.device.clone(),
            from: self.from,
        };
        let (signed_in, entry) = sessions::prepare(room, entrance, now).await?;
        let entry = ProvedEntry {
            open,
            entry,
            user: self.user.clone(),
            upgrade,
            leak,
        };
        let app = room.app.clone();
        room.app
            .db()
            .write(async move |tx| entry.write(tx, &app, now).await)
            .await?;
        let remarks = Remarks {
            ending: match age {
                Age::Ending {
                    minutes,
                    notification_period,
                } => Some((minutes, notification_period)),
                Age::Fresh | Age::Expired => None,
            },
            is_leaked: leak.times > 0,
        };
        Ok(Entered::In(Box::new(signed_in), remarks))
    }

    /// The password is right, and has ended.
    async fn ended(&self, room: &Access, scope: Scope) -> Result<Entered, LoginError> {
        let (user, from, app, now) = (
            self.user.clone(),
            self.from.clone(),
            room.app.clone(),
            room.app.now(),
        );
        let set_at = self.credential.changed_at;
        let (row, began) = (self.row, self.began);
        let (user, token) = room
            .app
            .db()
            .write(async move |tx| {
                people::hold_user(tx, &scope.environment, user.id.as_str()).await?;
                let open = StillOpen {
                    scope: scope.clone(),
                    user: user.id.clone(),
                    set_at,
                    row,
                    began,
                };
                open.check(tx, now).await?;
                let token = remarks::expired(tx, &app, &scope, &user, &from, now).await?;
                Ok::<_, LoginError>((user.clone(), token))
            })
            .await?;
        Ok(Entered::Expired {
            user: Box::new(user),
            token,
        })
    }

    /// How far the password is from its end.
    async fn age(&self, room: &Access, now: Millis) -> Result<Age, StoreError> {
        let environment = self.environment.id.clone();
        let (user, configuration) = (self.user.id.clone(), self.configuration.clone());
        let changed_at = self.credential.changed_at;
        room.app
            .db()
            .read(async move |tx| {
                let rules = passwords::rules_of_user(tx, &environment, &user, &configuration).await?;
                Ok(rules.age(changed_at, now))
            })
            .await
    }

    /// Joins the tenant of the link that the user brings, where the gate then opens: both or neither.
    async fn join(&self, room: &Access, token: Secret, now: Millis) -> Result<Pass, LoginError> {
        let environment = self.environment.id.clone();
        let (user, configuration) = (self.user.id.clone(), self.configuration.clone());
        let (app, from) = (room.app.clone(), self.from.clone());
        room.app
            .db()
            .write(async move |tx| {
                let Some(user) = people::user_by_id(tx, &environment, user.as_str()).await? else {
                    return Err(Refusal::NoTenant.into());
                };
                let token = token.reveal();
                let joined = invitations::join(tx, &app, &environment, &user, token, &from, now).await?;
                let goal = Goal {
                    tenant: Wish::Prefer(Some(joined.tenant_id())),
                    application: from.application.as_deref(),
                    ip: from.ip,
                };
                Ok(gate::admit(tx, &environment, user, &configuration, goal, now).await?)
            })
            .await
    }

    async fn admit(&self, room: &Access, now: Millis) -> Result<(Pass, Age), Refusal> {
        let environment = self.environment.id.clone();
        let (user, configuration) = (self.user.id.clone(), self.configuration.clone());
        let (tenant, application) = (self.attempt.tenant.clone(), self.from.application.clone());
        let (ip, changed_at) = (self.from.ip, self.credential.changed_at);
        room.app
            .db()
            .read(async move |tx| {
                // Read again: hashing took long enough for a lock or a removal.
                let Some(user) = people::user_by_id(tx, &environment, user.as_str()).await? else {
                    return Err(Refusal::NoTenant);
                };
                let goal = Goal {
                    tenant: Wish::Prefer(tenant.as_deref()),
                    application: application.as_deref(),
                    ip,
                };
                let rules = passwords::rules_of_user(tx, &environment, &user.id, &configuration).await?;
                let pass = gate::admit(tx, &environment, user, &configuration, goal, now).await?;
                Ok((pass, rules.age(changed_at, now)))
            })
            .await
    }
}

/// A sign-in with a password that only has to be written down.
struct ProvedEntry {
    open: StillOpen,
    entry: Entry,
    user: UserRecord,
    /// A hash to be replaced by a better one.
    upgrade: Option<(StoredHash, String)>,
    leak: Leak,
}

/// What a sign-in has relied on since the password was looked up.
struct StillOpen {
    scope: Scope,
    user: UserId,
    /// When the password that was proved had been set.
    set_at: Millis,
    row: Row,
    /// When the password was looked up.
    began: Millis,
}

impl ProvedEntry {
    async fn write(&self, tx: &Tx, app: &App, now: Millis) -> Result<(), LoginError> {
        let scope = &self.open.scope;
        let (environment, user) = (&scope.environment, self.user.id.as_str());
        self.open.check(tx, now).await?;
        throttle::clear(tx, environment, ATTEMPTS, user).await?;
        if let Some((old, new)) = &self.upgrade {
            hashes::upgrade(tx, environment.as_str(), user, old, new).await?;
        }
        self.entry.write(tx, app.ids(), now).await?;
        self.leak
            .write(tx, app, scope, &self.user, self.open.set_at, now)
            .await?;
        Ok(())
    }
}

impl StillOpen {
    /// What may have changed since the password was looked up: in this transaction nothing changes any more.
    async fn check(&self, tx: &Tx, now: Millis) -> Result<(), LoginError> {
        let (environment, user) = (&self.scope.environment, self.user.as_str());
        let view = people::gate_view(tx, environment, user, self.scope.tenant_id(), now).await?;
        let Some(view) = view.filter(|view| !view.is_disabled) else {
            return Err(Refusal::NoTenant.into());
        };
        let present = hashes::credential_of(tx, environment.as_str(), user).await?;
        let same = present.is_some_and(|present| present.changed_at == self.set_at);
        if view.user_valid_after > self.began || !same {
            return Err(LoginError::Incorrect); // the password was replaced meanwhile
        }
        if view.is_locked || is_blocked(tx, environment, user, now).await? {
            return Err(Refusal::Locked.into());
        }
        // Many guesses at once must not all be judged as if each were among the first. Somebody else's success in
        // between started a new row.
        if self.row.goes_on(tx, environment, &self.user, now).await? {
            return Err(Refusal::Locked.into());
        }
        Ok(())
    }
}
