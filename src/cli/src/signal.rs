//! `scalesmall signal`.
//!
//! The server is that of `matchbox_signaling`, a full mesh for each room, which is the path. It runs in
//! one thread, so that of two who come at once one is told of the other.
//!
//! Bounded here are the clients, in all and in a room, the rooms and their names ([`Census`]). The crate
//! does not let one bound what a client says at once (64 MiB) and in a while, what waits for a client
//! that does not listen, nor how long one is kept that has gone without a word: where strangers can
//! call, that is for a proxy before it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use matchbox_signaling::{Error, SignalingServer};
use tokio::sync::oneshot;

use crate::interrupt::{block_on, interrupted};
use crate::output;

/// The most clients at a time.
const CLIENTS_MAX: usize = 1_024;
/// The most clients in a room: one, and as many others as it takes note of.
const ROOM_CLIENTS_MAX: usize = 1 + scalesmall_peer::native::PEERS_MAX;
/// The most rooms that there have been since the server was started: the crate forgets none, and
/// copies them all for whoever comes.
const ROOMS_MAX: usize = 4_096;
/// The most bytes of a room's name, which has up to 64 characters.
const NAME_BYTES_MAX: usize = 256;
/// How long a client that is let in may take to come.
const COMING_LIMIT: Duration = Duration::from_secs(10);

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Where to listen. Whoever can call there can find, but not enter, rooms that have a secret.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:3536")]
    bind: SocketAddr,
}

/// Serves until it is interrupted; an error is a message for people.
pub(crate) fn signal(arguments: &Arguments) -> Result<ExitCode, String> {
    block_on(serve(arguments.bind))?
}

#[expect(clippy::result_large_err, reason = "what refuses a request is the crate's to choose")]
async fn serve(address: SocketAddr) -> Result<ExitCode, String> {
    let census = Shared::default();
    let (on_request, on_assignment) = (census.clone(), census.clone());
    let (on_connected, on_disconnected) = (census.clone(), census);
    let (end, ended) = oneshot::channel();
    let mut server = SignalingServer::full_mesh_builder(address)
        .on_connection_request(move |request| {
            Ok(on_request.lock().asks(Instant::now(), &request.path.unwrap_or_default()))
        })
        .on_id_assignment(move |(_, client)| on_assignment.lock().is_let_in(client))
        .on_peer_connected(move |client| on_connected.lock().comes(client))
        .on_peer_disconnected(move |client| on_disconnected.lock().goes(client))
        .with_shutdown(ended)
        .build();
    let bound = server.bind().map_err(|error| match error {
        Error::Bind(error) => format!("{address}: {error}"),
        error => format!("{address}: {error}"),
    })?;
    output::print(&format!("signalling at ws://{bound}; Ctrl-C ends it\n"))?;
    tokio::spawn(async move {
        interrupted().await;
        let _ = end.send(());
    });
    server.serve().await.map_err(|error| format!("{bound}: {error}"))?;
    Ok(ExitCode::SUCCESS)
}

/// Who is there, by the names that the server gives its clients.
struct Census<Client> {
    /// The rooms that there have been.
    rooms: BTreeSet<String>,
    there: BTreeMap<Client, String>,
    /// Those that are let in and have not come yet, and since when.
    coming: Vec<(Instant, Client, String)>,
    /// Who has asked last, and is given a name next.
    asked: Option<(Instant, String)>,
}

impl<Client: Ord> Census<Client> {
    /// Whether one more is let into a room.
    fn asks(&mut self, now: Instant, room: &str) -> bool {
        self.coming.retain(|&(since, ..)| now.duration_since(since) < COMING_LIMIT);
        let coming = self.coming.iter().map(|(.., room)| room);
        let in_room = self.there.values().chain(coming).filter(|other| *other == room).count();
        let has_room = self.rooms.contains(room) || self.rooms.len() < ROOMS_MAX;
        let is_let_in = room.len() <= NAME_BYTES_MAX
            && has_room
            && in_room < ROOM_CLIENTS_MAX
            && self.there.len() + self.coming.len() < CLIENTS_MAX;
        self.asked = is_let_in.then(|| (now, room.to_owned()));
        is_let_in
    }

    fn is_let_in(&mut self, client: Client) {
        if let Some((now, room)) = self.asked.take() {
            self.rooms.insert(room.clone());
            self.coming.push((now, client, room));
        }
    }

    fn comes(&mut self, client: Client) {
        let place = self.coming.iter().position(|(_, coming, _)| *coming == client);
        let room = place.map(|place| self.coming.swap_remove(place).2);
        // Who has taken too long counts in no room.
        self.there.insert(client, room.unwrap_or_default());
    }

    fn goes(&mut self, client: Client) {
        self.there.remove(&client);
    }
}

/// A census that all that serve a client can take.
struct Shared<Client>(Arc<Mutex<Census<Client>>>);

impl<Client> Shared<Client> {
    fn lock(&self) -> MutexGuard<'_, Census<Client>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<Client> Default for Shared<Client> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Census::default())))
    }
}

impl<Client> Clone for Shared<Client> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<Client> Default for Census<Client> {
    fn default() -> Self {
        let (rooms, there) = (BTreeSet::new(), BTreeMap::new());
        Self { rooms, there, coming: Vec::new(), asked: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lets so many ask for a room, one after the other, and come; says how many were let in.
    fn come(census: &mut Census<usize>, now: Instant, room: &str, count: usize) -> usize {
        let first = census.there.len() + census.coming.len();
        let come = |client: &usize| {
            let is_let_in = census.asks(now, room);
            if is_let_in {
                census.is_let_in(*client);
                census.comes(*client);
            }
            is_let_in
        };
        (first..first + count).filter(come).count()
    }

    #[test]
    fn clients_are_bounded_by_room_and_in_all() {
        let (mut census, now) = (Census::default(), Instant::now());
        assert_eq!(come(&mut census, now, "a", 99), ROOM_CLIENTS_MAX);
        census.goes(3);
        assert!(census.asks(now, "a"));
        census.is_let_in(3);
        assert!(!census.asks(now, "a"), "who is coming counts");
        assert!(census.asks(now + COMING_LIMIT, "a"), "but not for ever");
        let others: usize = (0..99).map(|n| come(&mut census, now, &format!("b{n}"), 50)).sum();
        assert!((CLIENTS_MAX - ROOM_CLIENTS_MAX..CLIENTS_MAX).contains(&others), "{others}");
        assert!(!census.asks(now, "c"));
    }

    #[test]
    fn rooms_and_their_names_are_bounded() {
        let (mut census, now) = (Census::default(), Instant::now());
        assert!(!census.asks(now, &"a".repeat(NAME_BYTES_MAX + 1)));
        for number in 0..ROOMS_MAX {
            assert_eq!(come(&mut census, now, &number.to_string(), 1), 1);
            census.there.clear();
        }
        assert!(!census.asks(now, "one more"));
        assert!(census.asks(now, "7"), "one that there has been");
    }
}
