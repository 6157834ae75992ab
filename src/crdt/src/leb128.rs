//! Numbers as bytes, seven bits a byte, the low ones first: small numbers are short.
//!
//! ```
//! use scalesmall_crdt::leb128;
//!
//! let mut bytes = Vec::new();
//! leb128::write(&mut bytes, 300);
//! assert_eq!(bytes, [0xac, 2]);
//! assert_eq!(leb128::read(&bytes), Some((300, &[][..])));
//! // The same with a byte too many.
//! assert_eq!(leb128::read(&[0xac, 0x82, 0]), None);
//! ```

use alloc::vec::Vec;

/// Appends a number.
pub fn write(bytes: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// The number that stands first in `bytes`, and what follows it; nothing if it ends too early or
/// does not have the one form that [`write()`] gives it.
#[must_use]
pub fn read(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut number = 0;
    for (&byte, shift) in bytes.iter().zip((0..64).step_by(7)) {
        let bits = u64::from(byte & 0x7f);
        if bits << shift >> shift != bits {
            return None;
        }
        number |= bits << shift;
        if byte < 0x80 {
            let is_shortest = bits > 0 || shift == 0;
            return is_shortest.then(|| (number, &bytes[shift as usize / 7 + 1..]));
        }
    }
    None
}

/// A number without a sign, small for those that are small either way.
pub(crate) const fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)) as u64
}

/// What [`zigzag`] has made of a number.
pub(crate) const fn unzigzag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}
