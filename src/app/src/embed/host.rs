//! The page around, and what is said between it and this one.

use gloo::events::EventListener;
use gloo::timers::callback::Timeout;
use gloo::utils::window;
use js_sys::JSON;
use scalesmall_sim::limits::FILE_BYTES_MAX;
use serde_json::{Value, json};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{MessageEvent, Window};
use yew::Callback;

use super::Request;
use super::request::VERSION;
use crate::components::Status;
use crate::player::State;

/// The least time between two events of one kind that nobody has asked for, in milliseconds.
const PAUSE_MS: f64 = 250.0;
/// The longest message that is read, in characters: one with the longest scenario.
const MESSAGE_CHARS_MAX: u32 = FILE_BYTES_MAX as u32 + 1_000;

/// What the page around has said.
pub(crate) struct Heard {
    /// Who it is.
    origin: String,
    /// What it asks for, or what is wrong with that.
    pub(crate) request: Result<Request, String>,
}

/// An event that happens by itself.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Status,
    Converged,
    Ended,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Status, Self::Converged, Self::Ended];

    fn name(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Converged => "converged",
            Self::Ended => "ended",
        }
    }
}

/// The page around.
pub(crate) struct Host {
    parent: Window,
    /// Where it comes from, once it has said something.
    origin: Option<String>,
    /// How the run stood when that was told, or was about to be.
    status: Option<Status>,
    /// What is still to be told.
    pending: [bool; Kind::ALL.len()],
    told_at_ms: [f64; Kind::ALL.len()],
    on_due: Callback<()>,
    due: Option<Timeout>,
    _listener: EventListener,
}

impl Host {
    /// The page around this one, if there is one. `on_heard` gets what it says, and `on_due` is
    /// called when it is time to [`tell`](Self::tell) what has been held back.
    pub(crate) fn find(on_heard: Callback<Heard>, on_due: Callback<()>) -> Option<Self> {
        let parent = window().parent().ok().flatten()?;
        if parent == window() {
            return None;
        }
        let listener = EventListener::new(&window(), "message", {
            let parent = parent.clone();
            move |event| {
                let event: &MessageEvent = event.unchecked_ref();
                // Whoever has this window can send it messages; only one is listened to.
                let is_from_parent = event
                    .source()
                    .is_some_and(|source| JsValue::from(source) == JsValue::from(parent.clone()));
                if let Some(request) = is_from_parent.then(|| read(&event.data())).flatten() {
                    on_heard.emit(Heard { origin: event.origin(), request });
                }
            }
        });
        Some(Self {
            parent,
            origin: None,
            status: None,
            pending: [false; Kind::ALL.len()],
            told_at_ms: [f64::NEG_INFINITY; Kind::ALL.len()],
            on_due,
            due: None,
            _listener: listener,
        })
    }

    /// Takes note of who it is that has been heard.
    pub(crate) fn meet(&mut self, heard: &Heard) {
        // One without an origin of its own, such as a file, can only be answered as anybody is.
        self.origin = Some(heard.origin.clone()).filter(|origin| origin != "null");
    }

    /// Says that something is wrong.
    pub(crate) fn say_error(&self, message: &str) {
        self.post(&json!({ "scalesmall": VERSION, "event": "error", "message": message }));
    }

    /// Says how the run stands, because that was asked.
    pub(crate) fn say_status(&self, status: &Status) {
        self.post(&event("status", status));
    }

    /// Takes note of how the run stands, and tells what is new of it now, or as soon as it may.
    pub(crate) fn follow(&mut self, now_ms: f64, status: Status) {
        let Some(before) = &self.status else {
            self.post(&event("ready", &status));
            self.status = Some(status);
            return;
        };
        if *before == status {
            return;
        }
        let has_converged = status.has_converged && !before.has_converged;
        let has_ended = status.state == State::Ended && before.state != State::Ended;
        for (kind, is_new) in Kind::ALL.into_iter().zip([true, has_converged, has_ended]) {
            self.pending[kind as usize] |= is_new;
        }
        self.status = Some(status);
        self.tell(now_ms);
    }

    /// Tells what is due of what has not been told.
    pub(crate) fn tell(&mut self, now_ms: f64) {
        let Some(status) = &self.status else { return };
        let mut wait_ms = f64::INFINITY;
        for index in 0..Kind::ALL.len() {
            let due_in_ms = self.told_at_ms[index] + PAUSE_MS - now_ms;
            if self.pending[index] && due_in_ms > 0.0 {
                wait_ms = wait_ms.min(due_in_ms);
            } else if std::mem::take(&mut self.pending[index]) {
                self.post(&event(Kind::ALL[index].name(), status));
                self.told_at_ms[index] = now_ms;
            }
        }
        let on_due = self.on_due.clone();
        self.due = wait_ms
            .is_finite()
            .then(|| Timeout::new(wait_ms.ceil() as u32, move || on_due.emit(())));
    }

    fn post(&self, event: &Value) {
        let origin = self.origin.as_deref().unwrap_or("*");
        // Where it is gone, nobody hears.
        let _ = JSON::parse(&event.to_string())
            .and_then(|event| self.parent.post_message(&event, origin));
    }
}

/// An event with how the run stands: the fields of `<output id="status">`.
fn event(name: &str, status: &Status) -> Value {
    let Status { state, has_converged, distinct, time_us, fingerprint, .. } = status;
    json!({
        "scalesmall": VERSION,
        "event": name,
        "state": state.name(),
        "converged": has_converged,
        "distinct": distinct,
        "time_us": time_us,
        "fingerprint": fingerprint.as_deref(),
    })
}

/// What a message asks for; nothing where it is for somebody else.
fn read(message: &JsValue) -> Option<Result<Request, String>> {
    if !message.is_object() {
        return None;
    }
    // What has no JSON, such as a circle, is not for this page either.
    let text = JSON::stringify(message).ok().filter(|text| text.is_string())?;
    if text.length() > MESSAGE_CHARS_MAX {
        return Some(Err(format!("the message has more than {MESSAGE_CHARS_MAX} characters")));
    }
    let message = serde_json::from_str(&String::from(text));
    message.map_or_else(
        |error| Some(Err(error.to_string())),
        |message| Request::parse(&message).transpose(),
    )
}
