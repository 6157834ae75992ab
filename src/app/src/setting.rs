//! A way to spread news, as one compares it with others.

use std::fmt;

use scalesmall_sim::{Action, Scenario, Settings, Strategy, Sync};

use crate::texts::text;

/// The most settings that are compared, and the least.
pub(crate) const SETTINGS_MAX: usize = 4;
pub(crate) const SETTINGS_MIN: usize = 2;

/// What follows a setting's name in an address where nodes do not compare themselves.
const NO_ANTI_ENTROPY: &str = "no-anti-entropy";

/// Those that teach the most, the first of them first.
const INSTRUCTIVE: [Setting; 6] = [
    Setting::new(Strategy::PushPull, Sync::Delta),
    Setting::new(Strategy::Tree, Sync::Delta),
    Setting::new(Strategy::PushPull, Sync::FullState),
    Setting::new(Strategy::Push, Sync::Delta),
    Setting::new(Strategy::Pull, Sync::Delta),
    Setting::new(Strategy::PushPull, Sync::Operation),
];

/// The part of a scenario that differs between the runs that are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    pub(crate) strategy: Strategy,
    pub(crate) sync: Sync,
    pub(crate) anti_entropy: bool,
}

impl Setting {
    const fn new(strategy: Strategy, sync: Sync) -> Self {
        Self { strategy, sync, anti_entropy: true }
    }

    /// All of them.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        [true, false].into_iter().flat_map(|anti_entropy| {
            Strategy::ALL.into_iter().flat_map(move |strategy| {
                Sync::ALL.map(|sync| Self { strategy, sync, anti_entropy })
            })
        })
    }

    /// With which a scenario begins.
    pub(crate) fn of(scenario: &Scenario) -> Self {
        let Settings { strategy, sync, anti_entropy, .. } = scenario.network.gossip;
        Self { strategy, sync, anti_entropy }
    }

    /// The scenario with this setting from beginning to end; with its own, just as it is.
    pub(crate) fn applied_to(self, scenario: &Scenario) -> Scenario {
        let mut scenario = scenario.clone();
        if self == Self::of(&scenario) {
            return scenario;
        }
        let later = scenario.steps.iter_mut().filter_map(|step| match &mut step.action {
            Action::Network(network) => Some(network),
            _ => None,
        });
        for network in [&mut scenario.network].into_iter().chain(later) {
            let Self { strategy, sync, anti_entropy } = self;
            network.gossip = Settings { strategy, sync, anti_entropy, ..network.gossip };
        }
        scenario
    }

    /// What to compare a scenario's own setting with, if nobody says: one that differs in a single
    /// part where there is one.
    pub(crate) fn pair(scenario: &Scenario) -> Vec<Self> {
        let own = Self::of(scenario);
        [own].into_iter().chain(Self::another(&[own])).collect()
    }

    /// What to compare next, beside those that there are: as near as can be to the first of them.
    pub(crate) fn another(settings: &[Self]) -> Option<Self> {
        let own = *settings.first()?;
        let distance = |other: Self| {
            u8::from(own.strategy != other.strategy)
                + u8::from(own.sync != other.sync)
                + u8::from(own.anti_entropy != other.anti_entropy)
        };
        let rest = INSTRUCTIVE.into_iter().chain([Self { anti_entropy: true, ..own }]);
        rest.filter(|other| !settings.contains(other)).min_by_key(|&other| distance(other))
    }

    /// The setting of this name, as `Display` writes it.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::all().find(|setting| setting.to_string() == name)
    }

    /// Several of them, with commas between.
    ///
    /// # Errors
    ///
    /// What is wrong, for people.
    pub(crate) fn parse_list(names: &str) -> Result<Vec<Self>, String> {
        let names: Vec<&str> = names.split(',').collect();
        if !(SETTINGS_MIN..=SETTINGS_MAX).contains(&names.len()) {
            return Err(text!(
                "compare.error.count",
                count = names.len(),
                least = SETTINGS_MIN,
                most = SETTINGS_MAX
            ));
        }
        let mut settings = Vec::new();
        for name in names {
            let setting = Self::parse(name)
                .ok_or_else(|| text!("compare.error.unknown", name = format!("{name:?}")))?;
            if settings.contains(&setting) {
                return Err(text!("compare.error.twice", name = name));
            }
            settings.push(setting);
        }
        Ok(settings)
    }

    /// Several of them as [`parse_list`](Self::parse_list) reads them.
    pub(crate) fn list(settings: &[Self]) -> String {
        settings.iter().map(Self::to_string).collect::<Vec<_>>().join(",")
    }

    /// What it is called on the page.
    pub(crate) fn title(self) -> String {
        let strategy = match self.strategy {
            Strategy::Push => text!("compare.strategy.push"),
            Strategy::Pull => text!("compare.strategy.pull"),
            Strategy::PushPull => text!("compare.strategy.push_pull"),
            Strategy::Tree => text!("compare.strategy.tree"),
        };
        let sync = match self.sync {
            Sync::Delta => text!("compare.sync.delta"),
            Sync::FullState => text!("compare.sync.full_state"),
            Sync::Operation => text!("compare.sync.operation"),
        };
        match self.anti_entropy {
            true => format!("{strategy} · {sync}"),
            false => format!("{strategy} · {sync}, {}", text!("compare.no_anti_entropy")),
        }
    }
}

