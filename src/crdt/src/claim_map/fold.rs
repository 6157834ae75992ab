//! How the claims are kept small.

use alloc::vec::Vec;

use super::{ClaimMap, Contributions, Survivor, contributions_at};
use crate::VersionVector;
use crate::ablation::{Condition, is_off as off};
use crate::ownership::Slot;
use crate::sort::sorted;

impl ClaimMap {
    /// Folds contributions within the stable `cut` (see [`Stability`](crate::Stability)): for a
    /// claim, those of one replica become one, under the latest of their dots. No value changes,
    /// here or anywhere, ever. Returns how many contributions are no longer kept. O(contributions
    /// to claims that have something to fold or have changed since the last time, and claims with
    /// cancelling updates outside the cut before).
    ///
    /// Why it is exact: let F be what is folded into one here.
    ///
    /// - **An update that is not applied here yet cancels all of F or nothing of it.** Its issuer
    ///   had seen all of F, since it issued the update after the announcement that counts here.
    ///   Whatever of F was cancelled there was cancelled by updates that are not applied here
    ///   either, since all of F survives here; so, by induction over what had happened before, all
    ///   of F was or none. And an update that cancels anything of a claim cancels all that
    ///   survives there.
    /// - **One that cancels F whole, issued where it is folded, reaches no further.** It cancels
    ///   whatever the replica contributed up to the dot of F, so also what came before F and is
    ///   not in it, having been cancelled here. A claim is therefore folded only while it is
    ///   *quiet*: everybody has seen whatever has cancelled anything of it here.
    pub fn fold(&mut self, cut: &VersionVector) -> usize {
        self.restless.retain(|_, cancelling| {
            cancelling.retain_beyond(cut);
            !cancelling.is_empty()
        });
        let mut folded = 0;
        for slot in core::mem::take(&mut self.unfolded) {
            self.contributions[slot as usize].is_listed = false;
            if !self.contributions[slot as usize].has_several() {
                continue;
            }
            let claim = self.ownership.claims.claim_at(slot);
            if !self.restless.contains_key(&claim) || off(Condition::Quiet) {
                folded += self.fold_claim(slot, cut);
            }
            self.list_if_several(slot);
        }
        folded
    }

    /// Folds, for each replica, its contributions within the cut into the latest of them.
    fn fold_claim(&mut self, slot: Slot, cut: &VersionVector) -> usize {
        let own = &mut self.contributions[slot as usize];
        let before = own.by_dot();
        let mut after: Vec<Survivor> = Vec::with_capacity(before.len());
        for &later in &before {
            let earlier = after.last().filter(|earlier| earlier.place == later.place);
            // The earlier one is then within the cut as well.
            let is_stable = || later.counter <= cut.counter(self.context.replica_at(later.place));
            let both = earlier
                .filter(|_| is_stable())
                .and_then(|earlier| earlier.contribution.fold(later.contribution));
            if both.is_some() {
                after.pop();
            }
            after.push(Survivor { contribution: both.unwrap_or(later.contribution), ..later });
        }
        if after.len() < before.len() {
            own.replace(&after);
        }
        before.len() - after.len()
    }

    /// Lists a claim that has several contributions of one replica.
    pub(super) fn list_if_several(&mut self, slot: Slot) {
        let own = contributions_at(&mut self.contributions, slot);
        if !own.is_listed && own.has_several() {
            own.is_listed = true;
            self.unfolded.push(slot);
        }
    }
}

impl Contributions {
    /// Whether some replica has more than one contribution.
    pub(super) fn has_several(&self) -> bool {
        let places = sorted(self.iter().map(|survivor| survivor.place).collect());
        places.windows(2).any(|pair| pair[0] == pair[1])
    }
}
