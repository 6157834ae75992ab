//! Whatever a peer sends, a replica that joins it stays sound, and goes on.

#![no_main]

use libfuzzer_sys::fuzz_target;
use scalesmall_crdt::{Claim, ClaimMap, Delta, KeyRange, NodeId, Operation, ReplicaId, Roster, Stability};

fuzz_target!(|messages: Vec<Vec<u8>>| {
    let own = ReplicaId::first(NodeId::new("a").expect("a name"));
    let claim = Claim::new(own.node.clone(), KeyRange::ALL);
    let mut map = ClaimMap::new();
    for bytes in messages.iter().take(8) {
        if let Ok(delta) = Delta::from_bytes(bytes) {
            map.join(&delta);
        }
        if let Ok(state) = ClaimMap::from_bytes(bytes) {
            map.merge(&state);
        }
        let _ = map.issue(&own, Operation::Register { claim: claim.clone() });
        map.check_invariants();
    }
    let mut roster = Roster::new();
    roster.join(own.clone());
    let cut = Stability::new(own, roster).cut(map.context()).expect("it is alone");
    let shown = |map: &ClaimMap| map.fingerprint();
    let before = shown(&map);
    map.fold(&cut);
    map.check_invariants();
    assert_eq!(shown(&map), before, "folding changes no value");
});
