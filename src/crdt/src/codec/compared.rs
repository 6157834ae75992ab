//! Whole states of the data types that the claim map can be compared with, and what their updates
//! say beside.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::reader::Reader;
use super::writer::Writer;
use super::{Body, DecodeError, Flaw, Kind};
use crate::compared::{SortedSet, read};
use crate::limits::WAITING_MAX;
use crate::{
    AwSet, Claim, ClaimMap, Count, DataType, Delta, Dot, GrowSet, LwwSet, NaiveCounterMap,
    OrderedList, Payload, Replicated, RwSet, TwoPhaseSet, Update, VersionVector,
};

impl dyn Replicated {
    /// The state that was written as `bytes`, whatever it is a replica of.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Box<dyn Replicated>, DecodeError> {
        let mut reader = Reader::new(bytes, None);
        if reader.header(&[Kind::Snapshot, Kind::ComparedSnapshot])? == Kind::Snapshot {
            return Ok(Box::new(ClaimMap::from_bytes(bytes)?));
        }
        reader.has_payloads = true;
        let number = reader.byte()?;
        let state = match DataType::ALL.get(usize::from(number)) {
            Some(DataType::AwSet) => read::<AwSet>(&mut reader),
            Some(DataType::RwSet) => read::<RwSet>(&mut reader),
            Some(DataType::LwwSet) => read::<LwwSet>(&mut reader),
            Some(DataType::TwoPhaseSet) => read::<TwoPhaseSet>(&mut reader),
            Some(DataType::GrowSet) => read::<GrowSet>(&mut reader),
            Some(DataType::NaiveCounterMap) => read::<NaiveCounterMap>(&mut reader),
            Some(DataType::OrderedList) => OrderedList::read(&mut reader),
            // A claim map is of its own kind.
            Some(DataType::AwMap) | None => Err(reader.flaw(Flaw::OutOfBounds(number.into()))),
        }?;
        reader.finish()?;
        Ok(state)
    }
}

const NO_PAYLOAD: u8 = 0;
const CLOCK: u8 = 1;
const COUNTS: u8 = 2;

impl Writer<'_> {
    /// Begins the state of a replica.
    pub(crate) fn of_state(data_type: DataType) -> Self {
        let mut writer = Self::new(Kind::ComparedSnapshot, None);
        writer.has_payloads = true;
        let number = DataType::ALL.iter().position(|&it| it == data_type);
        writer.byte(number.expect("each is among all") as u8);
        writer
    }

    pub(crate) fn context_and_early(&mut self, context: &VersionVector, early: &Delta) {
        context.write(self);
        self.counted_delta(early);
    }

    pub(crate) fn claim_set(&mut self, claims: &SortedSet<Claim>) {
        self.count(claims.len());
        claims.keys().for_each(|claim| self.claim(claim));
    }

    pub(crate) fn update(&mut self, update: &Arc<Update>) {
        self.updates(&Delta::from_iter([Arc::clone(update)]));
    }

    pub(crate) fn payload(&mut self, payload: Option<&Payload>) {
        match payload {
            None => self.byte(NO_PAYLOAD),
            Some(Payload::Clock(clock_us)) => {
                self.byte(CLOCK);
                self.number(*clock_us);
            }
            Some(Payload::Counts(counts)) => {
                self.byte(COUNTS);
                self.count(counts.len());
                for Count { replica, increases, decreases } in counts {
                    self.replica(replica);
                    self.number(*increases);
                    self.number(*decreases);
                }
            }
        }
    }
}

impl Reader<'_> {
    pub(crate) fn context_and_early(&mut self) -> Result<(VersionVector, Delta), DecodeError> {
        let context = VersionVector::read(self)?;
        let early = self.counted_delta()?;
        let is_early = |dot: &Dot| dot.counter > context.counter(&dot.replica) + 1;
        if early.len() > WAITING_MAX || !early.dots().all(is_early) {
            return Err(self.contradiction("something waits that need not"));
        }
        Ok((context, early))
    }

    pub(crate) fn claim_set(&mut self) -> Result<SortedSet<Claim>, DecodeError> {
        let claims = self.pairs(3, |reader| Ok((reader.claim()?, ())))?;
        Ok(claims.into_iter().collect())
    }

    pub(crate) fn single_update(&mut self) -> Result<Arc<Update>, DecodeError> {
        let updates = self.updates(1)?;
        match updates.as_slice() {
            [update] => Ok(Arc::clone(update)),
            _ => Err(self.flaw(Flaw::OutOfOrder)),
        }
    }

    /// The dot of something that has been seen.
    pub(crate) fn seen_dot(&mut self, seen: &VersionVector) -> Result<Dot, DecodeError> {
        let dot = self.dot()?;
        match seen.contains(&dot) {
            true => Ok(dot),
            false => Err(self.contradiction("it contributes and is not seen")),
        }
    }

    pub(crate) fn payload(&mut self) -> Result<Option<Box<Payload>>, DecodeError> {
        let payload = match self.byte()? {
            NO_PAYLOAD => return Ok(None),
            CLOCK => Payload::Clock(self.number()?),
            COUNTS => {
                let mut counts: Vec<Count> = Vec::new();
                let mut last = None;
                for _ in 0..self.count(3)? {
                    let replica = self.replica()?;
                    self.ascends(&mut last, replica.clone())?;
                    let (increases, decreases) = (self.number()?, self.number()?);
                    counts.push(Count { replica, increases, decreases });
                }
                Payload::Counts(counts)
            }
            other => return Err(self.flaw(Flaw::OutOfBounds(other.into()))),
        };
        Ok(Some(Box::new(payload)))
    }
}
