//! A peer: the nodes that it hosts, and its links to others.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::num::NonZeroU32;
use std::sync::Arc;

use scalesmall_crdt::{
    ClaimMap, Delta, History, NodeId, Operation, OperationError, ReplicaId, Roster,
};
use scalesmall_node::{
    Effects as NodeEffects, Event as NodeEvent, Members, Message, Node, Observation, Random,
    Settings, SimTime, Timer,
};

use crate::frame::{Condition, Epoch, Frame, Parcel, Report, Route};
use crate::handshake::Handshake;
use crate::host::Host;
use crate::limits::{NODES_MAX, PEERS_MAX, PROOF_US_MAX};
use crate::link::{Faults, Lane, Link, LinkFacts, Path, State, Why};
use crate::reports::{RemoteView, Reports};
use crate::routes::{DISTANCE_MAX, Routes};
use crate::{PeerId, Room, RoomKey, Unproven};

/// How often a peer looks after its links, in microseconds.
const TICK_US: u64 = 200_000;
/// How long a peer listens whether anybody is in the room before it begins there.
const FOUND_US: u64 = 1_500_000;
/// After how long without being let in a node asks others.
const ADMIT_US: u64 = 8_000_000;
/// How often a link is asked whether the other end is there, and after how long it is not.
const PING_US: u64 = 2_000_000;
const SILENT_US: u64 = 15_000_000;
/// How often a node is reported that has not changed.
const REPORT_US: u64 = 5_000_000;
/// The most nodes that a newcomer turns to.
const CONTACTS_MAX: usize = 64;
/// The most bytes of a message that travels on the unreliable lane. Nodes put up with loss, and
/// none of them waits for what was sent before; larger ones would be cut up on their way.
const UNRELIABLE_BYTES_MAX: usize = 1_100;
/// How many updates of each replica are kept to follow what nodes elsewhere see.
const LOGGED_MAX: usize = 1_000;
/// How many of those turned away are remembered.
const TURNED_AWAY_MAX: usize = 32;

/// Something that a peer has to handle.
#[derive(Clone, Debug)]
pub enum Event {
    /// It starts.
    Start,
    /// The time has come that it asked for.
    Wake,
    /// A link has opened.
    Opened {
        /// To whom.
        peer: PeerId,
        /// What it runs over.
        path: Path,
        /// What both ends of it see, and nobody can make the same for two.
        binding: Vec<u8>,
        /// A number that was never used before, and that nobody can guess.
        nonce: u128,
    },
    /// A link has closed.
    Closed(PeerId),
    /// A link has brought something.
    Received(PeerId, Vec<u8>),
    /// A link has taken as much as it can for now; or it can take more again.
    Full(PeerId, bool),
    /// Somebody asks a node that is hosted here for an operation.
    Operation(NodeId, Operation),
    /// Something is to befall a link from now on.
    Faults(PeerId, Faults),
    /// The peer fares otherwise from now on.
    Condition(Condition),
    /// It goes.
    Leave,
}

/// What a peer wants done; drained by the caller after each event.
#[derive(Clone, Debug, Default)]
#[must_use = "effects that nobody carries out are lost"]
pub struct Effects {
    /// What to send, to whom.
    pub send: Vec<(PeerId, Lane, Vec<u8>)>,
    /// Links to close, and why.
    pub close: Vec<(PeerId, Why)>,
    /// What became of an operation that was not carried out.
    pub refused: Vec<Refusal>,
}

/// Why an operation was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No such node is hosted here.
    #[error("{0} is not hosted here")]
    NotHosted(NodeId),
    /// The node has not been let in yet.
    #[error("{0} has not been let into the room yet")]
    NotAdmitted(NodeId),
    /// It has no effect.
    #[error(transparent)]
    Operation(#[from] OperationError),
}

/// Nodes that are hosted together, and the links over which they reach all others of a room.
pub struct Peer {
    id: PeerId,
    key: RoomKey,
    settings: Settings,
    hosts: Vec<Host>,
    /// Since when it listens whether anybody is in the room; nothing once its nodes have begun.
    looks_since: Option<SimTime>,
    /// Where its nodes are members, or ask to be.
    epoch: Option<Epoch>,
    condition: Condition,
    links: BTreeMap<PeerId, Link>,
    /// What is to befall links, whether or not they are there.
    faults: BTreeMap<PeerId, Faults>,
    routes: Routes,
    told: BTreeMap<PeerId, Vec<Route>>,
    reports: Reports,
    /// Of each node that is hosted here: what was reported last, and when.
    reported: BTreeMap<NodeId, (u64, SimTime)>,
    report_number: u64,
    random: Random,
    timers: BTreeMap<(SimTime, u64), (usize, u32, Timer)>,
    timers_set: u64,
    next_tick: SimTime,
    pinged_at: SimTime,
    /// What nodes say to each other that are hosted here.
    inbox: VecDeque<(usize, ReplicaId, Message)>,
    /// All that has been seen here, and the updates that brought it.
    truth: ClaimMap,
    log: History,
    turned_away: VecDeque<(SimTime, PeerId, Why)>,
}

