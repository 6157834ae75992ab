//! What nodes elsewhere show, as it was heard last.
//!
//! Each peer reports what its nodes have seen, and passes on what it hears of others, the newest of
//! each node alone. It hears of a node from one neighbour, its teller, and asks others to spare it: from
//! whoever told of it first, or hosts it. When the teller is gone, or says nothing of it for too long,
//! it asks everybody, and who has something newer first is the next teller. A peer has had what it
//! tells from its own teller before, so tellers make a tree; should they go round in a circle when some
//! were lost, no news comes, and they ask again.
//!
//! To show what a node sees takes no more than that. Whoever has the updates that it has seen has
//! what it has, so a *shadow* of it is kept: a replica that applies updates from a log when the
//! node is reported to have seen them. Nodes that show the same share one shadow, so that in a room
//! where all agree there is one, however many there are.
//!
//! Invariant: a shadow has seen nothing that its node has not, and of what its node has seen, all
//! up to some operation of each replica. Where the log does not reach back far enough for that, it
//! stays behind, until another shadow or what is known here shows a part of the same.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use scalesmall_crdt::{ClaimMap, Delta, Fingerprint, History, NodeId, ReplicaId, Replicated};
use scalesmall_node::SimTime;

use crate::PeerId;
use crate::hearsay::{Condition, Report, Shown};
use crate::limits::KNOWN_NODES_MAX;

/// A report is void after so long without another one.
const STALE_US: u64 = 30_000_000;
/// How long nodes are silent between reports without an operation of their own, for each node in the
/// room, and at most.
const GAP_US: u64 = 5_000;
const GAP_US_MAX: u64 = 2_000_000;
/// After so long without a word of a node, everybody is asked. Nodes are reported more often.
const SILENT_US: u64 = 7_000_000;
/// A node of which nothing has been heard for so long is as good as gone.
pub const QUIET_US: u64 = 12_000_000;

/// The latest reports of all nodes elsewhere.
#[derive(Default)]
pub(crate) struct Reports {
    by_node: BTreeMap<NodeId, Heard>,
    /// Of which nodes the neighbours are still to be told, but for the one that it came from.
    fresh: BTreeSet<NodeId>,
    /// Which neighbours are to spare this peer which nodes.
    to_spare: BTreeMap<PeerId, BTreeSet<NodeId>>,
    /// Of which nodes everybody is to tell it again.
    to_ask: BTreeSet<NodeId>,
}

struct Heard {
    report: Arc<Report>,
    at: SimTime,
    shadow: Arc<ClaimMap>,
    /// From whom it is heard; nobody where the next one is not found yet.
    teller: Option<PeerId>,
    /// Whether that is who hosts it.
    is_hosted: bool,
}

impl Heard {
    /// Whether the shadow shows what the node does.
    fn is_exact(&self) -> bool {
        self.shadow.fingerprint().to_u64() == self.report.state.fingerprint
    }
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
    /// Takes a report from a neighbour, who may host the node; an older one than is known, and of
    /// more nodes than there may be, is left out.
    pub(crate) fn hear(
        &mut self,
        now: SimTime,
        from: PeerId,
        report: Arc<Report>,
        is_hosted: bool,
    ) {
        let node = report.replica.node.clone();
        let has_room = self.by_node.len() < KNOWN_NODES_MAX;
        let Some(heard) = self.by_node.get_mut(&node) else {
            if has_room {
                let (at, shadow, teller) = (now, Arc::default(), Some(from));
                self.by_node.insert(node.clone(), Heard { report, at, shadow, teller, is_hosted });
                self.fresh.insert(node);
            }
            return;
        };
        let is_newer = report.order() > heard.report.order();
        let superfluous = match heard.teller {
            Some(teller) if teller != from && is_hosted && !heard.is_hosted => {
                (heard.teller, heard.is_hosted) = (Some(from), true);
                Some(teller)
            }
            Some(teller) => (teller != from).then_some(from),
            None if is_newer => {
                (heard.teller, heard.is_hosted) = (Some(from), is_hosted);
                None
            }
            None => None,
        };
        if let Some(teller) = superfluous {
            self.to_spare.entry(teller).or_default().insert(node.clone());
        }
        if is_newer {
            if heard.report.replica != report.replica {
                heard.shadow = Arc::default();
            }
            (heard.report, heard.at) = (report, now);
            self.fresh.insert(node);
        }
    }

    /// A neighbour tells of a node that is not news to anybody here.
    pub(crate) fn spare(&mut self, from: PeerId, node: NodeId) {
        self.to_spare.entry(from).or_default().insert(node);
    }

