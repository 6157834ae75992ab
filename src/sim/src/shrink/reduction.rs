//! In which ways a scenario can become less.

use std::num::NonZeroU32;

use scalesmall_crdt::Operation;
use scalesmall_node::SimTime;

use super::search::Proposal;
use crate::{Action, DeadClaims, NetworkSettings, Request, Scenario};

/// Whoever disagrees after so many rounds in which nothing has happened from outside is not just
/// late.
const ROUNDS_LEFT: u64 = 100;
/// A time between two steps that is not in itself the matter.
const WAIT_MS: u32 = 1_000;

/// A way for a scenario to become less. To each belongs a list of things in the scenario that can be
/// left out, alone and together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reduction {
    /// The time after the last step, down to [`time_left`].
    End,
    /// Operations under `start`, and steps.
    Parts,
    /// Founders that no step needs.
    Founders,
    /// Settings of the network, which then are as by default, or as before the step.
    Settings,
    /// What operations raise or lower priorities by, down to 1.
    Amounts,
    /// Half of that.
    HalfAmounts,
    /// Long waits between steps, down to [`WAIT_MS`].
    Waits,
}

impl Reduction {
    /// All of them, in the order in which they are tried: first what makes all other tries quicker.
    pub(super) const ALL: [Self; 7] = [
        Self::End,
        Self::Parts,
        Self::Founders,
        Self::Settings,
        Self::Amounts,
        Self::HalfAmounts,
        Self::Waits,
    ];

    /// How many things can be left out in this way.
    pub(super) fn elements(self, scenario: &Scenario, time_left: SimTime) -> usize {
        match self {
            Self::End => usize::from(time_left_of(scenario) > time_left),
            Self::Parts => scenario.parts(),
            Self::Founders => unneeded_founders(scenario).len(),
            Self::Settings => scenario.settings_given(),
            Self::Amounts | Self::HalfAmounts => {
                let mut scenario = scenario.clone();
                amounts(&mut scenario).count()
            }
            Self::Waits => long_waits(scenario).count(),
        }
    }

    /// The scenario with only those of these things that `proposal` has; nothing where that is none.
    pub(super) fn reduced(
        self,
        scenario: &Scenario,
        proposal: &Proposal,
        time_left: SimTime,
    ) -> Option<Scenario> {
        let mut reduced = scenario.clone();
        match self {
            Self::End => {
                let half_ms = time_left_of(scenario).as_ms() / 2;
                let left = SimTime::from_us(half_ms * 1_000).max(time_left);
                reduced.until.max = last_step(scenario) + left.as_us();
            }
            Self::Parts => return scenario.part(|_| true, |part| proposal.has(part)),
            Self::Founders => {
                let unneeded = unneeded_founders(scenario);
                let is_left_out = |founder: &usize| {
                    unneeded.binary_search(founder).is_ok_and(|element| !proposal.has(element))
                };
                return scenario.part(|founder| !is_left_out(&founder), |_| true);
            }
            Self::Settings => return Some(scenario.with_settings(|it| proposal.has(it))),
            Self::Amounts | Self::HalfAmounts => {
                let all = amounts(&mut reduced).enumerate();
                for (_, by) in all.filter(|&(element, _)| !proposal.has(element)) {
                    let less = if self == Self::Amounts { 1 } else { by.get() / 2 };
                    *by = NonZeroU32::new(less).expect("it was more than 1");
                }
            }
            Self::Waits => {
                let waits: Vec<_> = long_waits(scenario).collect();
                let shortened = waits.into_iter().enumerate();
                for (_, (step, wait)) in shortened.filter(|&(element, _)| !proposal.has(element)) {
                    let saved_us = wait.as_us() - SimTime::from_ms(WAIT_MS).as_us();
                    let earlier = |at: SimTime| SimTime::from_us(at.as_us() - saved_us);
                    reduced.steps[step..].iter_mut().for_each(|it| it.at = earlier(it.at));
                    reduced.until.max = earlier(reduced.until.max);
                }
            }
        }
        Some(reduced)
    }
}

/// How much time there has to be after the last step, so that whoever disagrees then does not for
/// lack of time: [`ROUNDS_LEFT`], and what messages and the failure detection take; or as much as
/// the scenario has, where that is less.
pub(super) fn time_left(scenario: &Scenario) -> SimTime {
    let settings = scenario.steps.iter().filter_map(|step| match &step.action {
        Action::Network(settings) => Some(settings),
        _ => None,
    });
    let needed_us = settings.chain([&scenario.network]).map(needed_us).max().unwrap_or(0);
    // Times in files are whole milliseconds.
    let needed = SimTime::from_us(needed_us.next_multiple_of(1_000));
    needed.min(time_left_of(scenario))
}

fn needed_us(network: &NetworkSettings) -> u64 {
    let detection_us = network.gossip.detection.map_or(0, |it| {
        let release_us = match it.dead_claims {
            DeadClaims::Keep => 0,
            DeadClaims::ReleaseAfter(us) => us,
        };
        u64::from(it.probe_us) + u64::from(it.suspicion_us) + u64::from(release_us)
    });
    let [_, latency_us] = network.latency_us;
    let wait_us = match network.bytes_per_s {
        Some(_) => SimTime::from_ms(crate::limits::LINK_WAIT_MS_MAX).as_us(),
        None => 0,
    };
    let rounds_us = ROUNDS_LEFT * u64::from(network.gossip.interval_us);
    rounds_us + 4 * u64::from(latency_us) + wait_us + detection_us
}

fn last_step(scenario: &Scenario) -> SimTime {
    scenario.steps.last().map_or(SimTime::ZERO, |step| step.at)
}

fn time_left_of(scenario: &Scenario) -> SimTime {
    SimTime::from_us(scenario.until.max.us_since(last_step(scenario)))
}

/// The founders that no step names but to cut the network, ascending; not all of them.
fn unneeded_founders(scenario: &Scenario) -> Vec<usize> {
    let mut is_needed = vec![false; scenario.founders];
    let mut need = |replica: usize| {
        if let Some(is_needed) = is_needed.get_mut(replica) {
            *is_needed = true;
        }
    };
    scenario.start.iter().for_each(|request| need(request.on));
    let steps = scenario.steps.iter().map(|step| &step.action);
    let steps = steps.filter(|action| !matches!(action, Action::Partition(_)));
    steps.flat_map(Action::replicas).for_each(need);
    (0..scenario.founders).filter(|&founder| !is_needed[founder]).collect()
}

/// What operations raise or lower by, where it is more than 1.
fn amounts(scenario: &mut Scenario) -> impl Iterator<Item = &mut NonZeroU32> {
    let steps = scenario.steps.iter_mut().filter_map(|step| match &mut step.action {
        Action::Operation(request) => Some(request),
        _ => None,
    });
    let requests = scenario.start.iter_mut().chain(steps);
    let amounts = requests.filter_map(|Request { operation, .. }| match operation {
        Operation::Increase { by, .. } | Operation::Decrease { by, .. } => Some(by),
        _ => None,
    });
    amounts.filter(|by| by.get() > 1)
}

/// The steps that come more than [`WAIT_MS`] after the one before them, and how long they do.
fn long_waits(scenario: &Scenario) -> impl Iterator<Item = (usize, SimTime)> {
    let before = [SimTime::ZERO].into_iter().chain(scenario.steps.iter().map(|step| step.at));
    let waits = scenario.steps.iter().zip(before).enumerate();
    let waits = waits.map(|(at, (step, before))| (at, SimTime::from_us(step.at.us_since(before))));
    waits.filter(|&(_, wait)| wait > SimTime::from_ms(WAIT_MS))
}
