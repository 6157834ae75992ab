//! The courses that a run has been given, and what they are called.

use std::sync::Arc;

use scalesmall_sim::limits::TEXT_CHARS_MAX;
use scalesmall_sim::{Scenario, SimTime};
use yew::AttrValue;

use super::App;
use crate::components::NAME_CHARS_MAX;
use crate::texts::text;
use crate::words;

/// One course of the run.
#[derive(Clone)]
pub(super) struct Timeline {
    pub(super) scenario: Arc<Scenario>,
    /// Where it parts from the one that it comes from; nothing where it is that one shrunk, and has
    /// a past of its own.
    pub(super) from: Option<SimTime>,
    /// What somebody has called it.
    name: Option<String>,
}

impl Timeline {
    pub(super) fn new(scenario: Arc<Scenario>, from: Option<SimTime>) -> Self {
        Self { scenario, from, name: None }
    }

    /// Gives it a name, as far as there is room for it; none where nothing is to be seen of it.
    fn rename(&mut self, name: &str) {
        let name: String = name.trim().chars().take(NAME_CHARS_MAX).collect();
        self.name = Some(name).filter(|name| !name.is_empty());
    }

    /// What it is called as the timeline at this place.
    fn name(&self, index: usize) -> String {
        match (&self.name, self.from) {
            (Some(name), _) => name.clone(),
            (None, _) if index == 0 => text!("transport.original").to_owned(),
            (None, Some(from)) => {
                text!("transport.fork", number = index + 1, time = words::decimal(from))
            }
            (None, None) => text!("shrink.timeline", number = index + 1),
        }
    }

    /// The scenario for others, whose title says what the timeline has been called.
    pub(super) fn to_share(&self) -> Arc<Scenario> {
        let Some(name) = &self.name else { return Arc::clone(&self.scenario) };
        let mut scenario = Scenario::clone(&self.scenario);
        let title = match scenario.title.is_empty() {
            true => name.clone(),
            false => format!("{}: {name}", scenario.title),
        };
        scenario.title = title.chars().take(TEXT_CHARS_MAX).collect();
        Arc::new(scenario)
    }
}

impl App {
    pub(super) fn timeline_names(&self) -> Vec<AttrValue> {
        let names = self.timelines.iter().enumerate();
        names.map(|(index, timeline)| timeline.name(index).into()).collect()
    }

    /// Calls the timeline that is shown by this name. One that it has had by itself is not kept:
    /// another language has another.
    pub(super) fn name_timeline(&mut self, name: &str) {
        let (index, timeline) = (self.timeline, &mut self.timelines[self.timeline]);
        if name != timeline.name(index) {
            timeline.rename(name);
            self.follow_scenario();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_bounded_and_goes_along_with_what_is_shared() {
        let title = "t".repeat(TEXT_CHARS_MAX - 10);
        let text = format!(r#"{{ "format": 1, "title": "{title}", "replicas": ["a"] }}"#);
        let scenario = Arc::new(Scenario::parse(&text).unwrap());
        let mut timeline = Timeline::new(Arc::clone(&scenario), Some(SimTime::from_ms(1_500)));
        assert_eq!(timeline.name(0), "as it was");
        assert_eq!(timeline.name(2), "3: from 1.500 s");
        assert!(Arc::ptr_eq(&timeline.to_share(), &scenario), "there is nothing to add");

        timeline.rename("  what if ü dies  ");
        assert_eq!(timeline.name(2), "what if ü dies");
        timeline.rename(&"ü".repeat(50));
        assert_eq!(timeline.name(0), "ü".repeat(NAME_CHARS_MAX));
        let shared = timeline.to_share();
        assert_eq!(shared.title, format!("{title}: {}", "ü".repeat(8)));
        assert_eq!(Scenario::parse(&shared.to_json()).unwrap(), *shared);
        assert_eq!(Scenario { title: title.clone(), ..Scenario::clone(&shared) }, *scenario);

        timeline.rename("   ");
        assert_eq!(timeline.name(2), "3: from 1.500 s");
    }
}
