//! A peer of this process, with its links and its time.

use scalesmall_crdt::Operation;
use scalesmall_node::SimTime;
use scalesmall_peer::native::{LinkEvent, Links, now_us, random_bits};
use scalesmall_peer::{Effects, Event, Peer};
use tokio::time::{Duration, Instant, sleep_until};

/// How much may wait in a link before the peer holds back.
const BUFFERED_BYTES_MAX: usize = 256 << 10;

/// A peer, and what lets it take part.
pub(super) struct Member {
    peer: Peer,
    links: Links,
    /// What became of operations that were not carried out.
    refused: Vec<String>,
}

impl Member {
    pub(super) fn start(peer: Peer, links: Links) -> Self {
        let mut member = Self { peer, links, refused: Vec::new() };
        member.handle(Event::Start);
        member
    }

    pub(super) fn peer(&self) -> &Peer {
        &self.peer
    }

    /// Whether all nodes may be asked for something.
    pub(super) fn has_been_let_in(&self) -> bool {
        self.peer.hosted().all(|(_, is_member)| is_member)
    }

    /// Waits for the next thing to happen. Returns whether the signalling server is reached from now
    /// on, if that is what has happened. Nothing is lost where this is given up.
    pub(super) async fn next(&mut self) -> Option<bool> {
        let wake_in_us = self.peer.wake_at().us_since(now());
        let wake_at = Instant::now() + Duration::from_micros(wake_in_us);
        tokio::select! {
            event = self.links.next() => self.follow(event),
            () = sleep_until(wake_at) => {
                self.handle(Event::Wake);
                None
            }
        }
    }

    /// Asks the node that the claim is of, or the first one where that is hosted elsewhere.
    pub(super) fn operate(&mut self, operation: Operation) {
        let claimant = &operation.claim().node;
        let nodes = || self.peer.hosted().map(|(node, _)| node);
        let asked = nodes().find(|node| *node == claimant).or_else(|| nodes().next()).cloned();
        if let Some(asked) = asked {
            self.handle(Event::Operation(asked, operation));
        }
    }

    pub(super) fn take_refused(&mut self) -> Vec<String> {
        std::mem::take(&mut self.refused)
    }

    /// Says goodbye, and goes.
    pub(super) async fn leave(mut self) {
        self.handle(Event::Leave);
        self.links.leave().await;
    }

    fn follow(&mut self, event: LinkEvent) -> Option<bool> {
        self.handle(match event {
            LinkEvent::Opened { peer, path, binding } => {
                Event::Opened { peer, path, binding, nonce: random_bits() }
            }
            LinkEvent::Received { peer, bytes, .. } => Event::Received(peer, bytes),
            LinkEvent::Drained(peer) => Event::Full(peer, false),
            LinkEvent::Closed { peer, .. } | LinkEvent::Gone(peer) => Event::Closed(peer),
            LinkEvent::Server { is_reached } => return Some(is_reached),
            _ => Event::Wake,
        });
        None
    }

    fn handle(&mut self, event: Event) {
        let mut effects = Effects::default();
        self.peer.handle(now(), event, &mut effects);
        let Effects { send, close, refused } = effects;
        for (peer, lane, bytes) in send {
            // What cannot be sent is lost, as on any link.
            let _ = self.links.send(peer, lane, &bytes);
            if self.links.buffered_bytes(peer) > BUFFERED_BYTES_MAX {
                self.peer.handle(now(), Event::Full(peer, true), &mut Effects::default());
            }
        }
        for (peer, why) in close {
            if why.is_foul() { self.links.shun(peer) } else { self.links.close(peer) }
        }
        self.refused.extend(refused.iter().map(ToString::to_string));
    }
}

fn now() -> SimTime {
    SimTime::from_us(now_us())
}
