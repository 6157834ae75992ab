//! The first protocol: lists in which the order of owners is what matters.
//!
//! # Problem
//!
//! The servers of a run of keys are to be ordered by preference. What could be simpler than to keep
//! them in a list, and to tell everybody what is done to it?
//!
//! # Model
//!
//! The key space is cut into runs of keys, at first one, each with a list of nodes, the preferred
//! one first; a run is named by its start. `Split` cuts a run in two, and both have its list.
//! `Register` appends a node to a list that it is not in, `Release` takes it out, `Promote` and
//! `Demote` let it change places with the one before it and behind it. **Every copy of a message
//! is applied on arrival**, and where the list does not have what it is about, nothing happens.
//!
//! So what a replica shows depends on the order in which messages came, and on how often. Two that
//! have seen the same operations need not show the same, and nothing brings them together again:
//!
//! ```
//! use scalesmall_crdt::{Claim, DataType, Delta, KeyRange, NodeId, Operation, ReplicaId};
//!
//! let [x, y] = ["x", "y"].map(|name| ReplicaId::first(NodeId::new(name).unwrap()));
//! let claim = |node| Claim::new(NodeId::new(node).unwrap(), KeyRange::ALL);
//! let mut at_x = DataType::OrderedList.replica();
//! for node in ["a", "b", "c"] {
//!     at_x.issue(&x, Operation::Register { claim: claim(node) }, 0)?;
//! }
//! let mut at_y = at_x.clone();
//! let of_x = Delta::from(at_x.issue(&x, Operation::Promote { claim: claim("c") }, 0)?);
//! let of_y = Delta::from(at_y.issue(&y, Operation::Promote { claim: claim("b") }, 0)?);
//! at_x.join(&of_y);
//! at_y.join(&of_x);
//!
//! let shown = |it: &dyn scalesmall_crdt::Replicated| -> Vec<String> {
//!     it.ownership().owners(0).iter().map(|owner| owner.node.to_string()).collect()
//! };
//! assert_eq!(at_x.context(), at_y.context(), "both have seen the same");
//! assert_eq!(shown(&*at_x), ["a", "b", "c"]);
//! assert_eq!(shown(&*at_y), ["b", "c", "a"]);
//! at_y.join(&of_x);
//! assert_eq!(shown(&*at_y), ["c", "b", "a"], "the second copy does the same once more");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Owners are shown in the order of the list, each with the number of nodes behind it as its
//! priority.
//!
//! Lists cannot be merged. A whole state is therefore the messages that its replica has applied, in
//! that order, and whoever takes it in applies those that it has not applied. All of them are kept.
//!
//! # Invariants
//!
//! - No node is in a list twice, and the first run starts at key 0.
//! - The context counts what has come without gaps; what came before its predecessor has been
//!   applied all the same, and is counted later.
//!
//! # Source
//!
//! Beck 2015, the protocol that the article "Scalesmall W2 First Redesign" does away with.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;

use super::{SortedMap, check_early, note_early};
use crate::codec::{DecodeError, Flaw, Reader, Writer};
use crate::{
    Claim, DataType, Delta, Dot, Fingerprint, Joined, Key, KeyRange, Merged, NodeId, Operation,
    OperationError, Ownership, ReplicaId, Replicated, Update, VersionVector,
};

/// One replica of the first protocol's lists.
#[derive(Clone, Debug)]
pub struct OrderedList {
    /// By the first of its keys, of each run the nodes, the preferred one first.
    runs: SortedMap<Key, Vec<NodeId>>,
    context: VersionVector,
    /// What has been applied and not been counted yet.
    early: Delta,
    /// What has been applied, each once, in the order in which it came first.
    applied: Vec<Arc<Update>>,
    fingerprint: Fingerprint,
    ownership: Ownership,
}

impl Default for OrderedList {
    fn default() -> Self {
        Self::new()
    }
}

impl OrderedList {
    /// One run of all keys, with nobody in its list.
    #[must_use]
    pub fn new() -> Self {
        Self::of(SortedMap::from_iter([(Key::MIN, Vec::new())]))
    }

    fn of(runs: SortedMap<Key, Vec<NodeId>>) -> Self {
        let mut list = Self {
            runs,
            context: VersionVector::new(),
            early: Delta::new(),
            applied: Vec::new(),
            fingerprint: Fingerprint::default(),
            ownership: Ownership::new(),
        };
        let starts: Vec<Key> = list.runs.keys().copied().collect();
        for start in starts {
            list.fingerprint.add_split(start);
            list.show(start, true);
        }
        list
    }

