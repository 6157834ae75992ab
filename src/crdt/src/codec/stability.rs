//! Who the members are, and what they announce.

use alloc::vec::Vec;

use super::reader::Reader;
use super::writer::Writer;
use super::{Body, DecodeError, Kind};
use crate::{Announcement, ReplicaId, Roster, VersionVector};

impl Announcement {
    /// The announcement as bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.encode()
    }

    /// The announcement that was written as `bytes`.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        Self::decode(bytes)
    }
}

impl Body for Announcement {
    const KIND: Kind = Kind::Announcement;

    fn write(&self, writer: &mut Writer<'_>) {
        writer.replica(&self.from);
        self.roster.write(writer);
        self.seen.write(writer);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (from, roster) = (reader.replica()?, Roster::read(reader)?);
        Ok(Self { from, roster, seen: VersionVector::read(reader)? })
    }
}

impl Roster {
    /// The roster as bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.encode()
    }

    /// The roster that was written as `bytes`.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        Self::decode(bytes)
    }
}

impl Body for Roster {
    const KIND: Kind = Kind::Roster;

    fn write(&self, writer: &mut Writer<'_>) {
        write_all(self.joined(), writer);
        write_all(self.retired(), writer);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut roster = Self::new();
        for _ in 0..reader.count(1)? {
            roster.join(reader.replica()?);
        }
        for _ in 0..reader.count(1)? {
            roster.retire(reader.replica()?);
        }
        Ok(roster)
    }
}

fn write_all<'a>(replicas: impl ExactSizeIterator<Item = &'a ReplicaId>, writer: &mut Writer<'_>) {
    writer.count(replicas.len());
    replicas.for_each(|replica| writer.replica(replica));
}
