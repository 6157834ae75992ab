//! Links between browsers.
//!
//! # Problem
//!
//! Tabs of one browser, and browsers on several machines, are to exchange messages without a server
//! between them. They come and go, are loaded anew, sleep and crash, and the browser tells the others
//! nothing of it, or a minute later.
//!
//! # Model
//!
//! A peer that [joins](Links::join) a room says so by its [`Signalling`]; those who are there answer,
//! and all repeat it from time to time. Of two who want a link the one with the smaller
//! [`PeerId`](crate::PeerId) offers a WebRTC connection, with a data channel for each [`Lane`]. Up to
//! a dozen peers are all linked with each other; of more, each is with four that it has chosen at
//! random, and with those that have chosen it. An attempt that has not succeeded within seconds is
//! repeated with growing pauses while the other one is there. Between tabs of a browser that has no
//! way to connect them, as without a network, messages go over the signalling's `BroadcastChannel`,
//! and the link's [`Path`] says so.
//!
//! Who leaves says goodbye. For who cannot, each tab holds a Web Lock under its name, for which the
//! others wait: they get it the moment that it is dead. Where there are no such locks, outside of
//! secure contexts, only silence tells, and it is for the caller to [close](Links::close) the link.
//!
//! # Invariants
//!
//! - A [`LinkEvent`] comes from the browser's own turns, never from within a call of [`Links`], and
//!   no borrow is held meanwhile: a handler may call whatever it likes.
//! - `Found` … `Gone` brackets all that concerns a peer, `Opened` … `Closed` within it all that
//!   concerns a link, messages included. What the caller ends itself ends without an event.
//! - Whatever is dropped takes its listeners, timers, channels and locks with it.
//! - Anything on a channel that is not a signal of ours, or is longer than one can be, is ignored;
//!   attempts, peers, candidates and what waits to be sent are bounded.
//!
//! What this layer says of a peer is what that one claims: whether it may be there is proved above,
//! over the `binding` of the link.

mod broadcast;
mod clock;
mod connection;
mod description;
mod error;
mod event;
mod linking;
mod links;
mod lock;
mod neighbours;
mod path;
mod remote;
mod room;
mod signal;
mod signalling;
mod ticker;

use crate::{Lane, Path};
pub use clock::{now_us, random_bits};
pub use connection::BUFFERED_BYTES_MAX;
pub use error::{BrowserError, SendError};
pub use event::{LinkEvent, MESSAGE_BYTES_MAX, Why};
pub use links::Links;
pub use remote::PEERS_MAX;
pub use signalling::Signalling;
pub use ticker::Ticker;
