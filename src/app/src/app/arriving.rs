//! What the address asks for, and how somebody gets there and back.

use std::sync::Arc;

use scalesmall_sim::{Scenario, SimTime};

use super::timeline::Timeline;
use super::{App, Screen};
use crate::address;
use crate::arrival::Arrival;
use crate::identity::Identities;
use crate::location::{fragment, json};
use crate::player::Player;
use crate::problem::Problem;
use crate::setting::Setting;
use crate::shared::Shared;
use crate::space_time;
use crate::speed::Speed;
use crate::visible;

impl App {
    /// Shows what the address asks for now. The run on the stage stays where it is the one that is
    /// asked for, so that one comes back to it as one left it.
    pub(super) fn follow_address(&mut self, arrival: Arrival) {
        let Arrival { wish, error } = &arrival;
        let is_same = error.is_none() && *wish.scenario == *self.player.simulation().scenario();
        match &wish.compare {
            None if self.is_comparing() && fragment() == self.loaded.0 => {
                self.show(Screen::Stage);
            }
            Some(settings) if is_same => self.show(Screen::Compare(settings.clone())),
            _ => self.load(arrival),
        }
    }

    /// Shows this screen, on which nothing is painted yet.
    pub(super) fn show(&mut self, screen: Screen) {
        self.screen = screen;
        (self.sharing, self.chosen, self.frame) = (None, None, None);
        self.bands.forget();
        self.painted_divergence = None;
    }

    /// The fragment of an address that shows the run as it is now, or compares it.
    pub(super) fn address_of(&self, settings: Vec<Setting>) -> String {
        let (fragment, scenario) = &self.loaded;
        let is_as_loaded = Arc::ptr_eq(scenario, &self.timelines[self.timeline].scenario);
        // Back to the stage it is the address that the stage was left at.
        if is_as_loaded || settings.is_empty() {
            return address::with_settings(fragment, &settings);
        }
        address::with_settings(&json(self.player.simulation().scenario()), &settings)
    }

    /// The fragment of an address that shows the run under this setting, at this time.
    pub(super) fn address_of_variant(&mut self, setting: Setting, at: SimTime) -> String {
        let scenario = self.player.simulation().scenario();
        if setting == Setting::of(scenario) {
            self.seek(at);
            return self.address_of(Vec::new());
        }
        format!("{}&at={}", json(&setting.applied_to(scenario)), at.as_ms())
    }

    /// Starts over with something else.
    pub(super) fn load(&mut self, Arrival { wish, error }: Arrival) {
        let scenario = wish.scenario;
        let player = player(&scenario, wish.speed, wish.at, error.is_none());
        self.loaded = (loaded_from(error.as_deref()), Arc::clone(&scenario));
        self.show(wish.compare.map_or(Screen::Stage, Screen::Compare));
        self.timelines = vec![Timeline::new(scenario, Some(SimTime::ZERO))];
        self.timeline = 0;
        self.shrinking = None;
        self.error = error.map(Problem::Address);
        self.keys = visible::of_scenario(player.simulation().scenario());
        self.play(player);
        self.open(wish.node);
    }

    /// Shows another run.
    pub(super) fn play(&mut self, player: Player) {
        self.player = player;
        self.painted_divergence = None;
        self.chosen = None;
        self.open(None);
        self.identities = Shared::new(Identities::of(self.player.simulation().scenario()));
        self.lanes = space_time::Choice::of(self.player.simulation());
        self.follow_scenario();
        self.picture = Shared::new(self.photographer.take(self.player.simulation()));
        self.pictured = self.player.version();
    }
}

/// A run from its beginning, or paused at a moment.
pub(super) fn player(
    scenario: &Arc<Scenario>,
    speed: Speed,
    at: Option<SimTime>,
    is_playing: bool,
) -> Player {
    let mut player = Player::new(Arc::clone(scenario), speed, is_playing && at.is_none());
    at.into_iter().for_each(|at| player.seek(at));
    player
}

/// The fragment of the address that brings the stage back as it is loaded now; nothing where the
/// address has an error.
pub(super) fn loaded_from(error: Option<&str>) -> String {
    error.map_or_else(|| address::with_settings(&fragment(), &[]), |_| String::new())
}
