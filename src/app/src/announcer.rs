//! What is said aloud to somebody who does not see the stage.

use crate::picture::Picture;
use crate::player::State;
use crate::texts::{plural, text};
use crate::words;

/// The least time between two announcements, in milliseconds.
const PAUSE_MS: f64 = 1_500.0;

/// Announces events, not every change: a cut, a heal, agreement, the end.
#[derive(Default)]
pub(crate) struct Announcer {
    said: Option<Situation>,
    said_at_ms: f64,
    pub(crate) text: String,
}

#[derive(Clone, Copy, PartialEq)]
struct Situation {
    cut_off: usize,
    agree: bool,
    has_ended: bool,
}

impl Announcer {
    /// True if there is something new to say.
    pub(crate) fn follow(&mut self, now_ms: f64, picture: &Picture, state: State) -> bool {
        let situation = Situation {
            cut_off: picture.cut_off(),
            agree: picture.has_converged,
            has_ended: state == State::Ended,
        };
        if self.said == Some(situation) || now_ms - self.said_at_ms < PAUSE_MS {
            return false;
        }
        let cut_off_before = self.said.map_or(0, |said| said.cut_off);
        let event = match (cut_off_before, situation.cut_off) {
            (before, 0) if before > 0 => Some(text!("announcer.healed").to_owned()),
            (before, now) if before != now => Some(plural!("announcer.cut", now)),
            _ => None,
        };
        let (time, verdict) = (words::decimal(picture.at), words::verdict(picture));
        let now = text!("announcer.now", time = time, verdict = verdict);
        let end = situation.has_ended.then(|| text!("announcer.ended").to_owned());
        let sentences: Vec<String> = [event, Some(now), end].into_iter().flatten().collect();
        self.text = sentences.join(" ");
        self.said = Some(situation);
        self.said_at_ms = now_ms;
        true
    }
}
