//! Who a request is: tokens and context headers become a typed caller, or a refusal.

use std::sync::Arc;

use async_trait::async_trait;
use db::{Db, StoreError};
use environment::Directory;
use kit::{Clock, EnvironmentId, Millis, Scope, TenantId, UserId};
use people::GateView;
use web::{
    Address, CallOrigin, Caller, Credentials, EnvironmentCaller, Environments, Gatekeeper, Guard, Need,
    Problem, PublicCaller, UserCaller,
};

use crate::room::no_environment;
use crate::sessions;
use crate::tokens::{Holder, Tokens, UserToken, Verified};

/// Decides who calls. One per server.
///
/// - An environment token arrives as `x-access-token` or as a bearer; it may name a tenant and a user, who must exist in
///   its environment, and acts as that user where the route allows it.
/// - A user token is checked against its user and membership on every request: a lock, a removal or the end of
///   temporary access holds at once, however long the token lives.
pub struct AccessGatekeeper {
    db: Db,
    clock: Arc<dyn Clock>,
    directory: Directory,
    tokens: Tokens,
}

impl AccessGatekeeper {
    #[must_use]
    pub fn new(db: Db, clock: Arc<dyn Clock>, directory: Directory) -> Self {
        let tokens = Tokens::new(directory.clone());
        Self {
            db,
            clock,
            directory,
            tokens,
        }
    }

    async fn verified(&self, token: &str) -> Result<Option<Arc<Verified>>, Problem> {
        Ok(self.tokens.verify(token, self.clock.now()).await?)
    }

    /// Nobody needs to be known, but a token that holds says which environment is meant before any header does.
    async fn anyone(
        &self,
        credentials: &Credentials,
        address: &Address,
        from: Arc<CallOrigin>,
    ) -> Result<Caller, Problem> {
        if let Some(token) = credentials
            .environment_token
            .as_ref()
            .or(credentials.bearer.as_ref())
            && let Some(verified) = self.verified(token).await?
        {
            same_environment(&verified.environment, address)?;
            let (tenant, by_environment) = match &verified.holder {
                Holder::User(token) => (Some(token.tenant.clone()), false),
                Holder::Environment => (None, true),
                Holder::Other => (None, false),
            };
            let named = credentials.tenant.clone().filter(|_| by_environment);
            return Ok(Caller::Anyone(PublicCaller {
                environment: verified.environment.clone(),
                by_environment,
                tenant,
                named_tenant: named.map(TenantId::from),
                from,
            }));
        }
        match Environments::addressed(&self.directory, address).await? {
            Some(face) => Ok(Caller::Anyone(PublicCaller {
                environment: face.id,
                by_environment: false,
                tenant: None,
                named_tenant: None,
                from,
            })),
            None => Err(no_environment()),
        }
    }

    /// The environment itself, or a user it acts for.
    async fn environment(
        &self,
        guard: Guard,
        environment: EnvironmentId,
        credentials: &Credentials,
        from: Arc<CallOrigin>,
    ) -> Result<Caller, Problem> {
        if guard.admits_on_behalf() {
            match (&credentials.tenant, &credentials.user) {
                (Some(tenant), Some(user)) => {
                    return self.on_behalf(guard, environment, tenant, user, from).await;
                }
                _ if guard.admits_environment() => {}
                (None, _) => return Err(Problem::no_tenant()),
                (_, None) => return Err(Problem::forbidden("User ID is not specified")),
            }
        }
        if !guard.admits_environment() {
            return Err(Problem::unauthorized(
                "This route takes a user token, not an environment token",
            ));
        }
        let (tenant, user) = (
            credentials.tenant.clone(),
            credentials.user.clone().map(UserId::from),
        );
        self.known(&environment, tenant.clone(), user.clone()).await?;
        if guard.needs_tenant() && tenant.is_none() {
            return Err(Problem::no_tenant());
        }
        let tenant = tenant.map(TenantId::from);
        Ok(Caller::Environment(EnvironmentCaller {
            environment,
            tenant,
            user,
            from,
        }))
    }

    /// What the context headers name must exist in the token's environment; what belongs to others does not.
    async fn known(
        &self,
        environment: &EnvironmentId,
        tenant: Option<String>,
        user: Option<UserId>,
    ) -> Result<(), Problem> {
        if tenant.is_none() && user.is_none() {
            return Ok(());
        }
        let environment = environment.clone();
        self.db
            .read(async move |tx| {
                if let Some(tenant) = &tenant
                    && !tenancy::tenant_exists(tx, &environment, tenant).await?
                {
                    return Err(no_such_tenant());
                }
                if let Some(user) = &user
                    && people::user_by_id(tx, &environment, user.as_str())
                        .await?
                        .is_none()
                {
                    return Err(no_such_user());
                }
                Ok(())
            })
            .await
    }

