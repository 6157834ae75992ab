//! From the form of a scenario file to its meaning.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::num::NonZeroU32;
use std::ops::RangeInclusive;

use scalesmall_crdt::{Claim, KeyRange, NodeId, Operation};
use scalesmall_node::{
    DeadClaims, Depth, Detection, Settings, SimTime, Strategy, Sync, WATCHED_RANGES_MAX,
};

use super::file::{
    ClaimFile, LatencyFile, NetworkFile, PairFile, RangeFile, ScenarioFile, StepFile, UntilFile,
};
use super::form::{Number, Object, Rate, Signed, Whole};
use super::{Action, Request, Scenario, ScenarioError, Step, Until};
use crate::limits::{
    BYTES_PER_S_MAX, CLOCK_SKEW_MS_MAX, FANOUT_MAX, HISTORY_MAX, INTERVAL_MS_MAX, LATENCY_MS_MAX,
    REPLICAS_MAX, STEPS_MAX, TEXT_CHARS_MAX, TIME_MS_DEFAULT, TIME_MS_MAX,
};
use crate::{Mode, NetworkSettings, Probability};

type Checked<T> = Result<T, ScenarioError>;

fn wrong<T>(place: &str, reason: impl AsRef<str>) -> Checked<T> {
    Err(ScenarioError::value(place, reason))
}

const NOT_SIMULATED: &str = "is not simulated by this version";

/// The network of a file that does not say otherwise.
pub(super) const DEFAULT_NETWORK: NetworkSettings = NetworkSettings {
    mode: Mode::Gossip,
    latency_us: [20_000, 80_000],
    bytes_per_s: None,
    loss: Probability::NEVER,
    duplicate: Probability::NEVER,
    reorder: Probability::NEVER,
    gossip: Settings {
        interval_us: 200_000,
        fanout: 1,
        strategy: Strategy::PushPull,
        sync: Sync::Delta,
        anti_entropy: true,
        interest: false,
        history: Depth { inside: 4_096, outside: 4_096, forgets_stable: false },
        detection: None,
    },
};

/// The failure detection of a file that does not say more than that there is one.
pub(super) const DEFAULT_DETECTION: Detection =
    Detection { probe_us: 1_000_000, suspicion_us: 3_000_000, dead_claims: DeadClaims::Keep };

/// How long dead nodes' claims are kept where a file does not say it.
pub(super) const RELEASE_AFTER_US_DEFAULT: u32 = 5_000_000;

pub(super) fn scenario(file: ScenarioFile) -> Checked<Scenario> {
    let title = text("title", file.title)?;
    if file.load.is_some() {
        return wrong("load", NOT_SIMULATED);
    }
    known("type", file.kind.as_deref(), &["aw-map"])?;
    let mut names = Names::new(&file.replicas)?;
    let founders = names.replicas.len();
    let network = network("network", &DEFAULT_NETWORK, file.network.0)?;
    let until = until(file.until.0)?;

    few("start", file.start.len(), STEPS_MAX)?;
    let mut start = Vec::with_capacity(file.start.len());
    for (index, Object(step)) in file.start.into_iter().enumerate() {
        let place = format!("start[{index}]");
        if step.at_ms.is_some() {
            return wrong(&format!("{place}.at_ms"), "what is under `start` happens before time 0");
        }
        if step.kind(&place)? != "do" {
            return wrong(&place, "only operations can stand under `start`");
        }
        start.push(names.request(&place, step)?);
    }

    let steps = steps(&mut names, &network, file.steps, until.max)?;
    let (seed, replicas) = (file.seed.0, names.replicas.into());
    Ok(Scenario { title, seed, replicas, founders, network, start, steps, until })
}

