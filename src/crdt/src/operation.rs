//! The operations, as somebody asks for them.

use core::num::NonZeroU32;

use crate::{Claim, DataType, Key, KeyRange, NodeId};

/// What somebody wants done to a claim. Any replica may ask it of any claim, its own node's or
/// another's. What comes of it depends on what the replica sees: see
/// [`ClaimMap::issue`](crate::ClaimMap::issue), which has the first five. Which of them others have,
/// their [`DataType`] says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Operation {
    /// Add the claim. A claim that is live keeps its priority; else it starts at 0.
    Register {
        /// The claim to add.
        claim: Claim,
    },
    /// Remove the claim as far as this replica sees it.
    Release {
        /// The claim to remove.
        claim: Claim,
    },
    /// Raise the priority. A claim that is not live is added.
    Increase {
        /// The claim to raise.
        claim: Claim,
        /// By how much.
        by: NonZeroU32,
    },
    /// Lower the priority. A claim that would come to 0 or less is released.
    Decrease {
        /// The claim to lower.
        claim: Claim,
        /// By how much.
        by: NonZeroU32,
    },
    /// Give up a part of the range: in one step the old claim is released, and the narrower one
    /// raised by the priority that the old one had.
    Tighten {
        /// The claim that is too wide.
        claim: Claim,
        /// The keys to keep: inside the claim's range, and not all of it.
        to: KeyRange,
    },
    /// Cut the run of keys that an [ordered list](crate::OrderedList) is for in two.
    Split {
        /// The keys from the cut on, all of them; whose claim it is says who has asked, and means
        /// nothing else. See [`split`](Self::split).
        claim: Claim,
    },
    /// Let the claim's node go before the one before it in an ordered list.
    Promote {
        /// The claim; its start says which list.
        claim: Claim,
    },
    /// Let the claim's node go behind the one behind it in an ordered list.
    Demote {
        /// The claim; its start says which list.
        claim: Claim,
    },
}

impl Operation {
    /// A Split before the key `at`, as `by` asks for it.
    #[must_use]
    pub fn split(by: NodeId, at: Key) -> Self {
        Self::Split {
            claim: Claim::new(by, KeyRange::between(at.into(), KeyRange::ALL.past_end())),
        }
    }

    /// The claim that the operation is about; for Tighten, the old one.
    #[must_use]
    pub fn claim(&self) -> &Claim {
        match self {
            Self::Register { claim }
            | Self::Release { claim }
            | Self::Increase { claim, .. }
            | Self::Decrease { claim, .. }
            | Self::Tighten { claim, .. }
            | Self::Split { claim }
            | Self::Promote { claim }
            | Self::Demote { claim } => claim,
        }
    }

    /// The claim that a Tighten leaves in the place of the old one.
    #[must_use]
    pub fn tightened(&self) -> Option<Claim> {
        match self {
            Self::Tighten { claim, to } => Some(Claim::new(claim.node.clone(), *to)),
            _ => None,
        }
    }

    /// The operation's name, capitalised.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Register { .. } => "Register",
            Self::Release { .. } => "Release",
            Self::Increase { .. } => "Increase",
            Self::Decrease { .. } => "Decrease",
            Self::Tighten { .. } => "Tighten",
            Self::Split { .. } => "Split",
            Self::Promote { .. } => "Promote",
            Self::Demote { .. } => "Demote",
        }
    }
}

/// Why an operation had no effect. It has then taken no dot, and nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OperationError {
    /// Release, Decrease, Tighten, Promote or Demote of a claim that this replica does not see as
    /// live.
    #[error("{claim} is not registered here")]
    NotRegistered {
        /// The claim.
        claim: Claim,
    },
    /// Tighten to keys that are not a proper part of the claim's range.
    #[error("{to} is not a part of {claim} that leaves some of it out")]
    NotInside {
        /// The claim.
        claim: Claim,
        /// The keys that were to be kept.
        to: KeyRange,
    },
    /// What is replicated has no such operation.
    #[error("{data_type} has no {operation}")]
    NotOffered {
        /// The operation's name.
        operation: &'static str,
        /// What is replicated.
        data_type: DataType,
    },
    /// Register where this replica's lists have no such run of keys.
    #[error("no run of keys that has a list starts at {start} here")]
    NoSuchList {
        /// The first of the keys that were meant.
        start: Key,
    },
}
