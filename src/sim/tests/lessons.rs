//! What the lessons' scenarios come to: the outcomes that their texts rest on.

use std::collections::BTreeSet;

use scalesmall_sim::outcome::ReplicaOutcome;
use scalesmall_sim::{Action, Checker, Outcome, Scenario, SimTime, Simulation, builtin};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn scenario(name: &str) -> Scenario {
    let text = builtin::lesson(name).unwrap_or_else(|| panic!("there is a lesson {name}"));
    Scenario::parse(text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The run of a lesson up to some time, each step of it checked.
fn played_until(name: &str, ms: u32) -> Simulation {
    let scenario = scenario(name);
    let mut checker = scenario.data_type.converges().then(Checker::new);
    let mut simulation = Simulation::recorded(scenario);
    while simulation.next_time().is_some_and(|next| next <= SimTime::from_ms(ms)) {
        simulation.check_invariants();
        if !simulation.step() {
            break;
        }
    }
    let shown = (0..simulation.replicas().len()).map(|it| simulation.state_record(it));
    let shown: Vec<_> = shown.collect();
    for record in simulation.take_records().iter().chain(&shown) {
        checker.iter_mut().for_each(|it| it.check(record).expect("it is as defined"));
    }
    simulation
}

fn played(name: &str) -> Simulation {
    played_until(name, u32::MAX / 1_000)
}

fn replica<'a>(outcome: &'a Outcome, name: &str) -> &'a ReplicaOutcome {
    &outcome.replicas[name]
}

/// The claims that a replica shows, each as `node start-end priority`.
fn claims(simulation: &Simulation, name: &str) -> Vec<String> {
    let outcome = Outcome::of(simulation);
    let claims = replica(&outcome, name).claims.iter();
    claims.map(|it| format!("{} {}-{} {}", it.node, it.start, it.end, it.priority)).collect()
}

/// Who serves a key by what a replica shows, the first one first.
fn owners(simulation: &Simulation, name: &str, key: u32) -> String {
    let outcome = Outcome::of(simulation);
    let mut segments = replica(&outcome, name).segments.iter();
    let segment = segments.find(|it| it.start <= key && key <= it.end).expect("a segment");
    segment.owners.iter().map(|owner| &*owner.node).collect()
}

/// All replicas that run show these claims, and the run has converged.
fn check_agreement(name: &str, expected: &[&str]) {
    let simulation = played(name);
    assert!(simulation.has_converged(), "{name}");
    for replica in simulation.replicas().iter().filter(|replica| replica.is_live()) {
        let node = replica.node().id().node.as_str();
        assert_eq!(claims(&simulation, node), expected, "{name} at {node}");
    }
}

#[test]
fn a_lesson_stands_under_one_name_and_is_written_as_it_is_read() {
    let names: BTreeSet<&str> = builtin::LESSONS.iter().map(|(name, _)| *name).collect();
    assert_eq!(names.len(), builtin::LESSONS.len());
    for name in names {
        let scenario = scenario(name);
        assert_eq!(Scenario::parse(&scenario.to_json()).unwrap(), scenario, "{name}");
        assert!(builtin::text(name).is_none(), "{name} is a scenario and a lesson");
    }
}

// --- 1. Order matters ---

#[test]
fn promotions_do_not_commute() {
    let simulation = played("order-matters");
    assert_eq!(owners(&simulation, "x", 0), "abc");
    assert_eq!(owners(&simulation, "y", 0), "bca");
    assert_eq!(owners(&simulation, "x", 100), "", "the lists are for keys up to 99");
    assert_eq!(claims(&simulation, "x"), ["a 0-99 2", "b 0-99 1", "c 0-99 0"]);
    let seen = |at: usize| simulation.replicas()[at].claims().context().clone();
    assert_eq!(seen(0), seen(1), "both have seen the same");
    assert!(!simulation.has_converged());
}

#[test]
fn a_promotion_that_comes_twice_is_carried_out_twice() {
    let once = played_until("order-matters", 300);
    assert_eq!(owners(&once, "z", 0), "acb");
    let twice = played_until("order-matters", 400);
    assert_eq!(owners(&twice, "z", 0), "cab");
    let seen = |it: &Simulation| it.replicas()[2].claims().context().clone();
    assert_eq!(seen(&once), seen(&twice), "there was nothing new to be seen");
}

/// For ever: over a network that does all that it can, too.
#[test]
fn gossip_does_not_bring_lists_together() {
    let text = builtin::lesson("order-matters").unwrap();
    let (head, _) = text.split_once("\"steps\"").expect("it has steps");
    let text = head.replace("\"mode\": \"manual\"", "\"mode\": \"gossip\"")
        + r#""steps": [ { "at_ms": 100, "on": "x", "do": "promote", "claim": ["c", 0, 99] },
                        { "on": "y", "do": "promote", "claim": ["b", 0, 99] } ],
             "until": { "converged": true, "max_ms": 60000 } }"#;
    let mut simulation = Simulation::new(Scenario::parse(&text).unwrap());
    while simulation.step() {}
    assert_eq!(simulation.now(), SimTime::from_ms(60_000), "it waited in vain");
    assert!(!simulation.has_converged());
    assert_eq!(owners(&simulation, "x", 0), "abc");
    assert_eq!(owners(&simulation, "y", 0), "bca");
}

