//! How links come about, and what becomes of them.
//!
//! Who has the smaller name offers a connection, the other one answers. Where that fails in spite of
//! an answer, between tabs of one browser, the same one proposes to talk by signals, and the other
//! one agrees by the same signal.

use std::mem;

use super::meeting::{Meeting, Task};
use super::neighbours::{FULL_MESH_MAX, are_linked};
use super::remote::{Attempt, FAILURES_MAX, Link, Remote};
use super::signal::Signal;
use super::{LinkEvent, Why};
use crate::{Lane, Path, PeerId};

/// How long who offers waits for an answer, and then for the connection: the longer, the more there are.
/// A machine on which dozens of tabs are being linked takes many seconds for each, and to talk by signals
/// instead would be the end of it.
const OFFER_LIMIT_MS: u32 = 8_000;
const CONNECTION_LIMIT_MS: u32 = 6_000;
const CONNECTION_LIMIT_MS_EACH: u32 = 300;
const CONNECTION_LIMIT_MS_MAX: u32 = 20_000;
/// Who answers waits longer: what comes next is for who offers to say.
const ANSWER_LIMIT_MS: u32 = CONNECTION_LIMIT_MS_MAX + 2_000;
/// How long who proposes to talk by signals waits for the other one to agree.
const PROPOSAL_LIMIT_MS: u32 = 2_000;
/// How long an answer may take that people carry, and the connection once it has come.
#[cfg(any(feature = "web", test))]
const CARRIED_LIMIT_MS: u32 = 15 * 60_000;
#[cfg(any(feature = "web", test))]
const INTRODUCED_LIMIT_MS: u32 = 30_000;

/// Something that happened to a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Happening {
    /// The description of this end is to be told to the other.
    Described(String),
    /// This end may be reached there.
    Candidate(String),
    /// The other end cannot be reached, or this one.
    Unreachable,
    /// Messages can be sent. Those that come follow.
    Opened {
        path: Path,
        /// The digests of the certificates of this end and of the other.
        fingerprints: [[u8; 32]; 2],
    },
    Received(Lane, Vec<u8>),
    Drained,
    /// Nothing more will come of it.
    Ended(Why),
}

/// What is attempted.
impl Meeting {
    /// Takes note of who of those that are there is to be linked with.
    pub(super) fn choose(&mut self) {
        let own = self.own;
        let mut all: Vec<PeerId> = self.remotes.iter().map(|remote| remote.peer).collect();
        all.push(own);
        for remote in &mut self.remotes {
            remote.is_neighbour = are_linked(own, remote.peer, &all);
            // What somebody insisted on may have come from another view of the room.
            (remote.was_spare, remote.has_insisted) = (false, false);
        }
    }

    /// Sees to it that there will be a link to each neighbour, and not too many to others.
    pub(super) fn seek(&mut self) {
        let is_sought = |remote: &&Remote| {
            let is_idle = remote.link == Link::Apart && remote.due.is_none();
            is_idle && remote.is_neighbour && remote.is_heard
        };
        let sought = self.remotes.iter().filter(is_sought);
        let sought: Vec<_> = sought.map(|remote| (remote.peer, remote.pause_ms())).collect();
        for (peer, pause_ms) in sought {
            if self.own < peer {
                self.offer(peer);
            } else {
                // It offers if it sees the same neighbours, or else when it is asked to.
                self.set_timer(peer, pause_ms);
            }
        }
        self.end_spare();
    }

    /// Ends links to others than neighbours, as far as there are too many.
    fn end_spare(&mut self) {
        let is_open = |remote: &&mut Remote| matches!(remote.link, Link::Open(_));
        let excess = self.remotes.iter_mut().filter(is_open).count().saturating_sub(FULL_MESH_MAX);
        let is_spare = |remote: &&mut Remote| {
            let is_wanted = remote.is_neighbour || remote.has_insisted || !remote.is_heard;
            is_open(remote) && !is_wanted
        };
        for remote in self.remotes.iter_mut().filter(is_spare).take(excess) {
            remote.link = Link::Apart;
            remote.was_spare = true;
            self.tasks.push(Task::End(remote.peer));
            self.events.push_back(LinkEvent::Closed { peer: remote.peer, why: Why::Spare });
        }
    }

    fn set_timer(&mut self, peer: PeerId, wait_ms: u32) {
        let due = self.now + u64::from(wait_ms) * 1_000;
        if let Some(remote) = self.remote(peer) {
            remote.due = Some(due);
        }
    }

