//! The claim map against its definition by visibility, after every step of random histories:
//! updates lost, repeated and out of order, whole states, folding, newcomers, restarts with the
//! state lost, retirements.
//!
//! `SCALESMALL_HISTORIES` sets how many histories are tried, `SCALESMALL_SEED` tries one alone.

#![cfg(not(target_arch = "wasm32"))]
#![expect(
    clippy::disallowed_macros,
    reason = "what was tried is worth a line; the ban is the core's"
)]

mod ablation;
mod history;
mod specification;
mod world;

use std::env;
use std::ops::Range;
use std::panic;
use std::sync::{Mutex, PoisonError};

use history::Step;
use world::World;

/// One test at a time: what one of them switches off, no other may miss.
static TURN: Mutex<()> = Mutex::new(());

/// As many as a debug build does in a few seconds.
const HISTORIES_DEFAULT: u64 = 3_000;

/// Lives through a history; returns how many contributions were folded.
fn live(replicas: usize, steps: &[Step]) -> usize {
    let mut world = World::new(replicas);
    for step in steps {
        world.step(step);
    }
    world.check_fingerprints();
    world.folded
}

/// A number from the environment.
fn number(name: &str) -> Option<u64> {
    let text = env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

/// Leaves out steps for as long as the history still fails.
fn shrink(replicas: usize, mut steps: Vec<Step>) -> Vec<Step> {
    let fails = |steps: &[Step]| panic::catch_unwind(|| live(replicas, steps)).is_err();
    let mut length = steps.len() / 2;
    while length > 0 {
        let mut at = 0;
        while at < steps.len() {
            let mut fewer = steps.clone();
            fewer.drain(at..(at + length).min(steps.len()));
            if fails(&fewer) { steps = fewer } else { at += length }
        }
        length /= 2;
    }
    steps
}

/// The first of these seeds whose history goes wrong, and how much the others folded.
fn first_failure(seeds: Range<u64>) -> (Option<u64>, usize) {
    let mut folded = 0;
    for seed in seeds {
        let (replicas, steps) = history::random(seed);
        match panic::catch_unwind(|| live(replicas, &steps)) {
            Ok(more) => folded += more,
            Err(_) => return (Some(seed), folded),
        }
    }
    (None, folded)
}

#[test]
fn what_chance_hardly_finds() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    for (_, replicas, steps) in history::crafted() {
        live(replicas, &steps);
    }
}

#[test]
fn every_replica_shows_what_the_definition_says() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let seeds = match number("SCALESMALL_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("SCALESMALL_HISTORIES").unwrap_or(HISTORIES_DEFAULT),
    };
    let (failure, folded) = first_failure(seeds.clone());
    if let Some(seed) = failure {
        let (replicas, steps) = history::random(seed);
        panic!(
            "{replicas} replicas, {:#?}\nreplay: SCALESMALL_SEED={seed} cargo test -p scalesmall-crdt --test model",
            shrink(replicas, steps)
        );
    }
    println!("{} histories, {folded} contributions folded", seeds.end - seeds.start);
    assert!(seeds.end - seeds.start < 100 || folded > 0, "nothing was ever folded");
}

/// Each condition of folding is needed, and its absence noticed.
#[cfg(feature = "ablation")]
#[test]
fn without_any_one_condition_a_history_goes_wrong() {
    use scalesmall_crdt::ablation::{Condition, switch_off};

    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    // What goes wrong here is meant to.
    panic::set_hook(Box::new(|_| {}));
    let histories = number("SCALESMALL_ABLATION_HISTORIES").unwrap_or(200_000);
    let mut unnoticed = Vec::new();
    let mut try_without = |name: String| {
        let fails = |(_, replicas, steps): &(_, usize, Vec<Step>)| {
            panic::catch_unwind(|| live(*replicas, steps)).is_err()
        };
        if let Some((story, ..)) = history::crafted().into_iter().find(fails) {
            println!("without {name}: {story} goes wrong");
        } else if let Some(seed) = first_failure(0..histories).0 {
            println!("without {name}: history {seed} goes wrong");
        } else {
            unnoticed.push(name);
        }
    };
    for condition in [
        Condition::Stable,
        Condition::Quiet,
        Condition::CancelledWhole,
        Condition::OwnEntry,
        Condition::SameRoster,
        Condition::RetiredEntries,
    ] {
        switch_off(Some(condition));
        try_without(format!("{condition:?}"));
    }
    switch_off(None);
    ablation::hear_strangers(true);
    try_without("MembersOnly".to_owned());
    ablation::hear_strangers(false);
    let _ = panic::take_hook();
    assert!(unnoticed.is_empty(), "{unnoticed:?} not noticed within {histories} histories");
}
