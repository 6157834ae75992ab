//! An operation that has happened: what every replica has to know of it.

use alloc::vec::Vec;

use crate::{Claim, Dot, Operation};

/// An issued operation with its dot and with what it met at its issuer. An update means the same
/// at every replica, whatever that replica holds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Update {
    /// The operation's unique name.
    pub dot: Dot,
    /// The operation as it was asked for.
    pub operation: Operation,
    /// The contributions to the operation's claims that it cancels, in order.
    pub cancels: Vec<Dot>,
    /// The priority that a Tighten takes from the old range to the new; 0 for all others.
    pub carries: u64,
}

impl Update {
    /// The claim that the update contributes to, and what; nothing for a release.
    #[must_use]
    pub fn contribution(&self) -> Option<(Claim, Contribution)> {
        match &self.operation {
            Operation::Register { claim } => Some((claim.clone(), Contribution::Registration)),
            Operation::Increase { claim, by } => {
                Some((claim.clone(), Contribution::Change(i64::from(by.get()))))
            }
            Operation::Decrease { claim, by } if !self.is_release() => {
                Some((claim.clone(), Contribution::Change(-i64::from(by.get()))))
            }
            Operation::Decrease { .. } | Operation::Release { .. } => None,
            Operation::Tighten { .. } => {
                let tightened = self.operation.tightened()?;
                let contribution = match i64::try_from(self.carries).unwrap_or(i64::MAX) {
                    0 => Contribution::Registration,
                    carries => Contribution::Change(carries),
                };
                Some((tightened, contribution))
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

/// What one update adds to a claim, for as long as no other cancels it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contribution {
    /// The claim is registered; its priority is not touched.
    Registration,
    /// The priority is moved, never by zero; a move up also registers the claim.
    Change(i64),
}
