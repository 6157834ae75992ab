//! Rooms in which everybody comes and goes.

use scalesmall_crdt::{Claim, Operation};

use crate::world::World;

/// A room that goes on, of which the first peer is there all the time.
pub(crate) struct Churn {
    pub(crate) world: World,
    /// Who is there.
    there: Vec<usize>,
    steps: u64,
}

/// In each of so many seconds somebody does something; after so many, one goes and another one comes.
const STEP_MS: u64 = 1_000;
const STAY_STEPS: u64 = 20;
/// The claims that the first peer lets be.
const CLAIMS: usize = 100;

impl Churn {
    /// A room with so many peers at a time, each with so many nodes.
    pub(crate) fn new(seed: u64, peers: usize, nodes: usize) -> Self {
        let mut world = World::new(seed);
        let there = (0..peers).map(|_| world.add(nodes, "hush")).collect();
        world.connect_all();
        world.agree_within_ms(60_000);
        Self { world, there, steps: 0 }
    }

    /// Lets so many minutes pass.
    pub(crate) fn pass_minutes(&mut self, minutes: u64) {
        (0..minutes * 60_000 / STEP_MS).for_each(|_| self.step());
    }

    fn step(&mut self) {
        self.steps += 1;
        let place = self.world.random.below(self.there.len() as u32) as usize;
        let start = self.world.random.below(100) * 1_000;
        self.world.claim(self.there[place], 0, start);
        self.release_one();
        if self.steps.is_multiple_of(STAY_STEPS) {
            self.replace_one();
        }
        self.world.pass_ms(STEP_MS);
    }

    /// The first peer lets a claim go, its own or that of somebody who is gone.
    fn release_one(&mut self) {
        let truth = self.world.peer(0).truth();
        let claims: Vec<Claim> = truth.claims().map(|(claim, _)| claim).collect();
        if claims.len() > CLAIMS {
            let chosen = self.world.random.below(claims.len() as u32) as usize;
            let claim = claims[chosen].clone();
            self.world.operate(0, 0, Operation::Release { claim });
        }
    }

    /// One goes, every other time without a word, and another one comes.
    fn replace_one(&mut self) {
        let place = 1 + self.world.random.below(self.there.len() as u32 - 1) as usize;
        let old = self.there[place];
        let nodes = self.world.peer(old).hosted().count();
        if (self.steps / STAY_STEPS).is_multiple_of(2) {
            self.world.kill(old);
        } else {
            self.world.leave(old);
        }
        let new = self.world.add(nodes, "hush");
        self.there[place] = new;
        let others: Vec<usize> = self.there.iter().copied().filter(|&it| it != new).collect();
        others.into_iter().for_each(|other| self.world.connect(new, other));
    }
}

#[test]
fn nobody_has_to_begin_anew_where_others_come_and_go() {
    for seed in [4, 5] {
        let mut churn = Churn::new(seed, 4, 2);
        churn.pass_minutes(9);
        churn.world.agree_within_ms(60_000);
        let truth = churn.world.peer(0).truth();
        let again = truth.context().iter().find(|(replica, _)| replica.incarnation > 0);
        assert_eq!(again, None, "seed {seed}");
    }
}
