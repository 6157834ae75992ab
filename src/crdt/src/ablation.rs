//! Conditions that can be switched off, to check that the tests notice: a check of the check.
//!
//! Without the feature `ablation`, which is for the tests of this crate alone, all of them hold.

/// A condition of exact folding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "ablation"), expect(unreachable_pub, reason = "public with the feature"))]
pub enum Condition {
    /// Only what every member has seen is folded.
    Stable,
    /// All cancelling operations that were applied to the claim lie within the cut.
    Quiet,
    /// An operation that cancels a folded contribution cancels all that it stands for.
    CancelledWhole,
    /// An announcement counts only once the announcer's own operations in it are applied.
    OwnEntry,
    /// An announcement counts only under the roster that it was made under.
    SameRoster,
    /// An announcement counts only once the operations of retired replicas in it are applied.
    RetiredEntries,
}

#[cfg(feature = "ablation")]
mod switch {
    use core::sync::atomic::{AtomicU8, Ordering};

    use super::Condition;

    static OFF: AtomicU8 = AtomicU8::new(u8::MAX);

    /// Switches one condition off in this process, and all others on.
    pub fn switch_off(condition: Option<Condition>) {
        OFF.store(condition.map_or(u8::MAX, |condition| condition as u8), Ordering::SeqCst);
    }

    /// Whether a condition is switched off.
    pub fn is_off(condition: Condition) -> bool {
        OFF.load(Ordering::SeqCst) == condition as u8
    }
}

#[cfg(feature = "ablation")]
pub use switch::{is_off, switch_off};

/// Whether a condition is switched off.
#[cfg(not(feature = "ablation"))]
pub(crate) const fn is_off(_: Condition) -> bool {
    false
}
