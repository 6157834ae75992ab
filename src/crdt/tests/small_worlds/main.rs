//! Small worlds, exhaustively: three or four replicas and a few operations chosen to be nasty, in every
//! order in which they can be issued, announced, folded and delivered.
//!
//! In every state every replica shows what the definition says and takes nothing in twice; in
//! every end all agree, and the ends are written down here, so that definition and implementation
//! cannot be wrong together.

#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::disallowed_macros, reason = "a test may say how much it has tried")]

mod definition;
mod replica;
mod world;

use std::num::NonZeroU32;
use std::sync::{PoisonError, RwLock};

use scalesmall_crdt::{Claim, KeyRange, NodeId, Operation};
use stateright::{Checker, HasDiscoveries, Model};

use world::{AGREEMENT, DISSENT, FOLDING, Plan, RIGHT, SAME, World};

const A: usize = 0;
const B: usize = 1;
const C: usize = 2;
const D: usize = 3;
const EVERY_WAY: [(usize, usize); 6] = [(A, B), (A, C), (B, A), (B, C), (C, A), (C, B)];

fn wide() -> Claim {
    Claim::new(NodeId::new("n").unwrap(), KeyRange::new(0, 9).unwrap())
}
fn narrow() -> Claim {
    Claim::new(NodeId::new("n").unwrap(), KeyRange::new(2, 3).unwrap())
}
fn register() -> Operation {
    Operation::Register { claim: wide() }
}
fn release() -> Operation {
    Operation::Release { claim: wide() }
}
fn increase(amount: u32) -> Operation {
    Operation::Increase { claim: wide(), by: NonZeroU32::new(amount).unwrap() }
}
fn decrease(amount: u32) -> Operation {
    Operation::Decrease { claim: wide(), by: NonZeroU32::new(amount).unwrap() }
}
fn tighten() -> Operation {
    Operation::Tighten { claim: wide(), to: narrow().range }
}
fn increase_narrow(amount: u32) -> Operation {
    Operation::Increase { claim: narrow(), by: NonZeroU32::new(amount).unwrap() }
}
fn decrease_narrow(amount: u32) -> Operation {
    Operation::Decrease { claim: narrow(), by: NonZeroU32::new(amount).unwrap() }
}
fn release_narrow() -> Operation {
    Operation::Release { claim: narrow() }
}

/// Switching a condition off is for one test at a time, and for no other to notice.
static TURN: RwLock<()> = RwLock::new(());

/// Tries everything. The number of states and what is shown in the ends, or what goes wrong.
fn explore(plan: Plan) -> Result<(usize, Vec<String>), String> {
    let folds = !plan.folds.is_empty();
    let checker = World::new(plan).checker().finish_when(HasDiscoveries::AnyFailures);
    let checker = checker.spawn_bfs().join();
    let world = checker.model();
    for property in [RIGHT, SAME, AGREEMENT] {
        if let Some(path) = checker.discovery(property) {
            return Err(format!("not so: {property}\n{}", world.describe(path)));
        }
    }
    assert!(checker.discovery(DISSENT).is_some(), "replicas never disagreed");
    assert_eq!(checker.discovery(FOLDING).is_some(), folds, "{FOLDING}");
    Ok((checker.unique_state_count(), world.ends()))
}

/// Expects so many states at least, and these ends.
fn check(plan: Plan, states_min: usize, ends: &[&str]) {
    let _turn = TURN.read().unwrap_or_else(PoisonError::into_inner);
    let name = plan.name;
    let (states, found) = explore(plan).unwrap_or_else(|wrong| panic!("{name}: {wrong}"));
    println!("{name}: {states} states");
    assert_eq!(found, ends, "what is shown in the end");
    assert!(states >= states_min, "only {states} states");
}

// --- Single operations and whole states ---

#[test]
fn an_increase_wins_over_a_concurrent_release_and_brings_nothing_back() {
    let plan = Plan {
        name: "Increase beside Release",
        before: vec![(A, increase(5))],
        operations: vec![vec![increase(3)], vec![release()], vec![]],
        merges: EVERY_WAY.to_vec(),
        ..Plan::default()
    };
    // Not 8 and not 5.
    check(plan, 30, &["n on 0..=9: 3", "nothing"]);
}

