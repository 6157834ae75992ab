//! Several runs of one schedule, side by side and in step.
//!
//! What comes next in any of the runs comes next in all of them: no run is ever ahead of another
//! by an event, however little time a frame has, and each comes to what it comes to alone. A run
//! that has ended waits for the others where it ended.

use std::sync::Arc;

use scalesmall_sim::{Scenario, SimTime};

use crate::player::{Player, State};
use crate::setting::Setting;
use crate::speed::Speed;

/// One of the runs.
pub(crate) struct Contender {
    pub(crate) setting: Setting,
    pub(crate) player: Player,
}

/// Something to get to, in as many frames as it takes.
#[derive(Clone, Copy)]
enum Goal {
    Time(SimTime),
    /// The next moment at which something changes in any run.
    Change,
}

/// Runs of one scenario that differ in a setting alone, watched together.
pub(crate) struct Comparison {
    scenario: Arc<Scenario>,
    contenders: Vec<Contender>,
    is_playing: bool,
    speed: Speed,
    goal: Option<Goal>,
    /// Whether the latest frame could not keep up with the speed.
    is_behind: bool,
}

// --- Looking at it ---

impl Comparison {
    pub(crate) fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// The runs, in the order of their settings.
    pub(crate) fn contenders(&self) -> &[Contender] {
        &self.contenders
    }

    /// The time of all runs that have not ended; where all have, the latest end.
    pub(crate) fn now(&self) -> SimTime {
        let simulations = || self.contenders.iter().map(|it| it.player.simulation());
        let going = simulations().filter(|it| !it.has_ended()).map(|it| it.now()).min();
        going.or(simulations().map(|it| it.now()).max()).unwrap_or(SimTime::ZERO)
    }

    /// The end of the longest run, as far as it is known.
    pub(crate) fn extent(&self) -> SimTime {
        let extents = self.contenders.iter().map(|it| it.player.extent());
        extents.max().unwrap_or(SimTime::ZERO)
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.contenders.iter().all(|it| it.player.simulation().has_ended())
    }

    pub(crate) fn state(&self) -> State {
        match (self.has_ended(), self.is_playing) {
            _ if self.goal.is_some() => State::Running,
            (true, _) => State::Ended,
            (false, true) => State::Running,
            (false, false) => State::Paused,
        }
    }

    pub(crate) fn is_playing(&self) -> bool {
        self.state() != State::Ended && self.is_playing
    }

    pub(crate) fn speed(&self) -> Speed {
        self.speed
    }

    /// Whether simulated time is slower than asked for, because the runs are too heavy.
    pub(crate) fn is_behind(&self) -> bool {
        self.is_behind
    }
}

// --- Playing it ---

impl Comparison {
    pub(crate) fn new(
        scenario: Arc<Scenario>,
        settings: &[Setting],
        speed: Speed,
        is_playing: bool,
    ) -> Self {
        let contenders = Vec::new();
        let mut comparison =
            Self { scenario, contenders, is_playing, speed, goal: None, is_behind: false };
        comparison.set_settings(settings);
        comparison
    }

    /// Compares these settings from now on. Runs that there are go on; the others catch up.
    pub(crate) fn set_settings(&mut self, settings: &[Setting]) {
        let now = self.now();
        let mut before = std::mem::take(&mut self.contenders);
        for &setting in settings {
            let known = before.iter().position(|it| it.setting == setting);
            let contender = known.map(|place| before.swap_remove(place));
            self.contenders.push(contender.unwrap_or_else(|| {
                let scenario = setting.applied_to(&self.scenario);
                let player = Player::compared(scenario, Speed::default());
                Contender { setting, player }
            }));
        }
        for contender in &mut self.contenders {
            contender.player.share_memory(settings.len());
        }
        if now > SimTime::ZERO {
            self.goal = Some(Goal::Time(now));
        }
    }

    pub(crate) fn set_speed(&mut self, speed: Speed) {
        self.speed = speed;
    }

    /// Plays or pauses; from the end, plays again.
    pub(crate) fn toggle(&mut self) {
        if self.state() == State::Ended {
            self.restart();
        } else {
            self.is_playing = !self.is_playing;
        }
    }

