//! The replicated claims themselves.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::limits::WAITING_MAX;
use crate::{
    Claim, Contribution, Delta, Dot, Fingerprint, Operation, OperationError, Ownership, ReplicaId,
    Update, VersionVector,
};

/// One replica of the claims and their priorities. It is a function of the set of updates that it
/// has applied: the contributions that none of those cancels.
///
/// A claim is **live** if some registration or some increase survives, and either no change of
/// priority survives or the surviving changes come to more than zero. Its **priority** is the sum
/// of the surviving changes.
#[derive(Clone, Debug, Default)]
pub struct ClaimMap {
    /// What survives. A claim without contributions has no entry; one with some may still not be
    /// live.
    store: BTreeMap<Claim, BTreeMap<Dot, Contribution>>,
    context: VersionVector,
    /// Dots that an applied update cancels and whose own updates are not applied yet: these may
    /// cancel others in turn, so they are still needed, and must not contribute when they come.
    cancelled: BTreeSet<Dot>,
    /// Updates that came before their predecessor from the same replica.
    waiting: BTreeMap<Dot, Arc<Update>>,
    fingerprint: Fingerprint,
}

/// What a join changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Joined {
    /// The updates that were applied, in the order of application, those that had been waiting
    /// included.
    pub applied: Vec<Arc<Update>>,
    /// The claims that they touched, whether or not that changed a priority.
    pub claims: BTreeSet<Claim>,
    /// How many updates of the delta wait for a predecessor.
    pub waiting: usize,
    /// How many updates of the delta were dropped because [`WAITING_MAX`] wait already.
    pub dropped: usize,
}

impl ClaimMap {
    /// A replica that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    // --- What it shows ---

    /// The live claims with their priorities, by (start, end, node). O(contributions) in all.
    pub fn claims(&self) -> impl Iterator<Item = (&Claim, u64)> {
        self.store
            .iter()
            .filter_map(|(claim, contributions)| Some((claim, priority(contributions)?)))
    }

    /// The priority of a claim, or nothing where it is not live. O(its contributions + log n).
    #[must_use]
    pub fn priority(&self, claim: &Claim) -> Option<u64> {
        priority(self.store.get(claim)?)
    }

    /// What survives of a claim, live or not, by dot.
    pub fn contributions(&self, claim: &Claim) -> impl Iterator<Item = (&Dot, Contribution)> {
        self.store.get(claim).into_iter().flatten().map(|(dot, &contribution)| (dot, contribution))
    }

    /// Who serves which keys, computed from the live claims.
    #[must_use]
    pub fn ownership(&self) -> Ownership {
        Ownership::of(self.claims())
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

    /// How many updates wait for a predecessor.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    // --- How it changes ---

    /// Carries out an operation here, under the next dot of `replica`, and returns the update
    /// that everybody else has to join. Only one copy may issue under a given `replica`, which
    /// must be a [fresh](ReplicaId::fresh) one after the copy's state was lost.
    ///
    /// # Errors
    ///
    /// [`OperationError`]; nothing has changed then and no dot was taken.
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
        let live = self.priority(claim);
        let mut cancels = Vec::new();
        let mut carries = 0;
        match (&operation, live) {
            (Operation::Register { .. } | Operation::Increase { .. }, Some(_)) => {}
            (Operation::Register { .. } | Operation::Increase { .. }, None) => {
                cancels.extend(self.surviving(claim));
            }
            (Operation::Decrease { by, .. }, Some(priority)) if u64::from(by.get()) < priority => {}
            (Operation::Decrease { .. } | Operation::Release { .. }, Some(_)) => {
                cancels.extend(self.surviving(claim));
            }
            (Operation::Tighten { .. }, Some(priority)) => {
                carries = priority;
                cancels.extend(self.surviving(claim));
                let narrower = operation.tightened().expect("a Tighten has a narrower claim");
                if self.priority(&narrower).is_none() {
                    cancels.extend(self.surviving(&narrower));
                }
            }
            (_, None) => return Err(OperationError::NotRegistered { claim: claim.clone() }),
        }
        cancels.sort();
        let dot = Dot { replica: replica.clone(), counter: self.context.counter(replica) + 1 };
        let update = Update { dot, operation, cancels, carries };
        self.apply(&update);
        Ok(update)
    }

    /// Takes in what is new in `delta`. O(its size, times a logarithm); commutative, associative
    /// and idempotent.
    pub fn join(&mut self, delta: &Delta) -> Joined {
        let mut joined = Joined::default();
        for update in delta.updates() {
            let dot = &update.dot;
            if self.context.contains(dot) {
                continue;
            }
            if dot.counter == self.context.counter(&dot.replica) + 1 {
                self.waiting.remove(dot);
                self.apply_recorded(Arc::clone(update), &mut joined);
                self.apply_waiting(&dot.replica, &mut joined);
            } else if self.waiting.len() < WAITING_MAX || self.waiting.contains_key(dot) {
                self.waiting.insert(dot.clone(), Arc::clone(update));
                joined.waiting += 1;
            } else {
                joined.dropped += 1;
            }
        }
        joined
    }

