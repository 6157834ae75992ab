//! What has passed between the nodes of a run, as far as it has been played: which messages there
//! were, what became of them, and by which of them each node learned of each operation.
//!
//! The passages themselves are kept, in their order; all else here is an index of them. To play
//! again what is known already adds nothing, and a run that takes another course forgets what came
//! after. What passes beyond [`PASSAGES_MAX`] is not kept: of so long a run the beginning is known.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use scalesmall_crdt::Dot;
use scalesmall_sim::{Passage, Sent, SimTime, Simulation};

/// The most passages that are kept: some hundred bytes each.
const PASSAGES_MAX: usize = 250_000;
/// The most hops of a way: no message has been told of so often.
const HOPS_MAX: usize = 64;

/// What has passed so far.
#[derive(Default)]
pub(crate) struct Chronicle {
    passages: Vec<(SimTime, Passage)>,
    /// By number. Never listed, so its order does not matter.
    copies: HashMap<u64, Transit>,
    /// Where it stands that a node has learned of an operation, each time that it did.
    learned: BTreeMap<(usize, Dot), Vec<usize>>,
    /// By node, where it stands what it has learned, in order.
    lessons: Vec<Vec<usize>>,
    is_full: bool,
}

/// A message that was sent, as an index among the passages, and what became of this copy.
#[derive(Clone, Copy)]
struct Transit {
    sent: usize,
    ended: Option<usize>,
}

/// One copy of a message, from one node to another.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Flight {
    pub(crate) sent: Arc<Sent>,
    /// Nothing where the link has lost it at once.
    pub(crate) number: Option<u64>,
    /// When it is to arrive.
    pub(crate) due_at: SimTime,
    pub(crate) end: End,
}

/// What has become of a copy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum End {
    Open,
    Arrived(SimTime),
    Lost(SimTime),
}

/// A node that has told another of an operation, or issued it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Hop {
    pub(crate) node: usize,
    /// When it learned of it.
    pub(crate) at: SimTime,
}

impl Chronicle {
    /// Takes in what has passed since the last time.
    pub(crate) fn follow(&mut self, simulation: &mut Simulation) {
        let (before, passages) = simulation.take_traffic();
        let known = (self.passages.len() as u64).saturating_sub(before) as usize;
        for (at, passage) in passages.into_iter().skip(known) {
            if self.passages.len() == PASSAGES_MAX {
                self.is_full = true;
                return;
            }
            self.index(self.passages.len(), &passage);
            self.passages.push((at, passage));
        }
    }

    /// Forgets what came after a time: the run goes on differently.
    pub(crate) fn forget_after(&mut self, time: SimTime) {
        let kept = self.passages.partition_point(|&(at, _)| at <= time);
        let mut passages = std::mem::take(&mut self.passages);
        passages.truncate(kept);
        *self = Self::default();
        for (place, (_, passage)) in passages.iter().enumerate() {
            self.index(place, passage);
        }
        self.passages = passages;
    }

    /// Whether the run has gone on beyond what is kept of it.
    pub(crate) fn is_full(&self) -> bool {
        self.is_full
    }

    fn index(&mut self, place: usize, passage: &Passage) {
        match passage {
            Passage::Sent(sent) => {
                for &(number, _) in &sent.copies {
                    self.copies.insert(number, Transit { sent: place, ended: None });
                }
            }
            Passage::Arrived { copy: number, .. } | Passage::Lost(number) => {
                if let Some(transit) = self.copies.get_mut(number) {
                    transit.ended = Some(place);
                }
            }
            Passage::Learned { replica, dot, .. } => {
                self.learned.entry((*replica, dot.clone())).or_default().push(place);
                if self.lessons.len() <= *replica {
                    self.lessons.resize_with(replica + 1, Vec::new);
                }
                self.lessons[*replica].push(place);
            }
            Passage::Became { .. } | Passage::Forgot(_) => {}
        }
    }

