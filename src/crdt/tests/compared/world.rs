//! Three replicas, and all that can happen to them.

use std::sync::Arc;

use proptest::prelude::*;
use scalesmall_crdt::{
    Claim, DataType, Delta, Dot, KeyRange, NodeId, Operation, ReplicaId, Replicated, Update,
};

use crate::definition::{Definition, Visible};

pub(crate) const REPLICAS: usize = 3;

#[derive(Clone, Debug)]
pub(crate) enum Move {
    /// A replica is asked for something.
    Ask { at: usize, what: usize, claim: usize, by: u32, clock_us: u64 },
    /// One operation of all that there are comes to a replica, known or not, in its turn or not.
    Tell { to: usize, which: usize },
    /// All that one has applied comes to another one, but for what it had before `from_index`.
    TellAll { from: usize, to: usize, from_index: usize },
    /// One takes in the state of another.
    Merge { from: usize, to: usize },
}

pub(crate) fn moves(most: usize) -> impl Strategy<Value = Vec<Move>> {
    let replica = || 0..REPLICAS;
    let ask = (replica(), 0..5_usize, 0..3_usize, 1..5_u32, 0..6_u64)
        .prop_map(|(at, what, claim, by, clock_us)| Move::Ask { at, what, claim, by, clock_us });
    let tell = (replica(), any::<usize>()).prop_map(|(to, which)| Move::Tell { to, which });
    let tell_all = (replica(), replica(), 0..4_usize)
        .prop_map(|(from, to, from_index)| Move::TellAll { from, to, from_index });
    let merge = (replica(), replica()).prop_map(|(from, to)| Move::Merge { from, to });
    prop::collection::vec(prop_oneof![4 => ask, 4 => tell, 1 => tell_all, 1 => merge], 0..most)
}

pub(crate) struct World {
    pub(crate) data_type: DataType,
    pub(crate) replicas: Vec<Box<dyn Replicated>>,
    pub(crate) issued: Vec<Arc<Update>>,
    definition: Definition,
}

pub(crate) fn id(replica: usize) -> ReplicaId {
    ReplicaId::first(NodeId::new(["a", "b", "c"][replica]).unwrap())
}

pub(crate) fn claim(index: usize) -> Claim {
    let (node, start, end) = [("a", 0, 99), ("a", 0, 49), ("b", 0, 99)][index];
    Claim::new(NodeId::new(node).unwrap(), KeyRange::new(start, end).unwrap())
}

fn operation(data_type: DataType, at: usize, what: usize, index: usize, by: u32) -> Operation {
    let (claim, by) = (claim(index), by.try_into().unwrap());
    let names = data_type.operations();
    match names[what % names.len()] {
        "register" => Operation::Register { claim },
        "release" => Operation::Release { claim },
        "increase" => Operation::Increase { claim, by },
        "decrease" => Operation::Decrease { claim, by },
        "tighten" => {
            let half = KeyRange::new(claim.range.start(), claim.range.end() / 2).unwrap();
            Operation::Tighten { claim, to: half }
        }
        "split" => Operation::split(id(at).node, by.get()),
        "promote" => Operation::Promote { claim },
        "demote" => Operation::Demote { claim },
        other => panic!("{other} is not known here"),
    }
}

impl World {
    /// What these moves lead to.
    pub(crate) fn after(data_type: DataType, moves: &[Move]) -> Self {
        let mut world = Self {
            data_type,
            replicas: (0..REPLICAS).map(|_| data_type.replica()).collect(),
            issued: Vec::new(),
            definition: Definition::new(data_type),
        };
        moves.iter().for_each(|it| world.make(it));
        world
    }

    pub(crate) fn make(&mut self, it: &Move) {
        match *it {
            Move::Ask { at, what, claim, by, clock_us } => {
                let operation = operation(self.data_type, at, what, claim, by);
                self.ask(at, operation, clock_us);
            }
            Move::Tell { to, which } => {
                if let Some(index) = which.checked_rem(self.issued.len()) {
                    let delta = Delta::from_iter([Arc::clone(&self.issued[index])]);
                    self.replicas[to].join(&delta);
                }
            }
            Move::TellAll { from, to, from_index } => {
                let delta = self.applied_at(from, from_index);
                self.replicas[to].join(&delta);
            }
            Move::Merge { from, to } => {
                let state = self.replicas[from].boxed();
                self.replicas[to].merge(&*state);
            }
        }
    }

    fn ask(&mut self, at: usize, operation: Operation, clock_us: u64) {
        let seen = self.visible(at);
        let counter = self.replicas[at].context().counter(&id(at)) + 1;
        let dot = Dot { replica: id(at), counter };
        let is_defined = self.is_defined();
        let has_effect =
            is_defined && self.definition.issue(dot.clone(), &operation, &seen, clock_us);
        let issued = self.replicas[at].issue(&id(at), operation, clock_us);
        assert!(!is_defined || issued.is_ok() == has_effect, "{dot}: {issued:?}");
        if let Ok(update) = issued {
            assert_eq!(update.dot, dot);
            self.issued.push(Arc::new(update));
        }
    }

    /// The claim map has its own definition and tests, and the ordered list has none.
    fn is_defined(&self) -> bool {
        self.data_type.converges() && self.data_type != DataType::AwMap
    }

    /// What a replica has applied, but for the first so many that were issued.
    pub(crate) fn applied_at(&self, replica: usize, from_index: usize) -> Delta {
        let context = self.replicas[replica].context();
        let applied = self.issued.iter().skip(from_index).filter(|it| context.contains(&it.dot));
        applied.cloned().collect()
    }

    fn visible(&self, replica: usize) -> Visible {
        self.applied_at(replica, 0).dots().cloned().collect()
    }

    /// Every replica is sound, and shows what the definition says.
    pub(crate) fn check(&self) {
        self.replicas.iter().for_each(|replica| replica.check_invariants());
        let defined = self.replicas.iter().enumerate().filter(|_| self.is_defined());
        for (index, replica) in defined {
            let shown: Vec<(Claim, i128)> =
                replica.claims().map(|(claim, priority)| (claim, priority.into())).collect();
            let expected: Vec<_> =
                self.definition.claims(&self.visible(index)).into_iter().collect();
            assert_eq!(shown, expected, "{} at {}", self.data_type, id(index));
        }
    }
}

/// Whether two have seen the same, keep the same and show the same.
pub(crate) fn are_same(one: &dyn Replicated, other: &dyn Replicated) -> bool {
    one.fingerprint() == other.fingerprint()
        && one.context() == other.context()
        && one.claims().eq(other.claims())
        && one.to_bytes() == other.to_bytes()
}
