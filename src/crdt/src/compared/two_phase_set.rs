//! A set in which whatever has been released stays so.
//!
//! # Problem
//!
//! A set that only grows merges without a conflict; so do two of them, of which one is taken from
//! the other.
//!
//! # Model
//!
//! The claims that were registered, and those that were released, the *tombstones*. A claim is
//! live if it is among the first and not among the second. No Register brings a claim back: it
//! takes a dot, everybody sees it, and nothing is shown. Tombstones are never forgotten.
//!
//! # Invariants
//!
//! - A claim is live if some Register of it has been seen, and no Release.
//!
//! # Source
//!
//! Shapiro, Preguiça, Baquero, Zawirski 2011, "A comprehensive study of convergent and commutative
//! replicated data types", §3.3.2, 2P-Set.

use alloc::vec::Vec;

use super::{Effect, Issued, Meaning, Merging, SortedSet};
use crate::codec::{DecodeError, Reader, Writer};
use crate::sort::sorted_once;
use crate::{Claim, DataType, Operation, Update, VersionVector};

/// What a set keeps in which a release is for ever.
#[derive(Clone, Debug, Default)]
pub struct TwoPhaseSet {
    registered: SortedSet<Claim>,
    released: SortedSet<Claim>,
}

impl Meaning for TwoPhaseSet {
    fn data_type(&self) -> DataType {
        DataType::TwoPhaseSet
    }

    fn issue(&self, Issued { operation, live, .. }: Issued<'_>) -> Option<Effect> {
        let is_release = matches!(operation, Operation::Release { .. });
        (live.is_some() || !is_release).then(Effect::default)
    }

    fn apply(&mut self, update: &Update, _seen: &VersionVector) {
        match &update.operation {
            Operation::Register { claim } => self.registered.insert(claim.clone(), ()),
            Operation::Release { claim } => self.released.insert(claim.clone(), ()),
            _ => {}
        }
    }

    fn priority(&self, claim: &Claim) -> Option<u64> {
        (self.registered.contains(claim) && !self.released.contains(claim)).then_some(0)
    }

    fn claims(&self) -> Vec<Claim> {
        sorted_once(self.registered.keys().chain(self.released.keys()).cloned().collect())
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.claim_set(&self.registered);
        writer.claim_set(&self.released);
    }
}

impl Merging for TwoPhaseSet {
    fn merge(&mut self, other: &Self, _seen: [&VersionVector; 2]) {
        let Self { registered, released } = other;
        registered.keys().for_each(|claim| self.registered.insert(claim.clone(), ()));
        released.keys().for_each(|claim| self.released.insert(claim.clone(), ()));
    }

    fn read(reader: &mut Reader<'_>, _seen: &VersionVector) -> Result<Self, DecodeError> {
        Ok(Self { registered: reader.claim_set()?, released: reader.claim_set()? })
    }
}
