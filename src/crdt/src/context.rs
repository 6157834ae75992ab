//! Which operations a replica has applied.

use alloc::collections::BTreeMap;

use crate::{Dot, ReplicaId};

/// A causal context without gaps: per replica, how many of its operations have been applied. A
/// replica that is absent has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(transparent))]
pub struct VersionVector {
    counters: BTreeMap<ReplicaId, u64>,
}

impl VersionVector {
    /// The context of a replica that has applied nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The context with these counters, none of which is 0.
    pub(crate) fn from_counters(counters: BTreeMap<ReplicaId, u64>) -> Self {
        Self { counters }
    }

    /// How many operations of `replica` have been applied; so the counter of the latest of them.
    #[must_use]
    pub fn counter(&self, replica: &ReplicaId) -> u64 {
        self.counters.get(replica).copied().unwrap_or(0)
    }

    /// Whether the operation named `dot` has been applied.
    #[must_use]
    pub fn contains(&self, dot: &Dot) -> bool {
        dot.counter <= self.counter(&dot.replica)
    }

    /// Whether everything in `other` is here as well.
    #[must_use]
    pub fn includes(&self, other: &Self) -> bool {
        other.iter().all(|(replica, counter)| counter <= self.counter(replica))
    }

    /// The replicas with at least one applied operation, in order, each with its counter.
    pub fn iter(&self) -> impl Iterator<Item = (&ReplicaId, u64)> {
        self.counters.iter().map(|(replica, &counter)| (replica, counter))
    }

    /// How many operations have been applied in all.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.counters.values().copied().fold(0, u64::saturating_add)
    }

    /// How many operations are here that `other` lacks.
    #[must_use]
    pub fn operations_beyond(&self, other: &Self) -> u64 {
        let beyond = |(replica, counter): (_, u64)| counter.saturating_sub(other.counter(replica));
        self.iter().map(beyond).fold(0, u64::saturating_add)
    }

    /// Counts `dot` as applied.
    ///
    /// # Panics
    ///
    /// Unless `dot` is the next one of its replica.
    pub(crate) fn advance(&mut self, dot: &Dot) {
        let counter = self.counters.entry(dot.replica.clone()).or_insert(0);
        assert_eq!(
            dot.counter,
            *counter + 1,
            "the operations of {} are applied in order",
            dot.replica
        );
        *counter = dot.counter;
    }

    /// Counts everything that `other` counts.
    pub(crate) fn include(&mut self, other: &Self) {
        for (replica, counter) in other.iter() {
            let own = self.counters.entry(replica.clone()).or_insert(0);
            *own = counter.max(*own);
        }
    }

    /// Counts no more than `other` does.
    pub(crate) fn limit(&mut self, other: &Self) {
        self.counters.retain(|replica, counter| {
            *counter = other.counter(replica).min(*counter);
            *counter > 0
        });
    }
}
