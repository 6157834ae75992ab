//! Every data type under all faults, in scenarios that are made up: each replica shows what the
//! checker says after every event, and in the end all agree; but for the ordered list, whose
//! replicas only come to have seen the same.

mod common;

use std::collections::BTreeSet;

use common::{ALL_FAULTS_FROM, Moves};
use scalesmall_crdt::{DataType, Fingerprint};
use scalesmall_sim::{Checker, Outcome, Record, Scenario, SimTime, Simulation};
use serde_json::{Value, json};

const COMPARED: [DataType; 6] = [
    DataType::AwSet,
    DataType::RwSet,
    DataType::LwwSet,
    DataType::TwoPhaseSet,
    DataType::GrowSet,
    DataType::NaiveCounterMap,
];

/// The scenario with another data type, and operations that this has in the place of those that it
/// has not.
fn of_type(text: &str, data_type: DataType) -> Scenario {
    let mut file: Value = serde_json::from_str(text).expect("it is JSON");
    file["type"] = json!(data_type.name());
    for list in ["start", "steps"] {
        for step in file.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            if let Value::String(name) = &step["do"] {
                let name = operation(name, data_type);
                let step = step.as_object_mut().expect("a step is an object");
                let start = step["claim"][1].as_u64().expect("a claim has a start");
                let takes = |field: &str| match field {
                    "by" => matches!(name, "increase" | "decrease"),
                    "to" => name == "tighten",
                    "claim" => name != "split",
                    _ => true,
                };
                step.retain(|field, _| takes(field));
                step.insert("do".to_owned(), json!(name));
                if name == "split" {
                    step.insert("at".to_owned(), json!(start.max(1)));
                }
            }
        }
    }
    let text = file.to_string();
    Scenario::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn operation(name: &str, data_type: DataType) -> &'static str {
    let of_list = data_type == DataType::OrderedList;
    let wanted: &[&str] = match name {
        "increase" if of_list => &["promote"],
        "decrease" if of_list => &["demote"],
        "tighten" if of_list => &["split"],
        "increase" => &["increase", "register"],
        "decrease" => &["decrease", "release", "register"],
        "tighten" => &["tighten", "release", "register"],
        "release" => &["release", "register"],
        _ => &["register"],
    };
    let offered = data_type.operations();
    wanted.iter().find(|name| offered.contains(name)).expect("all have a Register")
}

/// What the records so far, and what each replica shows, come to by the definition.
struct Check {
    checker: Checker,
    checked: Vec<Option<Fingerprint>>,
}

impl Check {
    fn follow(&mut self, simulation: &mut Simulation) {
        let records = simulation.take_records();
        self.checked.resize(simulation.replicas().len(), None);
        let shown = |replica: usize| simulation.replicas()[replica].claims().fingerprint();
        let states: Vec<Record> = (0..simulation.replicas().len())
            .filter(|&it| self.checked[it].replace(shown(it)) != Some(shown(it)))
            .map(|it| simulation.state_record(it))
            .collect();
        if !states.is_empty() {
            simulation.check_invariants();
        }
        for record in records.iter().chain(&states) {
            // As it is written down.
            let line = record.to_json();
            let read = Record::from_json(&line).unwrap_or_else(|error| panic!("{error}\n{line}"));
            assert_eq!(read, *record, "{line}");
            self.checker.check(record).unwrap_or_else(|broken| panic!("{broken}\n{line}"));
        }
    }
}

fn play(scenario: Scenario) -> Simulation {
    let mut simulation = Simulation::recorded(scenario);
    let mut check = Check { checker: Checker::new(), checked: Vec::new() };
    loop {
        check.follow(&mut simulation);
        if !simulation.step() {
            simulation.check_invariants();
            return simulation;
        }
    }
}

fn texts() -> impl Iterator<Item = String> {
    let indices = || (0..25).chain(ALL_FAULTS_FROM..ALL_FAULTS_FROM + 25);
    let gossip = indices().map(|index| common::scenario(index, Moves::Gossip));
    gossip.chain(indices().map(|index| common::scenario(index, Moves::Manual)))
}

#[test]
fn each_shows_what_it_must_and_brings_agreement() {
    for data_type in COMPARED {
        let mut operations = 0;
        for text in texts() {
            let simulation = play(of_type(&text, data_type));
            operations += simulation.metrics().operations;
            assert!(simulation.has_converged(), "{data_type}: no agreement\n{text}");
            let (agreed, truth) = (simulation.agreed(), simulation.truth().fingerprint());
            assert_eq!(agreed, Some(truth), "{data_type}: something is lost\n{text}");
        }
        assert!(operations > 200, "{data_type}: only {operations} operations");
    }
}

