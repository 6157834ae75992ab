//! The last minutes of a room, put on record so that they can be played again.
//!
//! # Problem
//!
//! What has happened in a room is to be watched, stopped and taken apart like any run of the
//! simulator, and has to end as the room did. But nobody sees all of a room: a peer knows in which
//! order its own nodes learned of operations, and of all others only what they have reported. And a
//! room may be older than the record.
//!
//! # Model
//!
//! A [`Recording`] is a list of what was seen: a node came, has [seen so much](What::Saw), or has
//! [this state](What::Has), which was not put together from operations known here; and of the
//! operations themselves. It begins with the states that were there when it began. `replay` makes
//! an order of it that could have been, and `script` a scenario file of that.
//!
//! It costs a few words for each operation at each node while nobody asks. What it may grow to is
//! bounded, in time and in size: when it is half full, a second recording begins, which takes its
//! place when it is full. So there is always half of what there may be, once there has been so much.

mod replay;
mod script;

use std::collections::BTreeMap;
use std::sync::Arc;

use scalesmall_crdt::{ClaimMap, Dot, History, NodeId, ReplicaId, Update, VersionVector};
use scalesmall_node::SimTime;

use crate::limits::{RECORDED_ENTRIES_MAX, RECORDED_NEWS_MAX, RECORDED_US_MAX};

/// The last minutes of a room.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// How long that was, in microseconds.
    pub took_us: u64,
    /// How many operations there were in it.
    pub operations: usize,
    /// The text of a scenario file, of which the run is what was seen.
    pub scenario: String,
    /// What nodes show now, all that is known exactly, as
    /// [`Fingerprint::to_u64`](scalesmall_crdt::Fingerprint::to_u64) has it: the run ends in the same.
    pub shown: Vec<(NodeId, u64)>,
}

/// Two recordings of different ages.
#[derive(Default)]
pub(crate) struct Recorder {
    older: Option<Recording>,
    newer: Option<Recording>,
}

/// Everything that was seen of a room since some time.
pub(crate) struct Recording {
    began: SimTime,
    entries: Vec<Entry>,
    /// Who has been seen, in the order in which they came.
    replicas: Vec<Known>,
    /// The operations that are known here one by one.
    updates: Updates,
    /// The states in it, each once.
    states: Vec<Arc<ClaimMap>>,
    /// How much it holds, in news and in entries of states.
    news: usize,
    entries_held: usize,
}

type Updates = BTreeMap<Dot, Arc<Update>>;

struct Entry {
    at: SimTime,
    /// The replica, by its place.
    on: usize,
    what: What,
}

enum What {
    /// The node has begun as this replica, or is heard again.
    Came,
    /// Nothing is heard of the node any more.
    Gone,
    /// The node has seen so many operations of these replicas by now.
    Saw(Vec<(ReplicaId, u64)>),
    /// All that the node has seen comes to this by now.
    Has(Arc<ClaimMap>),
}

/// What is known of a replica.
struct Known {
    replica: ReplicaId,
    is_there: bool,
    /// What it is on record to have seen.
    seen: VersionVector,
    /// As much of that as a replay comes to by states and operations on record.
    covered: VersionVector,
    /// What it was known to show, exactly, when that was looked at last.
    shown: Option<u64>,
}

impl Recorder {
    /// What is on record, for as long as that is.
    pub(crate) fn recording(&self) -> Option<&Recording> {
        self.older.as_ref()
    }

    /// Puts something on record.
    pub(crate) fn note(&mut self, note: impl Fn(&mut Recording)) {
        self.older.iter_mut().chain(&mut self.newer).for_each(note);
    }

    /// Whether another recording is to begin now.
    pub(crate) fn is_due(&mut self, now: SimTime) -> bool {
        if self.older.as_ref().is_some_and(|it| it.is_filled(now, 1)) {
            self.older = self.newer.take();
        }
        let older = self.older.as_ref();
        older.is_none_or(|older| older.is_filled(now, 2) && self.newer.is_none())
    }

    pub(crate) fn begin(&mut self, recording: Recording) {
        match &self.older {
            None => self.older = Some(recording),
            Some(_) => self.newer = Some(recording),
        }
    }
}

impl Recording {
    pub(crate) fn new(began: SimTime) -> Self {
        let (entries, replicas, updates, states) = Default::default();
        Self { began, entries, replicas, updates, states, news: 0, entries_held: 0 }
    }

    /// What has been seen by now; nothing where nobody was.
    pub(crate) fn recorded(&self, now: SimTime, shown: Vec<(NodeId, u64)>) -> Option<Recorded> {
        let replay = replay::replay(self);
        (!self.replicas.is_empty()).then(|| Recorded {
            took_us: now.us_since(self.began),
            operations: replay.operations(),
            scenario: script::script(&replay, now),
            shown,
        })
    }

    /// Whether it has come to one part in so many of what it may come to.
    fn is_filled(&self, now: SimTime, part: usize) -> bool {
        now.us_since(self.began) >= RECORDED_US_MAX / part as u64
            || self.news >= RECORDED_NEWS_MAX / part
            || self.entries_held >= RECORDED_ENTRIES_MAX / part
    }

