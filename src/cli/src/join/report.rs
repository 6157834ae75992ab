//! What a member of a room prints.

use std::collections::BTreeMap;

use scalesmall_crdt::Key;
use scalesmall_node::SimTime;
use scalesmall_peer::native::{ServerAddress, now_us};
use scalesmall_peer::{LinkFacts, Path, Peer, PeerId, Room};
use serde_json::{Map, Value, json};

use super::commands::HELP;
use crate::output;

/// Prints what is new, each thing on a line.
pub(super) struct Report {
    is_json: bool,
    server: String,
    /// The peers that are connected, and the nodes that they host.
    peers: BTreeMap<PeerId, Vec<String>>,
    agreed: Option<u64>,
    /// When it was last said of somebody that it is turned away.
    turned_away_at: Option<SimTime>,
}

impl Report {
    pub(super) fn new(is_json: bool, server: &ServerAddress) -> Self {
        let server = server.to_string();
        Self { is_json, server, peers: BTreeMap::new(), agreed: None, turned_away_at: None }
    }

    pub(super) fn begin(&self, room: &Room, peer: &Peer) -> Result<(), String> {
        let (name, id, nodes) = (room.name(), peer.id().to_string(), hosted(peer));
        let text = format!("room {name}: peer {} with {}", short(peer.id()), nodes.join(", "));
        self.line(&text, "joined", json!({ "room": name, "peer": id, "nodes": nodes }))
    }

    pub(super) fn server(&self, is_reached: bool) -> Result<(), String> {
        let state = if is_reached { "reached" } else { "not reached, calling again" };
        let text = format!("signalling by {}: {state}", self.server);
        self.line(&text, "server", json!({ "server": self.server, "reached": is_reached }))
    }

    pub(super) fn refused(&self, reason: &str) -> Result<(), String> {
        self.line(&format!("error: {reason}"), "error", json!({ "error": reason }))
    }

    pub(super) fn end(&self) -> Result<(), String> {
        self.line("leaving", "leaving", json!({}))
    }

    pub(super) fn help(&self) -> Result<(), String> {
        self.line(HELP.trim_end(), "help", json!({ "help": HELP }))
    }

    /// Prints what has changed since it looked last.
    pub(super) fn look(&mut self, peer: &Peer) -> Result<(), String> {
        self.look_who_is_turned_away(peer)?;
        self.look_who_is_there(peer)?;
        let agreed = peer.agreed();
        if agreed != self.agreed {
            self.agreed = agreed;
            self.agreement(peer)?;
        }
        Ok(())
    }

    fn look_who_is_turned_away(&mut self, peer: &Peer) -> Result<(), String> {
        let is_new = |at: SimTime| self.turned_away_at.is_none_or(|last| last < at);
        let new = peer.turned_away().take_while(|&(at, ..)| is_new(at));
        let mut new: Vec<_> = new.map(|(at, who, why)| (at, who, why.to_string())).collect();
        new.reverse();
        for (at, who, why) in new {
            self.turned_away_at = Some(at);
            let text = format!("{} turned away: {why}", short(who));
            self.line(&text, "turned_away", json!({ "peer": who.to_string(), "why": why }))?;
        }
        Ok(())
    }

    fn look_who_is_there(&mut self, peer: &Peer) -> Result<(), String> {
        let proven = peer.links().filter(|(_, facts)| facts.is_proven);
        // A peer that has proven itself says at once what it hosts.
        let there = proven.filter_map(|(id, facts): (PeerId, LinkFacts)| {
            let nodes: Vec<String> = peer.hosted_by(id).map(ToString::to_string).collect();
            (!nodes.is_empty()).then_some((id, (facts.path, nodes)))
        });
        let there: BTreeMap<PeerId, (Path, Vec<String>)> = there.collect();
        let gone: Vec<PeerId> =
            self.peers.keys().filter(|id| !there.contains_key(id)).copied().collect();
        for id in gone {
            let nodes = self.peers.remove(&id).unwrap_or_default();
            let text = format!("{} has gone, with {}", short(id), nodes.join(", "));
            self.line(&text, "gone", json!({ "peer": id.to_string(), "nodes": nodes }))?;
        }
        for (id, (path, nodes)) in there {
            if self.peers.contains_key(&id) {
                continue;
            }
            let (words, path) = path_words(path);
            let text = format!("{} has come, with {}, over {words}", short(id), nodes.join(", "));
            let facts = json!({ "peer": id.to_string(), "nodes": nodes, "path": path });
            self.line(&text, "come", facts)?;
            self.peers.insert(id, nodes);
        }
        Ok(())
    }

