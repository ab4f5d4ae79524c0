//! `Setting`: one JSON document per environment that a tenant may override.
//!
//! Two kinds exist on the wire. Documents that always answer use [`effective`] and
//! [`put`]. Policies that are *absent until written* use [`read_absent`], [`create_absent`] and [`change_absent`]:
//! an environment token without a tenant gets 404 until one is written, POST answers 201 or 409, PATCH and PUT change what is
//! there, and a tenant header or a user token reads the value in force.
//!
//! ```text
//! #[derive(Clone, Default, Serialize, Deserialize)]
//! #[serde(rename_all = "camelCase", default)]
//! struct LockoutPolicy { enabled: bool, max_attempts: u32 }
//! impl Setting for LockoutPolicy { const NAME: &'static str = "lockout-policy"; }
//!
//! let policy: LockoutPolicy = settings::effective(tx, &scope).await?;
//! ```

use db::{Query, Row, StoreError, Tx, args, sql};
use kit::{EnvironmentId, Ids, Millis, Scope};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use web::{AnyCaller, App, Created, Json, Problem};

use crate::audit::AuditRecord;

/// A document with a name, a default and rules.
pub trait Setting: Serialize + DeserializeOwned + Default + Clone + Send + Sync + 'static {
    /// The name it is stored under; never changes.
    const NAME: &'static str;

    /// What is wrong with this document, as sentences for the caller. Empty means it may be stored.
    fn faults(&self) -> Vec<String> {
        Vec::new()
    }

    /// Members that must be given when the document is created, each with the sentence for their absence.
    #[must_use]
    fn required() -> &'static [(&'static str, &'static str)] {
        &[]
    }
}

/// A stored document with the members that the API adds to it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Stored<S> {
    /// Empty where the caller's level has no document of its own and another one is in force there.
    pub id: String,
    #[serde(flatten)]
    pub value: S,
    /// The epoch, like `updatedAt`, where nothing was written.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Millis,
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Millis,
}

/// The document in force: the tenant's, else the environment's, else the default.
///
/// # Errors
/// When storage fails, or a stored document cannot be read (that is never silently the default).
pub async fn effective<S: Setting>(tx: &Tx, scope: &Scope) -> Result<S, StoreError> {
    Ok(in_force::<S>(tx, scope)
        .await?
        .map_or_else(S::default, |stored| stored.value))
}

