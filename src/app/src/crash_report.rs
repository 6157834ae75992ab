//! What somebody sees if the program itself is wrong.

use std::panic;

use gloo::utils::document;

/// From now on a panic puts its message into the element `crash`, which stands outside of what
/// Yew draws, instead of leaving a dead page.
pub(crate) fn install() {
    panic::set_hook(Box::new(|info| {
        let report = format!("scalesmall {} stopped: {info}", env!("CARGO_PKG_VERSION"));
        gloo::console::error!(&report);
        if let Some(element) = document().get_element_by_id("crash") {
            element.set_text_content(Some(&report));
            // An element that is not hidden has no such attribute; there is no more to do if it
            // cannot be removed.
            let _ = element.remove_attribute("hidden");
        }
    }));
}
