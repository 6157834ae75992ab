//! Everything that `scalesmall-crdt` does, behind exported functions, so that nothing of it is
//! left out: how large is it?
//!
//! ```sh
//! cargo build --release --target wasm32-unknown-unknown
//! wasm-opt -Oz --all-features target/wasm32-unknown-unknown/release/scalesmall_crdt_size.wasm -o size.wasm
//! ```

use std::cell::RefCell;
use std::num::NonZeroU32;
use std::sync::Arc;

use scalesmall_crdt::{
    Announcement, Claim, ClaimMap, Delta, History, KeyRange, NodeId, Operation, ReplicaId, Roster,
    Stability, VersionVector,
};

#[derive(Default)]
struct State {
    /// What the functions read and write.
    bytes: Vec<u8>,
    map: ClaimMap,
    log: History,
}

thread_local! {
    static STATE: RefCell<State> = RefCell::default();
}

/// Does something; its result, or 0 where it fails.
fn with(act: impl FnOnce(&mut State) -> Option<usize>) -> usize {
    STATE.with_borrow_mut(|state| act(state).unwrap_or(0))
}

#[unsafe(no_mangle)]
pub extern "C" fn push(byte: u8) {
    with(|state| {
        state.bytes.push(byte);
        None
    });
}

#[unsafe(no_mangle)]
pub extern "C" fn pop() -> usize {
    with(|state| state.bytes.pop().map(usize::from))
}

/// An operation by the node that is named in the bytes; its delta in the bytes.
#[unsafe(no_mangle)]
pub extern "C" fn issue(kind: u32, start: u32, end: u32, by: u32, to_start: u32, to_end: u32) -> usize {
    with(|state| {
        let node = NodeId::new(std::str::from_utf8(&state.bytes).ok()?).ok()?;
        let claim = Claim::new(node.clone(), KeyRange::new(start, end).ok()?);
        let by = NonZeroU32::new(by)?;
        let operation = match kind {
            0 => Operation::Register { claim },
            1 => Operation::Release { claim },
            2 => Operation::Increase { claim, by },
            3 => Operation::Decrease { claim, by },
            _ => Operation::Tighten { claim, to: KeyRange::new(to_start, to_end).ok()? },
        };
        let update = Arc::new(state.map.issue(&ReplicaId::first(node), operation).ok()?);
        state.log.push(Arc::clone(&update));
        state.bytes = Delta::from_iter([update]).to_bytes();
        Some(state.bytes.len())
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn join() -> usize {
    with(|state| {
        let delta = Delta::from_bytes_with(&state.bytes, &state.log).ok()?;
        let joined = state.map.join(&delta);
        let claims = joined.claims().len();
        joined.applied.into_iter().for_each(|update| state.log.push(update));
        Some(claims)
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn merge() -> usize {
    with(|state| Some(state.map.merge(&ClaimMap::from_bytes(&state.bytes).ok()?).claims.len()))
}

#[unsafe(no_mangle)]
pub extern "C" fn snapshot() -> usize {
    with(|state| {
        state.bytes = state.map.to_bytes();
        Some(state.bytes.len())
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn context() -> usize {
    with(|state| {
        state.bytes = state.map.context().to_bytes();
        Some(state.map.fingerprint().to_u64() as usize)
    })
}

/// What the receiver whose context is in the bytes lacks, all in all or for some keys.
#[unsafe(no_mangle)]
pub extern "C" fn news(start: u32, end: u32) -> usize {
    with(|state| {
        let seen = VersionVector::from_bytes(&state.bytes).ok()?;
        let delta = match KeyRange::new(start, end) {
            Ok(range) => state.log.beyond_in(range, &seen, 1_000),
            Err(_) => state.log.beyond(&seen, 1_000),
        };
        state.bytes = delta.to_bytes_for(&seen, &state.map);
        Some(state.bytes.len())
    })
}

/// What has been announced in the bytes is heard, what can be folded is folded, and the answer is
/// announced.
#[unsafe(no_mangle)]
pub extern "C" fn fold() -> usize {
    with(|state| {
        let heard = Announcement::from_bytes(&state.bytes).ok()?;
        let mut roster = Roster::new();
        roster.merge(&heard.roster);
        let mut stability = Stability::new(heard.from.fresh(), roster);
        stability.hear(&heard);
        state.bytes = stability.announce(state.map.context()).to_bytes();
        let cut = stability.cut(state.map.context())?;
        Some(state.map.fold(&cut))
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn ownership(start: u32, end: u32) -> usize {
    with(|state| {
        let range = KeyRange::new(start, end).ok()?;
        let ownership = state.map.ownership();
        let owners = ownership.owners(start);
        let claims = owners.iter().map(|owner| ownership.claims_of(&owner.node).count());
        let split_points = ownership.split_points(range).len();
        let gaps = ownership.gaps_in(range).count();
        Some(claims.sum::<usize>() + split_points + gaps + ownership.segments_in(range).count())
    })
}
