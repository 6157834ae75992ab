//! What is replicated, and operations that it does not have.

use super::check;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// A step of a scenario with this type.
fn step(data_type: &str, fields: &str) -> String {
    format!(
        r#"{{"format":1,"replicas":["a"],"type":"{data_type}","steps":[{{"on":"a",{fields}}}]}}"#
    )
}

#[test]
fn a_type_is_one_of_those_that_there_are() {
    check(&[
        (
            r#"{"format":1,"replicas":["a"],"type":"or-set"}"#,
            r#"type: "or-set" is not known to this version; known: aw-map, aw-set, rw-set, lww-set, two-phase-set, grow-set, naive-counter-map, ordered-list"#,
        ),
        (
            r#"{"format":1,"replicas":["a"],"type":"AW-map"}"#,
            r#"type: "AW-map" is not known to this version; known: aw-map, aw-set, rw-set, lww-set, two-phase-set, grow-set, naive-counter-map, ordered-list"#,
        ),
        (
            r#"{"format":1,"replicas":["a"],"type":1}"#,
            "type: invalid type: integer `1`, expected a string (line 1, column 37)",
        ),
    ]);
}

#[test]
fn an_operation_is_one_that_the_type_has() {
    let claim = r#""claim":["a",0,9]"#;
    let sets = ["aw-set", "rw-set", "lww-set", "two-phase-set"];
    for data_type in sets {
        for name in ["increase", "decrease", "tighten", "split", "promote", "demote"] {
            let text = step(data_type, &format!(r#""do":"{name}",{claim}"#));
            let reason = format!(
                "steps[0].do: {data_type} has no operation {name:?}; it has register, release"
            );
            check(&[(text, &*reason)]);
        }
    }
    check(&[
        (
            step("grow-set", &format!(r#""do":"release",{claim}"#)),
            r#"steps[0].do: grow-set has no operation "release"; it has register"#,
        ),
        (
            step("aw-map", r#""do":"split","at":50"#),
            r#"steps[0].do: aw-map has no operation "split"; it has register, release, increase, decrease, tighten"#,
        ),
        (
            step("naive-counter-map", &format!(r#""do":"promote",{claim}"#)),
            r#"steps[0].do: naive-counter-map has no operation "promote"; it has register, release, increase, decrease, tighten"#,
        ),
        (
            step("ordered-list", &format!(r#""do":"increase",{claim},"by":1"#)),
            r#"steps[0].do: ordered-list has no operation "increase"; it has split, register, release, promote, demote"#,
        ),
        (
            step("aw-set", &format!(r#""do":"remove",{claim}"#)),
            r#"steps[0].do: "remove" is not known to this version; known: register, release"#,
        ),
        (
            r#"{"format":1,"replicas":["a"],"type":"aw-set",
                "start":[{"on":"a","do":"increase","claim":["a",0,9],"by":3}]}"#
                .to_owned(),
            r#"start[0].do: aw-set has no operation "increase"; it has register, release"#,
        ),
    ]);
}

#[test]
fn a_split_is_at_a_key_and_of_no_claim() {
    let split = |fields: &str| step("ordered-list", &format!(r#""do":"split"{fields}"#));
    check(&[
        (split(""), "steps[0].at: is missing"),
        (split(r#","at":0"#), "steps[0].at: 0 is not within 1 to 4294967295"),
        (split(r#","at":4294967296"#), "steps[0].at: 4294967296 is not within 1 to 4294967295"),
        (split(r#","at":5,"claim":["a",0,9]"#), r#"steps[0].claim: "split" takes no `claim`"#),
        (split(r#","at":5,"by":1"#), r#"steps[0].by: "split" takes no `by`"#),
        (
            step("ordered-list", r#""do":"promote","at":5,"claim":["a",0,9]"#),
            r#"steps[0].at: "promote" takes no `at`"#,
        ),
        (step("ordered-list", r#""do":"promote""#), "steps[0].claim: is missing"),
        (
            step("ordered-list", r#""do":"demote","claim":["a",9,3]"#),
            "steps[0].claim: the range starts at 9, past its end 3",
        ),
        (
            r#"{"format":1,"replicas":["a"],"steps":[{"crash":"a","at":5}]}"#.to_owned(),
            "steps[0].at: does not go with `crash`",
        ),
    ]);
}
