//! From a scenario to a file: what [`Scenario::parse`] reads as that very scenario.
//!
//! Whoever shares a scenario wants it short, and whoever keeps one wants to see what has changed.
//! So a file says only what is not so by default, a step that changes the network only what then
//! differs, and each step has a line of its own. Fields are in the order of the
//! [description](super::FORMAT).

use std::io;
use std::num::NonZeroU32;

use scalesmall_crdt::{DataType, KeyRange, Operation};
use scalesmall_node::{DeadClaims, Depth, Detection, SimTime};
use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{Formatter, Serializer};

use super::check::settings::{DEFAULT_DETECTION, DEFAULT_NETWORK, RELEASE_AFTER_US_DEFAULT};
use super::file::FORMAT;
use super::{Action, Request, Scenario, Step, Until};
use crate::limits::TIME_MS_DEFAULT;
use crate::{Mode, NetworkSettings, Probability};

pub(super) fn file(scenario: &Scenario) -> String {
    let mut course = Course::new(scenario);
    let start = scenario.start.iter().map(|it| course.operation(Object::default(), it).text());
    let start = start.collect::<Vec<_>>();
    let steps = scenario.steps.iter().map(|step| course.step(step).text()).collect::<Vec<_>>();
    let founders: Vec<&str> =
        scenario.replicas[..scenario.founders].iter().map(|name| name.as_str()).collect();
    Object::default()
        .with("format", FORMAT)
        .changed("title", ["", &scenario.title])
        .changed("seed", [0, scenario.seed])
        .with("replicas", founders)
        .changed("incarnations", [&Vec::new(), &scenario.incarnations])
        .changed("type", [DataType::default(), scenario.data_type].map(DataType::name))
        .with_any("network", &network([&DEFAULT_NETWORK, &scenario.network]))
        .with_lines("start", &start)
        .with_lines("steps", &steps)
        .with_any("until", &until(scenario.until))
        .page()
}

/// What the form of a step takes from those before it.
struct Course<'a> {
    scenario: &'a Scenario,
    network: &'a NetworkSettings,
    /// How many replicas there are.
    present: usize,
}

impl<'a> Course<'a> {
    fn new(scenario: &'a Scenario) -> Self {
        Self { scenario, network: &scenario.network, present: scenario.founders }
    }

