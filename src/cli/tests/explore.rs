//! `scalesmall explore`, as somebody at a terminal sees it.

#![cfg(not(target_arch = "wasm32"))]

mod common;

use std::path::Path;

use common::{output, output_with_stdin, stderr, stdout};
use serde_json::Value;

/// What it says of a scenario that comes with the program.
fn explored(name: &str, expected_status: i32, flags: &[&str]) -> String {
    let scenario = output(&["scenarios", name]).stdout;
    let explored = output_with_stdin(&[&["explore", "-"], flags].concat(), &scenario);
    assert_eq!((explored.status.code(), stderr(&explored)), (Some(expected_status), ""), "{name}");
    stdout(&explored).to_owned()
}

#[test]
fn all_orders_end_alike_where_the_type_converges() {
    let told = explored("counter-in-a-map", 0, &[]);
    assert!(told.contains("\n2  a: increase a 0..=99 by 2\n"), "{told}");
    assert!(told.contains("\n6 orders by 8 states: all end alike\n"), "{told}");
    assert!(told.contains("\n  0..=99: a 3\n"), "{told}");
}

#[test]
fn two_orders_that_do_not_are_told_and_one_of_them_can_be_played() {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("order.json");
    let path = path.to_str().unwrap();
    let told = explored("order-matters", 1, &["--play", path]);
    assert!(told.contains("2 orders by 5 states: 2 different ends"), "{told}");
    assert!(told.contains("  0..=99: a 2, b 1, c 0\n"), "{told}");
    assert!(told.contains("  0..=99: b 2, c 1, a 0\n"), "{told}");

    let run = output(&["run", path, "--json"]);
    let run: Value = serde_json::from_str(stdout(&run)).unwrap();
    let fingerprint = run["replicas"]["observer"]["fingerprint"].as_str().unwrap();
    let line = told.lines().find(|line| line.contains("such as 2 1")).unwrap();
    assert!(line.ends_with(fingerprint), "{line}");
}

#[test]
fn what_cannot_be_explored_is_refused() {
    let scenario = output(&["scenarios", "first-light"]).stdout;
    let refused = output_with_stdin(&["explore", "-"], &scenario);
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).starts_with("scalesmall: standard input: network.mode: only in"));
}
