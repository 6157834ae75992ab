//! One WebRTC connection with its data channels.

use std::collections::VecDeque;
use std::mem;
use std::net::SocketAddr;
use std::time::Instant;

use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::channel::{ChannelConfig, ChannelData, ChannelId, Reliability};
use str0m::net::{Protocol, Receive};
use str0m::{Candidate, Event, IceConnectionState, Input, Output, Rtc, RtcError};

use super::path::Ends;
use super::sockets::Sockets;
use super::{BUFFERED_BYTES_MAX, MESSAGE_BYTES_MAX, SendError, Why};
use crate::signalling::description::fingerprint;
use crate::signalling::{BUFFERED_BYTES_LOW, CANDIDATES_MAX, EARLY_MAX, Happening};
use crate::{Lane, PeerId};

/// The most that is taken out of a connection that is being ended: its last words.
const LAST_OUTPUTS_MAX: usize = 64;
/// By what a datagram of DTLS begins: RFC 7983, section 7. Only the two ends that were selected
/// carry any.
const DTLS: std::ops::RangeInclusive<u8> = 20..=63;

/// A connection, from the first attempt until this is dropped.
pub(super) struct Connection {
    rtc: Rtc,
    /// As [`Lane::ALL`].
    channels: [ChannelId; 2],
    are_open: [bool; 2],
    /// What was offered, until it is answered.
    offered: Option<SdpPendingOffer>,
    /// How this end and the other have described themselves.
    descriptions: [String; 2],
    ends: Ends,
    candidates_left: u32,
    /// The two ends that were selected, this one's first.
    selected: Option<[SocketAddr; 2]>,
    /// What has come before both channels were open.
    early: Option<Vec<(Lane, Vec<u8>)>>,
    happenings: VecDeque<Happening>,
    due: Instant,
    is_ended: bool,
}

impl Connection {
    /// Begins a connection from these addresses, to be offered where there is no `offer`, or as an
    /// answer to one.
    ///
    /// # Errors
    ///
    /// The offer is not of a connection that can be had.
    pub(super) fn begin(
        now: Instant,
        addresses: impl Iterator<Item = SocketAddr>,
        offer: Option<String>,
    ) -> Result<Self, RtcError> {
        let mut rtc = Rtc::builder()
            .clear_codecs()
            .set_sctp_max_buffered_amount(2 * BUFFERED_BYTES_MAX)
            .build(now);
        for address in addresses {
            rtc.add_local_candidate(Candidate::host(address, "udp")?);
        }
        let (mut answer, mut other) = (None, String::new());
        if let Some(offer) = offer {
            let parsed = SdpOffer::from_sdp_string(&offer)?;
            answer = Some(rtc.sdp_api().accept_offer(parsed)?);
            other = offer;
        }
        let mut changes = rtc.sdp_api();
        let channels = Lane::ALL.map(|lane| changes.add_channel_with_config(config(lane)));
        let (own, offered) = match (answer, changes.apply()) {
            // The channels need no word of the other end, which has the same.
            (Some(answer), _) => (answer.to_sdp_string(), None),
            (None, Some((offer, pending))) => (offer.to_sdp_string(), Some(pending)),
            (None, None) => return Err(RtcError::RemoteSdp("there is nothing to offer".into())),
        };
        let mut connection = Self {
            rtc,
            channels,
            are_open: [false; 2],
            offered,
            descriptions: [own.clone(), String::new()],
            ends: Ends::default(),
            candidates_left: CANDIDATES_MAX,
            selected: None,
            early: Some(Vec::new()),
            happenings: VecDeque::from([Happening::Described(own)]),
            due: now,
            is_ended: false,
        };
        connection.note(other);
        Ok(connection)
    }

    /// Takes note of how the other end describes itself.
    fn note(&mut self, description: String) {
        let lines = description.lines().filter_map(|line| line.strip_prefix("a=candidate:"));
        lines.take(CANDIDATES_MAX as usize).for_each(|line| self.ends.add(line));
        self.descriptions[1] = description;
    }

