//! Data types to compare the claim map with.
//!
//! # Problem
//!
//! What a [`ClaimMap`](crate::ClaimMap) does with concurrent operations is one answer among many.
//! To see why it is that one, the others have to run over the same network, fed with the same
//! operations.
//!
//! # Model
//!
//! Each is a [`Meaning`]: what it keeps of the operations that it has seen, and which claims are
//! live by that. [`Compared`] is a replica of one, and does for all what does not depend on it:
//! the updates of one replica are applied in their order, each once, and the context, the
//! fingerprint and the ownership follow.
//!
//! | file | what wins | source |
//! |---|---|---|
//! | `aw_set.rs` | adding | Bieniusa et al. 2012 |
//! | `rw_set.rs` | releasing | Bieniusa et al. 2012 |
//! | `lww_set.rs` | whoever's clock shows more | Shapiro et al. 2011, §3.3.3 |
//! | `two_phase_set.rs` | releasing, for ever | Shapiro et al. 2011, §3.3.2 |
//! | `grow_set.rs` | adding, since there is nothing else | Shapiro et al. 2011, §3.3.1 |
//! | `naive_counter_map.rs` | adding, and more than was added | Baquero, Almeida, Lerche 2016 |
//! | `ordered_list.rs` | whatever came last, at each replica | Beck 2015 |
//! | `dot_store.rs` | what the first and the last but one have in common | Almeida et al. 2018 |
//! | `sorted_map.rs` | what all of them keep their claims in | |
//!
//! The ordered list is no such meaning, since what it shows depends on more than on what it has
//! seen. It is a replica by itself.
//!
//! # Invariants
//!
//! - What a meaning shows is a function of the set of updates that it has applied, whatever those
//!   had seen that have not come yet.
//! - An update that its data type does not have adds nothing.

mod aw_set;
mod dot_store;
mod grow_set;
mod lww_set;
mod naive_counter_map;
mod ordered_list;
mod rw_set;
mod sorted_map;
mod two_phase_set;

pub use aw_set::AwSet;
pub use grow_set::GrowSet;
pub use lww_set::LwwSet;
pub use naive_counter_map::NaiveCounterMap;
pub use ordered_list::OrderedList;
pub use rw_set::RwSet;
pub(crate) use sorted_map::{SortedMap, SortedSet};
pub use two_phase_set::TwoPhaseSet;

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use core::fmt;

use crate::codec::{DecodeError, Reader, Writer};
use crate::limits::WAITING_MAX;
use crate::sort::sorted_once;
use crate::{
    Cancel, Claim, DataType, Delta, Dot, Fingerprint, Joined, Merged, Operation, OperationError,
    Ownership, Payload, ReplicaId, Replicated, Tightening, Update, VersionVector,
};

/// One replica of a data type that the claim map can be compared with.
///
/// ```
/// use scalesmall_crdt::{Claim, Compared, KeyRange, NodeId, Operation, ReplicaId, Replicated, TwoPhaseSet};
///
/// let a = ReplicaId::first(NodeId::new("a")?);
/// let claim = Claim::new(a.node.clone(), KeyRange::new(0, 99)?);
/// let mut at_a = Compared::<TwoPhaseSet>::default();
/// at_a.issue(&a, Operation::Register { claim: claim.clone() }, 0)?;
/// at_a.issue(&a, Operation::Release { claim: claim.clone() }, 0)?;
/// at_a.issue(&a, Operation::Register { claim: claim.clone() }, 0)?;
/// assert_eq!(at_a.ownership().priority(&claim), None, "a release is for ever");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Compared<M> {
    meaning: M,
    shared: Shared,
}

/// What a data type makes of operations.
pub(crate) trait Meaning {
    fn data_type(&self) -> DataType;