impl Peer {
    /// A peer that hosts nodes under these names, each as a replica that nobody has been before.
    /// It draws all its random choices from `seed`.
    ///
    /// # Panics
    ///
    /// Where there are none, or more than [`NODES_MAX`].
    #[must_use]
    pub fn new(
        id: PeerId,
        room: &Room,
        replicas: Vec<ReplicaId>,
        settings: Settings,
        seed: u64,
    ) -> Self {
        assert!((1..=NODES_MAX).contains(&replicas.len()), "{} nodes", replicas.len());
        Self {
            id,
            key: room.key(),
            settings,
            hosts: replicas.into_iter().map(Host::new).collect(),
            looks_since: Some(SimTime::ZERO),
            epoch: None,
            condition: Condition::Awake,
            links: BTreeMap::new(),
            faults: BTreeMap::new(),
            routes: Routes::default(),
            told: BTreeMap::new(),
            reports: Reports::default(),
            reported: BTreeMap::new(),
            report_number: 0,
            random: Random::new(seed),
            timers: BTreeMap::new(),
            timers_set: 0,
            next_tick: SimTime::ZERO,
            pinged_at: SimTime::ZERO,
            inbox: VecDeque::new(),
            truth: ClaimMap::new(),
            log: History::new(),
            turned_away: VecDeque::new(),
        }
    }

    /// Handles `event` at time `now`, and all that is due by then, and adds what follows from it
    /// to `effects`.
    pub fn handle(&mut self, now: SimTime, event: Event, effects: &mut Effects) {
        match event {
            Event::Start => self.looks_since = Some(now),
            Event::Wake => {}
            Event::Opened { peer, path, binding, nonce } => {
                self.open(now, peer, path, Handshake::new(self.id, nonce, peer, binding), effects);
            }
            Event::Closed(peer) => self.forget(peer),
            Event::Received(peer, bytes) => self.receive(now, peer, &bytes, effects),
            Event::Full(peer, is_full) => {
                self.links.get_mut(&peer).into_iter().for_each(|link| link.is_full = is_full);
            }
            Event::Operation(node, operation) => self.operate(now, node, operation, effects),
            Event::Faults(peer, faults) => {
                self.faults.insert(peer, faults);
                self.routes.cut(peer, faults.is_cut);
                self.links.get_mut(&peer).into_iter().for_each(|link| link.faults = faults);
            }
            Event::Condition(condition) => self.condition = condition,
            Event::Leave => {
                self.links.values_mut().for_each(|link| link.say(now, &Frame::Bye));
            }
        }
        self.fire_timers(now);
        if now >= self.next_tick {
            self.next_tick = now + TICK_US;
            self.tick(now, effects);
        }
        self.deliver_at_home(now);
        self.send(now, effects);
    }

    /// When it wants to be woken, if nothing else happens before.
    #[must_use]
    pub fn wake_at(&self) -> SimTime {
        let timer = self.timers.keys().next().map(|&(at, _)| at);
        let due = self.links.values().filter_map(Link::next_due);
        timer.into_iter().chain(due).fold(self.next_tick, SimTime::min)
    }

    // --- What is to be seen ---

    /// Its own name.
    #[must_use]
    pub fn id(&self) -> PeerId {
        self.id
    }

