//! What becomes of the claims of those who are down, and of one's own on returning.
//!
//! Nobody asks anybody: each survivor releases what it still sees claimed, by ordinary operations,
//! which any number of them may issue at once. Who was only cut off finds its claims released when
//! it returns, and registers them again; and adding wins.

use std::collections::BTreeMap;

use scalesmall_crdt::{Claim, NodeId, Operation};

use crate::{DeadClaims, Effects, Node, SimTime, Timer, gathered};

/// The most claims of its own that a node remembers to register again.
const LOST_MAX: usize = 10_000;

/// Who is down since when, and what was lost while others thought so of this node.
#[derive(Clone, Debug, Default)]
pub(crate) struct Departed {
    /// When the claims of each are released.
    releases: BTreeMap<NodeId, SimTime>,
    /// This node's own claims that others have released, with their priority, and when that was.
    lost: BTreeMap<Claim, (u64, SimTime)>,
    /// Until then, this node registers again what of its own others release.
    returns_until: SimTime,
}

impl Departed {
    pub(crate) fn follow_clock_back(&mut self, by_us: u64) {
        self.releases.values_mut().for_each(|at| *at = at.earlier_by(by_us));
        self.lost.values_mut().for_each(|(_, at)| *at = at.earlier_by(by_us));
        self.returns_until = self.returns_until.earlier_by(by_us);
    }
}

impl Node {
    /// How long a node's claims are kept after it was found down, if they are not kept for good.
    fn release_after_us(&self) -> Option<u32> {
        match self.detector.as_ref()?.settings().dead_claims {
            DeadClaims::Keep => None,
            DeadClaims::ReleaseAfter(us) => Some(us),
        }
    }

    pub(crate) fn note_departure(&mut self, now: SimTime, node: &NodeId, effects: &mut Effects) {
        let Some(release_after_us) = self.release_after_us() else { return };
        // Not all at the same moment: who hears that it has been done need not do it.
        let interval_us = self.settings.map_or(1, |settings| settings.interval_us.max(1));
        let pause_us = u64::from(self.random.below(interval_us.saturating_mul(4)));
        let at = now + u64::from(release_after_us) + pause_us;
        self.departed.releases.insert(node.clone(), at);
        effects.timers.push((at, Timer::Departed));
    }

    pub(crate) fn note_return(&mut self, node: &NodeId) {
        self.departed.releases.remove(node);
    }

    /// Releases the claims of those who have been down for long enough.
    pub(crate) fn release_claims_of_departed(&mut self, now: SimTime, effects: &mut Effects) {
        if self.release_after_us().is_none() {
            self.departed.releases.clear();
        }
        let due = self.departed.releases.iter().filter(|&(_, &at)| at <= now);
        let due: Vec<NodeId> = due.map(|(node, _)| node.clone()).collect();
        for node in due {
            self.departed.releases.remove(&node);
            for (claim, _) in self.claims_of(&node) {
                self.operate(now, Operation::Release { claim }, effects);
            }
        }
    }

    /// This node's own live claims, where it may have to remember them.
    pub(crate) fn own_claims(&self) -> Option<BTreeMap<Claim, u64>> {
        self.release_after_us().map(|_| self.claims_of(&self.id().node))
    }

    fn claims_of(&self, node: &NodeId) -> BTreeMap<Claim, u64> {
        let claims = self.claims.ownership().claims_of(node);
        gathered(claims.map(|(range, priority)| (Claim::new(node.clone(), range), priority)))
    }

    /// Remembers which of `before` others have released just now, and registers them again if this
    /// node is returning.
    pub(crate) fn note_lost_claims(
        &mut self,
        now: SimTime,
        before: Option<BTreeMap<Claim, u64>>,
        effects: &mut Effects,
    ) {
        let Some(before) = before else { return };
        let after = self.claims_of(&self.id().node);
        for (claim, priority) in before {
            if !after.contains_key(&claim) && self.departed.lost.len() < LOST_MAX {
                self.departed.lost.insert(claim, (priority, now));
            }
        }
        self.register_lost_claims_again(now, effects);
    }

    /// Others had taken this node for dead.
    pub(crate) fn return_from_the_dead(&mut self, now: SimTime, effects: &mut Effects) {
        let Some(release_after_us) = self.release_after_us() else { return };
        self.departed.returns_until = now + self.absence_us(release_after_us);
        self.register_lost_claims_again(now, effects);
    }

    /// For how long others may have thought this node dead before it heard of it, or may go on
    /// releasing its claims.
    fn absence_us(&self, release_after_us: u32) -> u64 {
        let suspicion_us = self.detector.as_ref().map_or(0, |it| it.settings().suspicion_us);
        2 * (u64::from(release_after_us) + u64::from(suspicion_us)) + 10_000_000
    }

    fn register_lost_claims_again(&mut self, now: SimTime, effects: &mut Effects) {
        let Some(release_after_us) = self.release_after_us() else { return };
        let absence_us = self.absence_us(release_after_us);
        self.departed.lost.retain(|_, &mut (_, at)| now.us_since(at) <= absence_us);
        if now >= self.departed.returns_until {
            return;
        }
        for (claim, (priority, _)) in std::mem::take(&mut self.departed.lost) {
            if self.claims.priority(&claim).is_some() {
                continue;
            }
            let by = u32::try_from(priority).unwrap_or(u32::MAX).try_into().ok();
            let again = by.map(|by| Operation::Increase { claim: claim.clone(), by });
            // Not everything that can be replicated has priorities that one can set.
            let again = again.filter(|it| self.claims.data_type().offers(it));
            self.operate(now, again.unwrap_or(Operation::Register { claim }), effects);
        }
    }
}
