//! What is on record of a room, played again.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use scalesmall_crdt::{Claim, ClaimMap, KeyRange, NodeId, Operation, base64url};
use scalesmall_peer::limits::{RECORDED_NEWS_MAX, RECORDED_US_MAX};
use scalesmall_peer::{Event, Faults, Recorded};
use scalesmall_sim::{Action, Scenario, Simulation};

use crate::world::{World, id};

/// What a peer has on record.
fn recorded(world: &mut World, index: usize) -> Option<Recorded> {
    let now = world.now;
    world.peers[index].as_mut()?.recorded(now)
}

/// The end of the run that is on record at a peer: every node shows what it does in the room.
fn replayed(world: &mut World, index: usize, about: &str) -> Simulation {
    let recorded = recorded(world, index).expect("something is on record");
    let text = &recorded.scenario;
    let scenario = Scenario::parse(text).unwrap_or_else(|error| panic!("{about}: {error}\n{text}"));
    let mut simulation = Simulation::new(scenario);
    while simulation.step() {}
    simulation.check_invariants();
    let ended: BTreeMap<&NodeId, u64> = simulation
        .replicas()
        .iter()
        .map(|it| (&it.node().id().node, it.claims().fingerprint().to_u64()))
        .collect();
    for (node, shown) in &recorded.shown {
        assert_eq!(ended.get(node), Some(shown), "{about}: {node} at peer {index}\n{text}");
    }
    assert!(!recorded.shown.is_empty(), "{about}");
    simulation
}

/// How many steps of a run are of some kind.
fn count(simulation: &Simulation, is_it: impl Fn(&Action) -> bool) -> usize {
    simulation.scenario().steps.iter().filter(|step| is_it(&step.action)).count()
}

fn is_operation(action: &Action) -> bool {
    matches!(action, Action::Operation(_))
}

fn is_from_elsewhere(action: &Action) -> bool {
    matches!(action, Action::Receive { .. })
}

/// A peer's first node does something to one of a few claims that all share.
fn operate(world: &mut World, index: usize) {
    let mut draw = |bound| world.random.below(bound);
    let start = 1_000 * draw(3);
    let owner = NodeId::new(["x", "y"][draw(2) as usize]).unwrap();
    let claim = Claim::new(owner, KeyRange::new(start, start + 999).unwrap());
    let by = NonZeroU32::new(1 + draw(4)).unwrap();
    let to = KeyRange::new(start, start + 9 + draw(2)).unwrap();
    let operation = match draw(6) {
        0 => Operation::Register { claim },
        1 | 2 => Operation::Increase { claim, by },
        3 => Operation::Decrease { claim, by },
        4 => Operation::Release { claim },
        _ => Operation::Tighten { claim, to },
    };
    let node = draw(3) as usize;
    world.operate(index, node, operation);
}

fn room(seed: u64, peers: usize, nodes: usize) -> World {
    let mut world = World::new(seed);
    (0..peers).for_each(|_| {
        world.add(nodes, "hush");
    });
    world.connect_all();
    world.agree_within_ms(20_000);
    world
}

#[test]
fn what_happened_happens_again_as_it_did() {
    for seed in 0..20 {
        let mut world = room(seed, 3, 2);
        for _ in 0..60 {
            let index = world.random.below(3) as usize;
            operate(&mut world, index);
            let ms = u64::from(world.random.below(120));
            world.pass_ms(ms);
        }
        let agreed = world.agree_within_ms(20_000);
        world.pass_ms(1_000);
        for index in 0..3 {
            let about = format!("seed {seed}, agreed at {agreed} ms");
            let end = replayed(&mut world, index, &about);
            assert_eq!(end.agreed().map(|it| it.to_u64()), world.agreed(), "{about}");
            // Not only does it end the same: each operation was asked for, and found what it did.
            let issued = world.peer(index).truth().context().operations();
            assert_eq!(count(&end, is_operation) as u64, issued, "{about}");
            assert_eq!(count(&end, is_from_elsewhere), 0, "{about}");
        }
    }
}

