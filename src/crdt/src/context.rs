//! Which operations a replica has applied.

use alloc::vec::Vec;
use core::fmt;

use crate::numbered::Numbered;
use crate::sort::sorted;
use crate::{Dot, ReplicaId};

/// A causal context without gaps: per replica, how many of its operations have been applied. A
/// replica that is absent has none.
///
/// Its entries are kept in the order in which the replicas were first met: an entry keeps its
/// place, which stands for the replica inside of a [`ClaimMap`](crate::ClaimMap).
#[derive(Clone, Default)]
pub struct VersionVector {
    /// By place.
    replicas: Numbered<ReplicaId>,
    /// By place. A counter of 0 stands for a replica of which nothing has been applied.
    counters: Vec<u64>,
}

/// The place of an entry.
pub(crate) type Place = u32;

impl VersionVector {
    /// The context of a replica that has applied nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many operations of `replica` have been applied; so the counter of the latest of them.
    /// O(1).
    #[must_use]
    pub fn counter(&self, replica: &ReplicaId) -> u64 {
        self.place(replica).map_or(0, |place| self.counter_at(place))
    }

    /// Whether the operation named `dot` has been applied. O(1).
    #[must_use]
    pub fn contains(&self, dot: &Dot) -> bool {
        dot.counter <= self.counter(&dot.replica)
    }

    /// Whether everything in `other` is here as well. O(its replicas).
    #[must_use]
    pub fn includes(&self, other: &Self) -> bool {
        other.unordered().all(|(replica, counter)| counter <= self.counter(replica))
    }

    /// The replicas with at least one applied operation, in their order, each with its counter.
    /// O(n log n).
    pub fn iter(&self) -> impl Iterator<Item = (&ReplicaId, u64)> {
        sorted(self.unordered().collect()).into_iter()
    }

    /// How many operations have been applied in all.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.unordered().fold(0, |sum, (_, counter)| sum.saturating_add(counter))
    }

    /// How many operations are here that `other` lacks.
    #[must_use]
    pub fn operations_beyond(&self, other: &Self) -> u64 {
        let beyond = |(replica, counter): (_, u64)| counter.saturating_sub(other.counter(replica));
        self.unordered().map(beyond).fold(0, u64::saturating_add)
    }

    /// Checks that every replica is found at its place. O(n).
    ///
    /// # Panics
    ///
    /// If one is not.
    pub fn check_invariants(&self) {
        self.replicas.check_invariants();
        assert_eq!(self.replicas.len(), self.counters.len(), "replicas and their counters");
    }

    /// The same in the order in which the replicas were met.
    pub(crate) fn unordered(&self) -> impl Iterator<Item = (&ReplicaId, u64)> {
        let entries = self.replicas.iter().zip(self.counters.iter().copied());
        entries.filter(|&(_, counter)| counter > 0)
    }

    // --- By place ---

    /// How many places there are.
    pub(crate) fn places(&self) -> usize {
        self.replicas.len()
    }

    /// The place of a replica that has one. O(1).
    pub(crate) fn place(&self, replica: &ReplicaId) -> Option<Place> {
        self.replicas.find(replica)
    }

    /// The place of a replica, a new one if it has none. O(1).
    pub(crate) fn place_or_new(&mut self, replica: &ReplicaId) -> Place {
        self.place(replica).unwrap_or_else(|| {
            self.counters.push(0);
            self.replicas.add(replica.clone())
        })
    }

    pub(crate) fn replica_at(&self, place: Place) -> &ReplicaId {
        self.replicas.get(place)
    }

    pub(crate) fn counter_at(&self, place: Place) -> u64 {
        self.counters[place as usize]
    }

    // --- Changes ---

    pub(crate) fn set_at(&mut self, place: Place, counter: u64) {
        self.counters[place as usize] = counter;
    }

    /// Counts so many operations of `replica`, if fewer were counted. O(1).
    pub fn raise(&mut self, replica: &ReplicaId, counter: u64) {
        let place = self.place_or_new(replica);
        self.set_at(place, counter.max(self.counter_at(place)));
    }

    /// Counts no more than `other` does.
    pub(crate) fn limit(&mut self, other: &Self) {
        for (replica, counter) in self.replicas.iter().zip(&mut self.counters) {
            *counter = other.counter(replica).min(*counter);
        }
    }

    /// Forgets the replicas of which `other` counts as much, or more.
    pub(crate) fn retain_beyond(&mut self, other: &Self) {
        let is_beyond = |&(replica, counter): &(&ReplicaId, u64)| counter > other.counter(replica);
        *self = self.unordered().filter(is_beyond).collect();
    }

    /// Whether nothing is counted.
    pub(crate) fn is_empty(&self) -> bool {
        self.counters.iter().all(|&counter| counter == 0)
    }
}

impl PartialEq for VersionVector {
    fn eq(&self, other: &Self) -> bool {
        self.includes(other) && other.includes(self)
    }
}

impl Eq for VersionVector {}

impl fmt::Debug for VersionVector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<'a> FromIterator<(&'a ReplicaId, u64)> for VersionVector {
    /// Of a replica that is given several times, the highest counter counts.
    fn from_iter<I: IntoIterator<Item = (&'a ReplicaId, u64)>>(entries: I) -> Self {
        let mut vector = Self::new();
        entries.into_iter().for_each(|(replica, counter)| vector.raise(replica, counter));
        vector
    }
}
