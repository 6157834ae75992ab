//! Any number of keys.

use scalesmall_crdt::{Key, KeyRange};

/// Some keys, as maximal runs, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct KeySet(Vec<KeyRange>);

impl KeySet {
    /// Its maximal runs, in order.
    pub(crate) fn ranges(&self) -> &[KeyRange] {
        &self.0
    }

    /// Whether a key is among them. O(log n).
    pub(crate) fn contains(&self, key: Key) -> bool {
        let at = self.0.partition_point(|range| range.end() < key);
        self.0.get(at).is_some_and(|range| range.contains(key))
    }

    /// How many keys there are.
    pub(crate) fn keys(&self) -> u64 {
        self.0.iter().map(|range| range.keys()).sum()
    }

    /// The runs that share a key with `range`, whole.
    pub(crate) fn touching(&self, range: KeyRange) -> impl Iterator<Item = KeyRange> {
        let first = self.0.partition_point(|it| it.end() < range.start());
        self.0[first..].iter().copied().take_while(move |it| it.start() <= range.end())
    }

    /// The keys that are in `range` too, as runs in order.
    pub(crate) fn within(&self, range: KeyRange) -> impl Iterator<Item = KeyRange> {
        self.touching(range).filter_map(move |it| common(it, range))
    }

    /// The keys that are not in `other`. O(n log m).
    pub(crate) fn without(&self, other: &Self) -> Self {
        let mut left = Vec::with_capacity(self.0.len());
        for &range in &self.0 {
            let mut from = Some(range.start());
            for taken in other.touching(range) {
                left.extend(from.and_then(|from| up_to(from, taken.start())));
                from = taken.end().checked_add(1);
            }
            left.extend(from.and_then(|from| KeyRange::new(from, range.end()).ok()));
        }
        Self(left)
    }

    /// The keys that are in one of the two, or in both.
    pub(crate) fn and(&self, other: &Self) -> Self {
        match (self.0.is_empty(), other.0.is_empty()) {
            (true, _) => other.clone(),
            (_, true) => self.clone(),
            _ => self.0.iter().chain(&other.0).copied().collect(),
        }
    }

    /// The keys that are in one of the two alone.
    pub(crate) fn either(&self, other: &Self) -> Self {
        if self == other {
            return Self::default();
        }
        let [one, two] = [self.without(other), other.without(self)];
        one.0.into_iter().chain(two.0).collect()
    }
}

/// The keys that are in both ranges.
pub(crate) fn common(one: KeyRange, other: KeyRange) -> Option<KeyRange> {
    KeyRange::new(one.start().max(other.start()), one.end().min(other.end())).ok()
}

/// The keys from one up to, not including, another.
fn up_to(from: Key, to: Key) -> Option<KeyRange> {
    KeyRange::new(from, to.checked_sub(1)?).ok()
}

impl FromIterator<KeyRange> for KeySet {
    /// The keys of all these ranges, whatever their order. O(n log n).
    fn from_iter<I: IntoIterator<Item = KeyRange>>(ranges: I) -> Self {
        let mut ranges: Vec<KeyRange> = ranges.into_iter().collect();
        ranges.sort_unstable();
        let mut runs: Vec<KeyRange> = Vec::with_capacity(ranges.len());
        for range in ranges {
            match runs.last_mut() {
                Some(last) if u64::from(range.start()) <= last.past_end() => {
                    let end = range.end().max(last.end());
                    *last = KeyRange::new(last.start(), end).expect("it ends no earlier");
                }
                _ => runs.push(range),
            }
        }
        Self(runs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(ranges: &[(Key, Key)]) -> KeySet {
        ranges.iter().map(|&(start, end)| KeyRange::new(start, end).unwrap()).collect()
    }

    #[test]
    fn runs_are_maximal() {
        let keys = set(&[(20, 29), (0, 4), (3, 9), (10, 10), (22, 23), (Key::MAX, Key::MAX)]);
        assert_eq!(keys, set(&[(0, 10), (20, 29), (Key::MAX, Key::MAX)]));
        assert_eq!((keys.ranges().len(), keys.keys()), (3, 22));
        let is_in = [0, 10, 11, 19, 20, 29, 30, Key::MAX].map(|key| keys.contains(key));
        assert_eq!(is_in, [true, true, false, false, true, true, false, true]);
        assert_eq!(set(&[(0, Key::MAX)]).keys(), 1 << 32);
    }

    #[test]
    fn keys_are_taken_away() {
        let all = set(&[(0, Key::MAX)]);
        let some = set(&[(0, 9), (20, 29), (Key::MAX, Key::MAX)]);
        let others = set(&[(10, 19), (30, Key::MAX - 1)]);
        assert_eq!(all.without(&some), others);
        assert_eq!(all.without(&others), some);
        assert_eq!(some.without(&some), set(&[]));
        assert_eq!(some.without(&set(&[(5, 24)])), set(&[(0, 4), (25, 29), (Key::MAX, Key::MAX)]));
        assert_eq!(some.either(&others), all);
        assert_eq!(set(&[(0, 9)]).either(&set(&[(5, 12)])), set(&[(0, 4), (10, 12)]));
    }

    #[test]
    fn runs_are_clipped_to_what_is_looked_at() {
        let keys = set(&[(0, 9), (20, 29), (40, 49)]);
        let range = KeyRange::new(9, 24).unwrap();
        assert_eq!(keys.touching(range).collect::<KeySet>(), set(&[(0, 9), (20, 29)]));
        assert_eq!(keys.within(range).collect::<KeySet>(), set(&[(9, 9), (20, 24)]));
    }
}
