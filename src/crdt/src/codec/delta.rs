//! Updates, and which of them somebody has seen.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::num::NonZeroU32;

use crate::limits::COUNTER_MAX;
use crate::{
    Cancel, Claim, Delta, Dot, KeyRange, Operation, ReplicaId, Tightening, Update, VersionVector,
};

use super::reader::Reader;
use super::tables::{Names, Replicas};
use super::writer::Writer;
use super::{Body, DecodeError, Flaw, Kind, decode, encode};

impl Delta {
    /// The delta as bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(self)
    }

    /// The delta that was written as `bytes`.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        decode(bytes)
    }
}

impl VersionVector {
    /// The version vector as bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(self)
    }

    /// The version vector that was written as `bytes`.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        decode(bytes)
    }
}

impl Body for Delta {
    const KIND: Kind = Kind::Delta;

    fn name<'a>(&'a self, names: &mut Names<'a>) {
        names.delta(self);
    }

    fn write(&self, writer: &mut Writer, names: &Names<'_>) {
        let mut runs: BTreeMap<&ReplicaId, Vec<&Update>> = BTreeMap::new();
        for update in self.updates() {
            runs.entry(&update.dot.replica).or_default().push(update);
        }
        writer.count(runs.len());
        for (replica, updates) in runs {
            writer.count(names.of_replica(replica));
            writer.count(updates.len());
            let mut previous = 0;
            for update in updates {
                writer.number(update.dot.counter - previous);
                previous = update.dot.counter;
                write_update(update, writer, names);
            }
        }
    }

    fn read(reader: &mut Reader<'_>, replicas: &Replicas) -> Result<Self, DecodeError> {
        let mut delta = Self::new();
        let mut last: Option<ReplicaId> = None;
        for _ in 0..reader.count(6)? {
            let replica = replicas.replica(reader)?;
            if last.is_some_and(|last| last >= replica) {
                return Err(reader.flaw(Flaw::OutOfOrder));
            }
            let mut counter = 0;
            for _ in 0..reader.count(4)? {
                counter += reader.within(1, COUNTER_MAX - counter)?;
                let dot = Dot { replica: replica.clone(), counter };
                delta.insert(Arc::new(read_update(dot, reader, replicas)?));
            }
            last = Some(replica);
        }
        Ok(delta)
    }
}

impl Body for VersionVector {
    const KIND: Kind = Kind::VersionVector;

    fn name<'a>(&'a self, names: &mut Names<'a>) {
        self.iter().for_each(|(replica, _)| names.replica(replica));
    }

    fn write(&self, writer: &mut Writer, names: &Names<'_>) {
        // Of a message that has one, nearly all replicas are in it.
        names.replicas().for_each(|replica| writer.number(self.counter(replica)));
    }

    fn read(reader: &mut Reader<'_>, replicas: &Replicas) -> Result<Self, DecodeError> {
        let mut counters = BTreeMap::new();
        for replica in replicas.replicas() {
            match reader.within(0, COUNTER_MAX)? {
                0 => {}
                counter => {
                    counters.insert(replica.clone(), counter);
                }
            }
        }
        Ok(Self::from_counters(counters))
    }
}

/// The operations by number. A flag beside it says whether something is cancelled.
const REGISTER: u8 = 0;
const RELEASE: u8 = 1;
const INCREASE: u8 = 2;
const DECREASE: u8 = 3;
const TIGHTEN: u8 = 4;
const CANCELS: u8 = 8;

