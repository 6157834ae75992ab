//! Owners and segments, and what live claims come to by definition.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::cmp::Reverse;

use crate::{Claim, KeyRange, NodeId};

/// A node that serves some keys, with the highest priority among its claims to them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Owner {
    /// The server.
    pub node: NodeId,
    /// Its priority there; the higher is preferred.
    pub priority: u64,
}

/// A run of keys with the same owners.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
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

/// The segments that live `claims`, each given once, with these priorities come to: the
/// definition, computed from nothing. The whole key space, in order; neighbours differ.
///
/// [`Ownership`](crate::Ownership) gives the same answer, maintained from change to change.
///
/// For n claims, at most k of them over any one key: O(n (log n + k log k)).
#[must_use]
pub fn segments_of<'a>(claims: impl IntoIterator<Item = (&'a Claim, u64)>) -> Vec<Segment> {
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
                _ => segments.push(Segment { range: KeyRange::between(from, boundary), owners }),
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
    segments
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
