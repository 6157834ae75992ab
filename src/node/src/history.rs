//! The operations that a node has applied, by dot.

use std::collections::BTreeMap;
use std::sync::Arc;

use scalesmall_crdt::{Delta, ReplicaId, Update, VersionVector};

/// A log of all applied updates: what a peer may turn out to lack.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// Per replica its updates in order, the one with counter n at index n − 1.
    updates: BTreeMap<ReplicaId, Vec<Arc<Update>>>,
}

impl History {
    /// Adds an update that has just been applied.
    pub(crate) fn push(&mut self, update: Arc<Update>) {
        let updates = self.updates.entry(update.dot.replica.clone()).or_default();
        updates.push(update);
        let update = &updates[updates.len() - 1];
        assert_eq!(update.dot.counter, updates.len() as u64, "{} comes out of order", update.dot);
    }

    /// The updates beyond what `seen` counts, those of one replica without gaps, `limit` at most.
    /// O(replicas + what is returned).
    pub fn beyond(&self, seen: &VersionVector, limit: usize) -> Delta {
        let lacking = self.updates.iter().flat_map(|(replica, updates)| {
            let known = usize::try_from(seen.counter(replica)).unwrap_or(usize::MAX);
            updates.get(known..).unwrap_or_default()
        });
        lacking.take(limit).cloned().collect()
    }

    /// The newest update of `replica`.
    #[must_use]
    pub fn newest(&self, replica: &ReplicaId) -> Option<&Arc<Update>> {
        self.updates.get(replica)?.last()
    }

    /// All updates, by replica and in its order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Update>> {
        self.updates.values().flatten()
    }
}
