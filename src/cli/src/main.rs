//! `scalesmall`: runs scenarios from the command line.
//!
//! Exit status: 0 done, and converged where that was asked for; 1 the run ended and had not
//! converged; 2 bad arguments or a bad file, with a message on standard error that gives file,
//! place and reason.

mod run;

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Runs clusters of scalesmall nodes in simulated time: who serves which keys, and how the nodes
/// come to agree on it.
#[derive(Parser)]
#[command(version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs a scenario and shows what it comes to.
    Run(run::Arguments),
}

fn main() -> ExitCode {
    let Arguments { command } = Arguments::parse();
    let result = match command {
        Command::Run(arguments) => run::run(&arguments),
    };
    result.unwrap_or_else(|message| {
        // Nobody may be reading; the exit status tells as well.
        let _ = writeln!(io::stderr(), "scalesmall: {message}");
        ExitCode::from(2)
    })
}
