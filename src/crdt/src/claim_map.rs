//! The replicated claims themselves.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::ablation::{Condition, is_off as off};
use crate::contribution::priority;
use crate::limits::WAITING_MAX;
use crate::{
    Cancel, Claim, Contribution, Delta, Dot, Fingerprint, Operation, OperationError, Ownership,
    ReplicaId, Tightening, Update, VersionVector,
};

/// What survives of one claim, by dot.
pub(crate) type Contributions = BTreeMap<Dot, Contribution>;

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
    pub(crate) store: BTreeMap<Claim, Contributions>,
    pub(crate) context: VersionVector,
    /// What an applied update cancels whose own update is not applied yet, by dot and then by the
    /// claim it is cancelled at, and whether whole: that update may cancel others in turn, so it
    /// is still needed, and must not contribute when it comes.
    pub(crate) cancelled: BTreeMap<Dot, BTreeMap<Claim, bool>>,
    /// Updates that came before their predecessor from the same replica.
    pub(crate) waiting: BTreeMap<Dot, Arc<Update>>,
    /// Claims with cancelling updates that were not known to be stable when last looked at: per
    /// replica the latest of them.
    pub(crate) restless: BTreeMap<Claim, BTreeMap<ReplicaId, u64>>,
    /// The claims with several contributions of one replica; some that have them no longer.
    unfolded: BTreeSet<Claim>,
    /// What follows from the live claims; it also knows what their priorities were before a change.
    ownership: Ownership,
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

// --- What it shows ---

impl ClaimMap {
    /// A replica that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The state that consists of these parts, which agree with each other.
    pub(crate) fn from_parts(
        store: BTreeMap<Claim, Contributions>,
        context: VersionVector,
        cancelled: BTreeMap<Dot, BTreeMap<Claim, bool>>,
        restless: BTreeMap<Claim, BTreeMap<ReplicaId, u64>>,
        waiting: &Delta,
    ) -> Self {
        let several = |(claim, contributions): (&Claim, &Contributions)| {
            has_several(contributions).then(|| claim.clone())
        };
        let mut map = Self {
            unfolded: store.iter().filter_map(several).collect(),
            store,
            context,
            cancelled,
            restless,
            ..Self::default()
        };
        map.fingerprint = map.fingerprint_from_scratch();
        map.ownership = Ownership::of(map.claims());
        map.join(waiting);
        map
    }

    /// The live claims with their priorities, by (start, end, node). O(contributions) in all.
    pub fn claims(&self) -> impl Iterator<Item = (&Claim, u64)> {
        let live = |(claim, contributions)| Some((claim, of(contributions)?));
        self.store.iter().filter_map(live)
    }

    /// The priority of a claim, or nothing where it is not live. O(log n).
    #[must_use]
    pub fn priority(&self, claim: &Claim) -> Option<u64> {
        self.ownership.priority(claim)
    }

    /// What survives of a claim, live or not, by dot.
    pub fn contributions(&self, claim: &Claim) -> impl Iterator<Item = (&Dot, Contribution)> {
        self.store.get(claim).into_iter().flatten().map(|(dot, &contribution)| (dot, contribution))
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

    /// How many updates wait for a predecessor.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }
}

// --- How it changes ---

impl ClaimMap {
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
        let mut tightening = None;
        let cancels = match (&operation, live) {
            (Operation::Register { .. } | Operation::Increase { .. }, _) => self.start(claim),
            (Operation::Decrease { by, .. }, Some(priority)) if u64::from(by.get()) < priority => {
                Vec::new()
            }
            (Operation::Decrease { .. } | Operation::Release { .. }, Some(_)) => self.cancel(claim),
            (Operation::Tighten { .. }, Some(carries)) => {
                let narrower = operation.tightened().expect("a Tighten has a narrower claim");
                tightening = Some(Tightening { carries, cancels: self.start(&narrower) });
                self.cancel(claim)
            }
            (_, None) => return Err(OperationError::NotRegistered { claim: claim.clone() }),
        };
        let dot = Dot { replica: replica.clone(), counter: self.context.counter(replica) + 1 };
        let update = Update { dot, operation, cancels, tightening };
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

    /// Takes in the whole state of another replica. Where both have seen the same, O(1) and what
    /// waits there, else O(both states); commutative, associative and idempotent.
    pub fn merge(&mut self, other: &Self) {
        let mut early: Delta = other.waiting.values().cloned().collect();
        if self.fingerprint != other.fingerprint {
            self.merge_applied(other);
            // What has waited here may have got its predecessor.
            early.group(core::mem::take(&mut self.waiting).into_values().collect());
        }
        self.join(&early);
    }