    /// Goes back to time 0, and plays on if it was playing or had ended.
    pub(crate) fn restart(&mut self) {
        self.is_playing |= self.has_ended();
        self.seek(SimTime::ZERO);
    }

    /// Goes to a time.
    pub(crate) fn seek(&mut self, to: SimTime) {
        for Contender { player, .. } in &mut self.contenders {
            if player.simulation().now() > to {
                player.seek(to);
            }
        }
        self.goal = Some(Goal::Time(to));
    }

    /// Pauses, and goes to the next moment at which something changes in any run.
    pub(crate) fn step_forward(&mut self) {
        self.is_playing = false;
        self.goal = Some(Goal::Change);
    }

    /// Pauses, and goes to the moment of change before this one.
    pub(crate) fn step_back(&mut self) {
        let now = self.now();
        let changes = self.contenders.iter().filter_map(|it| it.player.changed_before(now));
        let before = changes.max().unwrap_or(SimTime::ZERO);
        self.is_playing = false;
        self.seek(before);
    }

    /// Lets `wall_us` microseconds pass for the one who watches. Works for as long as `has_time`
    /// says; what is not done by then slows simulated time down.
    pub(crate) fn advance(&mut self, wall_us: u64, has_time: impl FnMut() -> bool) {
        self.is_behind = false;
        let reached = match self.goal {
            Some(Goal::Time(time)) => self.advance_to(time, has_time),
            Some(Goal::Change) => self.advance_to_change(has_time),
            None if self.is_playing => {
                let due = self.speed.pass(self.now(), wall_us);
                let is_in_time = self.advance_to(due, has_time);
                self.is_behind = !is_in_time && self.speed != Speed::Max;
                is_in_time
            }
            None => return,
        };
        if reached {
            self.goal = None;
        }
    }

    /// True when all are there.
    fn advance_to(&mut self, time: SimTime, mut has_time: impl FnMut() -> bool) -> bool {
        while let Some(next) = self.next_time().filter(|&next| next <= time) {
            if !has_time() {
                return false;
            }
            self.pass(next);
        }
        self.pass(time);
        true
    }

    /// True when it is there, or when nothing changes any more.
    fn advance_to_change(&mut self, mut has_time: impl FnMut() -> bool) -> bool {
        let before = self.changes();
        while self.changes() == before {
            if !has_time() {
                return false;
            }
            let Some(next) = self.next_time() else {
                self.pass(SimTime::from_us(u64::MAX));
                return true;
            };
            self.pass(next);
        }
        true
    }

    /// When something happens next in any run that goes on.
    fn next_time(&self) -> Option<SimTime> {
        let going = self.contenders.iter().map(|it| it.player.simulation());
        going.filter(|it| !it.has_ended()).filter_map(|it| it.next_time()).min()
    }

    /// How often anything has changed in all runs together.
    fn changes(&self) -> u64 {
        self.contenders.iter().map(|it| it.player.simulation().changes()).sum()
    }

