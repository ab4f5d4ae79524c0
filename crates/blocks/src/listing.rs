//! `Listing`: the page-number dialect of lists: `_limit`, `_offset` (a page index from 0),
//! `_sortBy`, `_order`; answers `{items, _metadata, _links}`.
//!
//! ```text
//! const USERS: Dialect<Sort> = Dialect { most: 200, usual: 50, sorts: &[("createdAt", Sort::CreatedAt)] };
//! let page = USERS.read(&params)?;
//! Ok(Json(page.answer(items, total, &params)))
//! ```

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use utoipa::ToSchema;
use web::{Params, Problem};

/// Ascending or descending.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    #[default]
    Ascending,
    Descending,
}

/// What one list allows.
pub struct Dialect<S: 'static> {
    /// The largest page.
    pub most: i64,
    /// The page size when none is asked for.
    pub usual: i64,
    /// Names of `_sortBy` and what they mean.
    pub sorts: &'static [(&'static str, S)],
}

/// One page as asked for.
#[derive(Clone, Copy, Debug)]
pub struct Page<S> {
    pub limit: i64,
    /// Page number from 0.
    pub index: i64,
    pub sort: Option<S>,
    pub order: Option<Order>,
}

impl<S> Page<S> {
    /// How many items come before this page.
    #[must_use]
    pub const fn skipped(&self) -> i64 {
        self.index.saturating_mul(self.limit)
    }
}

impl<S: Copy> Dialect<S> {
    /// Reads the four parameters. All are optional, whatever documents say.
    ///
    /// # Errors
    /// 400 with the texts that clients match.
    pub fn read(&self, params: &Params) -> Result<Page<S>, Problem> {
        let sort = match params.text("_sortBy") {
            None => None,
            Some(name) => {
                let found = self
                    .sorts
                    .iter()
                    .find(|(known, _)| *known == name)
                    .map(|(_, sort)| *sort);
                Some(found.ok_or_else(|| Problem::bad_request("_sortBy must be a valid enum value"))?)
            }
        };
        let order = match params.text("_order") {
            None => None,
            Some(word) if word.eq_ignore_ascii_case("ASC") => Some(Order::Ascending),
            Some(word) if word.eq_ignore_ascii_case("DESC") => Some(Order::Descending),
            Some(_) => {
                return Err(Problem::bad_request(
                    "_order must be one of the following values: ASC, DESC",
                ));
            }
        };
        let limit = params.integer("_limit", 1, self.most)?.unwrap_or(self.usual);
        let index = params.integer("_offset", 0, i64::from(u32::MAX))?.unwrap_or(0);
        Ok(Page {
            limit,
            index,
            sort,
            order,
        })
    }
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Paged<T> {
    pub items: Vec<T>,
    #[serde(rename = "_links")]
    pub links: Links,
    #[serde(rename = "_metadata")]
    pub metadata: Metadata,
}

/// Where the neighbouring pages are: query strings of the same request, empty where there is no such page.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct Links {
    pub next: String,
    pub prev: String,
    pub first: String,
    pub last: String,
}

/// How much there is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    pub total_items: i64,
    pub total_pages: i64,
}

impl<S> Page<S> {
    /// The answer for this page.
    pub fn answer<T>(&self, items: Vec<T>, total: i64, params: &Params) -> Paged<T> {
        let pages = total.div_euclid(self.limit) + i64::from(total.rem_euclid(self.limit) > 0);
        let link = |index: i64| -> String {
            if index < 0 || index >= pages {
                return String::new();
            }
            let mut query = format!("?_offset={index}&_limit={}", self.limit);
            for (name, value) in params.rest(&["_offset", "_limit"]) {
                query.push('&');
                query.push_str(name);
                query.push('=');
                query.extend(utf8_percent_encode(value, NON_ALPHANUMERIC));
            }
            query
        };
        let links = Links {
            next: link(self.index + 1),
            prev: link(self.index - 1),
            first: link(0),
            last: link(pages - 1),
        };
        Paged {
            items,
            links,
            metadata: Metadata {
                total_items: total,
                total_pages: pages,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: Dialect<u8> = Dialect {
        most: 200,
        usual: 50,
        sorts: &[("name", 1)],
    };

    fn said(query: &str) -> String {
        format!("{:?}", LIST.read(&Params::parse(query).unwrap()).unwrap_err())
    }

    #[test]
    fn wrong_values_are_refused_in_the_words_clients_match() {
        assert!(said("_sortBy=x").contains("_sortBy must be a valid enum value"));
        assert!(said("_order=up").contains("_order must be one of the following values: ASC, DESC"));
        assert!(said("_limit=201").contains("_limit must not be greater than 200"));
    }

    #[test]
    fn links_lead_to_pages_that_exist_and_keep_the_filters() {
        let params = Params::parse("_limit=10&_offset=1&_filter=a b&ids=1&ids=2").unwrap();
        let page = LIST.read(&params).unwrap();
        let answer = page.answer(vec![1], 25, &params);
        assert_eq!(answer.metadata.total_pages, 3);
        assert_eq!(
            answer.links.next,
            "?_offset=2&_limit=10&_filter=a%20b&ids=1&ids=2"
        );
        assert_eq!(
            answer.links.prev,
            "?_offset=0&_limit=10&_filter=a%20b&ids=1&ids=2"
        );
        assert_eq!(
            answer.links.last,
            "?_offset=2&_limit=10&_filter=a%20b&ids=1&ids=2"
        );
        let past = LIST.read(&Params::parse("_limit=10&_offset=9").unwrap()).unwrap();
        assert_eq!(past.answer::<u8>(vec![], 25, &params).links.next, "");
    }
}
