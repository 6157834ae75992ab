//! The settings of a network, one by one: what a file would have to say of them.

use std::cell::Cell;

use super::check::settings::DEFAULT_NETWORK;
use super::{Action, Scenario};
use crate::NetworkSettings;

/// A setting; the mode, which cannot change in the course of a run, is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Setting {
    Strategy,
    Sync,
    AntiEntropy,
    Interval,
    Fanout,
    Latency,
    Loss,
    Duplicate,
    Reorder,
    BytesPerS,
    Interest,
    History,
    Detection,
}

impl Setting {
    const ALL: [Self; 13] = [
        Self::Strategy,
        Self::Sync,
        Self::AntiEntropy,
        Self::Interval,
        Self::Fanout,
        Self::Latency,
        Self::Loss,
        Self::Duplicate,
        Self::Reorder,
        Self::BytesPerS,
        Self::Interest,
        Self::History,
        Self::Detection,
    ];

    /// Takes this setting over.
    fn copy(self, from: &NetworkSettings, to: &mut NetworkSettings) {
        let (old, new) = (&mut to.gossip, &from.gossip);
        match self {
            Self::Strategy => old.strategy = new.strategy,
            Self::Sync => old.sync = new.sync,
            Self::AntiEntropy => old.anti_entropy = new.anti_entropy,
            Self::Interval => old.interval_us = new.interval_us,
            Self::Fanout => old.fanout = new.fanout,
            Self::Latency => to.latency_us = from.latency_us,
            Self::Loss => to.loss = from.loss,
            Self::Duplicate => to.duplicate = from.duplicate,
            Self::Reorder => to.reorder = from.reorder,
            Self::BytesPerS => to.bytes_per_s = from.bytes_per_s,
            Self::Interest => old.interest = new.interest,
            Self::History => old.history = new.history,
            Self::Detection => old.detection = new.detection,
        }
    }

    fn is_same(self, one: &NetworkSettings, other: &NetworkSettings) -> bool {
        let mut copy = one.clone();
        self.copy(other, &mut copy);
        copy == *one
    }
}

/// What somebody says who names only what differs from what was so before.
#[derive(Clone, Debug)]
pub(super) struct Changes<'a> {
    changed: Vec<Setting>,
    to: &'a NetworkSettings,
}

impl<'a> Changes<'a> {
    pub(super) fn between(before: &NetworkSettings, after: &'a NetworkSettings) -> Self {
        let changed = Setting::ALL.into_iter().filter(|it| !it.is_same(before, after));
        Self { changed: changed.collect(), to: after }
    }

    /// What these changes make of other settings.
    pub(super) fn applied_to(&self, before: &NetworkSettings) -> NetworkSettings {
        let mut after = before.clone();
        self.changed.iter().for_each(|setting| setting.copy(self.to, &mut after));
        after
    }
}

impl Scenario {
    /// How many settings of the network a file of the scenario gives: those that are not as by
    /// default, and those that its steps change.
    pub(crate) fn settings_given(&self) -> usize {
        let count = Cell::new(0);
        let _ = self.with_settings(|_| {
            count.set(count.get() + 1);
            true
        });
        count.get()
    }

    /// The scenario with those of these settings, in the order of the file, that `has` says. The
    /// others are as by default, or as they were before the step.
    pub(crate) fn with_settings(&self, has: impl Fn(usize) -> bool) -> Self {
        let mut given = 0..;
        let mut keep = |[before, after]: [&NetworkSettings; 2], kept_before: &NetworkSettings| {
            let mut changes = Changes::between(before, after);
            changes.changed.retain(|_| given.next().is_some_and(&has));
            changes.applied_to(kept_before)
        };
        let default = NetworkSettings { mode: self.network.mode, ..DEFAULT_NETWORK };
        let mut scenario = self.clone();
        scenario.network = keep([&default, &self.network], &default);
        let (mut before, mut kept_before) = (&self.network, scenario.network.clone());
        for (step, kept) in self.steps.iter().zip(&mut scenario.steps) {
            if let (Action::Network(after), Action::Network(kept)) =
                (&step.action, &mut kept.action)
            {
                *kept = keep([before, after], &kept_before);
                (before, kept_before) = (after, kept.clone());
            }
        }
        scenario
    }
}
