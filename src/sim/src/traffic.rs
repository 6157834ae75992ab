//! What passes between nodes, put on record: every message, what became of it, and which of them
//! told a node of an operation.
//!
//! A run that is played again from a checkpoint passes the same again: each passage has a place in
//! the order of all of them, by which whoever keeps them can leave out what is known already.

use std::collections::BTreeSet;
use std::sync::Arc;

use scalesmall_crdt::{Dot, Replicated};
use scalesmall_node::{Message, News, Purpose, SimTime, gathered};

use crate::Status;
use crate::simulation::Parcel;

/// Something that passed between nodes, or ended at one.
#[derive(Clone, Debug, PartialEq)]
pub enum Passage {
    /// A message was sent.
    Sent(Arc<Sent>),
    /// A copy of a message has come to its receiver.
    Arrived {
        /// The number of the copy.
        copy: u64,
        /// The receiver.
        replica: usize,
    },
    /// A copy of a message was lost: on its way, or because its receiver is down.
    Lost(u64),
    /// A node has learned of an operation.
    Learned {
        /// The node.
        replica: usize,
        /// The operation.
        dot: Dot,
        /// The number of the copy that it came by; nothing where the node has issued it.
        by: Option<u64>,
    },
    /// A node runs, stands still or has stopped.
    Became {
        /// The node.
        replica: usize,
        /// What it does from now on.
        status: Status,
    },
    /// A node has lost its state, and all that it had learned with it.
    Forgot(usize),
}

/// A message as it was sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Sent {
    /// The sender.
    pub from: usize,
    /// The receiver.
    pub to: usize,
    /// When it was sent.
    pub at: SimTime,
    /// What kind of message it is, in a word or two.
    pub kind: &'static str,
    /// What it is for.
    pub purpose: Purpose,
    /// What it carries.
    pub cargo: Cargo,
    /// Its size.
    pub bytes: u64,
    /// Its copies, each with the number by which it goes and the time at which it is to arrive. One
    /// that its link has lost at once has none.
    pub copies: Vec<(u64, SimTime)>,
}

/// What a message carries.
#[derive(Clone, Debug, PartialEq)]
pub enum Cargo {
    /// Nothing that anybody could learn an operation from.
    Nothing,
    /// These operations.
    Updates(Arc<[Dot]>),
    /// All that the sender has seen, so many operations.
    State(u64),
}

/// Everything that has passed since somebody last took it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Traffic {
    passages: Vec<(SimTime, Passage)>,
    /// How many have been taken.
    taken: u64,
}

impl Traffic {
    pub(crate) fn push(&mut self, at: SimTime, passage: Passage) {
        self.passages.push((at, passage));
    }

    /// The common past ends here: what all have in common nobody has told anybody. What was sent in
    /// it and is still on its way stays.
    pub(crate) fn begin(&mut self) {
        let ended = |passage: &Passage| match passage {
            Passage::Arrived { copy, .. } | Passage::Lost(copy) => Some(*copy),
            _ => None,
        };
        let ended: BTreeSet<u64> = gathered(self.passages.iter().filter_map(|(_, it)| ended(it)));
        self.passages.retain(|(_, passage)| match passage {
            Passage::Sent(sent) => sent.copies.iter().any(|(copy, _)| !ended.contains(copy)),
            _ => false,
        });
    }

    /// What has passed, in order, each with its time, and how many passages came before.
    pub(crate) fn take(&mut self) -> (u64, Vec<(SimTime, Passage)>) {
        let before = self.taken;
        self.taken += self.passages.len() as u64;
        (before, std::mem::take(&mut self.passages))
    }
}

impl Sent {
    pub(crate) fn of(parcel: &Parcel, bytes: u64, copies: Vec<(u64, SimTime)>) -> Self {
        let Parcel { from, to, message, sent_at, .. } = parcel;
        Self {
            from: *from,
            to: *to,
            at: *sent_at,
            kind: message.kind(),
            purpose: message.purpose(),
            cargo: Cargo::of(message),
            bytes,
            copies,
        }
    }
}

impl Cargo {
    fn of(message: &Message) -> Self {
        let state = |state: &dyn Replicated| Self::State(state.context().operations());
        match message {
            Message::Welcome { state: whole, .. } => state(&**whole),
            _ => match message.news() {
                Some(News::Updates(updates)) => Self::Updates(updates.dots().cloned().collect()),
                Some(News::State { state: whole, .. }) => state(&**whole),
                None => Self::Nothing,
            },
        }
    }
}
