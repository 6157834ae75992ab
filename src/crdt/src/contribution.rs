//! What updates add to a claim.

use core::num::NonZeroU64;

/// What one update adds to a claim for as long as no other cancels it; or what several updates of
/// one replica add together, once they have been folded into the latest of them.
/// Their order is that of the fields, and means nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Contribution {
    /// The sum of the changes of priority.
    pub change: i64,
    /// Whether a registration is among them.
    pub registers: bool,
    /// Whether a move up is among them.
    pub increases: bool,
    /// Whether a move down is among them.
    pub decreases: bool,
    /// How many updates it stands for.
    pub stands_for: NonZeroU64,
}

impl Contribution {
    const NOTHING: Self = Self {
        change: 0,
        registers: false,
        increases: false,
        decreases: false,
        stands_for: NonZeroU64::MIN,
    };

    /// The claim is registered; its priority is not touched.
    pub const REGISTRATION: Self = Self { registers: true, ..Self::NOTHING };

    /// The priority is moved; a move up also makes the claim present.
    #[must_use]
    pub const fn change(by: i64) -> Self {
        Self { change: by, increases: by > 0, decreases: by < 0, ..Self::NOTHING }
    }

    /// What cannot be about it, if anything.
    pub(crate) fn contradiction(&self) -> Option<&'static str> {
        let Self { change, registers, increases, decreases, stands_for } = *self;
        let kinds = u64::from(registers) + u64::from(increases) + u64::from(decreases);
        match () {
            () if kinds == 0 => Some("a contribution of nothing"),
            () if change > 0 && !increases => Some("a rise without an increase"),
            () if change < 0 && !decreases => Some("a fall without a decrease"),
            () if change == 0 && increases != decreases => Some("a change that changes nothing"),
            () if stands_for.get() < kinds => Some("a contribution that stands for too few"),
            () => None,
        }
    }

    /// Both together; nothing if the sum does not fit.
    pub(crate) fn fold(self, other: Self) -> Option<Self> {
        Some(Self {
            change: self.change.checked_add(other.change)?,
            registers: self.registers || other.registers,
            increases: self.increases || other.increases,
            decreases: self.decreases || other.decreases,
            stands_for: self.stands_for.checked_add(other.stands_for.get())?,
        })
    }
}

/// The priority that contributions come to, or nothing if they make no live claim. A claim is
/// **present** if a registration or a move up survives, and **live** if it is present and either no
/// change survives or the changes come to more than zero.
pub(crate) fn priority(contributions: impl IntoIterator<Item = Contribution>) -> Option<u64> {
    let (mut is_present, mut has_changes, mut total) = (false, false, 0_i128);
    for contribution in contributions {
        is_present |= contribution.registers || contribution.increases;
        has_changes |= contribution.increases || contribution.decreases;
        total += i128::from(contribution.change);
    }
    if !is_present || (has_changes && total <= 0) {
        return None;
    }
    // More than a u64 holds cannot come about by fewer than 2^32 operations.
    Some(u64::try_from(total).unwrap_or(u64::MAX))
}
