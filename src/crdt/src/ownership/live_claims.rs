//! The live claims, by key and by node.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::interval_trees::{Entry, IntervalTrees, NONE, Overlapping, Slot, Tree};
use crate::{Claim, Key, KeyRange, NodeId};

/// All live claims with their priorities. A node that has some is known by a number.
#[derive(Clone)]
pub(super) struct LiveClaims {
    trees: IntervalTrees,
    /// The root of the tree of all.
    root: Slot,
    numbers: BTreeMap<NodeId, u32>,
    /// By number; an unused number keeps the name that it last stood for.
    nodes: Vec<Node>,
    unused: Vec<u32>,
}

#[derive(Clone)]
struct Node {
    name: NodeId,
    /// The root of the tree of its claims.
    root: Slot,
}

impl LiveClaims {
    pub(super) fn new() -> Self {
        Self {
            trees: IntervalTrees::new(),
            root: NONE,
            numbers: BTreeMap::new(),
            nodes: Vec::new(),
            unused: Vec::new(),
        }
    }

    /// How many claims are live.
    pub(super) fn len(&self) -> usize {
        self.trees.len()
    }

    /// The priority of a claim, if it is live. O(log n).
    pub(super) fn priority(&self, claim: &Claim) -> Option<u64> {
        let slot = self.trees.find_of_node(self.root_of(&claim.node), claim.range)?;
        Some(self.trees.entry(slot).priority)
    }

    /// Gives a claim a priority, or lets it be live no more, and returns what it was before.
    /// O(log n).
    pub(super) fn set(&mut self, claim: &Claim, priority: Option<u64>) -> Option<u64> {
        let slot = self.trees.find_of_node(self.root_of(&claim.node), claim.range);
        let before = slot.map(|slot| self.trees.entry(slot).priority);
        match (slot, priority) {
            (Some(slot), Some(priority)) => self.trees.set_priority(slot, priority),
            (Some(slot), None) => self.remove(slot),
            (None, Some(priority)) => self.insert(claim, priority),
            (None, None) => {}
        }
        before
    }

    /// The claims that share a key with `range`, by start.
    pub(super) fn overlapping(&self, range: KeyRange) -> Overlapping<'_> {
        self.trees.overlapping(Tree::All, self.root, range)
    }

    /// Those of one node, by (start, end).
    pub(super) fn overlapping_of(&self, node: &NodeId, range: KeyRange) -> Overlapping<'_> {
        self.trees.overlapping(Tree::OfNode, self.root_of(node), range)
    }

    /// The farthest end among the claims that start at `key` or before it. O(log n).
    pub(super) fn reach(&self, key: Key) -> Option<Key> {
        self.trees.reach(Tree::All, self.root, key)
    }

    /// The first key after `key` at which a claim starts. O(log n).
    pub(super) fn next_start(&self, key: Key) -> Option<Key> {
        self.trees.next_start(Tree::All, self.root, key)
    }

    /// The node of a live claim.
    pub(super) fn node(&self, entry: &Entry) -> &NodeId {
        &self.nodes[entry.node as usize].name
    }

    /// # Panics
    ///
    /// Where the two kinds of trees do not hold the same claims.
    pub(super) fn check_invariants(&self) {
        assert_eq!(self.trees.check_invariants(Tree::All, self.root), self.len());
        let order = |a: &&Entry, b: &&Entry| (a.range, a.node) < (b.range, b.node);
        assert!(self.overlapping(KeyRange::ALL).is_sorted_by(order), "claims out of order");
        assert_eq!(self.numbers.len() + self.unused.len(), self.nodes.len(), "a number is lost");
        let mut of_nodes = 0;
        for (name, &number) in &self.numbers {
            let node = &self.nodes[number as usize];
            assert_eq!(*name, node.name, "{name} and {} share a number", node.name);
            assert_ne!(node.root, NONE, "{name} has a number and no claim");
            let claims: Vec<&Entry> = self.overlapping_of(name, KeyRange::ALL).collect();
            assert!(claims.iter().all(|entry| entry.node == number), "{name} has another's claim");
            assert!(claims.is_sorted_by(order), "claims of {name} out of order");
            assert_eq!(self.trees.check_invariants(Tree::OfNode, node.root), claims.len());
            of_nodes += claims.len();
        }
        assert_eq!(of_nodes, self.len(), "a claim is missing from its node's");
    }

    fn root_of(&self, node: &NodeId) -> Slot {
        self.numbers.get(node).map_or(NONE, |&number| self.nodes[number as usize].root)
    }

    fn insert(&mut self, claim: &Claim, priority: u64) {
        let number = self.number(&claim.node);
        let slot = self.trees.allocate(number, claim.range, priority);
        self.root = self.trees.insert(Tree::All, self.root, slot);
        let node = &mut self.nodes[number as usize];
        node.root = self.trees.insert(Tree::OfNode, node.root, slot);
    }

    fn remove(&mut self, slot: Slot) {
        let number = self.trees.entry(slot).node;
        self.root = self.trees.remove(Tree::All, self.root, slot);
        let node = &mut self.nodes[number as usize];
        node.root = self.trees.remove(Tree::OfNode, node.root, slot);
        if node.root == NONE {
            self.numbers.remove(&node.name);
            self.unused.push(number);
        }
        self.trees.free(slot);
    }

    /// The number of a node, a new one if it has none.
    fn number(&mut self, node: &NodeId) -> u32 {
        if let Some(&number) = self.numbers.get(node) {
            return number;
        }
        let new = Node { name: node.clone(), root: NONE };
        let number = match self.unused.pop() {
            Some(number) => {
                self.nodes[number as usize] = new;
                number
            }
            None => {
                self.nodes.push(new);
                u32::try_from(self.nodes.len() - 1).expect("no more nodes than live claims")
            }
        };
        self.numbers.insert(node.clone(), number);
        number
    }
}
