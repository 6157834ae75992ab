//! The replicated claims themselves.
//!
//! # Model
//!
//! What survives of a claim is kept packed ([`Contributions`]), under the slot that the claim has
//! in the [`ClaimTable`](crate::ownership::ClaimTable) of the ownership, which also holds its
//! priority: to raise a live claim is to find its slot, to append a contribution and to add to a
//! number. A replica is known by its place in the context.
//!
//! | file | |
//! |---|---|
//! | `mod.rs` | what it shows, how an operation is issued, how updates are applied |
//! | `merge.rs` | how another whole state is taken in |
//! | `fold.rs` | how it is kept small |
//! | `contributions.rs` | what survives of one claim |

mod contributions;
mod fold;
mod merge;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use crate::ablation::{Condition, is_off as off};
use crate::context::Place;
use crate::limits::WAITING_MAX;
use crate::ownership::Slot;
use crate::sort::{sorted, sorted_once};
use crate::{
    Cancel, Claim, Contribution, DataType, Delta, Dot, Fingerprint, Operation, OperationError,
    Ownership, ReplicaId, Tightening, Update, VersionVector,
};
pub(crate) use contributions::{Contributions, Survivor};
pub use merge::Merged;

/// One replica of the claims and their priorities. It is a function of the set of updates that it
/// has applied: the contributions that none of those cancels.
///
/// A claim is **live** if some registration or some increase survives, and either no change of
/// priority survives or the surviving changes come to more than zero. Its **priority** is the sum
/// of the surviving changes.
#[derive(Clone, Default)]
pub struct ClaimMap {
    /// What survives, by slot. A claim without contributions has no slot; one with some may still
    /// not be live.
    contributions: Vec<Contributions>,
    /// The claims with their slots, which of them are live, and what follows from these.
    ownership: Ownership,
    pub(crate) context: VersionVector,
    fingerprint: Fingerprint,
    /// What an applied update cancels whose own update is not applied yet, by dot and then by the
    /// claim it is cancelled at, and whether whole: that update may cancel others in turn, so it
    /// is still needed, and must not contribute when it comes.
    pub(crate) cancelled: BTreeMap<Dot, Vec<(Claim, bool)>>,
    /// Updates that came before their predecessor from the same replica.
    pub(crate) waiting: Delta,
    /// Claims with cancelling updates that were not known to be stable when last looked at: per
    /// replica the latest of them.
    pub(crate) restless: BTreeMap<Claim, VersionVector>,
    /// The slots that are listed: those of all claims with several contributions of one replica,
    /// and some others.
    unfolded: Vec<Slot>,
}

/// How many updates are looked at before the first of them is applied.
const AHEAD: usize = 64;

/// What a join changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Joined {
    /// The updates that were applied, in the order of application, those that had been waiting
    /// included. Their dots are what is new.
    pub applied: Vec<Arc<Update>>,
    /// How many updates of the delta wait for a predecessor.
    pub waiting: usize,
    /// How many updates of the delta were dropped because [`WAITING_MAX`] wait already.
    pub dropped: usize,
}

impl Joined {
    /// The claims that were touched, whether or not that changed a priority, in order.
    /// O(n log n).
    #[must_use]
    pub fn claims(&self) -> Vec<Claim> {
        let claims = self.applied.iter().flat_map(|update| update.claims());
        sorted_once(claims.map(|(claim, _)| claim).collect())
    }
}

// --- What it shows ---

impl ClaimMap {
    /// A replica that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The live claims with their priorities, by (start, end, node). O(n log n).
    pub fn claims(&self) -> impl Iterator<Item = (Claim, u64)> {
        self.ownership.claims()
    }

    /// The priority of a claim, or nothing where it is not live. O(1).
    #[must_use]
    pub fn priority(&self, claim: &Claim) -> Option<u64> {
        self.ownership.priority(claim)
    }

    /// What survives of a claim, live or not, by dot. O(m log m) for m contributions.
    pub fn contributions(&self, claim: &Claim) -> impl Iterator<Item = (Dot, Contribution)> {
        let slot = self.ownership.claims.find(claim);
        let survivors = slot.into_iter().flat_map(|slot| self.contributions[slot as usize].iter());
        let with_dot = |survivor: Survivor| (self.dot(&survivor), survivor.contribution);
        sorted(survivors.map(with_dot).collect()).into_iter()
    }

