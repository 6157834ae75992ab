//! Messages as bytes: what is written is read again, and nothing that is read does harm.

#![cfg(not(target_arch = "wasm32"))]

use std::num::NonZeroU32;
use std::sync::{Arc, OnceLock};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use scalesmall_crdt::codec::Flaw;
use scalesmall_crdt::{
    Claim, ClaimMap, Delta, Fingerprint, KeyRange, Operation, ReplicaId, Roster, Update,
    VersionVector,
};
use scalesmall_node::{
    Effects, Event, MESSAGE_BYTES_MAX, Message, MessageError, MessageFlaw, News, Node,
    PROBE_BYTES_MAX, SimTime, Strategy as Spreading, Sync, Timer, UPDATES_MAX, WATCHED_RANGES_MAX,
};

mod common;

use common::{Cluster, name};

// --- Messages made up ---

fn replicas() -> impl Strategy<Value = ReplicaId> {
    let incarnation = prop_oneof![0..3_u32, Just(u32::MAX)];
    (select(vec!["a", "b", "n", "ünïcödé"]), incarnation)
        .prop_map(|(node, incarnation)| ReplicaId { node: name(node), incarnation })
}

fn vectors() -> impl Strategy<Value = VersionVector> {
    vec((replicas(), 0..100_000_u64), 0..6)
        .prop_map(|entries| entries.iter().map(|(replica, counter)| (replica, *counter)).collect())
}

fn rosters() -> impl Strategy<Value = Arc<Roster>> {
    (vec(replicas(), 0..6), vec(replicas(), 0..3)).prop_map(|(joined, retired)| {
        let mut roster = Roster::new();
        joined.into_iter().for_each(|replica| roster.join(replica));
        retired.into_iter().for_each(|replica| roster.retire(replica));
        Arc::new(roster)
    })
}

fn ranges() -> impl Strategy<Value = KeyRange> {
    (any::<u32>(), any::<u32>()).prop_map(|(a, b)| KeyRange::new(a.min(b), a.max(b)).unwrap())
}

fn fingerprints() -> impl Strategy<Value = Fingerprint> {
    any::<u64>().prop_map(Fingerprint::from_u64)
}

/// Some updates, and the state of those who have issued them.
fn histories() -> impl Strategy<Value = (Vec<Arc<Update>>, ClaimMap)> {
    vec((replicas(), 0..4_u32, 0..4_u8), 0..12).prop_map(|history| {
        let mut map = ClaimMap::new();
        let mut issue = |(replica, key, kind)| {
            let claim = Claim::new(name("server"), KeyRange::new(key, key + 10).unwrap());
            let operation = match kind {
                0 => Operation::Release { claim },
                1 => Operation::Increase { claim, by: NonZeroU32::MAX },
                _ => Operation::Register { claim },
            };
            map.issue(&replica, operation).ok().map(Arc::new)
        };
        let updates = history.into_iter().filter_map(&mut issue).collect();
        (updates, map)
    })
}

fn news() -> impl Strategy<Value = News> {
    (histories(), fingerprints(), any::<bool>()).prop_map(|((updates, state), roster, is_state)| {
        match is_state {
            true => News::State { state: Arc::new(state), roster },
            false => News::Updates(updates.into_iter().collect()),
        }
    })
}

fn messages() -> impl Strategy<Value = Message> {
    prop_oneof![
        (fingerprints(), any::<u64>()).prop_map(|(digest, count)| Message::Digest(digest, count)),
        (vectors(), fingerprints()).prop_map(|(seen, roster)| Message::Differ { seen, roster }),
        vectors().prop_map(Message::Ask),
        (news(), proptest::option::of(vectors()))
            .prop_map(|(news, seen)| Message::News { news, seen }),
        (vectors(), any::<bool>()).prop_map(|(seen, is_answer)| Message::Graft { seen, is_answer }),
        (any::<u16>(), news()).prop_map(|(number, news)| Message::Batch { number, news }),
        any::<u16>().prop_map(Message::Ack),
        any::<u16>().prop_map(Message::Poll),
        any::<u16>().prop_map(Message::Missing),
        select(vec![Message::Prune, Message::Join, Message::Offer]),
        any::<bool>().prop_map(|knows_all| Message::NoMember { knows_all }),
        replicas().prop_map(|sponsor| Message::Accept { sponsor }),
        (rosters(), histories())
            .prop_map(|(roster, (_, state))| Message::Welcome { roster, state: Arc::new(state) }),
        (replicas(), rosters()).prop_map(|(replica, roster)| Message::Refused { replica, roster }),
        (rosters(), any::<bool>())
            .prop_map(|(roster, is_whole)| Message::Roster { roster, is_whole }),
        vec(ranges(), 0..=WATCHED_RANGES_MAX).prop_map(|ranges| Message::Watching(ranges.into())),
        vec(any::<u8>(), 0..=PROBE_BYTES_MAX).prop_map(|data| Message::Probe(data.into())),
    ]
}

