//! What it means to drag along a node's strip.
//!
//! A drag over keys registers them for the node. A drag of the edge of one of the node's own claims
//! tightens that claim, which goes inwards only: to widen a claim is to register another. Where two
//! of its claims meet, the direction says which of them is meant. All of it is told from the pixels
//! and from what the node believes, so that it means the same however the pointer got there.

use scalesmall_crdt::{Key, KeyRange, NodeId, Ownership};
use serde_json::json;

use crate::edit::{Step, step};
use crate::paint::Axis;

/// A pointer that has moved less far than this has not dragged anything, in pixels.
pub(crate) const DISTANCE_MIN: u32 = 5;
/// How near to the edge of a claim one takes hold of it, in pixels.
const GRIP: u64 = 5;
/// How near to where a claim begins or ends a drag ends there, in pixels.
const SNAP: u64 = 6;

/// The strip of one node, as it is to be seen.
pub(crate) struct Strip<'a> {
    pub(crate) node: &'a NodeId,
    /// What the node believes.
    pub(crate) ownership: &'a Ownership,
    pub(crate) axis: Axis,
}

/// What a pointer has taken hold of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Hold {
    /// Keys, here in the one between these positions, or at a position between two.
    Keys(u64, u64),
    /// The position at which claims of the node begin or end.
    Edge(u64),
}

/// What would be done if the pointer were let go.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Drag {
    Nothing,
    Register(KeyRange),
    Tighten {
        claim: KeyRange,
        to: KeyRange,
    },
    /// It cannot be: why, and about which keys.
    Refused(Refusal, KeyRange),
}

/// Why a claim cannot be tightened like that.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Refusal {
    Outwards,
    NothingLeft,
}

impl Strip<'_> {
    /// What there is to take hold of at a pixel.
    pub(crate) fn hold(&self, x: usize) -> Hold {
        let own = self.ownership.claims_of(self.node);
        let edges = own.flat_map(|(range, _)| [u64::from(range.start()), range.past_end()]);
        match self.nearest(edges, x, GRIP) {
            Some(edge) => Hold::Edge(edge),
            None => {
                let (from, to) = self.snapped(x);
                Hold::Keys(from, to)
            }
        }
    }

    /// What it means that the pointer has come to a pixel with what it holds.
    pub(crate) fn drag(&self, hold: Hold, x: usize) -> Drag {
        let (from, to) = self.snapped(x);
        match hold {
            Hold::Keys(held_from, held_to) => {
                between(held_from.min(from), held_to.max(to)).map_or(Drag::Nothing, Drag::Register)
            }
            Hold::Edge(edge) if from < edge => self.tighten_to_the_left(edge, from),
            Hold::Edge(edge) if from > edge => self.tighten_to_the_right(edge, from),
            Hold::Edge(_) => Drag::Nothing,
        }
    }

    fn tighten_to_the_left(&self, edge: u64, to: u64) -> Drag {
        let Some(claim) = self.own_claim(|range| range.past_end() == edge) else {
            return refused(Refusal::Outwards, to, edge);
        };
        match between(u64::from(claim.start()), to) {
            Some(to) => Drag::Tighten { claim, to },
            None => refused(Refusal::NothingLeft, to, edge),
        }
    }

    fn tighten_to_the_right(&self, edge: u64, to: u64) -> Drag {
        let Some(claim) = self.own_claim(|range| u64::from(range.start()) == edge) else {
            return refused(Refusal::Outwards, edge, to);
        };
        match between(to, claim.past_end()) {
            Some(to) => Drag::Tighten { claim, to },
            None => refused(Refusal::NothingLeft, edge, to),
        }
    }

    /// The claim of the node that shows most of those that are meant: the one of the highest
    /// priority, and of several of that the shortest.
    fn own_claim(&self, is_meant: impl Fn(KeyRange) -> bool) -> Option<KeyRange> {
        let own = self.ownership.claims_of(self.node).filter(|&(range, _)| is_meant(range));
        let shown = own.max_by_key(|&(range, priority)| (priority, u64::MAX - range.keys()));
        shown.map(|(range, _)| range)
    }

    /// The positions around a pixel, or where a claim begins or ends that is near.
    fn snapped(&self, x: usize) -> (u64, u64) {
        let around = |distance: u64| {
            let from = self.axis.position(x.saturating_sub(distance as usize));
            between(from, self.axis.position(x + distance as usize).max(from + 1))
        };
        let splits = around(SNAP).map(|near| self.ownership.split_points(near));
        let ends = [0, KeyRange::ALL.past_end()];
        match self.nearest(splits.into_iter().flatten().chain(ends), x, SNAP) {
            Some(split) => (split, split),
            None => self.axis.positions(x),
        }
    }

    /// The position that is nearest to a pixel, if one is to be seen no farther away than `most`.
    fn nearest(&self, positions: impl Iterator<Item = u64>, x: usize, most: u64) -> Option<u64> {
        let keys = self.axis.keys;
        let seen = u64::from(keys.start())..=keys.past_end();
        // In pixels times the keys that are shown: exact, and the same order.
        let at = u128::from(keys.keys()) * x as u128;
        let distance = |position: u64| {
            let along = u128::from(position - seen.start()) * self.axis.width as u128;
            along.abs_diff(at)
        };
        let seen_positions = positions.filter(|position| seen.contains(position));
        let nearest = seen_positions.map(|position| (distance(position), position)).min()?;
        (nearest.0 <= u128::from(most) * u128::from(keys.keys())).then_some(nearest.1)
    }
}

