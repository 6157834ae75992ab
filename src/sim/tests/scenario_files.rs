//! What a scenario file means: each kind of step by itself, and what holds where nothing is said.

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
const EXAMPLE: &str = include_str!("example.json");

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
fn nothing_moves_by_itself_in_manual_mode() {
    let simulation = check(REGISTER, ["s 0-9 0", "", ""]);
    assert_eq!(simulation.metrics().messages_sent, 0);
    assert!(!simulation.has_converged());
}

#[test]
fn a_change_of_the_network_and_a_restart_start_no_gossip_in_manual_mode() {
    let steps = format!(
        r#"{REGISTER},{{"network":{{"loss":0.5}}}},{{"crash":"a"}},{{"restart":"a"}},
            {{"crash":"b"}},{{"restart":"b","state":"lost"}}"#
    );
    let simulation = check(&steps, ["s 0-9 0", "", ""]);
    assert_eq!(simulation.metrics().messages_sent, 0);
}

#[test]
fn a_sync_goes_one_way() {
    let increase = r#"{"on":"b","do":"increase","claim":["s",0,9],"by":2}"#;
    let steps = format!(r#"{REGISTER},{increase},{{"sync":["a","b"]}}"#);
    check(&steps, ["s 0-9 0", "s 0-9 2", ""]);
    let steps = format!(r#"{REGISTER},{increase},{{"sync":["b","a"]}}"#);
    check(&steps, ["s 0-9 2", "s 0-9 2", ""]);
}

#[test]
fn a_sync_brings_what_its_sender_has_from_others() {
    let steps = format!(r#"{REGISTER},{{"sync":["a","b"]}},{{"sync":["b","c"]}}"#);
    let simulation = check(&steps, ["s 0-9 0"; 3]);
    assert!(simulation.has_converged());
}

#[test]
fn a_message_holds_what_was_there_when_it_was_sent() {
    let steps = format!(r#"{REGISTER},{{"send":["a","b"],"as":"m"}},{INCREASE},{{"deliver":"m"}}"#);
    check(&steps, ["s 0-9 3", "s 0-9 0", ""]);
}

#[test]
fn a_message_can_arrive_many_times_and_in_any_order() {
    let steps = format!(
        r#"{REGISTER},{{"send":["a","b"],"as":"old"}},{INCREASE},{{"send":["a","b"],"as":"new"}},
            {{"deliver":"new"}},{{"deliver":"old"}},{{"deliver":"new"}},{{"deliver":"new"}}"#
    );
    let simulation = check(&steps, ["s 0-9 3", "s 0-9 3", ""]);
    assert_eq!(simulation.metrics().messages_sent, 2);
}

#[test]
fn a_message_of_the_same_name_replaces_the_one_before_it() {
    let steps = format!(
        r#"{REGISTER},{{"send":["a","b"],"as":"m"}},{INCREASE},{{"send":["a","c"],"as":"m"}},
            {{"deliver":"m"}}"#
    );
    check(&steps, ["s 0-9 3", "", "s 0-9 3"]);
}

#[test]
fn the_last_operation_alone_waits_for_its_predecessor() {
    let sent = format!(
        r#"{REGISTER},{{"send":["a","b"],"as":"first"}},
            {INCREASE},{{"send":["a","b"],"as":"second","only":"last-operation"}}"#
    );
    let steps = format!(r#"{sent},{{"deliver":"second"}}"#);
    let simulation = check(&steps, ["s 0-9 3", "", ""]);
    assert_eq!(simulation.replicas()[1].claims().waiting(), 1);

    let steps = format!(r#"{sent},{{"deliver":"second"}},{{"deliver":"first"}}"#);
    let simulation = check(&steps, ["s 0-9 3", "s 0-9 3", ""]);
    assert_eq!(simulation.replicas()[1].claims().waiting(), 0);

    // Its predecessor may come by whatever way.
    let steps = format!(
        r#"{REGISTER},{{"sync":["a","c"]}},
            {INCREASE},{{"send":["a","b"],"as":"second","only":"last-operation"}},
            {{"deliver":"second"}},{{"sync":["c","b"]}}"#
    );
    check(&steps, ["s 0-9 3", "s 0-9 3", "s 0-9 0"]);
}

#[test]
fn a_message_from_one_who_has_nothing_is_empty() {
    let steps = r#"{"send":["a","b"],"as":"m","only":"last-operation"},{"deliver":"m"}"#;
    let simulation = check(steps, ["", "", ""]);
    assert_eq!(simulation.metrics().messages_sent, 1);
}

#[test]
fn an_operation_on_what_is_not_seen_takes_no_dot_and_is_counted() {
    let tighten = r#"{"on":"b","do":"tighten","claim":["s",0,9],"to":[0,5]}"#;
    let decrease = r#"{"on":"b","do":"decrease","claim":["s",0,9],"by":1}"#;
    let release = r#"{"on":"b","do":"release","claim":["s",0,9]}"#;
    let steps = format!("{REGISTER},{release},{decrease},{tighten}");
    let simulation = check(&steps, ["s 0-9 0", "", ""]);
    assert_eq!(simulation.metrics().operations, 1);
    assert_eq!(simulation.metrics().operations_without_effect, 3);
    assert_eq!(simulation.replicas()[1].claims().context().operations(), 0);
}

#[test]
fn a_release_takes_away_no_more_than_its_issuer_had_seen() {
    let steps = format!(
        r#"{REGISTER},{{"sync":["a","b"]}},{INCREASE},
            {{"on":"b","do":"release","claim":["s",0,9]}},{{"sync":["a","b"]}},{{"sync":["b","a"]}}"#
    );
    check(&steps, ["s 0-9 3", "s 0-9 3", ""]);
}

#[test]
fn a_release_may_come_before_what_it_releases() {
    let steps = format!(
        r#"{REGISTER},{{"sync":["a","b"]}},{{"on":"b","do":"release","claim":["s",0,9]}},
            {{"send":["b","c"],"as":"release","only":"last-operation"}},
            {{"deliver":"release"}},{{"sync":["a","c"]}}"#
    );
    check(&steps, ["s 0-9 0", "", ""]);
}

// --- Faults ---

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

/// a registers at time 0 what, after b has asked, is on its way to b from 700 to 1,400 ms.
fn slow(replicas: &str, steps: &str) -> String {
    format!(
        r#"{{"format":1,"replicas":{replicas},
            "network":{{"latency_ms":[700,700],"interval_ms":1}},"steps":[{REGISTER},{steps}]}}"#
    )
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
