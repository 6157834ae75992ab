//! A run that is played to see how it ends.

use std::collections::BTreeMap;
use std::sync::Arc;

use scalesmall_crdt::{Claim, Operation};

use crate::record::{OperationRecord, Record, StateRecord};
use crate::{Checker, Scenario, Simulation};

/// A run, and what has been noted of it.
#[derive(Clone, Debug)]
pub(super) struct Trial {
    simulation: Box<Simulation>,
    events: u64,
    /// Of each claim, whether the latest operation on it left it live.
    latest: BTreeMap<Claim, bool>,
    /// What has happened, where that is to be held against the semantics.
    records: Option<Vec<Record>>,
}

impl Trial {
    pub(super) fn new(scenario: impl Into<Arc<Scenario>>, is_checked: bool) -> Self {
        let simulation = Box::new(Simulation::recorded(scenario));
        let records = is_checked.then(Vec::new);
        let mut trial = Self { simulation, events: 0, latest: BTreeMap::new(), records };
        trial.note();
        trial
    }

    pub(super) fn simulation(&self) -> &Simulation {
        &self.simulation
    }

    /// How many events there have been.
    pub(super) fn events(&self) -> u64 {
        self.events
    }

    /// Plays one event. False once the run has ended.
    pub(super) fn step(&mut self) -> bool {
        let goes_on = self.simulation.step();
        self.events += u64::from(goes_on);
        self.note();
        goes_on
    }

    fn note(&mut self) {
        for record in self.simulation.take_records() {
            if let Record::Operation(record) = &record {
                self.note_operation(record);
            }
            if let Some(records) = &mut self.records {
                records.push(record);
            }
        }
    }

    fn note_operation(&mut self, record: &OperationRecord) {
        let left_live = match &record.operation {
            Operation::Register { .. } | Operation::Increase { .. } => true,
            // One that comes to 0 cancels what there was.
            Operation::Decrease { .. } => {
                record.cancels.is_empty() && record.cancels_up_to.is_empty()
            }
            Operation::Release { .. } | Operation::Tighten { .. } => false,
            Operation::Promote { .. } | Operation::Demote { .. } => true,
            Operation::Split { .. } => return,
        };
        self.latest.insert(record.operation.claim().clone(), left_live);
        if let Some(narrower) = record.operation.tightened() {
            self.latest.insert(narrower, true);
        }
    }

    /// The claims that the latest operation on them left live.
    pub(super) fn left_live(&self) -> impl Iterator<Item = &Claim> {
        self.latest.iter().filter(|&(_, &left_live)| left_live).map(|(claim, _)| claim)
    }

    /// The claims that the latest operation on them ended.
    pub(super) fn ended(&self) -> impl Iterator<Item = &Claim> {
        self.latest.iter().filter(|&(_, &left_live)| !left_live).map(|(claim, _)| claim)
    }

    /// Whether what has happened, or what a replica shows now, breaks the semantics. Where something
    /// came from elsewhere, nobody can tell.
    ///
    /// # Panics
    ///
    /// If the run was not to be checked.
    pub(super) fn breaks_semantics(&self) -> bool {
        let records = self.records.as_ref().expect("the run was to be checked");
        let scenario = self.simulation.scenario();
        if Checker::can_check(scenario.data_type).is_err() || !scenario.is_self_contained() {
            // There are none that it could break, or none that could be told.
            return false;
        }
        let mut checker = Checker::new();
        if records.iter().any(|record| checker.check(record).is_err()) {
            return true;
        }
        // Most replicas show the same, and to check that is slow.
        let mut sound: Vec<StateRecord> = Vec::new();
        for replica in 0..self.simulation.replicas().len() {
            let record = self.simulation.state_record(replica);
            let Record::State(state) = &record else { unreachable!("it is what a replica shows") };
            if sound.iter().any(|it| it.seen == state.seen && it.claims == state.claims) {
                continue;
            }
            if checker.check(&record).is_err() {
                return true;
            }
            sound.push(state.clone());
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn ended() -> Trial {
        let scenario = Scenario::parse(crate::builtin::ADD_WINS).unwrap();
        let mut trial = Trial::new(scenario, true);
        while trial.step() {}
        trial
    }

    #[test]
    fn what_nodes_do_is_within_the_semantics() {
        assert!(!ended().breaks_semantics());
    }

    #[test]
    fn an_operation_that_cancels_what_is_not_there_breaks_them() {
        let mut trial = ended();
        for record in trial.records.iter_mut().flatten() {
            let Record::Operation(record) = record else { continue };
            record.cancels.push(record.dot.clone());
        }
        assert!(trial.breaks_semantics());
    }

    #[test]
    fn a_replica_that_shows_what_does_not_follow_breaks_them() {
        let mut trial = ended();
        let mut has_changed = false;
        for record in trial.records.iter_mut().flatten() {
            let Record::Operation(record) = record else { continue };
            if let Operation::Increase { by, .. } = &mut record.operation {
                *by = by.saturating_add(1);
                has_changed = true;
            }
        }
        assert!(has_changed && trial.breaks_semantics());
    }
}
