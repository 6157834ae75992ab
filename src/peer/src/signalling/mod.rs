//! How peers of a room come to have links: a state machine without I/O, whoever makes the connections
//! and carries the signals.
//!
//! # Problem
//!
//! Peers on one or on several machines come and go, are loaded anew, sleep and crash. Signals between
//! them are lost, come twice, or come from whoever likes to send them; connections fail. Of all that,
//! links are to come: each peer with all others of a few, or with some of many.
//!
//! # Model
//!
//! A `Meeting` takes note of what happens and says what is to be done about it.
//! A peer says that it is there; those who are there answer, and all repeat it from time to time. Of
//! two who want a link the one with the smaller [`PeerId`](crate::PeerId) offers a WebRTC connection,
//! with a data channel for each [`Lane`](crate::Lane). Up to a dozen peers are all linked with each
//! other; of more, each is with four that it has chosen at random, and with those that have chosen it
//! (`neighbours`). An attempt that has not succeeded within seconds is repeated with growing pauses
//! while the other one is there.
//!
//! Signals (`signal`) go over what the peers have in common: a `BroadcastChannel` of their browser, or
//! a signalling server, which passes on what one of its clients has for another (`directory`). A
//! server learns the name of the room and who calls whom from where, and nothing that is said in it:
//! the proof of the room's secret is over the certificates of the connection itself. Links stay when
//! the server goes.
//!
//! # Invariants
//!
//! - `Found` … `Gone` brackets all that concerns a peer, `Opened` … `Closed` within it all that
//!   concerns a link, messages included. What the caller ends itself ends without an event.
//! - There is at most one connection to a peer, of one numbered attempt; what is said of another is
//!   ignored.
//! - Anything that is not a signal of ours, or is longer than one can be, is ignored; attempts, peers,
//!   clients of a server and candidates are bounded.
//!
//! What this layer says of a peer is what that one claims: whether it may be there is proved above,
//! over the `binding` of the link.

pub(crate) mod description;
pub(crate) mod directory;
mod event;
mod ice;
mod linking;
pub(crate) mod meeting;
mod neighbours;
pub(crate) mod remote;
mod server_address;
pub(crate) mod signal;

pub use event::{LinkEvent, MESSAGE_BYTES_MAX, Why};
#[cfg(feature = "native")]
pub(crate) use ice::endpoint;
pub use ice::{ICE_SERVERS_MAX, IceServers, NoIceServer};
pub(crate) use linking::Happening;
pub use remote::PEERS_MAX;
pub use server_address::{NoServer, ServerAddress};

/// The most bytes that wait to be sent over one lane of one link.
pub const BUFFERED_BYTES_MAX: usize = 4 << 20;
/// Where fewer wait, it is time for more.
pub(crate) const BUFFERED_BYTES_LOW: usize = 64 << 10;
/// The most messages that may come while a link is being opened: who sends them has it open.
pub(crate) const EARLY_MAX: usize = 256;
/// The most candidates that are taken from the other one.
pub(crate) const CANDIDATES_MAX: u32 = 64;