    /// An environment acting as one of its users, with that user's permissions.
    async fn on_behalf(
        &self,
        guard: Guard,
        environment: EnvironmentId,
        tenant: &str,
        user: &str,
        from: Arc<CallOrigin>,
    ) -> Result<Caller, Problem> {
        let (tenant, user) = (TenantId::from(tenant), UserId::from(user));
        let scope = Scope::tenant(environment.clone(), tenant.clone());
        let (asked, now) = (user.clone(), self.clock.now());
        let permissions = self
            .db
            .read(async move |tx| {
                if !tenancy::tenant_exists(tx, &scope.environment, scope.tenant_id()).await? {
                    return Err(no_such_tenant());
                }
                let member =
                    people::gate_view(tx, &scope.environment, asked.as_str(), scope.tenant_id(), now).await?;
                if member.is_none() {
                    return Err(no_such_user());
                }
                Ok(permission_keys(tx, &scope, &asked, now).await?)
            })
            .await?;
        let caller = UserCaller {
            environment,
            tenant,
            user,
            session: None,
            permissions: permissions.into(),
            by_environment: true,
            from,
        };
        permitted(guard, &caller)?;
        Ok(Caller::User(caller))
    }

    async fn user(
        &self,
        guard: Guard,
        environment: EnvironmentId,
        token: &UserToken,
        credentials: &Credentials,
        from: Arc<CallOrigin>,
    ) -> Result<Caller, Problem> {
        if guard.user_need().is_none() {
            return Err(Problem::unauthorized(
                "This route takes an environment token, not a user token",
            ));
        }
        if let Some(named) = &credentials.tenant
            && named != token.tenant.as_str()
            && !self.ignores_tenant_header(&environment).await?
        {
            return Err(Problem::forbidden(
                "The tenant of the header is not the tenant of the token",
            ));
        }
        let in_claims =
            !token.permissions.is_empty() || !matches!(guard.user_need(), Some(Need::Permission(_)));
        let (scope, asked, now) = (
            Scope::tenant(environment.clone(), token.tenant.clone()),
            token.clone(),
            self.clock.now(),
        );
        let looked_up = self
            .db
            .read(async move |tx| {
                let view = people::gate_view(
                    tx,
                    &scope.environment,
                    asked.user.as_str(),
                    scope.tenant_id(),
                    now,
                )
                .await?;
                let stands = match view.map(|view| standing(&view, asked.issued_at, now)) {
                    None | Some(Standing::Out) => false,
                    Some(Standing::In) => true,
                    Some(Standing::SameSecond(since)) => {
                        sessions::alive_since(tx, &scope.environment, &asked.session).await? >= Some(since)
                    }
                };
                if !stands {
                    return Err(Problem::unauthorized("Unauthorized"));
                }
                if in_claims {
                    return Ok(None);
                }
                Ok(Some(permission_keys(tx, &scope, &asked.user, now).await?))
            })
            .await?;
        let caller = UserCaller {
            environment,
            tenant: token.tenant.clone(),
            user: token.user.clone(),
            session: Some(token.session.clone()),
            permissions: looked_up.map_or_else(|| Arc::clone(&token.permissions), Into::into),
            by_environment: false,
            from,
        };
        permitted(guard, &caller)?;
        Ok(Caller::User(caller))
    }

    async fn ignores_tenant_header(&self, environment: &EnvironmentId) -> Result<bool, Problem> {
        let configuration = self.directory.configuration(environment).await?;
        Ok(configuration.is_some_and(|found| found.skip_tenant_validation))
    }
}

#[async_trait]
impl Gatekeeper for AccessGatekeeper {
    async fn admit(
        &self,
        guard: Guard,
        credentials: Credentials,
        address: Address,
        from: Arc<CallOrigin>,
    ) -> Result<Caller, Problem> {
        if guard.admits_anyone() {
            return self.anyone(&credentials, &address, from).await;
        }
        let Some(token) = chosen(guard, &credentials) else {
            return Err(Problem::unauthorized("Unauthorized"));
        };
        let Some(verified) = self.verified(token).await? else {
            let in_environments_place = credentials.environment_token.as_deref() == Some(token);
            return Err(Problem::unauthorized(
                if guard.user_need().is_none() || in_environments_place {
                    "Failed to verify vendor JWT"
                } else {
                    "Unauthorized"
                },
            ));
        };
        same_environment(&verified.environment, &address)?;
        let environment = verified.environment.clone();
        match &verified.holder {
            Holder::Environment => self.environment(guard, environment, &credentials, from).await,
            Holder::User(token) => self.user(guard, environment, token, &credentials, from).await,
            Holder::Other => Err(Problem::unauthorized(
                "This route does not take tokens of this type",
            )),
        }
    }
}

