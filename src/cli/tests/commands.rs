//! `scalesmall check`, `sweep` and `scenarios`, and what `run` writes beside its result.

#![cfg(not(target_arch = "wasm32"))]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{file, output, output_with_stdin, stderr, stdout};
use serde_json::Value;

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../sim/tests/example.json");

/// A path for a file that is to be written; `name` is its own in all tests.
fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// The history of the example.
fn history(name: &str) -> String {
    let path = path(name);
    let run = output(&["run", EXAMPLE, "--history", path.to_str().unwrap()]);
    assert_eq!((run.status.code(), stderr(&run)), (Some(0), ""));
    fs::read_to_string(path).unwrap()
}

#[test]
fn a_history_has_each_operation_and_each_replica_in_the_end() {
    let text = history("history.jsonl");
    let lines: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect();
    let operations: Vec<&Value> = lines.iter().filter(|line| line.get("dot").is_some()).collect();
    let result = output(&["run", EXAMPLE, "--json"]);
    let result: Value = serde_json::from_str(stdout(&result)).unwrap();
    assert_eq!(result["metrics"]["operations"], operations.len());
    let first = operations[0].as_object().unwrap();
    let fields: Vec<&str> = first.keys().map(String::as_str).collect();
    assert_eq!(fields, ["cancels", "claim", "do", "dot", "on", "seen", "t_us"]);
    let states: Vec<&Value> = lines.iter().filter(|line| line.get("state").is_some()).collect();
    for (name, replica) in result["replicas"].as_object().unwrap() {
        let state = states.iter().rfind(|line| line["on"] == **name).expect("each has a state");
        let mut claims = state["state"]["claims"].as_array().unwrap().clone();
        claims.sort_by_key(|claim| (claim["node"].to_string(), claim["start"].as_u64()));
        assert_eq!(Value::from(claims), replica["claims"]);
    }
}

#[test]
fn check_accepts_what_was_run_and_names_the_line_that_is_wrong() {
    let text = history("checked.jsonl");
    let whole = output_with_stdin(&["check", "-"], text.as_bytes());
    assert_eq!((whole.status.code(), stderr(&whole)), (Some(0), ""));
    assert!(stdout(&whole).ends_with("are as the semantics have them\n"), "{}", stdout(&whole));

    let mut lines: Vec<&str> = text.lines().collect();
    let last = lines.len();
    let wrong = lines[last - 1].replace("\"priority\":", "\"priority\":1");
    lines[last - 1] = &wrong;
    let path = file("wrong.jsonl", lines.join("\n"));
    let check = output(&["check", path.to_str().unwrap()]);
    assert_eq!((check.status.code(), stderr(&check)), (Some(1), ""));
    let place = format!("wrong.jsonl, line {last}: ");
    assert!(stdout(&check).contains(&place), "{}", stdout(&check));
}

