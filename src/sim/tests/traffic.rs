//! What is put on record of the messages of a run.

#![cfg(not(target_arch = "wasm32"))]

mod common;

use std::collections::BTreeMap;
use std::sync::Arc;

use common::Moves;
use scalesmall_crdt::Dot;
use scalesmall_sim::{Cargo, Passage, Scenario, Sent, SimTime, Simulation, builtin};

/// What passed in a run, held against the run itself after every event.
#[derive(Default)]
struct Book {
    copies: BTreeMap<u64, Copy>,
    /// What each node has learned, and when.
    learned: Vec<BTreeMap<Dot, SimTime>>,
    sent: u64,
    lost: u64,
}

struct Copy {
    sent: Arc<Sent>,
    is_due_at: SimTime,
    has_arrived: bool,
    is_lost: bool,
}

impl Book {
    fn follow(&mut self, at: SimTime, passage: Passage) {
        match passage {
            Passage::Sent(sent) => {
                assert!(sent.at <= at);
                self.sent += 1;
                self.lost += u64::from(sent.copies.is_empty());
                for &(number, is_due_at) in &sent.copies {
                    let sent = Arc::clone(&sent);
                    let copy = Copy { sent, is_due_at, has_arrived: false, is_lost: false };
                    assert!(self.copies.insert(number, copy).is_none(), "{number} is sent twice");
                }
            }
            Passage::Arrived { copy: number, replica } => {
                let copy = self.copies.get_mut(&number).expect("what arrives was sent");
                assert!(!copy.has_arrived && !copy.is_lost, "{number} ends twice");
                assert!(copy.is_due_at <= at && copy.sent.at <= at);
                assert_eq!(copy.sent.to, replica);
                copy.has_arrived = true;
            }
            Passage::Lost(number) => {
                let copy = self.copies.get_mut(&number).expect("what is lost was sent");
                assert!(!copy.is_lost, "{number} is lost twice");
                copy.is_lost = true;
                self.lost += 1;
            }
            Passage::Learned { replica, dot, by } => {
                if let Some(number) = by {
                    let Copy { sent, has_arrived, .. } = &self.copies[&number];
                    assert!(*has_arrived && sent.to == replica);
                    match &sent.cargo {
                        Cargo::Nothing => panic!("{dot} comes from nothing"),
                        // A gap before it can be closed by another message.
                        Cargo::Updates(dots) => assert!(!dots.is_empty()),
                        Cargo::State(operations) => assert!(*operations > 0),
                    }
                }
                self.of(replica).insert(dot, at);
            }
            Passage::Forgot(replica) => self.of(replica).clear(),
            Passage::Became { .. } => {}
        }
    }

    fn of(&mut self, replica: usize) -> &mut BTreeMap<Dot, SimTime> {
        let count = self.learned.len().max(replica + 1);
        self.learned.resize(count, BTreeMap::new());
        &mut self.learned[replica]
    }
}

fn check(index: u64, moves: Moves) {
    let scenario = Scenario::parse(&common::scenario(index, moves)).unwrap();
    let mut simulation = Simulation::with_traffic(scenario);
    let (mut book, mut count) = (Book::default(), 0);
    // What all know from the start nobody has told them.
    for replica in 0..simulation.replicas().len() {
        let known = simulation.issued().iter().map(|update| (update.dot.clone(), SimTime::ZERO));
        book.of(replica)
            .extend(known.filter(|(dot, _)| {
                simulation.replicas()[replica].claims().context().contains(dot)
            }));
    }
    loop {
        let (before, passages) = simulation.take_traffic();
        assert_eq!(before, count);
        count += passages.len() as u64;
        for (at, passage) in passages {
            assert!(at <= simulation.now());
            book.follow(at, passage);
        }
        for index in 0..simulation.replicas().len() {
            let context = simulation.replicas()[index].claims().context();
            let learned = book.of(index);
            assert_eq!(learned.len() as u64, context.operations(), "replica {index}");
            assert!(learned.keys().all(|dot| context.contains(dot)), "replica {index}");
        }
        if !simulation.step() {
            break;
        }
    }
    // A step can send what no step delivers.
    let is_sent = book.sent >= simulation.metrics().messages_sent;
    assert!(is_sent || moves == Moves::Manual);
    // What the common past has cost is not counted.
    let is_lost = book.lost <= simulation.metrics().messages_lost;
    assert!(is_lost || !simulation.scenario().start.is_empty());
    let moving = book.copies.values().filter(|copy| !copy.has_arrived && !copy.is_lost);
    assert_eq!(moving.count(), simulation.in_flight().count());
}

#[test]
fn every_message_has_one_fate_and_every_operation_is_learned_from_one() {
    for index in (0..60).chain(common::ALL_FAULTS_FROM..common::ALL_FAULTS_FROM + 60) {
        check(index, Moves::Gossip);
        check(index, Moves::Manual);
    }
}

#[test]
fn a_run_that_is_played_again_passes_the_same_again() {
    let scenario = Arc::new(Scenario::parse(builtin::FIRST_LIGHT).unwrap());
    let mut run = Simulation::with_traffic(Arc::clone(&scenario));
    run.run_until(SimTime::from_ms(1_000));
    let (_, past) = run.take_traffic();
    let mut checkpoint = run.clone();
    let rest = |simulation: &mut Simulation| {
        simulation.run_until(SimTime::from_ms(2_000));
        simulation.take_traffic()
    };
    let (before, first) = rest(&mut run);
    assert_eq!(before, past.len() as u64);
    assert!(!first.is_empty());
    assert_eq!(rest(&mut checkpoint), (before, first));

    let mut plain = Simulation::new(scenario);
    plain.run_until(SimTime::from_ms(2_000));
    assert_eq!(plain.take_traffic(), (0, Vec::new()), "nobody has asked for it");
    assert_eq!(plain.trace(), run.trace(), "to look does not change a run");
}