    /// Who told whom of an operation, from the node that issued it to this one, as it stands at
    /// `time`. Nothing where the node does not know it by then, or that is not kept.
    pub(crate) fn way(&self, replica: usize, dot: &Dot, time: SimTime) -> Option<Vec<Hop>> {
        let (mut node, mut time, mut hops) = (replica, time, Vec::new());
        while hops.len() < HOPS_MAX {
            let learned = self.learned.get(&(node, dot.clone()))?;
            let by_then = |&&place: &&usize| self.passages[place].0 <= time;
            let &place = learned.iter().rev().find(by_then)?;
            let (at, Passage::Learned { by, .. }) = &self.passages[place] else {
                unreachable!("it is indexed as one")
            };
            hops.push(Hop { node, at: *at });
            let Some(number) = by else {
                hops.reverse();
                return Some(hops);
            };
            let sent = self.sent(self.copies.get(number)?.sent);
            (node, time) = (sent.from, sent.at);
        }
        None
    }

    /// The operations that a node has learned of or issued by `time`, the latest first.
    pub(crate) fn learned(&self, replica: usize, time: SimTime) -> impl Iterator<Item = &Dot> {
        let lessons = self.lessons.get(replica).map_or(&[][..], Vec::as_slice);
        let past = lessons.partition_point(|&place| self.passages[place].0 <= time);
        lessons[..past].iter().rev().map(|&place| match &self.passages[place].1 {
            Passage::Learned { dot, .. } => dot,
            _ => unreachable!("it is indexed as one"),
        })
    }

    /// The copies of messages that were on their way at some time between these, as known at the
    /// later one, in the order in which they were sent.
    pub(crate) fn flights(&self, from: SimTime, to: SimTime) -> impl Iterator<Item = Flight> {
        let past = self.passages.partition_point(|&(at, _)| at <= to);
        // What was sent long before can still be under way, but no longer than a minute or so.
        let first = self.passages.partition_point(|&(at, _)| at < from.earlier_by(LONGEST_US));
        let sent =
            (first..past).filter(|&place| matches!(self.passages[place].1, Passage::Sent(_)));
        let flights = sent.flat_map(move |place| self.copies_of(self.sent(place), to));
        flights.filter(move |flight| flight.ends_by(to) >= from)
    }

    /// The operations that nodes have issued between these times: when, which node, and the how
    /// manieth of its own.
    pub(crate) fn issued(
        &self,
        from: SimTime,
        to: SimTime,
    ) -> impl Iterator<Item = (SimTime, usize, u64)> {
        let first = self.passages.partition_point(|&(at, _)| at < from);
        let past = self.passages.partition_point(|&(at, _)| at <= to);
        self.passages[first..past].iter().filter_map(|(at, passage)| match passage {
            Passage::Learned { replica, dot, by: None } => Some((*at, *replica, dot.counter)),
            _ => None,
        })
    }

    fn copies_of(&self, sent: &Arc<Sent>, time: SimTime) -> Vec<Flight> {
        let flight = |number, due_at, end| Flight { sent: Arc::clone(sent), number, due_at, end };
        if sent.copies.is_empty() {
            return vec![flight(None, sent.at, End::Lost(sent.at))];
        }
        let copy = |&(number, due_at): &(u64, SimTime)| {
            let ended = self.copies.get(&number).and_then(|transit| transit.ended);
            let end = match ended.map(|place| &self.passages[place]) {
                Some((at, Passage::Arrived { .. })) if *at <= time => End::Arrived(*at),
                Some((at, _)) if *at <= time => End::Lost(*at),
                _ => End::Open,
            };
            flight(Some(number), due_at, end)
        };
        sent.copies.iter().map(copy).collect()
    }

    fn sent(&self, place: usize) -> &Arc<Sent> {
        match &self.passages[place].1 {
            Passage::Sent(sent) => sent,
            _ => unreachable!("it is indexed as one"),
        }
    }
}

/// How long before a time a message may have been sent that is still to be seen then.
const LONGEST_US: u64 = 10_000_000;

