//! Shrinking: what is left shows the same, nothing of it is superfluous, and where one knows what
//! matters, that is what is left.

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::Moves;
use scalesmall_crdt::{Claim, Dot, Operation};
use scalesmall_node::{Message, News};
use scalesmall_sim::shrink::Progress;
use scalesmall_sim::{
    Action, Mode, Record, Replica, Scenario, Shrinker, SimTime, Simulation, Status, Sync, Undesired,
};
use serde_json::Value;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn parse(text: &str) -> Scenario {
    Scenario::parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// The run, to its end, with the operations in their order.
fn run(scenario: Scenario) -> (Simulation, Vec<Record>) {
    let mut simulation = Simulation::recorded(scenario);
    let mut records = simulation.take_records();
    while simulation.step() {
        records.append(&mut simulation.take_records());
    }
    (simulation, records)
}

/// Whether the run shows it, as naively as can be.
fn shows(scenario: Scenario, undesired: Undesired) -> bool {
    let (simulation, records) = run(scenario);
    let all = simulation.replicas();
    let live: Vec<&Replica> = all.iter().filter(|it| it.status() != Status::Down).collect();
    let mut claims = latest(&records).into_iter();
    match undesired.name() {
        "disagree" => {
            let shown: BTreeSet<_> = live.iter().map(|it| it.claims().fingerprint()).collect();
            shown.len() > 1
        }
        "disagree-in-touch" => {
            let pairs = (0..all.len()).flat_map(|one| (0..one).map(move |other| [one, other]));
            pairs.into_iter().any(|pair| disagree_in_touch(&simulation, pair))
        }
        "lost" => records.iter().any(|record| is_lost(&simulation, record)),
        "unserved" => claims.any(|(claim, left_live)| {
            let ends = all
                .iter()
                .flat_map(|it| it.claims().claims())
                .flat_map(|(it, _)| [u64::from(it.range.start()), u64::from(it.range.end()) + 1]);
            // Where it can change who serves a key.
            let keys = ends.filter_map(|end| u32::try_from(end).ok()).chain([claim.range.start()]);
            let mut keys = keys.filter(|&key| claim.range.contains(key));
            let serves = |it: &&Replica, key| !it.claims().ownership().owners(key).is_empty();
            let nobody = |key| !live.iter().any(|it| serves(it, key));
            left_live && !live.is_empty() && keys.any(nobody)
        }),
        "resurrected" => claims.any(|(claim, left_live)| {
            let shows = |it: &&Replica| it.claims().claims().any(|(it, _)| it == claim);
            !left_live && !live.is_empty() && live.iter().all(shows)
        }),
        other => panic!("{other}: the checker has tests of its own"),
    }
}

fn disagree_in_touch(simulation: &Simulation, [one, other]: [usize; 2]) -> bool {
    let broken: Vec<_> = simulation.cuts().chain(simulation.clogs()).collect();
    let is_broken = broken.contains(&(one, other)) || broken.contains(&(other, one));
    let is_apart = simulation.groups().is_some_and(|it| it[one] != it[other]);
    let network = simulation.network();
    let [one, other] = [one, other].map(|it| &simulation.replicas()[it]);
    !is_broken
        && !is_apart
        && network.mode == Mode::Gossip
        && network.loss.to_f64() < 1.0
        && [one, other].iter().all(|it| it.status() == Status::Up)
        && one.claims().fingerprint() != other.claims().fingerprint()
}

fn is_lost(simulation: &Simulation, record: &Record) -> bool {
    let Record::Operation(record) = record else { return false };
    let mut all = simulation.scenario().data_type.replica();
    for replica in simulation.replicas() {
        let _ = all.merge(replica.claims());
    }
    let is_held = all.context().contains(&record.dot);
    !is_held && !simulation.in_flight().any(|it| carries(it.message, &record.dot))
}

fn carries(message: &Message, dot: &Dot) -> bool {
    match message {
        Message::News { news: News::Updates(updates), .. }
        | Message::Batch { news: News::Updates(updates), .. } => updates.dots().any(|it| it == dot),
        Message::News { news: News::State { state, .. }, .. }
        | Message::Batch { news: News::State { state, .. }, .. }
        | Message::Welcome { state, .. } => state.context().contains(dot),
        _ => false,
    }
}

/// Whether the latest operation on a claim left it live.
fn latest(records: &[Record]) -> BTreeMap<Claim, bool> {
    let mut latest = BTreeMap::new();
    for record in records {
        let Record::Operation(record) = record else { continue };
        let claim = record.operation.claim().clone();
        let is_decrease = matches!(record.operation, Operation::Decrease { .. });
        let cancels_nothing = record.cancels.is_empty() && record.cancels_up_to.is_empty();
        let raises =
            matches!(record.operation, Operation::Register { .. } | Operation::Increase { .. });
        latest.insert(claim, raises || is_decrease && cancels_nothing);
        latest.extend(record.operation.tightened().map(|narrower| (narrower, true)));
    }
    latest
}

/// What is left, if the run shows it.
fn shrunk(scenario: &Scenario, undesired: Option<Undesired>) -> Option<(Undesired, Scenario)> {
    let mut shrinker = Shrinker::new(scenario.clone(), undesired);
    match shrinker.advance(|| true) {
        Progress::Shrunk { is_minimal: true } => {
            Some((shrinker.undesired().expect("it is known"), shrinker.scenario().clone()))
        }
        Progress::NotShown => {
            assert_eq!(shrinker.undesired(), None);
            None
        }
        other => panic!("{other:?}"),
    }
}

/// The scenarios that a file becomes when one of its steps, or operations under `start`, is struck
/// out, where these are scenarios.
fn with_one_less(scenario: &Scenario) -> Vec<Scenario> {
    let file: Value = serde_json::from_str(&scenario.to_json()).unwrap();
    let mut all = Vec::new();
    for list in ["start", "steps"] {
        for index in 0..file[list].as_array().map_or(0, Vec::len) {
            let mut less = file.clone();
            less[list].as_array_mut().unwrap().remove(index);
            all.extend(Scenario::parse(&less.to_string()));
        }
    }
    all
}

fn check_shrunk(scenario: &Scenario, undesired: Undesired, least: &Scenario) {
    let text = least.to_json();
    assert_eq!(&parse(&text), least, "{text}");
    assert!(shows(least.clone(), undesired), "{} is lost:\n{text}", undesired.name());
    for less in with_one_less(least) {
        let is_enough = shows(less.clone(), undesired);
        assert!(!is_enough, "{}:\n{text}\nless:\n{}", undesired.name(), less.to_json());
    }
    assert!(least.steps.len() + least.start.len() <= scenario.steps.len() + scenario.start.len());
    assert!(least.until.max <= scenario.until.max && least.founders <= scenario.founders);
}

/// A made-up scenario that is broken off, after which nobody hears of anything but by luck.
fn broken_off(index: u64, moves: Moves) -> Scenario {
    let mut scenario = parse(&common::scenario(index, moves));
    scenario.steps.truncate(scenario.steps.len() * (1 + index as usize % 3) / 3);
    let joined = scenario.steps.iter().filter(|it| matches!(it.action, Action::Join { .. }));
    let present = scenario.founders + joined.count();
    scenario.replicas = scenario.replicas[..present].into();
    let steps = scenario.steps.iter_mut().filter_map(|step| match &mut step.action {
        Action::Network(settings) => Some(settings),
        _ => None,
    });
    for settings in steps.chain([&mut scenario.network]) {
        if !index.is_multiple_of(3) {
            settings.gossip.anti_entropy = false;
            settings.gossip.sync = Sync::Operation;
        }
    }
    let last = scenario.steps.last().map_or(SimTime::ZERO, |step| step.at);
    scenario.until.max = last + 5_000_000;
    parse(&scenario.to_json())
}

#[test]
fn what_is_left_shows_the_same_and_nothing_of_it_is_superfluous() {
    let mut shown: BTreeMap<&str, usize> = BTreeMap::new();
    let made_up = (0..60).chain(common::ALL_FAULTS_FROM..common::ALL_FAULTS_FROM + 60);
    for (index, moves) in made_up.flat_map(|it| [(it, Moves::Gossip), (it, Moves::Manual)]) {
        let scenario = broken_off(index, moves);
        for undesired in Undesired::BY_DEFAULT {
            let least = shrunk(&scenario, Some(undesired));
            // What waits at a paused node is not to be seen from here.
            let waits = |it: &Replica| it.status() == Status::Paused;
            let is_known = undesired != Undesired::LOST
                || !run(scenario.clone()).0.replicas().iter().any(waits);
            if is_known {
                let is_shown = shows(scenario.clone(), undesired);
                assert_eq!(least.is_some(), is_shown, "{}: {index}", undesired.name());
            }
            let Some((_, least)) = least else { continue };
            *shown.entry(undesired.name()).or_default() += 1;
            check_shrunk(&scenario, undesired, &least);
        }
    }
    assert!(Undesired::BY_DEFAULT.iter().all(|it| shown.get(it.name()) >= Some(&2)), "{shown:?}");
}

/// The steps of a scenario without their times.
fn steps(scenario: &Scenario) -> Vec<String> {
    let file: Value = serde_json::from_str(&scenario.to_json()).unwrap();
    let steps = file["steps"].as_array().cloned().unwrap_or_default();
    let text = |mut step: Value| {
        step.as_object_mut().unwrap().remove("at_ms");
        step.to_string()
    };
    steps.into_iter().map(text).collect()
}

/// Two dozen nodes that do all sorts of things for a while, with more steps after that; whatever
/// they have disagreed about, they agree in the end, but for what these steps do.
fn story(network: &str, more: &str) -> Scenario {
    let light: Value = serde_json::from_str(scalesmall_sim::builtin::FIRST_LIGHT).unwrap();
    let mut story = light.clone();
    let more: Value = serde_json::from_str(&format!("[{more}]")).unwrap();
    story["steps"].as_array_mut().unwrap().extend(more.as_array().unwrap().iter().cloned());
    let network: Value = serde_json::from_str(&format!("{{{network}}}")).unwrap();
    for (name, value) in network.as_object().unwrap() {
        story["network"][name] = value.clone();
    }
    parse(&story.to_string())
}

/// The scenario shows this, if nobody says what, and comes to these steps.
fn check_core(scenario: &Scenario, undesired: Undesired, core: &[&str]) -> Scenario {
    let (found, least) = shrunk(scenario, None).expect("it shows something");
    assert_eq!(found, undesired);
    assert_eq!(steps(&least), core, "{}", least.to_json());
    check_shrunk(scenario, undesired, &least);
    least
}

#[test]
fn what_is_sent_once_and_lost_needs_an_operation_and_the_loss() {
    let scenario = story(r#""sync":"operation","anti_entropy":false"#, "");
    let (found, least) = shrunk(&scenario, None).unwrap();
    assert_eq!(found, Undesired::DISAGREE_IN_TOUCH);
    check_shrunk(&scenario, found, &least);
    // The cut has healed, so it is not what the others are out of touch for.
    assert!(matches!(least.steps[..], [ref one] if matches!(one.action, Action::Operation(_))));
    let network = least.to_json().lines().find(|line| line.contains("network")).map(str::to_owned);
    let expected = r#"  "network": { "sync": "operation", "anti_entropy": false, "loss": 0.1 },"#;
    assert_eq!(network.as_deref(), Some(expected));
    assert!(least.founders < 8, "{}", least.to_json());
}

#[test]
fn a_cut_that_never_heals_needs_the_cut_and_an_operation() {
    let more = r#"{"at_ms":13000,"partition":[["n01","n02","n03"],["n04","n05"]]},
        {"at_ms":14000,"on":"n02","do":"increase","claim":["n02",0,9],"by":7},
        {"at_ms":15000,"crash":"n09"},{"at_ms":15500,"restart":"n09","state":"kept"}"#;
    let scenario = story("", more);
    let (found, least) = shrunk(&scenario, None).unwrap();
    assert_eq!(found, Undesired::DISAGREE);
    check_shrunk(&scenario, found, &least);
    let kinds: Vec<bool> =
        least.steps.iter().map(|it| matches!(it.action, Action::Partition(_))).collect();
    assert!(kinds == [true, false], "{}", least.to_json());
    assert!(matches!(least.steps[1].action, Action::Operation(_)));
    assert_eq!(least.founders, 2);
}

#[test]
fn a_state_that_is_lost_before_anybody_has_heard_needs_three_steps() {
    let more = r#"{"at_ms":15000,"on":"n05","do":"increase","claim":["n05",5,9],"by":7},
        {"at_ms":15001,"crash":"n05"},{"at_ms":16000,"restart":"n05","state":"lost"},
        {"at_ms":17000,"on":"n06","do":"register","claim":["n06",5,9]}"#;
    let core = [
        r#"{"by":1,"claim":["n05",5,9],"do":"increase","on":"n05"}"#,
        r#"{"crash":"n05"}"#,
        r#"{"restart":"n05","state":"lost"}"#,
    ];
    let least = check_core(&story("", more), Undesired::LOST, &core);
    assert_eq!(least.founders, 1);
    assert_eq!(least.title, "First light (shrunk)");
    // Waits are shortened to a second, and what the crash came after is not.
    let times: Vec<u64> = least.steps.iter().map(|step| step.at.as_ms()).collect();
    assert_eq!(times, [1_000, 1_001, 2_000]);
}

#[test]
fn a_release_that_has_not_seen_everything_needs_what_it_saw_and_what_it_did_not() {
    let more = r#"{"at_ms":15000,"on":"n05","do":"register","claim":["n05",5,9]},
        {"at_ms":18000,"on":"n05","do":"increase","claim":["n05",5,9],"by":40},
        {"at_ms":18001,"on":"n06","do":"release","claim":["n05",5,9]}"#;
    let core = [
        r#"{"claim":["n05",5,9],"do":"register","on":"n05"}"#,
        r#"{"by":1,"claim":["n05",5,9],"do":"increase","on":"n05"}"#,
        r#"{"claim":["n05",5,9],"do":"release","on":"n06"}"#,
    ];
    check_core(&story("", more), Undesired::RESURRECTED, &core);
}

#[test]
fn two_decreases_that_take_a_claim_to_nothing_need_what_it_had() {
    // The amounts are the least with which neither of the two comes to 0 by itself.
    let text = r#"{"format":1,"replicas":["a","b","c"],"network":{"loss":0.2},
        "start":[{"on":"c","do":"register","claim":["c",0,9]},
                 {"on":"a","do":"increase","claim":["a",100,199],"by":12}],
        "steps":[{"at_ms":100,"on":"a","do":"decrease","claim":["a",100,199],"by":9},
                 {"at_ms":101,"on":"c","do":"increase","claim":["c",0,9],"by":9},
                 {"at_ms":101,"on":"b","do":"decrease","claim":["a",100,199],"by":8}]}"#;
    let scenario = parse(text);
    let (found, least) = shrunk(&scenario, None).unwrap();
    assert_eq!(found, Undesired::UNSERVED);
    check_shrunk(&scenario, found, &least);
    let text = least.to_json();
    let lines: Vec<&str> = text.lines().filter(|line| line.contains("do")).map(str::trim).collect();
    let expected = [
        r#"{ "on": "a", "do": "increase", "claim": ["a", 100, 199], "by": 3 }"#,
        r#"{ "at_ms": 100, "on": "a", "do": "decrease", "claim": ["a", 100, 199], "by": 2 },"#,
        r#"{ "at_ms": 101, "on": "b", "do": "decrease", "claim": ["a", 100, 199], "by": 1 }"#,
    ];
    assert_eq!(lines, expected);
    assert!(!text.contains("network"), "{text}");
}

#[test]
fn a_setting_that_matters_stays_in_the_step_that_makes_it() {
    // Nothing is lost but for a while, and nobody asks again.
    let text = r#"{"format":1,"seed":3,"replicas":["a","b","c"],
        "network":{"sync":"operation","anti_entropy":false,"fanout":3},"steps":[
        {"at_ms":100,"on":"c","do":"register","claim":["c",0,9]},
        {"at_ms":500,"network":{"loss":1,"duplicate":0.5,"latency_ms":[1,2]}},
        {"at_ms":600,"on":"a","do":"register","claim":["a",0,9]},
        {"at_ms":700,"network":{"loss":0,"reorder":0.3}},
        {"at_ms":900,"on":"b","do":"register","claim":["b",0,9]}]}"#;
    let core = [
        r#"{"network":{"loss":1}}"#,
        r#"{"claim":["a",0,9],"do":"register","on":"a"}"#,
        r#"{"network":{"loss":0}}"#,
    ];
    check_core(&parse(text), Undesired::DISAGREE_IN_TOUCH, &core);
}

