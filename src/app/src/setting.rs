//! What runs are compared by: a way to spread news, and a data type.

use std::fmt;

use scalesmall_crdt::DataType;
use scalesmall_sim::{Action, Mode, Scenario, Settings, Strategy, Sync};

use crate::texts::text;

/// The most settings that are compared, and the least.
pub(crate) const SETTINGS_MAX: usize = 4;
pub(crate) const SETTINGS_MIN: usize = 2;

/// What follows the name of a way to spread news in an address where nodes do not compare themselves.
const NO_ANTI_ENTROPY: &str = "no-anti-entropy";

/// Ways to spread news that teach the most, the first of them first.
const INSTRUCTIVE: [Spreading; 6] = [
    Spreading::new(Strategy::PushPull, Sync::Delta),
    Spreading::new(Strategy::Tree, Sync::Delta),
    Spreading::new(Strategy::PushPull, Sync::FullState),
    Spreading::new(Strategy::Push, Sync::Delta),
    Spreading::new(Strategy::Pull, Sync::Delta),
    Spreading::new(Strategy::PushPull, Sync::Operation),
];

/// The part of a scenario that differs between the runs that are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    /// Nothing where messages move by the scenario's steps alone.
    pub(crate) spreading: Option<Spreading>,
    pub(crate) data_type: DataType,
}

/// A way to spread news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spreading {
    strategy: Strategy,
    sync: Sync,
    anti_entropy: bool,
}

impl Spreading {
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
    fn of(scenario: &Scenario) -> Option<Self> {
        let Settings { strategy, sync, anti_entropy, .. } = scenario.network.gossip;
        let is_by_hand = scenario.network.mode == Mode::Manual;
        (!is_by_hand).then_some(Self { strategy, sync, anti_entropy })
    }

    /// In how many parts it differs from another.
    fn distance(self, other: Self) -> u8 {
        u8::from(self.strategy != other.strategy)
            + u8::from(self.sync != other.sync)
            + u8::from(self.anti_entropy != other.anti_entropy)
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

impl fmt::Display for Spreading {
    /// As in an address: `push-pull/delta`, or `push-pull/delta/no-anti-entropy`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.strategy.name(), self.sync.name())?;
        match self.anti_entropy {
            true => Ok(()),
            false => write!(f, "/{NO_ANTI_ENTROPY}"),
        }
    }
}

impl Setting {
    /// With which a scenario begins.
    pub(crate) fn of(scenario: &Scenario) -> Self {
        Self { spreading: Spreading::of(scenario), data_type: scenario.data_type }
    }

