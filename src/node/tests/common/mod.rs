//! A few nodes and one queue of what comes to them.

#![allow(dead_code, reason = "each test file takes what it needs")]

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;

use scalesmall_crdt::{Claim, DataType, KeyRange, NodeId, Operation, ReplicaId};
use scalesmall_node::{
    DeadClaims, Depth, Detection, Effects, Event, Members, Message, Node, Settings, SimTime,
    Strategy, Sync, Timer,
};

/// Who begins together, and who comes later.
const FOUNDERS: [&str; 5] = ["a", "b", "c", "d", "ë"];
const NEWCOMERS: [&str; 2] = ["m", "n"];
/// Until then messages are lost, and things happen.
const FAULTS_UNTIL_MS: u32 = 10_000;
const END_MS: u32 = 30_000;

pub(crate) fn name(name: &str) -> NodeId {
    NodeId::new(name).unwrap()
}

pub(crate) fn settings(strategy: Strategy, sync: Sync) -> Settings {
    Settings {
        interval_us: 200_000,
        fanout: 2,
        strategy,
        sync,
        anti_entropy: true,
        interest: true,
        // So little that states are needed.
        history: Depth { inside: 6, outside: 2, forgets_stable: false },
        detection: Some(Detection {
            probe_us: 500_000,
            suspicion_us: 2_000_000,
            dead_claims: DeadClaims::ReleaseAfter(1_000_000),
        }),
    }
}

/// How a message gets from one node to the other.
pub(crate) type Carry = fn(Message) -> Message;

/// Nodes that live through operations, losses, a restart without state, a retirement and two
/// newcomers; the same each time.
pub(crate) struct Cluster {
    pub(crate) nodes: Vec<Node>,
    /// All that was said.
    pub(crate) said: Vec<Said>,
    /// How many messages have gone from one to another.
    sent: BTreeMap<(usize, usize), u64>,
    /// How often each of them has been started: timers of former lives are void.
    lives: Vec<u32>,
    queue: BTreeMap<(SimTime, u64), (usize, Coming)>,
    queued: u64,
    now: SimTime,
    carry: Carry,
}

/// Something that one of them has said.
pub(crate) struct Said {
    pub(crate) at: SimTime,
    pub(crate) from: ReplicaId,
    pub(crate) to: NodeId,
    pub(crate) message: Message,
}

enum Coming {
    Event(Event),
    Timer(u32, Timer),
    RestartWithoutState,
}

impl Cluster {
    pub(crate) fn new(strategy: Strategy, sync: Sync, carry: Carry) -> Self {
        let founders: Arc<Members> = Arc::new(FOUNDERS.map(name).into_iter().collect());
        let contacts = NEWCOMERS.into_iter().chain(["a"]);
        let contacts: Arc<Members> = Arc::new(contacts.map(name).collect());
        let everybody = FOUNDERS.iter().chain(&NEWCOMERS).map(|it| name(it));
        let settings = Some(settings(strategy, sync));
        let nodes: Vec<Node> = (1..)
            .zip(everybody)
            .map(|(seed, name)| match founders.position(&name) {
                Some(_) => Node::new(ReplicaId::first(name), Arc::clone(&founders), settings, seed),
                None => {
                    let id = ReplicaId::first(name);
                    Node::newcomer(id, Arc::clone(&contacts), false, settings, seed)
                }
            })
            .collect();
        let lives = vec![0; nodes.len()];
        let mut cluster = Self {
            nodes,
            said: Vec::new(),
            sent: BTreeMap::new(),
            lives,
            queue: BTreeMap::new(),
            queued: 0,
            now: SimTime::ZERO,
            carry,
        };
        cluster.write_script();
        cluster
    }

    /// The same, whose nodes have replicas of another data type than the claim map.
    pub(crate) fn holding(mut self, data_type: DataType) -> Self {
        self.nodes = self.nodes.into_iter().map(|node| node.holding(data_type)).collect();
        self
    }

