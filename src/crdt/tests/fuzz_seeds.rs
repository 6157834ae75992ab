//! What the fuzzers start from: messages of each kind, in the format of today.
//!
//! After a change of the format: `UPDATE_SEEDS=1 cargo test -p scalesmall-crdt --test fuzz_seeds`.

#![cfg(not(target_arch = "wasm32"))]

use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;

use scalesmall_crdt::{
    Claim, ClaimMap, Delta, KeyRange, NodeId, Operation, ReplicaId, Roster, Stability, Update,
};

fn messages() -> Vec<(&'static str, Vec<u8>)> {
    let [a, b] = ["a", "b"].map(|name| ReplicaId::first(NodeId::new(name).unwrap()));
    let b = b.fresh();
    let range = |start, end| KeyRange::new(start, end).unwrap();
    let claim = || Claim::new(a.node.clone(), range(1_000, 9_999));
    let increase = |by| Operation::Increase { claim: claim(), by: NonZeroU32::new(by).unwrap() };

    let mut at_a = ClaimMap::new();
    let mut issue = |operation| -> Arc<Update> { Arc::new(at_a.issue(&a, operation).unwrap()) };
    let mut updates = vec![
        issue(increase(300)),
        issue(Operation::Register { claim: Claim::new(b.node.clone(), KeyRange::ALL) }),
        issue(increase(7)),
    ];
    let state = at_a.to_bytes();
    let mut roster = Roster::new();
    roster.join(a.clone());
    let cut = Stability::new(a.clone(), roster.clone()).cut(at_a.context()).unwrap();
    at_a.fold(&cut);
    let folded = at_a.to_bytes();

    let mut at_b = ClaimMap::new();
    at_b.join(&updates.iter().cloned().collect());
    let mut issue = |operation| -> Arc<Update> { Arc::new(at_b.issue(&b, operation).unwrap()) };
    updates.push(issue(Operation::Tighten { claim: claim(), to: range(2_000, 2_999) }));
    updates.push(issue(increase(1)));
    updates.push(issue(Operation::Release { claim: claim() }));
    roster.retire(b.clone());
    let announcement = Stability::new(a.clone(), roster).announce(at_a.context());

    // A Tighten without what it cancels, and something that comes too early.
    let mut early = ClaimMap::new();
    early.join(&Delta::from_iter([Arc::clone(&updates[3]), Arc::clone(&updates[5])]));
    let delta: Delta = updates.iter().cloned().collect();
    let news: Delta = updates[3..].iter().cloned().collect();
    vec![
        ("announcement", announcement.to_bytes()),
        ("context", at_b.context().to_bytes()),
        ("delta", delta.to_bytes()),
        ("delta-of-one", Delta::from_iter([Arc::clone(&updates[0])]).to_bytes()),
        ("delta-to-who-knows-more", news.to_bytes_for(at_a.context(), &at_b)),
        ("state", state),
        ("state-folded", folded),
        ("state-with-cancelled-and-waiting", early.to_bytes()),
    ]
}

#[test]
fn the_seeds_of_the_fuzzers_are_of_this_format() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
    for (name, bytes) in messages() {
        let path = dir.join(name);
        if std::env::var_os("UPDATE_SEEDS").is_some() {
            std::fs::write(&path, &bytes).expect("a seed can be written");
        }
        let seed = std::fs::read(&path).expect("a seed can be read");
        assert_eq!(seed, bytes, "{name} is out of date");
    }
    let names = std::fs::read_dir(dir).expect("the seeds can be listed").count();
    assert_eq!(names, messages().len(), "a seed that nothing is checked against");
}
