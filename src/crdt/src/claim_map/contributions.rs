//! What survives of one claim.
//!
//! A claim that many have written to keeps a contribution of each of them, so a contribution is
//! packed into some six bytes: a head, the place of its replica in the context, its counter, and
//! what the head does not say already. Most changes append one.

use alloc::vec::Vec;
use core::num::NonZeroU64;

use crate::context::Place;
use crate::leb128::{read, unzigzag, write, zigzag};
use crate::sort::sorted;
use crate::{Contribution, contribution};

/// The contributions to a claim that no applied update cancels, in the order of application or by
/// dot.
#[derive(Clone, Default)]
pub(crate) struct Contributions {
    bytes: Vec<u8>,
    /// Whether the claim is listed as one that may have something to fold.
    pub(super) is_listed: bool,
}

/// One of them, with its dot: the counter-th operation of the replica at that place. Ordered by
/// dot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Survivor {
    pub(crate) place: Place,
    pub(crate) counter: u64,
    pub(crate) contribution: Contribution,
}

impl Survivor {
    pub(super) fn dot(&self) -> (Place, u64) {
        (self.place, self.counter)
    }
}

impl Contributions {
    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Adds one. Amortised O(1).
    pub(crate) fn push(&mut self, survivor: &Survivor) {
        survivor.write(&mut self.bytes);
    }

    /// Has it in the cache when it is to be changed.
    pub(super) fn touch(&self) {
        core::hint::black_box(self.bytes.last().copied());
    }

    pub(crate) fn iter(&self) -> Iter<'_> {
        Iter { bytes: &self.bytes }
    }

    /// All of them by place and counter.
    pub(super) fn by_dot(&self) -> Vec<Survivor> {
        sorted(self.iter().collect())
    }

    /// Puts others in their place.
    pub(super) fn replace(&mut self, survivors: &[Survivor]) {
        self.bytes.clear();
        survivors.iter().for_each(|survivor| survivor.write(&mut self.bytes));
        self.trim();
    }

    /// Gives back memory, but for room for one more.
    pub(crate) fn trim(&mut self) {
        self.bytes.shrink_to(match self.bytes.len() {
            0 => 0,
            len => len + SURVIVOR_BYTES,
        });
    }

    /// The priority that they come to, if that makes a live claim.
    pub(super) fn priority(&self) -> Option<u64> {
        contribution::priority(self.iter().map(|survivor| survivor.contribution))
    }
}

/// See [`Contributions::iter`].
pub(crate) struct Iter<'a> {
    bytes: &'a [u8],
}

impl Iterator for Iter<'_> {
    type Item = Survivor;

    fn next(&mut self) -> Option<Survivor> {
        let (&head, mut rest) = self.bytes.split_first()?;
        let mut number = || {
            let (number, after) = read(rest).expect("what was packed can be unpacked");
            rest = after;
            number
        };
        let has = |flag: u8| head & flag != 0;
        let (place, counter) = (number() as Place, number());
        let change = match i64::from(head >> SMALL_SHIFT) {
            0 if has(INCREASES | DECREASES) => unzigzag(number()),
            small if has(DECREASES) => -small,
            small => small,
        };
        let stands_for = if has(IS_FOLDED) { NonZeroU64::new(number()) } else { None };
        self.bytes = rest;
        let contribution = Contribution {
            change,
            registers: has(REGISTERS),
            increases: has(INCREASES),
            decreases: has(DECREASES),
            stands_for: stands_for.unwrap_or(NonZeroU64::MIN),
        };
        Some(Survivor { place, counter, contribution })
    }
}

const REGISTERS: u8 = 1;
const INCREASES: u8 = 2;
const DECREASES: u8 = 4;
const IS_FOLDED: u8 = 8;
/// The four bits above are the size of a change that goes one way only, if it is that small.
const SMALL_SHIFT: u32 = 4;
const SMALL_MAX: u64 = 15;

/// What one takes, mostly.
const SURVIVOR_BYTES: usize = 8;

impl Survivor {
    fn write(&self, bytes: &mut Vec<u8>) {
        let Contribution { change, registers, increases, decreases, stands_for } =
            self.contribution;
        let flag = |is_set, flag| if is_set { flag } else { 0 };
        let size = change.unsigned_abs();
        let is_small = increases != decreases && (1..=SMALL_MAX).contains(&size);
        bytes.push(
            flag(registers, REGISTERS)
                | flag(increases, INCREASES)
                | flag(decreases, DECREASES)
                | flag(stands_for.get() > 1, IS_FOLDED)
                | flag(is_small, (size as u8) << SMALL_SHIFT),
        );
        write(bytes, self.place.into());
        write(bytes, self.counter);
        if (increases || decreases) && !is_small {
            write(bytes, zigzag(change));
        }
        if stands_for.get() > 1 {
            write(bytes, stands_for.get());
        }
    }
}
