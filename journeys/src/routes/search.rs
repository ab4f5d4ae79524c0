//! Lists and searches.

use serde_json::Value;
use web::RouteEntry;

use super::Things;
use crate::{Client, at};

/// Makes the things of this area and keeps their ids.
#[expect(clippy::unused_async, reason = "asked like the other areas")]
pub(super) async fn make(_vendor: &Client, _things: &mut Things) {}

/// What a parameter of one of this area's paths stands for.
pub(super) fn id(_things: &Things, _entry: &RouteEntry, _name: &str) -> Option<String> {
    None
}

/// The query that one of this area's routes wants, with its question mark.
pub(super) fn query(things: &Things, entry: &RouteEntry) -> Option<String> {
    (entry.path == at::PHRASE).then(|| format!("?_phraseSearchContains={}", things.mark))
}

/// A body that one of this area's routes takes.
pub(super) fn body(_things: &Things, _entry: &RouteEntry) -> Option<Value> {
    None
}
