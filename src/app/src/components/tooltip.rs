//! What is under the pointer, beside it.

use scalesmall_crdt::Key;
use yew::prelude::*;

use crate::picture::{Picture, View};
use crate::segments;
use crate::texts::text;
use crate::words;

/// Hangs it at a place, from the upper left of the keys, in pixels. Hidden from assistive technology:
/// the same is said of the segments that one walks along by keys.
pub(super) fn tooltip(x: usize, y: usize, said: &Said) -> Html {
    html! {
        <div class="tooltip" style={format!("--x:{x}px;--y:{y}px")} aria-hidden="true">
            <span class="mono">{ &said.range }</span>
            { for said.opinions.iter().map(|(who, owners)| html! {
                <span><b>{ who }</b>{ ": " }{ owners }</span>
            }) }
        </div>
    }
}

/// What there is to say of one segment.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Said {
    /// Its keys.
    pub(crate) range: String,
    /// Who says that somebody serves them, and who that is; the truth only where it differs.
    pub(crate) opinions: Vec<(String, String)>,
}

impl Said {
    /// Of the segment at a key as a node believes it to be, or as it is in truth.
    pub(crate) fn of(picture: &Picture, view: Option<&View>, key: Key) -> Self {
        let ownership = view.map_or(&picture.truth, |view| &view.ownership);
        let segment = segments::at(ownership, key);
        let mut opinions = vec![(text!("segment.truth").to_owned(), picture.truth.owners(key))];
        if let Some(view) = view {
            opinions.retain(|(_, owners)| *owners != segment.owners);
            opinions.insert(0, (view.name.to_string(), segment.owners));
        }
        let in_words = |(who, owners): (String, Vec<_>)| (who, words::owners(&owners));
        Self {
            range: words::range(segment.range),
            opinions: opinions.into_iter().map(in_words).collect(),
        }
    }

    /// The same as a sentence, to be read aloud.
    pub(crate) fn sentence(&self) -> String {
        let opinion = |(who, owners): &(String, String)| format!("{who}: {owners}");
        let opinions: Vec<String> = self.opinions.iter().map(opinion).collect();
        format!("{}. {}.", self.range, opinions.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::Photographer;
    use scalesmall_sim::{Scenario, SimTime, Simulation};

    #[test]
    fn the_truth_is_told_beside_an_opinion_only_where_it_differs() {
        let text = r#"{ "format": 1, "replicas": ["a", "b"], "network": { "mode": "manual" },
            "steps": [ { "on": "a", "do": "increase", "by": 2, "claim": ["a", 16, 31] } ] }"#;
        let mut simulation = Simulation::new(Scenario::parse(text).unwrap());
        simulation.run_until(SimTime::ZERO);
        let picture = Photographer::default().take(&simulation);
        let said = |node: Option<usize>, key| {
            Said::of(&picture, node.map(|node| &picture.views[node]), key).sentence()
        };
        assert_eq!(said(None, 20), "0000 0010 – 0000 001f. truth: a (2).");
        assert_eq!(said(Some(0), 20), "0000 0010 – 0000 001f. a: a (2).");
        assert_eq!(said(Some(1), 20), "0000 0000 – ffff ffff. b: nobody; truth: a (2).");
        assert_eq!(said(Some(1), 99), "0000 0000 – ffff ffff. b: nobody.");
    }
}
