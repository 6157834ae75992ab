//! What links that are cut one way, clogged or slow, and clocks that are skewed, do to a run.

#![cfg(not(target_arch = "wasm32"))]

use scalesmall_crdt::Fingerprint;
use scalesmall_node::Message;
use scalesmall_sim::limits::{CLOGGED_MAX, LINK_WAIT_MS_MAX};
use scalesmall_sim::{Scenario, SimTime, Simulation};

const STRATEGIES: [&str; 4] = ["push", "pull", "push-pull", "tree"];

/// A run of the replicas a, b and c, at its beginning.
fn simulation(network: &str, steps: &str, until: &str) -> Simulation {
    let text = format!(
        r#"{{"format":1,"seed":11,"replicas":["a","b","c"],"network":{{{network}}},
            "steps":[{steps}],"until":{{{until}}}}}"#
    );
    let scenario = Scenario::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    Simulation::new(scenario)
}

fn finish(simulation: &mut Simulation) {
    while simulation.step() {
        simulation.check_invariants();
    }
}

/// The first keys of the claims that each replica shows.
fn shown(simulation: &Simulation) -> [Vec<u32>; 3] {
    [0, 1, 2].map(|replica| {
        let claims = simulation.replicas()[replica].claims().claims();
        claims.map(|(claim, _)| claim.range.start()).collect()
    })
}

/// The messages on their way from a to b that still move, each as number and time of arrival.
fn moving(simulation: &Simulation) -> Vec<(u64, SimTime)> {
    let from_a_to_b = simulation.in_flight().filter(|it| (it.from, it.to) == (0, 1));
    from_a_to_b.filter_map(|it| Some((it.number, it.arrives_at?))).collect()
}

// --- Cuts one way ---

const REGISTER_AT_ALL: &str = r#"{"at_ms":50,"on":"a","do":"register","claim":["s",1,9]},
    {"on":"b","do":"register","claim":["s",2,9]},{"on":"c","do":"register","claim":["s",3,9]}"#;

#[test]
fn what_is_cut_one_way_goes_on_the_other_way() {
    // Nobody hears of a, who hears of everybody: what is pushed needs no answer.
    let steps = format!(
        r#"{{"cut":["a","b"]}},{{"cut":["a","c"]}},{REGISTER_AT_ALL},{{"at_ms":9000,"heal":true}}"#
    );
    let network = r#""strategy":"push","latency_ms":[5,20],"interval_ms":50"#;
    let mut simulation = simulation(network, &steps, "");
    simulation.run_until(SimTime::from_ms(8_999));
    assert_eq!(shown(&simulation), [vec![1, 2, 3], vec![2, 3], vec![2, 3]]);
    assert_eq!(simulation.cuts().collect::<Vec<_>>(), [(0, 1), (0, 2)]);
    finish(&mut simulation);
    assert!(simulation.has_converged());
    assert_eq!(shown(&simulation)[1], [1, 2, 3]);
}

