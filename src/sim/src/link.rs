//! One direction between two nodes.

use scalesmall_node::{Random, SimTime};

use crate::NetworkSettings;

/// A link keeps messages in order, but for those that the settings tell it to reorder.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    random: Random,
    /// When the latest message that kept its place arrives.
    latest: SimTime,
}

impl Link {
    pub(crate) fn new(random: Random) -> Self {
        Self { random, latest: SimTime::ZERO }
    }

    /// When the copies of a message sent `now` arrive: none if it is lost, two if it is
    /// duplicated.
    pub(crate) fn send(&mut self, now: SimTime, settings: &NetworkSettings) -> Vec<SimTime> {
        if settings.loss.happens(&mut self.random) {
            return Vec::new();
        }
        let copies = 1 + usize::from(settings.duplicate.happens(&mut self.random));
        (0..copies).map(|_| self.arrival(now, settings)).collect()
    }

    fn arrival(&mut self, now: SimTime, settings: &NetworkSettings) -> SimTime {
        let [least_us, most_us] = settings.latency_us;
        let usual = now + u64::from(least_us + self.random.below(most_us - least_us + 1));
        if settings.reorder.happens(&mut self.random) {
            // Out of its place: up to one greatest latency later, and nobody waits for it.
            return usual + u64::from(self.random.below(most_us + 1));
        }
        self.latest = self.latest.max(usual);
        self.latest
    }
}
