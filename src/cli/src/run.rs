//! `scalesmall run`.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use scalesmall_crdt::Fingerprint;
use scalesmall_sim::transcript::{Format, Transcriber};
use scalesmall_sim::{Checker, Outcome, Record, Simulation};

use crate::input;
use crate::output::{self, Lines, Progress};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The scenario file; - reads standard input.
    file: PathBuf,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
    /// Use this seed in place of the file's.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Write every operation and what the replicas show in the end, one JSON object a line, for
    /// `scalesmall check`.
    #[arg(long, value_name = "OUT.jsonl")]
    history: Option<PathBuf>,
    /// Write what each node handled and when, as an array in the trace event format: a process of
    /// which each node is a thread.
    #[arg(long, value_name = "OUT.json")]
    trace: Option<PathBuf>,
    /// Write what the run has cost so far, round by round, as comma-separated values.
    #[arg(long, value_name = "OUT.csv")]
    csv: Option<PathBuf>,
    /// Write what each node did and what of it could have caused what, with vector clocks, as a log
    /// for ShiViz.
    #[arg(long, value_name = "OUT.log")]
    shiviz: Option<PathBuf>,
    /// Hold every replica against the semantics after every event; stops at the first that breaks
    /// them. Slow: for small scenarios.
    #[arg(long)]
    check: bool,
}

/// Runs the scenario and prints the result; an error is a message for people.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, String> {
    let mut scenario = input::scenario(&arguments.file)?;
    scenario.seed = arguments.seed.unwrap_or(scenario.seed);
    if arguments.check {
        let name = input::name(&arguments.file);
        if !scenario.is_self_contained() {
            return Err(format!("{name}: what comes from elsewhere (`receive`) cannot be checked"));
        }
        Checker::can_check(scenario.data_type).map_err(|reason| format!("{name}: {reason}"))?;
    }
    let must_converge = scenario.until.converged;
    let mut written = arguments.written()?;
    let formats: Vec<Format> = written.iter().map(|&(format, _)| format).collect();
    let mut transcriber = match arguments.check {
        true => Transcriber::recorded(scenario, &formats),
        false => Transcriber::new(scenario, &formats),
    };
    let mut check = arguments.check.then(Check::new);
    let mut progress = Progress::new();
    loop {
        let mut result = Ok(());
        let goes_on = transcriber.step(&mut |index, text| {
            if result.is_ok() {
                result = written[index].1.text(text);
            }
        });
        result?;
        let simulation = transcriber.simulation();
        if let Some(check) = &mut check {
            transcriber.records().iter().for_each(|record| check.record(record));
            check.replicas(simulation);
            if let Some(broken) = &check.broken {
                drop(progress);
                output::print(&format!("{}: {broken}\n", simulation.now()))?;
                return Ok(ExitCode::from(1));
            }
        }
        progress.show(|| {
            let (now, distinct) = (simulation.now(), simulation.distinct());
            format!("{now} simulated, {distinct} different views")
        });
        if !goes_on {
            break;
        }
    }
    drop(progress);
    written.into_iter().try_for_each(|(_, file)| file.finish())?;

    let simulation = transcriber.simulation();
    let outcome = Outcome::of(simulation);
    output::print(&match arguments.json {
        true => serde_json::to_string(&outcome).expect("an outcome is plain data") + "\n",
        false => table(simulation, &outcome),
    })?;
    Ok(ExitCode::from(u8::from(must_converge && !outcome.converged)))
}

impl Arguments {
    /// What the run is written to, and how.
    fn written(&self) -> Result<Vec<(Format, Lines<'_>)>, String> {
        let files = [
            (Format::HISTORY, &self.history),
            (Format::TRACE, &self.trace),
            (Format::METRICS, &self.csv),
            (Format::SHIVIZ, &self.shiviz),
        ];
        let wanted = files.into_iter().filter_map(|(format, path)| Some((format, path.as_ref()?)));
        wanted.map(|(format, path)| Ok((format, Lines::create(path)?))).collect()
    }
}

/// The semantics, and what has been held against them already.
struct Check {
    checker: Checker,
    /// By replica: the fingerprint of what was checked last.
    checked: Vec<Option<Fingerprint>>,
    /// The first thing that breaks them.
    broken: Option<String>,
}

impl Check {
    fn new() -> Self {
        Self { checker: Checker::new(), checked: Vec::new(), broken: None }
    }

    fn record(&mut self, record: &Record) {
        let broken = self.checker.check(record).err();
        self.broken = self.broken.take().or(broken);
    }

    fn replicas(&mut self, simulation: &Simulation) {
        // Some join in the course of a run.
        self.checked.resize(simulation.replicas().len(), None);
        for (index, replica) in simulation.replicas().iter().enumerate() {
            let shown = Some(replica.claims().fingerprint());
            if self.checked[index] != shown {
                self.checked[index] = shown;
                replica.node().check_invariants();
                self.record(&simulation.state_record(index));
            }
        }
    }
}

/// The result for people.
fn table(simulation: &Simulation, outcome: &Outcome) -> String {
    let mut shown = String::new();
    let mut line =
        |text: std::fmt::Arguments<'_>| writeln!(shown, "{text}").expect("a String takes all");
    let scenario = simulation.scenario();
    line(format_args!("{}", scenario.title));
    let verdict = match (outcome.converged, simulation.distinct()) {
        (true, _) => "all agree".to_owned(),
        (false, 1) => "all agree for now, and news is still on its way".to_owned(),
        (false, distinct) => format!("{distinct} different views"),
    };
    line(format_args!(
        "{} replicas, {} simulated: {verdict}\n",
        scenario.replicas.len(),
        simulation.now()
    ));

    let width = scenario
        .replicas
        .iter()
        .map(|name| name.as_str().chars().count())
        .max()
        .unwrap_or(0)
        .max(7);
    line(format_args!("{:width$}  status  fingerprint       claims  segments", "replica"));
    for name in scenario.replicas.iter() {
        let replica = &outcome.replicas[name.as_str()];
        let (claims, segments) = (replica.claims.len(), replica.segments.len());
        line(format_args!(
            "{name:width$}  {:6}  {}  {claims:6}  {segments:8}",
            replica.status, replica.fingerprint
        ));
    }

    let metrics = &outcome.metrics;
    let without_effect = simulation.metrics().operations_without_effect;
    line(format_args!(
        "\noperations         {} ({without_effect} more had no effect)",
        metrics.operations
    ));
    line(format_args!(
        "messages           {} sent, {} lost",
        metrics.messages_sent, metrics.messages_lost
    ));
    line(format_args!(
        "bytes              {} sent: {} of news, {} about who has what, {} about who is there",
        metrics.bytes_sent, metrics.payload_bytes, metrics.digest_bytes, metrics.membership_bytes
    ));
    let hundredths = (metrics.bytes_sent * 100).checked_div(metrics.payload_bytes_minimum);
    if let Some(hundredths) = hundredths {
        line(format_args!(
            "                   {}.{:02} times the {} of each operation by itself to each receiver",
            hundredths / 100,
            hundredths % 100,
            metrics.payload_bytes_minimum
        ));
    }
    line(format_args!(
        "repeated           {} operations came where they were known",
        metrics.duplicates_received
    ));
    if let Some(after_ms) = metrics.converged_after_ms {
        let rounds = metrics.rounds.unwrap_or_default();
        line(format_args!(
            "agreed after       {after_ms} ms, {rounds} rounds, from the last operation or heal"
        ));
    }
    line(format_args!("trace              {}", simulation.trace()));
    shown
}
