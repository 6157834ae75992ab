//! Addresses by which others see the same.

use gloo::utils::window;
use scalesmall_sim::{Scenario, SimTime};
use serde_json::Value;

use crate::packing;

/// The address of the page with the scenario packed in it; as it is where this browser cannot pack.
pub(crate) async fn packed(scenario: &Scenario) -> String {
    match packing::pack(&compact(scenario)).await {
        Some(packed) => format!("{}#s={packed}", page()),
        None => plain(scenario),
    }
}

/// The address of the page with the scenario in it, percent-encoded.
pub(crate) fn plain(scenario: &Scenario) -> String {
    format!("{}#json={}", page(), encode(&compact(scenario)))
}

/// The scenario file as an address of its own.
pub(crate) fn file(scenario: &Scenario) -> String {
    format!("data:application/json;charset=utf-8,{}", encode(&scenario.to_json()))
}

/// What an address ends in that opens the stage at a moment, with a node open.
pub(crate) fn moment(at: SimTime, node: Option<&str>) -> String {
    let node = node.map_or_else(String::new, |node| format!("&node={}", encode(node)));
    format!("&at={}{node}", at.as_ms())
}

/// The scenario file in one line.
fn compact(scenario: &Scenario) -> String {
    let file: Value = serde_json::from_str(&scenario.to_json()).expect("what is written is JSON");
    file.to_string()
}

/// The address of the page, not embedded and without a scenario.
fn page() -> String {
    let here = window().location().href().unwrap_or_default();
    here.split(['?', '#']).next().unwrap_or_default().to_owned()
}

fn encode(text: &str) -> String {
    js_sys::encode_uri_component(text).into()
}
