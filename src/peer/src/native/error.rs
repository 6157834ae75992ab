//! What can go wrong at once.

use std::io;

use super::MESSAGE_BYTES_MAX;
use crate::PeerId;

/// Why there are no links.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JoinError {
    /// There is no socket to be had.
    #[error("no UDP socket can be had at {address}: {error}")]
    Socket {
        /// The address of this machine.
        address: std::net::IpAddr,
        /// What the system says.
        error: io::Error,
    },
    /// A STUN server cannot be found.
    #[error("{url}: {reason}")]
    Stun {
        /// Its address.
        url: String,
        /// What the system says.
        reason: String,
    },
    /// A relay was named.
    #[error(
        "{url}: relays are not used from here; it is enough that the other end uses one, so name it there"
    )]
    Relay {
        /// Its address.
        url: String,
    },
}

/// Why a message was not sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// There is no open link to this peer.
    #[error("there is no link to {0}")]
    NoLink(PeerId),
    /// It is longer than [`MESSAGE_BYTES_MAX`].
    #[error("a message has at most {MESSAGE_BYTES_MAX} bytes, this one {bytes}")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// Too much is waiting to be sent over this link; [`Drained`](super::LinkEvent::Drained) says
    /// when to go on.
    #[error("{buffered_bytes} bytes wait to be sent to {peer} already")]
    Full {
        /// Who it is for.
        peer: PeerId,
        /// How much is waiting.
        buffered_bytes: usize,
    },
}
