//! A run as somebody watches it: playing, paused, stepped, sought.

use std::sync::Arc;

use scalesmall_sim::{Scenario, SimTime, Simulation};

use crate::checkpoints::Checkpoints;
use crate::chronicle::Chronicle;
use crate::divergence::Divergence;
use crate::speed::Speed;

/// The most moments of one kind that are remembered.
const MOMENTS_MAX: usize = 100_000;

/// What a run is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Running,
    Paused,
    Ended,
}

impl State {
    /// The word for it in the document.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Ended => "ended",
        }
    }
}

/// Something to get to, in as many frames as it takes.
#[derive(Clone, Copy)]
enum Goal {
    /// Whatever happens next.
    Event,
    /// The next moment at which all come to agree, or no longer do.
    Turn,
    Time(SimTime),
    /// The next moment at which something changes that is to be seen.
    Change,
}

/// Plays one scenario. What is shown at a time depends on that time alone, however it was
/// reached: to go back is to play again from a checkpoint, or from the start.
pub(crate) struct Player {
    scenario: Arc<Scenario>,
    /// How the run begins: with a record of what passes between nodes, or without.
    begin: fn(Arc<Scenario>) -> Simulation,
    simulation: Simulation,
    checkpoints: Checkpoints,
    /// Counts the simulations that there have been, each of which counts its changes anew.
    takes: u64,
    is_playing: bool,
    speed: Speed,
    /// Where it is going, playing or not.
    goal: Option<Goal>,
    /// When something changed that is to be seen, ascending.
    changed_at: Vec<SimTime>,
    /// When all live nodes came to agree, ascending.
    agreed_at: Vec<SimTime>,
    /// When they no longer did, ascending.
    parted_at: Vec<SimTime>,
    divergence: Divergence,
    chronicle: Chronicle,
    furthest: SimTime,
    /// Where the run ended, once it has.
    ended_at: Option<SimTime>,
    /// Whether the latest frame could not keep up with the speed.
    is_behind: bool,
}

impl Player {
    pub(crate) fn new(scenario: impl Into<Arc<Scenario>>, speed: Speed, is_playing: bool) -> Self {
        let scenario = scenario.into();
        Self::beginning(scenario, speed, is_playing, Simulation::with_traffic)
    }

    /// The same without a chronicle, with what people meant.
    pub(crate) fn compared(scenario: impl Into<Arc<Scenario>>, speed: Speed) -> Self {
        Self::beginning(scenario.into(), speed, false, Simulation::with_intentions)
    }

    fn beginning(
        scenario: Arc<Scenario>,
        speed: Speed,
        is_playing: bool,
        begin: fn(Arc<Scenario>) -> Simulation,
    ) -> Self {
        let mut simulation = begin(Arc::clone(&scenario));
        let mut chronicle = Chronicle::default();
        chronicle.follow(&mut simulation);
        Self {
            begin,
            simulation,
            chronicle,
            divergence: Divergence::new(&scenario),
            scenario,
            checkpoints: Checkpoints::new(),
            takes: 0,
            is_playing,
            speed,
            goal: None,
            changed_at: Vec::new(),
            agreed_at: Vec::new(),
            parted_at: Vec::new(),
            furthest: SimTime::ZERO,
            ended_at: None,
            is_behind: false,
        }
    }

    pub(crate) fn simulation(&self) -> &Simulation {
        &self.simulation
    }

    /// Differs whenever what is to be seen may differ.
    pub(crate) fn version(&self) -> (u64, u64) {
        (self.takes, self.simulation.changes())
    }