    /// Who serves which keys: kept up with every change, at the cost of the change.
    #[must_use]
    pub fn ownership(&self) -> &Ownership {
        &self.ownership
    }

    /// Which operations have been applied.
    #[must_use]
    pub fn context(&self) -> &VersionVector {
        &self.context
    }

    /// The digest of all of the above. O(1).
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// How much it holds, whatever it shows: claims of which something survives, replicas, claims
    /// that some operation cancelled which is not known to be stable, operations that are cancelled
    /// ahead, and updates that wait. O(1).
    #[must_use]
    pub fn entries(&self) -> usize {
        let claims = self.ownership.claims.len() + self.restless.len();
        claims + self.context.places() + self.cancelled.len() + self.waiting.len()
    }

    /// How many updates wait for a predecessor.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    fn dot(&self, survivor: &Survivor) -> Dot {
        let replica = self.context.replica_at(survivor.place).clone();
        Dot { replica, counter: survivor.counter }
    }
}

// --- How it changes ---

impl ClaimMap {
    /// Carries out an operation here, under the next dot of `replica`, and returns the update
    /// that everybody else has to join. Only one copy may issue under a given `replica`, which
    /// must be a [fresh](ReplicaId::fresh) one after the copy's state was lost. What waits under
    /// its name is therefore forged, and is dropped.
    ///
    /// O(1) for an Increase, a Register and a partial Decrease of a live claim; else
    /// O(contributions to the claim, and log n).
    ///
    /// # Errors
    ///
    /// [`OperationError`]; nothing has changed then and no dot was taken.
    ///
    /// # Panics
    ///
    /// At 2³² − 1 claims or 2³² replicas.
    pub fn issue(
        &mut self,
        replica: &ReplicaId,
        operation: Operation,
    ) -> Result<Update, OperationError> {
        let claim = operation.claim();
        if let Operation::Tighten { to, .. } = operation
            && !to.is_strictly_inside(claim.range)
        {
            return Err(OperationError::NotInside { claim: claim.clone(), to });
        }
        let slot = self.ownership.claims.find(claim);
        let live = slot.and_then(|slot| self.ownership.claims.priority(slot));
        let mut tightening = None;
        let cancels = match (&operation, live) {
            (Operation::Register { .. } | Operation::Increase { .. }, Some(_)) => Vec::new(),
            (Operation::Register { .. } | Operation::Increase { .. }, None) => self.cancel(claim),
            (Operation::Decrease { by, .. }, Some(priority)) if u64::from(by.get()) < priority => {
                Vec::new()
            }
            (Operation::Decrease { .. } | Operation::Release { .. }, Some(_)) => self.cancel(claim),
            (Operation::Tighten { .. }, Some(carries)) => {
                let narrower = operation.tightened().expect("a Tighten has a narrower claim");
                let is_live = self.priority(&narrower).is_some();
                let cancels = if is_live { Vec::new() } else { self.cancel(&narrower) };
                tightening = Some(Tightening { carries, cancels });
                self.cancel(claim)
            }
            (Operation::Split { .. } | Operation::Promote { .. } | Operation::Demote { .. }, _) => {
                let (operation, data_type) = (operation.name(), DataType::AwMap);
                return Err(OperationError::NotOffered { operation, data_type });
            }
            (_, None) => return Err(OperationError::NotRegistered { claim: claim.clone() }),
        };
        let place = self.context.place_or_new(replica);
        let dot = Dot { replica: replica.clone(), counter: self.context.counter_at(place) + 1 };
        let update = Update { dot, operation, cancels, tightening, payload: None };
        self.waiting.remove_all_of(replica);
        self.apply(place, &update, slot);
        Ok(update)
    }

    /// Takes in what is new in `delta`. O(its size) for changes of live claims, O(its size, times
    /// a logarithm) for all others; commutative, associative and idempotent.
    pub fn join(&mut self, delta: &Delta) -> Joined {
        let mut joined = Joined::default();
        for updates in delta.as_slice().chunks(AHEAD) {
            self.join_some(updates, &mut joined);
        }
        joined
    }

