//! Bytes, one after the other.

use alloc::vec::Vec;

use super::names::NamesWritten;
use super::{Kind, Receiver, VERSION, VERSION_SHIFT};
use crate::leb128::write;
use crate::{Claim, Dot, KeyRange, NodeId, ReplicaId};

pub(crate) struct Writer<'a> {
    bytes: Vec<u8>,
    names: NamesWritten,
    pub(super) receiver: Option<Receiver<'a>>,
    /// Whether each update is followed by what it says beside.
    pub(super) has_payloads: bool,
}

impl<'a> Writer<'a> {
    pub(super) fn new(kind: Kind, receiver: Option<Receiver<'a>>) -> Self {
        let bytes = alloc::vec![VERSION << VERSION_SHIFT | kind as u8];
        Self { bytes, names: NamesWritten::default(), receiver, has_payloads: false }
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    pub(crate) fn byte(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    pub(crate) fn number(&mut self, number: u64) {
        write(&mut self.bytes, number);
    }

    pub(crate) fn count(&mut self, count: usize) {
        self.number(count as u64);
    }

    pub(super) fn range(&mut self, range: KeyRange) {
        self.number(range.start().into());
        self.number(range.keys() - 1);
    }

    pub(crate) fn node(&mut self, node: &NodeId) {
        self.names.node(node, &mut self.bytes);
    }

    pub(crate) fn replica(&mut self, replica: &ReplicaId) {
        let seen = self.receiver.map(|receiver| receiver.seen);
        self.names.replica(replica, seen, &mut self.bytes);
    }

    /// Whether `replica` has been mentioned, so that it takes a byte or two.
    pub(super) fn has_mentioned(&self, replica: &ReplicaId) -> bool {
        self.names.has_replica(replica)
    }

    pub(crate) fn claim(&mut self, claim: &Claim) {
        self.node(&claim.node);
        self.range(claim.range);
    }

    pub(crate) fn dot(&mut self, dot: &Dot) {
        self.replica(&dot.replica);
        self.number(dot.counter);
    }
}
