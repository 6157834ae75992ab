//! Nodes join, leave, are retired and found dead, over the same bad links as all else.

#![cfg(not(target_arch = "wasm32"))]

use scalesmall_crdt::{Claim, KeyRange, NodeId, ReplicaId};
use scalesmall_sim::{Replica, Scenario, SimTime, Simulation, Status};

const STRATEGIES: [&str; 4] = ["push", "pull", "push-pull", "tree"];

/// A run of five nodes under this network, with these steps.
fn run(network: &str, steps: &str, max_ms: u32) -> Simulation {
    let text = format!(
        r#"{{ "format": 1, "seed": 3, "replicas": ["n1","n2","n3","n4","n5"],
              "network": {{ "loss": 0.1, {network} }}, "steps": [{steps}],
              "until": {{ "max_ms": {max_ms} }} }}"#
    );
    Simulation::new(Scenario::parse(&text).expect("the scenario can be run"))
}

fn played(network: &str, steps: &str, max_ms: u32) -> Simulation {
    let mut simulation = run(network, steps, max_ms);
    while simulation.step() {
        simulation.check_invariants();
    }
    simulation
}

fn replica<'a>(simulation: &'a Simulation, name: &str) -> &'a Replica {
    let is_it = |replica: &&Replica| replica.node().id().node.as_str() == name;
    simulation.replicas().iter().find(is_it).expect("there is one of that name")
}

fn claim(node: &str, start: u32, end: u32) -> Claim {
    Claim::new(NodeId::new(node).unwrap(), KeyRange::new(start, end).unwrap())
}

/// How many contributions there are to the claim of n2.
fn contributions(replica: &Replica) -> usize {
    let map = replica.claims().as_claim_map().expect("that is what is replicated");
    map.contributions(&claim("n2", 0, 99)).count()
}

fn id(node: &str, incarnation: u32) -> ReplicaId {
    ReplicaId { node: NodeId::new(node).unwrap(), incarnation }
}

/// All who run agree, also on who is a member.
fn check_agreement(simulation: &Simulation) {
    assert!(simulation.has_converged(), "{} views", simulation.distinct());
    let up = || simulation.replicas().iter().filter(|it| it.status() == Status::Up);
    let rosters: Vec<_> = up().map(|replica| replica.node().roster()).collect();
    assert!(rosters.windows(2).all(|pair| pair[0] == pair[1]), "{rosters:?}");
    assert!(up().all(|replica| replica.node().is_member()));
}

