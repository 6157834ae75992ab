//! What the steps of a scenario do to a run.

use std::sync::Arc;

use scalesmall_crdt::{ReplicaId, VersionVector};
use scalesmall_node::{Event, Message, News, Node, Sync};

use super::{InFlight, Parcel, Simulation};
use crate::replica::Held;
use crate::scenario::ElsewhereNews;
use crate::{Action, Fate, Status};

impl Simulation {
    pub(super) fn act(&mut self, action: Action) {
        match action {
            Action::Operation(request) => {
                self.give(request.on, Event::Operation(request.operation), None)
            }
            Action::Partition(groups) => {
                self.network.partition(&groups, self.scenario.replicas.len());
                self.changes += 1;
            }
            Action::Heal => {
                self.network.heal();
                self.disturbed_at = self.now;
                self.changes += 1;
                let waited = self.clogs.clear();
                waited.into_iter().for_each(|(number, parcel)| self.pass(number, parcel));
            }
            Action::Cut { from, to } => {
                self.network.cut(from, to);
                self.changes += 1;
            }
            Action::Mend { from, to } => {
                if self.network.mend(from, to) {
                    self.disturbed_at = self.now;
                    self.changes += 1;
                }
            }
            Action::Clog { from, to } => {
                self.clogs.clog(from, to);
                self.changes += 1;
            }
            Action::Unclog { from, to } => {
                if let Some(waited) = self.clogs.unclog(from, to) {
                    self.disturbed_at = self.now;
                    self.changes += 1;
                    waited.into_iter().for_each(|(number, parcel)| self.pass(number, parcel));
                }
            }
            Action::Message { from, to, number, fate } => {
                let is_it = |it: InFlight| (it.number, it.from, it.to) == (number, from, to);
                if self.in_flight().any(is_it) {
                    self.decide(number, fate);
                    self.changes += 1;
                }
            }
            Action::ClockSkew { replica, skew_us } => {
                self.replicas[replica].set_clock(self.now, skew_us);
                self.changes += 1;
            }
            Action::Crash(replica) => self.stop_node(replica),
            Action::Restart { replica, lost, incarnation } => {
                // It may be about to leave.
                self.stop_node(replica);
                if lost {
                    let old = &self.replicas[replica].node;
                    // Whatever it is told, it must not be again who it has been.
                    let next = old.id().fresh();
                    let incarnation = incarnation.unwrap_or(0).max(next.incarnation);
                    let id = ReplicaId { incarnation, ..next };
                    let seed = self.seed_of(replica, &id);
                    self.replicas[replica].node = old.without_state(id, seed);
                    self.recording.iter_mut().for_each(|recording| recording.begin(replica));
                    self.forget_what_is_lost(replica);
                }
                self.set_status(replica, Status::Up);
                self.handle(replica, Event::Start, None);
            }
            Action::Join { through } => self.join(through),
            Action::Retire { replica, on } => {
                self.give(on, Event::Retire(self.scenario.replicas[replica].clone()), None);
            }
            Action::Leave(replica) => self.give(replica, Event::Leave, None),
            Action::Watch { replica, ranges } => {
                self.spreading.watch(replica, ranges.clone());
                self.give(replica, Event::Watch(ranges), None);
            }
            Action::Pause(replica) => self.set_status(replica, Status::Paused),
            Action::Resume(replica) => {
                self.set_status(replica, Status::Up);
                for Held { event, by } in std::mem::take(&mut self.replicas[replica].held) {
                    self.handle(replica, event, by);
                }
            }
            Action::Network(settings) => {
                if let Some(settings) = settings.of_nodes() {
                    for replica in &mut self.replicas {
                        replica.node.configure(settings);
                    }
                }
                self.network.configure(settings);
                self.changes += 1;
            }
            Action::Sync { from, to } => {
                // What is merged is not told a second time, to whom that makes a difference.
                let news = match self.scenario.data_type.converges() {
                    true => self.all_seen(from),
                    false => self.replicas[from].node.whole_state(),
                };
                let parcels = self.parcels(from, to, news);
                parcels.into_iter().for_each(|parcel| self.hand_over(parcel));
            }
            Action::Send { from, to, name, only_last_operation } => {
                let news = match only_last_operation {
                    true => self.last_operation(from),
                    false => self.all_seen(from),
                };
                let parcels = self.parcels(from, to, news);
                self.kept.insert(name, parcels);
            }
            Action::Deliver(name) => {
                let parcels = self.kept.get(&name).expect("the scenario has been checked").clone();
                parcels.into_iter().for_each(|parcel| self.hand_over(parcel));
            }
            Action::Receive { replica, elsewhere } => {
                let node = &self.replicas[replica].node;
                let news = match elsewhere.news() {
                    ElsewhereNews::Updates(updates) => News::Updates(updates.clone()),
                    ElsewhereNews::State(state) => {
                        let roster = node.roster().fingerprint();
                        News::State { state: state.clone(), roster }
                    }
                };
                let message = Message::News { news, seen: None };
                let from = node.id().clone();
                self.give(replica, Event::Message { from, message }, None);
            }
            Action::Observe(replica) => {
                let record = self.state_record(replica);
                self.recording.iter_mut().for_each(|recording| recording.push(record.clone()));
            }
        }
    }

