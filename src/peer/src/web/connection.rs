//! One WebRTC connection with its data channels.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use gloo::events::EventListener;
use js_sys::{Array, ArrayBuffer, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{
    MessageEvent, RtcConfiguration, RtcDataChannel, RtcDataChannelInit, RtcDataChannelState,
    RtcDataChannelType, RtcIceCandidateInit, RtcIceGatheringState, RtcIceServer, RtcPeerConnection,
    RtcPeerConnectionIceEvent, RtcPeerConnectionState, RtcSdpType, RtcSessionDescriptionInit,
};

use super::path::path_of;
use super::pause::pause;
use super::{
    BUFFERED_BYTES_MAX, BrowserError, Happening, IceServers, Lane, MESSAGE_BYTES_MAX,
    NoIntroduction, SendError, Why,
};
use crate::PeerId;
use crate::signalling::description::fingerprint;
use crate::signalling::{BUFFERED_BYTES_LOW, CANDIDATES_MAX, EARLY_MAX};

/// How often to look whether all addresses of this machine are known, and after how long.
const GATHERING_LOOKS_MAX: usize = 100;
const GATHERING_PAUSE_MS: i32 = 50;

/// A connection, from the first attempt until this is dropped.
pub(super) struct Connection {
    inner: Rc<Inner>,
    candidates_left: u32,
    listeners: Vec<EventListener>,
}

struct Inner {
    rtc: RtcPeerConnection,
    /// As [`Lane::ALL`].
    channels: [RtcDataChannel; 2],
    on_happening: Box<dyn Fn(Happening)>,
    /// Whether both channels have been seen to be open.
    is_open: Cell<bool>,
    /// What has come before that was told.
    early: RefCell<Option<Early>>,
}

/// Messages, and by which lanes they came.
type Early = Vec<(Lane, Vec<u8>)>;

impl Connection {
    /// Begins a connection, with the help of `ice`, to be offered where there is no `offer`, or as an
    /// answer to one.
    /// `on_happening` is not called before this has returned.
    ///
    /// # Errors
    ///
    /// What the browser says, which has only so many connections.
    pub(super) fn begin(
        ice: &IceServers,
        offer: Option<String>,
        on_happening: impl Fn(Happening) + 'static,
    ) -> Result<Self, BrowserError> {
        let rtc = RtcPeerConnection::new_with_configuration(&configuration(ice))
            .map_err(BrowserError::at("making a connection"))?;
        let channels = Lane::ALL.map(|lane| data_channel(&rtc, lane));
        let inner = Rc::new(Inner {
            rtc,
            channels,
            on_happening: Box::new(on_happening),
            is_open: Cell::new(false),
            early: RefCell::new(Some(Vec::new())),
        });
        let mut listeners = listen_to_connection(&inner);
        for lane in Lane::ALL {
            listeners.extend(listen_to_channel(&inner, lane));
        }
        let this = Rc::downgrade(&inner);
        let rtc = inner.rtc.clone();
        spawn_local(async move {
            let described = describe(&rtc, offer).await;
            report(&this, described.map_or(Happening::Ended(Why::Broke), Happening::Described));
        });
        Ok(Self { inner, candidates_left: CANDIDATES_MAX, listeners })
    }

    /// The description of this end with all by which it may be reached.
    pub(super) fn description(
        &self,
    ) -> impl Future<Output = Result<String, NoIntroduction>> + use<> {
        let rtc = self.inner.rtc.clone();
        async move {
            for _ in 0..GATHERING_LOOKS_MAX {
                if rtc.ice_gathering_state() == RtcIceGatheringState::Complete {
                    break;
                }
                pause(GATHERING_PAUSE_MS).await;
            }
            let description = rtc.local_description().ok_or(NoIntroduction::Refused)?.sdp();
            let has_address = description.lines().any(|line| line.starts_with("a=candidate:"));
            if has_address { Ok(description) } else { Err(NoIntroduction::Unreachable) }
        }
    }

    /// Takes the other one's answer to what was offered.
    pub(super) fn accept(&self, answer: String) {
        let this = Rc::downgrade(&self.inner);
        let rtc = self.inner.rtc.clone();
        spawn_local(async move {
            if set_remote(&rtc, RtcSdpType::Answer, &answer).await.is_err() {
                report(&this, Happening::Ended(Why::Broke));
            }
        });
    }

    /// Takes note of where the other one may be reached. The browser keeps the order of such calls,
    /// so that this may be called before it is done with the description.
    pub(super) fn add_candidate(&mut self, candidate: &str) {
        let Some(left) = self.candidates_left.checked_sub(1) else { return };
        self.candidates_left = left;
        let init = RtcIceCandidateInit::new(candidate);
        // The data channels are all in one section.
        init.set_sdp_m_line_index(Some(0));
        let added = self.inner.rtc.add_ice_candidate_with_opt_rtc_ice_candidate_init(Some(&init));
        // One that is of no use is no loss: there are others, or the attempt fails.
        spawn_local(async { drop(JsFuture::from(added).await) });
    }

    /// # Errors
    ///
    /// Too much is waiting, or the browser refuses.
    pub(super) fn send(&self, peer: PeerId, lane: Lane, bytes: &[u8]) -> Result<(), SendError> {
        let channel = self.inner.channel(lane);
        let buffered_bytes = channel.buffered_amount() as usize;
        if buffered_bytes + bytes.len() > BUFFERED_BYTES_MAX {
            return Err(SendError::Full { peer, buffered_bytes });
        }
        let sent = channel.send_with_u8_array(bytes);
        Ok(sent.map_err(BrowserError::at("sending a message"))?)
    }

    /// How many bytes wait to be sent.
    pub(super) fn buffered_bytes(&self) -> usize {
        self.inner.channels.iter().map(|channel| channel.buffered_amount() as usize).sum()
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // Nobody is told of what follows from this.
        self.listeners.clear();
        self.inner.rtc.close();
    }
}

impl Inner {
    fn channel(&self, lane: Lane) -> &RtcDataChannel {
        &self.channels[lane as usize]
    }

    /// Says that messages can be sent, once they can be by both lanes.
    fn open(self: &Rc<Self>) {
        let is_open = |channel: &RtcDataChannel| channel.ready_state() == RtcDataChannelState::Open;
        if !self.channels.iter().all(is_open) || self.is_open.replace(true) {
            return;
        }
        let this = Rc::downgrade(self);
        let rtc = self.rtc.clone();
        spawn_local(async move {
            let path = path_of(&rtc).await;
            let Some(this) = this.upgrade() else { return };
            let descriptions = [rtc.local_description(), rtc.remote_description()];
            let [Some(own), Some(other)] =
                descriptions.map(|description| fingerprint(&description?.sdp()))
            else {
                return (this.on_happening)(Happening::Ended(Why::Broke));
            };
            (this.on_happening)(Happening::Opened { path, fingerprints: [own, other] });
            for (lane, bytes) in this.early.take().into_iter().flatten() {
                (this.on_happening)(Happening::Received(lane, bytes));
            }
        });
    }

    fn receive(&self, lane: Lane, data: JsValue) {
        let Ok(buffer) = data.dyn_into::<ArrayBuffer>() else {
            return (self.on_happening)(Happening::Ended(Why::NotBytes));
        };
        if buffer.byte_length() as usize > MESSAGE_BYTES_MAX {
            return (self.on_happening)(Happening::Ended(Why::TooLong));
        }
        let bytes = Uint8Array::new(&buffer).to_vec();
        let happening = match &mut *self.early.borrow_mut() {
            None => Happening::Received(lane, bytes),
            Some(early) if early.len() == EARLY_MAX => Happening::Ended(Why::TooMany),
            Some(early) => return early.push((lane, bytes)),
        };
        (self.on_happening)(happening);
    }
}

fn configuration(ice: &IceServers) -> RtcConfiguration {
    let configuration = RtcConfiguration::new();
    if !ice.urls().is_empty() {
        let server = RtcIceServer::new();
        server.set_urls(&ice.urls().iter().map(JsValue::from).collect::<Array>());
        if let Some([user, password]) = ice.account() {
            server.set_username(user);
            server.set_credential(password);
        }
        configuration.set_ice_servers(&Array::of1(&server));
    }
    configuration
}

/// One of the two data channels, under a number that both ends know.
fn data_channel(rtc: &RtcPeerConnection, lane: Lane) -> RtcDataChannel {
    let init = RtcDataChannelInit::new();
    init.set_negotiated(true);
    init.set_id(lane as u16);
    if lane == Lane::Unreliable {
        init.set_ordered(false);
        init.set_max_retransmits(0);
    }
    let channel = rtc.create_data_channel_with_data_channel_dict("", &init);
    channel.set_binary_type(RtcDataChannelType::Arraybuffer);
    channel.set_buffered_amount_low_threshold(BUFFERED_BYTES_LOW as u32);
    channel
}

fn listen_to_connection(inner: &Rc<Inner>) -> Vec<EventListener> {
    let rtc = &inner.rtc;
    let (this, other) = (Rc::downgrade(inner), Rc::downgrade(inner));
    let has_candidate = Cell::new(false);
    vec![
        EventListener::new(rtc, "icecandidate", move |event| {
            let event: &RtcPeerConnectionIceEvent = event.unchecked_ref();
            // An empty one, or none, says that there are no more.
            let candidate = event.candidate().map(|candidate| candidate.candidate());
            match candidate.filter(|candidate| !candidate.is_empty()) {
                Some(candidate) => {
                    has_candidate.set(true);
                    report(&this, Happening::Candidate(candidate));
                }
                None if !has_candidate.get() => report(&this, Happening::Unreachable),
                None => {}
            }
        }),
        EventListener::new(rtc, "connectionstatechange", move |_| {
            let Some(inner) = other.upgrade() else { return };
            if inner.rtc.connection_state() == RtcPeerConnectionState::Failed {
                (inner.on_happening)(if inner.is_open.get() {
                    Happening::Ended(Why::Broke)
                } else {
                    Happening::Unreachable
                });
            }
        }),
    ]
}

fn listen_to_channel(inner: &Rc<Inner>, lane: Lane) -> [EventListener; 4] {
    let channel = inner.channel(lane);
    let this = || Rc::downgrade(inner);
    let (on_open, on_message, on_drained, on_close) = (this(), this(), this(), this());
    [
        EventListener::new(channel, "open", move |_| {
            if let Some(inner) = on_open.upgrade() {
                inner.open();
            }
        }),
        EventListener::new(channel, "message", move |event| {
            if let Some(inner) = on_message.upgrade() {
                inner.receive(lane, event.unchecked_ref::<MessageEvent>().data());
            }
        }),
        EventListener::new(channel, "bufferedamountlow", move |_| {
            report(&on_drained, Happening::Drained);
        }),
        EventListener::new(channel, "close", move |_| {
            report(&on_close, Happening::Ended(Why::Broke));
        }),
    ]
}

fn report(inner: &Weak<Inner>, happening: Happening) {
    if let Some(inner) = inner.upgrade() {
        (inner.on_happening)(happening);
    }
}

/// Describes this end, as an offer or as an answer to one.
async fn describe(rtc: &RtcPeerConnection, offer: Option<String>) -> Result<String, JsValue> {
    let made = match offer {
        None => rtc.create_offer(),
        Some(offer) => {
            set_remote(rtc, RtcSdpType::Offer, &offer).await?;
            rtc.create_answer()
        }
    };
    let description: RtcSessionDescriptionInit = JsFuture::from(made).await?.unchecked_into();
    JsFuture::from(rtc.set_local_description(&description)).await?;
    Ok(description.get_sdp().unwrap_or_default())
}

async fn set_remote(
    rtc: &RtcPeerConnection,
    kind: RtcSdpType,
    description: &str,
) -> Result<(), JsValue> {
    let init = RtcSessionDescriptionInit::new(kind);
    init.set_sdp(description);
    JsFuture::from(rtc.set_remote_description(&init)).await.map(drop)
}
