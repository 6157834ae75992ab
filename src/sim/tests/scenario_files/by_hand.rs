//! Messages that move by steps and by nothing else.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

#[test]
fn nothing_moves_by_itself_in_manual_mode() {
    let simulation = check(REGISTER, ["s 0-9 0", "", ""]);
    assert_eq!(simulation.metrics().messages_sent, 0);
    assert!(!simulation.has_converged());
}

#[test]
fn a_change_of_the_network_and_a_restart_start_no_gossip_in_manual_mode() {
    let steps = format!(
        r#"{REGISTER},{{"network":{{"loss":0.5}}}},{{"crash":"a"}},{{"restart":"a"}},
            {{"crash":"b"}},{{"restart":"b","state":"lost"}}"#
    );
    let simulation = check(&steps, ["s 0-9 0", "", ""]);
    assert_eq!(simulation.metrics().messages_sent, 0);
}

#[test]
fn a_sync_goes_one_way() {
    let increase = r#"{"on":"b","do":"increase","claim":["s",0,9],"by":2}"#;
    let steps = format!(r#"{REGISTER},{increase},{{"sync":["a","b"]}}"#);
    check(&steps, ["s 0-9 0", "s 0-9 2", ""]);
    let steps = format!(r#"{REGISTER},{increase},{{"sync":["b","a"]}}"#);
    check(&steps, ["s 0-9 2", "s 0-9 2", ""]);
}

#[test]
fn a_sync_brings_what_its_sender_has_from_others() {
    let steps = format!(r#"{REGISTER},{{"sync":["a","b"]}},{{"sync":["b","c"]}}"#);
    let simulation = check(&steps, ["s 0-9 0"; 3]);
    assert!(simulation.has_converged());
}

#[test]
fn a_message_holds_what_was_there_when_it_was_sent() {
    let steps = format!(r#"{REGISTER},{{"send":["a","b"],"as":"m"}},{INCREASE},{{"deliver":"m"}}"#);
    check(&steps, ["s 0-9 3", "s 0-9 0", ""]);
}

#[test]
fn a_message_can_arrive_many_times_and_in_any_order() {
    let steps = format!(
        r#"{REGISTER},{{"send":["a","b"],"as":"old"}},{INCREASE},{{"send":["a","b"],"as":"new"}},
            {{"deliver":"new"}},{{"deliver":"old"}},{{"deliver":"new"}},{{"deliver":"new"}}"#
    );
    let simulation = check(&steps, ["s 0-9 3", "s 0-9 3", ""]);
    assert_eq!(simulation.metrics().messages_sent, 2);
}

#[test]
fn a_message_of_the_same_name_replaces_the_one_before_it() {
    let steps = format!(
        r#"{REGISTER},{{"send":["a","b"],"as":"m"}},{INCREASE},{{"send":["a","c"],"as":"m"}},
            {{"deliver":"m"}}"#
    );
    check(&steps, ["s 0-9 3", "", "s 0-9 3"]);
}

#[test]
fn the_last_operation_alone_waits_for_its_predecessor() {
    let sent = format!(
        r#"{REGISTER},{{"send":["a","b"],"as":"first"}},
            {INCREASE},{{"send":["a","b"],"as":"second","only":"last-operation"}}"#
    );
    let steps = format!(r#"{sent},{{"deliver":"second"}}"#);
    let simulation = check(&steps, ["s 0-9 3", "", ""]);
    assert_eq!(simulation.replicas()[1].claims().waiting(), 1);

    let steps = format!(r#"{sent},{{"deliver":"second"}},{{"deliver":"first"}}"#);
    let simulation = check(&steps, ["s 0-9 3", "s 0-9 3", ""]);
    assert_eq!(simulation.replicas()[1].claims().waiting(), 0);

    // Its predecessor may come by whatever way.
    let steps = format!(
        r#"{REGISTER},{{"sync":["a","c"]}},
            {INCREASE},{{"send":["a","b"],"as":"second","only":"last-operation"}},
            {{"deliver":"second"}},{{"sync":["c","b"]}}"#
    );
    check(&steps, ["s 0-9 3", "s 0-9 3", "s 0-9 0"]);
}

#[test]
fn a_message_from_one_who_has_nothing_is_empty() {
    let steps = r#"{"send":["a","b"],"as":"m","only":"last-operation"},{"deliver":"m"}"#;
    let simulation = check(steps, ["", "", ""]);
    assert_eq!(simulation.metrics().messages_sent, 1);
}

#[test]
fn an_operation_on_what_is_not_seen_takes_no_dot_and_is_counted() {
    let tighten = r#"{"on":"b","do":"tighten","claim":["s",0,9],"to":[0,5]}"#;
    let decrease = r#"{"on":"b","do":"decrease","claim":["s",0,9],"by":1}"#;
    let release = r#"{"on":"b","do":"release","claim":["s",0,9]}"#;
    let steps = format!("{REGISTER},{release},{decrease},{tighten}");
    let simulation = check(&steps, ["s 0-9 0", "", ""]);
    assert_eq!(simulation.metrics().operations, 1);
    assert_eq!(simulation.metrics().operations_without_effect, 3);
    assert_eq!(simulation.replicas()[1].claims().context().operations(), 0);
}

#[test]
fn a_release_takes_away_no_more_than_its_issuer_had_seen() {
    let steps = format!(
        r#"{REGISTER},{{"sync":["a","b"]}},{INCREASE},
            {{"on":"b","do":"release","claim":["s",0,9]}},{{"sync":["a","b"]}},{{"sync":["b","a"]}}"#
    );
    check(&steps, ["s 0-9 3", "s 0-9 3", ""]);
}

#[test]
fn a_release_may_come_before_what_it_releases() {
    let steps = format!(
        r#"{REGISTER},{{"sync":["a","b"]}},{{"on":"b","do":"release","claim":["s",0,9]}},
            {{"send":["b","c"],"as":"release","only":"last-operation"}},
            {{"deliver":"release"}},{{"sync":["a","c"]}}"#
    );
    check(&steps, ["s 0-9 0", "", ""]);
}

// --- Faults ---
