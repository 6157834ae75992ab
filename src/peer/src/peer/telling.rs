//! What a peer looks after from time to time, and tells its neighbours.

use scalesmall_node::SimTime;

use super::{Effects, Peer};
use crate::Unproven;
use crate::frame::{Frame, Report, Route};
use crate::limits::PROOF_US_MAX;
use crate::link::{Link, State, Why};

/// How often a link is asked whether the other end is there, and after how long it is not.
const PING_US: u64 = 2_000_000;
const SILENT_US: u64 = 15_000_000;
/// How often a node is reported that has not changed.
const REPORT_US: u64 = 5_000_000;

impl Peer {
    pub(super) fn tick(&mut self, now: SimTime, effects: &mut Effects) {
        let is_late = |link: &Link| match link.state {
            State::Proving(_) if now.us_since(link.opened_at) > PROOF_US_MAX => {
                Some(Unproven::TooLate.into())
            }
            State::Proven if now.us_since(link.heard_at) > SILENT_US => Some(Why::Silent),
            _ => None,
        };
        let late = self.links.iter().filter_map(|(&peer, link)| Some((peer, is_late(link)?)));
        for (peer, why) in late.collect::<Vec<_>>() {
            self.turn_away(now, peer, why, effects);
        }
        self.close_due(now, effects);
        if now.us_since(self.pinged_at) >= PING_US {
            self.pinged_at = now;
            for link in self.links.values_mut().filter(|link| link.is_proven()) {
                link.ping(now, now.as_us());
            }
        }
        self.begin(now);
        self.retire_absent(now);
        self.tell_routes(now);
        self.report(now);
    }

    fn tell_routes(&mut self, now: SimTime) {
        let own = self.hosts.iter().map(|host| Route {
            replica: host.replica(),
            distance: 0,
            epoch: self.epoch.filter(|_| host.is_member()),
        });
        let own: Vec<Route> = own.collect();
        let known = self.routes.known();
        for (&peer, link) in self.links.iter_mut().filter(|(_, link)| link.is_proven()) {
            let routes = self.routes.told_to(peer, &own, &known);
            if self.told.get(&peer) != Some(&routes) {
                link.say(now, &Frame::Routes(routes.clone()));
                self.told.insert(peer, routes);
            }
        }
    }

    fn report(&mut self, now: SimTime) {
        let mut own = Vec::new();
        for host in &self.hosts {
            let Some(node) = host.node() else { continue };
            let fingerprint = node.claims().fingerprint().to_u64();
            let is_known = self.reported.get(&host.name).is_some_and(|&(reported, at)| {
                reported == fingerprint && now.us_since(at) < REPORT_US
            });
            if !is_known {
                self.report_number += 1;
                let (id, number) = (node.id().clone(), self.report_number);
                own.push(Report::of(id, number, self.condition, node.claims()));
                self.reported.insert(host.name.clone(), (fingerprint, now));
            }
        }
        let fresh = self.reports.take_fresh();
        for (&peer, link) in self.links.iter_mut().filter(|(_, link)| link.is_proven()) {
            let others = fresh.iter().filter(|(from, _)| *from != peer).map(|(_, report)| report);
            let reports: Vec<Report> = own.iter().chain(others).cloned().collect();
            if !reports.is_empty() {
                link.say(now, &Frame::Reports(reports));
            }
        }
        self.reports.follow(now, &self.log, &self.truth);
        self.record_views(now);
    }
}
