//! What a list may be asked for.

use std::collections::BTreeSet;

use blocks::listing::Order;
use kit::{Scope, TenantId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::families::Family;
use crate::search::{Key, Marker, Needle, Phrase};

/// What a list is sorted by; users that agree in it follow their ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sort {
    CreatedAt,
    Name,
    Email,
    Id,
    Verified,
    IsLocked,
    Provider,
    TenantId,
    /// Only as the natural order of a search by it.
    Username,
    /// Only as the natural order of a search by it.
    Phone,
}

/// What a prefix is looked for in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Email,
    Name,
    Username,
    Phone,
}

impl Field {
    /// The sort that walks the index of this field.
    pub(crate) const fn sort(self) -> Sort {
        match self {
            Self::Email => Sort::Email,
            Self::Name => Sort::Name,
            Self::Username => Sort::Username,
            Self::Phone => Sort::Phone,
        }
    }

    pub(super) const fn key(self) -> Key {
        match self {
            Self::Email => Key::Email,
            Self::Name => Key::Name,
            Self::Username => Key::Username,
            Self::Phone => Key::Phone,
        }
    }

    const fn marker(self) -> Marker {
        match self {
            Self::Email => Marker::Email,
            Self::Name => Marker::Name,
            Self::Username => Marker::Username,
            Self::Phone => Marker::Phone,
        }
    }
}

/// One list as asked for.
#[derive(Clone, Debug)]
pub(crate) struct Search {
    /// Only members of this tenant.
    pub(crate) tenant: Option<TenantId>,
    /// Or of these, which stand below it.
    pub(crate) below: BTreeSet<String>,
    /// Or people of this family, which is in the index; then `below` is empty.
    pub(crate) family: Option<Family>,
    /// Each must hold. Prefixes are in the form the fields are stored in.
    pub(crate) prefixes: Vec<(Field, String)>,
    /// Texts that may stand anywhere in a user.
    pub(crate) phrase: Phrase,
    /// Only these users.
    pub(crate) ids: Option<Vec<String>>,
    /// Only users with these ids of another system.
    pub(crate) external_ids: Option<Vec<String>>,
    /// Leave out users who are invisible.
    pub(crate) visible_only: bool,
    pub(crate) sort: Option<Sort>,
    pub(crate) order: Order,
    /// How many users come before the page.
    pub(crate) skip: i64,
    pub(crate) limit: i64,
}

impl Search {
    /// A page of everybody in the scope.
    pub(crate) fn of(scope: &Scope, (sort, order): (Option<Sort>, Order), (skip, limit): (i64, i64)) -> Self {
        Self {
            tenant: scope.tenant.clone(),
            below: BTreeSet::new(),
            family: None,
            prefixes: Vec::new(),
            phrase: Phrase::default(),
            ids: None,
            external_ids: None,
            visible_only: false,
            sort,
            order,
            skip,
            limit,
        }
    }

    /// What the list is sorted by: what was asked for, else what is searched by its beginning, else age.
    pub(crate) fn sort_or_natural(&self) -> Sort {
        let natural = match self.prefixes.as_slice() {
            [(field, _), ..] if self.phrase.is_empty() => field.sort(),
            _ => Sort::CreatedAt,
        };
        self.sort.unwrap_or(natural)
    }

    /// All that a user's text must fit.
    pub(crate) fn whole_phrase(&self) -> Phrase {
        let mut phrase = self.phrase.clone();
        let beginnings = self
            .prefixes
            .iter()
            .map(|(field, prefix)| Needle::beginning(field.marker(), prefix));
        phrase.all.extend(beginnings);
        phrase
    }
}

/// A page and the size of the whole.
#[derive(Clone, Debug)]
pub(crate) struct Found<T> {
    pub(crate) items: Vec<T>,
    pub(crate) total: i64,
}

/// The roles of one member.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RolesOfUser {
    pub(crate) user_id: String,
    pub(crate) tenant_id: String,
    pub(crate) vendor_id: String,
    pub(crate) role_ids: Vec<String>,
}
