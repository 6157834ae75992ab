//! Who else is called to a room by a signalling server, in the server's words.
//!
//! The server is any that speaks as `matchbox_server` does, in JSON over a WebSocket whose path is the
//! room. It names its clients itself, tells those in a room of each that comes after them and of each
//! that goes, and passes on what one has for another. Ours have [`Envelope`]s for each other, as
//! hexadecimal digits: twice as many bytes, of a few hundred, as there have to be, and next to none of
//! code.
//!
//! Whoever is there greets whoever comes: the newcomer is not told of the others by the server.

use serde_json::Value;

use super::remote::PEERS_MAX;
use super::signal::{Envelope, Signal};
use crate::PeerId;

/// The most characters of what a server says at once, and so of what it is told: a description of a
/// connection has at most half as many bytes, and a name.
pub(crate) const TEXT_BYTES_MAX: usize = 40 << 10;
/// The most clients that are known: as many as there may be peers, each of which may have called
/// again before the server has missed its earlier call.
const CLIENTS_MAX: usize = 2 * PEERS_MAX;
/// The most characters of a client's name. Those of matchbox have 36.
const NAME_CHARS_MAX: usize = 64;
/// What is said to a server so that it, and whatever is on the way to it, goes on listening.
pub(crate) const KEEP_ALIVE: &str = "\"KeepAlive\"";

/// The clients of the server in one room, but oneself.
pub(crate) struct Directory {
    own: PeerId,
    clients: Vec<Client>,
}

struct Client {
    /// As the server has it.
    name: String,
    /// Who it is, once it has said so.
    peer: Option<PeerId>,
}

/// What a server has said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// It has let one in.
    Assigned,
    /// Another client has come, and is to be told this.
    Came(String),
    /// A peer has left the server. It may have done so alone.
    Left(PeerId),
    /// A peer has said something.
    Heard(PeerId, Signal),
}

impl Directory {
    /// Nobody is known.
    pub(crate) fn new(own: PeerId) -> Self {
        Self { own, clients: Vec::new() }
    }

    /// Forgets everybody: the server has been called anew.
    pub(crate) fn clear(&mut self) {
        self.clients.clear();
    }

    /// Reads what the server says; nothing where it says nothing of use.
    pub(crate) fn hear(&mut self, text: &str) -> Option<News> {
        if text.len() > TEXT_BYTES_MAX {
            return None;
        }
        let said: Value = serde_json::from_str(text).ok()?;
        let (kind, what) = said.as_object()?.iter().next()?;
        match &**kind {
            "IdAssigned" => Some(News::Assigned),
            "NewPeer" => {
                let client = self.place(what.as_str()?)?;
                Some(News::Came(self.addressed(&self.clients[client], None, Signal::Hello)))
            }
            "PeerLeft" => {
                let name = what.as_str()?;
                let gone = self.clients.iter().position(|client| client.name == name)?;
                Some(News::Left(self.clients.swap_remove(gone).peer?))
            }
            "Signal" => {
                let envelope = Envelope::decode(&from_digits(what.get("data")?.as_str()?)?)?;
                let Envelope { from, to, signal } = envelope;
                let client = self.place(what.get("sender")?.as_str()?)?;
                let is_for_own = to.is_none_or(|to| to == self.own) && from != self.own;
                (is_for_own && self.identify(client, from)).then_some(News::Heard(from, signal))
            }
            _ => None,
        }
    }

    /// What the server is to be told so that one peer hears a signal, or all.
    pub(crate) fn post(&self, to: Option<PeerId>, signal: &Signal) -> Vec<String> {
        let is_meant = |client: &&Client| to.is_none() || client.peer == to;
        let meant = self.clients.iter().filter(is_meant);
        let mut texts: Vec<String> =
            meant.map(|client| self.addressed(client, to, signal.clone())).collect();
        if to.is_none() && texts.is_empty() {
            texts.push(KEEP_ALIVE.to_owned());
        }
        texts
    }