fn steps(
    names: &mut Names,
    network: &NetworkSettings,
    files: Vec<Object<StepFile>>,
    max: SimTime,
) -> Checked<Vec<Step>> {
    few("steps", files.len(), STEPS_MAX)?;
    let mut timed = Vec::with_capacity(files.len());
    let mut at_ms = 0;
    for (index, Object(file)) in files.into_iter().enumerate() {
        let place = format!("steps[{index}]");
        if let Some(given) = file.at_ms {
            at_ms = number(&format!("{place}.at_ms"), given, 0..=TIME_MS_MAX)?;
        }
        if SimTime::from_ms(at_ms) > max {
            let reason = format!("{at_ms} is past the end of the run, {} ms", max.as_ms());
            return wrong(&format!("{place}.at_ms"), reason);
        }
        timed.push((SimTime::from_ms(at_ms), place, file));
    }
    // Stable: equal times stay in the order of the file.
    timed.sort_by_key(|&(at, ..)| at);

    let mut course = Course::new(network.clone(), names.replicas.len());
    for (_, place, file) in &timed {
        if let Some(newcomer) = &file.join {
            names.add(&format!("{place}.join"), newcomer)?;
        }
    }
    few("replicas", names.replicas.len(), REPLICAS_MAX)?;
    let mut steps = Vec::with_capacity(timed.len());
    for (at, place, file) in timed {
        let action = names.action(&place, file, &course.network)?;
        course.follow(&place, &action, names)?;
        steps.push(Step { at, action });
    }
    Ok(steps)
}

/// What steps presuppose of those before them, in the order in which they run.
struct Course {
    network: NetworkSettings,
    /// How many replicas there are.
    present: usize,
    /// And how they have gone.
    down: BTreeMap<usize, &'static str>,
    paused: BTreeSet<usize>,
    /// Who gets each kept message.
    messages: BTreeMap<String, usize>,
}

impl Course {
    fn new(network: NetworkSettings, present: usize) -> Self {
        let (down, paused, messages) = Default::default();
        Self { network, present, down, paused, messages }
    }

    fn follow(&mut self, place: &str, action: &Action, names: &Names) -> Checked<()> {
        let name = |replica: usize| &names.replicas[replica];
        if let Some(absent) = action.replicas().into_iter().find(|&it| it >= self.present) {
            return wrong(place, format!("{} has not joined by then", name(absent)));
        }
        let runs = |course: &Self, replica: usize| match course.down.get(&replica) {
            Some(how) => {
                let reason = format!("{} has {how} and not been restarted by then", name(replica));
                wrong(place, reason)
            }
            None => Ok(()),
        };
        let by_hand =
            matches!(action, Action::Sync { .. } | Action::Send { .. } | Action::Deliver(_));
        if by_hand && self.network.mode == Mode::Gossip {
            return wrong(place, "messages move by steps only where `network.mode` is \"manual\"");
        }
        match action {
            Action::Operation(request) => runs(self, request.on)?,
            Action::Crash(replica) => {
                runs(self, *replica)?;
                self.down.insert(*replica, "crashed");
                self.paused.remove(replica);
            }
            Action::Restart { replica, .. } => {
                if self.down.remove(replica).is_none() {
                    return wrong(place, format!("{} has not crashed by then", name(*replica)));
                }
            }
            Action::Join { through } => {
                runs(self, *through)?;
                self.present += 1;
            }
            Action::Retire { replica, on } if replica == on => {
                return wrong(place, format!("{} cannot retire itself", name(*on)));
            }
            Action::Retire { on, .. } => runs(self, *on)?,
            Action::Watch { replica, .. } => runs(self, *replica)?,
            Action::Leave(replica) => {
                runs(self, *replica)?;
                if self.paused.contains(replica) {
                    return wrong(place, format!("{} is paused by then", name(*replica)));
                }
                self.down.insert(*replica, "left");
            }
            Action::Pause(replica) => {
                runs(self, *replica)?;
                if !self.paused.insert(*replica) {
                    return wrong(place, format!("{} is paused already", name(*replica)));
                }
            }
            Action::Resume(replica) => {
                if !self.paused.remove(replica) {
                    return wrong(place, format!("{} is not paused by then", name(*replica)));
                }
            }
            Action::Sync { from, to } => {
                runs(self, *from)?;
                runs(self, *to)?;
            }
            Action::Send { from, to, name, .. } => {
                runs(self, *from)?;
                self.messages.insert(name.clone(), *to);
            }
            Action::Deliver(message) => match self.messages.get(message) {
                Some(&to) => runs(self, to)?,
                None => {
                    return wrong(place, format!("no message {message:?} has been sent by then"));
                }
            },
            Action::Network(network) => self.network = network.clone(),
            Action::Partition(_) | Action::Heal | Action::Observe(_) => {}
            // To cut twice, or to mend what is whole, is fine; and a clock runs in a machine that
            // has crashed.
            Action::Cut { .. } | Action::Mend { .. } | Action::ClockSkew { .. } => {}
            Action::Clog { .. } | Action::Unclog { .. } => {}
        }
        Ok(())
    }
}

