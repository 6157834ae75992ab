//! What the picture shows, in words.

use std::fmt::Display;

use scalesmall_crdt::{Key, KeyRange, Owner};
use scalesmall_sim::{Mode, Scenario, Settings, Status, Sync};

use crate::divergence::Divergence;
use crate::picture::{Picture, View};
use crate::setting::type_title;
use crate::texts::{plural, text};

/// The state of the whole in a few words, as they stand within a sentence.
pub(crate) fn verdict(picture: &Picture) -> String {
    let (live, disagreeing) = (picture.live(), picture.disagreeing());
    match (disagreeing, picture.behind()) {
        _ if live == 0 => text!("words.none_up").to_owned(),
        (0, 0) if picture.has_converged => plural!("words.agree", live),
        (0, behind) if behind > 0 => plural!("words.behind", behind, nodes = nodes(live)),
        (0, _) => text!("words.on_its_way").to_owned(),
        _ => {
            let share = share(picture.disputed_keys());
            plural!("words.disagree", disagreeing, nodes = nodes(live), share = share)
        }
    }
}

/// A text with a capital at its beginning.
pub(crate) fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// What is played: size, type, protocol.
pub(crate) fn about(scenario: &Scenario) -> String {
    let Settings { strategy, sync, .. } = scenario.network.gossip;
    let how = match (scenario.network.mode, sync) {
        (Mode::Manual, _) => text!("words.manual").to_owned(),
        (Mode::Gossip, Sync::Delta) => text!("words.deltas", strategy = strategy.name()),
        (Mode::Gossip, Sync::FullState) => text!("words.states", strategy = strategy.name()),
        (Mode::Gossip, Sync::Operation) => text!("words.each_once").to_owned(),
    };
    let name = type_title(scenario.data_type);
    text!("words.about", nodes = nodes(scenario.replicas.len()), type = name, how = how)
}

/// What one node believes, for somebody who does not see its strip.
pub(crate) fn view(view: &View) -> String {
    let opinion = match view.differences.ranges().len() {
        0 if view.lacks == 0 => text!("words.view_agrees").to_owned(),
        0 => plural!("words.view_lacks", view.lacks),
        _ => {
            let keys = view.differences.keys();
            plural!("words.view_differs", view.lacks, share = share(keys))
        }
    };
    match condition(view) {
        Some(condition) => format!("{condition}, {opinion}"),
        None => opinion,
    }
}

/// What is unusual about a node, if anything is.
pub(crate) fn condition(view: &View) -> Option<&'static str> {
    match view.status {
        Status::Down => Some(text!("condition.crashed")),
        Status::Paused => Some(text!("condition.paused")),
        Status::Up => view.is_cut_off.then(|| text!("condition.cut_off")),
    }
}

/// Who serves a segment: the primary, then the backups.
pub(crate) fn owners(owners: &[Owner]) -> String {
    if owners.is_empty() {
        return text!("words.nobody").to_owned();
    }
    let owner = |owner: &Owner| format!("{} ({})", owner.node, owner.priority);
    owners.iter().map(owner).collect::<Vec<_>>().join(", ")
}

/// What a node believes where it differs from the truth, segment by segment.
pub(crate) fn differences(view: &View) -> Vec<(KeyRange, String)> {
    let segments =
        view.differences.ranges().iter().flat_map(|&range| view.ownership.segments_in(range));
    segments.map(|segment| (segment.range, owners(&segment.owners))).collect()
}

/// The divergence map in a sentence, at the moment of the picture.
pub(crate) fn divergence(divergence: &Divergence, picture: &Picture) -> String {
    let rows = divergence.rows();
    // The first where several have the most.
    let disputed = rows.iter().enumerate().filter(|(_, row)| row.disputed_keys > 0);
    let Some((at, most)) = disputed.rev().max_by_key(|(_, row)| row.disputed_keys) else {
        let text = match rows.last() {
            Some(_) => text!("words.never_disagreed"),
            None => text!("words.not_played"),
        };
        return text.to_owned();
    };
    let (share, time) = (share(most.disputed_keys), decimal(divergence.moment(at)));
    let agreed = rows.iter().rev().take_while(|row| row.disputed_keys == 0).count();
    match agreed {
        // A run that ends as soon as all agree has no row in which they do.
        0 if picture.disagreeing() == 0 => {
            let agreed = decimal(picture.at);
            text!("words.most_until", share = share, time = time, agreed = agreed)
        }
        0 => text!("words.most", share = share, time = time),
        _ => {
            let agreed = decimal(divergence.moment(rows.len() - agreed));
            text!("words.most_since", share = share, time = time, agreed = agreed)
        }
    }
}

/// A key in hex, in two groups of four digits.
pub(crate) fn key(key: Key) -> String {
    format!("{:04x} {:04x}", key >> 16, key & 0xffff)
}

/// A range of keys in hex.
pub(crate) fn range(range: KeyRange) -> String {
    format!("{} – {}", key(range.start()), key(range.end()))
}

