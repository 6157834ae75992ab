//! A run put on record as it is played.

use scalesmall_crdt::{DataType, VersionVector};
use scalesmall_node::{Observation, SimTime};

use crate::record::{OperationRecord, Record};

/// What has happened and has not been taken yet, and what each replica has seen: a node can issue
/// several operations while it handles one event, each of which has seen those before it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recording {
    data_type: DataType,
    records: Vec<Record>,
    seen: Vec<VersionVector>,
}

impl Recording {
    /// Nothing has happened yet to replicas of this type.
    pub(crate) fn new(data_type: DataType) -> Self {
        Self { data_type, ..Self::default() }
    }

    pub(crate) fn push(&mut self, record: Record) {
        self.records.push(record);
    }

    pub(crate) fn take(&mut self) -> Vec<Record> {
        std::mem::take(&mut self.records)
    }

    /// A replica begins without a state.
    pub(crate) fn begin(&mut self, replica: usize) {
        self.seen.resize(self.seen.len().max(replica + 1), VersionVector::new());
        self.seen[replica] = VersionVector::new();
    }

    pub(crate) fn follow(&mut self, now: SimTime, replica: usize, observation: &Observation) {
        match observation {
            Observation::Issued(update) => {
                let seen = &mut self.seen[replica];
                let record = OperationRecord::of(now, self.data_type, update, seen.clone());
                seen.raise(&update.dot.replica, update.dot.counter);
                self.records.push(Record::Operation(record));
            }
            Observation::Applied(update) => {
                self.seen[replica].raise(&update.dot.replica, update.dot.counter);
            }
            Observation::Merged(id, counters) => self.seen[replica].raise(id, *counters.end()),
            Observation::BegunAnew(_) => self.begin(replica),
            _ => {}
        }
    }
}
