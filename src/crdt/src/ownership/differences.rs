//! Where two ownerships differ.

use super::Ownership;
use super::sweep::Sweep;
use crate::KeyRange;

/// The maximal runs of keys in a range at which owners or priorities differ, in order.
pub(super) struct Differences<'a> {
    sides: [Sweep<'a>; 2],
    /// Where the present segment of each side ends.
    ends: [u64; 2],
    from: u64,
}

impl<'a> Differences<'a> {
    pub(super) fn new(ownerships: [&'a Ownership; 2], range: KeyRange) -> Self {
        let from = u64::from(range.start());
        Self {
            sides: ownerships.map(|ownership| Sweep::new(ownership, range)),
            ends: [from; 2],
            from,
        }
    }
}

impl Iterator for Differences<'_> {
    type Item = KeyRange;

    fn next(&mut self) -> Option<KeyRange> {
        let mut start = None;
        loop {
            for (side, end) in self.sides.iter_mut().zip(&mut self.ends) {
                if *end == self.from
                    && let Some(segment) = side.advance()
                {
                    *end = segment.past_end();
                }
            }
            let to = self.ends[0].min(self.ends[1]);
            let is_past = to == self.from;
            let differ = !is_past && self.sides[0].owners() != self.sides[1].owners();
            match start {
                Some(start) if !differ => return Some(KeyRange::between(start, self.from)),
                None if differ => start = Some(self.from),
                _ if is_past => return None,
                _ => {}
            }
            self.from = to;
        }
    }
}
