//! A map of claims to counters, embedded the common way.
//!
//! # Problem
//!
//! A claim is to have a priority that anybody can raise and lower. There is a counter that can, and
//! there is a map in which adding wins; so it seems enough to put the one into the other.
//!
//! # Model
//!
//! The counter is a PN-counter: of each replica how much it has added, and how much it has taken
//! away, of which the greater counts when two meet. Each change of a claim puts the whole counter
//! as its issuer sees it under a **new dot**, in the place of all that survives there. A Release
//! cancels what its issuer sees. Concurrent changes survive side by side, and the claim's counter
//! is what theirs are when they meet.
//!
//! That is wrong, and here to show how. A concurrent Release has not seen the new dot, so all that
//! is under it survives, the amount that was released as well; and a replica that counts from 0
//! again after a Release is overruled by what it had counted before:
//!
//! ```
//! use scalesmall_crdt::{Claim, DataType, KeyRange, NodeId, Operation, ReplicaId};
//!
//! let [a, b, c] = ["a", "b", "c"].map(|name| ReplicaId::first(NodeId::new(name).unwrap()));
//! let claim = Claim::new(a.node.clone(), KeyRange::new(0, 99)?);
//! let increase = |by: u32| Operation::Increase { claim: claim.clone(), by: by.try_into().unwrap() };
//! let outcome = |data_type: DataType| -> Result<_, Box<dyn std::error::Error>> {
//!     let mut at = [data_type.replica(), data_type.replica(), data_type.replica()];
//!     let five = at[0].issue(&a, increase(5), 0)?.into();
//!     at[1].join(&five);
//!     at[2].join(&five);
//!     let released = at[1].issue(&b, Operation::Release { claim: claim.clone() }, 0)?;
//!     at[0].join(&released.into());
//!     let two = at[0].issue(&a, increase(2), 0)?;
//!     // c has not heard of the release.
//!     at[2].issue(&c, increase(1), 0)?;
//!     let [at_a, _, at_c] = &mut at;
//!     at_c.join(&two.into());
//!     at_c.merge(&**at_a);
//!     Ok(at_c.priority(&claim))
//! };
//! assert_eq!(outcome(DataType::AwMap)?, Some(3));
//! assert_eq!(outcome(DataType::NaiveCounterMap)?, Some(6), "the old 5, and 1");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Invariants
//!
//! - A claim is live if something survives of it, and its counter is untouched, or more than 0.
//! - Apart from what a change is, all is as in the claim map: which operations have an effect, and
//!   that those on a claim that is not live count from 0.
//!
//! # Source
//!
//! Baquero, Almeida, Lerche 2016, "The problem with embedded CRDT counters and a solution", §2; the
//! counter is that of Shapiro et al. 2011, §3.1.3.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::dot_store::DotStore;
use super::{Effect, Issued, Meaning, Merging, SortedMap};
use crate::codec::{DecodeError, Reader, Writer};
use crate::{
    Claim, Count, DataType, Operation, Payload, ReplicaId, Tightening, Update, VersionVector,
};

/// What a map keeps whose counters are embedded the common way.
#[derive(Clone, Debug, Default)]
pub struct NaiveCounterMap {
    counters: DotStore<Counter>,
}

/// A PN-counter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Counter {
    /// By replica, what it has added and what it has taken away.
    counts: SortedMap<ReplicaId, [u64; 2]>,
}

impl Counter {
    fn merge(&mut self, other: &Self) {
        for (replica, theirs) in other.counts.iter() {
            let own = self.counts.or_default(replica);
            own.iter_mut().zip(theirs).for_each(|(own, &theirs)| *own = theirs.max(*own));
        }
    }

    /// Lets a replica add so much, and take so much away.
    fn change(&mut self, replica: &ReplicaId, by: [u64; 2]) {
        if by != [0, 0] {
            let own = self.counts.or_default(replica);
            own.iter_mut().zip(by).for_each(|(own, by)| *own = own.saturating_add(by));
        }
    }

    fn total(&self) -> i128 {
        self.counts.iter().map(|(_, &[added, taken])| i128::from(added) - i128::from(taken)).sum()
    }

