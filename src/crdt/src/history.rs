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
    /// By the number of the replica.
    runs: Vec<Run>,
}

/// The newest updates of one replica, in order.
#[derive(Clone, Debug, Default)]
struct Run {
    /// How many went before that are not kept.
    forgotten: u64,
    /// The one with counter n at index n − 1 − forgotten.
    updates: Vec<Arc<Update>>,
    /// How many were left when old ones were last looked for.
    left: usize,
}

impl Run {
    fn known(&self) -> u64 {
        self.forgotten + self.updates.len() as u64
    }

    /// Those after the first so many; nothing where some of these are not kept.
    fn beyond(&self, counter: u64) -> Option<&[Arc<Update>]> {
        let index = usize::try_from(counter.checked_sub(self.forgotten)?).unwrap_or(usize::MAX);
        Some(self.updates.get(index..).unwrap_or_default())
    }
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
        let run = self.run(&dot.replica);
        assert_eq!(dot.counter, run.known() + 1, "{dot} comes out of order");
        run.updates.push(update);
    }

    /// Goes on after the `counter`-th operation of a replica, without the updates that are missing
    /// until then: they came as a whole state. Nothing where they are here.
    pub fn skip(&mut self, replica: &ReplicaId, counter: u64) {
        let run = self.run(replica);
        if run.known() < counter {
            *run = Run { forgotten: counter, ..Run::default() };
        }
    }

    /// Forgets the oldest updates of a replica: all before the first of which `is_kept(update, how
    /// many have come from the replica since)` holds. That is looked at only when twice as many are
    /// here as were left the last time, so up to twice as many as are to be kept stay. Amortised
    /// O(1) for each update.
    pub fn keep(&mut self, replica: &ReplicaId, is_kept: impl Fn(&Update, usize) -> bool) {
        let run = self.run(replica);
        let len = run.updates.len();
        if len > 2 * run.left {
            let oldest_first = run.updates.iter().zip((0..len).rev());
            let old = oldest_first.take_while(|&(update, since)| !is_kept(update, since)).count();
            run.updates.drain(..old);
            run.forgotten += old as u64;
            run.left = len - old;
        }
    }

    /// Forgets the updates that `seen` counts. O(replicas + what is kept).
    pub fn forget(&mut self, seen: &VersionVector) {
        for (replica, run) in self.replicas.iter().zip(&mut self.runs) {
            let old = seen.counter(replica).saturating_sub(run.forgotten);
            let old = usize::try_from(old).unwrap_or(usize::MAX).min(run.updates.len());
            run.updates.drain(..old);
            run.forgotten += old as u64;
        }
    }

    fn run(&mut self, replica: &ReplicaId) -> &mut Run {
        let number = self.replicas.find(replica).unwrap_or_else(|| {
            self.runs.push(Run::default());
            self.replicas.add(replica.clone())
        });
        &mut self.runs[number as usize]
    }

    /// Whether all is kept that somebody lacks who has `seen` so much: else a whole state has to
    /// tell them. O(replicas).
    #[must_use]
    pub fn reaches(&self, seen: &VersionVector) -> bool {
        let mut runs = self.replicas.iter().zip(&self.runs);
        runs.all(|(replica, run)| run.forgotten <= seen.counter(replica))
    }

    /// How many updates are kept. O(replicas).
    #[must_use]
    pub fn len(&self) -> usize {
        self.runs.iter().map(|run| run.updates.len()).sum()
    }

    /// Whether none is kept. O(replicas).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The update that an operation has become. O(1).
    #[must_use]
    pub fn get(&self, dot: &Dot) -> Option<&Arc<Update>> {
        self.runs[self.replicas.find(&dot.replica)? as usize]
            .beyond(dot.counter.checked_sub(1)?)?
            .first()
    }

    /// The updates beyond what `seen` counts, those of one replica without gaps, `limit` at most;
    /// of a replica for whom the log does not [reach](Self::reaches) back so far, none.
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
        self.runs[self.replicas.find(replica)? as usize].updates.last()
    }

    /// Whose updates are here, in the order in which they came first.
    pub fn replicas(&self) -> impl Iterator<Item = &ReplicaId> {
        self.replicas.iter()
    }

    /// All updates, by replica and in its order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Update>> {
        self.runs.iter().flat_map(|run| &run.updates)
    }

    /// Checks that each update is where its dot says. O(n).
    ///
    /// # Panics
    ///
    /// At the first that is not.
    pub fn check_invariants(&self) {
        self.replicas.check_invariants();
        assert_eq!(self.replicas.len(), self.runs.len(), "replicas and their updates");
        for (replica, run) in self.replicas.iter().zip(&self.runs) {
            for (update, counter) in run.updates.iter().zip(run.forgotten + 1..) {
                let Dot { replica: own, counter: at } = &update.dot;
                assert_eq!((own, *at), (replica, counter), "{} is out of place", update.dot);
            }
        }
    }

    /// Per replica what is beyond `seen`; nothing where that is not kept.
    fn lacking(&self, seen: &VersionVector) -> impl Iterator<Item = &[Arc<Update>]> {
        let runs = self.replicas.iter().zip(&self.runs);
        runs.filter_map(|(replica, run)| run.beyond(seen.counter(replica)))
    }
}
