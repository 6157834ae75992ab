//! A node as the simulation holds it.

use scalesmall_crdt::{Fingerprint, Replicated};
use scalesmall_node::{Event, Node, SimTime};

/// Whether a node runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It runs.
    Up,
    /// It has crashed: what arrives is lost.
    Down,
    /// It is stopped for a while: what arrives waits.
    Paused,
}

impl Status {
    /// The status in a word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::Paused => "paused",
        }
    }
}

/// One node of a run.
#[derive(Clone, Debug)]
pub struct Replica {
    pub(crate) node: Node,
    pub(crate) status: Status,
    /// Timers set in an earlier life are void.
    pub(crate) life: u32,
    /// What waits while the node is paused, in order.
    pub(crate) held: Vec<Held>,
    pub(crate) clock_skew_us: i64,
}

/// What waits for a paused node.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) event: Event,
    /// The number of the message, where it is one.
    pub(crate) by: Option<u64>,
}

impl Replica {
    pub(crate) fn new(node: Node) -> Self {
        Self { node, status: Status::Up, life: 0, held: Vec::new(), clock_skew_us: 0 }
    }

    /// The node itself.
    #[must_use]
    pub fn node(&self) -> &Node {
        &self.node
    }

    /// What the node holds.
    #[must_use]
    pub fn claims(&self) -> &dyn Replicated {
        self.node.claims()
    }

    /// Whether it runs.
    #[must_use]
    pub fn status(&self) -> Status {
        self.status
    }

    /// Whether its view counts: paused or not, it has not crashed.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.status != Status::Down
    }

    /// How much more the clock of its machine shows than the simulated time, in microseconds; below
    /// 0, how much less. A clock shows no time before 0: one that is set back further begins there.
    #[must_use]
    pub fn clock_skew_us(&self) -> i64 {
        self.clock_skew_us
    }

    /// Lets its clock show so much more, or less, than the simulated time, from `now` on.
    pub(crate) fn set_clock(&mut self, now: SimTime, skew_us: i64) {
        let now_us = i64::try_from(now.as_us()).unwrap_or(i64::MAX);
        self.clock_skew_us = skew_us.max(-now_us);
    }

    /// What its clock shows.
    pub(crate) fn clock(&self, now: SimTime) -> SimTime {
        SimTime::from_us(now.as_us().saturating_add_signed(self.clock_skew_us))
    }

    /// The simulated time, not before `now`, at which its clock shows `at`.
    pub(crate) fn when_clock_shows(&self, at: SimTime, now: SimTime) -> SimTime {
        if at <= self.clock(now) {
            return now;
        }
        SimTime::from_us(at.as_us().saturating_add_signed(-self.clock_skew_us))
    }

    /// What it shows, if its view counts.
    pub(crate) fn live_fingerprint(&self) -> Option<Fingerprint> {
        self.is_live().then(|| self.claims().fingerprint())
    }
}