#[test]
fn lists_come_to_have_seen_the_same_and_need_not_show_it() {
    let mut views = 0;
    for text in texts() {
        let mut scenario = of_type(&text, DataType::OrderedList);
        let last = scenario.steps.last().map_or(SimTime::ZERO, |step| step.at);
        scenario.until.max = last + 30_000_000;
        let mut simulation = Simulation::new(scenario);
        let mut changes = 0;
        while simulation.step() {
            if std::mem::replace(&mut changes, simulation.changes()) != changes {
                simulation.check_invariants();
            }
        }
        let seen = &simulation.replicas()[0].claims().context();
        for replica in simulation.replicas() {
            assert_eq!(replica.claims().context(), *seen, "{text}");
        }
        views += simulation.distinct() - 1;
    }
    assert!(views > 20, "they mostly agree: {views}");
}

#[test]
fn one_file_is_one_run_whatever_is_replicated() {
    for data_type in DataType::ALL {
        let text = common::scenario(ALL_FAULTS_FROM + 3, Moves::Gossip);
        let mut scenario = of_type(&text, data_type);
        scenario.until.max = scenario.steps.last().expect("it has steps").at + 5_000_000;
        let ends: BTreeSet<String> = (0..2)
            .map(|_| {
                let mut simulation = Simulation::new(scenario.clone());
                while simulation.step() {}
                format!("{} {:?}", simulation.trace(), Outcome::of(&simulation))
            })
            .collect();
        assert_eq!(ends.len(), 1, "{data_type}");
        assert_eq!(Scenario::parse(&scenario.to_json()).unwrap(), scenario, "{data_type}");
    }
}

// --- What the checker finds ---

/// The records of a run and of what all show in the end, for a type that one can break.
fn records(data_type: DataType) -> Vec<Record> {
    let text = r#"{ "format": 1, "replicas": ["a", "b"], "network": { "mode": "manual" },
        "steps": [ { "on": "a", "do": "register", "claim": ["a", 0, 99] },
                   { "sync": ["a", "b"] },
                   { "on": "b", "do": "release", "claim": ["a", 0, 99] },
                   { "sync": ["b", "a"] },
                   { "on": "a", "do": "register", "claim": ["a", 0, 99] } ],
        "until": { "max_ms": 10 } }"#;
    let mut simulation = Simulation::recorded(of_type(text, data_type));
    while simulation.step() {}
    let mut records = simulation.take_records();
    records.extend((0..simulation.replicas().len()).map(|it| simulation.state_record(it)));
    records
}

fn check(records: &[Record]) -> Result<(), String> {
    let mut checker = Checker::new();
    records.iter().try_for_each(|record| checker.check(record))
}

#[test]
fn a_state_that_does_not_follow_is_found() {
    for data_type in COMPARED {
        let mut records = records(data_type);
        check(&records).unwrap();
        let Some(Record::State(last)) = records.last_mut() else { panic!("states come last") };
        let claim = scalesmall_crdt::Claim::new(
            last.on.clone(),
            scalesmall_crdt::KeyRange::new(7, 7).unwrap(),
        );
        last.claims.insert(claim, 0);
        let broken = check(&records).unwrap_err();
        assert!(
            broken
                .ends_with("on 7..=7 as live with priority 0; by what it has seen it is not live")
        );
    }
}

#[test]
fn what_an_operation_says_is_held_against_what_it_had_seen() {
    for data_type in [DataType::AwSet, DataType::RwSet, DataType::NaiveCounterMap] {
        let mut records = records(data_type);
        let cancels = |record: &&mut Record| match record {
            Record::Operation(it) => !it.cancels.is_empty() || !it.cancels_up_to.is_empty(),
            Record::State(_) => false,
        };
        let some = records.iter_mut().find(cancels).expect("one takes back something");
        let Record::Operation(operation) = some else { unreachable!("it was just found") };
        operation.cancels.clear();
        operation.cancels_up_to.clear();
        let broken = check(&records).unwrap_err();
        assert!(broken.contains("does not cancel"), "{data_type}: {broken}");
    }
}

#[test]
fn a_stamp_belongs_to_the_last_writer_alone() {
    for data_type in COMPARED {
        let mut records = records(data_type);
        let Record::Operation(first) = &mut records[0] else { panic!("operations come first") };
        first.clock_us = match first.clock_us {
            Some(_) => None,
            None => Some(3),
        };
        let broken = check(&records).unwrap_err();
        assert!(broken.contains("time of its clock"), "{data_type}: {broken}");
    }
}

#[test]
fn a_record_is_of_one_type() {
    let mut records = records(DataType::AwSet);
    records.extend(self::records(DataType::GrowSet));
    assert_eq!(
        check(&records).unwrap_err(),
        "a grow-set is not the aw-set that this is a record of"
    );
}

#[test]
fn an_ordered_list_cannot_be_checked() {
    let broken = check(&records(DataType::OrderedList)).unwrap_err();
    assert!(broken.ends_with("it cannot be checked"), "{broken}");
}
