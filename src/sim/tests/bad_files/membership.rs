//! Who joins, leaves, is retired, looks after others, or watches.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

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
