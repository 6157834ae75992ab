//! What a room says over its links, against the least that would do: each operation once to each
//! other peer, by itself.
//!
//! ```sh
//! cargo bench -p scalesmall-peer --bench bytes
//! ```

use scalesmall_crdt::Delta;

#[path = "../tests/room/crowd.rs"]
#[allow(dead_code)]
mod crowd;
#[allow(dead_code)]
#[path = "../tests/room/world.rs"]
mod world;

use scalesmall_peer::PeerId;
// The crowd's links are chosen as those of pages are.
#[allow(dead_code)]
#[path = "../src/signalling/neighbours.rs"]
mod neighbours;

use world::World;

const SECONDS: u64 = 60;

/// The kinds of frames that an operation takes.
const MESSAGES: usize = 4;
const REPORTS: usize = 8;

fn main() {
    println!("peers  ops/s  idle B/s  B/op  least  times  of which messages, reports");
    for (peers, a_second) in [(2, 1), (3, 1), (8, 1), (8, 10), (8, 100), (48, 1), (48, 10)] {
        measure(peers, a_second);
    }
}

/// A room that has settled, is left alone for a while, and then used for as long.
fn measure(peers: usize, a_second: u64) {
    let mut world = World::new(1);
    crowd::crowd(&mut world, peers);
    world.agree_within_ms(60_000);
    (0..peers).for_each(|index| world.claim(index, 0, 1_000 * index as u32));
    world.agree_within_ms(60_000);
    world.pass_ms(60_000);

    let before = world.sent_by_kind;
    world.pass_ms(SECONDS * 1_000);
    let idle = since(before, &world);

    let (before, seen) = (world.sent_by_kind, world.peer(0).truth().context().clone());
    for _ in 0..SECONDS * a_second {
        let index = world.random.below(peers as u32) as usize;
        let start = world.random.below(1_000) * 1_000;
        world.claim(index, 0, start);
        world.pass_ms(1_000 / a_second);
    }
    let used = since(before, &world);
    world.agree_within_ms(60_000);

    let node = world.peer(0).nodes().next().expect("it hosts one");
    let log = node.history().beyond(&seen, usize::MAX);
    let alone = log.updates().map(|update| Delta::from_iter([update.clone()]).to_bytes().len());
    let least = alone.sum::<usize>() as f64 / log.len() as f64 * (peers - 1) as f64;
    let beyond =
        |kind: usize| used[kind].saturating_sub(idle[kind]) as f64 / (SECONDS * a_second) as f64;
    let all: f64 = (0..idle.len()).map(beyond).sum();
    println!(
        "{peers:5} {a_second:6} {:9} {all:5.0} {least:6.0} {:6.1} {:17.0} {:8.0}",
        idle.iter().sum::<u64>() / SECONDS,
        all / least,
        beyond(MESSAGES),
        beyond(REPORTS),
    );
}

/// What has been sent since, by the kind of frame.
fn since(before: [u64; 16], world: &World) -> [u64; 16] {
    std::array::from_fn(|kind| world.sent_by_kind[kind] - before[kind])
}
