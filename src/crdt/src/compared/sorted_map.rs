//! Maps at little expense of code.
//!
//! What is kept of each of many data types would be a map of its own; a `BTreeMap` takes ten
//! kilobytes of WebAssembly for every type of its entries, this one a few hundred bytes. To add
//! what does not come last takes time for all that come after it.

use alloc::vec::Vec;

/// Entries in the order of their keys, each key once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SortedMap<K, V> {
    entries: Vec<(K, V)>,
}

/// The same without values.
pub(crate) type SortedSet<K> = SortedMap<K, ()>;

impl<K, V> Default for SortedMap<K, V> {
    fn default() -> Self {
        Self { entries: Vec::new() }
    }
}

impl<K, V> SortedMap<K, V> {
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (&K, &V)> {
        self.entries.iter().map(|(key, value)| (key, value))
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &K> {
        self.entries.iter().map(|(key, _)| key)
    }

    pub(crate) fn retain(&mut self, mut is_kept: impl FnMut(&K, &mut V) -> bool) {
        self.entries.retain_mut(|(key, value)| is_kept(key, value));
    }
}

impl<K: Ord, V> SortedMap<K, V> {
    fn find(&self, key: &K) -> Result<usize, usize> {
        self.entries.binary_search_by(|(other, _)| other.cmp(key))
    }

    /// O(log n).
    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.find(key).ok().map(|at| &self.entries[at].1)
    }

    /// O(log n).
    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.find(key).ok().map(|at| &mut self.entries[at].1)
    }

    /// O(log n).
    pub(crate) fn contains(&self, key: &K) -> bool {
        self.find(key).is_ok()
    }

    /// The last entry whose key is not after this one. O(log n).
    pub(crate) fn last_up_to(&self, key: &K) -> Option<(&K, &V)> {
        let after = self.entries.partition_point(|(other, _)| other <= key);
        let (key, value) = self.entries.get(after.checked_sub(1)?)?;
        Some((key, value))
    }

    /// The first key after this one. O(log n).
    pub(crate) fn next_key(&self, key: &K) -> Option<&K> {
        let after = self.entries.partition_point(|(other, _)| other <= key);
        self.entries.get(after).map(|(key, _)| key)
    }

    /// Puts a value in the place of one that is there, if there is one. O(n).
    pub(crate) fn insert(&mut self, key: K, value: V) {
        match self.find(&key) {
            Ok(at) => self.entries[at].1 = value,
            Err(at) => self.entries.insert(at, (key, value)),
        }
    }

    /// The value of a key, a new one where there is none. O(n).
    pub(crate) fn or_default(&mut self, key: &K) -> &mut V
    where
        K: Clone,
        V: Default,
    {
        let at = self.find(key).unwrap_or_else(|at| {
            self.entries.insert(at, (key.clone(), V::default()));
            at
        });
        &mut self.entries[at].1
    }

    /// O(n).
    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        self.find(key).ok().map(|at| self.entries.remove(at).1)
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for SortedMap<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut map = Self::default();
        entries.into_iter().for_each(|(key, value)| map.insert(key, value));
        map
    }
}
