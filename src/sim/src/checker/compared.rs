//! The data types that the claim map is compared with, each by its definition: which of the
//! operations on a claim that are visible make it live.

use std::collections::{BTreeMap, BTreeSet};

use scalesmall_crdt::{Claim, DataType, Dot, Operation, ReplicaId, VersionVector};

use super::{Model, check_cancels};
use crate::record::OperationRecord;

/// The operations so far, and what they are operations on.
#[derive(Debug)]
pub(super) struct ComparedModel {
    data_type: DataType,
    of_claim: BTreeMap<Claim, Vec<Known>>,
}

/// What an operation is to a claim.
#[derive(Clone, Debug)]
struct Known {
    dot: Dot,
    /// What its replica had seen.
    seen: VersionVector,
    clock_us: u64,
    /// Whether it adds something to the claim; else it only takes away.
    adds: bool,
    /// What it puts an end to, where the definition is by that.
    cancels: BTreeSet<Dot>,
    /// The counter that it leaves, where there is one.
    counter: Counter,
}

/// By replica, what it has added and what it has taken away.
type Counter = BTreeMap<ReplicaId, [i128; 2]>;

impl ComparedModel {
    pub(super) fn new(data_type: DataType) -> Self {
        Self { data_type, of_claim: BTreeMap::new() }
    }

    fn visible<'a>(&'a self, claim: &Claim, seen: &VersionVector) -> Vec<&'a Known> {
        let known = self.of_claim.get(claim).into_iter().flatten();
        known.filter(|known| seen.contains(&known.dot)).collect()
    }

    /// What adds to a claim and is not cancelled, for who has seen this much.
    fn surviving<'a>(&'a self, claim: &Claim, seen: &VersionVector) -> Vec<&'a Known> {
        let visible = self.visible(claim, seen);
        let is_cancelled = |dot: &Dot| visible.iter().any(|known| known.cancels.contains(dot));
        visible.iter().copied().filter(|it| it.adds && !is_cancelled(&it.dot)).collect()
    }

    /// The counter of a claim for who has seen this much.
    fn counter(&self, claim: &Claim, seen: &VersionVector) -> Counter {
        let mut whole = Counter::new();
        for (replica, counts) in self.surviving(claim, seen).iter().flat_map(|it| &it.counter) {
            let own = whole.entry(replica.clone()).or_default();
            *own = [own[0].max(counts[0]), own[1].max(counts[1])];
        }
        whole
    }

    /// The priority of a claim, if it is live for who has seen this much.
    fn priority(&self, claim: &Claim, seen: &VersionVector) -> Option<i128> {
        let visible = self.visible(claim, seen);
        let (adds, ends): (Vec<&Known>, Vec<&Known>) =
            visible.iter().copied().partition(|known| known.adds);
        let is_live = match self.data_type {
            DataType::GrowSet => !adds.is_empty(),
            DataType::TwoPhaseSet => !adds.is_empty() && ends.is_empty(),
            DataType::RwSet => {
                adds.iter().any(|add| ends.iter().all(|end| add.seen.contains(&end.dot)))
            }
            DataType::LwwSet => {
                let stamp = |known: &&&Known| {
                    let Dot { replica, counter } = &known.dot;
                    (known.clock_us, replica.node.clone(), *counter, replica.incarnation)
                };
                visible.iter().max_by_key(stamp).is_some_and(|latest| latest.adds)
            }
            _ => !self.surviving(claim, seen).is_empty(),
        };
        let counter = self.counter(claim, seen);
        let total: i128 = counter.values().map(|[added, taken]| added - taken).sum();
        (is_live && (counter.is_empty() || total > 0)).then_some(total)
    }

    /// What an operation cancels of a claim: where something is said of that, what survives there.
    fn cancels(&self, claim: &Claim, adds: bool, seen: &VersionVector) -> BTreeSet<Dot> {
        match self.data_type {
            DataType::AwSet | DataType::NaiveCounterMap => {
                let surviving = self.surviving(claim, seen);
                surviving.into_iter().map(|known| known.dot.clone()).collect()
            }
            // A Register takes back the Releases that it has seen.
            DataType::RwSet if adds => {
                let visible = self.visible(claim, seen).into_iter();
                visible.filter(|known| !known.adds).map(|known| known.dot.clone()).collect()
            }
            _ => BTreeSet::new(),
        }
    }

    /// The counter of a claim after a replica has added so much, and taken so much away; from 0
    /// where it is not live.
    fn changed(&self, claim: &Claim, record: &OperationRecord, by: [i128; 2]) -> Counter {
        let OperationRecord { dot, seen, .. } = record;
        let mut counter = match self.priority(claim, seen) {
            Some(_) => self.counter(claim, seen),
            None => Counter::new(),
        };
        if self.data_type == DataType::NaiveCounterMap && by != [0, 0] {
            let own = counter.entry(dot.replica.clone()).or_default();
            *own = [own[0] + by[0], own[1] + by[1]];
        }
        counter
    }
}

impl Model for ComparedModel {
    fn check_operation(&mut self, record: &OperationRecord) -> Result<(), String> {
        let OperationRecord { dot, operation, seen, clock_us, .. } = record;
        if clock_us.is_some() != (self.data_type == DataType::LwwSet) {
            let word = if clock_us.is_some() { "a" } else { "no" };
            return Err(format!("{dot} has {word} time of its clock in an {}", self.data_type));
        }
        let claim = operation.claim();
        let live = self.priority(claim, seen);
        let starts = matches!(operation, Operation::Register { .. } | Operation::Increase { .. });
        if live.is_none() && !starts {
            return Err(format!("{dot} took a dot, and {claim} is not live there"));
        }
        let by = match operation {
            Operation::Increase { by, .. } => [by.get().into(), 0],
            Operation::Decrease { by, .. } => [0, by.get().into()],
            _ => [0, 0],
        };
        let ends = match operation {
            Operation::Decrease { .. } => live.is_some_and(|live| by[1] >= live),
            _ => !starts,
        };
        let known = |claim: &Claim, adds: bool, by: [i128; 2]| Known {
            dot: dot.clone(),
            seen: seen.clone(),
            clock_us: clock_us.unwrap_or_default(),
            adds,
            cancels: self.cancels(claim, adds, seen),
            counter: if adds { self.changed(claim, record, by) } else { Counter::new() },
        };
        let mut effects = vec![(claim.clone(), known(claim, !ends, by))];
        if let Some(narrower) = operation.tightened() {
            let carried = known(&narrower, true, [live.unwrap_or_default(), 0]);
            effects.push((narrower, carried));
        }
        let cancels = effects.iter().flat_map(|(_, known)| known.cancels.clone()).collect();
        check_cancels(record, &cancels, |_| Some(claim))?;
        for (claim, known) in effects {
            self.of_claim.entry(claim).or_default().push(known);
        }
        Ok(())
    }

    fn live(&self, seen: &VersionVector) -> BTreeMap<Claim, i128> {
        let live = |claim: &Claim| Some((claim.clone(), self.priority(claim, seen)?));
        self.of_claim.keys().filter_map(live).collect()
    }
}
