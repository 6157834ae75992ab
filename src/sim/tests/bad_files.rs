//! Whatever is wrong with a scenario file is refused with its place, the value and the reason.

#[cfg(not(target_arch = "wasm32"))]
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
            "wind: unknown field `wind`, expected one of `format`, `title`, `seed`, `replicas`, `type`, `network`, `start`, `steps`, `until`, `load` (line 1, column 39)",
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
            "wind: unknown field `wind`, expected one of `format`, `title`, `seed`, `replicas`, `type`, `network`, `start`, `steps`, `until`, `load` (line 1, column 39)",
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
            "steps[0].wind: unknown field `wind`, expected one of `at_ms`, `do`, `on`, `claim`, `by`, `to`, `partition`, `heal`, `cut`, `mend`, `clog`, `unclog`, `hold`, `pass`, `lose`, `repeat`, `crash`, `restart`, `state`, `pause`, `resume`, `network`, `retire`, `join`, `through`, `leave`, `watch`, `clock_skew_ms`, `sync`, `send`, `as`, `only`, `deliver`, `observe` (line 1, column 49)",
        ),
        (
            with(r#""steps":[{"network":{"wind":1}}]"#),
            "steps[0].network.wind: unknown field `wind`, expected one of `mode`, `strategy`, `sync`, `anti_entropy`, `latency_ms`, `bytes_per_s`, `loss`, `duplicate`, `reorder`, `interval_ms`, `fanout`, `history`, `history_outside`, `history_stable`, `interest`, `failure_detection`, `probe_ms`, `suspicion_ms`, `dead_claims`, `release_after_ms` (line 1, column 60)",
        ),
        (
            with(r#""start":[{"wind":1}]"#),
            "start[0].wind: unknown field `wind`, expected one of `at_ms`, `do`, `on`, `claim`, `by`, `to`, `partition`, `heal`, `cut`, `mend`, `clog`, `unclog`, `hold`, `pass`, `lose`, `repeat`, `crash`, `restart`, `state`, `pause`, `resume`, `network`, `retire`, `join`, `through`, `leave`, `watch`, `clock_skew_ms`, `sync`, `send`, `as`, `only`, `deliver`, `observe` (line 1, column 49)",
        ),
    ]);
}

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

