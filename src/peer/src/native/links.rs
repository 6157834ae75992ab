//! The links of one peer.

use std::time::{Duration, Instant};

use tokio::time::sleep_until;

use super::clock::{instant, now};
use super::connection::Connection;
use super::reflexive::Reflexive;
use super::server::Server;
use super::sockets::{DATAGRAM_BYTES_MAX, Sockets};
use super::{
    IceServers, JoinError, LinkEvent, MESSAGE_BYTES_MAX, SendError, ServerAddress, random_bits,
};
use crate::signalling::Happening;
use crate::signalling::meeting::{Input, Meeting, Task};
use crate::signalling::remote::Link;
use crate::{Lane, PeerId};

/// How long leaving may take.
const LEAVE_LIMIT: Duration = Duration::from_secs(1);

/// The links of one peer to others of its room. To drop this is to be gone without a word.
pub struct Links {
    meeting: Meeting,
    server: Server,
    sockets: Sockets,
    reflexive: Reflexive,
    connections: Vec<Held>,
    datagram: Box<[u8; DATAGRAM_BYTES_MAX]>,
}

struct Held {
    peer: PeerId,
    attempt: u32,
    connection: Connection,
}

impl Links {
    /// Enters a room as `own`, where peers hear of each other by `server`, and links it with others
    /// from then on, where it takes that with the help of `ice`. Must be called in a runtime of
    /// Tokio's.
    ///
    /// # Errors
    ///
    /// There are no sockets, or a STUN server is not found.
    pub async fn join(
        own: PeerId,
        room: &str,
        server: &ServerAddress,
        ice: &IceServers,
    ) -> Result<Self, JoinError> {
        Ok(Self {
            meeting: Meeting::new(own, false, random_bits() as u64),
            sockets: Sockets::bind()?,
            reflexive: Reflexive::find(ice).await?,
            server: Server::call(own, server, room),
            connections: Vec::new(),
            datagram: Box::new([0; DATAGRAM_BYTES_MAX]),
        })
    }

    /// What happens next. Nothing is lost where this is given up for something else.
    pub async fn next(&mut self) -> LinkEvent {
        loop {
            self.carry_out();
            if let Some(event) = self.meeting.next_event() {
                return event;
            }
            let due = self.due();
            tokio::select! {
                inputs = self.server.next() => {
                    inputs.into_iter().for_each(|input| self.meeting.handle(now(), input));
                }
                (own, from, bytes) = self.sockets.receive(&mut self.datagram) => {
                    self.receive(own, from, bytes);
                }
                () = sleep_until(due.into()) => self.wake(),
            }
        }
    }

    /// Sends a message of at most [`MESSAGE_BYTES_MAX`] bytes.
    ///
    /// # Errors
    ///
    /// There is no open link to `peer`, the message is too long, or too much is waiting to be sent.
    pub fn send(&mut self, peer: PeerId, lane: Lane, bytes: &[u8]) -> Result<(), SendError> {
        if bytes.len() > MESSAGE_BYTES_MAX {
            return Err(SendError::TooLong { bytes: bytes.len() });
        }
        if !matches!(self.meeting.link(peer), Some(Link::Open(_))) {
            return Err(SendError::NoLink(peer));
        }
        let place = self.place(peer).ok_or(SendError::NoLink(peer))?;
        let sent = self.connections[place].connection.send(peer, lane, bytes);
        self.poll(place);
        sent
    }

    /// How many bytes wait to be sent to `peer`.
    pub fn buffered_bytes(&mut self, peer: PeerId) -> usize {
        let place = self.place(peer);
        place.map_or(0, |place| self.connections[place].connection.buffered_bytes())
    }

    /// Parts from a peer, which is told so, without an event. It is found again when it next says
    /// that it is there, within seconds if it is well.
    pub fn close(&mut self, peer: PeerId) {
        self.meeting.handle(now(), Input::Part(peer));
        self.carry_out();
    }

