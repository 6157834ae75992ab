//! What can happen to a node.

use scalesmall_crdt::{KeyRange, NodeId, Operation, ReplicaId};

use crate::Message;

/// Something that a node has to handle.
#[derive(Clone, Debug)]
pub enum Event {
    /// The node starts, or starts again with the state that it had. All its timers are gone.
    Start,
    /// Somebody asks this node for an operation.
    Operation(Operation),
    /// A message has arrived. The network need not be trusted to bring it once, or in order.
    Message {
        /// The replica that sent it.
        from: ReplicaId,
        /// The message.
        message: Message,
    },
    /// Somebody asks this node to retire all replicas of a node, for good.
    Retire(NodeId),
    /// Somebody asks this node to retire one replica, for good.
    RetireReplica(ReplicaId),
    /// Somebody asks this node to go away for a while; [`Observation::Left`](crate::Observation)
    /// says when it has.
    Leave,
    /// Somebody asks this node to watch these keys, beside those that it serves, and no others.
    Watch(Vec<KeyRange>),
    /// A timer that the node had set is due.
    Timer(Timer),
}

/// Why a node wants to be woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// To begin a round.
    Round,
    /// To look after the links of the tree.
    Links,
    /// To look who is there.
    Probe,
    /// To release the claims of those who have been down for long.
    Departed,
    /// To say goodbye.
    Leave,
}