/// The replicas by name.
struct Names {
    replicas: Vec<NodeId>,
    index: BTreeMap<String, usize>,
}

impl Names {
    fn new(replicas: &[String]) -> Checked<Self> {
        few("replicas", replicas.len(), REPLICAS_MAX)?;
        if replicas.is_empty() {
            return wrong("replicas", "there must be at least one");
        }
        let mut names =
            Self { replicas: Vec::with_capacity(replicas.len()), index: BTreeMap::new() };
        for (index, name) in replicas.iter().enumerate() {
            let place = format!("replicas[{index}]");
            names.replicas.push(node(&place, name)?);
            if names.index.insert(name.clone(), index).is_some() {
                return wrong(&place, format!("{name:?} stands here a second time"));
            }
        }
        Ok(names)
    }

    /// Adds one who joins later.
    fn add(&mut self, place: &str, newcomer: &str) -> Checked<()> {
        let index = self.replicas.len();
        self.replicas.push(node(place, newcomer)?);
        if self.index.insert(newcomer.to_owned(), index).is_some() {
            return wrong(place, format!("{newcomer:?} is among the replicas already"));
        }
        Ok(())
    }

    fn replica(&self, place: &str, name: &str) -> Checked<usize> {
        match self.index.get(name) {
            Some(&replica) => Ok(replica),
            None => wrong(place, format!("{name:?} is not among the replicas")),
        }
    }

    fn pair(&self, place: &str, pair: PairFile) -> Checked<[usize; 2]> {
        let PairFile { from, to } = pair;
        Ok([
            self.replica(&format!("{place}[0]"), &from)?,
            self.replica(&format!("{place}[1]"), &to)?,
        ])
    }

    /// A link, from one replica to another.
    fn link(&self, place: &str, pair: Option<PairFile>) -> Checked<[usize; 2]> {
        let [from, to] = self.pair(place, pair.expect("it is the kind"))?;
        if from == to {
            let name = &self.replicas[from];
            return wrong(place, format!("there is no link from {name} to itself"));
        }
        Ok([from, to])
    }

    fn clock_skew(&self, place: &str, file: &StepFile) -> Checked<Action> {
        let at = |field: &str| format!("{place}.{field}");
        let Some(on) = &file.on else { return wrong(&at("on"), "is missing") };
        let replica = self.replica(&at("on"), on)?;
        let Signed(ms) = file.clock_skew_ms.expect("it is the kind");
        if !(-CLOCK_SKEW_MS_MAX..=CLOCK_SKEW_MS_MAX).contains(&ms) {
            let reason = format!("{ms} is not within -{CLOCK_SKEW_MS_MAX} to {CLOCK_SKEW_MS_MAX}");
            return wrong(&at("clock_skew_ms"), reason);
        }
        Ok(Action::ClockSkew { replica, skew_us: ms * 1_000 })
    }

    fn request(&self, place: &str, file: StepFile) -> Checked<Request> {
        let at = |field: &str| format!("{place}.{field}");
        let missing = |field: &str| ScenarioError::value(at(field), "is missing");
        let name = file.operation.as_deref().ok_or_else(|| missing("do"))?;
        let on = self.replica(&at("on"), file.on.as_deref().ok_or_else(|| missing("on"))?)?;
        let claim = claim(&at("claim"), file.claim.ok_or_else(|| missing("claim"))?)?;
        let superfluous = |field: &str| wrong(&at(field), format!("{name:?} takes no `{field}`"));
        let takes_by = matches!(name, "increase" | "decrease");
        if file.by.is_some() && !takes_by {
            return superfluous("by");
        }
        if file.to.is_some() && name != "tighten" {
            return superfluous("to");
        }
        let by = || {
            let given = file.by.ok_or_else(|| missing("by"))?;
            let by: u32 = number(&at("by"), given, 1..=u32::MAX)?;
            Ok(NonZeroU32::new(by).expect("at least 1"))
        };
        let operation = match name {
            "register" => Operation::Register { claim },
            "release" => Operation::Release { claim },
            "increase" => Operation::Increase { claim, by: by()? },
            "decrease" => Operation::Decrease { claim, by: by()? },
            "tighten" => {
                let to = file.to.ok_or_else(|| missing("to"))?;
                let to = range(&at("to"), [(to.start, 0), (to.end, 1)])?;
                if !to.is_strictly_inside(claim.range) {
                    let reason =
                        format!("{to} is not a part of {} that leaves some of it out", claim.range);
                    return wrong(&at("to"), reason);
                }
                Operation::Tighten { claim, to }
            }
            _ => {
                known(
                    &at("do"),
                    Some(name),
                    &["register", "release", "increase", "decrease", "tighten"],
                )?;
                unreachable!("it is not among the known ones")
            }
        };
        Ok(Request { on, operation })
    }

