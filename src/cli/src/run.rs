//! `scalesmall run`.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use scalesmall_sim::limits::FILE_BYTES_MAX;
use scalesmall_sim::{Outcome, Scenario, Simulation};

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
}

/// Runs the scenario and prints the result; an error is a message for people.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, String> {
    let name = match is_stdin(&arguments.file) {
        true => "standard input".to_owned(),
        false => arguments.file.display().to_string(),
    };
    let text = read(&arguments.file).map_err(|reason| format!("{name}: {reason}"))?;
    let mut scenario = Scenario::parse(&text).map_err(|error| format!("{name}: {error}"))?;
    scenario.seed = arguments.seed.unwrap_or(scenario.seed);
    let must_converge = scenario.until.converged;

    let mut simulation = Simulation::new(scenario);
    while simulation.step() {}

    let outcome = Outcome::of(&simulation);
    let shown = match arguments.json {
        true => serde_json::to_string(&outcome).expect("an outcome is plain data") + "\n",
        false => table(&simulation, &outcome),
    };
    match io::stdout().write_all(shown.as_bytes()) {
        // Whoever reads may have read enough.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            return Err(format!("standard output: {error}"));
        }
        _ => {}
    }
    Ok(ExitCode::from(u8::from(must_converge && !outcome.converged)))
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Reads no more than a scenario may have, and one byte to tell that it has more.
fn read(path: &Path) -> Result<String, String> {
    let mut bytes = Vec::new();
    let most = FILE_BYTES_MAX as u64 + 1;
    match is_stdin(path) {
        true => io::stdin().take(most).read_to_end(&mut bytes),
        false => File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes)),
    }
    .map_err(|error| error.to_string())?;
    // Before all else: what is cut off may end in the middle of a character.
    if bytes.len() > FILE_BYTES_MAX {
        return Err(format!("the file has more than {FILE_BYTES_MAX} bytes"));
    }
    String::from_utf8(bytes)
        .map_err(|error| format!("byte {} is not UTF-8", error.utf8_error().valid_up_to() + 1))
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
        "bytes              {} sent, at least {} needed",
        metrics.bytes_sent, metrics.payload_bytes_minimum
    ));
    if let Some(after_ms) = metrics.converged_after_ms {
        line(format_args!("agreed after       {after_ms} ms from the last operation or heal"));
    }
    line(format_args!("trace              {}", simulation.trace()));
    shown
}
