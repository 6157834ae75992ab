//! The address of the page in the browser, as it is and as it is to be.

use gloo::utils::window;
use scalesmall_sim::Scenario;
use wasm_bindgen::JsValue;

/// The fragment of the page's address.
pub(crate) fn fragment() -> String {
    let fragment = window().location().hash().unwrap_or_default();
    fragment.trim_start_matches('#').to_owned()
}

/// Goes to another address of the page, as by a link.
pub(crate) fn go_to(fragment: &str) {
    report_refusal(window().location().set_hash(fragment));
}

/// The same, but not for the way back.
pub(crate) fn go_to_instead(fragment: &str) {
    report_refusal(window().location().replace(&format!("#{fragment}")));
}

/// Stays here, under another address of the page.
pub(crate) fn keep_address(fragment: &str) {
    let history = window().history();
    let address = format!("#{fragment}");
    report_refusal(
        history
            .and_then(|history| history.replace_state_with_url(&JsValue::NULL, "", Some(&address))),
    );
}

fn report_refusal(result: Result<(), JsValue>) {
    if let Err(error) = result {
        gloo::console::error!("the address cannot be changed:", error);
    }
}

/// The fragment of an address that plays a scenario.
pub(crate) fn json(scenario: &Scenario) -> String {
    let compact = serde_json::from_str(&scenario.to_json());
    let compact = compact.map(|file: serde_json::Value| file.to_string());
    format!("json={}", encode(&compact.expect("what is written is JSON")))
}

/// The text that stands in an address; nothing where it is broken.
pub(crate) fn decode(text: &str) -> Option<String> {
    js_sys::decode_uri_component(text).ok().map(String::from)
}

/// A text as it can stand in an address.
pub(crate) fn encode(text: &str) -> String {
    js_sys::encode_uri_component(text).into()
}
