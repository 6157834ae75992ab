//! A merge, bead by bead: what becomes of each contribution that one of two replicas holds when one
//! of them takes over all that the other has seen.
//!
//! # Model
//!
//! Of each bead two questions are asked of each replica: *have you seen it? do you still hold it?*
//! What both hold stays. What one holds and the other has seen and no longer holds goes: it was
//! cancelled there. What the other has never seen stays, and comes (Almeida, Shoker and Baquero
//! 2018, "Delta state replicated data types", section 7.2, the join of dot stores).
//!
//! # Invariants
//!
//! What is said to become of a bead is what [`ClaimMap::merge`] makes of it; the questions are the
//! reason, and where they do not suffice, as with beads that are folded into later ones, that is
//! said.

use std::collections::BTreeSet;

use scalesmall_crdt::{Claim, ClaimMap, Contribution, Delta, Dot, History};

/// The most beads that are asked one by one.
const BEADS_MAX: usize = 40;

/// What comes of two replicas when the first merges what the second has seen.
pub(crate) struct Merging {
    /// The beads, first those on which the two differ.
    pub(crate) beads: Vec<MergedBead>,
    /// How many more there are.
    pub(crate) more: usize,
    /// The claims whose priority changes, and from what to what; nothing where it is not live.
    pub(crate) changes: Vec<(Claim, [Option<u64>; 2])>,
    /// How many operations a delta would carry, and how long it would be.
    pub(crate) delta: (usize, usize),
    /// How long the whole state of the second is.
    pub(crate) state_bytes: usize,
}

/// A bead, and what becomes of it.
#[derive(Debug, PartialEq)]
pub(crate) struct MergedBead {
    pub(crate) dot: Dot,
    pub(crate) claim: Claim,
    pub(crate) contribution: Contribution,
    /// What the first has of it, and the second.
    pub(crate) sights: [Sight; 2],
    pub(crate) fate: Fate,
}

/// What a replica has of a bead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sight {
    /// It has seen it, and holds it.
    Alive,
    /// It has seen it, and holds it no longer.
    Gone,
    Unseen,
}

/// What becomes of a bead, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Both hold it.
    StaysAgreed,
    /// The second has never seen it.
    Stays,
    /// The second has let it go.
    GoesOut,
    /// The first has never seen it.
    ComesIn,
    /// The first has let it go.
    StaysOut,
    /// It is folded into a later one, or was cancelled before it came.
    Otherwise { is_in: bool },
}

impl Merging {
    /// What comes of `here` when it merges all that `there` has seen. `issued` has all updates.
    pub(crate) fn of(here: &ClaimMap, there: &ClaimMap, issued: &History) -> Self {
        let mut after = here.clone();
        let _ = after.merge(there);
        let claims: BTreeSet<Claim> =
            here.claims().chain(there.claims()).map(|(claim, _)| claim).collect();
        let (mut differing, mut agreed) = (Vec::new(), Vec::new());
        for claim in &claims {
            for (dot, contribution) in beads(here, there, claim) {
                let sights = [here, there].map(|it| Sight::of(it, claim, &dot));
                let is_in = after.contributions(claim).any(|(it, _)| it == dot);
                let fate = Fate::of(sights, is_in);
                let beads = if fate == Fate::StaysAgreed { &mut agreed } else { &mut differing };
                beads.push(MergedBead { dot, claim: claim.clone(), contribution, sights, fate });
            }
        }
        let mut beads = differing;
        beads.append(&mut agreed);
        let more = beads.len().saturating_sub(BEADS_MAX);
        beads.truncate(BEADS_MAX);
        let change = |claim: &Claim| {
            let priorities = [here.priority(claim), after.priority(claim)];
            (priorities[0] != priorities[1]).then(|| (claim.clone(), priorities))
        };
        let lacking = issued.beyond(here.context(), usize::MAX);
        let lacking = lacking.updates().filter(|update| there.context().contains(&update.dot));
        let delta: Delta = lacking.cloned().collect();
        Self {
            beads,
            more,
            changes: claims.iter().filter_map(change).collect(),
            delta: (delta.len(), delta.to_bytes().len()),
            state_bytes: there.to_bytes().len(),
        }
    }
}

/// What either holds of a claim.
fn beads(here: &ClaimMap, there: &ClaimMap, claim: &Claim) -> Vec<(Dot, Contribution)> {
    let mut beads: Vec<(Dot, Contribution)> =
        here.contributions(claim).chain(there.contributions(claim)).collect();
    beads.sort_unstable();
    beads.dedup_by(|(later, _), (earlier, _)| later == earlier);
    beads
}

