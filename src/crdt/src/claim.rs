//! A node's claim to serve a range.

use core::cmp::Ordering;
use core::fmt;

use crate::{KeyRange, NodeId};

/// "`node` serves the keys in `range`". The triple (node, start, end) is the identity. Claims are
/// ordered by start, end, node, so that neighbours in the key space are neighbours in a map.
#[derive(Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Claim {
    /// The server; it need not hold a replica.
    pub node: NodeId,
    /// The keys.
    pub range: KeyRange,
}

impl Claim {
    /// The claim that `node` serves `range`.
    #[must_use]
    pub fn new(node: NodeId, range: KeyRange) -> Self {
        Self { node, range }
    }
}

impl Ord for Claim {
    fn cmp(&self, other: &Self) -> Ordering {
        self.range.cmp(&other.range).then_with(|| self.node.cmp(&other.node))
    }
}

impl PartialOrd for Claim {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.node, self.range)
    }
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
