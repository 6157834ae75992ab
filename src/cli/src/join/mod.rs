//! `scalesmall join`: a peer of a room without a browser.

mod commands;
mod lines;
mod member;
mod report;

use std::env;
use std::process::ExitCode;
use std::time::Duration;

use scalesmall_peer::limits::NODES_MAX;
use scalesmall_peer::native::{IceServers, Links, ServerAddress, random_bits};
use scalesmall_peer::{Peer, PeerId, Room, fresh_replicas};
use tokio::time::{Instant, sleep_until};

use crate::interrupt::{block_on, interrupted};
use commands::Command;
use lines::Lines;
use member::Member;
use report::Report;

/// The most seconds that one may ask for: a year.
const SECONDS_MAX: u64 = 366 * 24 * 60 * 60;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The room's name.
    #[arg(long)]
    room: String,
    /// The room's secret; without it, a room that is open to all who know its name. Others who use
    /// this machine do not see it where it is in the environment, as SCALESMALL_SECRET.
    #[arg(long)]
    secret: Option<String>,
    /// The signalling server, by which the peers of the room find each other.
    #[arg(long, value_name = "ws://HOST:PORT", default_value = "ws://127.0.0.1:3536")]
    signal: ServerAddress,
    /// How many nodes to host, up to 24.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = nodes)]
    nodes: usize,
    /// A STUN server that tells how others see this machine; may be given more than once.
    #[arg(long, value_name = "stun:HOST:PORT")]
    ice: Vec<String>,
    /// End after so many seconds: with status 0 if all agree then, else 1.
    #[arg(long = "for", value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(..=SECONDS_MAX))]
    seconds: Option<u64>,
    /// Print what happens as JSON, one object a line.
    #[arg(long)]
    json: bool,
}

fn nodes(text: &str) -> Result<usize, String> {
    let count = text.parse().ok().filter(|count| (1..=NODES_MAX).contains(count));
    count.ok_or_else(|| format!("a peer hosts 1 to {NODES_MAX} nodes"))
}

/// Takes part until it is interrupted; an error is a message for people.
pub(crate) fn join(arguments: &Arguments) -> Result<ExitCode, String> {
    let from_environment = || env::var("SCALESMALL_SECRET").unwrap_or_default();
    let secret = arguments.secret.clone().unwrap_or_else(from_environment);
    let room = Room::new(&arguments.room, &secret);
    let room = room.map_err(|error| format!("--room, --secret: {error}"))?;
    let ice = IceServers::new(arguments.ice.clone(), "", "");
    let ice = ice.map_err(|error| format!("--ice: {error}"))?;
    block_on(take_part(arguments, &room, &ice))?
}

async fn take_part(
    arguments: &Arguments,
    room: &Room,
    ice: &IceServers,
) -> Result<ExitCode, String> {
    let id = PeerId::new(random_bits());
    let replicas = fresh_replicas(arguments.nodes, [random_bits(), random_bits()]);
    let links = Links::join(id, room.name(), &arguments.signal, ice).await;
    let links = links.map_err(|error| error.to_string())?;
    let peer = Peer::new(id, room, replicas, random_bits() as u64);
    let mut member = Member::start(peer, links);
    let mut report = Report::new(arguments.json, &arguments.signal);
    report.begin(room, member.peer())?;

    let mut lines = Lines::of_stdin();
    let end = arguments.seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let mut interrupt = std::pin::pin!(interrupted());
    // What is asked of nodes that have not been let in yet, and all that comes after it, waits.
    let mut waiting = None;
    let has_ended = loop {
        tokio::select! {
            server = member.next() => {
                if let Some(is_reached) = server {
                    report.server(is_reached)?;
                }
            }
            line = lines.next(), if waiting.is_none() => match Command::read(&line) {
                Ok(Some(Command::Quit)) => break false,
                Ok(Some(Command::Operation(operation))) => waiting = Some(operation),
                Ok(Some(Command::Who(key))) => report.who(member.peer(), key)?,
                Ok(Some(Command::Status)) => report.status(member.peer())?,
                Ok(Some(Command::Help)) => report.help()?,
                Ok(None) => {}
                Err(reason) => report.refused(&reason)?,
            },
            () = sleep_until(end.unwrap_or_else(Instant::now)), if end.is_some() => break true,
            () = &mut interrupt => break false,
        }
        if let Some(operation) = waiting.take_if(|_| member.has_been_let_in()) {
            member.operate(operation);
        }
        for refusal in member.take_refused() {
            report.refused(&refusal)?;
        }
        report.look(member.peer())?;
    };
    let has_agreed = member.peer().agreed().is_some();
    report.end()?;
    member.leave().await;
    Ok(ExitCode::from(u8::from(has_ended && !has_agreed)))
}
