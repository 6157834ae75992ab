//! Messages between a few nodes over a stretch of time: what the space-time diagram shows.
//!
//! A lane for each node, time to the right, an arrow for each message (Lamport 1978, "Time, clocks,
//! and the ordering of events in a distributed system", CACM 21(7)). With many lanes single arrows
//! cannot be told apart; then a link shows how many there were.

use std::collections::BTreeMap;

use scalesmall_crdt::NodeId;
use scalesmall_sim::{Purpose, Sent, SimTime, Simulation, gathered, sorted_by};

use crate::chronicle::{Chronicle, End, Flight};
use crate::identity::{Identities, Identity};

/// The most lanes between which single messages are shown.
pub(crate) const ARROW_LANES_MAX: usize = 8;
/// How many lanes there are at first.
const FEW_LANES: usize = ARROW_LANES_MAX;
/// The most lanes.
pub(crate) const LANES_MAX: usize = 48;
/// The most arrows, and the most links that show how many there were.
const ARROWS_MAX: usize = 400;
/// Into how many parts the time is divided where messages are counted.
const PARTS: u64 = 16;
/// The shortest and the longest stretch of time, in microseconds.
const SPAN_US: [u64; 2] = [50_000, 60_000_000];
/// The part of the stretch, in percent, that lies after the moment that is shown: room for what is
/// on its way.
const AHEAD_PERCENT: u64 = 15;

/// What somebody wants to see.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Choice {
    /// The nodes, in the order of their lanes.
    pub(crate) nodes: Vec<usize>,
    /// How long a time, in microseconds.
    pub(crate) span_us: u64,
    /// Whether messages without news are shown as well.
    pub(crate) shows_all: bool,
}

impl Choice {
    /// The first few nodes for ten rounds, and all that they say to each other.
    pub(crate) fn of(simulation: &Simulation) -> Self {
        let count = simulation.replicas().len().min(FEW_LANES);
        let span_us = u64::from(simulation.interval_us()) * 10;
        let span_us = span_us.clamp(SPAN_US[0], SPAN_US[1]);
        Self { nodes: (0..count).collect(), span_us, shows_all: true }
    }

    /// Adds a lane, or takes it away.
    pub(crate) fn toggle(&mut self, node: usize) {
        match self.nodes.iter().position(|&other| other == node) {
            Some(place) => {
                self.nodes.remove(place);
            }
            None if self.nodes.len() < LANES_MAX => {
                let place = self.nodes.partition_point(|&other| other < node);
                self.nodes.insert(place, node);
            }
            None => {}
        }
    }

    /// Shows all nodes that can have a lane, or, where there are many lanes, the first few.
    pub(crate) fn toggle_all(&mut self, nodes: usize) {
        let few = self.nodes.len() > ARROW_LANES_MAX;
        self.nodes = (0..nodes.min(if few { FEW_LANES } else { LANES_MAX })).collect();
    }

    /// Twice as long a time, or half of it.
    pub(crate) fn scale(&mut self, is_longer: bool) {
        let span_us = if is_longer { self.span_us * 2 } else { self.span_us / 2 };
        self.span_us = span_us.clamp(SPAN_US[0], SPAN_US[1]);
    }
}

/// The diagram, as plain data.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SpaceTime {
    pub(crate) lanes: Vec<Lane>,
    pub(crate) from: SimTime,
    pub(crate) now: SimTime,
    pub(crate) until: SimTime,
    pub(crate) arrows: Vec<Arrow>,
    /// How many messages are not shown, because there are too many.
    pub(crate) hidden: usize,
    pub(crate) links: Vec<Link>,
    pub(crate) beads: Vec<Bead>,
    /// Whether the run has gone on beyond what is kept of its messages.
    pub(crate) is_cut_short: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Lane {
    pub(crate) node: usize,
    pub(crate) name: NodeId,
    pub(crate) identity: Identity,
}

/// One copy of a message.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Arrow {
    pub(crate) flight: Flight,
    pub(crate) from_lane: usize,
    pub(crate) to_lane: usize,
    /// Whether it was sent once and comes twice.
    pub(crate) is_double: bool,
}

/// How many messages went from one lane to another in a part of the time.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Link {
    pub(crate) from_lane: usize,
    pub(crate) to_lane: usize,
    pub(crate) from: SimTime,
    pub(crate) until: SimTime,
    pub(crate) count: usize,
    /// The count as a share of the greatest, from 0 to 1.
    pub(crate) share: f64,
}

/// An operation that a node has issued.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Bead {
    pub(crate) lane: usize,
    pub(crate) at: SimTime,
    pub(crate) counter: u64,
}

