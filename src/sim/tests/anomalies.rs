//! What data types make of what people meant.

use scalesmall_sim::{Anomalies, Scenario, Simulation, builtin};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const NONE: Anomalies = Anomalies { resurrected: Some(0), lost: Some(0), split: 0 };

fn scenario(text: &str) -> Scenario {
    Scenario::parse(text).unwrap_or_else(|error| panic!("{error}"))
}

/// The end of a run under another data type.
fn end(text: &str, data_type: &str) -> Anomalies {
    let mut scenario = scenario(text);
    scenario.data_type = scalesmall_crdt::DataType::named(data_type).expect("there is one");
    let mut simulation = Simulation::with_intentions(scenario);
    while simulation.step() {}
    simulation.anomalies().expect("they are on record")
}

fn lesson(name: &str) -> &'static str {
    builtin::lesson(name).unwrap_or_else(|| panic!("there is a lesson {name}"))
}

/// The claim map is what people meant, at each step of whatever happens but where a state is lost.
#[test]
fn the_claim_map_is_what_was_meant() {
    let lessons = builtin::LESSONS.iter().filter(|(_, text)| !text.contains("\"split\""));
    for (name, text) in builtin::ALL.iter().chain(lessons) {
        let text = text.replace("\"lost\"", "\"kept\"");
        let mut scenario = scenario(&text);
        scenario.data_type = scalesmall_crdt::DataType::AwMap;
        let mut simulation = Simulation::with_intentions(scenario);
        while simulation.step() {
            assert_eq!(simulation.anomalies(), Some(NONE), "{name} at {}", simulation.now());
        }
    }
}

#[test]
fn who_wins_is_who_is_not_lost() {
    let text = lesson("who-wins-add");
    assert_eq!(end(text, "aw-set"), NONE);
    assert_eq!(end(text, "rw-set"), Anomalies { lost: Some(2), ..NONE });
    assert_eq!(end(text, "two-phase-set"), Anomalies { lost: Some(2), ..NONE });
    // The later one by the clock: one of each.
    assert_eq!(end(text, "lww-set"), Anomalies { lost: Some(1), ..NONE });
    // Its release says nothing, so what is dead stays, and is wanted again by then.
    assert_eq!(end(text, "grow-set"), NONE);
}

#[test]
fn a_tombstone_loses_who_comes_back() {
    let text = lesson("once-gone");
    assert_eq!(end(text, "two-phase-set"), Anomalies { lost: Some(1), ..NONE });
    assert_eq!(end(text, "aw-set"), NONE);
}

#[test]
fn a_naive_counter_brings_back_what_was_released() {
    let text = lesson("naive-counter");
    assert_eq!(end(text, "naive-counter-map"), Anomalies { resurrected: Some(1), ..NONE });
    assert_eq!(end(text, "aw-map"), NONE);
    // A set has no priorities to increase.
    assert!(end(text, "aw-set").lost > Some(0));
}

#[test]
fn a_set_that_only_grows_keeps_what_was_released() {
    let text = r#"{ "format": 1, "replicas": ["a", "b"], "steps": [
        { "on": "a", "do": "register", "claim": ["a", 0, 9] },
        { "at_ms": 9000, "on": "b", "do": "release", "claim": ["a", 0, 9] } ] }"#;
    assert_eq!(end(text, "grow-set"), Anomalies { resurrected: Some(1), ..NONE });
    assert_eq!(end(text, "lww-set"), NONE);
}

#[test]
fn lists_are_split_for_ever() {
    let found = end(lesson("order-matters"), "ordered-list");
    assert_eq!((found.resurrected, found.lost), (None, None));
    assert!(found.split > 0);
}

#[test]
fn nothing_is_said_of_what_is_not_on_record() {
    assert_eq!(Simulation::new(scenario(builtin::ADD_WINS)).anomalies(), None);
}
