//! The claims that are known, by number, by name, by key and by node.

use alloc::vec::Vec;

use hashbrown::HashTable;

use super::interval_trees::{Entry, IntervalTrees, NONE, Overlapping, State, Tree};
use crate::hash::mix;
use crate::{Claim, Key, KeyRange, NodeId};

pub(crate) use super::interval_trees::Slot;

/// All claims that are live, with their priorities, and those that are held though they are not.
/// A claim keeps its slot for as long as it is here; a node that has claims is known by a number.
#[derive(Clone)]
pub(crate) struct ClaimTable {
    trees: IntervalTrees,
    /// The root of the tree of all live claims.
    root: Slot,
    live: usize,
    held: usize,
    slots: HashTable<Slot>,
    numbers: HashTable<u32>,
    /// By number.
    nodes: Vec<Node>,
    unused: Vec<u32>,
}

#[derive(Clone)]
struct Node {
    /// An unused number keeps the name that it last stood for.
    name: NodeId,
    /// The root of the tree of its live claims.
    root: Slot,
    /// How many claims it has, live or not.
    claims: usize,
}

impl ClaimTable {
    pub(super) fn new() -> Self {
        Self {
            trees: IntervalTrees::new(),
            root: NONE,
            live: 0,
            held: 0,
            slots: HashTable::new(),
            numbers: HashTable::new(),
            nodes: Vec::new(),
            unused: Vec::new(),
        }
    }

    /// How many claims are live.
    pub(super) fn live(&self) -> usize {
        self.live
    }

    /// How many claims are here, live or not.
    pub(crate) fn len(&self) -> usize {
        self.held
    }

    // --- One claim ---

    /// The slot of a claim that is here. O(1).
    pub(crate) fn find(&self, claim: &Claim) -> Option<Slot> {
        let is_it = |&slot: &Slot| self.is_at(slot, claim);
        self.slots.find(hash(&claim.node, claim.range), is_it).copied()
    }

    /// Whether a claim is in that slot.
    pub(crate) fn is_at(&self, slot: Slot, claim: &Claim) -> bool {
        let entry = self.trees.entry(slot);
        entry.range == claim.range && *self.node(entry) == claim.node && entry.state != State::Free
    }

    /// The slot of a claim, which is held from now on if it was not here. O(1).
    pub(crate) fn hold(&mut self, claim: &Claim) -> Slot {
        if let Some(slot) = self.find(claim) {
            return slot;
        }
        let number = self.number(&claim.node);
        self.nodes[number as usize].claims += 1;
        self.held += 1;
        let slot = self.trees.allocate(number, claim.range);
        let Self { trees, nodes, slots, .. } = self;
        let hash_of = |&slot: &Slot| {
            let entry = trees.entry(slot);
            hash(&nodes[entry.node as usize].name, entry.range)
        };
        slots.insert_unique(hash(&claim.node, claim.range), slot, hash_of);
        slot
    }

    /// Lets go of a claim that is not live. O(1).
    ///
    /// # Panics
    ///
    /// If it is live, or not here.
    pub(crate) fn release(&mut self, slot: Slot) {
        let entry = self.trees.entry(slot);
        assert_eq!(entry.state, State::Held, "only a claim that is held can be let go of");
        let (number, range) = (entry.node as usize, entry.range);
        let place = self.slots.find_entry(hash(&self.nodes[number].name, range), |&it| it == slot);
        place.expect("each claim is in the index").remove();
        self.trees.free(slot);
        self.held -= 1;
        self.nodes[number].claims -= 1;
        if self.nodes[number].claims == 0 {
            let is_it = |&other: &u32| other as usize == number;
            let place = self.numbers.find_entry(self.nodes[number].name.stable_hash(), is_it);
            self.unused.push(place.expect("each node is in the index").remove().0);
        }
    }

    /// The priority of the claim in a slot, if it is live. O(1).
    pub(crate) fn priority(&self, slot: Slot) -> Option<u64> {
        let entry = self.trees.entry(slot);
        (entry.state == State::Live).then_some(entry.priority)
    }

    /// Gives the claim in a slot a priority, or lets it be live no more. O(1) if it stays live or
    /// not, else O(log n).
    pub(crate) fn set(&mut self, slot: Slot, priority: Option<u64>) {
        match (self.priority(slot), priority) {
            (Some(_), Some(priority)) => self.trees.set_priority(slot, priority),
            (None, Some(_)) => {
                let number = self.trees.entry(slot).node as usize;
                self.root = self.trees.insert(Tree::All, self.root, slot);
                let root = self.nodes[number].root;
                self.nodes[number].root = self.trees.insert(Tree::OfNode, root, slot);
                self.trees.set_live(slot, priority);
                self.live += 1;
            }
            (Some(_), None) => {
                let number = self.trees.entry(slot).node as usize;
                self.root = self.trees.remove(Tree::All, self.root, slot);
                let root = self.nodes[number].root;
                self.nodes[number].root = self.trees.remove(Tree::OfNode, root, slot);
                self.trees.set_live(slot, None);
                self.live -= 1;
            }
            (None, None) => {}
        }
    }

    pub(crate) fn node_at(&self, slot: Slot) -> &NodeId {
        self.node(self.trees.entry(slot))
    }

    pub(crate) fn range_at(&self, slot: Slot) -> KeyRange {
        self.trees.entry(slot).range
    }

    pub(crate) fn claim_at(&self, slot: Slot) -> Claim {
        Claim::new(self.node_at(slot).clone(), self.range_at(slot))
    }

