//! Bytes: what is written is read again, and nothing that is read does harm.

#![cfg(not(target_arch = "wasm32"))]

use std::num::NonZeroU32;
use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use scalesmall_crdt::codec::{DecodeError, Flaw};
use scalesmall_crdt::limits::{COUNTER_MAX, MESSAGE_BYTES_MAX};
use scalesmall_crdt::{
    Announcement, Claim, ClaimMap, Delta, KeyRange, NodeId, Operation, ReplicaId, Roster,
    Stability, Update, VersionVector,
};

const REPLICAS: usize = 3;

fn id(index: usize) -> ReplicaId {
    let replica = ReplicaId::first(NodeId::new(&format!("r{index}")).unwrap());
    if index == 1 { replica.fresh() } else { replica }
}

fn operations() -> impl Strategy<Value = Operation> {
    let ranges = [(0, u32::MAX), (0, 4), (2, 3), (70_000, u32::MAX)]
        .map(|(a, b)| KeyRange::new(a, b).unwrap());
    let node = select(vec!["n", "ünïcödé", "r1"]);
    let claim = (node, select(ranges.to_vec()))
        .prop_map(|(node, range)| Claim::new(NodeId::new(node).unwrap(), range));
    let by = prop_oneof![1..4_u32, Just(u32::MAX)].prop_map(|by| NonZeroU32::new(by).unwrap());
    (claim, by, select(ranges.to_vec()), 0..7_u8).prop_map(|(claim, by, to, kind)| match kind {
        0 => Operation::Register { claim },
        1 => Operation::Release { claim },
        2 if to.is_strictly_inside(claim.range) => Operation::Tighten { claim, to },
        2 | 3 => Operation::Decrease { claim, by },
        _ => Operation::Increase { claim, by },
    })
}

/// Replicas that have lived through something, one of them folded, and all their updates.
#[derive(Debug)]
struct World {
    maps: Vec<ClaimMap>,
    updates: Vec<Arc<Update>>,
    announcement: Announcement,
}

fn worlds() -> impl Strategy<Value = World> {
    vec((0..REPLICAS, operations(), vec(any::<Index>(), 0..5)), 1..30).prop_map(|history| {
        let mut maps = vec![ClaimMap::new(); REPLICAS];
        let mut updates: Vec<Arc<Update>> = Vec::new();
        for (on, operation, news) in history {
            updates.extend(maps[on].issue(&id(on), operation).ok().map(Arc::new));
            if !updates.is_empty() {
                maps[on].join(&news.iter().map(|index| Arc::clone(index.get(&updates))).collect());
            }
        }
        // The first is alone on its roster, so that it may fold what it has seen.
        let mut roster = Roster::new();
        roster.join(id(0));
        let mut stability = Stability::new(id(0), roster);
        let cut = stability.cut(maps[0].context()).unwrap();
        maps[0].fold(&cut);
        let again = Operation::Release {
            claim: maps[0]
                .claims()
                .map(|(c, _)| c.clone())
                .next()
                .unwrap_or_else(|| Claim::new(NodeId::new("n").unwrap(), KeyRange::ALL)),
        };
        updates.extend(maps[0].issue(&id(0), again).ok().map(Arc::new));
        stability.admit(id(1));
        stability.retire(id(2));
        let announcement = stability.announce(maps[0].context());
        World { maps, updates, announcement }
    })
}

fn shown(map: &ClaimMap) -> impl PartialEq + std::fmt::Debug + use<> {
    map.check_invariants();
    let claims: Vec<(Claim, u64)> = map.claims().map(|(claim, by)| (claim.clone(), by)).collect();
    (map.fingerprint(), map.context().clone(), claims, map.waiting(), map.to_bytes())
}

