//! Messages that somebody stops, lets go and loses; checkpoints and forks.

#![cfg(not(target_arch = "wasm32"))]

use scalesmall_sim::{InFlight, Scenario, SimTime, Simulation};

fn text(last: &str) -> String {
    format!(
        r#"{{"format":1,"seed":5,"replicas":["a","b"],
            "network":{{"strategy":"tree","anti_entropy":false,"latency_ms":[50,50]}},"steps":[
            {{"at_ms":100,"on":"a","do":"register","claim":["a",0,9]}},
            {{"at_ms":2000,"on":"b","do":"increase","claim":["a",0,9],"by":{last}}}],
            "until":{{"converged":true,"max_ms":9000}}}}"#
    )
}

fn scenario(last: &str) -> Scenario {
    Scenario::parse(&text(last)).expect("the scenario can be run")
}

/// The run when the news of the first operation is on its way, and the number of that message.
fn on_its_way() -> (Simulation, u64) {
    let mut simulation = Simulation::new(scenario("3"));
    loop {
        let news = simulation.in_flight().find(|it| it.message.news().is_some());
        if let Some(InFlight { number, from, to, arrives_at, .. }) = news {
            assert_eq!((from, to), (0, 1));
            assert_eq!(arrives_at.map(|at| at.us_since(simulation.now())), Some(50_000));
            return (simulation, number);
        }
        assert!(simulation.step());
    }
}

fn shown(simulation: &Simulation, replica: usize) -> Vec<u64> {
    simulation.replicas()[replica].claims().claims().map(|(_, priority)| priority).collect()
}

#[test]
fn a_message_that_is_stopped_arrives_when_it_is_let_go() {
    let (mut simulation, number) = on_its_way();
    let moving = simulation.in_flight().count();
    assert!(simulation.stop(number));
    assert!(!simulation.stop(number), "it moves no more");
    assert_eq!(simulation.in_flight().count(), moving);
    simulation.run_until(SimTime::from_ms(300));
    assert!(shown(&simulation, 1).is_empty() && !simulation.has_converged());
    let before = simulation.now();
    assert!(simulation.deliver(number));
    assert_eq!((shown(&simulation, 1), simulation.now()), (vec![0], before));
    assert!(!simulation.deliver(number), "it has arrived");
    simulation.check_invariants();
    while simulation.step() {}
    assert_eq!(shown(&simulation, 0), [3]);
}

#[test]
fn a_message_can_arrive_before_its_time_or_never() {
    let (early, number) = on_its_way();
    let mut late = early.clone();
    let (mut early, at) = (early, late.now());
    assert!(early.deliver(number));
    assert_eq!((shown(&early, 1), early.now()), (vec![0], at));

    assert!(late.lose(number) && !late.lose(number));
    assert_eq!(late.metrics().messages_lost, 1);
    // The link asks, and sends it again.
    while late.step() {}
    assert!(late.has_converged());
    assert_eq!(shown(&late, 1), [3]);
}

#[test]
fn a_checkpoint_goes_on_as_the_run_itself() {
    let (mut simulation, _) = on_its_way();
    let mut checkpoint = simulation.clone();
    while simulation.step() {}
    while checkpoint.step() {}
    assert_eq!(checkpoint.trace(), simulation.trace());
}

#[test]
fn a_fork_has_the_same_past_and_another_future() {
    let (simulation, _) = on_its_way();
    let mut fork = simulation.fork(scenario("7")).expect("only the future differs");
    while fork.step() {}
    assert_eq!(shown(&fork, 0), [7]);
    let mut all_along = Simulation::new(scenario("7"));
    while all_along.step() {}
    assert_eq!(all_along.trace(), fork.trace());

    assert!(fork.fork(scenario("3")).is_none(), "that is past");
    let other = text("3").replace("\"seed\":5", "\"seed\":6");
    assert!(simulation.fork(Scenario::parse(&other).unwrap()).is_none());
    let late = text("3").replace("\"at_ms\":2000", "\"at_ms\":101");
    assert!(simulation.fork(Scenario::parse(&late).unwrap()).is_none(), "that should have been");
}

/// The run in which this befalls the news of the first operation, a moment after it was sent.
fn befallen(fates: &[&str]) -> Simulation {
    let (simulation, number) = on_its_way();
    let at_ms = simulation.undecided_from().as_us().div_ceil(1_000);
    let steps: Vec<String> = fates
        .iter()
        .zip(at_ms..)
        .map(|(fate, at_ms)| format!(r#"{{"at_ms":{at_ms},"{fate}":["a","b",{number}]}}"#))
        .collect();
    let text =
        text("3").replace(r#"{"at_ms":2000"#, &format!(r#"{},{{"at_ms":2000"#, steps.join(",")));
    let scenario = Scenario::parse(&text).unwrap();
    let mut fork = simulation.fork(scenario.clone()).expect("only the future differs");
    fork.run_until(SimTime::from_ms(at_ms as u32 + fates.len() as u32 - 1));
    let mut all_along = Simulation::new(scenario);
    all_along.run_until(fork.now());
    assert_eq!(all_along.trace(), fork.trace());
    fork.check_invariants();
    fork
}

#[test]
fn what_befalls_a_message_can_be_a_step_of_the_scenario() {
    let is_stopped = |run: &Simulation| run.in_flight().any(|it| it.arrives_at.is_none());
    assert!(shown(&befallen(&["pass"]), 1) == [0]);

    let mut lost = befallen(&["lose"]);
    assert_eq!(lost.metrics().messages_lost, 1);
    lost.run_until(SimTime::from_ms(9_000));
    assert_eq!(shown(&lost, 1), [3], "the link sends it again");

    let mut held = befallen(&["hold"]);
    assert!(is_stopped(&held) && shown(&held, 1).is_empty());
    held.run_until(SimTime::from_ms(300));
    assert!(is_stopped(&held) && !held.has_converged());
    let passed = befallen(&["hold", "pass", "pass", "hold"]);
    assert!(!is_stopped(&passed) && shown(&passed, 1) == [0]);

    let mut repeated = befallen(&["repeat"]);
    let repeats = repeated.metrics().duplicates_received;
    repeated.run_until(SimTime::from_ms(1_000));
    assert_eq!(shown(&repeated, 1), [0]);
    assert!(repeated.metrics().duplicates_received > repeats);
    let at_once = befallen(&["hold", "repeat"]);
    assert!(is_stopped(&at_once) && shown(&at_once, 1) == [0]);
}

#[test]
fn what_is_not_on_its_way_cannot_be_held() {
    let (simulation, number) = on_its_way();
    let text = text("3").replace(
        r#"{"at_ms":2000"#,
        &format!(
            r#"{{"at_ms":1000,"hold":["b","a",{number}]}},{{"hold":["a","b",999999]}},{{"at_ms":2000"#
        ),
    );
    let mut fork = simulation.fork(Scenario::parse(&text).unwrap()).unwrap();
    while fork.step() {}
    assert!(fork.has_converged());
    assert_eq!(shown(&fork, 1), [3]);
}
