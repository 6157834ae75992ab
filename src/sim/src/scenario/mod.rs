//! What is to happen in a run.

mod check;
mod elsewhere;
mod error;
mod file;
mod form;
mod part;
mod setting;
mod write;

use std::sync::Arc;

use scalesmall_crdt::{DataType, KeyRange, NodeId, Operation, ReplicaId};
use scalesmall_node::SimTime;

use crate::NetworkSettings;

pub(crate) use elsewhere::ElsewhereNews;
pub use elsewhere::{Elsewhere, NoNews};
pub use error::ScenarioError;

/// The description of scenario files, for people.
#[doc = include_str!("../../SCENARIOS.md")]
pub const FORMAT: &str = include_str!("../../SCENARIOS.md");

/// A checked scenario: whatever it names exists, and every number is within its limit.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// What it is about, in a few words.
    pub title: String,
    /// The source of all randomness.
    pub seed: u64,
    /// The nodes, each with one replica: those that begin, and then those that join, in the order
    /// in which they do. Elsewhere a replica is an index into this list.
    pub replicas: Arc<[NodeId]>,
    /// How many of them begin.
    pub founders: usize,
    /// As which incarnations the founders begin: the replicas of a room that is older than the run
    /// have been others before. Empty where all are the first.
    pub incarnations: Vec<u32>,
    /// What the nodes have replicas of.
    pub data_type: DataType,
    /// The network at the start.
    pub network: NetworkSettings,
    /// Operations that every replica has applied before time 0, in order.
    pub start: Vec<Request>,
    /// What happens from outside, in order of time.
    pub steps: Vec<Step>,
    /// When the run ends.
    pub until: Until,
}

impl Scenario {
    /// The replica that a node begins as.
    #[must_use]
    pub fn first_replica(&self, node: usize) -> ReplicaId {
        let incarnation = self.incarnations.get(node).copied().unwrap_or(0);
        ReplicaId { node: self.replicas[node].clone(), incarnation }
    }

    /// Reads a scenario file; see [`FORMAT`].
    ///
    /// # Errors
    ///
    /// [`ScenarioError`], which names the place in the file and the value that is wrong there.
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        check::scenario(file::read(text)?)
    }

    /// Whether all that happens in its runs is of their own making: nothing is received from
    /// elsewhere. Else no record of a run is complete.
    #[must_use]
    pub fn is_self_contained(&self) -> bool {
        !self.steps.iter().any(|step| matches!(step.action, Action::Receive { .. }))
    }

    /// The scenario as a file, short, and with a line for each step: [`parse`](Self::parse) reads it
    /// as this very scenario.
    ///
    /// That is so for each scenario that was read, and for each that is as one that was read: within
    /// the [limits](crate::limits), its steps in order of time, its times whole milliseconds. Times
    /// that are not are [rounded up](SimTime::rounded_up_to_ms), which keeps their order. Other
    /// scenarios are written as well, and what cannot be is then refused when it is read. So is a
    /// file of more than [`FILE_BYTES_MAX`](crate::limits::FILE_BYTES_MAX) bytes, which a scenario
    /// from a file that was nearly so large can come to, since each step is written with its time.
    ///
    /// # Panics
    ///
    /// If the scenario names a replica that it does not have, by an index past the last one.
    #[must_use]
    pub fn to_json(&self) -> String {
        write::file(self)
    }
}

/// When a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Until {
    /// Whether it ends once all steps are done and the replicas agree.
    pub converged: bool,
    /// When it ends at the latest.
    pub max: SimTime,
}

/// An operation and the replica that it is asked of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The replica, as an index.
    pub on: usize,
    /// The operation.
    pub operation: Operation,
}

/// Something that happens from outside.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// When.
    pub at: SimTime,
    /// What.
    pub action: Action,
}

