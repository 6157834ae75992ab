//! Who serves which keys: derived from the live claims, never stored.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::cmp::Reverse;

use crate::{Claim, Key, KeyRange, NodeId};

/// A node that serves some keys, with the highest priority among its claims to them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Owner {
    /// The server.
    pub node: NodeId,
    /// Its priority there; the higher is preferred.
    pub priority: u64,
}

/// A maximal run of keys with the same owners.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Segment {
    /// The keys.
    pub range: KeyRange,
    /// By priority descending, then by node; empty where nobody serves the keys.
    pub owners: Vec<Owner>,
}

impl Segment {
    /// The preferred owner.
    #[must_use]
    pub fn primary(&self) -> Option<&Owner> {
        self.owners.first()
    }
}

/// The whole key space, in order, as segments: they cover every key once, and neighbours differ
/// in their owners.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ownership {
    segments: Vec<Segment>,
}

impl Ownership {
    /// The ownership that live `claims` with these priorities come to. For n claims with at most
    /// k over any one key: O(n (log n + k log k)).
    #[must_use]
    pub fn of<'a>(claims: impl IntoIterator<Item = (&'a Claim, u64)>) -> Self {
        let mut starting: BTreeMap<u64, Vec<(&Claim, u64)>> = BTreeMap::new();
        let mut ending: BTreeMap<u64, Vec<(&Claim, u64)>> = BTreeMap::new();
        for (claim, priority) in claims {
            starting.entry(u64::from(claim.range.start())).or_default().push((claim, priority));
            ending.entry(claim.range.past_end()).or_default().push((claim, priority));
        }
        let past_end = KeyRange::ALL.past_end();
        let mut boundaries: BTreeSet<u64> = starting.keys().chain(ending.keys()).copied().collect();
        boundaries.extend([0, past_end]);

        let mut segments: Vec<Segment> = Vec::with_capacity(boundaries.len());
        let mut covering = BTreeSet::new();
        let mut from = 0;
        for boundary in boundaries {
            if boundary > from {
                let owners = owners(&covering);
                match segments.last_mut() {
                    Some(last) if last.owners == owners => {
                        last.range = KeyRange::between(u64::from(last.range.start()), boundary);
                    }
                    _ => {
                        segments.push(Segment { range: KeyRange::between(from, boundary), owners })
                    }
                }
                from = boundary;
            }
            for &(claim, priority) in ending.get(&boundary).into_iter().flatten() {
                covering.remove(&(priority, claim));
            }
            for &(claim, priority) in starting.get(&boundary).into_iter().flatten() {
                covering.insert((priority, claim));
            }
        }
        Self { segments }
    }

    /// The segments, in order.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The segment that holds `key`. O(log n).
    #[must_use]
    pub fn segment(&self, key: Key) -> &Segment {
        let index = self.segments.partition_point(|segment| segment.range.end() < key);
        &self.segments[index]
    }

    /// The runs of keys at which the owners, or their priorities, are not those of `other`. O(n).
    #[must_use]
    pub fn differences(&self, other: &Self) -> Vec<KeyRange> {
        let mut differences: Vec<KeyRange> = Vec::new();
        let (mut mine, mut theirs, mut from) = (0, 0, 0);
        while from < KeyRange::ALL.past_end() {
            let (a, b) = (&self.segments[mine], &other.segments[theirs]);
            let to = a.range.past_end().min(b.range.past_end());
            if a.owners != b.owners {
                match differences.last_mut() {
                    Some(last) if last.past_end() == from => {
                        *last = KeyRange::between(u64::from(last.start()), to);
                    }
                    _ => differences.push(KeyRange::between(from, to)),
                }
            }
            mine += usize::from(a.range.past_end() == to);
            theirs += usize::from(b.range.past_end() == to);
            from = to;
        }
        differences
    }

    /// Checks that the segments cover the key space in order and that neighbours differ.
    ///
    /// # Panics
    ///
    /// At the first segment that breaks this.
    pub fn check_invariants(&self) {
        let mut from = 0;
        for segment in &self.segments {
            assert_eq!(u64::from(segment.range.start()), from, "a segment starts elsewhere");
            from = segment.range.past_end();
            let order = |a: &Owner, b: &Owner| (b.priority, &a.node) < (a.priority, &b.node);
            assert!(segment.owners.is_sorted_by(order), "owners of {} out of order", segment.range);
        }
        assert_eq!(from, KeyRange::ALL.past_end(), "the segments end early");
        for pair in self.segments.windows(2) {
            assert_ne!(
                pair[0].owners, pair[1].owners,
                "a boundary at {} for nothing",
                pair[1].range
            );
        }
    }
}

/// The owner list of keys that these claims cover. A node counts once, at its highest priority.
fn owners(covering: &BTreeSet<(u64, &Claim)>) -> Vec<Owner> {
    let mut highest: BTreeMap<&NodeId, u64> = BTreeMap::new();
    for &(priority, claim) in covering {
        // In ascending order, so the last one stays.
        highest.insert(&claim.node, priority);
    }
    let owner = |(node, priority): (&NodeId, u64)| Owner { node: node.clone(), priority };
    let mut owners: Vec<Owner> = highest.into_iter().map(owner).collect();
    // Stable, so nodes of equal priority stay in their order.
    owners.sort_by_key(|owner| Reverse(owner.priority));
    owners
}
