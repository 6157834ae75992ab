//! What a replica must show, written down from the semantics alone: a claim is what survives of it
//! among the operations that the replica has applied.

use std::collections::{BTreeMap, BTreeSet};

use scalesmall_crdt::{Claim, Dot, Operation};

/// An operation as it happened at its issuer.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// The claim it adds to. Nothing as the amount: a registration.
    adds: Option<(Claim, Option<i64>)>,
    /// The contributions that survived at the issuer and that it ends.
    cancels: BTreeSet<Dot>,
}

/// Operations by name: those that have reached a replica, or those that it has applied.
pub(crate) type Events<'a> = BTreeMap<Dot, &'a Event>;

/// What is applied of what has come: of each replica the operations before the first gap.
pub(crate) fn applied<'a>(come: &Events<'a>) -> Events<'a> {
    let has_come = |replica, counter| come.contains_key(&Dot { replica, counter });
    let mut applied = come.clone();
    applied.retain(|dot, _| (1..dot.counter).all(|before| has_come(dot.replica.clone(), before)));
    applied
}

/// What an operation does where `seen` is applied; nothing where it has no effect.
pub(crate) fn issue(seen: &Events<'_>, operation: &Operation) -> Option<Event> {
    let claim = operation.claim().clone();
    let all = |claim: &Claim| surviving(seen, claim).into_keys().collect::<BTreeSet<Dot>>();
    let unless_live = |claim: &Claim| match priority(&surviving(seen, claim)) {
        Some(_) => BTreeSet::new(),
        None => all(claim),
    };
    let live = priority(&surviving(seen, &claim));
    Some(match operation {
        Operation::Register { .. } => {
            Event { cancels: unless_live(&claim), adds: Some((claim, None)) }
        }
        Operation::Increase { by, .. } => {
            Event { cancels: unless_live(&claim), adds: Some((claim, Some(by.get().into()))) }
        }
        Operation::Decrease { by, .. } if u64::from(by.get()) < live? => {
            let amount = -i64::from(by.get());
            Event { adds: Some((claim, Some(amount))), cancels: BTreeSet::new() }
        }
        Operation::Decrease { .. } | Operation::Release { .. } => {
            live?;
            Event { adds: None, cancels: all(&claim) }
        }
        Operation::Tighten { to, .. } => {
            let amount = i64::try_from(live?).expect("small worlds have small priorities");
            let narrower = Claim::new(claim.node.clone(), *to);
            let cancels = &all(&claim) | &unless_live(&narrower);
            Event { adds: Some((narrower, Some(amount).filter(|&amount| amount > 0))), cancels }
        }
        other => unreachable!("a claim map has no {}", other.name()),
    })
}

/// The live claims of a replica that has applied `seen`.
pub(crate) fn claims(seen: &Events<'_>) -> BTreeMap<Claim, u64> {
    let touched = seen.values().filter_map(|event| event.adds.as_ref());
    let touched: BTreeSet<&Claim> = touched.map(|(claim, _)| claim).collect();
    touched
        .into_iter()
        .filter_map(|claim| Some((claim.clone(), priority(&surviving(seen, claim))?)))
        .collect()
}

/// The contributions to a claim that nothing in `seen` cancels.
fn surviving(seen: &Events<'_>, claim: &Claim) -> BTreeMap<Dot, Option<i64>> {
    let is_cancelled = |dot| seen.values().any(|event| event.cancels.contains(dot));
    let mut surviving = BTreeMap::new();
    for (dot, event) in seen.iter().filter(|(dot, _)| !is_cancelled(dot)) {
        if let Some((_, amount)) = event.adds.as_ref().filter(|(to, _)| to == claim) {
            surviving.insert(dot.clone(), *amount);
        }
    }
    surviving
}

fn priority(surviving: &BTreeMap<Dot, Option<i64>>) -> Option<u64> {
    let is_present = surviving.values().any(|amount| amount.is_none_or(|amount| amount > 0));
    let has_changes = surviving.values().any(Option::is_some);
    let total: i64 = surviving.values().flatten().sum();
    let is_live = is_present && (!has_changes || total > 0);
    is_live.then(|| u64::try_from(total).expect("the total of a live claim is not negative"))
}