    fn agreement(&self, peer: &Peer) -> Result<(), String> {
        let (peers, nodes) = counts(peer);
        let text = match self.agreed {
            Some(agreed) => {
                let (nodes, peers) = (plural(nodes, "node"), plural(peers, "peer"));
                format!("all agree on {agreed:016x}: {nodes} of {peers}")
            }
            None => "not all agree".to_owned(),
        };
        let fingerprint = self.agreed.map(|agreed| format!("{agreed:016x}"));
        let facts = json!({ "fingerprint": fingerprint, "peers": peers, "nodes": nodes });
        self.line(&text, if self.agreed.is_some() { "agreed" } else { "disagreed" }, facts)
    }

    pub(super) fn who(&self, peer: &Peer, key: Key) -> Result<(), String> {
        let owners = peer.truth().ownership().owners(key);
        let words: Vec<String> =
            owners.iter().map(|owner| format!("{} ({})", owner.node, owner.priority)).collect();
        let text = match words.is_empty() {
            true => format!("{key}: nobody"),
            false => format!("{key}: {}", words.join(", ")),
        };
        let owner = |owner: &scalesmall_crdt::Owner| json!({ "node": owner.node.to_string(), "priority": owner.priority });
        let owners: Vec<Value> = owners.iter().map(owner).collect();
        self.line(&text, "who", json!({ "key": key, "owners": owners }))
    }

    pub(super) fn status(&self, peer: &Peer) -> Result<(), String> {
        for (id, facts) in peer.links().filter(|(_, facts)| facts.is_proven) {
            let nodes: Vec<String> = peer.hosted_by(id).map(ToString::to_string).collect();
            let (words, path) = path_words(facts.path);
            let round_trip = facts.round_trip_us.map_or_else(
                || "round trip not known yet".to_owned(),
                |us| format!("round trip {}.{} ms", us / 1_000, us % 1_000 / 100),
            );
            let [came, went] = facts.bytes;
            let text = format!(
                "{}: {}, over {words}, {round_trip}, {came} bytes came and {went} went",
                short(id),
                nodes.join(", "),
            );
            let facts = json!({
                "peer": id.to_string(), "nodes": nodes, "path": path,
                "round_trip_us": facts.round_trip_us, "bytes_came": came, "bytes_went": went,
            });
            self.line(&text, "link", facts)?;
        }
        let claims = peer.truth().ownership().claim_count();
        let text =
            format!("{}; own nodes: {}", plural(claims, "live claim"), hosted(peer).join(", "));
        self.line(&text, "claims", json!({ "claims": claims, "nodes": hosted(peer) }))?;
        self.agreement(peer)
    }

    fn line(&self, text: &str, event: &str, facts: Value) -> Result<(), String> {
        if !self.is_json {
            return output::print(&format!("{text}\n"));
        }
        let mut object = Map::new();
        object.insert("event".to_owned(), event.into());
        object.insert("at_ms".to_owned(), (now_us() / 1_000).into());
        if let Value::Object(facts) = facts {
            object.extend(facts);
        }
        output::print(&format!("{}\n", Value::Object(object)))
    }
}

/// The names of the nodes that are hosted here.
fn hosted(peer: &Peer) -> Vec<String> {
    peer.hosted().map(|(node, _)| node.to_string()).collect()
}

/// How many peers take part here and over the links, and how many nodes they host.
fn counts(peer: &Peer) -> (usize, usize) {
    let proven = peer.links().filter(|(_, facts)| facts.is_proven);
    let hosted = proven.map(|(id, _)| peer.hosted_by(id).count());
    hosted.fold((1, peer.hosted().count()), |(peers, nodes), more| (peers + 1, nodes + more))
}

fn plural(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// Enough of a peer's name to tell it from others, as the page shows it.
fn short(peer: PeerId) -> String {
    peer.to_string()[..8].to_owned()
}

/// A path in words, and in one.
fn path_words(path: Path) -> (&'static str, &'static str) {
    match path {
        Path::Host => ("WebRTC, straight", "host"),
        Path::Reflexive => ("WebRTC, through address translation", "reflexive"),
        Path::Relay => ("WebRTC, through a relay", "relay"),
        Path::Unknown | Path::BroadcastChannel | Path::Simulated => ("WebRTC", "unknown"),
    }
}
