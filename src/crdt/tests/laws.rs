//! The laws of joins and merges: commutative, associative, idempotent; a delta says what the state
//! says.

#![cfg(not(target_arch = "wasm32"))]

use std::num::NonZeroU32;
use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use scalesmall_crdt::{Claim, ClaimMap, Delta, KeyRange, NodeId, Operation, ReplicaId, Update};

const REPLICAS: usize = 3;

/// What a replica shows, and what it would say to more.
fn shown(map: &ClaimMap) -> impl PartialEq + std::fmt::Debug + use<> {
    map.check_invariants();
    let claims: Vec<(Claim, u64)> = map.claims().collect();
    (map.fingerprint(), map.context().clone(), claims, map.waiting())
}

fn operations() -> impl Strategy<Value = Operation> {
    let ranges = [(0, 9), (0, 4), (2, 3)].map(|(start, end)| KeyRange::new(start, end).unwrap());
    let claim =
        select(ranges.to_vec()).prop_map(|range| Claim::new(NodeId::new("n").unwrap(), range));
    (claim, 1..4_u32, 0..6_u8).prop_map(move |(claim, by, kind)| {
        let by = NonZeroU32::new(by).unwrap();
        match kind {
            0 => Operation::Register { claim },
            1 => Operation::Release { claim },
            2 if claim.range == ranges[0] => Operation::Tighten { claim, to: ranges[1] },
            2 | 3 => Operation::Decrease { claim, by },
            _ => Operation::Increase { claim, by },
        }
    })
}

/// Operations at some replicas, each followed by some news from elsewhere.
type History = Vec<(usize, Operation, Vec<Index>)>;

fn histories() -> impl Strategy<Value = History> {
    vec((0..REPLICAS, operations(), vec(any::<Index>(), 0..4)), 1..24)
}

/// The replicas at the end of a history, and all updates.
fn live(history: &History) -> (Vec<ClaimMap>, Vec<Arc<Update>>) {
    let id = |index| ReplicaId::first(NodeId::new(&format!("r{index}")).unwrap());
    let mut maps = vec![ClaimMap::new(); REPLICAS];
    let mut updates: Vec<Arc<Update>> = Vec::new();
    for (on, operation, news) in history {
        if let Ok(update) = maps[*on].issue(&id(*on), operation.clone()) {
            updates.push(Arc::new(update));
        }
        if !updates.is_empty() {
            maps[*on].join(&pick(&updates, news));
        }
    }
    (maps, updates)
}

fn pick(updates: &[Arc<Update>], indices: &[Index]) -> Delta {
    indices.iter().map(|index| Arc::clone(index.get(updates))).collect()
}

proptest! {
    #[test]
    fn joining_deltas_commutes_and_repeats_and_groups(
        history in histories(),
        first in vec(any::<Index>(), 0..20),
        second in vec(any::<Index>(), 0..20),
        on in 0..REPLICAS,
    ) {
        let (maps, updates) = live(&history);
        prop_assume!(!updates.is_empty());
        let (first, second) = (pick(&updates, &first), pick(&updates, &second));
        let after = |deltas: &[&Delta]| {
            let mut map = maps[on].clone();
            deltas.iter().for_each(|delta| {
                map.join(delta);
            });
            shown(&map)
        };
        let mut both = first.clone();
        both.group(second.clone());
        let expected = after(&[&first, &second]);
        prop_assert_eq!(after(&[&second, &first]), expected);
        prop_assert_eq!(after(&[&first, &second]), after(&[&both]));
        prop_assert_eq!(after(&[&first, &second, &first, &second]), after(&[&both]));
    }

    #[test]
    fn merging_states_is_commutative_associative_and_idempotent(history in histories()) {
        let (maps, _) = live(&history);
        let merged = |order: &[usize]| {
            let mut map = maps[order[0]].clone();
            for &other in &order[1..] {
                map.merge(&maps[other]);
            }
            map
        };
        prop_assert_eq!(shown(&merged(&[0, 1])), shown(&merged(&[1, 0])));
        prop_assert_eq!(shown(&merged(&[0, 1, 1, 0])), shown(&merged(&[0, 1])));
        let mut right = maps[0].clone();
        right.merge(&merged(&[1, 2]));
        prop_assert_eq!(shown(&right), shown(&merged(&[0, 1, 2])));
    }

    #[test]
    fn a_delta_says_what_the_state_says(history in histories(), from in 0..REPLICAS, to in 0..REPLICAS) {
        let (maps, updates) = live(&history);
        let seen = maps[from].context();
        let delta: Delta = updates.iter().filter(|update| seen.contains(&update.dot)).cloned().collect();
        let mut by_delta = maps[to].clone();
        let joined = by_delta.join(&delta);
        let mut by_state = maps[to].clone();
        by_state.merge(&maps[from]);
        // The state brings what waits there as well.
        prop_assert_eq!(by_delta.context().includes(seen), true);
        let news = by_delta.context().operations_beyond(maps[to].context());
        prop_assert_eq!(joined.applied.len() as u64, news);
        let waiting: Delta = updates.iter().filter(|update| by_state.context().contains(&update.dot)).cloned().collect();
        by_delta.join(&waiting);
        let claims = |map: &ClaimMap| -> Vec<(Claim, u64)> {
            map.claims().collect()
        };
        prop_assert_eq!(claims(&by_delta), claims(&by_state));
        prop_assert_eq!(by_delta.fingerprint(), by_state.fingerprint());
    }

    #[test]
    fn what_is_known_already_changes_nothing(history in histories(), on in 0..REPLICAS) {
        let (maps, updates) = live(&history);
        let seen = maps[on].context();
        let known: Delta = updates.iter().filter(|update| seen.contains(&update.dot)).cloned().collect();
        let mut map = maps[on].clone();
        let joined = map.join(&known);
        prop_assert!(joined.applied.is_empty() && joined.claims().is_empty() && joined.waiting == 0);
        map.merge(&maps[on]);
        prop_assert_eq!(shown(&map), shown(&maps[on]));
    }
}
