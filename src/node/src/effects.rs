//! What a node wants done, and what it has to tell.

use std::ops::RangeInclusive;
use std::sync::Arc;

use scalesmall_crdt::{NodeId, OperationError, ReplicaId, Update};

use crate::{Message, SimTime, Timer};

/// Filled by [`Node::handle`](crate::Node::handle), drained by the caller before the next event.
#[derive(Clone, Debug, Default)]
#[must_use = "effects that nobody carries out are lost"]
pub struct Effects {
    /// Messages to send, in order, each with the peer that it is for.
    pub messages: Vec<(NodeId, Message)>,
    /// Timers to set.
    pub timers: Vec<(SimTime, Timer)>,
    /// What happened to the replica.
    pub observations: Vec<Observation>,
}

impl Effects {
    /// Nothing to do yet.
    pub fn new() -> Self {
        Self::default()
    }
}

/// Something that happened to a node, or to its replica.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Observation {
    /// An operation was carried out here.
    Issued(Arc<Update>),
    /// An operation had no effect here.
    Refused(OperationError),
    /// An update from elsewhere was applied here.
    Applied(Arc<Update>),
    /// A state from elsewhere brought these operations of a replica.
    Merged(ReplicaId, RangeInclusive<u64>),
    /// So many updates came that were here already.
    Repeated(usize),
    /// This node has become a member, as this replica.
    Joined(ReplicaId),
    /// This node has been retired, has forgotten all, and goes on as this replica.
    BegunAnew(ReplicaId),
    /// The roster has changed here.
    RosterChanged,
    /// This node has come to think that another one is there.
    Up(NodeId),
    /// This node has come to think that another one is down.
    Down(NodeId),
    /// This node has said goodbye, and need not be run any longer.
    Left,
}
