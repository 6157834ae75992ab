//! What nodes elsewhere show, as it was heard last.
//!
//! Each peer reports what its nodes have seen, and passes on what it hears of others to its
//! neighbours, once: reports spread over the room like rumours, the newest of each node alone.
//!
//! To show what a node sees takes no more than that. Whoever has the updates that it has seen has
//! what it has, so a *shadow* of it is kept: a replica that applies updates from a log when the
//! node is reported to have seen them.

use std::collections::{BTreeMap, BTreeSet};

use scalesmall_crdt::{ClaimMap, Delta, Fingerprint, History, NodeId, ReplicaId, Replicated};
use scalesmall_node::SimTime;

use crate::PeerId;
use crate::frame::{Condition, Report};
use crate::limits::KNOWN_NODES_MAX;

/// A report is void after so long without another one.
const STALE_US: u64 = 30_000_000;
/// A node of which nothing has been heard for so long is as good as gone.
pub const QUIET_US: u64 = 12_000_000;

/// The latest reports of all nodes elsewhere.
#[derive(Default)]
pub(crate) struct Reports {
    by_node: BTreeMap<NodeId, Heard>,
    /// What the neighbours are still to be told, but for the one that it came from.
    fresh: BTreeMap<NodeId, PeerId>,
}

struct Heard {
    report: Report,
    at: SimTime,
    shadow: ClaimMap,
}

/// What a node elsewhere shows.
#[derive(Clone, Copy, Debug)]
pub struct RemoteView<'a> {
    /// The replica.
    pub replica: &'a ReplicaId,
    /// How long ago that was heard, in microseconds.
    pub age_us: u64,
    /// How the peer fares that hosts it.
    pub condition: Condition,
    /// What its state comes to, as [`Fingerprint::to_u64`] has it.
    pub fingerprint: u64,
    /// The state itself, as far as it is known here.
    pub claims: &'a ClaimMap,
    /// Whether that is all of it.
    pub is_exact: bool,
}

impl Reports {
    /// Takes reports from a neighbour, of those that are not `own`; older ones than are known, and
    /// of more nodes than there may be, are left out.
    pub(crate) fn hear(
        &mut self,
        now: SimTime,
        from: PeerId,
        reports: Vec<Report>,
        own: &BTreeSet<&NodeId>,
    ) {
        for report in reports {
            let has_room = self.by_node.len() < KNOWN_NODES_MAX;
            let node = report.replica.node.clone();
            if own.contains(&node) {
                continue;
            }
            match self.by_node.get_mut(&node) {
                Some(heard) if report.order() <= heard.report.order() => continue,
                Some(heard) => {
                    if heard.report.replica != report.replica {
                        heard.shadow = ClaimMap::new();
                    }
                    (heard.report, heard.at) = (report, now);
                }
                None if has_room => {
                    let shadow = ClaimMap::new();
                    self.by_node.insert(node.clone(), Heard { report, at: now, shadow });
                }
                None => continue,
            }
            self.fresh.insert(node, from);
        }
    }

    /// What has been heard since this was last asked, by the neighbour that it came from.
    pub(crate) fn take_fresh(&mut self) -> Vec<(PeerId, Report)> {
        let fresh = std::mem::take(&mut self.fresh);
        let report =
            |(node, from): (NodeId, PeerId)| Some((from, self.by_node.get(&node)?.report.clone()));
        fresh.into_iter().filter_map(report).collect()
    }

    /// What has been heard since, of the nodes that the neighbours are still to be told of.
    pub(crate) fn fresh(&self) -> impl Iterator<Item = &Report> {
        self.fresh.keys().filter_map(|node| Some(&self.by_node.get(node)?.report))
    }

    /// All that is known, for a neighbour that is new.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Report> {
        self.by_node.values().map(|heard| &heard.report)
    }

    /// Lets the shadows follow the reports, by what `log` has of the updates; or at once, where all
    /// that is known here is what was seen there. Forgets what is void.
    pub(crate) fn follow(&mut self, now: SimTime, log: &History, truth: &ClaimMap) {
        self.by_node.retain(|_, heard| now.us_since(heard.at) < STALE_US);
        for Heard { report, shadow, .. } in self.by_node.values_mut() {
            if shadow.fingerprint().to_u64() == report.fingerprint {
                continue;
            }
            if truth.fingerprint().to_u64() == report.fingerprint {
                *shadow = truth.clone();
                continue;
            }
            let lacking = log.beyond(shadow.context(), usize::MAX);
            let seen = lacking.updates().filter(|update| report.seen.contains(&update.dot));
            let seen: Delta = seen.cloned().collect();
            shadow.join(&seen);
        }
    }

    /// What the nodes show that are not hosted here, by name.
    pub(crate) fn views(&self, now: SimTime) -> impl Iterator<Item = RemoteView<'_>> {
        self.by_node.values().map(move |Heard { report, at, shadow }| RemoteView {
            replica: &report.replica,
            age_us: now.us_since(*at),
            condition: report.condition,
            fingerprint: report.fingerprint,
            claims: shadow,
            is_exact: shadow.fingerprint().to_u64() == report.fingerprint,
        })
    }

    /// Whether a node has been heard lately.
    pub(crate) fn is_heard(&self, now: SimTime, node: &NodeId) -> bool {
        self.by_node.get(node).is_some_and(|heard| now.us_since(heard.at) <= QUIET_US)
    }

    /// What a node was last heard to show.
    pub(crate) fn fingerprint_of(&self, node: &NodeId) -> Option<u64> {
        self.by_node.get(node).map(|heard| heard.report.fingerprint)
    }
}

impl Report {
    pub(crate) fn of(
        replica: ReplicaId,
        number: u64,
        condition: Condition,
        claims: &dyn Replicated,
    ) -> Self {
        let fingerprint: Fingerprint = claims.fingerprint();
        let seen = claims.context().clone();
        Self { replica, number, condition, fingerprint: fingerprint.to_u64(), seen }
    }

    /// Of two reports of a node, the newer one has the greater.
    fn order(&self) -> (u32, u64) {
        (self.replica.incarnation, self.number)
    }
}