    /// Takes the other one's answer to what was offered.
    pub(super) fn accept(&mut self, now: Instant, answer: String) {
        let Some(offered) = self.offered.take() else { return };
        let accepted = SdpAnswer::from_sdp_string(&answer)
            .map_err(RtcError::from)
            .and_then(|answer| self.rtc.sdp_api().accept_answer(offered, answer));
        self.note(answer);
        self.check(accepted);
        self.wake(now);
    }

    /// Takes note of where the other one may be reached.
    pub(super) fn add_candidate(&mut self, now: Instant, candidate: &str) {
        let Some(left) = self.candidates_left.checked_sub(1) else { return };
        self.candidates_left = left;
        self.ends.add(candidate);
        // One that is of no use is no loss, as the names by which browsers hide addresses: they call
        // from there themselves.
        if let Ok(candidate) = Candidate::from_sdp_string(candidate) {
            self.rtc.add_remote_candidate(candidate);
            self.wake(now);
        }
    }

    /// Takes note of an address at which this end is seen by others, and tells the other end.
    pub(super) fn add_seen(&mut self, seen: SocketAddr, own: SocketAddr) {
        let Ok(candidate) = Candidate::server_reflexive(seen, own, "udp") else { return };
        if let Some(candidate) = self.rtc.add_local_candidate(candidate) {
            let candidate = Happening::Candidate(candidate.to_sdp_string());
            self.happenings.push_back(candidate);
        }
    }

    /// Takes a datagram, if it is for this connection.
    pub(super) fn take(
        &mut self,
        now: Instant,
        own: SocketAddr,
        from: SocketAddr,
        bytes: &[u8],
    ) -> bool {
        let Ok(datagram) = Receive::new(Protocol::Udp, from, own, bytes) else { return false };
        let input = Input::Receive(now, datagram);
        let is_meant = !self.is_ended && self.rtc.accepts(&input);
        if is_meant {
            let taken = self.rtc.handle_input(input);
            self.check(taken);
        }
        is_meant
    }

    /// When it wants to be woken.
    pub(super) fn due(&self) -> Instant {
        self.due
    }

    pub(super) fn wake(&mut self, now: Instant) {
        let woken = self.rtc.handle_input(Input::Timeout(now));
        self.check(woken);
    }

    /// # Errors
    ///
    /// The link is not open, or too much is waiting.
    pub(super) fn send(&mut self, peer: PeerId, lane: Lane, bytes: &[u8]) -> Result<(), SendError> {
        let channel = self.rtc.channel(self.channels[lane as usize]);
        let mut channel = channel.filter(|_| !self.is_ended).ok_or(SendError::NoLink(peer))?;
        let buffered_bytes = channel.buffered_amount();
        let is_full = buffered_bytes + bytes.len() > BUFFERED_BYTES_MAX;
        match if is_full { Ok(false) } else { channel.write(true, bytes) } {
            Ok(true) => Ok(()),
            Ok(false) => Err(SendError::Full { peer, buffered_bytes }),
            Err(error) => {
                self.check(Err(error));
                Err(SendError::NoLink(peer))
            }
        }
    }

    /// How many bytes wait to be sent.
    pub(super) fn buffered_bytes(&mut self) -> usize {
        let channels = self.channels;
        let waiting =
            channels.map(|id| self.rtc.channel(id).map_or(0, |mut it| it.buffered_amount()));
        waiting.iter().sum()
    }

    /// Sends what is to be sent, and returns what has happened.
    pub(super) fn poll(&mut self, sockets: &Sockets) -> VecDeque<Happening> {
        while !self.is_ended {
            match self.rtc.poll_output() {
                Ok(Output::Timeout(due)) => {
                    self.due = due;
                    break;
                }
                Ok(Output::Transmit(datagram)) => {
                    let (own, other) = (datagram.source, datagram.destination);
                    if datagram.contents.first().is_some_and(|byte| DTLS.contains(byte)) {
                        self.selected = Some([own, other]);
                    }
                    sockets.send(own, other, &datagram.contents);
                }
                Ok(Output::Event(event)) => self.follow(event),
                Err(error) => self.check(Err(error)),
            }
        }
        mem::take(&mut self.happenings)
    }

