//! What can be wrong with the bytes of a message.

use scalesmall_crdt::codec::Flaw;
use scalesmall_crdt::{InvalidNodeId, InvertedRange};

use super::MESSAGE_BYTES_MAX;
use crate::{PROBE_BYTES_MAX, UPDATES_MAX, WATCHED_RANGES_MAX};

/// Bytes that are no message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("byte {at}: {flaw}")]
pub struct MessageError {
    /// How many bytes of the message were read when it was noticed.
    pub at: usize,
    /// What is wrong.
    pub flaw: MessageFlaw,
}

/// What is wrong with the bytes of a message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MessageFlaw {
    /// There are more than [`MESSAGE_BYTES_MAX`].
    #[error("{0} bytes are more than the {MESSAGE_BYTES_MAX} of a message")]
    TooLong(usize),
    /// They are of a version that is not known.
    #[error("version {0} is not known")]
    UnknownVersion(u8),
    /// They are of a kind that is not known.
    #[error("kind {0} is not known")]
    UnknownKind(u8),
    /// They end too early.
    #[error("the end comes too early")]
    Truncated,
    /// Something follows the end.
    #[error("{0} bytes follow the end")]
    Trailing(usize),
    /// A number has more bits than its type, or superfluous bytes.
    #[error("a number is too long")]
    LongNumber,
    /// A number is beyond its limits.
    #[error("{0} is out of bounds")]
    OutOfBounds(u64),
    /// A length promises more than follows.
    #[error("a length of {0} is more than follows")]
    Length(u64),
    /// A name is not UTF-8.
    #[error("a name is not UTF-8")]
    NotText,
    /// A name is none.
    #[error(transparent)]
    Name(#[from] InvalidNodeId),
    /// A range is inverted.
    #[error(transparent)]
    Range(#[from] InvertedRange),
    /// There are more than [`UPDATES_MAX`] updates.
    #[error("{0} updates are more than the {UPDATES_MAX} of a message")]
    TooManyUpdates(usize),
    /// There are more than [`WATCHED_RANGES_MAX`] ranges.
    #[error("{0} ranges are more than the {WATCHED_RANGES_MAX} that a node watches")]
    TooManyRanges(usize),
    /// What a failure detector says is longer than [`PROBE_BYTES_MAX`].
    #[error("{0} bytes are more than the {PROBE_BYTES_MAX} of a failure detector")]
    LongProbe(usize),
    /// A part of `scalesmall-crdt` does not say anything sound.
    #[error("in the {part}: {flaw}")]
    Part {
        /// Which part.
        part: &'static str,
        /// What is wrong with it.
        flaw: Flaw,
    },
}
