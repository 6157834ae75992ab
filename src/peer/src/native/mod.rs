//! Links between processes, and between them and browsers.
//!
//! # Problem
//!
//! A member of a room that is always there, or that runs where nobody looks, is a process without a
//! browser. It is to have the very links that pages have, with them and with others of its kind.
//!
//! # Model
//!
//! What is to be done about links is for [`signalling`](crate::signalling) to say; here it is done, by
//! `str0m`, which is WebRTC as a state machine without I/O, over a UDP socket for each address by which
//! this machine calls others. All I/O is in [`Links::next`], which the caller waits for: there is one
//! task for links and connections, and one that calls the signalling server.
//!
//! The other end is told all addresses of this machine with the description of a connection, and later
//! those that STUN servers see, if any are named. A relay (TURN) is not used from here: it is enough that
//! the other end has one.
//!
//! # Invariants
//!
//! - Nothing happens but in [`Links::next`]: what the caller does is done at once, and told there.
//! - What waits to be sent is bounded ([`BUFFERED_BYTES_MAX`]), as is what a connection may bring before
//!   it is open, and what waits for the server or has come from it.

mod clock;
mod connection;
mod error;
mod links;
mod path;
mod reflexive;
mod server;
mod sockets;

pub use crate::signalling::{
    BUFFERED_BYTES_MAX, IceServers, LinkEvent, MESSAGE_BYTES_MAX, NoIceServer, NoServer, PEERS_MAX,
    ServerAddress, Why,
};
pub use clock::{now_us, random_bits};
pub use error::{JoinError, SendError};
pub use links::Links;
