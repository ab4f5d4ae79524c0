//! Tokens as callers present them: verified once, remembered for a minute.

use std::sync::Arc;
use std::time::Duration;

use environment::{Directory, Purpose, TokenError};
use kit::{EnvironmentId, Millis, TenantId, UserId};
use moka::sync::Cache;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::gate::USER_TOKEN;

/// Longer tokens are refused before anything of them is looked at.
const LONGEST: usize = crypto::MAX_TOKEN_BYTES;
/// How many verified tokens are remembered.
const REMEMBERED: u64 = 20_000;
/// After this long the signature is checked again, so that a withdrawn key counts no longer than this.
const MEMORY: Duration = Duration::from_secs(60);

/// A token whose signature held.
#[derive(Clone, Debug)]
pub(crate) struct Verified {
    pub(crate) environment: EnvironmentId,
    pub(crate) holder: Holder,
    /// Seconds since the epoch.
    exp: i64,
}

/// Whom a token speaks for.
#[derive(Clone, Debug)]
pub(crate) enum Holder {
    Environment,
    User(UserToken),
    /// Ours, but of a kind that is not taken here.
    Other,
}

/// What a user token says that the gate needs.
#[derive(Clone, Debug)]
pub(crate) struct UserToken {
    pub(crate) user: UserId,
    pub(crate) tenant: TenantId,
    pub(crate) session: String,
    /// Seconds since the epoch.
    pub(crate) issued_at: i64,
    pub(crate) permissions: Arc<[String]>,
}

/// Verifies tokens and remembers those that held, by their SHA-256, so that a request costs a digest instead of an RSA
/// operation. Expiry is looked at every time.
pub(crate) struct Tokens {
    directory: Directory,
    /// With the directory's state at the time: a key that is rotated away or another algorithm ends it at once.
    held: Cache<[u8; 32], (u64, Arc<Verified>)>,
}

impl Tokens {
    pub(crate) fn new(directory: Directory) -> Self {
        let held = Cache::builder()
            .max_capacity(REMEMBERED)
            .time_to_live(MEMORY)
            .build();
        Self { directory, held }
    }

    /// The token's content; `None` when it does not hold, whatever the reason.
    ///
    /// # Errors
    /// When the keys cannot be read, which says nothing about the token.
    pub(crate) async fn verify(&self, token: &str, now: Millis) -> Result<Option<Arc<Verified>>, TokenError> {
        if token.len() > LONGEST {
            return Ok(None);
        }
        let key = crypto::sha256(token.as_bytes());
        let changes = self.directory.changes();
        if let Some((at, held)) = self.held.get(&key)
            && at == changes
        {
            return Ok((now.seconds() < held.exp).then_some(held));
        }
        let verified = match self.directory.verify(token, now).await {
            Ok(verified) => verified,
            Err(error) if error.is_fault() => return Err(error),
            Err(_) => return Ok(None),
        };
        let Some(read) = read(verified.environment, verified.purpose, verified.claims) else {
            return Ok(None);
        };
        let read = Arc::new(read);
        self.held.insert(key, (changes, Arc::clone(&read)));
        Ok(Some(read))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UserClaims {
    sub: String,
    tenant_id: String,
    sid: String,
    iat: i64,
    #[serde(default)]
    permissions: Vec<String>,
}

fn read(environment: EnvironmentId, purpose: Purpose, claims: Map<String, Value>) -> Option<Verified> {
    let exp = claims.get("exp").and_then(Value::as_i64)?;
    let kind = claims.get("type").and_then(Value::as_str);
    let holder = match (purpose, kind) {
        (Purpose::Vendor, _) => Holder::Environment,
        (Purpose::User, Some(USER_TOKEN)) => {
            let claims: UserClaims = serde_json::from_value(Value::Object(claims)).ok()?;
            Holder::User(UserToken {
                user: claims.sub.into(),
                tenant: claims.tenant_id.into(),
                session: claims.sid,
                issued_at: claims.iat,
                permissions: claims.permissions.into(),
            })
        }
        (Purpose::User, _) => Holder::Other,
    };
    Some(Verified {
        environment,
        holder,
        exp,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn holder(purpose: Purpose, claims: Value) -> Option<Holder> {
        let Value::Object(claims) = claims else {
            panic!("claims are an object")
        };
        read("e".into(), purpose, claims).map(|verified| verified.holder)
    }

    #[test]
    fn only_a_user_token_with_all_its_claims_speaks_for_a_user() {
        let whole = json!({"sub": "u", "tenantId": "t", "sid": "s", "type": "userToken", "iat": 1, "exp": 2});
        assert!(matches!(
            holder(Purpose::User, whole.clone()),
            Some(Holder::User(_))
        ));
        for (member, value) in [("type", json!("userApiToken")), ("type", json!(null))] {
            let mut other = whole.clone();
            other[member] = value;
            assert!(matches!(holder(Purpose::User, other), Some(Holder::Other)));
        }
        for member in ["sub", "tenantId", "sid", "iat", "exp"] {
            let mut broken = whole.clone();
            broken.as_object_mut().unwrap().remove(member);
            assert!(holder(Purpose::User, broken).is_none(), "{member}");
        }
    }
}