    /// Lets a link stand otherwise; a connection that it had is ended.
    fn put(&mut self, peer: PeerId, link: Link) {
        let Some(remote) = self.remote(peer) else { return };
        remote.due = None;
        if let Link::Opening(_) | Link::Open(_) = mem::replace(&mut remote.link, link) {
            self.tasks.push(Task::End(peer));
        }
    }

    pub(super) fn time_out(&mut self, peer: PeerId) {
        let own = self.own;
        let Some(remote) = self.remote(peer) else { return };
        match remote.link {
            // It has become so while it waited; who goes on wanting it will call.
            Link::Apart if !remote.is_neighbour => {}
            Link::Apart if own < peer => self.offer(peer),
            Link::Apart => {
                self.post(Some(peer), Signal::Call);
                self.fail(peer);
            }
            // Who does not even answer is asleep, and would not talk by signals either.
            Link::Opening(attempt) => self.give_up(peer, attempt.is_answered),
            Link::Proposed { .. } => self.fail(peer),
            Link::Open(_) | Link::Channel { .. } => {}
        }
    }

    fn offer(&mut self, peer: PeerId) {
        let number = self.random.draw();
        self.begin(peer, number, None, OFFER_LIMIT_MS);
    }

    fn begin(&mut self, peer: PeerId, number: u32, offer: Option<String>, limit_ms: u32) {
        let is_answered = offer.is_some();
        self.put(peer, Link::Opening(Attempt { number, is_answered, is_by_hand: false }));
        self.set_timer(peer, limit_ms);
        self.tasks.push(Task::Begin { peer, attempt: number, offer });
    }

    /// Ends an attempt to connect, and proposes to talk by signals where that is of use.
    fn give_up(&mut self, peer: PeerId, may_propose: bool) {
        let is_ours = self.own < peer;
        let is_heard = self.remote(peer).is_some_and(|remote| remote.is_heard);
        if !(is_ours && may_propose && is_heard && self.is_local) {
            return self.fail(peer);
        }
        let attempt = self.random.draw();
        self.put(peer, Link::Proposed { attempt });
        self.post(Some(peer), Signal::Channel { attempt });
        self.set_timer(peer, PROPOSAL_LIMIT_MS);
    }

    /// Takes note of somebody whose connection is none of the meeting's.
    #[cfg(any(feature = "web", test))]
    pub(super) fn introduce(&mut self, peer: PeerId, number: u32, has_answered: bool) {
        let stranger = Remote { is_heard: false, ..Remote::new(peer) };
        if self.place(peer).is_err() && !self.add(stranger) {
            return;
        }
        self.end(peer, Why::Replaced);
        let attempt = Attempt { number, is_answered: true, is_by_hand: true };
        self.put(peer, Link::Opening(attempt));
        self.set_timer(peer, if has_answered { INTRODUCED_LIMIT_MS } else { CARRIED_LIMIT_MS });
    }

    /// Ends an attempt of any kind, for now.
    fn fail(&mut self, peer: PeerId) {
        self.put(peer, Link::Apart);
        let Some(remote) = self.remote(peer) else { return };
        remote.failures += 1;
        if remote.failures > FAILURES_MAX || !remote.is_heard {
            return self.forget(peer, Why::Broke);
        }
        let pause_ms = remote.pause_ms();
        self.set_timer(peer, pause_ms);
    }

    fn open(&mut self, peer: PeerId, link: Link, path: Path, binding: Vec<u8>) {
        let Some(remote) = self.remote(peer) else { return };
        remote.link = link;
        remote.due = None;
        remote.failures = 0;
        self.events.push_back(LinkEvent::Opened { peer, path, binding });
        self.end_spare();
    }

    /// Ends a link or an attempt at one, with nothing to follow.
    fn end(&mut self, peer: PeerId, why: Why) {
        let was_open = self.link(peer).is_some_and(Link::is_open);
        self.put(peer, Link::Apart);
        if was_open {
            self.events.push_back(LinkEvent::Closed { peer, why });
        }
    }
}

/// What the other one says.
impl Meeting {
    /// Who calls has no link, whatever one has thought.
    pub(super) fn hear_call(&mut self, from: PeerId) {
        let is_ours = self.own < from;
        let Some(remote) = self.remote(from).filter(|_| is_ours) else { return };
        remote.has_insisted |= remote.was_spare;
        if !matches!(remote.link, Link::Opening(_) | Link::Proposed { .. }) {
            self.end(from, Why::Broke);
            self.offer(from);
        }
    }