#[test]
fn whatever_befell_links_and_peers_the_replay_ends_the_same() {
    let (mut operations, mut from_elsewhere) = (0, 0);
    for seed in 0..120 {
        let mut world = World::new(seed);
        world.loss_per_mille = world.random.below(300);
        for _ in 0..2 + world.random.below(4) {
            let nodes = 1 + world.random.below(3) as usize;
            world.add(nodes, "hush");
        }
        if world.random.below(3) > 0 {
            world.connect_all();
        }
        world.pass_ms(4_000);
        for turn in 0..80 {
            let peers = world.peers.len() as u32;
            let [a, b] = [(); 2].map(|()| world.random.below(peers) as usize);
            match world.random.below(14) {
                0 => world.disconnect(a, b),
                1 if world.peers.iter().flatten().count() > 2 && world.random.below(3) == 0 => {
                    world.kill(a);
                }
                2 if peers < 8 => {
                    world.add(1, "hush");
                }
                3 | 4 => world.connect(a, b),
                5 if a != b => {
                    let is_cut = world.random.below(2) == 0;
                    world.handle(a, Event::Faults(id(b), Faults { is_cut, ..Faults::default() }));
                }
                _ => operate(&mut world, a),
            }
            let ms = u64::from(world.random.below(600));
            world.pass_ms(ms);
            if turn % 20 == 19 && recorded(&mut world, a).is_some() {
                let end = replayed(&mut world, a, &format!("seed {seed}, turn {turn}"));
                operations += count(&end, is_operation);
                from_elsewhere += count(&end, |action| match action {
                    Action::Receive { elsewhere, .. } => {
                        let bytes = base64url::decode(elsewhere.text()).unwrap();
                        ClaimMap::from_bytes(&bytes).is_err()
                    }
                    _ => false,
                });
            }
        }
    }
    // Where reports are lost, or whoever made an operation died at once.
    assert!(from_elsewhere * 8 < operations, "{from_elsewhere} of {operations}");
}

#[test]
fn who_comes_late_has_the_room_on_record_as_it_was_then() {
    let mut world = room(3, 2, 2);
    (0..40).for_each(|_| {
        operate(&mut world, 0);
        world.pass_ms(50);
    });
    world.add(2, "hush");
    world.connect_all();
    world.agree_within_ms(30_000);
    let before = world.peer(2).truth().context().operations();
    (0..10).for_each(|index| {
        operate(&mut world, index % 3);
        world.pass_ms(50);
    });
    world.agree_within_ms(20_000);
    world.pass_ms(1_000);
    let issued = world.peer(2).truth().context().operations() - before;
    let end = replayed(&mut world, 2, "the newcomer");
    assert_eq!(count(&end, is_operation) as u64, issued);
    assert_eq!(count(&end, is_from_elsewhere), 1, "the state that was there");
    let end = replayed(&mut world, 0, "one that was there");
    assert_eq!(count(&end, is_from_elsewhere), 0);
    let late = end.scenario().steps.iter().filter_map(|step| match step.action {
        Action::Crash(replica) => Some(end.scenario().replicas[replica].as_str()),
        _ => None,
    });
    let late: Vec<&str> = late.collect();
    assert!(late.contains(&"2-0") && late.contains(&"2-1") && !late.contains(&"0-0"), "{late:?}");
}

#[test]
fn what_is_on_record_is_bounded_in_time() {
    let mut world = room(4, 2, 1);
    for _ in 0..40 {
        operate(&mut world, 0);
        world.pass_ms(RECORDED_US_MAX / 1_000 / 16);
        let recorded = recorded(&mut world, 1).expect("something is on record");
        assert!(recorded.took_us <= RECORDED_US_MAX + 1_000_000);
        if world.now.as_us() > RECORDED_US_MAX {
            assert!(recorded.took_us >= RECORDED_US_MAX / 2 - 1_000_000, "{}", recorded.took_us);
        }
        replayed(&mut world, 1, "at all times");
    }
}

#[test]
fn what_is_on_record_is_bounded_in_size() {
    let mut world = room(5, 2, 3);
    let mut least = usize::MAX;
    for turn in 0..RECORDED_NEWS_MAX / 4 {
        world.claim(turn % 2, turn % 3, turn as u32 % 7 * 1_000);
        world.pass_ms(1);
        if turn % 500 == 499 {
            world.agree_within_ms(20_000);
            let end = replayed(&mut world, 0, "at all times");
            assert!(end.scenario().steps.len() < 3 * RECORDED_NEWS_MAX);
            if turn > RECORDED_NEWS_MAX / 6 {
                least = least.min(count(&end, is_operation));
            }
        }
    }
    assert!(least >= RECORDED_NEWS_MAX / 2 / 6 / 2, "{least}");
}
