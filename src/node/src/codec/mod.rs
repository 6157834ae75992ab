//! Messages as bytes, for links between processes.
//!
//! # Problem
//!
//! What nodes say to each other all the time must be small: two that agree exchange a digest, which
//! is at most 16 bytes up to 2⁴⁹ operations. And whoever reads it must survive anything.
//!
//! # Format
//!
//! A message is a byte with the version in its upper three bits and the kind in the lower five, and
//! what the kind asks for:
//!
//! | kind | message | what follows | and the last part |
//! |---:|---|---|---|
//! | 0 | `Digest` | fingerprint, number of operations | |
//! | 1 | `Differ` | fingerprint of the roster | version vector |
//! | 2 | `Ask` | | version vector |
//! | 3 | `News` of updates | | delta |
//! | 4 | `News` of updates, and what is seen | counted version vector | delta |
//! | 5 | `News` of a state | fingerprint of the roster | state |
//! | 6 | `News` of a state, and what is seen | counted version vector, fingerprint of the roster | state |
//! | 7, 8 | `Graft`, and one that is an answer | | version vector |
//! | 9 | `Prune` | | |
//! | 10 | `Batch` of updates | number of the batch | delta |
//! | 11 | `Batch` of a state | number of the batch, fingerprint of the roster | state |
//! | 12, 13, 14 | `Ack`, `Poll`, `Missing` | number of the batch | |
//! | 15, 16 | `Join`, `Offer` | | |
//! | 17 | `Accept` | replica | |
//! | 18, 19 | `NoMember`, and one who knows all | | |
//! | 20 | `Welcome` | counted roster | state |
//! | 21 | `Refused` | replica | roster |
//! | 22, 23 | `Roster`: a part, and a whole one | | roster |
//! | 24 | `Watching` | | ranges: start and end of each, 4 bytes each |
//! | 25 | `Probe` | | what failure detectors say |
//!
//! Deltas, version vectors, states and rosters are as `scalesmall-crdt`
//! [encodes](scalesmall_crdt::codec) them. The last part ends where the message ends; one before it
//! is *counted*: its length goes before it. A fingerprint is 8 bytes, the number of a batch 2, the low
//! ones first; a replica is its incarnation, the length of its node's name, and that name. All other
//! numbers are [LEB128](scalesmall_crdt::leb128).
//!
//! # Invariants
//!
//! - What is read is as sound as what nodes say themselves: names, ranges and each part are checked,
//!   and nothing is left over.
//! - No length is believed beyond what follows: reading allocates a small multiple of the bytes.
//! - A failure says at which byte of the message it stands.

mod error;
mod reader;

pub use error::{MessageError, MessageFlaw};

use std::borrow::Cow;

use scalesmall_crdt::{ClaimMap, Fingerprint, ReplicaId, Replicated, leb128};

use crate::{Message, News};
use reader::{ReadState, Reader};

/// The most bytes of a message that is read: the state of half a million claims, where it is folded,
/// and some 150 MB in memory.
pub const MESSAGE_BYTES_MAX: usize = 16 << 20;

/// The version of the format that is written, and the only one that is read.
const VERSION: u8 = 1;
const KIND_BITS: u32 = 5;

impl Message {
    /// The message as bytes. O(their number).
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let (mut bytes, last) = self.encode();
        bytes.extend_from_slice(&last);
        bytes
    }

    /// How many bytes the message takes on a link. O(their number).
    #[must_use]
    pub fn encoded_len(&self) -> usize {
        let (bytes, last) = self.encode();
        bytes.len() + last.len()
    }

    /// The message that was written as `bytes`, between nodes that have replicas of the claim map.
    ///
    /// # Errors
    ///
    /// [`MessageError`] for anything else, and for more than [`MESSAGE_BYTES_MAX`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, MessageError> {
        Self::read(bytes, |state| Ok(Box::new(ClaimMap::from_bytes(state)?)))
    }

    /// The message that was written as `bytes`, whatever its nodes have replicas of.
    ///
    /// # Errors
    ///
    /// Those of [`from_bytes`](Self::from_bytes).
    pub fn from_bytes_of_any(bytes: &[u8]) -> Result<Self, MessageError> {
        Self::read(bytes, <dyn Replicated>::from_bytes)
    }

    fn read(bytes: &[u8], state: ReadState) -> Result<Self, MessageError> {
        let mut reader = Reader::new(bytes, state)?;
        let message = reader.message()?;
        reader.finish()?;
        Ok(message)
    }

    /// All up to the last part, and that.
    fn encode(&self) -> (Vec<u8>, Cow<'_, [u8]>) {
        let mut bytes = Vec::with_capacity(16);
        bytes.push(VERSION << KIND_BITS | Kind::of(self) as u8);
        let last: Cow<'_, [u8]> = match self {
            Self::Digest(fingerprint, operations) => {
                write_fingerprint(&mut bytes, *fingerprint);
                leb128::write(&mut bytes, *operations);
                Cow::default()
            }
            Self::Differ { seen, roster } => {
                write_fingerprint(&mut bytes, *roster);
                seen.to_bytes().into()
            }
            Self::Ask(seen) | Self::Graft { seen, .. } => seen.to_bytes().into(),
            Self::News { news, seen } => {
                seen.iter().for_each(|seen| write_counted(&mut bytes, &seen.to_bytes()));
                write_news(&mut bytes, news)
            }
            Self::Batch { number, news } => {
                bytes.extend(number.to_le_bytes());
                write_news(&mut bytes, news)
            }
            Self::Ack(number) | Self::Poll(number) | Self::Missing(number) => {
                bytes.extend(number.to_le_bytes());
                Cow::default()
            }
            Self::Prune | Self::Join | Self::Offer | Self::NoMember { .. } => Cow::default(),
            Self::Accept { sponsor } => {
                write_replica(&mut bytes, sponsor);
                Cow::default()
            }
            Self::Welcome { roster, state } => {
                write_counted(&mut bytes, &roster.to_bytes());
                state.to_bytes().into()
            }
            Self::Refused { replica, roster } => {
                write_replica(&mut bytes, replica);
                roster.to_bytes().into()
            }
            Self::Roster { roster, .. } => roster.to_bytes().into(),
            Self::Watching(ranges) => {
                let ends = ranges.iter().flat_map(|range| [range.start(), range.end()]);
                ends.flat_map(u32::to_le_bytes).collect()
            }
            Self::Probe(data) => Cow::Borrowed(data),
        };
        (bytes, last)
    }
}

