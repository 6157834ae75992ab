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
//! News spreads by anti-entropy in the manner of Demers et al. 1987, "Epidemic algorithms for
//! replicated database maintenance", §1.3 (push-pull): at intervals a node tells a few random
//! peers which operations it has seen, as a version vector. Whoever is told answers with exactly
//! the operations that the other lacks, and, if it lacks some itself, with its own version vector,
//! to which the first answers in turn. Nodes that agree exchange one message.
//!
//! # Invariants
//!
//! - Pure: same calls, same results, on every platform.
//! - A message carries updates with exactly the context that they cover, never more.
//! - Nothing that a peer sends makes a node panic or grow without limit.

mod effects;
mod event;
mod message;
mod node;
mod random;
mod settings;
mod time;

pub use effects::{Effects, Observation};
pub use event::{Event, Timer};
pub use message::{Message, UPDATES_MAX};
pub use node::Node;
pub use random::Random;
pub use settings::Settings;
pub use time::SimTime;
