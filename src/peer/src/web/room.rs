//! What one peer knows of its room: itself, and who else is there.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::mem;
use std::rc::{Rc, Weak};

use gloo::events::EventListener;
use gloo::timers::callback::Interval;
use gloo::utils::{document, window};

use super::lock::{Lock, Mode};
use super::remote::{Link, PEERS_MAX, Remote};
use super::signal::Signal;
use super::signalling::Signaller;
use super::{BrowserError, Lane, LinkEvent, MESSAGE_BYTES_MAX, SendError, Signalling, Why};
use crate::PeerId;

/// How often one says that one is there, to those who have missed it: browsers lose signals to tabs
/// that are held up.
const HERE_EVERY_MS: u32 = 10_000;
/// How many are remembered of those to hear nothing more of.
const SHUNNED_MAX: usize = 256;

/// A peer's room, until it leaves.
pub(super) struct Room {
    state: RefCell<State>,
    on_event: Box<dyn Fn(LinkEvent)>,
}

impl Room {
    /// See [`Links::join`](super::Links::join).
    pub(super) fn enter(
        own: PeerId,
        name: &str,
        signalling: Signalling,
        on_event: Box<dyn Fn(LinkEvent)>,
    ) -> Result<Rc<Self>, BrowserError> {
        let room = Rc::new_cyclic(|this| Self {
            state: RefCell::new(State {
                own,
                name: name.to_owned(),
                signalling,
                room: this.clone(),
                stage: None,
                remotes: Vec::new(),
                shunned: VecDeque::new(),
                events: VecDeque::new(),
                page: listen_to_page(this),
            }),
            on_event,
        });
        room.state.borrow_mut().appear()?;
        Ok(room)
    }

    /// Has the state change, and then tells what has happened by that. Who is told may change more.
    fn turn(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.borrow_mut());
        loop {
            let event = self.state.borrow_mut().events.pop_front();
            let Some(event) = event else { return };
            (self.on_event)(event);
        }
    }

    pub(super) fn send(&self, peer: PeerId, lane: Lane, bytes: &[u8]) -> Result<(), SendError> {
        if bytes.len() > MESSAGE_BYTES_MAX {
            return Err(SendError::TooLong { bytes: bytes.len() });
        }
        let state = self.state.borrow();
        let remote = state.place(peer).ok().map(|place| &state.remotes[place]);
        match (remote.map(|remote| &remote.link), &state.stage) {
            (Some(Link::Open(attempt)), _) => attempt.connection.send(peer, lane, bytes),
            (Some(Link::Channel { .. }), Some(stage)) => {
                let message = Signal::Message { lane, bytes: bytes.to_vec() };
                Ok(stage.signaller.post(Some(peer), message)?)
            }
            _ => Err(SendError::NoLink(peer)),
        }
    }

    pub(super) fn buffered_bytes(&self, peer: PeerId) -> usize {
        let state = self.state.borrow();
        match state.place(peer).map(|place| &state.remotes[place].link) {
            Ok(Link::Open(attempt)) => attempt.connection.buffered_bytes(),
            _ => 0,
        }
    }

    pub(super) fn part(&self, peer: PeerId) {
        let mut state = self.state.borrow_mut();
        state.part(peer, Why::Left);
        // Who has wished it knows of it, and wishes to hear no more.
        state.events.retain(|event| event.peer() != Some(peer));
    }

    pub(super) fn shun(&self, peer: PeerId) {
        self.part(peer);
        self.state.borrow_mut().ignore(peer);
    }

    pub(super) fn leave(&self) {
        let mut state = self.state.borrow_mut();
        state.vanish();
        state.events.clear();
        state.page.clear();
    }
}

/// A page that goes may be kept asleep, and come back as it was.
fn listen_to_page(room: &Weak<Room>) -> Vec<EventListener> {
    let (on_hide, on_show, on_resume) = (room.clone(), room.clone(), room.clone());
    vec![
        EventListener::new(&window(), "pagehide", move |_| turn(&on_hide, State::vanish)),
        EventListener::new(&window(), "pageshow", move |_| turn(&on_show, State::come_back)),
        EventListener::new(&document(), "resume", move |_| turn(&on_resume, State::wake)),
    ]
}

/// The same for one that may be gone.
pub(super) fn turn(room: &Weak<Room>, change: impl FnOnce(&mut State)) {
    if let Some(room) = room.upgrade() {
        room.turn(change);
    }
}

/// What one peer knows of its room.
pub(super) struct State {
    pub(super) own: PeerId,
    name: String,
    signalling: Signalling,
    /// Whose state this is.
    pub(super) room: Weak<Room>,
    /// Nothing while the page is away.
    stage: Option<Stage>,
    /// In the order of their names.
    pub(super) remotes: Vec<Remote>,
    shunned: VecDeque<PeerId>,
    /// What is to be told at the end of the turn.
    pub(super) events: VecDeque<LinkEvent>,
    page: Vec<EventListener>,
}