async fn in_force<S: Setting>(tx: &Tx, scope: &Scope) -> Result<Option<Stored<S>>, StoreError> {
    // '' sorts below every tenant id, so the tenant's own row comes first.
    let row = tx
        .opt(
            sql!(
                "SELECT id, body, created_at, updated_at, tenant_id FROM settings
                 WHERE environment_id = $1 AND name = $2 AND tenant_id IN ('', $3)
                 ORDER BY tenant_id DESC LIMIT 1"
            ),
            args![scope.environment_id(), S::NAME, scope.tenant_id()],
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    let mut stored = stored_from(&row)?;
    // A client that reads an id changes what is there, and one that reads none creates it: this level has none yet.
    if row.get::<String>(4)? != scope.tenant_id() {
        stored.id = String::new();
    }
    Ok(Some(stored))
}

/// The document written at exactly this level.
///
/// # Errors
/// When storage fails or the document cannot be read.
pub async fn written<S: Setting>(tx: &Tx, scope: &Scope) -> Result<Option<Stored<S>>, StoreError> {
    let row = tx
        .opt(
            sql!(
                "SELECT id, body, created_at, updated_at FROM settings
                 WHERE environment_id = $1 AND name = $2 AND tenant_id = $3"
            ),
            args![scope.environment_id(), S::NAME, scope.tenant_id()],
        )
        .await?;
    row.as_ref().map(stored_from).transpose()
}

/// How many tenants one statement names.
const CHUNK: usize = 500;

/// The documents that these tenants have written, in no particular order. Tenants without one are passed over.
///
/// # Errors
/// When storage fails or a document cannot be read.
pub async fn written_by<S: Setting>(
    tx: &Tx,
    environment: &EnvironmentId,
    tenants: &[String],
) -> Result<Vec<S>, StoreError> {
    let mut found = Vec::new();
    for chunk in tenants.chunks(CHUNK) {
        let mut query =
            Query::new("SELECT id, body, created_at, updated_at FROM settings WHERE environment_id = ");
        query
            .bind(environment.as_str())
            .push(" AND name = ")
            .bind(S::NAME)
            .push(" AND tenant_id IN ")
            .bind_list(chunk.iter().map(String::as_str));
        for row in &tx.all_built(&query).await? {
            found.push(stored_from::<S>(row)?.value);
        }
    }
    Ok(found)
}

/// The document written at exactly this level, which nobody else changes until this transaction ends.
///
/// # Errors
/// When storage fails or the document cannot be read.
pub async fn hold<S: Setting>(tx: &Tx, scope: &Scope) -> Result<Option<Stored<S>>, StoreError> {
    tx.exec(
        sql!(
            "UPDATE settings SET updated_at = updated_at WHERE environment_id = $1 AND name = $2 AND tenant_id = $3"
        ),
        args![scope.environment_id(), S::NAME, scope.tenant_id()],
    )
    .await?;
    written(tx, scope).await
}

fn stored_from<S: Setting>(row: &Row) -> Result<Stored<S>, StoreError> {
    let body: String = row.get(1)?;
    let value = serde_json::from_str(&body).map_err(StoreError::other)?;
    Ok(Stored {
        id: row.get(0)?,
        value,
        created_at: Millis(row.get(2)?),
        updated_at: Millis(row.get(3)?),
    })
}

/// Writes the document of this level, replacing an older one.
///
/// # Errors
/// When storage fails.
pub async fn put<S: Setting>(
    tx: &Tx,
    ids: &Ids,
    scope: &Scope,
    now: Millis,
    value: &S,
) -> Result<(), StoreError> {
    let body = serde_json::to_string(value).map_err(StoreError::other)?;
    tx.exec(
        sql!(
            "INSERT INTO settings (environment_id, tenant_id, name, id, body, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $6)
             ON CONFLICT (environment_id, name, tenant_id)
             DO UPDATE SET body = excluded.body, updated_at = excluded.updated_at"
        ),
        args![
            scope.environment_id(),
            scope.tenant_id(),
            S::NAME,
            ids.v4(),
            body,
            now.0
        ],
    )
    .await?;
    Ok(())
}

/// Writes the document of this level unless there is one; says whether it did.
///
/// # Errors
/// When storage fails.
pub async fn create<S: Setting>(
    tx: &Tx,
    ids: &Ids,
    scope: &Scope,
    now: Millis,
    value: &S,
) -> Result<bool, StoreError> {
    let body = serde_json::to_string(value).map_err(StoreError::other)?;
    let rows = tx
        .exec(
            sql!(
                "INSERT INTO settings (environment_id, tenant_id, name, id, body, created_at, updated_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $6)
                 ON CONFLICT (environment_id, name, tenant_id) DO NOTHING"
            ),
            args![
                scope.environment_id(),
                scope.tenant_id(),
                S::NAME,
                ids.v4(),
                body,
                now.0
            ],
        )
        .await?;
    Ok(rows == 1)
}

/// Removes the documents of a tenant, when the tenant goes.
///
/// # Errors
/// When storage fails.
pub async fn forget_tenant(tx: &Tx, scope: &Scope) -> Result<(), StoreError> {
    tx.exec(
        sql!("DELETE FROM settings WHERE environment_id = $1 AND tenant_id = $2 AND tenant_id <> ''"),
        args![scope.environment_id(), scope.tenant_id()],
    )
    .await?;
    Ok(())
}

/// The members of `changes` laid over `stored`, checked.
///
/// # Errors
/// 400 when a member has the wrong type or the result breaks a rule.
pub fn merged<S: Setting>(stored: &S, changes: Map<String, Value>) -> Result<S, Problem> {
    let mut whole = match serde_json::to_value(stored) {
        Ok(Value::Object(map)) => map,
        Ok(_) => Map::new(),
        Err(error) => return Err(Problem::internal(&error)),
    };
    whole.extend(changes);
    let text = serde_json::to_vec(&whole).map_err(|error| Problem::internal(&error))?;
    let value: S = web::decode(&text)?;
    match value.faults() {
        faults if faults.is_empty() => Ok(value),
        faults => Err(Problem::faults(faults)),
    }
}

/// Lays the members that are given over the document of this level, made where there is none, and records it. `settle` has
/// the last word, knowing what was there before.
///
/// # Errors
/// 400 for a document that breaks a rule; when storage fails.
pub async fn lay_over<S: Setting + PartialEq>(
    tx: &Tx,
    ids: &Ids,
    scope: &Scope,
    (changes, by): (&Map<String, Value>, &AuditRecord),
    settle: impl Fn(&S, S) -> S,
    now: Millis,
) -> Result<S, Problem> {
    // So that there is a row to hold, and two changes at once do not lose one another's part.
    let first = create(tx, ids, scope, now, &S::default()).await?;
    let old = hold::<S>(tx, scope).await?;
    let old = old.map(|stored| stored.value).unwrap_or_default();
    let new = settle(&old, merged(&old, changes.clone())?);
    if new == old && !first {
        return Ok(new);
    }
    put(tx, ids, scope, now, &new).await?;
    by.clone()
        .changed((!first).then_some(&old), Some(&new))
        .write(tx, ids, scope, now)
        .await?;
    Ok(new)
}

/// GET of a policy that is absent until written.
///
/// # Errors
/// 404 for an environment token without a tenant when nothing was written.
pub async fn read_absent<S: Setting>(app: &App, caller: &AnyCaller) -> Result<Json<Stored<S>>, Problem> {
    let scope = caller.scope();
    let bare = caller.user().is_none() && scope.tenant.is_none();
    let found = app
        .db()
        .read(async move |tx| in_force::<S>(tx, &scope).await)
        .await?;
    match found {
        Some(stored) => Ok(Json(stored)),
        None if bare => Err(Problem::not_found(format!("{} is not configured", S::NAME))),
        None => Ok(Json(unwritten())),
    }
}

/// GET of what holds in the environment where no tenant has its own: written or not.
///
/// # Errors
/// When storage fails.
pub async fn read_environment<S: Setting>(
    app: &App,
    environment: &EnvironmentId,
) -> Result<Json<Stored<S>>, Problem> {
    let scope = Scope::environment(environment.clone());
    let found = app.db().read(async move |tx| written(tx, &scope).await).await?;
    Ok(Json(found.unwrap_or_else(unwritten)))
}

/// The default, which was always there: clients that compare what they read must see the same each time.
fn unwritten<S: Setting>() -> Stored<S> {
    Stored {
        id: String::new(),
        value: S::default(),
        created_at: Millis(0),
        updated_at: Millis(0),
    }
}

/// POST of a policy that is absent until written: 201, or 409 when this level has one.
///
/// # Errors
/// 400 for a document that breaks a rule, 409 when one is there.
pub async fn create_absent<S: Setting>(
    app: &App,
    caller: &AnyCaller,
    body: Map<String, Value>,
) -> Result<Created<Stored<S>>, Problem> {
    let absent = S::required()
        .iter()
        .filter(|(member, _)| body.get(*member).is_none_or(Value::is_null));
    let absent: Vec<String> = absent.map(|(_, sentence)| (*sentence).to_owned()).collect();
    if !absent.is_empty() {
        return Err(Problem::faults(absent));
    }
    let value = merged(&S::default(), body)?;
    let by = AuditRecord::new("Policy created", "policy", S::NAME)
        .by(caller)
        .changed(None::<&S>, Some(&value));
    let (scope, ids, now) = (caller.scope(), app.ids().clone(), app.now());
    let stored = app
        .db()
        .write(async move |tx| {
            if !create(tx, &ids, &scope, now, &value).await? {
                return Ok(None);
            }
            by.write(tx, &ids, &scope, now).await?;
            written::<S>(tx, &scope).await
        })
        .await?;
    stored
        .map(Created)
        .ok_or_else(|| Problem::conflict(format!("{} already exists", S::NAME)))
}

/// PATCH or PUT of a policy that is absent until written: the members of the body replace those stored.
///
/// # Errors
/// 400 for a document that breaks a rule, 404 when this level has none.
pub async fn change_absent<S: Setting>(
    app: &App,
    caller: &AnyCaller,
    body: Map<String, Value>,
) -> Result<Json<Stored<S>>, Problem> {
    let by = AuditRecord::new("Policy changed", "policy", S::NAME).by(caller);
    let (scope, ids, now) = (caller.scope(), app.ids().clone(), app.now());
    let stored = app
        .db()
        .write(async move |tx| {
            let Some(old) = hold::<S>(tx, &scope).await? else {
                return Err(Problem::not_found(format!("{} is not configured", S::NAME)));
            };
            let value = merged(&old.value, body.clone())?;
            put(tx, &ids, &scope, now, &value).await?;
            by.clone()
                .changed(Some(&old.value), Some(&value))
                .write(tx, &ids, &scope, now)
                .await?;
            Ok(Stored {
                value,
                updated_at: now,
                ..old
            })
        })
        .await?;
    Ok(Json(stored))
}
