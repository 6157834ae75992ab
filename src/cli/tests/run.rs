//! `scalesmall run` as its users meet it: arguments and files in, text and exit status out.

#![cfg(not(target_arch = "wasm32"))]

mod common;

use std::fs;
use std::process::{Output, Stdio};

use common::{file, output, output_with_stdin, scalesmall, stderr, stdout};
use scalesmall_sim::limits::FILE_BYTES_MAX;
use serde_json::Value;

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../sim/tests/example.json");
const NEVER: &str = r#"{"format":1,"replicas":["a","b"],"network":{"loss":1},
    "steps":[{"on":"a","do":"register","claim":["a",0,9]}],
    "until":{"converged":true,"max_ms":500}}"#;

fn json(output: &Output) -> Value {
    assert_eq!(stderr(output), "");
    assert!(stdout(output).ends_with("}\n"), "one line");
    serde_json::from_str(stdout(output)).expect("it is JSON")
}

/// These arguments are refused: status 2, exactly this on standard error, nothing on standard
/// output.
fn check_refused(output: &Output, expected: &str) {
    assert_eq!(stderr(output), format!("scalesmall: {expected}\n"));
    assert_eq!(stdout(output), "");
    assert_eq!(output.status.code(), Some(2));
}

fn check_refused_file(name: &str, contents: impl AsRef<[u8]>, reason: &str) {
    let path = file(name, contents);
    let path = path.to_str().expect("it is text");
    check_refused(&output(&["run", path]), &format!("{path}: {reason}"));
    check_refused(&output(&["run", "--json", path]), &format!("{path}: {reason}"));
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("it is an object").keys().map(String::as_str).collect()
}

fn items(value: &Value) -> &[Value] {
    value.as_array().expect("it is an array")
}

fn number(value: &Value) -> u64 {
    value.as_u64().expect("it is a whole number")
}

/// Checks the form of the output; serde_json lists the keys of an object in their order.
fn check_form(outcome: &Value) {
    assert_eq!(keys(outcome), ["at_ms", "converged", "metrics", "replicas"]);
    assert!(outcome["converged"].is_boolean());
    number(&outcome["at_ms"]);
    let metrics = &outcome["metrics"];
    let counts = [
        "bytes_sent",
        "digest_bytes",
        "duplicates_received",
        "history_kept",
        "history_kept_inside",
        "membership_bytes",
        "messages_lost",
        "messages_sent",
        "operations",
        "payload_bytes",
        "payload_bytes_minimum",
        "queue_maximum",
    ];
    let (with_null, rounds) = ("converged_after_ms", "rounds");
    let known = ["known_to_all_after_ms", "known_to_interested_after_ms"];
    let mut expected = [&counts[..], &[with_null, rounds], &known].concat();
    expected.sort();
    assert_eq!(keys(metrics), expected);
    assert_eq!(metrics[rounds].is_null(), metrics[with_null].is_null());
    assert!(known.iter().all(|known| metrics[known].is_null() || metrics[known].is_u64()));
    for count in counts {
        number(&metrics[count]);
    }
    assert_eq!(metrics[with_null].is_u64(), outcome["converged"] == true);
    for replica in keys(&outcome["replicas"]) {
        check_replica_form(&outcome["replicas"][replica]);
    }
}

