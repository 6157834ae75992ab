//! The claim map against its definition by visibility, after every step of random histories.
//!
//! The specification here is as naive as can be: a log of all operations, and for each replica the
//! set of dots that have reached it. Everything is computed anew from these at every question.

#![cfg(not(target_arch = "wasm32"))]

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::sync::Arc;

use proptest::prelude::*;
use scalesmall_crdt::{
    Claim, ClaimMap, Delta, Dot, KeyRange, NodeId, Operation, ReplicaId, Update,
};

/// An operation as the specification keeps it.
struct Logged {
    adds: Option<(Claim, Added)>,
    cancels: BTreeSet<Dot>,
}

#[derive(Clone, Copy)]
enum Added {
    Registration,
    Change(i128),
}

#[derive(Default)]
struct Specification {
    log: BTreeMap<Dot, Logged>,
}

impl Specification {
    /// What of `received` is applied: per replica the part without gaps.
    fn visible(&self, received: &BTreeSet<Dot>) -> BTreeSet<Dot> {
        let has = |dot: &Dot, counter| received.contains(&Dot { counter, ..dot.clone() });
        received
            .iter()
            .filter(|dot| (1..=dot.counter).all(|counter| has(dot, counter)))
            .cloned()
            .collect()
    }

    fn surviving(&self, visible: &BTreeSet<Dot>, claim: &Claim) -> BTreeMap<Dot, Added> {
        let cancelled: BTreeSet<&Dot> =
            visible.iter().flat_map(|dot| &self.log[dot].cancels).collect();
        let adds = |dot: &Dot| match &self.log[dot].adds {
            Some((to, added)) if to == claim && !cancelled.contains(dot) => {
                Some((dot.clone(), *added))
            }
            _ => None,
        };
        visible.iter().filter_map(adds).collect()
    }

    fn priority(&self, visible: &BTreeSet<Dot>, claim: &Claim) -> Option<u64> {
        let surviving = self.surviving(visible, claim);
        let change = |added: &Added| match added {
            Added::Registration => None,
            Added::Change(by) => Some(*by),
        };
        let changes: Vec<i128> = surviving.values().filter_map(change).collect();
        let total: i128 = changes.iter().sum();
        let registered = changes.len() < surviving.len();
        let present = registered || changes.iter().any(|by| *by > 0);
        let live = present && (changes.is_empty() || total > 0);
        live.then(|| u64::try_from(total).unwrap())
    }

    fn claims(&self, visible: &BTreeSet<Dot>) -> BTreeMap<Claim, u64> {
        let claims: BTreeSet<&Claim> =
            visible.iter().filter_map(|dot| Some(&self.log[dot].adds.as_ref()?.0)).collect();
        claims.into_iter().filter_map(|c| Some((c.clone(), self.priority(visible, c)?))).collect()
    }

    /// Carries out an operation at a replica that sees `visible`; false where it has no effect.
    fn issue(&mut self, dot: Dot, visible: &BTreeSet<Dot>, operation: &Operation) -> bool {
        let survivors = |claim: &Claim| -> BTreeSet<Dot> {
            self.surviving(visible, claim).into_keys().collect()
        };
        // Register or Increase: start afresh where the claim is not live.
        let start = |claim: &Claim, added: Added| {
            let cancels = match self.priority(visible, claim) {
                Some(_) => BTreeSet::new(),
                None => survivors(claim),
            };
            Logged { adds: Some((claim.clone(), added)), cancels }
        };
        let priority = self.priority(visible, operation.claim());
        let logged = match (operation, priority) {
            (Operation::Register { claim }, _) => start(claim, Added::Registration),
            (Operation::Increase { claim, by }, _) => start(claim, Added::Change(by.get().into())),
            (_, None) => return false,
            (Operation::Decrease { claim, by }, Some(priority))
                if u64::from(by.get()) < priority =>
            {
                let added = Added::Change(-i128::from(by.get()));
                Logged { adds: Some((claim.clone(), added)), cancels: BTreeSet::new() }
            }
            (Operation::Decrease { claim, .. } | Operation::Release { claim }, _) => {
                Logged { adds: None, cancels: survivors(claim) }
            }
            (Operation::Tighten { claim, to }, Some(priority)) => {
                let added = match priority {
                    0 => Added::Registration,
                    _ => Added::Change(priority.into()),
                };
                let mut logged = start(&Claim::new(claim.node.clone(), *to), added);
                logged.cancels.extend(survivors(claim));
                logged
            }
        };
        self.log.insert(dot, logged);
        true
    }
}

struct Replica {
    id: ReplicaId,
    map: ClaimMap,
    received: BTreeSet<Dot>,
}

/// One step of a history. Indices are taken modulo what there is.
#[derive(Clone, Debug)]
enum Step {
    Issue {
        on: usize,
        operation: Operation,
    },
    /// Any updates of the whole history, in any grouping, lost and repeated at will.
    Deliver {
        to: usize,
        updates: Vec<prop::sample::Index>,
    },
    /// A whole state.
    Merge {
        from: usize,
        to: usize,
    },
    /// A restart with the state lost.
    Restart {
        on: usize,
    },
}

const REPLICAS: usize = 4;

fn claims() -> impl Strategy<Value = Claim> {
    let ranges = [(0, 9), (0, 4), (2, 3), (5, 9)].map(|(a, b)| KeyRange::new(a, b).unwrap());
    ("[pq]", prop::sample::select(ranges.to_vec()))
        .prop_map(|(node, range)| Claim::new(NodeId::new(&node).unwrap(), range))
}

