//! What the nodes of a page are called, also when it is loaded anew.
//!
//! A tab remembers its nodes' names and what they claim (`sessionStorage`), so that after a reload
//! they are there again: under the same names, as later replicas, since their states are gone, and
//! with their claims. A lock in the browser's keeping says that no other tab has these names: one that
//! is a duplicate remembers the same, and takes others.

use gloo::utils::window;
use scalesmall_crdt::{KeyRange, NodeId, ReplicaId};
use scalesmall_peer::limits::NODES_MAX;
use scalesmall_peer::web::{Lock, random_bits};
use scalesmall_peer::{Peer, Room, sayable_name};
use serde_json::{Value, json};
use web_sys::Storage;

/// For how long a page that is being left may keep its names, in milliseconds.
const PATIENCE_MS: u32 = 500;
/// The most claims of a node that are remembered.
const CLAIMS_MAX: usize = 200;
/// When incarnations begin to count, in seconds since 1970: at the beginning of 2026.
const INCARNATIONS_FROM_S: f64 = 1_767_225_600.0;

/// The names that a peer of this page gives its nodes, for as long as it is there.
pub(super) struct Names {
    /// Where they are remembered.
    key: String,
    memory: Memory,
    _lock: Option<Lock>,
}

/// What is remembered of a peer.
#[derive(Debug, PartialEq)]
struct Memory {
    /// How all of the names begin.
    name: String,
    incarnation: u32,
    /// What the nodes claim, each by its number, with the priority.
    claims: Vec<(usize, KeyRange, u64)>,
}

impl Names {
    /// Those that this tab remembers of the page's peer of this number in a room, or new ones.
    pub(super) async fn of_tab(room: &Room, number: usize) -> Self {
        let key = format!("scalesmall.room/{}/{number}", room.name());
        let remembered = recall(&key).and_then(|text| Memory::read(&text));
        let lock = match &remembered {
            Some(memory) => Lock::of_name(&memory.name, PATIENCE_MS).await,
            None => None,
        };
        let names = match remembered.filter(|_| lock.is_some()) {
            Some(memory) => {
                let incarnation = next_incarnation(memory.incarnation);
                Self { key, memory: Memory { incarnation, ..memory }, _lock: lock }
            }
            None => {
                let name = sayable_name(random_bits());
                let lock = Lock::of_name(&name, PATIENCE_MS).await;
                let (incarnation, claims) = (next_incarnation(0), Vec::new());
                Self { key, memory: Memory { name, incarnation, claims }, _lock: lock }
            }
        };
        // Before anything is done under this incarnation.
        remember(&names.key, &names.memory.written());
        names
    }

    /// As which replicas so many nodes begin.
    pub(super) fn replicas(&self, nodes: usize) -> Vec<ReplicaId> {
        let replica = |number| {
            let incarnation = self.memory.incarnation;
            ReplicaId { node: self.memory.node(number), incarnation }
        };
        (1..=nodes).map(replica).collect()
    }

    /// Lets a peer have the claims that are remembered.
    pub(super) fn bring(&self, peer: &mut Peer) {
        for &(number, range, priority) in &self.memory.claims {
            peer.bring(&self.memory.node(number), range, priority);
        }
    }

    /// Remembers what a peer's nodes claim, once they are in the room.
    pub(super) fn note(&self, peer: &Peer) {
        if !peer.hosted().all(|(_, is_member)| is_member) {
            return;
        }
        let Memory { name, incarnation, .. } = &self.memory;
        let mut claims = Vec::new();
        for number in 1..=NODES_MAX {
            let own = peer.truth().ownership().claims_of(&self.memory.node(number));
            claims.extend(own.take(CLAIMS_MAX).map(|(range, priority)| (number, range, priority)));
        }
        let (name, incarnation) = (name.clone(), *incarnation);
        remember(&self.key, &Memory { name, incarnation, claims }.written());
    }
}

impl Memory {
    fn node(&self, number: usize) -> NodeId {
        NodeId::new(&format!("{}{number}", self.name)).expect("letters and a number")
    }

    fn written(&self) -> String {
        let claim = |&(number, range, priority): &(usize, KeyRange, u64)| {
            json!([number, range.start(), range.end(), priority])
        };
        let claims: Vec<Value> = self.claims.iter().map(claim).collect();
        json!([self.name, self.incarnation, claims]).to_string()
    }

    /// What was written; nothing where it was something else.
    fn read(text: &str) -> Option<Self> {
        let file: Value = serde_json::from_str(text).ok()?;
        let name = file[0].as_str()?.to_owned();
        let is_name = name.len() == 5 && name.bytes().all(|byte| byte.is_ascii_lowercase());
        let incarnation = u32::try_from(file[1].as_u64()?).ok()?;
        let mut claims = Vec::new();
        for claim in file[2].as_array()? {
            let at = |index: usize| claim[index].as_u64();
            let key = |index| u32::try_from(at(index)?).ok();
            let range = KeyRange::new(key(1)?, key(2)?).ok()?;
            let number = usize::try_from(at(0)?).ok().filter(|it| (1..=NODES_MAX).contains(it))?;
            claims.push((number, range, at(3)?));
        }
        is_name.then_some(Self { name, incarnation, claims })
    }
}

/// The incarnation after this one. The time is in it, so that it is a new one also where a browser
/// that has crashed remembers an older one than there was.
fn next_incarnation(before: u32) -> u32 {
    let seconds = js_sys::Date::now() / 1_000.0 - INCARNATIONS_FROM_S;
    (seconds.max(0.0) as u32).max(before.saturating_add(1))
}

fn storage() -> Option<Storage> {
    window().session_storage().ok().flatten()
}

fn recall(key: &str) -> Option<String> {
    storage()?.get_item(key).ok().flatten()
}

fn remember(key: &str, text: &str) {
    if let Some(storage) = storage() {
        // Where it is full or refused, the page has other names when it is loaded anew.
        let _ = storage.set_item(key, text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_is_read_as_it_was_written() {
        let range = |start| KeyRange::new(start, start + 9).unwrap();
        let claims = vec![(1, range(0), 3), (1, range(7), 0), (24, range(5), 1)];
        let memory = Memory { name: "babab".to_owned(), incarnation: 77, claims };
        assert_eq!(Memory::read(&memory.written()), Some(memory));
        for text in [
            "",
            "[]",
            r#"["babab",-1,[]]"#,
            r#"["babab",4294967296,[]]"#,
            r#"["ba ab",1,[]]"#,
            r#"["bababa",1,[]]"#,
            r#"["babab",1,[[0,0,9,1]]]"#,
            r#"["babab",1,[[25,0,9,1]]]"#,
            r#"["babab",1,[[1,9,0,1]]]"#,
            r#"["babab",1,[[1,0,4294967296,1]]]"#,
        ] {
            assert_eq!(Memory::read(text), None, "{text}");
        }
    }
}
