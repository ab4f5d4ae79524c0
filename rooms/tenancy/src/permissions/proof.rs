//! Permissions and categories on a fresh database.

use blocks::audit::AuditRecord;
use kit::Scope;
use serde_json::{Value, json};

use super::categories;
use super::domain::{self, Change, PermissionError};
use super::model::{AssignmentType, Category, NewPermission, Permission};
use crate::proof::{Bench, NOW, run};

fn change(bench: &Bench) -> Change {
    Change {
        environment: bench.environment.clone(),
        ids: bench.ids.clone(),
        now: NOW,
        by: AuditRecord::new("", "", ""),
    }
}

async fn create(bench: &Bench, batch: Value) -> Result<Vec<Permission>, PermissionError> {
    let by = change(bench);
    let batch: Vec<NewPermission> = serde_json::from_value(batch).unwrap();
    bench
        .db
        .write(async move |tx| domain::create(tx, &by, &batch).await)
        .await
}

async fn category(bench: &Bench, body: Value) -> Result<Category, PermissionError> {
    let by = change(bench);
    let new = serde_json::from_value(body).unwrap();
    bench
        .db
        .write(async move |tx| categories::create(tx, &by, &new).await)
        .await
}

#[test]
fn keys_and_names_are_taken_once_in_the_words_clients_look_for() {
    run(async {
        let bench = Bench::new().await;
        let taken = category(&bench, json!({"name": "General"})).await.unwrap_err();
        assert!(taken.to_string().contains("already exist"));
        let own = category(&bench, json!({"name": "Own", "id": ""})).await.unwrap();
        let made = create(
            &bench,
            json!([
                {"key": "b", "name": "B", "categoryId": own.id, "assignmentType": "NEVER"},
                {"key": "a", "name": "A"}
            ]),
        )
        .await
        .unwrap();
        assert_eq!((made[0].key.as_str(), made[1].key.as_str()), ("b", "a"));
        let taken = create(
            &bench,
            json!([{"key": "c", "name": "C"}, {"key": "a", "name": "A"}]),
        )
        .await
        .unwrap_err();
        assert!(taken.to_string().contains("already exist"));
        for (as_user, count) in [(false, 105), (true, 104)] {
            let scope = Scope::environment(bench.environment.clone());
            let all = bench
                .db
                .read(async move |tx| domain::list(tx, &scope, as_user).await)
                .await
                .unwrap();
            assert_eq!(all.len(), count);
        }
        let (by, id) = (change(&bench), own.id.clone());
        let used = bench
            .db
            .write(async move |tx| categories::delete(tx, &by, &id).await)
            .await;
        assert!(matches!(used, Err(PermissionError::InUse)));
        let (by, id) = (change(&bench), made[0].id.clone());
        bench
            .db
            .write(async move |tx| domain::delete(tx, &by, &id).await)
            .await
            .unwrap();
        let (by, id) = (change(&bench), own.id.clone());
        bench
            .db
            .write(async move |tx| categories::delete(tx, &by, &id).await)
            .await
            .unwrap();
    });
}

#[test]
fn what_is_built_in_stays_but_may_be_given_and_classified() {
    run(async {
        let bench = Bench::new().await;
        let scope = Scope::environment(bench.environment.clone());
        let all = bench
            .db
            .read(async move |tx| domain::list(tx, &scope, false).await)
            .await
            .unwrap();
        let built_in = all
            .iter()
            .find(|permission| permission.key == "fe.secure.read.users")
            .cloned()
            .unwrap();
        let (by, id) = (change(&bench), built_in.id.clone());
        let refused = bench
            .db
            .write(async move |tx| domain::delete(tx, &by, &id).await)
            .await;
        assert!(matches!(refused, Err(PermissionError::BuiltIn)));
        let admin = all
            .iter()
            .find(|permission| permission.key == "fe.secure.*")
            .unwrap()
            .role_ids
            .clone();
        let (by, id) = (change(&bench), built_in.id.clone());
        let given = bench
            .db
            .write(async move |tx| domain::give_to_roles(tx, &by, &id, &admin).await)
            .await
            .unwrap();
        assert_eq!(given.role_ids.len(), built_in.role_ids.len() + 1);
        let (by, id) = (change(&bench), built_in.id.clone());
        let none = vec!["no".to_owned()];
        let refused = bench
            .db
            .write(async move |tx| domain::give_to_roles(tx, &by, &id, &none).await)
            .await;
        assert!(matches!(refused, Err(PermissionError::NoRoles(_))));
        let by = change(&bench);
        let body = serde_json::from_value(json!({"permissionIds": [built_in.id], "type": "ALWAYS"})).unwrap();
        let classified = bench
            .db
            .write(async move |tx| domain::classify(tx, &by, &body).await)
            .await
            .unwrap();
        assert_eq!(classified.assignment_type, AssignmentType::Always);
    });
}