impl SpaceTime {
    /// The diagram of the run as it stands now. O(messages of the stretch).
    pub(crate) fn of(
        simulation: &Simulation,
        chronicle: &Chronicle,
        identities: &Identities,
        choice: &Choice,
    ) -> Self {
        let replicas = simulation.replicas();
        let nodes = choice.nodes.iter().filter(|&&node| node < replicas.len());
        let lane = |&node: &usize| {
            let name = replicas[node].node().id().node.clone();
            Lane { node, identity: identities.get(&name), name }
        };
        let lanes: Vec<Lane> = nodes.map(lane).collect();
        let now = simulation.now();
        let until = now + choice.span_us * AHEAD_PERCENT / 100;
        let from = until.earlier_by(choice.span_us);
        // At the start of a run nothing lies before it.
        let until = until.max(from + choice.span_us);

        let lane_of: BTreeMap<usize, usize> =
            gathered(lanes.iter().enumerate().map(|(lane, it)| (it.node, lane)));
        let is_shown = |sent: &Sent| choice.shows_all || sent.purpose == Purpose::Payload;
        let arrow = |flight: Flight| {
            let sent = &flight.sent;
            let from_lane = *lane_of.get(&sent.from)?;
            let to_lane = *lane_of.get(&sent.to)?;
            let is_double = sent.copies.len() > 1;
            is_shown(sent).then_some(Arrow { from_lane, to_lane, is_double, flight })
        };
        let mut arrows: Vec<Arrow> = chronicle.flights(from, now).filter_map(arrow).collect();
        let (links, hidden) = match lanes.len() > ARROW_LANES_MAX {
            true => (links(&std::mem::take(&mut arrows), [from, until]), 0),
            false => {
                // The latest are what one looks at.
                let hidden = arrows.len().saturating_sub(ARROWS_MAX);
                arrows.drain(..hidden);
                (Vec::new(), hidden)
            }
        };
        let issued = chronicle.issued(from, now);
        let bead = |(at, node, counter): (SimTime, usize, u64)| {
            lane_of.get(&node).map(|&lane| Bead { lane, at, counter })
        };
        let beads = issued.filter_map(bead).collect();
        let is_cut_short = chronicle.is_full();
        Self { lanes, from, now, until, arrows, hidden, links, beads, is_cut_short }
    }

    /// Where a time lies, from 0 at the left to 1 at the right; beyond either, as far out.
    pub(crate) fn x(&self, at: SimTime) -> f64 {
        let span_us = self.until.us_since(self.from) as f64;
        (at.as_us() as f64 - self.from.as_us() as f64) / span_us
    }

    /// For each lane until when all that happened there may have had a part in what an arrow
    /// carries: its causal past. Nothing where nothing on the lane has.
    pub(crate) fn past_of(&self, arrow: &Arrow) -> Vec<Option<SimTime>> {
        let mut past = vec![None; self.lanes.len()];
        past[arrow.from_lane] = Some(arrow.flight.sent.at);
        let arrival = |arrow: &Arrow| match arrow.flight.end {
            End::Arrived(at) => Some(at),
            End::Open | End::Lost(_) => None,
        };
        let arrived: Vec<(SimTime, &Arrow)> =
            self.arrows.iter().filter_map(|arrow| Some((arrival(arrow)?, arrow))).collect();
        // A message is sent before it arrives: backwards in time, each is met once.
        for (at, arrow) in sorted_by(arrived, |one, other| other.0.cmp(&one.0)) {
            if past[arrow.to_lane].is_some_and(|until| at <= until) {
                let before = &mut past[arrow.from_lane];
                *before = (*before).max(Some(arrow.flight.sent.at));
            }
        }
        past
    }
}

impl Arrow {
    /// Whether it belongs to a causal past.
    pub(crate) fn is_in(&self, past: &[Option<SimTime>]) -> bool {
        match self.flight.end {
            End::Arrived(at) => past[self.to_lane].is_some_and(|until| at <= until),
            End::Open | End::Lost(_) => false,
        }
    }

    /// When it ends, or is to.
    pub(crate) fn ends_at(&self) -> SimTime {
        match self.flight.end {
            End::Open => self.flight.due_at,
            End::Arrived(at) | End::Lost(at) => at,
        }
    }
}

