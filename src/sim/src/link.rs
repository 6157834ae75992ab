//! One direction between two nodes.

use std::num::NonZeroU32;

use scalesmall_node::{Random, SimTime};

use crate::NetworkSettings;
use crate::limits::LINK_WAIT_MS_MAX;

/// A link keeps messages in order, but for those that the settings tell it to reorder.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    random: Random,
    /// When all that is to be transmitted so far is through.
    free_at: SimTime,
    /// When the latest message that kept its place arrives.
    latest: SimTime,
}

impl Link {
    pub(crate) fn new(random: Random) -> Self {
        Self { random, free_at: SimTime::ZERO, latest: SimTime::ZERO }
    }

    /// When the copies of a message of so many bytes sent `now` arrive: none if it is lost, two if
    /// it is duplicated.
    pub(crate) fn send(
        &mut self,
        now: SimTime,
        bytes: u64,
        settings: &NetworkSettings,
    ) -> Vec<SimTime> {
        let Some(sent) = self.transmit(now, bytes, settings.bytes_per_s) else {
            return Vec::new();
        };
        // What is lost, or arrives twice, has been transmitted once.
        if settings.loss.happens(&mut self.random) {
            return Vec::new();
        }
        let copies = 1 + usize::from(settings.duplicate.happens(&mut self.random));
        (0..copies).map(|_| self.arrival(sent, settings)).collect()
    }

    /// Forgets what goes before, for a message that need not wait for it.
    pub(crate) fn begin_anew(&mut self) {
        (self.free_at, self.latest) = (SimTime::ZERO, SimTime::ZERO);
    }

    /// When a message is through that goes onto the link after those before it; nothing where it
    /// would have to wait too long for them.
    fn transmit(
        &mut self,
        now: SimTime,
        bytes: u64,
        bytes_per_s: Option<NonZeroU32>,
    ) -> Option<SimTime> {
        let Some(bytes_per_s) = bytes_per_s else { return Some(now) };
        let start = self.free_at.max(now);
        if start.us_since(now) > u64::from(LINK_WAIT_MS_MAX) * 1_000 {
            return None;
        }
        self.free_at = start + (bytes * 1_000_000).div_ceil(u64::from(bytes_per_s.get()));
        Some(self.free_at)
    }

    fn arrival(&mut self, sent: SimTime, settings: &NetworkSettings) -> SimTime {
        let [least_us, most_us] = settings.latency_us;
        let usual = sent + u64::from(least_us + self.random.below(most_us - least_us + 1));
        if settings.reorder.happens(&mut self.random) {
            // Out of its place: up to one greatest latency later, and nobody waits for it.
            return usual + u64::from(self.random.below(most_us + 1));
        }
        self.latest = self.latest.max(usual);
        self.latest
    }
}
