//! What a scenario file means: each kind of step by itself, and what holds where nothing is said.

mod by_hand;
mod faults;
mod timing;

use std::num::NonZeroU32;

use scalesmall_crdt::ReplicaId;
use scalesmall_node::Message;
use scalesmall_sim::outcome::ClaimOutcome;
use scalesmall_sim::{
    Action, FORMAT, Mode, Outcome, Probability, Scenario, SimTime, Simulation, Status, Until,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// The example of the documentation.
const EXAMPLE: &str = include_str!("../example.json");

fn parse(text: &str) -> Scenario {
    Scenario::parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// A run of this scenario to its end.
fn play(text: &str) -> Simulation {
    let mut simulation = Simulation::new(parse(text));
    simulation.check_invariants();
    while simulation.step() {
        simulation.check_invariants();
    }
    simulation
}

/// The scenario, for the replicas a, b and c, in which nothing moves but by these steps.
fn manual(steps: &str) -> String {
    format!(
        r#"{{"format":1,"replicas":["a","b","c"],"network":{{"mode":"manual"}},
            "steps":[{steps}],"until":{{"max_ms":1000}}}}"#
    )
}

/// A scenario for the replicas a, b and c that is quick to agree, with these further fields.
fn gossip(network: &str, steps: &str, until: &str) -> String {
    format!(
        r#"{{"format":1,"seed":3,"replicas":["a","b","c"],
            "network":{{"interval_ms":10,"latency_ms":[1,3]{network}}},
            "steps":[{steps}],"until":{{{until}}}}}"#
    )
}

/// The claims that a replica shows, each as `node start-end priority`.
fn claims(simulation: &Simulation, replica: &str) -> String {
    let words = |ClaimOutcome { node, start, end, priority }: &ClaimOutcome| {
        format!("{node} {start}-{end} {priority}")
    };
    let claims: Vec<String> =
        Outcome::of(simulation).replicas[replica].claims.iter().map(words).collect();
    claims.join(", ")
}

/// Played by hand, the steps leave a, b and c with these claims.
fn check(steps: &str, expected: [&str; 3]) -> Simulation {
    let simulation = play(&manual(steps));
    let shown = ["a", "b", "c"].map(|replica| claims(&simulation, replica));
    assert_eq!(shown, expected, "{steps}");
    simulation
}

// --- The file ---

/// a registers at time 0 what, after b has asked, is on its way to b from 700 to 1,400 ms.
fn slow(replicas: &str, steps: &str) -> String {
    format!(
        r#"{{"format":1,"replicas":{replicas},
            "network":{{"latency_ms":[700,700],"interval_ms":1}},"steps":[{REGISTER},{steps}]}}"#
    )
}

#[test]
fn the_documented_example_runs_to_what_it_says() {
    let scenario = parse(EXAMPLE);
    assert_eq!(scenario.title, "Add wins over a concurrent release");
    assert_eq!(scenario.seed, 7);
    assert_eq!(scenario.steps.len(), 8);
    assert_eq!(scenario.until, Until { converged: true, max: SimTime::from_ms(60_000) });

    let simulation = play(EXAMPLE);
    assert!(simulation.has_converged());
    for replica in ["n1", "n2", "n3"] {
        assert_eq!(claims(&simulation, replica), "n1 0-59 3");
    }
    // n2 knew of the claim when it was cut off, so that its Release took effect.
    assert_eq!(simulation.metrics().operations, 4);
    assert_eq!(simulation.metrics().operations_without_effect, 0);
    let fresh = ReplicaId::first(scenario.replicas[2].clone()).fresh();
    assert_eq!(*simulation.replicas()[2].node().id(), fresh, "n3 had lost its state");
}

