//! Nodes that reach each other by bytes alone.

use std::collections::BTreeSet;

use scalesmall_crdt::NodeId;
use scalesmall_node::{Message, SimTime, Strategy, Sync};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

mod common;

use common::{Carry, Cluster, Said};

const RUNS: [(Strategy, Sync); 5] = [
    (Strategy::Push, Sync::FullState),
    (Strategy::Pull, Sync::Delta),
    (Strategy::PushPull, Sync::Operation),
    (Strategy::Tree, Sync::Delta),
    (Strategy::Tree, Sync::FullState),
];

/// As over a link.
fn by_bytes(message: Message) -> Message {
    let bytes = message.to_bytes();
    assert_eq!(message.encoded_len(), bytes.len(), "{message:?}");
    let read = Message::from_bytes(&bytes).unwrap_or_else(|error| panic!("{error}: {message:?}"));
    assert_eq!(read.to_bytes(), bytes, "{message:?}");
    assert_eq!(format!("{read:?}"), format!("{message:?}"));
    read
}

fn play(strategy: Strategy, sync: Sync, carry: Carry) -> Cluster {
    let mut cluster = Cluster::new(strategy, sync, carry);
    cluster.run_to_the_end();
    cluster
}

/// What was said, in an order that does not depend on the one in which a node turned to several.
fn said(cluster: &Cluster) -> Vec<(SimTime, NodeId, NodeId, Vec<u8>)> {
    let said = cluster.said.iter();
    let mut said: Vec<_> = said
        .map(|Said { at, from, to, message }| {
            (*at, from.node.clone(), to.clone(), message.to_bytes())
        })
        .collect();
    said.sort();
    said
}

#[test]
fn bytes_change_nothing() {
    let mut kinds = BTreeSet::new();
    for (strategy, sync) in RUNS {
        let handed_over = play(strategy, sync, |message| message);
        let sent = play(strategy, sync, by_bytes);
        assert!(said(&sent) == said(&handed_over), "{strategy:?}, {sync:?}: other messages");
        let first = sent.nodes[0].claims().fingerprint();
        for (node, other) in sent.nodes.iter().zip(&handed_over.nodes) {
            let fingerprint = node.claims().fingerprint();
            assert_eq!(fingerprint, other.claims().fingerprint());
            assert_eq!(fingerprint, first, "{strategy:?}, {sync:?}: {}", node.id());
            assert!(node.is_member());
        }
        assert!(sent.nodes[0].claims().context().operations() > 40);
        kinds.extend(sent.said.iter().map(|said| said.message.kind()));
    }
    assert_eq!(kinds.len(), 19, "not every kind of message was sent: {kinds:?}");
}