    fn to_payload(&self) -> Payload {
        let count = |(replica, &[increases, decreases]): (&ReplicaId, &[u64; 2])| Count {
            replica: replica.clone(),
            increases,
            decreases,
        };
        Payload::Counts(self.counts.iter().map(count).collect())
    }

    fn of_payload(payload: &Payload) -> Option<Self> {
        let Payload::Counts(counts) = payload else { return None };
        let count = |count: &Count| (count.replica.clone(), [count.increases, count.decreases]);
        Some(Self { counts: counts.iter().map(count).collect() })
    }
}

impl NaiveCounterMap {
    /// What the counters of a claim are together.
    fn counter(&self, claim: &Claim) -> Counter {
        let mut whole = Counter::default();
        self.counters.of(claim).for_each(|(_, counter)| whole.merge(counter));
        whole
    }

    /// The counter of a claim with a change by a replica; from 0 where the claim is not live.
    fn changed(&self, claim: &Claim, replica: &ReplicaId, by: [u64; 2]) -> Payload {
        let live = self.priority(claim);
        let mut counter = live.map(|_| self.counter(claim)).unwrap_or_default();
        counter.change(replica, by);
        counter.to_payload()
    }
}

impl Meaning for NaiveCounterMap {
    fn data_type(&self) -> DataType {
        DataType::NaiveCounterMap
    }

    fn issue(&self, Issued { dot, operation, live, .. }: Issued<'_>) -> Option<Effect> {
        let claim = operation.claim();
        let changed = |by| Some(self.changed(claim, &dot.replica, by));
        let mut tightening = None;
        let payload = match (operation, live) {
            (Operation::Register { .. }, _) => changed([0, 0]),
            (Operation::Increase { by, .. }, _) => changed([by.get().into(), 0]),
            (Operation::Decrease { by, .. }, Some(live)) if u64::from(by.get()) < live => {
                changed([0, by.get().into()])
            }
            (Operation::Decrease { .. } | Operation::Release { .. }, Some(_)) => None,
            (Operation::Tighten { .. }, Some(carries)) => {
                let narrower = operation.tightened().expect("a Tighten has a narrower claim");
                let cancels = self.counters.cancels(&narrower);
                tightening = Some(Tightening { carries, cancels });
                Some(self.changed(&narrower, &dot.replica, [carries, 0]))
            }
            _ => return None,
        };
        Some(Effect { cancels: self.counters.cancels(claim), tightening, payload })
    }

    fn apply(&mut self, update: &Update, seen: &VersionVector) {
        let payload: Option<&Payload> = update.payload.as_deref();
        self.counters.apply(update, payload.and_then(Counter::of_payload), seen);
    }

    fn priority(&self, claim: &Claim) -> Option<u64> {
        self.counters.of(claim).next()?;
        let counter = self.counter(claim);
        let total = counter.total();
        let is_live = counter.counts.is_empty() || total > 0;
        is_live.then(|| u64::try_from(total).unwrap_or(u64::MAX))
    }

    fn claims(&self) -> Vec<Claim> {
        self.counters.claims()
    }

    fn write(&self, writer: &mut Writer<'_>) {
        self.counters.write(writer, |writer, counter| {
            writer.payload(Some(&counter.to_payload()));
        });
    }
}

impl Merging for NaiveCounterMap {
    fn merge(&mut self, other: &Self, seen: [&VersionVector; 2]) {
        self.counters.merge(&other.counters, seen);
    }

    fn read(reader: &mut Reader<'_>, seen: &VersionVector) -> Result<Self, DecodeError> {
        let counters = DotStore::read(reader, seen, |reader| {
            let payload: Option<Box<Payload>> = reader.payload()?;
            let counter = payload.as_deref().and_then(Counter::of_payload);
            counter.ok_or_else(|| reader.contradiction("a contribution without a counter"))
        })?;
        Ok(Self { counters })
    }

    fn check_invariants(&self, seen: &VersionVector) {
        self.counters.check_invariants(seen);
    }
}
