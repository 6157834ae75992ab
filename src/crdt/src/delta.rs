//! A group of updates on its way.

use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::{Dot, ReplicaId, Update};

/// Any number of updates, joined in any order, any number of times. **Its context is exactly the
/// dots of the updates that it carries**, so a receiver can infer nothing about others.
///
/// ```
/// use scalesmall_crdt::{Claim, ClaimMap, Delta, KeyRange, NodeId, Operation, ReplicaId};
/// use std::sync::Arc;
///
/// let a = ReplicaId::first(NodeId::new("a")?);
/// let claim = Claim::new(a.node.clone(), KeyRange::new(0, 99)?);
/// let mut at_a = ClaimMap::new();
/// let first = Arc::new(at_a.issue(&a, Operation::Register { claim: claim.clone() })?);
/// let second = Arc::new(at_a.issue(&a, Operation::Release { claim: claim.clone() })?);
///
/// // The second arrives alone: it waits for the first, and both are applied when that comes.
/// let mut at_b = ClaimMap::new();
/// assert_eq!(at_b.join(&Delta::from_iter([Arc::clone(&second)])).waiting, 1);
/// let joined = at_b.join(&Delta::from_iter([first, second]));
/// assert_eq!((joined.applied.len(), joined.claims()), (2, vec![claim]));
/// assert_eq!(at_b.fingerprint(), at_a.fingerprint());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "a delta that nobody joins is lost"]
pub struct Delta {
    /// By dot, each once.
    updates: Vec<Arc<Update>>,
}

impl Delta {
    /// A delta without updates.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an update. O(1) if it comes after all others, else O(n).
    pub fn insert(&mut self, update: Arc<Update>) {
        if self.updates.last().is_none_or(|last| last.dot < update.dot) {
            self.updates.push(update);
        } else if let Err(place) = self.updates.binary_search_by(|known| known.dot.cmp(&update.dot))
        {
            self.updates.insert(place, update);
        }
    }

    /// The update of an operation, if it is here. O(log n).
    #[must_use]
    pub fn get(&self, dot: &Dot) -> Option<&Arc<Update>> {
        Some(&self.updates[self.find(dot)?])
    }

    /// Takes out the update of an operation. O(n).
    pub(crate) fn remove(&mut self, dot: &Dot) -> Option<Arc<Update>> {
        self.find(dot).map(|at| self.updates.remove(at))
    }

    /// Takes out all updates of a replica. O(n).
    pub(crate) fn remove_all_of(&mut self, replica: &ReplicaId) {
        self.updates.retain(|update| update.dot.replica != *replica);
    }

    fn find(&self, dot: &Dot) -> Option<usize> {
        self.updates.binary_search_by(|update| update.dot.cmp(dot)).ok()
    }

    /// Adds the updates of another delta. O(n log n).
    pub fn group(&mut self, other: Self) {
        self.extend(other.updates);
    }

    /// The updates, those of one replica in their order.
    #[must_use]
    pub fn updates(&self) -> impl ExactSizeIterator<Item = &Arc<Update>> + Clone {
        self.updates.iter()
    }

    /// Puts the updates in order, each once. Apart from `extend`, so that there is one of it only.
    fn order(&mut self) {
        if !self.updates.is_sorted_by(|a, b| a.dot < b.dot) {
            self.updates.sort_unstable_by(|a, b| a.dot.cmp(&b.dot));
            self.updates.dedup_by(|a, b| a.dot == b.dot);
        }
    }

    pub(crate) fn as_slice(&self) -> &[Arc<Update>] {
        &self.updates
    }

    /// The dots of the updates: the context of this delta.
    #[must_use]
    pub fn dots(&self) -> impl ExactSizeIterator<Item = &Dot> {
        self.updates.iter().map(|update| &update.dot)
    }

    /// How many updates there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.updates.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.updates.is_empty()
    }

    /// Checks that the updates ascend. O(n).
    ///
    /// # Panics
    ///
    /// If they do not.
    pub fn check_invariants(&self) {
        assert!(self.updates.is_sorted_by(|a, b| a.dot < b.dot), "updates out of order");
    }
}

impl From<Update> for Delta {
    fn from(update: Update) -> Self {
        Self::from_iter([Arc::new(update)])
    }
}

impl FromIterator<Arc<Update>> for Delta {
    fn from_iter<I: IntoIterator<Item = Arc<Update>>>(updates: I) -> Self {
        let mut delta = Self::new();
        delta.extend(updates);
        delta
    }
}

impl Extend<Arc<Update>> for Delta {
    fn extend<I: IntoIterator<Item = Arc<Update>>>(&mut self, updates: I) {
        self.updates.extend(updates);
        self.order();
    }
}
