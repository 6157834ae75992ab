//! A drawing of the document as a file of its own.
//!
//! What a drawing looks like is said by the page's stylesheet, which no file takes along: each
//! element gets as its own what the browser has computed for it.

use gloo::utils::window;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::Element;

use crate::download;

/// What of an element's looks goes along.
const LOOKS: [&str; 11] = [
    "fill",
    "stroke",
    "stroke-width",
    "stroke-dasharray",
    "opacity",
    "font-size",
    "font-family",
    "font-weight",
    "text-anchor",
    "background-color",
    "color",
];

/// Saves an SVG element, with `labels` at its left edge, each with the height of its line.
///
/// # Errors
///
/// What the browser says.
pub(crate) fn save(name: &str, drawing: &Element, labels: &[(String, f64)]) -> Result<(), JsValue> {
    let copy: Element = drawing.clone_node_with_deep(true)?.unchecked_into();
    adopt_looks(drawing, &copy)?;
    let (of_all, of_copy) = (drawing.query_selector_all("*")?, copy.query_selector_all("*")?);
    for index in 0..of_all.length() {
        let pair = of_all.get(index).zip(of_copy.get(index));
        let Some((original, copied)) = pair else { break };
        adopt_looks(original.unchecked_ref(), copied.unchecked_ref())?;
    }
    copy.set_attribute("xmlns", "http://www.w3.org/2000/svg")?;
    copy.set_attribute("width", &drawing.client_width().to_string())?;
    for (label, y) in labels {
        let text = drawing
            .owner_document()
            .ok_or("the drawing is in no document")?
            .create_element_ns(Some("http://www.w3.org/2000/svg"), "text")?;
        text.set_text_content(Some(label));
        text.set_attribute("x", "4")?;
        text.set_attribute("y", &format!("{:.1}", y - 4.0))?;
        text.set_attribute("style", "font:11px sans-serif;fill:#888")?;
        copy.append_child(&text)?;
    }
    download::save_text(name, &copy.outer_html())
}

fn adopt_looks(original: &Element, copy: &Element) -> Result<(), JsValue> {
    let Some(computed) = window().get_computed_style(original)? else { return Ok(()) };
    let mut style = String::new();
    for name in LOOKS {
        style += &format!("{name}:{};", computed.get_property_value(name)?);
    }
    copy.remove_attribute("class")?;
    copy.set_attribute("style", &style)
}
