//! The name of a peer.

use std::fmt;
use std::str::FromStr;

/// One run of a program that takes part in a room, as a tab or a process: drawn at random when it
/// begins, so that two never have the same one, not even a page and its duplicate. It names
/// connections, and nothing in the replicated state.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerId(u128);

impl PeerId {
    /// The peer with these random bits.
    #[must_use]
    pub const fn new(bits: u128) -> Self {
        Self(bits)
    }

    /// Its bits.
    #[must_use]
    pub const fn bits(self) -> u128 {
        self.0
    }
}

impl fmt::Display for PeerId {
    /// 32 hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Not the 32 lower hexadecimal digits of a peer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a peer is named by 32 hexadecimal digits, not by `{0}`")]
pub struct NoPeerId(pub String);

impl FromStr for PeerId {
    type Err = NoPeerId;

    fn from_str(text: &str) -> Result<Self, NoPeerId> {
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let is_plain = text.len() == 32 && text.bytes().all(is_digit);
        let bits = is_plain.then(|| u128::from_str_radix(text, 16).ok()).flatten();
        let short = || NoPeerId(text.chars().take(64).collect());
        bits.map(Self).ok_or_else(short)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        let peer = PeerId::new(0xfeed);
        assert_eq!(peer.to_string(), format!("{}feed", "0".repeat(28)));
        assert_eq!(peer.to_string().parse(), Ok(peer));
        for text in ["", "feed", &"F".repeat(32), &"+".repeat(32), &"é".repeat(16)] {
            assert_eq!(text.parse::<PeerId>(), Err(NoPeerId(text.to_owned())));
        }
        assert_eq!("x".repeat(999).parse::<PeerId>().unwrap_err().0.len(), 64);
    }
}