    /// Where a client is in the list, with a place for one that is new if there is room for it.
    fn place(&mut self, name: &str) -> Option<usize> {
        let is_this = |client: &Client| client.name == name;
        if let Some(place) = self.clients.iter().position(is_this) {
            return Some(place);
        }
        // It is said again as it is, within quotes.
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        let is_name = (1..=NAME_CHARS_MAX).contains(&name.len()) && name.bytes().all(is_plain);
        (is_name && self.clients.len() < CLIENTS_MAX).then(|| {
            self.clients.push(Client { name: name.to_owned(), peer: None });
            self.clients.len() - 1
        })
    }

    /// Takes note of who a client is. It cannot be two; and who has called again is the later one.
    fn identify(&mut self, client: usize, peer: PeerId) -> bool {
        let known = self.clients[client].peer;
        if known.is_none() {
            for other in self.clients.iter_mut().filter(|other| other.peer == Some(peer)) {
                other.peer = None;
            }
            self.clients[client].peer = Some(peer);
        }
        known.is_none_or(|known| known == peer)
    }

    fn addressed(&self, client: &Client, to: Option<PeerId>, signal: Signal) -> String {
        let data = digits(&Envelope { from: self.own, to, signal }.encode());
        format!(r#"{{"Signal":{{"receiver":"{}","data":"{data}"}}}}"#, client.name)
    }
}

fn digits(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(value.into(), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn from_digits(text: &str) -> Option<Vec<u8>> {
    let value = |digit: u8| char::from(digit).to_digit(16);
    let byte = |pair: &[u8]| match *pair {
        [high, low] => Some((value(high)? << 4 | value(low)?) as u8),
        _ => None,
    };
    text.as_bytes().chunks(2).map(byte).collect()
}

/// How long to wait before the server is called again that has not answered so many times in a row:
/// a second, and twice as long each time up to half a minute, more or less by chance, so that all
/// whom it has left do not come at once.
pub(crate) fn pause_ms(failures: u32, chance: u32) -> u32 {
    let pause_ms = (1_000 << failures.min(5)).min(30_000);
    pause_ms / 2 + chance % pause_ms
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const A: PeerId = PeerId::new(1);
    const B: PeerId = PeerId::new(2);

    /// What the server makes of what client `from` says, for the one that it is for.
    fn passed_on(from: &str, text: &str) -> String {
        let said: Value = serde_json::from_str(text).unwrap();
        let data = &said["Signal"]["data"];
        format!(r#"{{"Signal":{{"sender":"{from}","data":{data}}}}}"#)
    }

    fn says(from: &str, peer: PeerId, signal: Signal) -> String {
        let data = digits(&Envelope { from: peer, to: None, signal }.encode());
        format!(r#"{{"Signal":{{"sender":"{from}","data":"{data}"}}}}"#)
    }

    #[test]
    fn who_comes_is_greeted_and_answers_by_name() {
        let (mut a, mut b) = (Directory::new(A), Directory::new(B));
        assert_eq!(a.hear(r#"{"IdAssigned":"client-a"}"#), Some(News::Assigned));
        assert_eq!(a.post(None, &Signal::Hello), [KEEP_ALIVE], "nobody is there");
        let Some(News::Came(greeting)) = a.hear(r#"{ "NewPeer" : "client-b" }"#) else {
            panic!("a client has come");
        };
        assert!(greeting.starts_with(r#"{"Signal":{"receiver":"client-b","data":""#), "{greeting}");
        let heard = b.hear(&passed_on("client-a", &greeting));
        assert_eq!(heard, Some(News::Heard(A, Signal::Hello)));
        let [answer] = &b.post(Some(A), &Signal::Here)[..] else { panic!("it is known") };
        assert_eq!(a.hear(&passed_on("client-b", answer)), Some(News::Heard(B, Signal::Here)));
        assert_eq!(a.post(Some(B), &Signal::Call).len(), 1);
        assert_eq!(a.hear(r#"{"PeerLeft":"client-b"}"#), Some(News::Left(B)));
        assert!(a.post(Some(B), &Signal::Call).is_empty());
    }

    #[test]
    fn who_calls_again_is_the_same_peer_and_is_not_missed_by_its_earlier_name() {
        let mut a = Directory::new(A);
        assert!(a.hear(&says("one", B, Signal::Here)).is_some());
        assert!(a.hear(&says("two", B, Signal::Hello)).is_some());
        let to_b = a.post(Some(B), &Signal::Here);
        assert!(to_b.len() == 1 && to_b[0].contains("\"two\""), "{to_b:?}");
        assert_eq!(a.hear(r#"{"PeerLeft":"one"}"#), None);
        assert_eq!(a.hear(r#"{"PeerLeft":"two"}"#), Some(News::Left(B)));
    }

    #[test]
    fn a_client_is_one_peer_and_none_is_oneself() {
        let mut a = Directory::new(A);
        assert!(a.hear(&says("one", B, Signal::Here)).is_some());
        assert_eq!(a.hear(&says("one", PeerId::new(3), Signal::Here)), None);
        assert_eq!(a.hear(&says("two", A, Signal::Bye)), None);
        let to_b = Envelope { from: PeerId::new(3), to: Some(B), signal: Signal::Here };
        let data = digits(&to_b.encode());
        let text = format!(r#"{{"Signal":{{"sender":"three","data":"{data}"}}}}"#);
        assert_eq!(a.hear(&text), None, "it is for somebody else");
    }

    #[test]
    fn whatever_else_a_server_says_is_ignored() {
        let mut a = Directory::new(A);
        let nested = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        let long = says("one", B, Signal::Hello) + &" ".repeat(TEXT_BYTES_MAX);
        let name = format!(r#"{{"NewPeer":"{}"}}"#, "a".repeat(NAME_CHARS_MAX + 1));
        for text in [
            "",
            "[]",
            "{}",
            "null",
            "\"KeepAlive\"",
            r#"{"NewPeer":1}"#,
            r#"{"NewPeer":""}"#,
            r#"{"NewPeer":"a\"b"}"#,
            r#"{"Signal":{"sender":"a","data":"00"}}"#,
            r#"{"Signal":{"sender":"a","data":"0"}}"#,
            r#"{"Signal":{"sender":"a","data":"+0"}}"#,
            r#"{"Signal":{"sender":"a","data":{"Offer":""}}}"#,
            r#"{"Signal":{"data":"00"}}"#,
            r#"{"PeerLeft":"nobody"}"#,
            r#"{"Else":"a"}"#,
            &nested,
            &long,
            &name,
        ] {
            assert_eq!(a.hear(text), None, "{text:.60}");
        }
        let texts = (0..9 * CLIENTS_MAX).map(|n| format!(r#"{{"NewPeer":"client-{n}"}}"#));
        assert_eq!(texts.filter(|text| a.hear(text).is_some()).count(), CLIENTS_MAX);
    }

    #[test]
    fn the_longest_signals_that_are_needed_fit() {
        let mut a = Directory::new(A);
        let description = "é".repeat(8 << 10);
        let offer = Signal::Offer { attempt: 1, description };
        let said = says(&"a".repeat(NAME_CHARS_MAX), B, offer.clone());
        assert_eq!(a.hear(&said), Some(News::Heard(B, offer)));
    }

    #[test]
    fn pauses_grow_and_differ() {
        for chance in [0, 1, 999, u32::MAX] {
            assert!((500..1_500).contains(&pause_ms(0, chance)));
            assert!((4_000..12_000).contains(&pause_ms(3, chance)));
            assert!((15_000..45_000).contains(&pause_ms(u32::MAX, chance)));
        }
        assert_ne!(pause_ms(2, 1), pause_ms(2, 2));
    }
}
