//! As many peers as a room is made for.

use crate::PeerId;
use crate::neighbours::are_linked;
use crate::world::{World, id};

/// The peers of a crowd, each of whom is linked with few.
fn crowd(world: &mut World, count: usize) -> usize {
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
