//! What keys do.

use gloo::utils::document;
use serde_json::json;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, HtmlInputElement, KeyboardEvent};

use crate::app::Message;
use crate::edit::step;
use crate::texts::text;

/// What a key is called that a control is marked with (`aria-keyshortcuts`).
pub(crate) fn called(key: &str) -> &str {
    match key {
        "Space" => text!("key.space"),
        "Home" => text!("key.home"),
        "Enter" => text!("key.enter"),
        "Escape" => text!("key.escape"),
        "ArrowLeft" => "←",
        "ArrowRight" => "→",
        "ArrowUp" => "↑",
        "ArrowDown" => "↓",
        "-" => "−",
        other => other,
    }
}

/// What a key asks for, unless the focused control uses that key itself.
pub(crate) fn message(event: &KeyboardEvent) -> Option<Message> {
    if event.ctrl_key() || event.meta_key() || event.alt_key() || is_dialog_open() {
        return None;
    }
    let focused = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    let control = focused.as_ref().map(Element::tag_name).unwrap_or_default();
    let key = event.key();
    let is_for_control = match control.as_str() {
        "BUTTON" | "SUMMARY" | "A" => matches!(key.as_str(), " " | "Enter"),
        "INPUT" if !is_slider(focused.as_ref()) => key != "Escape",
        // On the timeline, arrows go from change to change instead of millisecond by millisecond.
        "INPUT" => !matches!(key.as_str(), " " | "." | "ArrowLeft" | "ArrowRight"),
        "SELECT" => true,
        _ => false,
    };
    if is_for_control {
        return None;
    }
    match key.as_str() {
        " " | "." => Some(Message::Toggle),
        "ArrowRight" => Some(Message::StepForward),
        "ArrowLeft" => Some(Message::StepBack),
        "Home" => Some(Message::Restart),
        "+" | "=" => Some(Message::Faster),
        "-" => Some(Message::Slower),
        "Escape" => Some(Message::Escape),
        "?" => Some(Message::Help(true)),
        "p" | "P" => Some(Message::ChooseCut(true)),
        "h" | "H" => Some(Message::Do(step(json!({ "heal": true })))),
        "ArrowUp" => focus_neighbour(focused.as_ref()?, false),
        "ArrowDown" => focus_neighbour(focused.as_ref()?, true),
        _ => None,
    }
}

/// Whether a dialog lies over the stage, and takes the keys.
fn is_dialog_open() -> bool {
    document().query_selector("dialog[open]").is_ok_and(|dialog| dialog.is_some())
}

/// Whether a control takes no text.
fn is_slider(control: Option<&Element>) -> bool {
    let input = control.and_then(|control| control.dyn_ref::<HtmlInputElement>());
    input.is_some_and(|input| input.type_() == "range")
}

/// From one node's strip to the next.
fn focus_neighbour(strip: &Element, is_next: bool) -> Option<Message> {
    strip.get_attribute("data-node")?;
    let row = strip.parent_element()?;
    let row = if is_next { row.next_element_sibling()? } else { row.previous_element_sibling()? };
    let strip = row.first_element_child()?.dyn_into::<HtmlElement>().ok()?;
    // Focus is a courtesy: where it is refused, nothing else follows.
    let _ = strip.focus();
    Some(Message::Nothing)
}
