//! The names in a message, each once.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::limits::NODE_NAME_CHARS_MAX;
use crate::{Claim, Delta, NodeId, ReplicaId, Update};

use super::reader::Reader;
use super::writer::Writer;
use super::{DecodeError, Flaw};

/// The positions of all nodes and replicas that a message names.
#[derive(Default)]
pub(super) struct Names<'a> {
    nodes: BTreeMap<&'a NodeId, usize>,
    replicas: BTreeMap<&'a ReplicaId, usize>,
}

impl<'a> Names<'a> {
    pub(super) fn node(&mut self, node: &'a NodeId) {
        self.nodes.insert(node, 0);
    }

    pub(super) fn replica(&mut self, replica: &'a ReplicaId) {
        self.node(&replica.node);
        self.replicas.insert(replica, 0);
    }

    pub(super) fn claim(&mut self, claim: &'a Claim) {
        self.node(&claim.node);
    }

    pub(super) fn delta(&mut self, delta: &'a Delta) {
        delta.updates().for_each(|update| self.update(update));
    }

    pub(super) fn update(&mut self, update: &'a Update) {
        self.replica(&update.dot.replica);
        self.claim(update.operation.claim());
        let tightening = update.tightening.iter().flat_map(|tightening| &tightening.cancels);
        for cancel in update.cancels.iter().chain(tightening) {
            self.replica(&cancel.dot.replica);
        }
    }

    /// Gives everything its position: the order of the names.
    pub(super) fn number(&mut self) {
        self.nodes.values_mut().zip(0..).for_each(|(position, number)| *position = number);
        self.replicas.values_mut().zip(0..).for_each(|(position, number)| *position = number);
    }

    pub(super) fn of_node(&self, node: &NodeId) -> usize {
        self.nodes[node]
    }

    pub(super) fn of_replica(&self, replica: &ReplicaId) -> usize {
        self.replicas[replica]
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.count(self.nodes.len());
        let mut replicas = self.replicas.keys().peekable();
        for node in self.nodes.keys() {
            let mut incarnations = Vec::new();
            while let Some(replica) = replicas.next_if(|replica| replica.node == **node) {
                incarnations.push(replica.incarnation);
            }
            let form = match *incarnations {
                [] => NO_REPLICA,
                [0] => FIRST_REPLICA,
                _ => LISTED_REPLICAS,
            };
            writer.number((node.as_str().len() as u64) << FORM_BITS | form);
            writer.raw(node.as_str().as_bytes());
            if form == LISTED_REPLICAS {
                writer.count(incarnations.len());
                incarnations.into_iter().for_each(|incarnation| writer.number(incarnation.into()));
            }
        }
    }

    /// The replicas in the order of their positions.
    pub(super) fn replicas(&self) -> impl Iterator<Item = &'a ReplicaId> {
        self.replicas.keys().copied()
    }
}

/// Beside the length of a name: which replicas of that node there are. Mostly it is the first.
const FORM_BITS: u32 = 2;
const NO_REPLICA: u64 = 0;
const FIRST_REPLICA: u64 = 1;
const LISTED_REPLICAS: u64 = 2;

/// The nodes and replicas that were read.
pub(super) struct Replicas {
    nodes: Vec<NodeId>,
    replicas: Vec<ReplicaId>,
}

impl Replicas {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut table = Self { nodes: Vec::new(), replicas: Vec::new() };
        for _ in 0..reader.count(2)? {
            let number = reader.number()?;
            let (length, form) = (number >> FORM_BITS, number & ((1 << FORM_BITS) - 1));
            if !(1..=4 * NODE_NAME_CHARS_MAX as u64).contains(&length) {
                return Err(reader.flaw(Flaw::OutOfBounds(length)));
            }
            let raw = reader.raw(length as usize)?;
            let name = core::str::from_utf8(raw).map_err(|_| reader.flaw(Flaw::NotText))?;
            let node = NodeId::new(name).map_err(|error| reader.flaw(error.into()))?;
            if table.nodes.last().is_some_and(|last| *last >= node) {
                return Err(reader.flaw(Flaw::OutOfOrder));
            }
            table.nodes.push(node.clone());
            match form {
                NO_REPLICA => {}
                FIRST_REPLICA => table.replicas.push(ReplicaId::first(node)),
                LISTED_REPLICAS => table.read_incarnations(&node, reader)?,
                _ => return Err(reader.flaw(Flaw::OutOfBounds(number))),
            }
        }
        Ok(table)
    }

    /// More than one replica of a node, or one that is not its first.
    fn read_incarnations(
        &mut self,
        node: &NodeId,
        reader: &mut Reader<'_>,
    ) -> Result<(), DecodeError> {
        let mut least = 0;
        let count = reader.count(1)?;
        for _ in 0..count {
            let incarnation = reader.within(least, u32::MAX.into())?;
            least = incarnation + 1;
            self.replicas.push(ReplicaId { node: node.clone(), incarnation: incarnation as u32 });
        }
        // Each table has one form only.
        match (count, least) {
            (0, _) | (1, 1) => Err(reader.flaw(Flaw::Contradiction("a list that need not be"))),
            _ => Ok(()),
        }
    }

    /// The replicas in the order of their positions.
    pub(super) fn replicas(&self) -> impl Iterator<Item = &ReplicaId> {
        self.replicas.iter()
    }

    /// The node at the position that is read.
    pub(super) fn node(&self, reader: &mut Reader<'_>) -> Result<NodeId, DecodeError> {
        let position = reader.number()?;
        let node = usize::try_from(position).ok().and_then(|position| self.nodes.get(position));
        node.cloned().ok_or_else(|| reader.flaw(Flaw::OutOfBounds(position)))
    }

    /// The replica at the position that is read.
    pub(super) fn replica(&self, reader: &mut Reader<'_>) -> Result<ReplicaId, DecodeError> {
        let position = reader.number()?;
        let replica =
            usize::try_from(position).ok().and_then(|position| self.replicas.get(position));
        replica.cloned().ok_or_else(|| reader.flaw(Flaw::OutOfBounds(position)))
    }
}
