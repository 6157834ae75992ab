//! Who is no longer in the room for good.
//!
//! As long as somebody is on the roster, nothing is folded without its word. So whoever is gone is
//! retired: at once where that is certain, since its peer said goodbye, or its tab is dead, or its
//! node is here again as a later replica; else after a while, by those who are still together, if
//! they are more than half of all. So of two sides that are cut off from each other one at most
//! retires the other. Several may decide the same, which does no harm.
//!
//! Who was gone for a while only, asleep or cut off, learns of it when it comes back, and goes on as
//! a later replica, which makes the claims again that are its own.

use std::sync::Arc;

use scalesmall_crdt::{ClaimMap, History, ReplicaId, Replicated};
use scalesmall_node::{Event as NodeEvent, SimTime};

use super::Peer;
use crate::host::Host;
use crate::{PeerId, QUIET_US, RemoteView};

/// How often it is looked who is there.
const LOOK_US: u64 = 1_000_000;
/// How long after it has gone for certain a replica is retired: what it said last is to arrive.
const PARTING_US: u64 = 3_000_000;
/// After how long nobody who was not heard of is waited for.
const ABSENT_US: u64 = 60_000_000;

/// Which replicas on the roster are not there.
#[derive(Default)]
pub(super) struct Absent {
    looked_at: SimTime,
    since: Vec<(ReplicaId, SimTime)>,
    /// Those whose peers are gone for certain.
    left: Vec<ReplicaId>,
}

impl Absent {
    /// For how long a replica has been missed that is.
    fn missed_us(&mut self, now: SimTime, missing: &ReplicaId) -> u64 {
        match self.since.iter().find(|(replica, _)| replica == missing) {
            Some((_, since)) => now.us_since(*since),
            None => {
                self.since.push((missing.clone(), now));
                0
            }
        }
    }
}

impl Peer {
    /// A neighbour will not come back as who it was.
    pub(super) fn note_left(&mut self, peer: PeerId) {
        let left = self.routes.hosted_by(peer).map(|route| route.replica.clone());
        self.absent.left.extend(left);
    }

    /// Retires who is gone, if it is time and up to this peer.
    pub(super) fn retire_absent(&mut self, now: SimTime) {
        if now.us_since(self.absent.looked_at) < LOOK_US {
            return;
        }
        self.absent.looked_at = now;
        let members = (0..self.hosts.len()).filter(|&index| self.hosts[index].is_member());
        let Some(host) = members.min_by_key(|&index| &self.hosts[index].name) else { return };
        let Some(roster) = self.hosts[host].node().map(|node| Arc::clone(node.roster())) else {
            return;
        };
        let there = self.there(now);
        let (mut present, mut certain, mut doubtful) = (Vec::new(), Vec::new(), Vec::new());
        for replica in roster.members() {
            let is_later = |other: &ReplicaId| {
                other.node == replica.node && other.incarnation > replica.incarnation
            };
            match () {
                () if there.contains(replica) => present.push(replica),
                () if self.absent.left.contains(replica) => certain.push(replica),
                () if there.iter().any(is_later) => certain.push(replica),
                () => doubtful.push(replica),
            }
        }
        let is_missing = |it: &ReplicaId| certain.contains(&it) || doubtful.contains(&it);
        self.absent.since.retain(|(replica, _)| is_missing(replica));
        // Others may think for a while that they reach it still.
        let is_linked = |it: &ReplicaId| {
            let hosted = self.links.keys().flat_map(|&peer| self.routes.hosted_by(peer));
            hosted.map(|route| &route.replica).any(|replica| replica == it)
        };
        self.absent.left.retain(|it| roster.members().any(|member| member == it) && !is_linked(it));

        // Of two sides with as many it is the one with the first.
        let (first, first_there) = (present.first(), doubtful.first());
        let are_most = (present.len(), first_there) > (doubtful.len(), first);
        let is_first = first.is_some_and(|it| it.node == self.hosts[host].name);
        let absent = &mut self.absent;
        certain.retain(|it| absent.missed_us(now, it) >= PARTING_US);
        doubtful.retain(|it| absent.missed_us(now, it) >= ABSENT_US && are_most && is_first);
        for replica in certain.into_iter().chain(doubtful) {
            self.run(now, host, NodeEvent::RetireReplica(replica.clone()));
        }
    }

    /// Who is there: those that are hosted here, reached or heard.
    fn there(&self, now: SimTime) -> Vec<ReplicaId> {
        let own = self.hosts.iter().map(Host::replica);
        let reached = self.routes.known().into_values().map(|(route, _)| route.replica.clone());
        let is_heard = |view: &RemoteView<'_>| {
            view.age_us <= QUIET_US && !self.absent.left.contains(view.replica)
        };
        let heard = self.reports.views(now).filter(is_heard).map(|view| view.replica.clone());
        own.chain(reached).chain(heard).collect()
    }

    /// A node that is hosted here has forgotten all, and asks to be let in as another replica. What
    /// only it had is gone.
    pub(super) fn note_begun_anew(&mut self, index: usize) {
        let host = &mut self.hosts[index];
        let own = self.truth.ownership().claims_of(&host.name);
        host.brings = own.collect();
        self.forget_lost();
    }

    /// What has been seen here is what the nodes here still hold.
    pub(super) fn forget_lost(&mut self) {
        (self.truth, self.log, self.folded) = (ClaimMap::new(), History::new(), 0);
        for node in self.hosts.iter().filter_map(Host::node) {
            Replicated::merge(&mut self.truth, node.claims());
        }
        for (replica, counter) in self.truth.context().iter() {
            self.log.skip(replica, counter);
        }
    }
}
