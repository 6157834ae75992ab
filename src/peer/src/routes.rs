//! Over which link which node is reached.
//!
//! Not every peer is linked to every other one. Each tells its neighbours which nodes are reached
//! through it and over how many links, and takes for each node the shortest way: distance vectors,
//! as in Hedrick 1988, "Routing Information Protocol", RFC 1058. A way is not told to the neighbour
//! that it goes through, and none is longer than [`DISTANCE_MAX`], so that ways to nodes that are gone
//! die out.

use std::collections::{BTreeMap, BTreeSet};

use scalesmall_crdt::{NodeId, ReplicaId};

use crate::PeerId;
use crate::frame::Route;
use crate::limits::KNOWN_NODES_MAX;

/// Over how many links a message goes at most.
pub(crate) const DISTANCE_MAX: u8 = 8;

/// Which nodes are reached, each with the neighbour through whom it is.
pub(crate) type Known<'a> = BTreeMap<&'a NodeId, (&'a Route, PeerId)>;

/// What the neighbours have told.
#[derive(Clone, Debug, Default)]
pub(crate) struct Routes {
    /// Neighbours through whom nothing passes at present.
    cut: BTreeSet<PeerId>,
    by_neighbour: BTreeMap<PeerId, BTreeMap<NodeId, Route>>,
}

impl Routes {
    /// Takes what a neighbour says now in place of what it said before. True if that is different.
    pub(crate) fn hear(&mut self, neighbour: PeerId, routes: Vec<Route>) -> bool {
        let routes = routes.into_iter().filter(|route| route.distance < DISTANCE_MAX);
        let routes: BTreeMap<NodeId, Route> =
            routes.map(|route| (route.replica.node.clone(), route)).collect();
        let before = self.by_neighbour.insert(neighbour, routes);
        before.as_ref() != self.by_neighbour.get(&neighbour)
    }

    /// Nothing is reached through that one any more. True if something was.
    pub(crate) fn forget(&mut self, neighbour: PeerId) -> bool {
        self.by_neighbour.remove(&neighbour).is_some_and(|routes| !routes.is_empty())
    }

    /// Lets nothing pass through a neighbour, or all again.
    pub(crate) fn cut(&mut self, neighbour: PeerId, is_cut: bool) {
        match is_cut {
            true => self.cut.insert(neighbour),
            false => self.cut.remove(&neighbour),
        };
    }

    /// What the neighbours have told through whom something passes.
    fn open(&self) -> impl Iterator<Item = (PeerId, &BTreeMap<NodeId, Route>)> {
        let all = self.by_neighbour.iter().map(|(&neighbour, routes)| (neighbour, routes));
        all.filter(|(neighbour, _)| !self.cut.contains(neighbour))
    }

    /// Through which neighbour a node is reached over the fewest links.
    pub(crate) fn way_to(&self, node: &NodeId) -> Option<PeerId> {
        let ways = self.open().filter_map(|(neighbour, routes)| {
            routes.get(node).map(|route| (route.distance, neighbour))
        });
        ways.min().map(|(_, neighbour)| neighbour)
    }

    /// The nodes that a neighbour hosts itself.
    pub(crate) fn hosted_by(&self, neighbour: PeerId) -> impl Iterator<Item = &Route> {
        let routes = self.by_neighbour.get(&neighbour).into_iter().flat_map(BTreeMap::values);
        routes.filter(|route| route.distance == 0)
    }

    /// All nodes that are reached, each by its shortest way.
    pub(crate) fn known(&self) -> Known<'_> {
        let mut known = Known::new();
        for (neighbour, routes) in self.open() {
            for (node, route) in routes {
                let is_shorter = |(other, _): &(&Route, PeerId)| route.distance < other.distance;
                if known.get(node).is_none_or(is_shorter) {
                    known.insert(node, (route, neighbour));
                }
            }
        }
        known
    }

    /// What a neighbour is to be told of all that is known, beside the nodes that are hosted here.
    pub(crate) fn told_to(
        &self,
        neighbour: PeerId,
        own: &[Route],
        known: &Known<'_>,
    ) -> Vec<Route> {
        if self.cut.contains(&neighbour) {
            return Vec::new();
        }
        let is_own = |node: &NodeId| own.iter().any(|route| route.replica.node == *node);
        let others = known.iter().filter(|(node, (route, through))| {
            *through != neighbour && route.distance + 1 < DISTANCE_MAX && !is_own(node)
        });
        let farther = others.map(|(_, (route, _))| Route {
            distance: route.distance + 1,
            replica: ReplicaId::clone(&route.replica),
            epoch: route.epoch,
        });
        let mut told: Vec<Route> = own.iter().cloned().chain(farther).collect();
        told.truncate(KNOWN_NODES_MAX);
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(name: &str, distance: u8) -> Route {
        let replica = ReplicaId::first(NodeId::new(name).unwrap());
        Route { replica, distance, epoch: None }
    }

    #[test]
    fn the_shortest_way_is_taken_and_not_told_back() {
        let [b, c] = [PeerId::new(2), PeerId::new(3)];
        let mut routes = Routes::default();
        assert!(routes.hear(b, vec![route("b", 0), route("d", 2)]));
        assert!(!routes.hear(b, vec![route("b", 0), route("d", 2)]), "the same");
        assert!(routes.hear(c, vec![route("d", 1), route("far", DISTANCE_MAX)]));
        let way = |routes: &Routes, name: &str| routes.way_to(&NodeId::new(name).unwrap());
        assert_eq!([way(&routes, "b"), way(&routes, "d")], [Some(b), Some(c)]);
        assert_eq!(way(&routes, "far"), None);
        let own = vec![route("a", 0)];
        assert_eq!(routes.told_to(b, &own, &routes.known()), [route("a", 0), route("d", 2)]);
        assert_eq!(routes.told_to(c, &own, &routes.known()), [route("a", 0), route("b", 1)]);
        assert!(routes.forget(c));
        assert_eq!(way(&routes, "d"), Some(b), "the longer one");
        assert!(!routes.forget(c));
    }

    /// Peers in a row, told of each other until nothing changes.
    #[test]
    fn ways_to_what_is_gone_die_out() {
        let peers: Vec<PeerId> = (0..4).map(PeerId::new).collect();
        let mut all = vec![Routes::default(); 4];
        let own = |index: usize, is_there: bool| {
            let own = route(&format!("n{index}"), 0);
            if is_there { vec![own] } else { Vec::new() }
        };
        let round = |all: &mut Vec<Routes>, last_is_there: bool| {
            let mut has_changed = false;
            for (from, to) in [(0, 1), (1, 0), (1, 2), (2, 1), (2, 3), (3, 2)] {
                let told = all[from].told_to(
                    peers[to],
                    &own(from, from < 3 || last_is_there),
                    &all[from].known(),
                );
                has_changed |= all[to].hear(peers[from], told);
            }
            has_changed
        };
        while round(&mut all, true) {}
        assert_eq!(all[0].way_to(&NodeId::new("n3").unwrap()), Some(peers[1]));
        let mut rounds = 0;
        while round(&mut all, false) {
            rounds += 1;
        }
        assert!(rounds <= usize::from(DISTANCE_MAX), "{rounds}");
        assert_eq!(all[0].way_to(&NodeId::new("n3").unwrap()), None);
    }
}
