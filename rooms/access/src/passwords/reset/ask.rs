//! Asking for a new password.

use blocks::audit::{Actor, AuditRecord};
use blocks::one_time::{self, Bound, CodeKey, Holder, OneTimeCode, Verdict};
use blocks::throttle;
use db::{StoreError, Tx};
use environment::{MailTemplate, Posted, SmsOrder, SmsTemplate};
use kit::{EnvironmentId, Millis, Secret};
use people::{RESET_PASSWORD, UserRecord};
use serde_json::{Map, Value, json};
use web::{Problem, PublicCaller};

use super::model::{ForgotBody, Named};
use super::set::ResetError;
use crate::captcha::{self, Form};
use crate::letters::{letter, metadata, scope_of, towards};
use crate::room::Access;

/// Proves a number. The subject is the user; where there is none, one of a few that stand for nobody.
pub(super) const CODE: OneTimeCode = OneTimeCode {
    purpose: "reset-password-code",
    seconds: 600,
};

/// Somebody who forgot a password.
pub(super) struct Request {
    named: Named,
    /// What the environment's own back end wants in the mail.
    metadata: Map<String, Value>,
}

impl Request {
    /// A request of a form that knows of captchas.
    ///
    /// # Errors
    /// 400 when nobody is named, 403 when the answer to the captcha is missing or wrong.
    pub(super) async fn admitted(
        room: &Access,
        body: ForgotBody,
        caller: &PublicCaller,
    ) -> Result<Self, Problem> {
        let answer = body.recaptcha_token.clone();
        let request = Self::read(body, caller)?;
        let email = match &request.named {
            Named::Email(key) => Some(key.as_str()),
            Named::Phone(_) | Named::Username(_) => None,
        };
        let form = Form {
            answer: answer.as_deref(),
            email,
        };
        captcha::passes(room, &caller.environment, form, &caller.from).await?;
        Ok(request)
    }

    /// # Errors
    /// 400 when nobody is named.
    pub(super) fn read(body: ForgotBody, caller: &PublicCaller) -> Result<Self, Problem> {
        let named = body.named().map_err(Problem::bad_request)?;
        // Whoever else could write into a mail of ours could write what they like to whom they like.
        let metadata = body.email_metadata.filter(|_| caller.by_environment);
        Ok(Self {
            named,
            metadata: metadata.unwrap_or_default(),
        })
    }
}

impl Named {
    const fn text(&self) -> &String {
        let (Self::Email(text) | Self::Phone(text) | Self::Username(text)) = self;
        text
    }

    async fn user(&self, tx: &Tx, environment: &EnvironmentId) -> Result<Option<UserRecord>, StoreError> {
        match self {
            Self::Email(key) => people::user_by_email(tx, environment, key).await,
            Self::Phone(number) => people::user_by_phone(tx, environment, number).await,
            Self::Username(name) => people::user_by_username(tx, environment, name).await,
        }
    }

    /// Stands for a user who is not there: the same writes as for one who is.
    fn nobody(&self) -> String {
        one_time::nobody(self.text())
    }
}

/// Counts what is about to be sent to `who`. False when it is too much: then nothing is sent, and the answer is as ever.
async fn may_send(
    room: &Access,
    environment: &EnvironmentId,
    who: &str,
    now: Millis,
) -> Result<bool, StoreError> {
    throttle::may_send(room.app.db(), &room.limits, environment, who, now).await
}

fn record(user: &UserRecord, caller: &PublicCaller) -> AuditRecord {
    let mut record = AuditRecord::new("Password reset requested", "user", user.id.as_str())
        .from(&caller.from)
        .about_user(user.id.as_str(), user.email.as_deref());
    record.actor = Actor::Anonymous;
    record
}

/// Mails a ticket, if there is such a user.
pub(super) async fn by_mail(room: &Access, caller: &PublicCaller, request: Request) -> Result<(), Problem> {
    let now = room.app.now();
    if !may_send(room, &caller.environment, request.named.text(), now).await? {
        return Ok(());
    }
    let (app, caller) = (room.app.clone(), caller.clone());
    room.app
        .db()
        .write(async move |tx| {
            let environment = &caller.environment;
            let found = request.named.user(tx, environment).await?;
            let user = match &found {
                Some(user) => people::hold_user(tx, environment, user.id.as_str()).await?,
                None => None,
            };
            let to = user.as_ref().and_then(|user| match &request.named {
                // Where they wrote to is where they read, be it their first address or not.
                Named::Email(key) => Some(key.clone()),
                Named::Phone(_) | Named::Username(_) => user.email.clone(),
            });
            let (Some(user), Some(to)) = (user, to) else {
                let nobody = request.named.nobody();
                let bound = Bound {
                    environment,
                    subject: &nobody,
                    owner: "",
                };
                RESET_PASSWORD
                    .issue(tx, app.ids(), &bound, &json!({}), now)
                    .await?;
                return Ok::<_, StoreError>(());
            };
            let bound = Bound {
                environment,
                subject: user.id.as_str(),
                owner: user.id.as_str(),
            };
            let body = json!({"email": to, "tenantId": user.active_tenant});
            let token = RESET_PASSWORD.issue(tx, app.ids(), &bound, &body, now).await?;
            let mut order = letter(MailTemplate::ResetPassword, &user, &to)
                .link("userId", user.id.as_str())
                .link("token", token.reveal())
                .expires_in(RESET_PASSWORD.seconds);
            if !request.metadata.is_empty()
                && let Value::Object(mut all) = metadata(&user)
            {
                all.extend(request.metadata.clone());
                order = order.with("metadata", all);
            }
            let order = towards(tx, environment, &caller.from, order).await?;
            let scope = scope_of(environment, &user);
            let posted = environment::send_mail(tx, &app, &scope, &order, now).await?;
            let described = (posted != Posted::Queued).then_some("no mail was sent");
            let mut record = record(&user, &caller);
            record.description = described.map(str::to_owned);
            record.write(tx, app.ids(), &scope, now).await
        })
        .await?;
    Ok(())
}

