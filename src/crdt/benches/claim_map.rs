//! What a change costs, beside the same change in `crdts`, which keeps no ownership.
//!
//! ```sh
//! cargo bench -p scalesmall-crdt --bench claim_map
//! ```
//!
//! What is measured is a state that has become steady: whoever raises a claim has raised it before,
//! and what that leaves to be folded is folded between two samples, outside the measurement. So
//! neither state grows.

mod histories;

use core::cell::RefCell;

use divan::{Bencher, black_box};
use scalesmall_crdt::{ClaimMap, Delta, ReplicaId};

use histories::{Actor, History, Increase};

fn main() {
    histories::check();
    divan::main();
}

fn fold(map: &mut ClaimMap) -> usize {
    let cut = map.context().clone();
    map.fold(&cut)
}

/// One increase, as the replica that issues it sees it.
mod increase {
    use crdts::CmRDT;

    use super::*;

    const CLAIMS: u32 = 10_000;
    const IN_A_SAMPLE: u32 = 250;

    /// The increases by one of the replicas; those of a sample are of different claims.
    fn increases(mut history: History) -> impl Iterator<Item = Increase> {
        core::iter::repeat_with(move || history.advance()).filter(|increase| increase.number == 0)
    }

    #[divan::bench(sample_size = IN_A_SAMPLE, sample_count = 400)]
    fn scalesmall(bencher: Bencher) {
        let mut history = History::new(CLAIMS);
        let map = RefCell::new(history.claim_map(1));
        let mut increases = increases(history);
        let input = || {
            fold(&mut map.borrow_mut());
            let increase = increases.next().unwrap();
            (increase.replica.clone(), increase.operation())
        };
        bencher.with_inputs(input).bench_local_values(|(replica, operation)| {
            map.borrow_mut().issue(&replica, operation).unwrap()
        });
    }

    /// With the context that the operation is derived from, and a copy of it to send.
    #[divan::bench(sample_size = IN_A_SAMPLE, sample_count = 400, types = [u32, ReplicaId])]
    fn crdts_derive_and_apply<A: Actor>(bencher: Bencher) {
        let mut history = History::new(CLAIMS);
        let mut map = history.counter_map::<A>(1);
        let mut increases = increases(history);
        let input = || {
            let increase = increases.next().unwrap();
            (
                A::of(&increase.replica, increase.number),
                increase.claim,
                u64::from(increase.by.get()),
            )
        };
        bencher.with_inputs(input).bench_local_values(|(actor, claim, by)| {
            let context = map.read_ctx().derive_add_ctx(actor);
            let op = map
                .update(claim, context, |counter, context| counter.inc_many(context.dot.actor, by));
            map.apply(op.clone());
            op
        });
    }

    /// An operation that is already there.
    #[divan::bench(sample_size = IN_A_SAMPLE, sample_count = 400, types = [u32, ReplicaId])]
    fn crdts_apply<A: Actor>(bencher: Bencher) {
        let mut history = History::new(CLAIMS);
        let map = RefCell::new(history.counter_map::<A>(1));
        let mut increases = increases(history);
        let input = || increases.next().unwrap().op();
        bencher.with_inputs(input).bench_local_values(|op| map.borrow_mut().apply(op));
    }
}

/// 50 operations at as many claims, by their writers.
mod join_of_50 {
    use crdts::CmRDT;

    use super::*;

    const CLAIMS: [u32; 4] = [1_000, 10_000, 100_000, 1_000_000];
    const OPERATIONS: usize = 50;

    #[divan::bench(sample_size = 1, sample_count = 400, args = CLAIMS)]
    fn scalesmall(bencher: Bencher, claims: u32) {
        let mut history = History::new(claims);
        let map = RefCell::new(history.claim_map(1));
        let input = || {
            fold(&mut map.borrow_mut());
            let updates = core::iter::repeat_with(|| history.advance().update().into());
            updates.take(OPERATIONS).collect::<Delta>()
        };
        bencher.with_inputs(input).bench_local_refs(|delta| map.borrow_mut().join(delta));
    }

    #[divan::bench(sample_size = 1, sample_count = 400, types = [u32, ReplicaId], args = CLAIMS)]
    fn crdts<A: Actor>(bencher: Bencher, claims: u32) {
        let mut history = History::new(claims);
        let map = RefCell::new(history.counter_map::<A>(1));
        let input = || {
            let ops = core::iter::repeat_with(|| history.advance().op());
            ops.take(OPERATIONS).collect::<Vec<_>>()
        };
        bencher.with_inputs(input).bench_local_values(|ops| {
            let mut map = map.borrow_mut();
            ops.into_iter().for_each(|op| map.apply(op));
        });
    }
}

/// The state of another replica that has seen the same.
mod merge_of_a_known_state {
    use crdts::CvRDT;

    use super::*;

    #[divan::bench(sample_size = 1_000, args = [10_000])]
    fn scalesmall(bencher: Bencher, claims: u32) {
        let mut map = History::new(claims).claim_map(1);
        let other = map.clone();
        bencher.bench_local(|| map.merge(black_box(&other)));
    }

    /// The other state is consumed.
    #[divan::bench(sample_size = 1, sample_count = 100, types = [u32, ReplicaId], args = [10_000])]
    fn crdts<A: Actor>(bencher: Bencher, claims: u32) {
        let mut map = History::new(claims).counter_map::<A>(1);
        let other = map.clone();
        bencher.with_inputs(|| other.clone()).bench_local_values(|other| map.merge(other));
    }
}

/// The state of another replica that is 50 operations ahead.
mod merge_of_a_newer_state {
    use crdts::{CmRDT, CvRDT};

    use super::*;

    const OPERATIONS: usize = 50;

    #[divan::bench(sample_size = 1, sample_count = 100, args = [10_000])]
    fn scalesmall(bencher: Bencher, claims: u32) {
        let mut history = History::new(claims);
        let known = history.claim_map(1);
        let mut other = known.clone();
        for _ in 0..OPERATIONS {
            other.join(&Delta::from(history.advance().update()));
        }
        bencher.with_inputs(|| known.clone()).bench_local_refs(|map| map.merge(&other));
    }

    /// The other state is consumed.
    #[divan::bench(sample_size = 1, sample_count = 100, types = [u32, ReplicaId], args = [10_000])]
    fn crdts<A: Actor>(bencher: Bencher, claims: u32) {
        let mut history = History::new(claims);
        let known = history.counter_map::<A>(1);
        let mut other = known.clone();
        (0..OPERATIONS).for_each(|_| other.apply(history.advance().op()));
        let inputs = || (known.clone(), other.clone());
        bencher.with_inputs(inputs).bench_local_values(|(mut map, other)| {
            map.merge(other);
            map
        });
    }
}

/// 10,000 claims, each with so many increases by each of its 10 writers, to one for each of these.
#[divan::bench(sample_size = 1, sample_count = 10, args = [2, 4, 8])]
fn fold_of_10_000_claims(bencher: Bencher, increases: usize) {
    let map = || History::new(10_000).claim_map(increases);
    bencher.with_inputs(map).bench_local_refs(fold);
}
