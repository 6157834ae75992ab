//! What each node did and what of it could have caused what, as a log that ShiViz draws.
//!
//! # Problem
//!
//! Simulated time says when something happened, not what it depends on. In a distributed system
//! one event can have caused another only where a chain of messages leads from the one to the
//! other: Lamport 1978, "Time, clocks, and the ordering of events in a distributed system".
//!
//! # Model
//!
//! Each [`Event`] is of one node. A node's vector clock (Fidge 1988, Mattern 1988) counts for every
//! node the events that could have caused the latest of its own: it counts that one, and takes over
//! what a message brings, entry by entry the greater. ShiViz (<https://bitbucket.org/bestchai/shiviz>)
//! draws such a log as lanes with arrows between them.
//!
//! The log begins with the regular expression that ShiViz shall read it by and an empty line; then
//! each event has two lines, what happened and `NODE {"NODE":1}`. That is a node's first event, and
//! its own entry grows by one with each.
//!
//! ```
//! use scalesmall_sim::SimTime;
//! use scalesmall_sim::shiviz::{Event, Kind, ShiViz};
//!
//! let mut log = ShiViz::new(["a", "b"]);
//! let at = SimTime::from_ms(5);
//! let sent = Kind::Sent { to: 1, number: 1, what: "news".to_owned() };
//! assert_eq!(log.entry(&Event { at, node: 0, kind: sent }), "0.005 s: sends b news\na {\"a\":1}\n");
//! let received = Kind::Received { from: 0, number: 1 };
//! let entry = log.entry(&Event { at: at + 1_000, node: 1, kind: received });
//! assert_eq!(entry, "0.006 s: hears from a\nb {\"a\":1,\"b\":1}\n");
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use scalesmall_crdt::{KeyRange, Operation};
use scalesmall_node::{Purpose, SimTime};

use crate::{Passage, Simulation, Status};

/// What a log begins with.
pub const HEAD: &str = "(?<event>.*)\\n(?<host>\\S*) (?<clock>{.*})\n\n";

/// Something that happened at a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: SimTime,
    /// Which node's it is, by its place among the replicas.
    pub node: usize,
    /// What happened.
    pub kind: Kind,
}

/// What happened at a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It has issued this operation.
    Issued(Operation),
    /// It has sent a message, which may be lost or arrive several times.
    Sent {
        /// The receiver.
        to: usize,
        /// Which message it is: no other of the run has this number.
        number: u64,
        /// What it is about.
        what: String,
    },
    /// A message has reached it; where it is paused, it handles that later.
    Received {
        /// The sender.
        from: usize,
        /// Which message it is.
        number: u64,
    },
    /// It runs, stands still, or has crashed.
    Became(Status),
}

/// By node, how many of its events could have been a cause; none past the end.
type Clock = Vec<u64>;

/// Writes events, in the order in which they happened, as a log. It keeps the clock of each node
/// and of each message, which together are no larger than what it has written by much.
#[derive(Clone, Debug, Default)]
pub struct ShiViz {
    names: Vec<String>,
    clocks: Vec<Clock>,
    /// By number, ascending.
    messages: Vec<(u64, Clock)>,
}

impl ShiViz {
    /// Nothing has happened yet at nodes of these names.
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let names = hosts(names);
        Self { clocks: vec![Clock::new(); names.len()], names, messages: Vec::new() }
    }

    /// The lines of an event.
    ///
    /// # Panics
    ///
    /// If a node is none of those that have a name.
    pub fn entry(&mut self, event: &Event) -> String {
        let Event { at, node, ref kind } = *event;
        if let Kind::Received { number, .. } = kind {
            // One that was sent before the log began brings nothing.
            if let Ok(place) = self.place(*number) {
                let brought = &self.messages[place].1;
                let known = &mut self.clocks[node];
                known.resize(known.len().max(brought.len()), 0);
                known
                    .iter_mut()
                    .zip(brought)
                    .for_each(|(known, &count)| *known = count.max(*known));
            }
        }
        let known = &mut self.clocks[node];
        known.resize(known.len().max(node + 1), 0);
        known[node] += 1;
        if let Kind::Sent { number, .. } = kind {
            let sent = (*number, self.clocks[node].clone());
            match self.place(*number) {
                Ok(place) => self.messages[place] = sent,
                Err(place) => self.messages.insert(place, sent),
            }
        }
        format!("{at}: {}\n{} {}\n", self.words(kind), self.names[node], self.clock(node))
    }

    /// Where a message stands among those that have been sent, or would stand.
    fn place(&self, number: u64) -> Result<usize, usize> {
        self.messages.binary_search_by_key(&number, |&(number, _)| number)
    }

    fn words(&self, kind: &Kind) -> String {
        match kind {
            Kind::Issued(operation) => words(operation),
            Kind::Sent { to, what, .. } => format!("sends {} {what}", self.names[*to]),
            Kind::Received { from, .. } => format!("hears from {}", self.names[*from]),
            Kind::Became(Status::Up) => "runs".to_owned(),
            Kind::Became(Status::Paused) => "is paused".to_owned(),
            Kind::Became(Status::Down) => "has crashed".to_owned(),
        }
    }

    /// A node's clock as JSON.
    fn clock(&self, node: usize) -> String {
        let name = |node: usize| serde_json::Value::from(self.names[node].as_str());
        let mut clock = String::new();
        let known = self.clocks[node].iter().enumerate();
        for (node, count) in known.filter(|&(_, &count)| count > 0) {
            let before = if clock.is_empty() { '{' } else { ',' };
            write!(clock, "{before}{}:{count}", name(node)).expect("a String takes all");
        }
        clock + "}"
    }
}

