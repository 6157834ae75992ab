//! What a run can be undesired for.

use std::fmt;

use scalesmall_crdt::{Claim, Dot, KeyRange};
use scalesmall_node::{Event, Message, News};

use super::trial::Trial;
use crate::{Mode, Probability, Replica, Simulation, Status};

/// How a run can end that nobody wants. Each kind is a statement about the end of a run, which holds
/// or does not; what it says to the letter is in [`FORMAT`](crate::FORMAT).
///
/// A kind brings what it takes to find out: a program that never asks whether the semantics hold,
/// such as the page, need not carry the checker.
#[derive(Clone, Copy)]
pub struct Undesired {
    name: &'static str,
    about: &'static str,
    is_shown: fn(&Trial) -> bool,
    needs_record: bool,
}

impl Undesired {
    /// Two nodes that run and reach each other show different things.
    pub const DISAGREE_IN_TOUCH: Self = Self::new(
        "disagree-in-touch",
        "two nodes that run and reach each other show different things",
        |trial| disagree_in_touch(trial.simulation()),
    );
    /// Two live nodes show different things.
    pub const DISAGREE: Self =
        Self::new("disagree", "two live nodes show different things", |trial| {
            trial.simulation().distinct() > 1
        });
    /// An operation is held nowhere any more, and not on its way.
    pub const LOST: Self =
        Self::new("lost", "an operation is held nowhere any more, and not on its way", |trial| {
            is_lost(trial.simulation())
        });
    /// No live node has an owner for a key of a claim that was not ended.
    pub const UNSERVED: Self = Self::new(
        "unserved",
        "no live node has an owner for a key of a claim that was not ended",
        |trial| trial.left_live().any(|claim| is_unserved(trial.simulation(), claim.range)),
    );
    /// All live nodes show a claim that the latest operation on it ended.
    pub const RESURRECTED: Self = Self::new(
        "resurrected",
        "all live nodes show a claim that the latest operation on it ended",
        |trial| trial.ended().any(|claim| is_live_everywhere(trial.simulation(), claim)),
    );
    /// The record of the run breaks the semantics.
    pub const SEMANTICS: Self = Self {
        needs_record: true,
        ..Self::new("semantics", "the record of the run breaks the semantics", |trial| {
            trial.breaks_semantics()
        })
    };

    /// Those that are looked for where nobody says which, in this order: the record is held against
    /// the semantics only for those who ask, since that is slow.
    pub const BY_DEFAULT: [Self; 5] =
        [Self::DISAGREE_IN_TOUCH, Self::DISAGREE, Self::LOST, Self::UNSERVED, Self::RESURRECTED];

    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::DISAGREE_IN_TOUCH,
        Self::DISAGREE,
        Self::LOST,
        Self::UNSERVED,
        Self::RESURRECTED,
        Self::SEMANTICS,
    ];

    const fn new(name: &'static str, about: &'static str, is_shown: fn(&Trial) -> bool) -> Self {
        Self { name, about, is_shown, needs_record: false }
    }

    /// What users call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.name
    }

    /// The statement in short, without a full stop.
    #[must_use]
    pub fn about(self) -> &'static str {
        self.about
    }

    /// Whether a run that has ended shows it.
    pub(super) fn is_shown_by(self, trial: &Trial) -> bool {
        (self.is_shown)(trial)
    }

    /// Whether all that happens in the run has to be kept for that.
    pub(super) fn needs_record(self) -> bool {
        self.needs_record
    }
}

impl PartialEq for Undesired {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Undesired {}

impl fmt::Debug for Undesired {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

fn live(simulation: &Simulation) -> impl Iterator<Item = &Replica> + Clone {
    simulation.replicas().iter().filter(|replica| replica.is_live())
}

/// O(running nodes²) where many disagree.
fn disagree_in_touch(simulation: &Simulation) -> bool {
    let network = simulation.network();
    let nothing_arrives = Probability::new(1.0) == Some(network.loss);
    if simulation.distinct() < 2 || network.mode == Mode::Manual || nothing_arrives {
        return false;
    }
    let replicas = simulation.replicas();
    let runs = |&index: &usize| replicas[index].status() == Status::Up;
    let running: Vec<usize> = (0..replicas.len()).filter(runs).collect();
    running.iter().enumerate().any(|(at, &one)| {
        running[at + 1..].iter().any(|&other| {
            replicas[one].claims().fingerprint() != replicas[other].claims().fingerprint()
                && simulation.is_open(one, other)
                && simulation.is_open(other, one)
        })
    })
}

fn is_lost(simulation: &Simulation) -> bool {
    let gone = simulation.issued().beyond(simulation.truth().context(), usize::MAX);
    let held = simulation.replicas().iter().flat_map(|replica| &replica.held);
    let held = held.filter_map(|held| match &held.event {
        Event::Message { message, .. } => Some(message),
        _ => None,
    });
    let coming: Vec<&Message> = simulation.in_flight().map(|it| it.message).chain(held).collect();
    gone.dots().any(|dot| !coming.iter().any(|message| brings(message, dot)))
}

fn brings(message: &Message, dot: &Dot) -> bool {
    match (message, message.news()) {
        (_, Some(News::Updates(updates))) => updates.get(dot).is_some(),
        (_, Some(News::State { state, .. })) | (Message::Welcome { state, .. }, _) => {
            state.context().contains(dot)
        }
        _ => false,
    }
}

/// Whether there is a key in `range` that has no owner at any live node.
fn is_unserved(simulation: &Simulation, range: KeyRange) -> bool {
    let mut live = live(simulation).map(|replica| replica.claims().ownership());
    let Some(first) = live.next() else { return false };
    let gaps = first.gaps_in(range).collect::<Vec<_>>();
    let left = live.try_fold(gaps, |gaps, ownership| {
        let gaps = gaps.into_iter().flat_map(|gap| ownership.gaps_in(gap)).collect::<Vec<_>>();
        if gaps.is_empty() { None } else { Some(gaps) }
    });
    left.is_some_and(|gaps| !gaps.is_empty())
}

fn is_live_everywhere(simulation: &Simulation, claim: &Claim) -> bool {
    let mut live = live(simulation).peekable();
    live.peek().is_some() && live.all(|replica| replica.claims().priority(claim).is_some())
}
