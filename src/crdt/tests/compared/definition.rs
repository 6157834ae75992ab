//! The data types by visibility: which of the operations that a replica has applied make a claim
//! live. Nothing is kept but the log of all operations, each with what its issuer had applied.

use std::collections::{BTreeMap, BTreeSet};

use scalesmall_crdt::{Claim, DataType, Dot, Operation, ReplicaId};

pub(crate) type Visible = BTreeSet<Dot>;

pub(crate) struct Definition {
    data_type: DataType,
    log: BTreeMap<Dot, Logged>,
}

#[derive(Debug)]
struct Logged {
    operation: Operation,
    seen: Visible,
    clock_us: u64,
    /// The claims that it is about.
    about: Vec<Claim>,
    /// What survived of them at its issuer, to which it puts an end.
    ends: Visible,
    /// The claim that it adds to, with the counter that it leaves there.
    adds: Option<(Claim, Counter)>,
}

/// By replica, what it has added and what it has taken away.
type Counter = BTreeMap<ReplicaId, (i128, i128)>;

impl Definition {
    pub(crate) fn new(data_type: DataType) -> Self {
        Self { data_type, log: BTreeMap::new() }
    }

    /// Logs an operation that is asked for where so much is visible. False if it has no effect.
    pub(crate) fn issue(
        &mut self,
        dot: Dot,
        operation: &Operation,
        seen: &Visible,
        clock_us: u64,
    ) -> bool {
        let claim = operation.claim().clone();
        let live = self.priority(&claim, seen);
        let changed = |claim: &Claim, added: i128, taken: i128| {
            let mut counter = match self.priority(claim, seen) {
                Some(_) => self.counter(claim, seen),
                None => Counter::new(),
            };
            if (added, taken) != (0, 0) {
                let own = counter.entry(dot.replica.clone()).or_default();
                *own = (own.0 + added, own.1 + taken);
            }
            (claim.clone(), counter)
        };
        let adds = match (operation, live) {
            (Operation::Register { .. }, _) => Some(changed(&claim, 0, 0)),
            (Operation::Increase { by, .. }, _) => Some(changed(&claim, by.get().into(), 0)),
            (_, None) => return false,
            (Operation::Decrease { by, .. }, Some(live)) if i128::from(by.get()) < live => {
                Some(changed(&claim, 0, by.get().into()))
            }
            (Operation::Decrease { .. } | Operation::Release { .. }, Some(_)) => None,
            (Operation::Tighten { .. }, Some(live)) => {
                Some(changed(&operation.tightened().unwrap(), live, 0))
            }
            (other, Some(_)) => panic!("{} is not of these types", other.name()),
        };
        let about: Vec<Claim> = [claim].into_iter().chain(operation.tightened()).collect();
        let ends = about.iter().flat_map(|claim| self.surviving(claim, seen)).cloned().collect();
        let (operation, seen) = (operation.clone(), seen.clone());
        self.log.insert(dot, Logged { operation, seen, clock_us, about, ends, adds });
        true
    }

    /// The live claims of who sees this much.
    pub(crate) fn claims(&self, visible: &Visible) -> BTreeMap<Claim, i128> {
        let known = visible.iter().flat_map(|dot| &self.log[dot].about);
        let known: BTreeSet<&Claim> = known.collect();
        let live = |claim: &Claim| Some((claim.clone(), self.priority(claim, visible)?));
        known.into_iter().filter_map(live).collect()
    }

    fn priority(&self, claim: &Claim, visible: &Visible) -> Option<i128> {
        let about = |dot: &&Dot| *self.log[*dot].operation.claim() == *claim;
        let (registers, releases): (Vec<&Dot>, Vec<&Dot>) = visible
            .iter()
            .filter(about)
            .partition(|dot| matches!(self.log[*dot].operation, Operation::Register { .. }));
        let is_live = match self.data_type {
            DataType::GrowSet => !registers.is_empty(),
            DataType::TwoPhaseSet => !registers.is_empty() && releases.is_empty(),
            DataType::RwSet => registers
                .iter()
                .any(|it| releases.iter().all(|release| self.log[*it].seen.contains(release))),
            DataType::LwwSet => {
                let stamp = |dot: &&&Dot| (self.log[**dot].clock_us, (**dot).clone());
                // The replicas here are their nodes' first, so dots are in the order of stamps.
                registers.iter().max_by_key(stamp).is_some_and(|last| {
                    releases.iter().max_by_key(stamp).is_none_or(|it| stamp(&it) < stamp(&last))
                })
            }
            _ => !self.surviving(claim, visible).is_empty(),
        };
        let counter = self.counter(claim, visible);
        let total: i128 = counter.values().map(|(added, taken)| added - taken).sum();
        (is_live && (counter.is_empty() || total > 0)).then_some(total)
    }

    /// What adds to a claim and has not been ended by something visible.
    fn surviving<'a>(&self, claim: &Claim, visible: &'a Visible) -> Vec<&'a Dot> {
        let is_ended = |dot: &Dot| visible.iter().any(|other| self.log[other].ends.contains(dot));
        let adds = |dot: &&Dot| self.log[*dot].adds.as_ref().is_some_and(|(to, _)| to == claim);
        visible.iter().filter(adds).filter(|dot| !is_ended(dot)).collect()
    }

    fn counter(&self, claim: &Claim, visible: &Visible) -> Counter {
        let mut whole = Counter::new();
        if self.data_type != DataType::NaiveCounterMap {
            return whole;
        }
        for dot in self.surviving(claim, visible) {
            let (_, counter) = self.log[dot].adds.as_ref().unwrap();
            for (replica, (added, taken)) in counter {
                let own = whole.entry(replica.clone()).or_default();
                *own = (own.0.max(*added), own.1.max(*taken));
            }
        }
        whole
    }
}
