//! Balanced trees of ranges, many in one block of memory.
//!
//! # Model
//!
//! Each [`Entry`] stands in two trees at once, or in none: that of [`Tree::All`] entries, and the
//! one [`Tree::OfNode`] with the entries of its node. Each tree is an interval tree (Cormen, Leiserson,
//! Rivest, Stein 2009, "Introduction to Algorithms", 14.3): a search tree by (start, end, node),
//! of which each entry also knows the farthest end below it. It is balanced as by Adelson-Velsky
//! and Landis 1962, since a depth that is bounded whatever the input may recurse.
//!
//! # Complexity
//!
//! Each operation on a tree of n entries is O(log n). [`IntervalTrees::overlapping`] yields m
//! entries in O((m + 1) log n), mostly in O(m + log n). An entry takes 48 bytes; the block grows
//! by a quarter at a time, reuses what is freed, and never shrinks.

use alloc::vec::Vec;

use crate::{Key, KeyRange};

/// The place of an entry in the block.
pub(crate) type Slot = u32;
/// No entry: the root of an empty tree.
pub(super) const NONE: Slot = Slot::MAX;

/// One of the two trees that an entry stands in.
#[derive(Clone, Copy)]
pub(super) enum Tree {
    /// The one of all entries.
    All = 0,
    /// The one of the entries of its node.
    OfNode = 1,
}

/// One of the two children of an entry.
#[derive(Clone, Copy)]
enum Side {
    Left = 0,
    Right = 1,
}

impl Side {
    fn other(self) -> Self {
        match self {
            Self::Left => Self::Right,
            Self::Right => Self::Left,
        }
    }
}

/// Whether a slot has a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It has none.
    Free,
    /// It has one that is not live; it stands in no tree.
    Held,
    /// It has one that is live, and that stands in the trees.
    Live,
}

/// A claim.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// 0 where it is not live.
    pub(super) priority: u64,
    pub(super) range: KeyRange,
    /// The number that stands for its node.
    pub(super) node: u32,
    /// By tree, then by side. Of a free slot, the very first is the next free one.
    children: [[Slot; 2]; 2],
    /// By tree: the farthest end in the subtree.
    reach: [Key; 2],
    /// By tree: the levels of the subtree, at most 46 for 2³² entries.
    height: [u8; 2],
    pub(super) state: State,
}

/// There is one for every claim.
const _: () = assert!(size_of::<Entry>() == 48);

#[derive(Clone, Debug)]
pub(super) struct IntervalTrees {
    entries: Vec<Entry>,
    free: Slot,
}

impl IntervalTrees {
    pub(super) fn new() -> Self {
        Self { entries: Vec::new(), free: NONE }
    }