    fn merge_applied(&mut self, other: &Self) {
        let claims: BTreeSet<&Claim> = self.store.keys().chain(other.store.keys()).collect();
        let claims: Vec<Claim> = claims.into_iter().cloned().collect();
        for claim in &claims {
            self.merge_claim(claim, other);
        }
        let replicas: Vec<(ReplicaId, u64)> =
            other.context.iter().map(|(replica, counter)| (replica.clone(), counter)).collect();
        for (replica, counter) in replicas {
            let own = self.context.counter(&replica);
            if counter > own {
                self.fingerprint.remove_progress(&replica, own);
                self.fingerprint.add_progress(&replica, counter);
            }
        }
        self.context.include(&other.context);
        for (dot, claims) in &other.cancelled {
            for (claim, &is_whole) in claims {
                self.remember_cancelled(dot, claim, is_whole);
            }
        }
        self.cancelled.retain(|dot, _| !self.context.contains(dot));
        for (claim, cancelling) in &other.restless {
            for (replica, &counter) in cancelling {
                self.note_cancelling(claim, replica, counter);
            }
        }
        claims.iter().for_each(|claim| self.refresh(claim));
    }

    /// Merges what survives of one claim; the contexts are still those before the merge. A
    /// contribution lives on unless the side that lacks it has seen it, or has seen it cancelled.
    fn merge_claim(&mut self, claim: &Claim, other: &Self) {
        let nothing = Contributions::new();
        let theirs = other.store.get(claim).unwrap_or(&nothing);
        let mut merged = self.store.remove(claim).unwrap_or_default();
        let new: Vec<&Dot> = theirs
            .keys()
            .filter(|dot| !merged.contains_key(dot) && !self.is_gone(claim, dot))
            .collect();
        merged.retain(|dot, contribution| match theirs.get(dot) {
            // Of two foldings of the same, the one that stands for more.
            Some(more) if more.stands_for > contribution.stands_for => {
                *contribution = *more;
                true
            }
            Some(_) => true,
            None => !other.is_gone(claim, dot),
        });
        merged.extend(new.into_iter().map(|dot| (dot.clone(), theirs[dot])));
        if has_several(&merged) {
            self.unfolded.insert(claim.clone());
        } else {
            self.unfolded.remove(claim);
        }
        if !merged.is_empty() {
            self.store.insert(claim.clone(), merged);
        }
    }

    /// What a Register or an Increase cancels: what is left of a claim that is not live.
    fn start(&self, claim: &Claim) -> Vec<Cancel> {
        if self.priority(claim).is_some() { Vec::new() } else { self.cancel(claim) }
    }

    /// Every contribution that survives of a claim, to be cancelled.
    fn cancel(&self, claim: &Claim) -> Vec<Cancel> {
        let cancel = |(dot, contribution): (&Dot, Contribution)| Cancel {
            dot: dot.clone(),
            is_whole: contribution.stands_for.get() > 1 && !off(Condition::CancelledWhole),
        };
        self.contributions(claim).map(cancel).collect()
    }

    /// Whether a contribution that is not held here was here, or is known to be cancelled.
    fn is_gone(&self, claim: &Claim, dot: &Dot) -> bool {
        self.context.contains(dot) || self.is_cancelled(claim, dot)
    }

    /// Whether a contribution is cancelled that is not applied yet.
    fn is_cancelled(&self, claim: &Claim, dot: &Dot) -> bool {
        let last = Dot { replica: dot.replica.clone(), counter: u64::MAX };
        self.cancelled.range(dot..=&last).any(|(cancelled, claims)| {
            claims.get(claim).is_some_and(|&is_whole| is_whole || cancelled == dot)
        })
    }

    fn remember_cancelled(&mut self, dot: &Dot, claim: &Claim, is_whole: bool) {
        let claims = self.cancelled.entry(dot.clone()).or_default();
        *claims.entry(claim.clone()).or_default() |= is_whole;
    }

    fn note_cancelling(&mut self, claim: &Claim, replica: &ReplicaId, counter: u64) {
        let cancelling = self.restless.entry(claim.clone()).or_default();
        let latest = cancelling.entry(replica.clone()).or_default();
        *latest = counter.max(*latest);
    }

    fn apply_recorded(&mut self, update: Arc<Update>, joined: &mut Joined) {
        self.apply(&update);
        joined.claims.extend(update.claims().map(|(claim, _)| claim));
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
        for (claim, cancels) in update.claims() {
            for cancel in cancels {
                self.apply_cancel(&claim, cancel);
            }
            if !cancels.is_empty() {
                self.note_cancelling(&claim, replica, *counter);
            }
        }
        self.fingerprint.remove_progress(replica, counter - 1);
        self.fingerprint.add_progress(replica, *counter);
        self.context.advance(&update.dot);
        if let Some((claim, contribution)) = update.contribution()
            && !self.is_cancelled(&claim, &update.dot)
        {
            self.add(claim, &update.dot, contribution);
        }
        self.cancelled.remove(&update.dot);

        for (claim, _) in update.claims() {
            self.refresh(&claim);
        }
    }

