//! `scalesmall shrink` as its users meet it.

#![cfg(not(target_arch = "wasm32"))]

mod common;

use std::fs;
use std::path::Path;

use common::{file, output, output_with_stdin, stderr, stdout};
use scalesmall_sim::{Scenario, Undesired};
use serde_json::Value;

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../sim/tests/example.json");

/// An operation is lost with the state of its node, and many others are not.
fn lost() -> String {
    let operations: String = (1..=30)
        .map(|n| format!(r#"{{"at_ms":{n},"on":"b","do":"register","claim":["b",0,{n}]}},"#))
        .collect();
    format!(
        r#"{{"format":1,"title":"Too soon","replicas":["a","b","c"],"network":{{"loss":0.1}},
            "steps":[{operations}
                {{"at_ms":5000,"on":"a","do":"increase","claim":["a",0,9],"by":7}},
                {{"at_ms":5001,"crash":"a"}},
                {{"at_ms":6000,"restart":"a","state":"lost"}}]}}"#
    )
}

const LEAST: &str = r#"{
  "format": 1,
  "title": "Too soon (shrunk)",
  "replicas": ["a"],
  "steps": [
    { "at_ms": 1000, "on": "a", "do": "increase", "claim": ["a", 0, 9], "by": 1 },
    { "at_ms": 1001, "crash": "a" },
    { "at_ms": 2000, "restart": "a", "state": "lost" }
  ],
  "until": { "converged": true, "max_ms": 22320 }
}
"#;

#[test]
fn what_is_left_is_written_and_summed_up() {
    let shrink = output_with_stdin(&["shrink", "-"], lost().as_bytes());
    assert_eq!((shrink.status.code(), stdout(&shrink)), (Some(0), LEAST));
    let lines: Vec<&str> = stderr(&shrink).lines().collect();
    assert_eq!(lines[0], Undesired::LOST.about());
    assert!(lines[1].starts_with("33 steps became 3; replays: "), "{lines:?}");
    assert_eq!(lines.len(), 2);

    let path = file("lost.json", lost());
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("least.json");
    let arguments = ["--what", "lost", "-o", out.to_str().unwrap()];
    let again = output(&[&["shrink", path.to_str().unwrap()], &arguments[..]].concat());
    assert_eq!((again.status.code(), stdout(&again)), (Some(0), ""));
    assert_eq!(stderr(&again), stderr(&shrink));
    assert_eq!(fs::read_to_string(out).unwrap(), LEAST);
}

#[test]
fn what_is_left_of_a_run_that_does_not_converge_does_not_either() {
    let text = output(&["scenarios", "first-light"]);
    let mut never: Value = serde_json::from_str(stdout(&text)).unwrap();
    never["steps"].as_array_mut().unwrap().retain(|step| step.get("heal").is_none());
    let run = output_with_stdin(&["run", "-"], never.to_string().as_bytes());
    assert_eq!(run.status.code(), Some(1));
    let shrink = output_with_stdin(&["shrink", "-"], never.to_string().as_bytes());
    assert_eq!(shrink.status.code(), Some(0));
    assert_eq!(Scenario::parse(stdout(&shrink)).unwrap().steps.len(), 2);
    let run = output_with_stdin(&["run", "-"], &shrink.stdout);
    assert_eq!(run.status.code(), Some(1));
}

#[test]
fn a_run_that_does_not_show_it_is_refused() {
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("nothing.json");
    let shrink = output(&["shrink", EXAMPLE, "-o", out.to_str().unwrap()]);
    assert_eq!((shrink.status.code(), stdout(&shrink)), (Some(1), ""));
    assert_eq!(stderr(&shrink), format!("{EXAMPLE}: the run shows nothing undesired\n"));
    assert!(!out.exists());
    for kind in Undesired::ALL {
        let shrink = output(&["shrink", EXAMPLE, "--what", kind.name()]);
        assert_eq!((shrink.status.code(), stdout(&shrink)), (Some(1), ""));
        let about = kind.about();
        let expected = format!("{EXAMPLE}: the run does not show this: {about}\n");
        assert_eq!(stderr(&shrink), expected);
    }
}

#[test]
fn bad_arguments_and_bad_files_are_refused() {
    let unknown = output(&["shrink", EXAMPLE, "--what", "sad"]);
    assert_eq!((unknown.status.code(), stdout(&unknown)), (Some(2), ""));
    for kind in Undesired::ALL {
        assert!(stderr(&unknown).contains(kind.name()), "{}", stderr(&unknown));
    }
    let none = output_with_stdin(&["shrink", "-"], b"{}");
    assert_eq!((none.status.code(), stdout(&none)), (Some(2), ""));
    assert!(stderr(&none).starts_with("scalesmall: standard input: "), "{}", stderr(&none));

    let path = file("lost-again.json", lost());
    let nowhere = output(&["shrink", path.to_str().unwrap(), "-o", "no/such/folder.json"]);
    assert_eq!((nowhere.status.code(), stdout(&nowhere)), (Some(2), ""));
    assert!(stderr(&nowhere).starts_with("scalesmall: no/such/folder.json: "));
}

#[test]
fn the_help_names_each_kind_and_the_format_defines_it() {
    let help = output(&["shrink", "--help"]);
    let format = output(&["format"]);
    assert_eq!(help.status.code(), Some(0));
    for kind in Undesired::ALL {
        assert!(stdout(&format).contains(&format!("\n| `{}` | ", kind.name())));
        let line = format!("  {:17}  {}\n", kind.name(), kind.about());
        assert!(stdout(&help).contains(&line), "{}", stdout(&help));
    }
    assert!(stdout(&help).lines().all(|line| line.chars().count() <= 100), "{}", stdout(&help));
}
