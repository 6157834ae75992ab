//! Runs written down for other programs, with every kind of fault.

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{ALL_FAULTS_FROM, Moves};
use scalesmall_sim::transcript::{Format, Transcriber};
use scalesmall_sim::{Checker, Outcome, Record, Scenario, Simulation, builtin, shiviz};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// All that there is to be written about a run, by format, and the run at its end.
fn written(text: &str) -> ([String; Format::ALL.len()], Transcriber) {
    let scenario = Scenario::parse(text).expect("the scenario can be run");
    let mut transcriber = Transcriber::new(scenario, &Format::ALL);
    let mut written: [String; Format::ALL.len()] = Default::default();
    while transcriber.step(&mut |format, text| written[format] += text) {}
    (written, transcriber)
}

fn scenarios() -> impl Iterator<Item = String> {
    let moves = || [Moves::Gossip, Moves::Manual];
    let made_up = (0..20).chain(ALL_FAULTS_FROM..ALL_FAULTS_FROM + 20);
    let made_up = made_up.flat_map(move |n| moves().map(|moves| common::scenario(n, moves)));
    builtin::ALL.iter().map(|&(_, text)| text.to_owned()).chain(made_up)
}

#[test]
fn to_write_a_run_down_does_not_change_it() {
    for text in scenarios() {
        let (_, transcriber) = written(&text);
        let mut plain = Simulation::new(Scenario::parse(&text).unwrap());
        while plain.step() {}
        let noted = transcriber.simulation();
        assert_eq!((noted.trace(), noted.now()), (plain.trace(), plain.now()));
        assert_eq!(noted.metrics(), plain.metrics());
    }
}

#[test]
fn a_history_can_be_checked() {
    for text in scenarios() {
        let ([history, ..], _) = written(&text);
        let mut checker = Checker::new();
        for line in history.lines() {
            checker.check(&Record::from_json(line).unwrap()).unwrap();
        }
    }
}

#[test]
fn a_trace_is_an_array_of_events_in_order() {
    let ([_, trace, ..], transcriber) = written(builtin::FIRST_LIGHT);
    let events: Vec<serde_json::Value> = serde_json::from_str(&trace).unwrap();
    let nodes = transcriber.simulation().replicas().len();
    let times = events[1 + nodes..].iter().map(|event| event["ts"].as_u64().unwrap());
    assert!(times.clone().is_sorted() && times.count() > 1_000);
}

#[test]
fn a_table_of_metrics_ends_where_the_run_does() {
    let ([_, _, table, _], transcriber) = written(builtin::FIRST_LIGHT);
    let mut rows = table.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let headings = rows.next().unwrap();
    let rows: Vec<BTreeMap<&str, u64>> = rows
        .map(|row| {
            assert_eq!(row.len(), headings.len());
            headings.iter().copied().zip(row.iter().map(|value| value.parse().unwrap())).collect()
        })
        .collect();
    let column = |name: &str| rows.iter().map(|row| row[name]).collect::<Vec<_>>();
    for rising in ["at_ms", "operations", "messages_sent", "bytes_sent", "payload_bytes_minimum"] {
        assert!(column(rising).is_sorted(), "{rising}");
    }
    let interval_ms = u64::from(transcriber.simulation().interval_us() / 1_000);
    assert_eq!(column("at_ms")[..3], [0, interval_ms, 2 * interval_ms]);
    let outcome = Outcome::of(transcriber.simulation());
    let last = rows.last().unwrap();
    assert_eq!(last["at_ms"], outcome.at_ms);
    assert_eq!(last["messages_sent"], outcome.metrics.messages_sent);
    assert_eq!(last["distinct"], 1);
    assert!(rows.iter().any(|row| row["distinct"] > 1));
}

/// An event of a log: what, at which host, and by host how many events could have been a cause.
struct Logged<'a> {
    what: &'a str,
    host: usize,
    clock: Vec<u64>,
    /// To whom a message is sent, or from whom one comes.
    peer: Option<Peer>,
}

enum Peer {
    To(usize),
    From(usize),
}

