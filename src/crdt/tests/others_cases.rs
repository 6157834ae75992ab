//! Situations that other libraries' suites have found worth a test, by their behaviour.

use std::num::NonZeroU32;
use std::sync::Arc;

use scalesmall_crdt::{
    Claim, ClaimMap, Delta, KeyRange, NodeId, Operation, ReplicaId, Roster, Stability, Update,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn id(name: &str) -> ReplicaId {
    ReplicaId::first(NodeId::new(name).unwrap())
}

fn claim(index: u32) -> Claim {
    Claim::new(NodeId::new("n").unwrap(), KeyRange::new(index, index).unwrap())
}

fn register(index: u32) -> Operation {
    Operation::Register { claim: claim(index) }
}

fn release(index: u32) -> Operation {
    Operation::Release { claim: claim(index) }
}

fn increase(index: u32, by: u32) -> Operation {
    Operation::Increase { claim: claim(index), by: NonZeroU32::new(by).unwrap() }
}

struct Replica {
    id: ReplicaId,
    map: ClaimMap,
}

impl Replica {
    fn new(name: &str) -> Self {
        Self { id: id(name), map: ClaimMap::new() }
    }

    fn issue(&mut self, operation: Operation) -> Arc<Update> {
        Arc::new(self.map.issue(&self.id, operation).unwrap())
    }

    fn join(&mut self, updates: &[&Arc<Update>]) {
        self.map.join(&updates.iter().map(|&update| Arc::clone(update)).collect());
        self.map.check_invariants();
    }

    fn live(&self) -> Vec<u32> {
        self.map.claims().map(|(claim, _)| claim.range.start()).collect()
    }
}

#[test]
fn disjoint_adds_with_a_remove_and_a_replayed_delta() {
    let [mut a, mut b] = ["a", "b"].map(Replica::new);
    let (one, two) = (a.issue(register(1)), b.issue(register(2)));
    a.join(&[&two]);
    let gone = a.issue(release(2));
    b.join(&[&one, &gone]);
    a.join(&[&two, &one]);
    b.join(&[&two]);
    assert_eq!((a.live(), b.live()), (vec![1], vec![1]));
    assert_eq!(a.map.fingerprint(), b.map.fingerprint());
}

#[test]
fn present_here_and_removed_there() {
    let [mut a, mut b] = ["a", "b"].map(Replica::new);
    let one = a.issue(register(1));
    b.join(&[&one]);
    b.issue(release(1));
    let before = a.map.clone();
    a.map.merge(&b.map);
    b.map.merge(&before);
    assert_eq!((a.live(), b.live()), (vec![], vec![]));
    assert_eq!(a.map.fingerprint(), b.map.fingerprint());
}

#[test]
fn with_no_dots_left_the_claim_is_gone_and_the_context_stays() {
    let [mut a, mut b, mut d] = ["a", "b", "d"].map(Replica::new);
    let one = a.issue(register(1));
    b.join(&[&one]);
    let (by_a, by_b) = (a.issue(release(1)), b.issue(release(1)));
    a.join(&[&by_b]);
    b.join(&[&by_a]);
    d.join(&[&by_b, &by_a, &one]);
    for replica in [&a, &b, &d] {
        assert!(replica.live().is_empty());
        assert_eq!(replica.map.contributions(&claim(1)).count(), 0);
        assert_eq!(replica.map.context().operations(), 3);
    }
}

#[test]
fn deltas_out_of_order() {
    let [mut a, mut b] = ["a", "b"].map(Replica::new);
    let updates =
        [register(1), release(1), register(1), increase(1, 4), register(2)].map(|o| a.issue(o));
    for update in updates.iter().rev() {
        b.join(&[update]);
    }
    assert_eq!(b.map.waiting(), 0);
    assert_eq!(b.map.priority(&claim(1)), Some(4));
    assert_eq!(a.map.fingerprint(), b.map.fingerprint());
}

#[test]
fn a_remove_that_arrives_first() {
    let [mut a, mut b, mut d] = ["a", "b", "d"].map(Replica::new);
    let one = a.issue(increase(1, 5));
    b.join(&[&one]);
    let gone = b.issue(release(1));
    d.join(&[&gone]);
    // A whole state that holds what is known to be cancelled.
    d.map.merge(&a.map);
    assert!(d.live().is_empty());
    b.join(&[&gone]);
    assert_eq!(d.map.fingerprint(), b.map.fingerprint());
}

#[test]
fn equal_values_from_two_writers_are_two_contributions() {
    let [mut a, mut b, mut d] = ["a", "b", "d"].map(Replica::new);
    let (by_a, by_b) = (a.issue(increase(1, 3)), b.issue(increase(1, 3)));
    d.join(&[&by_a]);
    let gone = d.issue(release(1));
    d.join(&[&by_b]);
    a.join(&[&by_b, &gone]);
    assert_eq!(a.map.priority(&claim(1)), Some(3));
    assert_eq!(a.map.fingerprint(), d.map.fingerprint());
}

#[test]
fn three_hundred_claims_in_batches_of_two_hundred_with_a_third_writer() {
    let [mut a, mut b, mut d] = ["a", "b", "d"].map(Replica::new);
    let mut updates: Vec<Arc<Update>> = (0..300).map(|index| a.issue(register(index))).collect();
    let first: Delta = updates.iter().take(200).cloned().collect();
    b.map.join(&first);
    updates.extend(
        (100..250).filter_map(|index| b.map.issue(&b.id, release(index)).ok()).map(Arc::new),
    );
    updates.extend((190..310).map(|index| d.issue(increase(index, 1))));
    for batch in updates.chunks(200) {
        let delta: Delta = batch.iter().cloned().collect();
        for replica in [&mut a, &mut b, &mut d] {
            replica.map.join(&delta);
            replica.map.check_invariants();
        }
    }
    // b had seen the claims up to 199, and released those from 100 on; d added to all from 190 on.
    let expected: Vec<u32> = (0..100).chain(190..310).collect();
    for replica in [&a, &b, &d] {
        assert_eq!(replica.live(), expected);
        assert_eq!(replica.map.fingerprint(), a.map.fingerprint());
    }
}

#[test]
fn a_crashed_replica_that_comes_back_under_its_own_name() {
    let [mut a, mut b] = ["a", "b"].map(Replica::new);
    let old = [a.issue(increase(1, 2)), a.issue(increase(1, 2))];
    b.join(&[&old[0]]);
    // Its state is lost, and with it how far it had counted.
    a = Replica { id: a.id.fresh(), map: ClaimMap::new() };
    a.map.merge(&b.map);
    let new = a.issue(increase(1, 10));
    b.join(&[&new]);
    assert_eq!(b.map.priority(&claim(1)), Some(12));
    // What was still in flight from its former life is another operation than the new one.
    a.join(&[&old[1]]);
    b.join(&[&old[1]]);
    assert_eq!(b.map.priority(&claim(1)), Some(14));
    assert_eq!(a.map.fingerprint(), b.map.fingerprint());
}

#[test]
fn folding_keeps_one_contribution_for_each_writer() {
    let [mut a, mut b] = ["a", "b"].map(Replica::new);
    let mut roster = Roster::new();
    for id in [&a.id, &b.id] {
        roster.join(id.clone());
    }
    let mut stability = Stability::new(a.id.clone(), roster.clone());
    let at_b = Stability::new(b.id.clone(), roster);
    let updates: Vec<Arc<Update>> = (1..=20).map(|by| a.issue(increase(1, by))).collect();
    b.join(&updates.iter().collect::<Vec<_>>());
    assert_eq!(stability.cut(a.map.context()), None, "b has not been heard");
    stability.hear(&at_b.announce(b.map.context()));
    let cut = stability.cut(a.map.context()).unwrap();
    assert_eq!(a.map.fold(&cut), 19);
    a.map.check_invariants();
    let kept: Vec<_> = a.map.contributions(&claim(1)).collect();
    assert_eq!(kept.len(), 1);
    assert_eq!((kept[0].0.counter, kept[0].1.change, kept[0].1.stands_for.get()), (20, 210, 20));
    // A release here cancels all of them there, where none is folded.
    let gone = a.issue(release(1));
    assert!(gone.cancels[0].is_whole);
    b.join(&[&gone]);
    assert_eq!(b.map.contributions(&claim(1)).count(), 0);
    assert_eq!(a.map.fingerprint(), b.map.fingerprint());
}