#[test]
fn releases_cancel_what_they_saw() {
    let plan = Plan {
        name: "Releases of one another's claim",
        before: vec![(A, increase(5))],
        operations: vec![
            vec![increase(3), register()],
            vec![release(), increase(1)],
            vec![register(), release()],
        ],
        merges: EVERY_WAY.to_vec(),
        ..Plan::default()
    };
    check(
        plan,
        50_000,
        &["n on 0..=9: 0", "n on 0..=9: 1", "n on 0..=9: 3", "n on 0..=9: 4", "nothing"],
    );
}

#[test]
fn two_decreases_below_zero_then_afresh() {
    let plan = Plan {
        name: "3, Decrease 2 beside Decrease 2, Register",
        before: vec![(A, increase(3))],
        operations: vec![
            vec![decrease(2), increase(8)],
            vec![decrease(2), release()],
            vec![register(), increase(4)],
        ],
        merges: EVERY_WAY.to_vec(),
        ..Plan::default()
    };
    check(
        plan,
        68_000,
        &[
            "n on 0..=9: 10",
            "n on 0..=9: 11",
            "n on 0..=9: 12",
            "n on 0..=9: 4",
            "n on 0..=9: 6",
            "n on 0..=9: 8",
            "nothing",
        ],
    );
}

#[test]
fn a_tighten_beside_an_increase_of_the_wide_claim() {
    let plan = Plan {
        name: "Tighten beside Increase",
        before: vec![(A, increase(2))],
        operations: vec![
            vec![tighten(), release_narrow()],
            vec![increase(4), tighten()],
            vec![increase_narrow(1), release()],
        ],
        merges: EVERY_WAY.to_vec(),
        ..Plan::default()
    };
    check(
        plan,
        50_000,
        &[
            "n on 2..=3: 1",
            "n on 2..=3: 2",
            "n on 2..=3: 3",
            "n on 2..=3: 4",
            "n on 2..=3: 5",
            "n on 2..=3: 6",
            "n on 2..=3: 7",
            "nothing",
        ],
    );
}

#[test]
fn a_release_arrives_before_what_it_cancels() {
    let plan = Plan {
        name: "Release first",
        operations: vec![
            vec![increase(1), increase(2)],
            vec![release(), increase(4)],
            vec![release(), register()],
        ],
        merges: EVERY_WAY.to_vec(),
        ..Plan::default()
    };
    check(
        plan,
        14_000,
        &[
            "n on 0..=9: 0",
            "n on 0..=9: 2",
            "n on 0..=9: 3",
            "n on 0..=9: 4",
            "n on 0..=9: 6",
            "n on 0..=9: 7",
        ],
    );
}

#[test]
fn a_cancelled_dot_is_handed_on_with_the_state() {
    let plan = Plan {
        name: "Release first, in a state",
        operations: vec![vec![increase(1)], vec![release()], vec![], vec![increase(2)]],
        merges: vec![(C, D), (D, C)],
        ..Plan::default()
    };
    check(plan, 800, &["n on 0..=9: 1", "n on 0..=9: 2", "n on 0..=9: 3", "nothing"]);
}

#[test]
fn a_tighten_starts_the_narrower_claim_afresh() {
    let plan = Plan {
        name: "Tighten to what is left of a claim",
        before: vec![(A, increase(2)), (A, increase_narrow(4))],
        operations: vec![
            vec![decrease_narrow(3)],
            vec![decrease_narrow(3), release()],
            vec![tighten()],
        ],
        merges: EVERY_WAY.to_vec(),
        ..Plan::default()
    };
    check(plan, 1_000, &["n on 2..=3: 2", "nothing"]);
}

// --- Folding ---

/// A Release that saw one of two contributions is on its way while others fold both.
fn fold_beside_release() -> Plan {
    Plan {
        name: "fold beside Release",
        before: vec![(A, increase(1))],
        operations: vec![vec![increase(2)], vec![release()], vec![register()]],
        announcements: vec![0, 1, 1],
        folds: vec![A],
        ..Plan::default()
    }
}

/// Announcements overtake one another.
fn fold_after_two_announcements() -> Plan {
    Plan {
        name: "fold after two announcements",
        before: vec![(A, increase(1))],
        operations: vec![vec![increase(2)], vec![release()], vec![]],
        announcements: vec![0, 2, 1],
        folds: vec![A],
        ..Plan::default()
    }
}

/// What is cancelled has been folded by some and not by others.
fn folded_by_some() -> Plan {
    Plan {
        name: "folded by some",
        before: vec![(A, increase(1)), (A, increase(2))],
        operations: vec![vec![increase(4)], vec![], vec![release()]],
        announcements: vec![1, 1, 1],
        folds: vec![A, C],
        ..Plan::default()
    }
}