#[test]
fn a_newcomer_is_let_in_by_any_member_and_heard_by_all() {
    for strategy in STRATEGIES {
        for through in ["n1", "n3", "n5"] {
            let simulation = played(
                &format!(r#""strategy":"{strategy}""#),
                &format!(
                    r#"{{"on":"n2","do":"increase","claim":["n2",0,99],"by":3}},
                       {{"at_ms":500,"join":"m","through":"{through}"}},
                       {{"at_ms":505,"on":"m","do":"register","claim":["m",10,19]}},
                       {{"at_ms":5000,"on":"m","do":"decrease","claim":["n2",0,99],"by":1}}"#
                ),
                30_000,
            );
            check_agreement(&simulation);
            for replica in simulation.replicas() {
                assert_eq!(replica.claims().priority(&claim("n2", 0, 99)), Some(2), "{strategy}");
                assert_eq!(replica.claims().priority(&claim("m", 10, 19)), Some(0), "{strategy}");
            }
        }
    }
}

#[test]
fn many_can_join_at_once_and_through_each_other() {
    let simulation = played(
        r#""strategy":"tree""#,
        r#"{"on":"n2","do":"register","claim":["n2",0,99]},
           {"at_ms":100,"join":"a","through":"n1"}, {"join":"b","through":"n1"},
           {"join":"c","through":"n4"}, {"at_ms":150,"join":"d","through":"c"},
           {"at_ms":200,"on":"d","do":"register","claim":["d",0,99]}"#,
        30_000,
    );
    check_agreement(&simulation);
    assert_eq!(simulation.replicas().len(), 9);
    assert_eq!(replica(&simulation, "a").node().roster().members().count(), 9);
    assert_eq!(replica(&simulation, "n5").claims().priority(&claim("d", 0, 99)), Some(0));
}

#[test]
fn a_newcomer_whose_sponsor_is_cut_off_waits() {
    let mut simulation = run(
        r#""strategy":"push-pull""#,
        r#"{"on":"n1","do":"register","claim":["n1",0,99]},
           {"at_ms":2000,"join":"m","through":"n1"},
           {"at_ms":2000,"partition":[["m"]]},
           {"at_ms":9000,"heal":true}"#,
        30_000,
    );
    simulation.run_until(SimTime::from_ms(8_999));
    assert!(!replica(&simulation, "m").node().is_member());
    simulation.run_until(SimTime::from_ms(30_000));
    check_agreement(&simulation);
}

#[test]
fn a_node_that_loses_its_state_comes_back_as_another_replica() {
    for strategy in STRATEGIES {
        let simulation = played(
            &format!(r#""strategy":"{strategy}""#),
            r#"{"on":"n2","do":"increase","claim":["n2",0,99],"by":3},
               {"at_ms":3000,"crash":"n2"},
               {"at_ms":4000,"restart":"n2","state":"lost"},
               {"at_ms":4001,"on":"n2","do":"register","claim":["n2",5,6]}"#,
            30_000,
        );
        check_agreement(&simulation);
        let back = replica(&simulation, "n2");
        assert_eq!(*back.node().id(), id("n2", 1));
        // What it does before it is let in counts as well.
        assert_eq!(back.claims().priority(&claim("n2", 5, 6)), Some(0));
        assert_eq!(back.claims().priority(&claim("n2", 0, 99)), Some(3));
        // Its former replica remains a member until somebody retires it.
        assert!(back.node().roster().has_member(&id("n2", 0)));
    }
}

#[test]
fn those_who_have_all_lost_their_states_begin_again() {
    let crash = (1..=5).map(|n| format!(r#"{{"at_ms":{},"crash":"n{n}"}}"#, 1_000 + n));
    let restart =
        (1..=5).map(|n| format!(r#"{{"at_ms":{},"restart":"n{n}","state":"lost"}}"#, 2_000 + n));
    let steps: Vec<String> = crash.chain(restart).collect();
    let simulation = played(r#""strategy":"push-pull""#, &steps.join(","), 60_000);
    check_agreement(&simulation);
    assert_eq!(replica(&simulation, "n5").node().roster().joined().count(), 5);
}

#[test]
fn nobody_begins_again_while_somebody_may_have_the_state() {
    let crash = (1..=5).map(|n| format!(r#"{{"at_ms":{},"crash":"n{n}"}}"#, 1_000 + n));
    let restart =
        (1..=4).map(|n| format!(r#"{{"at_ms":{},"restart":"n{n}","state":"lost"}}"#, 2_000 + n));
    let mut steps: Vec<String> = crash.chain(restart).collect();
    steps.insert(0, r#"{"on":"n5","do":"register","claim":["n5",0,9]}"#.to_owned());
    steps.push(r#"{"at_ms":20000,"restart":"n5"}"#.to_owned());
    let mut simulation = run(r#""strategy":"push-pull""#, &steps.join(","), 60_000);
    simulation.run_until(SimTime::from_ms(19_999));
    assert!(simulation.replicas().iter().take(4).all(|replica| !replica.node().is_member()));
    simulation.run_until(SimTime::from_ms(60_000));
    check_agreement(&simulation);
    assert_eq!(replica(&simulation, "n1").claims().priority(&claim("n5", 0, 9)), Some(0));
}

#[test]
fn who_has_been_retired_is_told_and_comes_back_as_a_fresh_replica() {
    for strategy in STRATEGIES {
        let simulation = played(
            &format!(r#""strategy":"{strategy}""#),
            r#"{"on":"n2","do":"increase","claim":["n2",0,99],"by":3},
               {"at_ms":3000,"retire":"n2","on":"n4"},
               {"at_ms":9000,"on":"n2","do":"increase","claim":["n2",0,99],"by":1}"#,
            30_000,
        );
        check_agreement(&simulation);
        let back = replica(&simulation, "n2");
        assert_eq!(*back.node().id(), id("n2", 1), "{strategy}");
        assert!(back.node().roster().has_retired(&id("n2", 0)));
        assert_eq!(back.claims().priority(&claim("n2", 0, 99)), Some(4));
    }
}

#[test]
fn what_only_a_retired_replica_has_is_lost() {
    let simulation = played(
        r#""strategy":"push-pull""#,
        r#"{"partition":[["n1","n2","n3","n4"]]},
           {"at_ms":100,"on":"n5","do":"register","claim":["n5",0,9]},
           {"at_ms":3000,"retire":"n5","on":"n1"},
           {"at_ms":6000,"heal":true}"#,
        30_000,
    );
    check_agreement(&simulation);
    assert_eq!(*replica(&simulation, "n5").node().id(), id("n5", 1));
    assert_eq!(simulation.truth().claims().count(), 0);
}

#[test]
fn in_manual_mode_who_joins_or_is_retired_is_so_at_once() {
    let text = r#"{ "format": 1, "replicas": ["a","b"], "network": {"mode":"manual"}, "steps": [
        {"on":"a","do":"register","claim":["a",0,9]},
        {"join":"c","through":"a"},
        {"on":"c","do":"increase","claim":["a",0,9],"by":2},
        {"sync":["c","b"]},
        {"retire":"c","on":"b"},
        {"on":"c","do":"increase","claim":["a",0,9],"by":5},
        {"sync":["c","b"]}, {"sync":["b","a"]} ], "until": {"max_ms":1} }"#;
    let mut simulation = Simulation::new(Scenario::parse(text).unwrap());
    while simulation.step() {}
    check_manual(&simulation);
}

/// What c did before it was retired, b has told; what it did later, it has forgotten.
fn check_manual(simulation: &Simulation) {
    assert!(simulation.has_converged(), "{} views", simulation.distinct());
    assert_eq!(*replica(simulation, "c").node().id(), id("c", 1));
    for replica in simulation.replicas() {
        assert_eq!(replica.claims().priority(&claim("a", 0, 9)), Some(2));
    }
}

#[test]
fn what_all_have_seen_is_folded() {
    let increase = r#"{"on":"n2","do":"increase","claim":["n2",0,99],"by":1}"#;
    for strategy in STRATEGIES {
        let simulation =
            played(&format!(r#""strategy":"{strategy}""#), &[increase; 20].join(","), 60_000);
        check_agreement(&simulation);
        for replica in simulation.replicas() {
            let contributions = contributions(replica);
            assert_eq!(contributions, 1, "{strategy} at {}", replica.node().id());
        }
    }
}

#[test]
fn nothing_is_folded_while_a_member_may_not_have_seen_it() {
    let increase = r#"{"at_ms":100,"on":"n2","do":"increase","claim":["n2",0,99],"by":1}"#;
    let steps = format!(
        r#"{{"crash":"n5"}},{increase},{increase},{{"at_ms":30000,"retire":"n5","on":"n1"}}"#
    );
    let mut simulation = run(r#""strategy":"push-pull""#, &steps, 90_000);
    let kept = |simulation: &Simulation| contributions(replica(simulation, "n1"));
    simulation.run_until(SimTime::from_ms(29_999));
    assert_eq!(kept(&simulation), 2);
    // It is given up for good.
    simulation.run_until(SimTime::from_ms(90_000));
    assert_eq!(kept(&simulation), 1);
}

const WATCHED: &str = r#""failure_detection":true,"probe_ms":500,"suspicion_ms":1500"#;

#[test]
fn a_crashed_node_is_found_dead_by_all_and_found_alive_again() {
    for strategy in STRATEGIES {
        let mut simulation = run(
            &format!(r#""strategy":"{strategy}",{WATCHED}"#),
            r#"{"at_ms":5000,"crash":"n3"},{"at_ms":30000,"restart":"n3"}"#,
            60_000,
        );
        let who_misses = |simulation: &Simulation, name: &str| {
            let name = NodeId::new(name).unwrap();
            let nodes = simulation.replicas().iter().filter(|it| it.status() == Status::Up);
            nodes.filter(|it| it.node().down().any(|down| *down == name)).count()
        };
        let down = |simulation: &Simulation| {
            simulation.replicas().iter().map(|it| it.node().down().count()).sum::<usize>()
        };
        simulation.run_until(SimTime::from_ms(4_999));
        assert_eq!(down(&simulation), 0, "{strategy}: nobody is missed who is there");
        simulation.run_until(SimTime::from_ms(29_999));
        assert_eq!(who_misses(&simulation, "n3"), 4, "{strategy}");
        simulation.run_until(SimTime::from_ms(60_000));
        assert_eq!(down(&simulation), 0, "{strategy}: it is back");
    }
}

#[test]
fn who_leaves_is_missed_without_suspicion_and_leaves_its_news_behind() {
    for strategy in STRATEGIES {
        let mut simulation = run(
            // Suspicion alone would take longer than the run.
            &format!(
                r#""strategy":"{strategy}","failure_detection":true,"probe_ms":500,"suspicion_ms":30000"#
            ),
            r#"{"at_ms":5000,"on":"n3","do":"register","claim":["n3",0,9]},
               {"at_ms":5000,"leave":"n3"}"#,
            60_000,
        );
        simulation.run_until(SimTime::from_ms(20_000));
        assert_eq!(replica(&simulation, "n3").status(), Status::Down);
        for name in ["n1", "n2", "n4", "n5"] {
            let replica = replica(&simulation, name);
            assert_eq!(replica.node().down().count(), 1, "{strategy}: {name} has not heard it");
            assert_eq!(replica.claims().priority(&claim("n3", 0, 9)), Some(0), "{strategy}");
        }
    }
}

#[test]
fn dead_nodes_claims_are_kept_or_released_as_the_policy_says() {
    let steps = r#"{"on":"n3","do":"increase","claim":["n3",0,99],"by":3},
                   {"on":"n2","do":"increase","claim":["n3",100,199],"by":1},
                   {"at_ms":5000,"crash":"n3"}"#;
    for (policy, kept) in [
        (r#""dead_claims":"keep""#, 2),
        (r#""dead_claims":"release-after","release_after_ms":2000"#, 0),
        (r#""dead_claims":"release-after","release_after_ms":50000"#, 2),
    ] {
        let simulation = played(&format!("{WATCHED},{policy}"), steps, 30_000);
        check_agreement(&simulation);
        let claims = replica(&simulation, "n1").claims().claims().count();
        assert_eq!(claims, kept, "{policy}");
    }
}

#[test]
fn whoever_was_only_cut_off_registers_its_claims_again() {
    let policy = r#""dead_claims":"release-after","release_after_ms":2000"#;
    for strategy in STRATEGIES {
        let mut simulation = run(
            &format!(r#""strategy":"{strategy}",{WATCHED},{policy}"#),
            r#"{"on":"n3","do":"increase","claim":["n3",0,99],"by":3},
               {"on":"n4","do":"register","claim":["n4",0,99]},
               {"at_ms":5000,"partition":[["n3","n5"],["n1","n2","n4"]]},
               {"at_ms":25000,"heal":true}"#,
            60_000,
        );
        simulation.run_until(SimTime::from_ms(24_999));
        assert_eq!(replica(&simulation, "n1").claims().priority(&claim("n3", 0, 99)), None);
        assert_eq!(replica(&simulation, "n5").claims().priority(&claim("n4", 0, 99)), None);
        simulation.run_until(SimTime::from_ms(60_000));
        check_agreement(&simulation);
        for replica in simulation.replicas() {
            let priority = |node: &str| replica.claims().priority(&claim(node, 0, 99));
            assert_eq!(priority("n3"), Some(3), "{strategy} at {}", replica.node().id());
            assert_eq!(priority("n4"), Some(0), "{strategy} at {}", replica.node().id());
        }
    }
}

#[test]
fn a_copy_of_a_watched_run_goes_on_as_the_run_does() {
    let mut simulation = run(
        WATCHED,
        r#"{"at_ms":5000,"crash":"n3"},{"at_ms":9000,"partition":[["n1"]]},
           {"at_ms":60000,"heal":true},{"at_ms":61000,"restart":"n3"}"#,
        // Long enough for what the detectors remember to be cut short.
        300_000,
    );
    let mut copies = Vec::new();
    for at_ms in [3_000, 7_000, 61_500, 200_000] {
        simulation.run_until(SimTime::from_ms(at_ms));
        copies.push(simulation.clone());
    }
    while simulation.step() {}
    for mut copy in copies {
        // A copy of a copy that has not been needed.
        copy = copy.clone();
        while copy.step() {}
        assert_eq!(copy.trace(), simulation.trace());
        assert_eq!(copy.metrics(), simulation.metrics());
    }
}

// --- What chance has found ---

#[test]
fn a_newcomer_whose_sponsor_has_lost_its_state_is_heard_by_those_who_do_not_know_it() {
    // n1 knows of nothing that has happened while it was down.
    let simulation = played(
        r#""strategy":"pull""#,
        r#"{"at_ms":100,"crash":"n1"},{"crash":"n3"},{"crash":"n4"},{"crash":"n5"},
           {"at_ms":200,"join":"m","through":"n2"},
           {"at_ms":2000,"on":"m","do":"register","claim":["m",0,9]},
           {"at_ms":2100,"crash":"n2"},{"at_ms":2200,"restart":"n2","state":"lost"},
           {"at_ms":2300,"partition":[["n1","n2","n3","n4","n5"]]},
           {"restart":"n1"},{"restart":"n3"},{"restart":"n4"},{"restart":"n5"},
           {"at_ms":9000,"heal":true}"#,
        60_000,
    );
    check_agreement(&simulation);
    assert_eq!(replica(&simulation, "n1").claims().priority(&claim("m", 0, 9)), Some(0));
}

#[test]
fn who_is_retired_before_it_hears_that_it_is_let_in_is_let_in_as_a_fresh_replica() {
    // At some of these times it has been let in and does not know it.
    let incarnations: Vec<u32> = (150..600)
        .step_by(25)
        .map(|cut_ms| {
            let simulation = played(
                r#""strategy":"push""#,
                &format!(
                    r#"{{"at_ms":100,"join":"m","through":"n1"}},
                       {{"at_ms":{cut_ms},"cut":["n1","m"]}},
                       {{"at_ms":2000,"retire":"m","on":"n1"}},
                       {{"at_ms":3000,"heal":true}}"#
                ),
                60_000,
            );
            check_agreement(&simulation);
            replica(&simulation, "m").node().id().incarnation
        })
        .collect();
    assert!(incarnations.contains(&0) && incarnations.contains(&1), "{incarnations:?}");
}

#[test]
fn one_who_knows_nobody_any_more_gives_way_to_many() {
    let lost = (1..=4).map(|n| {
        let at_ms = 4_000 * n;
        format!(
            r#"{{"at_ms":{at_ms},"crash":"n{n}"}},
               {{"at_ms":{},"restart":"n{n}","state":"lost"}}"#,
            at_ms + 100
        )
    });
    let steps = format!(
        r#"{{"at_ms":500,"retire":"n2","on":"n1"}},{{"at_ms":3000,"crash":"n5"}},{},
           {{"at_ms":20000,"on":"n1","do":"register","claim":["n1",0,9]}},
           {{"at_ms":20000,"restart":"n5"}}"#,
        lost.collect::<Vec<_>>().join(",")
    );
    for strategy in STRATEGIES {
        let simulation = played(&format!(r#""strategy":"{strategy}""#), &steps, 90_000);
        check_agreement(&simulation);
        // Nobody else had to begin once more.
        let incarnations =
            simulation.replicas().iter().map(|replica| replica.node().id().incarnation);
        assert_eq!(incarnations.collect::<Vec<_>>(), [1, 2, 1, 1, 1], "{strategy}");
        assert_eq!(replica(&simulation, "n5").claims().priority(&claim("n1", 0, 9)), Some(0));
    }
}

#[test]
fn two_sides_of_which_one_has_retired_the_other_come_together() {
    let simulation = played(
        r#""strategy":"push-pull""#,
        r#"{"partition":[["n1","n2"],["n3","n4","n5"]]},
           {"at_ms":500,"on":"n5","do":"register","claim":["n5",0,9]},
           {"at_ms":1000,"retire":"n3","on":"n1"},{"retire":"n4","on":"n1"},
           {"at_ms":3000,"crash":"n1"},{"at_ms":3100,"restart":"n1","state":"lost"},
           {"at_ms":6000,"crash":"n2"},{"at_ms":6100,"restart":"n2","state":"lost"},
           {"at_ms":9000,"heal":true}"#,
        90_000,
    );
    check_agreement(&simulation);
    assert_eq!(replica(&simulation, "n1").claims().priority(&claim("n5", 0, 9)), Some(0));
}

#[test]
fn a_newcomer_that_was_never_let_in_is_in_nobodys_way() {
    // a is known, by name the first, and knows nobody but n1.
    let simulation = played(
        r#""strategy":"push-pull""#,
        r#"{"at_ms":100,"join":"a","through":"n1"},{"cut":["n1","a"]},
           {"at_ms":3000,"crash":"n1"},{"crash":"n2"},{"crash":"n3"},{"crash":"n4"},{"crash":"n5"},
           {"at_ms":4000,"heal":true},
           {"restart":"n1","state":"lost"},{"restart":"n2","state":"lost"},
           {"restart":"n3","state":"lost"},{"restart":"n4","state":"lost"},
           {"restart":"n5","state":"lost"}"#,
        60_000,
    );
    check_agreement(&simulation);
    assert!(replica(&simulation, "a").node().roster().has_member(&id("n5", 1)));
}
