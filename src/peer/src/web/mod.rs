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
//! What is to be done about links is for [`signalling`](crate::signalling) to say; here it is done.
//! Peers hear of each other by a [`Signalling`]: a `BroadcastChannel`, or a signalling server. Between
//! tabs of a browser that has no way to connect them, as without a network, messages go over the
//! `BroadcastChannel`, and the link's [`Path`] says so.
//!
//! People may carry offer and answer between two pages that have nothing else in common (`by_hand`).
//!
//! Who leaves says goodbye. For who cannot, each tab that is heard by its browser alone holds a Web
//! Lock under its name, for which the others wait: they get it the moment that it is dead. Where there
//! are no such locks, between machines and outside of secure contexts, only silence tells, and it is
//! for the caller to [close](Links::close) the link.
//!
//! # Invariants
//!
//! - A [`LinkEvent`] comes from the browser's own turns, never from within a call of [`Links`], and
//!   no borrow is held meanwhile: a handler may call whatever it likes.
//! - Whatever is dropped takes its listeners, timers, channels and locks with it.

mod broadcast;
mod by_hand;
mod clock;
mod connection;
mod error;
mod links;
mod lock;
mod path;
mod pause;
mod room;
mod server;
mod signalling;
mod ticker;

use crate::signalling::Happening;
pub use crate::signalling::{
    BUFFERED_BYTES_MAX, IceServers, LinkEvent, MESSAGE_BYTES_MAX, PEERS_MAX, ServerAddress, Why,
};
use crate::{Lane, Path};
pub use by_hand::NoIntroduction;
pub use clock::{now_us, random_bits};
pub use error::{BrowserError, SendError};
pub use links::Links;
pub use lock::Lock;
pub use signalling::Signalling;
pub use ticker::Ticker;
