//! Everything that one moment of a run shows, as plain data.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use scalesmall_crdt::{Fingerprint, NodeId, Ownership, ReplicaId, Replicated};
use scalesmall_peer::{Peer, QUIET_US};
use scalesmall_sim::{Replica, SimTime, Simulation, Status};

use crate::key_set::KeySet;

/// The most nodes that have a strip; a stage of more is no longer to be looked at, nor to be drawn
/// within a frame.
const STRIPS_MAX: usize = 256;

/// What one node believes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct View {
    pub(crate) name: NodeId,
    pub(crate) status: Status,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) ownership: Rc<Ownership>,
    /// Where it differs from the truth.
    pub(crate) differences: Rc<KeySet>,
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
        self.is_live() && !self.differences.ranges().is_empty()
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
    /// That of a room in which nobody has been seen yet.
    pub(crate) fn of_nobody() -> Self {
        Self {
            at: SimTime::ZERO,
            truth: Rc::new(Ownership::new()),
            views: Vec::new(),
            distinct: 0,
            has_converged: false,
            agreed: None,
        }
    }

    /// How many nodes have a strip.
    pub(crate) fn strips(&self) -> usize {
        self.views.len().min(STRIPS_MAX)
    }

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
        let disputed = live.flat_map(|view| view.differences.ranges()).copied();
        disputed.collect::<KeySet>().keys()
    }
}

/// Makes pictures of a run, at the cost of what has changed since the one before: what a replica
/// shows is copied where its fingerprint is new, and compared with the truth where one of the two
/// has changed.
#[derive(Default)]
pub(crate) struct Photographer {
    /// What the picture before showed.
    before: Option<Shown>,
}

/// What the replicas of a picture show.
struct Shown {
    fingerprint_of_truth: Fingerprint,
    truth: Rc<Ownership>,
    by_fingerprint: BTreeMap<Fingerprint, Opinion>,
    /// By place.
    of_replicas: Vec<Opinion>,
}

/// What a replica shows, and where that differs from the truth.
#[derive(Clone)]
struct Opinion {
    ownership: Rc<Ownership>,
    differences: Rc<KeySet>,
}

impl Photographer {
    pub(crate) fn take(&mut self, simulation: &Simulation) -> Picture {
        let truth = simulation.truth();
        let shown = self.look(truth, simulation.replicas().iter().map(Replica::claims));
        let issued = truth.context().operations();
        let groups = simulation.groups();
        let largest = groups.map(largest_group);
        let view = |(index, replica): (usize, &Replica)| {
            let claims = replica.claims();
            let Opinion { ownership, differences } = shown.of_replicas[index].clone();
            let group = groups.map(|groups| groups[index]);
            View {
                name: replica.node().id().node.clone(),
                status: replica.status(),
                fingerprint: claims.fingerprint(),
                ownership,
                differences,
                // The truth has seen all that anybody has.
                lacks: issued - claims.context().operations(),
                is_cut_off: group != largest,
                group,
            }
        };
        let views = simulation.replicas().iter().enumerate().map(view).collect();
        let truth = Rc::clone(&shown.truth);
        self.before = Some(shown);
        Picture {
            at: simulation.now(),
            truth,
            views,
            distinct: simulation.distinct(),
            has_converged: simulation.has_converged(),
            agreed: simulation.agreed(),
        }
    }

    /// A picture of what is seen of a room, by a peer in it: its own nodes and then the others, each
    /// by name.
    pub(crate) fn take_live(&mut self, peer: &Peer, now: SimTime) -> Picture {
        let truth: &dyn Replicated = peer.truth();
        let issued = truth.context().operations();
        let own = peer.nodes().map(|node| (node.id(), node.claims(), Status::Up));
        let remote = peer.remote_views(now).map(|view| {
            let is_quiet = view.age_us > QUIET_US;
            let claims: &dyn Replicated = view.claims;
            (view.replica, claims, if is_quiet { Status::Down } else { Status::Up })
        });
        let all: Vec<(&ReplicaId, &dyn Replicated, Status)> = own.chain(remote).collect();
        let shown = self.look(truth, all.iter().map(|(_, claims, _)| *claims));
        let view = |((replica, claims, status), opinion): (
            (&ReplicaId, &dyn Replicated, Status),
            &Opinion,
        )| {
            let Opinion { ownership, differences } = opinion.clone();
            View {
                name: replica.node.clone(),
                status,
                fingerprint: claims.fingerprint(),
                ownership,
                differences,
                lacks: issued.saturating_sub(claims.context().operations()),
                is_cut_off: false,
                group: None,
            }
        };
        let views: Vec<View> = all.into_iter().zip(&shown.of_replicas).map(view).collect();
        let live = views.iter().filter(|view| view.is_live());
        let distinct: BTreeSet<Fingerprint> = live.map(|view| view.fingerprint).collect();
        let truth = Rc::clone(&shown.truth);
        self.before = Some(shown);
        let agreed = peer.agreed().and_then(|_| peer.nodes().next());
        Picture {
            at: now,
            truth,
            views,
            distinct: distinct.len(),
            has_converged: agreed.is_some(),
            agreed: agreed.map(|node| node.claims().fingerprint()),
        }
    }