    fn decide(&mut self, number: u64, fate: Fate) {
        // Whether it could be done does not matter: what is held can be held again.
        match fate {
            Fate::Hold => self.stop(number),
            Fate::Pass => self.deliver(number),
            Fate::Lose => self.lose(number),
            Fate::Repeat => self.repeat(number),
        };
    }

    /// The newest operation that `from` has issued.
    fn last_operation(&self, from: usize) -> News {
        let node = &self.replicas[from].node;
        News::Updates(node.history().newest(node.id()).cloned().into_iter().collect())
    }

    /// What `from` has seen by now.
    fn all_seen(&self, from: usize) -> News {
        let node = &self.replicas[from].node;
        match self.network.settings.gossip.sync {
            Sync::Delta | Sync::Operation if node.history().reaches(&VersionVector::new()) => {
                News::Updates(node.history().iter().cloned().collect())
            }
            _ => node.whole_state(),
        }
    }

    /// News as a message from one to another; and who the members are, where they have other
    /// opinions about that.
    fn parcels(&mut self, from: usize, to: usize, news: News) -> Vec<Parcel> {
        let node = &self.replicas[from].node;
        let (sender, roster) = (node.id().clone(), Arc::clone(node.roster()));
        let is_known = roster == *self.replicas[to].node.roster();
        let roster = (!is_known).then_some(Message::Roster { roster, is_whole: false });
        let messages = roster.into_iter().chain([Message::News { news, seen: None }]);
        let parcel = |message| {
            self.count_sent(&message);
            Parcel { from, sender: sender.clone(), to, message, sent_at: self.now }
        };
        messages.map(parcel).collect()
    }

    /// The next node of the scenario's list begins, and asks to be let in.
    fn join(&mut self, through: usize) {
        let index = self.replicas.len();
        let id = ReplicaId::first(self.scenario.replicas[index].clone());
        let contacts = Arc::new([self.scenario.replicas[through].clone()].into_iter().collect());
        let settings = self.network.settings.of_nodes();
        let seed = self.seed_of(index, &id);
        self.network.join(index, through);
        let node = Node::newcomer(id, contacts, false, settings, seed);
        self.add(node.holding(self.scenario.data_type));
        if settings.is_none() {
            let parcel = self.parcel(index, through, Message::Join);
            self.hand_over(parcel);
        }
        self.handle(index, Event::Start, None);
    }

    /// Stops a node that runs; what it waits for is void.
    pub(super) fn stop_node(&mut self, replica: usize) {
        self.set_status(replica, Status::Down);
        self.replicas[replica].life += 1;
        for Held { by, .. } in std::mem::take(&mut self.replicas[replica].held) {
            by.into_iter().for_each(|number| self.note_lost(number));
        }
    }
}
