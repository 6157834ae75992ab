//! One seed, one run: here, there, at any pace, natively and in WebAssembly, today and tomorrow.
//!
//! `golden/runs.txt` has a line for each run: name, fingerprint, trace, and when it ended. Both
//! platforms are held to that one file.

mod common;

use std::collections::BTreeMap;

use common::{ALL_FAULTS_FROM, Moves};
use scalesmall_sim::{Scenario, SimTime, Simulation, builtin};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const GOLDEN: &str = include_str!("golden/runs.txt");
const UPDATE: &str = "UPDATE_GOLDEN=1 cargo test -p scalesmall-sim --test same_run";

/// Every run that the golden file records: its name and its scenario.
fn runs() -> Vec<(String, String)> {
    let builtin = builtin::ALL.iter().map(|&(name, text)| (name.to_owned(), text.to_owned()));
    let gossip = (0..130).map(|n| (format!("gossip-{n}"), common::scenario(n, Moves::Gossip)));
    let manual = (0..70).map(|n| (format!("manual-{n}"), common::scenario(n, Moves::Manual)));
    // And some with all faults that there are.
    let all = ALL_FAULTS_FROM..;
    let more =
        all.clone().take(60).map(|n| (format!("gossip-{n}"), common::scenario(n, Moves::Gossip)));
    let manual_more =
        all.take(20).map(|n| (format!("manual-{n}"), common::scenario(n, Moves::Manual)));
    builtin.chain(gossip).chain(manual).chain(more).chain(manual_more).collect()
}

fn simulation(text: &str) -> Simulation {
    Simulation::new(Scenario::parse(text).expect("the scenario can be run"))
}

fn finished(text: &str) -> Simulation {
    let mut simulation = simulation(text);
    while simulation.step() {}
    simulation
}

/// A run's line in the golden file.
fn line(name: &str, simulation: &Simulation) -> String {
    let fingerprint = match simulation.agreed() {
        Some(fingerprint) => fingerprint.to_string(),
        None => "no-agreement".to_owned(),
    };
    format!("{name} {fingerprint} {} {}", simulation.trace(), simulation.now().as_us())
}

#[test]
fn every_run_is_the_one_on_record() {
    let lines: Vec<String> =
        runs().iter().map(|(name, text)| line(name, &finished(text))).collect();
    #[cfg(not(target_arch = "wasm32"))]
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/runs.txt");
        std::fs::write(path, lines.join("\n") + "\n").expect("the golden file can be written");
        return;
    }
    let name = |line: &&str| line.split(' ').next().unwrap_or_default().to_owned();
    let mut golden: BTreeMap<String, &str> = GOLDEN.lines().map(|l| (name(&l), l)).collect();
    let mut wrong = String::new();
    for got in &lines {
        let name = name(&got.as_str());
        let expected = golden.remove(&name).unwrap_or("nothing");
        if got != expected {
            wrong += &format!("{name}\n  expected {expected}\n  got      {got}\n");
        }
    }
    wrong.extend(golden.keys().map(|name| format!("{name}\n  no such run any more\n")));
    assert!(
        wrong.is_empty(),
        "runs differ from the recorded ones:\n{wrong}if that is what you want: {UPDATE}"
    );
}

#[test]
fn a_run_is_the_same_when_it_is_played_in_slices_or_from_a_copy() {
    for (name, text) in runs() {
        let expected = line(&name, &finished(&text));
        let mut sliced = simulation(&text);
        let mut until = SimTime::ZERO;
        while !sliced.has_ended() {
            sliced.run_until(until);
            until = until + 16_667;
        }
        assert_eq!(line(&name, &sliced), expected, "{name} in slices");

        let mut original = simulation(&text);
        for _ in 0..100 {
            original.step();
        }
        let mut copy = original.clone();
        while original.step() {}
        while copy.step() {}
        assert_eq!(line(&name, &copy), expected, "{name} from a copy");
        assert_eq!(copy.metrics(), original.metrics(), "{name} from a copy");
    }
}

#[test]
fn another_seed_is_another_run() {
    let (_, text) = &runs()[0];
    let scenario = Scenario::parse(text).expect("the scenario can be run");
    let mut traces: Vec<String> = (0..20)
        .map(|seed| {
            let mut simulation = Simulation::new(Scenario { seed, ..scenario.clone() });
            while simulation.step() {}
            simulation.trace().to_string()
        })
        .collect();
    traces.sort();
    traces.dedup();
    assert_eq!(traces.len(), 20);
}
