//! Searches against a plain reckoning, whatever of the index is folded and whatever waits.

use blocks::jobs::Job;
use blocks::listing::Order;
use serde_json::json;

use super::lists::{SORTS, all_pages, filled, key, search};
use super::{Bench, run, scale};
use crate::lists::proof::{Field, Search, Sort};
use crate::records::UserRecord;
use crate::search::{Content, FoldJob, Marker, Needle, Phrase};
use crate::users::proof::{Switch, remove, turn};

pub(super) fn fold(bench: &Bench) {
    let job = FoldJob { db: bench.db.clone() };
    while run(job.pass()).unwrap() {}
}

fn content(user: &UserRecord) -> Content {
    let mut content = Content::default();
    content
        .part(Marker::Name, &user.name_key())
        .part(Marker::Email, user.email.as_deref().unwrap_or(""))
        .part(Marker::Username, &user.username_key())
        .part(Marker::Phone, user.phone_number.as_deref().unwrap_or(""));
    content
}

fn texts(texts: &[&str]) -> Vec<Needle> {
    texts.iter().map(|text| Needle::anywhere(text)).collect()
}

fn phrases() -> Vec<Phrase> {
    let phrase = |all: &[&str], any: &[&str], none: &[&str]| Phrase {
        all: texts(all),
        any: texts(any),
        none: texts(none),
    };
    vec![
        phrase(&["a"], &[], &[]),
        phrase(&["ad"], &[], &["1@"]),
        phrase(&["@acme.test"], &["zed", "bob"], &[]),
        phrase(&["acme", "bö"], &[], &[]),
        phrase(&[], &["u4", "+4917"], &["ada"]),
        phrase(&[], &[], &["ann", "acme.tes1"]),
        phrase(&["test"], &[], &["acme.test"]),
        phrase(&["nowhere"], &[], &[]),
        Phrase {
            all: vec![Needle::about("amce")],
            any: vec![Needle::about("zde"), Needle::about("ada 3")],
            none: Vec::new(),
        },
    ]
}

/// Every phrase, tenant and sort finds what looking at everybody finds.
fn check(bench: &Bench) {
    for tenant in [None, Some("acme")] {
        let everyone = all_pages(bench, search(tenant)).0;
        for phrase in phrases() {
            for (sort, order) in [
                (None, Order::Ascending),
                (Some(Sort::Name), Order::Descending),
                (Some(Sort::IsLocked), Order::Ascending),
            ] {
                let asked = Search {
                    phrase: phrase.clone(),
                    sort,
                    order,
                    ..search(tenant)
                };
                let (users, total) = all_pages(bench, asked);
                let mut wanted: Vec<String> = everyone
                    .iter()
                    .filter(|user| phrase.fits(&content(user)))
                    .map(|user| user.id.to_string())
                    .collect();
                assert_eq!(usize::try_from(total).unwrap(), wanted.len(), "{phrase:?}");
                let keys: Vec<String> = users
                    .iter()
                    .map(|user| key(user, sort.unwrap_or(Sort::CreatedAt), tenant.is_some()))
                    .collect();
                assert!(keys.windows(2).all(|pair| match order {
                    Order::Ascending => pair[0] <= pair[1],
                    Order::Descending => pair[0] >= pair[1],
                }));
                let mut found: Vec<String> = users.iter().map(|user| user.id.to_string()).collect();
                found.sort_unstable();
                wanted.sort_unstable();
                assert_eq!(found, wanted, "{tenant:?} {phrase:?}");
            }
        }
        for sort in SORTS {
            let asked = Search {
                prefixes: vec![(Field::Email, "a".to_owned()), (Field::Name, "a".to_owned())],
                sort: Some(sort),
                ..search(tenant)
            };
            let (users, total) = all_pages(bench, asked);
            let wanted = everyone
                .iter()
                .filter(|user| user.name_key().starts_with('a') && user.email_key().starts_with('a'))
                .count();
            assert_eq!((users.len(), total), (wanted, i64::try_from(wanted).unwrap()));
        }
    }
}