    fn join_some(&mut self, updates: &[Arc<Update>], joined: &mut Joined) {
        // Among many claims, none of these is in a cache. To look at all of them before the first
        // one is changed is to wait for all at once instead of for each in turn.
        let claims = &self.ownership.claims;
        let slots: Vec<Option<Slot>> =
            updates.iter().map(|update| claims.find(update.operation.claim())).collect();
        slots.iter().flatten().for_each(|&slot| self.contributions[slot as usize].touch());

        // That of the update before, which mostly was the same replica's.
        let mut place: Option<Place> = None;
        for (update, slot) in updates.iter().zip(slots) {
            let Dot { replica, counter } = &update.dot;
            if place.is_none_or(|place| self.context.replica_at(place) != replica) {
                place = self.context.place(replica);
            }
            let applied = place.map_or(0, |place| self.context.counter_at(place));
            if *counter <= applied {
                continue;
            }
            if *counter == applied + 1 {
                self.waiting.remove(&update.dot);
                let place = *place.get_or_insert_with(|| self.context.place_or_new(replica));
                self.apply(place, update, slot);
                joined.applied.push(Arc::clone(update));
                self.apply_waiting(place, joined);
            } else if self.waiting.len() < WAITING_MAX || self.waiting.get(&update.dot).is_some() {
                self.waiting.insert(Arc::clone(update));
                joined.waiting += 1;
            } else {
                joined.dropped += 1;
            }
        }
    }

    fn apply_waiting(&mut self, place: Place, joined: &mut Joined) {
        while !self.waiting.is_empty() {
            let replica = self.context.replica_at(place).clone();
            let counter = self.context.counter_at(place) + 1;
            let Some(update) = self.waiting.remove(&Dot { replica, counter }) else { return };
            self.apply(place, &update, None);
            joined.applied.push(update);
        }
    }

    /// Applies the next update of a replica. The slot is where its claim may still be.
    fn apply(&mut self, place: Place, update: &Update, slot: Option<Slot>) {
        let Dot { replica, counter } = &update.dot;
        let applied = self.context.counter_at(place);
        assert_eq!(*counter, applied + 1, "the operations of {replica} are applied in order");

        let narrower = update.operation.tightened();
        self.apply_cancels(update.operation.claim(), &update.cancels, &update.dot);
        if let (Some(narrower), Some(tightening)) = (&narrower, &update.tightening) {
            self.apply_cancels(narrower, &tightening.cancels, &update.dot);
        }
        self.context.set_at(place, *counter);
        self.fingerprint.advance(replica, applied, *counter);
        if let Some(contribution) = update.contribution() {
            let claim = narrower.as_ref().unwrap_or(update.operation.claim());
            if !self.is_cancelled(claim, &update.dot) {
                let slot = slot.filter(|&slot| self.ownership.claims.is_at(slot, claim));
                let slot = slot.unwrap_or_else(|| self.ownership.claims.hold(claim));
                self.add(slot, Survivor { place, counter: *counter, contribution });
            }
        }
        self.cancelled.remove(&update.dot);
    }

    fn add(&mut self, slot: Slot, survivor: Survivor) {
        let own = contributions_at(&mut self.contributions, slot);
        if !own.is_listed && !own.is_empty() {
            own.is_listed = true;
            self.unfolded.push(slot);
        }
        own.push(&survivor);
        let before = self.ownership.claims.priority(slot);
        let after = match before.and_then(|priority| raised(priority, survivor.contribution)) {
            Some(after) => after,
            None => own.priority(),
        };
        self.set_priority(slot, before, after);
    }

    /// Lets all that follows from a claim's priority follow it.
    fn set_priority(&mut self, slot: Slot, before: Option<u64>, after: Option<u64>) {
        if before == after {
            return;
        }
        let claims = &mut self.ownership.claims;
        self.fingerprint.change(claims.node_at(slot), claims.range_at(slot), before, after);
        claims.set(slot, after);
    }

    /// Puts other contributions in the place of those that a claim has.
    fn replace(&mut self, slot: Slot, survivors: &[Survivor]) {
        let own = contributions_at(&mut self.contributions, slot);
        own.replace(survivors);
        let after = own.priority();
        self.set_priority(slot, self.ownership.claims.priority(slot), after);
        if survivors.is_empty() {
            self.ownership.claims.release(slot);
        }
    }
}

/// Those in a slot, which may be a new one.
fn contributions_at(contributions: &mut Vec<Contributions>, slot: Slot) -> &mut Contributions {
    let slot = slot as usize;
    if contributions.len() <= slot {
        contributions.resize(slot + 1, Contributions::default());
    }
    &mut contributions[slot]
}

