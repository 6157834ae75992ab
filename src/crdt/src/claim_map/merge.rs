//! How another whole state is taken in.

use alloc::vec::Vec;
use core::ops::RangeInclusive;

use super::{ClaimMap, Joined, Survivor};
use crate::context::Place;
use crate::ownership::Slot;
use crate::sort::sorted;
use crate::{Claim, Delta, Dot, ReplicaId};

/// What a merge changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Merged {
    /// The claims of which something else survives than before, whether or not that changed a
    /// priority, in order; without those that what had been waiting touched.
    pub claims: Vec<Claim>,
    /// Per replica of which the other state had applied more: the counters of what is new.
    pub news: Vec<(ReplicaId, RangeInclusive<u64>)>,
    /// What came of the updates that had been waiting on either side.
    pub waiting: Joined,
}

impl ClaimMap {
    /// Takes in the whole state of another replica. Where both have seen the same, O(1); where
    /// this one has seen more, O(replicas); and in both cases what waits there; else O(both
    /// states). Commutative, associative and idempotent.
    ///
    /// ```
    /// use scalesmall_crdt::{Claim, ClaimMap, KeyRange, NodeId, Operation, ReplicaId};
    ///
    /// let a = ReplicaId::first(NodeId::new("a")?);
    /// let (mut at_a, mut at_b) = (ClaimMap::new(), ClaimMap::new());
    /// let claim = Claim::new(a.node.clone(), KeyRange::new(0, 99)?);
    /// at_a.issue(&a, Operation::Register { claim: claim.clone() })?;
    ///
    /// let merged = at_b.merge(&at_a);
    /// assert_eq!(merged.claims, [claim]);
    /// assert_eq!(merged.news.len(), 1);
    /// // What is known already is no news.
    /// assert_eq!(at_b.merge(&at_a), Default::default());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn merge(&mut self, other: &Self) -> Merged {
        let mut merged = Merged::default();
        let mut early: Delta = other.waiting.clone();
        if self.fingerprint != other.fingerprint {
            let is_older = other.cancelled.is_empty() && self.context.includes(&other.context);
            if !is_older {
                self.merge_applied(other, &mut merged);
            }
            // What has waited here may have got its predecessor.
            early.group(core::mem::take(&mut self.waiting));
        }
        merged.waiting = self.join(&early);
        merged
    }

    fn merge_applied(&mut self, other: &Self, merged: &mut Merged) {
        let places = Places::new(self, other);
        let own_slots: Vec<_> = self.ownership.claims.slots().collect();
        for slot in own_slots {
            let claim = self.ownership.claims.claim_at(slot);
            let their_slot = other.ownership.claims.find(&claim);
            let theirs = their_slot.map_or_else(Vec::new, |slot| places.survivors(other, slot));
            self.merge_claim(claim, &theirs, other, &places, merged);
        }
        for slot in other.ownership.claims.slots() {
            let claim = other.ownership.claims.claim_at(slot);
            if self.ownership.claims.find(&claim).is_none() {
                let theirs = places.survivors(other, slot);
                self.merge_claim(claim, &theirs, other, &places, merged);
            }
        }
        merged.claims = sorted(core::mem::take(&mut merged.claims));
        for (replica, counter) in other.context.unordered() {
            let before = self.context.counter(replica);
            if before < counter {
                self.context.raise(replica, counter);
                self.fingerprint.advance(replica, before, counter);
                merged.news.push((replica.clone(), before + 1..=counter));
            }
        }
        for (dot, claims) in &other.cancelled {
            for (claim, is_whole) in claims {
                self.remember_cancelled(dot, claim, *is_whole);
            }
        }
        self.cancelled.retain(|dot, _| !self.context.contains(dot));
        for (claim, cancelling) in &other.restless {
            for (replica, counter) in cancelling.unordered() {
                self.note_cancelling(claim, replica, counter);
            }
        }
    }

    /// Merges what survives of one claim; the contexts are still those before the merge. A
    /// contribution lives on unless the side that lacks it has seen it, or has seen it cancelled.
    fn merge_claim(
        &mut self,
        claim: Claim,
        theirs: &[Survivor],
        other: &Self,
        places: &Places,
        merged: &mut Merged,
    ) {
        let slot = self.ownership.claims.find(&claim);
        let own = slot.map_or_else(Vec::new, |slot| self.contributions[slot as usize].by_dot());
        let mut both: Vec<Survivor> = Vec::with_capacity(own.len().max(theirs.len()));
        let mut own_rest = own.iter().peekable();
        let mut their_rest = theirs.iter().peekable();
        loop {
            let next = [own_rest.peek(), their_rest.peek()].map(|next| next.map(|it| it.dot()));
            let Some(least) = next.into_iter().flatten().min() else { break };
            let from_own = own_rest.next_if(|survivor| survivor.dot() == least);
            let from_them = their_rest.next_if(|survivor| survivor.dot() == least);
            let lives_on = match (from_own, from_them) {
                // Of two foldings of the same, the one that stands for more.
                (Some(own), Some(theirs)) => {
                    let stands_for = |survivor: &Survivor| survivor.contribution.stands_for;
                    Some(if stands_for(theirs) > stands_for(own) { theirs } else { own })
                }
                (Some(own), None) => {
                    let is_gone = own.counter <= places.their_counters[own.place as usize]
                        || other.is_cancelled_for(&claim, self, own);
                    (!is_gone).then_some(own)
                }
                (None, Some(theirs)) => {
                    let is_gone = theirs.counter <= self.context.counter_at(theirs.place)
                        || self.is_cancelled_for(&claim, self, theirs);
                    (!is_gone).then_some(theirs)
                }
                (None, None) => None,
            };
            both.extend(lives_on);
        }
        if both == own {
            return;
        }
        let slot = self.ownership.claims.hold(&claim);
        self.replace(slot, &both);
        self.list_if_several(slot);
        merged.claims.push(claim);
    }

    /// Whether this replica has not applied a contribution yet and knows it to be cancelled.
    /// Places are those of `named_by`.
    fn is_cancelled_for(&self, claim: &Claim, named_by: &Self, survivor: &Survivor) -> bool {
        let dot = || -> Dot { named_by.dot(survivor) };
        !self.cancelled.is_empty() && self.is_cancelled(claim, &dot())
    }
}

/// Which replicas are which in another state.
struct Places {
    /// By place there: the place here.
    own: Vec<Place>,
    /// By place here: how many operations have been applied there.
    their_counters: Vec<u64>,
}

impl Places {
    fn new(map: &mut ClaimMap, other: &ClaimMap) -> Self {
        let theirs = 0..other.context.places() as Place;
        let own: Vec<Place> =
            theirs.map(|place| map.context.place_or_new(other.context.replica_at(place))).collect();
        let mut their_counters = alloc::vec![0; map.context.places()];
        for (&own, theirs) in own.iter().zip(0..) {
            their_counters[own as usize] = other.context.counter_at(theirs);
        }
        Self { own, their_counters }
    }

    /// What survives there in a slot, by dot as things are called here.
    fn survivors(&self, other: &ClaimMap, slot: Slot) -> Vec<Survivor> {
        let rename =
            |survivor: Survivor| Survivor { place: self.own[survivor.place as usize], ..survivor };
        let own = &other.contributions[slot as usize];
        sorted(own.iter().map(rename).collect())
    }
}
