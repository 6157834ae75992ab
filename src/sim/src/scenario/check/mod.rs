//! From the form of a scenario file to its meaning.

pub(super) mod course;
pub(super) mod settings;
mod value;

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use scalesmall_crdt::{DataType, Key, NodeId, Operation};
use scalesmall_node::{SimTime, WATCHED_RANGES_MAX};

use self::course::Course;
use self::settings::{DEFAULT_NETWORK, network};
use self::value::{Checked, choose, claim, few, known, node, number, range, text, wrong};
use super::file::{MessageFile, PairFile, RangeFile, ScenarioFile, StepFile, UntilFile};
use super::form::{Object, Signed, Whole};
use super::{Action, Elsewhere, Fate, Request, Scenario, ScenarioError, Step, Until};
use crate::limits::{
    CLOCK_SKEW_MS_MAX, INCARNATION_MAX, REPLICAS_MAX, STEPS_MAX, TIME_MS_DEFAULT, TIME_MS_MAX,
};
use crate::{NetworkSettings, sorted_by};

const NOT_SIMULATED: &str = "is not simulated by this version";

pub(super) fn scenario(file: ScenarioFile) -> Checked<Scenario> {
    let title = text("title", file.title)?;
    if file.load.is_some() {
        return wrong("load", NOT_SIMULATED);
    }
    let mut data_type = DataType::default();
    let data_types = DataType::ALL.map(|it| (it.name(), it));
    choose("type", file.kind.as_deref(), &data_types, &mut data_type)?;
    let mut names = Names::new(data_type, &file.replicas)?;
    let founders = names.replicas.len();
    let incarnations = incarnations(file.incarnations, founders)?;
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

    let course = Course::new(network.clone(), founders, &incarnations);
    let steps = steps(&mut names, course, file.steps, until.max)?;
    let (seed, replicas) = (file.seed.0, names.replicas.into());
    Ok(Scenario {
        title,
        seed,
        replicas,
        founders,
        incarnations,
        data_type,
        network,
        start,
        steps,
        until,
    })
}

/// As which incarnations the founders begin, unless all are the first.
fn incarnations(files: Vec<Whole>, founders: usize) -> Checked<Vec<u32>> {
    if !files.is_empty() && files.len() != founders {
        let reason = format!("there are {} for {founders} replicas", files.len());
        return wrong("incarnations", reason);
    }
    let mut incarnations = Vec::with_capacity(files.len());
    for (index, given) in files.into_iter().enumerate() {
        incarnations.push(number(&format!("incarnations[{index}]"), given, 0..=INCARNATION_MAX)?);
    }
    match incarnations.iter().all(|&it| it == 0) {
        true => Ok(Vec::new()),
        false => Ok(incarnations),
    }
}

fn steps(
    names: &mut Names,
    mut course: Course,
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
    let timed = sorted_by(timed, |one, other| one.0.cmp(&other.0));

    for (_, place, file) in &timed {
        if let Some(newcomer) = &file.join {
            names.add(&format!("{place}.join"), newcomer)?;
        }
    }
    few("replicas", names.replicas.len(), REPLICAS_MAX)?;
    let mut steps = Vec::with_capacity(timed.len());
    for (at, place, file) in timed {
        let action = names.action(&place, file, &course.network)?;
        course.follow(&place, &action, &names.replicas)?;
        steps.push(Step { at, action });
    }
    Ok(steps)
}

/// The replicas by name, and what they are replicas of.
struct Names {
    data_type: DataType,
    replicas: Vec<NodeId>,
    index: BTreeMap<String, usize>,
}

