//! A group of updates on its way.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;

use crate::{Dot, Update};

/// Any number of updates, joined in any order, any number of times. **Its context is exactly the
/// dots of the updates that it carries**, so a receiver can infer nothing about others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "a delta that nobody joins is lost"]
pub struct Delta {
    updates: BTreeMap<Dot, Arc<Update>>,
}

impl Delta {
    /// A delta without updates.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an update. O(log n).
    pub fn insert(&mut self, update: Arc<Update>) {
        self.updates.insert(update.dot.clone(), update);
    }

    /// Adds the updates of another delta.
    pub fn group(&mut self, other: Self) {
        self.updates.extend(other.updates);
    }

    /// The updates, those of one replica in their order.
    pub fn updates(&self) -> impl Iterator<Item = &Arc<Update>> {
        self.updates.values()
    }

    /// The dots of the updates: the context of this delta.
    pub fn dots(&self) -> impl Iterator<Item = &Dot> {
        self.updates.keys()
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
        Self { updates: updates.into_iter().map(|update| (update.dot.clone(), update)).collect() }
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Delta {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.updates())
    }
}
