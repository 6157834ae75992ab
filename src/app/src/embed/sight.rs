//! Whether the stage can be seen: on a page that is long, or in a tab behind others, it cannot.

use std::cell::Cell;
use std::rc::Rc;

use gloo::events::EventListener;
use gloo::utils::{body, document};
use js_sys::Array;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{IntersectionObserver, IntersectionObserverEntry};
use yew::Callback;

/// Watches for as long as it is kept.
pub(crate) struct Sight {
    observer: IntersectionObserver,
    _on_change: Closure<dyn FnMut(Array)>,
    _listener: EventListener,
}

impl Sight {
    /// Calls `on_change` with whether the page can be seen, whenever that may have changed. Nothing
    /// where the browser cannot tell.
    pub(crate) fn watch(on_change: Callback<bool>) -> Option<Self> {
        let is_in_view = Rc::new(Cell::new(true));
        let tell = {
            let is_in_view = Rc::clone(&is_in_view);
            move || on_change.emit(is_in_view.get() && !document().hidden())
        };
        let on_intersection = Closure::new({
            let tell = tell.clone();
            move |entries: Array| {
                // The latest is the last.
                let entry: IntersectionObserverEntry = entries.pop().unchecked_into();
                is_in_view.set(entry.is_intersecting());
                tell();
            }
        });
        let observer = IntersectionObserver::new(on_intersection.as_ref().unchecked_ref()).ok()?;
        observer.observe(&body());
        let listener = EventListener::new(&document(), "visibilitychange", move |_| tell());
        Some(Self { observer, _on_change: on_intersection, _listener: listener })
    }
}

impl Drop for Sight {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}
