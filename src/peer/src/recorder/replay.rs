//! An order in which what was seen can have happened.
//!
//! What a node has seen is taken in the order in which it was noted; an operation comes before
//! whoever has seen it. Nodes report what they have seen with each operation of their own, so what
//! it found at its issuer is there again.
//!
//! A report can be lost. Where an operation would not find what it found, which it says itself by
//! what it cancels, its node takes it in as it was: what is replayed ends as the room did in any
//! case, since what a node shows follows from the operations that it has seen.

use std::sync::Arc;

use scalesmall_crdt::{Cancel, ClaimMap, Delta, Dot, Operation, ReplicaId, Update};
use scalesmall_node::SimTime;

use super::{Entry, Known, Recording, What, known};

/// What is to happen, in order. Replicas are called by their places.
pub(super) struct Replay<'a> {
    pub(super) began: SimTime,
    replicas: &'a [Known],
    pub(super) steps: Vec<(SimTime, Step)>,
    /// Those that are not there from the beginning.
    pub(super) late: Vec<usize>,
}

pub(super) enum Step {
    /// A node is asked for an operation, which is then sent to others.
    Do(usize, Operation),
    /// The operation of that step comes to a node.
    Deliver(usize, usize),
    /// An operation comes to a node from nowhere.
    Receive(usize, Delta),
    /// A state comes to a node from nowhere.
    ReceiveState(usize, Arc<ClaimMap>),
    /// A node takes over all that another one has: that one first.
    Sync(usize, usize),
    Crash(usize),
    /// A node that has crashed comes back as this replica, which is another one than before if it
    /// begins anew.
    Restart {
        on: usize,
        is_anew: bool,
    },
}

/// The replay of a recording.
pub(super) fn replay(recording: &Recording) -> Replay<'_> {
    let mut staging = Staging::new(recording);
    for (entry, Entry { at, .. }) in recording.entries.iter().enumerate() {
        staging.now = *at;
        staging.reach(entry);
    }
    staging.replay
}

impl<'a> Replay<'a> {
    /// How many operations nodes are asked for.
    pub(super) fn operations(&self) -> usize {
        self.steps.iter().filter(|(_, step)| matches!(step, Step::Do(..))).count()
    }

    pub(super) fn replica(&self, place: usize) -> &'a ReplicaId {
        &self.replicas[place].replica
    }

    /// The nodes, each as the replica that it was first.
    pub(super) fn nodes(&self) -> impl Iterator<Item = &'a ReplicaId> {
        let places = 0..self.replicas.len();
        places.filter(|&it| self.before(it).is_none()).map(|it| self.replica(it))
    }

    /// Which replica a node was before it was this one.
    pub(super) fn before(&self, place: usize) -> Option<usize> {
        (0..place).rev().find(|&it| self.replica(it).node == self.replica(place).node)
    }
}

/// A replay in the making: what each replica has in it by now.
struct Staging<'a> {
    recording: &'a Recording,
    replay: Replay<'a>,
    now: SimTime,
    actors: Vec<Actor>,
    is_done: Vec<bool>,
    /// By entry: the one before it of the same node.
    before: Vec<Option<usize>>,
}

#[derive(Clone, Default)]
struct Actor {
    has_come: bool,
    is_up: bool,
    claims: ClaimMap,
    /// By which entries it has seen which of its own operations: up to which of them.
    own: Vec<(u64, usize)>,
    /// The operations that it is asked for, as they are in the replay, and by which step.
    issued: Vec<(Arc<Update>, usize)>,
    /// The latest entry of it.
    latest: Option<usize>,
}