#[test]
fn news_finds_a_way_around_a_link_that_is_cut_one_way() {
    for strategy in STRATEGIES {
        let network = format!(r#""strategy":"{strategy}","latency_ms":[5,20],"interval_ms":50"#);
        let steps = format!(r#"{{"cut":["a","b"]}},{REGISTER_AT_ALL}"#);
        let mut simulation = simulation(&network, &steps, "");
        finish(&mut simulation);
        assert!(simulation.has_converged(), "{strategy}");
        assert_eq!(shown(&simulation)[1], [1, 2, 3], "{strategy}");
    }
}

/// a's news is on its way to b from 700 to 1,400 ms, after b has asked.
fn slow(steps: &str, until: &str) -> Simulation {
    let steps = format!(r#"{{"on":"a","do":"register","claim":["s",1,9]}},{steps}"#);
    simulation(r#""latency_ms":[700,700],"interval_ms":1"#, &steps, until)
}

#[test]
fn what_is_on_its_way_does_not_pass_a_cut() {
    let mut cut = slow(
        r#"{"at_ms":1000,"cut":["a","b"]},{"cut":["a","c"]},
           {"at_ms":1800,"mend":["a","b"]},{"mend":["a","c"]}"#,
        "",
    );
    cut.run_until(SimTime::from_ms(1_800));
    assert_eq!(shown(&cut), [vec![1], vec![], vec![]]);
    assert!(cut.metrics().messages_lost > 0);
    finish(&mut cut);
    assert!(cut.has_converged());
    assert_eq!(cut.cuts().count(), 0);
}

#[test]
fn agreement_is_timed_from_the_end_of_a_cut_or_a_clog() {
    let after_ms = |begin: &str, end: &str| {
        let steps = format!(
            r#"{{"{begin}":["a","b"]}},{{"on":"a","do":"register","claim":["s",1,9]}},
               {{"at_ms":100,"{end}":["a","b"]}},
               {{"at_ms":250,"sync":["a","b"]}},{{"sync":["a","c"]}}"#
        );
        let mut simulation = simulation(r#""mode":"manual""#, &steps, "");
        finish(&mut simulation);
        simulation.converged_after_us().map(|us| us / 1_000)
    };
    assert_eq!(after_ms("cut", "mend"), Some(150));
    assert_eq!(after_ms("clog", "unclog"), Some(150));
    // What ends nothing disturbs nobody.
    assert_eq!(after_ms("cut", "unclog"), Some(250));
    assert_eq!(after_ms("clog", "mend"), Some(250));
}

// --- Clogs ---

#[test]
fn a_clog_holds_what_is_on_its_way_and_lets_it_go_in_order() {
    let mut simulation = slow(
        r#"{"at_ms":1000,"clog":["a","b"]},{"clog":["a","c"]},
           {"at_ms":2500,"unclog":["a","b"]},{"at_ms":4000,"observe":"a"}"#,
        "",
    );
    simulation.run_until(SimTime::from_ms(1_000));
    assert_eq!(moving(&simulation), [], "nobody can say when it arrives");
    let waiting = |simulation: &Simulation| {
        let waits = simulation.in_flight().filter(|it| it.arrives_at.is_none());
        waits.filter(|it| (it.from, it.to) == (0, 1)).count()
    };
    assert!(waiting(&simulation) > 0);
    simulation.run_until(SimTime::from_ms(2_499));
    assert_eq!(shown(&simulation), [vec![1], vec![], vec![]]);
    assert_eq!(simulation.metrics().messages_lost, 0);
    assert!(waiting(&simulation) > 700, "some for each millisecond");
    assert!(!simulation.has_converged());
    assert!(simulation.metrics().queue_maximum >= waiting(&simulation));

    simulation.run_until(SimTime::from_ms(2_500));
    assert_eq!(shown(&simulation), [vec![1], vec![1], vec![]]);
    // What was sent in the latest 700 ms is still to come, in its time.
    let next = moving(&simulation).first().map(|&(_, at)| at);
    assert!(next.is_some_and(|at| at > SimTime::from_ms(2_500)), "{next:?}");
    assert_eq!(waiting(&simulation), 0);
    finish(&mut simulation);
    assert!(simulation.has_converged(), "c has it from b");
}

/// A run in which each of a's 50 operations goes to everybody by itself, with the states that b goes
/// through. One that comes before its predecessor waits at the replica for that.
fn operations(reorder: &str, clog: &str, unclog: &str) -> (Simulation, Vec<Fingerprint>) {
    let registers: Vec<String> = (0..50)
        .map(|n| {
            let at_ms = 10 + 4 * n;
            format!(r#"{{"at_ms":{at_ms},"on":"a","do":"register","claim":["s",{n},99]}}"#)
        })
        .collect();
    let network = format!(
        r#""sync":"operation","anti_entropy":false,"latency_ms":[50,90],"reorder":{reorder}"#
    );
    let steps = format!("{clog}{}{unclog}", registers.join(","));
    let mut simulation = simulation(&network, &steps, r#""max_ms":3000"#);
    let mut states = Vec::new();
    while simulation.next_time().is_some_and(|at| at <= SimTime::from_ms(2_000)) {
        simulation.step();
        states.push(simulation.replicas()[1].claims().fingerprint());
    }
    simulation.run_until(SimTime::from_ms(2_000));
    states.dedup();
    (simulation, states)
}

#[test]
fn what_waited_arrives_in_the_order_in_which_it_would_have() {
    const CLOG: &str = r#"{"clog":["a","b"]},"#;
    for (reorder, comes_early) in [("0", false), ("0.5", true)] {
        let (_, expected) = operations(reorder, "", "");
        let (mut clogged, mut states) = operations(reorder, CLOG, "");
        let numbers: Vec<u64> = clogged.in_flight().map(|it| it.number).collect();
        assert_eq!(numbers.len(), 50);
        let mut has_waited = false;
        for number in numbers {
            assert!(clogged.deliver(number));
            states.push(clogged.replicas()[1].claims().fingerprint());
            has_waited |= clogged.replicas()[1].claims().waiting() > 0;
            clogged.check_invariants();
        }
        states.dedup();
        assert_eq!(has_waited, comes_early, "reorder {reorder}");
        assert_eq!(states, expected, "reorder {reorder}");

        let unclog = r#",{"at_ms":2000,"unclog":["a","b"]}"#;
        let (unclogged, _) = operations(reorder, CLOG, unclog);
        assert_eq!(unclogged.trace(), clogged.trace(), "reorder {reorder}");
        assert_eq!(shown(&unclogged)[1].len(), 50);
        assert_eq!(unclogged.metrics().messages_lost, 0);
    }
}

#[test]
fn a_message_that_waits_at_a_clog_can_be_stopped_delivered_and_lost() {
    let clogged = || {
        let steps = r#"{"clog":["a","b"]},{"at_ms":10,"on":"a","do":"register","claim":["s",1,9]},
            {"at_ms":500,"unclog":["a","b"]}"#;
        let network = r#""sync":"operation","anti_entropy":false"#;
        let mut simulation = simulation(network, steps, r#""max_ms":600"#);
        simulation.run_until(SimTime::from_ms(400));
        let numbers: Vec<u64> = simulation.in_flight().map(|it| it.number).collect();
        let [number] = numbers[..] else { panic!("{numbers:?}") };
        (simulation, number)
    };
    let (mut delivered, number) = clogged();
    assert!(delivered.deliver(number) && !delivered.deliver(number));
    assert_eq!(shown(&delivered), [[1], [1], [1]]);
    delivered.check_invariants();

    let (mut lost, number) = clogged();
    assert!(lost.lose(number) && !lost.lose(number));
    assert_eq!(lost.metrics().messages_lost, 1);
    finish(&mut lost);
    assert_eq!(shown(&lost), [vec![1], vec![], vec![1]]);

    let (mut stopped, number) = clogged();
    assert!(stopped.stop(number) && !stopped.stop(number));
    finish(&mut stopped);
    assert_eq!(shown(&stopped), [vec![1], vec![], vec![1]], "the clog's end does not let it go");
    assert!(stopped.deliver(number));
    assert_eq!(shown(&stopped), [[1], [1], [1]]);
}

#[test]
fn a_heal_ends_clogs_and_what_waits_at_a_cut_link_is_lost() {
    let clog = r#"{"clog":["a","b"]},{"at_ms":10,"on":"a","do":"register","claim":["s",1,9]}"#;
    let network = r#""sync":"operation","anti_entropy":false"#;
    let run = |ends: &str| {
        let steps = format!(r#"{clog},{{"at_ms":500,{ends}}}"#);
        let mut simulation = simulation(network, &steps, r#""max_ms":600"#);
        finish(&mut simulation);
        (shown(&simulation)[1].len(), simulation.metrics().messages_lost)
    };
    assert_eq!(run(r#""heal":true"#), (1, 0));
    assert_eq!(run(r#""cut":["a","b"]},{"heal":true"#), (1, 0));
    assert_eq!(run(r#""cut":["a","b"]},{"unclog":["a","b"]"#), (0, 1));
    assert_eq!(run(r#""cut":["a","b"]},{"mend":["a","b"]},{"unclog":["a","b"]"#), (1, 0));
    assert_eq!(run(r#""crash":"b"},{"unclog":["a","b"]"#), (0, 1));
}

#[test]
fn no_more_messages_wait_at_clogs_than_can() {
    let steps = r#"{"clog":["a","b"]},{"clog":["b","a"]},{"clog":["a","c"]},{"clog":["c","a"]},
        {"clog":["b","c"]},{"clog":["c","b"]},{"at_ms":24000,"heal":true}"#;
    let network = r#""latency_ms":[0,0],"interval_ms":1,"fanout":2,"duplicate":1"#;
    let mut simulation = simulation(network, steps, r#""max_ms":24000"#);
    simulation.run_until(SimTime::from_ms(23_999));
    assert!(simulation.metrics().messages_lost > 0);
    assert_eq!(simulation.in_flight().count(), CLOGGED_MAX);
    simulation.check_invariants();
    finish(&mut simulation);
    assert_eq!(simulation.in_flight().filter(|it| it.arrives_at.is_none()).count(), 0);
}

// --- Bandwidth ---

/// Each millisecond a sends b and c a digest of so many bytes.
fn digests(bytes_per_s: &str, steps: &str) -> (Simulation, u64) {
    let network =
        format!(r#""latency_ms":[50,50],"interval_ms":1,"fanout":2,"bytes_per_s":{bytes_per_s}"#);
    let simulation = simulation(&network, steps, r#""max_ms":9000"#);
    let digest = Message::Digest(simulation.truth().fingerprint(), 0);
    (simulation, digest.encoded_len() as u64)
}

#[test]
fn a_link_transmits_one_message_after_another() {
    for bytes_per_s in [999, 1_000, 3_000] {
        let (mut simulation, bytes) = digests(&bytes_per_s.to_string(), "");
        while moving(&simulation).is_empty() {
            assert!(simulation.step());
        }
        let first = simulation.now();
        simulation.run_until(SimTime::from_ms(40));
        let takes_us = (bytes * 1_000_000).div_ceil(bytes_per_s);
        let arrivals: Vec<u64> =
            moving(&simulation).iter().map(|&(_, at)| at.us_since(first)).collect();
        assert!(arrivals.len() >= 39);
        // They are sent faster than they are transmitted.
        let expected = (1..).map(|count| count * takes_us + 50_000);
        assert_eq!(arrivals, expected.take(arrivals.len()).collect::<Vec<_>>(), "{bytes_per_s}");
    }
}

#[test]
fn a_link_that_is_free_adds_no_more_than_the_time_of_the_message() {
    let (mut simulation, bytes) = digests("1000000", "");
    while moving(&simulation).is_empty() {
        assert!(simulation.step());
    }
    let first = simulation.now();
    simulation.run_until(SimTime::from_ms(20));
    for (index, (_, at)) in moving(&simulation).iter().enumerate() {
        assert_eq!(at.us_since(first), index as u64 * 1_000 + bytes + 50_000);
    }
}

#[test]
fn what_would_wait_too_long_on_a_link_is_lost() {
    let (mut simulation, bytes) = digests("20", "");
    let takes_us = bytes * 1_000_000 / 20;
    simulation.run_until(SimTime::from_ms(5_000));
    let wait_us = u64::from(LINK_WAIT_MS_MAX) * 1_000;
    let latest = moving(&simulation).last().map(|&(_, at)| at.us_since(simulation.now()));
    let latest = latest.expect("some wait");
    assert!(latest > wait_us && latest <= wait_us + takes_us + 50_000, "{latest}");
    assert!(simulation.metrics().messages_lost > 10_000);
    assert!((20..40).contains(&moving(&simulation).len()));
}

#[test]
fn where_the_limit_is_lifted_nothing_waits_for_what_was_slow() {
    let steps = r#"{"at_ms":1000,"network":{"bytes_per_s":"unlimited"}},
        {"on":"a","do":"register","claim":["s",1,9]}"#;
    let (mut simulation, _) = digests("20", steps);
    simulation.run_until(SimTime::from_ms(1_300));
    assert_eq!(shown(&simulation), [[1], [1], [1]]);
    assert!(simulation.in_flight().any(|it| it.arrives_at > Some(SimTime::from_ms(9_000))));
}

#[test]
fn slow_links_bring_everything_in_the_end() {
    for strategy in STRATEGIES {
        let network = format!(r#""strategy":"{strategy}","bytes_per_s":200"#);
        let mut simulation = simulation(&network, REGISTER_AT_ALL, "");
        finish(&mut simulation);
        assert!(simulation.has_converged(), "{strategy}");
        assert_eq!(shown(&simulation)[2], [1, 2, 3], "{strategy}");
    }
}

// --- Clocks ---

/// The times until 2 s, in milliseconds, at which b begins a round, where this befalls its clock.
fn rounds(skews: &str) -> Vec<u64> {
    let steps = format!(r#"{{"cut":["a","b"]}},{{"cut":["c","b"]}}{skews}"#);
    let network = r#""strategy":"push","latency_ms":[0,0],"interval_ms":100"#;
    let mut simulation = simulation(network, &steps, r#""max_ms":2000"#);
    let mut rounds = Vec::new();
    while simulation.step() {
        if simulation.last_event() == Some((1, "round")) {
            rounds.push(simulation.now().as_ms());
        }
    }
    rounds
}

#[test]
fn timers_go_by_the_clock_of_the_node_that_sets_them() {
    let usual = rounds("");
    assert_eq!(usual.len(), 20);
    // A clock that is off runs as fast as any other.
    for skew_ms in [-250, 250, 3_600_000] {
        let skewed = format!(r#",{{"at_ms":1000,"on":"b","clock_skew_ms":{skew_ms}}}"#);
        assert_eq!(rounds(&skewed), usual, "{skew_ms}");
    }
    // One that is set back further than it has come begins at 0.
    for skew_ms in [-1_000, -3_600_000] {
        assert_eq!(rounds(&format!(r#",{{"on":"b","clock_skew_ms":{skew_ms}}}"#)), usual);
    }
}

#[test]
fn times_on_record_are_simulated_times() {
    let steps = r#"{"on":"a","clock_skew_ms":3600000},
        {"at_ms":70,"on":"a","do":"register","claim":["s",1,9]}"#;
    let mut simulation = simulation("", steps, "");
    finish(&mut simulation);
    assert!(simulation.now() < SimTime::from_ms(60_000));
    assert!(simulation.converged_after_us() < Some(60_000_000));
}

/// With skewed clocks, everybody comes to know what everybody registers.
fn check_agreement(strategy: &str, skews: &str) {
    let network = format!(r#""strategy":"{strategy}""#);
    let again = REGISTER_AT_ALL.replace("50", "3000").replace(",9]", ",10]");
    let steps = format!("{REGISTER_AT_ALL},{skews},{again}");
    let mut simulation = simulation(&network, &steps, "");
    finish(&mut simulation);
    assert!(simulation.has_converged(), "{strategy}: {skews}");
    assert_eq!(shown(&simulation)[0].len(), 6, "{strategy}: {skews}");
}

#[test]
fn skewed_clocks_do_not_keep_nodes_from_agreeing() {
    for strategy in STRATEGIES {
        for skew_ms in [-3_600_000, -2_000, -250, 250, 5_000, 3_600_000] {
            let skew = format!(r#"{{"at_ms":2000,"on":"b","clock_skew_ms":{skew_ms}}}"#);
            check_agreement(strategy, &skew);
        }
    }
}
