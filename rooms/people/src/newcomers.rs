//! Users who come by themselves.

use blocks::audit::AuditRecord;
use db::{StoreError, Tx};
use kit::{EnvironmentId, Ids, Millis, Scope, UserId};
use serde_json::Value;
use thiserror::Error;

use crate::faults::{Faults, filled};
use crate::records::{self, Membership, MembershipStatus, UserRecord};

/// What somebody says of themselves who signs up, unchecked.
#[derive(Debug, Default)]
pub struct Introduction {
    pub email: Option<String>,
    pub username: Option<String>,
    pub name: Option<String>,
    pub phone_number: Option<String>,
    pub profile_picture_url: Option<String>,
    /// JSON, or JSON text.
    pub metadata: Option<Value>,
}

/// The same, as it may be stored.
#[derive(Clone, Debug)]
pub struct Newcomer {
    pub email: Option<String>,
    pub username: Option<String>,
    pub name: String,
    phone_number: Option<String>,
    profile_picture_url: Option<String>,
    metadata: String,
}

impl Introduction {
    /// What is wrong with it, as sentences; or what may be stored.
    ///
    /// # Errors
    /// The sentences.
    pub fn checked(self) -> Result<Newcomer, Vec<String>> {
        let mut faults = Faults::default();
        let (email, username) = (filled(self.email), filled(self.username));
        if email.is_none() && username.is_none() {
            faults.say("email should not be empty");
        }
        let email = faults.email(email.as_deref());
        faults.username(username.as_deref());
        faults.short("name", self.name.as_deref());
        faults.picture(self.profile_picture_url.as_deref());
        let phone_number = faults.phone(filled(self.phone_number).as_deref());
        let metadata = faults
            .metadata("metadata", self.metadata.as_ref())
            .unwrap_or_else(|| "{}".to_owned());
        faults.check()?;
        let name = filled(self.name).unwrap_or_else(|| {
            let from_email = email.as_deref().map(kit::display_name_from_email);
            from_email.or(username.as_deref()).unwrap_or("").to_owned()
        });
        Ok(Newcomer {
            email,
            username,
            name,
            phone_number,
            profile_picture_url: filled(self.profile_picture_url),
            metadata,
        })
    }
}

/// How a newcomer is let in.
#[derive(Clone, Debug)]
pub struct Enrolment {
    /// The id the user gets.
    pub id: UserId,
    /// `local`, or where else the user comes from.
    pub provider: &'static str,
    pub role_ids: Vec<String>,
    /// Whether the roles hold in the tenants below as well.
    pub reaches: bool,
    pub status: MembershipStatus,
    /// Actor and origin.
    pub by: AuditRecord,
}

/// Why nobody was let in.
#[derive(Debug, Error)]
pub enum EnrolError {
    /// Somebody has the address, or gets it at this very moment.
    #[error("Email already exists")]
    EmailTaken,
    #[error("Username already exists")]
    UsernameTaken,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes a newcomer a user and a member of the scope's tenant, which the caller has made or holds. Nobody has proved the
/// address. [`count_enrolled`] must follow.
///
/// # Errors
/// [`EnrolError`].
pub async fn enrol(
    tx: &Tx,
    ids: &Ids,
    scope: &Scope,
    newcomer: &Newcomer,
    enrolment: &Enrolment,
    now: Millis,
) -> Result<UserRecord, EnrolError> {
    let environment = &scope.environment;
    let user = UserRecord {
        email: newcomer.email.clone(),
        username: newcomer.username.clone(),
        phone_number: newcomer.phone_number.clone(),
        provider: enrolment.provider.to_owned(),
        metadata: newcomer.metadata.clone(),
        profile_picture_url: newcomer.profile_picture_url.clone(),
        ..UserRecord::new(enrolment.id.clone(), &newcomer.name, scope.tenant_id(), now)
    };
    if !records::write_new_user(tx, environment, &user).await? {
        return Err(taken(tx, environment, newcomer).await?);
    }
    let roles = enrolment.role_ids.clone();
    let membership = Membership::new(scope.tenant_id(), roles, enrolment.status, enrolment.reaches, now);
    records::write_new_member(tx, environment, &user, &membership).await?;
    let mut record = enrolment
        .by
        .clone()
        .changed(None::<&Value>, Some(&records::for_audit(&user)));
    "User signed up".clone_into(&mut record.action);
    "user".clone_into(&mut record.resource);
    user.id.as_str().clone_into(&mut record.resource_id);
    records::audit(tx, ids, scope, record, &user, now).await?;
    Ok(user)
}

/// Which of the two is somebody's.
async fn taken(tx: &Tx, environment: &EnvironmentId, newcomer: &Newcomer) -> Result<EnrolError, StoreError> {
    let Some(username) = &newcomer.username else {
        return Ok(EnrolError::EmailTaken);
    };
    let held = records::user_by_username(tx, environment, username).await?;
    Ok(if held.is_some() || newcomer.email.is_none() {
        EnrolError::UsernameTaken
    } else {
        EnrolError::EmailTaken
    })
}

/// Counts a newcomer wherever users and members are counted. Comes last in a transaction, because others who come and go
/// wait from here on.
///
/// # Errors
/// When storage fails.
pub async fn count_enrolled(tx: &Tx, scope: &Scope, user: &UserRecord) -> Result<(), StoreError> {
    records::count_in(tx, &scope.environment, user, scope.tenant_id(), true).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newcomer_without_a_name_is_called_by_the_address() {
        let said = Introduction {
            email: Some(" Ada@Acme.test".to_owned()),
            name: Some("  ".to_owned()),
            ..Introduction::default()
        };
        let newcomer = said.checked().unwrap();
        assert_eq!(
            (newcomer.name.as_str(), newcomer.email.as_deref()),
            ("ada", Some("ada@acme.test"))
        );
    }

    #[test]
    fn every_mistake_is_named() {
        let said = Introduction {
            email: Some("ada".to_owned()),
            username: Some("a b".to_owned()),
            phone_number: Some("1".to_owned()),
            ..Introduction::default()
        };
        assert_eq!(said.checked().unwrap_err().len(), 3);
        assert_eq!(
            Introduction::default().checked().unwrap_err(),
            ["email should not be empty"]
        );
    }
}
