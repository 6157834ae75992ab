//! A set in which the last writer wins, by the clock.
//!
//! # Problem
//!
//! Of two operations on a claim, the one that came later is to count; and everybody is to agree on
//! which that is.
//!
//! # Model
//!
//! Each operation is stamped with what its issuer's clock shows. Of a claim the operation with the
//! greatest stamp decides: (clock, node, counter), and the incarnation of the node should all of
//! that be equal. A clock that is ahead wins over whatever comes later, for as long as it is
//! ahead; a Release by somebody who has seen the Register, and whose clock is behind, does nothing:
//! that is its weakness. Nothing here knows what an issuer had seen.
//!
//! # Invariants
//!
//! - A claim is live if the operation with the greatest stamp, of those seen, is a Register.
//!
//! # Source
//!
//! Shapiro, Preguiça, Baquero, Zawirski 2011, "A comprehensive study of convergent and commutative
//! replicated data types", §3.3.3, LWW-element-Set.

use alloc::vec::Vec;

use super::{Effect, Issued, Meaning, Merging, SortedMap};
use crate::codec::{DecodeError, Reader, Writer};
use crate::{Claim, DataType, Dot, NodeId, Operation, Payload, ReplicaId, Update, VersionVector};

/// What a set keeps in which the last writer wins.
#[derive(Clone, Debug, Default)]
pub struct LwwSet {
    /// Of each claim the latest operation.
    latest: SortedMap<Claim, Latest>,
}

/// An operation on a claim; the greater is the later one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Latest {
    clock_us: u64,
    node: NodeId,
    counter: u64,
    incarnation: u32,
    /// Whether it is a Register.
    registers: bool,
}

impl LwwSet {
    fn note(&mut self, claim: &Claim, operation: Latest) {
        if self.latest.get(claim).is_none_or(|latest| *latest < operation) {
            self.latest.insert(claim.clone(), operation);
        }
    }
}

impl Meaning for LwwSet {
    fn data_type(&self) -> DataType {
        DataType::LwwSet
    }

    fn issue(&self, Issued { operation, live, clock_us, .. }: Issued<'_>) -> Option<Effect> {
        let is_release = matches!(operation, Operation::Release { .. });
        let stamped = || Effect { payload: Some(Payload::Clock(clock_us)), ..Effect::default() };
        (live.is_some() || !is_release).then(stamped)
    }

    fn apply(&mut self, update: &Update, _seen: &VersionVector) {
        let (claim, registers) = match &update.operation {
            Operation::Register { claim } => (claim, true),
            Operation::Release { claim } => (claim, false),
            _ => return,
        };
        let Some(&Payload::Clock(clock_us)) = update.payload.as_deref() else { return };
        let Dot { replica: ReplicaId { node, incarnation }, counter } = update.dot.clone();
        self.note(claim, Latest { clock_us, node, counter, incarnation, registers });
    }

    fn priority(&self, claim: &Claim) -> Option<u64> {
        self.latest.get(claim)?.registers.then_some(0)
    }

    fn claims(&self) -> Vec<Claim> {
        self.latest.keys().cloned().collect()
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.count(self.latest.len());
        for (claim, latest) in self.latest.iter() {
            let Latest { clock_us, node, counter, incarnation, registers } = latest;
            let replica = ReplicaId { node: node.clone(), incarnation: *incarnation };
            writer.claim(claim);
            writer.number(*clock_us);
            writer.dot(&Dot { replica, counter: *counter });
            writer.byte((*registers).into());
        }
    }
}

impl Merging for LwwSet {
    fn merge(&mut self, other: &Self, _seen: [&VersionVector; 2]) {
        for (claim, latest) in other.latest.iter() {
            self.note(claim, latest.clone());
        }
    }

    fn read(reader: &mut Reader<'_>, seen: &VersionVector) -> Result<Self, DecodeError> {
        // A claim takes three bytes, the clock one, the operation three.
        let latest = reader.pairs(7, |reader| {
            let (claim, clock_us) = (reader.claim()?, reader.number()?);
            let dot = reader.seen_dot(seen)?;
            let registers = reader.within(0, 1)? == 1;
            let Dot { replica: ReplicaId { node, incarnation }, counter } = dot;
            Ok((claim, Latest { clock_us, node, counter, incarnation, registers }))
        })?;
        Ok(Self { latest: latest.into_iter().collect() })
    }

    fn check_invariants(&self, seen: &VersionVector) {
        for (claim, Latest { node, counter, incarnation, .. }) in self.latest.iter() {
            let replica = ReplicaId { node: node.clone(), incarnation: *incarnation };
            let decides = Dot { replica, counter: *counter };
            assert!(seen.contains(&decides), "{decides} decides on {claim} and is not applied");
        }
    }
}
