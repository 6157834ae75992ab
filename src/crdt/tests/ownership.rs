//! The ownership that is kept up with changes, against its definition after each of them.

use std::collections::{BTreeMap, BTreeSet};

use scalesmall_crdt::{Claim, KeyRange, NodeId, Owner, Ownership, segments_of};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn range(start: u32, end: u32) -> KeyRange {
    KeyRange::new(start, end).unwrap()
}

fn claim(node: &str, start: u32, end: u32) -> Claim {
    Claim::new(NodeId::new(node).unwrap(), range(start, end))
}

/// The segments as text, such as `"0..=9 b:2 a:1"`.
fn shown(segments: impl IntoIterator<Item = scalesmall_crdt::Segment>) -> Vec<String> {
    let owner = |owner: &Owner| format!(" {}:{}", owner.node, owner.priority);
    let owners = |owners: &[Owner]| owners.iter().map(owner).collect::<String>();
    segments.into_iter().map(|s| format!("{}{}", s.range, owners(&s.owners))).collect()
}

/// Changes one claim; returns where that changes the owners.
fn set(ownership: &mut Ownership, claim: &Claim, priority: Option<u64>) -> Vec<KeyRange> {
    let (before, was) = (ownership.clone(), ownership.priority(claim));
    assert_eq!(ownership.set(claim, priority), was);
    before.differences(ownership)
}

fn gaps(ownership: &Ownership) -> Vec<KeyRange> {
    ownership.gaps().collect()
}

#[test]
fn at_first_nobody_serves_anything() {
    let ownership = Ownership::new();
    ownership.check_invariants();
    assert_eq!(shown(ownership.segments()), ["0..=4294967295"]);
    assert_eq!(gaps(&ownership), [KeyRange::ALL]);
    assert!(ownership.split_points(KeyRange::ALL).is_empty());
    assert_eq!((ownership.segment_count(), ownership.claim_count()), (1, 0));
    assert_eq!(ownership.primary(7), None);
    assert_eq!(ownership, Ownership::default());
}

#[test]
fn the_next_highest_claim_of_a_node_comes_back() {
    let mut ownership = Ownership::new();
    let (low, high) = (claim("a", 0, 99), claim("a", 20, 39));
    assert_eq!(set(&mut ownership, &low, Some(1)), [range(0, 99)]);
    assert_eq!(set(&mut ownership, &high, Some(5)), [range(20, 39)]);
    assert_eq!(
        shown(ownership.segments()),
        ["0..=19 a:1", "20..=39 a:5", "40..=99 a:1", "100..=4294967295"]
    );
    // Below the other claim it does not show, and its split points stay.
    assert_eq!(set(&mut ownership, &high, Some(0)), [range(20, 39)]);
    assert_eq!(shown(ownership.segments()), ["0..=99 a:1", "100..=4294967295"]);
    assert_eq!(ownership.split_points(KeyRange::ALL), [0, 20, 40, 100]);
    assert_eq!(set(&mut ownership, &low, None), [range(0, 99)]);
    assert_eq!(shown(ownership.segments_in(range(10, 50))), ["10..=19", "20..=39 a:0", "40..=50"]);
    assert_eq!(set(&mut ownership, &high, None), [range(20, 39)]);
    assert_eq!(ownership, Ownership::new());
    ownership.check_invariants();
}

#[test]
fn equal_neighbours_are_one_segment() {
    let mut ownership = Ownership::new();
    ownership.set(&claim("a", 0, 9), Some(2));
    ownership.set(&claim("a", 10, 19), Some(2));
    ownership.set(&claim("a", 25, 29), Some(2));
    assert_eq!(
        shown(ownership.segments_in(range(0, 29))),
        ["0..=19 a:2", "20..=24", "25..=29 a:2"]
    );
    assert_eq!(ownership.split_points(range(0, 24)), [0, 10, 20, 25]);
    assert_eq!(set(&mut ownership, &claim("a", 15, 27), Some(2)), [range(20, 24)]);
    assert_eq!(shown(ownership.segments_in(range(0, 29))), ["0..=29 a:2"]);
    // Both sides change, and what lies between them does not.
    assert_eq!(set(&mut ownership, &claim("a", 5, 35), Some(2)), [range(30, 35)]);
    ownership.check_invariants();
}