impl Flight {
    /// When it ended; the time itself, where it has not by then.
    fn ends_by(&self, time: SimTime) -> SimTime {
        match self.end {
            End::Open => time,
            End::Arrived(at) | End::Lost(at) => at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scalesmall_sim::{Scenario, builtin};

    fn played(until_ms: u32) -> (Simulation, Chronicle) {
        let scenario = Scenario::parse(builtin::FIRST_LIGHT).unwrap();
        let (mut simulation, mut chronicle) =
            (Simulation::with_traffic(scenario), Chronicle::default());
        chronicle.follow(&mut simulation);
        play(&mut simulation, &mut chronicle, until_ms);
        (simulation, chronicle)
    }

    fn play(simulation: &mut Simulation, chronicle: &mut Chronicle, until_ms: u32) {
        simulation.run_until(SimTime::from_ms(until_ms));
        chronicle.follow(simulation);
    }

    #[test]
    fn every_operation_that_a_node_knows_has_come_by_a_way_from_its_issuer() {
        let (simulation, chronicle) = played(3_000);
        let now = simulation.now();
        let mut longest = 0;
        for (index, replica) in simulation.replicas().iter().enumerate() {
            for update in simulation.issued().iter() {
                let way = chronicle.way(index, &update.dot, now);
                assert_eq!(way.is_some(), replica.claims().context().contains(&update.dot));
                let Some(way) = way else { continue };
                let issuer = simulation.replicas()[way[0].node].node().id();
                assert_eq!(*issuer, update.dot.replica);
                assert_eq!(way.last().unwrap().node, index);
                assert!(way.windows(2).all(|hops| hops[0].at < hops[1].at));
                longest = longest.max(way.len());
            }
        }
        assert!(longest > 2, "nobody has handed anything on");
        let by_then = SimTime::from_ms(700);
        let times = |dot: &Dot| chronicle.way(5, dot, by_then).unwrap().last().unwrap().at;
        let times: Vec<SimTime> = chronicle.learned(5, by_then).map(times).collect();
        assert!(times.len() > 10 && times.is_sorted_by(|one, other| one >= other));
        assert!(times[0] <= by_then && chronicle.learned(5, now).count() > times.len());
        assert_eq!(chronicle.learned(99, now).count(), 0);
        assert!(!chronicle.is_full());
    }

    #[test]
    fn to_go_back_and_to_play_again_changes_nothing() {
        let (mut simulation, mut chronicle) = played(1_000);
        let checkpoint = simulation.clone();
        play(&mut simulation, &mut chronicle, 2_000);
        let known = chronicle.passages.clone();
        let mut again = checkpoint.clone();
        play(&mut again, &mut chronicle, 2_000);
        assert_eq!(chronicle.passages, known);

        chronicle.forget_after(checkpoint.now());
        assert!(chronicle.passages.len() < known.len());
        let mut again = checkpoint;
        play(&mut again, &mut chronicle, 2_000);
        assert_eq!(chronicle.passages, known);
        let dot = &simulation.issued().iter().next().unwrap().dot;
        assert!(chronicle.way(0, dot, simulation.now()).is_some());
    }

    #[test]
    fn what_is_on_its_way_is_what_the_simulation_says() {
        let (simulation, chronicle) = played(2_500);
        let now = simulation.now();
        let open = |flight: &Flight| flight.end == End::Open;
        let mut flying: Vec<u64> =
            chronicle.flights(now, now).filter(open).filter_map(|flight| flight.number).collect();
        let mut in_flight: Vec<u64> = simulation.in_flight().map(|it| it.number).collect();
        flying.sort_unstable();
        in_flight.sort_unstable();
        assert!(!in_flight.is_empty());
        assert_eq!(flying, in_flight);
        let earlier = SimTime::from_ms(2_000);
        let mut window = chronicle.flights(earlier, now);
        assert!(window.all(|flight| flight.sent.at <= now && flight.ends_by(now) >= earlier));
    }
}
