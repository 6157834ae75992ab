//! The data types that the claim map is compared with: each does what its definition says, after
//! every step of random histories, and has the laws that it should have, or has not.

#![cfg(not(target_arch = "wasm32"))]

mod definition;
mod world;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};
use scalesmall_crdt::{
    Claim, DataType, Delta, InvertedRange, KeyRange, NodeId, Operation, OperationError, ReplicaId,
    Replicated,
};

use world::{Move, World, are_same, claim, id, moves};

const CONVERGING: [DataType; 6] = [
    DataType::AwSet,
    DataType::RwSet,
    DataType::LwwSet,
    DataType::TwoPhaseSet,
    DataType::GrowSet,
    DataType::NaiveCounterMap,
];

/// One with what another has, in the form of a state.
fn merged(one: &dyn Replicated, other: &dyn Replicated) -> Box<dyn Replicated> {
    let mut both = one.boxed();
    both.merge(other);
    both
}

// --- The laws, each for the replicas that some moves lead to ---

/// What it says, and whether it holds there.
type Law = (&'static str, fn(&World) -> bool);

fn commutes(world: &World) -> bool {
    let [a, b, _] = &world.replicas[..] else { panic!("there are three") };
    are_same(&*merged(&**a, &**b), &*merged(&**b, &**a))
}

fn associates(world: &World) -> bool {
    let [a, b, c] = &world.replicas[..] else { panic!("there are three") };
    let (ab, bc) = (merged(&**a, &**b), merged(&**b, &**c));
    are_same(&*merged(&*ab, &**c), &*merged(&**a, &*bc))
}

/// A delta twice is as good as once, and a state.
fn is_idempotent(world: &World) -> bool {
    let [a, b, _] = &world.replicas[..] else { panic!("there are three") };
    let delta = world.applied_at(1, 0);
    let mut once = a.boxed();
    once.join(&delta);
    let mut twice = once.boxed();
    twice.join(&delta);
    let both = merged(&**a, &**b);
    are_same(&*once, &*twice) && are_same(&*both, &*merged(&*both, &**b))
}

/// To hear of all that another has applied is to take in its state, but for what waits there.
fn delta_is_state(world: &World) -> bool {
    let [a, b, _] = &world.replicas[..] else { panic!("there are three") };
    let mut joined = a.boxed();
    joined.join(&world.applied_at(1, 0));
    let mut merged = merged(&**a, &**b);
    // What waits is told to both.
    let all: Delta = world.issued.iter().cloned().collect();
    joined.join(&all);
    merged.join(&all);
    are_same(&*joined, &*merged)
}

/// In which order single updates come does not matter.
fn has_no_order(world: &World) -> bool {
    let [a, ..] = &world.replicas[..] else { panic!("there are three") };
    let [mut forth, mut back] = [a.boxed(), a.boxed()];
    world.issued.iter().for_each(|it| drop(forth.join(&Delta::from_iter([it.clone()]))));
    world.issued.iter().rev().for_each(|it| drop(back.join(&Delta::from_iter([it.clone()]))));
    are_same(&*forth, &*back)
}

/// To join two deltas one after the other is to join them as one.
fn can_be_grouped(world: &World) -> bool {
    let [a, ..] = &world.replicas[..] else { panic!("there are three") };
    let [mut joined, mut grouped] = [a.boxed(), a.boxed()];
    let mut both = world.applied_at(2, 0);
    joined.join(&both);
    joined.join(&world.applied_at(1, 0));
    both.group(world.applied_at(1, 0));
    grouped.join(&both);
    are_same(&*joined, &*grouped)
}

/// One that the ordered list has, too: its states are messages in a row, and rows can be joined.
const OF_ALL: Law = ("merging associates", associates);

const LAWS: [Law; 5] = [
    ("merging commutes", commutes),
    ("deltas can be grouped", can_be_grouped),
    ("joining is idempotent", is_idempotent),
    ("a delta does what a state does", delta_is_state),
    ("updates have no order", has_no_order),
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn each_shows_what_its_definition_says(moves in moves(60)) {
        for data_type in CONVERGING {
            let mut world = World::after(data_type, &[]);
            for it in &moves {
                world.make(it);
                world.check();
            }
        }
    }

    #[test]
    fn each_has_the_laws(moves in moves(40)) {
        for data_type in CONVERGING {
            let world = World::after(data_type, &moves);
            for (law, holds) in LAWS.into_iter().chain([OF_ALL]) {
                prop_assert!(holds(&world), "{data_type}: {law}");
            }
        }
    }

    #[test]
    fn states_of_ordered_lists_associate_at_least(moves in moves(40)) {
        let (law, holds) = OF_ALL;
        prop_assert!(holds(&World::after(DataType::OrderedList, &moves)), "{law}");
    }

    /// A copy over the wire is as good as the original, and goes on as that does.
    #[test]
    fn what_is_written_is_what_is_read(moves in moves(40), more in moves(6)) {
        for data_type in DataType::ALL {
            let mut world = World::after(data_type, &moves);
            for replica in &mut world.replicas {
                let copy = <dyn Replicated>::from_bytes(&replica.to_bytes()).expect("it is sound");
                copy.check_invariants();
                assert_eq!(copy.data_type(), data_type);
                assert!(are_same(&*copy, &**replica));
                *replica = copy;
            }
            for update in &world.issued {
                let delta = Delta::from_iter([update.clone()]);
                prop_assert_eq!(&Delta::from_bytes(&delta.to_bytes()).expect("it is sound"), &delta);
            }
            let all: Delta = world.issued.iter().cloned().collect();
            prop_assert_eq!(&Delta::from_bytes(&all.to_bytes()).expect("it is sound"), &all);
            more.iter().for_each(|it| world.make(it));
            world.check();
        }
    }

    /// Bytes that nobody would write are refused, or are a sound state.
    #[test]
    fn broken_bytes_are_refused_or_sound(moves in moves(30), at: usize, value: u8) {
        for data_type in DataType::ALL {
            let world = World::after(data_type, &moves);
            let mut bytes = world.replicas[0].to_bytes();
            let at = at % bytes.len();
            bytes[at] = value;
            if let Ok(state) = <dyn Replicated>::from_bytes(&bytes) {
                state.check_invariants();
            }
            prop_assert!(<dyn Replicated>::from_bytes(&bytes[..at]).is_err(), "cut short");
        }
    }
}

// --- The ordered list, which lacks what replicas need to agree ---

#[test]
fn an_ordered_list_breaks_each_of_the_laws() {
    for (law, holds) in LAWS {
        let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        let config = Config { cases: 20_000, failure_persistence: None, ..Config::default() };
        let mut runner = TestRunner::new_with_rng(config, rng);
        let tried = runner.run(&moves(30), |moves: Vec<Move>| {
            let world = World::after(DataType::OrderedList, &moves);
            world.replicas.iter().for_each(|replica| replica.check_invariants());
            prop_assert!(holds(&world));
            Ok(())
        });
        let Err(TestError::Fail(_, found)) = tried else { panic!("no counterexample to: {law}") };
        assert!(!holds(&World::after(DataType::OrderedList, &found)), "{law} fails by {found:?}");
    }
}

fn list_of(nodes: &[&str]) -> Box<dyn Replicated> {
    let mut list = DataType::OrderedList.replica();
    for node in nodes {
        list.issue(&id(0), Operation::Register { claim: on_all(node) }, 0).unwrap();
    }
    list
}

fn on_all(node: &str) -> Claim {
    Claim::new(NodeId::new(node).unwrap(), KeyRange::ALL)
}

fn owners(list: &dyn Replicated, key: u32) -> String {
    list.ownership().owners(key).iter().map(|owner| owner.node.as_str()).collect()
}

#[test]
fn a_list_shows_how_many_are_behind() {
    let mut list = list_of(&["a", "b", "c"]);
    assert_eq!(owners(&*list, 7), "abc");
    let priorities = ["a", "b", "c"].map(|node| list.priority(&on_all(node)));
    assert_eq!(priorities, [Some(2), Some(1), Some(0)]);
    let mut ask = |operation| list.issue(&id(0), operation, 0).map(|_| owners(&*list, 7));
    let [a, b] = ["a", "b"].map(on_all);
    assert_eq!(ask(Operation::Promote { claim: a.clone() }).unwrap(), "abc", "it is the first");
    assert_eq!(ask(Operation::Demote { claim: a.clone() }).unwrap(), "bac");
    assert_eq!(ask(Operation::Register { claim: a.clone() }).unwrap(), "bac", "it is there");
    assert_eq!(ask(Operation::Release { claim: b.clone() }).unwrap(), "ac");
    assert_eq!(ask(Operation::Register { claim: b.clone() }).unwrap(), "acb", "it is the last");
    for operation in [
        Operation::Release { claim: on_all("d") },
        Operation::Promote { claim: on_all("d") },
        Operation::Demote { claim: on_all("d") },
    ] {
        let error = ask(operation).unwrap_err();
        assert_eq!(error, OperationError::NotRegistered { claim: on_all("d") });
    }
}

/// A run of keys is named by its start; what is said of one that is not there has no effect.
#[test]
fn a_split_copies_the_list() -> Result<(), InvertedRange> {
    let mut list = list_of(&["a", "b"]);
    let from_50 =
        |node: &str| Claim::new(NodeId::new(node).unwrap(), KeyRange::new(50, 50).unwrap());
    let early = list.issue(&id(0), Operation::Register { claim: from_50("c") }, 0);
    assert_eq!(early, Err(OperationError::NoSuchList { start: 50 }));
    list.issue(&id(0), Operation::split(id(0).node, 50), 0).unwrap();
    assert_eq!((owners(&*list, 49), owners(&*list, 50)), ("ab".into(), "ab".into()));
    list.issue(&id(0), Operation::Promote { claim: from_50("b") }, 0).unwrap();
    list.issue(&id(0), Operation::Register { claim: from_50("c") }, 0).unwrap();
    assert_eq!((owners(&*list, 49), owners(&*list, 50)), ("ab".into(), "bac".into()));
    let claims: Vec<KeyRange> = list.claims().map(|(claim, _)| claim.range).collect();
    let (left, right) = (KeyRange::new(0, 49)?, KeyRange::new(50, u32::MAX)?);
    assert_eq!(claims, [left, left, right, right, right]);
    list.check_invariants();
    Ok(())
}

// --- What is none of theirs ---

#[test]
fn an_operation_that_a_type_does_not_have_is_refused() {
    let by = 1.try_into().unwrap();
    let to = KeyRange::new(0, 9).unwrap();
    let all = [
        Operation::Register { claim: claim(0) },
        Operation::Release { claim: claim(0) },
        Operation::Increase { claim: claim(0), by },
        Operation::Decrease { claim: claim(0), by },
        Operation::Tighten { claim: claim(0), to },
        Operation::split(id(0).node, 5),
        Operation::Promote { claim: claim(0) },
        Operation::Demote { claim: claim(0) },
    ];
    for data_type in DataType::ALL {
        for operation in &all {
            let mut replica = data_type.replica();
            let result = replica.issue(&id(0), operation.clone(), 0);
            let name = operation.name();
            let is_refused = matches!(result, Err(OperationError::NotOffered { .. }));
            let offered = data_type.operations().contains(&&*name.to_lowercase());
            assert_eq!(is_refused, !offered, "{name} of {data_type}");
            assert_eq!(data_type.offers(operation), offered, "{name} of {data_type}");
            replica.check_invariants();
        }
    }
}

/// Updates and states of other types: nothing panics, and a state is not taken.
#[test]
fn what_is_of_another_type_does_no_harm() {
    let makers = DataType::ALL.map(|data_type| {
        let mut maker = data_type.replica();
        let mut made = Delta::new();
        for what in data_type.operations() {
            let claim = claim(0);
            let operation = match *what {
                "register" => Operation::Register { claim },
                "release" => Operation::Release { claim },
                "increase" => Operation::Increase { claim, by: 3.try_into().unwrap() },
                "promote" => Operation::Promote { claim },
                _ => Operation::split(id(1).node, 50),
            };
            made.extend(maker.issue(&id(1), operation, 7).ok().map(Into::into));
        }
        (maker, made)
    });
    for data_type in DataType::ALL {
        for (maker, made) in &makers {
            let mut replica = data_type.replica();
            let before = replica.fingerprint();
            if maker.data_type() != data_type {
                assert_eq!(replica.merge(&**maker), Default::default());
                assert_eq!(replica.fingerprint(), before);
            }
            let joined = replica.join(made);
            assert_eq!(joined.applied.len(), made.len());
            replica.check_invariants();
        }
    }
}

/// Whatever waits under a replica's own name has been made up by others.
#[test]
fn what_is_forged_is_dropped() {
    for data_type in DataType::ALL {
        let (mut forger, mut victim) = (data_type.replica(), data_type.replica());
        let register = || Operation::Register { claim: claim(2) };
        let forged: Vec<_> =
            (0..3).map(|_| forger.issue(&id(0), register(), 0).unwrap().into()).collect();
        victim.join(&forged[2..].iter().cloned().collect());
        assert_eq!(victim.waiting(), 1);
        let own = victim.issue(&id(0), register(), 0).unwrap();
        assert_eq!((own.dot.counter, victim.waiting()), (1, 0), "{data_type}");
        victim.check_invariants();
    }
}

/// A node's incarnations can be stamped alike.
#[test]
fn stamps_that_are_equal_but_for_the_incarnation_have_an_order() {
    let mut ends = Vec::new();
    for order in [[0, 1], [1, 0]] {
        let mut first = DataType::LwwSet.replica();
        let mut second = DataType::LwwSet.replica();
        let second_id: ReplicaId = id(0).fresh();
        let register = Operation::Register { claim: claim(0) };
        let registered = second.issue(&second_id, register.clone(), 1).unwrap();
        let dots = [first.issue(&id(0), register, 1).unwrap(), registered];
        let mut reader = DataType::LwwSet.replica();
        order.iter().for_each(|&at| drop(reader.join(&dots[at].clone().into())));
        ends.push(reader.to_bytes());
    }
    assert_eq!(ends[0], ends[1]);
}
