//! Bytes from anywhere, believed only as far as they go.

use super::names::NamesRead;
use super::{DecodeError, Flaw, Kind, VERSION, VERSION_SHIFT};
use crate::leb128::read;
use crate::limits::{COUNTER_MAX, MESSAGE_BYTES_MAX};
use crate::{Claim, Dot, History, Key, KeyRange};

pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    pub(super) names: NamesRead,
    /// What is known here that the message may refer to.
    pub(super) log: Option<&'a History>,
    /// Whether each update is followed by what it says beside.
    pub(super) has_payloads: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8], log: Option<&'a History>) -> Self {
        Self { bytes, at: 0, names: NamesRead::default(), log, has_payloads: false }
    }

    /// The kind of the message, which is one of `kinds`.
    pub(super) fn header(&mut self, kinds: &[Kind]) -> Result<Kind, DecodeError> {
        if self.bytes.len() > MESSAGE_BYTES_MAX {
            return Err(self.flaw(Flaw::TooLong(self.bytes.len())));
        }
        let header = self.byte()?;
        let (version, number) = (header >> VERSION_SHIFT, header & ((1 << VERSION_SHIFT) - 1));
        if version != VERSION {
            return Err(self.flaw(Flaw::UnknownVersion(version)));
        }
        let kind = kinds.iter().copied().find(|&kind| kind as u8 == number);
        kind.ok_or_else(|| self.flaw(Flaw::OtherKind(number)))
    }

    pub(crate) fn flaw(&self, flaw: Flaw) -> DecodeError {
        DecodeError { at: self.at, flaw }
    }

    pub(super) fn finish(self) -> Result<(), DecodeError> {
        match self.bytes.len() - self.at {
            0 => Ok(()),
            more => Err(self.flaw(Flaw::Trailing(more))),
        }
    }

    pub(super) fn peek(&self) -> Result<u8, DecodeError> {
        self.bytes.get(self.at).copied().ok_or_else(|| self.flaw(Flaw::Truncated))
    }

    pub(crate) fn byte(&mut self) -> Result<u8, DecodeError> {
        let byte = self.peek()?;
        self.at += 1;
        Ok(byte)
    }

    pub(super) fn raw(&mut self, count: usize) -> Result<&'a [u8], DecodeError> {
        let rest = &self.bytes[self.at..];
        let raw = rest.get(..count).ok_or_else(|| self.flaw(Flaw::Truncated))?;
        self.at += count;
        Ok(raw)
    }

    pub(crate) fn number(&mut self) -> Result<u64, DecodeError> {
        let rest = &self.bytes[self.at..];
        let Some((number, after)) = read(rest) else {
            let is_cut = rest.len() < 10 && rest.iter().all(|&byte| byte > 0x7f);
            return Err(self.flaw(if is_cut { Flaw::Truncated } else { Flaw::LongNumber }));
        };
        self.at = self.bytes.len() - after.len();
        Ok(number)
    }

    /// A number from `least` to `most`.
    pub(crate) fn within(&mut self, least: u64, most: u64) -> Result<u64, DecodeError> {
        match self.number()? {
            number if (least..=most).contains(&number) => Ok(number),
            number => Err(self.flaw(Flaw::OutOfBounds(number))),
        }
    }

    /// The count of things of which each takes at least `bytes`.
    pub(crate) fn count(&mut self, bytes: usize) -> Result<usize, DecodeError> {
        let count = self.number()?;
        let most = (self.bytes.len() - self.at) / bytes;
        match usize::try_from(count) {
            Ok(count) if count <= most => Ok(count),
            _ => Err(self.flaw(Flaw::Count(count))),
        }
    }

    pub(super) fn counter(&mut self) -> Result<u64, DecodeError> {
        self.within(1, COUNTER_MAX)
    }

    pub(super) fn range(&mut self) -> Result<KeyRange, DecodeError> {
        let start = self.within(0, Key::MAX.into())?;
        let keys = 1 + self.within(0, u64::from(Key::MAX) - start)?;
        Ok(KeyRange::between(start, start + keys))
    }

    pub(crate) fn claim(&mut self) -> Result<Claim, DecodeError> {
        let node = self.node()?;
        Ok(Claim::new(node, self.range()?))
    }

    pub(crate) fn dot(&mut self) -> Result<Dot, DecodeError> {
        let replica = self.replica()?;
        Ok(Dot { replica, counter: self.counter()? })
    }
}
