//! What the address says of a room.

use scalesmall_peer::Room;
use scalesmall_peer::limits::NODES_MAX;
use scalesmall_peer::web::{IceServers, Signalling};

use crate::texts::text;

/// How many nodes a page hosts that is not told how many.
const NODES: usize = 3;

/// A room that is to be joined.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LiveWish {
    pub(crate) room: Room,
    /// How many nodes are to be hosted here.
    pub(crate) nodes: usize,
    /// How the others are heard of.
    pub(crate) signalling: Signalling,
    /// What helps to connect to them.
    pub(crate) ice: IceServers,
    /// What somebody in the room has brought the reader by hand.
    pub(crate) invitation: Option<String>,
}

/// Whether a fragment of an address is that of a room.
pub(crate) fn is_live(fragment: &str) -> bool {
    parts(fragment).any(|(name, _)| name == "room")
}

impl LiveWish {
    /// Reads `#room=NAME`, with `&secret=` and `&nodes=` where they are given, and for rooms across
    /// machines `&signal=`, `&ice=` as often as there are servers, `&ice_user=` and `&ice_password=`, and `&offer=` where
    /// somebody has invited the reader by hand.
    /// `decode` undoes percent-encoding.
    ///
    /// # Errors
    ///
    /// What is wrong, and where, for people.
    pub(crate) fn read(
        fragment: &str,
        decode: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, String> {
        let (mut room, mut secret, mut nodes) = (String::new(), String::new(), NODES);
        let mut signalling = Signalling::Tabs;
        let (mut urls, mut user, mut password) = (Vec::new(), String::new(), String::new());
        let mut invitation = None;
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
                "signal" => {
                    let address = value.parse().map_err(|error| format!("signal: {error}"))?;
                    signalling = Signalling::Server(address);
                }
                "ice" => urls.push(value),
                "ice_user" => user = value,
                "ice_password" => password = value,
                "offer" => invitation = Some(value),
                _ => {
                    let known = "ice, ice_password, ice_user, nodes, offer, room, secret, signal";
                    return Err(text!("address.unknown", name = name, known = known));
                }
            }
        }
        let room = Room::new(&room, &secret).map_err(|error| format!("room: {error}"))?;
        let ice =
            IceServers::new(urls, &user, &password).map_err(|error| format!("ice: {error}"))?;
        Ok(Self { room, nodes, signalling, ice, invitation })
    }
}

/// A fragment without the invitation that is in it, which is good for once.
pub(super) fn without_invitation(fragment: &str) -> String {
    let fragment = fragment.trim_start_matches('#');
    let kept = fragment.split('&').filter(|part| !part.starts_with("offer="));
    kept.collect::<Vec<_>>().join("&")
}

/// The introduction in what somebody has been sent: it alone, or in the address that invites.
pub(super) fn introduction(text: &str) -> &str {
    let (_, rest) = text.split_once("offer=").unwrap_or(("", text));
    rest.split('&').next().unwrap_or_default().trim()
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
        assert_eq!((wish.signalling, wish.ice), (Signalling::Tabs, IceServers::default()));
    }

    #[test]
    fn a_signalling_server_and_what_helps_to_connect() {
        let wish = read(
            "#room=a&signal=ws://127.0.0.1:3536&ice=stun:b&ice=turn:c:1&ice_user=d&ice_password=e",
        );
        let wish = wish.unwrap();
        let address = "ws://127.0.0.1:3536".parse().unwrap();
        assert_eq!(wish.signalling, Signalling::Server(address));
        assert_eq!(wish.ice.urls(), ["stun:b", "turn:c:1"]);
    }

    #[test]
    fn an_invitation_is_in_an_address_for_once() {
        let wish = read("#room=a&offer=b_-1&secret=c").unwrap();
        assert_eq!(wish.invitation.as_deref(), Some("b_-1"));
        assert_eq!(without_invitation("#room=a&offer=b_-1&secret=c"), "room=a&secret=c");
        assert_eq!(introduction(" http://a/#room=a&offer=b_-1&secret=c\n"), "b_-1");
        assert_eq!(introduction("\nb_-1\n"), "b_-1");
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
        assert!(message("#room=a&signal=http://b").starts_with("signal: \"http://b\""));
        assert!(message("#room=a&ice=b").starts_with("ice: \"b\""));
        assert!(message("#room=a&ice=turn:b").starts_with("ice: \"turn:b\" needs a user"));
    }
}
