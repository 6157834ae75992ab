//! What others say under a node's own name.

use std::collections::BTreeSet;
use std::sync::Arc;

use scalesmall_crdt::{
    Claim, ClaimMap, Delta, Dot, KeyRange, Operation, ReplicaId, Roster, Update,
};
use scalesmall_node::{
    Effects, Event, Members, Message, News, Node, Observation, SimTime, Strategy, Sync, Timer,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

mod common;

use common::{name, settings};

fn a() -> ReplicaId {
    ReplicaId::first(name("a"))
}

fn register(key: u32) -> Operation {
    Operation::Register { claim: Claim::new(name("server"), KeyRange::new(key, key).unwrap()) }
}

/// The first so many updates that somebody else has written as a, and its state then.
fn forgery(updates: u32) -> (Vec<Arc<Update>>, ClaimMap) {
    let mut state = ClaimMap::new();
    let forge = |key| Arc::new(state.issue(&a(), register(1_000 + key)).unwrap());
    ((0..updates).map(forge).collect(), state)
}

/// Member a, and what it has issued.
struct Victim {
    node: Node,
    issued: BTreeSet<Dot>,
}

impl Victim {
    fn new(strategy: Strategy) -> Self {
        let members: Members = ["a", "b"].map(name).into_iter().collect();
        let settings = Some(settings(strategy, Sync::Delta));
        Self { node: Node::new(a(), Arc::new(members), settings, 1), issued: BTreeSet::new() }
    }

    fn handle(&mut self, event: Event) -> Effects {
        let mut effects = Effects::new();
        self.node.handle(SimTime::from_ms(1_000), event, &mut effects);
        self.node.check_invariants();
        for observation in &effects.observations {
            if let Observation::Issued(update) = observation {
                assert!(self.issued.insert(update.dot.clone()), "{} is issued twice", update.dot);
            }
        }
        effects
    }

    fn hear(&mut self, message: Message) {
        let from = ReplicaId::first(name("b"));
        let _ = self.handle(Event::Message { from, message });
    }

    fn hear_updates(&mut self, updates: &[Arc<Update>]) {
        self.hear(Message::updates(Delta::from_iter(updates.iter().cloned())));
    }

    /// Issues an operation and returns its counter.
    fn issue(&mut self, key: u32) -> u64 {
        let _ = self.handle(Event::Operation(register(key)));
        // And tells of it.
        let _ = self.handle(Event::Timer(Timer::Round));
        self.node.claims().context().counter(self.node.id())
    }
}

#[test]
fn a_node_goes_on_after_what_was_forged_under_its_name() {
    for strategy in Strategy::ALL {
        let mut victim = Victim::new(strategy);
        let (forged, _) = forgery(3);
        assert_eq!(victim.issue(1), 1);
        victim.hear_updates(&forged[1..2]);
        assert_eq!(victim.issue(2), 3, "the second was forged and taken");
        victim.hear_updates(&forged);
        assert_eq!(victim.issue(3), 4);
        assert_eq!(victim.issued.len(), 3);
        assert_eq!(victim.node.claims().context().operations(), 4);
    }
}

#[test]
fn what_was_forged_ahead_of_time_gives_way() {
    for strategy in Strategy::ALL {
        let mut victim = Victim::new(strategy);
        let (forged, _) = forgery(3);
        victim.hear_updates(&forged[1..]);
        assert_eq!(victim.node.claims().waiting(), 2);
        // It takes the first dot itself, and knows better than to let the others follow it.
        assert_eq!(victim.issue(1), 1);
        assert_eq!(victim.node.claims().waiting(), 0);
        assert_eq!((victim.issue(2), victim.issue(3)), (2, 3));
        victim.hear_updates(&forged);
        assert_eq!(victim.node.claims().claims().count(), 3, "its dots are its own");
        assert_eq!(victim.issued.len(), 3);
    }
}

#[test]
fn a_state_with_operations_of_its_own_that_it_does_not_know_is_gone_on_from() {
    for strategy in Strategy::ALL {
        let mut victim = Victim::new(strategy);
        assert_eq!(victim.issue(1), 1);
        let roster = victim.node.roster().fingerprint();
        let (_, state) = forgery(50);
        let news = News::State { state: Arc::new(state), roster };
        victim.hear(Message::News { news, seen: None });
        assert_eq!(victim.issue(2), 51);
        assert_eq!(victim.issued.len(), 2);
    }
}

#[test]
fn what_it_said_before_it_lost_its_state_is_another_replicas() {
    let mut victim = Victim::new(Strategy::PushPull);
    assert_eq!((victim.issue(1), victim.issue(2)), (1, 2));
    let before = victim.node.claims().boxed();
    victim.node = victim.node.without_state(victim.node.id().fresh(), 9);
    assert_eq!(victim.issue(3), 1);
    let mut roster = Roster::clone(Members::from_iter(["a", "b"].map(name)).roster());
    roster.join(victim.node.id().clone());
    victim.hear(Message::Offer);
    victim.hear(Message::Welcome { roster: Arc::new(roster), state: before.into() });
    assert!(victim.node.is_member(), "its sponsor has let it in");
    assert_eq!(victim.issue(4), 2);
    assert_eq!(victim.node.claims().claims().count(), 4);
    assert_eq!(victim.issued.len(), 4);
}

#[test]
fn a_life_that_was_made_up_is_not_its_last() {
    let mut victim = Victim::new(Strategy::Tree);
    let mut roster = Roster::new();
    let life = |incarnation| ReplicaId { node: name("a"), incarnation };
    roster.join(life(1));
    roster.join(life(u32::MAX));
    roster.retire(a());
    victim.hear(Message::Roster { roster: Arc::new(roster), is_whole: true });
    assert_eq!(*victim.node.id(), life(2), "the first that nobody has had");
    assert!(!victim.node.is_member());
}
