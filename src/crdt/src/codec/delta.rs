//! Updates, and which of them somebody has seen.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::num::NonZeroU32;

use super::reader::Reader;
use super::writer::Writer;
use super::{Body, DecodeError, Flaw, Kind, Receiver};
use crate::limits::COUNTER_MAX;
use crate::{
    Cancel, Claim, ClaimMap, Delta, Dot, History, KeyRange, Operation, ReplicaId, Tightening,
    Update, VersionVector,
};

impl Delta {
    /// The delta as bytes, for anybody.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.encode(None)
    }

    /// The delta as fewer bytes, for somebody who has `seen` so much: what the two have in common
    /// is referred to, claims by the dot of an operation on them. `claims` is the sender's state.
    /// Only who has these operations in a [`History`] can read it.
    ///
    /// ```
    /// use scalesmall_crdt::{Claim, ClaimMap, Delta, History, KeyRange, NodeId, Operation, ReplicaId};
    /// use std::sync::Arc;
    ///
    /// let a = ReplicaId::first(NodeId::new("a rather long name")?);
    /// let claim = Claim::new(a.node.clone(), KeyRange::new(1_000_000, 2_000_000)?);
    /// let increase = Operation::Increase { claim, by: 3.try_into()? };
    /// let (mut map, mut log_of_b) = (ClaimMap::new(), History::new());
    /// log_of_b.push(Arc::new(map.issue(&a, increase.clone())?));
    /// let seen_by_b = map.context().clone();
    ///
    /// let news = Delta::from(map.issue(&a, increase)?);
    /// let bytes = news.to_bytes_for(&seen_by_b, &map);
    /// assert_eq!((bytes.len(), news.to_bytes().len()), (9, 30));
    /// assert_eq!(Delta::from_bytes_with(&bytes, &log_of_b)?, news);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn to_bytes_for(&self, seen: &VersionVector, claims: &ClaimMap) -> Vec<u8> {
        self.encode(Some(Receiver { seen, claims }))
    }

    /// The delta that was written as `bytes` for anybody.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        Self::decode(bytes, None)
    }

    /// The delta that was written as `bytes` for anybody, or for who has what is in `log`.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] for anything else, and with [`Flaw::UnknownReplica`] or
    /// [`Flaw::UnknownOperation`] where the log does not have what is referred to, or two replicas
    /// in it have the same short hash: then the delta is needed as it is written for anybody.
    pub fn from_bytes_with(bytes: &[u8], log: &History) -> Result<Self, DecodeError> {
        Self::decode(bytes, Some(log))
    }

    fn encode(&self, receiver: Option<Receiver<'_>>) -> Vec<u8> {
        if self.updates().any(|update| update.payload.is_some()) {
            let mut writer = Writer::new(Kind::DeltaWithPayloads, receiver);
            writer.has_payloads = true;
            writer.counted_delta(self);
            return writer.into_bytes();
        }
        if self.replicas() == 1 {
            let mut writer = Writer::new(Kind::DeltaOfOneReplica, receiver);
            writer.updates(self);
            return writer.into_bytes();
        }
        let mut writer = Writer::new(Kind::Delta, receiver);
        writer.counted_delta(self);
        writer.into_bytes()
    }

    fn decode(bytes: &[u8], log: Option<&History>) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes, log);
        let kinds = [Kind::Delta, Kind::DeltaOfOneReplica, Kind::DeltaWithPayloads];
        let kind = reader.header(&kinds)?;
        reader.has_payloads = kind == Kind::DeltaWithPayloads;
        let delta = match kind {
            Kind::DeltaOfOneReplica => reader.updates(1)?,
            _ => reader.counted_delta()?,
        };
        reader.finish()?;
        Ok(delta)
    }

    /// Of how many replicas it has updates.
    fn replicas(&self) -> usize {
        self.as_slice().chunk_by(|a, b| a.dot.replica == b.dot.replica).count()
    }
}

impl VersionVector {
    /// The version vector as bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.encode()
    }

    /// The version vector that was written as `bytes`.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        Self::decode(bytes)
    }
}

impl Body for VersionVector {
    const KIND: Kind = Kind::VersionVector;

