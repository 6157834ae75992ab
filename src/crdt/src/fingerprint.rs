//! A digest of what a replica has seen.

use core::fmt;
use core::hash::Hasher;

use siphasher::sip::SipHasher13;

use crate::{Claim, ReplicaId};

/// A stable 64-bit digest of a replica's context and live claims: replicas with equal
/// fingerprints answer every question alike. It is the sum, modulo 2⁶⁴, of one SipHash-1-3 for
/// each entry of the context and one for each live claim, so it follows a change at the cost of
/// the change. It guards against accidents, not against somebody who seeks collisions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(u64);

impl Fingerprint {
    /// The digest as a number.
    #[must_use]
    pub const fn to_u64(self) -> u64 {
        self.0
    }

    pub(crate) fn add_progress(&mut self, replica: &ReplicaId, counter: u64) {
        self.0 = self.0.wrapping_add(hash_progress(replica, counter));
    }

    pub(crate) fn remove_progress(&mut self, replica: &ReplicaId, counter: u64) {
        self.0 = self.0.wrapping_sub(hash_progress(replica, counter));
    }

    pub(crate) fn add_claim(&mut self, claim: &Claim, priority: u64) {
        self.0 = self.0.wrapping_add(hash_claim(claim, priority));
    }

    pub(crate) fn remove_claim(&mut self, claim: &Claim, priority: u64) {
        self.0 = self.0.wrapping_sub(hash_claim(claim, priority));
    }
}

impl fmt::Display for Fingerprint {
    /// 16 hex digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// An absent entry of the context counts nothing, so that it equals an entry of 0.
fn hash_progress(replica: &ReplicaId, counter: u64) -> u64 {
    if counter == 0 {
        return 0;
    }
    let mut hasher = SipHasher13::new_with_keys(1, 0);
    hasher.write(&counter.to_le_bytes());
    hasher.write(&replica.incarnation.to_le_bytes());
    hasher.write(replica.node.as_str().as_bytes());
    hasher.finish()
}

fn hash_claim(claim: &Claim, priority: u64) -> u64 {
    let mut hasher = SipHasher13::new_with_keys(2, 0);
    hasher.write(&priority.to_le_bytes());
    hasher.write(&claim.range.start().to_le_bytes());
    hasher.write(&claim.range.end().to_le_bytes());
    hasher.write(claim.node.as_str().as_bytes());
    hasher.finish()
}