fn check_replica_form(replica: &Value) {
    assert_eq!(keys(replica), ["claims", "fingerprint", "segments", "status"]);
    assert!(["up", "down", "paused"].contains(&replica["status"].as_str().expect("a string")));
    let fingerprint = replica["fingerprint"].as_str().expect("a string");
    assert_eq!(fingerprint.len(), 16);
    assert!(fingerprint.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f')));

    let claims: Vec<(&str, u64, u64)> = items(&replica["claims"])
        .iter()
        .map(|claim| {
            assert_eq!(keys(claim), ["end", "node", "priority", "start"]);
            number(&claim["priority"]);
            let node = claim["node"].as_str().expect("a string");
            (node, number(&claim["start"]), number(&claim["end"]))
        })
        .collect();
    assert!(claims.is_sorted(), "by node, start, end");

    // The segments cover every key once, in order, and each differs from the one before it.
    let mut next = 0;
    let mut owners_before = None;
    for segment in items(&replica["segments"]) {
        assert_eq!(keys(segment), ["end", "owners", "start"]);
        assert_eq!(number(&segment["start"]), next);
        assert!(number(&segment["end"]) >= next);
        next = number(&segment["end"]) + 1;
        assert_ne!(owners_before, Some(&segment["owners"]));
        owners_before = Some(&segment["owners"]);
        for owner in items(&segment["owners"]) {
            assert_eq!(keys(owner), ["node", "priority"]);
            assert!(owner["node"].is_string());
            number(&owner["priority"]);
        }
    }
    assert_eq!(next, 1 << 32);
}

#[test]
fn the_documented_example_gives_the_documented_json() {
    let output = output(&["run", EXAMPLE, "--json"]);
    assert_eq!(output.status.code(), Some(0));
    let outcome = json(&output);
    check_form(&outcome);
    assert_eq!(outcome["converged"], true);
    assert_eq!(keys(&outcome["replicas"]), ["n1", "n2", "n3"]);
    let expected: Value = serde_json::from_str(
        r#"{ "claims":   [ { "node": "n1", "start": 0, "end": 59, "priority": 3 } ],
             "segments": [ { "start": 0, "end": 59, "owners": [ { "node": "n1", "priority": 3 } ] },
                           { "start": 60, "end": 4294967295, "owners": [] } ] }"#,
    )
    .unwrap();
    let fingerprint = &outcome["replicas"]["n1"]["fingerprint"];
    for replica in ["n1", "n2", "n3"] {
        let replica = &outcome["replicas"][replica];
        assert_eq!(replica["status"], "up");
        assert_eq!(replica["claims"], expected["claims"]);
        assert_eq!(replica["segments"], expected["segments"]);
        assert_eq!(&replica["fingerprint"], fingerprint);
    }
    let metrics = &outcome["metrics"];
    assert_eq!(metrics["operations"], 4);
    assert!(number(&metrics["messages_sent"]) > number(&metrics["messages_lost"]));
    assert!(number(&metrics["bytes_sent"]) > number(&metrics["payload_bytes_minimum"]));
    assert!(number(&metrics["payload_bytes_minimum"]) > 0);
    assert!(number(&metrics["converged_after_ms"]) <= number(&outcome["at_ms"]));
}

