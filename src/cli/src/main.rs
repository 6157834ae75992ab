//! `scalesmall`: runs scenarios from the command line, takes part in rooms, and lets peers find each
//! other.
//!
//! Exit status: 0 done, and converged where that was asked for; 1 the run ended and had not
//! converged, a check failed, there was nothing to shrink, or a room did not agree in the end; 2 bad
//! arguments or a bad file, with a message on standard error that gives file, place and reason.

mod check;
mod explore;
mod input;
mod interrupt;
mod join;
mod output;
mod run;
mod shrink;
mod signal;
mod sweep;

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use scalesmall_sim::{FORMAT, Scenario, builtin};

const EXAMPLES: &str = "Examples:
  scalesmall scenarios first-light | scalesmall run -
  scalesmall scenarios who-wins-last | scalesmall run - --json
  scalesmall run cluster.json --history history.jsonl && scalesmall check history.jsonl
  scalesmall scenarios order-matters | scalesmall explore -
  scalesmall sweep cluster.json --seeds 0..1000 --csv rows.csv
  scalesmall shrink cluster.json -o least.json
  scalesmall signal                     # lets peers on several machines find each other
  scalesmall join --room kitten         # takes part in #room=kitten&signal=ws://127.0.0.1:3536

Exit status: 0 done, and converged where the file asks for that; 1 not converged, a check failed,
there is nothing to shrink, or a room did not agree in the end; 2 bad arguments or a bad file, with
a message that gives file, place and reason.";

/// Runs clusters of scalesmall nodes, in simulated time or over real links: who serves which keys, and
/// how the nodes come to agree on it.
#[derive(Parser)]
#[command(version, arg_required_else_help = true, after_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs a scenario and shows what it comes to.
    Run(run::Arguments),
    /// Holds a recorded history against the semantics, and names the first line that breaks them.
    Check(check::Arguments),
    /// Delivers the operations of a small scenario in every order, and says whether all end alike.
    Explore(explore::Arguments),
    /// Runs a scenario with many seeds, a row each.
    Sweep(sweep::Arguments),
    /// Reduces a scenario whose run ends badly to the fewest steps that still do.
    Shrink(shrink::Arguments),
    /// Lets peers on several machines find each other, by room; what they say goes over links of
    /// their own.
    Signal(signal::Arguments),
    /// Takes part in a room, with pages and other processes, until it is interrupted.
    ///
    /// Lines on standard input are operations: `help` says which.
    Join(join::Arguments),
    /// Lists the scenarios that come with the program, each with what is replicated, or prints one.
    Scenarios {
        /// The one to print.
        name: Option<String>,
    },
    /// Prints how scenario files are written, and what the figures of a result mean.
    Format,
}

fn main() -> ExitCode {
    let Arguments { command } = Arguments::parse();
    let result = match command {
        Command::Run(arguments) => run::run(&arguments),
        Command::Check(arguments) => check::check(&arguments),
        Command::Explore(arguments) => explore::explore(&arguments),
        Command::Sweep(arguments) => sweep::sweep(&arguments),
        Command::Shrink(arguments) => shrink::shrink(&arguments),
        Command::Signal(arguments) => signal::signal(&arguments),
        Command::Join(arguments) => join::join(&arguments),
        Command::Scenarios { name } => scenarios(name.as_deref()),
        Command::Format => output::print(FORMAT).map(|()| ExitCode::SUCCESS),
    };
    result.unwrap_or_else(|message| {
        // Nobody may be reading; the exit status tells as well.
        let _ = writeln!(io::stderr(), "scalesmall: {message}");
        ExitCode::from(2)
    })
}

fn scenarios(name: Option<&str>) -> Result<ExitCode, String> {
    let all = || builtin::ALL.into_iter().chain(builtin::LESSONS);
    let text = match name {
        Some(name) => match builtin::text(name).or_else(|| builtin::lesson(name)) {
            Some(text) => text.to_owned(),
            None => {
                let known: Vec<&str> = all().map(|(name, _)| name).collect();
                return Err(format!("{name:?} is no scenario; known: {}", known.join(", ")));
            }
        },
        None => all().map(|(name, text)| listed(name, text)).collect(),
    };
    output::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn listed(name: &str, text: &str) -> String {
    let scenario = Scenario::parse(text).expect("what comes with the program can be read");
    let (replicas, title) = (scenario.replicas.len(), scenario.title);
    format!("{name:16}  {replicas:3} replicas  {:17}  {title}\n", scenario.data_type.name())
}
