//! How long it takes until those who are interested in an operation know of it, and until all do.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use scalesmall_crdt::{Dot, KeyRange, NodeId, ReplicaId, Update};
use scalesmall_node::{Message, SimTime};

use crate::Replica;

/// Every operation that was issued, and who has not got it yet.
#[derive(Clone, Debug, Default)]
pub(crate) struct Spreading {
    /// Each with its counter, ascending. Never listed, so its order does not matter.
    operations: HashMap<ReplicaId, Vec<(u64, Spread)>>,
    /// The keys that replicas watch, beside those that they serve.
    watched: BTreeMap<usize, Vec<KeyRange>>,
    to_interested: Mean,
    to_all: Mean,
}

#[derive(Clone, Debug)]
struct Spread {
    issued_at: SimTime,
    /// Its size as a message of its own.
    bytes: u64,
    /// Whoever serves or watches its keys and lacks it.
    interested: Vec<u32>,
    /// How many lack it.
    lacking: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Mean {
    count: u64,
    sum_us: u64,
}

impl Mean {
    fn add(&mut self, us: u64) {
        self.count += 1;
        self.sum_us += us;
    }

    fn us(self) -> Option<u64> {
        self.sum_us.checked_div(self.count)
    }
}

impl Spreading {
    /// A replica watches these keys from now on, and no others.
    pub(crate) fn watch(&mut self, replica: usize, ranges: Vec<KeyRange>) {
        self.watched.insert(replica, ranges);
    }

    /// An operation has been issued by one of the replicas.
    pub(crate) fn begin(
        &mut self,
        now: SimTime,
        issuer: usize,
        update: &Arc<Update>,
        replicas: &[Replica],
        index: impl Fn(&NodeId) -> Option<usize>,
    ) {
        let range = update.operation.claim().range;
        let claimants = replicas[issuer].claims().ownership().claimants(range);
        let serving = claimants.filter_map(index);
        let watches = |ranges: &Vec<KeyRange>| ranges.iter().any(|it| it.overlaps(range));
        let watching =
            self.watched.iter().filter(|(_, it)| watches(it)).map(|(&replica, _)| replica);
        let others = serving.chain(watching).filter(|&it| it != issuer);
        let mut interested: Vec<u32> = others.map(|it| it as u32).collect();
        interested.sort_unstable();
        interested.dedup();
        let lacking = replicas.len() as u32 - 1;
        let bytes = Message::update_len(update) as u64;
        let spread = Spread { issued_at: now, bytes, interested, lacking };
        let Dot { replica, counter } = update.dot.clone();
        self.operations.entry(replica).or_default().push((counter, spread));
    }

    /// An operation has come to a replica. Returns its size as a message of its own; 0 for one from
    /// elsewhere, which nobody in the run has sent.
    pub(crate) fn arrive(&mut self, now: SimTime, replica: usize, dot: &Dot) -> u64 {
        let spreads = self.operations.get_mut(&dot.replica);
        let Some(spreads) = spreads else { return 0 };
        let place = spreads.binary_search_by(|(counter, _)| counter.cmp(&dot.counter));
        let Ok((_, spread)) = place.map(|place| &mut spreads[place]) else { return 0 };
        let after_us = now.us_since(spread.issued_at);
        if let Some(place) = spread.interested.iter().position(|&it| it as usize == replica) {
            spread.interested.swap_remove(place);
            if spread.interested.is_empty() {
                self.to_interested.add(after_us);
            }
        }
        if spread.lacking > 0 {
            spread.lacking -= 1;
            if spread.lacking == 0 {
                self.to_all.add(after_us);
            }
        }
        spread.bytes
    }

    /// How long it took on average until all knew an operation who serve or watch its keys, in
    /// microseconds, over those operations that have come so far.
    pub(crate) fn to_interested_us(&self) -> Option<u64> {
        self.to_interested.us()
    }

    /// The same for all replicas.
    pub(crate) fn to_all_us(&self) -> Option<u64> {
        self.to_all.us()
    }
}
