//! What a run has cost so far, round by round, as comma-separated values.

use scalesmall_node::SimTime;

use super::{Moment, Writer};
use crate::{Metrics, Simulation};

/// The most rows, but for the one of the end.
const ROWS_MAX: u64 = 10_000;

const HEADINGS: &str = "at_ms,distinct,operations,operations_without_effect,messages_sent,\
    messages_lost,bytes_sent,payload_bytes,digest_bytes,membership_bytes,duplicates_received,\
    queue_maximum,payload_bytes_minimum\n";

/// Writes a row for each time between two rounds, or longer where these would be too many, and one
/// for the end. A row is what the run has come to with all that happens at its time.
#[derive(Default)]
pub(super) struct MetricsTable {
    row_us: u64,
    /// When the next row is due.
    due: SimTime,
    /// The row as it would be by now.
    row: String,
}

impl Writer for MetricsTable {
    fn begin(&mut self, simulation: &Simulation, text: &mut String) {
        let longest_us = simulation.scenario().until.max.as_us();
        self.row_us = u64::from(simulation.interval_us()).max(longest_us.div_ceil(ROWS_MAX)).max(1);
        text.push_str(HEADINGS);
        self.row = row(simulation);
    }

    fn follow(&mut self, moment: &Moment<'_>, text: &mut String) {
        self.catch_up(moment.simulation.now(), text);
        self.row = row(moment.simulation);
    }

    fn finish(&mut self, simulation: &Simulation, text: &mut String) {
        self.catch_up(simulation.now(), text);
        self.push(simulation.now(), text);
    }
}

impl MetricsTable {
    /// The rows before `now`: nothing has happened between the step before and this one.
    fn catch_up(&mut self, now: SimTime, text: &mut String) {
        while self.due < now {
            self.push(self.due, text);
            self.due = self.due + self.row_us;
        }
    }

    fn push(&self, at: SimTime, text: &mut String) {
        text.push_str(&format!("{},{}\n", at.as_ms(), self.row));
    }
}

/// A row, but for its time.
fn row(simulation: &Simulation) -> String {
    let Metrics {
        operations,
        operations_without_effect,
        messages_sent,
        messages_lost,
        bytes_sent,
        payload_bytes,
        digest_bytes,
        membership_bytes,
        duplicates_received,
        queue_maximum,
        payload_bytes_minimum,
    } = simulation.metrics();
    let distinct = simulation.distinct();
    format!(
        "{distinct},{operations},{operations_without_effect},{messages_sent},{messages_lost},\
         {bytes_sent},{payload_bytes},{digest_bytes},{membership_bytes},{duplicates_received},\
         {queue_maximum},{payload_bytes_minimum}"
    )
}
