//! Things known by number.

use alloc::vec::Vec;

use hashbrown::HashTable;

use crate::{NodeId, ReplicaId};

/// Things in the order in which they came, each once, and found by hash.
#[derive(Clone, Debug)]
pub(crate) struct Numbered<T> {
    items: Vec<T>,
    numbers: HashTable<u32>,
}

pub(crate) trait StableHash: Eq {
    /// The same on every machine.
    fn stable_hash(&self) -> u64;
}

impl StableHash for NodeId {
    fn stable_hash(&self) -> u64 {
        NodeId::stable_hash(self)
    }
}

impl StableHash for ReplicaId {
    fn stable_hash(&self) -> u64 {
        ReplicaId::stable_hash(self)
    }
}

impl<T> Numbered<T> {
    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    pub(crate) fn get(&self, number: u32) -> &T {
        &self.items[number as usize]
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.items.iter()
    }
}

impl<T: StableHash> Numbered<T> {
    /// The number of a thing that is here. O(1).
    pub(crate) fn find(&self, item: &T) -> Option<u32> {
        let is_it = |&number: &u32| *self.get(number) == *item;
        self.numbers.find(item.stable_hash(), is_it).copied()
    }

    /// # Panics
    ///
    /// If a thing is not found at its number.
    pub(crate) fn check_invariants(&self) {
        assert_eq!(self.numbers.len(), self.items.len(), "numbers and things");
        for (item, number) in self.items.iter().zip(0..) {
            assert_eq!(self.find(item), Some(number), "a thing is not found at its number");
        }
    }

    /// Adds a thing if it is not here. Amortised O(1).
    pub(crate) fn include(&mut self, item: &T)
    where
        T: Clone,
    {
        if self.find(item).is_none() {
            self.add(item.clone());
        }
    }

    /// Adds a thing that is not here, and returns its number. Amortised O(1).
    ///
    /// # Panics
    ///
    /// At the 2³²nd.
    pub(crate) fn add(&mut self, item: T) -> u32 {
        let number = u32::try_from(self.items.len()).expect("fewer than 2^32 things");
        let hash = item.stable_hash();
        self.items.push(item);
        let Self { items, numbers } = self;
        numbers.insert_unique(hash, number, |&number| items[number as usize].stable_hash());
        number
    }
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Self { items: Vec::new(), numbers: HashTable::new() }
    }
}