    fn write(&self, writer: &mut Writer<'_>) {
        writer.count(self.unordered().count());
        for (replica, counter) in self.iter() {
            writer.replica(replica);
            writer.number(counter);
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut vector = Self::new();
        let mut last: Option<ReplicaId> = None;
        for _ in 0..reader.count(2)? {
            let Dot { replica, counter } = reader.dot()?;
            reader.ascends(&mut last, replica.clone())?;
            vector.raise(&replica, counter);
        }
        Ok(vector)
    }
}

/// What the head of an update says. The three low bits are the operation.
const OPERATION: u8 = 7;
const CANCELS: u8 = 1 << 3;
const REFERENCE_SHIFT: u32 = 4;
const REFERENCE: u8 = 3;
/// Its counter is one more than that of the update before.
const IS_NEXT: u8 = 1 << 6;
/// Another update of the same replica follows.
const HAS_MORE: u8 = 1 << 7;

const REGISTER: u8 = 0;
const RELEASE: u8 = 1;
const INCREASE: u8 = 2;
const DECREASE: u8 = 3;
const TIGHTEN: u8 = 4;
const SPLIT: u8 = 5;
const PROMOTE: u8 = 6;
const DEMOTE: u8 = 7;

fn operation_number(operation: &Operation) -> u8 {
    match operation {
        Operation::Register { .. } => REGISTER,
        Operation::Release { .. } => RELEASE,
        Operation::Increase { .. } => INCREASE,
        Operation::Decrease { .. } => DECREASE,
        Operation::Tighten { .. } => TIGHTEN,
        Operation::Split { .. } => SPLIT,
        Operation::Promote { .. } => PROMOTE,
        Operation::Demote { .. } => DEMOTE,
    }
}

fn flag(is_set: bool, flag: u8) -> u8 {
    if is_set { flag } else { 0 }
}

/// How the claim of an update is written.
enum Reference {
    /// In full.
    Full,
    /// It is that of the update before.
    Previous,
    /// By an earlier operation of the same replica, which contributed to it: how many before.
    Own(u64),
    /// By an operation of another one.
    Other(Dot),
}

const FULL: u8 = 0;
const PREVIOUS: u8 = 1;
const OWN: u8 = 2;
const OTHER: u8 = 3;

impl Reference {
    fn form(&self) -> u8 {
        match self {
            Self::Full => FULL,
            Self::Previous => PREVIOUS,
            Self::Own(_) => OWN,
            Self::Other(_) => OTHER,
        }
    }
}

impl Writer<'_> {
    pub(super) fn counted_delta(&mut self, delta: &Delta) {
        self.count(delta.replicas());
        self.updates(delta);
    }

    /// The updates of each replica together.
    pub(super) fn updates(&mut self, delta: &Delta) {
        let mut updates = delta.updates().peekable();
        let mut previous: Option<&Update> = None;
        while let Some(update) = updates.next() {
            let replica = &update.dot.replica;
            let before = previous.filter(|previous| previous.dot.replica == *replica);
            let is_next = before.is_some_and(|before| before.dot.counter + 1 == update.dot.counter);
            let has_more = updates.peek().is_some_and(|next| next.dot.replica == *replica);
            let reference = self.reference(update, previous);
            if before.is_none() {
                self.replica(replica);
            }
            self.byte(
                operation_number(&update.operation)
                    | flag(!update.cancels.is_empty(), CANCELS)
                    | reference.form() << REFERENCE_SHIFT
                    | flag(is_next, IS_NEXT)
                    | flag(has_more, HAS_MORE),
            );
            if !is_next {
                self.number(update.dot.counter - before.map_or(0, |before| before.dot.counter));
            }
            self.reference_or_claim(reference, update);
            self.operands(update);
            previous = Some(update);
        }
    }

    /// The shortest way to say which claim an update is about.
    fn reference(&self, update: &Update, previous: Option<&Update>) -> Reference {
        let claim = update.operation.claim();
        if previous.is_some_and(|previous| previous.operation.claim() == claim) {
            return Reference::Previous;
        }
        let Some(Receiver { seen, claims }) = self.receiver else { return Reference::Full };
        let Dot { replica, counter } = &update.dot;
        let contributions = claims.contributions(claim).map(|(dot, _)| dot);
        let known: Vec<Dot> = contributions.filter(|dot| seen.contains(dot)).collect();
        let own = known.iter().rfind(|dot| dot.replica == *replica && dot.counter < *counter);
        let other = || known.iter().find(|dot| self.has_mentioned(&dot.replica));
        match own {
            Some(own) => Reference::Own(counter - own.counter),
            None => match other().or(known.first()) {
                Some(other) => Reference::Other(other.clone()),
                None => Reference::Full,
            },
        }
    }

    fn reference_or_claim(&mut self, reference: Reference, update: &Update) {
        match reference {
            Reference::Full => self.claim(update.operation.claim()),
            Reference::Previous => {}
            Reference::Own(distance) => self.number(distance),
            Reference::Other(dot) => self.dot(&dot),
        }
    }

    fn operands(&mut self, update: &Update) {
        match &update.operation {
            Operation::Increase { by, .. } | Operation::Decrease { by, .. } => {
                self.number(by.get().into());
            }
            Operation::Tighten { claim, to } => {
                self.number(u64::from(to.start() - claim.range.start()));
                self.number(to.keys() - 1);
                let Tightening { carries, cancels } =
                    update.tightening.as_ref().expect("a Tighten has its tightening");
                self.number(*carries);
                self.cancels(cancels);
            }
            Operation::Register { .. }
            | Operation::Release { .. }
            | Operation::Split { .. }
            | Operation::Promote { .. }
            | Operation::Demote { .. } => {}
        }
        if !update.cancels.is_empty() {
            self.cancels(&update.cancels);
        }
        if self.has_payloads {
            self.payload(update.payload.as_deref());
        }
    }

    fn cancels(&mut self, cancels: &[Cancel]) {
        self.count(cancels.len());
        for Cancel { dot, is_whole } in cancels {
            self.replica(&dot.replica);
            self.number(dot.counter << 1 | u64::from(*is_whole));
        }
    }
}

