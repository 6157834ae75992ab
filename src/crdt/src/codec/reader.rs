//! Bytes from anywhere, believed only as far as they go.

use crate::limits::{COUNTER_MAX, MESSAGE_BYTES_MAX};
use crate::{Claim, Dot, Key, KeyRange};

use super::tables::Replicas;
use super::{DecodeError, Flaw};

pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(super) fn flaw(&self, flaw: Flaw) -> DecodeError {
        DecodeError { at: self.at, flaw }
    }

    pub(super) fn finish(self) -> Result<(), DecodeError> {
        match self.bytes.len() - self.at {
            0 => Ok(()),
            more => Err(self.flaw(Flaw::Trailing(more))),
        }
    }

    pub(super) fn byte(&mut self) -> Result<u8, DecodeError> {
        if self.bytes.len() > MESSAGE_BYTES_MAX {
            return Err(self.flaw(Flaw::TooLong(self.bytes.len())));
        }
        let byte = *self.bytes.get(self.at).ok_or_else(|| self.flaw(Flaw::Truncated))?;
        self.at += 1;
        Ok(byte)
    }

    pub(super) fn raw(&mut self, count: usize) -> Result<&'a [u8], DecodeError> {
        let rest = &self.bytes[self.at..];
        let raw = rest.get(..count).ok_or_else(|| self.flaw(Flaw::Truncated))?;
        self.at += count;
        Ok(raw)
    }

    pub(super) fn number(&mut self) -> Result<u64, DecodeError> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            let is_last = byte < 0x80;
            // Bits that fall off the end, or a last byte that says nothing: each number has one
            // form only.
            if bits << shift >> shift != bits || (is_last && bits == 0 && shift > 0) {
                break;
            }
            number |= bits << shift;
            if is_last {
                return Ok(number);
            }
        }
        Err(self.flaw(Flaw::LongNumber))
    }

    pub(super) fn signed(&mut self) -> Result<i64, DecodeError> {
        let number = self.number()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    /// A number from `least` to `most`.
    pub(super) fn within(&mut self, least: u64, most: u64) -> Result<u64, DecodeError> {
        match self.number()? {
            number if (least..=most).contains(&number) => Ok(number),
            number => Err(self.flaw(Flaw::OutOfBounds(number))),
        }
    }

    /// The count of things of which each takes at least `bytes`.
    pub(super) fn count(&mut self, bytes: usize) -> Result<usize, DecodeError> {
        let most = (self.bytes.len() - self.at) / bytes;
        match self.number()? {
            count if count <= most as u64 => Ok(count as usize),
            count => Err(self.flaw(Flaw::Count(count))),
        }
    }

    pub(super) fn counter(&mut self) -> Result<u64, DecodeError> {
        self.within(1, COUNTER_MAX)
    }

    pub(super) fn key(&mut self) -> Result<Key, DecodeError> {
        Ok(self.within(0, Key::MAX.into())? as Key)
    }

    pub(super) fn range(&mut self) -> Result<KeyRange, DecodeError> {
        let start = self.key()?;
        let length = self.within(0, (Key::MAX - start).into())? as Key;
        KeyRange::new(start, start + length).map_err(|error| self.flaw(error.into()))
    }

    pub(super) fn claim(&mut self, replicas: &Replicas) -> Result<Claim, DecodeError> {
        let node = replicas.node(self)?;
        Ok(Claim::new(node, self.range()?))
    }

    pub(super) fn dot(&mut self, replicas: &Replicas) -> Result<Dot, DecodeError> {
        let replica = replicas.replica(self)?;
        Ok(Dot { replica, counter: self.counter()? })
    }
}
