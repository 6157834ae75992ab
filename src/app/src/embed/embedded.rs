//! What a stage does because it is a part of another page.

use std::sync::Arc;

use scalesmall_sim::Scenario;
use yew::{AttrValue, Callback};

use super::{Heard, Host, Request, Sight};
use crate::components::Status;
use crate::links;
use crate::player::Player;

/// The page around, and who can see the stage in it.
pub(crate) struct Embedded {
    /// The address at which what is played is a page of its own.
    alone: AttrValue,
    /// Nothing where the page is in no other, whatever its address says.
    host: Option<Host>,
    _sight: Option<Sight>,
    /// Whether it plays on when it is seen again.
    resumes: bool,
}

impl Embedded {
    /// `on_heard` gets what the page around says, `on_due` is called when it is time to
    /// [`tell`](Self::tell) it something, and `on_sight` with whether the stage can be seen.
    pub(crate) fn new(
        scenario: &Scenario,
        on_heard: Callback<Heard>,
        on_due: Callback<()>,
        on_sight: Callback<bool>,
    ) -> Self {
        Self {
            alone: links::plain(scenario).into(),
            host: Host::find(on_heard, on_due),
            _sight: Sight::watch(on_sight),
            resumes: false,
        }
    }

    pub(crate) fn alone(&self) -> AttrValue {
        self.alone.clone()
    }

    /// Another scenario is played.
    pub(crate) fn follow_scenario(&mut self, scenario: &Scenario) {
        self.alone = links::plain(scenario).into();
    }

    /// Takes note of how the run stands.
    pub(crate) fn follow(&mut self, now_ms: f64, status: Status) {
        self.host.iter_mut().for_each(|host| host.follow(now_ms, status.clone()));
    }

    /// Tells the page around what is due.
    pub(crate) fn tell(&mut self, now_ms: f64) {
        self.host.iter_mut().for_each(|host| host.tell(now_ms));
    }

    /// Does what the page around asks for; a scenario is for the caller to load.
    pub(crate) fn hear(
        &mut self,
        heard: Heard,
        player: &mut Player,
        status: &Status,
    ) -> Option<Arc<Scenario>> {
        let host = self.host.as_mut()?;
        host.meet(&heard);
        match heard.request {
            Err(reason) => host.say_error(&reason),
            Ok(Request::Play) if player.is_playing() => {}
            Ok(Request::Play) => player.toggle(),
            Ok(Request::Pause) => {
                self.resumes = false;
                if player.is_playing() {
                    player.toggle();
                }
            }
            Ok(Request::Restart) => player.restart(),
            Ok(Request::Seek(to)) => player.seek(to),
            Ok(Request::Speed(speed)) => player.set_speed(speed),
            Ok(Request::Load(scenario)) => return Some(scenario),
            Ok(Request::Status) => host.say_status(status),
        }
        None
    }

    /// Pauses while nobody can see the stage.
    pub(crate) fn see(&mut self, is_seen: bool, player: &mut Player) {
        let is_playing = player.is_playing();
        if is_seen && std::mem::take(&mut self.resumes) && !is_playing {
            player.toggle();
        } else if !is_seen && is_playing {
            self.resumes = true;
            player.toggle();
        }
    }
}
