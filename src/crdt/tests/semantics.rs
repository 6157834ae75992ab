//! Each consequence of the semantics by name, natively and in WebAssembly.

use std::num::NonZeroU32;
use std::sync::Arc;

use scalesmall_crdt::{
    Claim, ClaimMap, Delta, InvertedRange, KeyRange, NodeId, Operation, OperationError, ReplicaId,
    Update,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn range(start: u32, end: u32) -> KeyRange {
    KeyRange::new(start, end).unwrap()
}

fn claim(node: &str, start: u32, end: u32) -> Claim {
    Claim::new(NodeId::new(node).unwrap(), range(start, end))
}

fn by(amount: u32) -> NonZeroU32 {
    NonZeroU32::new(amount).unwrap()
}

/// The claim that most of the tests are about.
fn c() -> Claim {
    claim("n1", 0, 99)
}

fn register(claim: Claim) -> Operation {
    Operation::Register { claim }
}
fn release(claim: Claim) -> Operation {
    Operation::Release { claim }
}
fn increase(claim: Claim, amount: u32) -> Operation {
    Operation::Increase { claim, by: by(amount) }
}
fn decrease(claim: Claim, amount: u32) -> Operation {
    Operation::Decrease { claim, by: by(amount) }
}
fn tighten(claim: Claim, start: u32, end: u32) -> Operation {
    Operation::Tighten { claim, to: range(start, end) }
}

/// A copy with the name that it writes under.
struct Replica {
    id: ReplicaId,
    map: ClaimMap,
}

impl Replica {
    fn new(name: &str) -> Self {
        Self { id: ReplicaId::first(NodeId::new(name).unwrap()), map: ClaimMap::new() }
    }

    fn issue(&mut self, operation: Operation) -> Arc<Update> {
        Arc::new(self.map.issue(&self.id, operation).unwrap())
    }

    fn join(&mut self, updates: &[&Arc<Update>]) {
        let delta: Delta = updates.iter().map(|&update| Arc::clone(update)).collect();
        self.map.join(&delta);
        self.map.check_invariants();
    }
}

fn replicas<const N: usize>() -> [Replica; N] {
    std::array::from_fn(|index| Replica::new(&format!("r{index}")))
}

#[test]
fn increase_registers_implicitly_and_decrease_releases_implicitly() {
    let [mut a] = replicas();
    a.issue(increase(c(), 5));
    assert_eq!(a.map.priority(&c()), Some(5));
    a.issue(decrease(c(), 2));
    assert_eq!(a.map.priority(&c()), Some(3));
    a.issue(decrease(c(), 3));
    assert_eq!(a.map.priority(&c()), None);
}

#[test]
fn registering_again_keeps_the_priority() {
    let [mut a] = replicas();
    a.issue(register(c()));
    assert_eq!(a.map.priority(&c()), Some(0));
    a.issue(increase(c(), 4));
    a.issue(register(c()));
    assert_eq!(a.map.priority(&c()), Some(4));
}

#[test]
fn operations_on_a_claim_that_is_not_live_take_no_dot() {
    let [mut a] = replicas();
    for operation in [release(c()), decrease(c(), 1), tighten(c(), 0, 9)] {
        assert_eq!(
            a.map.issue(&a.id, operation),
            Err(OperationError::NotRegistered { claim: c() })
        );
    }
    assert_eq!(a.map.context().operations(), 0);
}

#[test]
fn a_release_takes_a_dot() {
    let [mut a] = replicas();
    a.issue(register(c()));
    let release = a.issue(release(c()));
    assert_eq!(release.dot.counter, 2);
    assert_eq!(a.map.context().counter(&a.id), 2);
}

#[test]
fn registering_wins_over_a_concurrent_release() {
    let [mut a, mut b] = replicas();
    let first = a.issue(register(c()));
    b.join(&[&first]);
    let again = a.issue(register(c()));
    let gone = b.issue(release(c()));
    a.join(&[&gone]);
    b.join(&[&again]);
    assert_eq!(a.map.priority(&c()), Some(0));
    assert_eq!(a.map.fingerprint(), b.map.fingerprint());
}

#[test]
fn a_release_cancels_only_what_it_saw() {
    let [mut a, mut b] = replicas();
    let five = a.issue(increase(c(), 5));
    b.join(&[&five]);
    let three = a.issue(increase(c(), 3));
    let gone = b.issue(release(c()));
    a.join(&[&gone]);
    b.join(&[&three]);
    assert_eq!(a.map.priority(&c()), Some(3));
    assert_eq!(b.map.priority(&c()), Some(3));
}

#[test]
fn two_concurrent_releases_cancel_once() {
    let [mut a, mut b] = replicas();
    let first = a.issue(increase(c(), 2));
    b.join(&[&first]);
    let (at_a, at_b) = (a.issue(release(c())), b.issue(release(c())));
    let back = a.issue(increase(c(), 7));
    a.join(&[&at_b]);
    b.join(&[&at_a, &back]);
    assert_eq!(a.map.priority(&c()), Some(7));
    assert_eq!(a.map.fingerprint(), b.map.fingerprint());
}

#[test]
fn concurrent_decreases_to_less_than_zero_release_everywhere() {
    let [mut a, mut b] = replicas();
    let three = a.issue(increase(c(), 3));
    b.join(&[&three]);
    let (at_a, at_b) = (a.issue(decrease(c(), 2)), b.issue(decrease(c(), 2)));
    assert!(!at_a.is_release() && !at_b.is_release());
    a.join(&[&at_b]);
    b.join(&[&at_a]);
    assert_eq!(a.map.priority(&c()), None);
    assert_eq!(b.map.priority(&c()), None);
    // What is left of it does not weigh on a new start.
    a.issue(increase(c(), 1));
    assert_eq!(a.map.priority(&c()), Some(1));
}

#[test]
fn concurrent_registers_have_priority_zero_and_increases_add_up() {
    let [mut a, mut b] = replicas();
    let updates = [a.issue(register(c())), b.issue(register(c()))];
    a.join(&[&updates[1]]);
    b.join(&[&updates[0]]);
    assert_eq!(a.map.priority(&c()), Some(0));
    let other = claim("n2", 5, 5);
    let updates = [a.issue(increase(other.clone(), 3)), b.issue(increase(other.clone(), 2))];
    a.join(&[&updates[1]]);
    b.join(&[&updates[0]]);
    assert_eq!(b.map.priority(&other), Some(5));
    assert_eq!(a.map.fingerprint(), b.map.fingerprint());
}

#[test]
fn a_counter_in_a_map_does_not_bring_the_old_amount_back() {
    let [mut a, mut b, mut d] = replicas();
    let five = a.issue(increase(c(), 5));
    b.join(&[&five]);
    d.join(&[&five]);
    let gone = b.issue(release(c()));
    a.join(&[&gone]);
    let two = a.issue(increase(c(), 2));
    let one = d.issue(increase(c(), 1));
    a.join(&[&one]);
    d.join(&[&gone, &two]);
    assert_eq!(a.map.priority(&c()), Some(3));
    assert_eq!(d.map.priority(&c()), Some(3));
}

#[test]
fn tighten_moves_the_priority_in_one_step() {
    let [mut a, mut b] = replicas();
    let five = a.issue(increase(c(), 5));
    let narrower = a.issue(tighten(c(), 0, 59));
    b.join(&[&five]);
    assert_eq!(b.map.priority(&c()), Some(5));
    b.join(&[&narrower]);
    assert_eq!(b.map.priority(&c()), None);
    assert_eq!(b.map.priority(&claim("n1", 0, 59)), Some(5));
}

#[test]
fn tighten_of_a_registered_claim_registers_the_narrower_one() {
    let [mut a] = replicas();
    a.issue(register(c()));
    a.issue(tighten(c(), 99, 99));
    assert_eq!(a.map.priority(&claim("n1", 99, 99)), Some(0));
    assert_eq!(a.map.claims().count(), 1);
}

#[test]
fn tighten_needs_a_proper_part() {
    let [mut a] = replicas();
    a.issue(register(c()));
    for (start, end) in [(0, 99), (0, 100), (50, 150)] {
        let to = range(start, end);
        assert_eq!(
            a.map.issue(&a.id, tighten(c(), start, end)),
            Err(OperationError::NotInside { claim: c(), to })
        );
    }
}

#[test]
fn an_increase_concurrent_to_tighten_brings_the_wide_range_back() {
    let [mut a, mut b] = replicas();
    let five = a.issue(increase(c(), 5));
    b.join(&[&five]);
    let narrower = a.issue(tighten(c(), 0, 59));
    let one = b.issue(increase(c(), 1));
    a.join(&[&one]);
    b.join(&[&narrower]);
    assert_eq!(a.map.priority(&c()), Some(1));
    assert_eq!(a.map.priority(&claim("n1", 0, 59)), Some(5));
    assert_eq!(a.map.fingerprint(), b.map.fingerprint());
}

#[test]
fn a_release_that_arrives_before_what_it_cancels() {
    let [mut a, mut b, mut d] = replicas();
    let first = a.issue(increase(c(), 5));
    b.join(&[&first]);
    let gone = b.issue(release(c()));
    d.join(&[&gone]);
    assert!(!d.map.context().contains(&first.dot), "cancelled is not seen");
    d.join(&[&first]);
    assert_eq!(d.map.priority(&c()), None);
    b.join(&[&gone]);
    assert_eq!(b.map.fingerprint(), d.map.fingerprint());
}

#[test]
fn a_cancelled_operation_still_cancels() {
    let [mut a, mut b, mut d, mut e] = replicas();
    // The priority comes to zero without a release, so what is left of it survives.
    let up = a.issue(increase(c(), 3));
    b.join(&[&up]);
    let (down_a, down_b) = (a.issue(decrease(c(), 2)), b.issue(decrease(c(), 2)));
    a.join(&[&down_b]);
    // A fresh start cancels the remainder, and is itself released elsewhere.
    let again = a.issue(register(c()));
    assert_eq!(again.cancels.len(), 3);
    d.join(&[&up, &down_a, &down_b, &again]);
    let gone = d.issue(release(c()));
    // e hears of the release before the fresh start.
    e.join(&[&up, &gone]);
    assert_eq!(e.map.priority(&c()), Some(3));
    e.join(&[&down_a, &again]);
    assert_eq!(e.map.priority(&c()), None);
    e.join(&[&down_b]);
    assert_eq!(e.map.fingerprint(), d.map.fingerprint());
}

#[test]
fn an_early_update_waits_for_its_predecessor() {
    let [mut a, mut b] = replicas();
    let updates = [a.issue(register(c())), a.issue(increase(c(), 1)), a.issue(release(c()))];
    b.join(&[&updates[2]]);
    b.join(&[&updates[1]]);
    assert_eq!((b.map.waiting(), b.map.context().operations()), (2, 0));
    b.join(&[&updates[0]]);
    assert_eq!(b.map.waiting(), 0);
    assert_eq!(a.map.fingerprint(), b.map.fingerprint());
}

#[test]
fn a_restart_that_lost_its_state_takes_a_fresh_incarnation() {
    let [mut a, mut b] = replicas();
    let old = a.issue(increase(c(), 5));
    b.join(&[&old]);
    a = Replica { id: a.id.fresh(), map: ClaimMap::new() };
    let new = a.issue(increase(c(), 1));
    assert_ne!(old.dot, new.dot);
    b.join(&[&new]);
    a.join(&[&old]);
    assert_eq!(a.map.priority(&c()), Some(6));
    assert_eq!(a.map.fingerprint(), b.map.fingerprint());
}

#[test]
fn merge_carries_the_cancelled_dots() {
    let [mut a, mut b, mut d, mut e] = replicas();
    let first = a.issue(increase(c(), 5));
    b.join(&[&first]);
    let gone = b.issue(release(c()));
    // d knows that it is cancelled and has not seen it; e holds it.
    d.join(&[&gone]);
    e.join(&[&first]);
    e.map.merge(&d.map);
    e.map.check_invariants();
    assert_eq!(e.map.priority(&c()), None);
    d.map.merge(&a.map);
    d.map.check_invariants();
    assert_eq!(d.map.fingerprint(), e.map.fingerprint());
}

#[test]
fn ranges_are_inclusive_and_never_inverted() {
    assert_eq!(KeyRange::new(2, 1), Err(InvertedRange { start: 2, end: 1 }));
    assert_eq!(KeyRange::new(7, 7).unwrap().keys(), 1);
    assert_eq!(KeyRange::ALL.keys(), 1 << 32);
}

#[test]
fn ownership_covers_the_key_space() {
    let [mut a] = replicas();
    assert_eq!(a.map.ownership().segment_count(), 1);
    a.issue(increase(claim("b", 0, 99), 3));
    a.issue(increase(claim("a", 50, u32::MAX), 3));
    a.issue(register(claim("b", 40, 60)));
    a.issue(register(claim("d", 60, 60)));
    let ownership = a.map.ownership();
    ownership.check_invariants();
    let shown: Vec<String> = ownership
        .segments()
        .map(|segment| {
            let owner =
                |owner: &scalesmall_crdt::Owner| format!(" {}:{}", owner.node, owner.priority);
            format!("{}{}", segment.range, segment.owners.iter().map(owner).collect::<String>())
        })
        .collect();
    let expected = [
        "0..=49 b:3",
        "50..=59 a:3 b:3",
        "60..=60 a:3 b:3 d:0",
        "61..=99 a:3 b:3",
        "100..=4294967295 a:3",
    ];
    assert_eq!(shown, expected);
    assert_eq!(ownership.segments_in(range(60, 60)).count(), 1);
}

#[test]
fn differences_are_runs_of_keys() {
    let [mut a, mut b] = replicas();
    let first = a.issue(register(claim("a", 10, 29)));
    b.join(&[&first]);
    a.issue(register(claim("b", 15, 19)));
    a.issue(register(claim("d", 20, 40)));
    let differences = a.map.ownership().differences(b.map.ownership());
    assert_eq!(differences, [range(15, 40)]);
    assert_eq!(b.map.ownership().differences(a.map.ownership()), differences);
    assert_eq!(a.map.ownership().differences(a.map.ownership()), []);
}

#[test]
fn names_of_nodes_are_bounded() {
    assert!(NodeId::new("").is_err());
    assert!(NodeId::new(&"ü".repeat(64)).is_ok());
    assert!(NodeId::new(&"ü".repeat(65)).is_err());
    assert!(NodeId::new("a\nb").is_err());
}
