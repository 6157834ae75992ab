//! As many peers as a room is made for.

use crate::PeerId;
use crate::neighbours::are_linked;
use crate::world::{World, id};

/// The peers of a crowd, each of whom is linked with few.
pub(crate) fn crowd(world: &mut World, count: usize) -> usize {
    (0..count).for_each(|_| {
        world.add(1, "hush");
    });
    let all: Vec<PeerId> = (0..count).map(id).collect();
    let mut links = vec![0; count];
    for a in 0..count {
        for b in (a + 1..count).filter(|&b| are_linked(all[a], all[b], &all)) {
            world.connect(a, b);
            links[a] += 1;
            links[b] += 1;
        }
    }
    links.into_iter().max().unwrap_or(0)
}

#[test]
fn forty_eight_peers_agree_over_few_links_each() {
    let mut world = World::new(48);
    let most = crowd(&mut world, 48);
    assert!(most <= 16, "{most} links");
    world.agree_within_ms(60_000);
    (0..48).for_each(|index| world.claim(index, 0, 1_000 * index as u32));
    world.agree_within_ms(60_000);
    for index in [0, 17, 47] {
        assert_eq!(world.peer(index).truth().ownership().claim_count(), 48);
        assert_eq!(world.peer(index).remote_views(world.now).count(), 47);
    }
}

#[test]
fn a_room_in_which_nothing_happens_says_little() {
    let mut world = World::new(8);
    crowd(&mut world, 8);
    world.agree_within_ms(60_000);
    world.pass_ms(60_000);
    let before = world.sent_bytes();
    world.pass_ms(60_000);
    let a_second = (world.sent_bytes() - before) / 60;
    assert!((1..2_500).contains(&a_second), "{a_second} bytes a second");
}

#[test]
fn everybody_is_heard_of_although_those_go_who_told() {
    let mut world = World::new(24);
    crowd(&mut world, 24);
    world.agree_within_ms(60_000);
    let is_heard = |world: &World, at: usize, of: usize| {
        let peer = world.peer(at);
        let mut views = peer.remote_views(world.now);
        views.any(|view| {
            view.replica.node.as_str() == format!("{of}-0")
                && view.age_us <= scalesmall_peer::QUIET_US
        })
    };
    for gone in 0..8 {
        world.kill(gone);
        // Longer than a report is good for.
        for _ in 0..8 {
            world.pass_ms(2_000);
            let there = gone + 1..24;
            for at in there.clone() {
                for of in there.clone().filter(|&of| of != at) {
                    assert!(is_heard(&world, at, of), "{of} at {at} after {gone} is gone");
                }
            }
        }
    }
    (8..24).for_each(|index| world.claim(index, 0, 1_000 * index as u32));
    world.agree_within_ms(60_000);
    // Until it is heard at those who are not linked, too.
    world.pass_ms(3_000);
    for at in 8..24 {
        let mut heard = world
            .peer(at)
            .remote_views(world.now)
            .filter(|it| it.age_us <= scalesmall_peer::QUIET_US);
        assert!(heard.all(|view| view.is_exact), "at {at}");
    }
}
