//! Arithmetic of pages: which stretches of which ordered pieces make up a page.

use blocks::listing::Order;

/// A stretch of an ordered whole, in ascending order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) skip: i64,
    pub(super) take: i64,
}

/// The stretch of a whole of `total` that is the page after `skip`, read in `order`. A descending page is an ascending
/// stretch read backwards.
pub(super) const fn stretch(total: i64, skip: i64, limit: i64, order: Order) -> Stretch {
    if skip >= total {
        return Stretch { skip: 0, take: 0 };
    }
    let left = total - skip;
    let take = if limit < left { limit } else { left };
    match order {
        Order::Ascending => Stretch { skip, take },
        Order::Descending => Stretch {
            skip: left - take,
            take,
        },
    }
}

/// The page after `skip` over pieces that follow one another, each of a known size: which stretch of which piece.
pub(super) fn across(sizes: &[i64], skip: i64, limit: i64) -> Vec<(usize, Stretch)> {
    let (mut before, mut wanted) = (skip, limit);
    let mut parts = Vec::new();
    for (index, size) in sizes.iter().enumerate() {
        if wanted == 0 {
            break;
        }
        if before >= *size {
            before -= size;
            continue;
        }
        let take = wanted.min(size - before);
        parts.push((index, Stretch { skip: before, take }));
        wanted -= take;
        before = 0;
    }
    parts
}

/// How to reach a stretch of a whole of `total` from its nearer end: the number to skip from there, and whether from the end.
pub(super) const fn nearer(total: i64, stretch: Stretch) -> (i64, bool) {
    let behind = total - stretch.skip - stretch.take;
    if behind < stretch.skip {
        (behind, true)
    } else {
        (stretch.skip, false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descending_pages_are_stretches_from_the_other_end() {
        assert_eq!(
            stretch(25, 0, 10, Order::Descending),
            Stretch { skip: 15, take: 10 }
        );
        assert_eq!(
            stretch(25, 20, 10, Order::Descending),
            Stretch { skip: 0, take: 5 }
        );
        assert_eq!(
            stretch(25, 20, 10, Order::Ascending),
            Stretch { skip: 20, take: 5 }
        );
        assert_eq!(stretch(25, 30, 10, Order::Ascending).take, 0);
    }

    #[test]
    fn a_page_may_span_pieces() {
        let parts = across(&[3, 0, 4, 5], 2, 6);
        assert_eq!(
            parts,
            [
                (0, Stretch { skip: 2, take: 1 }),
                (2, Stretch { skip: 0, take: 4 }),
                (3, Stretch { skip: 0, take: 1 })
            ]
        );
        assert!(across(&[3], 3, 5).is_empty());
    }

    #[test]
    fn the_last_page_is_reached_from_the_end() {
        assert_eq!(nearer(100, Stretch { skip: 90, take: 10 }), (0, true));
        assert_eq!(nearer(100, Stretch { skip: 0, take: 10 }), (0, false));
        assert_eq!(nearer(100, Stretch { skip: 60, take: 10 }), (30, true));
    }
}