    /// What an operation is that its data type has, under `dot`, where `live` is its claim's
    /// priority, if that is live. Nothing where it has no effect.
    fn issue(&self, issued: Issued<'_>) -> Option<Effect>;

    /// Applies the next update of a replica. `seen` is what has been applied, this update included.
    fn apply(&mut self, update: &Update, seen: &VersionVector);

    /// The priority of a claim, or nothing where it is not live.
    fn priority(&self, claim: &Claim) -> Option<u64>;

    /// All claims of which something is known, live or not, in order.
    fn claims(&self) -> Vec<Claim>;

    fn write(&self, writer: &mut Writer<'_>);
}

/// A meaning together with others of its kind.
pub(crate) trait Merging:
    Meaning + Clone + fmt::Debug + Send + Sync + Sized + 'static
{
    /// Takes in what `other` has; `seen` is what the two have applied, this one first.
    fn merge(&mut self, other: &Self, seen: [&VersionVector; 2]);

    /// What was written, by somebody who has `seen` so much.
    fn read(reader: &mut Reader<'_>, seen: &VersionVector) -> Result<Self, DecodeError>;

    /// # Panics
    ///
    /// If something is not as it should be for who has seen this much.
    fn check_invariants(&self, seen: &VersionVector) {
        let _ = seen;
    }
}

/// What somebody asks for, where it is asked for.
pub(crate) struct Issued<'a> {
    dot: &'a Dot,
    operation: &'a Operation,
    live: Option<u64>,
    clock_us: u64,
}

/// What an operation comes to beside its name.
#[derive(Default)]
pub(crate) struct Effect {
    cancels: Vec<Cancel>,
    tightening: Option<Tightening>,
    payload: Option<Payload>,
}

/// What replicas of all meanings have.
#[derive(Clone, Debug, Default)]
struct Shared {
    context: VersionVector,
    /// Updates that came before their predecessor from the same replica.
    waiting: Delta,
    fingerprint: Fingerprint,
    /// The live claims.
    ownership: Ownership,
}

// One copy of the code for all meanings, where it is more than a call.
impl Shared {
    fn issue(
        &mut self,
        meaning: &mut dyn Meaning,
        replica: &ReplicaId,
        operation: Operation,
        clock_us: u64,
    ) -> Result<Update, OperationError> {
        let data_type = meaning.data_type();
        if !data_type.offers(&operation) {
            let operation = operation.name();
            return Err(OperationError::NotOffered { operation, data_type });
        }
        let claim = operation.claim().clone();
        if let Operation::Tighten { to, .. } = operation
            && !to.is_strictly_inside(claim.range)
        {
            return Err(OperationError::NotInside { claim, to });
        }
        let dot = Dot { replica: replica.clone(), counter: self.context.counter(replica) + 1 };
        let live = meaning.priority(&claim);
        let issued = Issued { dot: &dot, operation: &operation, live, clock_us };
        let Some(Effect { cancels, tightening, payload }) = meaning.issue(issued) else {
            return Err(OperationError::NotRegistered { claim });
        };
        let payload = payload.map(Box::new);
        let update = Update { dot, operation, cancels, tightening, payload };
        // Only this copy issues under the name, so what waits under it is forged.
        self.waiting.remove_all_of(replica);
        self.apply(meaning, &update);
        Ok(update)
    }

    fn join(&mut self, meaning: &mut dyn Meaning, delta: &Delta) -> Joined {
        let mut joined = Joined::default();
        for update in delta.updates() {
            let Dot { replica, counter } = &update.dot;
            let applied = self.context.counter(replica);
            if *counter == applied + 1 {
                let mut next = Some(Arc::clone(update));
                while let Some(update) = next {
                    self.waiting.remove(&update.dot);
                    self.apply(meaning, &update);
                    let Dot { replica, counter } = update.dot.clone();
                    joined.applied.push(update);
                    next = self.waiting.get(&Dot { replica, counter: counter + 1 }).cloned();
                }
            } else if *counter > applied {
                note_early(&mut self.waiting, update, &mut joined);
            }
        }
        joined
    }

    /// Applies the next update of a replica.
    fn apply(&mut self, meaning: &mut dyn Meaning, update: &Update) {
        let Dot { replica, counter } = &update.dot;
        self.count(replica, *counter);
        meaning.apply(update, &self.context);
        for (claim, _) in update.claims() {
            self.show(meaning, &claim);
        }
    }

    fn count(&mut self, replica: &ReplicaId, counter: u64) {
        self.fingerprint.advance(replica, self.context.counter(replica), counter);
        self.context.raise(replica, counter);
    }

    /// Lets all that follows from a claim's priority follow it. True if it has changed.
    fn show(&mut self, meaning: &dyn Meaning, claim: &Claim) -> bool {
        let after = meaning.priority(claim);
        let before = self.ownership.set(claim, after);
        self.fingerprint.change(&claim.node, claim.range, before, after);
        before != after
    }

    /// Counts what another has applied, and shows what `meaning` has become of these claims.
    fn follow(&mut self, meaning: &dyn Meaning, other: &Self, claims: Vec<Claim>) -> Merged {
        let mut merged = Merged::default();
        for (replica, counter) in other.context.iter() {
            let before = self.context.counter(replica);
            if before < counter {
                self.count(replica, counter);
                merged.news.push((replica.clone(), before + 1..=counter));
            }
        }
        merged.claims = claims.into_iter().filter(|claim| self.show(meaning, claim)).collect();
        merged
    }

    /// What waits here or there: some of it may have got its predecessor.
    fn take_early(&mut self, other: &Self) -> Delta {
        let mut early = core::mem::take(&mut self.waiting);
        early.group(other.waiting.clone());
        early
    }

    fn check_invariants(&self, meaning: &dyn Meaning) {
        self.ownership.check_invariants();
        self.context.check_invariants();
        self.waiting.check_invariants();
        let mut fingerprint = Fingerprint::default();
        for (replica, counter) in self.context.iter() {
            fingerprint.advance(replica, 0, counter);
        }
        let live = meaning.claims().into_iter();
        let live: Vec<(Claim, u64)> =
            live.filter_map(|claim| meaning.priority(&claim).map(|it| (claim, it))).collect();
        for (claim, priority) in &live {
            fingerprint.change(&claim.node, claim.range, None, Some(*priority));
        }
        assert!(live.into_iter().eq(self.ownership.claims()), "the live claims have drifted");
        assert_eq!(self.fingerprint, fingerprint, "the fingerprint has drifted");
        check_early(&self.waiting, &self.context);
    }
}

/// Keeps an update that has come before its predecessor, where there is room. False if there is
/// none.
fn note_early(waiting: &mut Delta, update: &Arc<Update>, joined: &mut Joined) -> bool {
    let has_room = waiting.len() < WAITING_MAX || waiting.get(&update.dot).is_some();
    if has_room {
        waiting.insert(Arc::clone(update));
        joined.waiting += 1;
    } else {
        joined.dropped += 1;
    }
    has_room
}

/// # Panics
///
/// If something waits that need not, or too much.
fn check_early(waiting: &Delta, seen: &VersionVector) {
    assert!(waiting.len() <= WAITING_MAX, "{} updates wait", waiting.len());
    for dot in waiting.dots() {
        let applied = seen.counter(&dot.replica);
        assert!(dot.counter > applied + 1, "{dot} waits although {applied} are applied");
    }
}

impl<M: Merging> Replicated for Compared<M> {
    fn data_type(&self) -> DataType {
        self.meaning.data_type()
    }

    fn ownership(&self) -> &Ownership {
        &self.shared.ownership
    }

    fn context(&self) -> &VersionVector {
        &self.shared.context
    }

    fn fingerprint(&self) -> Fingerprint {
        self.shared.fingerprint
    }

    fn waiting(&self) -> usize {
        self.shared.waiting.len()
    }

    fn issue(
        &mut self,
        replica: &ReplicaId,
        operation: Operation,
        clock_us: u64,
    ) -> Result<Update, OperationError> {
        self.shared.issue(&mut self.meaning, replica, operation, clock_us)
    }

    fn join(&mut self, delta: &Delta) -> Joined {
        self.shared.join(&mut self.meaning, delta)
    }

    fn merge(&mut self, other: &dyn Replicated) -> Merged {
        let Some(other) = other.as_any().downcast_ref::<Self>() else { return Merged::default() };
        let both = [&self.shared.context, &other.shared.context];
        let claims = [&self.meaning, &other.meaning].map(Meaning::claims);
        self.meaning.merge(&other.meaning, both);
        let claims = sorted_once(claims.concat());
        let mut merged = self.shared.follow(&self.meaning, &other.shared, claims);
        let early = self.shared.take_early(&other.shared);
        merged.waiting = self.join(&early);
        merged
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::of_state(self.data_type());
        writer.context_and_early(&self.shared.context, &self.shared.waiting);
        self.meaning.write(&mut writer);
        writer.into_bytes()
    }

    fn boxed(&self) -> Box<dyn Replicated> {
        Box::new(self.clone())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The state of which the rest is written in `reader`.
pub(crate) fn read<M: Merging + Default>(
    reader: &mut Reader<'_>,
) -> Result<Box<dyn Replicated>, DecodeError> {
    let (context, waiting) = reader.context_and_early()?;
    let meaning = M::read(reader, &context)?;
    let mut shared = Shared { waiting, ..Shared::default() };
    for (replica, counter) in context.iter() {
        shared.count(replica, counter);
    }
    for claim in meaning.claims() {
        shared.show(&meaning, &claim);
    }
    Ok(Box::new(Compared { meaning, shared }))
}

// --- What only tests need, for each type by name ---

/// # Panics
///
/// If something is broken, or `state` is none of these.
pub(crate) fn check_invariants(state: &dyn Replicated) {
    fn check<M: Merging>(state: &dyn Replicated) -> Option<()> {
        let Compared { meaning, shared } = state.as_any().downcast_ref::<Compared<M>>()?;
        meaning.check_invariants(&shared.context);
        shared.check_invariants(meaning);
        Some(())
    }
    let list = state.as_any().downcast_ref::<OrderedList>().map(OrderedList::check_invariants);
    let checked = list
        .or_else(|| check::<AwSet>(state))
        .or_else(|| check::<RwSet>(state))
        .or_else(|| check::<LwwSet>(state))
        .or_else(|| check::<TwoPhaseSet>(state))
        .or_else(|| check::<GrowSet>(state))
        .or_else(|| check::<NaiveCounterMap>(state));
    checked.unwrap_or_else(|| panic!("{} cannot be checked", state.data_type()));
}

/// All that is kept.
pub(crate) fn fmt(state: &dyn Replicated, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    fn debug<T: fmt::Debug + 'static>(state: &dyn Replicated) -> Option<&dyn fmt::Debug> {
        state.as_any().downcast_ref::<T>().map(|it| it as &dyn fmt::Debug)
    }
    let known = debug::<OrderedList>(state)
        .or_else(|| debug::<Compared<AwSet>>(state))
        .or_else(|| debug::<Compared<RwSet>>(state))
        .or_else(|| debug::<Compared<LwwSet>>(state))
        .or_else(|| debug::<Compared<TwoPhaseSet>>(state))
        .or_else(|| debug::<Compared<GrowSet>>(state))
        .or_else(|| debug::<Compared<NaiveCounterMap>>(state));
    match known {
        Some(known) => known.fmt(f),
        None => f.write_str(state.data_type().name()),
    }
}