/// What a step does. Replicas are indices.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Somebody asks a node for an operation.
    Operation(Request),
    /// Only replicas of the same group reach each other from now on. One that is in none of the
    /// groups stands alone.
    Partition(Vec<Vec<usize>>),
    /// All replicas reach each other again: it ends partitions, cuts and clogs.
    Heal,
    /// Nothing that one replica sends reaches another from now on, nor what is on its way as it
    /// arrives; the other direction goes on. A link that is cut stays so.
    Cut {
        /// Who sends.
        from: usize,
        /// Whom it does not reach.
        to: usize,
    },
    /// The cut of a link ends, if it has one.
    Mend {
        /// Who sends.
        from: usize,
        /// Whom it reaches again.
        to: usize,
    },
    /// What one replica sends another, what is on its way included, waits at the end of the link.
    /// A link that is clogged stays so.
    Clog {
        /// Who sends.
        from: usize,
        /// Who gets nothing for a while.
        to: usize,
    },
    /// The clog of a link ends, if it has one: what has waited arrives at once, in the order in
    /// which it came; what has not come to the link's end yet arrives in its time.
    Unclog {
        /// Who sends.
        from: usize,
        /// Who gets what has waited.
        to: usize,
    },
    /// Something befalls one message on its way. Without effect where there is no such message: it
    /// has arrived by then, or the run has taken another course.
    Message {
        /// Who has sent it.
        from: usize,
        /// Whom it is to reach.
        to: usize,
        /// Its number, which no other message of the run has.
        number: u64,
        /// What befalls it.
        fate: Fate,
    },
    /// The clock of a node's machine is set, and stays so when the node restarts. Timers that it
    /// had set before come when they were to come; those that it sets from now on, when its clock
    /// shows their time.
    ClockSkew {
        /// The node.
        replica: usize,
        /// How much more the clock shows than the simulated time, in microseconds; below 0, how
        /// much less. It shows no time before 0: one that is set back further begins there.
        skew_us: i64,
    },
    /// A node stops; what is sent to it is lost.
    Crash(usize),
    /// A crashed node starts again.
    Restart {
        /// The node.
        replica: usize,
        /// Whether it has lost its state, and so begins as a fresh incarnation.
        lost: bool,
        /// As which one then, where it is not the next: a greater one than it was before.
        incarnation: Option<u32>,
    },
    /// The next of the nodes that are not among the founders begins, and is let in by another one.
    Join {
        /// The one that lets it in.
        through: usize,
    },
    /// A node removes all replicas of another one from the roster, for good.
    Retire {
        /// The one to retire.
        replica: usize,
        /// Who does so.
        on: usize,
    },
    /// A node says goodbye and stops; it can be restarted.
    Leave(usize),
    /// A node watches these keys from now on, beside those that it serves.
    Watch {
        /// The node.
        replica: usize,
        /// The keys.
        ranges: Vec<KeyRange>,
    },
    /// A node stops for a while; what is sent to it waits.
    Pause(usize),
    /// A paused node goes on.
    Resume(usize),
    /// The settings of the network change. What is on its way arrives when it was to arrive, and
    /// where the bandwidth changes, what is sent later does not wait for it.
    Network(NetworkSettings),
    /// One replica at once takes in all that another has seen.
    Sync {
        /// Whose news it is.
        from: usize,
        /// Who takes it in.
        to: usize,
    },
    /// What a replica has seen by now is kept as a message.
    Send {
        /// Whose news it is.
        from: usize,
        /// Who will get it.
        to: usize,
        /// The message's name. A later message of the same name replaces it.
        name: String,
        /// Whether it is the sender's newest operation alone.
        only_last_operation: bool,
    },
    /// A kept message arrives.
    Deliver(String),
    /// A node takes in what comes from outside of the run.
    Receive {
        /// The node.
        replica: usize,
        /// What comes.
        elsewhere: Elsewhere,
    },
    /// The state of a replica is put on record.
    Observe(usize),
}

/// What can befall a message on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It stops, until it passes or is lost.
    Hold,
    /// It arrives at once, held or not.
    Pass,
    /// It is lost.
    Lose,
    /// A second one like it follows it and arrives when it does; at once, where it is held.
    Repeat,
}

impl Fate {
    /// All there are.
    pub const ALL: [Self; 4] = [Self::Hold, Self::Pass, Self::Lose, Self::Repeat];

    /// What it is called in a scenario file.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Hold => "hold",
            Self::Pass => "pass",
            Self::Lose => "lose",
            Self::Repeat => "repeat",
        }
    }
}

impl Action {
    /// The replicas that it names.
    pub(crate) fn replicas(&self) -> Vec<usize> {
        match self {
            Self::Operation(request) => vec![request.on],
            Self::Partition(groups) => groups.concat(),
            Self::Crash(replica)
            | Self::Restart { replica, .. }
            | Self::Leave(replica)
            | Self::Pause(replica)
            | Self::Resume(replica)
            | Self::Observe(replica) => vec![*replica],
            Self::Join { through } => vec![*through],
            Self::Retire { replica, on } => vec![*replica, *on],
            Self::ClockSkew { replica, .. }
            | Self::Watch { replica, .. }
            | Self::Receive { replica, .. } => vec![*replica],
            Self::Sync { from, to }
            | Self::Send { from, to, .. }
            | Self::Cut { from, to }
            | Self::Mend { from, to }
            | Self::Clog { from, to }
            | Self::Unclog { from, to }
            | Self::Message { from, to, .. } => vec![*from, *to],
            Self::Heal | Self::Network(_) | Self::Deliver(_) => Vec::new(),
        }
    }
}
