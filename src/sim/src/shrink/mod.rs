//! A run that ends as nobody wants it, reduced to the fewest steps that still do.
//!
//! # Problem
//!
//! A run in which nodes come to disagree may have hundreds of steps, of which three matter. Which
//! three cannot be read off, but it can be tried: runs are cheap, and the same each time.
//!
//! # Model
//!
//! What is undesired is a statement about the end of a run ([`Undesired`]). A [`Shrinker`] plays
//! the run with less and less in it, and keeps what still shows that. It leaves out steps (by delta
//! debugging: Zeller and Hildebrandt 2002, "Simplifying and isolating failure-inducing input",
//! section 3) and nodes that no step needs, lets settings of the network be as by default, lets
//! operations raise and lower by less, and shortens the time between steps and after the last one.
//! It does all of that over and over until none of it can be done any more.
//!
//! ```
//! use scalesmall_sim::{Scenario, Shrinker, shrink::Progress};
//!
//! let scenario = Scenario::parse(
//!     r#"{ "format": 1, "replicas": ["a", "b", "c"], "steps": [
//!          { "at_ms": 100, "on": "b", "do": "register", "claim": ["b", 100, 199] },
//!          { "at_ms": 200, "on": "a", "do": "register", "claim": ["a", 0, 99] },
//!          { "at_ms": 201, "crash": "a" },
//!          { "at_ms": 900, "restart": "a", "state": "lost" } ] }"#,
//! )?;
//! let mut shrinker = Shrinker::new(scenario, None);
//! assert_eq!(shrinker.advance(|| true), Progress::Shrunk { is_minimal: true });
//! assert_eq!(shrinker.undesired().unwrap().name(), "lost");
//! assert_eq!(shrinker.scenario().steps.len(), 3);
//! # Ok::<(), scalesmall_sim::ScenarioError>(())
//! ```
//!
//! # Invariants
//!
//! - The result is a scenario that [`Scenario::parse`] reads from [`Scenario::to_json`], and its run
//!   shows what the given one did.
//! - Where it is minimal, no single step of it, nor operation under `start`, can be left out: the
//!   rest is no scenario any more, or its run no longer shows it, or that takes several times as long
//!   as the given run.
//! - The result depends on the scenario and on what is undesired, and on nothing else.
//! - Only what is undesired is kept, not why: the result may come to it in another way than the given
//!   run. So that it does not just end too soon, there stay a hundred rounds after its last step, or
//!   as much as the given one had.

mod reduction;
mod search;
mod trial;
mod undesired;

use std::hash::Hasher;
use std::sync::Arc;

use scalesmall_node::SimTime;
use siphasher::sip::SipHasher13;

use self::reduction::{Reduction, time_left};
use self::search::Search;
use self::trial::Trial;
use crate::Scenario;
use crate::limits::TEXT_CHARS_MAX;

pub use undesired::Undesired;

/// The most runs that are played.
pub const TRIES_MAX: usize = 10_000;
/// The most events in all runs together: some minutes.
pub const EVENTS_MAX: u64 = 200_000_000;
/// A run with less in it may take longer, by this factor and so many events: one that takes longer
/// still is given up.
const EVENTS_FACTOR_MAX: u64 = 4;
const EVENTS_MORE_MAX: u64 = 10_000;

/// What a title ends with after it.
const TITLE_END: &str = "(shrunk)";

/// A run that is being shrunk, try by try.
#[derive(Clone, Debug)]
pub struct Shrinker {
    /// The least that is known to show it.
    scenario: Arc<Scenario>,
    parts_given: usize,
    /// How much time there has to be after the last step.
    time_left: SimTime,
    wanted: Option<Undesired>,
    /// What the given run shows, once that is known.
    undesired: Option<Undesired>,
    trial: Option<Trial>,
    /// The next way to become less, how far that has come, and whether any has led to something
    /// since the first of them.
    reduction: usize,
    search: Search,
    is_first_round: bool,
    has_become_less: bool,
    /// What has been tried, as hashes: so few that to look through them is nothing beside a run.
    tried: Vec<u64>,
    events: u64,
    /// The most events of one run.
    events_max: u64,
    ended: Option<Progress>,
}

