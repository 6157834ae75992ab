//! An operation that has happened: what every replica has to know of it.

use alloc::vec::Vec;

use crate::{Claim, Contribution, Dot, Operation};

/// An issued operation with its dot and with what it met at its issuer. An update means the same
/// at every replica, whatever that replica holds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Update {
    /// The operation's unique name.
    pub dot: Dot,
    /// The operation as it was asked for.
    pub operation: Operation,
    /// Which contributions to the operation's claim it cancels, by dot.
    pub cancels: Vec<Cancel>,
    /// What a Tighten brings to the narrower claim; nothing for all others.
    pub tightening: Option<Tightening>,
}

/// The end of a contribution.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Cancel {
    /// The contribution.
    pub dot: Dot,
    /// Whether it stood for several at the issuer: then every contribution of that replica to the
    /// claim, up to the dot, is cancelled, at receivers that have not folded them as well.
    pub is_whole: bool,
}

/// The part of a Tighten that concerns the narrower claim.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Tightening {
    /// The priority of the old claim, which the narrower one is raised by.
    pub carries: u64,
    /// Which contributions to the narrower claim are cancelled, by dot.
    pub cancels: Vec<Cancel>,
}

impl Update {
    /// The claims that the update concerns, each with what it cancels there.
    pub fn claims(&self) -> impl Iterator<Item = (Claim, &[Cancel])> {
        let narrower = self.operation.tightened().zip(self.tightening.as_ref());
        let narrower = narrower.map(|(claim, tightening)| (claim, &*tightening.cancels));
        core::iter::once((self.operation.claim().clone(), &*self.cancels)).chain(narrower)
    }

    /// The claim that the update contributes to, and what; nothing for a release.
    #[must_use]
    pub fn contribution(&self) -> Option<(Claim, Contribution)> {
        match &self.operation {
            Operation::Register { claim } => Some((claim.clone(), Contribution::REGISTRATION)),
            Operation::Increase { claim, by } => {
                Some((claim.clone(), Contribution::change(i64::from(by.get()))))
            }
            Operation::Decrease { claim, by } if !self.is_release() => {
                Some((claim.clone(), Contribution::change(-i64::from(by.get()))))
            }
            Operation::Decrease { .. } | Operation::Release { .. } => None,
            Operation::Tighten { .. } => {
                let carries = self.tightening.as_ref()?.carries;
                let contribution = match i64::try_from(carries).unwrap_or(i64::MAX) {
                    0 => Contribution::REGISTRATION,
                    carries => Contribution::change(carries),
                };
                Some((self.operation.tightened()?, contribution))
            }
        }
    }

    /// Whether the update only takes away: a Release, or a Decrease that came to zero.
    #[must_use]
    pub fn is_release(&self) -> bool {
        match self.operation {
            Operation::Release { .. } => true,
            // A live claim has contributions, and a Decrease of a part cancels none of them.
            Operation::Decrease { .. } => !self.cancels.is_empty(),
            _ => false,
        }
    }
}
