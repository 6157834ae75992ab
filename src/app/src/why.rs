//! Why a node believes what it does about a key: the operations that make it so, those that are
//! taken back, and those that it has not seen.
//!
//! By the definition: a contribution counts where it has been seen and nothing that has been seen
//! cancels it. So the context and the updates are all it takes, whatever a node has folded.

use std::collections::BTreeMap;
use std::sync::Arc;

use scalesmall_crdt::{Cancel, Claim, Dot, History, Key, KeyRange, Owner, Replicated, Update};
use scalesmall_sim::sorted_by;

/// The answer for one key.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Why {
    /// The keys around it of which all the same is so.
    pub(crate) range: KeyRange,
    /// Who serves them, the primary first.
    pub(crate) owners: Vec<Owner>,
    /// Every operation that concerns the key: those that count for the primary, for the first of
    /// the backups, and so on; those not seen; those that count no more, and what cancels them.
    pub(crate) reasons: Vec<Reason>,
}

/// An operation that concerns the key.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reason {
    pub(crate) update: Arc<Update>,
    pub(crate) standing: Standing,
}

/// What an operation means here.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Standing {
    /// It counts, for the owner of this rank; past the last one, where it makes nobody an owner.
    Counts(usize),
    /// It has not been seen.
    Unseen,
    /// It only takes away.
    Releases,
    /// It counts no more, because of this one.
    Cancelled(Dot),
}

impl Why {
    /// Why somebody who has come to `claims` believes what they say about `key`, if these
    /// operations have been issued. O(issued).
    pub(crate) fn of(claims: &dyn Replicated, issued: &History, key: Key) -> Self {
        let at_key = KeyRange::new(key, key).expect("a key is a range");
        let segment = claims.ownership().segments().find(|segment| segment.range.contains(key));
        let segment = segment.expect("segments cover all keys");
        let concerns = |update: &&Arc<Update>| update.operation.claim().range.overlaps(at_key);
        let updates: Vec<&Arc<Update>> = issued.iter().filter(concerns).collect();
        let seen = |update: &&&Arc<Update>| claims.context().contains(&update.dot);
        let cancelled = Cancelled::by(updates.iter().filter(seen).copied());

        let rank = |claim: &Claim| {
            let is_owner = |owner: &Owner| owner.node == claim.node;
            let rank = segment.owners.iter().position(is_owner);
            // A list is named by its first key, and a claim to it by more.
            let is_list = !claims.data_type().converges();
            let is_live = |_: &usize| is_list || claims.priority(claim).is_some();
            rank.filter(is_live).unwrap_or(segment.owners.len())
        };
        let standing = |update: &Update| {
            if !claims.context().contains(&update.dot) {
                return Standing::Unseen;
            }
            let Some(claim) = update.contributes_to() else { return Standing::Releases };
            match cancelled.canceller(&update.dot, &claim) {
                Some(dot) => Standing::Cancelled(dot.clone()),
                // A Tighten that leaves this key out has only taken away here.
                None if !claim.range.contains(key) => Standing::Releases,
                None => Standing::Counts(rank(&claim)),
            }
        };
        let reason = |update: &Arc<Update>| Reason {
            standing: standing(update),
            update: Arc::clone(update),
        };
        let reasons: Vec<Reason> = updates.into_iter().map(reason).collect();
        let reasons = sorted_by(reasons, |one, other| one.standing.cmp(&other.standing));
        Self { range: segment.range, owners: segment.owners, reasons }
    }
}

/// What the operations that have been seen cancel.
struct Cancelled<'a> {
    single: BTreeMap<&'a Dot, &'a Dot>,
    /// Of a replica and a claim all up to a dot.
    whole: Vec<(Claim, &'a Dot, &'a Dot)>,
}

impl<'a> Cancelled<'a> {
    fn by(seen: impl Iterator<Item = &'a Arc<Update>>) -> Self {
        let mut cancelled = Self { single: BTreeMap::new(), whole: Vec::new() };
        for update in seen {
            for (claim, cancels) in update.claims() {
                for Cancel { dot, is_whole } in cancels {
                    if *is_whole {
                        cancelled.whole.push((claim.clone(), dot, &update.dot));
                    }
                    cancelled.single.entry(dot).or_insert(&update.dot);
                }
            }
        }
        cancelled
    }

