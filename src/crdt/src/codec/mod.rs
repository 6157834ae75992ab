//! Bytes for the wire and for the disk.
//!
//! # Problem
//!
//! What replicas say to each other must be small, and whoever reads it must survive anything.
//!
//! # Format
//!
//! A message is a version byte, a kind byte, a table of the nodes in it, each with which replicas of
//! it there are, and a body that refers to nodes and replicas by position. Numbers are LEB128,
//! little end first, seven bits a byte, in their shortest form. The updates of one replica stand together; of their counters only the
//! gaps are written. A range is its start and its length less one. Nothing may follow the body.
//!
//! The encoding is this crate's own since the names would otherwise be most of every message, and
//! because a general one gives no place for the limits and the checks below.
//!
//! # Invariants
//!
//! - What is decoded is as sound as what is built by hand: names and ranges are checked, counters
//!   start at 1 and end at [`COUNTER_MAX`](crate::limits::COUNTER_MAX), updates of a replica ascend,
//!   and a snapshot passes what [`ClaimMap::check_invariants`](crate::ClaimMap::check_invariants)
//!   asks of its parts.
//! - Memory is bounded by a small multiple of the bytes that are there: no count is believed beyond
//!   what can still follow.
//! - A failure changes nothing and says at which byte it stands.

mod delta;
mod error;
mod reader;
mod snapshot;
mod stability;
mod tables;
mod writer;

pub use error::{DecodeError, Flaw};

use alloc::vec::Vec;
use reader::Reader;
use tables::{Names, Replicas};
use writer::Writer;

/// The version of the format that is written, and the only one that is read.
const VERSION: u8 = 1;

/// What a message is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Delta = 1,
    VersionVector = 2,
    Announcement = 3,
    Snapshot = 4,
}

/// Something that has a body.
trait Body: Sized {
    const KIND: Kind;

    /// Names the nodes and the replicas that the body refers to.
    fn name<'a>(&'a self, names: &mut Names<'a>);

    fn write(&self, writer: &mut Writer, names: &Names<'_>);

    fn read(reader: &mut Reader<'_>, replicas: &Replicas) -> Result<Self, DecodeError>;
}

fn encode(body: &impl Body) -> Vec<u8> {
    fn kind_of<B: Body>(_: &B) -> Kind {
        B::KIND
    }
    let mut names = Names::default();
    body.name(&mut names);
    names.number();
    let mut writer = Writer::default();
    writer.byte(VERSION);
    writer.byte(kind_of(body) as u8);
    names.write(&mut writer);
    body.write(&mut writer, &names);
    writer.into_bytes()
}

fn decode<B: Body>(bytes: &[u8]) -> Result<B, DecodeError> {
    let mut reader = Reader::new(bytes);
    match reader.byte()? {
        VERSION => {}
        other => return Err(reader.flaw(Flaw::UnknownVersion(other))),
    }
    match reader.byte()? {
        kind if kind == B::KIND as u8 => {}
        other => return Err(reader.flaw(Flaw::OtherKind(other))),
    }
    let replicas = Replicas::read(&mut reader)?;
    let body = B::read(&mut reader, &replicas)?;
    reader.finish()?;
    Ok(body)
}
