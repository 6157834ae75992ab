//! Whole states.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::num::NonZeroU64;

use crate::limits::{COUNTER_MAX, WAITING_MAX};
use crate::{Claim, ClaimMap, Contribution, Delta, Dot, ReplicaId, VersionVector};

use super::reader::Reader;
use super::tables::{Names, Replicas};
use super::writer::Writer;
use super::{Body, DecodeError, Flaw, Kind, decode, encode};

const REGISTERS: u8 = 1;
const INCREASES: u8 = 2;
const DECREASES: u8 = 4;
const IS_FOLDED: u8 = 8;

impl ClaimMap {
    /// The whole state as bytes: what survives, the context, what is cancelled and not seen, where
    /// something cancelled that not everybody is known to have seen, what waits.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(self)
    }

    /// The state that was written as `bytes`.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        decode(bytes)
    }
}

impl Body for ClaimMap {
    const KIND: Kind = Kind::Snapshot;

    fn name<'a>(&'a self, names: &mut Names<'a>) {
        self.context.name(names);
        self.store.keys().for_each(|claim| names.claim(claim));
        for (dot, claims) in &self.cancelled {
            names.replica(&dot.replica);
            claims.keys().for_each(|claim| names.claim(claim));
        }
        for (claim, cancelling) in &self.restless {
            names.claim(claim);
            cancelling.keys().for_each(|replica| names.replica(replica));
        }
        self.waiting.values().for_each(|update| names.update(update));
    }

    fn write(&self, writer: &mut Writer, names: &Names<'_>) {
        self.context.write(writer, names);
        writer.count(self.store.len());
        for (claim, contributions) in &self.store {
            writer.claim(claim, names);
            writer.count(contributions.len());
            for (dot, contribution) in contributions {
                write_dot(dot, writer, names);
                write_contribution(contribution, writer);
            }
        }
        writer.count(self.cancelled.len());
        for (dot, claims) in &self.cancelled {
            write_dot(dot, writer, names);
            writer.count(claims.len());
            for (claim, &is_whole) in claims {
                writer.claim(claim, names);
                writer.byte(is_whole.into());
            }
        }
        writer.count(self.restless.len());
        for (claim, cancelling) in &self.restless {
            writer.claim(claim, names);
            writer.count(cancelling.len());
            for (replica, &counter) in cancelling {
                writer.count(names.of_replica(replica));
                writer.number(counter);
            }
        }
        self.waiting.values().cloned().collect::<Delta>().write(writer, names);
    }

    fn read(reader: &mut Reader<'_>, replicas: &Replicas) -> Result<Self, DecodeError> {
        let context = VersionVector::read(reader, replicas)?;
        let store = read_ascending(reader, 6, |reader| {
            let claim = reader.claim(replicas)?;
            Ok((claim, read_contributions(reader, replicas, &context)?))
        })?;
        let cancelled = read_ascending(reader, 6, |reader| {
            let dot = reader.dot(replicas)?;
            if context.contains(&dot) {
                return Err(
                    reader.flaw(Flaw::Contradiction("seen, and cancelled before it is seen"))
                );
            }
            let claims: BTreeMap<Claim, bool> = read_ascending(reader, 4, |reader| {
                let claim = reader.claim(replicas)?;
                Ok((claim, reader.within(0, 1)? == 1))
            })?;
            if claims.is_empty() {
                return Err(reader.flaw(Flaw::Contradiction("cancelled nowhere")));
            }
            Ok((dot, claims))
        })?;
        let restless = read_ascending(reader, 6, |reader| {
            let claim = reader.claim(replicas)?;
            let cancelling: BTreeMap<ReplicaId, u64> = read_ascending(reader, 2, |reader| {
                let dot = reader.dot(replicas)?;
                if !context.contains(&dot) {
                    return Err(reader.flaw(Flaw::Contradiction("it cancelled and is not seen")));
                }
                Ok((dot.replica, dot.counter))
            })?;
            if cancelling.is_empty() {
                return Err(reader.flaw(Flaw::Contradiction("nothing cancelled")));
            }
            Ok((claim, cancelling))
        })?;
        let waiting = Delta::read(reader, replicas)?;
        let is_early = |dot: &Dot| dot.counter > context.counter(&dot.replica) + 1;
        if waiting.len() > WAITING_MAX || !waiting.dots().all(is_early) {
            return Err(reader.flaw(Flaw::Contradiction("something waits that need not")));
        }
        Ok(Self::from_parts(store, context, cancelled, restless, &waiting))
    }
}

/// Pairs whose first parts ascend, each of at least so many bytes.
fn read_ascending<K: Ord, V>(
    reader: &mut Reader<'_>,
    bytes: usize,
    mut read: impl FnMut(&mut Reader<'_>) -> Result<(K, V), DecodeError>,
) -> Result<BTreeMap<K, V>, DecodeError> {
    let mut pairs = BTreeMap::new();
    for _ in 0..reader.count(bytes)? {
        let (key, value) = read(reader)?;
        if pairs.last_key_value().is_some_and(|(last, _)| *last >= key) {
            return Err(reader.flaw(Flaw::OutOfOrder));
        }
        pairs.insert(key, value);
    }
    Ok(pairs)
}

fn read_contributions(
    reader: &mut Reader<'_>,
    replicas: &Replicas,
    context: &VersionVector,
) -> Result<BTreeMap<Dot, Contribution>, DecodeError> {
    let contributions = read_ascending(reader, 3, |reader| {
        let dot = reader.dot(replicas)?;
        if !context.contains(&dot) {
            return Err(reader.flaw(Flaw::Contradiction("it contributes and is not seen")));
        }
        Ok((dot, read_contribution(reader)?))
    })?;
    if contributions.is_empty() {
        return Err(reader.flaw(Flaw::Contradiction("a claim without contributions")));
    }
    Ok(contributions)
}

fn write_dot(dot: &Dot, writer: &mut Writer, names: &Names<'_>) {
    writer.count(names.of_replica(&dot.replica));
    writer.number(dot.counter);
}

fn write_contribution(contribution: &Contribution, writer: &mut Writer) {
    let Contribution { change, registers, increases, decreases, stands_for } = *contribution;
    let flag = |is_set, flag| if is_set { flag } else { 0 };
    writer.byte(
        flag(registers, REGISTERS)
            | flag(increases, INCREASES)
            | flag(decreases, DECREASES)
            | flag(stands_for.get() > 1, IS_FOLDED),
    );
    if increases || decreases {
        writer.signed(change);
    }
    if stands_for.get() > 1 {
        writer.number(stands_for.get());
    }
}

fn read_contribution(reader: &mut Reader<'_>) -> Result<Contribution, DecodeError> {
    let flags = reader.byte()?;
    if flags > REGISTERS | INCREASES | DECREASES | IS_FOLDED {
        return Err(reader.flaw(Flaw::OutOfBounds(flags.into())));
    }
    let has = |flag: u8| flags & flag != 0;
    let change = if has(INCREASES | DECREASES) { reader.signed()? } else { 0 };
    let stands_for = if has(IS_FOLDED) { reader.within(2, COUNTER_MAX)? } else { 1 };
    let contribution = Contribution {
        change,
        registers: has(REGISTERS),
        increases: has(INCREASES),
        decreases: has(DECREASES),
        stands_for: NonZeroU64::new(stands_for).expect("at least 1"),
    };
    match contribution.contradiction() {
        None => Ok(contribution),
        Some(contradiction) => Err(reader.flaw(Flaw::Contradiction(contradiction))),
    }
}
