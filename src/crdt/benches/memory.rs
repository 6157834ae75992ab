//! What a state of 10,000 claims holds in memory, and how long it is as a message: the bytes that
//! either frees when it is dropped, which stand at `dealloc`.
//!
//! ```sh
//! cargo bench -p scalesmall-crdt --bench memory
//! ```

mod histories;

use divan::{AllocProfiler, Bencher};
use scalesmall_crdt::{ClaimMap, Delta, Ownership, ReplicaId};

use histories::{Actor, History};

const CLAIMS: u32 = 10_000;
/// By each of the writers of a claim.
const INCREASES: [usize; 3] = [1, 4, 8];

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

fn main() {
    histories::check();
    divan::main();
}

fn measure<T>(bencher: Bencher, state: impl FnMut() -> T) {
    bencher.with_inputs(state).bench_local_values(drop);
}

fn folded(increases: usize) -> ClaimMap {
    let mut map = History::new(CLAIMS).claim_map(increases);
    let cut = map.context().clone();
    assert_eq!(map.fold(&cut), CLAIMS as usize * histories::WRITERS_OF_A_CLAIM * (increases - 1));
    map
}

#[divan::bench(sample_size = 1, sample_count = 1, args = INCREASES)]
fn scalesmall_before_folding(bencher: Bencher, increases: usize) {
    measure(bencher, || History::new(CLAIMS).claim_map(increases));
}

#[divan::bench(sample_size = 1, sample_count = 1, args = INCREASES)]
fn scalesmall_folded(bencher: Bencher, increases: usize) {
    measure(bencher, || folded(increases));
}

/// The part of the above that is for ownership.
#[divan::bench(sample_size = 1, sample_count = 1)]
fn scalesmall_ownership_alone(bencher: Bencher) {
    let map = History::new(CLAIMS).claim_map(1);
    let claims: Vec<_> = map.claims().collect();
    measure(bencher, || Ownership::of(claims.iter().map(|(claim, priority)| (claim, *priority))));
}

#[divan::bench(sample_size = 1, sample_count = 1)]
fn scalesmall_folded_as_a_message(bencher: Bencher) {
    measure(bencher, || folded(4).to_bytes().into_boxed_slice());
}

#[divan::bench(sample_size = 1, sample_count = 1)]
fn scalesmall_before_folding_as_a_message(bencher: Bencher) {
    measure(bencher, || History::new(CLAIMS).claim_map(4).to_bytes().into_boxed_slice());
}

/// One operation, by a replica that has issued some 6,000, to anybody.
#[divan::bench(sample_size = 1, sample_count = 1)]
fn scalesmall_increase_as_a_message(bencher: Bencher) {
    let mut history = History::new(CLAIMS);
    history.claim_map(4);
    let delta = || Delta::from(history.advance().update()).to_bytes().into_boxed_slice();
    measure(bencher, delta);
}

/// The same to somebody who has seen all that went before.
#[divan::bench(sample_size = 1, sample_count = 1)]
fn scalesmall_increase_as_a_message_to_who_knows_the_claim(bencher: Bencher) {
    let mut history = History::new(CLAIMS);
    let map = history.claim_map(4);
    let delta = || {
        let delta = Delta::from(history.advance().update());
        delta.to_bytes_for(map.context(), &map).into_boxed_slice()
    };
    measure(bencher, delta);
}

#[divan::bench(sample_size = 1, sample_count = 1, types = [u32, ReplicaId], args = INCREASES)]
fn crdts<A: Actor>(bencher: Bencher, increases: usize) {
    measure(bencher, || History::new(CLAIMS).counter_map::<A>(increases));
}