#[test]
fn the_loss_of_one_message_can_be_the_matter() {
    let scenario = |lost: u64| {
        parse(&format!(
            r#"{{"format":1,"replicas":["a","b"],
                "network":{{"sync":"operation","anti_entropy":false}},"steps":[
                {{"at_ms":100,"on":"a","do":"register","claim":["a",0,9]}},
                {{"at_ms":101,"lose":["a","b",{lost}]}},
                {{"at_ms":500,"on":"b","do":"register","claim":["b",0,9]}}]}}"#
        ))
    };
    let mut simulation = Simulation::new(scenario(u64::MAX));
    simulation.run_until(SimTime::from_ms(100));
    let number = simulation.in_flight().find(|it| it.message.news().is_some()).unwrap().number;
    assert_eq!(shrunk(&scenario(u64::MAX), None), None);
    let core = [
        r#"{"claim":["a",0,9],"do":"register","on":"a"}"#,
        &format!(r#"{{"lose":["a","b",{number}]}}"#),
    ];
    check_core(&scenario(number), Undesired::DISAGREE_IN_TOUCH, &core);
}

#[test]
fn it_makes_no_difference_how_often_it_pauses() {
    for index in 0..6 {
        let scenario = broken_off(index, Moves::Gossip);
        let at_once = shrunk(&scenario, None);
        let mut slices = 0;
        let mut shrinker = Shrinker::new(scenario, None);
        while shrinker.advance(|| false) == Progress::Working {
            slices += 1;
            assert!(shrinker.steps_left() <= shrinker.steps_given());
        }
        let in_slices = shrinker.undesired().map(|it| (it, shrinker.scenario().clone()));
        assert!(at_once == in_slices && slices > 100, "{index}");
    }
}

