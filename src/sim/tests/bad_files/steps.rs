//! Steps that lack something, or cannot happen when they are to.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

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
            r#"steps[0].do: aw-map has no operation "promote"; it has register, release, increase, decrease, tighten"#,
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
fn what_comes_from_elsewhere_is_bytes_for_somebody() {
    let on_a = |bytes: &str| manual(&format!(r#"{{"receive":"{bytes}","on":"a"}}"#));
    check(&[
        (manual(r#"{"receive":"EQA"}"#), "steps[0].on: is missing: who receives it"),
        (
            on_a("EQA="),
            "steps[0].receive: character 4 is not one of base64url, without padding, that stands there",
        ),
        (
            on_a(""),
            "steps[0].receive: these bytes are neither updates nor a state: byte 0: the end comes too early",
        ),
        (
            on_a("EgA"),
            "steps[0].receive: these bytes are neither updates nor a state: byte 1: kind 2 is not the one expected",
        ),
        (
            on_a("_w"),
            "steps[0].receive: these bytes are neither updates nor a state: byte 1: version 15 is not known",
        ),
        (
            step(r#""receive":"EQA","on":"a""#),
            r#"steps[0]: messages move by steps only where `network.mode` is "manual""#,
        ),
        (
            manual(r#"{"crash":"a"},{"receive":"EQA","on":"a"}"#),
            "steps[1]: a has crashed and not been restarted by then",
        ),
    ]);
}

#[test]
fn a_replica_is_nobody_that_it_has_been() {
    let restart = |more: &str| {
        with(&format!(r#""incarnations":[5,0],"steps":[{{"crash":"a"}},{{"restart":"a",{more}}}]"#))
    };
    check(&[
        (restart(r#""incarnation":6"#), r#"steps[1].incarnation: goes with `state`: "lost""#),
        (
            restart(r#""state":"lost","incarnation":5"#),
            "steps[1].incarnation: 5 is not after 5, as which a went",
        ),
        (
            restart(r#""state":"lost","incarnation":4293918720"#),
            "steps[1].incarnation: 4293918720 is not within 1 to 4293918719",
        ),
        (step(r#""crash":"a","incarnation":6"#), "steps[0].incarnation: does not go with `crash`"),
        (with(r#""incarnations":[5]"#), "incarnations: there are 1 for 2 replicas"),
        (
            with(r#""incarnations":[0,4294967295]"#),
            "incarnations[1]: 4294967295 is not within 0 to 4293918719",
        ),
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
            "steps[0]: nothing is to happen here; a step has one of do, partition, heal, cut, mend, clog, unclog, hold, pass, lose, repeat, crash, restart, pause, resume, network, retire, join, leave, watch, clock_skew_ms, sync, send, deliver, receive, observe",
        ),
        (
            step(r#""at_ms":5"#),
            "steps[0]: nothing is to happen here; a step has one of do, partition, heal, cut, mend, clog, unclog, hold, pass, lose, repeat, crash, restart, pause, resume, network, retire, join, leave, watch, clock_skew_ms, sync, send, deliver, receive, observe",
        ),
        (
            step(r#""on":"a","claim":["a",0,9]"#),
            "steps[0]: nothing is to happen here; a step has one of do, partition, heal, cut, mend, clog, unclog, hold, pass, lose, repeat, crash, restart, pause, resume, network, retire, join, leave, watch, clock_skew_ms, sync, send, deliver, receive, observe",
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
