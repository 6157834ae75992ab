//! A node as the simulation holds it.

use scalesmall_crdt::{ClaimMap, Fingerprint};
use scalesmall_node::{Event, Node};

/// Whether a node runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It runs.
    Up,
    /// It has crashed: what arrives is lost.
    Down,
    /// It is stopped for a while: what arrives waits.
    Paused,
}

impl Status {
    /// The status in a word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::Paused => "paused",
        }
    }
}

/// One node of a run.
#[derive(Clone, Debug)]
pub struct Replica {
    pub(crate) node: Node,
    pub(crate) status: Status,
    /// Timers set in an earlier life are void.
    pub(crate) life: u32,
    /// What waits while the node is paused, in order.
    pub(crate) held: Vec<Event>,
}

impl Replica {
    pub(crate) fn new(node: Node) -> Self {
        Self { node, status: Status::Up, life: 0, held: Vec::new() }
    }

    /// The node itself.
    #[must_use]
    pub fn node(&self) -> &Node {
        &self.node
    }

    /// What the node holds.
    #[must_use]
    pub fn claims(&self) -> &ClaimMap {
        self.node.claims()
    }

    /// Whether it runs.
    #[must_use]
    pub fn status(&self) -> Status {
        self.status
    }

    /// Whether its view counts: paused or not, it has not crashed.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.status != Status::Down
    }

    /// What it shows, if its view counts.
    pub(crate) fn live_fingerprint(&self) -> Option<Fingerprint> {
        self.is_live().then(|| self.claims().fingerprint())
    }
}
