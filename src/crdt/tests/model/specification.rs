//! The definition by visibility, as naive as can be: a log of all operations, and what a replica
//! shows computed anew from the set of those that it has applied.

use std::collections::{BTreeMap, BTreeSet};

use scalesmall_crdt::{Claim, Dot, Operation};

/// An operation as the specification keeps it.
struct Logged {
    adds: Option<(Claim, Added)>,
    cancels: BTreeSet<Dot>,
}

#[derive(Clone, Copy)]
enum Added {
    Registration,
    Change(i128),
}

/// Every operation that took a dot.
#[derive(Default)]
pub(crate) struct Specification {
    log: BTreeMap<Dot, Logged>,
}

impl Specification {
    /// What of `received` is applied: per replica the part without gaps.
    pub(crate) fn visible(received: &BTreeSet<Dot>) -> BTreeSet<Dot> {
        let mut visible = BTreeSet::new();
        // In order, so that a predecessor has been judged before.
        for dot in received {
            let predecessor = Dot { counter: dot.counter - 1, ..dot.clone() };
            if dot.counter == 1 || visible.contains(&predecessor) {
                visible.insert(dot.clone());
            }
        }
        visible
    }

    /// The live claims of a replica that has applied `visible`.
    pub(crate) fn claims(&self, visible: &BTreeSet<Dot>) -> BTreeMap<Claim, u64> {
        let surviving = self.surviving(visible);
        surviving
            .into_iter()
            .filter_map(|(claim, added)| Some((claim, priority(&added)?)))
            .collect()
    }

    /// Which dots an operation cancels that has happened.
    pub(crate) fn cancels(&self, dot: &Dot) -> &BTreeSet<Dot> {
        &self.log[dot].cancels
    }

    /// Carries out an operation at a replica that sees `visible`; false where it has no effect.
    pub(crate) fn issue(
        &mut self,
        dot: Dot,
        visible: &BTreeSet<Dot>,
        operation: &Operation,
    ) -> bool {
        let surviving = self.surviving(visible);
        let survivors = |claim: &Claim| surviving.get(claim).cloned().unwrap_or_default();
        let dots = |claim: &Claim| survivors(claim).into_keys().collect::<BTreeSet<Dot>>();
        // Register or Increase: start afresh where the claim is not live.
        let start = |claim: &Claim, added: Added| {
            let is_live = priority(&survivors(claim)).is_some();
            let cancels = if is_live { BTreeSet::new() } else { dots(claim) };
            Logged { adds: Some((claim.clone(), added)), cancels }
        };
        let logged = match (operation, priority(&survivors(operation.claim()))) {
            (Operation::Register { claim }, _) => start(claim, Added::Registration),
            (Operation::Increase { claim, by }, _) => start(claim, Added::Change(by.get().into())),
            (_, None) => return false,
            (Operation::Decrease { claim, by }, Some(priority))
                if u64::from(by.get()) < priority =>
            {
                let added = Added::Change(-i128::from(by.get()));
                Logged { adds: Some((claim.clone(), added)), cancels: BTreeSet::new() }
            }
            (Operation::Decrease { claim, .. } | Operation::Release { claim }, _) => {
                Logged { adds: None, cancels: dots(claim) }
            }
            (Operation::Tighten { claim, to }, Some(priority)) => {
                let added = match priority {
                    0 => Added::Registration,
                    _ => Added::Change(priority.into()),
                };
                let mut logged = start(&Claim::new(claim.node.clone(), *to), added);
                logged.cancels.extend(dots(claim));
                logged
            }
            (other, Some(_)) => unreachable!("a claim map has no {}", other.name()),
        };
        self.log.insert(dot, logged);
        true
    }

    fn surviving(&self, visible: &BTreeSet<Dot>) -> BTreeMap<Claim, BTreeMap<Dot, Added>> {
        let cancelled: BTreeSet<&Dot> =
            visible.iter().flat_map(|dot| &self.log[dot].cancels).collect();
        let mut surviving: BTreeMap<Claim, BTreeMap<Dot, Added>> = BTreeMap::new();
        for dot in visible.iter().filter(|dot| !cancelled.contains(dot)) {
            if let Some((claim, added)) = &self.log[dot].adds {
                surviving.entry(claim.clone()).or_default().insert(dot.clone(), *added);
            }
        }
        surviving
    }
}

fn priority(surviving: &BTreeMap<Dot, Added>) -> Option<u64> {
    let change = |added: &Added| match added {
        Added::Registration => None,
        Added::Change(by) => Some(*by),
    };
    let changes: Vec<i128> = surviving.values().filter_map(change).collect();
    let total: i128 = changes.iter().sum();
    let registered = changes.len() < surviving.len();
    let present = registered || changes.iter().any(|by| *by > 0);
    let live = present && (changes.is_empty() || total > 0);
    live.then(|| u64::try_from(total).unwrap())
}
