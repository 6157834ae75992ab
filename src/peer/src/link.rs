//! One link to another peer: from when it opens to when it closes.
//!
//! # Model
//!
//! A link has two lanes. On the reliable one everything arrives in order; on the other one each
//! frame arrives at once or never. What a link brings is limited by the second, what waits for it
//! by bytes; what has no room there is lost, which the nodes at both ends put up with anyway.
//!
//! What waits for the link goes in as few frames as it takes, and what is too large for one in
//! parts.

use std::collections::VecDeque;
use std::mem;

use scalesmall_node::{MESSAGE_BYTES_MAX, SimTime};

use crate::frame::{Epoch, Frame, Parcel};
use crate::handshake::Handshake;
use crate::hearsay::{Hearing, Telling};
use crate::limits::{BYTES_A_SECOND_MAX, FRAME_BYTES_MAX, FRAMES_A_SECOND_MAX, QUEUE_BYTES_MAX};
use crate::{BadFrame, Unproven};

/// How a frame travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// In order and without loss, as long as the link is there.
    Reliable,
    /// At once or not at all, in any order. What takes several packets is lost with any of them: it
    /// is for messages of about a kilobyte.
    Unreliable,
}

impl Lane {
    pub(crate) const ALL: [Self; 2] = [Self::Reliable, Self::Unreliable];
}

/// What a link runs over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// Straight, between addresses that both machines have themselves.
    Host,
    /// Straight, through a translation of addresses.
    Reflexive,
    /// Through a TURN server.
    Relay,
    /// WebRTC; the browser does not say more.
    Unknown,
    /// Through the browser that both tabs are of.
    BroadcastChannel,
    /// What a test lets it run over.
    Simulated,
}

/// Why a link was closed from this end.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Why {
    /// The other end has not proven what it has to.
    #[error("{0}")]
    Unproven(#[from] Unproven),
    /// It sent bytes that are no frame.
    #[error("it sent what is no frame: {0}")]
    BadFrame(#[from] BadFrame),
    /// It sent a message that no node understands.
    #[error("it sent a message that is none: {0}")]
    BadMessage(String),
    /// It sends more than it may.
    #[error(
        "it sends more than {BYTES_A_SECOND_MAX} bytes or {FRAMES_A_SECOND_MAX} frames a second"
    )]
    Flood,
    /// It speaks for a node that this peer hosts.
    #[error("it speaks for {0}, which this peer hosts")]
    Impostor(String),
    /// It has said nothing for too long.
    #[error("it has said nothing for too long")]
    Silent,
    /// There is no room for another peer.
    #[error("there is no room for another peer")]
    Full,
    /// It said goodbye.
    #[error("it said goodbye")]
    Bye,
}

/// What befalls a link on purpose, while it does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Nothing passes, either way.
    pub is_cut: bool,
    /// How much later what is sent here leaves, in microseconds.
    pub delay_us: u32,
    /// How many of a thousand frames with messages are lost that are sent here.
    pub loss_per_mille: u16,
}

/// What there is to know about a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkFacts {
    /// What it runs over.
    pub path: Path,
    /// Whether the other end has proven to know the room.
    pub is_proven: bool,
    /// The latest round trip in microseconds.
    pub round_trip_us: Option<u64>,
    /// How many bytes have come and gone.
    pub bytes: [u64; 2],
    /// What befalls it on purpose.
    pub faults: Faults,
}

pub(crate) struct Link {
    path: Path,
    pub(crate) state: State,
    pub(crate) opened_at: SimTime,
    pub(crate) heard_at: SimTime,
    budget: Budget,
    /// What has come of a frame that comes in parts.
    parts: Vec<u8>,
    /// What the next frames will carry, by lane.
    parcels: [Vec<Parcel>; 2],
    /// Frames that wait, and for how long at least.
    queue: VecDeque<(SimTime, Lane, Vec<u8>)>,
    queued_bytes: usize,
    /// Whether the link itself has taken as much as it can for now.
    pub(crate) is_full: bool,
    pub(crate) faults: Faults,
    /// What nodes show, as it was told over this link, there and here.
    pub(crate) telling: Telling,
    pub(crate) hearing: Hearing,
    ping: Option<(u64, SimTime)>,
    round_trip_us: Option<u64>,
    bytes_come: u64,
    bytes_gone: u64,
}