// --- 2. Split poisons ---

#[test]
fn a_split_means_another_thing_after_a_register() {
    let simulation = played("split-poisons");
    // x has split first: d serves only the half that it has named.
    assert_eq!(claims(&simulation, "x"), ["d 0-49 0"]);
    assert_eq!(claims(&simulation, "y"), ["d 0-49 0", "d 50-99 0"]);
}

#[test]
fn triples_need_no_split() {
    check_agreement("split-as-triples", &["d 0-99 0", "e 50-99 0"]);
    let simulation = played("split-as-triples");
    let owners = [0, 49, 50, 99, 100].map(|key| owners(&simulation, "x", key));
    assert_eq!(owners, ["d", "d", "de", "de", ""]);
}

// --- 3. Once gone, always gone ---

#[test]
fn a_tombstone_blocks_whoever_registers_again() {
    let shown = [500, 1_500, 2_500].map(|ms| claims(&played_until("once-gone", ms), "a"));
    assert_eq!(shown, [vec!["a 0-99 0".to_owned()], vec![], vec![]]);
    check_agreement("once-gone", &[]);
    assert_eq!(played("once-gone").metrics().operations, 3, "it was said, and came to nothing");
}

#[test]
fn what_only_grows_keeps_the_claims_of_the_dead() {
    check_agreement("never-gone", &["a 0-99 0", "b 0-99 0"]);
}

// --- 4. Who wins? ---

#[test]
fn one_trace_has_three_truths() {
    check_agreement("who-wins-add", &["a 0-49 0", "a 50-99 0"]);
    check_agreement("who-wins-remove", &[]);
    check_agreement("who-wins-last", &["a 50-99 0"]);
    let steps = ["who-wins-add", "who-wins-remove", "who-wins-last"].map(|it| scenario(it).steps);
    assert!(steps.iter().all(|it| *it == steps[0]), "it is one trace");
}

// --- 5. Clocks lie ---

#[test]
fn a_clock_that_is_ahead_wins() {
    check_agreement("clocks-lie", &[]);
    let (mut told, lies) = (scenario("who-wins-last"), scenario("clocks-lie"));
    told.steps.insert(0, lies.steps[0].clone());
    assert_eq!(told.steps, lies.steps, "but for the clock they are the same");
}

/// c releases 100 ms before a registers again, so the outcome flips there.
#[test]
fn the_outcome_flips_where_the_clocks_make_it_later() {
    for (skew_ms, expected) in [(99, vec!["a 50-99 0".to_owned()]), (101, vec![])] {
        let mut scenario = scenario("clocks-lie");
        let Action::ClockSkew { skew_us, .. } = &mut scenario.steps[0].action else {
            panic!("it begins with the clock");
        };
        *skew_us = skew_ms * 1_000;
        let mut simulation = Simulation::new(scenario);
        while simulation.step() {}
        assert!(simulation.has_converged());
        assert_eq!(claims(&simulation, "b"), expected, "{skew_ms} ms ahead");
    }
}

// --- 7. A counter in a map ---

#[test]
fn an_embedded_counter_brings_back_what_was_released() {
    check_agreement("counter-in-a-map", &["a 0-99 3"]);
    check_agreement("naive-counter", &["a 0-99 6"]);
    let steps = ["counter-in-a-map", "naive-counter"].map(|it| scenario(it).steps);
    assert_eq!(steps[0], steps[1], "it is one trace");
}

#[test]
fn what_two_have_taken_away_is_gone_once() {
    check_agreement("both-decrease", &[]);
}

// --- 10. Tighten when full ---

#[test]
fn two_messages_leave_a_gap_or_an_overlap() {
    let simulation = played("tighten-as-two");
    assert_eq!(claims(&simulation, "x"), ["d 0-59 0", "d 0-99 0"], "nothing of a, too much of d");
    assert_eq!(claims(&simulation, "a")[0], "a 0-59 0");
    assert!(!claims(&simulation, "d").contains(&"d 0-99 0".to_owned()));
}

#[test]
fn one_operation_leaves_neither() {
    let simulation = played("tighten-as-one");
    let shown = ["a", "b", "c"].map(|node| claims(&simulation, node));
    assert_eq!(shown, [["a 0-59 3"], ["a 0-59 3"], ["a 0-99 3"]]);
}

#[test]
fn an_increase_elsewhere_brings_the_wide_range_back() {
    check_agreement("tighten-undone", &["a 0-59 3", "a 0-99 1"]);
}
