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
    Announcement, Claim, ClaimMap, Delta, Dot, History, KeyRange, NodeId, Operation, ReplicaId,
    Roster, Stability, Update, VersionVector,
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
                .map(|(claim, _)| claim)
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
    let claims: Vec<(Claim, u64)> = map.claims().collect();
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
    let mut log = History::new();
    let claim = Claim::new(NodeId::new("n").unwrap(), KeyRange::ALL);
    log.push(Arc::new(ClaimMap::new().issue(&id(0), Operation::Register { claim }).unwrap()));
    let _ = Delta::from_bytes_with(bytes, &log);
    let _ = VersionVector::from_bytes(bytes);
    let _ = Roster::from_bytes(bytes);
    if let Ok(announcement) = Announcement::from_bytes(bytes) {
        let mut stability = Stability::new(id(0), announcement.roster.clone());
        stability.hear(&announcement);
        let _ = stability.cut(onto.context());
    }
}

proptest! {
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
        let roster = announcement.roster.clone();
        let read = Roster::from_bytes(&roster.to_bytes()).unwrap();
        prop_assert_eq!(read.fingerprint(), roster.fingerprint());
        prop_assert_eq!(read, roster);
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

    /// Somebody who has seen a part of it is told the rest in fewer bytes, and reads the same.
    #[test]
    fn what_is_written_for_somebody_is_read_by_them(world in worlds(), from in 0..REPLICAS, to in 0..REPLICAS) {
        let World { maps, updates, .. } = world;
        let (sender, receiver) = (&maps[from], &maps[to]);
        let mut log = History::new();
        let mut known: Vec<_> =
            updates.iter().filter(|update| receiver.context().contains(&update.dot)).collect();
        known.sort_by_key(|update| update.dot.clone());
        known.into_iter().for_each(|update| log.push(Arc::clone(update)));
        let news = |update: &&Arc<Update>| {
            sender.context().contains(&update.dot) && !receiver.context().contains(&update.dot)
        };
        let delta: Delta = updates.iter().filter(news).cloned().collect();

        let bytes = delta.to_bytes_for(receiver.context(), sender);
        prop_assert!(bytes.len() <= delta.to_bytes().len() + 3 * REPLICAS);
        prop_assert_eq!(Delta::from_bytes_with(&bytes, &log), Ok(delta.clone()));
        // What is written for anybody can be read by somebody who knows something.
        prop_assert_eq!(Delta::from_bytes_with(&delta.to_bytes(), &log), Ok(delta));
    }

    #[test]
    fn what_is_cut_short_is_refused(world in worlds(), at in any::<Index>()) {
        let delta: Delta = world.updates.into_iter().collect();
        let part = |bytes: Vec<u8>| bytes[..at.index(bytes.len())].to_vec();
        prop_assert!(Delta::from_bytes(&part(delta.to_bytes())).is_err());
        prop_assert!(ClaimMap::from_bytes(&part(world.maps[0].to_bytes())).is_err());
        prop_assert!(Roster::from_bytes(&part(world.announcement.roster.to_bytes())).is_err());
        prop_assert!(Announcement::from_bytes(&part(world.announcement.to_bytes())).is_err());
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
    fn noise_does_no_harm(kind in 1..6_u8, mut bytes in vec(any::<u8>(), 0..200)) {
        bytes.insert(0, 1 << 4 | kind);
        survive(&bytes, &ClaimMap::new());
    }
}

/// Found by chance, by `what_is_damaged_does_no_harm`.
#[test]
fn what_was_forged_under_the_own_name_does_not_wait_for_ever() {
    let mut forger = ClaimMap::new();
    let mut forge = || {
        let register = Operation::Register { claim: claim_of_a() };
        Arc::new(forger.issue(&a(), register).unwrap())
    };
    let forged = [forge(), forge(), forge()];
    let mut map = ClaimMap::new();
    assert_eq!(map.join(&Delta::from_iter(forged[1..].to_vec())).waiting, 2);

    let own = map.issue(&a(), Operation::Register { claim: claim_of_a() }).unwrap();
    assert_eq!((own.dot.counter, map.waiting()), (1, 0));
    map.check_invariants();
}

/// A delta of one Register by `a` of its own keys 0 to 9, as bytes by hand.
const REGISTER: [u8; 8] = [1 << 4 | 5, 1 << 2 | 3, b'a', 0, 1, 0, 0, 9];

fn a() -> ReplicaId {
    ReplicaId::first(NodeId::new("a").unwrap())
}

fn claim_of_a() -> Claim {
    Claim::new(a().node, KeyRange::new(0, 9).unwrap())
}

#[test]
fn the_format_is_as_it_was() {
    let mut map = ClaimMap::new();
    let update = map.issue(&a(), Operation::Register { claim: claim_of_a() }).unwrap();
    let delta = Delta::from(update);
    assert_eq!(delta.to_bytes(), REGISTER);
    assert_eq!(Delta::from_bytes(&REGISTER), Ok(delta));
    assert_eq!(map.context().to_bytes(), [1 << 4 | 2, 1, 1 << 2 | 3, b'a', 1]);
    assert_eq!(
        map.to_bytes(),
        [
            1 << 4 | 4, // version and kind
            1,
            1 << 2 | 3,
            b'a',
            1, // the context
            1,
            1,
            0, // one claim, of one node, which is the one mentioned first
            0,
            0,
            9,
            0,
            0,
            0, // columns of one number: start, length, node
            1,
            1,
            0,
            1,
            0, // one contribution, of the only replica; its counter
            0,
            8,
            0, // the position of its claim, with 8 bits
            1,
            0,
            0,
            0,
            0,
            0, // it registers, changes nothing, stands for no others
            0,
            0,
            0, // nothing is cancelled and not seen, nothing restless, nothing waits
        ]
    );
}

/// Changes one byte of the delta by hand, and says what is wrong then.
fn flaw(at: usize, value: u8) -> Flaw {
    let mut bytes = REGISTER;
    bytes[at] = value;
    Delta::from_bytes(&bytes).unwrap_err().flaw
}

#[test]
fn what_is_wrong_is_named() {
    assert_eq!(flaw(0, 2 << 4 | 5), Flaw::UnknownVersion(2));
    assert_eq!(flaw(0, 1 << 4 | 4), Flaw::OtherKind(4));
    assert_eq!(flaw(1, 3), Flaw::OutOfBounds(0), "a name without characters");
    assert_eq!(flaw(1, 0), Flaw::OutOfBounds(0), "a replica that was not mentioned");
    assert!(matches!(flaw(1, 1), Flaw::UnknownReplica(_)), "a replica that nobody knows");
    assert_eq!(flaw(2, 0xff), Flaw::NotText);
    assert!(matches!(flaw(2, b'\n'), Flaw::Name(_)));
    assert_eq!(flaw(3, 1 << 6), Flaw::OutOfBounds(1 << 6), "the next one of none");
    assert_eq!(flaw(3, 1 << 4), Flaw::OutOfBounds(1), "the claim of no update before");
    assert!(matches!(flaw(3, 1 << 3), Flaw::Truncated), "it cancels something, which is not there");
    assert_eq!(flaw(3, 1 << 7), Flaw::Truncated, "another update, which is not there");
    assert_eq!(flaw(4, 0), Flaw::OutOfBounds(0), "counters start at 1");
    assert_eq!(flaw(5, 1 << 2), Flaw::OutOfBounds(1), "a node that was not mentioned");
    assert_eq!(flaw(7, 0x80), Flaw::Truncated);
    let own = [REGISTER[0], REGISTER[1], b'a', 2 << 4, 2, 1];
    let first = Dot { replica: a(), counter: 1 };
    let unknown = Flaw::UnknownOperation(first.clone());
    assert_eq!(Delta::from_bytes(&own).unwrap_err().flaw, unknown, "the claim of an unknown one");

    let mut context = vec![1 << 4 | 2, 1, 1 << 2 | 3, b'a', 1];
    context.push(0);
    let trailing = DecodeError { at: 5, flaw: Flaw::Trailing(1) };
    assert_eq!(VersionVector::from_bytes(&context), Err(trailing));
    // 1, written with a byte too many.
    context[4] = 0x81;
    assert_eq!(VersionVector::from_bytes(&context).unwrap_err().flaw, Flaw::LongNumber);
}

/// One operation on a claim that the receiver knows, by a replica that it knows.
#[test]
fn a_claim_that_is_known_takes_no_more_than_its_dot() {
    let (mut map, mut log) = (ClaimMap::new(), History::new());
    let name = "a name of a node that takes some room";
    let long = ReplicaId::first(NodeId::new(name).unwrap());
    let claim = Claim::new(long.node.clone(), KeyRange::new(4_000_000_000, u32::MAX).unwrap());
    let by = NonZeroU32::new(100).unwrap();
    let mut increase = || {
        map.issue(&long, Operation::Increase { claim: claim.clone(), by }).map(Arc::new).unwrap()
    };
    for _ in 0..20_000 {
        log.push(increase());
    }
    let seen = VersionVector::from_iter([(&long, 20_000)]);
    let delta = Delta::from_iter([increase()]);
    let bytes = delta.to_bytes_for(&seen, &map);
    // Version and kind, 4 for the replica, 3 for the counter, operation, distance, by how much.
    assert_eq!(bytes.len(), 1 + 4 + 3 + 1 + 1 + 1);
    assert_eq!(Delta::from_bytes_with(&bytes, &log), Ok(delta.clone()));
    assert_eq!(delta.to_bytes().len(), 1 + 2 + name.len() + 3 + 1 + 1 + 5 + 5 + 1);

    // By another, who has never raised it.
    let other = ReplicaId::first(NodeId::new("other").unwrap());
    let delta = Delta::from(map.issue(&other, Operation::Increase { claim, by }).unwrap());
    let bytes = delta.to_bytes_for(&seen, &map);
    // The claim is called by the first operation on it.
    assert_eq!(bytes.len(), 1 + 1 + "other".len() + 1 + 1 + 4 + 1 + 1);
    assert_eq!(Delta::from_bytes_with(&bytes, &log), Ok(delta));
    // Who does not know it, is not told a wrong one.
    let refused = Delta::from_bytes_with(&bytes, &History::new()).unwrap_err();
    assert!(matches!(refused.flaw, Flaw::UnknownReplica(_)), "{refused}");
}

#[test]
fn numbers_have_their_bounds() {
    let with_counter = |counter: u64| {
        let mut bytes = REGISTER.to_vec();
        let mut number = Vec::new();
        let mut rest = counter;
        while rest > 0x7f {
            number.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        number.push(rest as u8);
        bytes.splice(4..5, number);
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
    let bytes = [1 << 4 | 4, 0, 0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0];
    assert_eq!(ClaimMap::from_bytes(&bytes).unwrap_err().flaw, Flaw::Count(0xffff_ffff));
}
