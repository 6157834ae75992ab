//! What it costs to tell everybody, by strategy; and how fast the simulator is.
//!
//! ```sh
//! cargo bench -p scalesmall-sim
//! cargo bench -p scalesmall-sim -- large
//! ```
//!
//! The first gives the tables of BENCHMARKS.md but for the sizes that take minutes and gigabytes,
//! which the second adds. Costs are counted, not timed, so they are the same on every machine.

use std::fmt::Write as _;
use std::time::Instant;

use scalesmall_sim::{Metrics, Scenario, Simulation};

const STRATEGIES: [&str; 4] = ["push", "pull", "push-pull", "tree"];

fn main() {
    let is_large = std::env::args().any(|argument| argument == "large");
    // First, since it shows the most memory that there has been.
    growth(if is_large { &[256, 512, 1_024, 2_048, 3_072] } else { &[256, 512, 1_024] });
    costs("64 nodes, 10 operations each in the first second", 64, 10, &STRATEGIES);
    let strategies: &[&str] = if is_large { &STRATEGIES } else { &["tree"] };
    costs("1,024 nodes, 1 operation each in the first second", 1_024, 1, strategies);
    interest();
    detection();
    speed();
}

/// Numbers from a seed: the multiplier and the increment of Knuth's MMIX.
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// So many operations, at times below `span_ms`, each an Increase of one of the issuer's own two
/// claims.
fn scenario(nodes: u64, operations: impl Iterator<Item = (u64, u64)>, network: &str) -> Scenario {
    let mut draw = Draw(5);
    let keys = (1 << 32) / nodes;
    let mut operations: Vec<(u64, String)> = operations
        .map(|(node, at_ms)| {
            let [own, other] = [node, node * 7_919 % nodes].map(|index| index * keys);
            let (start, end) = match draw.below(2) {
                0 => (own, own + keys - 1),
                _ => (other, other + keys / 2),
            };
            let by = 1 + draw.below(5);
            let step = format!(
                r#"{{"at_ms":{at_ms},"on":"n{node:05}","do":"increase","by":{by},"claim":["n{node:05}",{start},{end}]}}"#
            );
            (at_ms, step)
        })
        .collect();
    operations.sort();
    let mut text = format!(r#"{{"format":1,"seed":7,"network":{{{network}}},"replicas":["#);
    for node in 0..nodes {
        let comma = if node > 0 { "," } else { "" };
        write!(text, r#"{comma}"n{node:05}""#).expect("a String takes all");
    }
    text += r#"],"until":{"converged":true,"max_ms":600000},"steps":["#;
    text += &operations.into_iter().map(|(_, step)| step).collect::<Vec<_>>().join(",");
    text += "]}";
    Scenario::parse(&text).expect("the scenario can be run")
}

fn each(nodes: u64, count: u64) -> impl Iterator<Item = (u64, u64)> {
    let mut draw = Draw(11);
    (0..nodes * count).map(move |index| (index % nodes, draw.below(1_000)))
}

fn finished(scenario: Scenario) -> Simulation {
    let mut simulation = Simulation::new(scenario);
    while simulation.step() {}
    assert!(simulation.has_converged(), "no agreement");
    simulation
}

fn ratio(bytes: u64, metrics: &Metrics) -> f64 {
    bytes as f64 / metrics.payload_bytes_minimum as f64
}

fn costs(title: &str, nodes: u64, count: u64, strategies: &[&str]) {
    println!("\n{title}\n");
    println!("| strategy | loss | bytes ÷ minimum | of news | about news | came twice | rounds |");
    println!("|---|---:|---:|---:|---:|---:|---:|");
    for strategy in strategies {
        for loss in ["0", "0.2"] {
            let network = format!(r#""strategy":"{strategy}","loss":{loss}"#);
            let simulation = finished(scenario(nodes, each(nodes, count), &network));
            let metrics = simulation.metrics();
            let arrivals = nodes * count * (nodes - 1);
            let rounds = simulation.converged_after_us().expect("it has converged");
            println!(
                "| {strategy} | {loss} | {:.2} | {:.2} | {:.2} | {:.1} % | {} |",
                ratio(metrics.bytes_sent, &metrics),
                ratio(metrics.payload_bytes, &metrics),
                ratio(metrics.digest_bytes, &metrics),
                100.0 * metrics.duplicates_received as f64 / arrivals as f64,
                rounds.div_ceil(simulation.interval_us().into())
            );
        }
    }
}

/// Nodes in a row, each of which serves its own keys and those of the next, and raises that claim
/// at times.
fn row(nodes: u64, network: &str) -> Scenario {
    let width = (1 << 32) / (nodes + 1);
    let request = |node: u64, what: &str| {
        let start = node * width;
        let claim = format!(r#"["n{node:05}",{start},{}]"#, start + 2 * width - 1);
        format!(r#"{{"on":"n{node:05}",{what},"claim":{claim}}}"#)
    };
    let names: Vec<String> = (0..nodes).map(|node| format!(r#""n{node:05}""#)).collect();
    let start: Vec<String> = (0..nodes).map(|node| request(node, r#""do":"register""#)).collect();
    let raise =
        |(node, at_ms)| request(node, &format!(r#""at_ms":{},"do":"increase","by":1"#, 10 * at_ms));
    let raises: Vec<String> = each(nodes, 10).map(raise).collect();
    let text = format!(
        r#"{{"format":1,"seed":7,"network":{{{network}}},"replicas":[{}],"start":[{}],"steps":[{}],
            "until":{{"converged":true,"max_ms":600000}}}}"#,
        names.join(","),
        start.join(","),
        raises.join(",")
    );
    Scenario::parse(&text).expect("the scenario can be run")
}

fn interest() {
    println!("\n64 nodes, 10 operations each in ten seconds, each of interest to two others\n");
    println!(
        "| strategy | loss | interest | interested know after | all know after | bytes ÷ minimum |"
    );
    println!("|---|---:|---|---:|---:|---:|");
    for strategy in STRATEGIES {
        for (loss, interest) in [("0", false), ("0", true), ("0.2", false), ("0.2", true)] {
            let network = format!(r#""strategy":"{strategy}","loss":{loss},"interest":{interest}"#);
            let simulation = finished(row(64, &network));
            let metrics = simulation.metrics();
            let ms = |us: Option<u64>| us.expect("there are operations") / 1_000;
            println!(
                "| {strategy} | {loss} | {interest} | {} ms | {} ms | {:.2} |",
                ms(simulation.known_to_interested_after_us()),
                ms(simulation.known_to_all_after_us()),
                ratio(metrics.bytes_sent, &metrics),
            );
        }
    }
}

/// What it costs to watch each other, and how soon a crash is known to all.
fn detection() {
    println!("\nFailure detection, a probe a second, one crash in a minute\n");
    println!(
        "| nodes | suspicion | loss | bytes a node a second | all miss it after | at most so many missed another for nothing |"
    );
    println!("|---:|---:|---:|---:|---:|---:|");
    for (nodes, suspicion_s) in [(24_usize, 3), (128, 3), (128, 10)] {
        for loss in ["0", "0.2"] {
            let names: Vec<String> = (0..nodes).map(|node| format!(r#""n{node:03}""#)).collect();
            let text = format!(
                r#"{{"format":1,"seed":7,"replicas":[{}],
                    "network":{{"strategy":"tree","loss":{loss},"failure_detection":true,"suspicion_ms":{suspicion_s}000}},
                    "steps":[{{"at_ms":20000,"crash":"n001"}}],"until":{{"max_ms":60000}}}}"#,
                names.join(",")
            );
            let scenario = Scenario::parse(&text).expect("the scenario can be run");
            let mut simulation = Simulation::new(scenario);
            let (mut known_at, mut for_nothing) = (None, 0);
            while simulation.step() {
                if simulation
                    .last_event()
                    .is_none_or(|(_, what)| what != "message" && what != "probe")
                {
                    continue;
                }
                let live = simulation.replicas().iter().filter(|replica| replica.is_live());
                let missed: Vec<usize> = live.map(|it| it.node().down().count()).collect();
                if missed.iter().all(|&count| count > 0) {
                    known_at = known_at.or(Some(simulation.now()));
                }
                for_nothing = for_nothing.max(missed.iter().filter(|&&count| count > 1).count());
            }
            let known_after = known_at.map_or_else(
                || "never".to_owned(),
                |at| format!("{:.1} s", at.as_us() as f64 / 1e6 - 20.0),
            );
            println!(
                "| {nodes} | {suspicion_s} s | {loss} | {} | {known_after} | {for_nothing} |",
                simulation.metrics().membership_bytes / 60 / nodes as u64,
            );
        }
    }
}

/// A simulated minute of 1,000 nodes with 100 operations a second.
fn speed() {
    let mut draw = Draw(3);
    let operations = (0..6_000).map(move |index| (draw.below(1_000), index * 10));
    let begun = Instant::now();
    let simulation = finished(scenario(1_000, operations, r#""strategy":"tree""#));
    let (took, simulated) = (begun.elapsed().as_secs_f64(), simulation.now());
    println!("\n1,000 nodes, 100 operations a second for a minute, along the tree: {simulated}");
    println!(
        "simulated in {took:.1} s, {:.1} times as fast as real time",
        simulated.as_us() as f64 / 1e6 / took
    );
}

fn growth(sizes: &[u64]) {
    println!("\nOne operation by each node, along the tree\n");
    println!(
        "| nodes | s | events | µs an event | µs an arrival of an operation | peak memory so far |"
    );
    println!("|---:|---:|---:|---:|---:|---:|");
    for &nodes in sizes {
        let begun = Instant::now();
        let mut simulation =
            Simulation::new(scenario(nodes, each(nodes, 1), r#""strategy":"tree""#));
        let mut events = 0_u64;
        while simulation.step() {
            events += 1;
        }
        assert!(simulation.has_converged(), "no agreement");
        let took = begun.elapsed().as_secs_f64();
        println!(
            "| {nodes} | {took:.2} | {events} | {:.2} | {:.2} | {} |",
            took * 1e6 / events as f64,
            took * 1e6 / (nodes * (nodes - 1)) as f64,
            peak_memory()
        );
    }
}

/// The most memory that this process has had, where the system tells.
fn peak_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.map_or_else(|| "?".to_owned(), |peak| peak.trim().to_owned())
}
