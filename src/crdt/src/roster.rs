//! Whose word is needed before something counts as seen by all.
//!
//! **A replica listens to members only**: it takes operations, states, rosters and announcements
//! from nobody who is not a member on its own roster, and gives its state to nobody else. Whoever is
//! refused, because it has been retired or because nobody here has heard of its admission, comes
//! back as a fresh incarnation through a sponsor.
//!
//! That much is needed because a retired replica may have admitted a newcomer that no other member
//! has heard of: were its word taken, contributions might have been folded meanwhile that it has
//! cancelled in part. As it is, every newcomer becomes known through members, whose announcements
//! no longer count once their roster has grown.

use alloc::collections::BTreeSet;

use crate::ReplicaId;

/// The replicas that have joined and those that have been retired, both for good. Members are
/// those that have joined and have not been retired. Crashes and suspicion do not change a roster.
/// Rosters themselves converge: two sets that only grow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Roster {
    joined: BTreeSet<ReplicaId>,
    retired: BTreeSet<ReplicaId>,
}

impl Roster {
    /// A roster of nobody.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a replica. A sponsor does so **before** it hands its state to a newcomer.
    pub fn join(&mut self, replica: ReplicaId) {
        self.joined.insert(replica);
    }

    /// Removes a replica for good, as an explicit act; its node can come back as a [fresh](ReplicaId::fresh) one.
    pub fn retire(&mut self, replica: ReplicaId) {
        self.retired.insert(replica);
    }

    /// Takes in another roster. True if this one has changed.
    pub fn merge(&mut self, other: &Self) -> bool {
        let before = (self.joined.len(), self.retired.len());
        self.joined.extend(other.joined.iter().cloned());
        self.retired.extend(other.retired.iter().cloned());
        before != (self.joined.len(), self.retired.len())
    }

    /// Who has joined and has not been retired, in order.
    pub fn members(&self) -> impl Iterator<Item = &ReplicaId> {
        self.joined.difference(&self.retired)
    }

    /// Who has joined, retired since or not, in order.
    pub fn joined(&self) -> impl Iterator<Item = &ReplicaId> + Clone {
        self.joined.iter()
    }

    /// Whether `replica` is a member.
    #[must_use]
    pub fn has_member(&self, replica: &ReplicaId) -> bool {
        self.joined.contains(replica) && !self.retired.contains(replica)
    }

    /// Who has been retired, in order.
    pub fn retired(&self) -> impl Iterator<Item = &ReplicaId> + Clone {
        self.retired.iter()
    }
}
