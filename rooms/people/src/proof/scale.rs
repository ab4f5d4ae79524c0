//! Lists while buckets split.

use db::StoreError;
use serde_json::json;

use super::{Bench, run};
use crate::ranks;
use crate::users::proof::{NewUser, create};

#[test]
fn pages_stay_exact_while_buckets_split() {
    let bench = Bench::new();
    let orders: Vec<NewUser> = (0..4_500_usize)
        .map(|number| {
            let number = number * 7_919 % 4_500;
            let body = json!({"email": format!("u{number:05}@acme.test"), "tenantId": "acme"});
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
    bench.check_counters();
    let environment = bench.environment.clone();
    run(bench.db.read::<_, StoreError, _>(async move |tx| {
        for number in [0, 1_999, 2_000, 4_001, 4_490] {
            let ids = ranks::page(tx, &environment, &ranks::Order::Email, number, 3).await?;
            let first = crate::user_by_id(tx, &environment, ids.first().unwrap())
                .await?
                .unwrap();
            assert_eq!(first.email.unwrap(), format!("u{number:05}@acme.test"));
            let key = format!("u{number:05}@acme.test");
            assert_eq!(
                ranks::rank(tx, &environment, &ranks::Order::Email, &key).await?,
                number
            );
        }
        Ok(())
    }))
    .unwrap();
}
