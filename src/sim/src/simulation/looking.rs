//! What there is to be seen of a run.

use scalesmall_crdt::{Fingerprint, History, Replicated};
use scalesmall_node::{Event, Message, SimTime};

use super::Simulation;
use crate::agreement::Agreement;
use crate::metrics::Metrics;
use crate::{NetworkSettings, Replica, Scenario, Status, Trace};

impl Simulation {
    /// What is being played.
    #[must_use]
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// The simulated time.
    #[must_use]
    pub fn now(&self) -> SimTime {
        self.now
    }

    /// Whether the scenario's end is reached, or nothing more can happen.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// The earliest time at which a step can still be added to the scenario: steps come before
    /// everything else that happens at their time.
    #[must_use]
    pub fn undecided_from(&self) -> SimTime {
        self.now.max(self.undecided_from)
    }

    /// The nodes that there are so far, in the order of the scenario.
    #[must_use]
    pub fn replicas(&self) -> &[Replica] {
        &self.replicas
    }

    /// The join of all operations issued so far, delivered or not, but for those that were lost
    /// for good with the state of a crashed node.
    #[must_use]
    pub fn truth(&self) -> &dyn Replicated {
        &*self.truth
    }

    /// Every operation that was ever issued, lost for good or not.
    #[must_use]
    pub fn issued(&self) -> &History {
        &self.issued
    }

    /// While the network is cut, the group of each replica: those of one group reach each other.
    #[must_use]
    pub fn groups(&self) -> Option<&[usize]> {
        self.network.groups()
    }

    /// The links that are cut one way, each as sender and receiver, in order: nothing passes from
    /// the one to the other. A cut into [`groups`](Self::groups) is not among them.
    pub fn cuts(&self) -> impl Iterator<Item = (usize, usize)> {
        self.network.cuts()
    }

    /// The links that are clogged, each as sender and receiver, in order: what the one sends the
    /// other waits.
    pub fn clogs(&self) -> impl Iterator<Item = (usize, usize)> {
        self.clogs.links()
    }

    /// Whether what one replica sends another can arrive: nothing cuts them off from each other in
    /// this direction, and no clog holds it up.
    #[must_use]
    pub fn is_open(&self, from: usize, to: usize) -> bool {
        self.network.connects(from, to) && !self.clogs.is_clogged(from, to)
    }

    /// How many different fingerprints the live replicas have.
    #[must_use]
    pub fn distinct(&self) -> usize {
        self.agreement.distinct()
    }

    /// The fingerprint that all live replicas have, if it is the same.
    #[must_use]
    pub fn agreed(&self) -> Option<Fingerprint> {
        self.agreement.agreed()
    }

    /// Whether all live replicas have the same fingerprint and nothing in flight could change
    /// that. O(1) while they differ, else O(what is in flight).
    #[must_use]
    pub fn has_converged(&self) -> bool {
        let Some(replica) = self.replicas.iter().find(|replica| replica.is_live()) else {
            return false;
        };
        let seen = replica.claims().context();
        let is_new = |message: &Message| message.news().is_some_and(|news| news.is_new_to(seen));
        let mut in_flight = self.in_flight();
        let held = |replica: &Replica| {
            replica.held.iter().any(|held| match &held.event {
                Event::Message { message, .. } => is_new(message),
                Event::Operation(_) => true,
                Event::Start
                | Event::Retire(_)
                | Event::RetireReplica(_)
                | Event::Leave
                | Event::Watch(_)
                | Event::Timer(_) => false,
            })
        };
        self.agreed().is_some()
            && !in_flight.any(|in_flight| is_new(in_flight.message))
            && !self.replicas.iter().any(held)
    }

    /// How long after the latest operation, or the heal after it, the replicas agreed, in
    /// microseconds; nothing while they do not. To mend or unclog a link is to heal, too.
    #[must_use]
    pub fn converged_after_us(&self) -> Option<u64> {
        Some(self.agreed_since?.us_since(self.disturbed_at))
    }

    /// How long it took on average until all knew an operation who serve or watch its keys, in
    /// microseconds, over those operations that have come so far; nothing where there is none.
    #[must_use]
    pub fn known_to_interested_after_us(&self) -> Option<u64> {
        self.spreading.to_interested_us()
    }

    /// The same for all replicas.
    #[must_use]
    pub fn known_to_all_after_us(&self) -> Option<u64> {
        self.spreading.to_all_us()
    }

    /// Which replica has handled something in the latest step, if one has, and what: several in
    /// one step count as the last of them.
    #[must_use]
    pub fn last_event(&self) -> Option<(usize, &'static str)> {
        self.last_event
    }

    /// How often anything that is to be seen has changed.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// What the run has cost so far.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        self.metrics
    }

    /// The network's settings at present.
    #[must_use]
    pub fn network(&self) -> &NetworkSettings {
        &self.network.settings
    }

    /// The time between two rounds of a node, in microseconds.
    #[must_use]
    pub fn interval_us(&self) -> u32 {
        self.network.settings.gossip.interval_us
    }

    /// The hash over all events so far.
    #[must_use]
    pub fn trace(&self) -> Trace {
        self.trace
    }

    /// Checks every node, and what the simulation itself keeps. O(state).
    ///
    /// # Panics
    ///
    /// With the part that is broken.
    pub fn check_invariants(&self) {
        let mut agreement = Agreement::default();
        for replica in &self.replicas {
            replica.node.check_invariants();
            agreement.follow(None, replica.live_fingerprint());
            assert!(
                self.truth.context().includes(replica.claims().context()),
                "the truth lacks something"
            );
            assert!(
                replica.held.is_empty() || replica.status == Status::Paused,
                "events wait for nothing"
            );
        }
        self.truth.check_invariants();
        self.clogs.check_invariants();
        assert_eq!(agreement.agreed(), self.agreed(), "the count of fingerprints has drifted");
        assert_eq!(agreement.distinct(), self.distinct(), "the count of fingerprints has drifted");
    }
}
