//! The operations that a replica has applied, by dot.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::{Delta, Dot, KeyRange, ReplicaId, Update, VersionVector};

/// A log of applied updates: what a peer may turn out to lack. It answers by operation, by version
/// vector and by key range.
///
/// ```
/// use scalesmall_crdt::{Claim, ClaimMap, History, KeyRange, NodeId, Operation, ReplicaId, VersionVector};
/// use std::sync::Arc;
///
/// let a = ReplicaId::first(NodeId::new("a")?);
/// let (mut map, mut log) = (ClaimMap::new(), History::new());
/// for start in [0, 500, 100] {
///     let claim = Claim::new(a.node.clone(), KeyRange::new(start, start + 99)?);
///     log.push(Arc::new(map.issue(&a, Operation::Register { claim })?));
/// }
///
/// // What does somebody lack who has seen nothing, all in all and for these keys?
/// let nothing = VersionVector::new();
/// assert_eq!(log.beyond(&nothing, usize::MAX).len(), 3);
/// // The first two, since the second would have to wait for the first one.
/// assert_eq!(log.beyond_in(KeyRange::new(550, 560)?, &nothing, usize::MAX).len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct History {
    /// Per replica its updates in order, the one with counter n at index n − 1.
    updates: BTreeMap<ReplicaId, Vec<Arc<Update>>>,
}

impl History {
    /// A log without updates.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an update that has just been applied. O(log n).
    ///
    /// # Panics
    ///
    /// If it is not the next one of its replica.
    pub fn push(&mut self, update: Arc<Update>) {
        let dot = &update.dot;
        let known = match self.updates.get_mut(&dot.replica) {
            Some(updates) => updates,
            None => self.updates.entry(dot.replica.clone()).or_default(),
        };
        assert_eq!(dot.counter, known.len() as u64 + 1, "{dot} comes out of order");
        known.push(update);
    }

    /// The update that an operation has become. O(log n).
    #[must_use]
    pub fn get(&self, dot: &Dot) -> Option<&Arc<Update>> {
        let index = usize::try_from(dot.counter.checked_sub(1)?).ok()?;
        self.updates.get(&dot.replica)?.get(index)
    }

    /// The updates beyond what `seen` counts, those of one replica without gaps, `limit` at most.
    /// O(replicas + what is returned).
    pub fn beyond(&self, seen: &VersionVector, limit: usize) -> Delta {
        self.lacking(seen).flat_map(|(_, updates)| updates).take(limit).cloned().collect()
    }

    /// What somebody who has `seen` so much lacks to be up to date about `range`: per replica all
    /// updates up to the last one that concerns a claim to some of these keys, since an update is
    /// applied only after those before it. `limit` at most. O(replicas + what is lacking).
    pub fn beyond_in(&self, range: KeyRange, seen: &VersionVector, limit: usize) -> Delta {
        let concerns = |update: &Arc<Update>| update.operation.claim().range.overlaps(range);
        let needed = |(_, updates): (_, &'_ [Arc<Update>])| {
            updates.iter().rposition(concerns).map_or(0, |last| last + 1)
        };
        let lacking = self.lacking(seen).flat_map(|lacking| &lacking.1[..needed(lacking)]);
        lacking.take(limit).cloned().collect()
    }

    /// The newest update of `replica`.
    #[must_use]
    pub fn newest(&self, replica: &ReplicaId) -> Option<&Arc<Update>> {
        self.updates.get(replica)?.last()
    }

    /// Whose updates are here, in order.
    pub fn replicas(&self) -> impl Iterator<Item = &ReplicaId> {
        self.updates.keys()
    }

    /// All updates, by replica and in its order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Update>> {
        self.updates.values().flatten()
    }

    fn lacking(&self, seen: &VersionVector) -> impl Iterator<Item = (&ReplicaId, &[Arc<Update>])> {
        self.updates.iter().map(|(replica, updates)| {
            let known = usize::try_from(seen.counter(replica)).unwrap_or(usize::MAX);
            (replica, updates.get(known..).unwrap_or_default())
        })
    }
}