/// How far it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// There is more to try.
    Working,
    /// The given run does not show it: there is nothing to shrink.
    NotShown,
    /// [`Shrinker::scenario`] is the result.
    Shrunk {
        /// Whether nothing can be left out any more; else [`TRIES_MAX`] or [`EVENTS_MAX`] is
        /// reached.
        is_minimal: bool,
    },
}

impl Shrinker {
    /// Begins to shrink a scenario for what its run shows of this; without, for the first of
    /// [`Undesired::BY_DEFAULT`] that it shows.
    #[must_use]
    pub fn new(scenario: Scenario, undesired: Option<Undesired>) -> Self {
        let parts_given = scenario.parts();
        let time_left = time_left(&scenario);
        let title = shrunk_title(&scenario.title);
        let scenario = Arc::new(Scenario { title, ..scenario });
        let mut shrinker = Self {
            parts_given,
            time_left,
            wanted: undesired,
            undesired: None,
            trial: None,
            reduction: 0,
            search: Search::new(0),
            is_first_round: true,
            has_become_less: false,
            tried: Vec::new(),
            events: 0,
            events_max: u64::MAX,
            ended: None,
            scenario: Arc::clone(&scenario),
        };
        shrinker.try_it(scenario);
        shrinker
    }

    /// The least scenario so far whose run shows it.
    #[must_use]
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// What the runs show that is undesired; nothing until the given run has been played, or where
    /// it does not show what was asked for.
    #[must_use]
    pub fn undesired(&self) -> Option<Undesired> {
        self.undesired
    }

    /// How many steps, and operations under `start`, the given scenario has.
    #[must_use]
    pub fn steps_given(&self) -> usize {
        self.parts_given
    }

    /// How many of them are left.
    #[must_use]
    pub fn steps_left(&self) -> usize {
        self.scenario.parts()
    }

    /// How many runs have been begun, the given one included.
    #[must_use]
    pub fn tries(&self) -> usize {
        self.tried.len()
    }

    /// Works for as long as `has_time` says, which is asked after each event of a run and between
    /// runs.
    pub fn advance(&mut self, mut has_time: impl FnMut() -> bool) -> Progress {
        loop {
            if let Some(ended) = self.ended {
                return ended;
            }
            match &mut self.trial {
                Some(trial) => {
                    let goes_on = trial.events() < self.events_max && trial.step();
                    if !goes_on {
                        self.judge();
                    }
                }
                None => self.propose(),
            }
            if !has_time() {
                return self.ended.unwrap_or(Progress::Working);
            }
        }
    }

    /// Begins a run, unless it has been played before.
    fn try_it(&mut self, scenario: Arc<Scenario>) -> bool {
        let mut hasher = SipHasher13::new();
        hasher.write(scenario.to_json().as_bytes());
        let hash = hasher.finish();
        let is_new = !self.tried.contains(&hash);
        if is_new {
            self.tried.push(hash);
            let needs_record = self.wanted.is_some_and(Undesired::needs_record);
            self.trial = Some(Trial::new(scenario, needs_record));
        }
        is_new
    }

    /// Takes up what comes next.
    fn propose(&mut self) {
        if self.tries() >= TRIES_MAX || self.events >= EVENTS_MAX {
            self.ended = Some(Progress::Shrunk { is_minimal: false });
            return;
        }
        let Some(proposal) = self.search.propose() else { return self.go_on() };
        let reduction = Reduction::ALL[self.reduction];
        let reduced = reduction.reduced(&self.scenario, &proposal, self.time_left);
        let is_begun = reduced.is_some_and(|reduced| self.try_it(Arc::new(reduced)));
        if !is_begun {
            self.search.reject();
        }
    }

    /// Goes on with the next way to become less; after the last one with the first, unless none has
    /// led to anything.
    fn go_on(&mut self) {
        self.reduction += 1;
        if self.reduction == Reduction::ALL.len() {
            if !self.has_become_less {
                self.ended = Some(Progress::Shrunk { is_minimal: true });
                return;
            }
            (self.reduction, self.is_first_round, self.has_become_less) = (0, false, false);
        }
        self.search = self.search_of(Reduction::ALL[self.reduction]);
    }

    fn search_of(&self, reduction: Reduction) -> Search {
        let elements = reduction.elements(&self.scenario, self.time_left);
        match self.is_first_round {
            true => Search::new(elements),
            false => Search::one_by_one(elements),
        }
    }

