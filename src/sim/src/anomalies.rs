//! What is there against what people meant.

use std::collections::{BTreeMap, BTreeSet};

use scalesmall_crdt::{Claim, Fingerprint, Replicated, VersionVector};

use crate::Simulation;
use crate::intentions::Intentions;

/// How often a run is not what people meant, all operations taken together, delivered or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Anomalies {
    /// Claims that are there, or with a higher priority, although whoever released or decreased
    /// them knew of all that was to add to them. Nothing where the data type has lists, which say
    /// nothing of claims.
    pub resurrected: Option<usize>,
    /// Claims that are not there, or with a lower priority, although nobody who knew of them took
    /// that back. Nothing where the data type has lists.
    pub lost: Option<usize>,
    /// How many different states there are, beyond one, among live replicas that have seen the
    /// same. Nothing will ever bring these together.
    pub split: usize,
}

impl Anomalies {
    pub(crate) fn of(simulation: &Simulation, meant: &Intentions) -> Self {
        let truth = simulation.truth();
        let compared = truth.data_type().converges().then(|| compared(truth, meant));
        let live = simulation.replicas().iter().filter(|replica| replica.is_live());
        let mut shown: BTreeMap<Vec<_>, BTreeSet<Fingerprint>> = BTreeMap::new();
        for replica in live.map(|replica| replica.claims()) {
            shown.entry(written(replica.context())).or_default().insert(replica.fingerprint());
        }
        Self {
            resurrected: compared.map(|(resurrected, _)| resurrected),
            lost: compared.map(|(_, lost)| lost),
            split: shown.values().map(|states| states.len() - 1).sum(),
        }
    }
}

/// How many claims there are too much of, and too little. O(n log n).
fn compared(truth: &dyn Replicated, meant: &Intentions) -> (usize, usize) {
    let there: BTreeMap<Claim, u64> = truth.claims().collect();
    let mut meant: BTreeMap<&Claim, u64> = meant.claims().collect();
    let (mut resurrected, mut lost) = (0, 0);
    for (claim, priority) in &there {
        match meant.remove(claim) {
            Some(meant) if *priority < meant => lost += 1,
            Some(meant) if *priority == meant => {}
            _ => resurrected += 1,
        }
    }
    (resurrected, lost + meant.len())
}

/// A context as something that has an order.
fn written(context: &VersionVector) -> Vec<(scalesmall_crdt::ReplicaId, u64)> {
    context.iter().map(|(replica, counter)| (replica.clone(), counter)).collect()
}
