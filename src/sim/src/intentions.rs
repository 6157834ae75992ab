//! What people meant, whatever the data type makes of it.
//!
//! # Problem
//!
//! Data types that all converge still differ in what they converge to. To say that one of them lost
//! something takes a measure that is none of them.
//!
//! # Model
//!
//! Whoever releases a claim means what is known there of it, and nothing else; whoever registers or
//! increases one means it to be there, whatever others do who do not know of that yet. So of each
//! operation that was *asked for*, with or without effect, its contribution is kept, until somebody
//! who knows of it takes it back. What is left is what people meant: `semantics.md` calls it the
//! contributions that survive.
//!
//! An operation is known to a replica once that has seen it; one that had no effect, once it has seen
//! what its issuer did next, since nothing tells of it before.
//!
//! Splits, promotions and demotions say nothing of claims, and are left out.

use std::collections::BTreeMap;

use scalesmall_crdt::{Claim, Operation, ReplicaId, VersionVector};

/// What is meant to be there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Intentions {
    claims: BTreeMap<Claim, Vec<Contribution>>,
}

/// What an operation adds to a claim.
#[derive(Clone, Debug)]
struct Contribution {
    by: Known,
    amount: Amount,
    /// Who has taken it back.
    taken_back: Vec<Known>,
}

/// Something that whoever has seen so many operations of a replica knows of.
#[derive(Clone, Debug)]
struct Known {
    by: ReplicaId,
    from: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Amount {
    Registration,
    More(u64),
    Less(u64),
}

/// Somebody who means something, and what has been seen there.
pub(crate) struct Issuer<'a> {
    pub(crate) replica: &'a ReplicaId,
    /// What it has seen, the operation included, where that had an effect.
    pub(crate) seen: &'a VersionVector,
    pub(crate) had_effect: bool,
}

impl Issuer<'_> {
    fn knows(&self, Known { by, from }: &Known) -> bool {
        by == self.replica || self.seen.counter(by) >= *from
    }

    /// Whether a contribution is there, as far as is known here.
    fn sees(&self, Contribution { by, taken_back, .. }: &Contribution) -> bool {
        self.knows(by) && !taken_back.iter().any(|known| self.knows(known))
    }

    /// Who knows of what is done here now.
    fn known(&self) -> Known {
        let from = self.seen.counter(self.replica) + u64::from(!self.had_effect);
        Known { by: self.replica.clone(), from }
    }
}

impl Intentions {
    /// Somebody asks for an operation. O(all that was ever asked for of the claim).
    pub(crate) fn note(&mut self, issuer: &Issuer<'_>, operation: &Operation) {
        match operation {
            Operation::Register { claim } => self.add(issuer, claim, Amount::Registration),
            Operation::Increase { claim, by } => {
                self.add(issuer, claim, Amount::More(by.get().into()))
            }
            Operation::Decrease { claim, by } => match self.known(issuer, claim) {
                Some(priority) if u64::from(by.get()) < priority => {
                    self.add(issuer, claim, Amount::Less(by.get().into()))
                }
                Some(_) => self.take_back(issuer, claim),
                None => {}
            },
            Operation::Release { claim } => self.take_back(issuer, claim),
            Operation::Tighten { claim, to } => {
                let Some(priority) =
                    self.known(issuer, claim).filter(|_| to.is_strictly_inside(claim.range))
                else {
                    return;
                };
                self.take_back(issuer, claim);
                let amount = match priority {
                    0 => Amount::Registration,
                    priority => Amount::More(priority),
                };
                self.add(issuer, &Claim::new(claim.node.clone(), *to), amount);
            }
            Operation::Split { .. } | Operation::Promote { .. } | Operation::Demote { .. } => {}
        }
    }

    /// All claims that are meant to be there, with their priorities.
    pub(crate) fn claims(&self) -> impl Iterator<Item = (&Claim, u64)> {
        self.claims.iter().filter_map(|(claim, all)| {
            let left = all.iter().filter(|contribution| contribution.taken_back.is_empty());
            Some((claim, priority(left)?))
        })
    }

    /// The priority that somebody means a claim to have, if it is to be there at all.
    fn known(&self, issuer: &Issuer<'_>, claim: &Claim) -> Option<u64> {
        let all = self.claims.get(claim)?.iter().filter(|it| issuer.sees(it));
        priority(all)
    }

    fn add(&mut self, issuer: &Issuer<'_>, claim: &Claim, amount: Amount) {
        if self.known(issuer, claim).is_none() {
            // What is left of it does not come back by that.
            self.take_back(issuer, claim);
        }
        let contribution = Contribution { by: issuer.known(), amount, taken_back: Vec::new() };
        self.claims.entry(claim.clone()).or_default().push(contribution);
    }

    fn take_back(&mut self, issuer: &Issuer<'_>, claim: &Claim) {
        let seen = self.claims.get_mut(claim).into_iter().flatten();
        for contribution in seen.filter(|contribution| issuer.sees(contribution)) {
            contribution.taken_back.push(issuer.known());
        }
    }
}

/// What contributions come to; nothing where they come to no claim.
fn priority<'a>(contributions: impl IntoIterator<Item = &'a Contribution>) -> Option<u64> {
    let (mut is_present, mut is_counted, mut total) = (false, false, 0_i128);
    for Contribution { amount, .. } in contributions {
        match *amount {
            Amount::Registration => is_present = true,
            Amount::More(by) => {
                (is_present, is_counted) = (true, true);
                total += i128::from(by);
            }
            Amount::Less(by) => {
                is_counted = true;
                total -= i128::from(by);
            }
        }
    }
    let is_live = is_present && (!is_counted || total > 0);
    is_live.then(|| u64::try_from(total).unwrap_or(u64::MAX))
}