    /// Brings every run that has not come so far to this time.
    fn pass(&mut self, time: SimTime) {
        for Contender { player, .. } in &mut self.contenders {
            let simulation = player.simulation();
            if !simulation.has_ended() && simulation.now() <= time {
                player.seek(time);
                player.advance(0, || true);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scalesmall_sim::{Simulation, builtin};

    const SETTINGS: &str = "push-pull/delta,tree/delta,push/full-state,pull/operation";

    fn first_light() -> Arc<Scenario> {
        Arc::new(Scenario::parse(builtin::FIRST_LIGHT).unwrap())
    }

    fn comparison() -> Comparison {
        let settings = Setting::parse_list(SETTINGS, &first_light()).unwrap();
        Comparison::new(first_light(), &settings, Speed::default(), true)
    }

    fn play_to_the_end(comparison: &mut Comparison) {
        while comparison.state() != State::Ended {
            comparison.advance(16_000, || true);
        }
    }

    /// What is to be seen of each run.
    fn seen(comparison: &Comparison) -> Vec<(SimTime, String, u64, usize)> {
        let simulations = comparison.contenders().iter().map(|it| it.player.simulation());
        let one = |it: &Simulation| {
            (it.now(), it.trace().to_string(), it.metrics().bytes_sent, it.distinct())
        };
        simulations.map(one).collect()
    }

    #[test]
    fn each_run_comes_to_what_it_comes_to_alone() {
        let mut comparison = comparison();
        play_to_the_end(&mut comparison);
        for Contender { setting, player } in comparison.contenders() {
            let mut alone = Simulation::new(setting.applied_to(&first_light()));
            while alone.step() {}
            let simulation = player.simulation();
            assert_eq!(simulation.trace(), alone.trace(), "{setting}");
            assert_eq!(simulation.now(), alone.now(), "{setting}");
            assert_eq!(simulation.metrics(), alone.metrics(), "{setting}");
        }
        let ends = comparison.contenders().iter().map(|it| it.player.simulation().now());
        assert_eq!(comparison.now(), ends.max().unwrap());
    }

    #[test]
    fn no_run_is_ahead_however_little_time_there_is() {
        let mut comparison = comparison();
        let mut frames = 0;
        while comparison.now() < SimTime::from_ms(3_000) {
            let mut moments = 7;
            comparison.advance(100_000, || {
                moments -= 1;
                moments > 0
            });
            frames += 1;
            let next = comparison.next_time().unwrap();
            for contender in comparison.contenders() {
                assert!(contender.player.simulation().now() <= next);
                assert!(contender.player.simulation().next_time().unwrap() >= next);
            }
            assert!(comparison.is_behind());
        }
        assert!(frames > 100, "{frames} frames");
    }

    #[test]
    fn going_back_and_forth_shows_the_same() {
        let mut comparison = comparison();
        let go = |comparison: &mut Comparison, ms: u32| {
            comparison.seek(SimTime::from_ms(ms));
            comparison.advance(0, || true);
            seen(comparison)
        };
        let (early, late) = (go(&mut comparison, 2_500), go(&mut comparison, 30_000));
        assert_eq!(comparison.state(), State::Ended);
        assert_eq!(go(&mut comparison, 2_500), early);
        assert_eq!(comparison.now(), SimTime::from_ms(2_500));
        assert_eq!(go(&mut comparison, 30_000), late);
        assert!(late.iter().any(|one| one.0 != late[0].0), "some end earlier than others");
    }

    #[test]
    fn steps_go_from_change_to_change_of_any_run() {
        let mut comparison = comparison();
        let mut moments = Vec::new();
        for _ in 0..30 {
            comparison.step_forward();
            comparison.advance(0, || true);
            moments.push((comparison.now(), seen(&comparison)));
        }
        assert!(moments.is_sorted_by(|one, next| one.0 < next.0));
        for moment in moments.iter().rev().skip(1) {
            comparison.step_back();
            comparison.advance(0, || true);
            assert_eq!(&(comparison.now(), seen(&comparison)), moment);
        }
        assert_eq!(comparison.state(), State::Paused);
    }

    #[test]
    fn a_setting_that_is_added_catches_up_and_the_others_stay() {
        let all = Setting::parse_list(SETTINGS, &first_light()).unwrap();
        let mut two = Comparison::new(first_light(), &all[..2], Speed::default(), false);
        two.seek(SimTime::from_ms(4_000));
        two.advance(0, || true);
        two.set_settings(&all);
        assert_eq!(two.contenders()[0].player.simulation().now(), SimTime::from_ms(4_000));
        two.advance(0, || true);
        let mut four = comparison();
        four.seek(SimTime::from_ms(4_000));
        four.advance(0, || true);
        assert_eq!(seen(&two), seen(&four));
        two.set_settings(&[all[2], all[0]]);
        two.advance(0, || true);
        assert_eq!(seen(&two), [seen(&four)[2].clone(), seen(&four)[0].clone()]);
    }

    #[test]
    fn play_from_the_end_plays_again() {
        let mut comparison = comparison();
        play_to_the_end(&mut comparison);
        comparison.toggle();
        comparison.advance(0, || true);
        assert_eq!((comparison.state(), comparison.now()), (State::Running, SimTime::ZERO));
        comparison.toggle();
        assert_eq!(comparison.state(), State::Paused);
        comparison.advance(1_000_000, || true);
        assert_eq!(comparison.now(), SimTime::ZERO);
    }
}
