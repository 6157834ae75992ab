//! Hashes that are the same on every machine.
//!
//! They guard against accidents, not against somebody who seeks collisions: two names with the
//! same hash are still told apart, only more slowly, and only members of the roster are listened
//! to.

use core::hash::Hasher;

use siphasher::sip::SipHasher13;

/// SipHash-1-3 (Aumasson, Bernstein 2012) under a fixed key.
pub(crate) fn of_text(text: &str) -> u64 {
    let mut hasher = SipHasher13::new();
    hasher.write(text.as_bytes());
    hasher.finish()
}

/// One number from two, in which each bit depends on each of theirs: the finaliser of `SplitMix64`
/// (Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators"), twice.
pub(crate) const fn mix(a: u64, b: u64) -> u64 {
    finish(finish(a).wrapping_add(b))
}

const fn finish(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
