//! What nodes say to each other.

use std::sync::Arc;

use scalesmall_crdt::{
    Delta, Fingerprint, KeyRange, ReplicaId, Replicated, Roster, Update, VersionVector,
};

/// The most updates that one message carries; what is left goes with those that follow.
pub const UPDATES_MAX: usize = 512;

/// A message from one node to another.
#[derive(Clone, Debug)]
pub enum Message {
    // --- Two that compare what they have ---
    /// "This is the digest of what I have seen, and how many operations it comes to."
    Digest(Fingerprint, u64),
    /// "Mine is another one; this is what I have seen."
    Differ {
        /// What the sender has seen.
        seen: VersionVector,
        /// The digest of its roster.
        roster: Fingerprint,
    },
    /// "This is what I have seen; what do I lack?"
    Ask(VersionVector),
    /// "This is news to you."
    News {
        /// The news.
        news: News,
        /// What the sender has seen, where it lacks something that the receiver has.
        seen: Option<VersionVector>,
    },

    // --- Two that are linked in the tree ---
    /// "Let us be linked; this is what I have seen."
    Graft {
        /// What the sender has seen.
        seen: VersionVector,
        /// Whether it answers another Graft, and wants no answer.
        is_answer: bool,
    },
    /// "Let us not be linked: what you send, I have."
    Prune,
    /// "This is news; tell me that you have got it."
    Batch {
        /// Which batch of this link it is.
        number: u16,
        /// The news.
        news: News,
    },
    /// "I have got that batch."
    Ack(u16),
    /// "Have you got that batch?"
    Poll(u16),
    /// "I have not got that batch."
    Missing(u16),

    // --- Who is a member, and who is there ---
    /// "Who lets me in?"
    Join,
    /// "I would."
    Offer,
    /// "Do."
    Accept {
        /// Who has offered it.
        sponsor: ReplicaId,
    },
    /// "I am no member either."
    NoMember {
        /// Whether the sender knows everybody that there may be.
        knows_all: bool,
    },
    /// "You are a member; this is the roster, and what I have."
    Welcome {
        /// The roster.
        roster: Arc<Roster>,
        /// The sender's state.
        state: Arc<dyn Replicated>,
    },
    /// "I do not listen to this replica: it has been retired, or I have not heard of it."
    Refused {
        /// The replica.
        replica: ReplicaId,
        /// The sender's roster.
        roster: Arc<Roster>,
    },
    /// "These have joined, and these have been retired."
    Roster {
        /// The roster, or a part of it.
        roster: Arc<Roster>,
        /// Whether it is all that the sender knows.
        is_whole: bool,
    },
    /// "I watch these keys."
    Watching(Arc<[KeyRange]>),
    /// What failure detectors say to each other.
    Probe(Arc<[u8]>),
}

/// News in one of its forms.
#[derive(Clone, Debug)]
pub enum News {
    /// Some updates, [`UPDATES_MAX`] at most.
    Updates(Delta),
    /// All that the sender has. Where nodes share a process, they share what does not change.
    State {
        /// Its state.
        state: Arc<dyn Replicated>,
        /// The digest of its roster: a state may be folded, and so is only for those who have the
        /// same roster.
        roster: Fingerprint,
    },
}

/// What a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// It carries updates or states.
    Payload,
    /// It says what somebody has, or has got.
    Digest,
    /// It is about who is a member, who is there, or who watches what.
    Membership,
}

impl Message {
    /// Updates for somebody who has not asked.
    #[must_use]
    pub fn updates(updates: Delta) -> Self {
        Self::News { news: News::Updates(updates), seen: None }
    }

    /// The news that the message carries, but for what a newcomer is handed over.
    #[must_use]
    pub fn news(&self) -> Option<&News> {
        match self {
            Self::News { news, .. } | Self::Batch { news, .. } => Some(news),
            _ => None,
        }
    }

    /// What kind of message it is, in a word or two.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Digest(..) => "digest",
            Self::Differ { .. } => "differ",
            Self::Ask(_) => "ask",
            Self::News { .. } => "news",
            Self::Graft { .. } => "graft",
            Self::Prune => "prune",
            Self::Batch { .. } => "batch",
            Self::Ack(_) => "ack",
            Self::Poll(_) => "poll",
            Self::Missing(_) => "missing",
            Self::Join => "join",
            Self::Offer => "offer",
            Self::Accept { .. } => "accept",
            Self::NoMember { .. } => "no member",
            Self::Welcome { .. } => "welcome",
            Self::Refused { .. } => "refused",
            Self::Roster { .. } => "roster",
            Self::Watching(_) => "watching",
            Self::Probe(_) => "probe",
        }
    }

    /// What the message is for.
    #[must_use]
    pub fn purpose(&self) -> Purpose {
        match self {
            Self::News { .. } | Self::Batch { .. } | Self::Welcome { .. } => Purpose::Payload,
            Self::Digest(..)
            | Self::Differ { .. }
            | Self::Ask(_)
            | Self::Graft { .. }
            | Self::Prune
            | Self::Ack(_)
            | Self::Poll(_)
            | Self::Missing(_) => Purpose::Digest,
            Self::Join
            | Self::Offer
            | Self::Accept { .. }
            | Self::NoMember { .. }
            | Self::Refused { .. }
            | Self::Roster { .. }
            | Self::Watching(_)
            | Self::Probe(_) => Purpose::Membership,
        }
    }

    /// The size of one update by itself, in bytes.
    #[must_use]
    pub fn update_len(update: &Arc<Update>) -> usize {
        Delta::from_iter([Arc::clone(update)]).to_bytes().len()
    }
}

impl News {
    /// Whether somebody who has seen so much learns something.
    #[must_use]
    pub fn is_new_to(&self, seen: &VersionVector) -> bool {
        match self {
            Self::Updates(updates) => updates.dots().any(|dot| !seen.contains(dot)),
            Self::State { state, .. } => !seen.includes(state.context()),
        }
    }
}
