//! A peer's room, as its page has it.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::{Rc, Weak};

use gloo::events::EventListener;
use gloo::timers::callback::Timeout;
use gloo::utils::{document, window};
use scalesmall_node::SimTime;

use super::by_hand::Invitation;
use super::connection::Connection;
use super::lock::{Lock, Mode};
use super::signalling::Signaller;
use super::{
    BrowserError, Happening, IceServers, Lane, LinkEvent, MESSAGE_BYTES_MAX, SendError, Signalling,
    now_us, random_bits,
};
use crate::PeerId;
use crate::signalling::meeting::{Input, Meeting, Task};
use crate::signalling::remote::Link;
use crate::signalling::signal::Signal;

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
        ice: IceServers,
        on_event: Box<dyn Fn(LinkEvent)>,
    ) -> Result<Rc<Self>, BrowserError> {
        let room = Rc::new_cyclic(|this| Self {
            state: RefCell::new(State {
                own,
                name: name.to_owned(),
                meeting: Meeting::new(own, signalling.is_local(), random_bits() as u64),
                signalling,
                ice,
                room: this.clone(),
                stage: None,
                others: Vec::new(),
                invitations: VecDeque::new(),
                alarm: None,
                page: listen_to_page(this),
            }),
            on_event,
        });
        room.state.borrow_mut().appear()?;
        Ok(room)
    }

    /// Has the state change, and then tells what has happened by that. Who is told may change more.
    pub(super) fn turn(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.borrow_mut());
        loop {
            let event = self.state.borrow_mut().meeting.next_event();
            let Some(event) = event else { return };
            (self.on_event)(event);
        }
    }

    /// The same for what nothing follows from.
    pub(super) fn read<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.state.borrow_mut())
    }

    pub(super) fn send(&self, peer: PeerId, lane: Lane, bytes: &[u8]) -> Result<(), SendError> {
        if bytes.len() > MESSAGE_BYTES_MAX {
            return Err(SendError::TooLong { bytes: bytes.len() });
        }
        let state = self.state.borrow();
        match (state.meeting.link(peer), &state.stage) {
            (Some(Link::Open(_)), _) => {
                let connection = state.connection(peer).ok_or(SendError::NoLink(peer))?;
                connection.send(peer, lane, bytes)
            }
            (Some(Link::Channel { .. }), Some(stage)) => {
                let message = Signal::Message { lane, bytes: bytes.to_vec() };
                Ok(stage.signaller.post(Some(peer), message)?)
            }
            _ => Err(SendError::NoLink(peer)),
        }
    }

    pub(super) fn buffered_bytes(&self, peer: PeerId) -> usize {
        self.state.borrow().connection(peer).map_or(0, Connection::buffered_bytes)
    }

    pub(super) fn part(&self, peer: PeerId) {
        self.state.borrow_mut().handle(Input::Part(peer));
    }

    pub(super) fn shun(&self, peer: PeerId) {
        self.state.borrow_mut().handle(Input::Shun(peer));
    }

    pub(super) fn leave(&self) {
        let mut state = self.state.borrow_mut();
        state.vanish();
        state.meeting.forget_events();
        state.page.clear();
    }
}

/// A page that goes may be kept asleep, and come back as it was.
fn listen_to_page(room: &Weak<Room>) -> Vec<EventListener> {
    let (on_hide, on_show, on_resume) = (room.clone(), room.clone(), room.clone());
    vec![
        EventListener::new(&window(), "pagehide", move |_| turn(&on_hide, State::vanish)),
        EventListener::new(&window(), "pageshow", move |_| turn(&on_show, State::come_back)),
        EventListener::new(&document(), "resume", move |_| handle(&on_resume, Input::Woke)),
    ]
}

/// The same for one that may be gone.
fn turn(room: &Weak<Room>, change: impl FnOnce(&mut State)) {
    if let Some(room) = room.upgrade() {
        room.turn(change);
    }
}

fn handle(room: &Weak<Room>, input: Input) {
    turn(room, |state| state.handle(input));
}

/// What has been begun in the room, as the meeting has wanted it.
pub(super) struct State {
    pub(super) own: PeerId,
    name: String,
    signalling: Signalling,
    pub(super) ice: IceServers,
    pub(super) meeting: Meeting,
    /// Whose state this is.
    pub(super) room: Weak<Room>,
    /// Nothing while the page is away.
    stage: Option<Stage>,
    others: Vec<Other>,
    /// The oldest first.
    pub(super) invitations: VecDeque<Invitation>,
    /// Wakes the meeting at this time.
    alarm: Option<(SimTime, Timeout)>,
    page: Vec<EventListener>,
}

/// What it takes to be seen in the room.
struct Stage {
    signaller: Box<dyn Signaller>,
    _life: Option<Lock>,
}

