//! Where peers meet, and who may.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The most characters of a room's name, and of its secret.
pub const ROOM_CHARS_MAX: usize = 64;

/// A room: its name, by which peers find each other, and a secret, which they prove to know before
/// anything else is said. A room without a secret is open to all who know its name.
#[derive(Clone, PartialEq, Eq)]
pub struct Room {
    name: String,
    secret: String,
}

/// What cannot be a room.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoRoom {
    /// Too short or too long.
    #[error("a room's {what} has {least} to {ROOM_CHARS_MAX} characters, this one has {chars}")]
    Length {
        /// Its name or its secret.
        what: &'static str,
        /// The least that it has.
        least: usize,
        /// How many this one has.
        chars: usize,
    },
    /// Something in it cannot be shown.
    #[error("a room's {what} has no control characters")]
    ControlCharacter {
        /// Its name or its secret.
        what: &'static str,
    },
}

/// What only those know who know the room's secret.
#[derive(Clone)]
pub struct RoomKey([u8; 32]);

impl Room {
    /// The room of this name and secret, which may be empty.
    ///
    /// # Errors
    ///
    /// [`NoRoom`] for what is too long, or cannot be shown.
    pub fn new(name: &str, secret: &str) -> Result<Self, NoRoom> {
        for (what, text, least) in [("name", name, 1), ("secret", secret, 0)] {
            let chars = text.chars().count();
            if !(least..=ROOM_CHARS_MAX).contains(&chars) {
                return Err(NoRoom::Length { what, least, chars });
            }
            if text.chars().any(char::is_control) {
                return Err(NoRoom::ControlCharacter { what });
            }
        }
        Ok(Self { name: name.into(), secret: secret.into() })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its secret.
    #[must_use]
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// The key that its name and its secret come to. It is as hard to guess as these are: nothing
    /// makes guessing slow, so a secret is to be drawn at random.
    #[must_use]
    pub fn key(&self) -> RoomKey {
        RoomKey(tag(b"scalesmall room", &[self.name.as_bytes(), self.secret.as_bytes()]))
    }
}

impl fmt::Debug for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Room").field("name", &self.name).finish_non_exhaustive()
    }
}

impl RoomKey {
    /// What only those can compute from these parts who have the key: HMAC-SHA-256 (Krawczyk,
    /// Bellare, Canetti 1997, RFC 2104), each part with its length.
    pub(crate) fn tag(&self, parts: &[&[u8]]) -> [u8; 32] {
        tag(&self.0, parts)
    }

    /// Whether that is the tag of these parts, in a time that does not tell how much of it is.
    pub(crate) fn is_tag(&self, parts: &[&[u8]], tag: &[u8; 32]) -> bool {
        mac(&self.0, parts).verify_slice(tag).is_ok()
    }
}

impl fmt::Debug for RoomKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RoomKey")
    }
}

fn tag(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    mac(key, parts).finalize().into_bytes().into()
}

fn mac(key: &[u8], parts: &[&[u8]]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key has any length");
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_room_has_another_key() {
        let key = |name, secret| Room::new(name, secret).unwrap().key().0;
        assert_eq!(key("a", "b"), key("a", "b"));
        assert_ne!(key("a", "b"), key("ab", ""));
        assert_ne!(key("a", "b"), key("b", "a"));
        let own = Room::new("a", "b").unwrap().key();
        let tag = own.tag(&[b"x", b"yz"]);
        assert!(own.is_tag(&[b"x", b"yz"], &tag));
        assert!(!own.is_tag(&[b"xy", b"z"], &tag));
        assert!(!Room::new("a", "c").unwrap().key().is_tag(&[b"x", b"yz"], &tag));
    }

    #[test]
    fn a_room_that_is_none_is_refused() {
        let length = |what, least, chars| Err(NoRoom::Length { what, least, chars });
        assert_eq!(Room::new("", ""), length("name", 1, 0));
        assert_eq!(Room::new("a", &"é".repeat(65)), length("secret", 0, 65));
        assert_eq!(Room::new("a\n", ""), Err(NoRoom::ControlCharacter { what: "name" }));
        assert!(!format!("{:?}", Room::new("a", "hush").unwrap()).contains("hush"));
    }
}
