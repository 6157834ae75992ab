//! Under any faults, every replica shows at every moment what the definition says of the
//! operations that it has applied; and once the faults end, all agree.
//!
//! The definition of semantics.md ("The value at a replica") is computed here as naively as can
//! be, from the updates that were issued alone.
//!
//! `SCALESMALL_SCENARIOS` sets how many are played, `SCALESMALL_SCENARIO` plays one alone.

#![cfg(not(target_arch = "wasm32"))]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use common::{Moves, Replay};
use scalesmall_crdt::{Claim, Dot, Fingerprint, History, Operation, ReplicaId, Update};
use scalesmall_sim::{Replica, Scenario, Simulation, Status};

/// What an update adds to a claim by the definition: a registration, or a change of priority.
enum Added {
    Registration,
    Change(i128),
}

fn added(update: &Update) -> Option<(Claim, Added)> {
    let claim = update.operation.claim().clone();
    Some(match &update.operation {
        Operation::Register { .. } => (claim, Added::Registration),
        Operation::Increase { by, .. } => (claim, Added::Change(by.get().into())),
        // A Decrease that is a Release cancels what makes the claim live; any other, nothing.
        Operation::Decrease { by, .. } if update.cancels.is_empty() => {
            (claim, Added::Change(-i128::from(by.get())))
        }
        Operation::Decrease { .. } | Operation::Release { .. } => return None,
        Operation::Tighten { to, .. } => {
            let added = match update.tightening.as_ref().map_or(0, |tightening| tightening.carries)
            {
                0 => Added::Registration,
                carries => Added::Change(carries.into()),
            };
            (Claim::new(claim.node, *to), added)
        }
        other => unreachable!("a claim map has no {}", other.name()),
    })
}

/// The live claims with their priorities, by the definition.
fn definition(applied: &[&Update]) -> BTreeMap<Claim, i128> {
    let mut single: BTreeSet<(Claim, &Dot)> = BTreeSet::new();
    // What was folded where it was cancelled stands for all that its replica contributed before.
    let mut whole: BTreeMap<(Claim, &ReplicaId), u64> = BTreeMap::new();
    for (claim, cancels) in applied.iter().flat_map(|update| update.claims()) {
        for cancel in cancels {
            single.insert((claim.clone(), &cancel.dot));
            if cancel.is_whole {
                let latest = whole.entry((claim.clone(), &cancel.dot.replica)).or_default();
                *latest = cancel.dot.counter.max(*latest);
            }
        }
    }
    let mut surviving: BTreeMap<Claim, Vec<Added>> = BTreeMap::new();
    for update in applied {
        let Some((claim, added)) = added(update) else { continue };
        let up_to = whole.get(&(claim.clone(), &update.dot.replica)).copied().unwrap_or_default();
        if !single.contains(&(claim.clone(), &update.dot)) && update.dot.counter > up_to {
            surviving.entry(claim).or_default().push(added);
        }
    }
    let value = |contributions: &[Added]| {
        let registered = contributions.iter().any(|c| matches!(c, Added::Registration));
        let changes = contributions.iter().filter_map(|added| match added {
            Added::Registration => None,
            Added::Change(by) => Some(*by),
        });
        let changes: Vec<i128> = changes.collect();
        let present = registered || changes.iter().any(|by| *by > 0);
        let total: i128 = changes.iter().sum();
        (present && (changes.is_empty() || total > 0)).then_some(total)
    };
    surviving.into_iter().filter_map(|(claim, added)| Some((claim, value(&added)?))).collect()
}

/// Checks what a replica shows against the definition.
fn check(replica: &Replica, issued: &History) {
    let context = replica.claims().context();
    let applied: Vec<&Update> =
        issued.iter().map(AsRef::as_ref).filter(|update| context.contains(&update.dot)).collect();
    let shown: BTreeMap<Claim, i128> =
        replica.claims().claims().map(|(claim, by)| (claim, by.into())).collect();
    assert_eq!(shown, definition(&applied), "{} at its {applied:#?}", replica.node().id());
    assert_eq!(context.operations(), applied.len() as u64, "what it has applied was issued");
    let logged = replica.node().history().iter();
    let logged: BTreeSet<&Dot> = logged.map(|update| &update.dot).collect();
    assert!(logged.is_subset(&applied.iter().map(|update| &update.dot).collect()));
}

/// What happened in some runs, so that it is known that they have tried it.
#[derive(Debug, Default)]
struct Tried {
    operations: u64,
    without_effect: u64,
    lost: u64,
    /// Checks of a replica that was down, or paused, or that had an update waiting.
    down: u64,
    paused: u64,
    waiting: u64,
    disagreed: u64,
    /// Links that were cut one way, or clogged, and clocks that were skewed.
    cut: u64,
    clogged: u64,
    skewed: u64,
}

impl Tried {
    fn and(self, other: Self) -> Self {
        Self {
            operations: self.operations + other.operations,
            without_effect: self.without_effect + other.without_effect,
            lost: self.lost + other.lost,
            down: self.down + other.down,
            paused: self.paused + other.paused,
            waiting: self.waiting + other.waiting,
            disagreed: self.disagreed + other.disagreed,
            cut: self.cut + other.cut,
            clogged: self.clogged + other.clogged,
            skewed: self.skewed + other.skewed,
        }
    }
}

