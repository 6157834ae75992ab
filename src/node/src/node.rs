//! The node itself.

use std::sync::Arc;

use scalesmall_crdt::{ClaimMap, Delta, History, NodeId, Operation, ReplicaId, VersionVector};

use crate::{Effects, Event, Message, Observation, Random, Settings, SimTime, Timer, UPDATES_MAX};

/// A node: one replica of the claims, the log of what it has applied, and the exchanges with its
/// peers.
#[derive(Clone, Debug)]
pub struct Node {
    id: ReplicaId,
    claims: ClaimMap,
    history: History,
    /// Everybody, this node perhaps included; shared among the nodes of one process.
    members: Arc<[NodeId]>,
    settings: Option<Settings>,
    random: Random,
}

impl Node {
    /// A node that has seen nothing and that exchanges news with `members`, of which it may itself
    /// be one. It draws all its random choices from `seed`. Without `settings` it exchanges nothing
    /// by itself; it only takes in what it is sent.
    #[must_use]
    pub fn new(
        id: ReplicaId,
        members: Arc<[NodeId]>,
        settings: Option<Settings>,
        seed: u64,
    ) -> Self {
        let (claims, history) = (ClaimMap::new(), History::default());
        Self { id, claims, history, members, settings, random: Random::new(seed) }
    }

    /// The name that the node writes under.
    #[must_use]
    pub fn id(&self) -> &ReplicaId {
        &self.id
    }

    /// The node's replica.
    #[must_use]
    pub fn claims(&self) -> &ClaimMap {
        &self.claims
    }

    /// What the node has applied.
    #[must_use]
    pub fn history(&self) -> &History {
        &self.history
    }

    /// Changes the settings, from the next exchange on.
    pub fn configure(&mut self, settings: Settings) {
        self.settings = Some(settings);
    }

    /// Handles `event` at time `now` and adds what follows from it to `effects`.
    pub fn handle(&mut self, now: SimTime, event: Event, effects: &mut Effects) {
        match event {
            Event::Start => self.start(now, effects),
            Event::Operation(operation) => self.operate(operation, effects),
            Event::Message { from, message } => self.receive(from, message, effects),
            Event::Timer(Timer::Gossip) => self.gossip(now, effects),
        }
    }

    /// The first exchange comes after a random part of the interval, so that nodes that start
    /// together do not all speak at once.
    fn start(&mut self, now: SimTime, effects: &mut Effects) {
        if let Some(Settings { interval_us, .. }) = self.settings {
            let pause_us = u64::from(self.random.below(interval_us));
            effects.timers.push((now + pause_us, Timer::Gossip));
        }
    }

    fn operate(&mut self, operation: Operation, effects: &mut Effects) {
        let observation = match self.claims.issue(&self.id, operation) {
            Ok(update) => {
                let update = Arc::new(update);
                self.history.push(Arc::clone(&update));
                Observation::Issued(update)
            }
            Err(error) => Observation::Refused(error),
        };
        effects.observations.push(observation);
    }

    fn gossip(&mut self, now: SimTime, effects: &mut Effects) {
        let Some(Settings { interval_us, fanout }) = self.settings else { return };
        effects.timers.push((now + u64::from(interval_us), Timer::Gossip));
        for peer in self.draw_peers(fanout) {
            let seen = Message::Seen(self.claims.context().clone());
            effects.messages.push((peer, seen));
        }
    }

    /// So many different peers at random, or all where there are no more.
    fn draw_peers(&mut self, count: usize) -> Vec<NodeId> {
        let members = &self.members;
        let own = &self.id.node;
        if members.len() <= count {
            return members.iter().filter(|&member| member != own).cloned().collect();
        }
        // There are at least as many others as are needed: enough draws find them.
        let bound = u32::try_from(members.len()).expect("fewer than 2^32 members");
        let mut peers: Vec<NodeId> = Vec::with_capacity(count);
        while peers.len() < count {
            let drawn = &members[self.random.below(bound) as usize];
            if drawn != own && !peers.contains(drawn) {
                peers.push(drawn.clone());
            }
        }
        peers
    }

    fn receive(&mut self, from: NodeId, message: Message, effects: &mut Effects) {
        let seen = match message {
            Message::Seen(seen) => Some(seen),
            Message::Updates { updates, seen } => {
                self.join(&updates, effects);
                seen
            }
        };
        if let Some(seen) = seen {
            self.answer(from, &seen, effects);
        }
    }

    /// Sends `to`, which has said that it has `seen` this much, what it lacks; and what this node
    /// has seen, if that lacks something. Nothing where the two agree.
    fn answer(&self, to: NodeId, seen: &VersionVector, effects: &mut Effects) {
        let updates = self.history.beyond(seen, UPDATES_MAX);
        let own = self.claims.context();
        let seen = (!own.includes(seen)).then(|| own.clone());
        if !updates.is_empty() || seen.is_some() {
            effects.messages.push((to, Message::Updates { updates, seen }));
        }
    }

    fn join(&mut self, updates: &Delta, effects: &mut Effects) {
        for update in self.claims.join(updates).applied {
            self.history.push(Arc::clone(&update));
            effects.observations.push(Observation::Applied(update));
        }
    }

    /// Checks what must hold between the parts. O(state).
    ///
    /// # Panics
    ///
    /// With the part that is broken.
    pub fn check_invariants(&self) {
        self.claims.check_invariants();
        let logged = self.history.iter().count() as u64;
        assert_eq!(logged, self.claims.context().operations(), "{} has a hole in its log", self.id);
    }
}