#[test]
fn searches_agree_with_looking_at_everybody_before_and_after_folding() {
    let bench = filled();
    check(&bench);
    fold(&bench);
    check(&bench);
    let users = all_pages(&bench, search(None)).0;
    let (change, credentials) = (bench.change(None), bench.credentials());
    let ids: Vec<String> = users.iter().map(|user| user.id.to_string()).collect();
    run(bench.db.write(async move |tx| {
        let renamed = Switch::Email("moved.zed@other.test".to_owned());
        turn(tx, &change, &credentials, &ids[3], renamed).await?;
        remove(tx, &change, &credentials, &ids[5]).await
    }))
    .unwrap();
    check(&bench);
    fold(&bench);
    check(&bench);
    let gone = Search {
        phrase: Phrase {
            all: texts(&["moved.zed@"]),
            ..Phrase::default()
        },
        ..search(None)
    };
    assert_eq!(all_pages(&bench, gone).1, 1);
}

#[test]
fn searches_that_find_thousands_show_everybody_once_and_in_order() {
    let bench = scale::filled();
    let check = |bench: &Bench, users: usize| {
        for tenant in [None, Some("acme")] {
            for (phrase, prefixes, size) in [
                (texts(&["acm"]), vec![], users),
                (texts(&["@acme.test"]), vec![], users),
                (texts(&["u0"]), vec![(Field::Name, "n".to_owned())], users),
                (vec![], vec![(Field::Name, "n".to_owned())], users),
            ] {
                for sort in [Sort::CreatedAt, Sort::Verified] {
                    for order in [Order::Ascending, Order::Descending] {
                        let asked = Search {
                            phrase: Phrase {
                                all: phrase.clone(),
                                ..Phrase::default()
                            },
                            prefixes: prefixes.clone(),
                            sort: Some(sort),
                            order,
                            limit: 1_500,
                            ..search(tenant)
                        };
                        let (found, total) = all_pages(bench, asked);
                        assert_eq!(
                            (found.len(), total),
                            (size, i64::try_from(size).unwrap()),
                            "{tenant:?} {phrase:?} {prefixes:?} {sort:?} {order:?}"
                        );
                        let keys: Vec<String> = found
                            .iter()
                            .map(|user| format!("{} {}", key(user, sort, tenant.is_some()), user.id))
                            .collect();
                        assert!(
                            keys.windows(2).all(|pair| match order {
                                Order::Ascending => pair[0] < pair[1],
                                Order::Descending => pair[0] > pair[1],
                            }),
                            "{tenant:?} {phrase:?} {prefixes:?} {sort:?} {order:?}"
                        );
                    }
                }
            }
        }
    };
    check(&bench, scale::USERS);
    fold(&bench);
    check(&bench, scale::USERS);
}

#[test]
fn a_large_tenant_hides_its_invisible_members_on_every_page() {
    let bench = scale::filled();
    let users = all_pages(
        &bench,
        Search {
            limit: 5_000,
            ..search(None)
        },
    )
    .0;
    let (change, credentials) = (bench.change(None), bench.credentials());
    let unseen: Vec<String> = [0, 1, 2, 700, 2_000, 2_001, 4_499]
        .iter()
        .map(|place| users[*place].id.to_string())
        .collect();
    let ids = unseen.clone();
    run(bench.db.write(async move |tx| {
        for id in &ids {
            turn(tx, &change, &credentials, id, Switch::Invisible(true)).await?;
        }
        Ok::<_, crate::users::UserError>(())
    }))
    .unwrap();
    for folded in [false, true] {
        if folded {
            fold(&bench);
        }
        for (prefixes, phrase) in [
            (vec![], vec![]),
            (vec![(Field::Email, "u0".to_owned())], vec![]),
            (vec![(Field::Name, "n1".to_owned())], vec![]),
            (vec![], texts(&["acm"])),
            (vec![], texts(&["u000"])),
        ] {
            for sort in [Sort::Email, Sort::Name, Sort::Provider] {
                if prefixes.iter().any(|(field, _)| field.sort() != sort) {
                    continue;
                }
                for order in [Order::Ascending, Order::Descending] {
                    let asked = |visible_only| Search {
                        prefixes: prefixes.clone(),
                        phrase: Phrase {
                            all: phrase.clone(),
                            ..Phrase::default()
                        },
                        sort: Some(sort),
                        order,
                        visible_only,
                        limit: 1_500,
                        ..search(Some("acme"))
                    };
                    let mut wanted: Vec<String> = all_pages(&bench, asked(false))
                        .0
                        .iter()
                        .map(|user| user.id.to_string())
                        .collect();
                    wanted.retain(|id| !unseen.contains(id));
                    let (found, total) = all_pages(&bench, asked(true));
                    let found: Vec<String> = found.iter().map(|user| user.id.to_string()).collect();
                    assert_eq!(found, wanted, "{prefixes:?} {sort:?} {order:?}");
                    assert_eq!(usize::try_from(total).unwrap(), wanted.len());
                }
            }
        }
    }
}

