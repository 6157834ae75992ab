//! What somebody does to the run, and the timelines that come of it.

use std::sync::Arc;

use scalesmall_sim::{Scenario, SimTime};
use serde_json::json;

use super::timeline::Timeline;
use super::{App, TIMELINES_MAX};
use crate::edit::{self, Step, step};
use crate::player::Player;
use crate::problem::Problem;

impl App {
    /// Does something to the run now. In the past, that begins another timeline.
    pub(super) fn do_step(&mut self, step: Step) {
        let simulation = self.player.simulation();
        let now = simulation.undecided_from();
        match edit::with_step(simulation.scenario(), now, step) {
            Ok(scenario) => self.go_on_by(scenario, now),
            Err(reason) => self.error = Some(Problem::Step(reason)),
        }
    }

    pub(super) fn go_on_by(&mut self, scenario: Scenario, now: SimTime) {
        let scenario = Arc::new(scenario);
        let was_in_the_past = self.player.is_in_the_past();
        if !self.player.fork(Arc::clone(&scenario), edit::moment(now)) {
            self.error = Some(Problem::OtherPast);
            return;
        }
        if !was_in_the_past {
            self.timelines[self.timeline].scenario = scenario;
        } else {
            self.add_timeline(Timeline::new(scenario, Some(now)));
        }
        self.error = None;
        self.follow_scenario();
    }

    /// Goes on in another timeline, which is the same until something is done to it.
    pub(super) fn fork(&mut self) {
        let scenario = Arc::clone(&self.timelines[self.timeline].scenario);
        self.add_timeline(Timeline::new(scenario, Some(self.player.simulation().now())));
        self.follow_scenario();
    }

    pub(super) fn add_timeline(&mut self, timeline: Timeline) {
        if self.timelines.len() == TIMELINES_MAX {
            // The first stays; of the others the oldest makes room.
            self.timelines.remove(1);
        }
        self.timeline = self.timelines.len();
        self.timelines.push(timeline);
    }

    pub(super) fn change_timeline(&mut self, timeline: usize) {
        let Some(Timeline { scenario, .. }) = self.timelines.get(timeline) else { return };
        let scenario = Arc::clone(scenario);
        self.timeline = timeline;
        match self.player.has_same_beginning(&scenario) {
            true => {
                self.player.change_timeline(scenario);
                self.follow_scenario();
            }
            false => self.play(Player::new(scenario, self.player.speed(), true)),
        }
    }

    pub(super) fn choose(&mut self, node: usize) {
        let Some(chosen) = &mut self.chosen else { return };
        match chosen.iter().position(|&other| other == node) {
            Some(place) => {
                chosen.remove(place);
            }
            None => chosen.push(node),
        }
    }

    /// Those who are chosen on one side, all others on the other.
    pub(super) fn cut_off(&mut self) {
        let Some(chosen) = self.chosen.take() else { return };
        let names: Vec<String> =
            self.picture.views.iter().map(|view| view.name.to_string()).collect();
        let (apart, rest): (Vec<_>, Vec<_>) =
            names.iter().enumerate().partition(|(node, _)| chosen.contains(node));
        let side = |nodes: Vec<(usize, &String)>| -> Vec<String> {
            nodes.into_iter().map(|(_, name)| name.clone()).collect()
        };
        self.do_step(step(json!({ "partition": [side(apart), side(rest)] })));
    }
}
