//! Every list against a plain reckoning over all users.

use blocks::listing::Order;
use db::StoreError;
use serde_json::json;

use super::{Bench, run};
use crate::lists::proof::{Field, Search, Sort, find};
use crate::records::UserRecord;
use crate::search::{Needle, Phrase};
use crate::users::proof::{Switch, turn};

pub(super) const SORTS: [Sort; 8] = [
    Sort::CreatedAt,
    Sort::Name,
    Sort::Email,
    Sort::Id,
    Sort::Verified,
    Sort::IsLocked,
    Sort::Provider,
    Sort::TenantId,
];

pub(super) fn search(tenant: Option<&str>) -> Search {
    Search {
        tenant: tenant.map(Into::into),
        below: std::collections::BTreeSet::new(),
        family: None,
        prefixes: Vec::new(),
        phrase: Phrase::default(),
        ids: None,
        external_ids: None,
        visible_only: false,
        sort: None,
        order: Order::Ascending,
        skip: 0,
        limit: 7,
    }
}

/// Users of both tenants that differ in all that lists are sorted by.
pub(super) fn filled() -> Bench {
    let bench = Bench::new();
    let providers = ["local", "google", "saml"];
    for number in 0..40_usize {
        let tenant = if number % 3 == 0 { "other" } else { "acme" };
        let name = format!(
            "{} {}",
            ["Ada", "ann", "Bob", "Bö", "Zed"][number % 5],
            number % 4
        );
        let body = json!({"email": format!("{}{number}@acme.test", ["a", "ab", "b"][number % 3]), "name": name,
            "provider": providers[number % 3], "phoneNumber": format!("+4917{:07}", number * 37 % 11),
            "username": (number % 4 == 0).then(|| format!("U{number}"))});
        let user = bench.create(bench.change(Some(tenant)), body).unwrap();
        for switch in [
            (number % 4 == 1).then_some(Switch::Verify),
            (number % 7 == 2).then_some(Switch::Lock),
        ] {
            let Some(switch) = switch else { continue };
            let (change, credentials, id) = (bench.change(None), bench.credentials(), user.id.clone());
            run(bench
                .db
                .write(async move |tx| turn(tx, &change, &credentials, &id, switch.clone()).await))
            .unwrap();
        }
        if number % 10 == 0 {
            let body =
                json!({"email": user.email, "tenantId": if tenant == "acme" { "other" } else { "acme" }});
            bench.create(bench.change(None), body).unwrap();
        }
    }
    bench.check_counters();
    bench
}

/// All pages of a search, one after the other, and the total each said.
pub(super) fn all_pages(bench: &Bench, mut search: Search) -> (Vec<UserRecord>, i64) {
    let mut all = Vec::new();
    loop {
        let (environment, columns, asked) =
            (bench.environment.clone(), bench.columns.clone(), search.clone());
        let found = run(bench
            .db
            .read::<_, StoreError, _>(async move |tx| find(tx, &environment, &columns, &asked).await))
        .unwrap();
        let more = !found.items.is_empty();
        all.extend(found.items);
        if !more {
            return (all, found.total);
        }
        search.skip += search.limit;
    }
}

pub(super) fn key(user: &UserRecord, sort: Sort, in_tenant: bool) -> String {
    match sort {
        Sort::CreatedAt => format!("{:019}", user.created_at.0),
        Sort::Name => user.name_key(),
        Sort::Email => user.email_key(),
        Sort::Verified => u8::from(user.verified).to_string(),
        Sort::IsLocked => u8::from(user.is_locked).to_string(),
        Sort::Provider => user.provider.clone(),
        Sort::TenantId if !in_tenant => user.active_tenant.clone(),
        _ => user.id.to_string(),
    }
}

#[test]
fn every_sort_shows_every_user_once_and_in_order() {
    let bench = filled();
    for (tenant, size) in [(None, 40), (Some("acme"), 28), (Some("other"), 16)] {
        for sort in SORTS {
            for order in [Order::Ascending, Order::Descending] {
                let asked = Search {
                    sort: Some(sort),
                    order,
                    ..search(tenant)
                };
                let (users, total) = all_pages(&bench, asked);
                assert_eq!(
                    (users.len(), total),
                    (size, i64::try_from(size).unwrap()),
                    "{tenant:?} {sort:?}"
                );
                let mut ids: Vec<_> = users.iter().map(|user| user.id.to_string()).collect();
                ids.sort_unstable();
                ids.dedup();
                assert_eq!(ids.len(), size, "{tenant:?} {sort:?} {order:?}");
                let keys: Vec<_> = users
                    .iter()
                    .map(|user| key(user, sort, tenant.is_some()))
                    .collect();
                let ordered = keys.windows(2).all(|pair| match order {
                    Order::Ascending => pair[0] <= pair[1],
                    Order::Descending => pair[0] >= pair[1],
                });
                assert!(ordered, "{tenant:?} {sort:?} {order:?} {keys:?}");
            }
        }
    }
}