impl Sight {
    fn of(replica: &ClaimMap, claim: &Claim, dot: &Dot) -> Self {
        let is_alive = replica.contributions(claim).any(|(it, _)| it == *dot);
        match (is_alive, replica.context().contains(dot)) {
            (true, _) => Self::Alive,
            (false, true) => Self::Gone,
            (false, false) => Self::Unseen,
        }
    }
}

impl Fate {
    fn of(sights: [Sight; 2], is_in: bool) -> Self {
        match (sights, is_in) {
            ([Sight::Alive, Sight::Alive], true) => Self::StaysAgreed,
            ([Sight::Alive, Sight::Unseen], true) => Self::Stays,
            ([Sight::Alive, Sight::Gone], false) => Self::GoesOut,
            ([Sight::Unseen, Sight::Alive], true) => Self::ComesIn,
            ([Sight::Gone, Sight::Alive], false) => Self::StaysOut,
            _ => Self::Otherwise { is_in },
        }
    }

    /// Whether it is held afterwards.
    pub(crate) fn is_in(self) -> bool {
        match self {
            Self::StaysAgreed | Self::Stays | Self::ComesIn => true,
            Self::GoesOut | Self::StaysOut => false,
            Self::Otherwise { is_in } => is_in,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scalesmall_sim::{Replica, Scenario, Simulation};

    /// A run in which nothing moves but by steps.
    fn run(steps: &str) -> Simulation {
        let text = format!(
            r#"{{ "format": 1, "replicas": ["a", "b"], "network": {{ "mode": "manual" }},
                "steps": [{steps}], "until": {{ "max_ms": 10 }} }}"#
        );
        let mut simulation = Simulation::new(Scenario::parse(&text).unwrap());
        while simulation.step() {}
        simulation
    }

    fn merging(simulation: &Simulation) -> Merging {
        let [a, b] = simulation.replicas() else { unreachable!() };
        Merging::of(map(a), map(b), simulation.issued())
    }

    fn map(replica: &Replica) -> &ClaimMap {
        replica.claims().as_claim_map().expect("a claim map")
    }

    #[test]
    fn each_bead_meets_the_fate_that_two_questions_give_it() {
        let simulation = run(r#"
            { "on": "a", "do": "increase", "claim": ["a", 0, 9], "by": 5 },
            { "on": "b", "do": "register", "claim": ["b", 20, 29] },
            { "on": "a", "do": "register", "claim": ["a", 30, 39] },
            { "sync": ["a", "b"] }, { "sync": ["b", "a"] },
            { "on": "b", "do": "release", "claim": ["a", 0, 9] },
            { "on": "a", "do": "increase", "claim": ["a", 0, 9], "by": 3 },
            { "on": "b", "do": "register", "claim": ["b", 50, 59] },
            { "on": "a", "do": "release", "claim": ["b", 20, 29] }"#);
        let Merging { beads, changes, delta, more, state_bytes } = merging(&simulation);
        let fates: Vec<(String, Fate)> = beads
            .iter()
            .map(|bead| (format!("{}{}", bead.dot.replica.node, bead.dot.counter), bead.fate))
            .collect();
        let expected = [
            ("a1", Fate::GoesOut),
            ("a3", Fate::Stays),
            ("b1", Fate::StaysOut),
            ("b3", Fate::ComesIn),
            ("a2", Fate::StaysAgreed),
        ];
        let expected = expected.map(|(dot, fate)| (dot.to_owned(), fate));
        let mut sorted = fates.clone();
        sorted.sort_by_key(|(dot, _)| expected.iter().position(|(it, _)| it == dot));
        assert_eq!(sorted, expected);
        assert_eq!(fates.last().unwrap().1, Fate::StaysAgreed, "what is agreed on comes last");
        assert_eq!(more, 0);
        assert_eq!(delta.0, 2, "what b has issued since");
        assert!(delta.1 < state_bytes);
        let changes: Vec<_> = changes.iter().map(|(_, priorities)| *priorities).collect();
        assert_eq!(changes, [[Some(8), Some(3)], [None, Some(0)]]);
    }

    #[test]
    fn two_questions_suffice_where_nothing_is_folded() {
        let scenario = Scenario::parse(scalesmall_sim::builtin::ADD_WINS).unwrap();
        let mut simulation = Simulation::new(scenario);
        let mut asked = 0;
        while simulation.step() {
            let replicas = simulation.replicas();
            for (here, there) in replicas.iter().flat_map(|a| replicas.iter().map(move |b| (a, b)))
            {
                let merging = Merging::of(map(here), map(there), simulation.issued());
                for bead in &merging.beads {
                    assert!(!matches!(bead.fate, Fate::Otherwise { .. }), "{bead:?}");
                    asked += 1;
                }
            }
        }
        assert!(asked > 100, "{asked}");
    }
}
