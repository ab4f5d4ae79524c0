//! Roles of members, levels, and what happens when tenants and roles go.

use std::sync::Arc;

use db::StoreError;
use kit::{HandClock, Ids, RandomIds, UserId};
use serde_json::json;
use tenancy::{RoleHolders, TenantPurge};

use super::bench::Asked;
use super::{Bench, NOW, run};
use crate::PeopleTenancy;
use crate::members::proof::{give, set_disabled, take};
use crate::room::Change;
use crate::users::UserError;

pub(super) fn people() -> PeopleTenancy {
    PeopleTenancy::new(
        Arc::new(Asked::default()),
        Ids::new(RandomIds::new()),
        Arc::new(HandClock::at(NOW)),
    )
}

fn given(bench: &Bench, change: Change, user: &str, role: &str) -> Result<Vec<String>, UserError> {
    let (user, roles) = (user.to_owned(), vec![role.to_owned()]);
    let keys = run(bench
        .db
        .write(async move |tx| give(tx, &change, &user, &roles).await));
    keys.map(|roles| roles.keys())
}

#[test]
fn roles_add_up_and_are_taken_one_by_one() {
    let bench = Bench::new();
    let ada = bench.user("ada@acme.test").id;
    let (writer, own) = ("writer".to_owned(), "own");
    given(&bench, bench.change(Some("acme")), &ada, &writer).unwrap();
    given(&bench, bench.change(Some("acme")), &ada, &writer).unwrap();
    let mut keys = given(&bench, bench.change(Some("acme")), &ada, own).unwrap();
    keys.sort_unstable();
    assert_eq!(keys, ["own", "writer"]);
    for unknown in ["foreign", "no-such-role"] {
        let refused = given(&bench, bench.change(Some("acme")), &ada, unknown);
        assert!(matches!(refused, Err(UserError::UnknownRoles(_))));
    }
    let refused = given(&bench, bench.change(Some("other")), &ada, &writer);
    assert!(matches!(refused, Err(UserError::NotFound)));
    let change = bench.change(Some("acme"));
    let left = run(bench
        .db
        .write(async move |tx| take(tx, &change, &ada, std::slice::from_ref(&writer)).await))
    .unwrap();
    assert_eq!(left.keys(), ["own"]);
}

#[test]
fn a_user_gives_only_roles_that_are_not_stronger() {
    let bench = Bench::new();
    let (boss, clerk) = (bench.user("boss@acme.test").id, bench.user("clerk@acme.test").id);
    let (strong, weak) = ("strong", "weak");
    given(&bench, bench.change(Some("acme")), &boss, strong).unwrap();
    given(&bench, bench.change(Some("acme")), &clerk, weak).unwrap();
    let new = bench.user("new@acme.test").id;
    given(&bench, bench.change_by(&clerk, "acme"), &new, weak).unwrap();
    for (giver, taker, role) in [
        (&clerk, &new, strong),
        (&clerk, &boss, weak),
        (&new, &new, strong),
    ] {
        let refused = given(&bench, bench.change_by(giver, "acme"), taker, role);
        assert!(matches!(refused, Err(UserError::TooStrong)));
    }
    given(&bench, bench.change_by(&boss, "acme"), &new, strong).unwrap();
    let invite = json!({"email": "x@acme.test", "roleIds": [strong]});
    assert!(matches!(
        bench.create(bench.change_by(&clerk, "acme"), invite),
        Err(UserError::TooStrong)
    ));
    let nobody = bench.user("nobody@acme.test").id;
    let invite = json!({"email": "x@acme.test", "roleIds": [weak]});
    assert!(matches!(
        bench.create(bench.change_by(&nobody, "acme"), invite),
        Err(UserError::TooStrong)
    ));
}

#[test]
fn a_disabled_member_is_kept_out_of_one_tenant() {
    let bench = Bench::new();
    let ada = bench.user("ada@acme.test").id;
    let (change, credentials, id) = (bench.change(Some("acme")), bench.credentials(), ada.clone());
    run(bench
        .db
        .write(async move |tx| set_disabled(tx, &change, &credentials, &id, true).await))
    .unwrap();
    assert_eq!(bench.asked.taken(), [format!("end {ada} acme")]);
    let scope = bench.tenant("acme");
    let member = run(bench.db.read::<_, StoreError, _>(async move |tx| {
        crate::membership(tx, &scope, &UserId::from(ada.as_str())).await
    }))
    .unwrap()
    .unwrap();
    assert!(member.is_disabled && member.valid_after == NOW && !member.is_usable(NOW));
}