    /// A node is there, as this replica. The place of that; nothing where it has been a later one.
    pub(crate) fn meet(&mut self, now: SimTime, replica: &ReplicaId) -> Option<usize> {
        let mut is_known = None;
        for (place, Known { replica: other, .. }) in self.replicas.iter().enumerate() {
            if other.node == replica.node && other.incarnation > replica.incarnation {
                return None;
            }
            if other == replica {
                is_known = Some(place);
            }
        }
        let place = is_known.unwrap_or_else(|| {
            let (replica, seen, covered) = (replica.clone(), <_>::default(), <_>::default());
            self.replicas.push(Known { replica, is_there: false, seen, covered, shown: None });
            self.replicas.len() - 1
        });
        if !self.replicas[place].is_there {
            self.replicas[place].is_there = true;
            self.push(now, place, What::Came, 1);
        }
        Some(place)
    }

    /// Only these nodes are there any more.
    pub(crate) fn keep(&mut self, now: SimTime, is_there: impl Fn(&NodeId) -> bool) {
        for place in 0..self.replicas.len() {
            let known = &mut self.replicas[place];
            if known.is_there && !is_there(&known.replica.node) {
                known.is_there = false;
                self.push(now, place, What::Gone, 1);
            }
        }
    }

    /// A node that is hosted here has issued or applied an operation.
    pub(crate) fn learn(&mut self, now: SimTime, replica: &ReplicaId, update: &Arc<Update>) {
        if let Some(place) = self.meet(now, replica) {
            let Dot { replica: by, counter } = &update.dot;
            self.updates.entry(update.dot.clone()).or_insert_with(|| Arc::clone(update));
            self.see(now, place, vec![(by.clone(), *counter)]);
        }
    }

    /// A node elsewhere has seen so much.
    pub(crate) fn hear(&mut self, now: SimTime, replica: &ReplicaId, seen: &VersionVector) {
        let Some(place) = self.meet(now, replica) else { return };
        let news = beyond(seen, &self.replicas[place].seen);
        if !news.is_empty() {
            self.see(now, place, news);
        }
    }

    fn see(&mut self, now: SimTime, place: usize, news: Vec<(ReplicaId, u64)>) {
        let seen = &mut self.replicas[place].seen;
        news.iter().for_each(|(by, counter)| seen.raise(by, *counter));
        let count = news.len();
        self.push(now, place, What::Saw(news), count);
    }

    /// This is what a node shows, exactly. Noted where a replay would not come to it by what is on
    /// record.
    pub(crate) fn show(&mut self, now: SimTime, replica: &ReplicaId, state: &ClaimMap) {
        let Some(place) = self.meet(now, replica) else { return };
        let Known { covered, shown, .. } = &mut self.replicas[place];
        if shown.replace(state.fingerprint().to_u64()) == Some(state.fingerprint().to_u64()) {
            return;
        }
        for (by, counter) in state.context().iter() {
            let from = covered.counter(by);
            if known(&self.updates, by, from, counter).count() as u64 + from == counter {
                covered.raise(by, counter);
            }
        }
        if covered.includes(state.context()) {
            return self.hear(now, replica, state.context());
        }
        state.context().iter().for_each(|(by, counter)| covered.raise(by, counter));
        let base = self.base_of(state).unwrap_or_else(|| {
            let state = Arc::new(state.clone());
            self.states.push(Arc::clone(&state));
            self.entries_held += state.entries();
            state
        });
        // What it is on record to have seen before may have needed the base.
        let news = beyond(state.context(), base.context());
        base.context().iter().for_each(|(by, to)| self.replicas[place].seen.raise(by, to));
        self.push(now, place, What::Has(base), 1);
        if !news.is_empty() {
            self.see(now, place, news);
        }
    }

    /// A state on record that becomes this one by operations on record, if these are fewer than the
    /// entries that another state takes.
    fn base_of(&self, state: &ClaimMap) -> Option<Arc<ClaimMap>> {
        let becomes_it = |base: &&Arc<ClaimMap>| {
            let (from, to) = (base.context(), state.context());
            let lacking = to.operations_beyond(from);
            let are_known = || {
                let known =
                    to.iter().map(|(by, to)| known(&self.updates, by, from.counter(by), to));
                known.map(Iterator::count).sum::<usize>() as u64 == lacking
            };
            to.includes(from) && lacking <= state.entries() as u64 && are_known()
        };
        self.states.iter().rev().find(becomes_it).cloned()
    }

    /// Operations that somebody lacks who has seen so much, as the recording begins.
    pub(crate) fn prime(&mut self, log: &History, seen: &VersionVector) {
        for update in log.beyond(seen, RECORDED_NEWS_MAX).updates() {
            self.updates.insert(update.dot.clone(), Arc::clone(update));
        }
    }

    fn push(&mut self, at: SimTime, on: usize, what: What, news: usize) {
        self.news += news;
        self.entries.push(Entry { at, on, what });
    }
}

/// What one has seen beyond the other.
fn beyond(seen: &VersionVector, other: &VersionVector) -> Vec<(ReplicaId, u64)> {
    let news = seen.iter().filter(|&(by, counter)| counter > other.counter(by));
    news.map(|(by, counter)| (by.clone(), counter)).collect()
}

/// The operations of a replica that are there after the first `from`, up to `to`, in order.
fn known<'a>(
    updates: &'a Updates,
    by: &ReplicaId,
    from: u64,
    to: u64,
) -> impl Iterator<Item = &'a Arc<Update>> {
    let dot = |counter| Dot { replica: by.clone(), counter };
    let range = (from < to).then(|| updates.range(dot(from + 1)..=dot(to)));
    range.into_iter().flatten().map(|(_, update)| update)
}
