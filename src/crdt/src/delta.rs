//! A group of updates on its way.

use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::{Dot, Update};

/// Any number of updates, joined in any order, any number of times. **Its context is exactly the
/// dots of the updates that it carries**, so a receiver can infer nothing about others.
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

    /// Adds the updates of another delta. O(n log n).
    pub fn group(&mut self, other: Self) {
        self.extend(other.updates);
    }

    /// The updates, those of one replica in their order.
    pub fn updates(&self) -> impl ExactSizeIterator<Item = &Arc<Update>> + Clone {
        self.updates.iter()
    }

    pub(crate) fn as_slice(&self) -> &[Arc<Update>] {
        &self.updates
    }

    /// The dots of the updates: the context of this delta.
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
        if !self.updates.is_sorted_by(|a, b| a.dot < b.dot) {
            self.updates.sort_by(|a, b| a.dot.cmp(&b.dot));
            self.updates.dedup_by(|a, b| a.dot == b.dot);
        }
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Delta {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.updates())
    }
}
