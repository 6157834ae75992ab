//! How a peer's nodes come to be members of a room.

use std::num::NonZeroU32;
use std::sync::Arc;

use scalesmall_crdt::Roster;
use scalesmall_node::{Event as NodeEvent, Members, SimTime};

use super::Peer;
use crate::frame::Epoch;
use crate::host::Host;

/// How long a peer listens whether anybody is in the room before it begins there.
const FOUND_US: u64 = 1_500_000;
/// After how long without being let in a node asks others.
const ADMIT_US: u64 = 8_000_000;
/// The most nodes that a newcomer turns to.
const CONTACTS_MAX: usize = 64;

impl Peer {
    /// Lets the nodes begin: among others if there are any, else by themselves if the others that
    /// are there leave it to this peer. Where the room has begun twice, those of the greater epoch
    /// give way.
    pub(super) fn begin(&mut self, now: SimTime) {
        let known = self.routes.known().into_values();
        let least = known.filter_map(|(route, _)| route.epoch).min();
        let is_lesser = |epoch: Epoch| self.epoch.is_none_or(|own| epoch < own);
        if let Some(epoch) = least.filter(|&epoch| self.looks_since.is_some() || is_lesser(epoch)) {
            return self.ask(now, epoch, |_| true);
        }
        match self.looks_since {
            Some(since) => self.found(now, since),
            None => self.ask_again(now, least),
        }
        for index in 0..self.hosts.len() {
            for operation in self.hosts[index].take_brought() {
                self.run(now, index, NodeEvent::Operation(operation));
            }
        }
    }

    fn found(&mut self, now: SimTime, since: SimTime) {
        let waited_us = now.us_since(since);
        let is_proving = self.links.values().any(|link| !link.is_proven());
        let is_first = self.links.keys().all(|&peer| self.id < peer);
        let has_waited = waited_us >= FOUND_US && is_first && !is_proving;
        if !has_waited && waited_us < 3 * FOUND_US {
            return;
        }
        self.looks_since = None;
        self.epoch = NonZeroU32::new(self.random.draw()).or(Some(NonZeroU32::MIN)).map(Epoch);
        let mut roster = Roster::new();
        self.hosts.iter().for_each(|host| roster.join(host.replica()));
        let members = Arc::new(Members::of(Arc::new(roster)));
        for index in 0..self.hosts.len() {
            let seed = self.seed();
            self.hosts[index].found(&members, seed);
            self.run(now, index, NodeEvent::Start);
        }
    }

    /// Lets some nodes ask members of an epoch to be let in there.
    fn ask(&mut self, now: SimTime, epoch: Epoch, is_meant: impl Fn(&Host) -> bool) {
        let known = self.routes.known().into_values().map(|(route, _)| route);
        let members = known.filter(|route| route.epoch == Some(epoch)).take(CONTACTS_MAX);
        let mut roster = Roster::new();
        members.for_each(|route| roster.join(route.replica.clone()));
        let contacts = Arc::new(Members::of(Arc::new(roster)));
        (self.looks_since, self.epoch) = (None, Some(epoch));
        for index in 0..self.hosts.len() {
            if is_meant(&self.hosts[index]) {
                let seed = self.seed();
                self.hosts[index].ask(now, &contacts, seed);
                self.run(now, index, NodeEvent::Start);
            }
        }
        self.forget_lost();
    }

    /// Whoever has not been let in for long asks those that are there now.
    fn ask_again(&mut self, now: SimTime, epoch: Option<Epoch>) {
        let waits = |host: &Host| {
            !host.is_member() && host.asks_since.is_some_and(|at| now.us_since(at) > ADMIT_US)
        };
        if !self.hosts.iter().any(waits) {
            return;
        }
        match epoch {
            Some(epoch) => self.ask(now, epoch, waits),
            None if self.hosts.iter().any(Host::is_member) => {}
            None => self.looks_since = Some(now),
        }
    }

    fn seed(&mut self) -> u64 {
        u64::from(self.random.draw()) << 32 | u64::from(self.random.draw())
    }
}
