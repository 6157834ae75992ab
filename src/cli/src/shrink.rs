//! `scalesmall shrink`.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use scalesmall_sim::shrink::Progress as Shrinking;
use scalesmall_sim::{Shrinker, Undesired};

use crate::input;
use crate::output::{self, Progress};

/// How many events are played between two looks at the clock.
const EVENTS_AT_A_TIME: u32 = 10_000;

/// What `--help` says after the arguments.
fn help() -> String {
    let kind = |it: &Undesired| format!("  {:17}  {}\n", it.name(), it.about());
    let kinds: String = Undesired::ALL.iter().map(kind).collect();
    HELP.replace("{kinds}", &kinds)
}

const HELP: &str = "\
Plays the scenario with less and less in it: without steps, without nodes that no step needs, with
the network as it is by default, with smaller amounts and shorter waits. Keeps what still ends in
the same undesired way, until no single step can be left out any more. The same file always comes to
the same. Only what is undesired is kept, not why: what is left may come to it in another way.

KIND is a statement about the end of the run:
{kinds}
`scalesmall format` has them to the letter. Without --what it is the first of these that the run
shows, but for semantics, which takes long.

Examples:
  scalesmall shrink cluster.json | scalesmall run -
  scalesmall shrink cluster.json --what lost -o least.json

Exit status: 0 shrunk; 1 the run does not show it, and nothing is written; 2 bad arguments or a bad
file, with a message that gives file, place and reason.";

#[derive(clap::Args)]
#[command(after_help = help())]
pub(crate) struct Arguments {
    /// The scenario file; - reads standard input.
    file: PathBuf,
    /// What is undesired about the run; see below.
    #[arg(long, value_name = "KIND", value_parser = kind)]
    what: Option<Undesired>,
    /// Write the scenario to this file, and not to standard output.
    #[arg(short, long, value_name = "OUT.json")]
    out: Option<PathBuf>,
}

fn kind(text: &str) -> Result<Undesired, String> {
    let known = || Undesired::ALL.map(Undesired::name).join(", ");
    let kind = Undesired::ALL.into_iter().find(|kind| kind.name() == text);
    kind.ok_or_else(|| format!("known are {}", known()))
}

/// Shrinks the scenario; an error is a message for people.
pub(crate) fn shrink(arguments: &Arguments) -> Result<ExitCode, String> {
    let scenario = input::scenario(&arguments.file)?;
    let mut shrinker = Shrinker::new(scenario, arguments.what);
    let mut progress = Progress::new();
    let is_minimal = loop {
        let mut events = EVENTS_AT_A_TIME;
        let has_time = || {
            events -= 1;
            events > 0
        };
        match shrinker.advance(has_time) {
            Shrinking::Working => progress.show(|| {
                let (left, given) = (shrinker.steps_left(), shrinker.steps_given());
                format!("{left} of {given} steps left, {} replays", shrinker.tries())
            }),
            Shrinking::NotShown => {
                drop(progress);
                say(&format!("{}: {}", input::name(&arguments.file), not_shown(arguments.what)));
                return Ok(ExitCode::from(1));
            }
            Shrinking::Shrunk { is_minimal } => break is_minimal,
        }
    };
    drop(progress);
    let text = shrinker.scenario().to_json();
    match &arguments.out {
        Some(path) => output::write(path, &text)?,
        None => output::print(&text)?,
    }
    say(&summary(&shrinker, is_minimal));
    Ok(ExitCode::SUCCESS)
}

fn not_shown(what: Option<Undesired>) -> String {
    match what {
        Some(what) => format!("the run does not show this: {}", what.about()),
        None => "the run shows nothing undesired".to_owned(),
    }
}

fn summary(shrinker: &Shrinker, is_minimal: bool) -> String {
    let what = shrinker.undesired().map_or("", Undesired::about);
    let (given, left) = (shrinker.steps_given(), shrinker.steps_left());
    let steps = if given == 1 { "step" } else { "steps" };
    let limit = if is_minimal { "" } else { ", the most that are played: fewer steps may do" };
    format!("{what}\n{given} {steps} became {left}; replays: {}{limit}", shrinker.tries())
}

/// Tells people; nobody may be reading.
fn say(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}
