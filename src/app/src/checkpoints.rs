//! Copies of a run on its way, so that going anywhere does not mean to begin at the beginning.

use std::sync::Arc;

use scalesmall_sim::{Scenario, SimTime, Simulation};

/// How many events lie between two checkpoints at first: a few milliseconds of work.
const EVENTS_BETWEEN: u64 = 1_000;
/// The most checkpoints.
const CHECKPOINTS_MAX: usize = 64;
/// The most operations that the logs of all checkpoints together hold, as a measure of their size:
/// some hundred bytes each.
const OPERATIONS_MAX: usize = 1_000_000;

/// Checkpoints of one run, by time. Where there are too many, every other one is dropped, and they
/// are taken half as often from then on.
pub(crate) struct Checkpoints {
    taken: Vec<Checkpoint>,
    events_between: u64,
    events_since: u64,
    operations_max: usize,
}

struct Checkpoint {
    simulation: Simulation,
    operations: usize,
}

impl Checkpoints {
    pub(crate) fn new() -> Self {
        Self {
            taken: Vec::new(),
            events_between: EVENTS_BETWEEN,
            events_since: 0,
            operations_max: OPERATIONS_MAX,
        }
    }

    /// How many there are.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.taken.len()
    }

    /// Leaves room for the checkpoints of other runs, so many in all.
    pub(crate) fn share_memory(&mut self, runs: usize) {
        self.operations_max = OPERATIONS_MAX / runs.max(1);
    }

    /// Notes that the run has gone on by one event, and takes a checkpoint where one is due.
    pub(crate) fn follow(&mut self, simulation: &Simulation) {
        if self.latest().is_some_and(|latest| simulation.now() <= latest) {
            // What is played again counts from where it is new.
            self.events_since = 0;
            return;
        }
        self.events_since += 1;
        if self.events_since < self.events_between {
            return;
        }
        self.events_since = 0;
        let logs = simulation.replicas().iter().map(|replica| replica.node().history().len());
        let operations = logs.sum();
        if operations > self.operations_max / 4 {
            // A run so heavy is begun anew.
            return;
        }
        self.taken.push(Checkpoint { simulation: simulation.clone(), operations });
        while self.taken.len() > CHECKPOINTS_MAX || self.operations() > self.operations_max {
            let mut index = 0;
            self.taken.retain(|_| {
                index += 1;
                index % 2 == 0
            });
            self.events_between *= 2;
        }
    }

    /// The run as it was at `time` or at the latest checkpoint before, to go on by `scenario`: the
    /// same one, or another with the same past.
    pub(crate) fn before(&self, time: SimTime, scenario: &Arc<Scenario>) -> Option<Simulation> {
        let before = self.taken.iter().rev().map(|checkpoint| &checkpoint.simulation);
        let mut before = before.filter(|simulation| simulation.now() <= time);
        before.find_map(|simulation| simulation.fork(Arc::clone(scenario)))
    }

    /// When the latest checkpoint at `time` or before it was taken.
    pub(crate) fn latest_by(&self, time: SimTime) -> Option<SimTime> {
        let mut times = self.taken.iter().rev().map(|checkpoint| checkpoint.simulation.now());
        times.find(|&at| at <= time)
    }

    /// Forgets what comes after a time: the run goes on differently.
    pub(crate) fn forget_after(&mut self, time: SimTime) {
        self.taken.retain(|checkpoint| checkpoint.simulation.now() <= time);
        self.events_since = 0;
    }

    fn latest(&self) -> Option<SimTime> {
        self.taken.last().map(|checkpoint| checkpoint.simulation.now())
    }

    fn operations(&self) -> usize {
        self.taken.iter().map(|checkpoint| checkpoint.operations).sum()
    }
}