    /// The keys of the run that starts there.
    fn run(&self, start: Key) -> KeyRange {
        let next = self.runs.next_key(&start).copied();
        KeyRange::between(start.into(), next.map_or(KeyRange::ALL.past_end(), u64::from))
    }

    /// Lets the claims follow from the list of a run, or be gone where it is about to change.
    fn show(&mut self, start: Key, is_shown: bool) {
        let range = self.run(start);
        let Some(nodes) = self.runs.get(&start) else { return };
        for (node, behind) in nodes.iter().rev().zip(0..) {
            let after = is_shown.then_some(behind);
            let before = self.ownership.set(&Claim::new(node.clone(), range), after);
            self.fingerprint.change(node, range, before, after);
        }
    }

    /// Does what a message says, be it the first copy of it or not.
    fn carry_out(&mut self, operation: &Operation) {
        let Claim { node, range } = operation.claim();
        let at = range.start();
        if let Operation::Split { .. } = operation {
            return self.split(at);
        }
        self.show(at, false);
        if let Some(nodes) = self.runs.get_mut(&at) {
            let place = nodes.iter().position(|other| other == node);
            match (operation, place) {
                (Operation::Register { .. }, None) => nodes.push(node.clone()),
                (Operation::Release { .. }, Some(place)) => {
                    nodes.remove(place);
                }
                (Operation::Promote { .. }, Some(place)) if place > 0 => {
                    nodes.swap(place, place - 1);
                }
                (Operation::Demote { .. }, Some(place)) if place + 1 < nodes.len() => {
                    nodes.swap(place, place + 1);
                }
                _ => {}
            }
        }
        self.show(at, true);
    }

    fn split(&mut self, at: Key) {
        let before = self.runs.last_up_to(&at);
        let (&start, nodes) = before.expect("the first run starts at the first key");
        if start == at {
            return;
        }
        let nodes = nodes.clone();
        self.show(start, false);
        self.runs.insert(at, nodes);
        self.fingerprint.add_split(at);
        self.show(start, true);
        self.show(at, true);
    }

    /// Takes in a copy of a message.
    fn receive(&mut self, update: &Arc<Update>, joined: &mut Joined) {
        if self.count(update, joined) {
            self.carry_out(&update.operation);
        }
    }

    /// Counts a message, if this is the first copy of it. False where too many wait to be counted:
    /// then it is as if it had not come.
    fn count(&mut self, update: &Arc<Update>, joined: &mut Joined) -> bool {
        let Dot { replica, counter } = &update.dot;
        let counted = self.context.counter(replica);
        let is_first = *counter > counted && self.early.get(&update.dot).is_none();
        if *counter > counted + 1 && !note_early(&mut self.early, update, joined) {
            return false;
        }
        if is_first {
            self.applied.push(Arc::clone(update));
        }
        let mut next = (*counter == counted + 1).then(|| Arc::clone(update));
        while let Some(update) = next {
            self.early.remove(&update.dot);
            let Dot { replica, counter } = update.dot.clone();
            self.fingerprint.advance(&replica, counter - 1, counter);
            self.context.raise(&replica, counter);
            joined.applied.push(update);
            next = self.early.get(&Dot { replica, counter: counter + 1 }).cloned();
        }
        true
    }

    /// Only this copy issues under the name, so what is early under it is forged.
    fn forget_forged(&mut self, replica: &ReplicaId) {
        let early = self.early.len();
        self.early.remove_all_of(replica);
        if self.early.len() < early {
            let context = &self.context;
            self.applied.retain(|it| it.dot.replica != *replica || context.contains(&it.dot));
        }
    }

    /// Whether a Register, Release, Promote or Demote can be asked for here.
    fn check(&self, operation: &Operation) -> Result<(), OperationError> {
        let claim = operation.claim();
        let start = claim.range.start();
        match (operation, self.runs.get(&start)) {
            (Operation::Split { .. }, _) | (Operation::Register { .. }, Some(_)) => Ok(()),
            (Operation::Register { .. }, None) => Err(OperationError::NoSuchList { start }),
            (_, Some(nodes)) if nodes.contains(&claim.node) => Ok(()),
            _ => Err(OperationError::NotRegistered { claim: claim.clone() }),
        }
    }

