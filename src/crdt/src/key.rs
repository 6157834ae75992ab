//! Keys and inclusive ranges of keys.

use core::fmt;

/// A point of the key space, which is every value of a `u32`.
pub type Key = u32;

/// The keys from `start` to `end`, **both inclusive**; never empty. Ordered by start, then end.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "crate::serde_forms::Ends")
)]
pub struct KeyRange {
    start: Key,
    end: Key,
}

impl KeyRange {
    /// The whole key space.
    pub const ALL: Self = Self { start: Key::MIN, end: Key::MAX };

    /// The range from `start` to `end`, which may be equal.
    ///
    /// # Errors
    ///
    /// [`InvertedRange`] where `start` is past `end`.
    pub const fn new(start: Key, end: Key) -> Result<Self, InvertedRange> {
        if start <= end { Ok(Self { start, end }) } else { Err(InvertedRange { start, end }) }
    }

    /// The first key.
    #[must_use]
    pub const fn start(self) -> Key {
        self.start
    }

    /// The last key.
    #[must_use]
    pub const fn end(self) -> Key {
        self.end
    }

    /// The number of keys, from 1 to 2³².
    #[must_use]
    pub const fn keys(self) -> u64 {
        self.past_end() - self.start as u64
    }

    /// The position after the last key, up to 2³².
    #[must_use]
    pub const fn past_end(self) -> u64 {
        self.end as u64 + 1
    }

    /// Whether `key` is in the range.
    #[must_use]
    pub const fn contains(self, key: Key) -> bool {
        self.start <= key && key <= self.end
    }

    /// Whether the two share a key.
    #[must_use]
    pub const fn overlaps(self, other: Self) -> bool {
        self.start <= other.end && other.start <= self.end
    }

    /// Whether `self` lies inside `outer` and is not equal to it.
    #[must_use]
    pub fn is_strictly_inside(self, outer: Self) -> bool {
        outer.start <= self.start && self.end <= outer.end && self != outer
    }

    /// The start in the upper half, the end in the lower one.
    pub(crate) const fn to_u64(self) -> u64 {
        (self.start as u64) << 32 | self.end as u64
    }

    /// The keys from position `start` up to, not including, position `past_end`.
    pub(crate) fn between(start: u64, past_end: u64) -> Self {
        assert!(start < past_end && past_end <= 1 << 32, "no keys between {start} and {past_end}");
        Self { start: start as Key, end: (past_end - 1) as Key }
    }
}

impl fmt::Display for KeyRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..={}", self.start, self.end)
    }
}

impl fmt::Debug for KeyRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A range that would end before it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the range starts at {start}, past its end {end}")]
pub struct InvertedRange {
    /// The start that was asked for.
    pub start: Key,
    /// The end that was asked for.
    pub end: Key,
}