    fn action(&self, place: &str, file: StepFile, network: &NetworkSettings) -> Checked<Action> {
        let kind = file.kind(place)?;
        let at = format!("{place}.{kind}");
        let one = |name: &Option<String>| self.replica(&at, name.as_deref().unwrap_or_default());
        Ok(match kind {
            "do" => Action::Operation(self.request(place, file)?),
            "partition" => {
                Action::Partition(self.groups(&at, &file.partition.unwrap_or_default())?)
            }
            "heal" if file.heal == Some(true) => Action::Heal,
            "heal" => return wrong(&at, "can only be true"),
            "cut" => {
                let [from, to] = self.link(&at, file.cut)?;
                Action::Cut { from, to }
            }
            "mend" => {
                let [from, to] = self.link(&at, file.mend)?;
                Action::Mend { from, to }
            }
            "clog" => {
                let [from, to] = self.link(&at, file.clog)?;
                Action::Clog { from, to }
            }
            "unclog" => {
                let [from, to] = self.link(&at, file.unclog)?;
                Action::Unclog { from, to }
            }
            "clock_skew_ms" => self.clock_skew(place, &file)?,
            "crash" => Action::Crash(one(&file.crash)?),
            "restart" => {
                let place = format!("{place}.state");
                known(&place, file.state.as_deref(), &["kept", "lost"])?;
                let lost = file.state.as_deref() == Some("lost");
                Action::Restart { replica: one(&file.restart)?, lost }
            }
            "retire" => {
                let on = format!("{place}.on");
                let Some(name) = file.on else {
                    return wrong(&on, "is missing: who retires it");
                };
                Action::Retire { replica: one(&file.retire)?, on: self.replica(&on, &name)? }
            }
            "join" => {
                let through = format!("{place}.through");
                let Some(name) = file.through else {
                    return wrong(&through, "is missing: who lets it in");
                };
                Action::Join { through: self.replica(&through, &name)? }
            }
            "leave" => Action::Leave(one(&file.leave)?),
            "watch" => {
                let on = format!("{place}.on");
                let Some(name) = file.on else {
                    return wrong(&on, "is missing: who watches");
                };
                let ranges = file.watch.unwrap_or_default();
                few(&at, ranges.len(), WATCHED_RANGES_MAX)?;
                let range = |(index, it): (usize, RangeFile)| {
                    range(&format!("{at}[{index}]"), [(it.start, 0), (it.end, 1)])
                };
                let ranges = ranges.into_iter().enumerate().map(range).collect::<Checked<_>>()?;
                Action::Watch { replica: self.replica(&on, &name)?, ranges }
            }
            "pause" => Action::Pause(one(&file.pause)?),
            "resume" => Action::Resume(one(&file.resume)?),
            "network" => {
                let Object(file) = file.network.unwrap_or_default();
                if file.mode.is_some() {
                    return wrong(&format!("{at}.mode"), "cannot change in the course of a run");
                }
                Action::Network(self::network(&at, network, file)?)
            }
            "sync" => {
                let [from, to] = self.pair(&at, file.sync.expect("it is the kind"))?;
                Action::Sync { from, to }
            }
            "send" => {
                let [from, to] = self.pair(&at, file.send.expect("it is the kind"))?;
                let Some(name) = file.name else {
                    return wrong(&format!("{place}.as"), "is missing: the name of the message");
                };
                known(&format!("{place}.only"), file.only.as_deref(), &["last-operation"])?;
                let name = text(&format!("{place}.as"), name)?;
                Action::Send { from, to, name, only_last_operation: file.only.is_some() }
            }
            "deliver" => Action::Deliver(file.deliver.unwrap_or_default()),
            "observe" => Action::Observe(one(&file.observe)?),
            _ => return wrong(&at, NOT_SIMULATED),
        })
    }