impl fmt::Display for Setting {
    /// As in an address: `push-pull/delta`, or `push-pull/delta/no-anti-entropy`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.strategy.name(), self.sync.name())?;
        match self.anti_entropy {
            true => Ok(()),
            false => write!(f, "/{NO_ANTI_ENTROPY}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scenario(network: &str) -> Scenario {
        let text = format!(
            r#"{{ "format": 1, "replicas": ["a", "b"], "network": {network},
                "steps": [ {{ "at_ms": 5, "network": {{ "loss": 0.5, "strategy": "pull" }} }} ] }}"#
        );
        Scenario::parse(&text).unwrap()
    }

    #[test]
    fn a_setting_is_found_by_its_name() {
        assert_eq!(Setting::all().count(), 24);
        for setting in Setting::all() {
            assert_eq!(Setting::parse(&setting.to_string()), Some(setting));
        }
        let pair = Setting::parse_list("push-pull/delta,tree/full-state/no-anti-entropy").unwrap();
        assert_eq!(Setting::list(&pair), "push-pull/delta,tree/full-state/no-anti-entropy");
        assert!(!pair[1].anti_entropy);
    }

    #[test]
    fn lists_that_cannot_be_compared_are_refused_by_name() {
        let message = |list: &str| Setting::parse_list(list).unwrap_err();
        assert!(message("tree/delta").contains("not 1"));
        assert!(message("a,b,c,d,e").contains("not 5"));
        assert!(message("tree/delta,tree").contains("\"tree\""));
        assert!(message("tree/delta,push/delta,tree/delta").contains("tree/delta"));
    }

    #[test]
    fn a_setting_holds_from_beginning_to_end_and_changes_nothing_else() {
        let scenario = scenario(r#"{ "loss": 0.1, "sync": "full-state" }"#);
        let own = Setting::of(&scenario);
        assert_eq!(own.to_string(), "push-pull/full-state");
        assert_eq!(own.applied_to(&scenario), scenario, "its own step to pull stays");

        let tree = Setting::parse("tree/delta").unwrap();
        let other = tree.applied_to(&scenario);
        let Action::Network(later) = &other.steps[0].action else { panic!("a network step") };
        for network in [&other.network, later] {
            assert_eq!(network.gossip.strategy, Strategy::Tree);
            assert_eq!(network.gossip.sync, Sync::Delta);
        }
        assert_eq!(later.loss.to_f64(), 0.5);
        let mut back = other.clone();
        (back.network, back.steps) = (scenario.network.clone(), scenario.steps.clone());
        assert_eq!(back, scenario);
    }

    #[test]
    fn what_is_proposed_differs_in_one_part_where_it_can() {
        for (network, other) in [
            ("{}", "tree/delta"),
            (r#"{ "strategy": "tree" }"#, "push-pull/delta"),
            (r#"{ "sync": "full-state" }"#, "push-pull/delta"),
            (r#"{ "anti_entropy": false }"#, "push-pull/delta"),
            (r#"{ "strategy": "pull", "anti_entropy": false }"#, "pull/delta"),
        ] {
            assert_eq!(Setting::pair(&scenario(network))[1].to_string(), other, "{network}");
        }
        let mut settings = Setting::pair(&scenario("{}"));
        while settings.len() < SETTINGS_MAX {
            settings.extend(Setting::another(&settings));
        }
        assert_eq!(
            Setting::list(&settings),
            "push-pull/delta,tree/delta,push-pull/full-state,push/delta"
        );
    }
}
