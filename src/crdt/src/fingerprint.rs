//! A digest of what a replica has seen.

use core::fmt;

use crate::hash::mix;
use crate::{Key, KeyRange, NodeId, ReplicaId};

/// A stable 64-bit digest of a replica's context and live claims, or of a roster: replicas with
/// equal fingerprints answer every question alike. It is the sum, modulo 2⁶⁴, of one hash for each
/// entry of the context and one for each live claim, so it follows a change at the cost of the
/// change. It guards against accidents, not against somebody who seeks collisions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(u64);

impl Fingerprint {
    /// The digest as a number.
    #[must_use]
    pub const fn to_u64(self) -> u64 {
        self.0
    }

    /// The digest of both together.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0.wrapping_add(other.0))
    }

    /// The digest that [`to_u64`](Self::to_u64) has made this number of.
    #[must_use]
    pub const fn from_u64(number: u64) -> Self {
        Self(number)
    }

    /// Lets an entry of the context go from one counter to another. One of 0 counts nothing, so
    /// that it equals an absent one.
    pub(crate) fn advance(&mut self, replica: &ReplicaId, from: u64, to: u64) {
        let replica = replica.stable_hash();
        let term = |counter| if counter == 0 { 0 } else { mix(PROGRESS ^ replica, counter) };
        self.0 = self.0.wrapping_sub(term(from)).wrapping_add(term(to));
    }

    /// Lets a claim go from one priority to another, or from or to none, where it is not live.
    pub(crate) fn change(
        &mut self,
        node: &NodeId,
        range: KeyRange,
        from: Option<u64>,
        to: Option<u64>,
    ) {
        let claim = mix(CLAIM ^ node.stable_hash(), range.to_u64());
        let term = |priority: Option<u64>| priority.map_or(0, |priority| mix(claim, priority));
        self.0 = self.0.wrapping_sub(term(from)).wrapping_add(term(to));
    }

    /// Adds a key before which the keys are split.
    pub(crate) fn add_split(&mut self, at: Key) {
        self.0 = self.0.wrapping_add(mix(SPLIT, at.into()));
    }

    /// Adds one who has joined.
    pub(crate) fn add_joined(&mut self, replica: &ReplicaId) {
        self.0 = self.0.wrapping_add(mix(JOINED, replica.stable_hash()));
    }

    /// Adds one who has been retired.
    pub(crate) fn add_retired(&mut self, replica: &ReplicaId) {
        self.0 = self.0.wrapping_add(mix(RETIRED, replica.stable_hash()));
    }
}

/// What keeps the hashes of different things apart.
const PROGRESS: u64 = 1;
const CLAIM: u64 = 2;
const JOINED: u64 = 3;
const RETIRED: u64 = 4;
const SPLIT: u64 = 5;

impl fmt::Display for Fingerprint {
    /// 16 hex digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}
