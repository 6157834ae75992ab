//! The other data types, as another program sees them.

#![cfg(not(target_arch = "wasm32"))]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{file, output, output_with_stdin, stderr, stdout};
use serde_json::Value;

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

fn lesson(name: &str) -> Vec<u8> {
    let lesson = output(&["scenarios", name]);
    assert_eq!((lesson.status.code(), stderr(&lesson)), (Some(0), ""));
    lesson.stdout
}

/// The history of a lesson's run, whose result is given to `check`.
fn history(name: &str, check: impl Fn(&Value)) -> String {
    let path = path(&format!("{name}.jsonl"));
    let arguments = ["run", "-", "--json", "--history", path.to_str().unwrap()];
    let run = output_with_stdin(&arguments, &lesson(name));
    assert_eq!((run.status.code(), stderr(&run)), (Some(0), ""), "{name}");
    check(&serde_json::from_str(stdout(&run)).unwrap());
    fs::read_to_string(path).unwrap()
}

#[test]
fn what_was_run_is_checked_by_the_definition_of_its_type() {
    let names = [
        "who-wins-add",
        "who-wins-remove",
        "clocks-lie",
        "once-gone",
        "never-gone",
        "naive-counter",
    ];
    for name in names {
        let text = history(name, |result| assert_eq!(result["converged"], true, "{name}"));
        let checked = output_with_stdin(&["check", "-"], text.as_bytes());
        assert_eq!((checked.status.code(), stderr(&checked)), (Some(0), ""), "{name}");
        assert!(stdout(&checked).ends_with("are as the semantics have them\n"));

        // A state that does not follow: one more claim at the last replica.
        let (rest, last) = text.trim_end().rsplit_once('\n').unwrap();
        let claim = r#""claims":[{"node":"guest","start":0,"end":9,"priority":0},"#;
        let last = last.replace("\"claims\":[", claim).replace(",]", "]");
        let broken = output_with_stdin(&["check", "-"], format!("{rest}\n{last}\n").as_bytes());
        assert_eq!((broken.status.code(), stderr(&broken)), (Some(1), ""), "{name}");
        let reason =
            "shows guest on 0..=9 as live with priority 0; by what it has seen it is not live\n";
        assert!(stdout(&broken).ends_with(reason), "{}", stdout(&broken));
    }
}

#[test]
fn a_history_says_of_what_it_is_and_what_the_clocks_showed() {
    let text = history("clocks-lie", |result| assert_eq!(result["metrics"]["operations"], 4));
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["type"], "lww-set");
        // The clock of c is five seconds ahead.
        let ahead_us = if line["on"] == "c" { 5_000_000 } else { 0 };
        if let Some(clock_us) = line["clock_us"].as_u64() {
            assert_eq!(clock_us, line["t_us"].as_u64().unwrap() + ahead_us);
        } else {
            assert!(line["dot"].is_null(), "an operation is stamped: {line}");
        }
    }
    let text = history("split-poisons", |result| {
        let claims =
            |replica: &str| result["replicas"][replica]["claims"].as_array().unwrap().len();
        assert_eq!((claims("x"), claims("y")), (1, 2));
    });
    let splits: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let split = splits.iter().find(|line| line["t_us"] == 100_000 && line["do"] == "split");
    let split = split.expect("it is on record");
    assert_eq!((&split["at"], &split["claim"]), (&50.into(), &Value::Null));
}

#[test]
fn an_ordered_list_cannot_be_checked() {
    let reason = "what an ordered-list shows follows from the order in which messages came, not \
                  from what has been seen: it cannot be checked";
    let text = history("order-matters", |_| ());
    let checked = output_with_stdin(&["check", "-"], text.as_bytes());
    assert_eq!((checked.status.code(), stdout(&checked)), (Some(2), ""));
    assert_eq!(stderr(&checked), format!("scalesmall: standard input, line 1: {reason}\n"));

    let path = file("order-matters.json", lesson("order-matters"));
    let path = path.to_str().unwrap();
    let run = output(&["run", "--check", path]);
    assert_eq!((run.status.code(), stdout(&run)), (Some(2), ""));
    assert_eq!(stderr(&run), format!("scalesmall: {path}: {reason}\n"));
}

#[test]
fn an_operation_that_the_type_does_not_have_is_refused_with_its_place() {
    let text = r#"{ "format": 1, "replicas": ["a"], "type": "aw-set",
        "steps": [ { "on": "a", "do": "increase", "claim": ["a", 0, 9], "by": 3 } ] }"#;
    let path = file("increase.json", text);
    let path = path.to_str().unwrap();
    let run = output(&["run", path]);
    assert_eq!((run.status.code(), stdout(&run)), (Some(2), ""));
    let reason = r#"steps[0].do: aw-set has no operation "increase"; it has register, release"#;
    assert_eq!(stderr(&run), format!("scalesmall: {path}: {reason}\n"));
}