    /// The state of which the rest is written in `reader`.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Box<dyn Replicated>, DecodeError> {
        let runs = reader.pairs(2, |reader| {
            let start = reader.within(0, Key::MAX.into())? as Key;
            let mut nodes = Vec::new();
            for _ in 0..reader.count(1)? {
                nodes.push(reader.node()?);
            }
            if nodes.iter().collect::<BTreeSet<_>>().len() < nodes.len() {
                return Err(reader.contradiction("a node is in a list twice"));
            }
            Ok((start, nodes))
        })?;
        if !runs.contains_key(&Key::MIN) {
            return Err(reader.contradiction("keys without a list"));
        }
        let mut list = Self::of(runs.into_iter().collect());
        // A replica, and of its update the head, the counter and a reference.
        for _ in 0..reader.count(4)? {
            let update = reader.single_update()?;
            if list.has_applied(&update.dot) || !list.count(&update, &mut Joined::default()) {
                return Err(reader.flaw(Flaw::OutOfOrder));
            }
        }
        Ok(Box::new(list))
    }

    fn has_applied(&self, dot: &Dot) -> bool {
        self.context.contains(dot) || self.early.get(dot).is_some()
    }

    /// Checks what must hold between the parts. O(state).
    ///
    /// # Panics
    ///
    /// With the part that is broken.
    pub fn check_invariants(&self) {
        self.ownership.check_invariants();
        self.context.check_invariants();
        self.early.check_invariants();
        check_early(&self.early, &self.context);
        assert!(self.runs.contains(&Key::MIN), "the first keys have no list");
        let mut shown = Self::of(self.runs.clone());
        for (replica, counter) in self.context.iter() {
            shown.fingerprint.advance(replica, 0, counter);
        }
        assert!(shown.ownership.claims().eq(self.ownership.claims()), "the claims have drifted");
        assert_eq!(shown.fingerprint, self.fingerprint, "the fingerprint has drifted");
        for (start, nodes) in self.runs.iter() {
            let different: BTreeSet<&NodeId> = nodes.iter().collect();
            assert_eq!(different.len(), nodes.len(), "a node is twice in the list from {start}");
        }
        let counted = self.context.operations() + self.early.len() as u64;
        assert_eq!(counted, self.applied.len() as u64, "messages that have been applied");
    }
}

impl Replicated for OrderedList {
    fn data_type(&self) -> DataType {
        DataType::OrderedList
    }

    fn ownership(&self) -> &Ownership {
        &self.ownership
    }

    fn context(&self) -> &VersionVector {
        &self.context
    }

    fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    fn waiting(&self) -> usize {
        self.early.len()
    }

    fn issue(
        &mut self,
        replica: &ReplicaId,
        operation: Operation,
        _clock_us: u64,
    ) -> Result<Update, OperationError> {
        let data_type = self.data_type();
        if !data_type.offers(&operation) {
            let operation = operation.name();
            return Err(OperationError::NotOffered { operation, data_type });
        }
        self.check(&operation)?;
        let dot = Dot { replica: replica.clone(), counter: self.context.counter(replica) + 1 };
        let (cancels, tightening, payload) = Default::default();
        let update = Update { dot, operation, cancels, tightening, payload };
        self.forget_forged(replica);
        self.receive(&Arc::new(update.clone()), &mut Joined::default());
        Ok(update)
    }

    fn join(&mut self, delta: &Delta) -> Joined {
        let mut joined = Joined::default();
        delta.updates().for_each(|update| self.receive(update, &mut joined));
        joined
    }

    fn merge(&mut self, other: &dyn Replicated) -> Merged {
        let mut merged = Merged::default();
        let other: Option<&Self> = other.as_any().downcast_ref();
        for update in other.into_iter().flat_map(|other| &other.applied) {
            if !self.has_applied(&update.dot) {
                self.receive(update, &mut merged.waiting);
            }
        }
        merged
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::of_state(self.data_type());
        writer.count(self.runs.len());
        for (start, nodes) in self.runs.iter() {
            writer.number((*start).into());
            writer.count(nodes.len());
            nodes.iter().for_each(|node| writer.node(node));
        }
        writer.count(self.applied.len());
        self.applied.iter().for_each(|update| writer.update(update));
        writer.into_bytes()
    }

    fn boxed(&self) -> Box<dyn Replicated> {
        Box::new(self.clone())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