    /// The scenario with this setting from beginning to end; with its own, just as it is. What came
    /// from elsewhere is of the data type that it is of.
    pub(crate) fn applied_to(self, scenario: &Scenario) -> Scenario {
        let mut scenario = scenario.clone();
        if scenario.is_self_contained() {
            scenario.data_type = self.data_type;
        }
        let own = Spreading::of(&scenario);
        let Some(spreading) = self.spreading.filter(|it| Some(*it) != own) else {
            return scenario;
        };
        let later = scenario.steps.iter_mut().filter_map(|step| match &mut step.action {
            Action::Network(network) => Some(network),
            _ => None,
        });
        for network in [&mut scenario.network].into_iter().chain(later) {
            let Spreading { strategy, sync, anti_entropy } = spreading;
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

    /// What to compare next, beside those that there are: another data type where those differ in
    /// it, or in nothing else; else a way to spread news as near as can be to that of the first.
    pub(crate) fn another(settings: &[Self]) -> Option<Self> {
        let own = *settings.first()?;
        let is_new = |other: &Self| !settings.contains(other);
        let differ_in_type = settings.iter().any(|it| it.data_type != own.data_type);
        let Some(spreading) = own.spreading.filter(|_| !differ_in_type) else {
            return DataType::ALL
                .map(|data_type| Self { data_type, ..own })
                .into_iter()
                .find(is_new);
        };
        let compared = Spreading { anti_entropy: true, ..spreading };
        let rest = INSTRUCTIVE.into_iter().chain([compared]);
        let rest = rest.map(|it| Self { spreading: Some(it), ..own }).filter(is_new);
        rest.min_by_key(|other| other.spreading.map(|other| spreading.distance(other)))
    }

    /// The setting of this name, as `Display` writes it; a way to spread news alone is that of the
    /// claim map.
    fn parse(name: &str) -> Option<Self> {
        let spreadings = || [None].into_iter().chain(Spreading::all().map(Some));
        let all = DataType::ALL
            .into_iter()
            .flat_map(|data_type| spreadings().map(move |spreading| Self { spreading, data_type }));
        all.into_iter().find(|setting| setting.to_string() == name)
    }

    /// Several of them, with commas between, for a scenario. A data type alone is with the
    /// scenario's own way to spread news.
    ///
    /// # Errors
    ///
    /// What is wrong, for people.
    pub(crate) fn parse_list(names: &str, scenario: &Scenario) -> Result<Vec<Self>, String> {
        let names: Vec<&str> = names.split(',').collect();
        if !(SETTINGS_MIN..=SETTINGS_MAX).contains(&names.len()) {
            return Err(text!(
                "compare.error.count",
                count = names.len(),
                least = SETTINGS_MIN,
                most = SETTINGS_MAX
            ));
        }
        let own = Self::of(scenario);
        let mut settings = Vec::new();
        for name in names {
            let setting = Self::parse(name)
                .ok_or_else(|| text!("compare.error.unknown", name = format!("{name:?}")))?;
            if setting.spreading.is_some() && own.spreading.is_none() {
                return Err(text!("compare.error.by_hand", name = name));
            }
            if setting.data_type != own.data_type && !scenario.is_self_contained() {
                return Err(text!("compare.error.elsewhere", name = name));
            }
            let setting = Self { spreading: setting.spreading.or(own.spreading), ..setting };
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
        let name = type_title(self.data_type);
        match self.spreading.map(Spreading::title) {
            Some(title) if self.data_type == DataType::default() => title,
            Some(title) => format!("{name} · {title}"),
            None => name.to_owned(),
        }
    }

    /// What can be chosen in place of it, in groups, each with its title and names of its own: by
    /// another data type, and by another way to spread news.
    pub(crate) fn choices(self) -> [(&'static str, Vec<(Self, String)>); 2] {
        let types = DataType::ALL
            .map(|data_type| (Self { data_type, ..self }, type_title(data_type).to_owned()));
        let spreadings = Spreading::all().filter(|_| self.spreading.is_some());
        let spreadings = spreadings.map(|it| (Self { spreading: Some(it), ..self }, it.title()));
        [
            (text!("compare.group.types"), types.into()),
            (text!("compare.group.spreading"), spreadings.collect()),
        ]
    }
}

/// What a data type is called on the page.
pub(crate) fn type_title(data_type: DataType) -> &'static str {
    match data_type {
        DataType::AwMap => text!("type.aw_map"),
        DataType::AwSet => text!("type.aw_set"),
        DataType::RwSet => text!("type.rw_set"),
        DataType::LwwSet => text!("type.lww_set"),
        DataType::TwoPhaseSet => text!("type.two_phase_set"),
        DataType::GrowSet => text!("type.grow_set"),
        DataType::NaiveCounterMap => text!("type.naive_counter_map"),
        DataType::OrderedList => text!("type.ordered_list"),
    }
}

impl fmt::Display for Setting {
    /// As in an address: a way to spread news, of the claim map; a data type; or both, with a slash
    /// between.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.spreading {
            Some(spreading) if self.data_type == DataType::default() => spreading.fmt(f),
            Some(spreading) => write!(f, "{spreading}/{}", self.data_type),
            None => self.data_type.fmt(f),
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
        let gossip = scenario("{}");
        let groups = Setting::of(&gossip).choices();
        assert_eq!(groups.iter().map(|(_, group)| group.len()).collect::<Vec<_>>(), [8, 24]);
        for (setting, _) in groups.iter().flat_map(|(_, group)| group) {
            assert_eq!(Setting::parse(&setting.to_string()), Some(*setting));
        }
        let names = "push-pull/delta,tree/full-state/no-anti-entropy,pull/delta/rw-set";
        let three = Setting::parse_list(names, &gossip).unwrap();
        assert_eq!(Setting::list(&three), names);
        assert!(!three[1].spreading.unwrap().anti_entropy);
        assert_eq!(three[2].data_type, DataType::RwSet);

        let types = Setting::parse_list("aw-map,lww-set", &gossip).unwrap();
        assert_eq!(Setting::list(&types), "push-pull/delta,push-pull/delta/lww-set");
        let by_hand = scenario(r#"{ "mode": "manual" }"#);
        let types = Setting::parse_list("aw-map,lww-set", &by_hand).unwrap();
        assert_eq!(Setting::list(&types), "aw-map,lww-set");
    }

    #[test]
    fn lists_that_cannot_be_compared_are_refused_by_name() {
        let message = |list: &str| Setting::parse_list(list, &scenario("{}")).unwrap_err();
        assert!(message("tree/delta").contains("not 1"));
        assert!(message("a,b,c,d,e").contains("not 5"));
        assert!(message("tree/delta,tree").contains("\"tree\""));
        assert!(message("tree/delta,push/delta,tree/delta").contains("tree/delta"));
        assert!(message("push-pull/delta,aw-map").contains("aw-map is there twice"));
        let by_hand = scenario(r#"{ "mode": "manual" }"#);
        let message = Setting::parse_list("rw-set,tree/delta", &by_hand).unwrap_err();
        assert!(message.starts_with("tree/delta: "), "{message}");
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
        let by_hand = scenario(r#"{ "mode": "manual" }"#);
        assert_eq!(Setting::list(&Setting::pair(&by_hand)), "aw-map,aw-set");
        let types = Setting::parse_list("rw-set,aw-map", &scenario("{}")).unwrap();
        assert_eq!(Setting::another(&types).unwrap().data_type, DataType::AwSet);
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