    pub(super) fn hear_offer(&mut self, from: PeerId, number: u32, description: String) {
        let is_theirs = from < self.own;
        let Some(remote) = self.remote(from).filter(|_| is_theirs) else { return };
        remote.has_insisted |= remote.was_spare;
        // One that comes twice is taken once.
        if remote.link.attempt(number).is_none() {
            self.end(from, Why::Replaced);
            self.begin(from, number, Some(description), ANSWER_LIMIT_MS);
        }
    }

    pub(super) fn hear_answer(&mut self, from: PeerId, number: u32, description: String) {
        let is_ours = self.own < from;
        let remote = self.remote(from).filter(|_| is_ours);
        if let Some(attempt) = remote.and_then(|remote| remote.link.attempt(number))
            && !mem::replace(&mut attempt.is_answered, true)
        {
            self.tasks.push(Task::Accept(from, description));
            let others = self.remotes.len() as u32;
            let limit_ms = CONNECTION_LIMIT_MS + CONNECTION_LIMIT_MS_EACH * others;
            self.set_timer(from, limit_ms.min(CONNECTION_LIMIT_MS_MAX));
        }
    }

    pub(super) fn hear_proposal(&mut self, from: PeerId, number: u32) {
        let (own, is_ours) = (self.own, self.own < from);
        let Some(link) = self.link(from).filter(|_| self.is_local) else { return };
        let is_new = match link {
            Link::Proposed { attempt } => is_ours && attempt == number,
            Link::Channel { attempt } => !is_ours && attempt != number,
            Link::Apart | Link::Opening(_) | Link::Open(_) => !is_ours,
        };
        if !is_ours {
            self.post(Some(from), Signal::Channel { attempt: number });
        }
        if is_new {
            self.end(from, Why::Replaced);
            let names = [own, from].map(|peer| peer.bits().to_be_bytes());
            let binding = binding(is_ours, &names);
            self.open(from, Link::Channel { attempt: number }, Path::BroadcastChannel, binding);
        }
    }

    /// What its connection says.
    pub(super) fn follow(&mut self, peer: PeerId, number: u32, happening: Happening) {
        let is_ours = self.own < peer;
        let Some(remote) = self.remote(peer) else { return };
        let Some(&mut attempt) = remote.link.attempt(number) else { return };
        let is_open = remote.link.is_open();
        match happening {
            // People carry these; and as they take their time, the end that waits may take the other
            // for unreachable meanwhile.
            Happening::Described(_) | Happening::Candidate(_) | Happening::Unreachable
                if attempt.is_by_hand => {}
            Happening::Described(description) if is_ours => {
                self.post(Some(peer), Signal::Offer { attempt: number, description });
            }
            Happening::Described(description) => {
                self.post(Some(peer), Signal::Answer { attempt: number, description });
            }
            Happening::Candidate(candidate) => {
                self.post(Some(peer), Signal::Candidate { attempt: number, candidate });
            }
            Happening::Unreachable if !is_open => self.give_up(peer, true),
            Happening::Opened { path, fingerprints } => {
                self.open(peer, Link::Open(attempt), path, binding(is_ours, &fingerprints));
            }
            Happening::Received(lane, bytes) => {
                self.events.push_back(LinkEvent::Received { peer, lane, bytes });
            }
            Happening::Drained if is_open => self.events.push_back(LinkEvent::Drained(peer)),
            Happening::Unreachable | Happening::Drained => {}
            // Nothing of the kind comes from one of ours.
            Happening::Ended(why @ (Why::TooLong | Why::TooMany | Why::NotBytes)) => {
                self.part(peer, why);
                self.ignore(peer);
            }
            Happening::Ended(why) if is_open && !remote.is_heard => self.forget(peer, why),
            Happening::Ended(why) if is_open => {
                let pause_ms = remote.pause_ms();
                self.end(peer, why);
                self.set_timer(peer, pause_ms);
            }
            // It could have been: there is no need to talk in another way.
            Happening::Ended(_) => self.give_up(peer, false),
        }
    }
}

/// What both ends know of a link: what there is of each of the two, one's own first, in the order of
/// their names.
fn binding<const N: usize>(is_own_smaller: bool, [own, other]: &[[u8; N]; 2]) -> Vec<u8> {
    if is_own_smaller { [*own, *other].concat() } else { [*other, *own].concat() }
}