    fn write_script(&mut self) {
        for node in 0..self.nodes.len() {
            let begins_at_ms = if node < FOUNDERS.len() { 0 } else { 2_000 };
            self.plan(begins_at_ms, node, Event::Start);
        }
        for step in 0..60_u32 {
            let node = step as usize % FOUNDERS.len();
            let start = step % 12 * 1_000;
            let claim = Claim::new(
                self.nodes[node].id().node.clone(),
                KeyRange::new(start, start + 1_500).unwrap(),
            );
            let by = NonZeroU32::new(1 + step % 3).unwrap();
            let operation = match step % 7 {
                3 => Operation::Decrease { claim, by },
                5 => Operation::Release { claim },
                6 => Operation::Increase { claim, by },
                _ => Operation::Register { claim },
            };
            self.plan(100 + 200 * step, node, Event::Operation(operation));
        }
        let watched = [(2_000, 4_000), (9_000, u32::MAX)];
        let watched = watched.map(|(from, to)| KeyRange::new(from, to).unwrap());
        self.plan(1_000, 1, Event::Watch(watched.to_vec()));
        self.enqueue(SimTime::from_ms(4_000), 2, Coming::RestartWithoutState);
        self.plan(6_000, 0, Event::Retire(name("d")));
    }

    fn plan(&mut self, at_ms: u32, node: usize, event: Event) {
        self.enqueue(SimTime::from_ms(at_ms), node, Coming::Event(event));
    }

    fn enqueue(&mut self, at: SimTime, node: usize, coming: Coming) {
        self.queue.insert((at.max(self.now), self.queued), (node, coming));
        self.queued += 1;
    }

    /// Lets everything happen that comes before this time.
    pub(crate) fn run_until(&mut self, end_ms: u32) {
        while let Some(entry) = self.queue.first_entry() {
            if entry.key().0 >= SimTime::from_ms(end_ms) {
                return;
            }
            let ((at, _), (node, coming)) = entry.remove_entry();
            self.now = at;
            match coming {
                Coming::Event(event) => self.give(node, event),
                Coming::Timer(life, timer) if life == self.lives[node] => {
                    self.give(node, Event::Timer(timer));
                }
                Coming::Timer(..) => {}
                Coming::RestartWithoutState => {
                    let id = self.nodes[node].id().fresh();
                    self.nodes[node] = self.nodes[node].without_state(id, 77);
                    self.lives[node] += 1;
                    self.give(node, Event::Start);
                }
            }
        }
    }

    pub(crate) fn run_to_the_end(&mut self) {
        self.run_until(END_MS);
    }

    fn give(&mut self, node: usize, event: Event) {
        let mut effects = Effects::new();
        self.nodes[node].handle(self.now, event, &mut effects);
        self.nodes[node].check_invariants();
        for (at, timer) in effects.timers {
            self.enqueue(at, node, Coming::Timer(self.lives[node], timer));
        }
        let from = self.nodes[node].id().clone();
        for (to, message) in effects.messages {
            let said = Said { at: self.now, from: from.clone(), to, message };
            self.send(node, &said);
            self.said.push(said);
        }
    }

    /// Each link loses every sixth message, and has a latency of its own.
    fn send(&mut self, from: usize, Said { from: sender, to, message, .. }: &Said) {
        let Some(to) = self.nodes.iter().position(|node| node.id().node == *to) else { return };
        let sent = self.sent.entry((from, to)).or_default();
        *sent += 1;
        if self.now < SimTime::from_ms(FAULTS_UNTIL_MS) && sent.is_multiple_of(6) {
            return;
        }
        let message = (self.carry)(message.clone());
        let latency_us = 20_000 + 1_009 * (7 * from + to) as u64;
        let event = Event::Message { from: sender.clone(), message };
        self.enqueue(self.now + latency_us, to, Coming::Event(event));
    }
}
