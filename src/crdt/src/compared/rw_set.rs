//! A set in which releasing wins.
//!
//! # Problem
//!
//! Where a Register and a Release of a claim are concurrent, the claim is to go: who releases
//! wants it gone, and who registers can do so again.
//!
//! # Model
//!
//! A claim is live if some Register has seen every Release that is visible here. Of the Releases
//! of one replica those up to some counter have been seen, so what a Register has seen of them is
//! a [version](Version): of each replica the counter of its latest Release. What is kept is the
//! version of all Releases, and of each Register that has seen them all its version, unless
//! another one's includes that.
//!
//! Two Registers that each have seen one of two concurrent Releases do not add up to a live claim;
//! and a replica that has heard of a Release after it has registered has to register again: that
//! is its weakness. A range can be left to nobody though everybody involved wants it served.
//!
//! # Invariants
//!
//! - No version of a Register includes another, and each includes that of the Releases: one that
//!   does not will never do, since there are only ever more Releases.
//!
//! # Source
//!
//! Bieniusa, Zawirski, Preguiça, Shapiro, Baquero, Balegas, Duarte 2012, "Brief announcement:
//! Semantics of eventually consistent replicated sets", the remove-wins set.

use alloc::vec::Vec;

use super::{Effect, Issued, Meaning, Merging, SortedMap, SortedSet};
use crate::codec::{DecodeError, Reader, Writer};
use crate::{Cancel, Claim, DataType, Dot, Operation, ReplicaId, Update, VersionVector};

/// What a set keeps in which releasing wins.
#[derive(Clone, Debug, Default)]
pub struct RwSet {
    /// Of each claim that somebody has registered or released.
    known: SortedMap<Claim, Known>,
}

#[derive(Clone, Debug, Default)]
struct Known {
    releases: Version,
    /// What the Registers have seen of the Releases.
    registers: SortedSet<Version>,
}

/// Some Releases of a claim: by replica, the counter of the latest of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Version(SortedMap<ReplicaId, u64>);

impl Version {
    fn includes(&self, other: &Self) -> bool {
        other.0.iter().all(|(replica, counter)| self.0.get(replica) >= Some(counter))
    }

    fn add(&mut self, replica: &ReplicaId, counter: u64) {
        let latest = self.0.or_default(replica);
        *latest = counter.max(*latest);
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.count(self.0.len());
        for (replica, counter) in self.0.iter() {
            writer.replica(replica);
            writer.number(*counter);
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let version = reader.pairs(2, |reader| {
            let Dot { replica, counter } = reader.dot()?;
            Ok((replica, counter))
        });
        Ok(Self(version?.into_iter().collect()))
    }
}

impl Known {
    fn add_register(&mut self, seen: Version) {
        let is_known = self.registers.keys().any(|register| register.includes(&seen));
        if !is_known && seen.includes(&self.releases) {
            self.registers.retain(|register, ()| !seen.includes(register));
            self.registers.insert(seen, ());
        }
    }

    fn add_release(&mut self, replica: &ReplicaId, counter: u64) {
        self.releases.add(replica, counter);
        let releases = &self.releases;
        self.registers.retain(|register, ()| register.includes(releases));
    }
}

impl Meaning for RwSet {
    fn data_type(&self) -> DataType {
        DataType::RwSet
    }

    /// A Register says which Releases it has seen, and so takes back: of each replica the latest
    /// stands for those before it.
    fn issue(&self, Issued { operation, live, .. }: Issued<'_>) -> Option<Effect> {
        if matches!(operation, Operation::Release { .. }) {
            return live.map(|_| Effect::default());
        }
        let releases = self.known.get(operation.claim()).map(|known| known.releases.0.iter());
        let cancel = |(replica, &counter): (&ReplicaId, &u64)| Cancel {
            dot: Dot { replica: replica.clone(), counter },
            is_whole: true,
        };
        let cancels = releases.into_iter().flatten().map(cancel).collect();
        Some(Effect { cancels, ..Effect::default() })
    }

    fn apply(&mut self, update: &Update, _seen: &VersionVector) {
        let Dot { replica, counter } = &update.dot;
        match &update.operation {
            Operation::Register { claim } => {
                let mut seen = Version::default();
                update.cancels.iter().for_each(|it| seen.add(&it.dot.replica, it.dot.counter));
                self.known.or_default(claim).add_register(seen);
            }
            Operation::Release { claim } => {
                self.known.or_default(claim).add_release(replica, *counter);
            }
            _ => {}
        }
    }

    fn priority(&self, claim: &Claim) -> Option<u64> {
        (!self.known.get(claim)?.registers.is_empty()).then_some(0)
    }

    fn claims(&self) -> Vec<Claim> {
        self.known.keys().cloned().collect()
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.count(self.known.len());
        for (claim, Known { releases, registers }) in self.known.iter() {
            writer.claim(claim);
            releases.write(writer);
            writer.count(registers.len());
            registers.keys().for_each(|register| register.write(writer));
        }
    }
}

impl Merging for RwSet {
    fn merge(&mut self, other: &Self, _seen: [&VersionVector; 2]) {
        for (claim, theirs) in other.known.iter() {
            let known = self.known.or_default(claim);
            for (replica, &counter) in theirs.releases.0.iter() {
                known.add_release(replica, counter);
            }
            theirs.registers.keys().for_each(|register| known.add_register(register.clone()));
        }
    }

    fn read(reader: &mut Reader<'_>, seen: &VersionVector) -> Result<Self, DecodeError> {
        // A claim takes three bytes, the two counts one each.
        let known = reader.pairs(5, |reader| {
            let claim = reader.claim()?;
            let mut known = Known { releases: Version::read(reader)?, ..Known::default() };
            let are_seen =
                known.releases.0.iter().all(|(replica, &counter)| seen.counter(replica) >= counter);
            if !are_seen {
                return Err(reader.contradiction("it released and is not seen"));
            }
            for _ in 0..reader.count(1)? {
                known.add_register(Version::read(reader)?);
            }
            Ok((claim, known))
        })?;
        Ok(Self { known: known.into_iter().collect() })
    }

    fn check_invariants(&self, seen: &VersionVector) {
        for (claim, Known { releases, registers }) in self.known.iter() {
            for (replica, &counter) in releases.0.iter() {
                let release = Dot { replica: replica.clone(), counter };
                assert!(seen.contains(&release), "{release} releases {claim}, and is not applied");
            }
            for register in registers.keys() {
                assert!(register.includes(releases), "a Register of {claim} counts for nothing");
                let mut others = registers.keys().filter(|&other| other != register);
                assert!(!others.any(|other| register.includes(other)), "one of {claim} is in vain");
            }
        }
    }
}