    /// A neighbour asks for what is known of these nodes.
    pub(crate) fn tell_again(&mut self, nodes: Vec<NodeId>) {
        self.fresh.extend(nodes.into_iter().filter(|node| self.by_node.contains_key(node)));
    }

    /// A neighbour is gone.
    pub(crate) fn forget_teller(&mut self, peer: PeerId) {
        self.to_spare.remove(&peer);
        for (node, heard) in &mut self.by_node {
            if heard.teller.take_if(|teller| *teller == peer).is_some() {
                self.to_ask.insert(node.clone());
            }
        }
    }

    /// What has been heard since this was last asked, by the neighbour that it came from.
    pub(crate) fn take_fresh(&mut self) -> Vec<(Option<PeerId>, Arc<Report>)> {
        let fresh = std::mem::take(&mut self.fresh);
        let heard = fresh.iter().filter_map(|node| self.by_node.get(node));
        heard.map(|heard| (heard.teller, Arc::clone(&heard.report))).collect()
    }

    /// Whom to ask to be spared which nodes, and of which nodes to ask everybody.
    pub(crate) fn take_requests(
        &mut self,
        now: SimTime,
    ) -> (BTreeMap<PeerId, BTreeSet<NodeId>>, BTreeSet<NodeId>) {
        for (node, heard) in &mut self.by_node {
            if heard.teller.is_some() && now.us_since(heard.at) > SILENT_US {
                heard.teller = None;
                self.to_ask.insert(node.clone());
            }
        }
        (std::mem::take(&mut self.to_spare), std::mem::take(&mut self.to_ask))
    }

    /// What has been heard since, of the nodes that the neighbours are still to be told of.
    pub(crate) fn fresh(&self) -> impl Iterator<Item = &Report> {
        self.fresh.iter().filter_map(|node| Some(&*self.by_node.get(node)?.report))
    }

    /// How long a node that has only heard what others did waits before it is reported again: the
    /// longer, the more nodes there are to be told and to tell.
    pub(crate) fn gap_us(&self) -> u64 {
        (GAP_US * self.by_node.len() as u64).min(GAP_US_MAX)
    }

    /// All that is known, for a neighbour that is new.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Report>> {
        self.by_node.values().map(|heard| &heard.report)
    }

    /// Forgets what is void: of which nodes.
    pub(crate) fn forget_void(&mut self, now: SimTime) -> Vec<NodeId> {
        let is_void = |_: &NodeId, heard: &mut Heard| now.us_since(heard.at) >= STALE_US;
        self.by_node.extract_if(.., is_void).map(|(node, _)| node).collect()
    }

    /// Lets the shadows follow the reports, by what `log` has of the updates and `truth` of all that
    /// is known here. O(nodes × replicas, and what is new in what they show).
    pub(crate) fn follow(&mut self, log: &History, truth: &ClaimMap) {
        let mut behind: BTreeMap<u64, Vec<NodeId>> = BTreeMap::new();
        for (node, heard) in self.by_node.iter().filter(|(_, heard)| !heard.is_exact()) {
            behind.entry(heard.report.state.fingerprint).or_default().push(node.clone());
        }
        for nodes in behind.values() {
            self.bring_up_to_date(nodes, log, truth);
        }
    }

    /// Lets nodes that show the same have one shadow, which has seen what they have, as far as `log`
    /// tells it.
    fn bring_up_to_date(&mut self, nodes: &[NodeId], log: &History, truth: &ClaimMap) {
        let Some(Heard { report, .. }) = nodes.first().and_then(|node| self.by_node.get(node))
        else {
            return;
        };
        let seen = report.state.seen.clone();
        let can_follow = |it: &ClaimMap| seen.includes(it.context()) && log.reaches(it.context());
        let latest_first = |it: &&ClaimMap| std::cmp::Reverse(it.context().operations());
        let shadows = self.by_node.values().map(|heard| &*heard.shadow);
        let known = shadows.chain([truth]).filter(|it| can_follow(it));
        let Some(latest) = known.min_by_key(latest_first) else { return };
        let is_latest = |shadow: &ClaimMap| shadow.fingerprint() == latest.fingerprint();

        // Without a copy where these nodes alone share the one that is to be continued.
        let shared = self.by_node.values().map(|heard| &heard.shadow).find(|it| is_latest(it));
        let mut shadow = shared.map_or_else(|| Arc::new(truth.clone()), Arc::clone);
        for node in nodes {
            self.by_node.get_mut(node).expect("it is known").shadow = Arc::default();
        }
        let lacking = log.beyond(shadow.context(), usize::MAX);
        let lacking: Delta =
            lacking.updates().filter(|it| seen.contains(&it.dot)).cloned().collect();
        if !lacking.is_empty() {
            Arc::make_mut(&mut shadow).join(&lacking);
        }
        for node in nodes {
            self.by_node.get_mut(node).expect("it is known").shadow = Arc::clone(&shadow);
        }
    }

    /// What the nodes show that are not hosted here, by name.
    pub(crate) fn views(&self, now: SimTime) -> impl Iterator<Item = RemoteView<'_>> {
        self.by_node.values().map(move |heard| RemoteView {
            replica: &heard.report.replica,
            age_us: now.us_since(heard.at),
            condition: heard.report.state.condition,
            fingerprint: heard.report.state.fingerprint,
            claims: &heard.shadow,
            is_exact: heard.is_exact(),
        })
    }

    /// Whether a node has been heard lately.
    pub(crate) fn is_heard(&self, now: SimTime, node: &NodeId) -> bool {
        self.by_node.get(node).is_some_and(|heard| now.us_since(heard.at) <= QUIET_US)
    }

    /// What a node was last heard to show.
    pub(crate) fn fingerprint_of(&self, node: &NodeId) -> Option<u64> {
        self.by_node.get(node).map(|heard| heard.report.state.fingerprint)
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
        Self {
            replica,
            state: Shown { number, condition, fingerprint: fingerprint.to_u64(), seen },
        }
    }
}

