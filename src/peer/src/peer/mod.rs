//! A peer: the nodes that it hosts, and its links to others.

mod beginning;
mod hosting;
mod linked;
mod recording;
mod retiring;
mod telling;

use std::collections::{BTreeMap, VecDeque};

use scalesmall_crdt::{ClaimMap, History, KeyRange, NodeId, Operation, OperationError, ReplicaId};
use scalesmall_node::{Message, Node, Random, SimTime, Timer};

use self::retiring::Absent;
use self::telling::Reported;
use crate::frame::{Epoch, Frame, Route};
use crate::handshake::Handshake;
use crate::hearsay::Condition;
use crate::host::Host;
use crate::limits::NODES_MAX;
use crate::link::{Faults, Lane, Link, LinkFacts, Path, Why};
use crate::recorder::Recorder;
use crate::reports::{RemoteView, Reports};
use crate::routes::Routes;
use crate::{PeerId, Room, RoomKey};

/// How often a peer looks after its links, in microseconds.
const TICK_US: u64 = 200_000;

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
    /// A link has closed, or will, and the peer at its end will not come back as who it was.
    Gone(PeerId),
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
    /// Of each node that is hosted here.
    reported: BTreeMap<NodeId, Reported>,
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
    /// How many operations were stable when `truth` was folded last.
    folded: u64,
    turned_away: VecDeque<(SimTime, PeerId, Why)>,
    /// Links of those that are to be closed, and when.
    closing: Vec<(SimTime, PeerId, Why)>,
    absent: Absent,
    recorder: Recorder,
}

impl Peer {
    /// A peer that hosts nodes under these names, each as a replica that nobody has been before.
    /// It draws all its random choices from `seed`.
    ///
    /// # Panics
    ///
    /// Where there are none, or more than [`NODES_MAX`].
    #[must_use]
    pub fn new(id: PeerId, room: &Room, replicas: Vec<ReplicaId>, seed: u64) -> Self {
        assert!((1..=NODES_MAX).contains(&replicas.len()), "{} nodes", replicas.len());
        Self {
            id,
            key: room.key(),
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
            folded: 0,
            turned_away: VecDeque::new(),
            closing: Vec::new(),
            absent: Absent::default(),
            recorder: Recorder::default(),
        }
    }

    /// Lets a node that is hosted here make a claim once it is let in, with this priority, unless
    /// it is live then: one that it had when it was here before.
    pub fn bring(&mut self, node: &NodeId, range: KeyRange, priority: u64) {
        let host = self.hosts.iter_mut().find(|host| host.name == *node);
        host.into_iter().for_each(|host| host.brings.push((range, priority)));
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
            Event::Gone(peer) => {
                self.note_left(peer);
                self.forget(peer);
            }
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
}