/// Writes what goes before the last part of some news, and returns that.
fn write_news(bytes: &mut Vec<u8>, news: &News) -> Cow<'static, [u8]> {
    match news {
        News::Updates(updates) => updates.to_bytes().into(),
        News::State { state, roster } => {
            write_fingerprint(bytes, *roster);
            state.to_bytes().into()
        }
    }
}

fn write_counted(bytes: &mut Vec<u8>, part: &[u8]) {
    leb128::write(bytes, part.len() as u64);
    bytes.extend_from_slice(part);
}

fn write_fingerprint(bytes: &mut Vec<u8>, fingerprint: Fingerprint) {
    bytes.extend(fingerprint.to_u64().to_le_bytes());
}

fn write_replica(bytes: &mut Vec<u8>, ReplicaId { node, incarnation }: &ReplicaId) {
    leb128::write(bytes, u64::from(*incarnation));
    write_counted(bytes, node.as_str().as_bytes());
}

/// What the first byte says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Digest,
    Differ,
    Ask,
    Updates,
    UpdatesAndSeen,
    State,
    StateAndSeen,
    Graft,
    GraftInAnswer,
    Prune,
    BatchOfUpdates,
    BatchOfState,
    Ack,
    Poll,
    Missing,
    Join,
    Offer,
    Accept,
    NoMember,
    NoMemberWhoKnowsAll,
    Welcome,
    Refused,
    PartOfRoster,
    WholeRoster,
    Watching,
    Probe,
}

impl Kind {
    /// By number.
    const ALL: [Self; 26] = [
        Self::Digest,
        Self::Differ,
        Self::Ask,
        Self::Updates,
        Self::UpdatesAndSeen,
        Self::State,
        Self::StateAndSeen,
        Self::Graft,
        Self::GraftInAnswer,
        Self::Prune,
        Self::BatchOfUpdates,
        Self::BatchOfState,
        Self::Ack,
        Self::Poll,
        Self::Missing,
        Self::Join,
        Self::Offer,
        Self::Accept,
        Self::NoMember,
        Self::NoMemberWhoKnowsAll,
        Self::Welcome,
        Self::Refused,
        Self::PartOfRoster,
        Self::WholeRoster,
        Self::Watching,
        Self::Probe,
    ];

    fn of(message: &Message) -> Self {
        match message {
            Message::Digest(..) => Self::Digest,
            Message::Differ { .. } => Self::Differ,
            Message::Ask(_) => Self::Ask,
            Message::News { news: News::Updates(_), seen: None } => Self::Updates,
            Message::News { news: News::Updates(_), seen: Some(_) } => Self::UpdatesAndSeen,
            Message::News { news: News::State { .. }, seen: None } => Self::State,
            Message::News { news: News::State { .. }, seen: Some(_) } => Self::StateAndSeen,
            Message::Graft { is_answer: false, .. } => Self::Graft,
            Message::Graft { is_answer: true, .. } => Self::GraftInAnswer,
            Message::Prune => Self::Prune,
            Message::Batch { news: News::Updates(_), .. } => Self::BatchOfUpdates,
            Message::Batch { news: News::State { .. }, .. } => Self::BatchOfState,
            Message::Ack(_) => Self::Ack,
            Message::Poll(_) => Self::Poll,
            Message::Missing(_) => Self::Missing,
            Message::Join => Self::Join,
            Message::Offer => Self::Offer,
            Message::Accept { .. } => Self::Accept,
            Message::NoMember { knows_all: false } => Self::NoMember,
            Message::NoMember { knows_all: true } => Self::NoMemberWhoKnowsAll,
            Message::Welcome { .. } => Self::Welcome,
            Message::Refused { .. } => Self::Refused,
            Message::Roster { is_whole: false, .. } => Self::PartOfRoster,
            Message::Roster { is_whole: true, .. } => Self::WholeRoster,
            Message::Watching(_) => Self::Watching,
            Message::Probe(_) => Self::Probe,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_stands_at_its_number() {
        for (number, kind) in Kind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, number);
        }
        assert!(Kind::ALL.len() <= 1 << KIND_BITS);
    }
}