#[test]
fn a_prefix_finds_the_same_by_every_way() {
    let bench = filled();
    for (field, prefix) in [
        (Field::Email, "a"),
        (Field::Email, "ab1"),
        (Field::Name, "a"),
        (Field::Name, "bö"),
        (Field::Username, "u"),
        (Field::Phone, "+491700000"),
        (Field::Name, "nobody"),
    ] {
        for tenant in [None, Some("acme")] {
            let everyone = all_pages(&bench, search(tenant)).0;
            let begins = |user: &&UserRecord| match field {
                Field::Email => user.email_key().starts_with(prefix),
                Field::Name => user.name_key().starts_with(prefix),
                Field::Username => user.username_key().starts_with(prefix),
                Field::Phone => user
                    .phone_number
                    .as_deref()
                    .is_some_and(|phone| phone.starts_with(prefix)),
            };
            let mut wanted: Vec<_> = everyone
                .iter()
                .filter(begins)
                .map(|user| user.id.clone())
                .collect();
            wanted.sort_unstable();
            for (sort, order) in [
                (None, Order::Ascending),
                (None, Order::Descending),
                (Some(Sort::CreatedAt), Order::Descending),
            ] {
                let asked = Search {
                    prefixes: vec![(field, prefix.to_owned())],
                    sort,
                    order,
                    ..search(tenant)
                };
                let (users, total) = all_pages(&bench, asked);
                let mut ids: Vec<_> = users.iter().map(|user| user.id.clone()).collect();
                ids.sort_unstable();
                assert_eq!(ids, wanted, "{field:?} {prefix} {tenant:?} {sort:?}");
                assert_eq!(total, i64::try_from(wanted.len()).unwrap());
            }
        }
    }
}

#[test]
fn invisible_users_are_hidden_from_colleagues_alone() {
    let bench = filled();
    let id = all_pages(&bench, search(Some("acme")))
        .0
        .first()
        .unwrap()
        .id
        .to_string();
    let (change, credentials) = (bench.change(None), bench.credentials());
    run(bench
        .db
        .write(async move |tx| turn(tx, &change, &credentials, &id, Switch::Invisible(true)).await))
    .unwrap();
    assert_eq!(all_pages(&bench, search(Some("acme"))).1, 28);
    for sort in SORTS {
        let asked = Search {
            visible_only: true,
            sort: Some(sort),
            ..search(Some("acme"))
        };
        let (users, total) = all_pages(&bench, asked);
        assert_eq!((users.len(), total), (27, 27), "{sort:?}");
    }
}

#[test]
fn a_list_of_ids_is_answered_from_inside_the_tenant_only() {
    let bench = filled();
    let ids: Vec<String> = all_pages(&bench, search(None))
        .0
        .iter()
        .map(|user| user.id.to_string())
        .collect();
    let asked = Search {
        ids: Some(ids),
        sort: Some(Sort::Email),
        ..search(Some("other"))
    };
    let (users, total) = all_pages(&bench, asked);
    assert_eq!((users.len(), total), (16, 16));
    let asked = Search {
        ids: Some(vec!["nobody".to_owned()]),
        ..search(None)
    };
    assert_eq!(all_pages(&bench, asked).1, 0);
}

#[test]
fn a_text_anywhere_in_name_or_address_is_found_and_its_signs_mean_nothing() {
    let bench = filled();
    let found = |text: &str| {
        all_pages(
            &bench,
            Search {
                phrase: Phrase {
                    all: vec![Needle::anywhere(text)],
                    ..Phrase::default()
                },
                ..search(Some("acme"))
            },
        )
        .1
    };
    assert_eq!(found("@acme.test"), 28);
    assert_eq!(found("%"), 0);
    assert_eq!(found("_"), 0);
    assert!(found("zed") > 0);
}
