//! A run written down as it is played, line by line, in one of several formats.
//!
//! ```
//! use scalesmall_sim::transcript::{Format, Transcriber};
//! use scalesmall_sim::{Scenario, builtin};
//!
//! let scenario = Scenario::parse(builtin::text("add-wins").expect("it comes with the program"))?;
//! let mut transcriber = Transcriber::new(scenario, &[Format::METRICS]);
//! let mut table = String::new();
//! while transcriber.step(&mut |_, text| table += text) {}
//! assert!(table.starts_with("at_ms,distinct,"));
//! # Ok::<(), scalesmall_sim::ScenarioError>(())
//! ```

mod metrics_table;
mod trace_events;

use std::sync::Arc;

use crate::record::Record;
use crate::shiviz::{self, Event, Events, ShiViz};
use crate::{Scenario, Simulation};

use metrics_table::MetricsTable;
use trace_events::TraceEvents;

/// How a run is written down. A program has no code for those that it does not name.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// What the names of such files end in.
    pub extension: &'static str,
    /// What closes a text in this format, wherever it ends.
    pub closing: &'static str,
    needs: Needs,
    writer: fn() -> Box<dyn Writer>,
}

/// What has to be kept of a run for it to be written down, each with what those before it need.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Needs {
    Nothing,
    Records,
    Events,
}

impl Format {
    /// Every operation and what the replicas show in the end, one JSON object a line: what
    /// [`Checker`](crate::Checker) reads.
    pub const HISTORY: Self = Self {
        extension: "history.jsonl",
        closing: "",
        needs: Needs::Records,
        writer: || Box::new(History),
    };
    /// What each node handled and when, as an array in the trace event format.
    pub const TRACE: Self = Self {
        extension: "trace.json",
        closing: "]\n",
        needs: Needs::Nothing,
        writer: || Box::new(TraceEvents),
    };
    /// What the run has cost so far, round by round, as comma-separated values.
    pub const METRICS: Self = Self {
        extension: "metrics.csv",
        closing: "",
        needs: Needs::Nothing,
        writer: || Box::new(MetricsTable::default()),
    };
    /// What could have caused what, as a log for ShiViz.
    pub const SHIVIZ: Self = Self {
        extension: "shiviz.log",
        closing: "",
        needs: Needs::Events,
        writer: || Box::new(ShiViz::default()),
    };
    /// All of them.
    pub const ALL: [Self; 4] = [Self::HISTORY, Self::TRACE, Self::METRICS, Self::SHIVIZ];
}

/// What has happened since the moment before.
struct Moment<'a> {
    simulation: &'a Simulation,
    records: &'a [Record],
    events: &'a [Event],
}

/// Appends whole lines to a text.
trait Writer {
    /// What stands before all else, at time 0.
    fn begin(&mut self, _simulation: &Simulation, _text: &mut String) {}

    fn follow(&mut self, moment: &Moment<'_>, text: &mut String);

    /// What is to be said of the end.
    fn finish(&mut self, _simulation: &Simulation, _text: &mut String) {}
}

/// A run that is played in order to be written down.
pub struct Transcriber {
    simulation: Simulation,
    /// What was put on record by the latest step.
    records: Vec<Record>,
    events: Events,
    writers: Vec<(Format, Box<dyn Writer>)>,
    has_begun: bool,
    text: String,
}

impl Transcriber {
    /// The run of `scenario` at time 0, to be written down in these formats. With none it is
    /// played, and nothing is put on record.
    #[must_use]
    pub fn new(scenario: impl Into<Arc<Scenario>>, formats: &[Format]) -> Self {
        Self::with_needs(scenario, formats, Needs::Nothing)
    }

    /// The same, with [`records`](Self::records) whatever the formats.
    #[must_use]
    pub fn recorded(scenario: impl Into<Arc<Scenario>>, formats: &[Format]) -> Self {
        Self::with_needs(scenario, formats, Needs::Records)
    }

    fn with_needs(scenario: impl Into<Arc<Scenario>>, formats: &[Format], least: Needs) -> Self {
        let needs = formats.iter().map(|format| format.needs).fold(least, Needs::max);
        let simulation = match needs {
            Needs::Nothing => Simulation::new(scenario),
            Needs::Records => Simulation::recorded(scenario),
            Needs::Events => Simulation::recorded_with_traffic(scenario),
        };
        let writers = formats.iter().map(|&format| (format, (format.writer)())).collect();
        Self {
            simulation,
            records: Vec::new(),
            events: Events::default(),
            writers,
            has_begun: false,
            text: String::new(),
        }
    }

    /// The run, as far as it has come.
    #[must_use]
    pub fn simulation(&self) -> &Simulation {
        &self.simulation
    }

    /// What the latest step has put on record, if anything is.
    #[must_use]
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// Plays the next step and writes it down; the first time, what there is before the first step.
    /// `write` is given the index of a format among those that were asked for, and what is to be
    /// appended to its text. False once the run has ended and all is written.
    pub fn step(&mut self, write: &mut dyn FnMut(usize, &str)) -> bool {
        let has_ended = self.has_begun && !self.simulation.step();
        self.records = self.simulation.take_records();
        let (_, passages) = self.simulation.take_traffic();
        let event = |(at, passage)| self.events.of(&self.simulation, at, passage);
        let events: Vec<Event> = passages.into_iter().filter_map(event).collect();
        let moment =
            Moment { simulation: &self.simulation, records: &self.records, events: &events };
        for (index, (format, writer)) in self.writers.iter_mut().enumerate() {
            if !self.has_begun {
                writer.begin(moment.simulation, &mut self.text);
            }
            if has_ended {
                writer.finish(moment.simulation, &mut self.text);
                self.text += format.closing;
            } else {
                writer.follow(&moment, &mut self.text);
            }
            if !self.text.is_empty() {
                write(index, &self.text);
                self.text.clear();
            }
        }
        self.has_begun = true;
        !has_ended
    }
}

/// The records as they are, and in the end what every replica shows.
struct History;

impl Writer for History {
    fn follow(&mut self, moment: &Moment<'_>, text: &mut String) {
        moment.records.iter().for_each(|record| push_record(record, text));
    }

    fn finish(&mut self, simulation: &Simulation, text: &mut String) {
        for replica in 0..simulation.replicas().len() {
            push_record(&simulation.state_record(replica), text);
        }
    }
}

fn push_record(record: &Record, text: &mut String) {
    text.push_str(&record.to_json());
    text.push('\n');
}

impl Writer for ShiViz {
    fn begin(&mut self, simulation: &Simulation, text: &mut String) {
        *self = Self::new(simulation.scenario().replicas.iter().map(|name| name.as_str()));
        text.push_str(shiviz::HEAD);
    }

    fn follow(&mut self, moment: &Moment<'_>, text: &mut String) {
        moment.events.iter().for_each(|event| text.push_str(&self.entry(event)));
    }
}
