//! Roles and permissions on a fresh database.

use std::sync::Arc;

use blocks::audit::AuditRecord;
use kit::Scope;
use serde_json::{Value, json};

use super::domain::{self, Change, RoleError, Unassignable};
use super::migration::RoleMigration;
use super::model::Role;
use crate::permissions;
use crate::proof::{Bench, Holders, NOW, run, settle};
use crate::room::RoleHolders;
use crate::tenants::{NewTenant, create_tenant};

fn change(bench: &Bench, scope: Scope) -> Change {
    Change {
        scope,
        ids: bench.ids.clone(),
        now: NOW,
        by: AuditRecord::new("", "", ""),
        bounded_by: None,
        holders: Arc::new(Holders::default()),
    }
}

async fn create(bench: &Bench, scope: Scope, batch: Value) -> Result<Vec<Role>, RoleError> {
    let change = change(bench, scope);
    let batch: Vec<super::model::NewRole> = serde_json::from_value(batch).unwrap();
    bench
        .db
        .write(async move |tx| domain::create(tx, &change, &batch).await)
        .await
}

async fn keys(bench: &Bench, scope: Scope) -> Vec<String> {
    let roles = bench
        .db
        .read(async move |tx| domain::list(tx, &scope).await)
        .await
        .unwrap();
    roles.into_iter().map(|role| role.key).collect()
}

#[test]
fn a_new_environment_has_two_roles_and_all_permissions_once() {
    run(async {
        let bench = Bench::new().await;
        let scope = Scope::environment(bench.environment.clone());
        let roles = bench
            .db
            .read(async move |tx| domain::list(tx, &scope).await)
            .await
            .unwrap();
        let held: Vec<(&str, usize)> = roles
            .iter()
            .map(|role| (role.key.as_str(), role.permissions.len()))
            .collect();
        assert_eq!(held, [("Admin", 11), ("ReadOnly", 28)]);
        let environment = bench.environment.clone();
        let admin: Vec<String> = roles
            .iter()
            .filter(|role| role.first_user_role)
            .map(|role| role.id.clone())
            .collect();
        let granted = bench
            .db
            .read(async move |tx| permissions::permissions_of_roles(tx, &environment, &admin).await)
            .await
            .unwrap();
        assert!(granted.iter().any(|permission| permission.key == "fe.secure.*"));
    });
}

#[test]
fn a_batch_is_stored_whole_or_not_at_all_and_tenants_have_roles_of_their_own() {
    run(async {
        let bench = Bench::new().await;
        let (environment, a, b) = (
            Scope::environment(bench.environment.clone()),
            bench.tenant("a"),
            bench.tenant("b"),
        );
        for tenant in ["a", "b"] {
            let (environment, ids) = (bench.environment.clone(), bench.ids.clone());
            let new = NewTenant {
                tenant_id: Some(tenant.to_owned()),
                ..NewTenant::default()
            };
            bench
                .db
                .write(async move |tx| create_tenant(tx, &ids, &environment, &new, NOW).await)
                .await
                .unwrap();
        }
        let batch =
            json!([{"key": "new", "name": "New", "level": 3}, {"key": "Admin", "name": "Again", "level": 0}]);
        assert!(matches!(
            create(&bench, environment.clone(), batch).await,
            Err(RoleError::KeyTaken)
        ));
        assert_eq!(keys(&bench, environment.clone()).await, ["Admin", "ReadOnly"]);
        let own = create(
            &bench,
            a.clone(),
            json!([{"key": "own", "name": "Own", "isDefault": true}]),
        )
        .await
        .unwrap();
        assert_eq!(keys(&bench, a.clone()).await, ["Admin", "ReadOnly", "own"]);
        assert_eq!(keys(&bench, b.clone()).await, ["Admin", "ReadOnly"]);
        let id = own[0].id.clone();
        for (scope, allowed) in [(a.clone(), true), (b.clone(), false), (environment, false)] {
            let ids = vec![id.clone()];
            let found = bench
                .db
                .read(async move |tx| domain::assignable_roles(tx, &scope, &ids).await)
                .await;
            match found {
                Ok(roles) => assert!(allowed && roles.len() == 1),
                Err(Unassignable::Unknown(ids)) => assert!(!allowed && ids == [id.clone()]),
                Err(Unassignable::Store(error)) => panic!("{error}"),
            }
        }
        for (scope, count) in [(a, 1), (b, 0)] {
            let given = bench
                .db
                .read(async move |tx| domain::default_roles(tx, &scope).await)
                .await
                .unwrap();
            assert_eq!(given.len(), count);
        }
    });
}

