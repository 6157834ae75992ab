//! Time as the caller tells it.

use std::fmt;
use std::ops::Add;

/// Microseconds since the caller's zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SimTime(u64);

impl SimTime {
    /// The caller's zero.
    pub const ZERO: Self = Self(0);

    /// The time `us` microseconds after zero.
    #[must_use]
    pub const fn from_us(us: u64) -> Self {
        Self(us)
    }

    /// The time `ms` milliseconds after zero.
    #[must_use]
    pub const fn from_ms(ms: u32) -> Self {
        Self(ms as u64 * 1_000)
    }

    /// Microseconds since zero.
    #[must_use]
    pub const fn as_us(self) -> u64 {
        self.0
    }

    /// Whole milliseconds since zero.
    #[must_use]
    pub const fn as_ms(self) -> u64 {
        self.0 / 1_000
    }

    /// This time, or if it is between two milliseconds the later one.
    #[must_use]
    pub const fn rounded_up_to_ms(self) -> Self {
        Self(self.0.div_ceil(1_000).saturating_mul(1_000))
    }

    /// The time so many microseconds earlier, but not before zero.
    #[must_use]
    pub const fn earlier_by(self, us: u64) -> Self {
        Self(self.0.saturating_sub(us))
    }

    /// Microseconds since `earlier`, or 0 if that is later.
    #[must_use]
    pub const fn us_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<u64> for SimTime {
    type Output = Self;

    /// The time `us` microseconds later.
    fn add(self, us: u64) -> Self {
        Self(self.0 + us)
    }
}

impl fmt::Display for SimTime {
    /// Seconds with three decimals.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03} s", self.0 / 1_000_000, self.0 / 1_000 % 1_000)
    }
}
