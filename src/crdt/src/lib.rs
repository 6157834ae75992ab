//! An add-wins map of range claims with priorities: which node serves which keys.
//!
//! # Problem
//!
//! The servers of a cluster divide one key space among them. Each of them, and everybody who
//! wants to know where a key lives, holds a replica of that division and may change it at any
//! time, cut off or not. There is no leader and no conversation to agree on a change; replicas
//! that have seen the same operations must show the same owners, in whatever order, and however
//! often, those operations arrived.
//!
//! # Model
//!
//! A [`Claim`] is the triple (node, start, end): "node serves these keys". The [`ClaimMap`] gives
//! each live claim a priority. Five [`Operation`]s change it; each takes a [`Dot`], its unique
//! name, and becomes an [`Update`] that says which earlier contributions it cancels and what it
//! contributes. Updates travel in [`Delta`]s. A contribution survives unless some applied update
//! cancels it, so adding wins over a concurrent release, and a release takes away no more than
//! its issuer had seen. [`Ownership`] is derived from the live claims: the whole key space cut
//! into segments of keys with the same owners.
//!
//! Contributions that everybody has seen can be [folded](ClaimMap::fold) into one for each writer,
//! which changes no value. [`Stability`] knows what everybody has seen, from what the members of
//! the [`Roster`] announce.
//!
//! ```
//! use scalesmall_crdt::{Claim, ClaimMap, Delta, KeyRange, NodeId, Operation, ReplicaId};
//!
//! let a = ReplicaId::first(NodeId::new("a")?);
//! let b = ReplicaId::first(NodeId::new("b")?);
//! let (mut at_a, mut at_b) = (ClaimMap::new(), ClaimMap::new());
//! let claim = Claim::new(a.node.clone(), KeyRange::new(0, 99)?);
//!
//! // a claims a range, and b hears of it.
//! let register = Delta::from(at_a.issue(&a, Operation::Register { claim: claim.clone() })?);
//! at_b.join(&register);
//!
//! // b releases the claim while a raises its priority: neither has seen the other's operation.
//! let release = Delta::from(at_b.issue(&b, Operation::Release { claim: claim.clone() })?);
//! let by = 3.try_into()?;
//! let increase = Delta::from(at_a.issue(&a, Operation::Increase { claim: claim.clone(), by })?);
//! at_a.join(&release);
//! at_b.join(&increase);
//!
//! // Adding wins over a concurrent release, and both show the same.
//! assert_eq!(at_a.priority(&claim), Some(3));
//! assert_eq!(at_a.fingerprint(), at_b.fingerprint());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Invariants
//!
//! - Pure: no clock, no randomness, no I/O, no floats, no iteration in an unstable order.
//! - The updates of one replica are applied in their order, without gaps, so a context is a plain
//!   [`VersionVector`]; an update that arrives early waits, bounded by [`limits::WAITING_MAX`].
//! - The value is a function of the set of applied updates alone.
//!
//! # Sources
//!
//! Almeida, Shoker, Baquero 2018, "Delta state replicated data types", for dots, causal contexts
//! and deltas. Burckhardt, Gotsman, Yang, Zawirski 2014, "Replicated data types: specification,
//! verification, optimality", for a specification by visibility. Baquero, Almeida, Lerche 2016,
//! "The problem with embedded CRDT counters and a solution", for what goes wrong with a counter
//! inside a map, and why a contribution keeps its dot here. Beck 2015, "Scalesmall W2 First
//! Redesign", for the claims themselves.

#![no_std]

extern crate alloc;

#[cfg(feature = "ablation")]
pub mod ablation;
#[cfg(not(feature = "ablation"))]
mod ablation;
pub mod base64url;
mod claim;
mod claim_map;
pub mod codec;
mod compared;
mod context;
mod contribution;
mod data_type;
mod delta;
mod dot;
mod fingerprint;
mod hash;
mod history;
mod key;
pub mod leb128;
pub mod limits;
mod numbered;
mod operation;
mod ownership;
mod replica;
mod replicated;
mod roster;
#[cfg(feature = "serde")]
mod serde_forms;
mod sort;
mod stability;
mod update;

pub use claim::Claim;
pub use claim_map::{ClaimMap, Joined, Merged};
pub use compared::{
    AwSet, Compared, GrowSet, LwwSet, NaiveCounterMap, OrderedList, RwSet, TwoPhaseSet,
};
pub use context::VersionVector;
pub use contribution::Contribution;
pub use data_type::DataType;
pub use delta::Delta;
pub use dot::Dot;
pub use fingerprint::Fingerprint;
pub use history::History;
pub use key::{InvertedRange, Key, KeyRange};
pub use operation::{Operation, OperationError};
pub use ownership::{Owner, Ownership, Segment, segments_of};
pub use replica::{InvalidNodeId, NodeId, ReplicaId};
pub use replicated::Replicated;
pub use roster::Roster;
pub use stability::{Announcement, Stability};
pub use update::{Cancel, Count, Payload, Tightening, Update};
