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

use crate::numbered::Numbered;
use crate::sort::sorted;
use crate::{Fingerprint, ReplicaId};

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

    /// Whether everything that `other` says is said here. O(the other).
    #[must_use]
    pub fn includes(&self, other: &Self) -> bool {
        other.joined.iter().all(|replica| self.joined.find(replica).is_some())
            && other.retired.iter().all(|replica| self.has_retired(replica))
    }

    /// What is said here and not by `other`. O(this one).
    #[must_use]
    pub fn beyond(&self, other: &Self) -> Self {
        let mut beyond = Self::new();
        let joined = self.joined.iter().filter(|&replica| other.joined.find(replica).is_none());
        joined.for_each(|replica| beyond.joined.include(replica));
        let retired = self.retired.iter().filter(|&replica| !other.has_retired(replica));
        retired.for_each(|replica| beyond.retired.include(replica));
        beyond
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
        self.joined().filter(|replica| !self.has_retired(replica))
    }

    /// Whether `replica` is a member. O(1).
    #[must_use]
    pub fn has_member(&self, replica: &ReplicaId) -> bool {
        self.joined.find(replica).is_some() && !self.has_retired(replica)
    }

    /// Whether `replica` has been retired. O(1).
    #[must_use]
    pub fn has_retired(&self, replica: &ReplicaId) -> bool {
        self.retired.find(replica).is_some()
    }

    /// Whether nobody has been retired.
    #[must_use]
    pub fn has_all_who_joined(&self) -> bool {
        self.retired.len() == 0
    }

    /// A digest: equal rosters have equal ones. O(n).
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        let mut fingerprint = Fingerprint::default();
        self.joined.iter().for_each(|replica| fingerprint.add_joined(replica));
        self.retired.iter().for_each(|replica| fingerprint.add_retired(replica));
        fingerprint
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
        self.len() == other.len() && self.includes(other)
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
