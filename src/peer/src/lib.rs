//! scalesmall nodes over real links: a room of peers, each with some nodes.
//!
//! # Problem
//!
//! The very nodes that run in the simulator are to run in tabs and processes that come and go, that
//! reach each other by links which break, and that anybody on the network can call. Nobody is in
//! charge of a room, or there when it begins.
//!
//! # Model
//!
//! A [`Peer`] hosts nodes and has links to other peers. It is a state machine without I/O as its
//! nodes are: [`Peer::handle`] takes an [`Event`] (a link has opened, closed or brought bytes, a
//! time has come) and fills [`Effects`] (what to send to whom, which links to close). Whoever owns
//! the links and the time carries them out: the page by `web`, a process by `native`, a test by a
//! simulated network. How links come about is another one of its kind, `signalling`.
//!
//! - A link begins with a proof, both ways, that the other end knows the [`Room`]'s secret
//!   (`handshake`); then each end says which nodes are reached through it (`routes`), and messages
//!   go from node to node over as many links as it takes (`frame`, `link`).
//! - Whoever finds nobody in a room begins it; whoever finds members asks them to be let in
//!   (`host`). Where a room has begun twice, by those who had no link yet, the greater *epoch* gives
//!   way: its nodes ask to be let into the other, and make the claims again that are their own.
//! - Who is gone is taken off the roster by those who are left (`peer/retiring.rs`).
//! - Each peer reports what its nodes have seen, so that everybody can show what everybody shows
//!   (`reports`).
//! - What was seen of the last minutes is on record (`recorder`), as a scenario that ends as the room
//!   does.
//!
//! # Invariants
//!
//! - Nothing is taken from a link before its other end has proven to know the room's secret, and
//!   messages between nodes only within one epoch.
//! - Whoever sends what no peer sends, too much of it, or in the name of a node that is hosted here,
//!   is turned away by [name](Why), and nothing that it sent harms the nodes.
//! - All that a link can make grow is bounded ([`limits`]).
//!
//! What a peer that knows the secret says of nodes elsewhere is believed: the secret is what a room
//! trusts.

mod frame;
mod handshake;
mod hearsay;
mod host;
pub mod limits;
mod link;
mod names;
#[cfg(feature = "native")]
pub mod native;
mod peer;
mod peer_id;
mod recorder;
mod reports;
mod room;
mod routes;
#[cfg(any(feature = "web", feature = "native"))]
pub mod signalling;
#[cfg(feature = "web")]
pub mod web;

pub use frame::{BadFrame, Versions};
pub use handshake::Unproven;
pub use hearsay::Condition;
pub use link::{Faults, Lane, LinkFacts, Path, Why};
pub use names::{fresh_replicas, sayable_name};
pub use peer::{Effects, Event, Peer, Refusal};
pub use peer_id::{NoPeerId, PeerId};
pub use recorder::Recorded;
pub use reports::{QUIET_US, RemoteView};
pub use room::{NoRoom, ROOM_CHARS_MAX, Room, RoomKey};