/// Whatever the bytes are, they are refused, or what they say does no harm.
fn survive(bytes: &[u8], onto: &ClaimMap) {
    if let Ok(delta) = Delta::from_bytes(bytes) {
        assert_eq!(Delta::from_bytes(&delta.to_bytes()), Ok(delta.clone()));
        let mut map = onto.clone();
        map.join(&delta);
        map.check_invariants();
    }
    if let Ok(state) = ClaimMap::from_bytes(bytes) {
        state.check_invariants();
        let mut map = onto.clone();
        map.merge(&state);
        map.check_invariants();
        let _ = map.issue(
            &id(0),
            Operation::Register { claim: Claim::new(NodeId::new("n").unwrap(), KeyRange::ALL) },
        );
        map.check_invariants();
    }
    let _ = VersionVector::from_bytes(bytes);
    if let Ok(announcement) = Announcement::from_bytes(bytes) {
        let mut stability = Stability::new(id(0), announcement.roster.clone());
        stability.hear(&announcement);
        let _ = stability.cut(onto.context());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read_again(world in worlds()) {
        let World { maps, updates, announcement } = world;
        let delta: Delta = updates.into_iter().collect();
        prop_assert_eq!(Delta::from_bytes(&delta.to_bytes()), Ok(delta));
        for map in &maps {
            let context = map.context();
            prop_assert_eq!(&VersionVector::from_bytes(&context.to_bytes()).unwrap(), context);
            let read = ClaimMap::from_bytes(&map.to_bytes()).unwrap();
            prop_assert_eq!(shown(&read), shown(map));
        }
        prop_assert_eq!(Announcement::from_bytes(&announcement.to_bytes()), Ok(announcement));
    }

    #[test]
    fn a_state_that_was_written_goes_on_as_the_state_itself(world in worlds(), on in 0..REPLICAS) {
        let World { maps, updates, .. } = world;
        let delta: Delta = updates.into_iter().collect();
        let mut read = ClaimMap::from_bytes(&maps[on].to_bytes()).unwrap();
        let mut own = maps[on].clone();
        own.join(&delta);
        read.join(&delta);
        prop_assert_eq!(shown(&read), shown(&own));
    }

    #[test]
    fn what_is_cut_short_is_refused(world in worlds(), at in any::<Index>()) {
        let delta: Delta = world.updates.into_iter().collect();
        for bytes in [delta.to_bytes(), world.maps[0].to_bytes(), world.announcement.to_bytes()] {
            let part = &bytes[..at.index(bytes.len())];
            prop_assert!(Delta::from_bytes(part).is_err());
            prop_assert!(ClaimMap::from_bytes(part).is_err());
            prop_assert!(Announcement::from_bytes(part).is_err());
        }
    }

    #[test]
    fn what_is_damaged_does_no_harm(
        world in worlds(),
        damage in vec((any::<Index>(), any::<u8>()), 1..6),
        on in 0..REPLICAS,
    ) {
        let delta: Delta = world.updates.into_iter().collect();
        let onto = &world.maps[on];
        for mut bytes in [delta.to_bytes(), world.maps[0].to_bytes(), world.announcement.to_bytes()] {
            for (at, value) in &damage {
                let at = at.index(bytes.len());
                bytes[at] = *value;
            }
            survive(&bytes, onto);
        }
    }

    #[test]
    fn noise_does_no_harm(kind in 1..5_u8, mut bytes in vec(any::<u8>(), 0..200)) {
        bytes.splice(0..0, [1, kind]);
        survive(&bytes, &ClaimMap::new());
    }
}

/// A delta of one Register by `a` of its own keys 0 to 9, as bytes by hand.
fn register_by_hand() -> Vec<u8> {
    vec![1, 1, 1, 1 << 2 | 1, b'a', 1, 0, 1, 1, 0, 0, 0, 9]
}

#[test]
fn the_format_is_as_it_was() {
    let a = ReplicaId::first(NodeId::new("a").unwrap());
    let claim = Claim::new(a.node.clone(), KeyRange::new(0, 9).unwrap());
    let update = ClaimMap::new().issue(&a, Operation::Register { claim }).unwrap();
    let delta = Delta::from(update);
    assert_eq!(delta.to_bytes(), register_by_hand());
    assert_eq!(Delta::from_bytes(&register_by_hand()), Ok(delta));
}

/// Changes one byte of the delta by hand, and says what is wrong then.
fn flaw(at: usize, value: u8) -> Flaw {
    let mut bytes = register_by_hand();
    bytes[at] = value;
    Delta::from_bytes(&bytes).unwrap_err().flaw
}

#[test]
fn what_is_wrong_is_named() {
    assert_eq!(flaw(0, 2), Flaw::UnknownVersion(2));
    assert_eq!(flaw(1, 4), Flaw::OtherKind(4));
    assert_eq!(flaw(2, 100), Flaw::Count(100));
    assert_eq!(flaw(3, 1), Flaw::OutOfBounds(0), "a name without characters");
    assert_eq!(flaw(3, 1 << 2 | 3), Flaw::OutOfBounds(7), "a form that there is not");
    assert_eq!(flaw(3, 1 << 2), Flaw::OutOfBounds(0), "no replica, so none at position 0");
    assert_eq!(flaw(4, 0xff), Flaw::NotText);
    assert!(matches!(flaw(4, b'\n'), Flaw::Name(_)));
    assert_eq!(flaw(6, 1), Flaw::OutOfBounds(1), "a replica that is not in the table");
    assert_eq!(flaw(8, 0), Flaw::OutOfBounds(0), "counters start at 1");
    assert_eq!(flaw(9, 7), Flaw::OutOfBounds(7), "there are five operations");
    assert_eq!(flaw(10, 1), Flaw::OutOfBounds(1), "a node that is not in the table");
    assert!(matches!(flaw(9, 1), Flaw::Contradiction(_)), "a Release of nothing");
    assert_eq!(flaw(12, 0x80), Flaw::Truncated);
    let mut long = register_by_hand();
    long.push(0);
    assert_eq!(Delta::from_bytes(&long), Err(DecodeError { at: 13, flaw: Flaw::Trailing(1) }));
    // 9, written with a byte too many.
    long[12] = 0x89;
    assert_eq!(Delta::from_bytes(&long).unwrap_err().flaw, Flaw::LongNumber);
}

#[test]
fn numbers_have_their_bounds() {
    let with_counter = |counter: u64| {
        let mut bytes = register_by_hand();
        let mut number = Vec::new();
        let mut rest = counter;
        while rest > 0x7f {
            number.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        number.push(rest as u8);
        bytes.splice(8..9, number);
        Delta::from_bytes(&bytes)
    };
    assert!(with_counter(COUNTER_MAX).is_ok());
    assert_eq!(with_counter(COUNTER_MAX + 1).unwrap_err().flaw, Flaw::OutOfBounds(COUNTER_MAX + 1));
    assert_eq!(with_counter(u64::MAX).unwrap_err().flaw, Flaw::OutOfBounds(u64::MAX));
    let too_long = vec![1; MESSAGE_BYTES_MAX + 1];
    assert_eq!(
        Delta::from_bytes(&too_long).unwrap_err().flaw,
        Flaw::TooLong(MESSAGE_BYTES_MAX + 1)
    );
}

#[test]
fn a_count_is_not_believed() {
    // A snapshot that promises four billion claims in a few bytes.
    let bytes = [1, 4, 0, 0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0];
    assert_eq!(ClaimMap::from_bytes(&bytes).unwrap_err().flaw, Flaw::Count(0xffff_ffff));
}
