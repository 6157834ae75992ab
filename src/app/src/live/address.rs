//! What the address says of a room.

use scalesmall_peer::Room;
use scalesmall_peer::limits::NODES_MAX;

use crate::texts::text;

/// How many nodes a page hosts that is not told how many.
const NODES: usize = 3;

/// A room that is to be joined.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LiveWish {
    pub(crate) room: Room,
    /// How many nodes are to be hosted here.
    pub(crate) nodes: usize,
}

/// Whether a fragment of an address is that of a room.
pub(crate) fn is_live(fragment: &str) -> bool {
    parts(fragment).any(|(name, _)| name == "room")
}

impl LiveWish {
    /// Reads `#room=NAME`, with `&secret=` and `&nodes=` where they are given. `decode` undoes
    /// percent-encoding.
    ///
    /// # Errors
    ///
    /// What is wrong, and where, for people.
    pub(crate) fn read(
        fragment: &str,
        decode: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, String> {
        let (mut room, mut secret, mut nodes) = (String::new(), String::new(), NODES);
        for (name, value) in parts(fragment) {
            let value = decode(value).ok_or_else(|| text!("address.broken", name = name))?;
            match name {
                "room" => room = value,
                "secret" => secret = value,
                "nodes" => {
                    let count = value.parse().ok().filter(|count| (1..=NODES_MAX).contains(count));
                    let wrong = || {
                        text!("address.no_nodes", value = format!("{value:?}"), most = NODES_MAX)
                    };
                    nodes = count.ok_or_else(wrong)?;
                }
                _ => {
                    let known = "nodes, room, secret";
                    return Err(text!("address.unknown", name = name, known = known));
                }
            }
        }
        let room = Room::new(&room, &secret).map_err(|error| format!("room: {error}"))?;
        Ok(Self { room, nodes })
    }
}

/// Name and value of each part.
fn parts(fragment: &str) -> impl Iterator<Item = (&str, &str)> {
    let parts = fragment.trim_start_matches('#').split('&').filter(|part| !part.is_empty());
    parts.map(|part| part.split_once('=').unwrap_or((part, "")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(fragment: &str) -> Result<LiveWish, String> {
        LiveWish::read(fragment, |text| (text != "%").then(|| text.to_owned()))
    }

    #[test]
    fn a_room_its_secret_and_how_many_nodes() {
        assert!(is_live("#room=a") && is_live("secret=b&room=a") && !is_live("#scenario=room"));
        let wish = read("#room=a").unwrap();
        assert_eq!((wish.room, wish.nodes), (Room::new("a", "").unwrap(), NODES));
        let wish = read("#room=a&nodes=24&secret=b").unwrap();
        assert_eq!((wish.room, wish.nodes), (Room::new("a", "b").unwrap(), 24));
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let message = |fragment: &str| read(fragment).unwrap_err();
        assert!(message("#room=").starts_with("room: "));
        assert!(message("#room=%").starts_with("room: "));
        assert!(message("#room=a&at=1").starts_with("at: "));
        for nodes in ["0", "25", "x", ""] {
            let message = message(&format!("#room=a&nodes={nodes}"));
            assert!(message.starts_with("nodes: ") && message.contains(&format!("{nodes:?}")));
        }
    }
}