fn operations() -> impl Strategy<Value = Operation> {
    let by = (1..4_u32).prop_map(|by| NonZeroU32::new(by).unwrap());
    prop_oneof![
        2 => claims().prop_map(|claim| Operation::Register { claim }),
        3 => (claims(), by.clone()).prop_map(|(claim, by)| Operation::Increase { claim, by }),
        3 => (claims(), by).prop_map(|(claim, by)| Operation::Decrease { claim, by }),
        2 => claims().prop_map(|claim| Operation::Release { claim }),
        2 => (claims(), claims()).prop_filter_map("proper part", |(claim, part)| {
            let to = part.range;
            to.is_strictly_inside(claim.range).then_some(Operation::Tighten { claim, to })
        }),
    ]
}

fn steps() -> impl Strategy<Value = Step> {
    let replica = 0..REPLICAS;
    prop_oneof![
        10 => (replica.clone(), operations()).prop_map(|(on, operation)| Step::Issue { on, operation }),
        10 => (replica.clone(), prop::collection::vec(any::<prop::sample::Index>(), 1..5))
            .prop_map(|(to, updates)| Step::Deliver { to, updates }),
        2 => (replica.clone(), replica.clone()).prop_map(|(from, to)| Step::Merge { from, to }),
        1 => replica.prop_map(|on| Step::Restart { on }),
    ]
}

fn check(history: &[Step]) {
    let mut specification = Specification::default();
    let mut issued: Vec<Arc<Update>> = Vec::new();
    let mut replicas: Vec<Replica> = (0..REPLICAS)
        .map(|index| Replica {
            id: ReplicaId::first(NodeId::new(&format!("r{index}")).unwrap()),
            map: ClaimMap::new(),
            received: BTreeSet::new(),
        })
        .collect();
    for step in history {
        match step {
            Step::Issue { on, operation } => {
                let Replica { id, map, received } = &mut replicas[*on];
                let visible = specification.visible(received);
                let counter = visible.iter().filter(|dot| dot.replica == *id).count() as u64 + 1;
                let dot = Dot { replica: id.clone(), counter };
                let takes_effect = specification.issue(dot.clone(), &visible, operation);
                let update = map.issue(id, operation.clone());
                assert_eq!(update.is_ok(), takes_effect, "{operation:?}");
                if let Ok(update) = update {
                    assert_eq!(update.dot, dot);
                    let cancels: BTreeSet<Dot> = update.cancels.iter().cloned().collect();
                    assert_eq!(cancels, specification.log[&dot].cancels, "{operation:?}");
                    received.insert(dot);
                    issued.push(Arc::new(update));
                }
            }
            Step::Deliver { .. } if issued.is_empty() => {}
            Step::Deliver { to, updates } => {
                let delta: Delta =
                    updates.iter().map(|index| Arc::clone(index.get(&issued))).collect();
                let Replica { map, received, .. } = &mut replicas[*to];
                let before = specification.visible(received);
                received.extend(delta.dots().cloned());
                let joined = map.join(&delta);
                let new = specification.visible(received).len() - before.len();
                assert_eq!(joined.applied.len(), new);
                assert_eq!(joined.dropped, 0);
            }
            Step::Merge { from, to } => {
                let received = replicas[*from].received.clone();
                let from = replicas[*from].map.clone();
                replicas[*to].map.merge(&from);
                replicas[*to].received.extend(received);
            }
            Step::Restart { on } => {
                let id = replicas[*on].id.fresh();
                replicas[*on] = Replica { id, map: ClaimMap::new(), received: BTreeSet::new() };
            }
        }
        for replica in &replicas {
            replica.map.check_invariants();
            let visible = specification.visible(&replica.received);
            assert_eq!(replica.map.context().operations(), visible.len() as u64);
            assert!(visible.iter().all(|dot| replica.map.context().contains(dot)));
            let claims: BTreeMap<Claim, u64> =
                replica.map.claims().map(|(claim, priority)| (claim.clone(), priority)).collect();
            assert_eq!(claims, specification.claims(&visible));
        }
    }
    // Whoever has everything shows the same.
    let everything: Delta = issued.iter().cloned().collect();
    for replica in &mut replicas {
        replica.map.join(&everything);
    }
    for replica in &replicas {
        assert_eq!(replica.map.fingerprint(), replicas[0].map.fingerprint());
        assert_eq!(replica.map.waiting(), 0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

    #[test]
    fn every_replica_shows_what_the_definition_says(
        history in prop::collection::vec(steps(), 1..50)
    ) {
        check(&history);
    }

    #[test]
    fn ownership_is_what_each_key_by_itself_says(
        claims in prop::collection::btree_map(claims(), 0..4_u64, 0..8)
    ) {
        let ownership = scalesmall_crdt::Ownership::of(claims.iter().map(|(c, p)| (c, *p)));
        ownership.check_invariants();
        for key in (0..12).chain([u32::MAX]) {
            let mut priorities: BTreeMap<&NodeId, u64> = BTreeMap::new();
            for (claim, &priority) in claims.iter().filter(|(claim, _)| claim.range.contains(key)) {
                let highest = priorities.entry(&claim.node).or_default();
                *highest = priority.max(*highest);
            }
            let mut expected: Vec<(&NodeId, u64)> = priorities.into_iter().collect();
            expected.sort_by_key(|&(node, priority)| (std::cmp::Reverse(priority), node));
            let owners = &ownership.segment(key).owners;
            let shown: Vec<(&NodeId, u64)> = owners.iter().map(|o| (&o.node, o.priority)).collect();
            prop_assert_eq!(shown, expected);
        }
    }
}
