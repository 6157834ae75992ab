//! The operations that a replica has applied, by dot.

use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::numbered::Numbered;
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
    replicas: Numbered<ReplicaId>,
    /// By the number of the replica its updates in order, the one with counter n at index n − 1.
    updates: Vec<Vec<Arc<Update>>>,
}

impl History {
    /// A log without updates.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an update that has just been applied. Amortised O(1).
    ///
    /// # Panics
    ///
    /// If it is not the next one of its replica.
    pub fn push(&mut self, update: Arc<Update>) {
        let dot = &update.dot;
        let number = self.replicas.find(&dot.replica).unwrap_or_else(|| {
            self.updates.push(Vec::new());
            self.replicas.add(dot.replica.clone())
        });
        let known = &mut self.updates[number as usize];
        assert_eq!(dot.counter, known.len() as u64 + 1, "{dot} comes out of order");
        known.push(update);
    }

    /// The update that an operation has become. O(1).
    #[must_use]
    pub fn get(&self, dot: &Dot) -> Option<&Arc<Update>> {
        let index = usize::try_from(dot.counter.checked_sub(1)?).ok()?;
        self.of(&dot.replica).get(index)
    }

    /// The updates beyond what `seen` counts, those of one replica without gaps, `limit` at most.
    /// O(replicas + what is returned).
    pub fn beyond(&self, seen: &VersionVector, limit: usize) -> Delta {
        self.lacking(seen).flatten().take(limit).cloned().collect()
    }

    /// What somebody who has `seen` so much lacks to be up to date about `range`: per replica all
    /// updates up to the last one that concerns a claim to some of these keys, since an update is
    /// applied only after those before it. `limit` at most. O(replicas + what is lacking).
    pub fn beyond_in(&self, range: KeyRange, seen: &VersionVector, limit: usize) -> Delta {
        // The narrower claim of a Tighten lies within the old one.
        let concerns = |update: &Arc<Update>| update.operation.claim().range.overlaps(range);
        let needed = |lacking: &'_ [Arc<Update>]| {
            lacking.iter().rposition(concerns).map_or(0, |last| last + 1)
        };
        let lacking = self.lacking(seen).flat_map(|lacking| &lacking[..needed(lacking)]);
        lacking.take(limit).cloned().collect()
    }

    /// The newest update of `replica`. O(1).
    #[must_use]
    pub fn newest(&self, replica: &ReplicaId) -> Option<&Arc<Update>> {
        self.of(replica).last()
    }

    /// Whose updates are here, in the order in which they came first.
    pub fn replicas(&self) -> impl Iterator<Item = &ReplicaId> {
        self.replicas.iter()
    }

    /// All updates, by replica and in its order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Update>> {
        self.updates.iter().flatten()
    }

    /// Checks that each update is where its dot says. O(n).
    ///
    /// # Panics
    ///
    /// At the first that is not.
    pub fn check_invariants(&self) {
        self.replicas.check_invariants();
        assert_eq!(self.replicas.len(), self.updates.len(), "replicas and their updates");
        for (replica, updates) in self.replicas.iter().zip(&self.updates) {
            for (update, counter) in updates.iter().zip(1..) {
                let Dot { replica: own, counter: at } = &update.dot;
                assert_eq!((own, *at), (replica, counter), "{} is out of place", update.dot);
            }
        }
    }

    fn of(&self, replica: &ReplicaId) -> &[Arc<Update>] {
        self.replicas.find(replica).map_or(&[], |number| &self.updates[number as usize])
    }

    /// Per replica what is beyond `seen`.
    fn lacking(&self, seen: &VersionVector) -> impl Iterator<Item = &[Arc<Update>]> {
        self.replicas.iter().zip(&self.updates).map(|(replica, updates)| {
            let known = usize::try_from(seen.counter(replica)).unwrap_or(usize::MAX);
            updates.get(known..).unwrap_or_default()
        })
    }
}