#[test]
fn the_ends_of_the_key_space_are_keys_like_others() {
    let last = u32::MAX;
    let mut ownership = Ownership::new();
    assert_eq!(set(&mut ownership, &claim("a", 0, 0), Some(1)), [range(0, 0)]);
    assert_eq!(set(&mut ownership, &claim("a", last, last), Some(1)), [range(last, last)]);
    assert_eq!(ownership.split_points(KeyRange::ALL), [0, 1, u64::from(last), 1 << 32]);
    assert_eq!(gaps(&ownership), [range(1, last - 1)]);
    assert_eq!(ownership.gaps_in(range(last, last)).count(), 0);
    assert_eq!(set(&mut ownership, &claim("b", 0, last), Some(1)), [KeyRange::ALL]);
    assert_eq!(set(&mut ownership, &claim("a", 0, last), Some(1)), [range(1, last - 1)]);
    assert_eq!(shown(ownership.segments()), ["0..=4294967295 a:1 b:1"]);
    ownership.check_invariants();
}

#[test]
fn equals_are_ordered_by_name_whoever_came_first() {
    let mut ownership = Ownership::new();
    for name in ["c", "b", "a", "d"] {
        ownership.set(&claim(name, 5, 5), Some(u64::from(name == "d")));
    }
    // The freed number of a node goes to another, which comes to stand where its name belongs.
    ownership.set(&claim("a", 5, 5), None);
    ownership.set(&claim("bb", 5, 5), Some(0));
    assert_eq!(shown(ownership.segments_in(range(5, 5))), ["5..=5 d:1 b:0 bb:0 c:0"]);
    assert_eq!(ownership.primary(5), ownership.owners(5).first().cloned());
    ownership.check_invariants();
}

#[test]
fn differences_are_clipped_to_the_range_in_question() {
    let claims = [(claim("a", 10, 29), 1), (claim("b", 20, 39), 1)];
    let mine = Ownership::of(claims.iter().map(|(claim, priority)| (claim, *priority)));
    let mut theirs = mine.clone();
    assert_eq!(mine, theirs);
    assert_eq!(set(&mut theirs, &claims[1].0, Some(2)), [range(20, 39)]);
    theirs.set(&claim("a", 50, 59), Some(0));
    assert_eq!(mine.differences(&theirs), [range(20, 39), range(50, 59)]);
    assert_eq!(mine.differences_in(range(30, 50), &theirs), [range(30, 39), range(50, 50)]);
    assert_eq!(mine.differences_in(range(0, 19), &theirs), []);
    assert_ne!(mine, theirs);
}

/// Trees that are filled and emptied from one end stay balanced, which is checked.
#[test]
fn thousands_of_claims_come_and_go() {
    let mut ownership = Ownership::new();
    let claims: Vec<Claim> =
        (0..2_000).map(|i| claim(["a", "b", "c"][i as usize % 3], i * 10, i * 10 + 24)).collect();
    for (index, claim) in claims.iter().enumerate() {
        assert_eq!(ownership.set(claim, Some(index as u64 % 5)), None, "{claim}");
    }
    ownership.check_invariants();
    let expected = segments_of(claims.iter().zip(0..).map(|(claim, i)| (claim, i % 5)));
    assert!(ownership.segments().eq(expected));
    for (index, claim) in claims.iter().enumerate() {
        assert_eq!(ownership.set(claim, None), Some(index as u64 % 5), "{claim}");
        if index % 250 == 0 {
            ownership.check_invariants();
        }
    }
    assert_eq!((ownership.claim_count(), ownership.segment_count()), (0, 1));
}

/// Each key by itself, over two dozen keys at both ends of the key space.
struct Definition {
    claims: BTreeMap<Claim, u64>,
}

/// Half of the keys in question: the first ones and the last ones.
const KEYS: u32 = 9;

fn keys() -> impl Iterator<Item = u32> {
    (0..KEYS).chain([1 << 31]).chain(u32::MAX - KEYS + 1..=u32::MAX)
}

fn key(index: u32) -> u32 {
    if index < KEYS { index } else { u32::MAX - (2 * KEYS - 1 - index) }
}

impl Definition {
    fn owners(&self, key: u32) -> Vec<Owner> {
        let mut highest: BTreeMap<&NodeId, u64> = BTreeMap::new();
        for (claim, &priority) in self.claims.iter().filter(|(c, _)| c.range.contains(key)) {
            let highest = highest.entry(&claim.node).or_default();
            *highest = priority.max(*highest);
        }
        let mut owners: Vec<Owner> = highest
            .into_iter()
            .map(|(node, priority)| Owner { node: node.clone(), priority })
            .collect();
        owners.sort_by_key(|owner| (std::cmp::Reverse(owner.priority), owner.node.clone()));
        owners
    }