pub(crate) enum State {
    Proving(Handshake),
    Proven,
}

impl Why {
    /// Whether the other end has done what no peer does, so that it is better not called again.
    #[must_use]
    pub fn is_foul(&self) -> bool {
        match self {
            Self::Unproven(unproven) => *unproven != Unproven::TooLate,
            Self::BadFrame(_) | Self::BadMessage(_) | Self::Flood | Self::Impostor(_) => true,
            Self::Silent | Self::Full | Self::Bye => false,
        }
    }
}

impl Link {
    pub(crate) fn new(now: SimTime, path: Path, handshake: Handshake) -> Self {
        let mut link = Self {
            path,
            state: State::Proving(handshake),
            opened_at: now,
            heard_at: now,
            budget: Budget::full(now),
            parts: Vec::new(),
            parcels: [Vec::new(), Vec::new()],
            queue: VecDeque::new(),
            queued_bytes: 0,
            is_full: false,
            faults: Faults::default(),
            telling: Telling::default(),
            hearing: Hearing::default(),
            ping: None,
            round_trip_us: None,
            bytes_come: 0,
            bytes_gone: 0,
        };
        if let State::Proving(handshake) = &link.state {
            let hello = Frame::Hello(handshake.hello());
            link.say(now, &hello);
        }
        link
    }

    pub(crate) fn is_proven(&self) -> bool {
        matches!(self.state, State::Proven)
    }

    pub(crate) fn facts(&self) -> LinkFacts {
        LinkFacts {
            path: self.path,
            is_proven: self.is_proven(),
            round_trip_us: self.round_trip_us,
            bytes: [self.bytes_come, self.bytes_gone],
            faults: self.faults,
        }
    }

    // --- What goes ---

    /// Sends a frame on the reliable lane, in parts if it must.
    pub(crate) fn say(&mut self, now: SimTime, frame: &Frame) {
        self.send(now, Lane::Reliable, frame.to_bytes());
    }

    /// Sends a message with the next frame.
    pub(crate) fn post(&mut self, lane: Lane, parcel: Parcel) {
        self.parcels[lane as usize].push(parcel);
    }

    /// Puts what has been posted into frames. `is_lost` says of each whether it is lost, where some
    /// are to be.
    pub(crate) fn pack(
        &mut self,
        now: SimTime,
        epoch: Epoch,
        mut is_lost: impl FnMut(u16) -> bool,
    ) {
        for lane in Lane::ALL {
            let mut frame: Vec<Parcel> = Vec::new();
            let mut size = 0;
            for parcel in mem::take(&mut self.parcels[lane as usize]) {
                if !frame.is_empty() && size + parcel.len() >= FRAME_BYTES_MAX {
                    self.send_parcels(now, lane, epoch, mem::take(&mut frame), &mut is_lost);
                    size = 0;
                }
                size += parcel.len();
                frame.push(parcel);
            }
            self.send_parcels(now, lane, epoch, frame, &mut is_lost);
        }
    }

    fn send_parcels(
        &mut self,
        now: SimTime,
        lane: Lane,
        epoch: Epoch,
        parcels: Vec<Parcel>,
        is_lost: &mut impl FnMut(u16) -> bool,
    ) {
        let loss = self.faults.loss_per_mille;
        if parcels.is_empty() || (loss > 0 && is_lost(loss)) {
            return;
        }
        self.send(now, lane, Frame::Parcels(epoch, parcels).to_bytes());
    }

    fn send(&mut self, now: SimTime, lane: Lane, bytes: Vec<u8>) {
        if bytes.len() <= FRAME_BYTES_MAX {
            return self.enqueue(now, lane, bytes);
        }
        let mut parts = bytes.chunks(FRAME_BYTES_MAX - 2).peekable();
        while let Some(part) = parts.next() {
            let part = Frame::Part { is_last: parts.peek().is_none(), bytes: part.to_vec() };
            self.enqueue(now, Lane::Reliable, part.to_bytes());
        }
    }

