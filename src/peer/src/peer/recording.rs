//! What a peer puts on record of its room.

use scalesmall_crdt::{NodeId, ReplicaId, VersionVector};
use scalesmall_node::SimTime;

use super::Peer;
use crate::QUIET_US;
use crate::recorder::{Recorded, Recording};

impl Peer {
    /// The last minutes of the room as a scenario, with what it is to end in. Nothing before anything
    /// is on record.
    pub fn recorded(&mut self, now: SimTime) -> Option<Recorded> {
        self.record_views(now);
        let own = self.nodes().map(|node| (node.id(), node.claims().fingerprint().to_u64()));
        // Who has issued something that others have reported already shows more than it has said.
        let is_news = |replica: &ReplicaId, seen: &VersionVector| {
            seen.counter(replica) < self.truth.context().counter(replica)
        };
        let views = self.reports.views(now).filter(|view| {
            let is_known = view.is_exact && view.age_us <= QUIET_US;
            is_known && !is_news(view.replica, view.claims.context())
        });
        let views = views.map(|view| (view.replica, view.fingerprint));
        let shown = own.chain(views).map(|(replica, shown)| (replica.node.clone(), shown));
        self.recorder.recording()?.recorded(now, shown.collect())
    }

    /// Puts on record who a node is that is hosted here, and what it has from a whole state.
    pub(super) fn record_host(&mut self, now: SimTime, index: usize, has_merged: bool) {
        let Some(node) = self.hosts[index].node() else { return };
        self.recorder.note(|recording| {
            recording.meet(now, node.id());
            if let Some(claims) = node.claims().as_claim_map().filter(|_| has_merged) {
                recording.show(now, node.id(), claims);
            }
        });
    }

    /// Puts on record what has been reported.
    pub(super) fn record_reports(&mut self, now: SimTime) {
        for report in self.reports.fresh() {
            self.recorder
                .note(|recording| recording.hear(now, &report.replica, &report.state.seen));
        }
    }

    /// Puts on record what is known of nodes elsewhere by now, and who is there; and begins to.
    pub(super) fn record_views(&mut self, now: SimTime) {
        for view in self.reports.views(now) {
            if view.is_exact && view.age_us <= QUIET_US {
                self.recorder.note(|recording| recording.show(now, view.replica, view.claims));
            }
        }
        let (hosts, reports) = (&self.hosts, &self.reports);
        let is_there = |node: &NodeId| {
            hosts.iter().any(|host| host.name == *node) || reports.is_heard(now, node)
        };
        self.recorder.note(|recording| recording.keep(now, is_there));
        if self.nodes().next().is_some() && self.recorder.is_due(now) {
            let recording = self.record_anew(now);
            self.recorder.begin(recording);
        }
    }

    /// A recording that begins with what there is now.
    fn record_anew(&self, now: SimTime) -> Recording {
        let mut recording = Recording::new(now);
        for node in self.nodes() {
            let Some(claims) = node.claims().as_claim_map() else { continue };
            recording.show(now, node.id(), claims);
            recording.prime(&self.log, claims.context());
        }
        for (report, view) in self.reports.all().zip(self.reports.views(now)) {
            if view.age_us <= QUIET_US {
                recording.show(now, view.replica, view.claims);
                recording.prime(&self.log, view.claims.context());
                recording.hear(now, &report.replica, &report.state.seen);
            }
        }
        recording
    }
}
