//! A node that a peer hosts.

use std::num::NonZeroU32;
use std::sync::Arc;

use scalesmall_crdt::{Claim, KeyRange, NodeId, Operation, ReplicaId};
use scalesmall_node::{
    DeadClaims, Depth, Detection, Members, Node, Settings, SimTime, Strategy, Sync,
};

/// How the nodes of a room talk.
const SETTINGS: Settings = Settings {
    interval_us: 500_000,
    fanout: 1,
    strategy: Strategy::Tree,
    sync: Sync::Delta,
    anti_entropy: true,
    interest: false,
    history: Depth { inside: 1_000, outside: 1_000, forgets_stable: false },
    detection: Some(Detection {
        probe_us: 1_000_000,
        suspicion_us: 5_000_000,
        dead_claims: DeadClaims::Keep,
    }),
};

/// A node, or the name of one that has not begun yet: whether others are in the room is not known
/// when the peer starts.
pub(crate) struct Host {
    pub(crate) name: NodeId,
    incarnation: u32,
    node: Option<Node>,
    /// How often a node has begun under the name; timers of earlier ones are void.
    pub(crate) life: u32,
    /// When it began to ask others to let it in.
    pub(crate) asks_since: Option<SimTime>,
    /// The claims that it has where it was before, to be made again once it is let in.
    pub(crate) brings: Vec<(KeyRange, u64)>,
}

impl Host {
    /// A host whose node begins as this replica, which nobody may have been before.
    pub(crate) fn new(replica: ReplicaId) -> Self {
        let ReplicaId { node: name, incarnation } = replica;
        Self { name, incarnation, node: None, life: 0, asks_since: None, brings: Vec::new() }
    }

    /// As which replica it writes, or is going to.
    pub(crate) fn replica(&self) -> ReplicaId {
        let to_come = || ReplicaId { node: self.name.clone(), incarnation: self.incarnation };
        self.node.as_ref().map_or_else(to_come, |node| node.id().clone())
    }

    pub(crate) fn node(&self) -> Option<&Node> {
        self.node.as_ref()
    }

    pub(crate) fn node_mut(&mut self) -> Option<&mut Node> {
        self.node.as_mut()
    }

    pub(crate) fn is_member(&self) -> bool {
        self.node.as_ref().is_some_and(Node::is_member)
    }

    /// Lets its node begin with all others of `members`, in a room where nobody else is.
    pub(crate) fn found(&mut self, members: &Arc<Members>, seed: u64) {
        let replica = self.next_replica();
        self.node = Some(Node::new(replica, Arc::clone(members), Some(SETTINGS), seed));
        self.asks_since = None;
    }

    /// Lets its node ask one of `contacts` to let it in.
    pub(crate) fn ask(&mut self, now: SimTime, contacts: &Arc<Members>, seed: u64) {
        let replica = self.next_replica();
        let contacts = Arc::clone(contacts);
        if let Some(node) = self.node.as_ref().filter(|node| node.is_member()) {
            self.brings = node.claims().ownership().claims_of(&self.name).collect();
        }
        self.node = Some(Node::newcomer(replica, contacts, false, Some(SETTINGS), seed));
        self.asks_since = Some(now);
    }

    /// What it is to do now that it is let in, to have the claims that it brings. Nothing of those
    /// that are live there.
    pub(crate) fn take_brought(&mut self) -> Vec<Operation> {
        let Some(node) = self.node.as_ref().filter(|node| node.is_member()) else {
            return Vec::new();
        };
        let again = |(range, priority): (KeyRange, u64)| {
            let claim = Claim::new(self.name.clone(), range);
            let is_live = node.claims().priority(&claim).is_some();
            let by = u32::try_from(priority).unwrap_or(u32::MAX);
            (!is_live).then(|| match NonZeroU32::new(by) {
                Some(by) => Operation::Increase { claim, by },
                None => Operation::Register { claim },
            })
        };
        std::mem::take(&mut self.brings).into_iter().filter_map(again).collect()
    }

    /// Who it is that begins now: nobody who has been before.
    fn next_replica(&mut self) -> ReplicaId {
        self.life += 1;
        match &self.node {
            Some(node) => node.id().fresh(),
            None => self.replica(),
        }
    }
}
