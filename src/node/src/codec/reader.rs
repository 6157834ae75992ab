//! The bytes of a message from anywhere, believed only as far as they go.

use std::sync::Arc;

use scalesmall_crdt::codec::DecodeError;
use scalesmall_crdt::limits::NODE_NAME_CHARS_MAX;
use scalesmall_crdt::{
    Delta, Fingerprint, KeyRange, NodeId, ReplicaId, Replicated, Roster, VersionVector, leb128,
};

use super::{KIND_BITS, Kind, MESSAGE_BYTES_MAX, MessageError, MessageFlaw, VERSION};
use crate::{Message, News, PROBE_BYTES_MAX, UPDATES_MAX, WATCHED_RANGES_MAX};

/// The most bytes of the longest number.
const NUMBER_BYTES_MAX: usize = 10;
/// The bytes of a range: its start and its end.
const RANGE_BYTES: usize = 8;

/// A part as `scalesmall-crdt` has it: what it is called, and how it is read.
struct Part<T>(&'static str, fn(&[u8]) -> Result<T, DecodeError>);

const SEEN: Part<VersionVector> = Part("version vector", VersionVector::from_bytes);
const DELTA: Part<Delta> = Part("delta", Delta::from_bytes);
const ROSTER: Part<Roster> = Part("roster", Roster::from_bytes);

/// How a whole state is read.
pub(super) type ReadState = fn(&[u8]) -> Result<Box<dyn Replicated>, DecodeError>;

pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    state: ReadState,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8], state: ReadState) -> Result<Self, MessageError> {
        let reader = Self { bytes, at: 0, state };
        match bytes.len() {
            0..=MESSAGE_BYTES_MAX => Ok(reader),
            more => Err(reader.error(MessageFlaw::TooLong(more))),
        }
    }

    pub(super) fn message(&mut self) -> Result<Message, MessageError> {
        Ok(match self.kind()? {
            Kind::Digest => Message::Digest(self.fingerprint()?, self.number()?),
            Kind::Differ => {
                let roster = self.fingerprint()?;
                Message::Differ { seen: self.last(SEEN)?, roster }
            }
            Kind::Ask => Message::Ask(self.last(SEEN)?),
            Kind::Updates => Message::News { news: self.updates()?, seen: None },
            Kind::UpdatesAndSeen => {
                let seen = Some(self.counted(SEEN)?);
                Message::News { news: self.updates()?, seen }
            }
            Kind::State => Message::News { news: self.state()?, seen: None },
            Kind::StateAndSeen => {
                let seen = Some(self.counted(SEEN)?);
                Message::News { news: self.state()?, seen }
            }
            Kind::Graft => Message::Graft { seen: self.last(SEEN)?, is_answer: false },
            Kind::GraftInAnswer => Message::Graft { seen: self.last(SEEN)?, is_answer: true },
            Kind::Prune => Message::Prune,
            Kind::BatchOfUpdates => {
                Message::Batch { number: self.batch_number()?, news: self.updates()? }
            }
            Kind::BatchOfState => {
                Message::Batch { number: self.batch_number()?, news: self.state()? }
            }
            Kind::Ack => Message::Ack(self.batch_number()?),
            Kind::Poll => Message::Poll(self.batch_number()?),
            Kind::Missing => Message::Missing(self.batch_number()?),
            Kind::Join => Message::Join,
            Kind::Offer => Message::Offer,
            Kind::Accept => Message::Accept { sponsor: self.replica()? },
            Kind::NoMember => Message::NoMember { knows_all: false },
            Kind::NoMemberWhoKnowsAll => Message::NoMember { knows_all: true },
            Kind::Welcome => {
                let roster = self.counted(ROSTER)?.into();
                Message::Welcome { roster, state: self.last(Part("state", self.state))?.into() }
            }
            Kind::Refused => {
                Message::Refused { replica: self.replica()?, roster: self.last(ROSTER)?.into() }
            }
            Kind::PartOfRoster => {
                Message::Roster { roster: self.last(ROSTER)?.into(), is_whole: false }
            }
            Kind::WholeRoster => {
                Message::Roster { roster: self.last(ROSTER)?.into(), is_whole: true }
            }
            Kind::Watching => Message::Watching(self.ranges()?),
            Kind::Probe => Message::Probe(self.probe()?),
        })
    }

    pub(super) fn finish(self) -> Result<(), MessageError> {
        match self.left() {
            0 => Ok(()),
            more => Err(self.error(MessageFlaw::Trailing(more))),
        }
    }

    fn kind(&mut self) -> Result<Kind, MessageError> {
        let [first] = self.array()?;
        let (version, number) = (first >> KIND_BITS, first & ((1 << KIND_BITS) - 1));
        if version != VERSION {
            return Err(self.error(MessageFlaw::UnknownVersion(version)));
        }
        let kind = Kind::ALL.get(usize::from(number)).copied();
        kind.ok_or_else(|| self.error(MessageFlaw::UnknownKind(number)))
    }

    // --- What messages are made of ---

    fn updates(&mut self) -> Result<News, MessageError> {
        let updates = self.last(DELTA)?;
        match updates.len() {
            0..=UPDATES_MAX => Ok(News::Updates(updates)),
            more => Err(self.error(MessageFlaw::TooManyUpdates(more))),
        }
    }

    fn state(&mut self) -> Result<News, MessageError> {
        let roster = self.fingerprint()?;
        Ok(News::State { state: self.last(Part("state", self.state))?.into(), roster })
    }

    fn ranges(&mut self) -> Result<Arc<[KeyRange]>, MessageError> {
        let count = self.left() / RANGE_BYTES;
        if count > WATCHED_RANGES_MAX {
            return Err(self.error(MessageFlaw::TooManyRanges(count)));
        }
        let mut ranges = Vec::with_capacity(count);
        while self.left() > 0 {
            let start = u32::from_le_bytes(self.array()?);
            let end = u32::from_le_bytes(self.array()?);
            ranges.push(KeyRange::new(start, end).map_err(|error| self.error(error.into()))?);
        }
        Ok(ranges.into())
    }

    fn probe(&mut self) -> Result<Arc<[u8]>, MessageError> {
        match self.left() {
            count @ 0..=PROBE_BYTES_MAX => Ok(self.raw(count)?.into()),
            more => Err(self.error(MessageFlaw::LongProbe(more))),
        }
    }

    fn replica(&mut self) -> Result<ReplicaId, MessageError> {
        let incarnation = self.number()?;
        let out_of_bounds = |_| self.error(MessageFlaw::OutOfBounds(incarnation));
        let incarnation = u32::try_from(incarnation).map_err(out_of_bounds)?;
        let length = self.number()?;
        if !(1..=4 * NODE_NAME_CHARS_MAX as u64).contains(&length) {
            return Err(self.error(MessageFlaw::OutOfBounds(length)));
        }
        let raw = self.raw(length as usize)?;
        let name = str::from_utf8(raw).map_err(|_| self.error(MessageFlaw::NotText))?;
        let node = NodeId::new(name).map_err(|error| self.error(error.into()))?;
        Ok(ReplicaId { node, incarnation })
    }

    fn fingerprint(&mut self) -> Result<Fingerprint, MessageError> {
        Ok(Fingerprint::from_u64(u64::from_le_bytes(self.array()?)))
    }

    fn batch_number(&mut self) -> Result<u16, MessageError> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    /// The part that takes all that is left.
    fn last<T>(&mut self, part: Part<T>) -> Result<T, MessageError> {
        self.part(self.left(), part)
    }

    /// A part behind its length.
    fn counted<T>(&mut self, part: Part<T>) -> Result<T, MessageError> {
        let length = self.number()?;
        let count = usize::try_from(length).ok().filter(|&count| count <= self.left());
        let count = count.ok_or_else(|| self.error(MessageFlaw::Length(length)))?;
        self.part(count, part)
    }

    fn part<T>(&mut self, count: usize, Part(part, read): Part<T>) -> Result<T, MessageError> {
        let before = self.at;
        let error = |DecodeError { at, flaw }| MessageError {
            at: before + at,
            flaw: MessageFlaw::Part { part, flaw },
        };
        read(self.raw(count)?).map_err(error)
    }

    // --- What those are made of ---

    fn number(&mut self) -> Result<u64, MessageError> {
        let rest = &self.bytes[self.at..];
        let Some((number, after)) = leb128::read(rest) else {
            let is_cut = rest.len() < NUMBER_BYTES_MAX && rest.iter().all(|&byte| byte > 0x7f);
            let flaw = if is_cut { MessageFlaw::Truncated } else { MessageFlaw::LongNumber };
            return Err(self.error(flaw));
        };
        self.at = self.bytes.len() - after.len();
        Ok(number)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], MessageError> {
        Ok(self.raw(N)?.try_into().expect("as many bytes as were asked for"))
    }

    fn raw(&mut self, count: usize) -> Result<&'a [u8], MessageError> {
        let raw = self.bytes[self.at..].get(..count);
        let raw = raw.ok_or_else(|| self.error(MessageFlaw::Truncated))?;
        self.at += count;
        Ok(raw)
    }

    fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    fn error(&self, flaw: MessageFlaw) -> MessageError {
        MessageError { at: self.at, flaw }
    }
}
