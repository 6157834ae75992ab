//! What a change of the network does, when a run ends, and what is counted.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

#[test]
fn a_change_of_the_network_takes_effect_and_leaves_alone_what_it_does_not_name() {
    let steps = r#"{"on":"a","do":"register","claim":["s",0,9]},
                   {"at_ms":500,"network":{"loss":0,"interval_ms":20}}"#;
    let scenario = parse(&gossip(r#","loss":1"#, steps, ""));
    let Action::Network(changed) = &scenario.steps[1].action else { panic!("{scenario:?}") };
    assert_eq!(changed.latency_us, scenario.network.latency_us);
    assert_eq!(changed.gossip.interval_us, 20_000);
    assert_eq!(changed.gossip.fanout, scenario.network.gossip.fanout);

    let mut simulation = Simulation::new(scenario);
    simulation.run_until(SimTime::from_ms(499));
    let lost = simulation.metrics().messages_lost;
    assert_eq!(lost, simulation.metrics().messages_sent);
    while simulation.step() {}
    assert!(simulation.has_converged());
    assert_eq!(simulation.metrics().messages_lost, lost);
}

#[test]
fn a_bandwidth_stays_until_the_network_is_told_that_it_is_unlimited() {
    let scenario = parse(&gossip(
        r#","bytes_per_s":500"#,
        r#"{"network":{"loss":0.5}},{"network":{"bytes_per_s":1000000000}},
           {"network":{"bytes_per_s":"unlimited"}}"#,
        "",
    ));
    let rates = scenario.steps.iter().map(|step| match &step.action {
        Action::Network(network) => network.bytes_per_s.map(NonZeroU32::get),
        other => panic!("{other:?}"),
    });
    assert_eq!(rates.collect::<Vec<_>>(), [Some(500), Some(1_000_000_000), None]);
}

#[test]
fn each_change_of_the_network_builds_on_the_one_before_it_in_time() {
    let scenario = parse(&gossip(
        "",
        r#"{"at_ms":20,"network":{"duplicate":0.5}},{"at_ms":10,"network":{"loss":0.5}}"#,
        "",
    ));
    let Action::Network(last) = &scenario.steps[1].action else { panic!("{scenario:?}") };
    assert_eq!([last.loss, last.duplicate].map(Probability::to_f64), [0.5, 0.5]);
}

#[test]
fn a_message_takes_its_time() {
    let simulation = play(&slow(r#"["a","b"]"#, r#"{"observe":"a"}"#));
    assert!(simulation.has_converged());
    // A digest within the first millisecond, what the other has seen, and the news.
    assert_eq!(simulation.now().as_ms(), 2_100);
}

// --- The end ---

#[test]
fn a_plain_limit_of_time_is_played_to_its_end() {
    let register = r#"{"on":"a","do":"register","claim":["s",0,9]}"#;
    let simulation = play(&gossip("", register, r#""max_ms":5000"#));
    assert!(simulation.has_converged());
    assert_eq!(simulation.now(), SimTime::from_ms(5_000));
    let simulation = play(&gossip("", register, ""));
    assert!(simulation.has_converged());
    assert!(simulation.now() < SimTime::from_ms(1_000), "agreement ends it");
}

#[test]
fn a_run_to_which_nothing_more_can_happen_ends() {
    let steps = format!(r#"{REGISTER},{{"at_ms":70,"observe":"a"}}"#);
    assert_eq!(play(&manual(&steps)).now(), SimTime::from_ms(1_000), "a plain limit of time");
    let waiting = manual(&steps).replace(r#""max_ms":1000"#, r#""converged":true"#);
    let simulation = play(&waiting);
    assert_eq!(simulation.now(), SimTime::from_ms(70), "agreement cannot come any more");
    assert!(!simulation.has_converged());
}

#[test]
fn a_run_cannot_be_played_past_its_end() {
    let mut simulation = Simulation::new(parse(&gossip("", REGISTER, r#""max_ms":500"#)));
    simulation.run_until(SimTime::from_ms(300));
    assert_eq!(simulation.now(), SimTime::from_ms(300));
    assert!(!simulation.has_ended());
    for _ in 0..2 {
        simulation.run_until(SimTime::from_ms(900));
        assert_eq!(simulation.now(), SimTime::from_ms(500));
        assert!(simulation.has_ended() && !simulation.step());
    }
}

#[test]
fn agreement_does_not_end_a_run_before_its_last_step() {
    let steps = r#"{"on":"a","do":"register","claim":["s",0,9]},{"at_ms":5000,"observe":"a"}"#;
    assert_eq!(play(&gossip("", steps, "")).now(), SimTime::from_ms(5_000));
}

#[test]
fn a_run_without_steps_is_over_when_it_begins() {
    let simulation = Simulation::new(parse(r#"{"format":1,"replicas":["a","b"]}"#));
    assert!(simulation.has_ended() && simulation.has_converged());
    assert_eq!(simulation.now(), SimTime::ZERO);
}

#[test]
fn where_everybody_has_crashed_nobody_agrees() {
    let steps = r#"{"crash":"a"},{"crash":"b"},{"crash":"c"}"#;
    let simulation = play(&gossip("", steps, ""));
    assert!(simulation.has_ended());
    assert!(!simulation.has_converged());
    assert_eq!(simulation.distinct(), 0);
}

// --- What it has cost ---

/// Played by hand, these steps leave all in agreement for so long after the last disturbance.
fn check_converged_after(steps: &str, expected_ms: Option<u64>) {
    let simulation = play(&manual(steps));
    let after_us = simulation.converged_after_us();
    assert_eq!(after_us, expected_ms.map(|ms| ms * 1_000), "{steps}");
    assert_eq!(Outcome::of(&simulation).metrics.converged_after_ms, expected_ms, "{steps}");
}

#[test]
fn agreement_is_timed_from_the_last_operation_or_the_heal_after_it() {
    let at = |ms: u32, step: &str| format!(r#"{{"at_ms":{ms},{}"#, &step[1..]);
    let operation = at(100, REGISTER);
    let syncs = format!("{},{}", at(250, r#"{"sync":["a","b"]}"#), r#"{"sync":["a","c"]}"#);
    let heal = r#"{"heal":true}"#;
    check_converged_after(&operation, None);
    check_converged_after(&format!("{operation},{syncs}"), Some(150));
    check_converged_after(&format!("{operation},{},{syncs}", at(210, heal)), Some(40));
    check_converged_after(&format!("{operation},{syncs},{}", at(300, heal)), Some(0));
    let observe = at(600, r#"{"observe":"a"}"#);
    check_converged_after(&format!("{operation},{syncs},{observe}"), Some(150));
    let again = at(400, INCREASE);
    check_converged_after(&format!("{operation},{syncs},{again}"), None);
    let last = format!("{},{}", at(407, r#"{"sync":["a","b"]}"#), r#"{"sync":["a","c"]}"#);
    check_converged_after(&format!("{operation},{syncs},{again},{last}"), Some(7));
}

#[test]
fn what_nodes_say_by_themselves_counts_too() {
    let simulation = play(&gossip("", "", r#""max_ms":1000"#));
    let digest = Message::Digest(simulation.truth().fingerprint(), 0);
    let metrics = simulation.metrics();
    assert!(metrics.messages_sent > 100);
    assert_eq!(metrics.bytes_sent, metrics.messages_sent * digest.encoded_len() as u64);
    assert!(digest.encoded_len() <= 16, "nodes that agree say next to nothing");
    assert_eq!((metrics.payload_bytes, metrics.digest_bytes), (0, metrics.bytes_sent));
    assert_eq!(metrics.payload_bytes_minimum, 0);
}

#[test]
fn bytes_are_those_of_all_messages_and_the_least_is_each_operation_once_for_each_receiver() {
    let simulation = play(&manual(&format!(
        r#"{REGISTER},{{"send":["a","b"],"as":"m"}},{{"deliver":"m"}},{{"deliver":"m"}},
            {{"sync":["b","a"]}},{{"sync":["b","c"]}}"#
    )));
    let history = simulation.replicas()[0].node().history();
    let update = history.iter().next().expect("a has issued one");
    let message = Message::updates(history.iter().cloned().collect());
    let metrics = simulation.metrics();
    assert_eq!(metrics.messages_sent, 3);
    assert_eq!(metrics.bytes_sent, 3 * message.encoded_len() as u64);
    assert_eq!((metrics.payload_bytes, metrics.digest_bytes), (metrics.bytes_sent, 0));
    assert_eq!(metrics.duplicates_received, 2, "b gets it twice, and gives it back to a");
    assert_eq!(metrics.payload_bytes_minimum, 2 * Message::update_len(update) as u64);
    assert_eq!(metrics.messages_lost, 0);
}
