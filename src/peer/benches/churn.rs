//! What a peer holds in memory that has been in a room for as long as an hour, while all others come
//! and go: the bytes that it frees when it is dropped, which stand at `dealloc`.
//!
//! ```sh
//! cargo bench -p scalesmall-peer --bench churn
//! ```

use divan::{AllocProfiler, Bencher};
use scalesmall_peer::Peer;

#[path = "../tests/room/churn.rs"]
mod churn;
#[allow(dead_code)]
#[path = "../tests/room/world.rs"]
mod world;

use churn::Churn;

/// How many are there at a time, with how many nodes each.
const PEERS: usize = 6;
const NODES: usize = 2;

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

/// The peer that has been there for so many minutes.
#[divan::bench(sample_size = 1, sample_count = 1, args = [5, 10, 20, 40, 60])]
fn a_peer_after_minutes(bencher: Bencher, minutes: u64) {
    let peer = || -> Peer {
        let mut churn = Churn::new(1, PEERS, NODES);
        churn.pass_minutes(minutes);
        churn.world.agree_within_ms(60_000);
        churn.world.peers[0].take().expect("the first one stays")
    };
    bencher.with_inputs(peer).bench_local_values(drop);
}
