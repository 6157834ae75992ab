//! Who serves which keys: derived from the live claims, and kept up with them.
//!
//! # Problem
//!
//! At one key, the owners are the nodes with live claims over it, each once, at the highest
//! priority among its claims. To compute that for the whole key space takes time for every claim,
//! and most changes touch one claim among thousands. Yet to keep an owner list for every run of
//! keys takes space for every pair of claims that overlap, which many wide claims make quadratic.
//!
//! # Model
//!
//! What is kept is linear in the live claims:
//!
//! - the claims themselves, in a balanced interval tree of all and in one for each node
//!   (`interval_trees`, `live_claims`);
//! - the boundaries between segments, each with how many nodes change priority there
//!   (`boundaries`).
//!
//! An owner list is put together from the claims over a key when it is asked for. A change of one
//! claim moves the owner lists exactly where it moves the highest priority of its own node, so
//! only that node's other claims to those keys, and one key to either side, have a say
//! (`profile`). The next highest claim of a node needs no memory of its own: it is still there.
//!
//! Split points are not stored either: they follow from the claims over the keys in question.
//!
//! # Invariants
//!
//! - The segments are those that [`segments_of`] computes from nothing, after every change.
//! - The boundaries are where neighbouring keys have different owner lists, and no others.
//! - An ownership is a function of its live claims: it compares, and prints, as its segments.
//!
//! # Complexity
//!
//! For n live claims, of which k lie over one key, and m claims of the changed one's node to the
//! keys that it is about:
//!
//! | | time |
//! |---|---|
//! | [`set`](Ownership::set) | O((m + 1) log n), however many segments of other nodes there are |
//! | [`owners`](Ownership::owners), [`segment`](Ownership::segment) | O((k + 1) log n) |
//! | [`segments_in`](Ownership::segments_in) | O(log n) for each claim to these keys, O(k log k) for each segment |
//! | [`gaps_in`](Ownership::gaps_in), [`split_points`](Ownership::split_points) | O(log n) for each claim to these keys |
//! | [`claims_of`](Ownership::claims_of) | O(log n) for each claim of the node |
//!
//! Space: about 85 bytes a claim, of which 48 to 60 are its place in the trees and 27 its two
//! boundaries, and 75 for each node that has claims; the trees never give back what they took.
//!
//! ```
//! use scalesmall_crdt::{Claim, KeyRange, NodeId, Ownership};
//!
//! let claim = |node, start, end| {
//!     Ok::<_, Box<dyn std::error::Error>>(Claim::new(NodeId::new(node)?, KeyRange::new(start, end)?))
//! };
//! let mut ownership = Ownership::new();
//! ownership.set(&claim("a", 0, 99)?, Some(3));
//! ownership.set(&claim("b", 50, 149)?, Some(5));
//!
//! // Where a serves with 3 already, a second claim with less changes nothing.
//! assert_eq!(ownership.set(&claim("a", 90, 109)?, Some(1)), [KeyRange::new(100, 109)?]);
//!
//! assert_eq!(ownership.primary(60).unwrap().node.as_str(), "b");
//! assert_eq!(ownership.segment(60).range, KeyRange::new(50, 99)?);
//! assert_eq!(ownership.gaps().collect::<Vec<_>>(), [KeyRange::new(150, u32::MAX)?]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod boundaries;
mod differences;
mod interval_trees;
mod live_claims;
mod profile;
mod segment;
mod sweep;

use alloc::vec::Vec;
use core::fmt;

use crate::{Claim, Key, KeyRange, NodeId};
use boundaries::Boundaries;
use differences::Differences;
use live_claims::LiveClaims;
use profile::{Piece, profile};
pub use segment::{Owner, Segment, segments_of};
use sweep::{Sweep, owners_at};

/// The whole key space as segments: maximal runs of keys with the same owners, which cover every
/// key once. It follows the live claims from [change](Self::set) to change. Two are equal that
/// have the same segments, whatever claims they come from.
///
/// A [`set`](Self::set) costs the changed claim's own node's claims to those keys; to list
/// segments costs the claims to the keys listed.
#[derive(Clone)]
pub struct Ownership {
    live: LiveClaims,
    boundaries: Boundaries,
}

impl Ownership {
    /// Nobody serves anything.
    #[must_use]
    pub fn new() -> Self {
        Self { live: LiveClaims::new(), boundaries: Boundaries::default() }
    }

