//! The family of a tenant from its order to its end: what the lists show must come from the index to be worth it.

use blocks::jobs::Job;
use db::StoreError;
use kit::TenantId;

use super::lists::{SORTS, all_pages, filled, search};
use super::search::fold;
use super::{Bench, run};
use crate::families::{self, Family, FamilyJob};

fn order(bench: &Bench, people: i64, tenants: usize) {
    let acme = TenantId::from("acme");
    run(families::order(
        &bench.db,
        &bench.environment,
        &acme,
        (people, tenants),
    ))
    .unwrap();
}

fn ready(bench: &Bench) -> Option<Family> {
    let environment = bench.environment.clone();
    run(bench
        .db
        .read::<_, StoreError, _>(async move |tx| families::ready(tx, &environment, &"acme".into()).await))
    .unwrap()
}

#[test]
fn a_family_that_is_ordered_takes_its_pages_from_the_index() {
    let bench = filled();
    let job = FamilyJob { db: bench.db.clone() };
    order(&bench, 2_000, 500);
    assert!(!run(job.pass()).unwrap(), "a small one is not kept");
    order(&bench, 2_001, 0);
    assert_eq!(ready(&bench), None);
    while run(job.pass()).unwrap() {}
    let family = ready(&bench);
    assert!(family.is_some());
    for folded in [false, true] {
        if folded {
            fold(&bench);
        }
        for sort in SORTS {
            let mut plain = search(Some("acme"));
            plain.sort = Some(sort);
            let mut indexed = plain.clone();
            indexed.family = family.clone();
            let (wanted, total) = all_pages(&bench, plain);
            let (found, told) = all_pages(&bench, indexed);
            assert!(total > 20 && told == total, "{told} of {total}");
            assert_eq!(found, wanted);
        }
    }
    let environment = bench.environment.clone();
    run(bench
        .db
        .write(async move |tx| families::forget(tx, &environment, "acme").await))
    .unwrap();
    assert_eq!(ready(&bench), None);
}