    fn canceller(&self, dot: &Dot, claim: &Claim) -> Option<&'a Dot> {
        let covers = |(of, up_to, _): &&(Claim, &Dot, &Dot)| {
            of == claim && up_to.replica == dot.replica && dot.counter <= up_to.counter
        };
        let whole = || self.whole.iter().find(covers).map(|&(_, _, by)| by);
        self.single.get(dot).copied().or_else(whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scalesmall_sim::{Scenario, SimTime, Simulation, builtin};

    /// What the operations that count come to is what the node shows.
    fn check(simulation: &Simulation) {
        for replica in simulation.replicas() {
            let claims = replica.claims();
            for key in (0..64).map(|part| part * (u32::MAX / 63)) {
                let why = Why::of(claims, simulation.issued(), key);
                assert!(why.range.contains(key));
                assert_eq!(why.owners, claims.ownership().owners(key));
                let mut sums: BTreeMap<Claim, i64> = BTreeMap::new();
                for Reason { update, standing } in &why.reasons {
                    match standing {
                        Standing::Counts(_) => {
                            let contribution = update.contribution().unwrap();
                            *sums.entry(update.contributes_to().unwrap()).or_default() +=
                                contribution.change;
                        }
                        Standing::Unseen => assert!(!claims.context().contains(&update.dot)),
                        Standing::Cancelled(by) => assert!(claims.context().contains(by)),
                        Standing::Releases => assert!(claims.context().contains(&update.dot)),
                    }
                }
                for (claim, priority) in claims.claims().filter(|it| it.0.range.contains(key)) {
                    assert_eq!(sums.remove(&claim), Some(priority as i64), "{claim:?} at {key}");
                }
                assert!(
                    sums.into_values().all(|sum| sum <= 0),
                    "what counts makes nobody an owner"
                );
            }
        }
    }

    #[test]
    fn what_counts_comes_to_what_the_node_shows() {
        for text in [builtin::FIRST_LIGHT, builtin::text("add-wins").unwrap()] {
            let mut simulation = Simulation::new(Scenario::parse(text).unwrap());
            for ms in (0..6_000).step_by(700) {
                simulation.run_until(SimTime::from_ms(ms));
                check(&simulation);
            }
        }
    }

    #[test]
    fn operations_stand_in_the_order_of_what_they_mean() {
        let text = r#"{ "format": 1, "replicas": ["a", "b"], "network": { "mode": "manual" },
            "steps": [ { "on": "a", "do": "register", "claim": ["a", 0, 99] },
                       { "on": "a", "do": "register", "claim": ["x", 0, 99] },
                       { "on": "a", "do": "increase", "by": 2, "claim": ["b", 0, 49] },
                       { "on": "a", "do": "release", "claim": ["x", 0, 99] },
                       { "on": "a", "do": "tighten", "claim": ["a", 0, 99], "to": [0, 9] },
                       { "sync": ["a", "b"] },
                       { "on": "a", "do": "increase", "by": 5, "claim": ["a", 0, 9] } ],
            "until": { "max_ms": 10 } }"#;
        let mut simulation = Simulation::new(Scenario::parse(text).unwrap());
        while simulation.step() {}
        let at_b = simulation.replicas()[1].claims();
        let standings = |key| {
            let why = Why::of(at_b, simulation.issued(), key);
            let standing = |it: Reason| (it.update.dot.counter, it.standing);
            why.reasons.into_iter().map(standing).collect::<Vec<_>>()
        };
        let dot = |counter| Dot { replica: simulation.replicas()[0].node().id().clone(), counter };
        let (first, fourth, fifth) = (Standing::Counts(0), dot(4), dot(5));
        assert_eq!(
            standings(5),
            [
                (3, first.clone()),
                (5, Standing::Counts(1)),
                (6, Standing::Unseen),
                (4, Standing::Releases),
                (2, Standing::Cancelled(fourth)),
                (1, Standing::Cancelled(fifth.clone())),
            ]
        );
        let at_20 = standings(20);
        assert_eq!(at_20[0], (3, first));
        assert!(at_20.contains(&(5, Standing::Releases)));
        assert!(at_20.contains(&(1, Standing::Cancelled(fifth))));
        assert!(!at_20.iter().any(|(counter, _)| *counter == 6), "that is about other keys");
    }
}