/// A count of keys as a share of the key space.
pub(crate) fn share(keys: u64) -> String {
    let permille = keys * 1_000 / KeyRange::ALL.keys();
    match permille {
        _ if keys == 0 => "0 %".to_owned(),
        0 => text!("words.share_least", least = decimal("0.1 %")),
        1..10 => decimal(format!("0.{permille} %")),
        _ => format!("{} %", (permille + 5) / 10),
    }
}

pub(crate) fn nodes(count: usize) -> String {
    plural!("nodes", count)
}

pub(crate) fn operations(count: u64) -> String {
    plural!("operations", count)
}

/// A number or a time as it is written, with the decimal mark of the language for the point.
pub(crate) fn decimal(number: impl Display) -> String {
    number.to_string().replacen('.', text!("decimal_mark"), 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::Photographer;
    use crate::texts::Language;
    use scalesmall_sim::{SimTime, Simulation};

    #[test]
    fn shares_are_rounded_and_never_hide_a_difference() {
        let all = KeyRange::ALL.keys();
        let half_a_percent = all / 200 + 1;
        let cases = [
            (0, "0 %"),
            (1, "less than 0.1 %"),
            (half_a_percent, "0.5 %"),
            (all / 7, "14 %"),
            (all, "100 %"),
        ];
        for (keys, expected) in cases {
            assert_eq!(share(keys), expected);
        }
    }

    #[test]
    fn numbers_are_written_as_the_language_has_them() {
        Language::of_tag("de").unwrap().speak();
        let written = [share(1), share(KeyRange::ALL.keys() / 200 + 1)];
        let time = decimal(SimTime::from_ms(1_500));
        Language::default().speak();
        assert_eq!(written, ["weniger als 0,1 %", "0,5 %"]);
        assert_eq!([time, decimal(SimTime::from_ms(1_500))], ["1,500 s", "1.500 s"]);
    }

    #[test]
    fn the_verdict_follows_the_run() {
        let text = r#"{ "format": 1, "replicas": ["a", "b", "c"], "network": { "mode": "manual" },
            "steps": [ { "on": "a", "do": "register", "claim": ["a", 0, 2147483647] },
                       { "at_ms": 1, "sync": ["a", "b"] },
                       { "at_ms": 2, "on": "a", "do": "register", "claim": ["a", 0, 2147483647] },
                       { "at_ms": 2, "sync": ["a", "c"] },
                       { "at_ms": 3, "sync": ["a", "b"] } ],
            "until": { "max_ms": 10 } }"#;
        let mut simulation = Simulation::new(Scenario::parse(text).unwrap());
        let mut photographer = Photographer::default();
        let mut at = |ms| {
            simulation.run_until(SimTime::from_ms(ms));
            let picture = photographer.take(&simulation);
            (verdict(&picture), view(&picture.views[1]), differences(&picture.views[1]))
        };
        let range = KeyRange::new(0, i32::MAX as u32).unwrap();
        assert_eq!(
            at(0),
            (
                "2 of 3 nodes disagree on 50 % of the keys".to_owned(),
                "differs on 50 % of the keys, lacks 1 operation".to_owned(),
                vec![(range, "nobody".to_owned())]
            )
        );
        assert_eq!(at(1).0, "1 of 3 nodes disagrees on 50 % of the keys");
        assert_eq!(at(2).0, "all agree on the keys, 1 of 3 nodes lacks news");
        assert_eq!(at(2).1, "agrees on the keys, lacks 1 operation");
        assert_eq!((at(3).0, at(3).1), ("all 3 nodes agree".to_owned(), "agrees".to_owned()));
    }

    #[test]
    fn the_map_is_summed_up() {
        let text = r#"{ "format": 1, "replicas": ["a", "b"], "network": { "mode": "manual" },
            "steps": [ { "at_ms": 1, "on": "a", "do": "register", "claim": ["a", 0, 2147483647] },
                       { "at_ms": 2, "sync": ["a", "b"] }, { "at_ms": 20, "heal": true } ],
            "until": { "max_ms": 24 } }"#;
        let mut simulation = Simulation::new(Scenario::parse(text).unwrap());
        let mut map = Divergence::new(simulation.scenario());
        let mut photographer = Photographer::default();
        let empty = divergence(&map, &photographer.take(&simulation));
        assert_eq!(empty, "Nothing has been played yet.");
        // Nothing happens between one of these times and the next.
        let mut at = |us| {
            map.pass(&simulation, SimTime::from_us(us));
            simulation.run_until(SimTime::from_us(us));
            divergence(&map, &photographer.take(&simulation))
        };
        assert_eq!(at(1_000), "No node has differed from the truth so far.");
        assert_eq!(at(1_500), "Most disagreement: 50 % of the keys at 0.001 s.");
        assert_eq!(at(2_000), "Most disagreement: 50 % of the keys at 0.001 s, none at 0.002 s.");
        assert_eq!(
            at(3_000),
            "Most disagreement: 50 % of the keys at 0.001 s, none since 0.002 s."
        );
    }
}