/// The events of a log as ShiViz reads them.
fn parsed<'a>(log: &'a str) -> Vec<Logged<'a>> {
    let body = log.strip_prefix(shiviz::HEAD).expect("the regular expression comes first");
    let lines: Vec<&str> = body.lines().collect();
    let (events, rest) = lines.as_chunks::<2>();
    assert!(rest.is_empty());
    let split = |of: &'a str| of.split_once(' ').expect("a host and its clock");
    let hosts: BTreeSet<&str> = events.iter().map(|[_, of]| split(of).0).collect();
    let places: BTreeMap<&str, usize> = hosts.into_iter().zip(0..).collect();
    let event = |[what, of]: &[&'a str; 2]| {
        let (host, counts) = split(of);
        let counts: BTreeMap<String, u64> = serde_json::from_str(counts).expect("a clock is JSON");
        let mut clock = vec![0; places.len()];
        // Whoever is counted has done something.
        counts.into_iter().for_each(|(name, count)| clock[places[name.as_str()]] = count);
        let (_, what_at) = what.split_once(" s: ").expect("a time comes first");
        // To whom a message was sent who has never done anything does not matter.
        let place = |name: &str| places.get(name).copied();
        let peer = match what_at.split(' ').collect::<Vec<_>>()[..] {
            ["sends", to, ..] => place(to).map(Peer::To),
            ["hears", "from", from] => place(from).map(Peer::From),
            _ => None,
        };
        Logged { what, host: places[host], clock, peer }
    };
    events.iter().map(event).collect()
}

/// Whether whoever has the first clock knows all that whoever has the second knows.
fn includes(clock: &[u64], other: &[u64]) -> bool {
    clock.iter().zip(other).all(|(own, other)| own >= other)
}

/// By the rules that ShiViz checks a log against: the clocks of a host count from 1 by 1, and what
/// they take over is what the sender of a message knew as it sent it.
#[test]
fn what_a_node_hears_was_sent_before_and_brings_what_the_sender_knew_and_nothing_else_does() {
    for text in scenarios() {
        let ([.., log], _) = written(&text);
        let mut known: BTreeMap<usize, Vec<u64>> = BTreeMap::new();
        let mut sent: BTreeMap<(usize, usize), Vec<Vec<u64>>> = BTreeMap::new();
        for Logged { what, host, clock, peer } in parsed(&log) {
            let mut before = known.get(&host).cloned().unwrap_or_else(|| vec![0; clock.len()]);
            before[host] += 1;
            let is_after = |message: &Vec<u64>| {
                let entries = before.iter().zip(message).map(|(own, other)| own.max(other));
                entries.eq(&clock)
            };
            match peer {
                Some(Peer::From(from)) => {
                    let messages = sent.get(&(from, host)).expect("it was sent before");
                    assert!(messages.iter().any(is_after), "{what}: {clock:?}");
                }
                _ => assert_eq!(before, clock, "{what}"),
            }
            if let Some(Peer::To(to)) = peer {
                sent.entry((host, to)).or_default().push(clock.clone());
            }
            known.insert(host, clock);
        }
    }
}

#[test]
fn clocks_count_each_node_and_a_message_brings_what_its_sender_knew() {
    let mut received = 0;
    for text in scenarios() {
        let ([.., log], transcriber) = written(&text);
        let simulation = transcriber.simulation();
        let events = parsed(&log);
        // What each node has known after each of its events.
        let mut known: Vec<Vec<&[u64]>> = vec![Vec::new(); simulation.replicas().len()];
        let mut issued = 0;
        for Logged { what, host, clock, .. } in &events {
            let before = &mut known[*host];
            assert_eq!(clock[*host], before.len() as u64 + 1, "{what}");
            assert!(before.last().is_none_or(|last| includes(clock, last)), "{what}");
            before.push(clock);
            issued += u64::from(is_operation(what));
            received += u64::from(what.contains("hears from"));
        }
        // Nobody knows of an event what that did not know itself.
        for Logged { what, host, clock, .. } in &events {
            for (other, &count) in clock.iter().enumerate().filter(|&(other, _)| other != *host) {
                let cause = count.checked_sub(1).map(|index| known[other][index as usize]);
                assert!(cause.is_none_or(|cause| includes(clock, cause)), "{what}");
            }
        }
        assert_eq!(issued, simulation.metrics().operations);
    }
    assert!(received > 1_000);
}

fn is_operation(what: &str) -> bool {
    let what = what.split_once(" s: ").map_or("", |(_, what)| what);
    ["Register ", "Release ", "Increase ", "Decrease ", "Tighten "]
        .iter()
        .any(|name| what.starts_with(name))
}