    fn split_points(&self, within: KeyRange) -> Vec<u64> {
        let ranges = self.claims.keys().map(|claim| claim.range);
        let points: BTreeSet<u64> =
            ranges.flat_map(|range| [u64::from(range.start()), range.past_end()]).collect();
        points.range(u64::from(within.start())..=within.past_end()).copied().collect()
    }

    /// Checks every query at every key and over `within`.
    fn check(&self, ownership: &Ownership, within: KeyRange) {
        ownership.check_invariants();
        let segments = segments_of(self.claims.iter().map(|(claim, priority)| (claim, *priority)));
        assert!(ownership.segments().eq(segments.iter().cloned()), "{ownership:?} {segments:?}");
        assert_eq!(ownership.segment_count(), segments.len());
        for key in keys() {
            let owners = self.owners(key);
            assert_eq!(ownership.owners(key), owners, "at {key}");
            assert_eq!(ownership.primary(key).as_ref(), owners.first(), "at {key}");
        }

        let clip = |range: KeyRange| {
            let start = range.start().max(within.start());
            KeyRange::new(start, range.end().min(within.end())).ok()
        };
        let clipped = segments.iter().filter_map(|segment| {
            Some(scalesmall_crdt::Segment { range: clip(segment.range)?, ..segment.clone() })
        });
        assert!(ownership.segments_in(within).eq(clipped), "segments in {within}");
        let unserved = segments.iter().filter(|segment| segment.owners.is_empty());
        let unserved = unserved.map(|segment| segment.range);
        assert_eq!(gaps(ownership), unserved.clone().collect::<Vec<_>>());
        let unserved: Vec<KeyRange> = unserved.filter_map(clip).collect();
        assert_eq!(ownership.gaps_in(within).collect::<Vec<_>>(), unserved, "gaps in {within}");
        for within in [within, KeyRange::ALL] {
            assert_eq!(ownership.split_points(within), self.split_points(within), "in {within}");
        }

        assert_eq!(ownership.claim_count(), self.claims.len());
        for node in ["a", "b", "c", "nobody"].map(|name| NodeId::new(name).unwrap()) {
            let claims = self.claims.iter().filter(|(claim, _)| claim.node == node);
            let claims: Vec<(KeyRange, u64)> = claims.map(|(c, &p)| (c.range, p)).collect();
            assert_eq!(ownership.claims_of(&node).collect::<Vec<_>>(), claims, "of {node}");
        }
    }

    /// The maximal runs of keys at which two definitions differ, counting in known keys.
    fn differences(before: &Self, after: &Self) -> Vec<KeyRange> {
        let mut differences: Vec<KeyRange> = Vec::new();
        // What holds at the key in the middle holds between the two ends.
        let spans = keys().map(|key| match key {
            0x8000_0000 => range(KEYS, u32::MAX - KEYS),
            _ => range(key, key),
        });
        for span in spans.filter(|span| {
            let key = if span.keys() > 1 { 1 << 31 } else { span.start() };
            before.owners(key) != after.owners(key)
        }) {
            match differences.last_mut() {
                Some(last) if last.past_end() == u64::from(span.start()) => {
                    *last = range(last.start(), span.end());
                }
                _ => differences.push(span),
            }
        }
        differences
    }
}

/// The same on every platform: one walk through states with dozens of claims.
#[test]
fn a_walk_agrees_with_the_definition() {
    let mut state = 1_u64;
    let mut draw = |below: u32| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as u32 % below
    };
    let mut definition = Definition { claims: BTreeMap::new() };
    let mut ownership = Ownership::new();
    for _ in 0..400 {
        let mut draw_range = || {
            let (a, b) = (draw(2 * KEYS), draw(2 * KEYS));
            range(key(a.min(b)), key(a.max(b)))
        };
        let (changing, within) = (draw_range(), draw_range());
        let claim = Claim::new(NodeId::new(["a", "b", "c"][draw(3) as usize]).unwrap(), changing);
        let before = Definition { claims: definition.claims.clone() };
        let priority = draw(4).checked_sub(1).map(u64::from);
        match priority {
            Some(priority) => definition.claims.insert(claim.clone(), priority),
            None => definition.claims.remove(&claim),
        };
        let changed = set(&mut ownership, &claim, priority);
        assert_eq!(changed, Definition::differences(&before, &definition), "{claim}");
        definition.check(&ownership, within);
    }
    assert!(ownership.claim_count() > 50);
}

