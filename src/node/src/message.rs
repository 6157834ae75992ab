//! What nodes say to each other.

use std::sync::Arc;

use scalesmall_crdt::{Delta, Update, VersionVector};

/// The most updates that one message carries; what is left goes with the exchanges that follow.
pub const UPDATES_MAX: usize = 512;

/// A message from one node to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// "This is what I have seen; what do I lack?"
    Seen(VersionVector),
    /// "This is what you lack."
    Updates {
        /// Updates that the receiver had not seen when it said so, [`UPDATES_MAX`] at most.
        updates: Delta,
        /// What the sender has seen, where it lacks something that the receiver has.
        seen: Option<VersionVector>,
    },
}

impl Message {
    /// The updates that the message carries.
    #[must_use]
    pub fn updates(&self) -> Option<&Delta> {
        match self {
            Self::Seen(_) => None,
            Self::Updates { updates, .. } => Some(updates),
        }
    }

    /// The message's size on the wire, in bytes: a byte that says which it is, and its parts as
    /// `scalesmall-crdt` encodes them. O(its size).
    #[must_use]
    pub fn encoded_len(&self) -> usize {
        1 + match self {
            Self::Seen(seen) => seen.to_bytes().len(),
            Self::Updates { updates, seen } => {
                let seen = seen.as_ref().map_or(0, |seen| seen.to_bytes().len());
                updates.to_bytes().len() + seen
            }
        }
    }

    /// The size of one update by itself, in bytes.
    #[must_use]
    pub fn update_len(update: &Arc<Update>) -> usize {
        Delta::from_iter([Arc::clone(update)]).to_bytes().len()
    }
}
