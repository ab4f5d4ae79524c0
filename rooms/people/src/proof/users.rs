//! Creating, changing and removing users.

use std::sync::Arc;
use std::thread;

use db::StoreError;
use kit::{Millis, UserId};
use serde_json::json;

use super::{Bench, NOW, run};
use crate::users::UserError;
use crate::users::proof::{Switch, change_profile, profile, remove, turn};
use crate::views::{Audience, Detail, Lens};

const EVERYTHING: Lens<'static> = Lens {
    tenant: None,
    audience: Audience::Environment,
    detail: Detail::Full,
    below: None,
};

#[test]
fn a_vendor_creates_a_user_and_adds_them_to_a_second_tenant_without_touching_them() {
    let bench = Bench::new();
    let body =
        json!({"email": " Ada@Acme.test", "name": "Ada", "tenantId": "acme", "vendorMetadata": "{\"a\":1}"});
    let ada = bench.create(bench.change(None), body).unwrap();
    assert_eq!(
        (ada.email.as_deref(), ada.verified, ada.activated_for_tenant),
        (Some("ada@acme.test"), true, false)
    );
    assert_eq!(ada.vendor_metadata.as_deref(), Some("{\"a\":1}"));
    let again = json!({"email": "ADA@acme.test", "name": "Someone", "tenantId": "other"});
    let same = bench.create(bench.change(None), again.clone()).unwrap();
    assert_eq!(
        (same.id, same.name.as_str(), same.tenant_ids.len()),
        (ada.id, "Ada", 2)
    );
    assert!(matches!(
        bench.create(bench.change(None), again),
        Err(UserError::AlreadyMember)
    ));
    let nowhere = json!({"email": "x@acme.test", "tenantId": "nowhere"});
    assert!(matches!(
        bench.create(bench.change(None), nowhere),
        Err(UserError::NoTenant)
    ));
    bench.check_counters();
}

#[test]
fn an_invited_user_is_not_activated_and_a_known_one_has_an_invitation_pending() {
    let bench = Bench::new();
    let ada = bench.user("ada@acme.test");
    let invited = bench
        .create(bench.change(Some("other")), json!({"email": "ada@acme.test"}))
        .unwrap();
    assert_eq!(invited.id, ada.id);
    let fresh = json!({"email": "new@acme.test", "expirationInSeconds": 300});
    let new = bench.create(bench.change(Some("other")), fresh).unwrap();
    assert_eq!(new.temporary_expiration_date, Some(Millis(NOW.0 + 300_000)));
    let environment = bench.environment.clone();
    let (ada, new) = (UserId::from(ada.id), UserId::from(new.id));
    run(bench.db.read::<_, StoreError, _>(async move |tx| {
        let statuses: Vec<_> = crate::memberships(tx, &environment, &ada)
            .await?
            .iter()
            .map(|one| one.status.as_str())
            .collect();
        assert_eq!(statuses, ["PendingLogin", "PendingInvitation"]);
        let own = crate::memberships(tx, &environment, &new).await?;
        assert_eq!(own.first().unwrap().status.as_str(), "NotActivated");
        Ok(())
    }))
    .unwrap();
}

#[test]
fn two_creators_of_one_address_make_one_user() {
    let bench = Arc::new(Bench::new());
    let makers: Vec<_> = (0..8)
        .map(|_| {
            let bench = Arc::clone(&bench);
            thread::spawn(move || {
                bench
                    .create(
                        bench.change(None),
                        json!({"email": "ada@acme.test", "tenantId": "acme"}),
                    )
                    .is_ok()
            })
        })
        .collect();
    let won = makers
        .into_iter()
        .filter(|_| true)
        .map(|maker| maker.join().unwrap())
        .filter(|won| *won)
        .count();
    assert_eq!(won, 1);
    bench.check_counters();
}

#[test]
fn usernames_are_unique_in_any_case_and_enough_without_an_address() {
    let bench = Bench::new();
    let first = bench
        .create(bench.change(None), json!({"username": "Ada", "tenantId": "acme"}))
        .unwrap();
    assert_eq!((first.email, first.username.as_deref()), (None, Some("Ada")));
    let taken = json!({"username": "ADA", "email": "other@acme.test", "tenantId": "acme"});
    assert!(matches!(
        bench.create(bench.change(None), taken),
        Err(UserError::UsernameTaken)
    ));
    bench
        .create(bench.change(None), json!({"username": "bob", "tenantId": "acme"}))
        .unwrap();
    bench.check_counters();
}

