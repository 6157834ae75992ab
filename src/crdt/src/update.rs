//! An operation that has happened: what every replica has to know of it.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::limits::COUNTER_MAX;
use crate::{Claim, Contribution, Dot, Operation, ReplicaId};

/// An issued operation with its dot and with what it met at its issuer. An update means the same
/// at every replica, whatever that replica holds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "crate::serde_forms::Unchecked")
)]
pub struct Update {
    /// The operation's unique name.
    pub dot: Dot,
    /// The operation as it was asked for.
    pub operation: Operation,
    /// Which contributions to the operation's claim it cancels, by dot.
    pub cancels: Vec<Cancel>,
    /// What a Tighten brings to the narrower claim; nothing for all others.
    pub tightening: Option<Tightening>,
    /// What some of the [data types](crate::DataType) say beside; nothing for the claim map.
    pub payload: Option<Box<Payload>>,
}

/// The end of a contribution.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Cancel {
    /// The contribution.
    pub dot: Dot,
    /// Whether it stood for several at the issuer: then every contribution of that replica to the
    /// claim, up to the dot, is cancelled, at receivers that have not folded them as well.
    pub is_whole: bool,
}

/// The part of a Tighten that concerns the narrower claim.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Tightening {
    /// The priority of the old claim, which the narrower one is raised by.
    pub carries: u64,
    /// Which contributions to the narrower claim are cancelled, by dot.
    pub cancels: Vec<Cancel>,
}

/// What some data types say beside.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Payload {
    /// What the clock of the issuer's machine showed, in microseconds.
    Clock(u64),
    /// A whole counter, by replica.
    Counts(Vec<Count>),
}

/// What one replica has added to a counter, and taken from it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Count {
    /// The replica.
    pub replica: ReplicaId,
    /// How much it has added.
    pub increases: u64,
    /// How much it has taken away.
    pub decreases: u64,
}

impl Update {
    /// The claims that the update concerns, each with what it cancels there.
    pub fn claims(&self) -> impl Iterator<Item = (Claim, &[Cancel])> {
        let narrower = self.operation.tightened().zip(self.tightening.as_ref());
        let narrower = narrower.map(|(claim, tightening)| (claim, &*tightening.cancels));
        core::iter::once((self.operation.claim().clone(), &*self.cancels)).chain(narrower)
    }

    /// What the update contributes to [a claim](Self::contributes_to); nothing for a release.
    #[must_use]
    pub fn contribution(&self) -> Option<Contribution> {
        match &self.operation {
            Operation::Register { .. } => Some(Contribution::REGISTRATION),
            Operation::Increase { by, .. } => Some(Contribution::change(by.get().into())),
            Operation::Decrease { by, .. } if !self.is_release() => {
                Some(Contribution::change(-i64::from(by.get())))
            }
            Operation::Decrease { .. }
            | Operation::Release { .. }
            | Operation::Split { .. }
            | Operation::Promote { .. }
            | Operation::Demote { .. } => None,
            Operation::Tighten { .. } => {
                let carries = self.tightening.as_ref()?.carries;
                Some(match i64::try_from(carries).unwrap_or(i64::MAX) {
                    0 => Contribution::REGISTRATION,
                    carries => Contribution::change(carries),
                })
            }
        }
    }

    /// The claim that the update contributes to: the narrower one of a Tighten; nothing for a
    /// release.
    #[must_use]
    pub fn contributes_to(&self) -> Option<Claim> {
        let claim = || self.operation.tightened().unwrap_or_else(|| self.operation.claim().clone());
        (!self.is_release()).then(claim)
    }

    /// Whether the update only takes away: a Release, or a Decrease that came to zero.
    #[must_use]
    pub fn is_release(&self) -> bool {
        match self.operation {
            Operation::Release { .. } => true,
            // A live claim has contributions, and a Decrease of a part cancels none of them, or
            // says what it puts in their place.
            Operation::Decrease { .. } => !self.cancels.is_empty() && self.payload.is_none(),
            _ => false,
        }
    }

    /// What cannot be about it, if anything.
    pub(crate) fn contradiction(&self) -> Option<&'static str> {
        let Self { dot, operation, cancels, tightening, payload } = self;
        let to = match operation {
            Operation::Tighten { claim, to } => Some((*to, claim.range)),
            _ => None,
        };
        let all = [cancels, tightening.as_ref().map_or(cancels, |it| &it.cancels)];
        let ascend = |cancels: &Vec<Cancel>| cancels.is_sorted_by(|a, b| a.dot < b.dot);
        let is_counter = |counter: u64| (1..=COUNTER_MAX).contains(&counter);
        let counts = match payload.as_deref() {
            Some(Payload::Counts(counts)) => &**counts,
            _ => &[],
        };
        match () {
            () if !is_counter(dot.counter) => Some("a counter that no operation has"),
            // A Release may: not all data types say what it is that goes.
            () if to.is_some() && cancels.is_empty() => Some("it must cancel, and cancels nothing"),
            () if to.is_some() != tightening.is_some() => Some("a tightening of nothing"),
            () if to.is_some_and(|(to, from)| !to.is_strictly_inside(from)) => {
                Some("a Tighten that leaves nothing out")
            }
            () if !all.into_iter().all(ascend) => Some("what it cancels is out of order"),
            () if !all.into_iter().flatten().all(|cancel| is_counter(cancel.dot.counter)) => {
                Some("it cancels what no operation is")
            }
            () if !counts.is_sorted_by(|a, b| a.replica < b.replica) => {
                Some("what it counts is out of order")
            }
            () => None,
        }
    }
}