    fn groups(&self, place: &str, groups: &[Vec<String>]) -> Checked<Vec<Vec<usize>>> {
        let mut named = BTreeSet::new();
        let mut checked = Vec::with_capacity(groups.len());
        for (group, names) in groups.iter().enumerate() {
            let mut replicas = Vec::with_capacity(names.len());
            for (index, name) in names.iter().enumerate() {
                let place = format!("{place}[{group}][{index}]");
                let replica = self.replica(&place, name)?;
                if !named.insert(replica) {
                    return wrong(&place, format!("{name:?} is in a group already"));
                }
                replicas.push(replica);
            }
            checked.push(replicas);
        }
        Ok(checked)
    }
}

impl StepFile {
    /// Which field says what kind of step this is; all others must go with it.
    fn kind(&self, place: &str) -> Checked<&'static str> {
        let kinds = [
            ("do", self.operation.is_some()),
            ("partition", self.partition.is_some()),
            ("heal", self.heal.is_some()),
            ("cut", self.cut.is_some()),
            ("mend", self.mend.is_some()),
            ("clog", self.clog.is_some()),
            ("unclog", self.unclog.is_some()),
            ("crash", self.crash.is_some()),
            ("restart", self.restart.is_some()),
            ("pause", self.pause.is_some()),
            ("resume", self.resume.is_some()),
            ("network", self.network.is_some()),
            ("retire", self.retire.is_some()),
            ("join", self.join.is_some()),
            ("leave", self.leave.is_some()),
            ("watch", self.watch.is_some()),
            ("clock_skew_ms", self.clock_skew_ms.is_some()),
            ("sync", self.sync.is_some()),
            ("send", self.send.is_some()),
            ("deliver", self.deliver.is_some()),
            ("observe", self.observe.is_some()),
        ];
        let mut present = kinds.iter().filter(|(_, present)| *present).map(|&(name, _)| name);
        let kind = match (present.next(), present.next()) {
            (Some(kind), None) => kind,
            (Some(kind), Some(other)) => {
                return wrong(place, format!("`{kind}` and `{other}` are two steps"));
            }
            (None, _) => {
                let all: Vec<&str> = kinds.iter().map(|&(name, _)| name).collect();
                return wrong(
                    place,
                    format!("nothing is to happen here; a step has one of {}", all.join(", ")),
                );
            }
        };
        let companions: [(&str, bool, &[&str]); 8] = [
            ("on", self.on.is_some(), &["do", "retire", "watch", "clock_skew_ms"]),
            ("claim", self.claim.is_some(), &["do"]),
            ("by", self.by.is_some(), &["do"]),
            ("to", self.to.is_some(), &["do"]),
            ("state", self.state.is_some(), &["restart"]),
            ("through", self.through.is_some(), &["join"]),
            ("as", self.name.is_some(), &["send"]),
            ("only", self.only.is_some(), &["send"]),
        ];
        for (field, present, goes_with) in companions {
            if present && !goes_with.contains(&kind) {
                return wrong(&format!("{place}.{field}"), format!("does not go with `{kind}`"));
            }
        }
        Ok(kind)
    }
}

/// What a word stands for, where one is given.
fn choose<T: Copy>(
    place: &str,
    word: Option<&str>,
    choices: &[(&str, T)],
    setting: &mut T,
) -> Checked<()> {
    let words: Vec<&str> = choices.iter().map(|&(word, _)| word).collect();
    known(place, word, &words)?;
    let chosen = choices.iter().find(|&&(choice, _)| Some(choice) == word);
    *setting = chosen.map_or(*setting, |&(_, choice)| choice);
    Ok(())
}

