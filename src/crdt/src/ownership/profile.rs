//! How highly one node's claims rank each key.

use alloc::collections::BinaryHeap;
use alloc::vec::Vec;

use crate::KeyRange;

/// A run of keys over which some claims of one node have the same highest priority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) range: KeyRange,
    /// The highest; none where none of the claims covers the keys.
    pub(super) priority: Option<u64>,
}

/// The keys of `window` in order, as pieces of the priority that `claims` give them. The claims
/// come by their start and overlap the window. A piece also ends where `part`, which lies in the
/// window, starts or ends, so each is inside it or outside. O(m log m) for m claims.
pub(super) fn profile(
    claims: impl Iterator<Item = (KeyRange, u64)>,
    window: KeyRange,
    part: KeyRange,
) -> Vec<Piece> {
    let claims: Vec<(KeyRange, u64)> = claims.collect();
    let ranges = claims.iter().map(|&(range, _)| range).chain([window, part]);
    let mut points: Vec<u64> =
        ranges.flat_map(|range| [u64::from(range.start()), range.past_end()]).collect();
    points.retain(|point| (u64::from(window.start())..=window.past_end()).contains(point));
    points.sort_unstable();
    points.dedup();

    let mut coming = claims.into_iter().peekable();
    let mut covering: BinaryHeap<(u64, u64)> = BinaryHeap::new();
    let piece = |pair: &[u64]| {
        let (from, to) = (pair[0], pair[1]);
        while let Some((range, priority)) =
            coming.next_if(|(range, _)| u64::from(range.start()) <= from)
        {
            covering.push((priority, range.past_end()));
        }
        // One that is past and not the highest stays until it is.
        while covering.peek().is_some_and(|&(_, past_end)| past_end <= from) {
            covering.pop();
        }
        let priority = covering.peek().map(|&(priority, _)| priority);
        Piece { range: KeyRange::between(from, to), priority }
    };
    points.windows(2).map(piece).collect()
}