    fn enqueue(&mut self, now: SimTime, lane: Lane, bytes: Vec<u8>) {
        // Parts belong together, and the rest is short.
        let is_optional = bytes.first() == Some(&Frame::PARCELS);
        if is_optional && self.queued_bytes + bytes.len() > QUEUE_BYTES_MAX {
            return;
        }
        self.queued_bytes += bytes.len();
        let due = SimTime::from_us(now.as_us() + u64::from(self.faults.delay_us));
        self.queue.push_back((due, lane, bytes));
    }

    /// The next frame that may leave.
    pub(crate) fn next(&mut self, now: SimTime) -> Option<(Lane, Vec<u8>)> {
        let (due, ..) = self.queue.front()?;
        if *due > now || self.is_full {
            return None;
        }
        let (_, lane, bytes) = self.queue.pop_front()?;
        self.queued_bytes -= bytes.len();
        self.bytes_gone += bytes.len() as u64;
        Some((lane, bytes))
    }

    /// When a frame may leave that waits.
    pub(crate) fn next_due(&self) -> Option<SimTime> {
        self.queue.front().filter(|_| !self.is_full).map(|(due, ..)| *due)
    }

    // --- What comes ---

    /// The frame that these bytes are, or complete.
    pub(crate) fn take(&mut self, now: SimTime, bytes: &[u8]) -> Result<Option<Frame>, Why> {
        self.heard_at = now;
        self.bytes_come += bytes.len() as u64;
        if !self.budget.pay(now, bytes.len()) {
            return Err(Why::Flood);
        }
        let (is_last, part) = match Frame::from_bytes(bytes)? {
            Frame::Part { is_last, bytes } if self.is_proven() => (is_last, bytes),
            frame => return Ok(Some(frame)),
        };
        // A message, and what says for whom it is.
        let most = MESSAGE_BYTES_MAX + FRAME_BYTES_MAX;
        if self.parts.len() + part.len() > most {
            return Err(BadFrame::Size(self.parts.len() + part.len()).into());
        }
        self.parts.extend(part);
        if !is_last {
            return Ok(None);
        }
        Ok(Some(Frame::from_whole(&mem::take(&mut self.parts))?))
    }

    /// Asks whether the other end is there, by a number that it is to repeat.
    pub(crate) fn ping(&mut self, now: SimTime, number: u64) {
        self.ping = Some((number, now));
        self.send(now, Lane::Unreliable, Frame::Ping(number).to_bytes());
    }

    pub(crate) fn hear_pong(&mut self, now: SimTime, number: u64) {
        if let Some((_, at)) = self.ping.take_if(|(asked, _)| *asked == number) {
            self.round_trip_us = Some(now.us_since(at));
        }
    }
}

/// What a link may bring: as much as it has saved up, a second's worth at most (Turner 1986, "New
/// directions in communications", the leaky bucket as a meter).
struct Budget {
    bytes_us: u64,
    frames_us: u64,
    at: SimTime,
}

const SECOND_US: u64 = 1_000_000;

impl Budget {
    fn full(at: SimTime) -> Self {
        Self {
            bytes_us: u64::from(BYTES_A_SECOND_MAX) * SECOND_US,
            frames_us: u64::from(FRAMES_A_SECOND_MAX) * SECOND_US,
            at,
        }
    }

