//! News goes first to whom it matters, and is kept longer there.

#![cfg(not(target_arch = "wasm32"))]

use scalesmall_node::Kept;
use scalesmall_sim::{Scenario, SimTime, Simulation};

const NODES: u32 = 24;
const WIDTH: u32 = 1_000;

/// A row of nodes, each of which serves its own keys and those of the next, and raises its claim
/// from time to time; with these settings and further steps.
fn row(network: &str, steps: &str, until: &str) -> Simulation {
    let claim = |node: u32| {
        let start = node * WIDTH;
        format!(r#""claim":["n{node:02}",{start},{}]"#, start + 2 * WIDTH - 1)
    };
    let names: Vec<String> = (0..NODES).map(|node| format!(r#""n{node:02}""#)).collect();
    let start: Vec<String> = (0..NODES)
        .map(|node| format!(r#"{{"on":"n{node:02}","do":"register",{}}}"#, claim(node)))
        .collect();
    let raises: Vec<String> = (0..240)
        .map(|n| {
            let (at_ms, node) = (1_000 + 50 * n, 7 * n % NODES);
            format!(
                r#"{{"at_ms":{at_ms},"on":"n{node:02}","do":"increase","by":1,{}}}"#,
                claim(node)
            )
        })
        .collect();
    let text = format!(
        r#"{{ "format": 1, "seed": 5, "replicas": [{}], "network": {{ {network} }},
              "start": [{}], "steps": [{steps}{}], "until": {{ {until} }} }}"#,
        names.join(","),
        start.join(","),
        raises.join(",")
    );
    let mut simulation = Simulation::new(Scenario::parse(&text).expect("the scenario can be run"));
    while simulation.step() {}
    simulation.check_invariants();
    assert!(simulation.has_converged());
    simulation
}

const CONVERGED: &str = r#""converged":true,"max_ms":60000"#;

fn kept(simulation: &Simulation) -> impl Iterator<Item = Kept> + '_ {
    simulation.replicas().iter().map(|replica| replica.node().kept())
}

#[test]
fn whom_it_matters_to_knows_first() {
    for strategy in ["push", "pull", "push-pull", "tree"] {
        for loss in ["0", "0.2"] {
            let played = |interest: bool| {
                let network =
                    format!(r#""strategy":"{strategy}","loss":{loss},"interest":{interest}"#);
                let simulation = row(&network, "", CONVERGED);
                let interested_us = simulation.known_to_interested_after_us().unwrap();
                (interested_us, simulation.known_to_all_after_us().unwrap())
            };
            let (without, _) = played(false);
            let (with, all) = played(true);
            assert!(2 * with < without, "{strategy}, loss {loss}: {with} instead of {without}");
            assert!(2 * with < all, "{strategy}, loss {loss}: all know after {all}");
        }
    }
}

#[test]
fn who_watches_keys_is_told_as_if_it_served_them() {
    let watch = r#"{"at_ms":0,"watch":[[0,23999]],"on":"n03"},"#;
    let network = r#""strategy":"tree","interest":true"#;
    let simulation = row(network, watch, CONVERGED);
    let interested_us = simulation.known_to_interested_after_us().unwrap();
    assert!(2 * interested_us < simulation.known_to_all_after_us().unwrap());
    // All that there is matters to it, and the news of two others to those who only serve.
    let inside: Vec<usize> = kept(&simulation).map(|kept| kept.operations_inside).collect();
    let most = *inside.iter().max().unwrap();
    assert_eq!(inside[3], most);
    assert!(inside.iter().filter(|&&it| 3 * it < most).count() >= 20, "{inside:?}");
}

#[test]
fn news_that_matters_is_kept_longer_than_other_news() {
    let network = r#""strategy":"push-pull","history":8,"history_outside":1"#;
    let simulation = row(network, "", CONVERGED);
    for (replica, kept) in simulation.replicas().iter().zip(kept(&simulation)) {
        assert_eq!(kept.claims, NODES as usize);
        let outside = kept.operations - kept.operations_inside;
        // Of itself and of its neighbours eight or more, of all others at most two.
        assert!(kept.operations_inside >= 2 * 8, "{kept:?} at {}", replica.node().id());
        assert!(outside <= 2 * (NODES as usize - 2), "{kept:?} at {}", replica.node().id());
    }
}

#[test]
fn what_all_have_can_be_forgotten() {
    let until = r#""max_ms":90000"#;
    let keeps = row(r#""strategy":"push-pull""#, "", until);
    let forgets = row(r#""strategy":"push-pull","history_stable":"forget""#, "", until);
    assert_eq!(keeps.now(), SimTime::from_ms(90_000));
    for (kept, forgot) in kept(&keeps).zip(kept(&forgets)) {
        assert_eq!(kept.operations, 264);
        assert_eq!((forgot.operations, forgot.operations_stable), (0, 264));
    }
    assert_eq!(keeps.agreed(), forgets.agreed());
}

#[test]
fn who_comes_late_is_handed_over_what_nobody_has_a_log_of() {
    let network = r#""strategy":"tree","history_stable":"forget","interest":true"#;
    let late = r#"{"at_ms":80000,"join":"late","through":"n05"},
                  {"at_ms":85000,"on":"late","do":"increase","by":5,"claim":["n05",5000,6999]},"#;
    let simulation = row(network, late, r#""max_ms":120000"#);
    assert_eq!(simulation.replicas().len(), NODES as usize + 1);
}
