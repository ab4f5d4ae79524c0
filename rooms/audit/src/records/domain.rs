//! Decisions about queries of audit records.

use blocks::listing::Order;
use db::{StoreError, Tx};
use kit::{EnvironmentId, Millis};
use thiserror::Error;

use crate::model::{Audit, HOUR};
use crate::store::{self, Seat};
use crate::wanted::Wanted;

/// Totals of filtered queries are exact up to this many.
const COUNTED: i64 = 10_000;
/// Filtered queries do not skip more than this.
const SKIPPED: i64 = 100_000;

/// Why a query was refused.
#[derive(Debug, Error)]
pub(crate) enum AuditError {
    #[error(
        "offset must not be greater than {SKIPPED} with this filter; narrow created_from and created_to instead"
    )]
    TooDeep,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Stores a posted event.
pub(crate) async fn add(tx: &Tx, environment: &EnvironmentId, audit: &Audit) -> Result<(), StoreError> {
    store::add(tx, environment, &[audit]).await
}

/// One page of records and how many there are in all. The total of a query by tenant and time is exact. That of any other
/// is exact up to ten thousand; beyond, it is at least one more than what was sent so far, as long as more follows.
pub(crate) async fn query(
    tx: &Tx,
    environment: &EnvironmentId,
    wanted: &Wanted,
) -> Result<(Vec<Audit>, i64), AuditError> {
    let counted_by_hours = wanted.is_plain() && wanted.tenants.len() <= 1;
    let end = wanted.offset + wanted.count;
    if counted_by_hours && wanted.is_indexed() && wanted.offset > COUNTED {
        let segments = segments(tx, environment, wanted).await?;
        let total = segments.iter().map(|segment| segment.entries).sum();
        let Some(seat) = seat(&segments, wanted) else {
            return Ok((Vec::new(), total));
        };
        let ids = kept(
            store::page(tx, environment, wanted, Some(seat)).await?,
            wanted.count,
        );
        return Ok((store::by_ids(tx, environment, &ids).await?, total));
    }
    if wanted.offset > SKIPPED {
        return Err(AuditError::TooDeep);
    }
    let ids = store::page(tx, environment, wanted, None).await?;
    let more = i64::try_from(ids.len()).unwrap_or(i64::MAX) > wanted.count;
    let ids = kept(ids, wanted.count);
    let sent = i64::try_from(ids.len()).unwrap_or(i64::MAX);
    let total = if counted_by_hours {
        total(tx, environment, wanted).await?
    } else if !more && (sent > 0 || wanted.offset == 0) {
        wanted.offset + sent
    } else {
        let counted = store::count(tx, environment, wanted, COUNTED + 1).await?;
        if counted > COUNTED && more {
            counted.max(end + 1)
        } else {
            counted
        }
    };
    Ok((store::by_ids(tx, environment, &ids).await?, total))
}

fn kept(mut ids: Vec<String>, count: i64) -> Vec<String> {
    ids.truncate(usize::try_from(count).unwrap_or(usize::MAX));
    ids
}

fn tenant_of(wanted: &Wanted) -> Option<&str> {
    wanted.tenants.first().map(String::as_str)
}

/// The counter that knows how many records there are.
fn counter(wanted: &Wanted) -> (&'static str, &str) {
    tenant_of(wanted).map_or(("all", ""), |tenant| ("tenant", tenant))
}

/// The hours that lie wholly in the time asked for, as the beginning of the first and the end of the last.
fn whole_hours(wanted: &Wanted) -> (i64, i64) {
    let from = wanted.from.map_or(0, |from| {
        (from.0.saturating_add(HOUR - 1)).div_euclid(HOUR) * HOUR
    });
    // The last moment is asked for too.
    let to = wanted
        .to
        .map_or(i64::MAX, |to| to.0.saturating_add(1).div_euclid(HOUR) * HOUR);
    (from, to)
}

/// What lies before and after the whole hours; the one piece there is when no whole hour lies between.
fn pieces(wanted: &Wanted) -> [Option<(i64, i64)>; 2] {
    let (first, last) = whole_hours(wanted);
    let from = wanted.from.map(|from| from.0);
    let to = wanted.to.map(|to| to.0.saturating_add(1));
    if first >= last {
        return [Some((from.unwrap_or(0), to.unwrap_or(i64::MAX))), None];
    }
    let some = |(from, to): (i64, i64)| (from < to).then_some((from, to));
    [
        from.and_then(|from| some((from, first))),
        to.and_then(|to| some((last, to))),
    ]
}

