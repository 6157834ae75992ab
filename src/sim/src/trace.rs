//! A run reduced to one number.

use std::fmt;
use std::hash::Hasher;

use scalesmall_crdt::Fingerprint;
use scalesmall_node::SimTime;
use siphasher::sip::SipHasher13;

/// A hash over every event of a run in order: two runs with the same trace did the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trace(u64);

impl Trace {
    /// Takes in an event: when, of which kind, at which replica, and what that showed afterwards.
    pub(crate) fn record(&mut self, at: SimTime, kind: u8, replica: usize, after: Fingerprint) {
        let mut hasher = SipHasher13::new_with_keys(self.0, 0);
        hasher.write(&at.as_us().to_le_bytes());
        hasher.write(&[kind]);
        hasher.write(&(replica as u64).to_le_bytes());
        hasher.write(&after.to_u64().to_le_bytes());
        self.0 = hasher.finish();
    }
}

impl fmt::Display for Trace {
    /// 16 hex digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}