/// What the run shows, of all kinds.
fn check_shown(network: &str, steps: &str, expected: &[Undesired]) {
    let text = format!(
        r#"{{"format":1,"replicas":["a","b"],"network":{{{network}}},"steps":[{steps}],
            "until":{{"max_ms":30000}}}}"#
    );
    let scenario = parse(&text);
    let mut shown = Vec::new();
    for undesired in Undesired::ALL {
        let is_shown = shrunk(&scenario, Some(undesired)).is_some();
        if undesired != Undesired::SEMANTICS {
            assert_eq!(is_shown, shows(scenario.clone(), undesired), "{steps}");
        }
        shown.extend(is_shown.then_some(undesired));
    }
    assert_eq!(shown, expected, "{steps}");
}

#[test]
fn each_kind_is_what_it_says() {
    const IN_TOUCH: Undesired = Undesired::DISAGREE_IN_TOUCH;
    const DISAGREE: Undesired = Undesired::DISAGREE;
    const LOST: Undesired = Undesired::LOST;
    const UNSERVED: Undesired = Undesired::UNSERVED;
    const RESURRECTED: Undesired = Undesired::RESURRECTED;
    let register = r#"{"at_ms":1,"on":"a","do":"register","claim":["a",0,9]}"#;
    let with = |more: &str| format!("{register},{more}");

    check_shown("", "", &[]);
    check_shown("", register, &[]);
    // Cut off in any way, and so not in touch.
    for cut in [
        r#"{"at_ms":0,"partition":[["a"],["b"]]}"#,
        r#"{"at_ms":0,"cut":["a","b"]},{"at_ms":0,"cut":["b","a"]}"#,
        r#"{"at_ms":0,"clog":["a","b"]},{"at_ms":0,"clog":["b","a"]}"#,
        r#"{"at_ms":0,"network":{"loss":1}}"#,
        r#"{"at_ms":0,"pause":"b"}"#,
    ] {
        check_shown("", &format!("{cut},{register}"), &[DISAGREE]);
    }
    check_shown(r#""mode":"manual""#, register, &[DISAGREE]);
    // To be in touch takes both directions, to be told one.
    let push = r#""sync":"operation","anti_entropy":false"#;
    check_shown(push, &format!(r#"{{"at_ms":0,"cut":["a","b"]}},{register}"#), &[DISAGREE]);
    check_shown(push, &format!(r#"{{"at_ms":0,"cut":["b","a"]}},{register}"#), &[]);
    let while_down = format!(r#"{{"at_ms":0,"crash":"b"}},{register}"#);
    check_shown(push, &while_down, &[]);
    let and_back = format!(r#"{while_down},{{"at_ms":2000,"restart":"b"}}"#);
    check_shown(push, &and_back, &[IN_TOUCH, DISAGREE]);

    // A node that is down still has it, and nobody else serves the keys.
    let crash = r#"{"at_ms":2,"crash":"a"}"#;
    check_shown("", &with(crash), &[UNSERVED]);
    let lost = format!(r#"{crash},{{"at_ms":3,"restart":"a","state":"lost"}}"#);
    check_shown("", &with(&lost), &[LOST, UNSERVED]);
    // Served by somebody else, or ended by who had registered it.
    let other = r#"{"at_ms":9000,"on":"b","do":"register","claim":["b",0,99]}"#;
    check_shown("", &with(&format!("{lost},{other}")), &[LOST]);
    let half = r#"{"at_ms":9000,"on":"b","do":"register","claim":["b",0,5]}"#;
    check_shown("", &with(&format!("{lost},{half}")), &[LOST, UNSERVED]);
    let release = r#"{"at_ms":1,"on":"a","do":"release","claim":["a",0,9]}"#;
    check_shown("", &with(&format!("{release},{lost}")), &[LOST]);
    check_shown("", &with(release), &[]);
    // On its way to the end.
    let clogged = format!(r#"{{"at_ms":0,"clog":["a","b"]}},{register}"#);
    let crash_later = r#"{"at_ms":900,"crash":"a"},{"at_ms":901,"restart":"a","state":"lost"}"#;
    check_shown(r#""strategy":"tree""#, &format!("{clogged},{crash_later}"), &[UNSERVED]);
    // Nobody is there to show anything.
    check_shown("", &with(r#"{"at_ms":2,"crash":"a"},{"at_ms":2,"crash":"b"}"#), &[]);

    // A Decrease to nothing ends a claim, one that leaves something does not.
    let raise = r#"{"at_ms":1,"on":"a","do":"increase","claim":["a",0,9],"by":5}"#;
    let late = |by| {
        format!(
            r#"{raise},{{"at_ms":9000,"on":"a","do":"increase","claim":["a",0,9],"by":1}},
            {{"at_ms":9001,"on":"b","do":"decrease","claim":["a",0,9],"by":{by}}}"#
        )
    };
    check_shown("", &late(5), &[RESURRECTED]);
    check_shown("", &late(4), &[]);
    let tighten = r#"{"at_ms":9001,"on":"b","do":"tighten","claim":["a",0,9],"to":[0,4]}"#;
    let wide = r#"{"at_ms":9000,"on":"a","do":"increase","claim":["a",0,9],"by":1}"#;
    check_shown("", &format!("{raise},{wide},{tighten}"), &[RESURRECTED]);
    check_shown("", &format!("{raise},{tighten}"), &[]);
    // One that has not heard of the release is not all.
    let aside = r#"{"at_ms":9000,"partition":[["a"],["b"]]}"#;
    let released = r#"{"at_ms":9001,"on":"b","do":"release","claim":["a",0,9]}"#;
    check_shown("", &format!("{raise},{aside},{released}"), &[DISAGREE]);
}