/// A Release of what is folded overtakes an earlier one, of what came before the folded.
fn release_overtakes_release() -> Plan {
    Plan {
        name: "Release of a fold overtakes Release",
        before: vec![(A, increase(1))],
        operations: vec![vec![increase(2), increase(4)], vec![release()], vec![release()]],
        announcements: vec![1, 1, 0],
        folds: vec![C],
        ..Plan::default()
    }
}

/// Whole states in different foldings meet.
fn foldings_meet() -> Plan {
    Plan {
        name: "foldings meet",
        before: vec![(A, increase(1)), (A, increase(2))],
        operations: vec![vec![increase(4)], vec![release()], vec![]],
        announcements: vec![1, 1, 1],
        folds: vec![A, B, C],
        merges: vec![(A, B), (B, C), (C, A)],
    }
}

/// A claim that has been folded is tightened.
fn tighten_of_a_fold() -> Plan {
    Plan {
        name: "Tighten of a fold",
        before: vec![(A, increase(1)), (A, increase(2))],
        operations: vec![vec![tighten()], vec![increase(4)], vec![release()]],
        announcements: vec![0, 1, 1],
        folds: vec![A],
        ..Plan::default()
    }
}

/// A claim whose total is zero is folded, and started afresh.
fn folded_leftovers() -> Plan {
    Plan {
        name: "folded leftovers",
        before: vec![(A, increase(4))],
        operations: vec![vec![decrease(2)], vec![decrease(2)], vec![register()]],
        announcements: vec![0, 1, 1],
        folds: vec![A],
        merges: vec![(A, C)],
    }
}

#[test]
fn a_release_is_on_its_way_while_others_fold() {
    check(fold_beside_release(), 70_000, &["n on 0..=9: 0", "n on 0..=9: 2", "nothing"]);
}

#[test]
fn an_announcement_arrives_after_a_later_one() {
    check(fold_after_two_announcements(), 29_000, &["n on 0..=9: 2", "nothing"]);
}

#[test]
fn what_is_cancelled_has_been_folded_by_some() {
    check(folded_by_some(), 100_000, &["n on 0..=9: 4", "nothing"]);
}

#[test]
fn a_release_of_what_is_folded_overtakes_an_earlier_one() {
    check(release_overtakes_release(), 500_000, &["n on 0..=9: 4", "n on 0..=9: 6", "nothing"]);
}

#[test]
fn what_is_folded_is_tightened() {
    check(
        tighten_of_a_fold(),
        88_000,
        &[
            "n on 0..=9: 4",
            "n on 0..=9: 4, n on 2..=3: 3",
            "n on 2..=3: 3",
            "n on 2..=3: 4",
            "n on 2..=3: 7",
            "nothing",
        ],
    );
}

#[test]
fn whole_states_in_different_foldings_meet() {
    check(foldings_meet(), 100_000, &["n on 0..=9: 4", "nothing"]);
}

#[test]
fn what_is_left_of_a_claim_is_folded_and_then_started_afresh() {
    check(folded_leftovers(), 80_000, &["n on 0..=9: 0", "nothing"]);
}

/// Each condition of folding that a world without newcomers needs.
#[cfg(feature = "ablation")]
#[test]
fn without_any_one_condition_a_world_goes_wrong() {
    use std::panic;

    use scalesmall_crdt::ablation::{Condition, switch_off};

    let _turn = TURN.write().unwrap_or_else(PoisonError::into_inner);
    // What goes wrong here is meant to.
    panic::set_hook(Box::new(|_| {}));
    let mut unnoticed = Vec::new();
    for condition in [Condition::Stable, Condition::OwnEntry, Condition::CancelledWhole] {
        switch_off(Some(condition));
        let worlds = [
            fold_beside_release(),
            fold_after_two_announcements(),
            folded_by_some(),
            release_overtakes_release(),
            tighten_of_a_fold(),
            foldings_meet(),
            folded_leftovers(),
        ];
        let wrong = worlds.into_iter().filter_map(|plan| {
            let name = plan.name;
            explore(plan).is_err().then_some(name)
        });
        let wrong: Vec<&str> = wrong.collect();
        println!("without {condition:?} go wrong: {wrong:?}");
        if wrong.is_empty() {
            unnoticed.push(condition);
        }
    }
    switch_off(None);
    let _ = panic::take_hook();
    assert!(unnoticed.is_empty(), "{unnoticed:?} not noticed");
}
