//! How the two ends of a link prove to each other that they know the room's secret.
//!
//! # Problem
//!
//! Whoever knows the name of a room can be found by its peers, and whoever carries the signals can
//! put itself between two of them. Neither may take part, nor learn what would let it.
//!
//! # Model
//!
//! Each end says who it is, which versions it speaks, and a number used once. Then each shows a tag
//! that only those can compute who have the room's key, over both names, both numbers, the version
//! that was agreed on, and the *binding*: bytes that both ends of this connection see and that
//! nobody can make the same for two connections, as the fingerprints of both certificates in use
//! (Rescorla 2010, "Keying material exporters", RFC 5705, has the idea; Williams 2007, RFC 5056,
//! "On the use of channel bindings", the name). The one who proves comes first, so that a tag that
//! is sent back proves nothing.
//!
//! # Invariants
//!
//! - Nothing else is said, and nothing else is taken, before both have proven.
//! - A tag is for one connection and one direction: what was overheard is of no use.

use crate::frame::{Hello, Versions};
use crate::{PeerId, RoomKey};

/// The versions of the protocol that are spoken here.
pub(crate) const VERSIONS: Versions = Versions { least: 2, most: 2 };

/// Why the other end was turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unproven {
    /// It says to be another peer than the one that was found.
    #[error("it says to be another peer than the one that was called")]
    OtherPeer,
    /// It speaks in the name, or by the number, of the peer here.
    #[error("it speaks in this peer's own name")]
    OwnName,
    /// There is no version that both speak.
    #[error("it speaks versions {} to {}, and here {} to {} are spoken", .0.least, .0.most, VERSIONS.least, VERSIONS.most)]
    Version(Versions),
    /// It does not know the room's secret.
    #[error("it does not know the room's secret")]
    Secret,
    /// It says something else first, or twice.
    #[error("it does not introduce itself as peers do")]
    OutOfTurn,
    /// It has not proven anything for too long.
    #[error("it has not proven to know the room in time")]
    TooLate,
}

/// One end of a link that is being proven.
#[derive(Clone, Debug)]
pub(crate) struct Handshake {
    own: Hello,
    peer: PeerId,
    binding: Vec<u8>,
    theirs: Option<Hello>,
}

impl Handshake {
    /// Begins it with `peer`, with a number that has never been used before.
    pub(crate) fn new(own: PeerId, nonce: u128, peer: PeerId, binding: Vec<u8>) -> Self {
        let own = Hello { versions: VERSIONS, peer: own, nonce };
        Self { own, peer, binding, theirs: None }
    }

    /// What this end says first.
    pub(crate) fn hello(&self) -> Hello {
        self.own
    }

    /// Hears what the other end says first; returns the proof to be sent.
    pub(crate) fn hear(&mut self, hello: Hello, key: &RoomKey) -> Result<[u8; 32], Unproven> {
        if self.theirs.is_some() {
            return Err(Unproven::OutOfTurn);
        }
        if hello.peer == self.own.peer || hello.nonce == self.own.nonce {
            return Err(Unproven::OwnName);
        }
        if hello.peer != self.peer {
            return Err(Unproven::OtherPeer);
        }
        if hello.versions.common(VERSIONS).is_none() {
            return Err(Unproven::Version(hello.versions));
        }
        self.theirs = Some(hello);
        Ok(self.parts(&self.own, &hello, |parts| key.tag(parts)))
    }

    /// Checks the other end's proof; returns the version that both speak.
    pub(crate) fn check(&self, proof: &[u8; 32], key: &RoomKey) -> Result<u16, Unproven> {
        let theirs = self.theirs.as_ref().ok_or(Unproven::OutOfTurn)?;
        let is_proven = self.parts(theirs, &self.own, |parts| key.is_tag(parts, proof));
        let version = theirs.versions.common(VERSIONS).ok_or(Unproven::Version(theirs.versions))?;
        is_proven.then_some(version).ok_or(Unproven::Secret)
    }

    fn parts<T>(&self, by: &Hello, to: &Hello, with: impl FnOnce(&[&[u8]]) -> T) -> T {
        let numbers = [by.peer.bits(), by.nonce, to.peer.bits(), to.nonce].map(u128::to_be_bytes);
        let [by_peer, by_nonce, to_peer, to_nonce] = &numbers;
        let version = by.versions.common(to.versions).unwrap_or(0).to_be_bytes();
        with(&[b"proof", &version, by_peer, by_nonce, to_peer, to_nonce, &self.binding])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Room;

    const A: PeerId = PeerId::new(1);
    const B: PeerId = PeerId::new(2);

    fn key(secret: &str) -> RoomKey {
        Room::new("room", secret).unwrap().key()
    }

    fn pair(bindings: [&[u8]; 2]) -> [Handshake; 2] {
        let [a, b] = bindings.map(<[u8]>::to_vec);
        [Handshake::new(A, 7, B, a), Handshake::new(B, 8, A, b)]
    }

    fn proven(bindings: [&[u8]; 2], secrets: [&str; 2]) -> [Result<u16, Unproven>; 2] {
        let [mut a, mut b] = pair(bindings);
        let [at_a, at_b] = secrets.map(key);
        let by_a = a.hear(b.hello(), &at_a).unwrap();
        let by_b = b.hear(a.hello(), &at_b).unwrap();
        [a.check(&by_b, &at_a), b.check(&by_a, &at_b)]
    }

    #[test]
    fn who_knows_the_secret_is_let_in() {
        assert_eq!(proven([b"x", b"x"], ["hush", "hush"]), [Ok(2), Ok(2)]);
        assert_eq!(proven([b"x", b"x"], ["hush", "no"]), [Err(Unproven::Secret); 2]);
        assert_eq!(proven([b"x", b"y"], ["hush", "hush"]), [Err(Unproven::Secret); 2], "between");
    }

    #[test]
    fn nothing_is_proven_by_what_was_said_here() {
        let [mut a, mut b] = pair([b"x", b"x"]);
        let key = key("hush");
        assert_eq!(a.hear(a.hello(), &key), Err(Unproven::OwnName));
        let by_a = a.hear(b.hello(), &key).unwrap();
        assert_eq!(a.check(&by_a, &key), Err(Unproven::Secret), "sent back");
        assert_eq!(b.check(&by_a, &key), Err(Unproven::OutOfTurn), "too early");
        assert_eq!(a.hear(b.hello(), &key), Err(Unproven::OutOfTurn), "twice");
        // Overheard, and said again on another connection.
        b.hear(a.hello(), &key).unwrap();
        assert_eq!(b.check(&by_a, &key), Ok(2));
        let mut again = Handshake::new(B, 9, A, b"x".to_vec());
        again.hear(a.hello(), &key).unwrap();
        assert_eq!(again.check(&by_a, &key), Err(Unproven::Secret));
    }

    #[test]
    fn who_is_somebody_else_or_speaks_otherwise_is_turned_away() {
        let [mut a, b] = pair([b"x", b"x"]);
        let key = key("hush");
        let other = Hello { peer: PeerId::new(3), ..b.hello() };
        assert_eq!(a.hear(other, &key), Err(Unproven::OtherPeer));
        let versions = Versions { least: 3, most: 9 };
        assert_eq!(a.hear(Hello { versions, ..b.hello() }, &key), Err(Unproven::Version(versions)));
        // A newer one that speaks this version, too.
        let versions = Versions { least: 1, most: 9 };
        assert!(a.hear(Hello { versions, ..b.hello() }, &key).is_ok());
    }
}
