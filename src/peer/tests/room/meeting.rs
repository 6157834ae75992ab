//! Peers that mean well.

use scalesmall_crdt::{Claim, KeyRange, NodeId, Operation, ReplicaId};
use scalesmall_peer::{Condition, Event, Faults, Refusal};

use crate::world::{World, id};

#[test]
fn those_who_meet_agree() {
    for (count, nodes) in [(1, 3), (2, 1), (3, 4), (8, 2)] {
        let mut world = World::new(count as u64);
        (0..count).for_each(|_| {
            world.add(nodes, "hush");
        });
        world.connect_all();
        world.agree_within_ms(15_000);
        for index in 0..count {
            world.claim(index, nodes - 1, 1_000 * index as u32);
        }
        world.agree_within_ms(15_000);
        assert_eq!(world.peer(0).truth().ownership().claim_count(), count);
        assert_eq!(world.peer(0).connected(), count - 1);
        assert_eq!((world.closed.len(), world.refused.len()), (0, 0));
    }
}

#[test]
fn what_is_not_linked_is_reached_through_others() {
    let mut world = World::new(5);
    for index in 0..5 {
        world.add(2, "hush");
        if index > 0 {
            world.connect(index - 1, index);
        }
    }
    world.agree_within_ms(20_000);
    world.claim(0, 0, 0);
    world.claim(4, 1, 5_000);
    world.agree_within_ms(20_000);
    world.pass_ms(2_000);
    let views: Vec<_> = world.peer(0).remote_views(world.now).collect();
    assert_eq!(views.len(), 8);
    for view in views {
        assert!(view.is_exact, "{}", view.replica);
        assert_eq!(view.claims.ownership().claim_count(), 2);
    }
}

#[test]
fn who_comes_later_is_let_in_and_who_dies_is_not_waited_for() {
    let mut world = World::new(6);
    for _ in 0..3 {
        world.add(2, "hush");
    }
    world.connect_all();
    world.agree_within_ms(15_000);
    world.claim(0, 0, 0);
    world.agree_within_ms(15_000);
    // The founder dies, and later comes back as somebody who knows nothing.
    world.kill(0);
    world.claim(1, 0, 1_000);
    world.agree_within_ms(15_000);
    let again = |node| ReplicaId { node: NodeId::new(node).unwrap(), incarnation: 1 };
    world.add_hosting(vec![again("0-0"), again("0-1")], "hush");
    (1..3).for_each(|other| world.connect(3, other));
    world.agree_within_ms(20_000);
    assert_eq!(world.peer(3).truth().ownership().claim_count(), 2, "with what it claimed before");
}

#[test]
fn nobody_operates_before_being_let_in() {
    let mut world = World::new(7);
    world.add(1, "hush");
    world.claim(0, 0, 0);
    let name = NodeId::new("0-0").unwrap();
    assert_eq!(world.refused, [Refusal::NotAdmitted(name.clone())]);
    world.agree_within_ms(3_000);
    let claim = Claim::new(name.clone(), KeyRange::ALL);
    world.operate(0, 0, Operation::Release { claim: claim.clone() });
    assert_eq!(world.refused[1].to_string(), format!("{claim} is not registered here"));
    let other = NodeId::new("other").unwrap();
    world.handle(0, Event::Operation(other.clone(), Operation::Register { claim }));
    assert_eq!(world.refused[2], Refusal::NotHosted(other));
}

#[test]
fn two_rooms_that_began_apart_become_one() {
    let mut world = World::new(8);
    for _ in 0..4 {
        world.add(2, "hush");
    }
    world.connect(0, 1);
    world.connect(2, 3);
    world.pass_ms(8_000);
    world.claim(0, 0, 0);
    world.claim(3, 0, 1_000);
    world.pass_ms(3_000);
    world.connect_all();
    world.agree_within_ms(60_000);
    assert_eq!(world.peer(1).truth().ownership().claim_count(), 2);
}

#[test]
fn a_cut_link_carries_no_news_until_it_is_healed() {
    let mut world = World::new(9);
    world.add(2, "hush");
    world.add(2, "hush");
    world.connect_all();
    world.agree_within_ms(15_000);
    let cut = |world: &mut World, is_cut| {
        let faults = Faults { is_cut, ..Faults::default() };
        world.handle(0, Event::Faults(id(1), faults));
    };
    cut(&mut world, true);
    world.claim(0, 0, 0);
    world.pass_ms(10_000);
    assert_eq!(world.agreed(), None);
    assert_eq!(world.peer(1).connected(), 1, "it is there all the same");
    let view =
        world.peer(1).remote_views(world.now).find(|view| view.replica.node.as_str() == "0-0");
    assert!(!view.unwrap().is_exact, "what it shows is known to differ, and not what it is");
    cut(&mut world, false);
    world.agree_within_ms(15_000);
}

#[test]
fn a_hidden_peer_says_so() {
    let mut world = World::new(10);
    world.add(1, "hush");
    world.add(1, "hush");
    world.connect_all();
    world.handle(1, Event::Condition(Condition::Hidden));
    world.agree_within_ms(15_000);
    world.pass_ms(6_000);
    let condition = |at: usize| world.peer(at).remote_views(world.now).next().unwrap().condition;
    assert_eq!([condition(0), condition(1)], [Condition::Hidden, Condition::Awake]);
}

/// Links that lose, die and come back, peers that die and come, operations all the while.
#[test]
fn whatever_befalls_links_and_peers_all_agree_in_the_end() {
    for seed in 0..40 {
        let mut world = World::new(seed);
        world.loss_per_mille = world.random.below(300);
        for _ in 0..2 + world.random.below(4) {
            let nodes = 1 + world.random.below(3) as usize;
            world.add(nodes, "hush");
        }
        world.connect_all();
        world.pass_ms(4_000);
        for turn in 0..60 {
            let count = world.peers.len() as u32;
            let [a, b] = [(); 2].map(|()| world.random.below(count) as usize);
            match world.random.below(10) {
                0 => world.disconnect(a, b),
                1 if world.peers.iter().flatten().count() > 2 && world.random.below(3) == 0 => {
                    world.kill(a);
                }
                2 if count < 8 => {
                    world.add(1, "hush");
                }
                3 | 4 => world.connect(a, b),
                _ if world.peers[a].is_some() => world.claim(a, 0, 1_000 * (turn % 7)),
                _ => {}
            }
            let ms = u64::from(world.random.below(400));
            world.pass_ms(ms);
        }
        world.loss_per_mille = 0;
        world.connect_all();
        world.agree_within_ms(120_000);
        let is_wronged = world.closed.iter().any(|(.., why)| why.is_foul());
        assert!(!is_wronged, "seed {seed}: {:?}", world.closed);
    }
}
