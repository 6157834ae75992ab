//! What it costs to follow one change, beside computing everything anew.
//!
//! ```sh
//! cargo bench -p scalesmall-crdt --bench ownership
//! ```
//!
//! Each claim overlaps its neighbours, so that three or four lie over each key; every other one of
//! those is of the same node.

use divan::{Bencher, black_box};
use scalesmall_crdt::{Claim, KeyRange, NodeId, Ownership, segments_of};

const CLAIMS: [u32; 3] = [1_000, 10_000, 100_000];
const NODES: u32 = 64;

fn main() {
    divan::main();
}

fn claims(count: u32) -> Vec<(Claim, u64)> {
    let nodes: Vec<NodeId> =
        (0..NODES).map(|index| NodeId::new(&format!("node-{index}")).unwrap()).collect();
    let keys = u32::MAX / (count + 3);
    let claim = |index: u32| {
        let range = KeyRange::new(index * keys, index * keys + keys * 7 / 2).unwrap();
        let node = nodes[((index / 4 * 2 + index % 2) % NODES) as usize].clone();
        (Claim::new(node, range), u64::from(index * 7 % 11))
    };
    (0..count).map(claim).collect()
}

fn of(claims: &[(Claim, u64)]) -> Ownership {
    Ownership::of(claims.iter().map(|(claim, priority)| (claim, *priority)))
}

/// Indices all over the place, each once in `count` turns; `count` is no multiple of 7,919.
fn scattered(count: u32) -> impl FnMut() -> usize {
    let mut index = 0;
    move || {
        index = (index + 7_919) % count;
        index as usize
    }
}

/// One claim's priority, to one that it did not have before.
#[divan::bench(args = CLAIMS, sample_size = 1_000)]
fn change_of_priority(bencher: Bencher, count: u32) {
    let claims = claims(count);
    let mut ownership = of(&claims);
    let mut next = scattered(count);
    let mut turn = 0;
    bencher.bench_local(|| {
        let (claim, priority) = &claims[next()];
        turn += 1;
        ownership.set(claim, Some(priority + turn))
    });
}

/// Two changes: one claim goes and comes back.
#[divan::bench(args = CLAIMS, sample_size = 1_000)]
fn release_and_register(bencher: Bencher, count: u32) {
    let claims = claims(count);
    let mut ownership = of(&claims);
    let mut next = scattered(count);
    bencher.bench_local(|| {
        let (claim, priority) = &claims[next()];
        (ownership.set(claim, None), ownership.set(claim, Some(*priority)))
    });
}

/// The whole key space, by a node that claims nothing else: two changes.
#[divan::bench(args = CLAIMS, sample_size = 1_000)]
fn claim_and_release_of_everything_by_a_newcomer(bencher: Bencher, count: u32) {
    let mut ownership = of(&claims(count));
    let claim = Claim::new(NodeId::new("newcomer").unwrap(), KeyRange::ALL);
    bencher.bench_local(|| (ownership.set(&claim, Some(1)), ownership.set(&claim, None)));
}

/// The whole key space, by a node with one in 64 of the other claims: two changes.
#[divan::bench(args = CLAIMS)]
fn claim_and_release_of_everything_by_a_member(bencher: Bencher, count: u32) {
    let mut ownership = of(&claims(count));
    let claim = Claim::new(NodeId::new("node-5").unwrap(), KeyRange::ALL);
    bencher.bench_local(|| (ownership.set(&claim, Some(5)), ownership.set(&claim, None)));
}

#[divan::bench(args = CLAIMS, sample_size = 1_000)]
fn owners_of_a_key(bencher: Bencher, count: u32) {
    let claims = claims(count);
    let ownership = of(&claims);
    let mut next = scattered(count);
    bencher.bench_local(|| ownership.owners(claims[next()].0.range.start()));
}

#[divan::bench(args = CLAIMS)]
fn all_segments(bencher: Bencher, count: u32) {
    let ownership = of(&claims(count));
    bencher.bench_local(|| ownership.segments().map(black_box).count());
}

/// What each change would cost without the trees.
#[divan::bench(args = CLAIMS)]
fn recompute_segments(bencher: Bencher, count: u32) {
    let claims = claims(count);
    bencher.bench_local(|| segments_of(claims.iter().map(|(claim, priority)| (claim, *priority))));
}

#[divan::bench(args = CLAIMS)]
fn build(bencher: Bencher, count: u32) {
    let claims = claims(count);
    bencher.bench_local(|| of(&claims));
}

#[divan::bench(args = CLAIMS)]
fn copy(bencher: Bencher, count: u32) {
    let ownership = of(&claims(count));
    bencher.bench_local(|| ownership.clone());
}