    /// The ownership that live `claims` with these priorities come to: one [`set`](Self::set)
    /// after the other, so of a claim that is given twice the latter counts.
    #[must_use]
    pub fn of<'a>(claims: impl IntoIterator<Item = (&'a Claim, u64)>) -> Self {
        let mut ownership = Self::new();
        for (claim, priority) in claims {
            ownership.set(claim, Some(priority));
        }
        ownership
    }

    /// Lets `claim` be live with this priority, or not live with none. Returns the maximal runs
    /// of keys at which the owners, or their priorities, have changed, in order; all of them lie
    /// in the claim's range.
    ///
    /// O((m + 1) log n) for m claims of the same node that overlap this one or touch it.
    ///
    /// # Panics
    ///
    /// At 2³² − 1 live claims.
    pub fn set(&mut self, claim: &Claim, priority: Option<u64>) -> Vec<KeyRange> {
        let before = self.live.set(claim, priority);
        if before == priority {
            return Vec::new();
        }
        // With the keys next to it, where the node's priority may no longer change, or newly so.
        let window = KeyRange::between(
            u64::from(claim.range.start().saturating_sub(1)),
            (claim.range.past_end() + 1).min(KeyRange::ALL.past_end()),
        );
        let others = self.live.overlapping_of(&claim.node, window);
        let others = others.filter(|entry| entry.range != claim.range);
        let others = others.map(|entry| (entry.range, entry.priority));

        let mut changed: Vec<KeyRange> = Vec::new();
        let mut previous: Option<(Option<u64>, Option<u64>)> = None;
        for Piece { range, priority: others } in profile(others, window, claim.range) {
            let is_claimed = claim.range.contains(range.start());
            let with = |own: Option<u64>| if is_claimed { others.max(own) } else { others };
            let (was, is) = (with(before), with(priority));
            if let Some((previously_was, previously_is)) = previous {
                match (previously_was != was, previously_is != is) {
                    (true, false) => self.boundaries.remove(range.start()),
                    (false, true) => self.boundaries.add(range.start()),
                    _ => {}
                }
            }
            previous = Some((was, is));
            if was != is {
                extend(&mut changed, range);
            }
        }
        changed
    }

    // --- At one key ---

    /// Who serves `key`: by priority descending, then by node. O((k + 1) log n) for the k claims
    /// over it.
    #[must_use]
    pub fn owners(&self, key: Key) -> Vec<Owner> {
        owners_at(self, key)
    }

    /// The preferred owner of `key`. O((k + 1) log n) for the k claims over it.
    #[must_use]
    pub fn primary(&self, key: Key) -> Option<Owner> {
        self.owners(key).into_iter().next()
    }

    /// The segment that holds `key`, whole. O((k + 1) log n) for the k claims over it.
    #[must_use]
    pub fn segment(&self, key: Key) -> Segment {
        let boundaries =
            |start, end| self.boundaries.inside(KeyRange::between(u64::from(start), end));
        let past_key = u64::from(key) + 1;
        let start = boundaries(Key::MIN, past_key).next_back().map_or(0, |(&start, _)| start);
        let past_end = KeyRange::ALL.past_end();
        let past_end = boundaries(key, past_end).next().map_or(past_end, |(&key, _)| key.into());
        Segment { range: KeyRange::between(start.into(), past_end), owners: self.owners(key) }
    }

    // --- Along the keys ---

    /// All segments, in order.
    pub fn segments(&self) -> impl Iterator<Item = Segment> {
        self.segments_in(KeyRange::ALL)
    }

    /// How many segments there are, at least one. O(1).
    #[must_use]
    pub fn segment_count(&self) -> usize {
        self.boundaries.len() + 1
    }

    /// The segments that share a key with `range`, in order, the first and the last of them
    /// **clipped** to it: together they are `range`. See [`segment`](Self::segment) for a whole
    /// one.
    pub fn segments_in(&self, range: KeyRange) -> impl Iterator<Item = Segment> {
        Sweep::new(self, range)
    }

    /// The runs of keys that nobody serves, in order.
    pub fn gaps(&self) -> impl Iterator<Item = KeyRange> {
        self.gaps_in(KeyRange::ALL)
    }

    /// The runs of keys in `range` that nobody serves, in order, clipped to it. O(log n) for each
    /// claim that shares a key with it.
    pub fn gaps_in(&self, range: KeyRange) -> impl Iterator<Item = KeyRange> {
        let mut from = u64::from(range.start());
        core::iter::from_fn(move || {
            while from < range.past_end() {
                let key = Key::try_from(from).expect("a position before the end is a key");
                if let Some(reach) = self.live.reach(key).filter(|&reach| reach >= key) {
                    from = u64::from(reach) + 1;
                    continue;
                }
                let next = self.live.next_start(key).map_or(range.past_end(), u64::from);
                let to = next.min(range.past_end());
                let gap = KeyRange::between(from, to);
                from = to;
                return Some(gap);
            }
            None
        })
    }

    /// The split points from position `range.start()` to position
    /// [`range.past_end()`](KeyRange::past_end), **both inclusive**, in order: the positions at
    /// which a live claim starts, or up to which it goes. There are some inside of segments,
    /// where a node's lower claim starts or ends under its higher one. The last position of the
    /// key space is 2³².
    ///
    /// O(log n) for each claim that shares a key with the range or touches it.
    #[must_use]
    pub fn split_points(&self, range: KeyRange) -> Vec<u64> {
        let positions = u64::from(range.start())..=range.past_end();
        let window = KeyRange::between(
            positions.start().saturating_sub(1),
            (positions.end() + 1).min(KeyRange::ALL.past_end()),
        );
        let claims = self.live.overlapping(window).map(|entry| entry.range);
        let mut points: Vec<u64> = claims
            .flat_map(|range| [u64::from(range.start()), range.past_end()])
            .filter(|point| positions.contains(point))
            .collect();
        points.sort_unstable();
        points.dedup();
        points
    }

    // --- The claims behind it ---

    /// How many claims are live. O(1).
    #[must_use]
    pub fn claim_count(&self) -> usize {
        self.live.len()
    }

    /// The priority of a claim, or nothing where it is not live. O(log n).
    #[must_use]
    pub fn priority(&self, claim: &Claim) -> Option<u64> {
        self.live.priority(claim)
    }

    /// The ranges of the live claims of `node` with their priorities, by (start, end).
    pub fn claims_of(&self, node: &NodeId) -> impl Iterator<Item = (KeyRange, u64)> + use<'_> {
        let claims = self.live.overlapping_of(node, KeyRange::ALL);
        claims.map(|entry| (entry.range, entry.priority))
    }

    // --- Beside another ---

    /// The maximal runs of keys at which the owners, or their priorities, are not those of
    /// `other`, in order. As much work as to list the segments of both.
    #[must_use]
    pub fn differences(&self, other: &Self) -> Vec<KeyRange> {
        self.differences_in(KeyRange::ALL, other)
    }

    /// The runs of [`differences`](Self::differences) in `range`, clipped to it.
    #[must_use]
    pub fn differences_in(&self, range: KeyRange, other: &Self) -> Vec<KeyRange> {
        Differences::new([self, other], range).collect()
    }

    /// Checks all of it against [`segments_of`] the live claims, and what it is made of.
    /// O(n (log n + k log k)).
    ///
    /// # Panics
    ///
    /// At the first thing that is not as it should be.
    pub fn check_invariants(&self) {
        self.live.check_invariants();
        let claims: Vec<(Claim, u64)> = self
            .live
            .overlapping(KeyRange::ALL)
            .map(|entry| (Claim::new(self.live.node(entry).clone(), entry.range), entry.priority))
            .collect();
        let defined = segments_of(claims.iter().map(|(claim, priority)| (claim, *priority)));
        let boundaries = self.boundaries.inside(KeyRange::ALL).map(|(&key, _)| key);
        let starts = defined.iter().skip(1).map(|segment| segment.range.start());
        assert!(boundaries.eq(starts), "the boundaries are not between the segments");
        for (segment, defined) in self.segments().zip(&defined) {
            assert_eq!(segment, *defined, "this segment is not that one by definition");
        }
    }
}

impl Default for Ownership {
    fn default() -> Self {
        Self::new()
    }
}

impl PartialEq for Ownership {
    fn eq(&self, other: &Self) -> bool {
        Differences::new([self, other], KeyRange::ALL).next().is_none()
    }
}

impl Eq for Ownership {}

impl fmt::Debug for Ownership {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.segments()).finish()
    }
}

/// Adds the next piece to maximal runs.
fn extend(runs: &mut Vec<KeyRange>, piece: KeyRange) {
    match runs.last_mut() {
        Some(last) if last.past_end() == u64::from(piece.start()) => {
            *last = KeyRange::between(u64::from(last.start()), piece.past_end());
        }
        _ => runs.push(piece),
    }
}