// --- Messages that nodes have sent, and damage ---

/// A cluster in the midst of things, and what was said in it.
struct Scene {
    member: Node,
    newcomer: Node,
    said: Vec<Vec<u8>>,
}

fn scenes() -> &'static [Scene] {
    static SCENES: OnceLock<Vec<Scene>> = OnceLock::new();
    SCENES.get_or_init(|| {
        let scene = |(spreading, sync)| {
            let mut cluster = Cluster::new(spreading, sync, |message| message);
            cluster.run_until(2_005);
            let newcomer = cluster.nodes.last().expect("there is a newcomer").clone();
            assert!(!newcomer.is_member());
            cluster.run_until(7_000);
            let said = cluster.said.iter().map(|said| said.message.to_bytes()).collect();
            Scene { member: cluster.nodes[1].clone(), newcomer, said }
        };
        [(Spreading::Tree, Sync::Delta), (Spreading::Push, Sync::FullState)].map(scene).into()
    })
}

const NOW: SimTime = SimTime::from_ms(7_100);

/// Has a node handle something, and checks that what it says to that can be read.
fn handle(node: &mut Node, event: Event) {
    let mut effects = Effects::new();
    node.handle(NOW, event, &mut effects);
    node.check_invariants();
    for (_, message) in effects.messages {
        let read = Message::from_bytes(&message.to_bytes());
        assert!(read.is_ok(), "{read:?}: {message:?}");
    }
}

/// Whatever the bytes are, they are refused, or what they say does no harm to these nodes.
fn survive(nodes: &mut [Node], from: &ReplicaId, bytes: &[u8]) {
    let Ok(message) = Message::from_bytes(bytes) else { return };
    let again = Message::from_bytes(&message.to_bytes()).expect("what was written can be read");
    assert_eq!(again.to_bytes(), message.to_bytes());
    for node in nodes {
        handle(node, Event::Message { from: from.clone(), message: message.clone() });
    }
}

/// Nodes go on after all that.
fn go_on(nodes: &mut [Node]) {
    for node in nodes {
        let claim = Claim::new(name("b"), KeyRange::ALL);
        handle(node, Event::Operation(Operation::Register { claim }));
        for timer in [Timer::Round, Timer::Links, Timer::Probe, Timer::Departed] {
            handle(node, Event::Timer(timer));
        }
    }
}

