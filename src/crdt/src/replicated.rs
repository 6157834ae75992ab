//! What whoever holds, spreads, checks or draws a replica needs of it, whatever it is a replica of.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::any::Any;
use core::fmt;

use crate::compared;
use crate::{
    Claim, ClaimMap, DataType, Delta, Fingerprint, Joined, Merged, Operation, OperationError,
    Ownership, ReplicaId, Update, VersionVector,
};

/// One replica of a [data type](DataType).
///
/// What it shows is a function of the set of updates that it has applied, those of one replica in
/// their order and without gaps; but for the [ordered list](DataType::converges), which is here to
/// show what follows where that is not so.
///
/// ```
/// use scalesmall_crdt::{Claim, DataType, Delta, KeyRange, NodeId, Operation, ReplicaId};
///
/// let [a, b] = ["a", "b"].map(|name| ReplicaId::first(NodeId::new(name).unwrap()));
/// let claim = Claim::new(a.node.clone(), KeyRange::new(0, 99)?);
/// let outcome = |data_type: DataType| -> Result<bool, Box<dyn std::error::Error>> {
///     let (mut at_a, mut at_b) = (data_type.replica(), data_type.replica());
///     let register = Operation::Register { claim: claim.clone() };
///     at_b.join(&Delta::from(at_a.issue(&a, register.clone(), 0)?));
///
///     // b releases the claim while a registers it again.
///     let release = Operation::Release { claim: claim.clone() };
///     let release = at_b.issue(&b, release, 2_000)?;
///     at_a.issue(&a, register, 1_000)?;
///     at_a.join(&release.into());
///     at_b.merge(&*at_a);
///     assert_eq!(at_a.fingerprint(), at_b.fingerprint());
///     Ok(at_b.priority(&claim).is_some())
/// };
/// assert!(outcome(DataType::AwSet)?, "adding wins");
/// assert!(!outcome(DataType::RwSet)?, "releasing wins");
/// assert!(!outcome(DataType::LwwSet)?, "the later one wins");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// What only tests and whoever looks for a mistake needs, such as
/// [`check_invariants`](#method.check_invariants), is no method of the trait: a program has all of
/// these for each type, whether it calls them or not.
pub trait Replicated: Send + Sync {
    /// What it is a replica of.
    fn data_type(&self) -> DataType;

    /// Who serves which keys: the live claims with their priorities, and what follows from them.
    fn ownership(&self) -> &Ownership;

    /// Which operations have been applied.
    fn context(&self) -> &VersionVector;

    /// The digest of what it has seen and shows.
    fn fingerprint(&self) -> Fingerprint;

    /// How many updates wait for a predecessor.
    fn waiting(&self) -> usize;

    /// Carries out an operation here, under the next dot of `replica`, and returns the update that
    /// everybody else has to join. Only one copy may issue under a given `replica`. `clock_us` is
    /// what the clock of its machine shows, in microseconds; it matters only where the data type
    /// goes by clocks.
    ///
    /// # Errors
    ///
    /// [`OperationError`]; nothing has changed then and no dot was taken.
    fn issue(
        &mut self,
        replica: &ReplicaId,
        operation: Operation,
        clock_us: u64,
    ) -> Result<Update, OperationError>;

    /// Takes in what is new in `delta`.
    fn join(&mut self, delta: &Delta) -> Joined;

    /// Takes in the whole state of another replica; of one of another data type, nothing.
    fn merge(&mut self, other: &dyn Replicated) -> Merged;

    /// Makes itself smaller where that changes no value, for all that every member has seen.
    /// Returns how many contributions are no longer kept.
    fn fold(&mut self, cut: &VersionVector) -> usize {
        let _ = cut;
        0
    }

    /// The whole state as bytes, which say what it is a replica of.
    fn to_bytes(&self) -> Vec<u8>;

    /// A copy.
    fn boxed(&self) -> Box<dyn Replicated>;

    /// Itself, for [`as_claim_map`](#method.as_claim_map) and those of the same type.
    fn as_any(&self) -> &dyn Any;
}

impl dyn Replicated + '_ {
    /// The live claims with their priorities, by (start, end, node). O(n log n).
    pub fn claims(&self) -> impl Iterator<Item = (Claim, u64)> {
        self.ownership().claims()
    }

    /// The priority of a claim, or nothing where it is not live. O(1).
    #[must_use]
    pub fn priority(&self, claim: &Claim) -> Option<u64> {
        self.ownership().priority(claim)
    }

    /// Checks what must hold between the parts. O(state).
    ///
    /// # Panics
    ///
    /// With the part that is broken.
    pub fn check_invariants(&self) {
        match self.as_claim_map() {
            Some(map) => map.check_invariants(),
            None => compared::check_invariants(self),
        }
    }

    /// The claim map that it is, if it is one.
    #[must_use]
    pub fn as_claim_map(&self) -> Option<&ClaimMap> {
        self.as_any().downcast_ref()
    }
}

impl fmt::Debug for dyn Replicated + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.as_claim_map() {
            Some(map) => map.fmt(f),
            None => compared::fmt(self, f),
        }
    }
}

impl Clone for Box<dyn Replicated> {
    fn clone(&self) -> Self {
        self.boxed()
    }
}

impl Replicated for ClaimMap {
    fn data_type(&self) -> DataType {
        DataType::AwMap
    }

    fn ownership(&self) -> &Ownership {
        Self::ownership(self)
    }

    fn context(&self) -> &VersionVector {
        Self::context(self)
    }

    fn fingerprint(&self) -> Fingerprint {
        Self::fingerprint(self)
    }

    fn waiting(&self) -> usize {
        Self::waiting(self)
    }

    fn issue(
        &mut self,
        replica: &ReplicaId,
        operation: Operation,
        _clock_us: u64,
    ) -> Result<Update, OperationError> {
        Self::issue(self, replica, operation)
    }

    fn join(&mut self, delta: &Delta) -> Joined {
        Self::join(self, delta)
    }

    fn merge(&mut self, other: &dyn Replicated) -> Merged {
        other.as_claim_map().map_or_else(Merged::default, |other| Self::merge(self, other))
    }

    fn fold(&mut self, cut: &VersionVector) -> usize {
        Self::fold(self, cut)
    }

    fn to_bytes(&self) -> Vec<u8> {
        Self::to_bytes(self)
    }

    fn boxed(&self) -> Box<dyn Replicated> {
        Box::new(self.clone())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
