//! What one peer knows of its room: itself, and who else is there.

use std::collections::VecDeque;
use std::mem;

use scalesmall_node::{Random, SimTime};

use super::remote::{Link, PEERS_MAX, Remote};
use super::signal::Signal;
use super::{Happening, LinkEvent, Why};
use crate::PeerId;

/// How often one says that one is there, to those who have missed it: browsers lose signals to tabs
/// that are held up.
const HERE_EVERY_US: u64 = 10_000_000;
/// How many are remembered of those to hear nothing more of.
const SHUNNED_MAX: usize = 256;

/// What one peer knows of its room.
pub(crate) struct Meeting {
    pub(super) own: PeerId,
    /// Whether all peers are of this browser, so that its signals may carry messages where no
    /// connection can be had.
    pub(super) is_local: bool,
    /// When to say again that one is there; nothing while the others are not to know of it.
    remind_at: Option<SimTime>,
    pub(super) now: SimTime,
    /// In the order of their names.
    pub(super) remotes: Vec<Remote>,
    shunned: VecDeque<PeerId>,
    pub(super) random: Random,
    pub(super) tasks: Vec<Task>,
    pub(super) events: VecDeque<LinkEvent>,
}

/// Something that has happened.
pub(crate) enum Input {
    /// One can be heard by others, and hears them.
    Appeared,
    /// One goes.
    Vanished,
    /// The page was asleep.
    #[cfg(feature = "web")]
    Woke,
    /// Somebody has said something.
    Heard(PeerId, Signal),
    /// It is known from elsewhere that this one is dead.
    #[cfg(any(feature = "web", test))]
    Died(PeerId),
    /// This one is heard no longer by those that carry signals; a link to it may be well.
    Unheard(PeerId),
    /// Something has happened to the connection of so numbered an attempt.
    Happened(PeerId, u32, Happening),
    /// Somebody has carried an offer of a connection to here, or the answer to one, so that there may
    /// be a connection to this one, of so numbered an attempt, which is not for this to begin.
    #[cfg(any(feature = "web", test))]
    Introduced { peer: PeerId, attempt: u32, has_answered: bool },
    /// The caller parts from this one.
    Part(PeerId),
    /// The caller wishes to hear nothing more of this one.
    Shun(PeerId),
    /// The signalling server is reached, or not.
    Server { is_reached: bool },
    /// The time has come that was asked for.
    Due,
}

/// Something to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// To send a signal to one, or to all.
    Post(Option<PeerId>, Signal),
    /// To listen whether this one dies.
    Watch(PeerId),
    /// To begin a connection, to be offered where there is no offer, or as an answer to one.
    Begin { peer: PeerId, attempt: u32, offer: Option<String> },
    /// To let the connection that was offered take this answer.
    Accept(PeerId, String),
    /// To let the connection know where the other one may be reached.
    AddCandidate(PeerId, String),
    /// To end the connection, if there is one.
    End(PeerId),
    /// To end that, and to listen no more.
    Forget(PeerId),
}

impl Meeting {
    /// A room of which nobody is known. Random choices are drawn from `seed`.
    pub(crate) fn new(own: PeerId, is_local: bool, seed: u64) -> Self {
        Self {
            own,
            is_local,
            remind_at: None,
            now: SimTime::ZERO,
            remotes: Vec::new(),
            shunned: VecDeque::new(),
            random: Random::new(seed),
            tasks: Vec::new(),
            events: VecDeque::new(),
        }
    }

    /// Takes note of what has happened at `now`.
    pub(crate) fn handle(&mut self, now: SimTime, input: Input) {
        self.now = now;
        match input {
            Input::Appeared => self.greet(),
            Input::Vanished => self.vanish(),
            #[cfg(feature = "web")]
            Input::Woke => {
                if self.remind_at.is_some() {
                    // The others have perhaps given up.
                    self.greet();
                }
                self.events.push_back(LinkEvent::Woken);
            }
            Input::Heard(from, signal) => self.hear(from, signal),
            #[cfg(any(feature = "web", test))]
            Input::Died(peer) => {
                self.forget(peer, Why::Died);
                self.seek();
            }
            Input::Unheard(peer) => {
                if !self.link(peer).is_some_and(Link::is_open) {
                    self.forget(peer, Why::Left);
                    self.seek();
                }
            }
            Input::Happened(peer, attempt, happening) => self.follow(peer, attempt, happening),
            #[cfg(any(feature = "web", test))]
            Input::Introduced { peer, attempt, has_answered } => {
                self.introduce(peer, attempt, has_answered);
            }
            Input::Part(peer) => self.leave_alone(peer),
            Input::Shun(peer) => {
                self.leave_alone(peer);
                self.ignore(peer);
            }
            Input::Server { is_reached } => {
                self.events.push_back(LinkEvent::Server { is_reached });
            }
            Input::Due => self.wake(),
        }
    }

    /// What is to be done now.
    pub(crate) fn take_tasks(&mut self) -> Vec<Task> {
        mem::take(&mut self.tasks)
    }

    /// What the caller is to be told next.
    pub(crate) fn next_event(&mut self) -> Option<LinkEvent> {
        self.events.pop_front()
    }

    /// Lets the caller be told nothing of what has happened.
    #[cfg(feature = "web")]
    pub(crate) fn forget_events(&mut self) {
        self.events.clear();
    }

    /// When it wants to be woken.
    pub(crate) fn due(&self) -> Option<SimTime> {
        self.remotes.iter().filter_map(|remote| remote.due).chain(self.remind_at).min()
    }

