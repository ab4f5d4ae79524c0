//! Sums by hour, from the tallies.

use std::collections::BTreeMap;

use db::{StoreError, Tx};
use kit::{EnvironmentId, Millis};

use crate::model::HOUR;
use crate::store;

/// Over which time, how many names, in steps of how many milliseconds. Times count by whole hours.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) from: i64,
    pub(super) to: i64,
    pub(super) most: i64,
    pub(super) step: i64,
}

/// What came of it.
#[derive(Debug)]
pub(super) struct Sums {
    pub(super) resources: Vec<(String, i64)>,
    pub(super) tenants: Vec<(String, i64)>,
    /// By the beginning of each step.
    pub(super) by_time: BTreeMap<String, i64>,
}

pub(super) async fn sums(tx: &Tx, environment: &EnvironmentId, span: Span) -> Result<Sums, StoreError> {
    let hours = (
        span.from.div_euclid(HOUR) * HOUR,
        span.to.div_euclid(HOUR) * HOUR + HOUR,
    );
    let by_hour = store::hours(tx, environment, ("all", ""), hours).await?;
    Ok(Sums {
        resources: store::top(tx, environment, "resource", hours, span.most).await?,
        tenants: store::top(tx, environment, "tenant", hours, span.most).await?,
        by_time: stepped(&by_hour, hours.0, span),
    })
}

/// Hours put together into steps, those without records included.
fn stepped(by_hour: &[(i64, i64)], begin: i64, span: Span) -> BTreeMap<String, i64> {
    let mut sums = BTreeMap::new();
    let mut at = begin;
    while at <= span.to {
        sums.insert(Millis(at).iso(), 0);
        at = at.saturating_add(span.step);
    }
    for (hour, entries) in by_hour {
        let step = begin + (hour - begin).div_euclid(span.step) * span.step;
        *sums.entry(Millis(step).iso()).or_insert(0) += entries;
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_put_together_into_steps() {
        let span = Span {
            from: 0,
            to: 5 * HOUR,
            most: 1,
            step: 3 * HOUR,
        };
        let sums = stepped(&[(0, 1), (2 * HOUR, 2), (3 * HOUR, 4)], 0, span);
        let all: Vec<_> = sums.into_iter().collect();
        assert_eq!(
            all,
            [
                ("1970-01-01T00:00:00.000Z".to_owned(), 3),
                ("1970-01-01T03:00:00.000Z".to_owned(), 4)
            ]
        );
    }
}
