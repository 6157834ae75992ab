//! What all members have seen, and folding it.
//!
//! Nobody announces anything: a digest that is one's own says that its sender has seen the same, and
//! version vectors are exchanged where they differ.

use scalesmall_crdt::{ReplicaId, VersionVector};

use crate::Node;

/// The most members of whom a node remembers what each of them has seen, so as to fold what all
/// have: that takes the square of their number.
const STABILITY_MEMBERS_MAX: usize = 128;

impl Node {
    /// Notes what a member with the same roster has seen.
    pub(crate) fn note_seen(&mut self, from: &ReplicaId, seen: Option<&VersionVector>) {
        let is_stable = self.stable.operations() == self.claims.context().operations();
        if is_stable || self.members.len() > STABILITY_MEMBERS_MAX {
            return;
        }
        let seen = seen.unwrap_or(self.claims.context());
        self.stability.hear_under_same_roster(from, seen);
        self.has_heard = true;
    }

    /// Folds what all members have seen, if something has been heard that may allow it. Once in
    /// some rounds, more of them where there are more members: it takes looking at what all have
    /// seen of all.
    pub(crate) fn fold(&mut self) {
        self.rounds = self.rounds.wrapping_add(1);
        let every = 1 + self.members.len() / 8;
        if !self.has_heard || !(self.rounds as usize).is_multiple_of(every) {
            return;
        }
        self.has_heard = false;
        if let Some(cut) = self.stability.cut(self.claims.context()) {
            self.claims.fold(&cut);
            self.stable = cut;
            self.forget_stable();
        }
    }
}
