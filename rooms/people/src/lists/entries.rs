//! Users as far as lists sort and search them.

use std::cmp::Ordering;
use std::ops::Range;

use blocks::listing::Order;

use super::model::{Found, Search, Sort};
use crate::records::UserRecord;
use crate::search::{Content, Marker};

/// What of a user a list may be sorted or searched by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) id: String,
    pub(super) name_key: String,
    pub(super) email_key: String,
    pub(super) username_key: String,
    pub(super) phone_number: String,
    pub(super) class: String,
    /// `''` where a list is one tenant's.
    pub(super) active_tenant: String,
    pub(super) invisible: bool,
    pub(super) created_at: i64,
}

impl From<&UserRecord> for Entry {
    fn from(user: &UserRecord) -> Self {
        Self {
            id: user.id.to_string(),
            name_key: user.name_key(),
            email_key: user.email_key(),
            username_key: user.username_key(),
            phone_number: user.phone_number.clone().unwrap_or_default(),
            class: user.class(),
            active_tenant: user.active_tenant.clone(),
            invisible: user.invisible,
            created_at: user.created_at.0,
        }
    }
}

impl Entry {
    /// What a search looks at.
    pub(super) fn content(&self) -> Content {
        let mut content = Content::default();
        content
            .part(Marker::Name, &self.name_key)
            .part(
                Marker::Email,
                &UserRecord::email_of(self.email_key.clone()).unwrap_or_default(),
            )
            .part(Marker::Username, &self.username_key)
            .part(Marker::Phone, &self.phone_number);
        content
    }
}

/// How two classes follow each other where a list is sorted by one of their parts; ties by the whole.
pub(super) fn compare_classes(a: &str, b: &str, sort: Sort) -> Ordering {
    let part = match sort {
        Sort::IsLocked => 1..2,
        Sort::Provider => 2..usize::MAX,
        _ => 0..1,
    };
    part_of(a, &part).cmp(part_of(b, &part)).then_with(|| a.cmp(b))
}

fn part_of<'c>(class: &'c str, part: &Range<usize>) -> &'c str {
    class.get(part.start..part.end.min(class.len())).unwrap_or("")
}

/// How two users follow each other in a list.
pub(super) fn compare(a: &Entry, b: &Entry, search: &Search, sort: Sort) -> Ordering {
    let order = ascending(a, b, search, sort);
    if search.order == Order::Descending {
        order.reverse()
    } else {
        order
    }
}

/// How they would in an ascending one.
pub(super) fn ascending(a: &Entry, b: &Entry, search: &Search, sort: Sort) -> Ordering {
    let by_sort = match sort {
        Sort::CreatedAt => a.created_at.cmp(&b.created_at),
        Sort::Name => a.name_key.cmp(&b.name_key),
        Sort::Email => a.email_key.cmp(&b.email_key),
        Sort::Username => a.username_key.cmp(&b.username_key),
        Sort::Phone => a.phone_number.cmp(&b.phone_number),
        Sort::Verified | Sort::IsLocked | Sort::Provider => compare_classes(&a.class, &b.class, sort),
        Sort::TenantId if search.tenant.is_none() => a.active_tenant.cmp(&b.active_tenant),
        Sort::Id | Sort::TenantId => Ordering::Equal,
    };
    by_sort.then_with(|| a.id.cmp(&b.id))
}

/// The page of users who are all there are.
pub(super) fn page(mut entries: Vec<Entry>, search: &Search) -> Found<String> {
    let sort = search.sort_or_natural();
    entries.sort_by(|a, b| compare(a, b, search, sort));
    let (skip, take) = (
        usize::try_from(search.skip).unwrap_or(usize::MAX),
        usize::try_from(search.limit).unwrap_or(0),
    );
    Found {
        total: i64::try_from(entries.len()).unwrap_or(i64::MAX),
        items: entries
            .into_iter()
            .skip(skip)
            .take(take)
            .map(|entry| entry.id)
            .collect(),
    }
}