#[test]
fn a_history_that_is_none_is_refused_with_its_line() {
    for (text, reason) in [
        ("{\"t_us\":0}", "line 1: missing field `on`"),
        ("\n[]", "line 2: invalid length 0"),
        ("{\"t_us\":0,\"on\":\"a\"}", "line 1: claim: is missing"),
        (
            r#"{"t_us":0,"on":"a","state":{"seen":{"a":[[1,1]]},"claims":[]}}"#,
            "line 1: seen: \"a\" is not node:incarnation",
        ),
        (
            r#"{"t_us":0,"on":"a","state":{"seen":{"a:0":[[2,3]]},"claims":[]}}"#,
            "line 1: seen: a:0 is not one interval from 1: [(2, 3)]",
        ),
        (
            r#"{"t_us":0,"on":"a","dot":["b",0,1],"do":"register","claim":["a",0,9],"seen":{},"cancels":[]}"#,
            "line 1: dot: b:0#1 is not of a",
        ),
        (
            r#"{"t_us":0,"on":"a","dot":["a",0,1],"do":"register","claim":["a",9,0],"seen":{},"cancels":[]}"#,
            "line 1: the range starts at 9, past its end 0",
        ),
    ] {
        let check = output_with_stdin(&["check", "-"], text.as_bytes());
        assert_eq!((check.status.code(), stdout(&check)), (Some(2), ""), "{text}");
        let expected = format!("scalesmall: standard input, {reason}");
        assert!(stderr(&check).starts_with(&expected), "{}", stderr(&check));
    }
    let missing = output(&["check", "no-such-file"]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(stderr(&missing).starts_with("scalesmall: no-such-file: "), "{}", stderr(&missing));
}

#[test]
fn run_can_hold_everything_against_the_semantics_as_it_goes() {
    let run = output(&["run", EXAMPLE, "--check"]);
    let plain = output(&["run", EXAMPLE]);
    assert_eq!((run.status.code(), stdout(&run)), (Some(0), stdout(&plain)));
}

#[test]
fn a_trace_can_be_shown() {
    let path = path("trace.json");
    let run = output(&["run", EXAMPLE, "--trace", path.to_str().unwrap()]);
    assert_eq!(run.status.code(), Some(0));
    let trace: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let events = trace.as_array().unwrap();
    assert!(events.len() > 10);
    // What the format asks of an event.
    assert!(events.iter().all(|event| event["ph"].is_string() && event["pid"].is_u64()));
    let is_of_a_thread = |event: &&Value| event["ph"] == "i";
    assert!(events.iter().filter(is_of_a_thread).all(|event| event["tid"].is_u64()));
    assert!(events.iter().any(|event| event["name"] == "operation" && event["ts"].is_u64()));
}

#[test]
fn a_sweep_has_a_row_for_each_seed_in_their_order() {
    let path = path("sweep.csv");
    let arguments = ["sweep", EXAMPLE, "--seeds", "3..9", "--csv", path.to_str().unwrap()];
    let sweep = output(&arguments);
    assert_eq!((sweep.status.code(), stderr(&sweep)), (Some(0), ""));
    assert!(stdout(&sweep).ends_with("\n6 of 6 converged\n"), "{}", stdout(&sweep));
    let csv = fs::read_to_string(path).unwrap();
    let mut rows = csv.lines();
    assert_eq!(
        rows.next().unwrap(),
        "seed,converged,at_ms,converged_after_ms,messages_sent,bytes_sent,payload_bytes_minimum"
    );
    for seed in 3..9 {
        let run = output(&["run", EXAMPLE, "--json", "--seed", &seed.to_string()]);
        let run: Value = serde_json::from_str(stdout(&run)).unwrap();
        let metrics = &run["metrics"];
        let expected = format!(
            "{seed},{},{},{},{},{},{}",
            run["converged"],
            run["at_ms"],
            metrics["converged_after_ms"],
            metrics["messages_sent"],
            metrics["bytes_sent"],
            metrics["payload_bytes_minimum"]
        );
        assert_eq!(rows.next(), Some(&*expected));
    }
    assert_eq!(rows.next(), None);
}

#[test]
fn a_sweep_that_does_not_always_converge_says_so() {
    let never = r#"{"format":1,"replicas":["a","b"],"network":{"loss":0.7},
        "steps":[{"on":"a","do":"register","claim":["a",0,9]}],
        "until":{"converged":true,"max_ms":500}}"#;
    let sweep = output_with_stdin(&["sweep", "-", "--seeds", "0..20"], never.as_bytes());
    assert_eq!(sweep.status.code(), Some(1));
    assert!(stdout(&sweep).contains("  NO  "), "{}", stdout(&sweep));
    for seeds in ["5..5", "9..3", "1", "a..b", "1..-2"] {
        let refused = output(&["sweep", EXAMPLE, "--seeds", seeds]);
        assert_eq!((refused.status.code(), stdout(&refused)), (Some(2), ""), "{seeds}");
        assert!(stderr(&refused).contains(seeds), "{}", stderr(&refused));
    }
}

#[test]
fn the_scenarios_that_come_with_it_can_be_run() {
    let list = output(&["scenarios"]);
    assert_eq!(list.status.code(), Some(0));
    for line in stdout(&list).lines() {
        let name = line.split_whitespace().next().unwrap();
        let text = output(&["scenarios", name]);
        let run = output_with_stdin(&["run", "-"], &text.stdout);
        assert_eq!(run.status.code(), Some(0), "{name}");
    }
    let unknown = output(&["scenarios", "last-light"]);
    assert_eq!((unknown.status.code(), stdout(&unknown)), (Some(2), ""));
    let known = "known: first-light, add-wins, broken-tree, order-matters, split-poisons, ";
    let expected = format!("scalesmall: \"last-light\" is no scenario; {known}");
    assert!(stderr(&unknown).starts_with(&expected), "{}", stderr(&unknown));
}
