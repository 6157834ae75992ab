//! What nodes say to each other.

use scalesmall_crdt::{Delta, Update, VersionVector};
use serde::Serialize;

/// The most updates that one message carries; what is left goes with the exchanges that follow.
pub const UPDATES_MAX: usize = 512;

/// A message from one node to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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

    /// The message's size on the wire, in bytes (in postcard's encoding).
    #[must_use]
    pub fn encoded_len(&self) -> usize {
        encoded_len(self)
    }

    /// The size of one update in a message, in bytes.
    #[must_use]
    pub fn update_len(update: &Update) -> usize {
        encoded_len(update)
    }
}

fn encoded_len<T: Serialize>(value: &T) -> usize {
    postcard::experimental::serialized_size(value)
        .expect("a message has nothing that cannot be encoded")
}