/// Texts a code, if there is such a user and a number of theirs. Answers what is to be sent together with the code.
pub(super) async fn by_text(
    room: &Access,
    caller: &PublicCaller,
    request: Request,
) -> Result<String, Problem> {
    let now = room.app.now();
    let environment = caller.environment.clone();
    let named = request.named.clone();
    let number = room
        .app
        .db()
        .read(async move |tx| {
            let Some(user) = named.user(tx, &environment).await? else {
                return Ok::<_, StoreError>(None);
            };
            let number = match &named {
                Named::Phone(number) => Some(number.clone()),
                Named::Email(_) | Named::Username(_) => {
                    people::proved_number(tx, &environment, &user.id).await?
                }
            };
            Ok(number.map(|number| (user.id, number)))
        })
        .await?;
    let key: CodeKey = room.directory.code_key(&caller.environment).await?;
    // By what is named, and by where it goes: a number with three names is still one number.
    let goes_to = number.as_ref().map(|(_, number)| number.clone());
    let goes_to = goes_to.unwrap_or_else(|| request.named.nobody());
    let asked = format!("text {}", request.named.text());
    if !may_send(room, &caller.environment, &asked, now).await?
        || !may_send(room, &caller.environment, &goes_to, now).await?
    {
        return Ok(room.app.ids().v4());
    }
    let (app, caller) = (room.app.clone(), caller.clone());
    let handle = room
        .app
        .db()
        .write(async move |tx| {
            let environment = &caller.environment;
            let held = match &number {
                Some((user, _)) => people::hold_user(tx, environment, user.as_str()).await?,
                None => None,
            };
            let (Some(user), Some((_, number))) = (held, &number) else {
                let nobody = request.named.nobody();
                let bound = Bound {
                    environment,
                    subject: &nobody,
                    owner: "",
                };
                let issued = CODE.issue(tx, app.ids(), &key, &bound, &json!({}), now).await?;
                return Ok::<_, StoreError>(issued.handle);
            };
            let bound = Bound {
                environment,
                subject: user.id.as_str(),
                owner: user.id.as_str(),
            };
            let issued = CODE.issue(tx, app.ids(), &key, &bound, &json!({}), now).await?;
            let order = SmsOrder::new(SmsTemplate::ResetPassword, number)
                .with("code", issued.code.reveal())
                .expires_in(CODE.seconds);
            let scope = scope_of(environment, &user);
            environment::send_sms(tx, &app, &scope, &order, now).await?;
            record(&user, &caller).write(tx, app.ids(), &scope, now).await?;
            Ok(issued.handle)
        })
        .await?;
    Ok(handle)
}

/// The user whose code this is, and a ticket for a new password.
pub(super) async fn prove_code(
    room: &Access,
    caller: &PublicCaller,
    handle: &str,
    code: &Secret,
) -> Result<(String, Secret), Problem> {
    let now = room.app.now();
    let environment = caller.environment.clone();
    let key = room.directory.code_key(&environment).await?;
    let verdict = CODE
        .judge(
            room.app.db(),
            &key,
            &environment,
            Holder::Handle(handle),
            code.reveal(),
            now,
        )
        .await?;
    let proof = match verdict {
        // Nobody reads the messages of somebody who is not there: a lucky guess.
        Verdict::Right(proof) if !proof.good.owner.is_empty() => proof,
        Verdict::Right(_) | Verdict::Wrong => return Err(ResetError::WrongCode.into()),
        Verdict::Expired => return Err(ResetError::ExpiredCode.into()),
    };
    let ids = room.app.ids().clone();
    let (user, token) = room
        .app
        .db()
        .write(async move |tx| {
            let user = people::hold_user(tx, &environment, &proof.good.owner).await?;
            let user = user.ok_or(ResetError::WrongCode)?;
            if !proof.spend(tx, now).await? {
                return Err(ResetError::WrongCode);
            }
            let bound = Bound {
                environment: &environment,
                subject: user.id.as_str(),
                owner: user.id.as_str(),
            };
            // It proves a number, not an address.
            let token = RESET_PASSWORD.issue(tx, &ids, &bound, &json!({}), now).await?;
            Ok((user.id, token))
        })
        .await?;
    Ok((user.to_string(), token))
}
