//! Who serves, and who holds a copy: nodes and replicas.

use alloc::string::String;
use alloc::sync::Arc;
use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};

use crate::hash;
use crate::limits::NODE_NAME_CHARS_MAX;

/// The name of a node: a server that can serve ranges. Cheap to clone, to compare and to hash:
/// it knows its own hash. Names are ordered as text, which decides between owners of equal
/// priority.
#[derive(Clone)]
pub struct NodeId {
    name: Arc<str>,
    hash: u64,
}

impl NodeId {
    /// A node named `name`.
    ///
    /// # Errors
    ///
    /// [`InvalidNodeId`] for a name that is empty, longer than
    /// [`NODE_NAME_CHARS_MAX`] characters, or that holds a control character.
    pub fn new(name: &str) -> Result<Self, InvalidNodeId> {
        let chars = name.chars().count();
        if !(1..=NODE_NAME_CHARS_MAX).contains(&chars) {
            return Err(InvalidNodeId::Length { chars });
        }
        if name.chars().any(char::is_control) {
            return Err(InvalidNodeId::ControlCharacter { name: name.into() });
        }
        Ok(Self { hash: hash::of_text(name), name: name.into() })
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.name
    }

    /// The same on every machine.
    pub(crate) fn stable_hash(&self) -> u64 {
        self.hash
    }
}

impl PartialEq for NodeId {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        // Names are mostly clones of one another, and a clone is recognised without reading it.
        self.hash == other.hash && (Arc::ptr_eq(&self.name, &other.name) || self.name == other.name)
    }
}

impl Eq for NodeId {}

impl Hash for NodeId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl Ord for NodeId {
    fn cmp(&self, other: &Self) -> Ordering {
        if self == other { Ordering::Equal } else { self.name.cmp(&other.name) }
    }
}

impl PartialOrd for NodeId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.name)
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// A text that is no name of a node.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidNodeId {
    /// Empty or too long.
    #[error("a name has 1 to {NODE_NAME_CHARS_MAX} characters, this one has {chars}")]
    Length {
        /// How many characters it has.
        chars: usize,
    },
    /// Something in it cannot be shown.
    #[error("the name {name:?} holds a control character")]
    ControlCharacter {
        /// The name.
        name: String,
    },
}

/// One copy of the shared state: a node, and which of its incarnations. A restart that lost its
/// state takes a fresh incarnation, so that no dot is ever issued twice.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ReplicaId {
    /// The node that holds the copy.
    pub node: NodeId,
    /// Which life of the node this is, from 0.
    pub incarnation: u32,
}

impl ReplicaId {
    /// The first incarnation of `node`.
    #[must_use]
    pub fn first(node: NodeId) -> Self {
        Self { node, incarnation: 0 }
    }

    /// The same on every machine.
    pub(crate) fn stable_hash(&self) -> u64 {
        hash::mix(self.node.stable_hash(), u64::from(self.incarnation))
    }

    /// The incarnation after this one.
    ///
    /// # Panics
    ///
    /// After 2³² − 1 incarnations.
    #[must_use]
    pub fn fresh(&self) -> Self {
        let incarnation =
            self.incarnation.checked_add(1).expect("a node restarts fewer than 2^32 times");
        Self { node: self.node.clone(), incarnation }
    }
}

impl fmt::Display for ReplicaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.node, self.incarnation)
    }
}

impl fmt::Debug for ReplicaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
