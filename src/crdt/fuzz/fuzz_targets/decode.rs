//! Whatever the bytes are, they are refused, or they are the one form of what they say.

#![no_main]

use libfuzzer_sys::fuzz_target;
use scalesmall_crdt::{Announcement, ClaimMap, Delta, VersionVector};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(delta) = Delta::from_bytes(bytes) {
        assert_eq!(Delta::from_bytes(&delta.to_bytes()), Ok(delta));
    }
    if let Ok(seen) = VersionVector::from_bytes(bytes) {
        assert_eq!(VersionVector::from_bytes(&seen.to_bytes()), Ok(seen));
    }
    if let Ok(announcement) = Announcement::from_bytes(bytes) {
        assert_eq!(Announcement::from_bytes(&announcement.to_bytes()), Ok(announcement));
    }
    if let Ok(map) = ClaimMap::from_bytes(bytes) {
        map.check_invariants();
        let again = ClaimMap::from_bytes(&map.to_bytes()).expect("what was written can be read");
        assert_eq!(again.fingerprint(), map.fingerprint());
    }
});
