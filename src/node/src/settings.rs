//! How a node spreads news.

use crate::Detection;

/// How often a node exchanges news, with whom, and in what form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The time between two rounds, in microseconds; at least 1.
    pub interval_us: u32,
    /// How many peers a node turns to in a round, where it draws them at random.
    pub fanout: usize,
    /// How news travels.
    pub strategy: Strategy,
    /// What a message with news carries.
    pub sync: Sync,
    /// Whether a node also compares itself with a random peer in every round, whatever the
    /// strategy: with it, all nodes agree some time after the faults end.
    pub anti_entropy: bool,
    /// Whether news goes to those who serve or watch its keys at once, and to others later.
    pub interest: bool,
    /// What a node's log keeps.
    pub history: Depth,
    /// How failures are detected; nothing where nobody is watched.
    pub detection: Option<Detection>,
}

/// How deep a node's log is. Who lacks older operations is sent the whole state. Up to twice as many
/// as said here stay for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Depth {
    /// Of how many of the newest operations of each replica those are kept that concern keys which
    /// the node serves or watches, with all after them.
    pub inside: usize,
    /// How many of the newest operations of each replica are kept whatever they concern.
    pub outside: usize,
    /// Whether what all members have seen is forgotten, however new it is.
    pub forgets_stable: bool,
}

/// How news travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// Whoever hears something new tells random peers about it for some rounds.
    Push,
    /// Every node asks random peers for news.
    Pull,
    /// Every node compares itself with random peers, and each gives the other what it lacks.
    PushPull,
    /// News goes along the links of a tree at once, each link seeing it once.
    Tree,
}

impl Strategy {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Push, Self::Pull, Self::PushPull, Self::Tree];

    /// What a scenario file calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Push => "push",
            Self::Pull => "pull",
            Self::PushPull => "push-pull",
            Self::Tree => "tree",
        }
    }
}

/// What a message with news carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sync {
    /// The updates that the receiver is not known to have.
    Delta,
    /// The sender's whole state.
    FullState,
    /// One operation, sent by its issuer to everybody, once.
    Operation,
}

impl Sync {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Delta, Self::FullState, Self::Operation];

    /// What a scenario file calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Delta => "delta",
            Self::FullState => "full-state",
            Self::Operation => "operation",
        }
    }
}
