//! The order of a sign-up.

use blocks::audit::{Actor, AuditRecord};
use blocks::throttle;
use db::{StoreError, Tx};
use environment::{AuthConfiguration, Environment};
use kit::{EnvironmentId, Millis, Scope, Secret};
use people::{
    Delivery, EnrolError, Enrolment, Introduction, Inviter, Mailer, MembershipStatus, Newcomer,
    PreparedPassword, UserRecord,
};
use serde_json::{Value, json};
use tenancy::{NewTenant, TenantError};
use thiserror::Error;
use web::{Problem, PublicCaller};

use super::known;
use super::model::{SignUpBody, SignUpProvider};
use crate::activation;
use crate::gate::{self, Goal, Pass, Refusal, Wish};
use crate::invitations::JoinError;
use crate::invitations::redeem::{self, Joining};
use crate::login::takes_passwords;
use crate::passwords;
use crate::room::Access;
use crate::sessions::{self, Entrance, SignedIn};

/// Most characters of a company's name.
const LONGEST_COMPANY: usize = 255;
/// Most bytes of what a back end wants in the mail.
const LARGEST_METADATA: usize = 16 * 1024;
/// Most roles that a back end may give.
const MOST_ROLES: usize = 100;
/// How often a sign-up is begun anew when somebody else gets in between.
const TURNS: usize = 3;

