//! What can be wrong with bytes.

use crate::{Dot, InvalidNodeId, InvertedRange};

/// Bytes that say nothing sound.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("byte {at}: {flaw}")]
pub struct DecodeError {
    /// How many bytes were read when it was noticed.
    pub at: usize,
    /// What is wrong.
    pub flaw: Flaw,
}

/// What is wrong with bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Flaw {
    /// They end too early.
    #[error("the end comes too early")]
    Truncated,
    /// Something follows the end.
    #[error("{0} bytes follow the end")]
    Trailing(usize),
    /// There are more than [`MESSAGE_BYTES_MAX`](crate::limits::MESSAGE_BYTES_MAX).
    #[error("{0} bytes are too many")]
    TooLong(usize),
    /// They are of a version that is not known.
    #[error("version {0} is not known")]
    UnknownVersion(u8),
    /// They are of another kind.
    #[error("kind {0} is not the one expected")]
    OtherKind(u8),
    /// A number has more bits than its type, or superfluous bytes.
    #[error("a number is too long")]
    LongNumber,
    /// A number is beyond its limits.
    #[error("{0} is out of bounds")]
    OutOfBounds(u64),
    /// A count promises more than can still follow.
    #[error("a count of {0} is more than can follow")]
    Count(u64),
    /// A name is not UTF-8.
    #[error("a name is not UTF-8")]
    NotText,
    /// A name is none.
    #[error(transparent)]
    Name(#[from] InvalidNodeId),
    /// A range is inverted.
    #[error(transparent)]
    Range(#[from] InvertedRange),
    /// Things are not in their order, or stand twice.
    #[error("things are out of order")]
    OutOfOrder,
    /// A replica is referred to that is not known here, or that cannot be told from another.
    #[error("no single replica is known here with the hash {0:#x}")]
    UnknownReplica(u32),
    /// An operation is referred to that is not known here, or that contributed to no claim.
    #[error("no operation {0} that contributed to a claim is known here")]
    UnknownOperation(Dot),
    /// The parts contradict each other.
    #[error("{0}")]
    Contradiction(&'static str),
}
