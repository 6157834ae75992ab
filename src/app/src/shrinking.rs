//! A run that is being shrunk while somebody looks on.

use std::sync::Arc;

use scalesmall_sim::shrink::Progress;
use scalesmall_sim::{Scenario, Shrinker, Undesired};

/// Which run is shrunk, and how far that has come.
pub(crate) struct Shrinking {
    origin: Arc<Scenario>,
    shrinker: Shrinker,
    progress: Progress,
}

/// How far it has come, for people.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ShrinkFacts {
    pub(crate) progress: Progress,
    pub(crate) undesired: Option<Undesired>,
    pub(crate) steps_given: usize,
    pub(crate) steps_left: usize,
    /// How many runs have been played for it.
    pub(crate) replays: usize,
}

impl Shrinking {
    pub(crate) fn new(origin: Arc<Scenario>) -> Self {
        let shrinker = Shrinker::new(Scenario::clone(&origin), None);
        Self { origin, shrinker, progress: Progress::Working }
    }

    /// What was to be shrunk.
    pub(crate) fn origin(&self) -> &Arc<Scenario> {
        &self.origin
    }

    pub(crate) fn is_working(&self) -> bool {
        self.progress == Progress::Working
    }

    /// Works for as long as `has_time` says. The result, where that was found just now.
    pub(crate) fn advance(&mut self, has_time: impl FnMut() -> bool) -> Option<Scenario> {
        if !self.is_working() {
            return None;
        }
        self.progress = self.shrinker.advance(has_time);
        let is_found = matches!(self.progress, Progress::Shrunk { .. });
        is_found.then(|| self.shrinker.scenario().clone())
    }

    pub(crate) fn facts(&self) -> ShrinkFacts {
        ShrinkFacts {
            progress: self.progress,
            undesired: self.shrinker.undesired(),
            steps_given: self.shrinker.steps_given(),
            steps_left: self.shrinker.steps_left(),
            replays: self.shrinker.tries(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shrinking(steps: &str) -> Shrinking {
        let text = format!(r#"{{ "format": 1, "replicas": ["a", "b"], "steps": [{steps}] }}"#);
        Shrinking::new(Arc::new(Scenario::parse(&text).unwrap()))
    }

    #[test]
    fn the_result_comes_once() {
        let register = r#"{ "on": "a", "do": "register", "claim": ["a", 0, 9] }"#;
        let mut it = shrinking(&format!(
            r#"{{ "heal": true }}, {{ "partition": [["a"], ["b"]] }}, {register}, {register}"#
        ));
        let mut found = Vec::new();
        while it.is_working() {
            found.extend(it.advance(|| false));
        }
        found.extend(it.advance(|| true));
        let [found] = &found[..] else { panic!("{found:?}") };
        let facts = it.facts();
        assert_eq!((facts.steps_given, facts.steps_left, found.steps.len()), (4, 2, 2));
        assert_eq!(facts.undesired, Some(Undesired::DISAGREE));
    }

    #[test]
    fn a_run_that_ends_well_has_none() {
        let mut it = shrinking("");
        assert_eq!(it.advance(|| true), None);
        assert_eq!(it.facts().progress, Progress::NotShown);
    }
}
