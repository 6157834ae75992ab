//! Steps that somebody takes by hand.
//!
//! Such a step becomes a part of the scenario, so that the run with it can be played again, shared
//! and taken apart like any other. What has happened stays; what the scenario had in store for
//! later stays as far as it still can happen.

use scalesmall_sim::{Scenario, ScenarioError, SimTime};
use serde_json::{Map, Value, json};

/// How long a run goes on at least after a step by hand, in milliseconds.
const GOES_ON_MS: u64 = 60_000;

/// A step as a scenario file has it, but for its time.
pub(crate) type Step = Map<String, Value>;

/// A step from its JSON.
///
/// # Panics
///
/// If that is no object.
pub(crate) fn step(value: Value) -> Step {
    match value {
        Value::Object(step) => step,
        other => panic!("{other} is no step"),
    }
}

/// When a step that is taken at `now` happens: then, or at the next whole millisecond, in which a
/// scenario file counts.
pub(crate) fn moment(now: SimTime) -> SimTime {
    SimTime::from_us(now.as_us().next_multiple_of(1_000))
}

/// The scenario with a step at the [`moment`] of `now`, after those of that time.
///
/// # Errors
///
/// Why it cannot happen then, for people.
pub(crate) fn with_step(
    scenario: &Scenario,
    now: SimTime,
    mut step: Step,
) -> Result<Scenario, String> {
    let mut file: Value =
        serde_json::from_str(&scenario.to_json()).expect("what is written is JSON");
    let at_ms = moment(now).as_ms();
    step.insert("at_ms".to_owned(), json!(at_ms));

    let max_ms = scenario.until.max.as_ms().max(at_ms + GOES_ON_MS);
    let max_ms = max_ms.min(u64::from(scalesmall_sim::limits::TIME_MS_MAX));
    file["until"] = json!({ "converged": scenario.until.converged, "max_ms": max_ms });

    let mut steps = match file["steps"].take() {
        Value::Array(steps) => steps,
        _ => Vec::new(),
    };
    let is_later = |other: &Value| other["at_ms"].as_u64().is_some_and(|other| other > at_ms);
    let index = steps.iter().position(is_later).unwrap_or(steps.len());
    steps.insert(index, Value::Object(step));
    loop {
        file["steps"] = Value::Array(steps);
        let error = match Scenario::parse(&file.to_string()) {
            Ok(scenario) => return Ok(scenario),
            Err(error) => error,
        };
        let Value::Array(rest) = file["steps"].take() else { unreachable!("it was just set") };
        steps = rest;
        match place(&error) {
            // What was to come later cannot happen any more.
            Some(other) if other > index && other < steps.len() => {
                steps.remove(other);
            }
            _ => return Err(reason(error)),
        }
    }
}

/// Which step an error is about.
fn place(error: &ScenarioError) -> Option<usize> {
    let ScenarioError::Value { place, .. } = error else { return None };
    let index = place.strip_prefix("steps[")?.split_once(']')?.0;
    index.parse().ok()
}

/// What is wrong, and in which field of the step.
fn reason(error: ScenarioError) -> String {
    let ScenarioError::Value { place, reason } = &error else { return error.to_string() };
    match place.split_once("].").map(|(_, field)| field) {
        Some(field) => format!("{field}: {reason}"),
        None => reason.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scalesmall_sim::{Action, Simulation};

    fn scenario() -> Scenario {
        Scenario::parse(
            r#"{ "format": 1, "replicas": ["a", "b"], "steps": [
                { "at_ms": 10, "on": "a", "do": "register", "claim": ["a", 0, 9] },
                { "at_ms": 500, "crash": "b" }, { "at_ms": 900, "restart": "b" } ],
                "until": { "max_ms": 1000 } }"#,
        )
        .unwrap()
    }

    #[test]
    fn a_step_stands_after_what_has_happened_and_before_what_is_to_come() {
        let release = step(json!({ "on": "b", "do": "release", "claim": ["a", 0, 9] }));
        let edited = with_step(&scenario(), SimTime::from_us(300_001), release).unwrap();
        let times: Vec<u64> = edited.steps.iter().map(|step| step.at.as_ms()).collect();
        assert_eq!(times, [10, 301, 500, 900]);
        assert_eq!(edited.until.max, SimTime::from_ms(60_301));

        let mut simulation = Simulation::new(scenario());
        simulation.run_until(SimTime::from_us(300_001));
        let mut fork = simulation.fork(edited.clone()).expect("the past is the same");
        let mut anew = Simulation::new(edited);
        while fork.step() {}
        while anew.step() {}
        assert_eq!(fork.trace(), anew.trace());
    }

    #[test]
    fn what_can_no_longer_happen_is_left_out() {
        let crash = step(json!({ "crash": "b" }));
        let edited = with_step(&scenario(), SimTime::from_ms(300), crash).unwrap();
        let kinds: Vec<bool> =
            edited.steps.iter().map(|step| matches!(step.action, Action::Crash(_))).collect();
        // Of two crashes the second is no longer one, and it is restarted as it was to be.
        assert_eq!(kinds, [false, true, false]);
    }

    #[test]
    fn what_cannot_happen_says_why() {
        let at = SimTime::from_ms(600);
        let refused = |value: Value| with_step(&scenario(), at, step(value)).unwrap_err();
        assert_eq!(
            refused(json!({ "pause": "b" })),
            "b has crashed and not been restarted by then"
        );
        assert_eq!(
            refused(json!({ "on": "a", "do": "register", "claim": ["a", 9, 0] })),
            "claim: the range starts at 9, past its end 0"
        );
    }
}
