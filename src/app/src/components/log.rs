//! What a node keeps to tell others, as a list.

use std::sync::Arc;

use scalesmall_crdt::Update;
use scalesmall_sim::Simulation;
use yew::prelude::*;

use super::why::{claim, dot, operation, way};
use crate::chronicle::Chronicle;
use crate::texts::{plural, text};

/// The most operations that are listed.
const LISTED_MAX: usize = 12;

/// The operations of a log that came last, the latest first; then those of which it is not known
/// when they came.
#[derive(Clone, PartialEq)]
pub(crate) struct LogFacts {
    entries: Vec<Entry>,
    /// How many there are.
    kept: usize,
}

#[derive(Clone, Debug, PartialEq)]
struct Entry {
    dot: String,
    operation: String,
    claim: String,
    /// When and by which way it came.
    came: String,
}

impl LogFacts {
    pub(crate) fn of(simulation: &Simulation, chronicle: &Chronicle, node: usize) -> Self {
        let log = simulation.replicas()[node].node().history();
        let kept = log.len();
        let mut listed: Vec<&Arc<Update>> = Vec::new();
        let mut latest = chronicle.learned(node, simulation.now());
        while listed.len() < kept.min(LISTED_MAX) {
            // What it has come to know, and has forgotten since, is not there any more; what it has
            // come to know again is there once.
            let Some(dot) = latest.next() else { break };
            let is_new = |update: &&Arc<Update>| !listed.contains(update);
            listed.extend(log.get(dot).filter(is_new));
        }
        // Of the common past, nobody has told anybody.
        let missing = kept.min(LISTED_MAX) - listed.len();
        let others = log.iter().filter(|update| !listed.contains(update)).take(missing);
        let others: Vec<&Arc<Update>> = others.collect();
        let entry = |update: &Arc<Update>| Entry {
            dot: dot(&update.dot),
            operation: operation(&update.operation),
            claim: claim(update),
            came: way(simulation, chronicle, node, &update.dot)
                .unwrap_or_else(|| text!("log.unknown").to_owned()),
        };
        Self { entries: listed.into_iter().chain(others).map(entry).collect(), kept }
    }
}

/// The list, folded up at first.
pub(super) fn log(facts: &LogFacts) -> Html {
    let LogFacts { entries, kept } = facts;
    let more = kept - entries.len();
    let row = |Entry { dot, operation, claim, came }: &Entry| {
        html! {
            <li key={dot.clone()}>
                <p><strong>{ operation }</strong>{ " " }<span class="dot">{ dot }</span></p>
                <p class="mono">{ claim }</p>
                <p class="note">{ came }</p>
            </li>
        }
    };
    html! {
        <details class="log">
            <summary>{ plural!("log.title", *kept) }</summary>
            <ol>{ for entries.iter().map(row) }</ol>
            if more > 0 {
                <p class="faint">{ plural!("more", more) }</p>
            }
        </details>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scalesmall_sim::{Scenario, SimTime};

    fn facts(text: &str, until_ms: u32, node: usize) -> LogFacts {
        let mut simulation = Simulation::with_traffic(Scenario::parse(text).unwrap());
        simulation.run_until(SimTime::from_ms(until_ms));
        let mut chronicle = Chronicle::default();
        chronicle.follow(&mut simulation);
        LogFacts::of(&simulation, &chronicle, node)
    }

    #[test]
    fn the_latest_comes_first_with_the_way_by_which_it_came() {
        let text = r#"{ "format": 1, "replicas": ["a", "b"],
            "network": { "latency_ms": [10, 10], "interval_ms": 100 },
            "start": [ { "on": "b", "do": "register", "claim": ["b", 0, 9] } ],
            "steps": [ { "at_ms": 500, "on": "a", "do": "increase", "by": 2, "claim": ["a", 16, 31] },
                       { "at_ms": 2000, "on": "b", "do": "release", "claim": ["b", 0, 9] } ] }"#;
        let LogFacts { entries, kept } = facts(text, 3_000, 1);
        assert_eq!(kept, entries.len());
        let dots: Vec<&str> = entries.iter().map(|entry| entry.dot.as_str()).collect();
        assert_eq!(dots, ["b·2", "a·1", "b·1"]);
        assert_eq!(entries[0].operation, "Release");
        assert_eq!(entries[0].came, "issued here at 2.000 s");
        assert_eq!(
            (entries[1].operation.as_str(), entries[1].claim.as_str()),
            ("Increase 2", "a 0000 0010 – 0000 001f")
        );
        assert!(entries[1].came.starts_with("arrived at 0.") && entries[1].came.ends_with(" by a"));
        assert_eq!(entries[2].came, "known from the beginning");
    }

    #[test]
    fn what_came_again_after_its_state_was_lost_is_listed_once() {
        let text = r#"{ "format": 1, "replicas": ["a", "b"],
            "network": { "latency_ms": [10, 10], "interval_ms": 100 },
            "steps": [ { "at_ms": 100, "on": "a", "do": "register", "claim": ["a", 0, 9] },
                       { "at_ms": 1000, "crash": "b" },
                       { "at_ms": 1100, "restart": "b", "state": "lost" } ] }"#;
        assert_eq!(facts(text, 950, 1).entries.len(), 1);
        assert_eq!(facts(text, 1_101, 1).entries, []);
        let again = facts(text, 4_000, 1);
        assert_eq!(again.entries.len(), again.kept);
        assert!(
            again.entries.iter().all(|entry| !entry.came.contains(" 0.")),
            "{:?}",
            again.entries
        );
    }

    #[test]
    fn a_long_log_is_listed_in_part() {
        let step = |n: u32| {
            format!(
                r#"{{ "at_ms": {n}, "on": "a", "do": "increase", "by": 1, "claim": ["a", {n}, 99] }}"#
            )
        };
        let steps: Vec<String> = (0..40).map(step).collect();
        let text = format!(
            r#"{{ "format": 1, "replicas": ["a", "b"], "network": {{ "mode": "manual" }},
                "steps": [ {} ] }}"#,
            steps.join(",")
        );
        let LogFacts { entries, kept } = facts(&text, 100, 0);
        assert_eq!((entries.len(), kept), (LISTED_MAX, 40));
        assert_eq!((entries[0].dot.as_str(), entries[11].dot.as_str()), ("a·40", "a·29"));
    }
}