    /// The slots of all claims, live or not, in no order that means anything.
    pub(crate) fn slots(&self) -> impl Iterator<Item = Slot> + use<'_> {
        let slots = 0..self.trees.slots() as Slot;
        slots.filter(|&slot| self.trees.entry(slot).state != State::Free)
    }

    // --- Beside another ---

    /// The ranges of claims that are live, or at another priority, in one of the two alone, and
    /// perhaps of some others: those that have moved to another slot. O(slots).
    pub(super) fn changed_since(&self, earlier: &Self) -> Vec<KeyRange> {
        let names = self.nodes.iter().zip(&earlier.nodes);
        let are_same: Vec<bool> = names.map(|(now, then)| now.name == then.name).collect();
        let mut changed = Vec::new();
        for slot in 0..self.trees.slots().max(earlier.trees.slots()) {
            let live = [self, earlier].map(|table| table.trees.live(slot));
            let is_same = match live {
                [Some(now), Some(then)] => {
                    (now.priority, now.range, now.node) == (then.priority, then.range, then.node)
                        && are_same.get(now.node as usize) == Some(&true)
                }
                [now, then] => now.is_none() && then.is_none(),
            };
            if !is_same {
                changed.extend(live.into_iter().flatten().map(|entry| entry.range));
            }
        }
        changed
    }

    // --- The live claims ---

    /// The live claims that share a key with `range`, by start.
    pub(super) fn overlapping(&self, range: KeyRange) -> Overlapping<'_> {
        self.trees.overlapping(Tree::All, self.root, range)
    }

    /// Those of one node, by (start, end).
    pub(super) fn overlapping_of(&self, node: &NodeId, range: KeyRange) -> Overlapping<'_> {
        let root = self.find_number(node).map_or(NONE, |number| self.nodes[number as usize].root);
        self.trees.overlapping(Tree::OfNode, root, range)
    }

    /// The farthest end among the live claims that start at `key` or before it. O(log n).
    pub(super) fn reach(&self, key: Key) -> Option<Key> {
        self.trees.reach(Tree::All, self.root, key)
    }

    /// The first key after `key` at which a live claim starts. O(log n).
    pub(super) fn next_start(&self, key: Key) -> Option<Key> {
        self.trees.next_start(Tree::All, self.root, key)
    }

    /// The node of a claim.
    pub(super) fn node(&self, entry: &Entry) -> &NodeId {
        self.node_by_number(entry.node)
    }

    pub(super) fn node_by_number(&self, number: u32) -> &NodeId {
        &self.nodes[number as usize].name
    }

    /// # Panics
    ///
    /// Where the trees, the indices and the slots do not hold the same claims.
    pub(super) fn check_invariants(&self) {
        assert_eq!(self.trees.check_invariants(Tree::All, self.root), self.live, "live claims");
        let order = |a: &&Entry, b: &&Entry| (a.range, a.node) < (b.range, b.node);
        assert!(self.overlapping(KeyRange::ALL).is_sorted_by(order), "claims out of order");
        assert!(self.overlapping(KeyRange::ALL).all(|entry| entry.state == State::Live));

        assert_eq!(self.slots().count(), self.held, "claims in slots");
        assert_eq!(self.slots.len(), self.held, "claims in the index");
        for slot in self.slots() {
            assert_eq!(self.find(&self.claim_at(slot)), Some(slot), "a claim is not found");
        }
        assert_eq!(self.numbers.len() + self.unused.len(), self.nodes.len(), "a number is lost");
        let (mut live, mut held) = (0, 0);
        for (node, number) in self.nodes.iter().zip(0..) {
            if self.find_number(&node.name) != Some(number) {
                assert!(self.unused.contains(&number), "{} is not found", node.name);
                continue;
            }
            assert!(node.claims > 0, "{} has a number and no claim", node.name);
            let claims: Vec<&Entry> = self.overlapping_of(&node.name, KeyRange::ALL).collect();
            let own = claims.iter().all(|entry| entry.node == number);
            assert!(own, "{} has another's claim", node.name);
            assert!(claims.is_sorted_by(order), "claims of {} out of order", node.name);
            assert_eq!(self.trees.check_invariants(Tree::OfNode, node.root), claims.len());
            live += claims.len();
            held += node.claims;
        }
        assert_eq!((live, held), (self.live, self.held), "a claim is missing from its node's");
    }

    fn find_number(&self, node: &NodeId) -> Option<u32> {
        let is_it = |&number: &u32| self.nodes[number as usize].name == *node;
        self.numbers.find(node.stable_hash(), is_it).copied()
    }

    /// The number of a node, a new one if it has none.
    fn number(&mut self, node: &NodeId) -> u32 {
        if let Some(number) = self.find_number(node) {
            return number;
        }
        let new = Node { name: node.clone(), root: NONE, claims: 0 };
        let number = match self.unused.pop() {
            Some(number) => {
                self.nodes[number as usize] = new;
                number
            }
            None => {
                self.nodes.push(new);
                u32::try_from(self.nodes.len() - 1).expect("no more nodes than claims")
            }
        };
        let nodes = &self.nodes;
        let hash = |&number: &u32| nodes[number as usize].name.stable_hash();
        self.numbers.insert_unique(node.stable_hash(), number, hash);
        number
    }
}

fn hash(node: &NodeId, range: KeyRange) -> u64 {
    mix(node.stable_hash(), range.to_u64())
}