/// Why nobody was signed up.
#[derive(Debug, Error)]
pub(super) enum SignUpError {
    #[error("Sign-up is not allowed in this environment")]
    Off,
    /// Says nothing of the list that keeps the address out.
    #[error("This email address cannot be used to sign up")]
    Address,
    #[error("Mail cannot be sent from here, so that nobody can verify an address")]
    NoWay,
    #[error("Email already exists")]
    EmailTaken,
    #[error("Username already exists")]
    UsernameTaken,
    /// Somebody else got the address at this very moment.
    #[error("Somebody else has just signed up with this address, try again")]
    Raced,
    #[error(transparent)]
    Roles(#[from] tenancy::Unassignable),
    #[error(transparent)]
    Invitation(#[from] JoinError),
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Tenant(#[from] TenantError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<EnrolError> for SignUpError {
    fn from(error: EnrolError) -> Self {
        match error {
            EnrolError::EmailTaken => Self::Raced,
            EnrolError::UsernameTaken => Self::UsernameTaken,
            EnrolError::Store(error) => Self::Store(error),
        }
    }
}

impl From<SignUpError> for Problem {
    fn from(error: SignUpError) -> Self {
        use SignUpError as E;
        let sentence = error.to_string();
        match error {
            E::Off | E::Address => Self::forbidden(sentence),
            E::NoWay => Self::unavailable(sentence),
            E::EmailTaken | E::UsernameTaken | E::Raced => Self::conflict(sentence),
            E::Roles(tenancy::Unassignable::Unknown(_)) => Self::bad_request(sentence),
            E::Roles(tenancy::Unassignable::Store(error)) => error.into(),
            E::Invitation(error) => error.into(),
            E::Refused(refusal) => refusal.into(),
            E::Tenant(TenantError::Faults(sentences)) => Self::faults(sentences),
            E::Tenant(TenantError::Store(error)) | E::Store(error) => error.into(),
            // The id is a fresh one, and neither parent nor alias is given.
            E::Tenant(error) => Self::internal(&error),
        }
    }
}

/// A checked wish to sign up.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) newcomer: Newcomer,
    provider: SignUpProvider,
    pub(super) password: Option<Secret>,
    company: String,
    pub(super) invitation: Option<Secret>,
    role_ids: Vec<String>,
    /// Values for the mail.
    pub(super) metadata: Option<Value>,
    /// No mail is to be sent.
    silent: bool,
}

/// What became of it.
pub(super) enum Done {
    /// The address is to be verified first, or is somebody's.
    Waiting {
        user: String,
        tenant: String,
        activation_token: Option<Secret>,
    },
    In(Box<SignedIn>),
}

fn given<T: AsRef<str>>(text: Option<T>) -> Option<T> {
    text.filter(|text| !text.as_ref().trim().is_empty())
}

impl Order {
    /// # Errors
    /// 400 with a sentence for each value that is wrong, 403 for what only the environment may say.
    pub(super) fn read(
        body: SignUpBody,
        caller: &PublicCaller,
        configuration: &AuthConfiguration,
    ) -> Result<Self, Problem> {
        let mut faults = Vec::new();
        let at_once = configuration.allow_not_verified_users_login;
        let introduction = Introduction {
            email: body.email,
            username: body.username,
            name: body.name,
            phone_number: body.phone_number,
            profile_picture_url: body.profile_picture_url,
            metadata: body.metadata,
        };
        let newcomer = introduction
            .checked()
            .map_err(|sentences| faults.extend(sentences));
        let password = body.password.filter(|password| !password.is_empty());
        if password
            .as_ref()
            .is_some_and(|password| password.reveal().len() > crypto::MAX_PASSWORD_BYTES)
        {
            faults.push("password is too long".to_owned());
        }
        let needs_password = at_once && takes_passwords(configuration) && !caller.by_environment;
        if password.is_none() && needs_password {
            faults.push("password should not be empty".to_owned());
        }
        let company = given(body.company_name).unwrap_or_default();
        if company.chars().count() > LONGEST_COMPANY {
            faults.push(format!(
                "companyName must be shorter than or equal to {LONGEST_COMPANY} characters"
            ));
        }
        let metadata = body.email_metadata.filter(|value| !value.is_null());
        if metadata.as_ref().is_some_and(|value| !value.is_object()) {
            faults.push("emailMetadata must be an object".to_owned());
        } else if metadata
            .as_ref()
            .is_some_and(|value| value.to_string().len() > LARGEST_METADATA)
        {
            faults.push(format!(
                "emailMetadata must be shorter than or equal to {LARGEST_METADATA} characters"
            ));
        }
        let role_ids = body.role_ids.unwrap_or_default();
        if role_ids.len() > MOST_ROLES {
            faults.push(format!("roleIds must contain no more than {MOST_ROLES} elements"));
        }
        let Ok(newcomer) = newcomer else {
            return Err(Problem::faults(faults));
        };
        if newcomer.email.is_none() && !at_once {
            faults.push("email should not be empty: it has to be verified".to_owned());
        }
        if !faults.is_empty() {
            return Err(Problem::faults(faults));
        }
        let provider = body.provider.unwrap_or_default();
        if !caller.by_environment {
            if provider != SignUpProvider::Local {
                return Err(Problem::bad_request("provider must be local"));
            }
            if !role_ids.is_empty() {
                return Err(Problem::forbidden(
                    "Only the environment itself may give roles to those who sign up",
                ));
            }
        }
        let company = given(Some(company)).unwrap_or_else(|| newcomer.name.clone());
        Ok(Self {
            newcomer,
            provider,
            password,
            company,
            invitation: body
                .invitation_token
                .filter(|token| !token.reveal().trim().is_empty()),
            role_ids,
            // Whoever else could write into a mail of ours could write what they like to whom they like.
            metadata: metadata.filter(|_| caller.by_environment),
            silent: caller.by_environment && body.skip_invite_email.unwrap_or(false),
        })
    }

    /// The address, where there is one.
    pub(super) fn email(&self) -> Option<&str> {
        self.newcomer.email.as_deref()
    }
}

/// Signs somebody up.
pub(super) async fn sign_up(
    room: &Access,
    environment: &Environment,
    configuration: &AuthConfiguration,
    order: Order,
    device: Option<String>,
    caller: &PublicCaller,
) -> Result<Done, Problem> {
    if !configuration.allow_signups {
        return Err(SignUpError::Off.into());
    }
    may_come(room, &environment.id, &order).await?;
    // One hash, whether or not the address is somebody's.
    let scope = Scope::environment(environment.id.clone());
    let password = match order.password.clone() {
        Some(password) => Some(room.judge.for_newcomer(&scope, password).await?),
        None => None,
    };
    let (now, waits) = (room.app.now(), !configuration.allow_not_verified_users_login);
    if waits && let Some(email) = order.email() {
        let who = activation::counted_by(email);
        throttle::send(room.app.db(), &room.limits, &environment.id, &who, now).await?;
    }
    let secret = room.directory.refresh_secret(&environment.id).await?;
    let key = room.directory.code_key(&environment.id).await?;
    let coming = Coming {
        room: room.clone(),
        environment: environment.id.clone(),
        configuration: configuration.clone(),
        order,
        password,
        caller: caller.clone(),
        veil: known::Veil { secret, key },
        waits,
    };
    let arrived = coming.arrive(now).await?;
    let pass = match arrived {
        Arrived::Waiting(done) => return Ok(done),
        Arrived::Admitted(pass) => *pass,
    };
    let entrance = Entrance {
        environment,
        configuration,
        pass,
        device,
        from: &caller.from,
    };
    Ok(Done::In(Box::new(sessions::begin(room, entrance, now).await?)))
}

/// What keeps people out before anything about them is known.
async fn may_come(room: &Access, environment: &EnvironmentId, order: &Order) -> Result<(), SignUpError> {
    let (app, environment) = (room.app.clone(), environment.clone());
    let (email, silent) = (order.newcomer.email.clone(), order.silent);
    room.app
        .db()
        .read(async move |tx| {
            let Some(email) = &email else { return Ok(()) };
            let whole = Scope::environment(environment.clone());
            if !crate::restrictions::email_domain_allowed(tx, &whole, email).await? {
                return Err(SignUpError::Address);
            }
            let configuration: AuthConfiguration = blocks::settings::effective(tx, &whole).await?;
            let needs_mail = !configuration.allow_not_verified_users_login && !silent;
            if needs_mail && !environment::can_mail(tx, &app, &environment).await? {
                return Err(SignUpError::NoWay);
            }
            Ok(())
        })
        .await
}

/// Somebody on the way in.
pub(super) struct Coming {
    pub(super) room: Access,
    pub(super) environment: EnvironmentId,
    configuration: AuthConfiguration,
    pub(super) order: Order,
    password: Option<PreparedPassword>,
    pub(super) caller: PublicCaller,
    pub(super) veil: known::Veil,
    /// Whether the address is verified first.
    waits: bool,
}

/// Whether somebody is in already, or has to verify the address first.
enum Arrived {
    Waiting(Done),
    Admitted(Box<Pass>),
}

/// The tenant that somebody comes into.
struct House {
    scope: Scope,
    role_ids: Vec<String>,
    reaches: bool,
    joining: Option<Joining>,
}

impl Coming {
    async fn arrive(self, now: Millis) -> Result<Arrived, SignUpError> {
        let db = self.room.app.db().clone();
        let coming = std::sync::Arc::new(self);
        let mut turn = 0;
        loop {
            turn += 1;
            let this = std::sync::Arc::clone(&coming);
            match db.write(async move |tx| this.write(tx, now).await).await {
                // Whoever was faster is somebody now.
                Err(SignUpError::Raced) if turn < TURNS => {}
                other => return other,
            }
        }
    }

    async fn write(&self, tx: &Tx, now: Millis) -> Result<Arrived, SignUpError> {
        let environment = &self.environment;
        // Before anybody is looked for: a link that lets nobody in says so to everybody.
        let joining = match &self.order.invitation {
            Some(token) => {
                let email = self.order.email();
                Some(redeem::redeem(tx, environment, token.reveal(), email, now).await?)
            }
            None => None,
        };
        // Whosever the address is: otherwise the answer would tell whether it is somebody's.
        if let Some(username) = &self.order.newcomer.username
            && people::user_by_username(tx, environment, username)
                .await?
                .is_some()
        {
            return Err(SignUpError::UsernameTaken);
        }
        if let Some(email) = self.order.email()
            && let Some(user) = people::user_by_email(tx, environment, email).await?
        {
            if !self.waits {
                return Err(SignUpError::EmailTaken);
            }
            let joined = joining.as_ref().map(|joining| joining.scope.tenant_id());
            let done = self.known(tx, &user, joined, now).await?;
            return Ok(Arrived::Waiting(done));
        }
        let house = self.house(tx, joining, now).await?;
        let user = self.enrol(tx, &house, now).await?;
        if let Some(joining) = &house.joining {
            redeem::joined(tx, &self.room.app, joining, &user, &self.caller.from, now).await?;
        }
        if self.waits {
            let activation_token = self.tell(tx, &house.scope, &user, now).await?;
            people::count_enrolled(tx, &house.scope, &user).await?;
            return Ok(Arrived::Waiting(Done::Waiting {
                user: user.id.to_string(),
                tenant: house.scope.tenant_id().to_owned(),
                activation_token,
            }));
        }
        let goal = Goal {
            tenant: Wish::Prefer(Some(house.scope.tenant_id())),
            application: self.caller.from.application.as_deref(),
            ip: self.caller.from.ip,
        };
        let pass = gate::admit(tx, environment, user.clone(), &self.configuration, goal, now).await?;
        people::count_enrolled(tx, &house.scope, &user).await?;
        Ok(Arrived::Admitted(Box::new(pass)))
    }

    /// Makes a tenant, or takes that of the link.
    async fn house(&self, tx: &Tx, joining: Option<Joining>, now: Millis) -> Result<House, SignUpError> {
        if let Some(joining) = joining {
            return Ok(House {
                scope: joining.scope.clone(),
                role_ids: joining.role_ids.clone(),
                reaches: joining.reaches,
                joining: Some(joining),
            });
        }
        let ids = self.room.app.ids();
        let new = NewTenant {
            // Random, like that of the user: one that tells its time would tell a new account from a known one.
            tenant_id: Some(ids.v4()),
            name: Some(self.order.company.clone()),
            creator_name: Some(self.order.newcomer.name.clone()),
            creator_email: self.order.newcomer.email.clone(),
            ..NewTenant::default()
        };
        let tenant = tenancy::create_tenant(tx, ids, &self.environment, &new, now).await?;
        let scope = Scope::tenant(self.environment.clone(), tenant.tenant_id.as_str().into());
        let mut record = self
            .by()
            .changed(None::<&Value>, Some(&json!({"name": tenant.name})));
        "Tenant created".clone_into(&mut record.action);
        "tenant".clone_into(&mut record.resource);
        tenant.tenant_id.clone_into(&mut record.resource_id);
        record.write(tx, ids, &scope, now).await?;
        let roles = if self.order.role_ids.is_empty() {
            match tenancy::first_user_roles(tx, &scope).await? {
                roles if roles.is_empty() => tenancy::default_roles(tx, &scope).await?,
                roles => roles,
            }
        } else {
            tenancy::assignable_roles(tx, &scope, &self.order.role_ids).await?
        };
        Ok(House {
            scope,
            role_ids: roles.into_iter().map(|role| role.id).collect(),
            reaches: false,
            joining: None,
        })
    }

    async fn enrol(&self, tx: &Tx, house: &House, now: Millis) -> Result<UserRecord, SignUpError> {
        let ids = self.room.app.ids();
        let enrolment = Enrolment {
            id: ids.v4().into(),
            provider: self.order.provider.as_str(),
            role_ids: house.role_ids.clone(),
            reaches: house.reaches,
            status: if self.waits && !self.order.silent {
                MembershipStatus::NotActivated
            } else {
                MembershipStatus::PendingLogin
            },
            by: self.by(),
        };
        let user = people::enrol(tx, ids, &house.scope, &self.order.newcomer, &enrolment, now).await?;
        if let Some(password) = &self.password {
            passwords::set(tx, &self.environment, &user.id, password, now).await?;
        }
        Ok(user)
    }

    /// Mails the activation; answers what a page needs that asks for its code.
    async fn tell(
        &self,
        tx: &Tx,
        scope: &Scope,
        user: &UserRecord,
        now: Millis,
    ) -> Result<Option<Secret>, StoreError> {
        if self.order.silent {
            return Ok(None);
        }
        let mailer = Mailer::new(&self.room.app, &self.room.directory);
        let inviter = Inviter {
            user: None,
            metadata: self.order.metadata.as_ref(),
        };
        let issued = mailer.activation(tx, scope, user, inviter, now).await?;
        Ok(issued
            .filter(|issued| issued.delivery == Delivery::Code)
            .map(|issued| issued.token))
    }

    /// Actor and origin of what a sign-up changes.
    pub(super) fn by(&self) -> AuditRecord {
        let mut record = AuditRecord::new("", "", "").from(&self.caller.from);
        record.actor = if self.caller.by_environment {
            Actor::Environment(self.environment.to_string())
        } else {
            Actor::Anonymous
        };
        record
    }
}
