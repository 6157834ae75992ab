//! The checker: it accepts what nodes do, and catches what they must not do.

mod common;

use std::num::NonZeroU32;
use std::sync::Arc;

use common::Moves;
use scalesmall_crdt::{
    Cancel, Claim, ClaimMap, DataType, Delta, KeyRange, NodeId, Operation, ReplicaId, Update,
    VersionVector,
};
use scalesmall_sim::record::{OperationRecord, StateRecord};
use scalesmall_sim::{Checker, Record, Scenario, SimTime, Simulation};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// Checks a record as it is read from a file.
fn check(checker: &mut Checker, record: &Record) -> Result<(), String> {
    let line = record.to_json();
    let read = Record::from_json(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
    assert_eq!(read, *record, "{line}");
    checker.check(&read)
}

#[test]
fn what_nodes_do_is_accepted() {
    let (mut operations, mut states) = (0, 0);
    for (index, moves) in (0..150).zip([Moves::Gossip, Moves::Manual].into_iter().cycle()) {
        let scenario = Scenario::parse(&common::scenario(index, moves)).unwrap();
        let mut simulation = Simulation::recorded(scenario);
        let mut checker = Checker::new();
        while simulation.step() {
            for record in simulation.take_records() {
                operations += u32::from(matches!(record, Record::Operation(_)));
                states += u32::from(matches!(record, Record::State(_)));
                check(&mut checker, &record).unwrap_or_else(|error| panic!("{index}: {error}"));
            }
        }
        for replica in 0..simulation.replicas().len() {
            let state = simulation.state_record(replica);
            check(&mut checker, &state).unwrap_or_else(|error| panic!("{index}: {error}"));
        }
    }
    assert!(operations > 1_000 && states > 50, "{operations} operations, {states} states");
}

/// A replica whose doings are put on record.
struct Replica {
    id: ReplicaId,
    map: ClaimMap,
}

impl Replica {
    fn new(name: &str) -> Self {
        Self { id: ReplicaId::first(NodeId::new(name).unwrap()), map: ClaimMap::new() }
    }

    fn issue(&mut self, operation: Operation) -> (Arc<Update>, Record) {
        let seen = self.map.context().clone();
        let update = Arc::new(self.map.issue(&self.id, operation).unwrap());
        let (single, whole): (Vec<&Cancel>, Vec<&Cancel>) =
            update.cancels.iter().partition(|cancel| !cancel.is_whole);
        let dots = |cancels: Vec<&Cancel>| cancels.iter().map(|it| it.dot.clone()).collect();
        let record = OperationRecord {
            data_type: DataType::AwMap,
            clock_us: None,
            at: SimTime::ZERO,
            dot: update.dot.clone(),
            operation: update.operation.clone(),
            seen,
            cancels: dots(single),
            cancels_up_to: dots(whole),
        };
        (update, Record::Operation(record))
    }

    fn join(&mut self, update: &Arc<Update>) {
        self.map.join(&Delta::from_iter([Arc::clone(update)]));
    }

    fn shows(&self, seen: &VersionVector) -> Record {
        Record::State(StateRecord {
            data_type: DataType::AwMap,
            at: SimTime::ZERO,
            on: self.id.node.clone(),
            seen: seen.clone(),
            claims: self.map.claims().collect(),
        })
    }
}

fn claim() -> Claim {
    Claim::new(NodeId::new("server").unwrap(), KeyRange::new(0, 99).unwrap())
}

fn increase(by: u32) -> Operation {
    Operation::Increase { claim: claim(), by: NonZeroU32::new(by).unwrap() }
}

fn release() -> Operation {
    Operation::Release { claim: claim() }
}

/// Accepts all but the last of these records; returns what is wrong with that one.
fn caught(records: &[Record]) -> String {
    let mut checker = Checker::new();
    let (last, before) = records.split_last().unwrap();
    for record in before {
        check(&mut checker, record).unwrap();
    }
    check(&mut checker, last).expect_err("it is accepted")
}

#[test]
fn a_merge_that_forgets_a_cancel_is_caught() {
    let (mut a, mut b) = (Replica::new("a"), Replica::new("b"));
    let (raised, first) = a.issue(increase(5));
    b.join(&raised);
    let (released, second) = a.issue(release());
    b.join(&Arc::new(Update { cancels: Vec::new(), ..Update::clone(&released) }));
    let shown = b.shows(b.map.context());
    assert_eq!(
        caught(&[first, second, shown]),
        "b shows server on 0..=99 as live with priority 5; by what it has seen it is not live"
    );
}

#[test]
fn a_delta_with_too_much_context_is_caught() {
    let (mut a, mut b) = (Replica::new("a"), Replica::new("b"));
    let (raised, first) = a.issue(increase(5));
    let (_, second) = a.issue(increase(2));
    b.join(&raised);
    let shown = b.shows(a.map.context());
    assert_eq!(
        caught(&[first, second, shown]),
        "b shows server on 0..=99 as live with priority 5; by what it has seen it is live with priority 7"
    );
}

#[test]
fn a_dot_that_is_used_again_after_a_restart_is_caught() {
    let mut a = Replica::new("a");
    let (_, first) = a.issue(increase(5));
    let (_, again) = Replica::new("a").issue(increase(1));
    assert_eq!(caught(&[first, again]), "a:0#1 is issued, and 1 operations of it came before");
}

#[test]
fn a_fold_without_stability_is_caught() {
    let (mut a, mut b) = (Replica::new("a"), Replica::new("b"));
    let (raised, first) = a.issue(increase(5));
    b.join(&raised);
    let (_, second) = a.issue(increase(2));
    let (released, third) = b.issue(release());
    // b has not seen the second increase.
    let own = a.map.context().clone();
    assert_eq!(a.map.fold(&own), 1);
    a.join(&released);
    let shown = a.shows(a.map.context());
    assert_eq!(
        caught(&[first, second, third, shown]),
        "a shows server on 0..=99 as live with priority 7; by what it has seen it is live with priority 2"
    );
}

#[test]
fn operations_that_cancel_too_much_or_too_little_are_caught() {
    let (mut a, mut b) = (Replica::new("a"), Replica::new("b"));
    let (raised, first) = a.issue(increase(5));
    b.join(&raised);
    let (_, Record::Operation(honest)) = b.issue(release()) else { unreachable!() };
    let with = |change: fn(&mut OperationRecord)| {
        let mut record = honest.clone();
        change(&mut record);
        caught(&[first.clone(), Record::Operation(record)])
    };
    assert_eq!(with(|it| it.cancels.clear()), "b:0#1 does not cancel a:0#1, which survived there");
    assert_eq!(
        with(|it| it.cancels[0].counter = 2),
        "b:0#1 cancels a:0#2, which did not survive there"
    );
    assert_eq!(
        with(|it| it.seen = VersionVector::new()),
        "b:0#1 took a dot, and server on 0..=99 is not live there"
    );
    assert_eq!(
        with(|it| it.dot.counter = 2),
        "b:0#2 is issued, and 0 operations of it came before"
    );
    let unseen = |it: &mut OperationRecord| {
        let seen = it.seen.iter().map(|(replica, counter)| (replica.clone(), counter + 1));
        let seen: Vec<(ReplicaId, u64)> = seen.collect();
        it.seen = seen.iter().map(|(replica, counter)| (replica, *counter)).collect();
    };
    assert_eq!(with(unseen), "a:0#2 is seen, and 1 have been issued");
}
