//! Waiting.

use gloo::utils::window;
use js_sys::Promise;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

/// Waits for so many milliseconds.
pub(super) async fn pause(ms: i32) {
    let paused = Promise::new(&mut |resolve, _| {
        // Where there are no timers, there is no pause.
        let set = window().set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, ms);
        if set.is_err() {
            let _ = resolve.call0(&JsValue::UNDEFINED);
        }
    });
    let _ = JsFuture::from(paused).await;
}