impl Reader<'_> {
    /// Refuses what does not come after the `last` one.
    pub(super) fn ascends<T: Ord>(&self, last: &mut Option<T>, next: T) -> Result<(), DecodeError> {
        if last.as_ref().is_some_and(|last| *last >= next) {
            return Err(self.flaw(Flaw::OutOfOrder));
        }
        *last = Some(next);
        Ok(())
    }

    pub(super) fn counted_delta(&mut self) -> Result<Delta, DecodeError> {
        // A replica, and of its first update the head, the counter and a reference.
        let replicas = self.count(4)?;
        self.updates(replicas)
    }

    /// The updates of so many replicas.
    pub(super) fn updates(&mut self, replicas: usize) -> Result<Delta, DecodeError> {
        let mut delta = Delta::new();
        let mut last: Option<ReplicaId> = None;
        let mut previous: Option<Arc<Update>> = None;
        for _ in 0..replicas {
            let replica = self.replica()?;
            self.ascends(&mut last, replica.clone())?;
            let mut counter = 0;
            loop {
                let head = self.byte()?;
                counter += match head & IS_NEXT {
                    0 => self.within(1, COUNTER_MAX - counter)?,
                    _ if counter > 0 && counter < COUNTER_MAX => 1,
                    _ => return Err(self.flaw(Flaw::OutOfBounds(head.into()))),
                };
                let dot = Dot { replica: replica.clone(), counter };
                let update = Arc::new(self.update(head, dot, previous.as_deref())?);
                previous = Some(Arc::clone(&update));
                delta.insert(update);
                if head & HAS_MORE == 0 {
                    break;
                }
            }
        }
        Ok(delta)
    }

    fn update(
        &mut self,
        head: u8,
        dot: Dot,
        previous: Option<&Update>,
    ) -> Result<Update, DecodeError> {
        let claim = self.referenced(head >> REFERENCE_SHIFT & REFERENCE, &dot, previous)?;
        let mut tightening = None;
        let operation = match head & OPERATION {
            REGISTER => Operation::Register { claim },
            RELEASE => Operation::Release { claim },
            INCREASE => Operation::Increase { claim, by: self.by()? },
            DECREASE => Operation::Decrease { claim, by: self.by()? },
            TIGHTEN => self.tighten(claim, &mut tightening)?,
            SPLIT => Operation::Split { claim },
            PROMOTE => Operation::Promote { claim },
            _ => Operation::Demote { claim },
        };
        let cancels = match head & CANCELS {
            0 => Vec::new(),
            _ => self.cancels()?,
        };
        if head & CANCELS != 0 && cancels.is_empty() {
            return Err(self.flaw(Flaw::Contradiction("it cancels, and cancels nothing")));
        }
        let payload = if self.has_payloads { self.payload()? } else { None };
        let update = Update { dot, operation, cancels, tightening, payload };
        match update.contradiction() {
            None => Ok(update),
            Some(contradiction) => Err(self.flaw(Flaw::Contradiction(contradiction))),
        }
    }

    fn referenced(
        &mut self,
        form: u8,
        dot: &Dot,
        previous: Option<&Update>,
    ) -> Result<Claim, DecodeError> {
        let by = match form {
            FULL => return self.claim(),
            PREVIOUS => {
                let claim = previous.map(|previous| previous.operation.claim().clone());
                return claim.ok_or_else(|| self.flaw(Flaw::OutOfBounds(form.into())));
            }
            OWN => {
                let distance = self.within(1, dot.counter)?;
                Dot { replica: dot.replica.clone(), counter: dot.counter - distance }
            }
            _ => self.dot()?,
        };
        let update = self.log.and_then(|log| log.get(&by));
        let claim = update.and_then(|update| update.contributes_to());
        claim.ok_or_else(|| self.flaw(Flaw::UnknownOperation(by)))
    }

    fn by(&mut self) -> Result<NonZeroU32, DecodeError> {
        let by = self.within(1, u32::MAX.into())? as u32;
        Ok(NonZeroU32::new(by).expect("at least 1"))
    }

    fn tighten(
        &mut self,
        claim: Claim,
        tightening: &mut Option<Tightening>,
    ) -> Result<Operation, DecodeError> {
        let offset = self.within(0, claim.range.keys() - 1)?;
        let length = 1 + self.within(0, claim.range.keys() - offset - 1)?;
        let start = u64::from(claim.range.start()) + offset;
        let to = KeyRange::between(start, start + length);
        let carries = self.number()?;
        *tightening = Some(Tightening { carries, cancels: self.cancels()? });
        Ok(Operation::Tighten { claim, to })
    }

    fn cancels(&mut self) -> Result<Vec<Cancel>, DecodeError> {
        let count = self.count(2)?;
        let mut cancels: Vec<Cancel> = Vec::new();
        for _ in 0..count {
            let replica = self.replica()?;
            let number = self.within(2, COUNTER_MAX << 1 | 1)?;
            let dot = Dot { replica, counter: number >> 1 };
            cancels.push(Cancel { dot, is_whole: number & 1 == 1 });
        }
        Ok(cancels)
    }
}