fn network(place: &str, base: &NetworkSettings, file: NetworkFile) -> Checked<NetworkSettings> {
    let at = |field: &str| format!("{place}.{field}");
    let mut network = base.clone();
    known(&at("mode"), file.mode.as_deref(), &["gossip", "manual"])?;
    if file.mode.as_deref() == Some("manual") {
        network.mode = Mode::Manual;
    }
    let gossip = &mut network.gossip;
    let strategies = Strategy::ALL.map(|strategy| (strategy.name(), strategy));
    let syncs = Sync::ALL.map(|sync| (sync.name(), sync));
    choose(&at("strategy"), file.strategy.as_deref(), &strategies, &mut gossip.strategy)?;
    choose(&at("sync"), file.sync.as_deref(), &syncs, &mut gossip.sync)?;
    gossip.anti_entropy = file.anti_entropy.unwrap_or(gossip.anti_entropy);
    if let Some(LatencyFile { least, most }) = file.latency_ms {
        let least: u32 = number(&at("latency_ms[0]"), least, 0..=LATENCY_MS_MAX)?;
        let most: u32 = number(&at("latency_ms[1]"), most, 0..=LATENCY_MS_MAX)?;
        network.latency_us = [least * 1_000, most * 1_000];
        if least > most {
            return wrong(
                &at("latency_ms"),
                format!("the least, {least}, is more than the most, {most}"),
            );
        }
    }
    match file.bytes_per_s {
        Some(Rate::Limited(rate)) => {
            let rate: u32 = number(&at("bytes_per_s"), rate, 1..=BYTES_PER_S_MAX)?;
            network.bytes_per_s = NonZeroU32::new(rate);
        }
        Some(Rate::Unlimited) => network.bytes_per_s = None,
        None => {}
    }
    let chances = [
        ("loss", file.loss, &mut network.loss),
        ("duplicate", file.duplicate, &mut network.duplicate),
        ("reorder", file.reorder, &mut network.reorder),
    ];
    for (field, given, setting) in chances {
        let Some(Number(given)) = given else { continue };
        let Some(probability) = Probability::new(given) else {
            return wrong(&at(field), format!("{given:?} is not a probability, 0 to 1"));
        };
        *setting = probability;
    }
    if let Some(ms) = file.interval_ms {
        let ms: u32 = number(&at("interval_ms"), ms, 1..=INTERVAL_MS_MAX)?;
        network.gossip.interval_us = ms * 1_000;
    }
    network.gossip.interest = file.interest.unwrap_or(network.gossip.interest);
    let depth = &mut network.gossip.history;
    if let Some(history) = file.history {
        let count = number(&at("history"), history, 1..=HISTORY_MAX)?;
        // Where nothing else is said, what is outside a node's interest is kept as well.
        (depth.inside, depth.outside) = (count, count);
    }
    if let Some(outside) = file.history_outside {
        depth.outside = number(&at("history_outside"), outside, 0..=depth.inside)?;
    }
    let words = [("keep", false), ("forget", true)];
    let stable = file.history_stable.as_deref();
    choose(&at("history_stable"), stable, &words, &mut depth.forgets_stable)?;
    if let Some(fanout) = file.fanout {
        network.gossip.fanout = number(&at("fanout"), fanout, 1..=FANOUT_MAX)?;
    }
    network.gossip.detection = detection(place, network.gossip.detection, &file)?;
    Ok(network)
}

