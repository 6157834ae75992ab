//! The claim map by its definition: a contribution survives somewhere unless an operation that has
//! been applied there cancels it; an operation cancels what survived of its claim at its replica, if
//! it is one that cancels.

use std::collections::{BTreeMap, BTreeSet};

use scalesmall_crdt::{Claim, Dot, Operation, ReplicaId, VersionVector};

use super::{Model, check_cancels};
use crate::record::OperationRecord;

/// The operations on a claim map so far.
#[derive(Debug, Default)]
pub(super) struct ClaimMapModel {
    /// Per replica its operations, in order.
    operations: BTreeMap<ReplicaId, Vec<Known>>,
    /// Which operations concern a claim.
    of_claim: BTreeMap<Claim, Vec<Dot>>,
}

/// An operation that has been checked.
#[derive(Debug)]
struct Known {
    /// What it adds.
    contribution: Option<(Claim, Contribution)>,
    /// What it cancels.
    cancels: BTreeSet<Dot>,
}

#[derive(Clone, Copy, Debug)]
enum Contribution {
    Registration,
    Change(i128),
}

impl Model for ClaimMapModel {
    fn check_operation(&mut self, record: &OperationRecord) -> Result<(), String> {
        let OperationRecord { dot, operation, seen, .. } = record;
        let claim = operation.claim();
        let live = self.priority(claim, seen);
        let narrower = operation.tightened();
        let of_narrower = narrower.as_ref().map(|narrower| self.priority(narrower, seen));
        let mut cancelled: Vec<&Claim> = Vec::new();
        let starts = matches!(operation, Operation::Register { .. } | Operation::Increase { .. });
        match (operation, live) {
            (_, None) if starts => cancelled.push(claim),
            (_, None) => return Err(format!("{dot} took a dot, and {claim} is not live there")),
            (Operation::Decrease { by, .. }, Some(priority)) if i128::from(by.get()) < priority => {
            }
            (_, Some(_)) if starts => {}
            (_, Some(_)) => cancelled.push(claim),
        }
        if let (Some(narrower), Some(None)) = (&narrower, of_narrower) {
            cancelled.push(narrower);
        }
        let cancels: BTreeSet<Dot> = cancelled
            .iter()
            .flat_map(|claim| self.surviving(claim, seen))
            .map(|(dot, _)| dot.clone())
            .collect();
        check_cancels(record, &cancels, |dot| self.claim_of(dot))?;

        let contribution = match operation {
            Operation::Register { .. } => Some(Contribution::Registration),
            Operation::Increase { by, .. } => Some(Contribution::Change(by.get().into())),
            Operation::Decrease { by, .. } if cancels.is_empty() => {
                Some(Contribution::Change(-i128::from(by.get())))
            }
            Operation::Decrease { .. } | Operation::Release { .. } => None,
            Operation::Split { .. } | Operation::Promote { .. } | Operation::Demote { .. } => None,
            Operation::Tighten { .. } => Some(match live {
                None | Some(0) => Contribution::Registration,
                Some(priority) => Contribution::Change(priority),
            }),
        };
        let contributes_to = narrower.as_ref().unwrap_or(claim).clone();
        for claim in narrower.iter().chain([claim]) {
            self.of_claim.entry(claim.clone()).or_default().push(dot.clone());
        }
        let contribution = contribution.map(|contribution| (contributes_to, contribution));
        let operations = self.operations.entry(dot.replica.clone()).or_default();
        operations.push(Known { contribution, cancels });
        Ok(())
    }

    fn live(&self, seen: &VersionVector) -> BTreeMap<Claim, i128> {
        let live = |claim: &Claim| Some((claim.clone(), self.priority(claim, seen)?));
        self.of_claim.keys().filter_map(live).collect()
    }
}

impl ClaimMapModel {
    fn known(&self, dot: &Dot) -> Option<&Known> {
        let index = usize::try_from(dot.counter.checked_sub(1)?).ok()?;
        self.operations.get(&dot.replica)?.get(index)
    }

    fn claim_of(&self, dot: &Dot) -> Option<&Claim> {
        Some(&self.known(dot)?.contribution.as_ref()?.0)
    }

    /// What survives of a claim for who has seen this much.
    fn surviving(&self, claim: &Claim, seen: &VersionVector) -> Vec<(&Dot, Contribution)> {
        let concerned = self.of_claim.get(claim).into_iter().flatten();
        let applied: Vec<(&Dot, &Known)> = concerned
            .filter(|dot| seen.contains(dot))
            .map(|dot| (dot, self.known(dot).expect("what concerns a claim is known")))
            .collect();
        let cancelled: BTreeSet<&Dot> =
            applied.iter().flat_map(|(_, known)| &known.cancels).collect();
        let contribution = |(dot, known): &(&'_ Dot, &Known)| match &known.contribution {
            Some((to, contribution)) if to == claim && !cancelled.contains(dot) => {
                Some(*contribution)
            }
            _ => None,
        };
        applied.iter().filter_map(|pair| Some((pair.0, contribution(pair)?))).collect()
    }

    /// The priority of a claim, if it is live for who has seen this much.
    fn priority(&self, claim: &Claim, seen: &VersionVector) -> Option<i128> {
        let surviving = self.surviving(claim, seen);
        let changes: Vec<i128> = surviving
            .iter()
            .filter_map(|(_, contribution)| match contribution {
                Contribution::Registration => None,
                Contribution::Change(by) => Some(*by),
            })
            .collect();
        let is_registered = surviving.len() > changes.len();
        let is_present = is_registered || changes.iter().any(|&by| by > 0);
        let total: i128 = changes.iter().sum();
        (is_present && (changes.is_empty() || total > 0)).then_some(total)
    }
}