    /// How many slots there are, free ones included.
    pub(super) fn slots(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn entry(&self, slot: Slot) -> &Entry {
        &self.entries[slot as usize]
    }

    /// The entry in a slot, if there is such a slot and it has one that is live.
    pub(super) fn live(&self, slot: usize) -> Option<&Entry> {
        self.entries.get(slot).filter(|entry| entry.state == State::Live)
    }

    pub(super) fn set_priority(&mut self, slot: Slot, priority: u64) {
        self.entries[slot as usize].priority = priority;
    }

    /// A new entry, in no tree yet. Amortised O(1).
    ///
    /// # Panics
    ///
    /// At the 2³² − 1st entry.
    pub(super) fn allocate(&mut self, node: u32, range: KeyRange) -> Slot {
        let (children, reach, height) = ([[NONE; 2]; 2], [range.end(); 2], [1; 2]);
        let state = State::Held;
        let entry = Entry { priority: 0, range, node, children, reach, height, state };
        if self.free != NONE {
            let slot = self.free;
            self.free = self.entries[slot as usize].children[0][0];
            self.entries[slot as usize] = entry;
            return slot;
        }
        let slot = Slot::try_from(self.entries.len()).ok().filter(|&slot| slot != NONE);
        if self.entries.len() == self.entries.capacity() {
            // Doubling would leave half of a large block unused.
            self.entries.reserve_exact((self.entries.len() / 4).max(4));
        }
        self.entries.push(entry);
        slot.expect("fewer than 2^32 - 1 claims")
    }

    /// Gives back an entry that is in no tree. O(1).
    pub(super) fn free(&mut self, slot: Slot) {
        let entry = &mut self.entries[slot as usize];
        entry.state = State::Free;
        entry.children[0][0] = self.free;
        self.free = slot;
    }

    /// Notes whether an entry stands in its trees, and its priority there.
    pub(super) fn set_live(&mut self, slot: Slot, priority: Option<u64>) {
        let entry = &mut self.entries[slot as usize];
        entry.state = if priority.is_some() { State::Live } else { State::Held };
        entry.priority = priority.unwrap_or(0);
    }

    /// Puts an entry in the tree with this root, and returns the new root. O(log n).
    #[must_use]
    pub(super) fn insert(&mut self, tree: Tree, root: Slot, slot: Slot) -> Slot {
        if root == NONE {
            self.set_children(tree, slot, [NONE; 2]);
            return slot;
        }
        let side = self.side(slot, root);
        let child = self.insert(tree, self.child(tree, root, side), slot);
        self.set_child(tree, root, side, child);
        self.balanced(tree, root)
    }

    /// Takes an entry out of the tree with this root, and returns the new root. O(log n).
    #[must_use]
    pub(super) fn remove(&mut self, tree: Tree, root: Slot, slot: Slot) -> Slot {
        if root != slot {
            let side = self.side(slot, root);
            let child = self.remove(tree, self.child(tree, root, side), slot);
            self.set_child(tree, root, side, child);
            return self.balanced(tree, root);
        }
        match self.entry(slot).children[tree as usize] {
            [NONE, child] | [child, NONE] => child,
            [left, right] => {
                let (rest, first) = self.without_first(tree, right);
                self.set_children(tree, first, [left, rest]);
                self.balanced(tree, first)
            }
        }
    }

    /// The entries of a tree that share a key with `range`, in its order.
    pub(super) fn overlapping(&self, tree: Tree, root: Slot, range: KeyRange) -> Overlapping<'_> {
        let mut overlapping = Overlapping { trees: self, tree, range, above: Vec::new() };
        overlapping.descend(root);
        overlapping
    }

    /// The farthest end among the entries that start at `key` or before it. O(log n).
    pub(super) fn reach(&self, tree: Tree, root: Slot, key: Key) -> Option<Key> {
        let (mut slot, mut farthest) = (root, None);
        while slot != NONE {
            let range = self.entry(slot).range;
            if range.start() <= key {
                let left = self.child(tree, slot, Side::Left);
                let left = (left != NONE).then(|| self.entry(left).reach[tree as usize]);
                farthest = farthest.max(left).max(Some(range.end()));
                slot = self.child(tree, slot, Side::Right);
            } else {
                slot = self.child(tree, slot, Side::Left);
            }
        }
        farthest
    }

    /// The first key after `key` at which an entry starts. O(log n).
    pub(super) fn next_start(&self, tree: Tree, root: Slot, key: Key) -> Option<Key> {
        let (mut slot, mut next) = (root, None);
        while slot != NONE {
            let start = self.entry(slot).range.start();
            let side = if start > key { Side::Left } else { Side::Right };
            if start > key {
                next = Some(start);
            }
            slot = self.child(tree, slot, side);
        }
        next
    }

    /// Checks the tree with this root, and returns how many entries it has.
    ///
    /// # Panics
    ///
    /// Where it is out of balance, or does not know how high it is or how far it reaches.
    pub(super) fn check_invariants(&self, tree: Tree, root: Slot) -> usize {
        if root == NONE {
            return 0;
        }
        let (entry, [left, right]) = (self.entry(root), self.entry(root).children[tree as usize]);
        let count = self.check_invariants(tree, left) + 1 + self.check_invariants(tree, right);
        let heights = [left, right].map(|child| self.height(tree, child));
        let noted = entry.height[tree as usize];
        assert!(heights[0].abs_diff(heights[1]) <= 1, "out of balance at {}", entry.range);
        assert_eq!(noted, 1 + heights[0].max(heights[1]), "height at {}", entry.range);
        let reach = [left, right].map(|child| self.reach(tree, child, Key::MAX));
        let reach = reach[0].max(reach[1]).max(Some(entry.range.end()));
        assert_eq!(Some(entry.reach[tree as usize]), reach, "reach at {}", entry.range);
        count
    }