#[test]
fn a_tenant_that_goes_takes_those_along_who_have_no_other() {
    let bench = Bench::new();
    for number in 0..7 {
        bench.user(&format!("u{number}@acme.test"));
    }
    bench
        .create(
            bench.change(None),
            json!({"email": "u3@acme.test", "tenantId": "other"}),
        )
        .unwrap();
    let (scope, environment) = (bench.tenant("acme"), bench.environment.clone());
    run(bench.db.write::<_, StoreError, _>(async move |tx| {
        let people = people();
        people.shut(tx, &scope, NOW).await?;
        assert!(!people.purge(tx, &scope, 5, NOW).await?);
        assert!(people.purge(tx, &scope, 5, NOW).await?);
        assert!(
            crate::user_by_email(tx, &environment, "u1@acme.test")
                .await?
                .is_none()
        );
        let kept = crate::user_by_email(tx, &environment, "u3@acme.test")
            .await?
            .unwrap();
        assert_eq!(kept.active_tenant, "other");
        Ok(())
    }))
    .unwrap();
    bench.check_counters();
}

#[test]
fn a_role_is_given_to_everybody_in_pieces_and_taken_from_all() {
    let bench = Bench::new();
    for number in 0..5 {
        bench.user(&format!("u{number}@acme.test"));
    }
    bench
        .create(
            bench.change(None),
            json!({"email": "u3@acme.test", "tenantId": "other"}),
        )
        .unwrap();
    let (role, environment, scope) = ("weak".to_owned(), bench.environment.clone(), bench.tenant("acme"));
    run(bench.db.write::<_, StoreError, _>(async move |tx| {
        let (people, mut cursor, mut pieces) = (people(), String::new(), 0);
        while let Some(next) = people
            .give_role(tx, &environment, None, &role, &cursor, 2, NOW)
            .await?
        {
            (cursor, pieces) = (next, pieces + 1);
        }
        assert_eq!(pieces, 3);
        let user = crate::user_by_email(tx, &environment, "u3@acme.test")
            .await?
            .unwrap();
        let held = crate::memberships(tx, &environment, &user.id).await?;
        assert!(held.iter().all(|one| one.role_ids == [role.clone()]) && held.len() == 2);
        assert_eq!(
            crate::authorization(tx, &scope, &user.id, kit::Millis(0))
                .await?
                .roles
                .len(),
            1
        );
        people.role_deleted(tx, &environment, &role).await?;
        assert!(
            crate::memberships(tx, &environment, &user.id)
                .await?
                .iter()
                .all(|one| one.role_ids.is_empty())
        );
        Ok(())
    }))
    .unwrap();
}

#[test]
fn a_login_confirms_the_membership_and_moves_the_user_there() {
    let bench = Bench::new();
    let ada = UserId::from(bench.user("ada@acme.test").id);
    bench
        .create(
            bench.change(None),
            json!({"email": "ada@acme.test", "tenantId": "other"}),
        )
        .unwrap();
    let (scope, environment) = (bench.tenant("other"), bench.environment.clone());
    run(bench.db.write::<_, StoreError, _>(async move |tx| {
        let application = tenancy::default_application(tx, &environment).await?.unwrap();
        crate::record_login(tx, &scope, &ada, &application, NOW).await?;
        let user = crate::user_by_id(tx, &environment, ada.as_str()).await?.unwrap();
        assert_eq!(
            (user.active_tenant.as_str(), user.last_login),
            ("other", Some(NOW))
        );
        let statuses: Vec<_> = crate::memberships(tx, &environment, &ada)
            .await?
            .iter()
            .map(|one| one.status.as_str())
            .collect();
        assert_eq!(statuses, ["PendingLogin", "Activated"]);
        Ok(())
    }))
    .unwrap();
    bench.check_counters();
}