impl<'a> Staging<'a> {
    fn new(recording: &'a Recording) -> Self {
        let Recording { began, replicas, entries, .. } = recording;
        let replay = Replay { began: *began, replicas, steps: Vec::new(), late: Vec::new() };
        let mut actors = vec![Actor::default(); replicas.len()];
        let mut before = Vec::new();
        for (index, Entry { on, what, .. }) in entries.iter().enumerate() {
            let earlier = || actors[replay.before(*on)?].latest;
            before.push(actors[*on].latest.or_else(earlier));
            actors[*on].latest = Some(index);
            let What::Saw(news) = what else { continue };
            let own = news.iter().filter(|(by, _)| *by == replicas[*on].replica);
            actors[*on].own.extend(own.map(|(_, to)| (*to, index)));
        }
        let is_done = vec![false; before.len()];
        Self { recording, replay, now: *began, actors, is_done, before }
    }

    fn push(&mut self, step: Step) {
        self.replay.steps.push((self.now, step));
    }

    fn place(&self, replica: &ReplicaId) -> Option<usize> {
        self.recording.replicas.iter().position(|known| known.replica == *replica)
    }

    /// Lets everything happen that comes before an entry, and then that.
    fn reach(&mut self, goal: usize) {
        let recording = self.recording;
        let mut path = vec![goal];
        while let Some(&entry) = path.last() {
            match self.presupposed(entry, &path) {
                // Where two presuppose each other, one has to go first.
                Some(earlier) => path.push(earlier),
                None => {
                    if !std::mem::replace(&mut self.is_done[entry], true) {
                        self.take(&recording.entries[entry]);
                    }
                    path.pop();
                }
            }
        }
    }

    /// An entry that has to come before this one and has not, nor is on its way.
    fn presupposed(&self, entry: usize, path: &[usize]) -> Option<usize> {
        let is_missing = |it: &usize| !self.is_done[*it] && !path.contains(it);
        let Entry { on, what, .. } = &self.recording.entries[entry];
        let before = self.before[entry].filter(is_missing);
        let What::Saw(news) = what else { return before };
        let issues = news.iter().flat_map(|(by, to)| {
            let unseen = self.unseen(*on, by, *to).into_iter();
            unseen.filter_map(|update| self.issued_by(&update.dot))
        });
        before.or_else(|| issues.filter(|it| *it != entry).find(is_missing))
    }

    /// By which entry a node has seen an operation of its own.
    fn issued_by(&self, Dot { replica, counter }: &Dot) -> Option<usize> {
        let own = &self.actors[self.place(replica)?].own;
        own.iter().find(|(to, _)| counter <= to).map(|&(_, entry)| entry)
    }