#[cfg(test)]
mod tests {
    use scalesmall_crdt::{Claim, KeyRange, Operation};

    use super::*;

    const NOW: SimTime = SimTime::ZERO;

    fn replica(name: &str) -> ReplicaId {
        ReplicaId::first(NodeId::new(name).expect("a short name"))
    }

    /// What is known here: the updates of one replica, of which the log may have forgotten some.
    struct Known {
        writer: ReplicaId,
        truth: ClaimMap,
        log: History,
        reports: Reports,
        number: u64,
    }

    impl Known {
        fn new() -> Self {
            let (truth, log, reports) = Default::default();
            Self { writer: replica("writer"), truth, log, reports, number: 0 }
        }

        fn operate(&mut self, start: u32) {
            let range = KeyRange::new(start, start + 9).expect("in order");
            let claim = Claim::new(self.writer.node.clone(), range);
            let update = self.truth.issue(&self.writer, Operation::Register { claim });
            self.log.push(Arc::new(update.expect("it is not there yet")));
        }

        fn forget(&mut self) {
            self.log.forget(self.truth.context());
        }

        /// A node reports that it shows this, and its shadow follows.
        fn hear(&mut self, name: &str, claims: &ClaimMap) {
            self.number += 1;
            let report = Report::of(replica(name), self.number, Condition::Awake, claims);
            self.reports.hear(NOW, PeerId::new(1), Arc::new(report), false);
            self.reports.follow(&self.log, &self.truth);
        }

        fn shadow(&self, name: &str) -> &Arc<ClaimMap> {
            &self.reports.by_node[&replica(name).node].shadow
        }

        fn is_exact(&self, name: &str) -> bool {
            self.reports.by_node[&replica(name).node].is_exact()
        }
    }

    #[test]
    fn nodes_that_show_the_same_share_a_shadow() {
        let mut known = Known::new();
        known.operate(0);
        let first = known.truth.clone();
        known.hear("a", &first);
        known.hear("b", &first);
        assert!(Arc::ptr_eq(known.shadow("a"), known.shadow("b")));

        // And part when they no longer do.
        known.operate(100);
        let second = known.truth.clone();
        known.hear("b", &second);
        assert_eq!(known.shadow("a").context(), first.context());
        assert_eq!(known.shadow("b").context(), second.context());
    }

    #[test]
    fn a_newcomer_is_shown_although_the_log_does_not_reach_back() {
        let mut known = Known::new();
        (0..10).for_each(|at| known.operate(100 * at));
        let earlier = known.truth.clone();
        known.forget();
        known.hear("a", &earlier);
        known.operate(1_000);
        let later = known.truth.clone();
        known.operate(1_100);

        // It is neither what is known here nor what anybody else shows, but not far from that.
        known.hear("newcomer", &later);
        assert!(known.is_exact("newcomer"));
        assert!(known.is_exact("a"));
    }

    #[test]
    fn what_cannot_be_known_is_not_shown_in_part() {
        let mut known = Known::new();
        (0..10).for_each(|at| known.operate(100 * at));
        let earlier = known.truth.clone();
        known.operate(1_000);
        known.forget();
        known.operate(1_100);

        known.hear("newcomer", &earlier);
        assert!(!known.is_exact("newcomer"));
        assert_eq!(known.shadow("newcomer").context().operations(), 0);
        let now = known.truth.clone();
        known.hear("newcomer", &now);
        assert!(known.is_exact("newcomer"));
    }
}