#[test]
fn many_who_fit_are_sorted_by_more_than_their_first_bytes() {
    let bench = Bench::new();
    let providers = ["local", "google"];
    let names = [
        "",
        "Christian",
        "Christian Andersson the elder",
        "Christian Andersson the younger",
        "Chris",
    ];
    for number in 0..90_usize {
        let number = number * 37 % 90;
        let body = json!({"email": format!("christian.andersson.{}@acme.test", number * 11 % 90), "tenantId": "acme",
            "name": format!("Chr {}", names[number % 5]), "provider": providers[number % 2],
            "username": (number % 3 == 0).then(|| format!("christian.andersson.{number}"))});
        let user = bench.create(bench.change(None), body).unwrap();
        if number % 4 == 1 {
            let (change, credentials, id) = (bench.change(None), bench.credentials(), user.id);
            run(bench
                .db
                .write(async move |tx| turn(tx, &change, &credentials, &id, Switch::Verify).await))
            .unwrap();
        }
    }
    let check = |bench: &Bench| {
        let everyone = all_pages(bench, search(None)).0;
        for (prefixes, phrase) in [
            (vec![(Field::Name, "chr".to_owned())], ""),
            (vec![(Field::Name, "chr christian a".to_owned())], ""),
            (
                vec![(Field::Name, "chr christian andersson the y".to_owned())],
                "",
            ),
            (vec![(Field::Username, "christian.a".to_owned())], ""),
            (
                vec![
                    (Field::Email, "christian.an".to_owned()),
                    (Field::Name, "chr c".to_owned()),
                ],
                "",
            ),
            (vec![], "chr"),
        ] {
            for sort in SORTS {
                for order in [Order::Ascending, Order::Descending] {
                    let asked = Search {
                        prefixes: prefixes.clone(),
                        phrase: Phrase {
                            all: texts(&[phrase])
                                .into_iter()
                                .filter(|text| !text.is_empty())
                                .collect(),
                            ..Phrase::default()
                        },
                        sort: Some(sort),
                        order,
                        ..search(None)
                    };
                    let whole = asked.whole_phrase();
                    let mut wanted: Vec<(String, String, String)> = everyone
                        .iter()
                        .filter(|user| whole.fits(&content(user)))
                        .map(|user| {
                            let class = if matches!(sort, Sort::Verified | Sort::IsLocked | Sort::Provider) {
                                user.class()
                            } else {
                                String::new()
                            };
                            (key(user, sort, false), class, user.id.to_string())
                        })
                        .collect();
                    wanted.sort_unstable();
                    if order == Order::Descending {
                        wanted.reverse();
                    }
                    let wanted: Vec<String> = wanted.into_iter().map(|(.., id)| id).collect();
                    let (found, total) = all_pages(bench, asked);
                    let found: Vec<String> = found.iter().map(|user| user.id.to_string()).collect();
                    assert_eq!(found, wanted, "{prefixes:?} {phrase} {sort:?} {order:?}");
                    assert_eq!(usize::try_from(total).unwrap(), wanted.len());
                }
            }
        }
    };
    check(&bench);
    fold(&bench);
    check(&bench);
    // Some change and some go, twice: they count as they are now, and after folding as well.
    for (gone, name) in [(5, "andrea"), (7, "christian.an")] {
        let users = all_pages(&bench, search(None)).0;
        let (change, credentials) = (bench.change(None), bench.credentials());
        let ids: Vec<String> = users.iter().map(|user| user.id.to_string()).collect();
        run(bench.db.write(async move |tx| {
            for (at, id) in ids.iter().enumerate().filter(|(at, _)| at % 9 == 0) {
                let renamed = Switch::Email(format!("{name}{at}@acme.test"));
                turn(tx, &change, &credentials, id, renamed).await?;
            }
            remove(tx, &change, &credentials, &ids[gone]).await
        }))
        .unwrap();
        check(&bench);
        fold(&bench);
        check(&bench);
    }
}
