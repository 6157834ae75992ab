//! Whether a run obeyed the semantics.
//!
//! Deliberately naive, and independent of the claim map: it knows each operation that took a dot,
//! with what its replica had seen, and computes by the definition what follows. A contribution
//! survives somewhere unless an operation that has been applied there cancels it; an operation
//! cancels what survived of its claim at its replica, if it is one that cancels.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use scalesmall_crdt::{Claim, Dot, Operation, ReplicaId, VersionVector};

use crate::record::{OperationRecord, Record, StateRecord};

/// What is known of a run so far.
#[derive(Debug, Default)]
pub struct Checker {
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

impl Checker {
    /// Nothing has happened yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Checks the next record, and remembers it. Naive: O(operations on its claims).
    ///
    /// # Errors
    ///
    /// How it breaks the semantics.
    pub fn check(&mut self, record: &Record) -> Result<(), String> {
        match record {
            Record::Operation(operation) => self.check_operation(operation),
            Record::State(state) => self.check_state(state),
        }
    }

    fn check_operation(&mut self, record: &OperationRecord) -> Result<(), String> {
        let OperationRecord { dot, operation, seen, .. } = record;
        self.check_seen(seen)?;
        let issued = self.operations.get(&dot.replica).map_or(0, Vec::len) as u64;
        if dot.counter != issued + 1 {
            return Err(format!("{dot} is issued, and {issued} operations of it came before"));
        }
        if seen.counter(&dot.replica) != issued {
            return Err(format!("{dot} has not seen what its own replica did before"));
        }
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

    fn check_state(&self, record: &StateRecord) -> Result<(), String> {
        let StateRecord { on, seen, claims: shown, .. } = record;
        self.check_seen(seen)?;
        let live = |claim: &Claim| Some((claim.clone(), self.priority(claim, seen)?));
        let expected: BTreeMap<Claim, i128> = self.of_claim.keys().filter_map(live).collect();
        let shown: BTreeMap<Claim, i128> =
            shown.iter().map(|(claim, &priority)| (claim.clone(), priority.into())).collect();
        let claims: BTreeSet<&Claim> = expected.keys().chain(shown.keys()).collect();
        for claim in claims {
            let (is, should) = (shown.get(claim), expected.get(claim));
            if is != should {
                let word = |priority: Option<&i128>| match priority {
                    Some(priority) => format!("live with priority {priority}"),
                    None => "not live".to_owned(),
                };
                return Err(format!(
                    "{on} shows {claim} as {}; by what it has seen it is {}",
                    word(is),
                    word(should)
                ));
            }
        }
        Ok(())
    }

    /// Whatever has been seen has been issued.
    fn check_seen(&self, seen: &VersionVector) -> Result<(), String> {
        for (replica, counter) in seen.iter() {
            let issued = self.operations.get(replica).map_or(0, Vec::len) as u64;
            if counter > issued {
                return Err(format!("{replica}#{counter} is seen, and {issued} have been issued"));
            }
        }
        Ok(())
    }

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

/// An operation says that it cancels exactly what it does; of what is folded, the latest of each
/// replica stands for those before it.
fn check_cancels<'a>(
    record: &OperationRecord,
    expected: &BTreeSet<Dot>,
    claim_of: impl Fn(&Dot) -> Option<&'a Claim>,
) -> Result<(), String> {
    let dot = &record.dot;
    let list = |dots: &mut dyn Iterator<Item = &dyn Display>| {
        dots.map(ToString::to_string).collect::<Vec<_>>().join(", ")
    };
    let said = || record.cancels.iter().chain(&record.cancels_up_to);
    let wrong: Vec<&Dot> = said().filter(|cancelled| !expected.contains(cancelled)).collect();
    if !wrong.is_empty() {
        let wrong = list(&mut wrong.iter().map(|dot| dot as &dyn Display));
        return Err(format!("{dot} cancels {wrong}, which did not survive there"));
    }
    let is_said = |cancelled: &&Dot| {
        record.cancels.contains(cancelled)
            || record.cancels_up_to.iter().any(|latest| {
                latest.replica == cancelled.replica
                    && latest.counter >= cancelled.counter
                    && claim_of(latest) == claim_of(cancelled)
            })
    };
    let spared: Vec<&Dot> = expected.iter().filter(|dot| !is_said(dot)).collect();
    if !spared.is_empty() {
        let spared = list(&mut spared.iter().map(|dot| dot as &dyn Display));
        return Err(format!("{dot} does not cancel {spared}, which survived there"));
    }
    Ok(())
}
