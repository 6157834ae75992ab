//! The data types that can be replicated.

use alloc::boxed::Box;
use core::fmt;

use crate::compared::{
    AwSet, Compared, GrowSet, LwwSet, NaiveCounterMap, OrderedList, RwSet, TwoPhaseSet,
};
use crate::{ClaimMap, Operation, Replicated};

/// What is replicated: the claim map, or one of those that it can be compared with. They differ in
/// what concurrent operations come to, and in the operations that they have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum DataType {
    /// The [claim map](ClaimMap): adding wins over a concurrent release, and claims have
    /// priorities.
    #[default]
    AwMap,
    /// A [set](AwSet) in which adding wins.
    AwSet,
    /// A [set](RwSet) in which releasing wins.
    RwSet,
    /// A [set](LwwSet) in which the latest by the clock wins.
    LwwSet,
    /// A [set](TwoPhaseSet) in which a release is for ever.
    TwoPhaseSet,
    /// A [set](GrowSet) without a release.
    GrowSet,
    /// A [map](NaiveCounterMap) of counters as they are commonly embedded.
    NaiveCounterMap,
    /// The [first protocol](OrderedList), whose replicas need not agree.
    OrderedList,
}

const OF_SETS: &[&str] = &["register", "release"];
const OF_MAPS: &[&str] = &["register", "release", "increase", "decrease", "tighten"];
const OF_LISTS: &[&str] = &["split", "register", "release", "promote", "demote"];

impl DataType {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::AwMap,
        Self::AwSet,
        Self::RwSet,
        Self::LwwSet,
        Self::TwoPhaseSet,
        Self::GrowSet,
        Self::NaiveCounterMap,
        Self::OrderedList,
    ];

    /// What it is called in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AwMap => "aw-map",
            Self::AwSet => "aw-set",
            Self::RwSet => "rw-set",
            Self::LwwSet => "lww-set",
            Self::TwoPhaseSet => "two-phase-set",
            Self::GrowSet => "grow-set",
            Self::NaiveCounterMap => "naive-counter-map",
            Self::OrderedList => "ordered-list",
        }
    }

    /// The one of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    /// The names of the operations that it has, in small letters.
    #[must_use]
    pub fn operations(self) -> &'static [&'static str] {
        match self {
            Self::AwMap | Self::NaiveCounterMap => OF_MAPS,
            Self::AwSet | Self::RwSet | Self::LwwSet | Self::TwoPhaseSet => OF_SETS,
            Self::GrowSet => &["register"],
            Self::OrderedList => OF_LISTS,
        }
    }

    /// Whether it has an operation.
    #[must_use]
    pub fn offers(self, operation: &Operation) -> bool {
        self.operations().iter().any(|name| name.eq_ignore_ascii_case(operation.name()))
    }

    /// Whether replicas that have seen the same operations show the same, in whatever order, and
    /// however often, those came.
    #[must_use]
    pub fn converges(self) -> bool {
        self != Self::OrderedList
    }

    /// A replica that has seen nothing.
    #[must_use]
    pub fn replica(self) -> Box<dyn Replicated> {
        match self {
            Self::AwMap => Box::new(ClaimMap::new()),
            Self::AwSet => Box::<Compared<AwSet>>::default(),
            Self::RwSet => Box::<Compared<RwSet>>::default(),
            Self::LwwSet => Box::<Compared<LwwSet>>::default(),
            Self::TwoPhaseSet => Box::<Compared<TwoPhaseSet>>::default(),
            Self::GrowSet => Box::<Compared<GrowSet>>::default(),
            Self::NaiveCounterMap => Box::<Compared<NaiveCounterMap>>::default(),
            Self::OrderedList => Box::new(OrderedList::new()),
        }
    }
}

impl fmt::Display for DataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