    /// Takes in the whole state of another replica. O(both states).
    pub fn merge(&mut self, other: &Self) {
        // A contribution lives on unless the side that lacks it has seen it, or has seen it
        // cancelled.
        let gone_at = |side: &Self, claim: &Claim, dot: &Dot| {
            let holds = side.store.get(claim).is_some_and(|held| held.contains_key(dot));
            !holds && (side.context.contains(dot) || side.cancelled.contains(dot))
        };
        let mut store = self.store.clone();
        for (claim, contributions) in &other.store {
            let held = store.entry(claim.clone()).or_default();
            for (dot, contribution) in contributions {
                held.insert(dot.clone(), *contribution);
            }
        }
        for (claim, contributions) in &mut store {
            contributions
                .retain(|dot, _| !gone_at(self, claim, dot) && !gone_at(other, claim, dot));
        }
        store.retain(|_, contributions| !contributions.is_empty());
        self.store = store;
        self.context.include(&other.context);
        self.cancelled.extend(other.cancelled.iter().cloned());
        self.cancelled.retain(|dot| !self.context.contains(dot));
        self.fingerprint = self.fingerprint_from_scratch();

        let early: Delta = self.waiting.values().chain(other.waiting.values()).cloned().collect();
        self.waiting.clear();
        self.join(&early);
    }

    fn surviving(&self, claim: &Claim) -> impl Iterator<Item = Dot> {
        self.store.get(claim).into_iter().flat_map(BTreeMap::keys).cloned()
    }

    fn apply_recorded(&mut self, update: Arc<Update>, joined: &mut Joined) {
        self.apply(&update);
        joined.claims.insert(update.operation.claim().clone());
        joined.claims.extend(update.operation.tightened());
        joined.applied.push(update);
    }

    fn apply_waiting(&mut self, replica: &ReplicaId, joined: &mut Joined) {
        loop {
            let counter = self.context.counter(replica) + 1;
            let Some(update) = self.waiting.remove(&Dot { replica: replica.clone(), counter })
            else {
                return;
            };
            self.apply_recorded(update, joined);
        }
    }

    /// Applies the next update of a replica.
    fn apply(&mut self, update: &Update) {
        let Dot { replica, counter } = &update.dot;
        let claim = update.operation.claim();
        let tightened = update.operation.tightened();
        let claims = || core::iter::once(claim).chain(&tightened);
        for claim in claims() {
            self.discount(claim);
        }

        for dot in &update.cancels {
            if !self.context.contains(dot) {
                self.cancelled.insert(dot.clone());
                continue;
            }
            for claim in claims() {
                let Some(contributions) = self.store.get_mut(claim) else { continue };
                contributions.remove(dot);
                if contributions.is_empty() {
                    self.store.remove(claim);
                }
            }
        }
        self.fingerprint.remove_progress(replica, counter - 1);
        self.fingerprint.add_progress(replica, *counter);
        self.context.advance(&update.dot);
        let is_cancelled = self.cancelled.remove(&update.dot);
        if let Some((claim, contribution)) = update.contribution()
            && !is_cancelled
        {
            self.store.entry(claim).or_default().insert(update.dot.clone(), contribution);
        }

        for claim in claims() {
            self.count(claim);
        }
    }

    fn count(&mut self, claim: &Claim) {
        if let Some(priority) = self.priority(claim) {
            self.fingerprint.add_claim(claim, priority);
        }
    }

    fn discount(&mut self, claim: &Claim) {
        if let Some(priority) = self.priority(claim) {
            self.fingerprint.remove_claim(claim, priority);
        }
    }

    fn fingerprint_from_scratch(&self) -> Fingerprint {
        let mut fingerprint = Fingerprint::default();
        for (replica, counter) in self.context.iter() {
            fingerprint.add_progress(replica, counter);
        }
        for (claim, priority) in self.claims() {
            fingerprint.add_claim(claim, priority);
        }
        fingerprint
    }

    /// Checks what must hold between the parts. O(state).
    ///
    /// # Panics
    ///
    /// With the part that is broken.
    pub fn check_invariants(&self) {
        for (claim, contributions) in &self.store {
            assert!(!contributions.is_empty(), "{claim} has an entry without contributions");
            for (dot, contribution) in contributions {
                assert!(self.context.contains(dot), "{dot} contributes and is not applied");
                assert!(!self.cancelled.contains(dot), "{dot} contributes and is cancelled");
                assert_ne!(*contribution, Contribution::Change(0), "{dot} changes nothing");
            }
        }
        for dot in &self.cancelled {
            assert!(!self.context.contains(dot), "{dot} is applied and remembered as cancelled");
        }
        assert!(self.waiting.len() <= WAITING_MAX, "{} updates wait", self.waiting.len());
        for dot in self.waiting.keys() {
            let applied = self.context.counter(&dot.replica);
            assert!(dot.counter > applied + 1, "{dot} waits although {applied} are applied");
        }
        assert_eq!(
            self.fingerprint,
            self.fingerprint_from_scratch(),
            "the fingerprint has drifted"
        );
    }
}

/// The priority that contributions come to, or nothing if they make no live claim.
fn priority(contributions: &BTreeMap<Dot, Contribution>) -> Option<u64> {
    let (mut present, mut changed, mut total) = (false, false, 0_i128);
    for contribution in contributions.values() {
        match *contribution {
            Contribution::Registration => present = true,
            Contribution::Change(by) => {
                present |= by > 0;
                changed = true;
                total += i128::from(by);
            }
        }
    }
    if !present || (changed && total <= 0) {
        return None;
    }
    // More than a u64 holds cannot come about by fewer than 2^32 operations.
    Some(u64::try_from(total).unwrap_or(u64::MAX))
}