    fn look<'a>(
        &self,
        of_truth: &dyn Replicated,
        replicas: impl Iterator<Item = &'a dyn Replicated>,
    ) -> Shown {
        let before = self.before.as_ref();
        let known = |fingerprint| before.and_then(|it| it.by_fingerprint.get(&fingerprint));
        let fingerprint = of_truth.fingerprint();
        let same = before.filter(|it| it.fingerprint_of_truth == fingerprint).map(|it| &it.truth);
        let truth = same.or(known(fingerprint).map(|it| &it.ownership)).cloned();
        let truth = truth.unwrap_or_else(|| Rc::new(of_truth.ownership().clone()));
        let changed_truth = before.map(|before| changed(&truth, &before.truth));

        let mut by_fingerprint: BTreeMap<Fingerprint, Opinion> = BTreeMap::new();
        let of_replica = |(index, claims): (usize, &dyn Replicated)| {
            let form = || {
                let known = known(claims.fingerprint());
                let ownership = known.map(|it| Rc::clone(&it.ownership));
                let ownership = ownership.unwrap_or_else(|| Rc::new(claims.ownership().clone()));
                let base = known.or(before.and_then(|it| it.of_replicas.get(index)));
                let differences = match (base, &changed_truth) {
                    (Some(base), Some(changed_truth)) => {
                        let changed = changed(&ownership, &base.ownership);
                        base.differences_after(&changed.and(changed_truth), &ownership, &truth)
                    }
                    _ => Rc::new(ownership.differences(&truth).into_iter().collect()),
                };
                Opinion { ownership, differences }
            };
            by_fingerprint.entry(claims.fingerprint()).or_insert_with(form).clone()
        };
        let of_replicas = replicas.enumerate().map(of_replica).collect();
        Shown { fingerprint_of_truth: fingerprint, truth, by_fingerprint, of_replicas }
    }
}

impl Opinion {
    /// Where the replica differs from the truth, if that and what it shows have changed at these
    /// keys alone.
    fn differences_after(
        &self,
        changed: &KeySet,
        ownership: &Ownership,
        truth: &Ownership,
    ) -> Rc<KeySet> {
        if changed.ranges().is_empty() {
            return Rc::clone(&self.differences);
        }
        let there = changed.ranges().iter().flat_map(|&it| ownership.differences_in(it, truth));
        let elsewhere = self.differences.without(changed);
        Rc::new(elsewhere.ranges().iter().copied().chain(there).collect())
    }
}

/// At which keys, at most, two moments of an ownership differ.
pub(crate) fn changed(now: &Rc<Ownership>, then: &Rc<Ownership>) -> KeySet {
    if Rc::ptr_eq(now, then) {
        KeySet::default()
    } else {
        now.changed_since(then).into_iter().collect()
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
    fn a_picture_after_another_is_what_it_is_alone() {
        let scenario = Scenario::parse(scalesmall_sim::builtin::FIRST_LIGHT).unwrap();
        let mut photographer = Photographer::default();
        let mut shows = |simulation: &Simulation| {
            let at = simulation.now();
            let alone = Photographer::default().take(simulation);
            assert_eq!(photographer.take(simulation), alone, "at {} us", at.as_us());
        };
        let mut simulation = Simulation::new(scenario.clone());
        for ms in (0..9_000).step_by(50) {
            simulation.run_until(SimTime::from_ms(ms));
            shows(&simulation);
        }
        // And back, to where nodes hold other things in other places.
        let mut simulation = Simulation::new(scenario);
        for ms in [500, 4_000, 20_000] {
            simulation.run_until(SimTime::from_ms(ms));
            shows(&simulation);
        }
    }

    #[test]
    fn the_largest_group_is_not_cut_off() {
        assert_eq!(largest_group(&[0, 1, 1, 2]), 1);
        assert_eq!(largest_group(&[3, 2, 3, 2]), 2);
    }
}
