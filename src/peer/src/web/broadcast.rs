//! Signalling between tabs of one browser.

use gloo::events::EventListener;
use js_sys::Uint8Array;
use wasm_bindgen::JsCast;
use web_sys::{BroadcastChannel, MessageEvent};

use super::BrowserError;
use super::signalling::Signaller;
use crate::PeerId;
use crate::signalling::meeting::Input;
use crate::signalling::signal::{Envelope, SIGNAL_BYTES_MAX, Signal};

/// Before the room's name in the name of its channel.
const NAMESPACE: &str = "scalesmall/room/";

/// A room's `BroadcastChannel`.
pub(super) struct Broadcast {
    own: PeerId,
    channel: BroadcastChannel,
    _listener: EventListener,
}

impl Broadcast {
    /// See [`Signalling::start`](super::Signalling::start).
    pub(super) fn open(
        own: PeerId,
        room: &str,
        on_input: impl Fn(Input) + 'static,
    ) -> Result<Self, BrowserError> {
        let channel = BroadcastChannel::new(&format!("{NAMESPACE}{room}"))
            .map_err(BrowserError::at("opening the room's channel"))?;
        let listener = EventListener::new(&channel, "message", move |event| {
            let Some(Envelope { from, to, signal }) = read(event.unchecked_ref()) else { return };
            if from != own && to.is_none_or(|to| to == own) {
                on_input(Input::Heard(from, signal));
            }
        });
        Ok(Self { own, channel, _listener: listener })
    }
}

impl Signaller for Broadcast {
    fn post(&self, to: Option<PeerId>, signal: Signal) -> Result<(), BrowserError> {
        let encoded = Envelope { from: self.own, to, signal }.encode();
        self.channel
            .post_message(&Uint8Array::from(encoded.as_slice()))
            .map_err(BrowserError::at("posting to the room's channel"))
    }
}

impl Drop for Broadcast {
    fn drop(&mut self) {
        self.channel.close();
    }
}

/// Anything can be on the channel that a page of this host puts there.
fn read(event: &MessageEvent) -> Option<Envelope> {
    let bytes = event.data().dyn_into::<Uint8Array>().ok()?;
    let is_short = bytes.length() as usize <= SIGNAL_BYTES_MAX;
    is_short.then(|| Envelope::decode(&bytes.to_vec())).flatten()
}