impl Drag {
    /// The keys that it is about.
    pub(crate) fn keys(self) -> Option<KeyRange> {
        match self {
            Self::Nothing => None,
            Self::Register(keys) | Self::Tighten { to: keys, .. } | Self::Refused(_, keys) => {
                Some(keys)
            }
        }
    }

    /// What is to be done, at `node`.
    pub(crate) fn step(self, node: &NodeId) -> Option<Step> {
        let node = node.to_string();
        let claim = |range: KeyRange| json!([node, range.start(), range.end()]);
        match self {
            Self::Nothing | Self::Refused(..) => None,
            Self::Register(keys) => {
                Some(step(json!({ "on": node, "do": "register", "claim": claim(keys) })))
            }
            Self::Tighten { claim: of, to } => Some(step(json!({
                "on": node, "do": "tighten", "claim": claim(of), "to": [to.start(), to.end()],
            }))),
        }
    }
}

fn refused(refusal: Refusal, from: u64, to: u64) -> Drag {
    between(from, to).map_or(Drag::Nothing, |keys| Drag::Refused(refusal, keys))
}

/// The keys from one position to another, if there are any.
fn between(from: u64, to: u64) -> Option<KeyRange> {
    let last = to.checked_sub(1)?;
    KeyRange::new(Key::try_from(from).ok()?, Key::try_from(last).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use scalesmall_crdt::Claim;

    fn range(start: Key, end: Key) -> KeyRange {
        KeyRange::new(start, end).unwrap()
    }

    fn node(name: &str) -> NodeId {
        NodeId::new(name).unwrap()
    }

    /// Of 1,000 keys on as many pixels, of which `a` claims 100 to 199 and 200 to 299, and `b` 500
    /// to 599.
    fn with_strip<T>(keys: KeyRange, width: usize, test: impl FnOnce(Strip<'_>) -> T) -> T {
        let claims = [
            Claim::new(node("a"), range(100, 199)),
            Claim::new(node("a"), range(200, 299)),
            Claim::new(node("b"), range(500, 599)),
        ];
        let ownership = Ownership::of(claims.iter().zip([1, 2, 3]));
        test(Strip { node: &node("a"), ownership: &ownership, axis: Axis { keys, width } })
    }

    #[test]
    fn a_drag_registers_the_keys_that_it_covers_either_way() {
        with_strip(range(0, 999), 1_000, |strip| {
            let drag = |from: usize, to: usize| strip.drag(strip.hold(from), to);
            assert_eq!(drag(400, 450), Drag::Register(range(400, 449)));
            assert_eq!(drag(450, 400), Drag::Register(range(400, 449)));
            assert_eq!(drag(400, 5_000), Drag::Register(range(400, 999)), "past the edge");
            assert_eq!(drag(400, 400), Drag::Nothing);
        });
    }

    #[test]
    fn a_drag_ends_where_a_claim_does_if_that_is_near() {
        with_strip(range(0, 999), 1_000, |strip| {
            let drag = |from: usize, to: usize| strip.drag(strip.hold(from), to);
            assert_eq!(drag(400, 494), Drag::Register(range(400, 499)));
            assert_eq!(drag(606, 506), Drag::Register(range(500, 599)));
            assert_eq!(drag(607, 507), Drag::Register(range(507, 606)));
            assert_eq!(drag(6, 50), Drag::Register(range(0, 49)), "the first key is an end, too");
            assert_eq!(drag(496, 503), Drag::Nothing, "both are the same end");
        });
        with_strip(range(u32::MAX - 999, u32::MAX), 1_000, |strip| {
            let expected = Drag::Register(range(u32::MAX - 499, u32::MAX));
            assert_eq!(strip.drag(strip.hold(500), 996), expected);
        });
    }

    #[test]
    fn where_a_key_has_many_pixels_a_drag_covers_those_that_it_touches() {
        with_strip(range(400, 419), 1_000, |strip| {
            let drag = |from: usize, to: usize| strip.drag(strip.hold(from), to);
            assert_eq!(drag(110, 120), Drag::Register(range(402, 402)));
            assert_eq!(drag(110, 160), Drag::Register(range(402, 403)));
            assert_eq!(drag(160, 110), Drag::Register(range(402, 403)));
        });
    }

    #[test]
    fn the_edge_of_an_own_claim_tightens_it_inwards_only() {
        with_strip(range(0, 999), 1_000, |strip| {
            let tighten = |claim, to| Drag::Tighten { claim, to };
            let [left, right] = [range(100, 199), range(200, 299)];
            assert_eq!(strip.hold(105), Hold::Edge(100));
            assert_eq!(strip.hold(106), Hold::Keys(100, 100), "snapped, but not held");
            assert_eq!(strip.hold(107), Hold::Keys(107, 107));
            let edge = |at: u64, to: usize| strip.drag(Hold::Edge(at), to);
            assert_eq!(edge(100, 150), tighten(left, range(150, 199)));
            assert_eq!(edge(100, 50), Drag::Refused(Refusal::Outwards, range(50, 99)));
            assert_eq!(edge(300, 350), Drag::Refused(Refusal::Outwards, range(300, 349)));
            // Where they meet, the direction says which.
            assert_eq!(edge(200, 150), tighten(left, range(100, 149)));
            assert_eq!(edge(200, 250), tighten(right, range(250, 299)));
            assert_eq!(edge(200, 202), Drag::Nothing, "back where it was");
            assert_eq!(edge(200, 100), Drag::Refused(Refusal::NothingLeft, range(100, 199)));
            assert_eq!(edge(200, 400), Drag::Refused(Refusal::NothingLeft, range(200, 399)));
        });
    }

    #[test]
    fn the_edges_of_others_are_not_held() {
        with_strip(range(0, 999), 1_000, |strip| {
            assert_eq!(strip.hold(503), Hold::Keys(500, 500));
            assert_eq!(strip.hold(600), Hold::Keys(600, 600));
        });
    }

    #[test]
    fn of_claims_with_the_same_edge_the_one_that_shows_is_tightened() {
        let claims = [
            Claim::new(node("a"), range(0, 99)),
            Claim::new(node("a"), range(20, 99)),
            Claim::new(node("a"), range(50, 99)),
        ];
        let ownership = Ownership::of(claims.iter().zip([1, 4, 4]));
        let axis = Axis { keys: range(0, 999), width: 1_000 };
        let strip = Strip { node: &node("a"), ownership: &ownership, axis };
        let expected = Drag::Tighten { claim: range(50, 99), to: range(50, 79) };
        assert_eq!(strip.drag(strip.hold(100), 80), expected);
    }

    #[test]
    fn a_drag_becomes_a_step_of_a_scenario_file() {
        let at = node("a");
        let file = |drag: Drag| drag.step(&at).map(serde_json::Value::Object);
        assert_eq!(
            file(Drag::Register(range(3, 9))),
            Some(json!({ "on": "a", "do": "register", "claim": ["a", 3, 9] }))
        );
        assert_eq!(
            file(Drag::Tighten { claim: range(3, 9), to: range(4, 9) }),
            Some(json!({ "on": "a", "do": "tighten", "claim": ["a", 3, 9], "to": [4, 9] }))
        );
        assert_eq!(file(Drag::Refused(Refusal::Outwards, range(0, 1))), None);
        assert_eq!(file(Drag::Nothing), None);
    }
}
