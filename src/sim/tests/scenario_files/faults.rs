//! Partitions, crashes, restarts, pauses, and faults of links and clocks.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

#[test]
fn a_replica_that_no_group_names_stands_alone() {
    let cut = gossip(
        "",
        r#"{"partition":[["b","c"]]},{"at_ms":1,"on":"b","do":"register","claim":["s",0,9]},
           {"on":"a","do":"register","claim":["t",0,9]}"#,
        r#""max_ms":2000"#,
    );
    let simulation = play(&cut);
    let shown = ["a", "b", "c"].map(|replica| claims(&simulation, replica));
    assert_eq!(shown, ["t 0-9 0", "s 0-9 0", "s 0-9 0"]);
    let groups = simulation.groups().expect("the network is cut");
    assert_eq!(groups[1], groups[2]);
    assert_ne!(groups[0], groups[1]);
    assert!(simulation.metrics().messages_lost > 0);
}

#[test]
fn a_partition_holds_no_more_than_the_file_names() {
    // Else a short file with many replicas and many steps would fill the memory.
    let scenario = parse(
        r#"{"format":1,"replicas":["a","b","c"],
            "steps":[{"partition":[]},{"partition":[["c"],[],["a"]]}]}"#,
    );
    let actions: Vec<&Action> = scenario.steps.iter().map(|step| &step.action).collect();
    let cuts = [vec![], vec![vec![2], vec![], vec![0]]].map(Action::Partition);
    assert_eq!(actions, cuts.iter().collect::<Vec<_>>());
}

#[test]
fn a_partition_without_groups_parts_everybody_and_a_heal_joins_them() {
    let scenario = gossip(
        "",
        r#"{"partition":[]},{"at_ms":1,"on":"a","do":"register","claim":["s",0,9]},
           {"at_ms":500,"heal":true}"#,
        "",
    );
    let mut simulation = Simulation::new(parse(&scenario));
    simulation.run_until(SimTime::from_ms(499));
    assert_eq!(["b", "c"].map(|replica| claims(&simulation, replica)), ["", ""]);
    while simulation.step() {}
    assert!(simulation.has_converged() && simulation.groups().is_none());
    assert_eq!(claims(&simulation, "c"), "s 0-9 0");
}

