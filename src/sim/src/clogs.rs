//! Links that hold back what they should bring.

use std::collections::BTreeMap;

use scalesmall_node::{SimTime, gathered};

use crate::limits::CLOGGED_MAX;
use crate::simulation::Parcel;

/// A message's place in the order of arrival: when, and which of those of that time.
type Place = (SimTime, u64);

/// The clogged links, each a pair of sender and receiver, with the messages that have come to its
/// end and wait there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Clogs {
    links: BTreeMap<(usize, usize), BTreeMap<Place, Parcel>>,
    /// How many messages wait, on all links together.
    waiting: usize,
}

impl Clogs {
    pub(crate) fn clog(&mut self, from: usize, to: usize) {
        self.links.entry((from, to)).or_default();
    }

    /// Ends the clog of a link, if it has one, and returns what waited, in order, with its number.
    pub(crate) fn unclog(&mut self, from: usize, to: usize) -> Option<Vec<(u64, Parcel)>> {
        let waited = self.links.remove(&(from, to))?;
        self.waiting -= waited.len();
        Some(numbered(waited))
    }

    /// Ends all clogs and returns what waited anywhere, in order, with its number.
    pub(crate) fn clear(&mut self) -> Vec<(u64, Parcel)> {
        let Self { links, .. } = std::mem::take(self);
        numbered(gathered(links.into_values().flatten()))
    }

    pub(crate) fn is_clogged(&self, from: usize, to: usize) -> bool {
        self.links.contains_key(&(from, to))
    }

    /// The clogged links, in order.
    pub(crate) fn links(&self) -> impl Iterator<Item = (usize, usize)> {
        self.links.keys().copied()
    }

    /// Lets a message wait at the end of its link, which is clogged. False if no more can wait.
    pub(crate) fn hold(&mut self, place: Place, parcel: Parcel) -> bool {
        if self.waiting == CLOGGED_MAX {
            return false;
        }
        let link = self.links.get_mut(&(parcel.from, parcel.to)).expect("the link is clogged");
        link.insert(place, parcel);
        self.waiting += 1;
        true
    }

    /// How many messages wait.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting
    }

    /// The messages that wait, each with its number, link by link.
    pub(crate) fn messages(&self) -> impl Iterator<Item = (u64, &Parcel)> {
        self.links.values().flatten().map(|(&(_, number), parcel)| (number, parcel))
    }

    /// Takes out the message with this number, if it waits. O(what waits).
    pub(crate) fn take(&mut self, number: u64) -> Option<Parcel> {
        let parcel = self.links.values_mut().find_map(|link| {
            let place = *link.keys().find(|&&(_, other)| other == number)?;
            link.remove(&place)
        })?;
        self.waiting -= 1;
        Some(parcel)
    }

    /// # Panics
    ///
    /// With the part that is broken.
    pub(crate) fn check_invariants(&self) {
        let waiting: usize = self.links.values().map(BTreeMap::len).sum();
        assert_eq!(waiting, self.waiting, "the count of clogged messages has drifted");
        assert!(waiting <= CLOGGED_MAX, "too many messages wait");
        for (&link, messages) in &self.links {
            assert!(
                messages.values().all(|parcel| (parcel.from, parcel.to) == link),
                "a message waits at another's link"
            );
        }
    }
}

fn numbered(waited: BTreeMap<Place, Parcel>) -> Vec<(u64, Parcel)> {
    waited.into_iter().map(|((_, number), parcel)| (number, parcel)).collect()
}