    fn name(&self, replica: usize) -> &'a str {
        self.scenario.replicas[replica].as_str()
    }

    fn names(&self, replicas: &[usize]) -> Vec<&'a str> {
        replicas.iter().map(|&replica| self.name(replica)).collect()
    }

    fn step(&mut self, Step { at, action }: &'a Step) -> Object {
        let step = Object::default().with("at_ms", at.rounded_up_to_ms().as_ms());
        let name = |replica: &usize| self.name(*replica);
        let link = |from: &usize, to: &usize| [name(from), name(to)];
        match action {
            Action::Operation(request) => self.operation(step, request),
            Action::Partition(groups) => {
                let groups: Vec<_> = groups.iter().map(|group| self.names(group)).collect();
                step.with("partition", groups)
            }
            Action::Heal => step.with("heal", true),
            Action::Cut { from, to } => step.with("cut", link(from, to)),
            Action::Mend { from, to } => step.with("mend", link(from, to)),
            Action::Clog { from, to } => step.with("clog", link(from, to)),
            Action::Unclog { from, to } => step.with("unclog", link(from, to)),
            Action::Message { from, to, number, fate } => {
                step.with(fate.name(), (name(from), name(to), number))
            }
            Action::ClockSkew { replica, skew_us } => {
                // Rounded up, as all times.
                let between = skew_us.rem_euclid(1_000) != 0;
                let skew_ms = skew_us.div_euclid(1_000) + i64::from(between);
                step.with("clock_skew_ms", skew_ms).with("on", name(replica))
            }
            Action::Crash(replica) => step.with("crash", name(replica)),
            Action::Restart { replica, lost, incarnation } => {
                let state = if *lost { "lost" } else { "kept" };
                let step = step.with("restart", name(replica)).changed("state", ["kept", state]);
                step.changed("incarnation", [None, *incarnation])
            }
            Action::Pause(replica) => step.with("pause", name(replica)),
            Action::Resume(replica) => step.with("resume", name(replica)),
            Action::Join { through } => {
                let (newcomer, through) = (self.name(self.present), name(through));
                self.present += 1;
                step.with("join", newcomer).with("through", through)
            }
            Action::Leave(replica) => step.with("leave", name(replica)),
            Action::Retire { replica, on } => {
                step.with("retire", name(replica)).with("on", name(on))
            }
            Action::Watch { replica, ranges } => {
                let ranges: Vec<_> = ranges.iter().copied().map(ends).collect();
                step.with("watch", ranges).with("on", name(replica))
            }
            Action::Network(settings) => {
                let before = std::mem::replace(&mut self.network, settings);
                step.with_object("network", &network([before, settings]))
            }
            Action::Sync { from, to } => step.with("sync", link(from, to)),
            Action::Send { from, to, name, only_last_operation } => {
                let only = only_last_operation.then_some("last-operation");
                step.with("send", link(from, to)).with("as", name).changed("only", [None, only])
            }
            Action::Deliver(message) => step.with("deliver", message),
            Action::Receive { replica, elsewhere } => {
                step.with("receive", elsewhere.text()).with("on", name(replica))
            }
            Action::Observe(replica) => step.with("observe", name(replica)),
        }
    }

    fn operation(&self, step: Object, Request { on, operation }: &Request) -> Object {
        let claim = operation.claim();
        let [start, end] = ends(claim.range);
        let step = step.with("on", self.name(*on)).with("do", operation.name().to_lowercase());
        if let Operation::Split { .. } = operation {
            return step.with("at", start);
        }
        let step = step.with("claim", (claim.node.as_str(), start, end));
        match operation {
            Operation::Increase { by, .. } | Operation::Decrease { by, .. } => step.with("by", by),
            Operation::Tighten { to, .. } => step.with("to", ends(*to)),
            _ => step,
        }
    }
}

fn ends(range: KeyRange) -> [u32; 2] {
    [range.start(), range.end()]
}

fn until(Until { converged, max }: Until) -> Object {
    let max_ms = max.rounded_up_to_ms().as_ms();
    match converged {
        true if max_ms == u64::from(TIME_MS_DEFAULT) => Object::default(),
        true => Object::default().with("converged", true).with("max_ms", max_ms),
        // With a time alone, that is the end.
        false => Object::default().with("max_ms", max_ms),
    }
}

/// What has to be said for the first of these settings to become the second.
fn network(both: [&NetworkSettings; 2]) -> Object {
    let gossip = both.map(|it| &it.gossip);
    Object::default()
        .changed("mode", both.map(|it| mode(it.mode)))
        .changed("strategy", gossip.map(|it| it.strategy.name()))
        .changed("sync", gossip.map(|it| it.sync.name()))
        .changed("anti_entropy", gossip.map(|it| it.anti_entropy))
        .changed("interval_ms", gossip.map(|it| ms(it.interval_us)))
        .changed("fanout", gossip.map(|it| it.fanout))
        .changed("latency_ms", both.map(|it| it.latency_us.map(ms)))
        .changed("loss", both.map(|it| chance(it.loss)))
        .changed("duplicate", both.map(|it| chance(it.duplicate)))
        .changed("reorder", both.map(|it| chance(it.reorder)))
        .changed("bytes_per_s", both.map(|it| rate(it.bytes_per_s)))
        .changed("interest", gossip.map(|it| it.interest))
        .history(gossip.map(|it| it.history))
        .detection(gossip.map(|it| it.detection))
}

fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Gossip => "gossip",
        Mode::Manual => "manual",
    }
}