#[test]
fn claims_stand_in_the_order_of_node_and_start_and_end() {
    let register = |node: &str, start: u32, end: u32| {
        format!(r#"{{"on":"a","do":"register","claim":["{node}",{start},{end}]}}"#)
    };
    let steps = [
        register("b", 0, 5),
        register("a", 7, 9),
        register("a", 7, u32::MAX),
        register("a", 0, 9),
        register("é", 0, 0),
        register("Z", 3, 3),
    ];
    let path = file(
        "order.json",
        format!(r#"{{"format":1,"replicas":["a"],"steps":[{}]}}"#, steps.join(",")),
    );
    let outcome = json(&output(&["run", "--json", path.to_str().unwrap()]));
    check_form(&outcome);
    let claims: Vec<String> = items(&outcome["replicas"]["a"]["claims"])
        .iter()
        .map(|claim| {
            format!("{} {}-{}", claim["node"].as_str().unwrap(), claim["start"], claim["end"])
        })
        .collect();
    assert_eq!(claims, ["Z 3-3", "a 0-9", "a 7-9", "a 7-4294967295", "b 0-5", "é 0-0"]);
}

#[test]
fn a_dash_reads_standard_input() {
    let text = fs::read(EXAMPLE).unwrap();
    let piped = output_with_stdin(&["run", "-", "--json"], &text);
    assert_eq!(piped.status.code(), Some(0));
    assert_eq!(json(&piped), json(&output(&["run", EXAMPLE, "--json"])));
    let bad = output_with_stdin(&["run", "-"], b"{}");
    check_refused(&bad, "standard input: format: is missing; known: 1");
}

#[test]
fn the_same_seed_gives_the_same_output_and_another_another() {
    let run = |arguments: &[&str]| stdout(&output(arguments)).to_owned();
    let plain = run(&["run", EXAMPLE]);
    assert_eq!(plain, run(&["run", EXAMPLE]));
    assert_eq!(plain, run(&["run", EXAMPLE, "--seed", "7"]), "7 is the file's own");
    let trace = |text: &str| text.lines().last().expect("a last line").to_owned();
    let other = run(&["run", EXAMPLE, "--seed", "8"]);
    assert!(trace(&plain).starts_with("trace "));
    assert_ne!(trace(&plain), trace(&other));
    let greatest = output(&["run", EXAMPLE, "--seed", "18446744073709551615"]);
    assert_eq!(greatest.status.code(), Some(0));
}

#[test]
fn a_run_that_was_to_agree_and_does_not_is_a_failure_with_output() {
    let path = file("never.json", NEVER);
    let path = path.to_str().unwrap();
    let shown = output(&["run", path, "--json"]);
    assert_eq!(shown.status.code(), Some(1));
    let outcome = json(&shown);
    check_form(&outcome);
    assert_eq!(outcome["converged"], false);
    assert_eq!(outcome["at_ms"], 500);
    assert_eq!(outcome["metrics"]["converged_after_ms"], Value::Null);
    assert_eq!(outcome["metrics"]["payload_bytes_minimum"], 0, "nobody else has got it");

    let shown = output(&["run", path]);
    assert_eq!(shown.status.code(), Some(1));
    assert!(stdout(&shown).contains("2 replicas, 0.500 s simulated: 2 different views"));
    assert!(!stdout(&shown).contains("agreed after"));
}

#[test]
fn a_run_that_was_not_asked_to_agree_is_no_failure() {
    let path = file("plain.json", NEVER.replace(r#""converged":true,"#, ""));
    let shown = output(&["run", path.to_str().unwrap(), "--json"]);
    assert_eq!(shown.status.code(), Some(0));
    assert_eq!(json(&shown)["converged"], false);
}

#[test]
fn the_status_of_every_replica_is_shown() {
    let path = file(
        "status.json",
        r#"{"format":1,"replicas":["a","b","c"],"steps":[{"pause":"b"},{"crash":"c"}],
            "until":{"max_ms":1}}"#,
    );
    let outcome = json(&output(&["run", path.to_str().unwrap(), "--json"]));
    check_form(&outcome);
    let status = ["a", "b", "c"].map(|replica| &outcome["replicas"][replica]["status"]);
    assert_eq!(status, ["up", "paused", "down"]);
}

#[test]
fn the_table_for_people_says_how_it_ended() {
    let shown = output(&["run", EXAMPLE]);
    assert_eq!(shown.status.code(), Some(0));
    assert_eq!(stderr(&shown), "");
    let text = stdout(&shown);
    assert!(text.starts_with("Add wins over a concurrent release\n"));
    assert!(text.lines().nth(1).unwrap().ends_with(" simulated: all agree"), "{text}");
    for replica in ["n1", "n2", "n3"] {
        let row = text.lines().find(|line| line.starts_with(replica)).expect("a row");
        assert!(row.contains(" up "), "{row}");
    }
    for word in ["operations", "messages", "bytes", "agreed after", "trace"] {
        assert!(text.lines().any(|line| line.starts_with(word)), "{word}");
    }
}

#[test]
fn a_file_that_cannot_be_read_is_refused() {
    let directory = env!("CARGO_TARGET_TMPDIR");
    let missing = format!("{directory}/missing.json");
    for path in [directory, &missing] {
        let reason = fs::read(path).expect_err("it cannot be read");
        check_refused(&output(&["run", path]), &format!("{path}: {reason}"));
    }
}

#[test]
fn a_file_that_is_not_text_is_refused() {
    check_refused_file(
        "latin1.json",
        b"{\"format\":1,\"title\":\"caf\xe9\"}",
        "byte 25 is not UTF-8",
    );
    check_refused_file("cut.json", &"{é".as_bytes()[..2], "byte 2 is not UTF-8");
}

#[test]
fn a_file_that_is_too_large_is_refused() {
    let reason = format!("the file has more than {FILE_BYTES_MAX} bytes");
    check_refused_file("large.json", " ".repeat(FILE_BYTES_MAX + 1), &reason);
    // Where such a file is cut off, there may be the middle of a character.
    check_refused_file("wide.json", "é".repeat(FILE_BYTES_MAX), &reason);
}

#[test]
fn a_bad_scenario_is_refused_with_place_and_reason() {
    check_refused_file("empty.json", "", "EOF while parsing a value (line 1, column 1)");
    check_refused_file(
        "unknown.json",
        r#"{"format":1,"replicas":["a"],"steps":[{"crash":"b"}]}"#,
        r#"steps[0].crash: "b" is not among the replicas"#,
    );
    check_refused_file(
        "replicas.json",
        "{\"format\":1,\n\"replicas\":[1]}",
        "replicas[0]: invalid type: integer `1`, expected a string (line 2, column 13)",
    );
}

#[test]
fn bad_arguments_are_refused_with_usage() {
    for arguments in [
        &[][..],
        &["run"],
        &["walk", EXAMPLE],
        &["run", EXAMPLE, EXAMPLE],
        &["run", EXAMPLE, "--quietly"],
        &["run", EXAMPLE, "--seed"],
        &["run", EXAMPLE, "--seed", "-1"],
        &["run", EXAMPLE, "--seed", "seven"],
        &["run", EXAMPLE, "--seed", "18446744073709551616"],
    ] {
        let refused = output(arguments);
        assert_eq!(refused.status.code(), Some(2), "{arguments:?}");
        assert_eq!(stdout(&refused), "", "{arguments:?}");
        let message = stderr(&refused);
        assert!(message.contains("Usage: scalesmall") || message.contains("--help"), "{message}");
    }
}

#[test]
fn help_and_version_are_no_failure() {
    for arguments in [&["--help"][..], &["run", "--help"], &["--version"]] {
        let shown = output(arguments);
        assert_eq!(shown.status.code(), Some(0));
        assert!(stdout(&shown).contains("scalesmall"));
        assert_eq!(stderr(&shown), "");
    }
}

/// The writing end of a pipe that nobody reads from any more.
fn unread() -> Stdio {
    let (reader, writer) = std::io::pipe().expect("there is a pipe");
    drop(reader);
    writer.into()
}

#[test]
fn who_stops_reading_the_output_is_not_told_off() {
    for arguments in [&["run", EXAMPLE][..], &["run", EXAMPLE, "--json"]] {
        let ended = scalesmall(arguments).stdout(unread()).output().unwrap();
        assert_eq!(stderr(&ended), "");
        assert_eq!(ended.status.code(), Some(0));
    }
    let path = file("unread.json", NEVER);
    let ended = scalesmall(&["run", path.to_str().unwrap()]).stdout(unread()).output().unwrap();
    assert_eq!(stderr(&ended), "");
    assert_eq!(ended.status.code(), Some(1), "whether it agreed is still to be told");
}

#[test]
fn who_stops_reading_the_errors_still_gets_the_exit_status() {
    let ended = scalesmall(&["run", "/does/not/exist"]).stderr(unread()).output().unwrap();
    assert_eq!(stdout(&ended), "");
    assert_eq!(ended.status.code(), Some(2));
}

#[test]
fn a_run_is_written_in_every_format() {
    let path = |name: &str| file(name, "").to_str().expect("it is text").to_owned();
    let names = ["written.jsonl", "written.json", "written.csv", "written.log"].map(path);
    let [history, trace, table, log] = &names;
    let run = output(&[
        "run",
        EXAMPLE,
        "--history",
        history,
        "--trace",
        trace,
        "--csv",
        table,
        "--shiviz",
        log,
        "--check",
    ]);
    assert_eq!((stderr(&run), run.status.code()), ("", Some(0)));
    let [history, trace, table, log] =
        names.map(|path| fs::read_to_string(path).expect("it is written"));
    let lines: Vec<Value> =
        history.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect();
    assert!(lines.iter().any(|line| line.get("dot").is_some()));
    assert!(lines.last().is_some_and(|line| line.get("state").is_some()));
    let events: Value = serde_json::from_str(&trace).expect("it is JSON");
    assert!(items(&events).len() > 10);
    assert!(table.starts_with("at_ms,") && table.lines().count() > 2);
    assert!(log.contains(" s: Register n1 0-99\nn1 {\"n1\":"));

    let refused = output(&["run", EXAMPLE, "--shiviz", "no/such/folder/run.log"]);
    assert!(stderr(&refused).starts_with("scalesmall: no/such/folder/run.log: "));
    assert_eq!(refused.status.code(), Some(2));
}