/// Which of the request's tokens counts. Relays of back ends send their own environment token beside the browser's
/// bearer: theirs counts where the route takes it.
fn chosen(guard: Guard, credentials: &Credentials) -> Option<&str> {
    let names_user = credentials.tenant.is_some() && credentials.user.is_some();
    let takes_theirs = guard.admits_environment() || (guard.admits_on_behalf() && names_user);
    let (theirs, bearer) = (
        credentials.environment_token.as_deref(),
        credentials.bearer.as_deref(),
    );
    if takes_theirs {
        theirs.or(bearer)
    } else {
        bearer.or(theirs)
    }
}

/// A header that names another environment than the token is a mistake worth telling.
fn same_environment(environment: &EnvironmentId, address: &Address) -> Result<(), Problem> {
    let named = [&address.vendor_id, &address.environment_id];
    if named
        .into_iter()
        .flatten()
        .any(|named| named != environment.as_str())
    {
        return Err(Problem::forbidden(
            "The environment of the header is not the environment of the token",
        ));
    }
    Ok(())
}

fn no_such_tenant() -> Problem {
    Problem::not_found("Tenant not found")
}

fn no_such_user() -> Problem {
    Problem::not_found("User not found")
}

async fn permission_keys(
    tx: &db::Tx,
    scope: &Scope,
    user: &UserId,
    now: Millis,
) -> Result<Vec<String>, StoreError> {
    let authorization = people::authorization(tx, scope, user, now).await?;
    Ok(authorization.permissions.into_iter().map(|one| one.key).collect())
}

fn permitted(guard: Guard, caller: &UserCaller) -> Result<(), Problem> {
    match guard.user_need() {
        Some(Need::Permission(key)) if !caller.may(key) => Err(Problem::forbidden(format!(
            "You do not have the permission {key}"
        ))),
        _ => Ok(()),
    }
}

/// What user and membership say about a token.
#[derive(Debug, PartialEq, Eq)]
enum Standing {
    In,
    Out,
    /// Sessions from before this moment do not count, and the token was issued within its very second: tokens count
    /// whole seconds, so only the session can tell.
    SameSecond(Millis),
}

fn standing(view: &GateView, issued_at: i64, now: Millis) -> Standing {
    let expired = view.expires_at.is_some_and(|end| end <= now);
    if view.is_locked || view.is_disabled || expired {
        return Standing::Out;
    }
    let since = view.user_valid_after.max(view.membership_valid_after);
    match issued_at.cmp(&since.seconds()) {
        std::cmp::Ordering::Less => Standing::Out,
        std::cmp::Ordering::Equal => Standing::SameSecond(since),
        std::cmp::Ordering::Greater => Standing::In,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view() -> GateView {
        GateView {
            user_valid_after: Millis(5_500),
            membership_valid_after: Millis(2_000),
            is_locked: false,
            is_disabled: false,
            expires_at: None,
            name: String::new(),
            email: None,
        }
    }

    #[test]
    fn tokens_from_before_the_mark_are_out() {
        let at = |issued| standing(&view(), issued, Millis(9_000));
        assert_eq!(at(4), Standing::Out);
        assert_eq!(at(5), Standing::SameSecond(Millis(5_500)));
        assert_eq!(at(6), Standing::In);
    }

    #[test]
    fn a_flag_outweighs_every_token() {
        let locked = GateView {
            is_locked: true,
            ..view()
        };
        let disabled = GateView {
            is_disabled: true,
            ..view()
        };
        let expired = GateView {
            expires_at: Some(Millis(9_000)),
            ..view()
        };
        for view in [locked, disabled, expired] {
            assert_eq!(standing(&view, 8, Millis(9_000)), Standing::Out);
        }
    }

    #[test]
    fn a_relays_own_token_counts_where_the_route_takes_it() {
        let mut credentials = Credentials {
            bearer: Some("user".to_owned()),
            environment_token: Some("relay".to_owned()),
            ..Credentials::default()
        };
        let own = Guard::user(Need::SignedIn);
        assert_eq!(chosen(Guard::environment(), &credentials), Some("relay"));
        assert_eq!(chosen(own, &credentials), Some("user"));
        assert_eq!(chosen(own.on_behalf(), &credentials), Some("user"));
        credentials.tenant = Some("t".to_owned());
        credentials.user = Some("u".to_owned());
        assert_eq!(chosen(own.on_behalf(), &credentials), Some("relay"));
        assert_eq!(chosen(own, &credentials), Some("user"));
        credentials.bearer = None;
        assert_eq!(chosen(own, &credentials), Some("relay"));
    }

    #[test]
    fn headers_may_repeat_the_tokens_environment_and_name_no_other() {
        let address = |id: &str| Address {
            vendor_id: Some(id.to_owned()),
            ..Address::default()
        };
        assert!(same_environment(&"e1".into(), &address("e1")).is_ok());
        assert!(same_environment(&"e1".into(), &address("e2")).is_err());
        assert!(same_environment(&"e1".into(), &Address::default()).is_ok());
    }
}
