//! Time and chance, from the system.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use scalesmall_node::SimTime;

/// When the process first asked for the time.
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Bits that nobody can guess.
///
/// # Panics
///
/// Where the system has none, which every system has.
#[must_use]
pub fn random_bits() -> u128 {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits).expect("every system has some");
    u128::from_le_bytes(bits)
}

/// The time since the process first asked for it, in microseconds. It never goes back.
#[must_use]
pub fn now_us() -> u64 {
    START.elapsed().as_micros() as u64
}

pub(super) fn now() -> SimTime {
    SimTime::from_us(now_us())
}

/// The same moment as the system has it.
pub(super) fn instant(at: SimTime) -> Instant {
    *START + Duration::from_micros(at.as_us())
}
