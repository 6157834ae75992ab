//! The same history for both libraries: which replica raised which claim by how much.
//!
//! There are 64 nodes, each of which is a replica. Each claim overlaps its neighbours, so that
//! three or four lie over each key, and 10 of the 64 replicas have raised it. They take turns: all
//! claims get their first increase, in scattered order, before any gets its second.

use core::fmt::Debug;
use core::hash::Hash;
use core::num::NonZeroU32;

use crdts::pncounter::Dir;
use crdts::{CmRDT, PNCounter};
use scalesmall_crdt::{Claim, ClaimMap, Delta, KeyRange, NodeId, Operation, ReplicaId, Update};

const REPLICAS: usize = 64;
pub(crate) const WRITERS_OF_A_CLAIM: usize = 10;

/// What `crdts` offers that comes nearest: a counter for each claim, in a map that resets what it
/// removes.
pub(crate) type CounterMap<A> = crdts::Map<Claim, PNCounter<A>, A>;
pub(crate) type CounterOp<A> = crdts::map::Op<Claim, PNCounter<A>, A>;

/// What stands for a replica in a [`CounterMap`].
pub(crate) trait Actor: Ord + Hash + Clone + Debug {
    fn of(replica: &ReplicaId, number: u32) -> Self;
}

/// The smallest and fastest that `crdts` can be given.
impl Actor for u32 {
    fn of(_: &ReplicaId, number: u32) -> Self {
        number
    }
}

/// The same that a [`ClaimMap`] has.
impl Actor for ReplicaId {
    fn of(replica: &ReplicaId, _: u32) -> Self {
        replica.clone()
    }
}

/// One operation: the `counter`-th of its replica raises a claim.
pub(crate) struct Increase {
    pub(crate) claim: Claim,
    pub(crate) by: NonZeroU32,
    pub(crate) replica: ReplicaId,
    pub(crate) number: u32,
    pub(crate) counter: u64,
    /// By how much its replica has raised the claim then.
    pub(crate) total: u64,
}

impl Increase {
    pub(crate) fn operation(&self) -> Operation {
        Operation::Increase { claim: self.claim.clone(), by: self.by }
    }

    pub(crate) fn update(&self) -> Update {
        let dot = scalesmall_crdt::Dot { replica: self.replica.clone(), counter: self.counter };
        Update {
            dot,
            operation: self.operation(),
            cancels: Vec::new(),
            tightening: None,
            payload: None,
        }
    }

    /// The same as `map.update(claim, context, |counter, context| counter.inc_many(..))` at a map
    /// that has all earlier ones of this replica; but nothing is read there, as that would bring
    /// what is measured next into the caches.
    pub(crate) fn op<A: Actor>(&self) -> CounterOp<A> {
        let actor = A::of(&self.replica, self.number);
        CounterOp::Up {
            dot: crdts::Dot::new(actor.clone(), self.counter),
            key: self.claim.clone(),
            op: crdts::pncounter::Op { dot: crdts::Dot::new(actor, self.total), dir: Dir::Pos },
        }
    }
}

/// Who raises what next.
pub(crate) struct History {
    claims: Vec<Claim>,
    replicas: Vec<ReplicaId>,
    /// By replica: how many operations it has issued.
    counters: Vec<u64>,
    turn: usize,
}

impl History {
    pub(crate) fn new(claims: u32) -> Self {
        let nodes: Vec<NodeId> =
            (0..REPLICAS).map(|index| NodeId::new(&format!("node-{index}")).unwrap()).collect();
        let keys = u32::MAX / (claims + 3);
        let claim = |index: u32| {
            let range = KeyRange::new(index * keys, index * keys + keys * 7 / 2).unwrap();
            let node = &nodes[(index / 4 * 2 + index % 2) as usize % REPLICAS];
            Claim::new(node.clone(), range)
        };
        Self {
            claims: (0..claims).map(claim).collect(),
            replicas: nodes.iter().cloned().map(ReplicaId::first).collect(),
            counters: vec![0; REPLICAS],
            turn: 0,
        }
    }

    /// The next operation: by the next of the claim's writers, at the next claim.
    pub(crate) fn advance(&mut self) -> Increase {
        // No count of claims is a multiple of 7,919.
        let claim = self.turn * 7_919 % self.claims.len();
        let writer = self.turn / self.claims.len() % WRITERS_OF_A_CLAIM;
        let before = self.turn / self.claims.len() / WRITERS_OF_A_CLAIM;
        let replica = (claim * 11 + writer * 6) % REPLICAS;
        let by = (claim + writer) as u32 % 5 + 1;
        self.turn += 1;
        self.counters[replica] += 1;
        Increase {
            claim: self.claims[claim].clone(),
            by: NonZeroU32::new(by).unwrap(),
            replica: self.replicas[replica].clone(),
            number: replica as u32,
            counter: self.counters[replica],
            total: u64::from(by) * (before as u64 + 1),
        }
    }

    /// As many operations as give each claim `increases` by each of its writers.
    fn rounds(&mut self, increases: usize) -> impl Iterator<Item = Increase> {
        let operations = self.claims.len() * WRITERS_OF_A_CLAIM * increases;
        core::iter::repeat_with(|| self.advance()).take(operations)
    }

    pub(crate) fn claim_map(&mut self, increases: usize) -> ClaimMap {
        let mut map = ClaimMap::new();
        for increase in self.rounds(increases) {
            assert_eq!(map.join(&Delta::from(increase.update())).applied.len(), 1);
        }
        map
    }

    pub(crate) fn counter_map<A: Actor>(&mut self, increases: usize) -> CounterMap<A> {
        let mut map = CounterMap::new();
        for increase in self.rounds(increases) {
            map.apply(increase.op());
        }
        map
    }
}

/// Checks that both libraries make the same of the same history.
///
/// # Panics
///
/// If a claim's priority differs.
pub(crate) fn check() {
    let ours = History::new(100).claim_map(3);
    let theirs = History::new(100).counter_map::<u32>(3);
    assert_eq!(ours.claims().count(), theirs.len().val);
    for (claim, priority) in ours.claims() {
        let counter = theirs.get(&claim).val.expect("both have the same claims");
        assert_eq!(counter.read(), priority.into(), "{claim}");
    }
}