#[test]
fn what_this_version_does_not_simulate_is_refused() {
    check(&[
        (
            with(r#""type":"lww-set""#),
            r#"type: "lww-set" is not known to this version; known: aw-map"#,
        ),
        (with(r#""load":{"keys_per_s":2000}"#), "load: is not simulated by this version"),
    ]);
}

#[test]
fn an_operation_has_all_that_it_needs_and_nothing_else() {
    let operation = |fields: &str| step(&format!(r#""on":"a",{fields}"#));
    check(&[
        (step(r#""do":"register","claim":["a",0,9]"#), "steps[0].on: is missing"),
        (operation(r#""do":"register""#), "steps[0].claim: is missing"),
        (operation(r#""do":"increase","claim":["a",0,9]"#), "steps[0].by: is missing"),
        (operation(r#""do":"decrease","claim":["a",0,9]"#), "steps[0].by: is missing"),
        (operation(r#""do":"tighten","claim":["a",0,9]"#), "steps[0].to: is missing"),
        (
            operation(r#""do":"increase","claim":["a",0,9],"by":0"#),
            "steps[0].by: 0 is not within 1 to 4294967295",
        ),
        (
            operation(r#""do":"increase","claim":["a",0,9],"by":4294967296"#),
            "steps[0].by: 4294967296 is not within 1 to 4294967295",
        ),
        (
            operation(r#""do":"decrease","claim":["a",0,9],"by":-1"#),
            "steps[0].by: invalid type: integer `-1`, expected a whole number, 0 or more, in plain digits (line 1, column 93)",
        ),
        (
            operation(r#""do":"register","claim":["a",0,9],"by":1"#),
            r#"steps[0].by: "register" takes no `by`"#,
        ),
        (
            operation(r#""do":"increase","claim":["a",0,9],"by":1,"to":[0,5]"#),
            r#"steps[0].to: "increase" takes no `to`"#,
        ),
        (
            operation(r#""do":"promote","claim":["a",0,9]"#),
            r#"steps[0].do: "promote" is not known to this version; known: register, release, increase, decrease, tighten"#,
        ),
        (
            step(r#""on":"c","do":"register","claim":["a",0,9]"#),
            r#"steps[0].on: "c" is not among the replicas"#,
        ),
        (
            operation(r#""do":"register","claim":["",0,9]"#),
            "steps[0].claim[0]: a name has 1 to 64 characters, this one has 0",
        ),
        (
            operation(r#""do":"register","claim":["\t",0,9]"#),
            r#"steps[0].claim[0]: the name "\t" holds a control character"#,
        ),
        (
            with(r#""start":[{"on":"c","do":"register","claim":["a",0,9]}]"#),
            r#"start[0].on: "c" is not among the replicas"#,
        ),
        (
            with(r#""start":[{"at_ms":0,"on":"a","do":"register","claim":["a",0,9]}]"#),
            "start[0].at_ms: what is under `start` happens before time 0",
        ),
        (with(r#""start":[{"crash":"a"}]"#), "start[0]: only operations can stand under `start`"),
    ]);
}

#[test]
fn a_range_is_two_keys_in_order() {
    let register = |claim: &str| step(&format!(r#""on":"a","do":"register","claim":{claim}"#));
    let tighten =
        |to: &str| step(&format!(r#""on":"a","do":"tighten","claim":["a",10,20],"to":{to}"#));
    check(&[
        (register(r#"["a",9,3]"#), "steps[0].claim: the range starts at 9, past its end 3"),
        (
            register(r#"["a",0,4294967296]"#),
            "steps[0].claim[2]: 4294967296 is past the key space, 0 to 4294967295",
        ),
        (
            register(r#"["a",4294967296,0]"#),
            "steps[0].claim[1]: 4294967296 is past the key space, 0 to 4294967295",
        ),
        (
            register(r#"["a",-1,9]"#),
            "steps[0].claim[1]: invalid type: integer `-1`, expected a whole number, 0 or more, in plain digits (line 1, column 83)",
        ),
        (
            register(r#"["a",0,0.5]"#),
            "steps[0].claim[2]: invalid type: floating point `0.5`, expected a whole number, 0 or more, in plain digits (line 1, column 86)",
        ),
        (
            register(r#"["a",0,1e999]"#),
            "steps[0].claim[2]: number out of range (line 1, column 88)",
        ),
        (
            register(r#"["a",0,1e3]"#),
            "steps[0].claim[2]: invalid type: floating point `1000.0`, expected a whole number, 0 or more, in plain digits (line 1, column 86)",
        ),
        (
            register(r#"["a","0",9]"#),
            r#"steps[0].claim[1]: invalid type: string "0", expected a whole number, 0 or more, in plain digits (line 1, column 84)"#,
        ),
        (
            register(r#"["a",0]"#),
            "steps[0].claim: invalid length 2, expected a claim: [node, start, end] (line 1, column 83)",
        ),
        (
            register(r#"["a",0,9,3]"#),
            "steps[0].claim: invalid length 4, expected a claim: [node, start, end] (line 1, column 87)",
        ),
        (
            register(r#"[0,9,"a"]"#),
            "steps[0].claim[0]: invalid type: integer `0`, expected a string (line 1, column 78)",
        ),
        (
            register(r#"{"node":"a"}"#),
            "steps[0].claim: invalid type: map, expected a claim: [node, start, end] (line 1, column 76)",
        ),
        (tighten("[15,12]"), "steps[0].to: the range starts at 15, past its end 12"),
        (
            tighten("[0,4294967296]"),
            "steps[0].to[1]: 4294967296 is past the key space, 0 to 4294967295",
        ),
        (
            tighten("[10,20]"),
            "steps[0].to: 10..=20 is not a part of 10..=20 that leaves some of it out",
        ),
        (
            tighten("[5,15]"),
            "steps[0].to: 5..=15 is not a part of 10..=20 that leaves some of it out",
        ),
        (
            tighten("[15]"),
            "steps[0].to: invalid length 1, expected a range: [start, end] (line 1, column 96)",
        ),
        (
            tighten("[15,16,17]"),
            "steps[0].to: invalid length 3, expected a range: [start, end] (line 1, column 102)",
        ),
        (
            tighten("15"),
            "steps[0].to: invalid type: integer `15`, expected a range: [start, end] (line 1, column 94)",
        ),
    ]);
}

#[test]
fn a_step_is_one_thing() {
    check(&[
        (
            step(""),
            "steps[0]: nothing is to happen here; a step has one of do, partition, heal, cut, mend, clog, unclog, hold, pass, lose, repeat, crash, restart, pause, resume, network, retire, join, leave, watch, clock_skew_ms, sync, send, deliver, observe",
        ),
        (
            step(r#""at_ms":5"#),
            "steps[0]: nothing is to happen here; a step has one of do, partition, heal, cut, mend, clog, unclog, hold, pass, lose, repeat, crash, restart, pause, resume, network, retire, join, leave, watch, clock_skew_ms, sync, send, deliver, observe",
        ),
        (
            step(r#""on":"a","claim":["a",0,9]"#),
            "steps[0]: nothing is to happen here; a step has one of do, partition, heal, cut, mend, clog, unclog, hold, pass, lose, repeat, crash, restart, pause, resume, network, retire, join, leave, watch, clock_skew_ms, sync, send, deliver, observe",
        ),
        (step(r#""crash":"a","heal":true"#), "steps[0]: `heal` and `crash` are two steps"),
        (step(r#""cut":["a","b"],"heal":true"#), "steps[0]: `heal` and `cut` are two steps"),
        (
            step(r#""clog":["a","b"],"unclog":["a","b"]"#),
            "steps[0]: `clog` and `unclog` are two steps",
        ),
        (step(r#""on":"a","cut":["a","b"]"#), "steps[0].on: does not go with `cut`"),
        (
            step(r#""on":"a","clock_skew_ms":5,"by":3"#),
            "steps[0].by: does not go with `clock_skew_ms`",
        ),
        (step(r#""on":"a","crash":"b""#), "steps[0].on: does not go with `crash`"),
        (step(r#""heal":true,"by":3"#), "steps[0].by: does not go with `heal`"),
        (step(r#""heal":true,"claim":["a",0,9]"#), "steps[0].claim: does not go with `heal`"),
        (step(r#""crash":"a","state":"lost""#), "steps[0].state: does not go with `crash`"),
        (step(r#""crash":"a","through":"b""#), "steps[0].through: does not go with `crash`"),
        (step(r#""heal":true,"as":"m1""#), "steps[0].as: does not go with `heal`"),
        (
            manual(r#"{"sync":["a","b"],"only":"last-operation"}"#),
            "steps[0].only: does not go with `sync`",
        ),
        (step(r#""heal":false"#), "steps[0].heal: can only be true"),
        (step(r#""observe":"c""#), r#"steps[0].observe: "c" is not among the replicas"#),
    ]);
}

#[test]
fn a_fault_befalls_replicas_that_can_suffer_it() {
    check(&[
        (
            step(r#""partition":[["a"],["b","c"]]"#),
            r#"steps[0].partition[1][1]: "c" is not among the replicas"#,
        ),
        (
            step(r#""partition":[["a","b"],["a"]]"#),
            r#"steps[0].partition[1][0]: "a" is in a group already"#,
        ),
        (step(r#""cut":["a","c"]"#), r#"steps[0].cut[1]: "c" is not among the replicas"#),
        (step(r#""mend":["c","a"]"#), r#"steps[0].mend[0]: "c" is not among the replicas"#),
        (step(r#""clog":["c","c"]"#), r#"steps[0].clog[0]: "c" is not among the replicas"#),
        (step(r#""cut":["a","a"]"#), "steps[0].cut: there is no link from a to itself"),
        (step(r#""mend":["b","b"]"#), "steps[0].mend: there is no link from b to itself"),
        (step(r#""clog":["a","a"]"#), "steps[0].clog: there is no link from a to itself"),
        (step(r#""unclog":["a","a"]"#), "steps[0].unclog: there is no link from a to itself"),
        (step(r#""hold":["a","a",1]"#), "steps[0].hold: there is no link from a to itself"),
        (step(r#""lose":["a","c",1]"#), r#"steps[0].lose[1]: "c" is not among the replicas"#),
        (step(r#""clock_skew_ms":5"#), "steps[0].on: is missing"),
        (step(r#""on":"c","clock_skew_ms":5"#), r#"steps[0].on: "c" is not among the replicas"#),
        (
            step(r#""on":"a","clock_skew_ms":3600001"#),
            "steps[0].clock_skew_ms: 3600001 is not within -3600000 to 3600000",
        ),
        (
            step(r#""on":"a","clock_skew_ms":-3600001"#),
            "steps[0].clock_skew_ms: -3600001 is not within -3600000 to 3600000",
        ),
        (step(r#""crash":"c""#), r#"steps[0].crash: "c" is not among the replicas"#),
        (
            with(r#""steps":[{"crash":"a"},{"crash":"a"}]"#),
            "steps[1]: a has crashed and not been restarted by then",
        ),
        (step(r#""restart":"a""#), "steps[0]: a has not crashed by then"),
        (
            with(r#""steps":[{"crash":"a"},{"restart":"a","state":"gone"}]"#),
            r#"steps[1].state: "gone" is not known to this version; known: kept, lost"#,
        ),
        (
            with(r#""steps":[{"crash":"a"},{"pause":"a"}]"#),
            "steps[1]: a has crashed and not been restarted by then",
        ),
        (with(r#""steps":[{"pause":"a"},{"pause":"a"}]"#), "steps[1]: a is paused already"),
        (step(r#""resume":"a""#), "steps[0]: a is not paused by then"),
        (
            with(r#""steps":[{"pause":"a"},{"crash":"a"},{"restart":"a"},{"resume":"a"}]"#),
            "steps[3]: a is not paused by then",
        ),
        (
            with(r#""steps":[{"crash":"a"},{"on":"a","do":"register","claim":["a",0,9]}]"#),
            "steps[1]: a has crashed and not been restarted by then",
        ),
        // What comes first is a matter of time, not of the place in the file.
        (
            with(r#""steps":[{"at_ms":9,"restart":"a"},{"at_ms":10,"crash":"a"}]"#),
            "steps[0]: a has not crashed by then",
        ),
    ]);
}

#[test]
fn messages_move_by_steps_between_replicas_that_run_in_manual_mode() {
    check(&[
        (
            with(r#""network":{"mode":"manual"},"steps":[{"hold":["a","b",1]}]"#),
            r#"steps[0]: nothing is on its way where `network.mode` is "manual""#,
        ),
        (
            step(r#""sync":["a","b"]"#),
            r#"steps[0]: messages move by steps only where `network.mode` is "manual""#,
        ),
        (
            step(r#""send":["a","b"],"as":"m1""#),
            r#"steps[0]: messages move by steps only where `network.mode` is "manual""#,
        ),
        (
            step(r#""deliver":"m1""#),
            r#"steps[0]: messages move by steps only where `network.mode` is "manual""#,
        ),
        (manual(r#"{"sync":["a","c"]}"#), r#"steps[0].sync[1]: "c" is not among the replicas"#),
        (manual(r#"{"sync":["c","a"]}"#), r#"steps[0].sync[0]: "c" is not among the replicas"#),
        (
            manual(r#"{"send":["a","c"],"as":"m1"}"#),
            r#"steps[0].send[1]: "c" is not among the replicas"#,
        ),
        (manual(r#"{"send":["a","b"]}"#), "steps[0].as: is missing: the name of the message"),
        (
            manual(r#"{"send":["a","b"],"as":"m1","only":"first"}"#),
            r#"steps[0].only: "first" is not known to this version; known: last-operation"#,
        ),
        (manual(r#"{"deliver":"m1"}"#), r#"steps[0]: no message "m1" has been sent by then"#),
        (
            manual(r#"{"crash":"a"},{"sync":["a","b"]}"#),
            "steps[1]: a has crashed and not been restarted by then",
        ),
        (
            manual(r#"{"crash":"b"},{"sync":["a","b"]}"#),
            "steps[1]: b has crashed and not been restarted by then",
        ),
        (
            manual(r#"{"crash":"a"},{"send":["a","b"],"as":"m1"}"#),
            "steps[1]: a has crashed and not been restarted by then",
        ),
        (
            manual(r#"{"send":["a","b"],"as":"m1"},{"crash":"b"},{"deliver":"m1"}"#),
            "steps[2]: b has crashed and not been restarted by then",
        ),
    ]);
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

#[test]
fn who_joins_is_new_and_who_lets_it_in_is_there() {
    let steps = |steps: &str| with(&format!(r#""steps":[{steps}]"#));
    check(&[
        (step(r#""join":"c""#), "steps[0].through: is missing: who lets it in"),
        (
            step(r#""join":"b","through":"a""#),
            r#"steps[0].join: "b" is among the replicas already"#,
        ),
        (
            step(r#""join":"","through":"a""#),
            "steps[0].join: a name has 1 to 64 characters, this one has 0",
        ),
        (step(r#""join":"c","through":"c""#), "steps[0]: c has not joined by then"),
        (step(r#""join":"c","through":"d""#), r#"steps[0].through: "d" is not among the replicas"#),
        (
            steps(r#"{"crash":"a"},{"join":"c","through":"a"}"#),
            "steps[1]: a has crashed and not been restarted by then",
        ),
        (
            steps(r#"{"at_ms":5,"join":"c","through":"a"},{"at_ms":4,"crash":"c"}"#),
            "steps[1]: c has not joined by then",
        ),
        (
            steps(r#"{"join":"c","through":"a"},{"join":"c","through":"b"}"#),
            r#"steps[1].join: "c" is among the replicas already"#,
        ),
        (
            with(
                r#""start":[{"on":"c","do":"register","claim":["c",0,9]}],"steps":[{"join":"c","through":"a"}]"#,
            ),
            r#"start[0].on: "c" is not among the replicas"#,
        ),
        (step(r#""through":"a","crash":"b""#), "steps[0].through: does not go with `crash`"),
    ]);
}

#[test]
fn who_retires_and_who_leaves_is_named() {
    let steps = |steps: &str| with(&format!(r#""steps":[{steps}]"#));
    check(&[
        (step(r#""retire":"a""#), "steps[0].on: is missing: who retires it"),
        (step(r#""retire":"a","on":"a""#), "steps[0]: a cannot retire itself"),
        (step(r#""retire":"x","on":"a""#), r#"steps[0].retire: "x" is not among the replicas"#),
        (step(r#""leave":"x""#), r#"steps[0].leave: "x" is not among the replicas"#),
        (steps(r#"{"pause":"a"},{"leave":"a"}"#), "steps[1]: a is paused by then"),
        (
            steps(r#"{"leave":"a"},{"on":"a","do":"register","claim":["a",0,9]}"#),
            "steps[1]: a has left and not been restarted by then",
        ),
    ]);
}

#[test]
fn what_belongs_to_failure_detection_needs_it() {
    check(&[
        (network(r#""probe_ms":5"#), "network.probe_ms: goes with `failure_detection`: true"),
        (
            network(r#""failure_detection":false,"dead_claims":"keep""#),
            "network.dead_claims: goes with `failure_detection`: true",
        ),
        (
            network(r#""failure_detection":true,"probe_ms":0"#),
            "network.probe_ms: 0 is not within 1 to 60000",
        ),
        (
            network(r#""failure_detection":true,"dead_claims":"bury""#),
            r#"network.dead_claims: "bury" is not known to this version; known: keep, release-after"#,
        ),
        (
            network(r#""failure_detection":true,"release_after_ms":5"#),
            r#"network.release_after_ms: goes with `dead_claims`: "release-after""#,
        ),
    ]);
}

#[test]
fn what_is_watched_and_kept_has_limits() {
    let many = vec!["[0,9]"; 65].join(",");
    check(&[
        (step(r#""watch":[[0,9]]"#), "steps[0].on: is missing: who watches"),
        (
            step(r#""watch":[[9,0]],"on":"a""#),
            "steps[0].watch[0]: the range starts at 9, past its end 0",
        ),
        (
            step(&format!(r#""watch":[{many}],"on":"a""#)),
            "steps[0].watch: there are 65, more than 64",
        ),
        (
            network(r#""history":3,"history_outside":4"#),
            "network.history_outside: 4 is not within 0 to 3",
        ),
        (
            network(r#""history_stable":"drop""#),
            r#"network.history_stable: "drop" is not known to this version; known: keep, forget"#,
        ),
    ]);
}
