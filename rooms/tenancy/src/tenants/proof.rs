//! Tenants on a fresh database.

use std::sync::{Arc, Mutex};

use blocks::audit::AuditRecord;
use blocks::listing::Order;
use db::StoreError;
use serde_json::json;

use super::domain::{self, Change, TenantError};
use super::finds::Finds;
use super::list::{self, Wanted};
use super::model::{NewTenant, Prefix, Sort, Tenant};
use super::removal::TenantRemoval;
use super::store;
use crate::proof::{Bench, NOW, Rows, run, settle};
use crate::room::TenantPurge;

fn change(bench: &Bench) -> Change {
    Change {
        environment: bench.environment.clone(),
        ids: bench.ids.clone(),
        now: NOW,
        by: AuditRecord::new("", "", ""),
    }
}

fn new(id: &str, name: &str) -> NewTenant {
    NewTenant {
        tenant_id: Some(id.to_owned()),
        name: Some(name.to_owned()),
        ..NewTenant::default()
    }
}

async fn create(bench: &Bench, new: NewTenant) -> Result<Tenant, TenantError> {
    let change = change(bench);
    bench
        .db
        .write(async move |tx| domain::create(tx, &change, &new).await)
        .await
}

async fn delete(bench: &Bench, purges: &Arc<[Arc<dyn TenantPurge>]>, id: &str) -> Result<(), TenantError> {
    let (change, purges, id) = (change(bench), Arc::clone(purges), id.into());
    bench
        .db
        .write(async move |tx| domain::delete(tx, &change, &purges, &id).await)
        .await
}

async fn listed(bench: &Bench, wanted: Wanted) -> (Vec<String>, i64) {
    let environment = bench.environment.clone();
    let (page, total) = bench
        .db
        .read(async move |tx| list::list(tx, &environment, &Finds::default(), &wanted).await)
        .await
        .unwrap();
    (page.into_iter().map(|tenant| tenant.tenant_id).collect(), total)
}

fn wanted(filter: &str, ids: &[&str], sort: (Sort, Order), offset: i64, limit: i64) -> Wanted {
    let ids = ids.iter().map(|id| (*id).to_owned()).collect();
    Wanted {
        prefix: Prefix::of(filter),
        ids,
        sort,
        offset,
        limit,
    }
}

#[test]
fn pages_hold_what_they_should_from_either_end_and_every_filter_counts_each_tenant_once() {
    run(async {
        let bench = Bench::new().await;
        for number in 0..25 {
            create(
                &bench,
                new(&format!("t{number:02}"), &format!("Acme {} acme", 99 - number)),
            )
            .await
            .unwrap();
        }
        let by_name = (Sort::Name, Order::Ascending);
        let down = (Sort::TenantId, Order::Descending);
        let first = listed(&bench, wanted("", &[], by_name, 0, 3)).await;
        assert_eq!(
            first,
            (vec!["t24".to_owned(), "t23".to_owned(), "t22".to_owned()], 25)
        );
        let last = listed(&bench, wanted("", &[], by_name, 24, 3)).await;
        assert_eq!(last, (vec!["t00".to_owned()], 25));
        assert_eq!(
            listed(&bench, wanted("", &[], down, 20, 10)).await.0,
            ["t04", "t03", "t02", "t01", "t00"]
        );
        assert_eq!(
            listed(&bench, wanted("", &[], by_name, 30, 10)).await,
            (Vec::new(), 25)
        );
        let found = listed(
            &bench,
            wanted("ACME", &[], (Sort::CreatedAt, Order::Descending), 20, 9),
        )
        .await;
        assert_eq!((found.0.len(), found.1), (5, 25));
        assert_eq!(
            listed(&bench, wanted("t1", &[], down, 0, 2)).await,
            (vec!["t19".to_owned(), "t18".to_owned()], 10)
        );
        assert_eq!(
            listed(&bench, wanted("90", &[], down, 0, 2)).await,
            (vec!["t09".to_owned()], 1)
        );
        assert_eq!(
            listed(&bench, wanted("", &["t03", "no", "t01"], down, 0, 1)).await,
            (vec!["t03".to_owned()], 2)
        );
        assert_eq!(
            listed(&bench, wanted("acme 96", &["t03", "t01"], down, 0, 9))
                .await
                .0,
            ["t03"]
        );
    });
}