    /// Lets all that follows from a claim's priority follow it.
    fn refresh(&mut self, claim: &Claim) {
        let before = self.priority(claim);
        let after = self.store.get(claim).and_then(of);
        if before == after {
            return;
        }
        if let Some(priority) = before {
            self.fingerprint.remove_claim(claim, priority);
        }
        if let Some(priority) = after {
            self.fingerprint.add_claim(claim, priority);
        }
        self.ownership.set(claim, after);
    }

    fn apply_cancel(&mut self, claim: &Claim, Cancel { dot, is_whole }: &Cancel) {
        if !self.context.contains(dot) {
            self.remember_cancelled(dot, claim, *is_whole);
        }
        let Some(contributions) = self.store.get_mut(claim) else { return };
        contributions.remove(dot);
        if *is_whole {
            let up_to = |other: &Dot| other.replica == dot.replica && other.counter <= dot.counter;
            contributions.retain(|other, _| !up_to(other));
        }
        if contributions.is_empty() {
            self.store.remove(claim);
            self.unfolded.remove(claim);
        }
    }

    fn add(&mut self, claim: Claim, dot: &Dot, contribution: Contribution) {
        let contributions = self.store.entry(claim.clone()).or_default();
        let first = Dot { replica: dot.replica.clone(), counter: 0 };
        // An update comes after all others of its replica.
        if contributions.range(&first..dot).next().is_some() {
            self.unfolded.insert(claim);
        }
        contributions.insert(dot.clone(), contribution);
    }
}

// --- How it is kept small ---

impl ClaimMap {
    /// Folds contributions within the stable `cut` (see [`Stability`](crate::Stability)): for a
    /// claim, those of one replica become one, under the latest of their dots. No value changes,
    /// here or anywhere, ever. Returns how many contributions are no longer kept. O(claims that
    /// have something to fold, and claims with cancelling updates outside the cut before).
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
            cancelling.retain(|replica, counter| *counter > cut.counter(replica));
            !cancelling.is_empty()
        });
        let mut folded = 0;
        let Self { store, restless, unfolded, .. } = self;
        unfolded.retain(|claim| {
            let contributions = store.get_mut(claim).expect("what is unfolded is in the store");
            if !restless.contains_key(claim) || off(Condition::Quiet) {
                let before = contributions.len();
                fold(contributions, cut);
                folded += before - contributions.len();
            }
            has_several(contributions)
        });
        folded
    }
}

/// Folds, for each replica, its contributions within the cut into the latest of them.
fn fold(contributions: &mut Contributions, cut: &VersionVector) {
    let stable: Vec<Dot> = contributions.keys().filter(|dot| cut.contains(dot)).cloned().collect();
    for pair in stable.windows(2) {
        let [earlier, later] = pair else { unreachable!("windows of two") };
        if earlier.replica != later.replica {
            continue;
        }
        if let Some(both) = contributions[earlier].fold(contributions[later]) {
            contributions.remove(earlier);
            contributions.insert(later.clone(), both);
        }
    }
}

/// Whether some replica has more than one contribution.
fn has_several(contributions: &Contributions) -> bool {
    contributions.keys().zip(contributions.keys().skip(1)).any(|(a, b)| a.replica == b.replica)
}

fn of(contributions: &Contributions) -> Option<u64> {
    priority(contributions.values())
}

// --- What must hold ---

impl ClaimMap {
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
                let contradiction = contribution.contradiction();
                assert_eq!(contradiction, None, "{dot} contributes {contribution:?}");
            }
            let is_known = self.unfolded.contains(claim);
            assert!(is_known || !has_several(contributions), "{claim} could be folded");
        }
        for claim in &self.unfolded {
            assert!(self.store.contains_key(claim), "{claim} is to be folded and has nothing");
        }
        for dot in self.cancelled.keys() {
            assert!(!self.context.contains(dot), "{dot} is applied and remembered as cancelled");
        }
        for (claim, cancelling) in &self.restless {
            assert!(!cancelling.is_empty(), "{claim} is restless for nothing");
            for (replica, &counter) in cancelling {
                let is_applied = counter <= self.context.counter(replica);
                assert!(is_applied, "{claim} is restless for what is not applied");
            }
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
