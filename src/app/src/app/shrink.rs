//! Shrinking the run that is shown, in what time the frames leave.

use std::sync::Arc;

use scalesmall_sim::Scenario;

use super::timeline::Timeline;
use super::{App, SIMULATION_MS, now_ms};
use crate::player::{Player, State};
use crate::shrinking::Shrinking;

impl App {
    /// Begins to shrink the run that is shown, which stands still meanwhile.
    pub(super) fn shrink(&mut self) {
        if self.is_shrinking() {
            return;
        }
        self.player.pause();
        self.shrinking = Some(Shrinking::new(Arc::clone(&self.timelines[self.timeline].scenario)));
    }

    /// Whether a run is being shrunk at present.
    pub(super) fn is_shrinking(&self) -> bool {
        self.shrinking.as_ref().is_some_and(Shrinking::is_working)
    }

    /// Whether the run has ended badly, and is not what is left of another one.
    pub(super) fn has_ended_badly(&self) -> bool {
        let is_whole = self.timelines[self.timeline].from.is_some();
        is_whole && self.player.state() == State::Ended && self.picture.distinct > 1
    }

    /// Which timeline has been shrunk, where another one is shown.
    pub(super) fn shrunk_timeline(&self) -> Option<usize> {
        let origin = self.shrinking.as_ref().filter(|it| !it.is_working())?.origin();
        let is_origin = |timeline: &Timeline| Arc::ptr_eq(&timeline.scenario, origin);
        self.timelines.iter().position(is_origin).filter(|&it| it != self.timeline)
    }

    /// Shrinks on for as long as a frame has time. True if it has ended in this one.
    pub(super) fn go_on_shrinking(&mut self) -> bool {
        let Some(shrinking) = self.shrinking.as_mut().filter(|it| it.is_working()) else {
            return false;
        };
        let deadline_ms = now_ms() + SIMULATION_MS;
        if let Some(least) = shrinking.advance(|| now_ms() < deadline_ms) {
            self.show_shrunk(least);
        }
        !self.is_shrinking()
    }

    fn show_shrunk(&mut self, least: Scenario) {
        if least == *self.timelines[self.timeline].scenario {
            // It was shrunk before.
            return;
        }
        let scenario = Arc::new(least);
        self.add_timeline(Timeline::new(Arc::clone(&scenario), None));
        self.play(Player::new(scenario, self.player.speed(), true));
    }
}
