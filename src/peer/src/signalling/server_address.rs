//! The address of a signalling server.

use std::fmt::{self, Write as _};
use std::str::FromStr;

/// The most characters of an address.
const CHARS_MAX: usize = 256;

/// Where a signalling server is called: `ws://HOST:PORT` or `wss://HOST:PORT`, with a path where the
/// server is under one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerAddress(String);

/// Not the address of a signalling server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{address:?} is no address of a signalling server: {reason}")]
pub struct NoServer {
    address: String,
    reason: &'static str,
}

impl ServerAddress {
    /// The address to call for a room: its name is the last part of the path.
    pub(crate) fn of_room(&self, room: &str) -> String {
        let mut address = format!("{}/", self.0);
        for byte in room.bytes() {
            // What RFC 3986, section 2.3, calls unreserved.
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'~' => {
                    address.push(char::from(byte));
                }
                // Full stops too: `..` is another folder.
                _ => write!(address, "%{byte:02X}").expect("a String takes all"),
            }
        }
        address
    }
}

impl FromStr for ServerAddress {
    type Err = NoServer;

    fn from_str(text: &str) -> Result<Self, NoServer> {
        let wrong = |reason| {
            let address = text.chars().take(CHARS_MAX).collect();
            Err(NoServer { address, reason })
        };
        let Some(rest) = text.strip_prefix("ws://").or_else(|| text.strip_prefix("wss://")) else {
            return wrong("it begins with neither ws:// nor wss://");
        };
        if text.len() > CHARS_MAX {
            return wrong("it has more than 256 characters");
        }
        if let Some(odd) = rest.find(|c: char| !c.is_ascii_graphic() || "?#@\\".contains(c)) {
            return wrong(match rest.as_bytes()[odd] {
                b'?' => "it has a query",
                b'#' => "it has a fragment",
                b'@' => "it names a user",
                _ => "it has a character that stands in no address",
            });
        }
        let authority = rest.split('/').next().unwrap_or_default();
        let (host, port) = match authority.rsplit_once(':') {
            // The colons of an IPv6 address are in brackets.
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (authority, None),
        };
        if host.is_empty() {
            return wrong("it names no host");
        }
        if port.is_some_and(|port| !is_port(port)) {
            return wrong("its port is no number from 1 to 65535");
        }
        Ok(Self(text.trim_end_matches('/').to_owned()))
    }
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether that is the number of a port.
pub(super) fn is_port(text: &str) -> bool {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    is_plain && text.parse::<u16>().is_ok_and(|port| port > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn a_room_is_the_last_part_of_the_path() {
        let check = |server: &str, room: &str, expected: &str| {
            let address: ServerAddress = server.parse().unwrap();
            assert_eq!(address.of_room(room), expected);
        };
        check("ws://127.0.0.1:3536", "kitten", "ws://127.0.0.1:3536/kitten");
        check("wss://example.org/signal/", "a b/é", "wss://example.org/signal/a%20b%2F%C3%A9");
        check("ws://[::1]:3536", "..", "ws://[::1]:3536/%2E%2E");
        check("ws://[::1]", "?x=1#", "ws://[::1]/%3Fx%3D1%23");
    }

    #[test]
    fn what_is_no_address_is_named_with_the_reason() {
        for (text, reason) in [
            ("http://127.0.0.1", "neither ws:// nor wss://"),
            ("", "neither ws:// nor wss://"),
            ("ws:/a", "neither ws:// nor wss://"),
            ("ws://", "no host"),
            ("ws://:3536", "no host"),
            ("ws:///room", "no host"),
            ("ws://a:0", "port"),
            ("ws://a:65536", "port"),
            ("ws://a:+1", "port"),
            ("ws://a:", "port"),
            ("ws://a b", "character"),
            ("ws://é", "character"),
            ("ws://a?next=2", "query"),
            ("ws://a#b", "fragment"),
            ("ws://me:secret@a", "user"),
            (&format!("ws://{}", "a".repeat(252)), "256"),
        ] {
            let error = text.parse::<ServerAddress>().unwrap_err().to_string();
            let shown: String = text.chars().take(CHARS_MAX).collect();
            assert!(error.starts_with(&format!("{shown:?} is no address")), "{error}");
            assert!(error.contains(reason), "{error}");
        }
    }
}
