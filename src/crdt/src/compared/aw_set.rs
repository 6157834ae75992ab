//! A set in which adding wins.
//!
//! # Problem
//!
//! Where a Register and a Release of a claim are concurrent, the claim is to stay: who releases
//! takes away no more than it has seen.
//!
//! # Model
//!
//! The observed-remove set, optimized: of each claim the dots of the Registers that survive. A
//! Release cancels those that its issuer sees; so does a Register, which puts its own in their
//! place. Nothing else is kept of what is gone, since the context tells what has been seen. It is
//! what the claim map is without priorities: a claim that is registered by many serves as much as
//! one that is registered once.
//!
//! # Invariants
//!
//! - A claim is live if some Register of it has been seen, and no update that cancels it.
//!
//! # Source
//!
//! Bieniusa, Zawirski, Preguiça, Shapiro, Baquero, Balegas, Duarte 2012, "An optimized conflict-free
//! replicated set", after Shapiro et al. 2011, §3.3.5, OR-Set.

use alloc::vec::Vec;

use super::dot_store::DotStore;
use super::{Effect, Issued, Meaning, Merging};
use crate::codec::{DecodeError, Reader, Writer};
use crate::{Claim, DataType, Operation, Update, VersionVector};

/// What a set keeps in which adding wins.
#[derive(Clone, Debug, Default)]
pub struct AwSet {
    registers: DotStore<()>,
}

impl Meaning for AwSet {
    fn data_type(&self) -> DataType {
        DataType::AwSet
    }

    fn issue(&self, Issued { operation, live, .. }: Issued<'_>) -> Option<Effect> {
        let is_release = matches!(operation, Operation::Release { .. });
        let cancels = || self.registers.cancels(operation.claim());
        let effect = || Effect { cancels: cancels(), ..Effect::default() };
        (live.is_some() || !is_release).then(effect)
    }

    fn apply(&mut self, update: &Update, seen: &VersionVector) {
        let registers = matches!(update.operation, Operation::Register { .. });
        self.registers.apply(update, registers.then_some(()), seen);
    }

    fn priority(&self, claim: &Claim) -> Option<u64> {
        self.registers.of(claim).next().map(|_| 0)
    }

    fn claims(&self) -> Vec<Claim> {
        self.registers.claims()
    }

    fn write(&self, writer: &mut Writer<'_>) {
        self.registers.write(writer, |_, ()| ());
    }
}

impl Merging for AwSet {
    fn merge(&mut self, other: &Self, seen: [&VersionVector; 2]) {
        self.registers.merge(&other.registers, seen);
    }

    fn read(reader: &mut Reader<'_>, seen: &VersionVector) -> Result<Self, DecodeError> {
        Ok(Self { registers: DotStore::read(reader, seen, |_| Ok(()))? })
    }

    fn check_invariants(&self, seen: &VersionVector) {
        self.registers.check_invariants(seen);
    }
}
