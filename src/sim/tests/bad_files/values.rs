//! Values that are of the wrong type, beyond a limit, or cannot be together.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

#[test]
fn a_value_of_the_wrong_type_is_refused_with_what_belongs_there() {
    check(&[
        (
            with(r#""title":1"#),
            "title: invalid type: integer `1`, expected a string (line 1, column 42)",
        ),
        (
            with(r#""seed":-1"#),
            "seed: invalid type: integer `-1`, expected a whole number, 0 or more, in plain digits (line 1, column 42)",
        ),
        (
            with(r#""seed":18446744073709551616"#),
            "seed: 1.8446744073709552e19 is more than 18446744073709551615 (line 1, column 60)",
        ),
        (with(r#""seed":1e999"#), "seed: number out of range (line 1, column 45)"),
        (with(r#""seed":NaN"#), "seed: expected value (line 1, column 41)"),
        (r#"{"format":1}"#.to_owned(), "missing field `replicas` (line 1, column 12)"),
        (
            replicas("3"),
            "replicas: invalid type: integer `3`, expected a sequence (line 1, column 24)",
        ),
        (
            replicas(r#"["a",3]"#),
            "replicas[1]: invalid type: integer `3`, expected a string (line 1, column 29)",
        ),
        (
            network(r#""loss":"0.1""#),
            r#"network.loss: invalid type: string "0.1", expected a number (line 1, column 56)"#,
        ),
        (network(r#""loss":NaN"#), "network: expected value (line 1, column 52)"),
        (network(r#""loss":1e999"#), "network.loss: number out of range (line 1, column 56)"),
        (
            network(r#""latency_ms":5"#),
            "network.latency_ms: invalid type: integer `5`, expected [least, most] (line 1, column 58)",
        ),
        (
            network(r#""latency_ms":[5]"#),
            "network.latency_ms: invalid length 1, expected [least, most] (line 1, column 60)",
        ),
        (
            network(r#""latency_ms":[5,6,7]"#),
            "network.latency_ms: invalid length 3, expected [least, most] (line 1, column 64)",
        ),
        (
            network(r#""anti_entropy":1"#),
            "network.anti_entropy: invalid type: integer `1`, expected a boolean (line 1, column 60)",
        ),
        (
            network(r#""bytes_per_s":null"#),
            r#"network.bytes_per_s: invalid type: null, expected a whole number, 1 or more, in plain digits, or "unlimited" (line 1, column 62)"#,
        ),
        (
            network(r#""bytes_per_s":-1"#),
            r#"network.bytes_per_s: invalid type: integer `-1`, expected a whole number, 1 or more, in plain digits, or "unlimited" (line 1, column 60)"#,
        ),
        (
            network(r#""bytes_per_s":1.5"#),
            r#"network.bytes_per_s: invalid type: floating point `1.5`, expected a whole number, 1 or more, in plain digits, or "unlimited" (line 1, column 61)"#,
        ),
        (
            network(r#""bytes_per_s":"none""#),
            r#"network.bytes_per_s: invalid value: string "none", expected a whole number, 1 or more, in plain digits, or "unlimited" (line 1, column 64)"#,
        ),
        (
            network(r#""bytes_per_s":18446744073709551616"#),
            "network.bytes_per_s: 1.8446744073709552e19 is more than 18446744073709551615 (line 1, column 78)",
        ),
        (
            step(r#""on":"a","clock_skew_ms":0.5"#),
            "steps[0].clock_skew_ms: invalid type: floating point `0.5`, expected a whole number in plain digits (line 1, column 71)",
        ),
        (
            step(r#""on":"a","clock_skew_ms":"5""#),
            r#"steps[0].clock_skew_ms: invalid type: string "5", expected a whole number in plain digits (line 1, column 71)"#,
        ),
        (
            step(r#""on":"a","clock_skew_ms":9223372036854775808"#),
            "steps[0].clock_skew_ms: 9223372036854775808 is more than 9223372036854775807 (line 1, column 87)",
        ),
        (
            step(r#""on":"a","clock_skew_ms":-9223372036854775809"#),
            "steps[0].clock_skew_ms: -9.223372036854776e18 is not within -9223372036854775808 to 9223372036854775807 (line 1, column 88)",
        ),
        (
            step(r#""cut":"a""#),
            r#"steps[0].cut: invalid type: string "a", expected two replicas: [from, to] (line 1, column 52)"#,
        ),
        (
            step(r#""clog":["a"]"#),
            "steps[0].clog: invalid length 1, expected two replicas: [from, to] (line 1, column 55)",
        ),
        (
            with(r#""until":{"converged":"yes"}"#),
            r#"until.converged: invalid type: string "yes", expected a boolean (line 1, column 59)"#,
        ),
        (
            step(r#""at_ms":0.5,"heal":true"#),
            "steps[0].at_ms: invalid type: floating point `0.5`, expected a whole number, 0 or more, in plain digits (line 1, column 54)",
        ),
        (
            step(r#""at_ms":-5,"heal":true"#),
            "steps[0].at_ms: invalid type: integer `-5`, expected a whole number, 0 or more, in plain digits (line 1, column 53)",
        ),
        (
            step(r#""heal":1"#),
            "steps[0].heal: invalid type: integer `1`, expected a boolean (line 1, column 51)",
        ),
        (
            step(r#""do":1"#),
            "steps[0].do: invalid type: integer `1`, expected a string (line 1, column 49)",
        ),
        (
            step(r#""partition":["a"]"#),
            r#"steps[0].partition[0]: invalid type: string "a", expected a sequence (line 1, column 59)"#,
        ),
        (
            step(r#""crash":0"#),
            "steps[0].crash: invalid type: integer `0`, expected a string (line 1, column 52)",
        ),
        (
            step(r#""sync":["a"]"#),
            "steps[0].sync: invalid length 1, expected two replicas: [from, to] (line 1, column 55)",
        ),
        (
            step(r#""sync":["a","b","a"]"#),
            "steps[0].sync: invalid length 3, expected two replicas: [from, to] (line 1, column 63)",
        ),
        (
            step(r#""at_ms":1,"at_ms":2,"heal":true"#),
            "steps[0]: duplicate field `at_ms` (line 1, column 60)",
        ),
    ]);
}

#[test]
fn replicas_have_names_that_can_be_told_apart_and_shown() {
    let long = "x".repeat(65);
    let many: Vec<String> = (0..=REPLICAS_MAX).map(|index| format!(r#""{index}""#)).collect();
    check(&[
        (replicas("[]"), "replicas: there must be at least one"),
        (replicas(r#"["a","b","a"]"#), r#"replicas[2]: "a" stands here a second time"#),
        (replicas(r#"["a",""]"#), "replicas[1]: a name has 1 to 64 characters, this one has 0"),
        (
            replicas(&format!(r#"["{long}"]"#)),
            "replicas[0]: a name has 1 to 64 characters, this one has 65",
        ),
        (with(r#""title":"a\u001b[2Jb""#), r#"title: "a\u{1b}[2Jb" holds a control character"#),
        (replicas(r#"["a\nb"]"#), r#"replicas[0]: the name "a\nb" holds a control character"#),
        (replicas(r#"["a\u0000"]"#), r#"replicas[0]: the name "a\0" holds a control character"#),
        (replicas(&format!("[{}]", many.join(","))), "replicas: there are 10001, more than 10000"),
    ]);
}

#[test]
fn limits_are_kept() {
    let heals = vec![r#"{"heal":true}"#; STEPS_MAX + 1].join(",");
    let long = "x".repeat(201);
    check(&[
        (with(&format!(r#""steps":[{heals}]"#)), "steps: there are 100001, more than 100000"),
        (with(&format!(r#""start":[{heals}]"#)), "start: there are 100001, more than 100000"),
        (with(&format!(r#""title":"{long}""#)), "title: has 201 characters, more than 200"),
        (
            manual(&format!(r#"{{"send":["a","b"],"as":"{long}"}}"#)),
            "steps[0].as: has 201 characters, more than 200",
        ),
        (
            step(r#""at_ms":3600001,"heal":true"#),
            "steps[0].at_ms: 3600001 is not within 0 to 3600000",
        ),
        (
            step(r#""at_ms":60001,"heal":true"#),
            "steps[0].at_ms: 60001 is past the end of the run, 60000 ms",
        ),
        (
            with(r#""until":{"max_ms":100},"steps":[{"at_ms":101,"heal":true}]"#),
            "steps[0].at_ms: 101 is past the end of the run, 100 ms",
        ),
        (with(r#""until":{"max_ms":3600001}"#), "until.max_ms: 3600001 is not within 0 to 3600000"),
        (" ".repeat(FILE_BYTES_MAX + 1), "the file has more than 16777216 bytes"),
    ]);
}

#[test]
fn a_network_that_cannot_be_is_refused() {
    check(&[
        (network(r#""loss":1.5"#), "network.loss: 1.5 is not a probability, 0 to 1"),
        (network(r#""duplicate":-0.1"#), "network.duplicate: -0.1 is not a probability, 0 to 1"),
        (network(r#""reorder":1e300"#), "network.reorder: 1e300 is not a probability, 0 to 1"),
        (
            network(r#""latency_ms":[9,3]"#),
            "network.latency_ms: the least, 9, is more than the most, 3",
        ),
        (
            network(r#""latency_ms":[0,60001]"#),
            "network.latency_ms[1]: 60001 is not within 0 to 60000",
        ),
        (
            network(r#""latency_ms":[60001,60001]"#),
            "network.latency_ms[0]: 60001 is not within 0 to 60000",
        ),
        (network(r#""bytes_per_s":0"#), "network.bytes_per_s: 0 is not within 1 to 1000000000"),
        (
            network(r#""bytes_per_s":1000000001"#),
            "network.bytes_per_s: 1000000001 is not within 1 to 1000000000",
        ),
        (
            step(r#""network":{"bytes_per_s":0}"#),
            "steps[0].network.bytes_per_s: 0 is not within 1 to 1000000000",
        ),
        (network(r#""interval_ms":0"#), "network.interval_ms: 0 is not within 1 to 60000"),
        (network(r#""interval_ms":60001"#), "network.interval_ms: 60001 is not within 1 to 60000"),
        (network(r#""fanout":0"#), "network.fanout: 0 is not within 1 to 64"),
        (network(r#""fanout":65"#), "network.fanout: 65 is not within 1 to 64"),
        (network(r#""history":0"#), "network.history: 0 is not within 1 to 1000000"),
        (
            network(r#""mode":"telepathy""#),
            r#"network.mode: "telepathy" is not known to this version; known: gossip, manual"#,
        ),
        (
            network(r#""strategy":"flood""#),
            r#"network.strategy: "flood" is not known to this version; known: push, pull, push-pull, tree"#,
        ),
        (
            network(r#""sync":"half""#),
            r#"network.sync: "half" is not known to this version; known: delta, full-state, operation"#,
        ),
        (
            step(r#""network":{"loss":2}"#),
            "steps[0].network.loss: 2.0 is not a probability, 0 to 1",
        ),
        (
            step(r#""network":{"mode":"manual"}"#),
            "steps[0].network.mode: cannot change in the course of a run",
        ),
    ]);
}
