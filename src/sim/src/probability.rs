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

    /// The probability as a number from 0 to 1, to be shown.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        self.0 as f64 / Self::ONE
    }

    /// Draws once; always true for 1 and never for 0.
    pub(crate) fn happens(self, random: &mut Random) -> bool {
        u64::from(random.draw()) < self.0
    }
}
