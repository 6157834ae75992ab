//! Random choices that are the same on every platform.

use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg32;

/// A stream of random numbers. Only 32-bit draws and integer arithmetic, so that a native run and
/// one in WebAssembly make the same choices.
#[derive(Clone, Debug)]
pub struct Random(Pcg32);

impl Random {
    /// The stream that belongs to `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Pcg32::seed_from_u64(seed))
    }

    /// A number from 0 to `bound` − 1, each about equally likely (to within `bound` / 2³²), by
    /// multiply and shift.
    ///
    /// # Panics
    ///
    /// If `bound` is 0.
    pub fn below(&mut self, bound: u32) -> u32 {
        assert!(bound > 0, "nothing is below 0");
        ((u64::from(self.0.next_u32()) * u64::from(bound)) >> 32) as u32
    }

    /// A uniform draw from all 32-bit numbers.
    pub fn draw(&mut self) -> u32 {
        self.0.next_u32()
    }
}