    /// The nodes that it hosts and that have begun.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.hosts.iter().filter_map(Host::node)
    }

    /// The names of all nodes that it hosts, begun or not, and whether they have been let in.
    pub fn hosted(&self) -> impl Iterator<Item = (&NodeId, bool)> {
        self.hosts.iter().map(|host| (&host.name, host.is_member()))
    }

    /// What nodes elsewhere show, as it was heard last, by name.
    pub fn remote_views(&self, now: SimTime) -> impl Iterator<Item = RemoteView<'_>> {
        self.reports.views(now)
    }

    /// The links, by peer.
    pub fn links(&self) -> impl Iterator<Item = (PeerId, LinkFacts)> {
        self.links.iter().map(|(&peer, link)| (peer, link.facts()))
    }

    /// The nodes that a neighbour hosts.
    pub fn hosted_by(&self, peer: PeerId) -> impl Iterator<Item = &NodeId> {
        self.routes.hosted_by(peer).map(|route| &route.replica.node)
    }

    /// All that has been seen here.
    #[must_use]
    pub fn truth(&self) -> &ClaimMap {
        &self.truth
    }

    /// How many peers have proven to know the room.
    #[must_use]
    pub fn connected(&self) -> usize {
        self.links.values().filter(|link| link.is_proven()).count()
    }

    /// The fingerprint that all nodes show, here and at all peers that are connected, as it was
    /// heard last; nothing where they do not agree, or where not all have been let in.
    #[must_use]
    pub fn agreed(&self) -> Option<u64> {
        let own = self.hosts.iter().map(|host| {
            let node = host.node().filter(|_| host.is_member())?;
            Some(node.claims().fingerprint().to_u64())
        });
        let neighbours = self.links.iter().filter(|(_, link)| link.is_proven());
        let theirs = neighbours.flat_map(|(&peer, _)| {
            let mut hosted = self.routes.hosted_by(peer).peekable();
            let is_silent = hosted.peek().is_none();
            let heard = hosted.map(|route| self.reports.fingerprint_of(&route.replica.node));
            heard.chain(is_silent.then_some(None))
        });
        let mut all = own.chain(theirs);
        let first = all.next()??;
        all.all(|other| other == Some(first)).then_some(first)
    }

    /// Who was turned away last, when and why, the latest first.
    pub fn turned_away(&self) -> impl Iterator<Item = (SimTime, PeerId, &Why)> {
        self.turned_away.iter().rev().map(|(at, peer, why)| (*at, *peer, why))
    }

    // --- Links ---

    fn open(
        &mut self,
        now: SimTime,
        peer: PeerId,
        path: Path,
        handshake: Handshake,
        effects: &mut Effects,
    ) {
        self.forget(peer);
        if self.links.len() >= PEERS_MAX || peer == self.id {
            return effects.close.push((peer, Why::Full));
        }
        let mut link = Link::new(now, path, handshake);
        link.faults = self.faults.get(&peer).copied().unwrap_or_default();
        self.links.insert(peer, link);
    }

    fn forget(&mut self, peer: PeerId) {
        self.links.remove(&peer);
        self.told.remove(&peer);
        self.routes.forget(peer);
    }

    fn turn_away(&mut self, now: SimTime, peer: PeerId, why: Why, effects: &mut Effects) {
        self.forget(peer);
        if why != Why::Bye {
            self.turned_away.push_back((now, peer, why.clone()));
            if self.turned_away.len() > TURNED_AWAY_MAX {
                self.turned_away.pop_front();
            }
        }
        effects.close.push((peer, why));
    }

    fn receive(&mut self, now: SimTime, peer: PeerId, bytes: &[u8], effects: &mut Effects) {
        if let Err(why) = self.try_receive(now, peer, bytes) {
            self.turn_away(now, peer, why, effects);
        }
    }

    fn try_receive(&mut self, now: SimTime, peer: PeerId, bytes: &[u8]) -> Result<(), Why> {
        let Some(link) = self.links.get_mut(&peer) else { return Ok(()) };
        let Some(frame) = link.take(now, bytes)? else { return Ok(()) };
        match (&mut link.state, frame) {
            (State::Proving(handshake), Frame::Hello(hello)) => {
                let proof = handshake.hear(hello, &self.key)?;
                link.say(now, &Frame::Proof(proof));
            }
            (State::Proving(handshake), Frame::Proof(proof)) => {
                handshake.check(&proof, &self.key)?;
                link.state = State::Proven;
                let known: Vec<Report> = self.reports.all().cloned().collect();
                if !known.is_empty() {
                    link.say(now, &Frame::Reports(known));
                }
                // Whoever is new hears of the nodes here at once.
                self.reported.clear();
                self.next_tick = now;
            }
            // The lane without order may be faster than the proof.
            (State::Proving(_), Frame::Ping(_) | Frame::Pong(_) | Frame::Parcels(..)) => {}
            (State::Proving(_), _) | (State::Proven, Frame::Hello(_) | Frame::Proof(_)) => {
                return Err(Unproven::OutOfTurn.into());
            }
            (State::Proven, Frame::Routes(routes)) => {
                let is_own = |route: &&Route| {
                    route.distance == 0 && self.hosts.iter().any(|it| it.name == route.replica.node)
                };
                if let Some(route) = routes.iter().find(is_own) {
                    return Err(Why::Impostor(route.replica.node.to_string()));
                }
                self.routes.hear(peer, routes);
                self.next_tick = now;
            }
            (State::Proven, Frame::Parcels(epoch, parcels)) => {
                if !link.faults.is_cut && self.epoch == Some(epoch) {
                    self.take_parcels(peer, parcels)?;
                }
            }
            (State::Proven, Frame::Ping(number)) => link.say(now, &Frame::Pong(number)),
            (State::Proven, Frame::Pong(number)) => link.hear_pong(now, number),
            (State::Proven, Frame::Reports(reports)) => {
                let own: BTreeSet<&NodeId> = self.hosts.iter().map(|host| &host.name).collect();
                self.reports.hear(now, peer, reports, &own);
            }
            (State::Proven, Frame::Bye) => return Err(Why::Bye),
            (State::Proven, Frame::Part { .. }) => {
                return Err(Why::BadMessage("a part within a part".into()));
            }
        }
        Ok(())
    }

    fn take_parcels(&mut self, peer: PeerId, parcels: Vec<Parcel>) -> Result<(), Why> {
        for parcel in parcels {
            // One's own may come back, as long as the ways have not settled, but not as new.
            if self.hosts.iter().any(|host| host.name == parcel.from.node) {
                match parcel.steps_left {
                    DISTANCE_MAX.. => return Err(Why::Impostor(parcel.from.node.to_string())),
                    _ => continue,
                }
            }
            match self.hosts.iter().position(|host| host.name == parcel.to) {
                Some(index) => {
                    let message = Message::from_bytes(&parcel.message);
                    let message = message.map_err(|error| Why::BadMessage(error.to_string()))?;
                    self.inbox.push_back((index, parcel.from, message));
                }
                None => self.pass_on(peer, parcel),
            }
        }
        Ok(())
    }

    /// Sends a parcel on that is for a node elsewhere.
    fn pass_on(&mut self, from: PeerId, parcel: Parcel) {
        let way = self.routes.way_to(&parcel.to).filter(|&way| way != from);
        if let (Some(way), Some(steps_left)) = (way, parcel.steps_left.checked_sub(1)) {
            self.post(way, Parcel { steps_left, ..parcel });
        }
    }

    fn post(&mut self, way: PeerId, parcel: Parcel) {
        let Some(link) = self.links.get_mut(&way).filter(|link| link.is_proven()) else { return };
        if link.faults.is_cut {
            return;
        }
        let is_large = parcel.message.len() > UNRELIABLE_BYTES_MAX;
        link.post(if is_large { Lane::Reliable } else { Lane::Unreliable }, parcel);
    }

    /// Hands what is to be sent to the caller.
    fn send(&mut self, now: SimTime, effects: &mut Effects) {
        let Self { links, random, epoch, .. } = self;
        for (&peer, link) in links {
            if let Some(epoch) = *epoch {
                link.pack(now, epoch, |per_mille| random.below(1_000) < u32::from(per_mille));
            }
            while let Some((lane, bytes)) = link.next(now) {
                effects.send.push((peer, lane, bytes));
            }
        }
    }

    // --- Nodes ---

    fn operate(&mut self, now: SimTime, name: NodeId, operation: Operation, effects: &mut Effects) {
        let Some(index) = self.hosts.iter().position(|host| host.name == name) else {
            return effects.refused.push(Refusal::NotHosted(name));
        };
        if !self.hosts[index].is_member() {
            return effects.refused.push(Refusal::NotAdmitted(name));
        }
        let refused = self.run(now, index, NodeEvent::Operation(operation));
        effects.refused.extend(refused.into_iter().map(Refusal::Operation));
    }

    fn fire_timers(&mut self, now: SimTime) {
        while let Some(entry) = self.timers.first_entry().filter(|entry| entry.key().0 <= now) {
            let (index, life, timer) = entry.remove();
            if self.hosts[index].life == life {
                self.run(now, index, NodeEvent::Timer(timer));
            }
        }
    }

    fn deliver_at_home(&mut self, now: SimTime) {
        while let Some((index, from, message)) = self.inbox.pop_front() {
            self.run(now, index, NodeEvent::Message { from, message });
        }
    }

    /// Lets a node handle something, and does what it wants done. Returns the operations that it
    /// refused.
    fn run(&mut self, now: SimTime, index: usize, event: NodeEvent) -> Vec<OperationError> {
        let mut effects = NodeEffects::new();
        let host = &mut self.hosts[index];
        let life = host.life;
        let Some(node) = host.node_mut() else { return Vec::new() };
        node.handle(now, event, &mut effects);
        let from = node.id().clone();
        let mut refused = Vec::new();
        for observation in effects.observations {
            match observation {
                Observation::Issued(update) | Observation::Applied(update) => {
                    for update in self.truth.join(&Delta::from_iter([update])).applied {
                        let replica = update.dot.replica.clone();
                        self.log.push(update);
                        self.log.keep(&replica, |_, newer| newer < LOGGED_MAX);
                    }
                }
                Observation::Merged(..) => {
                    let Some(node) = self.hosts[index].node() else { continue };
                    for (replica, counters) in self.truth.merge(node.claims()).news {
                        self.log.skip(&replica, *counters.end());
                    }
                }
                Observation::Refused(error) => refused.push(error),
                _ => {}
            }
        }
        for (at, timer) in effects.timers {
            self.timers_set += 1;
            self.timers.insert((at, self.timers_set), (index, life, timer));
        }
        for (to, message) in effects.messages {
            match self.hosts.iter().position(|host| host.name == to) {
                Some(to) => self.inbox.push_back((to, from.clone(), message)),
                None => {
                    let Some(way) = self.routes.way_to(&to) else { continue };
                    let (from, message) = (from.clone(), message.to_bytes());
                    self.post(way, Parcel { steps_left: DISTANCE_MAX, from, to, message });
                }
            }
        }
        refused
    }

    // --- From time to time ---

    fn tick(&mut self, now: SimTime, effects: &mut Effects) {
        let is_late = |link: &Link| match link.state {
            State::Proving(_) if now.us_since(link.opened_at) > PROOF_US_MAX => {
                Some(Unproven::TooLate.into())
            }
            State::Proven if now.us_since(link.heard_at) > SILENT_US => Some(Why::Silent),
            _ => None,
        };
        let late = self.links.iter().filter_map(|(&peer, link)| Some((peer, is_late(link)?)));
        for (peer, why) in late.collect::<Vec<_>>() {
            self.turn_away(now, peer, why, effects);
        }
        if now.us_since(self.pinged_at) >= PING_US {
            self.pinged_at = now;
            for link in self.links.values_mut().filter(|link| link.is_proven()) {
                link.ping(now, now.as_us());
            }
        }
        self.begin(now);
        self.tell_routes(now);
        self.report(now);
    }

    /// Lets the nodes begin: among others if there are any, else by themselves if the others that
    /// are there leave it to this peer. Where the room has begun twice, those of the greater epoch
    /// give way.
    fn begin(&mut self, now: SimTime) {
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
            self.hosts[index].found(&members, self.settings, seed);
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
                self.hosts[index].ask(now, &contacts, self.settings, seed);
                self.run(now, index, NodeEvent::Start);
            }
        }
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

    fn tell_routes(&mut self, now: SimTime) {
        let own = self.hosts.iter().map(|host| Route {
            replica: host.replica(),
            distance: 0,
            epoch: self.epoch.filter(|_| host.is_member()),
        });
        let own: Vec<Route> = own.collect();
        for (&peer, link) in self.links.iter_mut().filter(|(_, link)| link.is_proven()) {
            let routes = self.routes.told_to(peer, own.clone());
            if self.told.get(&peer) != Some(&routes) {
                link.say(now, &Frame::Routes(routes.clone()));
                self.told.insert(peer, routes);
            }
        }
    }

    fn report(&mut self, now: SimTime) {
        let mut own = Vec::new();
        for host in &self.hosts {
            let Some(node) = host.node() else { continue };
            let fingerprint = node.claims().fingerprint().to_u64();
            let is_known = self.reported.get(&host.name).is_some_and(|&(reported, at)| {
                reported == fingerprint && now.us_since(at) < REPORT_US
            });
            if !is_known {
                self.report_number += 1;
                let (id, number) = (node.id().clone(), self.report_number);
                own.push(Report::of(id, number, self.condition, node.claims()));
                self.reported.insert(host.name.clone(), (fingerprint, now));
            }
        }
        let fresh = self.reports.take_fresh();
        for (&peer, link) in self.links.iter_mut().filter(|(_, link)| link.is_proven()) {
            let others = fresh.iter().filter(|(from, _)| *from != peer).map(|(_, report)| report);
            let reports: Vec<Report> = own.iter().chain(others).cloned().collect();
            if !reports.is_empty() {
                link.say(now, &Frame::Reports(reports));
            }
        }
        self.reports.follow(now, &self.log, &self.truth);
    }
}