    fn pay(&mut self, now: SimTime, bytes: usize) -> bool {
        let passed_us = now.us_since(self.at).min(SECOND_US);
        let full = Self::full(now);
        let saved = |has: u64, rate: u32, most: u64| (has + passed_us * u64::from(rate)).min(most);
        let has_bytes = saved(self.bytes_us, BYTES_A_SECOND_MAX, full.bytes_us);
        let has_frames = saved(self.frames_us, FRAMES_A_SECOND_MAX, full.frames_us);
        let left =
            (has_bytes.checked_sub(bytes as u64 * SECOND_US), has_frames.checked_sub(SECOND_US));
        let (Some(bytes_us), Some(frames_us)) = left else { return false };
        *self = Self { bytes_us, frames_us, at: now };
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PeerId;
    use scalesmall_crdt::{NodeId, ReplicaId};

    const EPOCH: Epoch = Epoch(std::num::NonZeroU32::MIN);

    fn proven() -> Link {
        let handshake = Handshake::new(PeerId::new(1), 1, PeerId::new(2), Vec::new());
        let mut link = Link::new(SimTime::ZERO, Path::Simulated, handshake);
        link.state = State::Proven;
        link.next(SimTime::ZERO);
        link
    }

    fn parcel(length: usize) -> Parcel {
        let node = |name| NodeId::new(name).unwrap();
        let from = ReplicaId::first(node("a"));
        Parcel { steps_left: 1, from, to: node("b"), message: vec![7; length] }
    }

    fn frames(link: &mut Link) -> Vec<(Lane, Vec<u8>)> {
        std::iter::from_fn(|| link.next(SimTime::ZERO)).collect()
    }

    #[test]
    fn small_messages_share_frames_and_large_ones_go_in_parts() {
        let (mut from, mut to) = (proven(), proven());
        let sizes = [10, 9_000, 9_000, 100_000, 3];
        sizes.into_iter().for_each(|size| from.post(Lane::Unreliable, parcel(size)));
        from.pack(SimTime::ZERO, EPOCH, |_| false);
        let frames = frames(&mut from);
        assert!(frames.iter().all(|(_, bytes)| bytes.len() <= FRAME_BYTES_MAX));
        assert_eq!(frames.iter().filter(|(lane, _)| *lane == Lane::Unreliable).count(), 3);
        let mut came = Vec::new();
        for (_, bytes) in frames {
            if let Some(Frame::Parcels(_, parcels)) = to.take(SimTime::ZERO, &bytes).unwrap() {
                came.extend(parcels.into_iter().map(|parcel| parcel.message.len()));
            }
        }
        assert_eq!(came, sizes);
    }

    #[test]
    fn what_waits_for_a_link_is_bounded() {
        let mut link = proven();
        link.is_full = true;
        for _ in 0..2_000 {
            link.post(Lane::Reliable, parcel(10_000));
            link.pack(SimTime::ZERO, EPOCH, |_| false);
        }
        assert!(link.queued_bytes <= QUEUE_BYTES_MAX);
        assert_eq!((link.next(SimTime::ZERO), link.next_due()), (None, None));
        link.is_full = false;
        assert!(frames(&mut link).len() > 1_000);
        assert_eq!(link.queued_bytes, 0);
    }

    #[test]
    fn a_flood_is_told_from_a_burst() {
        let mut link = proven();
        let ping = Frame::Ping(1).to_bytes();
        let mut come = |at_ms, count: u32| {
            (0..count).all(|_| link.take(SimTime::from_ms(at_ms), &ping).is_ok())
        };
        assert!(come(0, FRAMES_A_SECOND_MAX));
        assert!(come(500, FRAMES_A_SECOND_MAX / 2));
        assert!(!come(500, 2));
        assert!(come(60_000, FRAMES_A_SECOND_MAX), "a second's worth is saved up");
        assert!(!come(60_000, 2));
    }

    #[test]
    fn parts_have_an_end() {
        let mut link = proven();
        let part = Frame::Part { is_last: false, bytes: vec![0; FRAME_BYTES_MAX - 2] }.to_bytes();
        let mut at_ms = 0;
        let why = loop {
            at_ms += 10;
            if let Err(why) = link.take(SimTime::from_ms(at_ms), &part) {
                break why;
            }
        };
        assert!(matches!(why, Why::BadFrame(BadFrame::Size(_))), "{why}");
    }

    #[test]
    fn faults_delay_and_lose() {
        let mut link = proven();
        link.faults = Faults { delay_us: 5_000, loss_per_mille: 500, ..Faults::default() };
        let mut number = 0;
        for _ in 0..10 {
            link.post(Lane::Reliable, parcel(1));
            link.pack(SimTime::ZERO, EPOCH, |_| {
                number += 1;
                number % 2 == 0
            });
        }
        assert_eq!(link.next_due(), Some(SimTime::from_ms(5)));
        assert_eq!(link.next(SimTime::from_ms(4)), None);
        assert_eq!(std::iter::from_fn(|| link.next(SimTime::from_ms(5))).count(), 5);
    }
}