/// Counts the messages of each link in each part of the time; the links with the most.
fn links(arrows: &[Arrow], [from, until]: [SimTime; 2]) -> Vec<Link> {
    let part_us = until.us_since(from).div_ceil(PARTS).max(1);
    let mut counts: BTreeMap<(u64, usize, usize), usize> = BTreeMap::new();
    for arrow in arrows {
        let part = arrow.flight.sent.at.us_since(from) / part_us;
        *counts.entry((part, arrow.from_lane, arrow.to_lane)).or_default() += 1;
    }
    let most = counts.values().copied().max().unwrap_or(1);
    let link = |((part, from_lane, to_lane), count): ((u64, usize, usize), usize)| Link {
        from_lane,
        to_lane,
        from: from + part * part_us,
        until: from + (part + 1) * part_us,
        count,
        share: count as f64 / most as f64,
    };
    let links = counts.into_iter().map(link).collect();
    let mut links = sorted_by(links, |one: &Link, other| other.count.cmp(&one.count));
    links.truncate(ARROWS_MAX);
    links
}

#[cfg(test)]
mod tests {
    use super::*;
    use scalesmall_sim::{Scenario, builtin};

    fn played(until_ms: u32) -> (Simulation, Chronicle, Identities) {
        let scenario = Scenario::parse(builtin::FIRST_LIGHT).unwrap();
        let identities = Identities::of(&scenario);
        let mut simulation = Simulation::with_traffic(scenario);
        let mut chronicle = Chronicle::default();
        simulation.run_until(SimTime::from_ms(until_ms));
        chronicle.follow(&mut simulation);
        (simulation, chronicle, identities)
    }

    fn shown(until_ms: u32, change: impl FnOnce(&mut Choice)) -> SpaceTime {
        let (simulation, chronicle, identities) = played(until_ms);
        let mut choice = Choice::of(&simulation);
        change(&mut choice);
        SpaceTime::of(&simulation, &chronicle, &identities, &choice)
    }

    #[test]
    fn arrows_go_forwards_in_time_between_lanes() {
        let diagram = shown(3_000, |_| ());
        assert_eq!(diagram.lanes.len(), FEW_LANES);
        assert!(!diagram.arrows.is_empty() && diagram.links.is_empty());
        for arrow in &diagram.arrows {
            assert_ne!(arrow.from_lane, arrow.to_lane);
            assert!(arrow.flight.sent.at <= arrow.ends_at());
            assert!(diagram.x(arrow.flight.sent.at) <= diagram.x(diagram.now));
        }
        let of_news = shown(3_000, |choice| choice.shows_all = false);
        assert!(of_news.arrows.len() < diagram.arrows.len());
        let start = shown(0, |_| ());
        assert_eq!((start.from, start.x(start.now)), (SimTime::ZERO, 0.0));
    }

    #[test]
    fn with_many_lanes_links_show_how_many_there_were() {
        let diagram = shown(3_000, |choice| {
            (FEW_LANES..24).for_each(|node| choice.toggle(node));
        });
        assert!(diagram.arrows.is_empty() && !diagram.links.is_empty());
        assert!(diagram.links.iter().all(|link| link.count > 0 && link.share <= 1.0));
        assert_eq!(diagram.links[0].share, 1.0);
    }

    #[test]
    fn the_past_of_an_arrow_is_what_led_to_it() {
        let diagram = shown(3_000, |_| ());
        for arrow in &diagram.arrows {
            let past = diagram.past_of(arrow);
            assert!(past[arrow.from_lane] >= Some(arrow.flight.sent.at));
            for other in diagram.arrows.iter().filter(|other| other.is_in(&past)) {
                // Whatever arrived in the past was sent in it.
                assert!(past[other.from_lane] >= Some(other.flight.sent.at));
                assert!(other.ends_at() <= past[other.to_lane].unwrap());
            }
            let latest = past.iter().flatten().max().unwrap();
            assert_eq!(*latest, arrow.flight.sent.at, "nothing in the past is later");
        }
        let largest = diagram.arrows.iter().map(|arrow| {
            let past = diagram.past_of(arrow);
            diagram.arrows.iter().filter(|other| other.is_in(&past)).count()
        });
        assert!(largest.max().unwrap() > 5);
    }

    #[test]
    fn lanes_come_and_go_in_order() {
        let (simulation, ..) = played(0);
        let mut choice = Choice::of(&simulation);
        choice.toggle(11);
        choice.toggle(9);
        choice.toggle(1);
        assert_eq!(choice.nodes, [0, 2, 3, 4, 5, 6, 7, 9, 11]);
        (12..1_000).for_each(|node| choice.toggle(node));
        assert_eq!(choice.nodes.len(), LANES_MAX);
        (0..100).for_each(|_| choice.scale(true));
        assert_eq!(choice.span_us, SPAN_US[1]);
        (0..100).for_each(|_| choice.scale(false));
        assert_eq!(choice.span_us, SPAN_US[0]);
    }
}
