//! Bytes, one after the other.

use alloc::vec::Vec;

use crate::{Claim, KeyRange};

use super::tables::Names;

#[derive(Default)]
pub(super) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    pub(super) fn byte(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    pub(super) fn number(&mut self, mut number: u64) {
        while number > 0x7f {
            self.bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }

    /// A number of either sign: small ones are short.
    pub(super) fn signed(&mut self, number: i64) {
        self.number(((number << 1) ^ (number >> 63)) as u64);
    }

    pub(super) fn count(&mut self, count: usize) {
        self.number(count as u64);
    }

    pub(super) fn range(&mut self, range: KeyRange) {
        self.number(range.start().into());
        self.number(range.keys() - 1);
    }

    pub(super) fn claim(&mut self, claim: &Claim, names: &Names<'_>) {
        self.count(names.of_node(&claim.node));
        self.range(claim.range);
    }
}
