//! Whatever is wrong with a scenario file is refused with its place, the value and the reason.

mod data_types;
mod membership;
mod steps;
mod values;

#[cfg(not(target_arch = "wasm32"))]
#[path = "../common/mod.rs"]
mod common;

use scalesmall_sim::Scenario;
#[cfg(not(target_arch = "wasm32"))]
use scalesmall_sim::Simulation;
use scalesmall_sim::limits::{FILE_BYTES_MAX, REPLICAS_MAX, STEPS_MAX};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// Every text is refused with the message beside it.
fn check<T: AsRef<str>>(cases: &[(T, &str)]) {
    let mut wrong = String::new();
    for (text, expected) in cases {
        let text = text.as_ref();
        let message = match Scenario::parse(text) {
            Ok(_) => "no error".to_owned(),
            Err(error) => error.to_string(),
        };
        if message != *expected {
            let shown: String = text.chars().take(200).collect();
            wrong += &format!("file:     {shown}\nexpected: {expected}\ngot:      {message}\n\n");
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

/// A scenario for the replicas a and b with these further fields.
fn with(fields: &str) -> String {
    format!(r#"{{"format":1,"replicas":["a","b"],{fields}}}"#)
}

fn replicas(names: &str) -> String {
    format!(r#"{{"format":1,"replicas":{names}}}"#)
}

fn network(fields: &str) -> String {
    with(&format!(r#""network":{{{fields}}}"#))
}

fn step(fields: &str) -> String {
    with(&format!(r#""steps":[{{{fields}}}]"#))
}

/// A scenario whose messages move by these steps.
fn manual(steps: &str) -> String {
    with(&format!(r#""network":{{"mode":"manual"}},"steps":[{steps}]"#))
}

#[test]
fn what_is_no_json_is_refused_with_line_and_column() {
    check(&[
        ("", "EOF while parsing a value (line 1, column 1)"),
        (" \n ", "EOF while parsing a value (line 2, column 1)"),
        ("hello", "expected value (line 1, column 1)"),
        ("{", "EOF while parsing an object (line 1, column 1)"),
        (
            r#"{"format":1,"replicas":["a"#,
            "replicas: EOF while parsing a string (line 1, column 26)",
        ),
        (r#"{"format":1,"replicas":["a"]"#, "EOF while parsing an object (line 1, column 28)"),
        (r#"{"format":1,"replicas":["a"]} x"#, "trailing characters (line 1, column 31)"),
        (r#"{"format":1,"replicas":["a"]}{}"#, "trailing characters (line 1, column 30)"),
        ("{\"format\":1,\n\"replicas\":[\"a\",]}", "replicas: expected value (line 2, column 17)"),
        (r#"{"format":1,"replicas":['a']}"#, "replicas: expected value (line 1, column 25)"),
        (
            r#"{"format":1,"replicas":["\ud800"]}"#,
            "replicas[0]: unexpected end of hex escape (line 1, column 32)",
        ),
        (
            r#"{"format":1,"replicas":["\udc00x"]}"#,
            "replicas[0]: lone leading surrogate in hex escape (line 1, column 31)",
        ),
        (
            "{\"format\":1,\"replicas\":[\"a\nb\"]}",
            r#"replicas: control character (\u0000-\u001F) found while parsing a string (line 1, column 26)"#,
        ),
        ("\u{feff}{\"format\":1}", "expected value (line 1, column 1)"),
    ]);
}

#[test]
fn what_is_no_object_is_no_scenario() {
    check(&[
        ("1", "invalid type: integer `1`, expected an object (line 1, column 1)"),
        ("null", "invalid type: null, expected an object (line 1, column 4)"),
        (r#""format""#, r#"invalid type: string "format", expected an object (line 1, column 8)"#),
        ("[]", "invalid type: sequence, expected an object (line 1, column 1)"),
        // By position, every field of a scenario would be there.
        (
            r#"[1,"",0,["a"],"aw-map",{},[],[],{},null]"#,
            "invalid type: sequence, expected an object (line 1, column 1)",
        ),
        (
            r#"{"format":1,"replicas":["a"],"until":[true,5]}"#,
            "until: invalid type: sequence, expected an object (line 1, column 37)",
        ),
        (
            &with(r#""steps":[[0]]"#),
            "steps[0]: invalid type: sequence, expected an object (line 1, column 42)",
        ),
        (
            &with(r#""steps":{}"#),
            "steps: invalid type: map, expected a sequence (line 1, column 41)",
        ),
        (
            &with(r#""network":[]"#),
            "network: invalid type: sequence, expected an object (line 1, column 43)",
        ),
    ]);
}

#[test]
fn depth_is_no_danger() {
    let deep = "[".repeat(10_000);
    check(&[
        (deep.clone(), "invalid type: sequence, expected an object (line 1, column 1)"),
        (with(&format!(r#""steps":{deep}"#)), "steps: expected value (line 1, column 10042)"),
        (with(&format!(r#""load":{deep}"#)), "load: expected value (line 1, column 10041)"),
        (
            with(&format!(r#""load":{deep}{}"#, "]".repeat(10_000))),
            "load: is not simulated by this version",
        ),
        (
            with(&format!(r#""wind":{deep}{}"#, "]".repeat(10_000))),
            "wind: unknown field `wind`, expected one of `format`, `title`, `seed`, `replicas`, `incarnations`, `type`, `network`, `start`, `steps`, `until`, `load` (line 1, column 39)",
        ),
    ]);
}

#[test]
fn a_format_that_is_not_known_is_refused_before_all_else() {
    check(&[
        (r#"{"replicas":["a"]}"#, "format: is missing; known: 1"),
        (r#"{"format":null,"replicas":["a"]}"#, "format: is missing; known: 1"),
        (r#"{"format":2,"whatever":[]}"#, "format: 2 is not a format that is known here; known: 1"),
        (
            r#"{"format":"1","replicas":["a"]}"#,
            r#"format: invalid type: string "1", expected a whole number, 0 or more, in plain digits (line 1, column 13)"#,
        ),
        (
            r#"{"format":1.5,"replicas":["a"]}"#,
            "format: invalid type: floating point `1.5`, expected a whole number, 0 or more, in plain digits (line 1, column 13)",
        ),
        (
            r#"{"format":-1,"replicas":["a"]}"#,
            "format: invalid type: integer `-1`, expected a whole number, 0 or more, in plain digits (line 1, column 12)",
        ),
        (
            r#"{"format":1,"format":1,"replicas":["a"]}"#,
            "duplicate field `format` (line 1, column 20)",
        ),
    ]);
}

#[test]
fn unknown_fields_are_refused_with_their_path() {
    check(&[
        (
            with(r#""wind":1"#),
            "wind: unknown field `wind`, expected one of `format`, `title`, `seed`, `replicas`, `incarnations`, `type`, `network`, `start`, `steps`, `until`, `load` (line 1, column 39)",
        ),
        (
            network(r#""wind":1"#),
            "network.wind: unknown field `wind`, expected one of `mode`, `strategy`, `sync`, `anti_entropy`, `latency_ms`, `bytes_per_s`, `loss`, `duplicate`, `reorder`, `interval_ms`, `fanout`, `history`, `history_outside`, `history_stable`, `interest`, `failure_detection`, `probe_ms`, `suspicion_ms`, `dead_claims`, `release_after_ms` (line 1, column 50)",
        ),
        (
            with(r#""until":{"wind":1}"#),
            "until.wind: unknown field `wind`, expected `converged` or `max_ms` (line 1, column 48)",
        ),
        (
            step(r#""wind":1"#),
            "steps[0].wind: unknown field `wind`, expected one of `at_ms`, `do`, `on`, `claim`, `by`, `to`, `at`, `partition`, `heal`, `cut`, `mend`, `clog`, `unclog`, `hold`, `pass`, `lose`, `repeat`, `crash`, `restart`, `state`, `incarnation`, `pause`, `resume`, `network`, `retire`, `join`, `through`, `leave`, `watch`, `clock_skew_ms`, `sync`, `send`, `as`, `only`, `deliver`, `receive`, `observe` (line 1, column 49)",
        ),
        (
            with(r#""steps":[{"network":{"wind":1}}]"#),
            "steps[0].network.wind: unknown field `wind`, expected one of `mode`, `strategy`, `sync`, `anti_entropy`, `latency_ms`, `bytes_per_s`, `loss`, `duplicate`, `reorder`, `interval_ms`, `fanout`, `history`, `history_outside`, `history_stable`, `interest`, `failure_detection`, `probe_ms`, `suspicion_ms`, `dead_claims`, `release_after_ms` (line 1, column 60)",
        ),
        (
            with(r#""start":[{"wind":1}]"#),
            "start[0].wind: unknown field `wind`, expected one of `at_ms`, `do`, `on`, `claim`, `by`, `to`, `at`, `partition`, `heal`, `cut`, `mend`, `clog`, `unclog`, `hold`, `pass`, `lose`, `repeat`, `crash`, `restart`, `state`, `incarnation`, `pause`, `resume`, `network`, `retire`, `join`, `through`, `leave`, `watch`, `clock_skew_ms`, `sync`, `send`, `as`, `only`, `deliver`, `receive`, `observe` (line 1, column 49)",
        ),
    ]);
}

#[test]
fn what_this_version_does_not_simulate_is_refused() {
    check(&[(with(r#""load":{"keys_per_s":2000}"#), "load: is not simulated by this version")]);
}

#[test]
fn what_a_message_quotes_is_short_and_can_be_shown() {
    let quoted = format!("steps[0].crash: \"{}…", "x".repeat(499));
    let refused =
        r#"wind\u{1b}[2J: unknown field `wind\u{1b}[2J`, expected `converged` or `max_ms`"#;
    check(&[
        (step(&format!(r#""crash":"{}""#, "x".repeat(1_000))), quoted.as_str()),
        (with(r#""until":{"wind\u001b[2J":1}"#), &format!("until.{refused} (line 1, column 57)")),
    ]);
}

/// A file that somebody, or something, has spoilt: cut short, with a part missing, repeated or
/// moved, with a bit flipped, or with another number in the place of a digit.
#[cfg(not(target_arch = "wasm32"))]
fn spoilt(text: &str, draw: &mut common::Draw) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for _ in 0..1 + draw.below(3) {
        let start = draw.index(bytes.len());
        let end = bytes.len().min(start + 1 + draw.index(40));
        match draw.below(8) {
            0 => bytes.truncate(start.max(1)),
            1 => {
                let part: Vec<u8> = bytes.drain(start..end).collect();
                // Gone, or somewhere else.
                let to = draw.index(bytes.len() + 1);
                if bytes.is_empty() || draw.one_in(2) {
                    bytes.splice(to..to, part);
                }
            }
            2 => {
                let part = bytes[start..end].to_vec();
                let to = draw.index(bytes.len() + 1);
                bytes.splice(to..to, part);
            }
            3 => bytes[start] ^= 1 << draw.below(8),
            // Most often such that the file keeps its form.
            _ => {
                let is_digit = |at: &usize| bytes[*at].is_ascii_digit();
                if let Some(at) = (start..bytes.len()).find(is_digit) {
                    let number = draw.pick(&["0", "7", "99", "-1", "0.5", "4294967295", "1e9"]);
                    bytes.splice(at..=at, number.bytes());
                }
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(not(target_arch = "wasm32"))]
#[test]
fn a_spoilt_file_is_refused_or_runs() {
    use common::Moves;
    let (mut refused, mut ran) = (0, 0);
    for index in 0..20_000 {
        let moves = if index % 2 == 0 { Moves::Gossip } else { Moves::Manual };
        let mut draw = common::Draw::new(index);
        // Some of those with all faults, too.
        let number = index % 40 + index / 2 % 2 * common::ALL_FAULTS_FROM;
        let text = spoilt(&common::scenario(number, moves), &mut draw);
        let _replay = common::Replay { name: "spoilt", index, text: &text };
        match Scenario::parse(&text) {
            Ok(scenario) => {
                let mut simulation = Simulation::new(scenario);
                let mut steps = 0;
                while steps < 300 && simulation.step() {
                    steps += 1;
                }
                simulation.check_invariants();
                ran += 1;
            }
            Err(error) => {
                assert!(!error.to_string().is_empty());
                refused += 1;
            }
        }
    }
    assert!(refused > 1_000 && ran > 1_000, "{refused} files are refused, {ran} run");
}
