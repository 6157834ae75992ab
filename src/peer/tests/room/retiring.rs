//! Peers that go for good, and those that were only thought to.

use scalesmall_peer::{Event, Faults};

use crate::world::{World, id};

/// Of a room of peers with so many nodes each, who agree.
fn room(seed: u64, nodes: &[usize]) -> World {
    let mut world = World::new(seed);
    for &nodes in nodes {
        world.add(nodes, "hush");
    }
    world.connect_all();
    world.agree_within_ms(20_000);
    world.claim(0, 0, 0);
    world.agree_within_ms(20_000);
    world
}

/// Who is on the roster as a peer's nodes have it, which have the same.
fn members(world: &World, index: usize) -> Vec<String> {
    let rosters = world
        .peer(index)
        .nodes()
        .map(|node| node.roster().members().map(|it| it.node.to_string()).collect::<Vec<_>>());
    let rosters: Vec<Vec<String>> = rosters.collect();
    assert!(rosters.iter().all(|it| *it == rosters[0]), "{rosters:?}");
    rosters[0].clone()
}

#[test]
fn who_says_goodbye_is_retired_soon() {
    let mut world = room(1, &[2, 2, 1]);
    world.claim(1, 0, 5_000);
    world.agree_within_ms(20_000);
    world.leave(1);
    world.pass_ms(10_000);
    for index in [0, 2] {
        assert_eq!(members(&world, index), ["0-0", "0-1", "2-0"]);
        assert_eq!(world.peer(index).truth().ownership().claim_count(), 2, "its claims stay");
    }
    world.agree_within_ms(1_000);
}

#[test]
fn so_is_who_is_gone_for_certain() {
    let mut world = room(2, &[1, 1, 1]);
    (0..2).for_each(|index| world.handle(index, Event::Gone(id(2))));
    world.kill(2);
    world.pass_ms(10_000);
    assert_eq!(members(&world, 0), ["0-0", "1-0"]);
}

#[test]
fn who_dies_without_a_word_is_retired_by_those_who_are_most() {
    let mut world = room(3, &[2, 1, 2]);
    world.kill(2);
    world.pass_ms(50_000);
    assert_eq!(members(&world, 0).len(), 5, "it may be back");
    world.pass_ms(40_000);
    assert_eq!(members(&world, 0), ["0-0", "0-1", "1-0"]);
    assert_eq!(members(&world, 1), ["0-0", "0-1", "1-0"]);
    // Of so few nobody knows whether they are the ones that are gone.
    let mut world = room(4, &[2, 1, 2]);
    [0, 2].into_iter().for_each(|index| world.kill(index));
    world.pass_ms(200_000);
    assert_eq!(members(&world, 1).len(), 5);
}

#[test]
fn what_is_folded_does_not_wait_for_the_dead() {
    let mut world = room(5, &[1, 1, 1]);
    world.kill(2);
    world.pass_ms(90_000);
    (0..20).for_each(|_| world.claim(0, 0, 0));
    world.agree_within_ms(20_000);
    world.pass_ms(20_000);
    let node = world.peer(0).nodes().next().unwrap();
    let (claim, _) = node.claims().claims().next().unwrap();
    assert_eq!(node.claims().as_claim_map().unwrap().contributions(&claim).count(), 1);
}

#[test]
fn who_was_cut_off_for_long_comes_back_with_its_claims() {
    for seed in 10..20 {
        let mut world = room(seed, &[2, 2, 2]);
        world.disconnect(0, 2);
        world.disconnect(1, 2);
        world.claim(2, 0, 7_000);
        world.claim(1, 1, 9_000);
        world.pass_ms(100_000);
        assert_eq!(members(&world, 0).len(), 4);
        world.connect_all();
        world.agree_within_ms(90_000);
        let truth = world.peer(0).truth();
        assert_eq!(truth.ownership().claim_count(), 3, "seed {seed}");
        let returned = world.peer(2).nodes().map(|node| node.id().incarnation);
        assert!(returned.into_iter().all(|incarnation| incarnation > 0));
        assert_eq!(members(&world, 2), members(&world, 0));
        // Nothing is shown any more that nobody has.
        assert_eq!(world.peer(2).truth().fingerprint(), world.peer(0).truth().fingerprint());
    }
}

#[test]
fn who_is_heard_over_a_cut_link_is_there() {
    let mut world = room(6, &[1, 1, 1]);
    for (a, b) in [(0, 2), (1, 2)] {
        world.handle(a, Event::Faults(id(b), Faults { is_cut: true, ..Faults::default() }));
    }
    world.claim(2, 0, 7_000);
    world.pass_ms(200_000);
    assert_eq!(members(&world, 0).len(), 3);
    for (a, b) in [(0, 2), (1, 2)] {
        world.handle(a, Event::Faults(id(b), Faults::default()));
    }
    world.agree_within_ms(20_000);
    assert_eq!(world.peer(2).nodes().next().unwrap().id().incarnation, 0);
}