#[test]
fn what_is_in_flight_does_not_pass_a_cut() {
    let cut = r#"{"at_ms":1000,"partition":[]},{"at_ms":1800,"heal":true}"#;
    let mut simulation = Simulation::new(parse(&slow(r#"["a","b"]"#, cut)));
    simulation.run_until(SimTime::from_ms(1_800));
    assert_eq!(claims(&simulation, "b"), "");
    while simulation.step() {}
    assert_eq!(claims(&simulation, "b"), "s 0-9 0");
}

#[test]
fn news_in_flight_holds_agreement_back() {
    // Those that live agree that there is nothing, and a's answer is still to come.
    let crash = r#"{"at_ms":1500,"crash":"a"}"#;
    let mut simulation = Simulation::new(parse(&slow(r#"["a","b","c"]"#, crash)));
    simulation.run_until(SimTime::from_ms(1_500));
    assert!(simulation.agreed().is_some());
    assert!(!simulation.has_converged() && !simulation.has_ended());
    while simulation.step() {}
    assert_eq!(["b", "c"].map(|replica| claims(&simulation, replica)), ["s 0-9 0", "s 0-9 0"]);
}

#[test]
fn a_restart_does_not_leave_the_timers_of_an_earlier_life() {
    let restarts = [r#"{"crash":"a"},{"restart":"a"}"#; 20].join(",");
    let simulation = play(&format!(
        r#"{{"format":1,"replicas":["a","b"],"network":{{"interval_ms":100}},
            "steps":[{restarts}],"until":{{"max_ms":10000}}}}"#
    ));
    // Each of the two speaks every 100 ms, and the other has nothing to answer.
    let sent = simulation.metrics().messages_sent;
    assert!((200..=202).contains(&sent), "{sent} messages");
}

#[test]
fn a_crashed_replica_loses_what_arrives() {
    let steps = format!(
        r#"{REGISTER},{{"send":["a","b"],"as":"m"}},{{"sync":["a","b"]}},
            {{"crash":"b"}},{INCREASE},{{"restart":"b"}}"#
    );
    check(&steps, ["s 0-9 3", "s 0-9 0", ""]);
    let crashed = gossip(
        "",
        r#"{"crash":"b"},{"at_ms":1,"on":"a","do":"register","claim":["s",0,9]}"#,
        r#""max_ms":1000"#,
    );
    let simulation = play(&crashed);
    assert_eq!(["a", "b", "c"].map(|r| claims(&simulation, r)), ["s 0-9 0", "", "s 0-9 0"]);
    assert_eq!(simulation.replicas()[1].status(), Status::Down);
    assert!(simulation.metrics().messages_lost > 0);
    assert!(simulation.has_converged(), "those that live agree");
}

#[test]
fn a_restart_keeps_the_state_unless_it_was_lost() {
    let restarted =
        |state: &str| format!(r#"{REGISTER},{{"crash":"a"}},{{"restart":"a"{state}}},{INCREASE}"#);
    for state in ["", r#","state":"kept""#] {
        let simulation = check(&restarted(state), ["s 0-9 3", "", ""]);
        let id = simulation.replicas()[0].node().id();
        assert_eq!(id.incarnation, 0);
        assert_eq!(simulation.replicas()[0].claims().context().counter(id), 2);
    }
    let simulation = check(&restarted(r#","state":"lost""#), ["s 0-9 3", "", ""]);
    let id = simulation.replicas()[0].node().id();
    assert_eq!(id.incarnation, 1, "no dot may be issued twice");
    assert_eq!(simulation.replicas()[0].claims().context().counter(id), 1);
    assert_eq!(simulation.truth().context().operations(), 1, "the other is lost for good");
}

#[test]
fn a_replica_that_lost_its_state_gets_it_back_from_others() {
    let steps = format!(
        r#"{REGISTER},{{"sync":["a","b"]}},{{"crash":"a"}},{{"restart":"a","state":"lost"}},
            {INCREASE},{{"sync":["b","a"]}},{{"sync":["a","b"]}}"#
    );
    let simulation = check(&steps, ["s 0-9 3", "s 0-9 3", ""]);
    assert_eq!(simulation.truth().context().operations(), 2);
}

#[test]
fn each_loss_of_state_is_a_fresh_incarnation() {
    let lost = r#"{"crash":"a"},{"restart":"a","state":"lost"}"#;
    let simulation = check(&format!("{lost},{lost},{lost}"), ["", "", ""]);
    assert_eq!(simulation.replicas()[0].node().id().incarnation, 3);
}

#[test]
fn a_paused_replica_handles_what_came_meanwhile_when_it_goes_on() {
    let held = format!(
        r#"{{"pause":"b"}},{REGISTER},{{"sync":["a","b"]}},
            {{"on":"b","do":"increase","claim":["s",0,9],"by":2}}"#
    );
    let simulation = check(&held, ["s 0-9 0", "", ""]);
    assert_eq!(simulation.replicas()[1].status(), Status::Paused);
    // In the order of arrival: the registration had come when the increase was asked for.
    let simulation = check(&format!(r#"{held},{{"resume":"b"}}"#), ["s 0-9 0", "s 0-9 2", ""]);
    assert_eq!(simulation.replicas()[1].status(), Status::Up);
    let release = r#"{"on":"b","do":"release","claim":["s",0,9]}"#;
    let simulation = check(
        &format!(r#"{{"pause":"b"}},{REGISTER},{{"sync":["a","b"]}},{release},{{"resume":"b"}}"#),
        ["s 0-9 0", "", ""],
    );
    assert_eq!(simulation.metrics().operations_without_effect, 0);
}

#[test]
fn a_paused_replica_speaks_again_when_it_goes_on() {
    // Nobody can tell it anything, so that it is its own timer that must have waited.
    let scenario = r#"{"format":1,"replicas":["a"],"steps":[{"at_ms":100,"pause":"a"},
        {"at_ms":5000,"resume":"a"}],"network":{"interval_ms":1000},"until":{"max_ms":5001}}"#;
    let mut simulation = Simulation::new(parse(scenario));
    simulation.run_until(SimTime::from_ms(4_999));
    assert_eq!(simulation.next_time(), Some(SimTime::from_ms(5_000)), "its timer has come");
    simulation.run_until(SimTime::from_ms(5_000));
    assert_eq!(simulation.next_time(), Some(SimTime::from_ms(6_000)), "its timer is set anew");
}

#[test]
fn a_paused_replica_speaks_again_however_much_has_come_meanwhile() {
    // b's timer comes when as much waits as can, for a and c talk to it all the time; with this
    // seed, that is later than 30 s.
    let scenario = r#"{"format":1,"seed":1,"replicas":["a","b","c"],
        "network":{"latency_ms":[0,0],"duplicate":1,"interval_ms":60000,"fanout":2},"steps":[
            {"at_ms":1,"network":{"interval_ms":1}},{"pause":"b"},
            {"crash":"a"},{"restart":"a"},{"crash":"c"},{"restart":"c"},
            {"at_ms":59998,"crash":"a"},{"crash":"c"},{"resume":"b"}],
        "until":{"max_ms":60000}}"#;
    let mut simulation = Simulation::new(parse(scenario));
    simulation.run_until(SimTime::from_ms(30_000));
    assert!(simulation.metrics().messages_lost > 0, "no more can wait");
    simulation.run_until(SimTime::from_ms(59_998));
    let sent = simulation.metrics().messages_sent;
    while simulation.step() {}
    assert!(simulation.metrics().messages_sent > sent, "b is silent for ever");
}

#[test]
fn a_crash_while_paused_loses_what_waited() {
    let steps = format!(
        r#"{{"pause":"b"}},{REGISTER},{{"sync":["a","b"]}},{{"crash":"b"}},{{"restart":"b"}}"#
    );
    let simulation = check(&steps, ["s 0-9 0", "", ""]);
    assert_eq!(simulation.replicas()[1].status(), Status::Up);
}

#[test]
fn who_is_paused_or_has_more_to_handle_holds_agreement_back() {
    let register = r#"{"at_ms":1,"on":"a","do":"register","claim":["s",0,9]}"#;
    let paused = gossip("", &format!(r#"{{"pause":"b"}},{register}"#), r#""max_ms":2000"#);
    let simulation = play(&paused);
    assert_eq!(simulation.distinct(), 2);
    assert!(!simulation.has_converged());
    let held = gossip(
        "",
        r#"{"pause":"b"},{"at_ms":1,"on":"b","do":"register","claim":["s",0,9]}"#,
        r#""max_ms":2000"#,
    );
    let simulation = play(&held);
    assert_eq!(simulation.distinct(), 1);
    assert!(!simulation.has_converged(), "an operation waits");
}

#[test]
fn a_fault_of_a_link_or_a_clock_names_whom_it_befalls() {
    let scenario = parse(
        r#"{"format":1,"replicas":["a","b","c"],"steps":[
            {"cut":["a","b"]},{"mend":["b","a"]},{"clog":["c","a"]},{"unclog":["b","c"]},
            {"clock_skew_ms":-3600000,"on":"b"},{"on":"c","clock_skew_ms":3600000}]}"#,
    );
    let actions: Vec<&Action> = scenario.steps.iter().map(|step| &step.action).collect();
    let expected = [
        Action::Cut { from: 0, to: 1 },
        Action::Mend { from: 1, to: 0 },
        Action::Clog { from: 2, to: 0 },
        Action::Unclog { from: 1, to: 2 },
        Action::ClockSkew { replica: 1, skew_us: -3_600_000_000 },
        Action::ClockSkew { replica: 2, skew_us: 3_600_000_000 },
    ];
    assert_eq!(actions, expected.iter().collect::<Vec<_>>());
}

#[test]
fn cuts_and_clogs_are_there_from_their_step_to_their_end_or_the_next_heal() {
    let mut simulation = Simulation::new(parse(&manual(
        r#"{"at_ms":1,"cut":["a","b"]},{"cut":["a","b"]},{"cut":["b","a"]},{"clog":["c","a"]},
           {"clog":["c","a"]},{"at_ms":2,"mend":["a","b"]},{"mend":["a","b"]},{"unclog":["c","a"]},
           {"unclog":["c","a"]},{"unclog":["a","b"]},{"clog":["b","c"]},{"partition":[["a","b"]]},
           {"at_ms":3,"heal":true}"#,
    )));
    let mut shown = |ms: u32| {
        simulation.run_until(SimTime::from_ms(ms));
        let (cuts, clogs) = (simulation.cuts().collect(), simulation.clogs().collect());
        (cuts, clogs, simulation.groups().is_some())
    };
    assert_eq!(shown(0), (vec![], vec![], false));
    assert_eq!(shown(1), (vec![(0, 1), (1, 0)], vec![(2, 0)], false));
    assert_eq!(shown(2), (vec![(1, 0)], vec![(1, 2)], true));
    assert_eq!(shown(3), (vec![], vec![], false));
}

#[test]
fn a_skew_replaces_the_one_before_it_and_survives_a_restart() {
    let mut simulation = Simulation::new(parse(&manual(
        r#"{"at_ms":1,"on":"a","clock_skew_ms":250},{"at_ms":2,"crash":"a"},
           {"at_ms":3,"restart":"a","state":"lost"},{"at_ms":4,"on":"a","clock_skew_ms":70},
           {"at_ms":5,"crash":"a"},{"on":"a","clock_skew_ms":0}"#,
    )));
    let mut skew_us = |ms: u32| {
        simulation.run_until(SimTime::from_ms(ms));
        simulation.replicas()[0].clock_skew_us()
    };
    let skews = [0, 1, 3, 4, 5].map(&mut skew_us);
    assert_eq!(skews, [0, 250_000, 250_000, 70_000, 0], "a clock runs on in a crashed machine");
    assert_eq!(simulation.replicas()[1].clock_skew_us(), 0);
}

// --- Links ---

#[test]
fn duplicates_do_not_keep_replicas_from_agreeing() {
    let register = r#"{"at_ms":50,"on":"a","do":"increase","claim":["s",0,9],"by":2}"#;
    let simulation = play(&gossip(r#","duplicate":1,"reorder":1"#, register, ""));
    assert!(simulation.has_converged());
    assert_eq!(claims(&simulation, "c"), "s 0-9 2");
    assert_eq!(simulation.metrics().operations, 1);
}

#[test]
fn where_all_is_lost_nobody_agrees_and_the_run_ends_in_time() {
    let register = r#"{"at_ms":50,"on":"a","do":"register","claim":["s",0,9]}"#;
    let simulation = play(&gossip(r#","loss":1"#, register, r#""converged":true,"max_ms":3000"#));
    assert!(!simulation.has_converged());
    assert_eq!(simulation.now(), SimTime::from_ms(3_000));
    assert_eq!(["b", "c"].map(|replica| claims(&simulation, replica)), ["", ""]);
    let metrics = simulation.metrics();
    assert!(metrics.messages_sent > 100);
    assert_eq!(metrics.messages_lost, metrics.messages_sent);
    assert_eq!(simulation.converged_after_us(), None);
}
