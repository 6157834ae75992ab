//! How what nodes show is told over one link.
//!
//! # Problem
//!
//! Everybody shows what everybody shows. A report says what a node has seen of each replica, and an
//! operation changes what all have seen. Were each report told whole to each neighbour, an operation
//! in a room of n nodes would cost n reports over all links, of n numbers each.
//!
//! # Model
//!
//! - **Whole once, then what is new**: the lane keeps what is said in order and loses nothing, so
//!   both ends of a link know which report of a node went over it last, under a *slot* that the
//!   teller gives out. The next one says by how much it goes beyond that.
//! - **From one neighbour**: each peer hears of a node from one neighbour, its *teller*, and asks
//!   others who tell it of that node to *spare* it, until it asks for it again. What is left are
//!   trees that the reports themselves have drawn: Leitão, Pereira, Rodrigues 2007, "Epidemic
//!   broadcast trees", section 3. [`Reports`](crate::reports::Reports) chooses the tellers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use scalesmall_crdt::{NodeId, ReplicaId, VersionVector};

use crate::BadFrame;
use crate::limits::SLOTS_MAX;

/// What a node shows, as it was heard last.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Report {
    pub(crate) replica: ReplicaId,
    pub(crate) state: Shown,
}

/// What there is to know of a replica at a time.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Shown {
    /// Greater than that of each report of the replica before.
    pub(crate) number: u64,
    pub(crate) condition: Condition,
    pub(crate) fingerprint: u64,
    pub(crate) seen: VersionVector,
}

/// How the peer fares that hosts a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// It is to be seen, or needs not be.
    Awake,
    /// It is a tab in the background, which the browser may slow down.
    Hidden,
}

/// A report as it goes over a link.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Told {
    pub(crate) slot: usize,
    /// Whether the teller hosts the node.
    pub(crate) is_hosted: bool,
    /// Whose slot it is from now on; nothing where it stays that of who it was.
    pub(crate) replica: Option<ReplicaId>,
    /// What has been seen is only what goes beyond the report before, if there was one.
    pub(crate) state: Shown,
}

impl Report {
    /// Of two reports of a node, the newer one has the greater.
    pub(crate) fn order(&self) -> (u32, u64) {
        (self.replica.incarnation, self.state.number)
    }
}

/// What has been told to a neighbour.
#[derive(Default)]
pub(crate) struct Telling {
    told: BTreeMap<NodeId, (usize, Arc<Report>)>,
    /// Slots of nodes that are forgotten.
    free: Vec<usize>,
    /// The nodes of which the neighbour hears from others.
    spared: BTreeSet<NodeId>,
}

impl Telling {
    /// A report as the neighbour is to be told it; nothing where it needs not be. O(what it has
    /// seen).
    pub(crate) fn tell(&mut self, report: &Arc<Report>, is_hosted: bool) -> Option<Told> {
        let Report { replica, state } = &**report;
        if self.spared.contains(&replica.node) {
            return None;
        }
        let given_out = self.told.len() + self.free.len();
        let before = self.told.get(&replica.node);
        let slot = match before {
            Some((_, before)) if report.order() <= before.order() => return None,
            Some(&(slot, _)) => slot,
            None => match self.free.pop() {
                Some(slot) => slot,
                None if given_out < SLOTS_MAX => given_out,
                None => return None,
            },
        };
        let same = before.map(|(_, before)| before).filter(|before| before.replica == *replica);
        let told = match same.filter(|before| state.seen.includes(&before.state.seen)) {
            Some(before) => {
                let seen = state.seen.iter();
                let news = seen.filter(|&(by, to)| to > before.state.seen.counter(by)).collect();
                Told { slot, is_hosted, replica: None, state: Shown { seen: news, ..*state } }
            }
            None => {
                let replica = Some(replica.clone());
                Told { slot, is_hosted, replica, state: state.clone() }
            }
        };
        self.told.insert(replica.node.clone(), (slot, Arc::clone(report)));
        Some(told)
    }

    /// Tells nothing more of these nodes, as far as they were told of, or does again, from the
    /// beginning.
    pub(crate) fn spare(&mut self, nodes: Vec<NodeId>, is_spared: bool) {
        for node in nodes {
            if !is_spared {
                self.spared.remove(&node);
            } else if let Some((slot, _)) = self.told.remove(&node) {
                self.free.push(slot);
                self.spared.insert(node);
            }
        }
    }

    /// There is nothing to be told of a node any more.
    pub(crate) fn forget(&mut self, node: &NodeId) {
        self.spared.remove(node);
        self.free.extend(self.told.remove(node).map(|(slot, _)| slot));
    }
}

/// What a neighbour has told, by slot; nothing where it was asked to tell no more, which it may not
/// know yet.
#[derive(Default)]
pub(crate) struct Hearing(Vec<Option<Arc<Report>>>);

