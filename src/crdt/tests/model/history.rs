//! Random histories: what happens, not yet to whom it makes a difference.

use std::num::NonZeroU32;

use scalesmall_crdt::{Claim, KeyRange, NodeId, Operation};

/// One step of a history. Replicas, updates and announcements are numbers, taken modulo what there
/// is, so that a history stays one whatever is left out of it.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Issue {
        on: usize,
        operation: Operation,
    },
    /// Any updates that the sender has, in any order and grouping, lost and repeated at will.
    Deliver {
        from: usize,
        to: usize,
        updates: Vec<usize>,
    },
    /// What the receiver lacks to be up to date about some keys, as bytes for it alone.
    Range {
        from: usize,
        to: usize,
        range: KeyRange,
    },
    /// All that the sender has, and what it announces.
    Exchange {
        from: usize,
        to: usize,
    },
    /// Everybody exchanges with the next, all the way round, from one on.
    Round {
        from: usize,
    },
    /// A whole state.
    Merge {
        from: usize,
        to: usize,
    },
    /// A member says what it has seen; who hears of it, and when, is another step.
    Announce {
        from: usize,
    },
    Hear {
        to: usize,
        announcement: usize,
    },
    Fold {
        on: usize,
    },
    /// A newcomer takes its first state from a sponsor.
    Admit {
        sponsor: usize,
    },
    /// A restart with the state lost: a fresh incarnation joins through a sponsor.
    Restart {
        on: usize,
        sponsor: usize,
    },
    Retire {
        by: usize,
        whom: usize,
    },
}

/// Histories that chance hardly finds, each with how many replicas begin it.
pub(crate) fn crafted() -> [(&'static str, usize, Vec<Step>); 3] {
    [
        ("the release of a retired replica", 3, release_of_a_retired_replica()),
        ("a release that overtakes another", 3, release_that_overtakes_another()),
        ("an announcement under an older roster", 3, announcement_under_an_older_roster()),
    ]
}

fn claim() -> Claim {
    Claim::new(NodeId::new("n").unwrap(), KeyRange::new(0, 9).unwrap())
}

fn increase(on: usize) -> Step {
    Step::Issue { on, operation: Operation::Increase { claim: claim(), by: NonZeroU32::MIN } }
}

fn release(on: usize) -> Step {
    Step::Issue { on, operation: Operation::Release { claim: claim() } }
}

/// 0 retires 1 while 2 knows of a release by 1 that saw one of two increases, and folds the two
/// before it hears of that release.
fn release_of_a_retired_replica() -> Vec<Step> {
    vec![
        increase(0),
        Step::Exchange { from: 0, to: 1 },
        Step::Exchange { from: 0, to: 2 },
        increase(0),
        Step::Exchange { from: 0, to: 2 },
        release(1),
        Step::Exchange { from: 1, to: 2 },
        Step::Retire { by: 0, whom: 1 },
        Step::Announce { from: 0 },
        Step::Hear { to: 2, announcement: 4 },
        Step::Announce { from: 2 },
        Step::Hear { to: 0, announcement: 5 },
        Step::Fold { on: 0 },
        Step::Exchange { from: 2, to: 0 },
        Step::Fold { on: 0 },
    ]
}

/// 1 releases the first of three increases by 0; 2 knows of that, folds the other two and releases
/// them whole; 0 hears of the second release and not of the first, so its first increase lives on.
fn release_that_overtakes_another() -> Vec<Step> {
    vec![
        increase(0),
        Step::Exchange { from: 0, to: 1 },
        Step::Exchange { from: 0, to: 2 },
        increase(0),
        increase(0),
        release(1),
        Step::Exchange { from: 0, to: 1 },
        Step::Exchange { from: 0, to: 2 },
        Step::Exchange { from: 1, to: 2 },
        Step::Fold { on: 2 },
        release(2),
        // Of what is new to 0, the second.
        Step::Deliver { from: 2, to: 0, updates: vec![5] },
        Step::Exchange { from: 2, to: 0 },
    ]
}

/// 1 has retired 0, of which 2 knows nothing: it announces two increases, and then takes from 0 a
/// release that saw one of them. 1 folds the two before it hears of that release from 2.
fn announcement_under_an_older_roster() -> Vec<Step> {
    vec![
        Step::Retire { by: 1, whom: 0 },
        increase(2),
        Step::Exchange { from: 2, to: 0 },
        release(0),
        increase(2),
        Step::Exchange { from: 2, to: 1 },
        Step::Exchange { from: 0, to: 2 },
        Step::Fold { on: 1 },
        Step::Exchange { from: 2, to: 1 },
    ]
}

/// SplitMix64 (Steele, Lea, Flood 2014).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// An index, each as likely as its weight says.
    fn weighted(&mut self, weights: &[usize]) -> usize {
        let mut drawn = self.below(weights.iter().sum());
        let is_it = |&weight: &usize| match drawn.checked_sub(weight) {
            Some(rest) => {
                drawn = rest;
                false
            }
            None => true,
        };
        weights.iter().position(is_it).expect("the draw is below the sum")
    }
}