    /// Parts from a peer, and hears nothing more of it for as long as this is there, or until as
    /// many others have been shunned as are remembered.
    pub fn shun(&mut self, peer: PeerId) {
        self.meeting.handle(now(), Input::Shun(peer));
        self.carry_out();
    }

    /// Says goodbye to all, and goes.
    pub async fn leave(mut self) {
        self.meeting.handle(now(), Input::Vanished);
        self.carry_out();
        self.server.leave(LEAVE_LIMIT).await;
    }

    fn place(&self, peer: PeerId) -> Option<usize> {
        self.connections.iter().position(|held| held.peer == peer)
    }

    fn due(&self) -> Instant {
        let connections = self.connections.iter().map(|held| held.connection.due());
        let meeting = self.meeting.due().map(instant);
        let earliest = connections.chain(meeting).min();
        earliest.unwrap_or_else(|| Instant::now() + Duration::from_secs(60))
    }

    fn wake(&mut self) {
        let at = Instant::now();
        for place in 0..self.connections.len() {
            let connection = &mut self.connections[place].connection;
            if connection.due() <= at {
                connection.wake(at);
                self.poll(place);
            }
        }
        if self.meeting.due().is_some_and(|due| due <= now()) {
            self.meeting.handle(now(), Input::Due);
        }
    }

    fn receive(&mut self, own: std::net::SocketAddr, from: std::net::SocketAddr, bytes: usize) {
        let datagram = &self.datagram[..bytes];
        if let Some((seen, own)) = self.reflexive.hear(own, from, datagram) {
            for place in 0..self.connections.len() {
                self.connections[place].connection.add_seen(seen, own);
                self.poll(place);
            }
            return;
        }
        let at = Instant::now();
        let mut connections = self.connections.iter_mut();
        let meant = connections.position(|held| held.connection.take(at, own, from, datagram));
        if let Some(place) = meant {
            self.poll(place);
        }
    }

    /// Sends what a connection has to send, and lets the meeting know what has happened to it.
    fn poll(&mut self, place: usize) {
        let Held { peer, attempt, connection } = &mut self.connections[place];
        for happening in connection.poll(&self.sockets) {
            self.meeting.handle(now(), Input::Happened(*peer, *attempt, happening));
        }
    }

    fn carry_out(&mut self) {
        loop {
            let tasks = self.meeting.take_tasks();
            if tasks.is_empty() {
                return;
            }
            tasks.into_iter().for_each(|task| self.do_task(task));
        }
    }

    fn do_task(&mut self, task: Task) {
        let at = Instant::now();
        match task {
            Task::Post(to, signal) => self.server.post(to, &signal),
            // Only silence tells of a death elsewhere.
            Task::Watch(_) => {}
            Task::Begin { peer, attempt, offer } => {
                match Connection::begin(at, self.sockets.addresses(), offer) {
                    Ok(connection) => {
                        self.connections.push(Held { peer, attempt, connection });
                        self.reflexive.ask(&self.sockets);
                        self.poll(self.connections.len() - 1);
                    }
                    Err(_) => {
                        let unreachable = Happening::Unreachable;
                        self.meeting.handle(now(), Input::Happened(peer, attempt, unreachable));
                    }
                }
            }
            Task::Accept(peer, answer) => self.tell(peer, |it| it.accept(at, answer)),
            Task::AddCandidate(peer, candidate) => {
                self.tell(peer, |it| it.add_candidate(at, &candidate));
            }
            Task::End(peer) | Task::Forget(peer) => {
                if let Some(place) = self.place(peer) {
                    self.connections.swap_remove(place).connection.end(&self.sockets);
                }
            }
        }
    }

    fn tell(&mut self, peer: PeerId, what: impl FnOnce(&mut Connection)) {
        if let Some(place) = self.place(peer) {
            what(&mut self.connections[place].connection);
            self.poll(place);
        }
    }
}