/// What one more contribution makes of a live claim's priority; nothing where only the sum of all
/// can tell.
fn raised(priority: u64, contribution: Contribution) -> Option<Option<u64>> {
    let sum = i64::try_from(priority).ok()?.checked_add(contribution.change)?;
    // One that is only registered has 0, and one with changes more.
    let is_live = sum > 0 || contribution.change == 0;
    Some(if is_live { u64::try_from(sum).ok() } else { None })
}

// --- What cancels and is cancelled ---

impl ClaimMap {
    /// Every contribution that survives of a claim, to be cancelled, by dot.
    fn cancel(&self, claim: &Claim) -> Vec<Cancel> {
        let cancel = |(dot, contribution): (Dot, Contribution)| Cancel {
            dot,
            is_whole: contribution.stands_for.get() > 1 && !off(Condition::CancelledWhole),
        };
        self.contributions(claim).map(cancel).collect()
    }

    /// Cancels contributions to a claim, on behalf of an update.
    fn apply_cancels(&mut self, claim: &Claim, cancels: &[Cancel], by: &Dot) {
        if cancels.is_empty() {
            return;
        }
        self.note_cancelling(claim, &by.replica, by.counter);
        let mut single = Vec::with_capacity(cancels.len());
        for Cancel { dot, is_whole } in cancels {
            if !self.context.contains(dot) {
                self.remember_cancelled(dot, claim, *is_whole);
            }
            if let Some(place) = self.context.place(&dot.replica) {
                single.push((place, dot.counter, *is_whole));
            }
        }
        let single = sorted(single);
        let whole: Vec<(Place, u64)> = single
            .iter()
            .filter_map(|&(place, counter, is_whole)| is_whole.then_some((place, counter)))
            .collect();
        let Some(slot) = self.ownership.claims.find(claim) else { return };
        let own = &self.contributions[slot as usize];
        let is_cancelled = |survivor: &Survivor| {
            let dot = survivor.dot();
            let next = single.partition_point(|&(place, counter, _)| (place, counter) < dot);
            let is_single = single.get(next).is_some_and(|&(place, to, _)| (place, to) == dot);
            // The first that is whole and not before it covers it, if of its replica.
            let next = whole.partition_point(|&to| to < dot);
            is_single || whole.get(next).is_some_and(|&(place, _)| place == survivor.place)
        };
        let kept: Vec<Survivor> = own.iter().filter(|survivor| !is_cancelled(survivor)).collect();
        self.replace(slot, &kept);
    }

    /// Whether a contribution is cancelled that is not applied yet.
    fn is_cancelled(&self, claim: &Claim, dot: &Dot) -> bool {
        if self.cancelled.is_empty() {
            return false;
        }
        let last = Dot { replica: dot.replica.clone(), counter: u64::MAX };
        self.cancelled.range(dot..=&last).any(|(cancelled, claims)| {
            let at = claims.binary_search_by(|(other, _)| other.cmp(claim));
            at.is_ok_and(|at| claims[at].1 || cancelled == dot)
        })
    }

    fn remember_cancelled(&mut self, dot: &Dot, claim: &Claim, is_whole: bool) {
        let claims = self.cancelled.entry(dot.clone()).or_default();
        match claims.binary_search_by(|(other, _)| other.cmp(claim)) {
            Ok(at) => claims[at].1 |= is_whole,
            Err(at) => claims.insert(at, (claim.clone(), is_whole)),
        }
    }

    fn note_cancelling(&mut self, claim: &Claim, replica: &ReplicaId, counter: u64) {
        self.restless.entry(claim.clone()).or_default().raise(replica, counter);
    }
}

// --- Its parts ---

impl ClaimMap {
    /// The state that consists of these parts, which agree with each other. Replicas are known by
    /// their places in `context`.
    pub(crate) fn from_parts(
        context: VersionVector,
        claims: impl IntoIterator<Item = (Claim, Contributions)>,
        cancelled: BTreeMap<Dot, Vec<(Claim, bool)>>,
        restless: BTreeMap<Claim, VersionVector>,
        waiting: &Delta,
    ) -> Self {
        let mut map = Self { context, cancelled, restless, ..Self::default() };
        for (replica, counter) in map.context.unordered() {
            map.fingerprint.advance(replica, 0, counter);
        }
        for (claim, contributions) in claims {
            let slot = map.ownership.claims.hold(&claim);
            let priority = contributions.priority();
            *contributions_at(&mut map.contributions, slot) = contributions;
            map.set_priority(slot, None, priority);
            map.list_if_several(slot);
        }
        map.join(waiting);
        map
    }

