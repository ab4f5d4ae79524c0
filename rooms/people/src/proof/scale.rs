//! Lists while buckets split and a tenant becomes large.

use blocks::listing::Order;
use db::StoreError;
use serde_json::json;

use super::{Bench, run};
use crate::lists::proof::{Field, Search, Sort, find};
use crate::ranks::{self, Ground};
use crate::search::Phrase;
use crate::users::proof::{NewUser, Switch, create, remove, turn};

pub(super) const USERS: usize = 4_500;

fn address(number: usize) -> String {
    format!("u{number:05}@acme.test")
}

/// Users of acme in no order, with ten names.
pub(super) fn filled() -> Bench {
    let bench = Bench::new();
    let orders: Vec<NewUser> = (0..USERS)
        .map(|number| {
            let number = number * 7_919 % USERS;
            let body =
                json!({"email": address(number), "tenantId": "acme", "name": format!("n{}", number % 10)});
            NewUser::read(body, bench.ids.v4()).unwrap()
        })
        .collect();
    let (change, credentials) = (bench.change(None), bench.credentials());
    run(bench.db.write::<_, StoreError, _>(async move |tx| {
        for order in &orders {
            create(tx, &change, &credentials, order).await.unwrap();
        }
        Ok(())
    }))
    .unwrap();
    bench
}

#[test]
fn pages_stay_exact_while_buckets_split() {
    let bench = filled();
    bench.check_counters();
    let environment = bench.environment.clone();
    run(bench.db.read::<_, StoreError, _>(async move |tx| {
        assert!(ranks::is_ranked(tx, &environment, "acme").await?);
        for tenant in [None, Some("acme")] {
            let ground = Ground {
                environment: &environment,
                tenant,
            };
            for number in [0, 1_999, 2_000, 4_001, 4_490] {
                let ids = ranks::page(tx, ground, &ranks::Order::Email, number, 3).await?;
                let first = crate::user_by_id(tx, &environment, ids.first().unwrap())
                    .await?
                    .unwrap();
                let wanted = address(usize::try_from(number).unwrap());
                assert_eq!(first.email.as_ref(), Some(&wanted));
                assert_eq!(
                    ranks::rank(tx, ground, &ranks::Order::Email, &wanted).await?,
                    number
                );
            }
        }
        Ok(())
    }))
    .unwrap();
    // A few leave and change class; what is counted and what is there go on agreeing.
    for number in [3, 2_000, 4_499] {
        let (environment, email) = (bench.environment.clone(), address(number));
        let user = run(bench
            .db
            .read::<_, StoreError, _>(async move |tx| crate::user_by_email(tx, &environment, &email).await))
        .unwrap()
        .unwrap();
        let (change, credentials) = (bench.change(None), bench.credentials());
        run(bench.db.write(async move |tx| {
            if number == 3 {
                return remove(tx, &change, &credentials, user.id.as_str()).await;
            }
            turn(tx, &change, &credentials, user.id.as_str(), Switch::Lock)
                .await
                .map(|_| ())
        }))
        .unwrap();
    }
    bench.check_counters();
    for tenant in [None, Some("acme")] {
        for (sort, prefixes, size, last) in [
            (Some(Sort::IsLocked), vec![], 4_499, 4_490),
            (Some(Sort::Name), vec![], 4_499, 4_490),
            (Some(Sort::CreatedAt), vec![], 4_499, 4_490),
            (Some(Sort::Id), vec![], 4_499, 4_490),
            (None, vec![(Field::Name, "n7".to_owned())], 450, 440),
            (None, vec![(Field::Email, "u02".to_owned())], 1_000, 990),
        ] {
            let search = Search {
                tenant: tenant.map(Into::into),
                below: std::collections::BTreeSet::new(),
                family: None,
                prefixes,
                phrase: Phrase::default(),
                ids: None,
                external_ids: None,
                visible_only: false,
                sort,
                order: Order::Ascending,
                skip: last,
                limit: 50,
            };
            let (environment, columns) = (bench.environment.clone(), bench.columns.clone());
            let found = run(bench
                .db
                .read::<_, StoreError, _>(async move |tx| find(tx, &environment, &columns, &search).await))
            .unwrap();
            let left = usize::try_from(size - last).unwrap();
            assert_eq!(
                (found.total, found.items.len()),
                (size, left),
                "{tenant:?} {sort:?}"
            );
            if sort == Some(Sort::IsLocked) {
                assert_eq!(found.items.iter().filter(|user| user.is_locked).count(), 2);
            }
        }
    }
}
