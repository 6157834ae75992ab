//! What somebody who looks on can do to a run.
//!
//! A copy of a [`Simulation`] is a checkpoint: it goes on by itself, and whoever does the same to
//! it sees the same. With another future it is a fork.

use std::sync::Arc;

use scalesmall_crdt::Dot;
use scalesmall_node::{Message, News, SimTime};

use super::{Coming, Parcel, Simulation};
use crate::Scenario;
use crate::limits::QUEUE_MAX;

/// A message on its way.
#[derive(Clone, Copy, Debug)]
pub struct InFlight<'a> {
    /// Its number, which no other message of the run has.
    pub number: u64,
    /// The sender.
    pub from: usize,
    /// The receiver.
    pub to: usize,
    /// When it arrives; nothing while it is stopped, or its link is clogged.
    pub arrives_at: Option<SimTime>,
    /// What it says.
    pub message: &'a Message,
}

impl<'a> InFlight<'a> {
    fn of(number: u64, parcel: &'a Parcel, arrives_at: Option<SimTime>) -> Self {
        let Parcel { from, to, message, .. } = parcel;
        Self { number, from: *from, to: *to, arrives_at, message }
    }
}

impl InFlight<'_> {
    /// Whether whoever gets it knows of an operation then.
    #[must_use]
    pub fn carries(&self, dot: &Dot) -> bool {
        match self.message.news() {
            Some(News::Updates(updates)) => updates.dots().any(|it| it == dot),
            Some(News::State { state, .. }) => state.context().contains(dot),
            None => false,
        }
    }
}

impl Simulation {
    /// The messages on their way, by the time of their arrival, then those that wait at the end of
    /// a clogged link, and then those that are stopped.
    pub fn in_flight(&self) -> impl Iterator<Item = InFlight<'_>> {
        let moving = self.queue.iter().filter_map(move |(&(at, number), coming)| match coming {
            Coming::Message(parcel) => {
                let waits = self.clogs.is_clogged(parcel.from, parcel.to);
                Some(InFlight::of(number, parcel, (!waits).then_some(at)))
            }
            Coming::Timer { .. } => None,
        });
        let stopped = self.stopped.iter().map(|(&number, parcel)| (number, parcel));
        let still = self.clogs.messages().chain(stopped);
        moving.chain(still.map(|(number, parcel)| InFlight::of(number, parcel, None)))
    }

    /// Stops a message on its way, until it is let go, whether its link is clogged or not. False if
    /// there is no such message, or it is stopped already. O(what is to come).
    pub fn stop(&mut self, number: u64) -> bool {
        let Some(parcel) = self.take_message(number) else { return false };
        self.stopped.insert(number, parcel);
        true
    }

    /// Lets a message, stopped or not, arrive now, before all others. False if there is none with
    /// that number.
    pub fn deliver(&mut self, number: u64) -> bool {
        let Some(parcel) = self.stopped.remove(&number).or_else(|| self.take_message(number))
        else {
            return false;
        };
        self.deliver_parcel(number, parcel);
        self.note_agreement();
        true
    }

    /// Loses a message, stopped or not. False if there is none with that number.
    pub fn lose(&mut self, number: u64) -> bool {
        let lost = self.stopped.remove(&number).or_else(|| self.take_message(number));
        if lost.is_some() {
            self.note_lost(number);
        }
        lost.is_some()
    }

    /// Sends a second message like this one after it, to arrive when it does, or at once where that
    /// is stopped or its link clogged. False if there is none with that number, or too many are on
    /// their way.
    pub fn repeat(&mut self, number: u64) -> bool {
        let Some(InFlight { from, to, arrives_at, message, .. }) =
            self.in_flight().find(|it| it.number == number)
        else {
            return false;
        };
        let (at, message) = (arrives_at.unwrap_or(self.now), message.clone());
        if self.queue.len() >= QUEUE_MAX {
            return false;
        }
        let parcel = self.parcel(from, to, message);
        if self.traffic.is_some() {
            let bytes = parcel.message.encoded_len() as u64;
            self.note_sent(&parcel, bytes, vec![(self.queued, at)]);
        }
        self.enqueue(at, Coming::Message(parcel));
        true
    }

    /// A copy of this run that goes on by another scenario, which must be the same in all that has
    /// happened so far. Nothing where it is not.
    #[must_use]
    pub fn fork(&self, scenario: impl Into<Arc<Scenario>>) -> Option<Self> {
        let scenario: Arc<Scenario> = scenario.into();
        let (old, done) = (&*self.scenario, self.steps_done);
        let has_same_past = scenario.seed == old.seed
            && scenario.founders == old.founders
            && scenario.replicas.get(..self.replicas().len())
                == old.replicas.get(..self.replicas().len())
            && scenario.data_type == old.data_type
            && scenario.network == old.network
            && scenario.start == old.start
            && scenario.steps.get(..done) == Some(&old.steps[..done])
            && scenario.steps[done..].iter().all(|step| step.at >= self.undecided_from())
            && scenario.until.max >= self.now();
        has_same_past.then(|| {
            let mut fork = self.clone();
            fork.has_ended = false;
            fork.follow_scenario(scenario);
            fork.end_if_converged();
            fork
        })
    }

    fn take_message(&mut self, number: u64) -> Option<Parcel> {
        let is_it = |(&(at, other), coming): (&(SimTime, u64), &Coming)| {
            (other == number && matches!(coming, Coming::Message(_))).then_some((at, other))
        };
        let Some(key) = self.queue.iter().find_map(is_it) else {
            return self.clogs.take(number);
        };
        self.in_flight_count -= 1;
        match self.queue.remove(&key) {
            Some(Coming::Message(parcel)) => Some(parcel),
            _ => unreachable!("it was just found"),
        }
    }
}