#[test]
fn changes_to_a_profile_reach_every_list() {
    let bench = Bench::new();
    let ada = bench.user("ada@acme.test");
    bench
        .create(
            bench.change(None),
            json!({"email": "ada@acme.test", "tenantId": "other"}),
        )
        .unwrap();
    let changes =
        profile(json!({"name": "Zoë", "phoneNumber": "+49-170-1234567", "metadata": "{\"k\":[]}"})).unwrap();
    let (change, id) = (bench.change(None), ada.id.clone());
    let new = run(bench
        .db
        .write(async move |tx| change_profile(tx, &change, &id, changes.clone(), EVERYTHING).await))
    .unwrap();
    assert_eq!(
        (new.name.as_str(), new.phone_number.as_deref()),
        ("Zoë", Some("+491701234567"))
    );
    for switch in [
        Switch::Invisible(true),
        Switch::Email("zoe@acme.test".to_owned()),
        Switch::Lock,
        Switch::Unlock,
    ] {
        let (change, credentials, id) = (bench.change(None), bench.credentials(), ada.id.clone());
        run(bench
            .db
            .write(async move |tx| turn(tx, &change, &credentials, &id, switch.clone()).await))
        .unwrap();
        bench.check_counters();
    }
    assert_eq!(bench.asked.taken(), [format!("end {} everywhere", ada.id)]);
}

#[test]
fn an_address_in_use_cannot_be_taken_over() {
    let bench = Bench::new();
    bench.user("ada@acme.test");
    let bob = bench.user("bob@acme.test");
    let (change, credentials) = (bench.change(None), bench.credentials());
    let refused = run(bench.db.write(async move |tx| {
        turn(
            tx,
            &change,
            &credentials,
            &bob.id,
            Switch::Email("ada@acme.test".to_owned()),
        )
        .await
    }));
    assert!(matches!(refused, Err(UserError::EmailTaken)));
    bench.check_counters();
}

#[test]
fn the_last_membership_takes_the_user_along() {
    let bench = Bench::new();
    let ada = bench.user("ada@acme.test");
    bench
        .create(
            bench.change(None),
            json!({"email": "ada@acme.test", "tenantId": "other"}),
        )
        .unwrap();
    let gone = |tenant: Option<&'static str>| {
        let (change, credentials, id) = (bench.change(tenant), bench.credentials(), ada.id.clone());
        run(bench
            .db
            .write(async move |tx| remove(tx, &change, &credentials, &id).await))
    };
    gone(Some("acme")).unwrap();
    assert_eq!(bench.asked.taken(), [format!("end {} acme", ada.id)]);
    bench.check_counters();
    let (environment, id) = (bench.environment.clone(), ada.id.clone());
    let left = run(bench
        .db
        .read::<_, StoreError, _>(async move |tx| crate::user_by_id(tx, &environment, &id).await))
    .unwrap();
    assert_eq!(left.unwrap().active_tenant, "other");
    assert!(matches!(gone(Some("acme")), Err(UserError::NotFound)));
    gone(Some("other")).unwrap();
    assert_eq!(bench.asked.taken(), [format!("forget {}", ada.id)]);
    assert!(matches!(gone(None), Err(UserError::NotFound)));
    bench.check_counters();
}

#[test]
fn the_gate_sees_locks_and_disabled_and_closed_tenants_at_once() {
    let bench = Bench::new();
    let ada = bench.user("ada@acme.test");
    let (change, credentials, id) = (bench.change(None), bench.credentials(), ada.id.clone());
    run(bench
        .db
        .write(async move |tx| turn(tx, &change, &credentials, &id, Switch::Lock).await))
    .unwrap();
    let (scope, id) = (bench.tenant("acme"), ada.id);
    run(bench.db.write::<_, StoreError, _>(async move |tx| {
        let seen = crate::gate_view(tx, &scope.environment, &id, "acme", Millis(0))
            .await?
            .unwrap();
        assert!(seen.is_locked && seen.user_valid_after == NOW);
        assert_eq!(
            crate::gate_view(tx, &scope.environment, &id, "other", Millis(0)).await?,
            None
        );
        let people = crate::proof::members::people();
        tenancy::TenantPurge::shut(&people, tx, &scope, NOW).await?;
        assert_eq!(
            crate::gate_view(tx, &scope.environment, &id, "acme", Millis(0)).await?,
            None
        );
        assert!(
            crate::memberships(tx, &scope.environment, &UserId::from(id.as_str()))
                .await?
                .is_empty()
        );
        Ok(())
    }))
    .unwrap();
}
