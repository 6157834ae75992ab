//! One replica of a small world: what can happen to it, and what must hold whenever it has.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use scalesmall_crdt::{
    Announcement, Claim, ClaimMap, Delta, NodeId, Operation, ReplicaId, Roster, Stability, Update,
};

use crate::definition::{self, Event, Events};

/// The name of the replica of this number.
pub(crate) fn name(at: usize) -> &'static str {
    ["a", "b", "c", "d"][at]
}

/// What one replica tells the others.
#[derive(Clone, Debug)]
pub(crate) enum Message {
    Update(Arc<Update>, Event),
    Announcement(Announcement),
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Update(update, _) => write!(f, "{}, a {}", update.dot, update.operation.name()),
            Self::Announcement(Announcement { from, seen, .. }) => {
                write!(f, "word of {from} that it has seen {:?}", seen.iter().collect::<Vec<_>>())
            }
        }
    }
}

/// A replica, and what has become of its part of the plan. Messages go by number.
#[derive(Clone, Debug)]
pub(crate) struct Replica {
    id: ReplicaId,
    map: ClaimMap,
    stability: Stability,
    /// How many operations it has issued, those without effect included.
    pub(crate) issued: usize,
    /// How many announcements it has made.
    pub(crate) announced: usize,
    /// The messages that it has sent.
    pub(crate) sent: BTreeSet<usize>,
    /// The messages that have reached it, its own included.
    pub(crate) knows: BTreeSet<usize>,
}

/// What a replica shows to whoever asks.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) claims: BTreeMap<Claim, u64>,
    pub(crate) fingerprint: u64,
    /// The messages whose updates are applied.
    pub(crate) seen: BTreeSet<usize>,
    /// Whether some contribution stands for several.
    pub(crate) is_folded: bool,
}

impl Replica {
    /// The one of this number in the beginning; the roster has `count` of them.
    pub(crate) fn new(at: usize, count: usize) -> Self {
        let id = |at| ReplicaId::first(NodeId::new(name(at)).expect("a letter is a name"));
        let mut roster = Roster::new();
        (0..count).for_each(|at| roster.join(id(at)));
        Self {
            map: ClaimMap::new(),
            stability: Stability::new(id(at), roster),
            id: id(at),
            issued: 0,
            announced: 0,
            sent: BTreeSet::new(),
            knows: BTreeSet::new(),
        }
    }

    /// Issues the next operation; nothing is sent where that has no effect.
    pub(crate) fn issue(&mut self, operation: &Operation, messages: &[Message]) -> Option<Message> {
        self.issued += 1;
        let come = self.come(messages);
        let event = definition::issue(&definition::applied(&come), operation);
        let update = self.map.issue(&self.id, operation.clone());
        assert_eq!(update.is_ok(), event.is_some(), "whether {operation:?} has an effect");
        Some(Message::Update(Arc::new(update.ok()?), event?))
    }

    /// Says what it has seen.
    pub(crate) fn announce(&mut self) -> Message {
        self.announced += 1;
        Message::Announcement(self.stability.announce(self.map.context()))
    }

    /// Counts a message as sent, and as known here.
    pub(crate) fn send(&mut self, number: usize) {
        self.sent.insert(number);
        self.knows.insert(number);
    }

    /// Takes in a message.
    pub(crate) fn receive(&mut self, number: usize, messages: &[Message]) {
        self.knows.insert(number);
        match &messages[number] {
            Message::Update(update, _) => {
                self.map.join(&Delta::from_iter([Arc::clone(update)]));
            }
            Message::Announcement(announcement) => self.stability.hear(announcement),
        }
    }

    /// Folds what it can.
    pub(crate) fn fold(&mut self) {
        if let Some(cut) = self.stability.cut(self.map.context()) {
            self.map.fold(&cut);
        }
    }

    /// Takes in the whole state of another.
    pub(crate) fn merge(&mut self, other: &Self, messages: &[Message]) {
        self.map.merge(&other.map);
        let is_update = |number: &&usize| matches!(messages[**number], Message::Update(..));
        self.knows.extend(other.knows.iter().filter(is_update));
    }

    /// Checks all that must hold of this replica alone.
    ///
    /// # Panics
    ///
    /// With what does not.
    pub(crate) fn check(&self, messages: &[Message]) -> View {
        self.map.check_invariants();
        let come = self.come(messages);
        let applied = definition::applied(&come);
        let context = self.map.context();
        assert_eq!(context.operations(), applied.len() as u64, "operations applied");
        assert!(applied.keys().all(|dot| context.contains(dot)), "{context:?} lacks something");
        assert_eq!(self.map.waiting(), come.len() - applied.len(), "updates that wait");
        let claims: BTreeMap<Claim, u64> = self.map.claims().collect();
        assert_eq!(claims, definition::claims(&applied), "live claims, and those by definition");
        self.check_known_messages_are_no_news(messages);

        let is_applied = |number: &usize| match &messages[*number] {
            Message::Update(update, _) => applied.contains_key(&update.dot),
            Message::Announcement(_) => false,
        };
        View {
            claims,
            fingerprint: self.map.fingerprint().to_u64(),
            seen: self.knows.iter().copied().filter(is_applied).collect(),
            is_folded: self.updates(messages).any(|update| self.is_folded_for(update)),
        }
    }

    /// Whether a contribution to one of the claims of an update stands for several.
    fn is_folded_for(&self, update: &Update) -> bool {
        update.claims().any(|(claim, _)| {
            self.map
                .contributions(&claim)
                .any(|(_, contribution)| contribution.stands_for.get() > 1)
        })
    }

    /// Whatever has come once changes nothing when it comes again: alone, together, as a state.
    fn check_known_messages_are_no_news(&self, messages: &[Message]) {
        let mut again = self.clone();
        self.knows.iter().for_each(|&number| again.receive(number, messages));
        again.map.join(&self.updates(messages).cloned().collect());
        again.map.merge(&self.map);
        assert_eq!(format!("{again:?}"), format!("{self:?}"), "known messages are news");
    }

    /// The updates that have reached this replica.
    fn updates<'a>(&self, messages: &'a [Message]) -> impl Iterator<Item = &'a Arc<Update>> {
        self.knows.iter().filter_map(|&number| match &messages[number] {
            Message::Update(update, _) => Some(update),
            Message::Announcement(_) => None,
        })
    }

    /// What they are by definition.
    fn come<'a>(&self, messages: &'a [Message]) -> Events<'a> {
        let event = |&number: &usize| match &messages[number] {
            Message::Update(update, event) => Some((update.dot.clone(), event)),
            Message::Announcement(_) => None,
        };
        self.knows.iter().filter_map(event).collect()
    }
}