#[test]
fn what_a_file_does_not_say_has_a_default() {
    let scenario = parse(r#"{"format":1,"replicas":["a"]}"#);
    assert_eq!(scenario.title, "");
    assert_eq!(scenario.seed, 0);
    assert!(scenario.start.is_empty() && scenario.steps.is_empty());
    assert_eq!(scenario.until, Until { converged: true, max: SimTime::from_ms(60_000) });
    let network = scenario.network;
    assert_eq!(network.mode, Mode::Gossip);
    assert_eq!(network.latency_us, [20_000, 80_000]);
    assert_eq!(network.bytes_per_s, None);
    for chance in [network.loss, network.duplicate, network.reorder] {
        assert_eq!(chance, Probability::NEVER);
    }
    assert_eq!(network.gossip.interval_us, 200_000);
    assert_eq!(network.gossip.fanout, 1);
}

#[test]
fn a_plain_limit_of_time_does_not_ask_for_agreement() {
    let until = |fields: &str| {
        parse(&format!(r#"{{"format":1,"replicas":["a"],"until":{{{fields}}}}}"#)).until
    };
    let max = SimTime::from_ms(500);
    assert_eq!(until(r#""max_ms":500"#), Until { converged: false, max });
    assert_eq!(until(r#""max_ms":500,"converged":true"#), Until { converged: true, max });
    let max = SimTime::from_ms(60_000);
    assert_eq!(until(r#""converged":false"#), Until { converged: false, max });
    assert_eq!(until(""), Until { converged: true, max });
}

#[test]
fn every_setting_is_read() {
    let network = parse(
        r#"{"format":1,"replicas":["a"],"type":"aw-map","network":{
            "mode":"gossip","strategy":"push-pull","sync":"delta","anti_entropy":true,
            "latency_ms":[1,2],"bytes_per_s":9000,"loss":0.5,"duplicate":0.25,"reorder":1,
            "interval_ms":3,"fanout":4}}"#,
    )
    .network;
    assert_eq!(network.latency_us, [1_000, 2_000]);
    assert_eq!(network.bytes_per_s.map(NonZeroU32::get), Some(9_000));
    let shown = [network.loss, network.duplicate, network.reorder].map(Probability::to_f64);
    assert_eq!(shown, [0.5, 0.25, 1.0]);
    assert_eq!(network.gossip.interval_us, 3_000);
    assert_eq!(network.gossip.fanout, 4);
}

#[test]
fn steps_run_in_the_order_of_time_and_those_of_one_time_in_that_of_the_file() {
    let scenario = parse(
        r#"{"format":1,"replicas":["a","b","c","d","e"],"steps":[
            {"at_ms":9,"pause":"a"},{"at_ms":5,"pause":"b"},{"at_ms":9,"pause":"c"},
            {"at_ms":5,"pause":"d"},{"at_ms":0,"pause":"e"}]}"#,
    );
    let order: Vec<(u64, &str)> = scenario
        .steps
        .iter()
        .map(|step| match step.action {
            Action::Pause(replica) => (step.at.as_ms(), scenario.replicas[replica].as_str()),
            _ => panic!("{:?}", step.action),
        })
        .collect();
    assert_eq!(order, [(0, "e"), (5, "b"), (5, "d"), (9, "a"), (9, "c")]);
}

#[test]
fn a_step_without_a_time_runs_at_that_of_the_one_before_it_in_the_file() {
    let scenario = parse(
        r#"{"format":1,"replicas":["a"],"steps":[
            {"observe":"a"},{"at_ms":7,"observe":"a"},{"observe":"a"},
            {"at_ms":3,"observe":"a"},{"observe":"a"}]}"#,
    );
    let times: Vec<u64> = scenario.steps.iter().map(|step| step.at.as_ms()).collect();
    assert_eq!(times, [0, 3, 3, 7, 7]);
}

#[test]
fn what_is_under_start_is_everywhere_before_time_0() {
    let simulation = Simulation::new(parse(
        r#"{"format":1,"replicas":["a","b"],"network":{"mode":"manual"},"start":[
            {"on":"a","do":"register","claim":["a",0,9]},
            {"on":"b","do":"increase","claim":["a",0,9],"by":4},
            {"on":"a","do":"tighten","claim":["a",0,9],"to":[0,5]},
            {"on":"b","do":"release","claim":["nobody",0,9]}],
            "steps":[{"at_ms":1,"on":"b","do":"release","claim":["a",0,5]}]}"#,
    ));
    simulation.check_invariants();
    assert_eq!(simulation.now(), SimTime::ZERO);
    for replica in ["a", "b"] {
        assert_eq!(claims(&simulation, replica), "a 0-5 4");
    }
    assert_eq!(simulation.metrics().operations, 0, "what was before costs nothing");
    assert_eq!(simulation.metrics().messages_sent, 0, "what was before costs nothing");
}

// --- Messages by hand ---

const REGISTER: &str = r#"{"on":"a","do":"register","claim":["s",0,9]}"#;
const INCREASE: &str = r#"{"on":"a","do":"increase","claim":["s",0,9],"by":3}"#;

#[test]
fn the_description_names_every_field_and_its_example_runs() {
    let example = FORMAT.split("```").nth(1).and_then(|block| block.strip_prefix("json"));
    Scenario::parse(example.expect("there is an example")).expect("it can be run");
    // What is refused lists what is known.
    let fields = |text: &str| -> Vec<String> {
        let message = Scenario::parse(text).expect_err("there is no such field").to_string();
        let known = message.split_once("expected one of").expect("it says what is known").1;
        known.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    };
    let all = [
        fields(r#"{"format":1,"wind":0}"#),
        fields(&gossip_with(r#""wind":0"#)),
        fields(r#"{"format":1,"replicas":["a"],"steps":[{"wind":0}]}"#),
    ]
    .concat();
    assert!(all.len() > 50, "{all:?}");
    // A load is not simulated yet.
    for field in all.iter().filter(|&field| field != "load") {
        let is_named = [format!("`{field}`"), format!("\"{field}\":"), format!("`\"{field}\"")];
        assert!(is_named.iter().any(|it| FORMAT.contains(it)), "{field} is not described");
    }
}

fn gossip_with(fields: &str) -> String {
    format!(r#"{{"format":1,"replicas":["a"],"network":{{{fields}}}}}"#)
}