    /// Ends it, and tells the other end so.
    pub(super) fn end(mut self, sockets: &Sockets) {
        if self.rtc.close().is_err() {
            return;
        }
        for _ in 0..LAST_OUTPUTS_MAX {
            match self.rtc.poll_output() {
                Ok(Output::Transmit(datagram)) => {
                    sockets.send(datagram.source, datagram.destination, &datagram.contents);
                }
                Ok(Output::Event(_)) => {}
                Ok(Output::Timeout(_)) | Err(_) => return,
            }
        }
    }

    fn follow(&mut self, event: Event) {
        match event {
            Event::ChannelOpen(id, _) => {
                if let Some(lane) = self.lane(id) {
                    if let Some(mut channel) = self.rtc.channel(id) {
                        channel.set_buffered_amount_low_threshold(BUFFERED_BYTES_LOW);
                    }
                    self.are_open[lane as usize] = true;
                    self.open();
                }
            }
            Event::ChannelData(data) => self.receive(data),
            Event::ChannelBufferedAmountLow(_) => self.happenings.push_back(Happening::Drained),
            Event::ChannelClose(_) | Event::Closed => self.fail(Happening::Ended(Why::Broke)),
            // While it is open it may come back; silence tells when it does not.
            Event::IceConnectionStateChange(IceConnectionState::Disconnected)
                if self.early.is_some() =>
            {
                self.fail(Happening::Unreachable);
            }
            _ => {}
        }
    }

    fn lane(&self, id: ChannelId) -> Option<Lane> {
        Lane::ALL.into_iter().find(|&lane| self.channels[lane as usize] == id)
    }

    /// Says that messages can be sent, once they can be by both lanes.
    fn open(&mut self) {
        if self.are_open != [true; 2] {
            return;
        }
        let Some(early) = self.early.take() else { return };
        let fingerprints = [0, 1].map(|end: usize| fingerprint(&self.descriptions[end]));
        let ([Some(own), Some(other)], Some([here, there])) = (fingerprints, self.selected) else {
            return self.fail(Happening::Ended(Why::Broke));
        };
        let path = self.ends.path(here, there);
        self.happenings.push_back(Happening::Opened { path, fingerprints: [own, other] });
        let early = early.into_iter().map(|(lane, bytes)| Happening::Received(lane, bytes));
        self.happenings.extend(early);
    }

    fn receive(&mut self, ChannelData { id, binary, data }: ChannelData) {
        let Some(lane) = self.lane(id) else { return };
        let happening = match &mut self.early {
            _ if !binary => Happening::Ended(Why::NotBytes),
            _ if data.len() > MESSAGE_BYTES_MAX => Happening::Ended(Why::TooLong),
            None => Happening::Received(lane, data),
            Some(early) if early.len() == EARLY_MAX => Happening::Ended(Why::TooMany),
            Some(early) => return early.push((lane, data)),
        };
        self.happenings.push_back(happening);
    }

    /// A connection in which something is wrong has ended.
    fn check(&mut self, result: Result<(), RtcError>) {
        if result.is_err() {
            self.fail(Happening::Ended(Why::Broke));
        }
    }

    fn fail(&mut self, happening: Happening) {
        if !mem::replace(&mut self.is_ended, true) {
            self.happenings.push_back(happening);
        }
    }
}

/// One of the two data channels, under a number that both ends know.
fn config(lane: Lane) -> ChannelConfig {
    let (ordered, reliability) = match lane {
        Lane::Reliable => (true, Reliability::Reliable),
        Lane::Unreliable => (false, Reliability::MaxRetransmits { retransmits: 0 }),
    };
    let negotiated = Some(lane as u16);
    ChannelConfig { ordered, reliability, negotiated, ..ChannelConfig::default() }
}

#[cfg(test)]
mod tests;
