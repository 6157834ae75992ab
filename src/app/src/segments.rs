//! One segment among others: the one at a key, and its neighbours.

use scalesmall_crdt::{Key, Ownership, Segment};

/// The segment that a key lies in.
pub(crate) fn at(ownership: &Ownership, key: Key) -> Segment {
    let mut segments = ownership.segments();
    segments.find(|segment| segment.range.contains(key)).expect("segments cover all keys")
}

/// The segment after the one that a key lies in, or before it; at an end the last, or the first.
pub(crate) fn neighbour(ownership: &Ownership, key: Key, is_next: bool) -> Segment {
    let here = at(ownership, key);
    let beyond = match is_next {
        true => here.range.end().checked_add(1),
        false => here.range.start().checked_sub(1),
    };
    beyond.map_or(here, |key| at(ownership, key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use scalesmall_crdt::{Claim, KeyRange, NodeId};

    #[test]
    fn one_walks_from_segment_to_segment_and_no_further() {
        let claim = Claim::new(NodeId::new("a").unwrap(), KeyRange::new(10, 19).unwrap());
        let ownership = Ownership::of([(&claim, 1)]);
        let bounds = |segment: Segment| (segment.range.start(), segment.range.end());
        assert_eq!(bounds(at(&ownership, 19)), (10, 19));
        assert_eq!(bounds(neighbour(&ownership, 12, true)), (20, u32::MAX));
        assert_eq!(bounds(neighbour(&ownership, 12, false)), (0, 9));
        assert_eq!(bounds(neighbour(&ownership, 3, false)), (0, 9));
        assert_eq!(bounds(neighbour(&ownership, u32::MAX, true)), (20, u32::MAX));
    }
}
