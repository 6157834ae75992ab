//! A scenario that is written is read as what it was: the same scenario, the same run, and the same
//! text once more.

mod common;

use std::num::NonZeroU32;

use common::{ALL_FAULTS_FROM, Draw, Moves};
use scalesmall_crdt::NodeId;
use scalesmall_sim::{
    Action, DeadClaims, Depth, Detection, Probability, Scenario, SimTime, Simulation, Step,
    Strategy, Sync, builtin,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// The example of the documentation.
const EXAMPLE: &str = include_str!("example.json");
/// What a file says at least.
const FEWEST: &str = r#"{"format":1,"replicas":["a"]}"#;

fn parse(text: &str) -> Scenario {
    Scenario::parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// What the scenario is written as, which is read as the same scenario, and written the same again.
fn written(scenario: &Scenario) -> String {
    let text = scenario.to_json();
    let read = parse(&text);
    assert!(read == *scenario, "{scenario:?}\nis written as\n{text}\nand read as\n{read:?}");
    assert_eq!(read.to_json(), text);
    text
}

/// A file that says nothing but what it has to, each step on a line of its own, is written as it is.
fn check(text: &str) {
    assert_eq!(written(&parse(text)), text);
}

/// Steps as they are written after `at_ms`, for the replicas a, b and c, with this line of the network.
fn check_steps(network: &str, steps: &[&str]) {
    let lines: Vec<String> =
        steps.iter().map(|step| format!(r#"    {{ "at_ms": 5, {step} }}"#)).collect();
    check(&format!(
        "{{\n  \"format\": 1,\n  \"replicas\": [\"a\", \"b\", \"c\"],\n{network}  \"steps\": [\n{}\n  ]\n}}\n",
        lines.join(",\n")
    ));
}

/// Files of all kinds, each with its name.
fn files() -> Vec<(String, String)> {
    let fixed = builtin::ALL.into_iter().chain([("example", EXAMPLE)]);
    let fixed = fixed.map(|(name, text)| (name.to_owned(), text.to_owned()));
    let made_up = (0..300).chain(ALL_FAULTS_FROM..ALL_FAULTS_FROM + 200);
    let made_up = made_up.flat_map(|n| {
        let [gossip, manual] = [Moves::Gossip, Moves::Manual].map(|it| common::scenario(n, it));
        [(format!("gossip-{n}"), gossip), (format!("manual-{n}"), manual)]
    });
    fixed.chain(made_up).collect()
}

#[test]
fn what_is_written_is_read_as_what_it_was() {
    let files = files();
    assert_eq!(files.len(), 3 + 1 + 2 * 500);
    for (_, text) in files {
        written(&parse(&text));
    }
}

#[test]
fn what_is_written_runs_as_what_it_was() {
    let run = |scenario: Scenario| {
        let mut simulation = Simulation::new(scenario);
        while simulation.step() {}
        (simulation.trace().to_string(), simulation.now(), simulation.metrics())
    };
    // The fixed ones, and a few of those with all faults and without.
    let files = files();
    let some = files[..10].iter().chain(&files[files.len() - 10..]);
    for (name, text) in some {
        let scenario = parse(text);
        let read = parse(&scenario.to_json());
        assert_eq!(run(read), run(scenario), "{name}");
    }
}

#[test]
fn each_kind_of_step_is_written_as_it_is_described() {
    check_steps(
        "",
        &[
            r#""on": "a", "do": "register", "claim": ["a", 0, 99]"#,
            r#""on": "b", "do": "increase", "claim": ["a", 0, 99], "by": 3"#,
            r#""on": "b", "do": "decrease", "claim": ["a", 0, 99], "by": 4294967295"#,
            r#""on": "a", "do": "tighten", "claim": ["a", 0, 99], "to": [0, 59]"#,
            r#""on": "c", "do": "release", "claim": ["nobody", 0, 4294967295]"#,
            r#""partition": [["c"], [], ["b", "a"]]"#,
            r#""partition": []"#,
            r#""cut": ["a", "b"]"#,
            r#""mend": ["b", "a"]"#,
            r#""clog": ["c", "a"]"#,
            r#""unclog": ["a", "c"]"#,
            r#""hold": ["a", "b", 7]"#,
            r#""pass": ["a", "b", 0]"#,
            r#""lose": ["b", "a", 18446744073709551615]"#,
            r#""repeat": ["c", "a", 9]"#,
            r#""heal": true"#,
            r#""crash": "c""#,
            r#""restart": "c""#,
            r#""crash": "b""#,
            r#""restart": "b", "state": "lost""#,
            r#""crash": "b""#,
            r#""restart": "b", "state": "lost", "incarnation": 2"#,
            r#""pause": "a""#,
            r#""resume": "a""#,
            r#""join": "x", "through": "b""#,
            r#""join": "d", "through": "x""#,
            r#""on": "d", "do": "register", "claim": ["x", 7, 7]"#,
            r#""leave": "c""#,
            r#""retire": "c", "on": "x""#,
            r#""watch": [[0, 99], [4294967295, 4294967295]], "on": "a""#,
            r#""watch": [], "on": "b""#,
            r#""clock_skew_ms": -3600000, "on": "a""#,
            r#""clock_skew_ms": 250, "on": "b""#,
            r#""observe": "a""#,
        ],
    );
    check_steps(
        "  \"network\": { \"mode\": \"manual\" },\n",
        &[
            r#""sync": ["a", "b"]"#,
            r#""send": ["b", "c"], "as": "all""#,
            r#""send": ["b", "c"], "as": "one \"\\", "only": "last-operation""#,
            r#""deliver": "one \"\\""#,
            r#""deliver": "all""#,
            r#""network": { "loss": 0.5 }"#,
        ],
    );
}

#[test]
fn a_change_of_the_network_says_what_differs_from_before() {
    check_steps(
        "  \"network\": { \"latency_ms\": [0, 3], \"loss\": 1, \"history\": 9, \"history_outside\": 2 },\n",
        &[
            r#""network": {}"#,
            r#""network": { "strategy": "push", "sync": "full-state", "anti_entropy": false }"#,
            r#""network": { "interval_ms": 1, "fanout": 64, "latency_ms": [20, 80] }"#,
            r#""network": { "loss": 0, "duplicate": 0.05, "reorder": 1 }"#,
            r#""network": { "strategy": "tree", "sync": "operation", "anti_entropy": true }"#,
            r#""network": { "bytes_per_s": 1000000000 }"#,
            r#""network": { "bytes_per_s": "unlimited", "interest": true }"#,
            r#""network": { "interest": false }"#,
            r#""network": { "history_outside": 9 }"#,
            r#""network": { "history": 8, "history_stable": "forget" }"#,
            r#""network": { "history": 9, "history_outside": 8, "history_stable": "keep" }"#,
            r#""network": { "history": 10, "history_outside": 8 }"#,
            r#""network": { "history": 8 }"#,
            r#""network": { "failure_detection": true }"#,
            r#""network": { "probe_ms": 999, "dead_claims": "release-after" }"#,
            r#""network": { "release_after_ms": 77 }"#,
            r#""network": { "suspicion_ms": 1, "dead_claims": "keep" }"#,
            r#""network": { "failure_detection": false }"#,
            r#""network": { "failure_detection": true, "dead_claims": "release-after", "release_after_ms": 6 }"#,
        ],
    );
}

#[test]
fn any_settings_can_follow_any_others() {
    let mut scenario = parse(FEWEST);
    let mut network = scenario.network.clone();
    let mut draw = Draw::new(1);
    for _ in 0..5_000 {
        // A few at a time, each out of few, so that many stay as they were.
        let gossip = &mut network.gossip;
        match draw.below(9) {
            0 => gossip.strategy = draw.pick(&Strategy::ALL),
            1 => gossip.sync = draw.pick(&Sync::ALL),
            2 => gossip.anti_entropy = draw.one_in(2),
            3 => gossip.interest = draw.one_in(2),
            4 => network.bytes_per_s = NonZeroU32::new(draw.below(3) as u32),
            5 => network.latency_us = [draw.below(2) as u32 * 1_000, 1_000],
            6 => {
                let inside = 1 + draw.index(3);
                let outside = draw.index(inside + 1);
                gossip.history = Depth { inside, outside, forgets_stable: draw.one_in(2) };
            }
            _ => {
                let mut us = || [1_000, 3_000_000, 5_000_000][draw.index(3)];
                let (probe_us, suspicion_us, release_after_us) = (us(), us(), us());
                let dead_claims =
                    draw.pick(&[DeadClaims::Keep, DeadClaims::ReleaseAfter(release_after_us)]);
                let detection = Detection { probe_us, suspicion_us, dead_claims };
                gossip.detection = draw.pick(&[None, Some(detection), Some(detection)]);
            }
        }
        written(&Scenario { network: network.clone(), ..parse(FEWEST) });
        let action = Action::Network(network.clone());
        scenario.steps.push(Step { at: SimTime::ZERO, action });
    }
    written(&Scenario { network, ..scenario });
}

#[test]
fn what_is_so_by_default_is_left_out() {
    let plain = "{\n  \"format\": 1,\n  \"replicas\": [\"a\"]\n}\n";
    check(plain);
    let with_defaults = parse(
        r#"{"format":1,"title":"","seed":0,"replicas":["a"],"type":"aw-map","start":[],"steps":[],
            "network":{"mode":"gossip","strategy":"push-pull","sync":"delta","anti_entropy":true,
                "interval_ms":200,"fanout":1,"latency_ms":[20,80],"loss":0,"duplicate":0,
                "reorder":0,"bytes_per_s":"unlimited","interest":false,"history":4096,
                "history_outside":4096,"history_stable":"keep","failure_detection":false},
            "until":{"converged":true,"max_ms":60000}}"#,
    );
    assert_eq!(written(&with_defaults), plain);
}

#[test]
fn what_is_replicated_stands_before_the_network() {
    check(
        r#"{
  "format": 1,
  "replicas": ["a"],
  "type": "ordered-list",
  "network": { "loss": 0.1 },
  "steps": [
    { "at_ms": 0, "on": "a", "do": "split", "at": 50 },
    { "at_ms": 5, "on": "a", "do": "register", "claim": ["b", 50, 99] },
    { "at_ms": 5, "on": "a", "do": "promote", "claim": ["b", 50, 99] },
    { "at_ms": 5, "on": "a", "do": "demote", "claim": ["b", 50, 99] }
  ]
}
"#,
    );
}

#[test]
fn a_whole_file_is_laid_out_line_by_line() {
    check(
        r#"{
  "format": 1,
  "title": "All that there is",
  "seed": 18446744073709551615,
  "replicas": ["n2", "n1"],
  "network": { "strategy": "pull", "loss": 0.1 },
  "start": [
    { "on": "n1", "do": "register", "claim": ["n1", 0, 99] },
    { "on": "n2", "do": "increase", "claim": ["n1", 0, 99], "by": 2 }
  ],
  "steps": [
    { "at_ms": 0, "crash": "n1" },
    { "at_ms": 400, "restart": "n1", "state": "lost" }
  ],
  "until": { "converged": true, "max_ms": 500 }
}
"#,
    );
}

#[test]
fn each_way_to_end_is_written() {
    let until = |until: &str| {
        let file = format!(r#"{{"format":1,"replicas":["a"],"until":{{{until}}}}}"#);
        written(&parse(&file))
            .lines()
            .find_map(|it| it.strip_prefix("  \"until\": "))
            .map(str::to_owned)
    };
    assert_eq!(until(r#""converged":true"#), None);
    assert_eq!(until(r#""converged":false"#).unwrap(), r#"{ "max_ms": 60000 }"#);
    assert_eq!(until(r#""max_ms":0"#).unwrap(), r#"{ "max_ms": 0 }"#);
    let both = r#"{ "converged": true, "max_ms": 3600000 }"#;
    assert_eq!(until(r#""max_ms":3600000,"converged":true"#).unwrap(), both);
}

#[test]
fn texts_come_back_whatever_they_hold() {
    let texts = [
        r#"""#,
        r"\",
        r#"\"\\""#,
        "/",
        "{\"a\": [1, 2]}, ",
        " ",
        "ü 日 本",
        "e\u{301}",
        "🦀👩‍👩‍👧",
        "\u{2028}\u{2029}\u{feff}\u{ffff}\u{10ffff}",
        "</script>",
        "%22+&#x27;",
    ];
    let mut scenario = parse(r#"{"format":1,"replicas":["a"],"network":{"mode":"manual"}}"#);
    scenario.replicas = texts.map(|text| NodeId::new(text).expect("it is a name")).into();
    scenario.founders = texts.len() - 1;
    let last = scenario.founders;
    let step = |action| Step { at: SimTime::from_ms(1), action };
    scenario.steps.push(step(Action::Join { through: 0 }));
    for (index, text) in texts.into_iter().enumerate() {
        let name = text.to_owned();
        let send = Action::Send { from: index, to: last, name, only_last_operation: false };
        scenario.steps.extend([send, Action::Deliver(text.to_owned())].map(step));
    }
    for text in texts {
        scenario.title = text.to_owned();
        written(&scenario);
    }
}

#[test]
fn times_between_milliseconds_are_rounded_up_and_stay_in_order() {
    let mut scenario = parse(
        r#"{"format":1,"replicas":["a","b"],"until":{"max_ms":3},
            "steps":[{"observe":"a"},{"observe":"b"},{"observe":"a"},{"observe":"b"},
                {"observe":"a"},{"on":"a","clock_skew_ms":0},{"on":"a","clock_skew_ms":0}]}"#,
    );
    let times_us = [0, 1, 999, 1_000, 1_001, 2_000, 2_999];
    for (step, us) in scenario.steps.iter_mut().zip(times_us) {
        step.at = SimTime::from_us(us);
    }
    scenario.until.max = SimTime::from_us(2_999);
    scenario.network.gossip.interval_us = 1;
    scenario.steps[5].action = Action::ClockSkew { replica: 0, skew_us: 1_001 };
    scenario.steps[6].action = Action::ClockSkew { replica: 0, skew_us: -1_999 };
    let read = parse(&scenario.to_json());
    let times: Vec<u64> = read.steps.iter().map(|step| step.at.as_us()).collect();
    assert_eq!(times, [0, 1_000, 1_000, 1_000, 2_000, 2_000, 3_000]);
    for (read, step) in read.steps.iter().zip(&scenario.steps) {
        assert_eq!(read.at, step.at.rounded_up_to_ms());
    }
    let actions = |scenario: &Scenario| {
        scenario.steps[..5].iter().map(|step| step.action.clone()).collect::<Vec<_>>()
    };
    assert_eq!(actions(&read), actions(&scenario));
    assert_eq!(read.steps[5].action, Action::ClockSkew { replica: 0, skew_us: 2_000 });
    assert_eq!(read.steps[6].action, Action::ClockSkew { replica: 0, skew_us: -1_000 });
    assert_eq!(read.until.max, SimTime::from_ms(3));
    assert_eq!(read.network.gossip.interval_us, 1_000);
    written(&read);
}

// --- Chances ---

const ONE: u64 = 1 << 32;

/// So many steps of 2⁻³².
fn probability(steps: u64) -> Probability {
    Probability::new(steps as f64 / ONE as f64).expect("it is 1 at most")
}

#[test]
fn every_probability_comes_back_bit_for_bit() {
    let mut draw = Draw::new(2);
    let mut steps: Vec<u64> =
        (0..2_000).flat_map(|n| [n, ONE / 2 - n, ONE / 2 + n, ONE - n]).collect();
    // All sizes alike, as well as all values alike.
    steps.extend((0..40_000).map(|n| draw.below(ONE >> (n % 33))));
    steps.extend((0..40_000).map(|_| draw.below(ONE + 1)));
    let mut scenario = parse(FEWEST);
    let mut network = scenario.network.clone();
    for three in steps.chunks(3) {
        let settings = [&mut network.loss, &mut network.duplicate, &mut network.reorder];
        for (setting, &steps) in settings.into_iter().zip(three) {
            *setting = probability(steps);
            assert_eq!(Probability::new(setting.to_f64()), Some(*setting), "{steps}");
        }
        let action = Action::Network(network.clone());
        scenario.steps.push(Step { at: SimTime::ZERO, action });
    }
    written(&scenario);
}

#[test]
fn a_probability_is_written_with_as_few_decimals_as_it_can_be() {
    for count in 0..=100_000 {
        let given = f64::from(count) / 100_000.0;
        let shown = Probability::new(given).expect("it is 1 at most").to_f64();
        assert_eq!(shown.to_bits(), given.to_bits(), "{given} is {shown}");
    }
    let written = |steps: u64| probability(steps).to_f64().to_string();
    // The step after that of 0.1, the least, and the greatest that is not certain.
    assert_eq!([429_496_729, 429_496_730].map(written), ["0.1", "0.1000000001"]);
    assert_eq!([0, 1, ONE - 1, ONE].map(written), ["0", "0.0000000003", "0.9999999998", "1"]);
}
