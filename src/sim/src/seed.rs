//! Streams of randomness that do not touch each other.

use std::hash::Hasher;

use scalesmall_node::Random;
use siphasher::sip::SipHasher13;

/// The random stream that belongs to one part of a run: `kind` names what it is for, `first` and
/// `second` tell the parts of one kind apart. What one part draws does not move another's stream.
pub(crate) fn stream(seed: u64, kind: &str, first: u64, second: u64) -> Random {
    Random::new(derive(seed, kind, first, second))
}

/// The seed of such a stream.
pub(crate) fn derive(seed: u64, kind: &str, first: u64, second: u64) -> u64 {
    let mut hasher = SipHasher13::new_with_keys(seed, 0);
    hasher.write(&first.to_le_bytes());
    hasher.write(&second.to_le_bytes());
    hasher.write(kind.as_bytes());
    hasher.finish()
}
