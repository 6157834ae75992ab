//! Who is there: what a node makes of the findings of its [`Detector`], and how it leaves.

use std::sync::Arc;

use scalesmall_crdt::NodeId;

use crate::detector::{Detector, Findings};
use crate::membership::ROSTER_FANOUT;
use crate::{Effects, Message, Node, Observation, SimTime, Timer};

/// How many rounds a node stays that is about to leave.
const LEAVING_ROUNDS: u64 = 4;

impl Node {
    /// Who this node thinks is down, where it watches.
    pub fn down(&self) -> impl Iterator<Item = &NodeId> {
        self.detector.iter().flat_map(Detector::down)
    }

    pub(crate) fn begin_to_probe(&mut self, now: SimTime, effects: &mut Effects) {
        let Some(detection) = self.settings.and_then(|settings| settings.detection) else {
            self.detector = None;
            return;
        };
        let before = self.detector.take();
        let returns = before.as_ref().map_or(0, |before| before.returns() + 1);
        let seed = u64::from(self.random.draw());
        let mut detector = Detector::new(self.id(), returns, detection, self.members.len(), seed);
        let roster = Arc::clone(self.stability.roster());
        let findings = detector.expect(now, roster.members());
        self.detector = Some(detector);
        self.probes_at = None;
        self.follow_findings(now, Some(findings), effects);
        if before.is_some() {
            self.return_from_the_dead(now, effects);
        }
    }

    pub(crate) fn receive_probe(&mut self, now: SimTime, data: Arc<[u8]>, effects: &mut Effects) {
        let findings = self.detector.as_mut().map(|it| it.receive(now, data));
        self.follow_findings(now, findings, effects);
    }

    pub(crate) fn probe(&mut self, now: SimTime, effects: &mut Effects) {
        self.probes_at = None;
        let findings = self.detector.as_mut().map(|it| it.wake(now));
        self.follow_findings(now, findings, effects);
    }

    /// Begins to leave: some rounds are left for others to fetch what only this node has.
    pub(crate) fn begin_to_leave(&mut self, now: SimTime, effects: &mut Effects) {
        let interval_us = self.settings.map_or(0, |settings| u64::from(settings.interval_us));
        effects.timers.push((now + interval_us * LEAVING_ROUNDS, Timer::Leave));
        if self.is_member() && self.settings.is_some() {
            self.compare_with_random(ROSTER_FANOUT, effects);
        }
    }

    /// Says goodbye.
    pub(crate) fn leave(&mut self, now: SimTime, effects: &mut Effects) {
        let findings = self.detector.as_mut().map(|it| it.leave(now));
        self.follow_findings(now, findings, effects);
        effects.observations.push(Observation::Left);
    }

    pub(crate) fn follow_findings(
        &mut self,
        now: SimTime,
        findings: Option<Findings>,
        effects: &mut Effects,
    ) {
        let Some(findings) = findings else { return };
        for (to, data) in findings.messages {
            effects.messages.push((to, Message::Probe(data)));
        }
        for node in findings.up {
            self.note_return(&node);
            self.notice_life(now, &node, effects);
            effects.observations.push(Observation::Up(node));
        }
        for node in findings.down {
            self.note_departure(now, &node, effects);
            self.notice_death(now, &node, effects);
            effects.observations.push(Observation::Down(node));
        }
        if findings.has_returned {
            self.return_from_the_dead(now, effects);
        }
        let next = self.detector.as_ref().and_then(Detector::next_time);
        if let Some(next) = next.filter(|&next| self.probes_at.is_none_or(|at| next < at)) {
            self.probes_at = Some(next);
            effects.timers.push((next, Timer::Probe));
        }
    }
}
