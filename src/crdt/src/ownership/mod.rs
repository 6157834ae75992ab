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
//! What is kept is linear in the claims: a table of them, found by name in O(1) (`claim_table`),
//! and the live ones among them in a balanced interval tree of all and in one for each node
//! (`interval_trees`). A claim that stays live and only changes its priority stays where it is.
//!
//! Owner lists, segments, gaps and split points are not stored. They follow from the claims over
//! the keys in question, when somebody asks, segment after segment along the keys (`sweep`).
//!
//! # Invariants
//!
//! - The segments are those that [`segments_of`] computes from nothing, after every change.
//! - An ownership is a function of its live claims: it compares, and prints, as its segments.
//!
//! # Complexity
//!
//! For n live claims, of which k lie over one key:
//!
//! | | time |
//! |---|---|
//! | [`set`](Ownership::set) | O(1) if the claim is live before and after, else O(log n) |
//! | [`priority`](Ownership::priority) | O(1) |
//! | [`owners`](Ownership::owners) | O((k + 1) log n) |
//! | [`segments_in`](Ownership::segments_in) | O(log n + k log k) for each claim to these keys |
//! | [`gaps_in`](Ownership::gaps_in), [`split_points`](Ownership::split_points) | O(log n) for each claim to these keys |
//! | [`claims_of`](Ownership::claims_of) | O(log n) for each claim of the node |
//! | [`changed_since`](Ownership::changed_since) | O(n), some nanoseconds for each claim |
//!
//! Space: 48 to 60 bytes a claim for its slot, 6 to 12 for the index, and some 100 for each node
//! that has claims; slots are reused and never given back.
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
//! assert_eq!(ownership.primary(60).unwrap().node.as_str(), "b");
//! let mut segments = ownership.segments();
//! assert_eq!(segments.next().unwrap().range, KeyRange::new(0, 49)?);
//! assert_eq!(segments.next().unwrap().range, KeyRange::new(50, 99)?);
//! assert_eq!(ownership.gaps().collect::<Vec<_>>(), [KeyRange::new(150, u32::MAX)?]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod claim_table;
mod differences;
mod interval_trees;
mod segment;
mod sweep;

use alloc::vec::Vec;
use core::fmt;

use crate::sort::{sorted, sorted_once};
use crate::{Claim, Key, KeyRange, NodeId};
pub(crate) use claim_table::{ClaimTable, Slot};
use differences::Differences;
pub use segment::{Owner, Segment, segments_of};
use sweep::{Sweep, owners_at};

/// The whole key space as segments: maximal runs of keys with the same owners, which cover every
/// key once. It follows the live claims from [change](Self::set) to change. Two are equal that
/// have the same segments, whatever claims they come from.
#[derive(Clone)]
pub struct Ownership {
    pub(crate) claims: ClaimTable,
}

impl Ownership {
    /// Nobody serves anything.
    #[must_use]
    pub fn new() -> Self {
        Self { claims: ClaimTable::new() }
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

    /// Lets `claim` be live with this priority, or not live with none, and returns its priority
    /// before. O(1) if it was live and is, else O(log n).
    ///
    /// # Panics
    ///
    /// At 2³² − 1 claims.
    pub fn set(&mut self, claim: &Claim, priority: Option<u64>) -> Option<u64> {
        let slot = match priority {
            Some(_) => self.claims.hold(claim),
            None => self.claims.find(claim)?,
        };
        let before = self.claims.priority(slot);
        self.claims.set(slot, priority);
        if priority.is_none() {
            self.claims.release(slot);
        }
        before
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

    // --- Along the keys ---

    /// All segments, in order: together they are the key space.
    pub fn segments(&self) -> impl Iterator<Item = Segment> {
        self.segments_in(KeyRange::ALL)
    }

    /// How many segments there are, at least one. As much work as to go over them.
    #[must_use]
    pub fn segment_count(&self) -> usize {
        let mut sweep = Sweep::new(self, KeyRange::ALL);
        core::iter::from_fn(|| sweep.advance()).count()
    }

    /// The segments that share a key with `range`, in order, the first and the last of them
    /// **clipped** to it: together they are `range`.
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
                if let Some(reach) = self.claims.reach(key).filter(|&reach| reach >= key) {
                    from = u64::from(reach) + 1;
                    continue;
                }
                let next = self.claims.next_start(key).map_or(range.past_end(), u64::from);
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
        let claims = self.claims.overlapping(window).map(|entry| entry.range);
        let points = claims.flat_map(|range| [u64::from(range.start()), range.past_end()]);
        sorted_once(points.filter(|point| positions.contains(point)).collect())
    }

    // --- The claims behind it ---

    /// How many claims are live. O(1).
    #[must_use]
    pub fn claim_count(&self) -> usize {
        self.claims.live()
    }

    /// The priority of a claim, or nothing where it is not live. O(1).
    #[must_use]
    pub fn priority(&self, claim: &Claim) -> Option<u64> {
        self.claims.priority(self.claims.find(claim)?)
    }

    /// The live claims with their priorities, by (start, end, node). O(n log n).
    pub fn claims(&self) -> impl Iterator<Item = (Claim, u64)> {
        let live = self.claims.overlapping(KeyRange::ALL);
        // By range already; the nodes of a range are by number.
        let live = live.map(|entry| (entry.range, self.claims.node(entry), entry.priority));
        let live = sorted(live.collect()).into_iter();
        live.map(|(range, node, priority)| (Claim::new(node.clone(), range), priority))
    }

    /// The ranges of the live claims of `node` with their priorities, by (start, end).
    pub fn claims_of(&self, node: &NodeId) -> impl Iterator<Item = (KeyRange, u64)> + use<'_> {
        let claims = self.claims.overlapping_of(node, KeyRange::ALL);
        claims.map(|entry| (entry.range, entry.priority))
    }

    /// Which nodes claim some of these keys, once for each claim, by the claims' order. O(log n) for
    /// each.
    pub fn claimants(&self, range: KeyRange) -> impl Iterator<Item = &NodeId> {
        self.claims.overlapping(range).map(|entry| self.claims.node(entry))
    }

    /// Whether a node claims some of these keys. O(log n).
    #[must_use]
    pub fn serves(&self, node: &NodeId, range: KeyRange) -> bool {
        self.claims.overlapping_of(node, range).next().is_some()
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

    /// Keys outside of which owners and priorities are as they were `earlier`: ranges in any order,
    /// which may overlap. They are those of the claims that have changed where this one has come
    /// from a clone of the earlier one by changes; beside any other, they may be many more.
    /// O(claims), with nothing to do for the owners at any key.
    #[must_use]
    pub fn changed_since(&self, earlier: &Self) -> Vec<KeyRange> {
        self.claims.changed_since(&earlier.claims)
    }

    /// Checks all of it against [`segments_of`] the live claims, and what it is made of.
    /// O(n (log n + k log k)).
    ///
    /// # Panics
    ///
    /// At the first thing that is not as it should be.
    pub fn check_invariants(&self) {
        self.claims.check_invariants();
        let claims: Vec<(Claim, u64)> = self.claims().collect();
        let defined = segments_of(claims.iter().map(|(claim, priority)| (claim, *priority)));
        assert_eq!(self.segment_count(), defined.len(), "segments");
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