#[test]
fn permissions_of_a_role_are_replaced_and_follow_it_to_a_tenant() {
    run(async {
        let bench = Bench::new().await;
        let scope = Scope::environment(bench.environment.clone());
        let made = create(
            &bench,
            scope.clone(),
            json!([{"key": "k", "name": "K", "permissions": null}]),
        )
        .await
        .unwrap();
        let role = made[0].id.clone();
        let visible = scope.clone();
        let all = bench
            .db
            .read(async move |tx| permissions::visible(tx, &visible, false).await)
            .await
            .unwrap();
        let wanted = vec![all[1].id.clone(), all[0].id.clone(), all[0].id.clone()];
        let (by, id) = (change(&bench, scope.clone()), role.clone());
        let set = bench
            .db
            .write(async move |tx| domain::set_permissions(tx, &by, &id, &wanted).await)
            .await
            .unwrap();
        assert_eq!(set.permissions.len(), 2);
        let (by, id) = (change(&bench, scope.clone()), role.clone());
        let refused = bench
            .db
            .write(async move |tx| domain::set_permissions(tx, &by, &id, &["no".to_owned()]).await)
            .await;
        assert!(matches!(refused, Err(RoleError::NoPermissions(ids)) if ids == ["no"]));
        let (ids, environment) = (bench.ids.clone(), bench.environment.clone());
        bench
            .db
            .write(async move |tx| {
                let new = NewTenant {
                    tenant_id: Some("a".to_owned()),
                    ..NewTenant::default()
                };
                create_tenant(tx, &ids, &environment, &new, NOW).await
            })
            .await
            .unwrap();
        let (by, id) = (change(&bench, scope.clone()), role.clone());
        bench
            .db
            .write(async move |tx| domain::set_tenant(tx, &by, &id, Some("a")).await)
            .await
            .unwrap();
        for (scope, count) in [(bench.tenant("a"), 1), (bench.tenant("b"), 0)] {
            let (ids, seen) = (vec![role.clone()], scope.clone());
            let held = bench
                .db
                .read(async move |tx| domain::roles_held(tx, &seen, &ids).await)
                .await
                .unwrap();
            assert_eq!(held.len(), count);
            let all = bench
                .db
                .read(async move |tx| permissions::visible(tx, &scope, false).await)
                .await
                .unwrap();
            assert_eq!(
                all.iter()
                    .filter(|permission| permission.role_ids.contains(&role))
                    .count(),
                2 * count
            );
        }
    });
}

#[test]
fn a_default_role_reaches_everybody_in_steps_and_leaves_with_its_deletion() {
    run(async {
        let bench = Bench::new().await;
        let scope = Scope::environment(bench.environment.clone());
        let batch = json!([{"key": "k", "name": "K", "isDefault": true, "migrateRole": true}]);
        let role = create(&bench, scope.clone(), batch).await.unwrap()[0].id.clone();
        let holders = Arc::new(Holders::default());
        assert_eq!(
            settle(
                &bench.db,
                Arc::new(RoleMigration::new(Arc::clone(&holders) as Arc<dyn RoleHolders>))
            )
            .await,
            3
        );
        let by = Change {
            holders: Arc::clone(&holders) as Arc<dyn RoleHolders>,
            ..change(&bench, scope.clone())
        };
        let id = role.clone();
        bench
            .db
            .write(async move |tx| domain::delete(tx, &by, &id).await)
            .await
            .unwrap();
        let said = holders.0.lock().unwrap().clone();
        assert_eq!(said[0], format!("{role} None after \"\""));
        assert_eq!(said[3], format!("deleted {role}"));
        let (by, id) = (change(&bench, scope.clone()), role.clone());
        let changes = serde_json::from_value(json!({"name": "N"})).unwrap();
        let gone = bench
            .db
            .write(async move |tx| domain::update(tx, &by, &id, &changes).await)
            .await;
        assert!(matches!(gone, Err(RoleError::NotFound)));
        let other = create(&bench, scope.clone(), json!([{"key": "o", "name": "O"}]))
            .await
            .unwrap()[0]
            .id
            .clone();
        let by = change(&bench, scope);
        let taken = serde_json::from_value(json!({"key": "Admin"})).unwrap();
        let refused = bench
            .db
            .write(async move |tx| domain::update(tx, &by, &other, &taken).await)
            .await;
        assert!(matches!(refused, Err(RoleError::KeyTaken)));
    });
}
