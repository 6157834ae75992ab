//! Where a key lies.

use scalesmall_crdt::{Key, KeyRange};

/// The keys that are shown, from the left edge to the right, over a number of pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Axis {
    pub(crate) keys: KeyRange,
    pub(crate) width: usize,
}

impl Axis {
    /// The pixels of a range, as start and end of a half-open span; empty where the range covers
    /// the middle of no pixel.
    pub(crate) fn span(self, range: KeyRange) -> (usize, usize) {
        (self.pixel(u64::from(range.start())), self.pixel(range.past_end()))
    }

    /// The first pixel whose middle is at or past a position among the keys.
    fn pixel(self, position: u64) -> usize {
        // A position and twice a width fit into 33 and 16 bits: no more than that is to be painted.
        let position = position.saturating_sub(self.keys.start().into());
        let (keys, width) = (self.keys.keys(), self.width as u64);
        let pixel = (2 * position * width + keys - 1) / (2 * keys);
        pixel.min(width) as usize
    }

    /// The position among the keys at the left edge of a pixel; past the right end, the end.
    pub(crate) fn position(self, x: usize) -> u64 {
        self.positions(x).0
    }

    /// The positions around the left edge of a pixel: where the key that it lies in begins, and
    /// ends. They are the same where it lies between two keys.
    pub(crate) fn positions(self, x: usize) -> (u64, u64) {
        let (keys, width) = (u128::from(self.keys.keys()), self.width.max(1) as u128);
        let along = keys * (x as u128).min(width);
        let from = u64::from(self.keys.start());
        (from + (along / width) as u64, from + along.div_ceil(width) as u64)
    }

    /// Keys that divide the axis into equal parts, each with its pixel, the ends included.
    pub(crate) fn marks(self, parts: u64) -> impl Iterator<Item = (Key, usize)> {
        (0..=parts).map(move |part| {
            let offset = (self.keys.keys() * part / parts).min(self.keys.keys() - 1);
            let x = self.width as u64 * part / parts;
            ((u64::from(self.keys.start()) + offset) as Key, x as usize)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_of_neighbours_meet_and_cover_the_axis() {
        for width in [1, 7, 360, 1_201] {
            let axis = Axis { keys: KeyRange::ALL, width };
            let mut from = 0;
            let bounds = [0, 1, 99, 0x5555_5555, 0x8000_0000, u32::MAX];
            for pair in bounds.windows(2) {
                let (start, end) = axis.span(KeyRange::new(pair[0], pair[1] - 1).unwrap());
                assert_eq!(start, from);
                from = end;
            }
            assert_eq!(axis.span(KeyRange::new(u32::MAX, u32::MAX).unwrap()), (from, width));
        }
    }

    #[test]
    fn a_pixel_has_its_keys() {
        let axis = Axis { keys: KeyRange::new(100, 103).unwrap(), width: 8 };
        assert_eq!([0, 1, 2, 7, 8, 99].map(|x| axis.position(x)), [100, 100, 101, 103, 104, 104]);
        assert_eq!([0, 1, 2].map(|x| axis.positions(x)), [(100, 100), (100, 101), (101, 101)]);
        let axis = Axis { keys: KeyRange::ALL, width: 3 };
        assert_eq!([axis.position(1), axis.position(3)], [0x5555_5555, 1 << 32]);
        assert_eq!(Axis { width: 0, ..axis }.position(0), 0);
    }

    #[test]
    fn a_part_of_the_keys_fills_the_axis() {
        let keys = KeyRange::new(100, 199).unwrap();
        let axis = Axis { keys, width: 50 };
        assert_eq!(axis.span(keys), (0, 50));
        assert_eq!(axis.span(KeyRange::new(0, 149).unwrap()), (0, 25));
        assert_eq!(axis.marks(2).collect::<Vec<_>>(), [(100, 0), (150, 25), (199, 50)]);
    }
}