    /// Whether messages can be sent to a peer.
    #[cfg(feature = "web")]
    pub(crate) fn is_linked(&self, peer: PeerId) -> bool {
        self.link(peer).is_some_and(Link::is_open)
    }

    /// How the link to a peer stands that is known.
    pub(crate) fn link(&self, peer: PeerId) -> Option<Link> {
        self.place(peer).ok().map(|place| self.remotes[place].link)
    }
}

/// One's own coming and going.
impl Meeting {
    fn greet(&mut self) {
        self.remind_at = Some(self.now + HERE_EVERY_US);
        self.post(None, Signal::Hello);
    }

    /// Ends everything, and says so.
    fn vanish(&mut self) {
        self.post(None, Signal::Bye);
        for remote in mem::take(&mut self.remotes) {
            self.mourn(&remote, Why::Asleep);
        }
        self.remind_at = None;
    }

    fn wake(&mut self) {
        if self.remind_at.is_some_and(|at| at <= self.now) {
            // Whoever hears of one for the first time sees to the rest.
            self.remind_at = Some(self.now + HERE_EVERY_US);
            self.post(None, Signal::Here);
        }
        let now = self.now;
        let due = self
            .remotes
            .iter_mut()
            .filter_map(|remote| remote.due.take_if(|due| *due <= now).map(|_| remote.peer));
        for peer in due.collect::<Vec<_>>() {
            self.time_out(peer);
        }
        self.seek();
    }

    pub(super) fn post(&mut self, to: Option<PeerId>, signal: Signal) {
        self.tasks.push(Task::Post(to, signal));
    }
}

/// The others' coming and going.
impl Meeting {
    /// Where a peer is in the list of those that are known, or would be.
    pub(super) fn place(&self, peer: PeerId) -> Result<usize, usize> {
        self.remotes.binary_search_by_key(&peer, |remote| remote.peer)
    }

    pub(super) fn remote(&mut self, peer: PeerId) -> Option<&mut Remote> {
        self.place(peer).ok().map(|place| &mut self.remotes[place])
    }

    fn hear(&mut self, from: PeerId, signal: Signal) {
        if self.remind_at.is_none() || from == self.own || self.shunned.contains(&from) {
            return;
        }
        match signal {
            Signal::Hello => {
                self.meet(from);
                if let Some(remote) = self.remote(from) {
                    remote.failures = 0;
                    if remote.link == Link::Apart {
                        // There is no more reason to wait.
                        remote.due = None;
                    }
                    self.post(Some(from), Signal::Here);
                }
            }
            Signal::Here => self.meet(from),
            Signal::Bye => self.forget(from, Why::Left),
            Signal::Call => {
                self.meet(from);
                self.hear_call(from);
            }
            Signal::Offer { attempt, description } => {
                self.meet(from);
                self.hear_offer(from, attempt, description);
            }
            Signal::Answer { attempt, description } => self.hear_answer(from, attempt, description),
            Signal::Candidate { attempt, candidate } => {
                let remote = self.remote(from);
                if remote.and_then(|remote| remote.link.attempt(attempt)).is_some() {
                    self.tasks.push(Task::AddCandidate(from, candidate));
                }
            }
            Signal::Channel { attempt } => self.hear_proposal(from, attempt),
            Signal::Message { lane, bytes } => {
                if let Some(Link::Channel { .. }) = self.link(from) {
                    self.events.push_back(LinkEvent::Received { peer: from, lane, bytes });
                }
            }
        }
        self.seek();
    }

    /// Takes note of a peer that is heard, if it is new and there is room.
    fn meet(&mut self, peer: PeerId) {
        match self.remote(peer) {
            Some(remote) if remote.is_heard => {}
            Some(remote) => {
                remote.is_heard = true;
                self.tasks.push(Task::Watch(peer));
            }
            None => {
                if self.add(Remote::new(peer)) {
                    self.tasks.push(Task::Watch(peer));
                }
            }
        }
    }

    /// Takes note of a peer that is new. Whether there is room for it.
    pub(super) fn add(&mut self, remote: Remote) -> bool {
        let peer = remote.peer;
        let Err(place) = self.place(peer) else { return false };
        if self.remotes.len() == PEERS_MAX {
            return false;
        }
        self.remotes.insert(place, remote);
        self.choose();
        self.events.push_back(LinkEvent::Found(peer));
        true
    }

    /// Parts from a peer for the time being.
    pub(super) fn part(&mut self, peer: PeerId, why: Why) {
        self.post(Some(peer), Signal::Bye);
        self.forget(peer, why);
        self.seek();
    }

    /// The same, for the caller, who knows of it and wishes to hear no more.
    fn leave_alone(&mut self, peer: PeerId) {
        self.part(peer, Why::Left);
        self.events.retain(|event| event.peer() != Some(peer));
    }

    /// Hears nothing more of a peer.
    pub(super) fn ignore(&mut self, peer: PeerId) {
        if self.shunned.len() == SHUNNED_MAX {
            self.shunned.pop_front();
        }
        self.shunned.push_back(peer);
    }

    pub(super) fn forget(&mut self, peer: PeerId, why: Why) {
        if let Ok(place) = self.place(peer) {
            let remote = self.remotes.remove(place);
            self.choose();
            self.mourn(&remote, why);
        }
    }

    fn mourn(&mut self, remote: &Remote, why: Why) {
        let peer = remote.peer;
        self.tasks.push(Task::Forget(peer));
        if remote.link.is_open() {
            self.events.push_back(LinkEvent::Closed { peer, why });
        }
        self.events.push_back(LinkEvent::Gone(peer));
    }
}

#[cfg(test)]
mod tests;