impl Names {
    fn new(data_type: DataType, replicas: &[String]) -> Checked<Self> {
        few("replicas", replicas.len(), REPLICAS_MAX)?;
        if replicas.is_empty() {
            return wrong("replicas", "there must be at least one");
        }
        let mut names = Self {
            data_type,
            replicas: Vec::with_capacity(replicas.len()),
            index: BTreeMap::new(),
        };
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

    fn message(&self, place: &str, file: Option<MessageFile>, fate: Fate) -> Checked<Action> {
        let MessageFile { from, to, number: Whole(number) } = file.expect("it is the kind");
        let [from, to] = self.link(place, Some(PairFile { from, to }))?;
        Ok(Action::Message { from, to, number, fate })
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
        let offered = self.data_type.operations();
        let exists = DataType::ALL.iter().any(|other| other.operations().contains(&name));
        if exists && !offered.contains(&name) {
            let (data_type, offered) = (self.data_type, offered.join(", "));
            let reason = format!("{data_type} has no operation {name:?}; it has {offered}");
            return wrong(&at("do"), reason);
        }
        known(&at("do"), Some(name), offered)?;
        let on = self.replica(&at("on"), file.on.as_deref().ok_or_else(|| missing("on"))?)?;
        Ok(Request { on, operation: self.operation(place, on, file)? })
    }

    /// An operation that there is.
    fn operation(&self, place: &str, on: usize, file: StepFile) -> Checked<Operation> {
        let at = |field: &str| format!("{place}.{field}");
        let missing = |field: &str| ScenarioError::value(at(field), "is missing");
        let name = file.operation.expect("it is the kind");
        let takes = [
            ("claim", file.claim.is_some(), name != "split"),
            ("by", file.by.is_some(), matches!(&*name, "increase" | "decrease")),
            ("to", file.to.is_some(), name == "tighten"),
            ("at", file.at.is_some(), name == "split"),
        ];
        for (field, is_there, is_taken) in takes {
            match (is_there, is_taken) {
                (true, false) => {
                    return wrong(&at(field), format!("{name:?} takes no `{field}`"));
                }
                (false, true) => return Err(missing(field)),
                _ => {}
            }
        }
        if let Some(split) = file.at {
            // Before the first key there is nothing to be split from.
            let split = number(&at("at"), split, 1..=Key::MAX)?;
            return Ok(Operation::split(self.replicas[on].clone(), split));
        }
        let claim = claim(&at("claim"), file.claim.expect("it takes one"))?;
        if let Some(to) = file.to {
            let to = range(&at("to"), [(to.start, 0), (to.end, 1)])?;
            if !to.is_strictly_inside(claim.range) {
                let reason =
                    format!("{to} is not a part of {} that leaves some of it out", claim.range);
                return wrong(&at("to"), reason);
            }
            return Ok(Operation::Tighten { claim, to });
        }
        let by = file.by.map(|by| number(&at("by"), by, 1..=u32::MAX)).transpose()?;
        let by = by.and_then(NonZeroU32::new);
        Ok(match (&*name, by) {
            ("register", _) => Operation::Register { claim },
            ("release", _) => Operation::Release { claim },
            ("increase", Some(by)) => Operation::Increase { claim, by },
            ("decrease", Some(by)) => Operation::Decrease { claim, by },
            ("promote", _) => Operation::Promote { claim },
            ("demote", _) => Operation::Demote { claim },
            _ => unreachable!("there is no other, and each has what it takes"),
        })
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
            "hold" => self.message(&at, file.hold, Fate::Hold)?,
            "pass" => self.message(&at, file.pass, Fate::Pass)?,
            "lose" => self.message(&at, file.lose, Fate::Lose)?,
            "repeat" => self.message(&at, file.repeat, Fate::Repeat)?,
            "clock_skew_ms" => self.clock_skew(place, &file)?,
            "crash" => Action::Crash(one(&file.crash)?),
            "restart" => {
                let state = format!("{place}.state");
                known(&state, file.state.as_deref(), &["kept", "lost"])?;
                let lost = file.state.as_deref() == Some("lost");
                let place = format!("{place}.incarnation");
                if file.incarnation.is_some() && !lost {
                    return wrong(&place, "goes with `state`: \"lost\"");
                }
                let given = file.incarnation;
                let incarnation = given.map(|it| number(&place, it, 1..=INCARNATION_MAX));
                let incarnation = incarnation.transpose()?;
                Action::Restart { replica: one(&file.restart)?, lost, incarnation }
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
                Action::Network(settings::network(&at, network, file)?)
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
            "receive" => {
                let on = format!("{place}.on");
                let Some(name) = file.on else {
                    return wrong(&on, "is missing: who receives it");
                };
                if self.data_type != DataType::default() {
                    let reason = format!("{} receives nothing from elsewhere", self.data_type);
                    return wrong(&at, reason);
                }
                let text = file.receive.unwrap_or_default();
                let elsewhere = Elsewhere::parse(&text);
                let elsewhere = elsewhere.or_else(|error| wrong(&at, error.to_string()))?;
                Action::Receive { replica: self.replica(&on, &name)?, elsewhere }
            }
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
            ("hold", self.hold.is_some()),
            ("pass", self.pass.is_some()),
            ("lose", self.lose.is_some()),
            ("repeat", self.repeat.is_some()),
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
            ("receive", self.receive.is_some()),
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
        let companions: [(&str, bool, &[&str]); 10] = [
            ("on", self.on.is_some(), &["do", "retire", "watch", "clock_skew_ms", "receive"]),
            ("claim", self.claim.is_some(), &["do"]),
            ("by", self.by.is_some(), &["do"]),
            ("to", self.to.is_some(), &["do"]),
            ("at", self.at.is_some(), &["do"]),
            ("state", self.state.is_some(), &["restart"]),
            ("incarnation", self.incarnation.is_some(), &["restart"]),
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

fn until(file: UntilFile) -> Checked<Until> {
    let max_ms = file.max_ms.unwrap_or(Whole(TIME_MS_DEFAULT.into()));
    let max_ms = number("until.max_ms", max_ms, 0..=TIME_MS_MAX)?;
    // A plain limit of time asks for nothing else; where nothing is said, agreement is the aim.
    let converged = file.converged.unwrap_or(file.max_ms.is_none());
    Ok(Until { converged, max: SimTime::from_ms(max_ms) })
}
