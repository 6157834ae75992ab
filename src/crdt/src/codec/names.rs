//! The nodes and replicas that a message mentions.
//!
//! Each is written out once. A mention is a number whose two low bits say what the others are:
//!
//! | | of a node | of a replica |
//! |---|---|---|
//! | 0 | the number of one that was mentioned | the same |
//! | 1 | | 30 bits of the hash of one that the receiver has seen; always four bytes |
//! | 2 | the bytes of its name, which follows | its incarnation; its node follows |
//! | 3 | | the bytes of its name, which follows; it is the first replica of that node, which was not mentioned before |

use alloc::vec::Vec;

use super::reader::Reader;
use super::{DecodeError, Flaw};
use crate::leb128::write;
use crate::limits::NODE_NAME_CHARS_MAX;
use crate::numbered::Numbered;
use crate::{NodeId, ReplicaId, VersionVector};

const MENTIONED: u64 = 0;
const SEEN: u64 = 1;
const NEW: u64 = 2;
const FIRST_OF_NEW: u64 = 3;
const FORM_BITS: u32 = 2;
const FORM: u64 = (1 << FORM_BITS) - 1;

/// The part of a replica's hash that stands for it.
pub(crate) fn short_hash(replica: &ReplicaId) -> u32 {
    replica.stable_hash() as u32 >> FORM_BITS
}

/// Those that were mentioned so far, by number.
#[derive(Default)]
pub(super) struct NamesWritten {
    nodes: Numbered<NodeId>,
    replicas: Numbered<ReplicaId>,
}

impl NamesWritten {
    pub(super) fn has_replica(&self, replica: &ReplicaId) -> bool {
        self.replicas.find(replica).is_some()
    }

    pub(super) fn node(&mut self, node: &NodeId, bytes: &mut Vec<u8>) {
        match self.nodes.find(node) {
            Some(number) => write(bytes, u64::from(number) << FORM_BITS | MENTIONED),
            None => self.new_node(node, NEW, bytes),
        }
    }

    pub(super) fn replica(
        &mut self,
        replica: &ReplicaId,
        seen: Option<&VersionVector>,
        bytes: &mut Vec<u8>,
    ) {
        if let Some(number) = self.replicas.find(replica) {
            write(bytes, u64::from(number) << FORM_BITS | MENTIONED);
            return;
        }
        let is_new_node = self.nodes.find(&replica.node).is_none();
        if seen.is_some_and(|seen| seen.counter(replica) > 0) {
            let hash = short_hash(replica) << FORM_BITS | SEEN as u32;
            bytes.extend_from_slice(&hash.to_le_bytes());
            if is_new_node {
                self.nodes.add(replica.node.clone());
            }
        } else if replica.incarnation == 0 && is_new_node {
            self.new_node(&replica.node, FIRST_OF_NEW, bytes);
        } else {
            write(bytes, u64::from(replica.incarnation) << FORM_BITS | NEW);
            self.node(&replica.node, bytes);
        }
        self.replicas.add(replica.clone());
    }

    fn new_node(&mut self, node: &NodeId, form: u64, bytes: &mut Vec<u8>) {
        let name = node.as_str().as_bytes();
        write(bytes, (name.len() as u64) << FORM_BITS | form);
        bytes.extend_from_slice(name);
        self.nodes.add(node.clone());
    }
}

/// The same as they are read.
#[derive(Default)]
pub(super) struct NamesRead {
    nodes: Vec<NodeId>,
    replicas: Vec<ReplicaId>,
}

impl Reader<'_> {
    pub(crate) fn node(&mut self) -> Result<NodeId, DecodeError> {
        let number = self.number()?;
        let value = number >> FORM_BITS;
        match number & FORM {
            MENTIONED => {
                let node = usize::try_from(value).ok().and_then(|at| self.names.nodes.get(at));
                node.cloned().ok_or_else(|| self.flaw(Flaw::OutOfBounds(value)))
            }
            NEW => self.new_node(value),
            _ => Err(self.flaw(Flaw::OutOfBounds(number))),
        }
    }

    pub(crate) fn replica(&mut self) -> Result<ReplicaId, DecodeError> {
        if u64::from(self.peek()?) & FORM == SEEN {
            return self.seen_replica();
        }
        let number = self.number()?;
        let value = number >> FORM_BITS;
        let replica = match number & FORM {
            MENTIONED => {
                let at = usize::try_from(value).ok();
                let replica = at.and_then(|at| self.names.replicas.get(at)).cloned();
                return replica.ok_or_else(|| self.flaw(Flaw::OutOfBounds(value)));
            }
            NEW => {
                let incarnation = u32::try_from(value).ok();
                let incarnation = incarnation.ok_or_else(|| self.flaw(Flaw::OutOfBounds(value)))?;
                ReplicaId { node: self.node()?, incarnation }
            }
            _ => ReplicaId::first(self.new_node(value)?),
        };
        self.names.replicas.push(replica.clone());
        Ok(replica)
    }

    fn seen_replica(&mut self) -> Result<ReplicaId, DecodeError> {
        let hash = u32::from_le_bytes(self.raw(4)?.try_into().expect("four bytes"));
        let hash = hash >> FORM_BITS;
        let replicas = self.log.into_iter().flat_map(|log| log.replicas());
        let mut replicas = replicas.filter(|replica| short_hash(replica) == hash);
        let (Some(replica), None) = (replicas.next().cloned(), replicas.next()) else {
            return Err(self.flaw(Flaw::UnknownReplica(hash)));
        };
        if !self.names.nodes.contains(&replica.node) {
            self.names.nodes.push(replica.node.clone());
        }
        self.names.replicas.push(replica.clone());
        Ok(replica)
    }

    fn new_node(&mut self, length: u64) -> Result<NodeId, DecodeError> {
        if !(1..=4 * NODE_NAME_CHARS_MAX as u64).contains(&length) {
            return Err(self.flaw(Flaw::OutOfBounds(length)));
        }
        let raw = self.raw(length as usize)?;
        let name = core::str::from_utf8(raw).map_err(|_| self.flaw(Flaw::NotText))?;
        let node = NodeId::new(name).map_err(|error| self.flaw(error.into()))?;
        self.names.nodes.push(node.clone());
        Ok(node)
    }
}
