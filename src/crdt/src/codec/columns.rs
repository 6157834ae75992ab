//! Many numbers of one kind.
//!
//! Blocks of 64: the least number, how many bits the farthest one is from it, and that many bits
//! for each, the low ones first (frame of reference: Goldstein, Ramakrishnan, Shaft 1998,
//! "Compressing relations and indexes").

use alloc::vec::Vec;

use super::reader::Reader;
use super::writer::Writer;
use super::{DecodeError, Flaw};

const BLOCK: usize = 64;

impl Writer<'_> {
    /// Each number takes at least `width_min` bits.
    pub(super) fn column(&mut self, numbers: Vec<u64>, width_min: u32) {
        for block in numbers.chunks(BLOCK) {
            let least = block.iter().copied().min().expect("a block is not empty");
            let most = block.iter().copied().max().expect("a block is not empty");
            let width = (u64::BITS - (most - least).leading_zeros()).max(width_min);
            self.number(least);
            self.byte(width as u8);
            let (mut bits, mut filled) = (0_u128, 0);
            for number in block {
                bits |= u128::from(number - least) << filled;
                filled += width;
                while filled >= u8::BITS {
                    self.byte(bits as u8);
                    bits >>= u8::BITS;
                    filled -= u8::BITS;
                }
            }
            if filled > 0 {
                self.byte(bits as u8);
            }
        }
    }
}

impl Reader<'_> {
    /// So many numbers, of at least `width_min` bits each.
    pub(super) fn column(&mut self, count: usize, width_min: u32) -> Result<Vec<u64>, DecodeError> {
        let mut numbers = Vec::with_capacity(count);
        while numbers.len() < count {
            let block = BLOCK.min(count - numbers.len());
            let least = self.number()?;
            let width = u32::from(self.byte()?);
            if !(width_min..=u64::BITS).contains(&width) {
                return Err(self.flaw(Flaw::OutOfBounds(width.into())));
            }
            let raw = self.raw((block * width as usize).div_ceil(8))?;
            let mut raw = raw.iter();
            let (mut bits, mut filled) = (0_u128, 0);
            for _ in 0..block {
                while filled < width {
                    let byte = raw.next().expect("as many bytes as the numbers take");
                    bits |= u128::from(*byte) << filled;
                    filled += u8::BITS;
                }
                let offset = (bits & ((1_u128 << width) - 1)) as u64;
                bits >>= width;
                filled -= width;
                let number = least.checked_add(offset);
                numbers.push(number.ok_or_else(|| self.flaw(Flaw::LongNumber))?);
            }
            if bits != 0 {
                return Err(self.flaw(Flaw::LongNumber));
            }
        }
        Ok(numbers)
    }
}
