//! What searches have found: the ids in the order of a list, for searches that find so many tenants that putting them in
//! order takes longer than any page should. Kept under the edition of the list they were found in, which every change of
//! the list counts up in its own transaction: what is kept is never older than what a reader sees, on any node.

use std::sync::{Arc, Mutex, PoisonError};

use kit::EnvironmentId;

use super::model::Sort;

/// Most ids kept in all: some 30 MB.
const MOST: usize = 400_000;

/// One search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Find {
    pub(super) environment: EnvironmentId,
    pub(super) edition: i64,
    /// As the search compares it.
    pub(super) prefix: String,
    pub(super) sort: Sort,
}

type Ids = Arc<[Box<str>]>;

/// Searches and what they found, the last used first.
#[derive(Debug, Default)]
pub(crate) struct Finds(Mutex<Vec<(Find, Ids)>>);

impl Finds {
    pub(super) fn get(&self, find: &Find) -> Option<Ids> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = kept.iter().position(|(known, _)| known == find)?;
        let found = kept.remove(at);
        let ids = Arc::clone(&found.1);
        kept.insert(0, found);
        Some(ids)
    }

    /// Keeps what a search found, as far as there is room, and lets go what the same search found in other editions.
    pub(super) fn keep(&self, find: Find, ids: Vec<Box<str>>) -> Ids {
        let ids: Ids = ids.into();
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(known, _)| known.environment != find.environment || known.edition == find.edition);
        kept.insert(0, (find, Arc::clone(&ids)));
        let mut room = MOST;
        kept.retain(|(_, ids)| match room.checked_sub(ids.len()) {
            Some(left) => {
                room = left;
                true
            }
            None => false,
        });
        ids
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(environment: &str, edition: i64, prefix: &str) -> Find {
        Find {
            environment: environment.into(),
            edition,
            prefix: prefix.to_owned(),
            sort: Sort::Name,
        }
    }

    fn ids(count: usize) -> Vec<Box<str>> {
        vec![Box::from("t"); count]
    }

    #[test]
    fn what_was_found_in_an_older_edition_is_let_go() {
        let finds = Finds::default();
        finds.keep(find("a", 1, "x"), ids(3));
        finds.keep(find("b", 1, "x"), ids(3));
        assert_eq!(finds.get(&find("a", 1, "x")).unwrap().len(), 3);
        assert!(finds.get(&find("a", 2, "x")).is_none());
        finds.keep(find("a", 2, "y"), ids(1));
        assert!(finds.get(&find("a", 1, "x")).is_none());
        assert!(
            finds.get(&find("b", 1, "x")).is_some(),
            "another environment has editions of its own"
        );
    }

    #[test]
    fn the_longest_unused_go_when_there_are_too_many() {
        let finds = Finds::default();
        finds.keep(find("a", 1, "x"), ids(MOST / 2));
        finds.keep(find("a", 1, "y"), ids(MOST / 2));
        finds.get(&find("a", 1, "x"));
        finds.keep(find("a", 1, "z"), ids(MOST / 2));
        assert!(finds.get(&find("a", 1, "y")).is_none());
        assert!(finds.get(&find("a", 1, "x")).is_some());
        assert_eq!(
            finds.keep(find("a", 1, "all"), ids(MOST + 1)).len(),
            MOST + 1,
            "what is too much to keep is still found"
        );
    }
}