#[cfg(not(target_arch = "wasm32"))]
mod random {
    use super::*;
    use proptest::prelude::*;
    use proptest::sample::Index;

    /// Which claim changes, and to what.
    #[derive(Clone, Debug)]
    enum Step {
        Set(Claim, Option<u64>),
        /// One that is live.
        Change(Index, Option<u64>),
    }

    fn ranges() -> impl Strategy<Value = KeyRange> {
        (0..2 * KEYS, 0..2 * KEYS).prop_map(|(a, b)| range(key(a.min(b)), key(a.max(b))))
    }

    fn claims() -> impl Strategy<Value = Claim> {
        ("[abc]", ranges()).prop_map(|(node, range)| Claim::new(NodeId::new(&node).unwrap(), range))
    }

    fn priorities() -> impl Strategy<Value = Option<u64>> {
        prop::sample::select(vec![None, None, Some(0), Some(0), Some(1), Some(2), Some(u64::MAX)])
    }

    fn steps() -> impl Strategy<Value = Step> {
        prop_oneof![
            3 => (claims(), priorities()).prop_map(|(claim, to)| Step::Set(claim, to)),
            2 => (any::<Index>(), priorities()).prop_map(|(index, to)| Step::Change(index, to)),
        ]
    }

    proptest! {
        #[test]
        fn it_follows_every_change(
            history in prop::collection::vec((steps(), ranges()), 1..40)
        ) {
            let mut definition = Definition { claims: BTreeMap::new() };
            let mut ownership = Ownership::new();
            for (step, within) in history {
                let (claim, to) = match step {
                    Step::Set(claim, to) => (claim, to),
                    Step::Change(..) if definition.claims.is_empty() => continue,
                    Step::Change(index, to) => {
                        let live: Vec<&Claim> = definition.claims.keys().collect();
                        ((*index.get(&live)).clone(), to)
                    }
                };
                let before = Definition { claims: definition.claims.clone() };
                let shown_before = ownership.clone();
                prop_assert_eq!(ownership.priority(&claim), before.claims.get(&claim).copied());
                match to {
                    Some(priority) => definition.claims.insert(claim.clone(), priority),
                    None => definition.claims.remove(&claim),
                };

                let changed = set(&mut ownership, &claim, to);

                prop_assert_eq!(ownership.priority(&claim), to);
                definition.check(&ownership, within);
                prop_assert_eq!(&changed, &Definition::differences(&before, &definition));
                prop_assert_eq!(&changed, &ownership.differences(&shown_before));
                prop_assert_eq!(changed.is_empty(), ownership == shown_before);
                let touched = BTreeSet::from_iter(ownership.changed_since(&shown_before));
                let expected = (before.claims.get(&claim) != to.as_ref()).then_some(claim.range);
                prop_assert_eq!(touched, BTreeSet::from_iter(expected));
                let clip = |changed: &KeyRange| {
                    let start = changed.start().max(within.start());
                    KeyRange::new(start, changed.end().min(within.end())).ok()
                };
                let clipped: Vec<KeyRange> = changed.iter().filter_map(clip).collect();
                prop_assert_eq!(shown_before.differences_in(within, &ownership), clipped);
                prop_assert_eq!(ownership.set(&claim, to), to, "the same again");
            }
            let claims = definition.claims.iter().map(|(claim, priority)| (claim, *priority));
            prop_assert_eq!(Ownership::of(claims), ownership);
        }

        /// Ownerships without a history in common.
        #[test]
        fn differences_are_where_owner_lists_differ(
            a in prop::collection::btree_map(claims(), 0..3_u64, 0..12),
            b in prop::collection::btree_map(claims(), 0..3_u64, 0..12),
        ) {
            let [a, b] = [a, b].map(|claims| Definition { claims });
            let of = |d: &Definition| Ownership::of(d.claims.iter().map(|(c, p)| (c, *p)));
            let expected = Definition::differences(&a, &b);
            let [of_a, of_b] = [of(&a), of(&b)];
            prop_assert_eq!(of_a.differences(&of_b), expected.clone());
            let touched = of_a.changed_since(&of_b);
            for different in expected {
                let is_touched = |key| touched.iter().any(|range| range.contains(key));
                prop_assert!(keys().filter(|&key| different.contains(key)).all(is_touched));
            }
        }
    }
}