async fn total(tx: &Tx, environment: &EnvironmentId, wanted: &Wanted) -> Result<i64, StoreError> {
    let (first, last) = whole_hours(wanted);
    let mut sum = 0;
    if first < last {
        sum += store::sum(tx, environment, counter(wanted), (first, last)).await?;
    }
    for piece in pieces(wanted).into_iter().flatten() {
        sum += store::count_between(tx, environment, tenant_of(wanted), piece).await?;
    }
    Ok(sum)
}

/// A stretch of time and how many records it has.
#[derive(Clone, Copy, Debug)]
struct Segment {
    from: i64,
    to: i64,
    entries: i64,
}

/// The time asked for in stretches of at most an hour, oldest first.
async fn segments(tx: &Tx, environment: &EnvironmentId, wanted: &Wanted) -> Result<Vec<Segment>, StoreError> {
    let [before, after] = pieces(wanted);
    let (first, last) = whole_hours(wanted);
    let mut segments = Vec::new();
    if let Some((from, to)) = before {
        let entries = store::count_between(tx, environment, tenant_of(wanted), (from, to)).await?;
        segments.push(Segment { from, to, entries });
    }
    if first < last {
        for (hour, entries) in store::hours(tx, environment, counter(wanted), (first, last)).await? {
            segments.push(Segment {
                from: hour,
                to: hour + HOUR,
                entries,
            });
        }
    }
    if let Some((from, to)) = after {
        let entries = store::count_between(tx, environment, tenant_of(wanted), (from, to)).await?;
        segments.push(Segment { from, to, entries });
    }
    Ok(segments)
}

/// Where a deep page begins: in which stretch, and how many of its records to skip.
fn seat(segments: &[Segment], wanted: &Wanted) -> Option<Seat> {
    let mut skip = wanted.offset;
    let walk = |segment: &&Segment| {
        if skip < segment.entries {
            return true;
        }
        skip -= segment.entries;
        false
    };
    let descending = wanted.order == Order::Descending;
    let found = if descending {
        segments.iter().rev().find(walk)
    } else {
        segments.iter().find(walk)
    };
    found.map(|segment| Seat {
        bound: if descending { segment.to } else { segment.from },
        skip,
    })
}

/// How many records a tenant has of today (UTC), and how many severe ones (High and above) of the last seven days.
pub(crate) async fn stats(
    tx: &Tx,
    environment: &EnvironmentId,
    tenant: &str,
    now: Millis,
) -> Result<(i64, i64), StoreError> {
    const DAY: i64 = 24 * HOUR;
    let today = now.0.div_euclid(DAY) * DAY;
    let week = (now.0 - 7 * DAY).div_euclid(HOUR) * HOUR;
    let all = store::sum(tx, environment, ("tenant", tenant), (today, i64::MAX)).await?;
    let severe = store::sum(tx, environment, ("severe", tenant), (week, i64::MAX)).await?;
    Ok((all, severe))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(from: i64, to: i64) -> Wanted {
        Wanted {
            from: Some(Millis(from)),
            to: Some(Millis(to)),
            ..Wanted::default()
        }
    }

    #[test]
    fn a_stretch_of_time_is_whole_hours_and_what_lies_around_them() {
        let wanted = between(HOUR / 2, 3 * HOUR + 9);
        assert_eq!(whole_hours(&wanted), (HOUR, 3 * HOUR));
        assert_eq!(
            pieces(&wanted),
            [Some((HOUR / 2, HOUR)), Some((3 * HOUR, 3 * HOUR + 10))]
        );
        assert_eq!(pieces(&between(5, 9)), [Some((5, 10)), None]);
        assert_eq!(pieces(&between(HOUR, 2 * HOUR - 1)), [None, None]);
        assert_eq!(pieces(&Wanted::default()), [None, None]);
    }

    #[test]
    fn a_deep_page_begins_in_the_stretch_that_holds_it() {
        let segments: Vec<Segment> = (0..3)
            .map(|n| Segment {
                from: n * HOUR,
                to: (n + 1) * HOUR,
                entries: 10,
            })
            .collect();
        let seat_at = |offset: i64, order: Order| {
            seat(
                &segments,
                &Wanted {
                    offset,
                    order,
                    ..Wanted::default()
                },
            )
            .map(|seat| (seat.bound, seat.skip))
        };
        assert_eq!(seat_at(12, Order::Descending), Some((2 * HOUR, 2)));
        assert_eq!(seat_at(12, Order::Ascending), Some((HOUR, 2)));
        assert_eq!(seat_at(30, Order::Ascending), None);
    }
}
