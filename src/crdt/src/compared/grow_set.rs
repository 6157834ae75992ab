//! A set that only grows.
//!
//! # Problem
//!
//! The simplest state that replicas can merge without a conflict is one from which nothing is ever
//! taken.
//!
//! # Model
//!
//! The set of claims that were registered. To merge is to unite. There is no Release, so a claim
//! stays when its node is long gone: that is its weakness.
//!
//! # Invariants
//!
//! - A claim is live if some Register of it has been seen.
//!
//! # Source
//!
//! Shapiro, Preguiça, Baquero, Zawirski 2011, "A comprehensive study of convergent and commutative
//! replicated data types", §3.3.1, G-Set.

use alloc::vec::Vec;

use super::{Effect, Issued, Meaning, Merging, SortedSet};
use crate::codec::{DecodeError, Reader, Writer};
use crate::{Claim, DataType, Operation, Update, VersionVector};

/// What a set that only grows keeps.
#[derive(Clone, Debug, Default)]
pub struct GrowSet {
    claims: SortedSet<Claim>,
}

impl Meaning for GrowSet {
    fn data_type(&self) -> DataType {
        DataType::GrowSet
    }

    fn issue(&self, _issued: Issued<'_>) -> Option<Effect> {
        Some(Effect::default())
    }

    fn apply(&mut self, update: &Update, _seen: &VersionVector) {
        if let Operation::Register { claim } = &update.operation {
            self.claims.insert(claim.clone(), ());
        }
    }

    fn priority(&self, claim: &Claim) -> Option<u64> {
        self.claims.contains(claim).then_some(0)
    }

    fn claims(&self) -> Vec<Claim> {
        self.claims.keys().cloned().collect()
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.claim_set(&self.claims);
    }
}

impl Merging for GrowSet {
    fn merge(&mut self, other: &Self, _seen: [&VersionVector; 2]) {
        other.claims.keys().for_each(|claim| self.claims.insert(claim.clone(), ()));
    }

    fn read(reader: &mut Reader<'_>, _seen: &VersionVector) -> Result<Self, DecodeError> {
        Ok(Self { claims: reader.claim_set()? })
    }
}
