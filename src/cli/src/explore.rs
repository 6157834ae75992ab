//! `scalesmall explore`.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use scalesmall_crdt::{Claim, Operation, Ownership, Segment};
use scalesmall_sim::{Exploration, NotExplored};

use crate::input;
use crate::output;

const HELP: &str = "\
Plays the scenario, which must be in the mode \"manual\" and ask for at most 8 operations, and then
delivers these operations to one more replica in every order. `start` is what all have seen before.

Examples:
  scalesmall scenarios order-matters | scalesmall explore -
  scalesmall explore few.json --play worst.json && scalesmall run worst.json

Exit status: 0 all orders end alike; 1 they do not; 2 bad arguments or a bad file, with a message
that gives file, place and reason.";

#[derive(clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Arguments {
    /// The scenario file; - reads standard input.
    file: PathBuf,
    /// Write an order as a scenario to this file: one that ends otherwise than the first, if any.
    #[arg(long, value_name = "OUT.json")]
    play: Option<PathBuf>,
}

/// Explores the scenario; an error is a message for people.
pub(crate) fn explore(arguments: &Arguments) -> Result<ExitCode, String> {
    let scenario = input::scenario(&arguments.file)?;
    let title = scenario.title.clone();
    let refused = |reason: NotExplored| format!("{}: {reason}", input::name(&arguments.file));
    let exploration = Exploration::of(scenario).map_err(refused)?;
    output::print(&told(&title, &exploration))?;
    let ends: Vec<usize> = exploration.ends().collect();
    if let (Some(path), Some(&end)) = (&arguments.play, ends.get(1).or(ends.first())) {
        output::write(path, &exploration.played(&exploration.order_to(end)).to_json())?;
    }
    Ok(if ends.len() == 1 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// The result for people.
fn told(title: &str, exploration: &Exploration) -> String {
    let mut told = format!("{title}\n");
    let mut line = |text: std::fmt::Arguments<'_>| {
        writeln!(told, "{text}").expect("a String takes all");
    };
    for (number, message) in (1..).zip(exploration.messages()) {
        let issuer = &message.update.dot.replica.node;
        line(format_args!("{number}  {issuer}: {}", asked(&message.update.operation)));
    }
    let (orders, states) = (exploration.orders(), exploration.states().len());
    let ends: Vec<usize> = exploration.ends().collect();
    let verdict = match ends.len() {
        1 => "all end alike".to_owned(),
        count => format!("{count} different ends; two of them:"),
    };
    line(format_args!("\n{orders} orders by {states} states: {verdict}"));
    for &end in ends.iter().take(2) {
        let state = &exploration.states()[end];
        let order: Vec<String> =
            exploration.order_to(end).iter().map(|message| (message + 1).to_string()).collect();
        line(format_args!(
            "\n{} of {orders} orders, such as {}, end in {}",
            state.orders,
            order.join(" "),
            state.replica.fingerprint()
        ));
        line(format_args!("{}", shown(state.replica.ownership())));
    }
    told
}

/// An operation, in words.
fn asked(operation: &Operation) -> String {
    let Claim { node, range } = operation.claim();
    let name = operation.name().to_lowercase();
    match operation {
        Operation::Split { .. } => format!("{name} before {}", range.start()),
        Operation::Increase { by, .. } | Operation::Decrease { by, .. } => {
            format!("{name} {node} {range} by {by}")
        }
        Operation::Tighten { to, .. } => format!("{name} {node} {range} to {to}"),
        _ => format!("{name} {node} {range}"),
    }
}

/// A line for each run of keys that somebody serves.
fn shown(ownership: &Ownership) -> String {
    let segments = ownership.segments().filter(|segment| !segment.owners.is_empty());
    let line = |segment: Segment| {
        let owners =
            segment.owners.iter().map(|owner| format!("{} {}", owner.node, owner.priority));
        format!("  {}: {}", segment.range, owners.collect::<Vec<_>>().join(", "))
    };
    let lines: Vec<String> = segments.map(line).collect();
    if lines.is_empty() { "  nobody serves any key".to_owned() } else { lines.join("\n") }
}
