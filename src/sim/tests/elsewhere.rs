//! Runs of replicas that are older than the run, and what comes to them from outside of it.

#[cfg(not(target_arch = "wasm32"))]
mod common;

use std::num::NonZeroU32;

use scalesmall_crdt::{
    Claim, ClaimMap, Delta, KeyRange, NodeId, Operation, ReplicaId, Update, base64url,
};
use scalesmall_sim::{Outcome, Scenario, SimTime, Simulation};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn replica(node: &str, incarnation: u32) -> ReplicaId {
    ReplicaId { node: NodeId::new(node).unwrap(), incarnation }
}

fn increase(map: &mut ClaimMap, by: &ReplicaId, start: u32) -> Update {
    let claim = Claim::new(by.node.clone(), KeyRange::new(start, start + 9).unwrap());
    let operation = Operation::Increase { claim, by: NonZeroU32::new(2).unwrap() };
    map.issue(by, operation).unwrap()
}

fn text(bytes: &[u8]) -> String {
    base64url::encode(bytes)
}

/// A run in manual mode of a, b and c, of which a and b have been others before.
fn run(steps: &[String]) -> Simulation {
    let scenario = format!(
        r#"{{ "format": 1, "replicas": ["a", "b", "c"], "incarnations": [7, 1, 0],
            "network": {{ "mode": "manual" }}, "steps": [ {} ], "until": {{ "max_ms": 1000 }} }}"#,
        steps.join(",\n")
    );
    let scenario = Scenario::parse(&scenario).unwrap();
    let written = Scenario::parse(&scenario.to_json()).unwrap();
    assert_eq!(written, scenario, "{}", scenario.to_json());
    assert!(!scenario.is_self_contained());
    let mut simulation = Simulation::recorded_with_traffic(scenario);
    while simulation.step() {
        simulation.check_invariants();
    }
    simulation
}

fn shown(simulation: &Simulation) -> Vec<ClaimMap> {
    simulation
        .replicas()
        .iter()
        .map(|replica| replica.claims().as_claim_map().unwrap().clone())
        .collect()
}

#[test]
fn a_run_goes_on_where_a_room_was() {
    let (a, b) = (replica("a", 7), replica("b", 1));
    let mut room = ClaimMap::new();
    increase(&mut room, &a, 0);
    increase(&mut room, &replica("a", 6), 100);
    let in_flight = Delta::from(increase(&mut room.clone(), &b, 200));

    let state = text(&room.to_bytes());
    let receive = |what: &str, on: &str| format!(r#"{{ "receive": "{what}", "on": "{on}" }}"#);
    let simulation = run(&[
        receive(&state, "a"),
        r#"{ "sync": ["a", "b"] }"#.to_owned(),
        receive(&text(&in_flight.to_bytes()), "b"),
        r#"{ "on": "a", "do": "release", "claim": ["a", 0, 9] }"#.to_owned(),
        r#"{ "send": ["a", "b"], "as": "m", "only": "last-operation" }"#.to_owned(),
        r#"{ "deliver": "m" }"#.to_owned(),
        receive(&text(&in_flight.to_bytes()), "a"),
        r#"{ "on": "b", "do": "increase", "claim": ["b", 0, 9], "by": 2 }"#.to_owned(),
        r#"{ "sync": ["b", "a"] }"#.to_owned(),
        r#"{ "sync": ["b", "c"] }"#.to_owned(),
    ]);

    // The same without a simulator.
    room.join(&in_flight);
    let claim = Claim::new(a.node.clone(), KeyRange::new(0, 9).unwrap());
    room.issue(&a, Operation::Release { claim }).unwrap();
    increase(&mut room, &b, 0);
    for map in shown(&simulation) {
        assert_eq!(map.fingerprint(), room.fingerprint());
    }
    assert_eq!(simulation.truth().fingerprint(), room.fingerprint());
    assert!(Outcome::of(&simulation).converged);
}

#[test]
fn who_restarts_without_its_state_is_who_the_file_says() {
    let mut room = ClaimMap::new();
    increase(&mut room, &replica("c", 0), 0);
    let simulation = run(&[
        format!(r#"{{ "receive": "{}", "on": "c" }}"#, text(&room.to_bytes())),
        r#"{ "crash": "a" }, { "restart": "a", "state": "lost", "incarnation": 900 }"#.to_owned(),
        r#"{ "crash": "b" }, { "restart": "b", "state": "lost" }"#.to_owned(),
        r#"{ "on": "a", "do": "register", "claim": ["a", 0, 9] }"#.to_owned(),
    ]);
    let ids: Vec<_> = simulation.replicas().iter().map(|it| it.node().id().clone()).collect();
    assert_eq!(ids, [replica("a", 900), replica("b", 2), replica("c", 0)]);
    assert_eq!(shown(&simulation)[0].context().counter(&ids[0]), 1);
}

/// Bytes that were made up: operations that nodes of the run issue as well, others that they never
/// do, gaps, far counters.
#[test]
fn what_contradicts_the_run_does_no_harm() {
    let a = replica("a", 7);
    let mut forged = ClaimMap::new();
    let updates: Vec<Update> = (0..6).map(|n| increase(&mut forged, &a, 50 * n)).collect();
    let some = |numbers: &[usize]| {
        let delta: Delta = numbers.iter().map(|&n| updates[n].clone().into()).collect();
        text(&delta.to_bytes())
    };
    let register = r#"{ "on": "a", "do": "register", "claim": ["a", 7, 8] }"#.to_owned();
    let receive = |what: &str, on: &str| format!(r#"{{ "receive": "{what}", "on": "{on}" }}"#);
    let simulation = run(&[
        receive(&some(&[0]), "b"),
        register.clone(),
        receive(&some(&[1, 3, 4]), "b"),
        receive(&text(&forged.to_bytes()), "c"),
        register.clone(),
        r#"{ "sync": ["c", "a"] }"#.to_owned(),
        r#"{ "sync": ["a", "b"] }"#.to_owned(),
        receive(&some(&[5]), "a"),
        register,
        r#"{ "sync": ["a", "c"] }"#.to_owned(),
    ]);
    assert_eq!(shown(&simulation)[0].context().counter(&a), 7);
}

#[test]
fn what_was_never_issued_in_the_run_is_no_cost_of_it() {
    let mut room = ClaimMap::new();
    let update = Delta::from(increase(&mut room, &replica("x", 3), 0));
    let receive = format!(r#"{{ "receive": "{}", "on": "a" }}"#, text(&update.to_bytes()));
    let simulation = run(&[receive, r#"{ "sync": ["a", "b"] }"#.to_owned()]);
    let metrics = simulation.metrics();
    assert_eq!((metrics.operations, metrics.payload_bytes_minimum), (0, 0));
    assert_eq!(simulation.distinct(), 2);
    assert_eq!(simulation.now(), SimTime::from_ms(1_000));
}