/// Somebody who sends: a member, one who has lost its state, a stranger, or the receiver itself.
fn senders() -> impl Strategy<Value = ReplicaId> {
    select(vec!["a", "b", "c", "n", "x"]).prop_flat_map(|node| {
        (0..2_u32).prop_map(move |incarnation| ReplicaId { node: name(node), incarnation })
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(message in messages()) {
        let bytes = message.to_bytes();
        prop_assert_eq!(message.encoded_len(), bytes.len());
        let read = Message::from_bytes(&bytes).unwrap();
        prop_assert_eq!(read.to_bytes(), bytes);
        prop_assert_eq!(format!("{read:?}"), format!("{message:?}"));
    }

    #[test]
    fn what_is_cut_short_or_goes_on_is_refused(message in messages(), at in any::<Index>()) {
        let mut bytes = message.to_bytes();
        let part = Message::from_bytes(&bytes[..at.index(bytes.len())]);
        // These two end wherever the bytes do.
        let has_no_end = matches!(message, Message::Probe(_) | Message::Watching(_));
        prop_assert!(part.is_err() || has_no_end, "{:?}", part);
        bytes.push(0);
        prop_assert!(Message::from_bytes(&bytes).is_err() || matches!(message, Message::Probe(_)));
    }

    #[test]
    fn what_is_damaged_does_no_harm(
        sent in vec((senders(), any::<Index>(), vec((any::<Index>(), any::<u8>()), 0..4)), 1..8),
        scene in 0..2_usize,
    ) {
        let Scene { member, newcomer, said } = &scenes()[scene];
        let mut nodes = [member.clone(), newcomer.clone()];
        for (from, which, damage) in sent {
            let mut bytes = which.get(said).clone();
            for (at, value) in damage {
                let at = at.index(bytes.len());
                bytes[at] = value;
            }
            survive(&mut nodes, &from, &bytes);
        }
        go_on(&mut nodes);
    }

    #[test]
    fn what_is_made_up_does_no_harm(
        sent in vec((senders(), messages()), 1..8),
        scene in 0..2_usize,
    ) {
        let Scene { member, newcomer, .. } = &scenes()[scene];
        let mut nodes = [member.clone(), newcomer.clone()];
        for (from, message) in sent {
            survive(&mut nodes, &from, &message.to_bytes());
        }
        go_on(&mut nodes);
    }

    #[test]
    fn noise_does_no_harm(kind in 0..32_u8, mut bytes in vec(any::<u8>(), 0..100)) {
        bytes.insert(0, 1 << 5 | kind);
        let Scene { member, newcomer, .. } = &scenes()[0];
        let mut nodes = [member.clone(), newcomer.clone()];
        survive(&mut nodes, &ReplicaId::first(name("a")), &bytes);
    }
}

// --- The format ---

fn error(bytes: &[u8]) -> (usize, MessageFlaw) {
    let MessageError { at, flaw } = Message::from_bytes(bytes).unwrap_err();
    (at, flaw)
}

/// A first byte.
const fn kind(number: u8) -> u8 {
    1 << 5 | number
}

#[test]
fn the_format_is_as_it_was() {
    let a = ReplicaId::first(name("a"));
    let seen = VersionVector::from_iter([(&a, 1)]);
    let mut roster = Roster::new();
    roster.join(a.clone());
    let roster = Arc::new(roster);
    let digest = Fingerprint::from_u64(0x0807_0605_0403_0201);
    let check = |message: Message, expected: &[u8]| {
        assert_eq!(message.to_bytes(), expected, "{message:?}");
        assert_eq!(Message::from_bytes(expected).unwrap().to_bytes(), expected);
    };
    check(Message::Digest(digest, 300), &[kind(0), 1, 2, 3, 4, 5, 6, 7, 8, 0xac, 2]);
    check(Message::Ask(seen.clone()), &[kind(2), 0x12, 1, 7, b'a', 1]);
    let news = News::Updates(Delta::new());
    let seen = Some(seen);
    check(Message::News { news, seen }, &[kind(4), 5, 0x12, 1, 7, b'a', 1, 0x11, 0]);
    check(Message::Missing(0x102), &[kind(14), 2, 1]);
    let sponsor = ReplicaId { node: name("é"), incarnation: 200 };
    check(Message::Accept { sponsor }, &[kind(17), 0xc8, 1, 2, 0xc3, 0xa9]);
    check(Message::NoMember { knows_all: true }, &[kind(19)]);
    let refused = Message::Refused { replica: a, roster: Arc::clone(&roster) };
    check(refused, &[kind(21), 0, 1, b'a', 0x16, 1, 7, b'a', 0]);
    check(Message::Roster { roster, is_whole: true }, &[kind(23), 0x16, 1, 7, b'a', 0]);
    let range = KeyRange::new(1, 0x0201).unwrap();
    check(Message::Watching([range].into()), &[kind(24), 1, 0, 0, 0, 1, 2, 0, 0]);
    check(Message::Probe([9, 9].into()), &[kind(25), 9, 9]);
}

#[test]
fn two_that_agree_say_sixteen_bytes_at_most() {
    let digest = |operations| Message::Digest(Fingerprint::default(), operations).encoded_len();
    assert_eq!((digest(0), digest(127), digest(128)), (10, 10, 11));
    assert_eq!((digest((1 << 49) - 1), digest(u64::MAX)), (16, 19));
}

#[test]
fn what_is_wrong_is_named() {
    assert_eq!(error(&[]), (0, MessageFlaw::Truncated));
    assert_eq!(error(&[2 << 5]), (1, MessageFlaw::UnknownVersion(2)));
    assert_eq!(error(&[kind(26)]), (1, MessageFlaw::UnknownKind(26)));
    assert_eq!(error(&[kind(9), 0, 0]), (1, MessageFlaw::Trailing(2)));
    assert_eq!(error(&[kind(0), 1, 2]), (1, MessageFlaw::Truncated));
    assert_eq!(error(&[kind(0), 1, 2, 3, 4, 5, 6, 7, 8]), (9, MessageFlaw::Truncated));
    let long = [kind(0), 1, 2, 3, 4, 5, 6, 7, 8, 0x80, 0];
    assert_eq!(error(&long), (9, MessageFlaw::LongNumber));
    assert_eq!(error(&[kind(12), 1]), (1, MessageFlaw::Truncated));
    // An incarnation of 2³².
    let incarnation = [kind(17), 0x80, 0x80, 0x80, 0x80, 0x10, 1, b'a'];
    assert_eq!(error(&incarnation), (6, MessageFlaw::OutOfBounds(1 << 32)));
    assert_eq!(error(&[kind(17), 0, 0]), (3, MessageFlaw::OutOfBounds(0)));
    assert_eq!(error(&[kind(17), 0, 0x81, 2]), (4, MessageFlaw::OutOfBounds(257)));
    assert_eq!(error(&[kind(17), 0, 1, 0xff]), (4, MessageFlaw::NotText));
    assert!(matches!(error(&[kind(17), 0, 1, b'\n']), (4, MessageFlaw::Name(_))));
    let inverted = [kind(24), 2, 0, 0, 0, 1, 0, 0, 0];
    assert!(matches!(error(&inverted), (9, MessageFlaw::Range(_))));
    assert_eq!(error(&[kind(24), 2, 0, 0, 0, 3]), (5, MessageFlaw::Truncated));
    assert_eq!(error(&[kind(4), 6, 0x12]), (2, MessageFlaw::Length(6)));
    // Of a part, the place in the message.
    let part = |part, flaw| MessageFlaw::Part { part, flaw };
    let unknown = part("version vector", Flaw::UnknownVersion(3));
    assert_eq!(error(&[kind(4), 1, 0x32, 0x11, 0]), (3, unknown));
    assert_eq!(error(&[kind(4), 2, 0x12, 0, 0x11]), (5, part("delta", Flaw::Truncated)));
    let trailing = error(&[kind(22), 0x16, 0, 0, 7]);
    assert_eq!(trailing, (4, part("roster", Flaw::Trailing(1))));
    let error = Message::from_bytes(&[kind(22), 0x16, 0, 0, 7]).unwrap_err();
    assert_eq!(error.to_string(), "byte 4: in the roster: 1 bytes follow the end");
}

#[test]
fn messages_have_their_limits() {
    let too_long = vec![kind(25); MESSAGE_BYTES_MAX + 1];
    assert_eq!(error(&too_long), (0, MessageFlaw::TooLong(MESSAGE_BYTES_MAX + 1)));
    let long = PROBE_BYTES_MAX + 1;
    let probe = Message::Probe(vec![0; long].into());
    assert_eq!(error(&probe.to_bytes()), (1, MessageFlaw::LongProbe(long)));
    let more = WATCHED_RANGES_MAX + 1;
    let watching = Message::Watching(vec![KeyRange::ALL; more].into());
    assert_eq!(error(&watching.to_bytes()), (1, MessageFlaw::TooManyRanges(more)));

    let mut map = ClaimMap::new();
    let claim = Claim::new(name("a"), KeyRange::ALL);
    let mut issue = || {
        let register = Operation::Register { claim: claim.clone() };
        Arc::new(map.issue(&ReplicaId::first(name("a")), register).unwrap())
    };
    let mut updates: Delta = (0..UPDATES_MAX).map(|_| issue()).collect();
    assert!(Message::from_bytes(&Message::updates(updates.clone()).to_bytes()).is_ok());
    updates.insert(issue());
    let bytes = Message::updates(updates).to_bytes();
    assert_eq!(error(&bytes), (bytes.len(), MessageFlaw::TooManyUpdates(UPDATES_MAX + 1)));
}
