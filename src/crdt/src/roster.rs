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

use core::fmt;

use crate::ReplicaId;
use crate::numbered::Numbered;
use crate::sort::sorted;

/// The replicas that have joined and those that have been retired, both for good. Members are
/// those that have joined and have not been retired. Crashes and suspicion do not change a roster.
/// Rosters themselves converge: two sets that only grow.
#[derive(Clone, Default)]
pub struct Roster {
    joined: Numbered<ReplicaId>,
    retired: Numbered<ReplicaId>,
}

impl Roster {
    /// A roster of nobody.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a replica. A sponsor does so **before** it hands its state to a newcomer. O(1).
    pub fn join(&mut self, replica: ReplicaId) {
        self.joined.include(&replica);
    }

    /// Removes a replica for good, as an explicit act; its node can come back as a
    /// [fresh](ReplicaId::fresh) one. O(1).
    pub fn retire(&mut self, replica: ReplicaId) {
        self.retired.include(&replica);
    }

    /// Takes in another roster. True if this one has changed. O(the other).
    pub fn merge(&mut self, other: &Self) -> bool {
        let before = self.len();
        other.joined.iter().for_each(|replica| self.joined.include(replica));
        other.retired.iter().for_each(|replica| self.retired.include(replica));
        before != self.len()
    }

    /// Who has joined and has not been retired, in order. O(n log n).
    pub fn members(&self) -> impl Iterator<Item = &ReplicaId> {
        self.joined().filter(|replica| self.retired.find(replica).is_none())
    }

    /// Whether `replica` is a member. O(1).
    #[must_use]
    pub fn has_member(&self, replica: &ReplicaId) -> bool {
        self.joined.find(replica).is_some() && self.retired.find(replica).is_none()
    }

    /// Who has joined, retired since or not, in order. O(n log n).
    #[must_use]
    pub fn joined(&self) -> impl ExactSizeIterator<Item = &ReplicaId> {
        sorted(self.joined.iter().collect()).into_iter()
    }

    /// Who has been retired, in order. O(n log n).
    #[must_use]
    pub fn retired(&self) -> impl ExactSizeIterator<Item = &ReplicaId> {
        sorted(self.retired.iter().collect()).into_iter()
    }

    /// Checks what its sets are made of. O(n).
    ///
    /// # Panics
    ///
    /// If somebody who has joined, or has been retired, is not found.
    pub fn check_invariants(&self) {
        self.joined.check_invariants();
        self.retired.check_invariants();
    }

    pub(crate) fn retired_in_any_order(&self) -> impl Iterator<Item = &ReplicaId> {
        self.retired.iter()
    }

    /// How many replicas it names.
    fn len(&self) -> (usize, usize) {
        (self.joined.len(), self.retired.len())
    }
}

impl PartialEq for Roster {
    fn eq(&self, other: &Self) -> bool {
        let has = |set: &Numbered<ReplicaId>, replica| set.find(replica).is_some();
        self.len() == other.len()
            && other.joined.iter().all(|replica| has(&self.joined, replica))
            && other.retired.iter().all(|replica| has(&self.retired, replica))
    }
}

impl Eq for Roster {}

impl fmt::Debug for Roster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.joined()).finish()?;
        f.write_str(" without ")?;
        f.debug_list().entries(self.retired()).finish()
    }
}