    fn child(&self, tree: Tree, slot: Slot, side: Side) -> Slot {
        self.entry(slot).children[tree as usize][side as usize]
    }

    #[inline]
    fn height(&self, tree: Tree, slot: Slot) -> u8 {
        if slot == NONE { 0 } else { self.entry(slot).height[tree as usize] }
    }

    /// On which side of `root` an entry that is not `root` belongs.
    #[inline]
    fn side(&self, slot: Slot, root: Slot) -> Side {
        let (entry, root) = (self.entry(slot), self.entry(root));
        if (entry.range, entry.node) < (root.range, root.node) { Side::Left } else { Side::Right }
    }

    fn set_child(&mut self, tree: Tree, slot: Slot, side: Side, child: Slot) {
        let mut children = self.entry(slot).children[tree as usize];
        children[side as usize] = child;
        self.set_children(tree, slot, children);
    }

    /// Hangs two subtrees below an entry, and notes anew what it knows of them.
    fn set_children(&mut self, tree: Tree, slot: Slot, children: [Slot; 2]) {
        let (mut height, mut reach) = (0, self.entry(slot).range.end());
        for child in children.into_iter().filter(|&child| child != NONE) {
            height = self.height(tree, child).max(height);
            reach = self.entry(child).reach[tree as usize].max(reach);
        }
        let entry = &mut self.entries[slot as usize];
        entry.children[tree as usize] = children;
        entry.height[tree as usize] = height + 1;
        entry.reach[tree as usize] = reach;
    }

    /// Mends a subtree of which one side is up to two levels higher, and returns its root.
    fn balanced(&mut self, tree: Tree, root: Slot) -> Slot {
        let heights = self.entry(root).children[tree as usize].map(|slot| self.height(tree, slot));
        if heights[0].abs_diff(heights[1]) <= 1 {
            return root;
        }
        let high = if heights[0] > heights[1] { Side::Left } else { Side::Right };
        let child = self.child(tree, root, high);
        let outer = self.height(tree, self.child(tree, child, high));
        let inner = self.height(tree, self.child(tree, child, high.other()));
        if inner > outer {
            let raised = self.rotated(tree, child, high.other());
            self.set_child(tree, root, high, raised);
        }
        self.rotated(tree, root, high)
    }

    /// Raises the child on `side` above `root`, and returns it.
    fn rotated(&mut self, tree: Tree, root: Slot, side: Side) -> Slot {
        let raised = self.child(tree, root, side);
        let between = self.child(tree, raised, side.other());
        self.set_child(tree, root, side, between);
        self.set_child(tree, raised, side.other(), root);
        raised
    }

    /// What is left of a tree without its first entry, and that entry.
    fn without_first(&mut self, tree: Tree, root: Slot) -> (Slot, Slot) {
        let [left, right] = self.entry(root).children[tree as usize];
        if left == NONE {
            return (right, root);
        }
        let (rest, first) = self.without_first(tree, left);
        self.set_child(tree, root, Side::Left, rest);
        (self.balanced(tree, root), first)
    }
}

/// See [`IntervalTrees::overlapping`].
pub(super) struct Overlapping<'a> {
    trees: &'a IntervalTrees,
    tree: Tree,
    range: KeyRange,
    /// Entries whose left subtrees are done, and which come next, the last one first.
    above: Vec<Slot>,
}

impl Overlapping<'_> {
    /// Goes down to the first entry below `slot` that may reach the range.
    fn descend(&mut self, mut slot: Slot) {
        while slot != NONE && self.trees.entry(slot).reach[self.tree as usize] >= self.range.start()
        {
            self.above.push(slot);
            slot = self.trees.child(self.tree, slot, Side::Left);
        }
    }
}

impl<'a> Iterator for Overlapping<'a> {
    type Item = &'a Entry;

    fn next(&mut self) -> Option<&'a Entry> {
        while let Some(slot) = self.above.pop() {
            let entry = self.trees.entry(slot);
            if entry.range.start() > self.range.end() {
                // All that is left starts later still.
                self.above.clear();
                return None;
            }
            self.descend(self.trees.child(self.tree, slot, Side::Right));
            if entry.range.end() >= self.range.start() {
                return Some(entry);
            }
        }
        None
    }
}