#[test]
fn an_id_is_taken_once_and_free_again_after_deletion() {
    run(async {
        let bench = Bench::new().await;
        let none: Arc<[Arc<dyn TenantPurge>]> = Arc::new([]);
        let alias = || NewTenant {
            alias: Some("Acme".to_owned()),
            ..new("a", "A")
        };
        create(&bench, alias()).await.unwrap();
        assert!(matches!(
            create(&bench, new("a", "B")).await,
            Err(TenantError::Exists)
        ));
        let same = NewTenant {
            alias: Some("acme".to_owned()),
            ..new("b", "B")
        };
        assert!(matches!(create(&bench, same).await, Err(TenantError::AliasTaken)));
        let orphan = NewTenant {
            parent_tenant_id: Some("none".to_owned()),
            ..new("c", "C")
        };
        assert!(matches!(create(&bench, orphan).await, Err(TenantError::NoParent)));
        let wanted = || wanted("", &[], (Sort::Name, Order::Ascending), 0, 9);
        assert_eq!(listed(&bench, wanted()).await, (vec!["a".to_owned()], 1));
        delete(&bench, &none, "a").await.unwrap();
        assert!(matches!(
            delete(&bench, &none, "a").await,
            Err(TenantError::NotFound)
        ));
        assert_eq!(listed(&bench, wanted()).await, (Vec::new(), 0));
        create(&bench, alias()).await.unwrap();
        let environment = bench.environment.clone();
        let found = bench
            .db
            .read(async move |tx| domain::find_by_alias(tx, &environment, "ACME").await)
            .await;
        assert_eq!(found.unwrap().tenant_id, "a");
    });
}

#[test]
fn a_large_tenant_is_gone_at_once_and_cleared_away_in_pieces_while_its_children_move_up() {
    run(async {
        let bench = Bench::new().await;
        let purges: Arc<[Arc<dyn TenantPurge>]> = Arc::new([Arc::new(Rows(Mutex::new(1000)))]);
        create(&bench, new("top", "Top")).await.unwrap();
        let under = |id: &str, parent: &str| NewTenant {
            parent_tenant_id: Some(parent.to_owned()),
            ..new(id, id)
        };
        create(&bench, under("middle", "top")).await.unwrap();
        create(&bench, under("leaf", "middle")).await.unwrap();
        delete(&bench, &purges, "middle").await.unwrap();
        assert!(matches!(
            create(&bench, new("middle", "M")).await,
            Err(TenantError::BeingRemoved)
        ));
        assert_eq!(
            settle(&bench.db, Arc::new(TenantRemoval::new(Arc::clone(&purges)))).await,
            2
        );
        create(&bench, new("middle", "M")).await.unwrap();
        let environment = bench.environment.clone();
        let leaf = bench
            .db
            .read(async move |tx| domain::find(tx, &environment, "leaf").await)
            .await
            .unwrap();
        assert_eq!(leaf.unwrap().parent_tenant_id.as_deref(), Some("top"));
    });
}

#[test]
fn metadata_is_set_and_removed_member_by_member() {
    run(async {
        let bench = Bench::new().await;
        create(
            &bench,
            NewTenant {
                metadata: Some(json!("{\"a\":1}")),
                ..new("a", "A")
            },
        )
        .await
        .unwrap();
        let added = change(&bench);
        let members = json!({"b": {"c": null}}).as_object().cloned().unwrap();
        let tenant = bench
            .db
            .write(async move |tx| domain::add_metadata(tx, &added, "a", &members).await)
            .await
            .unwrap();
        assert_eq!(tenant.metadata, r#"{"a":1,"b":{"c":null}}"#);
        let removed = change(&bench);
        let tenant = bench
            .db
            .write(async move |tx| domain::remove_metadata(tx, &removed, "a", "a").await)
            .await
            .unwrap();
        assert_eq!(tenant.metadata, r#"{"b":{"c":null}}"#);
        let renamed = change(&bench);
        let name = serde_json::from_value(json!({"name": "Zed"})).unwrap();
        bench
            .db
            .write(async move |tx| domain::update(tx, &renamed, "a", &name).await)
            .await
            .unwrap();
        let found = |filter: &str| wanted(filter, &[], (Sort::Name, Order::Ascending), 0, 9);
        assert_eq!(listed(&bench, found("z")).await.1, 1);
        let nothing = change(&bench);
        let empty = serde_json::from_value(json!({"unknown": 1})).unwrap();
        let refused = bench
            .db
            .write(async move |tx| domain::update(tx, &nothing, "a", &empty).await)
            .await;
        assert!(matches!(refused, Err(TenantError::Faults(_))));
    });
}

#[test]
fn a_page_reads_its_own_tenants_alone() {
    run(async {
        let bench = Bench::new().await;
        for sort in [Sort::CreatedAt, Sort::Name, Sort::TenantId] {
            let query = store::page_plan(&bench.environment, sort).unwrap();
            let rows = bench
                .db
                .read::<_, StoreError, _>(async move |tx| tx.all_built(&query).await)
                .await
                .unwrap();
            let plan: Vec<String> = rows.iter().map(|row| row.get(3).unwrap()).collect();
            let last = plan.iter().rfind(|step| step.starts_with("SEARCH t ")).unwrap();
            assert!(last.ends_with("(environment_id=? AND tenant_id=?)"), "{plan:#?}");
            assert!(plan.iter().any(|step| step.starts_with("SCAN p")), "{plan:#?}");
            assert!(!plan.iter().any(|step| step.contains("AUTOMATIC")), "{plan:#?}");
        }
    });
}
