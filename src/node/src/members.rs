//! Everybody.

use std::collections::BTreeMap;

use scalesmall_crdt::NodeId;

/// All nodes, in an order that they all have. One copy serves the nodes of a process.
#[derive(Clone, Debug, Default)]
pub struct Members {
    names: Vec<NodeId>,
    positions: BTreeMap<NodeId, usize>,
}

impl Members {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The one at a position.
    #[must_use]
    pub fn name(&self, position: usize) -> &NodeId {
        &self.names[position]
    }

    /// Where a node stands. O(log n).
    #[must_use]
    pub fn position(&self, name: &NodeId) -> Option<usize> {
        self.positions.get(name).copied()
    }
}

impl FromIterator<NodeId> for Members {
    /// The names in their order; of a name that comes twice, the last position counts.
    fn from_iter<I: IntoIterator<Item = NodeId>>(names: I) -> Self {
        let names: Vec<NodeId> = names.into_iter().collect();
        let positions = names.iter().cloned().zip(0..).collect();
        Self { names, positions }
    }
}
