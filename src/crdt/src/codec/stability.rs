//! What members announce.

use alloc::vec::Vec;

use crate::{Announcement, ReplicaId, Roster, VersionVector};

use super::reader::Reader;
use super::tables::{Names, Replicas};
use super::writer::Writer;
use super::{Body, DecodeError, Kind, decode, encode};

impl Announcement {
    /// The announcement as bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(self)
    }

    /// The announcement that was written as `bytes`.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        decode(bytes)
    }
}

impl Body for Announcement {
    const KIND: Kind = Kind::Announcement;

    fn name<'a>(&'a self, names: &mut Names<'a>) {
        names.replica(&self.from);
        self.roster
            .joined()
            .chain(self.roster.retired())
            .for_each(|replica| names.replica(replica));
        self.seen.name(names);
    }

    fn write(&self, writer: &mut Writer, names: &Names<'_>) {
        writer.count(names.of_replica(&self.from));
        write_all(self.roster.joined(), writer, names);
        write_all(self.roster.retired(), writer, names);
        self.seen.write(writer, names);
    }

    fn read(reader: &mut Reader<'_>, replicas: &Replicas) -> Result<Self, DecodeError> {
        let from = replicas.replica(reader)?;
        let mut roster = Roster::new();
        for _ in 0..reader.count(1)? {
            roster.join(replicas.replica(reader)?);
        }
        for _ in 0..reader.count(1)? {
            roster.retire(replicas.replica(reader)?);
        }
        Ok(Self { from, roster, seen: VersionVector::read(reader, replicas)? })
    }
}

fn write_all<'a>(
    replicas: impl Iterator<Item = &'a ReplicaId> + Clone,
    writer: &mut Writer,
    names: &Names<'_>,
) {
    writer.count(replicas.clone().count());
    replicas.for_each(|replica| writer.count(names.of_replica(replica)));
}
