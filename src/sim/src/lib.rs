//! A deterministic simulator for scalesmall nodes.
//!
//! # Problem
//!
//! To watch, test and teach how replicas converge, whole clusters must run under every kind of
//! fault, many times faster than real time, and any run must be repeatable from a short text.
//!
//! # Model
//!
//! A [`Scenario`] is read from a small JSON file: replicas, a network, steps at given times, and
//! when to stop. A [`Simulation`] plays it with the very [`Node`](scalesmall_node::Node)s that a
//! real network runs, over links that delay, lose, repeat and reorder messages, that have a
//! bandwidth and can be cut or clogged, and with clocks that can be skewed. [`Outcome`] is what a
//! finished run comes to. A [`Record`] of it can be held against the semantics by a [`Checker`],
//! which knows nothing of how replicas work; a [`transcript`] writes it down for other programs. A
//! run that ends badly is [shrunk](shrink) to the fewest steps that still do; a few operations are
//! [explored](Exploration) in every order of delivery.
//!
//! ```
//! use scalesmall_sim::{Outcome, Scenario, Simulation};
//!
//! let scenario = Scenario::parse(
//!     r#"{ "format": 1, "title": "two nodes", "seed": 1, "replicas": ["a", "b"],
//!          "steps": [ { "on": "a", "do": "register", "claim": ["a", 0, 99] } ] }"#,
//! )?;
//! let mut simulation = Simulation::new(scenario);
//! while simulation.step() {}
//! let outcome = Outcome::of(&simulation);
//! assert!(outcome.converged);
//! assert_eq!(outcome.replicas["b"].claims.len(), 1);
//! # Ok::<(), scalesmall_sim::ScenarioError>(())
//! ```
//!
//! # Invariants
//!
//! - A run is a function of its scenario: one seed, from which every node and every link draws a
//!   stream of its own; integer arithmetic; ordered collections. The trace hash is the same
//!   natively and in WebAssembly.
//! - A text from outside is read in one place, [`Scenario::parse`], against the [`limits`], and
//!   becomes a scenario or an error that names the place and the value.
//! - Time moves only in [`Simulation::step`] and [`Simulation::run_until`].

mod agreement;
mod anomalies;
pub mod builtin;
mod checker;
mod clogs;
mod explore;
mod intentions;
pub mod limits;
mod link;
mod metrics;
mod network;
pub mod outcome;
mod probability;
pub mod record;
mod recording;
mod replica;
mod scenario;
mod seed;
pub mod shiviz;
pub mod shrink;
mod simulation;
mod spreading;
mod trace;
mod traffic;
pub mod transcript;

pub use anomalies::Anomalies;
pub use checker::Checker;

pub use explore::{Exploration, Message, NotExplored, State};
pub use metrics::Metrics;
pub use network::{Mode, NetworkSettings};
pub use outcome::Outcome;
pub use probability::Probability;
pub use record::Record;
pub use replica::{Replica, Status};
pub use scalesmall_node::{
    DeadClaims, Depth, Detection, Purpose, Settings, SimTime, Strategy, Sync, gathered, sorted_by,
};
pub use scenario::{
    Action, Elsewhere, FORMAT, Fate, NoNews, Request, Scenario, ScenarioError, Step, Until,
};
pub use shrink::{Shrinker, Undesired};
pub use simulation::{InFlight, Simulation};
pub use trace::Trace;
pub use traffic::{Cargo, Passage, Sent};
