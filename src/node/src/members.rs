//! Whom a node can turn to.

use std::sync::Arc;

use scalesmall_crdt::{Fingerprint, NodeId, ReplicaId, Roster};

/// The nodes of a roster, in an order that all have who have the same roster. As long as they have
/// the same, one copy serves the nodes of a process.
#[derive(Clone, Debug, Default)]
pub struct Members {
    roster: Arc<Roster>,
    fingerprint: Fingerprint,
    names: Vec<NodeId>,
}

impl Members {
    /// The nodes of a roster, by name. O(n log n).
    #[must_use]
    pub fn of(roster: Arc<Roster>) -> Self {
        let mut names: Vec<NodeId> = roster.members().map(|replica| replica.node.clone()).collect();
        names.dedup();
        Self { fingerprint: roster.fingerprint(), names, roster }
    }

    /// The roster that they stand on.
    #[must_use]
    pub fn roster(&self) -> &Arc<Roster> {
        &self.roster
    }

    /// The digest of that roster.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// How many nodes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The one at a position.
    #[must_use]
    pub fn name(&self, position: usize) -> &NodeId {
        &self.names[position]
    }

    /// All of them, in order.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &NodeId> {
        self.names.iter()
    }

    /// Where a node stands. O(log n).
    #[must_use]
    pub fn position(&self, name: &NodeId) -> Option<usize> {
        self.names.binary_search(name).ok()
    }
}

impl FromIterator<NodeId> for Members {
    /// The first incarnations of these nodes, which begin together.
    fn from_iter<I: IntoIterator<Item = NodeId>>(names: I) -> Self {
        let mut roster = Roster::new();
        names.into_iter().for_each(|name| roster.join(ReplicaId::first(name)));
        Self::of(Arc::new(roster))
    }
}