    /// The operations of a replica that another has not seen, up to this one and without gaps.
    fn unseen(&self, on: usize, by: &ReplicaId, to: u64) -> Vec<&'a Arc<Update>> {
        let from = self.actors[on].claims.context().counter(by);
        let updates = known(&self.recording.updates, by, from, to).zip(from + 1..);
        updates.take_while(|(it, next)| it.dot.counter == *next).map(|(it, _)| it).collect()
    }

    fn take(&mut self, Entry { on, what, .. }: &'a Entry) {
        match what {
            What::Came => self.come(*on),
            What::Gone => self.stop(*on),
            // A later replica of its node has come before its time.
            What::Has(_) | What::Saw(_) if !self.actors[*on].is_up => {}
            What::Has(state) => self.hold(*on, state),
            What::Saw(news) => {
                let is_own = |by: &ReplicaId| *by == self.recording.replicas[*on].replica;
                let (own, others): (Vec<_>, Vec<_>) = news.iter().partition(|(by, _)| is_own(by));
                // A node reports at once what it has done: what it has heard meanwhile came before.
                for (by, to) in others {
                    self.unseen(*on, by, *to).into_iter().for_each(|it| self.bring(*on, it));
                }
                for (by, to) in own {
                    self.unseen(*on, by, *to).into_iter().for_each(|it| self.issue(*on, it));
                }
            }
        }
    }

    // --- Who is there ---

    fn come(&mut self, on: usize) {
        let before = self.replay.before(on);
        let (has_come, is_founder) = (self.actors[on].has_come, self.now == self.recording.began);
        if let Some(before) = before.filter(|&it| self.actors[it].is_up) {
            // What others are yet to see of it, it does before it is no more.
            let replica = self.replay.replica(before);
            self.unseen(before, replica, u64::MAX)
                .into_iter()
                .for_each(|it| self.issue(before, it));
            self.stop(before);
        }
        if !is_founder {
            self.push(Step::Restart { on, is_anew: before.is_some() && !has_come });
            self.replay.late.extend((before.is_none() && !has_come).then_some(on));
        }
        (self.actors[on].has_come, self.actors[on].is_up) = (true, true);
    }

    fn stop(&mut self, on: usize) {
        if std::mem::replace(&mut self.actors[on].is_up, false) {
            self.push(Step::Crash(on));
        }
    }

    // --- What they have ---

    /// A node has this state: from one that has it as well, where there is one.
    fn hold(&mut self, on: usize, state: &Arc<ClaimMap>) {
        if self.actors[on].claims.context().includes(state.context()) {
            return;
        }
        let has_it =
            |actor: &Actor| actor.is_up && actor.claims.fingerprint() == state.fingerprint();
        match self.actors.iter().position(has_it) {
            Some(other) => {
                let claims = self.actors[other].claims.clone();
                self.actors[on].claims.merge(&claims);
                self.push(Step::Sync(other, on));
            }
            None => {
                self.actors[on].claims.merge(state);
                self.push(Step::ReceiveState(on, Arc::clone(state)));
            }
        }
    }

    /// An operation of another one comes to a node.
    fn bring(&mut self, on: usize, update: &Arc<Update>) {
        let Dot { replica, counter } = &update.dot;
        let issuer = self.place(replica);
        if let Some(issuer) = issuer.filter(|_| self.issued_by(&update.dot).is_none()) {
            // No report of it has come: its issuer may have seen anything before.
            let Actor { is_up, claims, .. } = &self.actors[issuer];
            if *is_up && claims.context().counter(replica) + 1 == *counter {
                self.issue(issuer, update);
            }
        }
        let mut issued = issuer.into_iter().flat_map(|it| &self.actors[it].issued);
        let (delta, step) = match issued.find(|(it, _)| it.dot == update.dot) {
            Some((issued, step)) => {
                (Delta::from_iter([Arc::clone(issued)]), Step::Deliver(*step, on))
            }
            None => {
                let delta = Delta::from_iter([Arc::clone(update)]);
                (delta.clone(), Step::Receive(on, delta))
            }
        };
        self.actors[on].claims.join(&delta);
        self.push(step);
    }

    /// A node issues an operation, if it finds what it found then.
    fn issue(&mut self, on: usize, update: &Arc<Update>) {
        let mut claims = self.actors[on].claims.clone();
        let issued = claims.issue(self.replay.replica(on), update.operation.clone()).ok();
        match issued.filter(|issued| does_the_same(issued, update)) {
            Some(issued) => {
                let issued = (Arc::new(issued), self.replay.steps.len());
                self.actors[on].claims = claims;
                self.actors[on].issued.push(issued);
                self.push(Step::Do(on, update.operation.clone()));
            }
            None => {
                let delta = Delta::from_iter([Arc::clone(update)]);
                self.actors[on].claims.join(&delta);
                self.push(Step::Receive(on, delta));
            }
        }
    }
}

/// Whether two operations of one name cancel and contribute the same. Where one was issued among
/// folded contributions, the latest of a replica's stands for those before it.
fn does_the_same(one: &Update, other: &Update) -> bool {
    let carries = |update: &Update| update.tightening.as_ref().map(|it| it.carries);
    let mut cancels = one.claims().zip(other.claims());
    one.dot == other.dot
        && carries(one) == carries(other)
        && cancels.all(|((_, one), (_, other))| covers(one, other) && covers(other, one))
}

/// Whether all that `other` cancels is cancelled by `one`.
fn covers(one: &[Cancel], other: &[Cancel]) -> bool {
    other.iter().all(|Cancel { dot, .. }| {
        one.iter().any(|by| {
            by.dot == *dot
                || (by.is_whole && by.dot.replica == dot.replica && dot.counter < by.dot.counter)
        })
    })
}