/// The names as hosts are written: without white space, and all different.
fn hosts<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut taken = BTreeSet::new();
    let host = |name: &str| {
        let mut host = name.replace(char::is_whitespace, "_");
        while !taken.insert(host.clone()) {
            host.push('_');
        }
        host
    };
    names.into_iter().map(host).collect()
}

fn words(operation: &Operation) -> String {
    let range = |range: KeyRange| format!("{}-{}", range.start(), range.end());
    let claim = operation.claim();
    let what = format!("{} {} {}", operation.name(), claim.node, range(claim.range));
    match operation {
        Operation::Split { .. } => format!("Split {}", claim.range.start()),
        Operation::Increase { by, .. } | Operation::Decrease { by, .. } => {
            format!("{what} by {by}")
        }
        Operation::Tighten { to, .. } => format!("{what} to {}", range(*to)),
        _ => what,
    }
}

/// Makes events of what passes between the nodes of a run.
#[derive(Debug, Default)]
pub(crate) struct Events {
    /// Of each copy of a message who has sent it, and as which message.
    copies: BTreeMap<u64, (usize, u64)>,
    sent: u64,
}

impl Events {
    /// The event that a passage is, if it is one of a node.
    pub(crate) fn of(
        &mut self,
        simulation: &Simulation,
        at: SimTime,
        passage: Passage,
    ) -> Option<Event> {
        let (node, kind) = match passage {
            Passage::Sent(sent) => {
                self.sent += 1;
                for &(copy, _) in &sent.copies {
                    self.copies.insert(copy, (sent.from, self.sent));
                }
                let about = match sent.purpose {
                    Purpose::Payload => "news",
                    Purpose::Digest => "what it has",
                    Purpose::Membership => "who is there",
                };
                let what = format!("{about} ({} bytes)", sent.bytes);
                (sent.from, Kind::Sent { to: sent.to, number: self.sent, what })
            }
            Passage::Arrived { copy, replica } => {
                let (from, number) = self.copies.remove(&copy)?;
                (replica, Kind::Received { from, number })
            }
            Passage::Learned { replica, dot, by: None } => {
                let update = simulation.issued().get(&dot)?;
                (replica, Kind::Issued(update.operation.clone()))
            }
            Passage::Became { replica, status } => (replica, Kind::Became(status)),
            Passage::Lost(copy) => {
                self.copies.remove(&copy);
                return None;
            }
            Passage::Learned { .. } | Passage::Forgot(_) => return None,
        };
        Some(Event { at, node, kind })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(to: usize, number: u64) -> Kind {
        Kind::Sent { to, number, what: "news".to_owned() }
    }

    fn entry(log: &mut ShiViz, node: usize, kind: Kind) -> String {
        let entry = log.entry(&Event { at: SimTime::ZERO, node, kind });
        entry.lines().nth(1).expect("a second line").to_owned()
    }

    #[test]
    fn what_a_message_brings_is_a_cause() {
        let mut log = ShiViz::new(["a", "b", "c"]);
        assert_eq!(entry(&mut log, 0, sent(1, 1)), r#"a {"a":1}"#);
        assert_eq!(entry(&mut log, 0, sent(2, 2)), r#"a {"a":2}"#);
        assert_eq!(entry(&mut log, 1, Kind::Became(Status::Paused)), r#"b {"b":1}"#);
        assert_eq!(entry(&mut log, 1, Kind::Received { from: 0, number: 1 }), r#"b {"a":1,"b":2}"#);
        assert_eq!(entry(&mut log, 1, sent(2, 3)), r#"b {"a":1,"b":3}"#);
        assert_eq!(
            entry(&mut log, 2, Kind::Received { from: 1, number: 3 }),
            r#"c {"a":1,"b":3,"c":1}"#
        );
        // Later than what it was sent before, and again.
        for count in [2, 3] {
            let received = Kind::Received { from: 0, number: 2 };
            let expected = format!(r#"c {{"a":2,"b":3,"c":{count}}}"#);
            assert_eq!(entry(&mut log, 2, received), expected);
        }
        // Sent before the log began.
        let early = Kind::Received { from: 1, number: 99 };
        assert_eq!(entry(&mut log, 0, early), r#"a {"a":3}"#);
    }

    #[test]
    fn hosts_are_words_of_their_own() {
        assert_eq!(hosts(["a b", "a_b", "a\u{2003}b", "ü"]), ["a_b", "a_b_", "a_b__", "ü"]);
        let mut log = ShiViz::new(["\"{\"", "b"]);
        let line = entry(&mut log, 0, sent(1, 1));
        let (host, clock) = line.split_once(' ').unwrap();
        let clock: std::collections::BTreeMap<String, u64> = serde_json::from_str(clock).unwrap();
        assert_eq!((host, clock["\"{\""]), ("\"{\"", 1));
    }
}