    pub(crate) fn state(&self) -> State {
        match (self.simulation.has_ended(), self.is_playing) {
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

    /// Whether simulated time is slower than asked for, because the run is too heavy.
    pub(crate) fn is_behind(&self) -> bool {
        self.is_behind
    }

    /// When all live nodes came to agree, as far as the run has been played, ascending.
    pub(crate) fn agreed_at(&self) -> &[SimTime] {
        &self.agreed_at
    }

    /// Who disagreed, when and where, as far as the run has been played.
    pub(crate) fn divergence(&self) -> &Divergence {
        &self.divergence
    }

    /// What has passed between the nodes, as far as the run has been played.
    pub(crate) fn chronicle(&self) -> &Chronicle {
        &self.chronicle
    }

    /// The latest moment before `time` at which something changed that is to be seen.
    pub(crate) fn changed_before(&self, time: SimTime) -> Option<SimTime> {
        self.changed_at.iter().rev().copied().find(|&at| at < time)
    }

    /// The end of the run as far as it is known: where it ended, or some way past what has been
    /// played and past the last step.
    pub(crate) fn extent(&self) -> SimTime {
        let last_step = self.scenario.steps.last().map_or(SimTime::ZERO, |step| step.at);
        let reached = self.furthest.max(last_step).as_us();
        match self.ended_at {
            Some(end) => end,
            // In coarse strides, so that the scale does not creep.
            None => {
                SimTime::from_us((reached / 2_000_000 + 2) * 2_000_000).min(self.scenario.until.max)
            }
        }
    }

    /// Keeps what it remembers small enough for so many players at a time.
    pub(crate) fn share_memory(&mut self, players: usize) {
        self.checkpoints.share_memory(players);
    }

    pub(crate) fn set_speed(&mut self, speed: Speed) {
        self.speed = speed;
    }

    /// Plays or pauses; from the end, plays again.
    pub(crate) fn toggle(&mut self) {
        if self.state() == State::Ended {
            self.restart();
            self.is_playing = true;
        } else {
            self.is_playing = !self.is_playing;
        }
    }

    pub(crate) fn pause(&mut self) {
        self.is_playing = false;
        self.goal = None;
    }

    /// Goes back to time 0, and plays on if it was playing.
    pub(crate) fn restart(&mut self) {
        self.is_playing |= self.simulation.has_ended();
        self.jump(SimTime::ZERO);
    }

    /// Pauses, and goes to the next moment at which something changes that is to be seen.
    pub(crate) fn step_forward(&mut self) {
        self.is_playing = false;
        self.goal = Some(Goal::Change);
    }

    /// Pauses, and goes to the moment of change before this one.
    pub(crate) fn step_back(&mut self) {
        let before = self.changed_before(self.simulation.now());
        self.seek(before.unwrap_or(SimTime::ZERO));
        self.is_playing = false;
    }

    /// Pauses, and lets the next thing happen, be it to be seen or not.
    pub(crate) fn step_event(&mut self) {
        self.is_playing = false;
        self.goal = Some(Goal::Event);
    }

    /// Pauses, and goes to the next moment at which all come to agree, or no longer do.
    pub(crate) fn turn_forward(&mut self) {
        self.is_playing = false;
        self.goal = Some(Goal::Turn);
    }

    /// Pauses, and goes to the moment before this one at which all came to agree, or no longer did.
    pub(crate) fn turn_back(&mut self) {
        let now = self.simulation.now();
        let turns = self.agreed_at.iter().chain(&self.parted_at).copied();
        self.seek(turns.filter(|&at| at < now).max().unwrap_or(SimTime::ZERO));
        self.is_playing = false;
    }

    /// Goes to a time, by the shortest way that is known.
    pub(crate) fn seek(&mut self, to: SimTime) {
        let now = self.simulation.now();
        if to < now || self.checkpoints.latest_by(to).is_some_and(|at| at > now) {
            self.jump(to);
        }
        self.goal = Some(Goal::Time(to));
    }

    /// Whether it is on its way to a time, and what lies between is not meant to be seen.
    pub(crate) fn is_seeking(&self) -> bool {
        matches!(self.goal, Some(Goal::Time(_)))
    }

    /// Goes on from now by another scenario with the same past, and lets happen what that has in
    /// store by `until`, at once. False where it has another past.
    pub(crate) fn fork(&mut self, scenario: Arc<Scenario>, until: SimTime) -> bool {
        let Some(fork) = self.simulation.fork(Arc::clone(&scenario)) else { return false };
        self.simulation = fork;
        self.scenario = scenario;
        self.takes += 1;
        self.goal = None;
        self.forget_after(self.simulation.now());
        self.advance_to(until, || true);
        self.note_extent();
        true
    }

    /// Whether another scenario begins as this one does.
    pub(crate) fn has_same_beginning(&self, other: &Scenario) -> bool {
        let own = &*self.scenario;
        own.seed == other.seed
            && own.replicas.get(..own.founders) == other.replicas.get(..other.founders)
            && own.network == other.network
            && own.start == other.start
    }

    /// Shows another timeline, which has the same beginning, at the same time.
    pub(crate) fn change_timeline(&mut self, scenario: Arc<Scenario>) {
        let now = self.simulation.now();
        let parted = common_past(&self.scenario, &scenario).min(now);
        self.scenario = scenario;
        // From there on, all that is known is of the other one.
        self.forget_after(parted);
        self.jump(parted);
        self.goal = Some(Goal::Time(now));
    }

    /// Whether the run has been played further than to where it is now.
    pub(crate) fn is_in_the_past(&self) -> bool {
        self.simulation.now() < self.furthest
    }

    fn forget_after(&mut self, time: SimTime) {
        self.changed_at.retain(|&at| at <= time);
        self.agreed_at.retain(|&at| at <= time);
        self.parted_at.retain(|&at| at <= time);
        (self.furthest, self.ended_at) = (time, None);
        self.divergence.forget_after(time);
        self.chronicle.forget_after(time);
        self.checkpoints.forget_after(time);
    }

    /// Lets `wall_us` microseconds pass for the one who watches. Works for as long as `has_time`
    /// says; what is not done by then slows simulated time down.
    pub(crate) fn advance(&mut self, wall_us: u64, has_time: impl FnMut() -> bool) {
        self.is_behind = false;
        let reached = match self.goal {
            Some(Goal::Event) => {
                self.advance_by_one();
                true
            }
            Some(Goal::Change) => self.advance_until(has_time, Simulation::changes),
            Some(Goal::Turn) => self.advance_until(has_time, |it| it.agreed().is_some()),
            Some(Goal::Time(time)) => self.advance_to(time, has_time),
            None if self.is_playing => {
                let due = self.speed.pass(self.simulation.now(), wall_us);
                let is_in_time = self.advance_to(due, has_time);
                self.is_behind = !is_in_time && self.speed != Speed::Max;
                is_in_time
            }
            None => return,
        };
        if reached {
            self.goal = None;
        }
        self.note_extent();
    }

    /// True when it is there.
    fn advance_to(&mut self, time: SimTime, mut has_time: impl FnMut() -> bool) -> bool {
        while !self.simulation.has_ended() && self.is_next_by(time) {
            if !has_time() {
                return false;
            }
            self.advance_by_one();
        }
        self.simulation.run_until(time);
        true
    }

    /// True when this is another than it was, or when nothing changes any more.
    fn advance_until<T: PartialEq>(
        &mut self,
        mut has_time: impl FnMut() -> bool,
        what: impl Fn(&Simulation) -> T,
    ) -> bool {
        let before = what(&self.simulation);
        while what(&self.simulation) == before {
            if !has_time() {
                return false;
            }
            if !self.advance_by_one() {
                return true;
            }
        }
        // What happens at the same time belongs to the same picture.
        let now = self.simulation.now();
        while self.is_next_by(now) && self.advance_by_one() {}
        true
    }

    /// Whether something happens at `time` or before it.
    fn is_next_by(&self, time: SimTime) -> bool {
        self.simulation.next_time().is_some_and(|next| next <= time)
    }

    fn advance_by_one(&mut self) -> bool {
        if let Some(next) = self.simulation.next_time() {
            self.divergence.pass(&self.simulation, next.min(self.scenario.until.max));
        }
        let changes = self.simulation.changes();
        let agreed = self.simulation.agreed();
        let goes_on = self.simulation.step();
        self.chronicle.follow(&mut self.simulation);
        self.checkpoints.follow(&self.simulation);
        let now = self.simulation.now();
        if self.simulation.changes() != changes {
            remember(&mut self.changed_at, now);
        }
        if agreed.is_none() && self.simulation.agreed().is_some() {
            remember(&mut self.agreed_at, now);
        }
        if agreed.is_some() && self.simulation.agreed().is_none() {
            remember(&mut self.parted_at, now);
        }
        goes_on
    }

    fn note_extent(&mut self) {
        let now = self.simulation.now();
        self.furthest = self.furthest.max(now);
        // What else happens now belongs to what is seen now, too.
        if self.simulation.has_ended() || !self.is_next_by(now) {
            self.divergence.pass(&self.simulation, now + 1);
        }
        if self.simulation.has_ended() {
            self.ended_at = Some(now);
        }
    }

    /// Goes to the latest moment at `to` or before it that is known, which may be the beginning.
    fn jump(&mut self, to: SimTime) {
        let scenario = &self.scenario;
        let before = self.checkpoints.before(to, scenario);
        let anew = || (self.begin)(Arc::clone(scenario));
        self.simulation = before.unwrap_or_else(anew);
        // A run that begins anew has passages at once.
        self.chronicle.follow(&mut self.simulation);
        self.takes += 1;
        self.goal = None;
    }
}

/// Until when two scenarios are the same.
fn common_past(one: &Scenario, other: &Scenario) -> SimTime {
    let is_same = |(a, b): &(_, _)| a == b;
    let same = one.steps.iter().zip(&other.steps).take_while(is_same).count();
    let next = [one, other].into_iter().filter_map(|scenario| scenario.steps.get(same));
    next.map(|step| step.at).min().unwrap_or(SimTime::from_us(u64::MAX))
}

/// Adds a moment, unless it is known from an earlier take.
fn remember(moments: &mut Vec<SimTime>, at: SimTime) {
    if moments.last().is_none_or(|&last| last < at) && moments.len() < MOMENTS_MAX {
        moments.push(at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn player(is_playing: bool) -> Player {
        let scenario = Scenario::parse(scalesmall_sim::builtin::FIRST_LIGHT).unwrap();
        Player::new(scenario, Speed::default(), is_playing)
    }

    fn play_to_the_end(player: &mut Player) {
        while player.state() != State::Ended {
            player.advance(16_000, || true);
        }
    }

    #[test]
    fn frames_of_any_length_come_to_the_same_end() {
        let (mut smooth, mut at_once) = (player(true), player(true));
        at_once.set_speed(Speed::Max);
        play_to_the_end(&mut smooth);
        at_once.advance(1, || true);
        assert_eq!(at_once.state(), State::Ended);
        assert_eq!(smooth.simulation().trace(), at_once.simulation().trace());
        assert_eq!(smooth.simulation().now(), at_once.simulation().now());
    }

    #[test]
    fn going_back_shows_what_was_shown_then() {
        let mut player = player(true);
        let mut seen = Vec::new();
        for _ in 0..20 {
            player.step_forward();
            player.advance(0, || true);
            seen.push((player.simulation().now(), player.simulation().trace()));
        }
        for &(at, _) in seen.iter().rev().skip(1) {
            player.step_back();
            player.advance(0, || true);
            assert_eq!(player.simulation().now(), at);
        }
        let &(at, trace) = seen.last().unwrap();
        player.seek(at);
        player.advance(0, || true);
        assert_eq!((player.simulation().now(), player.simulation().trace()), (at, trace));
        assert_eq!(player.state(), State::Paused);
    }

    #[test]
    fn going_a_long_way_takes_a_few_events() {
        let mut player = player(true);
        play_to_the_end(&mut player);
        let end = (player.simulation().now(), player.simulation().trace());
        let mut most = 0;
        for at_ms in (0..end.0.as_ms()).rev().step_by(97) {
            player.seek(SimTime::from_ms(at_ms as u32));
            let mut events = 0;
            player.advance(0, || {
                events += 1;
                true
            });
            most = most.max(events);
        }
        assert!(most < 3_000, "{most} events to go back");
        // And no more to go there again.
        player.seek(end.0);
        let mut events = 0;
        player.advance(0, || {
            events += 1;
            true
        });
        assert!(events < 3_000, "{events} events to go on");
        assert_eq!((player.simulation().now(), player.simulation().trace()), end);
    }

    #[test]
    fn to_play_again_takes_no_more_memory() {
        let mut player = player(true);
        let mut kept = || {
            play_to_the_end(&mut player);
            player.toggle();
            player.checkpoints.len()
        };
        let first = kept();
        assert!(first > 0);
        for _ in 0..5 {
            assert_eq!(kept(), first);
        }
    }

    #[test]
    fn a_fork_goes_on_from_where_it_is_and_the_other_timeline_stays() {
        let mut player = player(true);
        player.seek(SimTime::from_ms(3_000));
        player.advance(0, || true);
        let first = Arc::clone(&player.scenario);
        let crash = crate::edit::step(serde_json::json!({ "crash": "n03" }));
        let now = player.simulation().now();
        let other = Arc::new(crate::edit::with_step(&first, now, crash).unwrap());
        assert!(player.fork(Arc::clone(&other), now));
        play_to_the_end(&mut player);
        let fork = player.simulation().trace();

        player.change_timeline(first);
        play_to_the_end(&mut player);
        let mut alone = self::player(true);
        play_to_the_end(&mut alone);
        assert_eq!(player.simulation().trace(), alone.simulation().trace());
        player.seek(SimTime::from_ms(2_000));
        player.advance(0, || true);
        player.change_timeline(other);
        play_to_the_end(&mut player);
        assert_eq!(player.simulation().trace(), fork);
    }

    #[test]
    fn a_step_takes_effect_at_once_though_time_stands_still() {
        let mut player = player(false);
        player.seek(SimTime::from_us(3_000_400));
        player.advance(0, || true);
        for (index, node) in ["n03", "n04"].into_iter().enumerate() {
            let crash = crate::edit::step(serde_json::json!({ "crash": node }));
            let now = player.simulation().now();
            let other = crate::edit::with_step(&player.scenario, now, crash.clone()).unwrap();
            assert!(player.fork(Arc::new(other), crate::edit::moment(now)));
            let replica = &player.simulation().replicas()[index + 2];
            assert_eq!(replica.status(), scalesmall_sim::Status::Down);
            assert_eq!(player.simulation().now(), SimTime::from_ms(3_001));
            assert_eq!(player.state(), State::Paused);
            let again = crate::edit::with_step(&player.scenario, now, crash);
            assert!(again.unwrap_err().contains("has crashed"));
        }
    }

    #[test]
    fn one_goes_from_turn_to_turn_and_back_and_from_event_to_event() {
        let mut player = player(false);
        let turn = |player: &mut Player| {
            player.advance(0, || true);
            (player.simulation().now(), player.simulation().agreed().is_some())
        };
        let mut turns = vec![turn(&mut player)];
        for _ in 0..3 {
            player.turn_forward();
            turns.push(turn(&mut player));
        }
        assert!(turns.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 != pair[1].1));
        for &(at, _) in turns.iter().rev().skip(1) {
            player.turn_back();
            assert_eq!(turn(&mut player).0, at);
        }
        let next = player.simulation().next_time();
        player.step_event();
        assert_eq!(Some(turn(&mut player).0), next);
    }

    #[test]
    fn a_frame_without_time_slows_simulated_time() {
        let mut player = player(true);
        let mut events = 5;
        player.advance(1_000_000, || {
            events -= 1;
            events > 0
        });
        assert!(player.is_behind());
        assert!(player.simulation().now() < SimTime::from_ms(1_000));
        player.advance(0, || true);
        assert!(!player.is_behind());
    }

    #[test]
    fn a_step_to_a_change_that_never_comes_takes_its_time() {
        let text = r#"{ "format": 1, "replicas": ["a", "b"], "until": { "max_ms": 60000 } }"#;
        let mut player = Player::new(Scenario::parse(text).unwrap(), Speed::default(), false);
        player.step_forward();
        let mut frames = 0;
        while player.state() == State::Running {
            let mut events = 50;
            player.advance(16_000, || {
                events -= 1;
                events > 0
            });
            frames += 1;
        }
        assert!(frames > 10, "{frames} frames");
        assert_eq!(player.state(), State::Ended);
    }

    #[test]
    fn play_from_the_end_plays_again() {
        let mut player = player(true);
        play_to_the_end(&mut player);
        player.toggle();
        assert_eq!((player.state(), player.simulation().now()), (State::Running, SimTime::ZERO));
        player.toggle();
        assert_eq!(player.state(), State::Paused);
        player.advance(1_000_000, || true);
        assert_eq!(player.simulation().now(), SimTime::ZERO);
    }
}