fn write_update(update: &Update, writer: &mut Writer, names: &Names<'_>) {
    let number = match update.operation {
        Operation::Register { .. } => REGISTER,
        Operation::Release { .. } => RELEASE,
        Operation::Increase { .. } => INCREASE,
        Operation::Decrease { .. } => DECREASE,
        Operation::Tighten { .. } => TIGHTEN,
    };
    let cancels = if update.cancels.is_empty() { 0 } else { CANCELS };
    writer.byte(number | cancels);
    let claim = update.operation.claim();
    writer.claim(claim, names);
    match &update.operation {
        Operation::Increase { by, .. } | Operation::Decrease { by, .. } => {
            writer.number(by.get().into());
        }
        Operation::Tighten { to, .. } => {
            writer.number(u64::from(to.start() - claim.range.start()));
            writer.number(to.keys() - 1);
            let Tightening { carries, cancels } =
                update.tightening.as_ref().expect("a Tighten has its tightening");
            writer.number(*carries);
            write_cancels(cancels, writer, names);
        }
        Operation::Register { .. } | Operation::Release { .. } => {}
    }
    if !update.cancels.is_empty() {
        write_cancels(&update.cancels, writer, names);
    }
}

fn read_update(
    dot: Dot,
    reader: &mut Reader<'_>,
    replicas: &Replicas,
) -> Result<Update, DecodeError> {
    let number = reader.byte()?;
    let claim = reader.claim(replicas)?;
    let mut tightening = None;
    let operation = match number & !CANCELS {
        REGISTER => Operation::Register { claim },
        RELEASE => Operation::Release { claim },
        INCREASE => Operation::Increase { claim, by: read_by(reader)? },
        DECREASE => Operation::Decrease { claim, by: read_by(reader)? },
        TIGHTEN => read_tighten(claim, &mut tightening, reader, replicas)?,
        _ => return Err(reader.flaw(Flaw::OutOfBounds(number.into()))),
    };
    let cancels = match number & CANCELS {
        0 => Vec::new(),
        _ => read_cancels(reader, replicas)?,
    };
    let has_flag_for_nothing = number & CANCELS != 0 && cancels.is_empty();
    let must_cancel = matches!(operation, Operation::Release { .. } | Operation::Tighten { .. });
    if has_flag_for_nothing || (must_cancel && cancels.is_empty()) {
        return Err(reader.flaw(Flaw::Contradiction("an update that must cancel cancels nothing")));
    }
    Ok(Update { dot, operation, cancels, tightening })
}

fn read_by(reader: &mut Reader<'_>) -> Result<NonZeroU32, DecodeError> {
    let by = reader.within(1, u32::MAX.into())? as u32;
    Ok(NonZeroU32::new(by).expect("at least 1"))
}

fn read_tighten(
    claim: Claim,
    tightening: &mut Option<Tightening>,
    reader: &mut Reader<'_>,
    replicas: &Replicas,
) -> Result<Operation, DecodeError> {
    let offset = reader.within(0, claim.range.keys() - 1)?;
    let length = 1 + reader.within(0, claim.range.keys() - offset - 1)?;
    let start = u64::from(claim.range.start()) + offset;
    let to = KeyRange::between(start, start + length);
    if !to.is_strictly_inside(claim.range) {
        return Err(reader.flaw(Flaw::Contradiction("a Tighten that leaves nothing out")));
    }
    let carries = reader.number()?;
    *tightening = Some(Tightening { carries, cancels: read_cancels(reader, replicas)? });
    Ok(Operation::Tighten { claim, to })
}

fn write_cancels(cancels: &[Cancel], writer: &mut Writer, names: &Names<'_>) {
    writer.count(cancels.len());
    for Cancel { dot, is_whole } in cancels {
        writer.count(names.of_replica(&dot.replica));
        writer.number(dot.counter << 1 | u64::from(*is_whole));
    }
}

fn read_cancels(reader: &mut Reader<'_>, replicas: &Replicas) -> Result<Vec<Cancel>, DecodeError> {
    let count = reader.count(2)?;
    let mut cancels: Vec<Cancel> = Vec::new();
    for _ in 0..count {
        let replica = replicas.replica(reader)?;
        let number = reader.within(2, COUNTER_MAX << 1 | 1)?;
        let dot = Dot { replica, counter: number >> 1 };
        if cancels.last().is_some_and(|last| last.dot >= dot) {
            return Err(reader.flaw(Flaw::OutOfOrder));
        }
        cancels.push(Cancel { dot, is_whole: number & 1 == 1 });
    }
    Ok(cancels)
}