/// What it takes to be seen in the room.
struct Stage {
    signaller: Box<dyn Signaller>,
    /// Whether it has been said that one is there: not before the lock is held by which the others
    /// know of one's end.
    has_greeted: bool,
    _life: Option<Lock>,
    _reminder: Interval,
}

/// One's own coming and going.
impl State {
    fn appear(&mut self) -> Result<(), BrowserError> {
        let room = self.room.clone();
        let on_heard = move |from, signal| turn(&room, |state| state.hear(from, signal));
        let signaller = self.signalling.start(self.own, &self.name, on_heard)?;
        let room = self.room.clone();
        // Where it is refused, the others are told nothing by it either.
        let on_answer = move |_| turn(&room, State::greet);
        let life = signaller
            .is_local()
            .then(|| Lock::request(self.own, Mode::Exclusive, on_answer))
            .flatten();
        let has_lock = life.is_some();
        let room = self.room.clone();
        let reminder = Interval::new(HERE_EVERY_MS, move || turn(&room, State::remind));
        self.stage =
            Some(Stage { signaller, has_greeted: false, _life: life, _reminder: reminder });
        if !has_lock {
            self.greet();
        }
        Ok(())
    }

    fn greet(&mut self) {
        if let Some(stage) = &mut self.stage {
            stage.has_greeted = true;
            self.post(None, Signal::Hello);
        }
    }

    /// Whoever hears of one for the first time sees to the rest.
    fn remind(&mut self) {
        if self.stage.as_ref().is_some_and(|stage| stage.has_greeted) {
            self.post(None, Signal::Here);
        }
    }

    /// Ends everything, and says so.
    fn vanish(&mut self) {
        self.post(None, Signal::Bye);
        for remote in mem::take(&mut self.remotes) {
            self.mourn(&remote, Why::Asleep);
        }
        self.stage = None;
    }

    fn come_back(&mut self) {
        // A page that is shown for the first time has not been away.
        if self.stage.is_none() && self.appear().is_ok() {
            self.events.push_back(LinkEvent::Woken);
        }
    }

    /// After a sleep in which nothing was lost but time. The others have perhaps given up.
    fn wake(&mut self) {
        self.greet();
        self.events.push_back(LinkEvent::Woken);
    }

    pub(super) fn post(&self, to: Option<PeerId>, signal: Signal) {
        if let Some(stage) = &self.stage {
            // What is lost is said again, at the next attempt.
            let _ = stage.signaller.post(to, signal);
        }
    }

    pub(super) fn is_local(&self) -> bool {
        self.stage.as_ref().is_some_and(|stage| stage.signaller.is_local())
    }
}

/// The others' coming and going.
impl State {
    /// Where a peer is in the list of those that are known, or would be.
    pub(super) fn place(&self, peer: PeerId) -> Result<usize, usize> {
        self.remotes.binary_search_by_key(&peer, |remote| remote.peer)
    }

    pub(super) fn remote(&mut self, peer: PeerId) -> Option<&mut Remote> {
        self.place(peer).ok().map(|place| &mut self.remotes[place])
    }

    fn hear(&mut self, from: PeerId, signal: Signal) {
        let has_greeted = self.stage.as_ref().is_some_and(|stage| stage.has_greeted);
        if !has_greeted || self.shunned.contains(&from) {
            return;
        }
        match signal {
            Signal::Hello => {
                self.meet(from);
                if let Some(remote) = self.remote(from) {
                    remote.failures = 0;
                    if matches!(remote.link, Link::Apart) {
                        // There is no more reason to wait.
                        remote.timer = None;
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
                if let Some(attempt) = remote.and_then(|remote| remote.link.attempt(attempt)) {
                    attempt.connection.add_candidate(&candidate);
                }
            }
            Signal::Channel { attempt } => self.hear_proposal(from, attempt),
            Signal::Message { lane, bytes } => {
                if let Some(Remote { link: Link::Channel { .. }, .. }) = self.remote(from) {
                    self.events.push_back(LinkEvent::Received { peer: from, lane, bytes });
                }
            }
        }
        self.seek();
    }

    /// Takes note of a peer, if it is new and there is room.
    fn meet(&mut self, peer: PeerId) {
        let Err(place) = self.place(peer) else { return };
        if self.remotes.len() == PEERS_MAX {
            return;
        }
        let room = self.room.clone();
        let on_death = move |is_granted| {
            if is_granted {
                turn(&room, |state| {
                    state.forget(peer, Why::Died);
                    state.seek();
                });
            }
        };
        let death = self.is_local().then(|| Lock::request(peer, Mode::Shared, on_death)).flatten();
        self.remotes.insert(place, Remote::new(peer, death));
        self.choose();
        self.events.push_back(LinkEvent::Found(peer));
    }

    /// Parts from a peer for the time being.
    pub(super) fn part(&mut self, peer: PeerId, why: Why) {
        self.post(Some(peer), Signal::Bye);
        self.forget(peer, why);
        self.seek();
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
        if remote.link.is_open() {
            self.events.push_back(LinkEvent::Closed { peer, why });
        }
        self.events.push_back(LinkEvent::Gone(peer));
    }
}
