//! Two connections over the sockets of this machine.

use std::time::Duration;

use tokio::time::{sleep_until, timeout};

use super::*;
use crate::Path;
use crate::native::sockets::DATAGRAM_BYTES_MAX;

/// For how long anything may be waited for.
const LIMIT: Duration = Duration::from_secs(20);

/// One end, with what has happened to it.
struct End {
    connection: Connection,
    sockets: Sockets,
    happened: VecDeque<Happening>,
}

impl End {
    fn begin(offer: Option<String>) -> Self {
        let sockets = Sockets::bind().expect("this machine has addresses");
        let begun = Connection::begin(Instant::now(), sockets.addresses(), offer);
        let mut connection = begun.expect("it can be begun");
        let happened = connection.poll(&sockets);
        Self { connection, sockets, happened }
    }

    fn description(&mut self) -> String {
        match self.happened.pop_front() {
            Some(Happening::Described(description)) => description,
            other => panic!("{other:?} is no description"),
        }
    }

    /// Waits for a datagram, or until it is due.
    async fn step(&mut self) {
        let mut datagram = [0; DATAGRAM_BYTES_MAX];
        tokio::select! {
            (own, from, bytes) = self.sockets.receive(&mut datagram) => {
                self.connection.take(Instant::now(), own, from, &datagram[..bytes]);
            }
            () = sleep_until(self.connection.due().into()) => self.connection.wake(Instant::now()),
        }
        self.happened.extend(self.connection.poll(&self.sockets));
    }
}

/// Lets both go on until `is_done`.
async fn until(ends: &mut [End; 2], mut is_done: impl FnMut(&mut [End; 2]) -> bool) {
    let done = async {
        while !is_done(ends) {
            let [one, two] = ends;
            tokio::select! {
                () = one.step() => {}
                () = two.step() => {}
            }
        }
    };
    timeout(LIMIT, done).await.expect("it is done in time");
}

/// Two ends of an open connection, and what each was told of it.
async fn connected() -> ([End; 2], [(Path, [[u8; 32]; 2]); 2]) {
    let mut one = End::begin(None);
    let mut two = End::begin(Some(one.description()));
    one.connection.accept(Instant::now(), two.description());
    one.happened.extend(one.connection.poll(&one.sockets));
    let mut ends = [one, two];
    until(&mut ends, |ends| ends.iter().all(|end| !end.happened.is_empty())).await;
    let opened = [0, 1].map(|end: usize| match ends[end].happened.pop_front() {
        Some(Happening::Opened { path, fingerprints }) => (path, fingerprints),
        other => panic!("{other:?}, and not open"),
    });
    (ends, opened)
}

fn received(end: &mut End) -> Option<(Lane, Vec<u8>)> {
    match end.happened.pop_front()? {
        Happening::Received(lane, bytes) => Some((lane, bytes)),
        _ => received(end),
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn both_ends_see_the_same_certificates_and_messages_get_through_by_both_lanes() {
    runtime().block_on(async {
        let (mut ends, [(path, [own, other]), (_, theirs)]) = connected().await;
        assert_eq!(path, Path::Host);
        assert_eq!(theirs, [other, own]);
        assert_ne!(own, other);
        for (from, to) in [(0, 1), (1, 0)] {
            for lane in Lane::ALL {
                let bytes = vec![7; if lane == Lane::Reliable { MESSAGE_BYTES_MAX } else { 900 }];
                let sender = &mut ends[from];
                sender.connection.send(PeerId::new(1), lane, &bytes).unwrap();
                sender.happened.extend(sender.connection.poll(&sender.sockets));
                let mut came = None;
                until(&mut ends, |ends| {
                    came = received(&mut ends[to]);
                    came.is_some()
                })
                .await;
                assert_eq!(came, Some((lane, bytes)));
            }
        }
    });
}

#[test]
fn senders_are_held_back_and_told_when_to_go_on() {
    runtime().block_on(async {
        let (mut ends, _) = connected().await;
        let (peer, message) = (PeerId::new(1), vec![7; MESSAGE_BYTES_MAX]);
        let mut sent = 0;
        let refused = loop {
            match ends[0].connection.send(peer, Lane::Reliable, &message) {
                Ok(()) => sent += 1,
                Err(refused) => break refused,
            }
        };
        let buffered_bytes = ends[0].connection.buffered_bytes();
        assert_eq!(refused, SendError::Full { peer, buffered_bytes });
        assert!(
            (BUFFERED_BYTES_MAX - MESSAGE_BYTES_MAX..=BUFFERED_BYTES_MAX).contains(&buffered_bytes)
        );
        ends[0].connection.wake(Instant::now());
        let (mut came, mut is_drained) = (0, false);
        until(&mut ends, |[one, two]| {
            is_drained |= one.happened.drain(..).any(|it| it == Happening::Drained);
            came += std::iter::from_fn(|| received(two)).count();
            is_drained && came == sent
        })
        .await;
        assert!(ends[0].connection.buffered_bytes() <= BUFFERED_BYTES_LOW);
    });
}

#[test]
fn the_other_end_is_told_when_it_is_over() {
    runtime().block_on(async {
        let ([one, two], _) = connected().await;
        let End { connection, sockets, .. } = one;
        connection.end(&sockets);
        let mut two = two;
        let over = async {
            while !two.happened.contains(&Happening::Ended(Why::Broke)) {
                two.step().await;
            }
        };
        timeout(LIMIT, over).await.expect("it is told in time");
        let refused = two.connection.send(PeerId::new(1), Lane::Reliable, b"hello");
        assert_eq!(refused, Err(SendError::NoLink(PeerId::new(1))));
    });
}

#[test]
fn what_is_no_description_begins_nothing() {
    for offer in ["", "v=0", "v=0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n", "\0"] {
        let begun = Connection::begin(Instant::now(), [].into_iter(), Some(offer.to_owned()));
        assert!(begun.is_err(), "{offer:?}");
    }
    runtime().block_on(async {
        let mut one = End::begin(None);
        one.connection.accept(Instant::now(), "v=0".to_owned());
        one.connection
            .add_candidate(Instant::now(), "candidate:1 1 udp 1 somewhere.local 9 typ host");
        let happened = one.connection.poll(&one.sockets);
        assert!(happened.contains(&Happening::Ended(Why::Broke)));
    });
}
