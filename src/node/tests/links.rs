//! Nodes that reach each other by bytes alone.

use std::collections::BTreeSet;
use std::sync::Arc;

use scalesmall_crdt::{Claim, DataType, KeyRange, NodeId, Operation, ReplicaId};
use scalesmall_node::{Effects, Event, Members, Message, Node, SimTime, Strategy, Sync};
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
    let read =
        Message::from_bytes_of_any(&bytes).unwrap_or_else(|error| panic!("{error}: {message:?}"));
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

#[test]
fn whatever_is_replicated_goes_by_bytes() {
    for data_type in DataType::ALL {
        for (strategy, sync) in [(Strategy::Pull, Sync::Delta), (Strategy::Tree, Sync::FullState)] {
            let mut cluster = Cluster::new(strategy, sync, by_bytes).holding(data_type);
            cluster.run_to_the_end();
            let first = cluster.nodes[0].claims();
            assert!(first.context().operations() > 0, "nothing was issued");
            for node in &cluster.nodes {
                let shown = node.claims();
                assert_eq!(shown.data_type(), data_type);
                let who = format!("{data_type} by {strategy:?}, {sync:?} at {}", node.id());
                assert_eq!(shown.context(), first.context(), "{who}");
                let is_same = shown.fingerprint() == first.fingerprint();
                assert!(is_same || !data_type.converges(), "{who}");
            }
        }
    }
}

/// Nodes that are not set up alike hear each other and take no states.
#[test]
fn a_state_of_another_type_is_not_taken() {
    let settings = Some(common::settings(Strategy::PushPull, Sync::FullState));
    let [a, b] = ["a", "b"].map(|name| ReplicaId::first(common::name(name)));
    let members: Arc<Members> = Arc::new([&a, &b].map(|it| it.node.clone()).into_iter().collect());
    let mut map = Node::new(a.clone(), Arc::clone(&members), settings, 1);
    let mut list = Node::new(b.clone(), members, settings, 2).holding(DataType::OrderedList);
    let mut effects = Effects::new();
    let claim = Claim::new(b.node.clone(), KeyRange::ALL);
    list.handle(SimTime::ZERO, Event::Operation(Operation::Register { claim }), &mut effects);
    let message = Message::News { news: list.whole_state(), seen: None };
    map.handle(SimTime::ZERO, Event::Message { from: b, message: by_bytes(message) }, &mut effects);
    assert_eq!(map.claims().context().operations(), 0);
    assert_eq!(map.claims().data_type(), DataType::AwMap);
    let bytes = Message::News { news: list.whole_state(), seen: None }.to_bytes();
    let error = Message::from_bytes(&bytes).unwrap_err();
    assert_eq!(error.to_string(), "byte 10: in the state: kind 7 is not the one expected");
    map.check_invariants();
}