    /// Sees what the run has come to.
    fn judge(&mut self) {
        let trial = self.trial.take().expect("a run is being played");
        self.events += trial.events();
        let has_ended = trial.simulation().has_ended();
        let Some(undesired) = self.undesired else { return self.judge_given(&trial) };
        if has_ended && undesired.is_shown_by(&trial) {
            self.scenario = Arc::new(trial.simulation().scenario().clone());
            self.has_become_less = true;
            let reduction = Reduction::ALL[self.reduction];
            self.search.accept(reduction.elements(&self.scenario, self.time_left));
        } else {
            self.search.reject();
        }
    }

    fn judge_given(&mut self, trial: &Trial) {
        let candidates =
            self.wanted.as_ref().map_or(&Undesired::BY_DEFAULT[..], std::slice::from_ref);
        self.undesired = candidates.iter().copied().find(|it| it.is_shown_by(trial));
        if self.undesired.is_none() {
            self.ended = Some(Progress::NotShown);
        }
        self.events_max = EVENTS_FACTOR_MAX * trial.events() + EVENTS_MORE_MAX;
        self.search = self.search_of(Reduction::ALL[0]);
    }
}

/// A title that says what has become of the scenario, and is not too long.
fn shrunk_title(title: &str) -> String {
    let title = title.strip_suffix(TITLE_END).unwrap_or(title).trim_end();
    let room = TEXT_CHARS_MAX - TITLE_END.chars().count() - 1;
    let kept: String = title.chars().take(room).collect();
    format!("{kept} {TITLE_END}").trim_start().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    /// A cut that never heals, among other things.
    fn scenario(title: &str) -> Scenario {
        let operations: String = (0..40)
            .map(|n| format!(r#"{{"at_ms":{n},"on":"a","do":"register","claim":["a",{n},99]}},"#))
            .collect();
        let text = format!(
            r#"{{"format":1,"title":"{title}","replicas":["a","b","c"],
                "steps":[{operations}{{"at_ms":20,"partition":[["a"]]}}]}}"#
        );
        Scenario::parse(&text).unwrap()
    }

    #[test]
    fn at_the_limit_it_ends_with_what_it_has() {
        let reach_tries = |shrinker: &mut Shrinker| shrinker.tried.resize(TRIES_MAX, 0);
        let reach_events = |shrinker: &mut Shrinker| shrinker.events = EVENTS_MAX;
        for reach in [reach_tries, reach_events] {
            let mut shrinker = Shrinker::new(scenario(""), None);
            while shrinker.tries() < 5 {
                let _ = shrinker.advance(|| false);
            }
            reach(&mut shrinker);
            assert_eq!(shrinker.advance(|| true), Progress::Shrunk { is_minimal: false });
            let tries = shrinker.tries();
            assert_eq!(shrinker.advance(|| true), Progress::Shrunk { is_minimal: false });
            assert_eq!(shrinker.tries(), tries);
            assert!((3..41).contains(&shrinker.steps_left()), "{}", shrinker.steps_left());
            let least = shrinker.scenario().clone();
            assert_eq!(
                Shrinker::new(least, None).advance(|| true),
                Progress::Shrunk { is_minimal: true }
            );
        }
    }

    #[test]
    fn a_run_that_goes_on_far_longer_than_the_given_one_is_given_up() {
        let mut shrinker = Shrinker::new(scenario(""), None);
        while shrinker.undesired().is_none() {
            let _ = shrinker.advance(|| false);
        }
        // As if the given run had had no events.
        shrinker.events_max = 0;
        assert_eq!(shrinker.advance(|| true), Progress::Shrunk { is_minimal: true });
        assert_eq!(shrinker.steps_left(), shrinker.steps_given());
        assert!(shrinker.tries() > 40);
    }

    #[test]
    fn a_title_says_it_once_and_stays_short_enough() {
        for (title, expected) in [
            ("", "(shrunk)".to_owned()),
            ("First light", "First light (shrunk)".to_owned()),
            ("First light (shrunk)", "First light (shrunk)".to_owned()),
            (&"日".repeat(200), format!("{} (shrunk)", "日".repeat(191))),
        ] {
            let shrinker = Shrinker::new(scenario(title), None);
            assert_eq!(shrinker.scenario().title, expected);
            assert!(Scenario::parse(&shrinker.scenario().to_json()).is_ok());
        }
    }
}
