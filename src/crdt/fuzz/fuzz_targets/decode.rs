//! Whatever the bytes are, they are refused, or what they say can be written and read again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use scalesmall_crdt::{
    Announcement, Claim, ClaimMap, Delta, History, KeyRange, NodeId, Operation, ReplicaId,
    VersionVector,
};
use std::sync::Arc;

/// What a receiver may know that a message refers to.
fn log() -> History {
    let a = ReplicaId::first(NodeId::new("a").expect("a name"));
    let claim = Claim::new(a.node.clone(), KeyRange::ALL);
    let (mut map, mut log) = (ClaimMap::new(), History::new());
    for _ in 0..3 {
        let register = Operation::Register { claim: claim.clone() };
        log.push(Arc::new(map.issue(&a, register).expect("anybody may register")));
    }
    log
}

fuzz_target!(|bytes: &[u8]| {
    if let Ok(delta) = Delta::from_bytes(bytes) {
        assert_eq!(Delta::from_bytes(&delta.to_bytes()), Ok(delta));
    }
    if let Ok(delta) = Delta::from_bytes_with(bytes, &log()) {
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
