//! Time and chance, from the browser.

use gloo::utils::window;

/// Bits that nobody can guess.
///
/// # Panics
///
/// Where the page has no `crypto`, which every page has.
#[must_use]
pub fn random_bits() -> u128 {
    let mut bits = [0; 16];
    let crypto = window().crypto().expect("every page has it");
    crypto.get_random_values_with_u8_array(&mut bits).expect("so few can always be had");
    u128::from_le_bytes(bits)
}

/// The time since the page was opened, in microseconds. It never goes back.
///
/// # Panics
///
/// Where the page has no `performance`, which every page has.
#[must_use]
pub fn now_us() -> u64 {
    let performance = window().performance().expect("every page has it");
    (performance.now() * 1_000.0) as u64
}
