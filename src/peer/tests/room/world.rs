//! Peers on simulated links: time passes as it is told to.

use std::collections::{BTreeMap, BTreeSet};

use scalesmall_crdt::{Claim, KeyRange, NodeId, Operation, ReplicaId};
use scalesmall_node::{Random, SimTime};
use scalesmall_peer::{Effects, Event, Lane, Path, Peer, PeerId, Refusal, Room, Why};

type Flight = (usize, usize, Vec<u8>);

pub(crate) struct World {
    pub(crate) now: SimTime,
    /// Nothing where a peer is gone.
    pub(crate) peers: Vec<Option<Peer>>,
    /// Which are linked, the lower first.
    links: BTreeSet<(usize, usize)>,
    in_flight: BTreeMap<(SimTime, u64), Flight>,
    /// When what is sent last on the reliable lane arrives, by link.
    in_order: BTreeMap<(usize, usize), SimTime>,
    sent: u64,
    /// How many bytes went over links, by the kind of frame.
    pub(crate) sent_by_kind: [u64; 16],
    /// How the latest parcels began.
    epoch: Vec<u8>,
    pub(crate) loss_per_mille: u32,
    pub(crate) random: Random,
    pub(crate) closed: Vec<(usize, usize, Why)>,
    pub(crate) refused: Vec<Refusal>,
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            now: SimTime::ZERO,
            peers: Vec::new(),
            links: BTreeSet::new(),
            in_flight: BTreeMap::new(),
            in_order: BTreeMap::new(),
            sent: 0,
            sent_by_kind: [0; 16],
            epoch: Vec::new(),
            loss_per_mille: 0,
            random: Random::new(seed),
            closed: Vec::new(),
            refused: Vec::new(),
        }
    }

    /// A new peer with so many nodes: peer 2 hosts 2-0, 2-1 and so on.
    pub(crate) fn add(&mut self, nodes: usize, secret: &str) -> usize {
        let index = self.peers.len();
        let name = |node| NodeId::new(&format!("{index}-{node}")).unwrap();
        let replicas = (0..nodes).map(|node| ReplicaId::first(name(node))).collect();
        self.add_hosting(replicas, secret)
    }

    pub(crate) fn add_hosting(&mut self, replicas: Vec<ReplicaId>, secret: &str) -> usize {
        let index = self.peers.len();
        let room = Room::new("room", secret).unwrap();
        let seed = u64::from(self.random.draw());
        self.peers.push(Some(Peer::new(id(index), &room, replicas, seed)));
        self.handle(index, Event::Start);
        index
    }

    pub(crate) fn peer(&self, index: usize) -> &Peer {
        self.peers[index].as_ref().expect("a peer that is there")
    }

    pub(crate) fn connect(&mut self, a: usize, b: usize) {
        let (a, b) = (a.min(b), a.max(b));
        let are_there = self.peers[a].is_some() && self.peers[b].is_some();
        if a == b || !are_there || !self.links.insert((a, b)) {
            return;
        }
        let binding = u64::from(self.random.draw()).to_be_bytes().to_vec();
        for (at, to) in [(a, b), (b, a)] {
            let nonce = (0..4).fold(0, |sum, _| sum << 32 | u128::from(self.random.draw()));
            let (peer, path, binding) = (id(to), Path::Simulated, binding.clone());
            self.handle(at, Event::Opened { peer, path, binding, nonce });
        }
    }

    /// Links each peer to all others.
    pub(crate) fn connect_all(&mut self) {
        for b in 0..self.peers.len() {
            (0..b).for_each(|a| self.connect(a, b));
        }
    }

    pub(crate) fn disconnect(&mut self, a: usize, b: usize) {
        if self.links.remove(&(a.min(b), a.max(b))) {
            let is_other =
                |(from, to): (usize, usize)| (from.min(to), from.max(to)) != (a.min(b), a.max(b));
            self.in_flight.retain(|_, (from, to, _)| is_other((*from, *to)));
            self.handle(a, Event::Closed(id(b)));
            self.handle(b, Event::Closed(id(a)));
        }
    }

    /// Lets a peer die.
    pub(crate) fn kill(&mut self, index: usize) {
        let links: Vec<(usize, usize)> = self.links.iter().copied().collect();
        self.peers[index] = None;
        links.into_iter().filter(|&(a, b)| a == index || b == index).for_each(|(a, b)| {
            self.disconnect(a, b);
        });
    }

    /// Lets a peer say goodbye and go.
    pub(crate) fn leave(&mut self, index: usize) {
        self.handle(index, Event::Leave);
        self.pass_ms(100);
        self.kill(index);
    }

    pub(crate) fn handle(&mut self, index: usize, event: Event) {
        let Some(peer) = &mut self.peers[index] else { return };
        let mut effects = Effects::default();
        peer.handle(self.now, event, &mut effects);
        for (to, lane, bytes) in effects.send {
            self.transmit(index, to.bits() as usize, lane, bytes);
        }
        self.refused.extend(effects.refused);
        for (to, why) in effects.close {
            let to = to.bits() as usize;
            self.closed.push((index, to, why));
            // What was sent before it arrives before it.
            let due = self.in_order.get(&(index, to)).copied().unwrap_or(self.now);
            self.run_until(due.max(self.now));
            self.disconnect(index, to);
        }
    }

    fn transmit(&mut self, from: usize, to: usize, lane: Lane, bytes: Vec<u8>) {
        if !self.links.contains(&(from.min(to), from.max(to))) {
            return;
        }
        self.sent_by_kind[usize::from(bytes[0])] += bytes.len() as u64;
        if lane == Lane::Unreliable && self.random.below(1_000) < self.loss_per_mille {
            return;
        }
        let mut due = self.now + 1_000 + u64::from(self.random.below(20_000));
        if lane == Lane::Reliable {
            let before = self.in_order.entry((from, to)).or_insert(due);
            due = due.max(*before);
            *before = due;
        }
        if bytes[0] == 4 {
            let length = 1 + bytes[1..].iter().take_while(|&&byte| byte >= 0x80).count();
            self.epoch = bytes[1..=length].to_vec();
        }
        self.sent += 1;
        self.in_flight.insert((due, self.sent), (from, to, bytes));
    }

    /// How many bytes went over links.
    pub(crate) fn sent_bytes(&self) -> u64 {
        self.sent_by_kind.iter().sum()
    }

    /// The epoch of the room, as bytes: the one by which a frame of parcels begins.
    pub(crate) fn epoch(&self) -> Vec<u8> {
        self.epoch.clone()
    }

    /// Lets something arrive that its sender has not sent.
    pub(crate) fn forge(&mut self, from: usize, to: usize, bytes: Vec<u8>) {
        self.handle(to, Event::Received(id(from), bytes));
    }

    pub(crate) fn run_until(&mut self, until: SimTime) {
        loop {
            let wakes = self.peers.iter().enumerate();
            let wake = wakes.filter_map(|(index, peer)| Some((peer.as_ref()?.wake_at(), index)));
            let wake = wake.min();
            let arrival = self.in_flight.first_key_value().map(|(&(at, _), _)| at);
            let next = wake.map(|(at, _)| at).into_iter().chain(arrival).min();
            let Some(next) = next.filter(|&next| next <= until) else { break };
            self.now = self.now.max(next);
            if arrival == Some(next) {
                let (_, (from, to, bytes)) = self.in_flight.pop_first().expect("one is due");
                self.handle(to, Event::Received(id(from), bytes));
            } else if let Some((_, index)) = wake {
                self.handle(index, Event::Wake);
            }
        }
        self.now = self.now.max(until);
    }

    pub(crate) fn pass_ms(&mut self, ms: u64) {
        self.run_until(self.now + ms * 1_000);
    }

    pub(crate) fn operate(&mut self, index: usize, node: usize, operation: Operation) {
        let hosted = self.peers[index].as_ref().map(|peer| peer.hosted());
        let Some(name) = hosted.and_then(|mut it| it.nth(node)).map(|(name, _)| name.clone())
        else {
            return;
        };
        self.handle(index, Event::Operation(name, operation));
    }

    /// Lets a node claim something of its own.
    pub(crate) fn claim(&mut self, index: usize, node: usize, start: u32) {
        let name = self.peer(index).hosted().nth(node).unwrap().0.clone();
        let claim = Claim::new(name, KeyRange::new(start, start + 999).unwrap());
        self.operate(index, node, Operation::Increase { claim, by: 3.try_into().unwrap() });
    }

    /// What all peers that are there agree on, by their own word.
    pub(crate) fn agreed(&self) -> Option<u64> {
        let mut all = self.peers.iter().flatten().map(Peer::agreed);
        let first = all.next()??;
        all.all(|other| other == Some(first)).then_some(first)
    }

    /// Waits until all agree, and checks that it is so.
    ///
    /// # Panics
    ///
    /// If they do not within so long.
    pub(crate) fn agree_within_ms(&mut self, ms: u64) -> u64 {
        let until = self.now + ms * 1_000;
        while self.now < until {
            self.pass_ms(100);
            if self.agreed().is_some() {
                break;
            }
        }
        let shown = self.peers.iter().flatten().flat_map(Peer::nodes).map(|node| {
            node.check_invariants();
            (node.id().to_string(), node.is_member(), node.claims().fingerprint().to_u64())
        });
        let shown: Vec<_> = shown.collect();
        let agreed = self.agreed();
        let agreed = agreed
            .unwrap_or_else(|| panic!("at {} ms: {shown:?} {:?}", self.now.as_ms(), self.closed));
        assert!(shown.iter().all(|&(_, is_member, own)| is_member && own == agreed), "{shown:?}");
        self.now.as_ms()
    }
}

pub(crate) fn id(index: usize) -> PeerId {
    PeerId::new(index as u128)
}
