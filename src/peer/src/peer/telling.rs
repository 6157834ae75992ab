//! What a peer looks after from time to time, and tells its neighbours.

use std::sync::Arc;

use scalesmall_node::SimTime;

use super::{Effects, Peer};
use crate::Unproven;
use crate::frame::{Frame, Route};
use crate::hearsay::{Report, Told};
use crate::limits::PROOF_US_MAX;
use crate::link::{Link, State, Why};

/// How often a link is asked whether the other end is there, and after how long it is not.
const PING_US: u64 = 2_000_000;
const SILENT_US: u64 = 15_000_000;
/// How often a node is reported that has not changed.
const REPORT_US: u64 = 5_000_000;

/// What was reported of a node that is hosted here.
pub(super) struct Reported {
    shown: u64,
    /// How many operations it had issued.
    issued: u64,
    at: SimTime,
}

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
            // All that the node has seen has been seen here, so what it may fold may be folded.
            if node.stable().operations() > self.folded {
                self.folded = node.stable().operations();
                self.truth.fold(node.stable());
            }
            let shown = node.claims().fingerprint().to_u64();
            let issued = node.claims().context().counter(node.id());
            let is_known = self.reported.get(&host.name).is_some_and(|reported| {
                let passed_us = now.us_since(reported.at);
                (reported.shown == shown && passed_us < REPORT_US)
                    || (reported.issued == issued && passed_us < self.reports.gap_us())
            });
            if !is_known {
                self.report_number += 1;
                let (id, number) = (node.id().clone(), self.report_number);
                own.push(Arc::new(Report::of(id, number, self.condition, node.claims())));
                self.reported.insert(host.name.clone(), Reported { shown, issued, at: now });
            }
        }
        let fresh = self.reports.take_fresh();
        let (mut to_spare, to_ask) = self.reports.take_requests(now);
        let void = self.reports.forget_void(now);
        for (peer, link) in self.links.iter_mut().filter(|(_, link)| link.is_proven()) {
            void.iter().for_each(|node| link.telling.forget(node));
            let own = own.iter().filter_map(|report| link.telling.tell(report, true));
            let mut told: Vec<Told> = own.collect();
            let others = fresh.iter().filter(|(teller, _)| *teller != Some(*peer));
            told.extend(others.filter_map(|(_, report)| link.telling.tell(report, false)));
            if !told.is_empty() {
                link.say(now, &Frame::Reports(told));
            }
            let spare = to_spare.remove(peer).unwrap_or_default();
            link.hearing.forget(&spare);
            for (is_spared, nodes) in [(true, &spare), (false, &to_ask)] {
                if !nodes.is_empty() {
                    link.say(now, &Frame::Spare(is_spared, nodes.iter().cloned().collect()));
                }
            }
        }
        self.reports.follow(&self.log, &self.truth);
        self.record_views(now);
    }
}