fn chance(probability: Probability) -> Value {
    match probability.to_f64() {
        // Else they would be written with a decimal point.
        0.0 => 0.into(),
        1.0 => 1.into(),
        between => between.into(),
    }
}

fn rate(bytes_per_s: Option<NonZeroU32>) -> Value {
    bytes_per_s.map_or_else(|| "unlimited".into(), |rate| rate.get().into())
}

/// Milliseconds, rounded up: what is not 0 does not become so.
fn ms(us: u32) -> u64 {
    SimTime::from_us(us.into()).rounded_up_to_ms().as_ms()
}

/// The fields of a JSON object as they are written.
#[derive(Default)]
struct Object(Vec<String>);

impl Object {
    fn with(self, name: &str, value: impl Serialize) -> Self {
        self.with_text(name, &json(&value))
    }

    fn with_text(mut self, name: &str, text: &str) -> Self {
        self.0.push(format!("{name:?}: {text}"));
        self
    }

    fn with_object(self, name: &str, object: &Self) -> Self {
        self.with_text(name, &object.text())
    }

    /// With this object, unless that is empty.
    fn with_any(self, name: &str, object: &Self) -> Self {
        if object.0.is_empty() { self } else { self.with_object(name, object) }
    }

    /// With an array of these, each on a line of its own, unless there are none.
    fn with_lines(self, name: &str, lines: &[String]) -> Self {
        if lines.is_empty() {
            return self;
        }
        self.with_text(name, &format!("[\n    {}\n  ]", lines.join(",\n    ")))
    }

    /// With the second value, unless that is what it is anyway.
    fn changed<T: PartialEq + Serialize>(self, name: &str, [before, after]: [T; 2]) -> Self {
        if before == after { self } else { self.with(name, after) }
    }

    fn history(self, both: [Depth; 2]) -> Self {
        let [before, after] = both;
        // `history` is for both, where only that is given.
        let outside = if before.inside == after.inside { before.outside } else { after.inside };
        self.changed("history", both.map(|it| it.inside))
            .changed("history_outside", [outside, after.outside])
            .changed(
                "history_stable",
                both.map(|it| ["keep", "forget"][it.forgets_stable as usize]),
            )
    }

    fn detection(self, [before, after]: [Option<Detection>; 2]) -> Self {
        let object = self.changed("failure_detection", [before.is_some(), after.is_some()]);
        let Some(after) = after else { return object };
        let both = [before.unwrap_or(DEFAULT_DETECTION), after];
        let object = object
            .changed("probe_ms", both.map(|it| ms(it.probe_us)))
            .changed("suspicion_ms", both.map(|it| ms(it.suspicion_us)));
        let [before, after] = both.map(|it| match it.dead_claims {
            DeadClaims::Keep => ("keep", RELEASE_AFTER_US_DEFAULT),
            DeadClaims::ReleaseAfter(us) => ("release-after", us),
        });
        let object = object.changed("dead_claims", [before.0, after.0]);
        match after.0 {
            "keep" => object,
            _ => object.changed("release_after_ms", [before.1, after.1].map(ms)),
        }
    }

    /// The object on one line.
    fn text(&self) -> String {
        if self.0.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", self.0.join(", ")) }
    }

    /// The object as a file, each field on a line of its own.
    fn page(&self) -> String {
        format!("{{\n  {}\n}}\n", self.0.join(",\n  "))
    }
}

/// A value that is not made of objects, on one line.
fn json(value: &impl Serialize) -> String {
    let mut text = Vec::new();
    let written = value.serialize(&mut Serializer::with_formatter(&mut text, Spaced));
    written.expect("a Vec takes all, and names, numbers and arrays have a form in JSON");
    String::from_utf8(text).expect("JSON is UTF-8")
}

/// A space after each comma of an array.
struct Spaced;

impl Formatter for Spaced {
    fn begin_array_value<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }
}
