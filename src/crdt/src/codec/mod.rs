//! Bytes for the wire and for the disk.
//!
//! # Problem
//!
//! What replicas say to each other must be small, and whoever reads it must survive anything.
//!
//! # Format
//!
//! A message is a byte with the version in its upper half and the kind in its lower one, and a
//! body. Numbers are LEB128, seven bits a byte, the low ones first, in their shortest form. A
//! range is its start and its length less one.
//!
//! - **Names** (`names`) stand in full where they are mentioned first, and are called by their
//!   number afterwards. To a receiver that is known to have seen operations of a replica, 30 bits
//!   of its hash will do.
//! - **A delta** (`delta`) has the updates of each replica together; of their counters only the
//!   gaps are written. To a receiver that is known to have applied some earlier update of a claim,
//!   that update's dot stands for the claim.
//! - **What other data types need to say** (`compared`) stands behind each update, in a delta of a
//!   kind of its own; and their states are of one.
//! - **A snapshot** (`snapshot`) is written column by column, and of each column in blocks of 64
//!   only what sets the numbers apart from the least of them (`columns`).
//!
//! The encoding is this crate's own since the names and the dots would otherwise be most of every
//! message, and because a general one gives no place for the limits and the checks below.
//!
//! # Invariants
//!
//! - What is decoded is as sound as what is built by hand: names and ranges are checked, counters
//!   start at 1 and end at [`COUNTER_MAX`](crate::limits::COUNTER_MAX), updates of a replica ascend,
//!   and a snapshot passes what [`ClaimMap::check_invariants`](crate::ClaimMap::check_invariants)
//!   asks of its parts.
//! - No count is believed beyond what can still follow: an update takes four bytes at least, a
//!   contribution one.
//! - A failure changes nothing and says at which byte it stands.

mod columns;
mod compared;
mod delta;
mod error;
mod names;
mod reader;
mod snapshot;
mod stability;
mod writer;

pub use error::{DecodeError, Flaw};

use alloc::vec::Vec;

use crate::{ClaimMap, VersionVector};
pub(crate) use reader::Reader;
pub(crate) use writer::Writer;

/// The version of the format that is written, and the only one that is read.
const VERSION: u8 = 1;
const VERSION_SHIFT: u32 = 4;

/// What a message is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Delta = 1,
    VersionVector = 2,
    Announcement = 3,
    Snapshot = 4,
    /// A delta with updates of one replica, which need not be counted.
    DeltaOfOneReplica = 5,
    Roster = 6,
    /// The state of another data type than the claim map, whose number follows.
    ComparedSnapshot = 7,
    /// A delta in which each update is followed by what it says beside.
    DeltaWithPayloads = 8,
}

/// Something that has a body.
trait Body: Sized {
    const KIND: Kind;

    fn write(&self, writer: &mut Writer<'_>);

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError>;

    fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new(Self::KIND, None);
        self.write(&mut writer);
        writer.into_bytes()
    }

    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes, None);
        reader.header(&[Self::KIND])?;
        let body = Self::read(&mut reader)?;
        reader.finish()?;
        Ok(body)
    }
}

/// What a receiver is known to have seen, to whom a message may refer to it.
#[derive(Clone, Copy)]
struct Receiver<'a> {
    seen: &'a VersionVector,
    /// The sender's own state, which knows which updates are of which claim.
    claims: &'a ClaimMap,
}
