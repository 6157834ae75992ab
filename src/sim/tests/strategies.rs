//! How news travels: each strategy and each form of message, with what it is good and bad at.

#![cfg(not(target_arch = "wasm32"))]

use scalesmall_sim::{Metrics, Scenario, Simulation};

/// A run of so many replicas, each of which registers and raises a claim of its own in the first
/// second.
fn play(replicas: u32, network: &str, steps: &str) -> Simulation {
    let names: Vec<String> = (0..replicas).map(|index| format!("\"n{index:03}\"")).collect();
    let operations = (0..replicas).flat_map(|index| {
        let key = index * 1_000;
        let claim = format!(r#""on":"n{index:03}","claim":["n{index:03}",{key},{}]"#, key + 1_500);
        let at_ms = index * 7_919 % 1_000;
        [(at_ms, format!(r#"{{"at_ms":{at_ms},"do":"register",{claim}}}"#)), {
            let at_ms = at_ms + 400;
            (at_ms, format!(r#"{{"at_ms":{at_ms},"do":"increase","by":3,{claim}}}"#))
        }]
    });
    let mut operations: Vec<(u32, String)> = operations.collect();
    operations.sort();
    let operations: Vec<String> = operations.into_iter().map(|(_, step)| step).collect();
    let text = format!(
        r#"{{"format":1,"seed":3,"replicas":[{}],"network":{{{network}}},"steps":[{}{steps}],
            "until":{{"converged":true,"max_ms":60000}}}}"#,
        names.join(","),
        operations.join(","),
    );
    let mut simulation = Simulation::new(Scenario::parse(&text).expect("the scenario can be run"));
    while simulation.step() {}
    simulation.check_invariants();
    simulation
}

fn cost(metrics: Metrics) -> f64 {
    metrics.bytes_sent as f64 / metrics.payload_bytes_minimum as f64
}

#[test]
fn along_a_whole_tree_everybody_gets_everything_once() {
    let alone = r#""strategy":"tree","anti_entropy":false"#;
    for replicas in [1, 2, 3, 5, 21, 64] {
        let simulation = play(replicas, alone, "");
        assert!(simulation.has_converged(), "{replicas} replicas");
        let metrics = simulation.metrics();
        assert_eq!(metrics.duplicates_received, 0, "{replicas} replicas");
        // Between few, a message carries little more than what every message has.
        assert!(replicas < 60 || cost(metrics) < 1.1, "{replicas} replicas: {}", cost(metrics));
    }
}

#[test]
fn a_tree_closes_around_whoever_is_gone() {
    // The root, a node below it, and a leaf, while news is on its way; and more news later. What
    // the dead had acknowledged and not passed on, the comparison beneath has to find.
    for gone in ["n000", "n002", "n040"] {
        let steps = format!(
            r#",{{"at_ms":1405,"crash":"{gone}"}},{{"at_ms":15000,"on":"n003","do":"register","claim":["n003",5,6]}}"#
        );
        let simulation = play(41, r#""strategy":"tree""#, &steps);
        assert!(simulation.has_converged(), "without {gone}: {} views", simulation.distinct());
        let took_us = simulation.converged_after_us().expect("it has converged");
        assert!(took_us < 1_500_000, "what is new later goes along the tree: {took_us} us");
    }
}

#[test]
fn who_comes_back_to_a_tree_is_told_what_it_missed() {
    let network = r#""strategy":"tree","loss":0.1"#;
    for state in ["kept", "lost"] {
        let steps = format!(
            r#",{{"at_ms":1405,"crash":"n001"}},{{"at_ms":9000,"on":"n002","do":"register","claim":["n002",5,6]}},
                {{"at_ms":12000,"restart":"n001","state":"{state}"}}"#
        );
        let simulation = play(30, network, &steps);
        assert!(simulation.has_converged(), "{state}");
    }
}

#[test]
fn where_a_log_does_not_reach_back_the_state_goes() {
    let mut steps = r#",{"at_ms":1500,"partition":[["n000","n001","n002"]]}"#.to_owned();
    for key in 0..40 {
        steps += &format!(
            r#",{{"at_ms":{},"on":"n005","do":"increase","claim":["x",0,{key}],"by":1}}"#,
            2_000 + key
        );
    }
    steps += r#",{"at_ms":9000,"heal":true}"#;
    for strategy in ["push", "pull", "push-pull", "tree"] {
        let network = format!(r#""strategy":"{strategy}","history":4"#);
        let simulation = play(8, &network, &steps);
        assert!(simulation.has_converged(), "{strategy}");
        // Twice the depth at most, of eight replicas.
        let kept = simulation.replicas().iter().map(|it| it.node().history().len()).max();
        assert!(kept.is_some_and(|kept| kept <= 8 * 8), "{strategy} keeps {kept:?}");
    }
}

#[test]
fn with_anti_entropy_beneath_every_strategy_brings_agreement() {
    for strategy in ["push", "pull", "push-pull", "tree"] {
        for sync in ["delta", "full-state", "operation"] {
            let network = format!(r#""strategy":"{strategy}","sync":"{sync}","loss":0.2"#);
            assert!(play(12, &network, "").has_converged(), "{strategy}, {sync}");
        }
    }
}

#[test]
fn an_operation_that_is_sent_once_is_lost_once() {
    let alone = r#""sync":"operation","anti_entropy":false"#;
    assert!(play(12, alone, "").has_converged());
    let with_losses = play(12, &format!(r#"{alone},"loss":0.2"#), "");
    assert!(!with_losses.has_converged());
    assert_eq!(with_losses.replicas().iter().filter(|it| it.claims().waiting() > 0).count(), 12);
}

#[test]
fn whole_states_cost_more_the_more_there_is() {
    let of = |sync: &str| play(24, &format!(r#""strategy":"push-pull","sync":"{sync}""#), "");
    let (deltas, states) = (of("delta").metrics(), of("full-state").metrics());
    assert!(cost(states) > 1.5 * cost(deltas), "{} and {}", cost(states), cost(deltas));
}

/// The goals, at sizes that a test has the time for; see BENCHMARKS.md.
#[test]
fn the_tree_costs_little_more_than_the_news_itself() {
    let (quiet, losing) = (r#""strategy":"tree""#, r#""strategy":"tree","loss":0.2"#);
    for replicas in [64, 128] {
        let simulation = play(replicas, quiet, "");
        assert!(cost(simulation.metrics()) < 1.15, "{}", cost(simulation.metrics()));
        let rounds = simulation.converged_after_us().expect("it converges").div_ceil(200_000);
        assert!(rounds <= u64::from(replicas.ilog2()) + 3, "{rounds} rounds");
        assert!(cost(play(replicas, losing, "").metrics()) < 1.4);
    }
}
