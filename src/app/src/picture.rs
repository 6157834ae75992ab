//! Everything that one moment of a run shows, as plain data.

use std::collections::BTreeMap;
use std::rc::Rc;

use scalesmall_crdt::{ClaimMap, Fingerprint, KeyRange, NodeId, Ownership};
use scalesmall_sim::{Replica, SimTime, Simulation, Status};

/// What one node believes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct View {
    pub(crate) name: NodeId,
    pub(crate) status: Status,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) ownership: Rc<Ownership>,
    /// Where it differs from the truth.
    pub(crate) differences: Rc<[KeyRange]>,
    /// How many operations it has not seen.
    pub(crate) lacks: u64,
    /// Whether it stands apart from the largest group while the network is cut.
    pub(crate) is_cut_off: bool,
    /// While the network is cut, which group it is in.
    pub(crate) group: Option<usize>,
}

impl View {
    pub(crate) fn is_live(&self) -> bool {
        self.status != Status::Down
    }

    pub(crate) fn disagrees(&self) -> bool {
        self.is_live() && !self.differences.is_empty()
    }
}

/// One moment of a run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Picture {
    /// The time of the latest change at or before the moment.
    pub(crate) at: SimTime,
    /// The join of everything issued so far.
    pub(crate) truth: Rc<Ownership>,
    pub(crate) views: Vec<View>,
    pub(crate) distinct: usize,
    pub(crate) has_converged: bool,
    pub(crate) agreed: Option<Fingerprint>,
}

impl Picture {
    /// How many nodes have not crashed.
    pub(crate) fn live(&self) -> usize {
        self.views.iter().filter(|view| view.is_live()).count()
    }

    /// How many live nodes differ from the truth somewhere.
    pub(crate) fn disagreeing(&self) -> usize {
        self.views.iter().filter(|view| view.disagrees()).count()
    }

    /// How many live nodes lack an operation.
    pub(crate) fn behind(&self) -> usize {
        self.views.iter().filter(|view| view.is_live() && view.lacks > 0).count()
    }

    /// How many live nodes are cut off.
    pub(crate) fn cut_off(&self) -> usize {
        self.views.iter().filter(|view| view.is_live() && view.is_cut_off).count()
    }

    /// At how many keys at least one live node differs from the truth.
    pub(crate) fn disputed_keys(&self) -> u64 {
        let live = self.views.iter().filter(|view| view.is_live());
        let mut disputed: Vec<KeyRange> =
            live.flat_map(|view| &*view.differences).copied().collect();
        disputed.sort();
        disputed.dedup();
        let mut keys = 0;
        let mut past = 0;
        for range in disputed {
            let from = past.max(u64::from(range.start()));
            keys += range.past_end().saturating_sub(from);
            past = past.max(range.past_end());
        }
        keys
    }
}

/// Makes pictures of a run, at the cost of what has changed since the one before.
#[derive(Default)]
pub(crate) struct Photographer {
    /// What replicas with these fingerprints show.
    known: BTreeMap<Fingerprint, Rc<Ownership>>,
}

impl Photographer {
    pub(crate) fn take(&mut self, simulation: &Simulation) -> Picture {
        let before = std::mem::take(&mut self.known);
        let mut ownership = |claims: &ClaimMap| {
            let fingerprint = claims.fingerprint();
            let known = before.get(&fingerprint).cloned();
            let compute = || known.unwrap_or_else(|| Rc::new(claims.ownership().clone()));
            Rc::clone(self.known.entry(fingerprint).or_insert_with(compute))
        };
        let truth = simulation.truth();
        let of_truth = ownership(truth);
        let mut compared: BTreeMap<Fingerprint, Rc<[KeyRange]>> = BTreeMap::new();
        let groups = simulation.groups();
        let largest = groups.map(largest_group);
        let view = |(index, replica): (usize, &Replica)| {
            let claims = replica.claims();
            let ownership = ownership(claims);
            let compare = || ownership.differences(&of_truth).into();
            let differences = compared.entry(claims.fingerprint()).or_insert_with(compare);
            let differences = Rc::clone(differences);
            let group = groups.map(|groups| groups[index]);
            View {
                name: replica.node().id().node.clone(),
                status: replica.status(),
                fingerprint: claims.fingerprint(),
                ownership,
                differences,
                lacks: truth.context().operations_beyond(claims.context()),
                is_cut_off: group != largest,
                group,
            }
        };
        let views = simulation.replicas().iter().enumerate().map(view).collect();
        Picture {
            at: simulation.now(),
            truth: Rc::clone(&of_truth),
            views,
            distinct: simulation.distinct(),
            has_converged: simulation.has_converged(),
            agreed: simulation.agreed(),
        }
    }
}

/// The group with the most members, the first of them where several have.
fn largest_group(groups: &[usize]) -> usize {
    let mut members: BTreeMap<usize, usize> = BTreeMap::new();
    for &group in groups {
        *members.entry(group).or_default() += 1;
    }
    let most = members.values().max().copied();
    members.into_iter().find(|&(_, count)| Some(count) == most).map_or(0, |(group, _)| group)
}

#[cfg(test)]
mod tests {
    use super::*;
    use scalesmall_sim::Scenario;

    #[test]
    fn nodes_disagree_and_then_agree() {
        let scenario = Scenario::parse(scalesmall_sim::builtin::FIRST_LIGHT).unwrap();
        let mut simulation = Simulation::new(scenario);
        let mut photographer = Photographer::default();
        simulation.run_until(SimTime::from_ms(300));
        let early = photographer.take(&simulation);
        assert_eq!((early.live(), early.disagreeing(), early.cut_off()), (24, 24, 0));
        assert!(early.disputed_keys() > 1 << 31);

        simulation.run_until(SimTime::from_ms(7_000));
        let cut = photographer.take(&simulation);
        assert_eq!(cut.cut_off(), 8);
        assert!(cut.disagreeing() == 24 && cut.distinct >= 2, "both sides changed their minds");

        while simulation.step() {}
        let end = photographer.take(&simulation);
        assert_eq!((end.distinct, end.disagreeing(), end.disputed_keys()), (1, 0, 0));
        assert!(end.has_converged && end.agreed.is_some());
    }

    #[test]
    fn the_largest_group_is_not_cut_off() {
        assert_eq!(largest_group(&[0, 1, 1, 2]), 1);
        assert_eq!(largest_group(&[3, 2, 3, 2]), 2);
    }
}