/// How failures are detected, if they are.
fn detection(
    place: &str,
    base: Option<Detection>,
    file: &NetworkFile,
) -> Checked<Option<Detection>> {
    let at = |field: &str| format!("{place}.{field}");
    let details = [
        ("probe_ms", file.probe_ms.is_some()),
        ("suspicion_ms", file.suspicion_ms.is_some()),
        ("dead_claims", file.dead_claims.is_some()),
        ("release_after_ms", file.release_after_ms.is_some()),
    ];
    if !file.failure_detection.unwrap_or(base.is_some()) {
        return match details.iter().find(|(_, present)| *present) {
            Some((field, _)) => wrong(&at(field), "goes with `failure_detection`: true"),
            None => Ok(None),
        };
    }
    let mut detection = base.unwrap_or(DEFAULT_DETECTION);
    let ms = |field: &str, given: Option<Whole>, setting: &mut u32| -> Checked<()> {
        let Some(given) = given else { return Ok(()) };
        *setting = number::<u32>(&at(field), given, 1..=INTERVAL_MS_MAX)? * 1_000;
        Ok(())
    };
    ms("probe_ms", file.probe_ms, &mut detection.probe_us)?;
    ms("suspicion_ms", file.suspicion_ms, &mut detection.suspicion_us)?;
    let mut releases = matches!(detection.dead_claims, DeadClaims::ReleaseAfter(_));
    let words = [("keep", false), ("release-after", true)];
    choose(&at("dead_claims"), file.dead_claims.as_deref(), &words, &mut releases)?;
    let mut release_after_us = match detection.dead_claims {
        DeadClaims::ReleaseAfter(us) => us,
        DeadClaims::Keep => RELEASE_AFTER_US_DEFAULT,
    };
    if file.release_after_ms.is_some() && !releases {
        return wrong(&at("release_after_ms"), "goes with `dead_claims`: \"release-after\"");
    }
    ms("release_after_ms", file.release_after_ms, &mut release_after_us)?;
    detection.dead_claims = match releases {
        true => DeadClaims::ReleaseAfter(release_after_us),
        false => DeadClaims::Keep,
    };
    Ok(Some(detection))
}

fn until(file: UntilFile) -> Checked<Until> {
    let max_ms = file.max_ms.unwrap_or(Whole(TIME_MS_DEFAULT.into()));
    let max_ms = number("until.max_ms", max_ms, 0..=TIME_MS_MAX)?;
    // A plain limit of time asks for nothing else; where nothing is said, agreement is the aim.
    let converged = file.converged.unwrap_or(file.max_ms.is_none());
    Ok(Until { converged, max: SimTime::from_ms(max_ms) })
}

fn claim(place: &str, ClaimFile { node: name, start, end }: ClaimFile) -> Checked<Claim> {
    let node = node(&format!("{place}[0]"), &name)?;
    Ok(Claim::new(node, range(place, [(start, 1), (end, 2)])?))
}

/// The range whose ends are elements of the array at `place`, each with its index there.
fn range(place: &str, ends: [(Whole, usize); 2]) -> Checked<KeyRange> {
    let mut keys = [0; 2];
    for (key, (Whole(given), index)) in keys.iter_mut().zip(ends) {
        let Ok(given) = u32::try_from(given) else {
            let reason = format!("{given} is past the key space, 0 to {}", u32::MAX);
            return wrong(&format!("{place}[{index}]"), reason);
        };
        *key = given;
    }
    KeyRange::new(keys[0], keys[1]).or_else(|error| wrong(place, error.to_string()))
}

fn node(place: &str, name: &str) -> Checked<NodeId> {
    NodeId::new(name).or_else(|error| wrong(place, error.to_string()))
}

fn text(place: &str, text: String) -> Checked<String> {
    match text.chars().count() {
        0..=TEXT_CHARS_MAX if text.chars().any(char::is_control) => {
            wrong(place, format!("{text:?} holds a control character"))
        }
        0..=TEXT_CHARS_MAX => Ok(text),
        chars => wrong(place, format!("has {chars} characters, more than {TEXT_CHARS_MAX}")),
    }
}

fn few(place: &str, count: usize, most: usize) -> Checked<()> {
    if count <= most {
        Ok(())
    } else {
        wrong(place, format!("there are {count}, more than {most}"))
    }
}

fn number<T>(place: &str, Whole(given): Whole, within: RangeInclusive<T>) -> Checked<T>
where
    T: TryFrom<u64> + PartialOrd + Display,
{
    match T::try_from(given) {
        Ok(number) if within.contains(&number) => Ok(number),
        _ => wrong(place, format!("{given} is not within {} to {}", within.start(), within.end())),
    }
}

/// Refuses a word that is not among those that this version knows.
fn known(place: &str, word: Option<&str>, words: &[&str]) -> Checked<()> {
    match word {
        Some(word) if !words.contains(&word) => {
            let reason =
                format!("{word:?} is not known to this version; known: {}", words.join(", "));
            wrong(place, reason)
        }
        _ => Ok(()),
    }
}
