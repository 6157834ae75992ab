//! One scalesmall node as a state machine: its replica of the claims, and how news of it spreads.
//!
//! # Problem
//!
//! Every node must hear of every operation, over a network that loses, repeats and reorders
//! messages and is cut in two for a while, and nobody leads. The same code has to run in a
//! simulator, in a browser and in a native process.
//!
//! # Model
//!
//! [`Node::handle`] takes an [`Event`] (an operation somebody asks for, a message, a timer) and
//! fills [`Effects`] (messages to send, timers to set, observations to report). It does no I/O,
//! reads no clock, and draws from the one seed it was given; the caller owns time and the network
//! and drains the effects before the next event.
//!
//! News travels by one of four [strategies](Strategy):
//!
//! - in rounds, to random peers (`rumours`), from them, or both ways (`exchange`), as in Demers et
//!   al. 1987, "Epidemic algorithms for replicated database maintenance";
//! - along a tree (`tree`), as in Leitão, Pereira, Rodrigues 2007, "Epidemic broadcast trees", each
//!   link by the rules of Enes, Almeida, Baquero, Leitão 2019, "Efficient synchronization of
//!   state-based CRDTs": nothing goes back to where it came from, and nothing that was known.
//!
//! Beneath all of them each node compares its digest with that of a random peer once a round. What
//! travels is a delta, or, for comparison, the whole state or each operation once ([`Sync`]).
//!
//! Who is a member is one question (`membership`, `strife`), whose word is needed before anything is
//! folded (`folding`); who is there is another (`detector`, `presence`, `departed`); and what
//! matters to whom is a third (`interest`).
//!
//! What nodes say to each other are [`Message`]s. Nodes of one process hand them over as they are;
//! over a link they go as [bytes](Message::to_bytes) (`codec`).
//!
//! # Invariants
//!
//! - Pure: same calls, same results, on every platform.
//! - A message carries updates with exactly the context that they cover, or a whole state with the
//!   whole of its context.
//! - Nothing that a peer sends makes a node panic or grow without limit.
//!
//! # Limits
//!
//! | limit | what happens beyond it |
//! |---|---|
//! | [`UPDATES_MAX`] in a message | the rest goes with those that follow; who reads more refuses them |
//! | [`WATCHED_RANGES_MAX`] of a node | the rest is not watched; who reads more refuses them |
//! | [`PROBE_BYTES_MAX`], [`MESSAGE_BYTES_MAX`] | who reads more refuses them |

mod codec;
mod compact;
mod departed;
mod detector;
mod effects;
mod event;
mod exchange;
mod folding;
mod interest;
mod members;
mod membership;
mod message;
mod node;
mod presence;
mod random;
mod rumours;
mod settings;
mod strife;
mod time;
mod tree;

pub use codec::{MESSAGE_BYTES_MAX, MessageError, MessageFlaw};
pub use compact::{gathered, sorted_by};
pub use detector::{DeadClaims, Detection, PROBE_BYTES_MAX};
pub use effects::{Effects, Observation};
pub use event::{Event, Timer};
pub use interest::{Kept, WATCHED_RANGES_MAX};
pub use members::Members;
pub use message::{Message, News, Purpose, UPDATES_MAX};
pub use node::Node;
pub use random::Random;
pub use settings::{Depth, Settings, Strategy, Sync};
pub use time::SimTime;