/// What there is of another peer here.
pub(super) struct Other {
    peer: PeerId,
    pub(super) connection: Option<Connection>,
    /// Is granted at its death.
    _death: Option<Lock>,
}

impl State {
    fn appear(&mut self) -> Result<(), BrowserError> {
        let room = self.room.clone();
        let on_input = move |input| handle(&room, input);
        let signaller = self.signalling.start(self.own, &self.name, on_input)?;
        if !self.signalling.is_local() {
            self.stage = Some(Stage { signaller, _life: None });
            return Ok(());
        }
        // The lock is held before the others hear of this peer, so that they hear of its end. Where
        // it is refused, they are told nothing by it either.
        let room = self.room.clone();
        let life =
            Lock::request(self.own, Mode::Exclusive, move |_| handle(&room, Input::Appeared));
        let has_lock = life.is_some();
        self.stage = Some(Stage { signaller, _life: life });
        if !has_lock {
            self.handle(Input::Appeared);
        }
        Ok(())
    }

    /// Ends everything, and says so.
    fn vanish(&mut self) {
        self.handle(Input::Vanished);
        self.invitations.clear();
        self.stage = None;
    }

    fn come_back(&mut self) {
        // A page that is shown for the first time has not been away.
        if self.stage.is_none() && self.appear().is_ok() {
            self.handle(Input::Woke);
        }
    }

    fn connection(&self, peer: PeerId) -> Option<&Connection> {
        self.others.iter().find(|other| other.peer == peer)?.connection.as_ref()
    }

    fn connection_mut(&mut self, peer: PeerId) -> Option<&mut Option<Connection>> {
        self.others.iter_mut().find(|other| other.peer == peer).map(|other| &mut other.connection)
    }

    /// What there is of another peer, or will be.
    pub(super) fn other(&mut self, peer: PeerId) -> &mut Other {
        let known = self.others.iter().position(|other| other.peer == peer);
        let place = known.unwrap_or_else(|| {
            self.others.push(Other { peer, connection: None, _death: None });
            self.others.len() - 1
        });
        &mut self.others[place]
    }

    pub(super) fn handle(&mut self, input: Input) {
        self.meeting.handle(now(), input);
        loop {
            let tasks = self.meeting.take_tasks();
            if tasks.is_empty() {
                break;
            }
            tasks.into_iter().for_each(|task| self.carry_out(task));
        }
        self.set_alarm();
    }

    fn carry_out(&mut self, task: Task) {
        match task {
            Task::Post(to, signal) => {
                if let Some(stage) = &self.stage {
                    // What is lost is said again, at the next attempt.
                    let _ = stage.signaller.post(to, signal);
                }
            }
            Task::Watch(peer) => {
                let room = self.room.clone();
                let ondeath = move |is_granted| {
                    if is_granted {
                        handle(&room, Input::Died(peer));
                    }
                };
                let is_local = self.signalling.is_local();
                let death = is_local.then(|| Lock::request(peer, Mode::Shared, ondeath)).flatten();
                self.other(peer)._death = death;
            }
            Task::Begin { peer, attempt, offer } => self.begin(peer, attempt, offer),
            Task::Accept(peer, answer) => {
                self.connection(peer).into_iter().for_each(|it| it.accept(answer.clone()));
            }
            Task::AddCandidate(peer, candidate) => {
                if let Some(Some(connection)) = self.connection_mut(peer) {
                    connection.add_candidate(&candidate);
                }
            }
            Task::End(peer) => drop(self.connection_mut(peer).and_then(Option::take)),
            Task::Forget(peer) => self.others.retain(|other| other.peer != peer),
        }
    }

    fn begin(&mut self, peer: PeerId, attempt: u32, offer: Option<String>) {
        let room = self.room.clone();
        let connection = Connection::begin(&self.ice, offer, move |happening| {
            handle(&room, Input::Happened(peer, attempt, happening));
        });
        match (connection, self.connection_mut(peer)) {
            (Ok(connection), Some(place)) => *place = Some(connection),
            // The browser has no connections to give, or no more.
            _ => self.meeting.handle(now(), Input::Happened(peer, attempt, Happening::Unreachable)),
        }
    }

    /// Sees to it that the meeting is woken when it wants to be.
    fn set_alarm(&mut self) {
        let due = self.meeting.due();
        if self.alarm.as_ref().map(|(at, _)| *at) == due {
            return;
        }
        let now = now();
        self.alarm = due.map(|at| {
            let room = self.room.clone();
            let wait_ms = at.us_since(now).div_ceil(1_000) as u32;
            let alarm = Timeout::new(wait_ms, move || {
                turn(&room, |state| {
                    state.alarm = None;
                    state.handle(Input::Due);
                });
            });
            (at, alarm)
        });
    }
}

fn now() -> SimTime {
    SimTime::from_us(now_us())
}
