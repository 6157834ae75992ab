//! What a peer's nodes are asked, and what they want done.

use scalesmall_crdt::{Delta, NodeId, Operation, OperationError, Replicated};
use scalesmall_node::{Effects as NodeEffects, Event as NodeEvent, Observation, SimTime};

use super::{Effects, Peer, Refusal};
use crate::frame::Parcel;
use crate::routes::DISTANCE_MAX;

/// How many updates of each replica are kept to follow what nodes elsewhere see.
const LOGGED_MAX: usize = 1_000;

impl Peer {
    pub(super) fn operate(
        &mut self,
        now: SimTime,
        name: NodeId,
        operation: Operation,
        effects: &mut Effects,
    ) {
        let Some(index) = self.hosts.iter().position(|host| host.name == name) else {
            return effects.refused.push(Refusal::NotHosted(name));
        };
        if !self.hosts[index].is_member() {
            return effects.refused.push(Refusal::NotAdmitted(name));
        }
        let refused = self.run(now, index, NodeEvent::Operation(operation));
        if refused.is_empty() {
            // All hear at once what the node had seen when it did that, and nothing after it.
            self.next_tick = now;
        }
        effects.refused.extend(refused.into_iter().map(Refusal::Operation));
    }

    pub(super) fn fire_timers(&mut self, now: SimTime) {
        while let Some(entry) = self.timers.first_entry().filter(|entry| entry.key().0 <= now) {
            let (index, life, timer) = entry.remove();
            if self.hosts[index].life == life {
                self.run(now, index, NodeEvent::Timer(timer));
            }
        }
    }

    pub(super) fn deliver_at_home(&mut self, now: SimTime) {
        while let Some((index, from, message)) = self.inbox.pop_front() {
            self.run(now, index, NodeEvent::Message { from, message });
        }
    }

    /// Lets a node handle something, and does what it wants done. Returns the operations that it
    /// refused.
    pub(super) fn run(
        &mut self,
        now: SimTime,
        index: usize,
        event: NodeEvent,
    ) -> Vec<OperationError> {
        let mut effects = NodeEffects::new();
        let host = &mut self.hosts[index];
        let life = host.life;
        let Some(node) = host.node_mut() else { return Vec::new() };
        let mut replica = node.id().clone();
        node.handle(now, event, &mut effects);
        let from = node.id().clone();
        let (mut refused, mut has_merged) = (Vec::new(), false);
        for observation in effects.observations {
            match observation {
                Observation::Issued(update) | Observation::Applied(update) => {
                    self.recorder.note(|recording| recording.learn(now, &replica, &update));
                    for update in self.truth.join(&Delta::from_iter([update])).applied {
                        let replica = update.dot.replica.clone();
                        self.log.push(update);
                        self.log.keep(&replica, |_, newer| newer < LOGGED_MAX);
                    }
                }
                Observation::Merged(..) => {
                    has_merged = true;
                    let Some(node) = self.hosts[index].node() else { continue };
                    for (replica, counters) in
                        Replicated::merge(&mut self.truth, node.claims()).news
                    {
                        self.log.skip(&replica, *counters.end());
                    }
                }
                Observation::Refused(error) => refused.push(error),
                Observation::BegunAnew(fresh) => {
                    replica = fresh;
                    self.note_begun_anew(index);
                }
                _ => {}
            }
        }
        self.record_host(now, index, has_merged);
        for (at, timer) in effects.timers {
            self.timers_set += 1;
            self.timers.insert((at, self.timers_set), (index, life, timer));
        }
        for (to, message) in effects.messages {
            match self.hosts.iter().position(|host| host.name == to) {
                Some(to) => self.inbox.push_back((to, from.clone(), message)),
                None => {
                    let Some(way) = self.routes.way_to(&to) else { continue };
                    let (from, message) = (from.clone(), message.to_bytes());
                    self.post(way, Parcel { steps_left: DISTANCE_MAX, from, to, message });
                }
            }
        }
        refused
    }
}
