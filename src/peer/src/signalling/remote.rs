//! Another peer of the room, and how the link to it stands.

use scalesmall_node::SimTime;

use crate::PeerId;

/// The most other peers of a room that are known. More are not answered.
pub const PEERS_MAX: usize = 64;
/// How many attempts in a row may fail until a peer is taken for gone.
pub(super) const FAILURES_MAX: u32 = 6;
/// The pause after an attempt; twice as long after each that has failed, up to the longest.
const PAUSE_MS: u32 = 1_000;
const PAUSE_MS_MAX: u32 = 30_000;

/// Another peer of the room.
pub(super) struct Remote {
    pub(super) peer: PeerId,
    pub(super) link: Link,
    /// Whether signals reach it. Who was introduced by hand has the one link.
    pub(super) is_heard: bool,
    /// Whether there is to be one.
    pub(super) is_neighbour: bool,
    /// Whether one was ended because it is not needed.
    pub(super) was_spare: bool,
    /// Whether the other one has asked for one again after that: it sees other neighbours.
    pub(super) has_insisted: bool,
    /// The attempts that have failed since there was a link.
    pub(super) failures: u32,
    /// When something is to be done about the link.
    pub(super) due: Option<SimTime>,
}

impl Remote {
    pub(super) fn new(peer: PeerId) -> Self {
        Self {
            peer,
            link: Link::Apart,
            is_heard: true,
            is_neighbour: false,
            was_spare: false,
            has_insisted: false,
            failures: 0,
            due: None,
        }
    }

    /// How long to wait until the next attempt.
    pub(super) fn pause_ms(&self) -> u32 {
        (PAUSE_MS << self.failures.min(FAILURES_MAX)).min(PAUSE_MS_MAX)
    }
}

/// How a link stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// There is none; with a time that is due, there will be an attempt.
    Apart,
    /// A connection is attempted, until the time that is due.
    Opening(Attempt),
    /// There is one.
    Open(Attempt),
    /// The other one was asked to talk by signals, and has until the time that is due to answer.
    Proposed { attempt: u32 },
    /// Messages go by signals.
    Channel { attempt: u32 },
}

impl Link {
    /// Whether messages can be sent.
    pub(super) fn is_open(self) -> bool {
        matches!(self, Self::Open(_) | Self::Channel { .. })
    }

    /// The connection of so numbered an attempt.
    pub(super) fn attempt(&mut self, number: u32) -> Option<&mut Attempt> {
        match self {
            Self::Opening(attempt) | Self::Open(attempt) if attempt.number == number => {
                Some(attempt)
            }
            _ => None,
        }
    }
}

/// A connection, by the offer that it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Attempt {
    pub(super) number: u32,
    /// Whether the other one takes part in it.
    pub(super) is_answered: bool,
    /// Whether people carry its offer and its answer.
    pub(super) is_by_hand: bool,
}