/// Plays a scenario, checks everything after every event, and then that all have come to agree.
fn play(text: &str, tried: &mut Tried) {
    let mut simulation = Simulation::new(Scenario::parse(text).expect("the scenario can be run"));
    let mut checked: Vec<Option<Fingerprint>> = vec![None; simulation.replicas().len()];
    let max = simulation.scenario().until.max;
    loop {
        simulation.check_invariants();
        // Some join in the course of a run.
        checked.resize(simulation.replicas().len(), None);
        for (replica, checked) in simulation.replicas().iter().zip(&mut checked) {
            tried.down += u64::from(replica.status() == Status::Down);
            tried.paused += u64::from(replica.status() == Status::Paused);
            tried.skewed += u64::from(replica.clock_skew_us() != 0);
            tried.waiting += u64::from(replica.claims().waiting() > 0);
            // What it shows follows from what it has applied, and the fingerprint covers that.
            if *checked != Some(replica.claims().fingerprint()) {
                *checked = Some(replica.claims().fingerprint());
                check(replica, simulation.issued());
            }
        }
        tried.cut += simulation.cuts().count() as u64;
        tried.clogged += simulation.clogs().count() as u64;
        tried.disagreed += u64::from(simulation.agreed().is_none());
        if !simulation.step() {
            break;
        }
    }
    tried.operations += simulation.metrics().operations;
    tried.without_effect += simulation.metrics().operations_without_effect;
    tried.lost += simulation.metrics().messages_lost;

    assert!(simulation.has_converged(), "no agreement by {}", simulation.now());
    assert!(simulation.now() < max);
    assert_eq!(simulation.agreed(), Some(simulation.truth().fingerprint()), "something is lost");
    let first = &simulation.replicas()[0];
    for replica in simulation.replicas() {
        assert_eq!(replica.status(), Status::Up);
        assert_eq!(replica.claims().context(), first.claims().context());
        assert!(replica.claims().claims().eq(first.claims().claims()));
        assert_eq!(replica.claims().ownership(), first.claims().ownership());
    }
}

/// How many scenarios are played, unless the environment says how many.
const SCENARIOS: u64 = 1_000;

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

/// Plays them on all cores, each one on one of them.
fn play_many(name: &str, moves: Moves) -> Tried {
    let indices = match number("SCALESMALL_SCENARIO") {
        Some(index) => index..index + 1,
        None => 0..number("SCALESMALL_SCENARIOS").unwrap_or(SCENARIOS),
    };
    let next = AtomicU64::new(indices.start);
    let play_some = || {
        let mut tried = Tried::default();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= indices.end {
                return tried;
            }
            let text = common::scenario(index, moves);
            let _replay = Replay { name, index, text: &text };
            play(&text, &mut tried);
        }
    };
    let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    thread::scope(|scope| {
        let players: Vec<_> = (0..cores).map(|_| scope.spawn(play_some)).collect();
        let played = players.into_iter().map(|player| match player.join() {
            Ok(tried) => tried,
            // It has said which scenario has failed.
            Err(panic) => std::panic::resume_unwind(panic),
        });
        played.fold(Tried::default(), Tried::and)
    })
}

#[test]
fn gossip_shows_what_it_must_and_brings_agreement() {
    let tried = play_many("gossip", Moves::Gossip);
    let Tried { operations, without_effect, lost, down, paused, disagreed, .. } = tried;
    let Tried { cut, clogged, skewed, .. } = tried;
    for happened in
        [operations, without_effect, lost, down, paused, disagreed, cut, clogged, skewed]
    {
        let is_one = number("SCALESMALL_SCENARIO").is_some();
        assert!(is_one || happened > 500, "the scenarios try too little: {tried:?}");
    }
}

#[test]
fn manual_delivery_shows_what_it_must_and_brings_agreement() {
    let tried = play_many("manual", Moves::Manual);
    let Tried { operations, without_effect, down, paused, waiting, disagreed, .. } = tried;
    for happened in [operations, without_effect, down, paused, waiting, disagreed] {
        let is_one = number("SCALESMALL_SCENARIO").is_some();
        assert!(is_one || happened > 500, "the scenarios try too little: {tried:?}");
    }
}

/// Scenarios that chance has found, each when something was wrong.
const FOUND: [(&str, &str); 3] = [
    // One side has folded what a replica of the other, let in by both, had cancelled in part.
    ("folded by one side", include_str!("found/folded-by-one-side.json")),
    // Who had been retired began a roster of its own, not knowing of a member that had joined since.
    ("a member unknown to the retired", include_str!("found/a-member-unknown-to-the-retired.json")),
    // Newcomers that were never let in stood in the way of those who had all lost their states.
    ("newcomers among the lost", include_str!("found/newcomers-among-the-lost.json")),
];

#[test]
fn what_chance_has_found_stays_mended() {
    for (name, text) in FOUND {
        eprintln!("{name}");
        play(text, &mut Tried::default());
    }
}
