//! Groups that a directory keeps, and groups with very many members.

use std::sync::Arc;

use db::StoreError;
use serde_json::json;
use tenancy::TenantPurge;

use super::members::people;
use super::{Bench, NOW, run, store};
use crate::GroupRemoval;
use crate::groups::proof::{
    GroupBody, GroupError, Relations, add_roles, add_users, create, delete, read, remove_users, update,
};

/// A group of the tenant acme, kept by us.
fn group(bench: &Bench, name: &str) -> String {
    let (change, id) = (bench.change(Some("acme")), bench.ids.v4());
    let wanted = body(json!({"name": name})).checked_new().unwrap();
    run(bench
        .db
        .write(async move |tx| create(tx, &change, &id, &wanted).await))
    .unwrap()
    .brief
    .id
}

fn body(value: serde_json::Value) -> GroupBody {
    serde_json::from_value(value).unwrap()
}

#[test]
fn name_and_members_of_a_group_from_a_directory_are_changed_there_only() {
    let bench = Bench::new();
    let boss = bench.user("boss@acme.test").id;
    let ada = bench.user("ada@acme.test").id;
    let id = group(&bench, "Engineers");
    let foreign = id.clone();
    run(bench
        .db
        .write::<_, StoreError, _>(async move |tx| store::hand_to_directory(tx, &foreign).await))
    .unwrap();
    let environment = bench.change(Some("acme"));
    let role = ["strong".to_owned()];
    let own = boss.clone();
    run(bench.db.write::<_, GroupError, _>(async move |tx| {
        let users = [ada.clone()];
        for outcome in [
            add_users(tx, &environment, &id, &users).await,
            remove_users(tx, &environment, &id, &users).await,
        ] {
            assert!(matches!(outcome, Err(GroupError::Foreign)));
        }
        let renamed = body(json!({"name": "Others"})).checked().unwrap();
        assert!(matches!(
            update(tx, &environment, &id, &renamed).await,
            Err(GroupError::Foreign)
        ));
        let described = body(json!({"name": "Engineers", "color": "red"}))
            .checked()
            .unwrap();
        let changed = update(tx, &environment, &id, &described).await?;
        assert_eq!(
            (changed.brief.color.as_str(), changed.brief.managed_by.as_str()),
            ("red", "scim2")
        );
        add_roles(tx, &environment, &id, &role).await?;
        crate::records::give_roles(
            tx,
            &environment.scope.environment,
            "acme",
            &own.as_str().into(),
            &role,
        )
        .await?;
        Ok(())
    }))
    .unwrap();
    let (by_user, by_environment) = (bench.change_by(&boss, "acme"), bench.change(Some("acme")));
    let id = run(bench
        .db
        .read::<_, StoreError, _>(async move |tx| store::only_group(tx).await))
    .unwrap();
    run(bench.db.write::<_, GroupError, _>(async move |tx| {
        assert!(matches!(
            delete(tx, &by_user, &id).await,
            Err(GroupError::ForeignDeletion)
        ));
        delete(tx, &by_environment, &id).await
    }))
    .unwrap();
}

#[test]
fn a_group_with_very_many_members_is_shown_in_part_and_goes_in_pieces() {
    let bench = Bench::new();
    let ada = bench.user("ada@acme.test").id;
    let id = group(&bench, "Everybody");
    let (change, all, first) = (bench.change(Some("acme")), id.clone(), ada.clone());
    run(bench.db.write::<_, GroupError, _>(async move |tx| {
        add_users(tx, &change, &all, std::slice::from_ref(&first)).await?;
        add_roles(tx, &change, &all, &["weak".to_owned()]).await?;
        Ok(store::crowd(tx, &all, 12_000).await?)
    }))
    .unwrap();
    let (scope, one) = (bench.tenant("acme"), id.clone());
    let shown = run(bench
        .db
        .read(async move |tx| read(tx, &scope, &one, Relations::all(false)).await))
    .unwrap();
    assert_eq!(shown.users.len(), 10_000);
    let change = bench.change(Some("acme"));
    run(bench.db.write(async move |tx| delete(tx, &change, &id).await)).unwrap();
    let (scope, user) = (bench.tenant("acme"), ada.as_str().into());
    let held = run(bench
        .db
        .read(async move |tx| crate::authorization(tx, &scope, &user, kit::Millis(0)).await))
    .unwrap();
    assert!(
        held.roles.is_empty(),
        "nothing holds that a deleted group granted"
    );
    let left = || {
        run(bench
            .db
            .read::<_, StoreError, _>(async move |tx| store::group_rows(tx).await))
        .unwrap()
    };
    assert_eq!(left(), 11_001);
    let mut steps = 0;
    while run(blocks::tasks::advance(&bench.db, Arc::new(GroupRemoval), NOW)).unwrap() {
        steps += 1;
    }
    assert_eq!((left(), steps), (0, 12));
}

#[test]
fn a_tenant_that_goes_takes_its_groups_along_in_pieces() {
    let bench = Bench::new();
    for number in 0..5 {
        group(&bench, &format!("Group {number}"));
    }
    let id = group(&bench, "Everybody");
    let (change, scope) = (bench.change(Some("acme")), bench.tenant("acme"));
    run(bench.db.write::<_, GroupError, _>(async move |tx| {
        add_roles(tx, &change, &id, &["weak".to_owned()]).await?;
        store::crowd(tx, &id, 7).await?;
        let people = people();
        people.shut(tx, &scope, NOW).await?;
        let mut steps = 1;
        while !people.purge(tx, &scope, 3, NOW).await? {
            steps += 1;
        }
        // Seven memberships, then six groups.
        assert!((5..=8).contains(&steps), "{steps}");
        assert_eq!(store::group_rows(tx).await?, 0);
        Ok(())
    }))
    .unwrap();
}
