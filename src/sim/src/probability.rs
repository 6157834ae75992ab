//! Chances without floats in the run.

use scalesmall_node::Random;

/// A probability in steps of 2⁻³².
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Probability(u64);

impl Probability {
    /// What never happens.
    pub const NEVER: Self = Self(0);

    const ONE: f64 = 4_294_967_296.0;

    /// The step at or below `probability`, or nothing outside 0 to 1.
    #[must_use]
    pub fn new(probability: f64) -> Option<Self> {
        // Exact: a multiplication by a power of two, then a truncation.
        (0.0..=1.0).contains(&probability).then_some(Self((probability * Self::ONE) as u64))
    }

    /// The probability as a number from 0 to 1, to be shown or written: the least of those with the
    /// fewest decimals from which [`new`](Self::new) makes this very probability. What was made from
    /// 0.1 is 0.1 again, and not the step below it, 0.09999999986….
    #[must_use]
    pub fn to_f64(self) -> f64 {
        let at_or_above = |decimals| {
            let scale = 10_u64.pow(decimals);
            let count = (u128::from(self.0) * u128::from(scale)).div_ceil(1 << 32);
            // Both are exact, so that this is what the decimal is read as.
            count as f64 / scale as f64
        };
        let mut decimals = (0..=10).map(at_or_above);
        let shortest = decimals.find(|&it| Self::new(it) == Some(self));
        shortest.expect("ten decimals are finer than the steps")
    }

    /// Draws once; always true for 1 and never for 0.
    pub(crate) fn happens(self, random: &mut Random) -> bool {
        u64::from(random.draw()) < self.0
    }
}
