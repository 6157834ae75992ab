//! `scalesmall sweep`.

use std::ops::Range;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;

use scalesmall_sim::{Outcome, Scenario, Simulation};

use crate::input;
use crate::output::{self, Lines, Progress};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The scenario file; - reads standard input.
    file: PathBuf,
    /// The seeds to run it with: from A up to, not including, B.
    #[arg(long, value_name = "A..B", value_parser = seeds)]
    seeds: Range<u64>,
    /// Write the rows as comma-separated values.
    #[arg(long, value_name = "OUT.csv")]
    csv: Option<PathBuf>,
}

fn seeds(text: &str) -> Result<Range<u64>, String> {
    let (from, to) = text.split_once("..").ok_or("two numbers with .. between them")?;
    let number = |text: &str| text.parse::<u64>().map_err(|error| format!("{text:?}: {error}"));
    let seeds = number(from)?..number(to)?;
    if seeds.is_empty() { Err("there is no seed in it".to_owned()) } else { Ok(seeds) }
}

/// What a run came to.
struct Row {
    seed: u64,
    converged: bool,
    at_ms: u64,
    after_ms: Option<u64>,
    messages: u64,
    bytes: u64,
    bytes_minimum: u64,
}

const HEADINGS: &str =
    "seed,converged,at_ms,converged_after_ms,messages_sent,bytes_sent,payload_bytes_minimum";

impl Row {
    fn of(scenario: &Arc<Scenario>, seed: u64) -> Self {
        let mut scenario = Scenario::clone(scenario);
        scenario.seed = seed;
        let mut simulation = Simulation::new(scenario);
        while simulation.step() {}
        let Outcome { converged, at_ms, metrics, .. } = Outcome::of(&simulation);
        Self {
            seed,
            converged,
            at_ms,
            after_ms: metrics.converged_after_ms,
            messages: metrics.messages_sent,
            bytes: metrics.bytes_sent,
            bytes_minimum: metrics.payload_bytes_minimum,
        }
    }

    fn to_csv(&self) -> String {
        let Self { seed, converged, at_ms, after_ms, messages, bytes, bytes_minimum } = self;
        let after_ms = after_ms.map_or_else(String::new, |ms| ms.to_string());
        format!("{seed},{converged},{at_ms},{after_ms},{messages},{bytes},{bytes_minimum}")
    }

    fn to_line(&self) -> String {
        let Self { seed, converged, at_ms, after_ms, messages, bytes, .. } = self;
        let verdict = if *converged { "yes" } else { "NO" };
        let after_ms = after_ms.map_or_else(|| "-".to_owned(), |ms| ms.to_string());
        format!("{seed:>10}  {verdict:9}  {at_ms:>9}  {after_ms:>8}  {messages:>9}  {bytes:>12}\n")
    }
}

/// Runs all seeds, on as many threads as there are processors; the rows come in their order.
pub(crate) fn sweep(arguments: &Arguments) -> Result<ExitCode, String> {
    let scenario = Arc::new(input::scenario(&arguments.file)?);
    let mut csv = arguments.csv.as_deref().map(Lines::create).transpose()?;
    if let Some(csv) = &mut csv {
        csv.line(HEADINGS)?;
    }
    let seeds = arguments.seeds.clone();
    let count = seeds.end - seeds.start;
    output::print("      seed  converged      at ms  after ms   messages         bytes\n")?;

    let mut failed = 0_u64;
    let mut progress = Progress::new();
    let next = AtomicU64::new(seeds.start);
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        // Bounded, so that no thread runs far ahead of what is written.
        let (sender, rows) = mpsc::sync_channel(2 * threads);
        for _ in 0..threads {
            let (sender, next, scenario) = (sender.clone(), &next, &scenario);
            scope.spawn(move || {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end || sender.send(Row::of(scenario, seed)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        // Those that have come before their turn.
        let mut early = std::collections::BTreeMap::new();
        let mut turn = seeds.start;
        for row in rows {
            early.insert(row.seed, row);
            while let Some(row) = early.remove(&turn) {
                turn += 1;
                failed += u64::from(!row.converged);
                if let Some(csv) = &mut csv {
                    csv.line(&row.to_csv())?;
                }
                output::print(&row.to_line())?;
            }
            progress.show(|| format!("{} of {count} seeds", turn - seeds.start));
        }
        Ok::<(), String>(())
    })?;
    drop(progress);
    if let Some(csv) = csv {
        csv.finish()?;
    }
    output::print(&format!("\n{} of {count} converged\n", count - failed))?;
    Ok(ExitCode::from(u8::from(failed > 0 && scenario.until.converged)))
}
