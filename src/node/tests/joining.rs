//! How a newcomer is let in, driven by hand.

use std::sync::Arc;

use scalesmall_crdt::{Claim, KeyRange, NodeId, Operation, ReplicaId};
use scalesmall_node::{
    Depth, Effects, Event, Members, Message, Node, Observation, Settings, SimTime, Strategy, Sync,
    Timer,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const INTERVAL_MS: u32 = 100;
const SETTINGS: Settings = Settings {
    interval_us: INTERVAL_MS * 1_000,
    fanout: 1,
    strategy: Strategy::PushPull,
    sync: Sync::Delta,
    anti_entropy: true,
    interest: false,
    history: Depth { inside: 100, outside: 100, forgets_stable: false },
    detection: None,
};

fn name(name: &str) -> NodeId {
    NodeId::new(name).unwrap()
}

/// Two members, and a newcomer that knows both.
fn nodes() -> [Node; 3] {
    let members: Arc<Members> = Arc::new(["a", "b"].map(name).into_iter().collect());
    let member = |own: &str, seed| {
        Node::new(ReplicaId::first(name(own)), Arc::clone(&members), Some(SETTINGS), seed)
    };
    let newcomer = ReplicaId::first(name("m"));
    let newcomer = Node::newcomer(newcomer, Arc::clone(&members), false, Some(SETTINGS), 3);
    [member("a", 1), member("b", 2), newcomer]
}

fn handle(node: &mut Node, at_ms: u32, event: Event) -> Effects {
    let mut effects = Effects::new();
    node.handle(SimTime::from_ms(at_ms), event, &mut effects);
    node.check_invariants();
    effects
}

fn receive(node: &mut Node, at_ms: u32, from: &ReplicaId, message: Message) -> Effects {
    handle(node, at_ms, Event::Message { from: from.clone(), message })
}

/// What a node says to another, by itself.
fn to<'a>(effects: &'a Effects, node: &str) -> Vec<&'a Message> {
    let node = name(node);
    effects.messages.iter().filter(|(to, _)| *to == node).map(|(_, message)| message).collect()
}

fn register(node: &mut Node, key: u32) {
    let claim = Claim::new(name("server"), KeyRange::new(key, key).unwrap());
    let _ = handle(node, 0, Event::Operation(Operation::Register { claim }));
}

#[test]
fn of_two_offers_the_first_is_accepted_and_the_other_sponsor_lets_nobody_in() {
    let [mut a, mut b, mut m] = nodes();
    register(&mut a, 1);
    let (of_a, of_b, of_m) = (a.id().clone(), b.id().clone(), m.id().clone());
    for member in [&mut a, &mut b] {
        let offered = receive(member, 1, &of_m, Message::Join);
        assert!(matches!(to(&offered, "m")[..], [Message::Offer]));
        assert!(!member.roster().has_member(&of_m), "an offer binds nobody");
    }
    let accepted = receive(&mut m, 2, &of_a, Message::Offer);
    let [Message::Accept { sponsor }] = to(&accepted, "a")[..] else { panic!("{accepted:?}") };
    assert_eq!(*sponsor, of_a);
    assert!(receive(&mut m, 2, &of_b, Message::Offer).messages.is_empty());
    // It is a's replica that it has accepted, whoever hears of it.
    let accept = Message::Accept { sponsor: of_a.clone() };
    assert!(receive(&mut b, 3, &of_m, accept.clone()).messages.is_empty());
    assert!(!b.roster().has_member(&of_m));

    let welcome = receive(&mut a, 3, &of_m, accept);
    let welcome = to(&welcome, "m").into_iter().find(|it| matches!(it, Message::Welcome { .. }));
    let welcome = welcome.expect("it is let in").clone();
    let _ = receive(&mut m, 4, &of_b, welcome.clone());
    assert!(!m.is_member(), "only its sponsor can hand it a state");
    let joined = receive(&mut m, 4, &of_a, welcome);
    assert!(joined.observations.contains(&Observation::Joined(of_m)));
    assert!(m.is_member() && m.claims().claims().count() == 1);
}

#[test]
fn who_turns_to_another_sponsor_does_so_as_another_replica() {
    let [_, b, mut m] = nodes();
    let first = m.id().clone();
    let of_a = ReplicaId::first(name("a"));
    register(&mut m, 7);
    let _ = receive(&mut m, 1, &of_a, Message::Offer);
    let mut at_ms = 1;
    // a does not answer any more.
    while *m.id() == first {
        let asked = handle(&mut m, at_ms, Event::Timer(Timer::Round));
        let is_patient = matches!(to(&asked, "a")[..], [Message::Accept { .. }]);
        assert!(is_patient || *m.id() == first.fresh(), "{asked:?}");
        at_ms += INTERVAL_MS;
        assert!(at_ms < 100 * INTERVAL_MS, "it waits for ever");
    }
    assert!(at_ms > 60 * INTERVAL_MS, "it gives up too soon");
    // What it has issued it still has, and can be let in by b.
    assert_eq!(m.claims().claims().count(), 1);
    let accepted = receive(&mut m, at_ms, b.id(), Message::Offer);
    assert!(matches!(to(&accepted, "b")[..], [Message::Accept { .. }]));
}

#[test]
fn a_state_is_taken_only_under_the_same_roster() {
    let [mut a, mut b, m] = nodes();
    register(&mut a, 1);
    // a has let in somebody of whom b has not heard.
    let of_a = a.id().clone();
    let _ = receive(&mut a, 1, m.id(), Message::Accept { sponsor: of_a });
    let state = Message::News { news: a.whole_state(), seen: None };
    let answer = receive(&mut b, 2, a.id(), state.clone());
    assert_eq!(b.claims().claims().count(), 0);
    assert!(matches!(to(&answer, "a")[..], [Message::Roster { is_whole: true, .. }]));
    let roster = Message::Roster { roster: Arc::clone(a.roster()), is_whole: true };
    let _ = receive(&mut b, 3, a.id(), roster);
    let _ = receive(&mut b, 4, a.id(), state);
    assert_eq!(b.claims().claims().count(), 1);
}
