//! Signalling between tabs of one browser.
//!
//! What is for everybody goes over a `BroadcastChannel` of the room, what is for one peer over one of
//! that peer: dozens of tabs that are linked with each other have thousands of things to say that are
//! nothing to the others, each of whom would have to be woken for each.

use std::rc::Rc;

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

/// The channels on which a peer hears what is said in a room.
pub(super) struct Broadcast {
    own: PeerId,
    room: String,
    everybody: Heard,
    _own: Heard,
}

/// A channel that is listened to.
struct Heard {
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
        let on_input = Rc::new(on_input);
        let hear = |name: &str| {
            let (channel, on_input) = (open(name)?, Rc::clone(&on_input));
            let listener = EventListener::new(&channel, "message", move |event| {
                let Some(Envelope { from, to, signal }) = read(event.unchecked_ref()) else {
                    return;
                };
                if from != own && to.is_none_or(|to| to == own) {
                    on_input(Input::Heard(from, signal));
                }
            });
            Ok(Heard { channel, _listener: listener })
        };
        let room = format!("{NAMESPACE}{room}");
        let (everybody, of_own) = (hear(&room)?, hear(&of(&room, own))?);
        Ok(Self { own, room, everybody, _own: of_own })
    }
}

/// The name of a peer's channel: no room's, since those have no such character.
fn of(room: &str, peer: PeerId) -> String {
    format!("{room}\n{peer}")
}

fn open(name: &str) -> Result<BroadcastChannel, BrowserError> {
    BroadcastChannel::new(name).map_err(BrowserError::at("opening the room's channel"))
}

impl Signaller for Broadcast {
    fn post(&self, to: Option<PeerId>, signal: Signal) -> Result<(), BrowserError> {
        let encoded = Envelope { from: self.own, to, signal }.encode();
        let message = Uint8Array::from(encoded.as_slice());
        let posted = match to {
            None => self.everybody.channel.post_message(&message),
            // One that stays open would hear what others say to that peer.
            Some(peer) => {
                let channel = open(&of(&self.room, peer))?;
                let posted = channel.post_message(&message);
                channel.close();
                posted
            }
        };
        posted.map_err(BrowserError::at("posting to the room's channel"))
    }
}

impl Drop for Heard {
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
