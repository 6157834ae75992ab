//! What happens to links.

use std::fmt;

use crate::{Lane, Path, PeerId};

/// The most bytes in a message. It is well below what every browser's data channels take.
pub const MESSAGE_BYTES_MAX: usize = 64 << 10;

/// Something that happened to a peer, or to the link to it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LinkEvent {
    /// A peer is in the room. Whether there will be a link to it is another question.
    Found(PeerId),
    /// It is no longer, or there is no getting through to it. It may be found again.
    Gone(PeerId),
    /// There is a link to it.
    Opened {
        /// To whom.
        peer: PeerId,
        /// Over what.
        path: Path,
        /// What both ends know of this connection, and nobody can make the same for two: the
        /// digests of the certificates of both, that of the smaller `PeerId` first. Where there are
        /// none ([`Path::BroadcastChannel`]), the two `PeerId`s in this order, big-endian.
        binding: Vec<u8>,
    },
    /// It has sent a message.
    Received {
        /// From whom.
        peer: PeerId,
        /// By which lane.
        lane: Lane,
        /// The message.
        bytes: Vec<u8>,
    },
    /// So little waits to be sent to it that more can be.
    Drained(PeerId),
    /// There is no longer a link to it. While it is in the room, there will be another.
    Closed {
        /// To whom.
        peer: PeerId,
        /// Why.
        why: Why,
    },
    /// The signalling server is reached, or no longer, or not at the first attempt. Links stay as they
    /// are meanwhile.
    Server {
        /// Whether it is.
        is_reached: bool,
    },
    /// The page was asleep, and is back: much may have happened meanwhile.
    Woken,
}

impl LinkEvent {
    /// The peer that it is about.
    #[must_use]
    pub fn peer(&self) -> Option<PeerId> {
        match *self {
            Self::Found(peer)
            | Self::Gone(peer)
            | Self::Opened { peer, .. }
            | Self::Received { peer, .. }
            | Self::Drained(peer)
            | Self::Closed { peer, .. } => Some(peer),
            Self::Server { .. } | Self::Woken => None,
        }
    }
}

/// Why a link was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Why {
    /// The other one said goodbye.
    Left,
    /// The other one's tab is dead.
    Died,
    /// The connection broke, or the other one has ended it.
    Broke,
    /// There are more links than are needed.
    Spare,
    /// The other one began another connection.
    Replaced,
    /// The other one sent a message of more than [`MESSAGE_BYTES_MAX`], and is shunned.
    TooLong,
    /// The other one sent too many messages before the link was open, and is shunned.
    TooMany,
    /// The other one sent something that is not bytes, and is shunned.
    NotBytes,
    /// This page is put to sleep.
    Asleep,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Left => "it left",
            Self::Died => "its tab is dead",
            Self::Broke => "the connection broke",
            Self::Spare => "there are more links than are needed",
            Self::Replaced => "it began another connection",
            Self::TooLong => "it sent too long a message",
            Self::TooMany => "it sent too many messages before the link was open",
            Self::NotBytes => "it sent something that is not bytes",
            Self::Asleep => "this page is put to sleep",
        })
    }
}