/// The history of a seed: how many replicas begin it, and its steps.
pub(crate) fn random(seed: u64) -> (usize, Vec<Step>) {
    let mut random = Random(seed);
    let replicas = 2 + random.below(3);
    // Few claims, so that operations meet.
    let mut claims = 1 + random.below(4);
    let length = 10 + random.below(90);
    // Some histories fold often, others spread news often, some have no newcomers: all mixtures.
    let most = [20, 16, 16, 6, 4, 8, 12, 12, 2, 2, 5, 12];
    let mut kinds = most.map(|most| random.below(most + 1) * random.below(2));
    kinds[0] += 8;
    kinds[7] += 4;
    let mut operations = [3, 8, 6, 4, 2].map(|most| random.below(most + 1));
    operations[1] += 1;
    if random.below(3) == 0 {
        // News in small pieces while members come and go: what the rules of the roster are for.
        kinds = [10, 12, 0, 0, 0, 10, 14, 10, random.below(3), 0, random.below(3), 0];
        operations = [1, 6, 1, 3, 0];
        claims = 1;
    }
    let weights = Weights { kinds, operations };
    let steps = (0..length).map(|_| weights.step(&mut random, claims)).collect();
    (replicas, steps)
}

fn ranges() -> [KeyRange; 4] {
    [(0, 9), (0, 4), (2, 3), (5, 9)].map(|(start, end)| KeyRange::new(start, end).unwrap())
}

/// How often there is what in one history.
struct Weights {
    kinds: [usize; 12],
    operations: [usize; 5],
}

impl Weights {
    fn step(&self, random: &mut Random, claims: usize) -> Step {
        let kind = random.weighted(&self.kinds);
        let mut any = || random.below(1 << 16);
        match kind {
            0 => Step::Issue { on: any(), operation: self.operation(random, claims) },
            1 => {
                let (from, to) = (any(), any());
                let count = 1 + random.below(5);
                Step::Deliver {
                    from,
                    to,
                    updates: (0..count).map(|_| random.below(1 << 16)).collect(),
                }
            }
            2 => Step::Exchange { from: any(), to: any() },
            3 => Step::Round { from: any() },
            4 => Step::Merge { from: any(), to: any() },
            5 => Step::Announce { from: any() },
            6 => Step::Hear { to: any(), announcement: any() },
            7 => Step::Fold { on: any() },
            8 => Step::Admit { sponsor: any() },
            9 => Step::Restart { on: any(), sponsor: any() },
            10 => Step::Retire { by: any(), whom: any() },
            11 => Step::Range { from: any(), to: any(), range: ranges()[random.below(claims)] },
            _ => unreachable!("there are twelve kinds"),
        }
    }

    fn operation(&self, random: &mut Random, claims: usize) -> Operation {
        let ranges = ranges();
        let node = NodeId::new("n").unwrap();
        let range = ranges[random.below(claims)];
        let claim = Claim::new(node, range);
        let by = NonZeroU32::new(1 + random.below(3) as u32).unwrap();
        match random.weighted(&self.operations) {
            0 => Operation::Register { claim },
            1 => Operation::Increase { claim, by },
            2 => Operation::Decrease { claim, by },
            3 => Operation::Release { claim },
            _ => match ranges.iter().find(|to| to.is_strictly_inside(range)) {
                Some(&to) => Operation::Tighten { claim, to },
                None => Operation::Release { claim },
            },
        }
    }
}
