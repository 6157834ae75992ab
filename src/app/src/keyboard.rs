//! What keys do.

use gloo::utils::document;
use serde_json::json;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, HtmlInputElement, KeyboardEvent};

use crate::app::Message;
use crate::edit::step;
use crate::texts::text;
use crate::visible::{FARTHER, Look, NEARER};

/// A key moves along the keys by one of so many parts of what is to be seen.
const PAN_PARTS: u32 = 4;

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
        "INPUT" if matches!(key.as_str(), "ArrowLeft" | "ArrowRight") => {
            !is_timeline(focused.as_ref())
        }
        "INPUT" => is_for_slider(&key),
        "SELECT" => true,
        _ => is_horizontal(focused.as_ref()) && is_for_slider(&key),
    };
    if is_for_control {
        return None;
    }
    match key.as_str() {
        " " | "." => Some(Message::Toggle),
        "ArrowRight" if event.shift_key() => Some(Message::Turn(true)),
        "ArrowLeft" if event.shift_key() => Some(Message::Turn(false)),
        "ArrowRight" => Some(Message::StepForward),
        "ArrowLeft" => Some(Message::StepBack),
        "e" | "E" => Some(Message::StepEvent),
        "f" | "F" => Some(Message::Fork),
        "l" | "L" => focus("loss"),
        "Home" => Some(Message::Restart),
        "+" | "=" => Some(Message::Faster),
        "-" => Some(Message::Slower),
        "Escape" => Some(Message::Escape),
        "?" => Some(Message::Help(true)),
        "c" | "C" => Some(Message::Compare),
        "p" | "P" => Some(Message::ChooseCut(true)),
        "h" | "H" => Some(Message::Do(step(json!({ "heal": true })))),
        "z" => Some(Message::Zoom(NEARER)),
        "Z" => Some(Message::Zoom(FARTHER)),
        "0" => Some(Message::Look(Look::Whole)),
        "a" | "A" => Some(Message::Look(Look::Pan { by: -1, of: PAN_PARTS })),
        "d" | "D" => Some(Message::Look(Look::Pan { by: 1, of: PAN_PARTS })),
        "n" | "N" => Some(Message::Walk { node: node(focused.as_ref()), is_next: true }),
        "b" | "B" => Some(Message::Walk { node: node(focused.as_ref()), is_next: false }),
        "o" | "O" => Some(Message::Only(node(focused.as_ref()))),
        "ArrowUp" => focus_neighbour(focused.as_ref()?, false),
        "ArrowDown" => focus_neighbour(focused.as_ref()?, true),
        _ => None,
    }
}

/// Brings a control into view, and the keys to it.
fn focus(id: &str) -> Option<Message> {
    let control = document().get_element_by_id(id)?.dyn_into::<HtmlElement>().ok()?;
    // Focus is a courtesy: where it is refused, nothing else follows.
    let _ = control.focus();
    Some(Message::Nothing)
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

/// Whether a control is the slider that goes along the time of the run.
fn is_timeline(control: Option<&Element>) -> bool {
    let timeline = control.map(|control| control.closest(".timeline"));
    timeline.is_some_and(|found| found.is_ok_and(|timeline| timeline.is_some()))
}

/// Whether a control is a slider of the page's own along the keys.
fn is_horizontal(control: Option<&Element>) -> bool {
    let is = |name: &str, value: &str| {
        control.and_then(|control| control.get_attribute(name)).is_some_and(|is| is == value)
    };
    is("role", "slider") && is("aria-orientation", "horizontal")
}

fn is_for_slider(key: &str) -> bool {
    key.starts_with("Arrow") || matches!(key, "Home" | "End" | "PageUp" | "PageDown")
}

/// The node whose strip has the focus.
fn node(focused: Option<&Element>) -> Option<String> {
    focused?.get_attribute("data-node")
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