impl Hearing {
    /// The report that this is, unless there was to be none. O(what it has seen).
    ///
    /// # Errors
    ///
    /// Where it goes beyond a report that there was not.
    pub(crate) fn hear(&mut self, told: Told) -> Result<Option<Arc<Report>>, BadFrame> {
        let Told { slot, replica, state, .. } = told;
        let before = self.0.get(slot);
        let report = match (replica, before) {
            (Some(replica), _) if slot <= self.0.len() => Report { replica, state },
            (None, Some(None)) => return Ok(None),
            (None, Some(Some(before))) => {
                let mut seen = before.state.seen.clone();
                state.seen.iter().for_each(|(by, counter)| seen.raise(by, counter));
                Report { replica: before.replica.clone(), state: Shown { seen, ..state } }
            }
            _ => return Err(BadFrame::Slot(slot)),
        };
        let report = Some(Arc::new(report));
        match self.0.get_mut(slot) {
            Some(known) => known.clone_from(&report),
            None => self.0.push(report.clone()),
        }
        Ok(report)
    }

    /// The neighbour is asked to tell no more of these nodes.
    pub(crate) fn forget(&mut self, nodes: &BTreeSet<NodeId>) {
        for slot in &mut self.0 {
            slot.take_if(|report| nodes.contains(&report.replica.node));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(name: &str, incarnation: u32, number: u64, seen: &[(&str, u64)]) -> Arc<Report> {
        let node = |name| NodeId::new(name).expect("a short name");
        let seen: Vec<_> = seen.iter().map(|&(by, to)| (ReplicaId::first(node(by)), to)).collect();
        let seen: VersionVector = seen.iter().map(|(by, to)| (by, *to)).collect();
        let replica = ReplicaId { node: node(name), incarnation };
        let state = Shown { number, condition: Condition::Awake, fingerprint: number, seen };
        Arc::new(Report { replica, state })
    }

    #[test]
    fn what_is_heard_is_what_was_told() {
        let (mut telling, mut hearing) = (Telling::default(), Hearing::default());
        let reports = [
            report("a", 0, 1, &[("a", 1), ("b", 7)]),
            report("b", 0, 2, &[]),
            report("a", 0, 3, &[("a", 1), ("b", 9), ("c", 1)]),
            report("a", 0, 4, &[("a", 1), ("b", 9), ("c", 1)]),
            // One that has lost what it had seen, and a later replica.
            report("a", 0, 5, &[("a", 1)]),
            report("a", 1, 1, &[("b", 1)]),
        ];
        let mut lengths = Vec::new();
        for report in &reports {
            let told = telling.tell(report, false).expect("it is news");
            lengths.push(told.state.seen.iter().count());
            assert_eq!(hearing.hear(told), Ok(Some(Arc::clone(report))));
            assert_eq!(telling.tell(report, false), None, "the same again");
        }
        assert_eq!(lengths, [2, 0, 2, 0, 1, 1]);
        assert_eq!(telling.tell(&reports[0], false), None, "an older one");
    }

    #[test]
    fn who_is_spared_hears_nothing_until_it_asks() {
        let (mut telling, mut hearing) = (Telling::default(), Hearing::default());
        let node = NodeId::new("a").expect("a short name");
        let reports = [1, 2, 3].map(|number| report("a", 0, number, &[("b", number)]));
        telling.spare(vec![node.clone()], true);
        let told = telling.tell(&reports[0], true).expect("it was not told of it yet");
        assert_eq!(hearing.hear(told), Ok(Some(Arc::clone(&reports[0]))));

        // What is on its way when it asks is nothing to it.
        hearing.forget(&BTreeSet::from([node.clone()]));
        let told = telling.tell(&reports[1], true).expect("it has not heard of that yet");
        assert_eq!(hearing.hear(told), Ok(None));
        telling.spare(vec![node.clone()], true);
        assert_eq!(telling.tell(&reports[2], true), None);
        telling.spare(vec![node], false);
        let told = telling.tell(&reports[2], true).expect("it asks for it");
        assert_eq!(hearing.hear(told), Ok(Some(Arc::clone(&reports[2]))));
    }

    #[test]
    fn slots_are_used_again() {
        let (mut telling, mut hearing) = (Telling::default(), Hearing::default());
        for number in 0..100 {
            let report = report(&format!("n{number}"), 0, 1, &[("a", number)]);
            let told = telling.tell(&report, false).expect("it is news");
            assert_eq!(told.slot, 0);
            assert_eq!(hearing.hear(told), Ok(Some(Arc::clone(&report))));
            telling.forget(&report.replica.node);
        }
        assert_eq!(hearing.0.len(), 1);
    }

    #[test]
    fn what_goes_beyond_nothing_is_refused() {
        let mut hearing = Hearing::default();
        let told = Telling::default().tell(&report("a", 0, 1, &[]), false).expect("it is news");
        let skipping = Told { slot: 1, ..told.clone() };
        assert_eq!(hearing.hear(skipping), Err(BadFrame::Slot(1)));
        let of_nobody = Told { replica: None, ..told };
        assert_eq!(hearing.hear(of_nobody), Err(BadFrame::Slot(0)));
    }
}
