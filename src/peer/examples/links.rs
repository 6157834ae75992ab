//! Links between browsers, for JavaScript: what `www/tests/links.test.mjs` runs.
#![cfg(target_arch = "wasm32")]

use js_sys::{Function, Object, Reflect, Uint8Array};
use scalesmall_peer::web::{self, IceServers, LinkEvent, Signalling};
use scalesmall_peer::{Lane, PeerId};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsError, JsValue};

/// The links of one peer, until `free`.
#[wasm_bindgen]
pub struct Links(web::Links);

#[wasm_bindgen]
impl Links {
    /// Joins a room as the peer of this name; `on_event` is given each event as an object.
    #[wasm_bindgen(constructor)]
    pub fn join(own: &str, room: &str, on_event: Function) -> Result<Links, JsError> {
        let on_event = move |event| {
            // What it throws is the test's.
            let _ = on_event.call1(&JsValue::UNDEFINED, &described(event));
        };
        let (signalling, ice) = (Signalling::Tabs, IceServers::default());
        Ok(Self(web::Links::join(own.parse()?, room, signalling, ice, on_event)?))
    }

    /// Sends a message, by the reliable lane or the other.
    pub fn send(&self, peer: &str, is_reliable: bool, bytes: &[u8]) -> Result<(), JsError> {
        let lane = if is_reliable { Lane::Reliable } else { Lane::Unreliable };
        Ok(self.0.send(peer.parse()?, lane, bytes)?)
    }

    /// How many bytes wait to be sent.
    pub fn buffered_bytes(&self, peer: &str) -> Result<usize, JsError> {
        Ok(self.0.buffered_bytes(peer.parse()?))
    }

    /// Parts from a peer.
    pub fn close(&self, peer: &str) -> Result<(), JsError> {
        self.0.close(peer.parse()?);
        Ok(())
    }

    /// Parts from a peer for good.
    pub fn shun(&self, peer: &str) -> Result<(), JsError> {
        self.0.shun(peer.parse()?);
        Ok(())
    }
}

/// Ticks, until `free`.
#[wasm_bindgen]
pub struct Ticker {
    _ticker: web::Ticker,
}

#[wasm_bindgen]
impl Ticker {
    /// Calls back every so many milliseconds.
    #[wasm_bindgen(constructor)]
    pub fn every(every_ms: u32, on_tick: Function) -> Ticker {
        let on_tick = move || drop(on_tick.call0(&JsValue::UNDEFINED));
        Self { _ticker: web::Ticker::every(every_ms, on_tick) }
    }
}

/// The name of a new peer.
#[wasm_bindgen(js_name = newPeer)]
pub fn new_peer() -> String {
    PeerId::new(web::random_bits()).to_string()
}

/// The time of the page.
#[wasm_bindgen(js_name = nowUs)]
pub fn now_us() -> u64 {
    web::now_us()
}

/// An event as an object.
fn described(event: LinkEvent) -> Object {
    let object = Object::new();
    let set = |name: &str, value: JsValue| {
        Reflect::set(&object, &name.into(), &value).expect("any object can be added to");
    };
    if let Some(peer) = event.peer() {
        set("peer", peer.to_string().into());
    }
    let kind = match event {
        LinkEvent::Found(_) => "found",
        LinkEvent::Gone(_) => "gone",
        LinkEvent::Opened { path, binding, .. } => {
            set("path", format!("{path:?}").into());
            set("binding", Uint8Array::from(binding.as_slice()).into());
            "opened"
        }
        LinkEvent::Received { lane, bytes, .. } => {
            set("isReliable", (lane == Lane::Reliable).into());
            set("bytes", Uint8Array::from(bytes.as_slice()).into());
            "received"
        }
        LinkEvent::Drained(_) => "drained",
        LinkEvent::Closed { why, .. } => {
            set("why", format!("{why:?}").into());
            "closed"
        }
        LinkEvent::Woken => "woken",
        _ => "other",
    };
    set("kind", kind.into());
    object
}
