//! Who differs from the truth about a key, and about which key most do.

use scalesmall_crdt::{Key, KeyRange};

use crate::picture::View;

/// The nodes that differ from the truth about a key, by their places. A node that is down does not
/// take part.
pub(crate) fn who(views: &[View], key: Key) -> impl Iterator<Item = usize> {
    let differs = move |view: &View| view.is_live() && view.differences.contains(key);
    views.iter().enumerate().filter(move |(_, view)| differs(view)).map(|(place, _)| place)
}

/// The first of those keys within a range about which the most nodes differ from the truth; none
/// where all agree.
pub(crate) fn most_disputed(views: &[View], within: KeyRange) -> Option<Key> {
    let live = views.iter().filter(|view| view.is_live());
    let seen = live.flat_map(|view| view.differences.touching(within));
    // Where a node begins to differ, and past where it no longer does.
    let mut changes: Vec<(u64, i32)> = seen
        .flat_map(|range| {
            let start = u64::from(range.start().max(within.start()));
            [(start, 1), (range.past_end(), -1)]
        })
        .collect();
    changes.sort_unstable();
    let (mut count, mut most) = (0, (0, None));
    for (key, change) in changes {
        count += change;
        if count > most.0 {
            most = (count, Key::try_from(key).ok());
        }
    }
    most.1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::{Photographer, Picture};
    use scalesmall_sim::{Scenario, SimTime, Simulation};

    fn picture(crashed: &str) -> Picture {
        let text = format!(
            r#"{{ "format": 1, "replicas": ["a", "b", "c"], "network": {{ "mode": "manual" }},
                "steps": [ {{ "on": "a", "do": "register", "claim": ["a", 0, 99] }},
                           {{ "on": "b", "do": "register", "claim": ["b", 50, 149] }},
                           {{ "sync": ["a", "c"] }} {crashed} ] }}"#
        );
        let mut simulation = Simulation::new(Scenario::parse(&text).unwrap());
        simulation.run_until(SimTime::ZERO);
        Photographer::default().take(&simulation)
    }

    #[test]
    fn those_who_differ_are_found_by_key() {
        let views = picture("").views;
        let who = |key| who(&views, key).collect::<Vec<_>>();
        assert_eq!(
            [who(0), who(50), who(120), who(200)],
            [vec![1], vec![0, 1, 2], vec![0, 2], vec![]]
        );
    }

    #[test]
    fn the_most_disputed_key_is_one_at_which_most_differ() {
        let views = picture("").views;
        let most = |start, end| most_disputed(&views, KeyRange::new(start, end).unwrap());
        assert_eq!(most(0, u32::MAX), Some(50));
        assert_eq!(most(70, u32::MAX), Some(70));
        assert_eq!(most(0, 20), Some(0));
        assert_eq!(most(100, 149), Some(100));
        assert_eq!(most(150, u32::MAX), None);
        for key in 0..200 {
            assert!(who(&views, key).count() <= who(&views, 50).count());
        }
    }

    #[test]
    fn who_is_down_does_not_take_part() {
        let views = picture(r#", { "crash": "b" }"#).views;
        assert_eq!(who(&views, 50).collect::<Vec<_>>(), [0, 2]);
        assert_eq!(most_disputed(&views, KeyRange::new(0, 20).unwrap()), None);
    }
}