    /// All claims of which something survives, live or not, by (start, end, node).
    /// O(n log n).
    pub(crate) fn survivors(&self) -> Vec<(Claim, &Contributions)> {
        let claims = &self.ownership.claims;
        let of_slot = |(claim, slot): (_, Slot)| (claim, &self.contributions[slot as usize]);
        sorted(claims.slots().map(|slot| (claims.claim_at(slot), slot)).collect())
            .into_iter()
            .map(of_slot)
            .collect()
    }

    /// Checks what must hold between the parts. O(state).
    ///
    /// # Panics
    ///
    /// With the part that is broken.
    pub fn check_invariants(&self) {
        self.ownership.check_invariants();
        self.context.check_invariants();
        self.waiting.check_invariants();
        let mut fingerprint = Fingerprint::default();
        for (replica, counter) in self.context.unordered() {
            fingerprint.advance(replica, 0, counter);
        }
        let claims = &self.ownership.claims;
        for slot in claims.slots() {
            self.check_claim(slot);
            let (node, range) = (claims.node_at(slot), claims.range_at(slot));
            fingerprint.change(node, range, None, claims.priority(slot));
        }
        assert_eq!(self.fingerprint, fingerprint, "the fingerprint has drifted");

        let with_some = self.contributions.iter().filter(|own| !own.is_empty()).count();
        assert_eq!(with_some, claims.len(), "claims with contributions");
        let listed: BTreeSet<Slot> = self.unfolded.iter().copied().collect();
        assert_eq!(listed.len(), self.unfolded.len(), "a claim is listed twice");
        let are_listed = self.contributions.iter().zip(0..).filter(|(own, _)| own.is_listed);
        assert!(are_listed.map(|(_, slot)| slot).eq(listed), "claims that are listed");

        for dot in self.cancelled.keys() {
            assert!(!self.context.contains(dot), "{dot} is applied and remembered as cancelled");
        }
        for (claim, cancelling) in &self.restless {
            assert!(!cancelling.is_empty(), "{claim} is restless for nothing");
            let are_applied = self.context.includes(cancelling);
            assert!(are_applied, "{claim} is restless for what is not applied");
        }
        assert!(self.waiting.len() <= WAITING_MAX, "{} updates wait", self.waiting.len());
        for dot in self.waiting.dots() {
            let applied = self.context.counter(&dot.replica);
            assert!(dot.counter > applied + 1, "{dot} waits although {applied} are applied");
        }
    }

    fn check_claim(&self, slot: Slot) {
        let claim = self.ownership.claims.claim_at(slot);
        let own = &self.contributions[slot as usize];
        assert!(!own.is_empty(), "{claim} has a slot without contributions");
        let survivors = own.by_dot();
        let mut repeated = survivors.windows(2).filter(|pair| pair[0].dot() == pair[1].dot());
        assert_eq!(repeated.next(), None, "{claim} has a contribution twice");
        for survivor in &survivors {
            let (dot, contribution) = (self.dot(survivor), survivor.contribution);
            assert!(self.context.contains(&dot), "{dot} contributes and is not applied");
            let contradiction = contribution.contradiction();
            assert_eq!(contradiction, None, "{dot} contributes {contribution:?}");
        }
        assert!(own.is_listed || !own.has_several(), "{claim} could be folded");
        let priority = self.ownership.claims.priority(slot);
        assert_eq!(priority, own.priority(), "the priority of {claim} has drifted");
    }
}

impl fmt::Debug for ClaimMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let survivors = self.survivors();
        let contributions: BTreeMap<&Claim, Vec<(Dot, Contribution)>> = survivors
            .iter()
            .map(|(claim, _)| (claim, self.contributions(claim).collect()))
            .collect();
        f.debug_struct("ClaimMap")
            .field("contributions", &contributions)
            .field("context", &self.context)
            .field("cancelled", &self.cancelled)
            .field("waiting", &self.waiting)
            .field("restless", &self.restless)
            .finish_non_exhaustive()
    }
}
