//! A run in progress.

mod action;
mod delivery;
mod intervention;
mod looking;

pub use intervention::InFlight;

use std::collections::BTreeMap;
use std::sync::Arc;

use scalesmall_crdt::{
    Delta, Dot, Fingerprint, History, NodeId, Operation, ReplicaId, Replicated, Roster, Update,
};
use scalesmall_node::{
    Effects, Event, Members, Message, Node, Observation, SimTime, Timer, gathered,
};

use crate::agreement::Agreement;
use crate::anomalies::Anomalies;
use crate::clogs::Clogs;
use crate::intentions::{Intentions, Issuer};
use crate::limits::HELD_MAX;
use crate::metrics::Metrics;
use crate::network::Network;
use crate::record::{Record, StateRecord};
use crate::recording::Recording;
use crate::replica::Held;
use crate::spreading::Spreading;
use crate::traffic::{Passage, Traffic};
use crate::{Replica, Scenario, Status, Trace, seed};

/// A scenario being played: all nodes, everything in flight, and the time.
#[derive(Clone, Debug)]
pub struct Simulation {
    scenario: Arc<Scenario>,
    now: SimTime,
    has_ended: bool,
    /// How many of the scenario's steps are done.
    steps_done: usize,
    replicas: Vec<Replica>,
    /// Where each node stands in the scenario's list.
    indices: Arc<BTreeMap<NodeId, usize>>,
    network: Network,
    /// What is still to come, by time and then in the order in which it was caused.
    queue: BTreeMap<(SimTime, u64), Coming>,
    queued: u64,
    /// From when on a step that nobody has foreseen finds its place: before everything else that
    /// happens at its time.
    undecided_from: SimTime,
    /// How many of these are messages.
    in_flight_count: usize,
    /// The links that are clogged, and the messages that wait there.
    clogs: Clogs,
    /// Messages that somebody has stopped on their way, by number.
    stopped: BTreeMap<u64, Parcel>,
    /// What steps have sent, by name.
    kept: BTreeMap<String, Vec<Parcel>>,
    /// Every operation that was ever issued.
    issued: History,
    spreading: Spreading,
    truth: Box<dyn Replicated>,
    agreement: Agreement,
    /// Since when the live replicas have agreed without a break.
    agreed_since: Option<SimTime>,
    /// When the latest operation was issued or the network, or a link of it, healed.
    disturbed_at: SimTime,
    changes: u64,
    metrics: Metrics,
    trace: Trace,
    last_event: Option<(usize, &'static str)>,
    /// What has happened, if that is put on record.
    recording: Option<Recording>,
    /// What has passed between nodes, if that is put on record.
    traffic: Option<Traffic>,
    /// What people meant, if that is put on record.
    meant: Option<Intentions>,
}

/// What is put on record of a run.
#[derive(Clone, Copy, Default)]
struct OnRecord {
    operations: bool,
    traffic: bool,
    intentions: bool,
}

/// A message on its way.
#[derive(Clone, Debug)]
pub(crate) struct Parcel {
    pub(crate) from: usize,
    /// As which replica the sender spoke.
    pub(crate) sender: ReplicaId,
    pub(crate) to: usize,
    pub(crate) message: Message,
    pub(crate) sent_at: SimTime,
}

#[derive(Clone, Debug)]
pub(crate) enum Coming {
    Message(Parcel),
    Timer { replica: usize, life: u32, timer: Timer },
}

impl Simulation {
    /// The run of `scenario` at time 0, before its first step.
    #[must_use]
    pub fn new(scenario: impl Into<Arc<Scenario>>) -> Self {
        Self::begin(scenario.into(), OnRecord::default())
    }

    /// The same, with a record of what happens, for [`take_records`](Self::take_records).
    #[must_use]
    pub fn recorded(scenario: impl Into<Arc<Scenario>>) -> Self {
        Self::begin(scenario.into(), OnRecord { operations: true, ..OnRecord::default() })
    }

    /// The same, with a record of what passes between nodes, for
    /// [`take_traffic`](Self::take_traffic).
    #[must_use]
    pub fn with_traffic(scenario: impl Into<Arc<Scenario>>) -> Self {
        Self::begin(scenario.into(), OnRecord { traffic: true, ..OnRecord::default() })
    }

    /// What has been put on record since this was last asked.
    pub fn take_records(&mut self) -> Vec<Record> {
        self.recording.as_mut().map(Recording::take).unwrap_or_default()
    }

    /// The same, with both records.
    #[must_use]
    pub fn recorded_with_traffic(scenario: impl Into<Arc<Scenario>>) -> Self {
        Self::begin(
            scenario.into(),
            OnRecord { operations: true, traffic: true, ..OnRecord::default() },
        )
    }

    /// The run with a record of what people meant, for [`anomalies`](Self::anomalies).
    #[must_use]
    pub fn with_intentions(scenario: impl Into<Arc<Scenario>>) -> Self {
        Self::begin(scenario.into(), OnRecord { intentions: true, ..OnRecord::default() })
    }

    /// How often what is there is not what people meant. Nothing where that is not put on record,
    /// or not known, since the scenario [receives](Scenario::is_self_contained) what was done
    /// elsewhere. O(claims × log claims + what all replicas have seen).
    #[must_use]
    pub fn anomalies(&self) -> Option<Anomalies> {
        let meant = self.meant.as_ref().filter(|_| self.scenario.is_self_contained());
        meant.map(|meant| Anomalies::of(self, meant))
    }

    /// What has passed between nodes since this was last asked, each with its time, and how many
    /// passages came before. Nothing where that is not put on record.
    pub fn take_traffic(&mut self) -> (u64, Vec<(SimTime, Passage)>) {
        self.traffic.as_mut().map(Traffic::take).unwrap_or_default()
    }

    /// What a replica shows now.
    #[must_use]
    pub fn state_record(&self, replica: usize) -> Record {
        let claims = self.replicas[replica].claims();
        Record::State(StateRecord {
            at: self.now,
            data_type: self.scenario.data_type,
            on: self.scenario.replicas[replica].clone(),
            seen: claims.context().clone(),
            claims: gathered(claims.claims()),
        })
    }

    fn begin(scenario: Arc<Scenario>, on_record: OnRecord) -> Self {
        let founders: Vec<ReplicaId> =
            (0..scenario.founders).map(|founder| scenario.first_replica(founder)).collect();
        let mut roster = Roster::new();
        founders.iter().for_each(|founder| roster.join(founder.clone()));
        let members = Arc::new(Members::of(Arc::new(roster)));
        let mut simulation = Self {
            now: SimTime::ZERO,
            has_ended: false,
            steps_done: 0,
            replicas: Vec::new(),
            indices: Arc::new(gathered(scenario.replicas.iter().cloned().zip(0..))),
            network: Network::new(scenario.network.clone(), scenario.seed),
            queue: BTreeMap::new(),
            queued: 0,
            undecided_from: SimTime::ZERO,
            in_flight_count: 0,
            clogs: Clogs::default(),
            stopped: BTreeMap::new(),
            kept: BTreeMap::new(),
            issued: History::new(),
            spreading: Spreading::default(),
            truth: scenario.data_type.replica(),
            agreement: Agreement::default(),
            agreed_since: Some(SimTime::ZERO),
            disturbed_at: SimTime::ZERO,
            changes: 0,
            metrics: Metrics::default(),
            trace: Trace::default(),
            last_event: None,
            recording: on_record.operations.then(|| Recording::new(scenario.data_type)),
            traffic: on_record.traffic.then(Traffic::default),
            meant: on_record.intentions.then(Intentions::default),
            scenario,
        };
        let settings = simulation.network.settings.of_nodes();
        for (index, id) in founders.into_iter().enumerate() {
            let seed = simulation.seed_of(index, &id);
            let data_type = simulation.scenario.data_type;
            let node = Node::new(id, Arc::clone(&members), settings, seed);
            simulation.add(node.holding(data_type));
        }
        simulation.play_start();
        simulation.traffic.iter_mut().for_each(Traffic::begin);
        for replica in 0..simulation.replicas.len() {
            simulation.handle(replica, Event::Start, None);
        }
        simulation.end_if_converged();
        simulation
    }

    /// Does what comes next: one step of the scenario, one message that arrives or one timer.
    /// False once the run has ended.
    pub fn step(&mut self) -> bool {
        if self.has_ended {
            return false;
        }
        let Some(next) = self.next_time().filter(|&next| next <= self.scenario.until.max) else {
            self.end();
            return false;
        };
        self.now = next;
        self.last_event = None;
        let step_is_due = self.next_step_time().is_some_and(|at| at <= next);
        if step_is_due {
            let action = self.scenario.steps[self.steps_done].action.clone();
            self.steps_done += 1;
            self.act(action);
        } else {
            let (place, coming) = self.queue.pop_first().expect("something is due");
            self.undecided_from = next + 1;
            self.arrive(place, coming);
        }
        self.note_agreement();
        true
    }

    /// Notes whether all agree now, and ends where that is what the scenario waits for.
    fn note_agreement(&mut self) {
        match self.agreed() {
            Some(_) => self.agreed_since = self.agreed_since.or(Some(self.now)),
            None => self.agreed_since = None,
        }
        self.end_if_converged();
    }

    /// Plays up to and including time `until`, or to the end.
    pub fn run_until(&mut self, until: SimTime) {
        let max = self.scenario.until.max;
        while !self.has_ended {
            match self.next_time() {
                Some(next) if next <= until.min(max) => {
                    self.step();
                }
                Some(_) if until < max => {
                    self.now = self.now.max(until);
                    return;
                }
                _ => self.end(),
            }
        }
    }

    /// Ends where agreement is what the scenario waits for, and it is there.
    fn end_if_converged(&mut self) {
        let steps_are_done = self.steps_done == self.scenario.steps.len();
        self.has_ended = self.scenario.until.converged && steps_are_done && self.has_converged();
    }

    /// Ends because the time is up, or because nothing more can happen.
    fn end(&mut self) {
        let until = self.scenario.until;
        let agreement_cannot_come = until.converged && self.next_time().is_none();
        self.now = if agreement_cannot_come { self.now } else { until.max };
        self.has_ended = true;
    }

    /// When something happens next.
    #[must_use]
    pub fn next_time(&self) -> Option<SimTime> {
        let queued = self.queue.first_key_value().map(|(&(at, _), _)| at);
        self.next_step_time().into_iter().chain(queued).min()
    }

    fn next_step_time(&self) -> Option<SimTime> {
        Some(self.scenario.steps.get(self.steps_done)?.at)
    }

    /// What a node draws its random choices from that starts as `id`.
    fn seed_of(&self, index: usize, id: &ReplicaId) -> u64 {
        seed::derive(self.scenario.seed, "node", index as u64, u64::from(id.incarnation))
    }

    /// Goes on by another scenario.
    fn follow_scenario(&mut self, scenario: Arc<Scenario>) {
        self.indices = Arc::new(gathered(scenario.replicas.iter().cloned().zip(0..)));
        self.scenario = scenario;
    }

    fn add(&mut self, node: Node) {
        let replica = Replica::new(node);
        self.agreement.follow(None, replica.live_fingerprint());
        self.recording.iter_mut().for_each(|recording| recording.begin(self.replicas.len()));
        self.replicas.push(replica);
        self.changes += 1;
    }

    /// The common past: every operation is at every replica before the next is issued.
    fn play_start(&mut self) {
        let scenario = Arc::clone(&self.scenario);
        for request in &scenario.start {
            self.handle(request.on, Event::Operation(request.operation.clone()), None);
            let issuer = &self.replicas[request.on].node;
            let Some(update) = issuer.history().newest(issuer.id()) else { continue };
            let message = Message::updates([Arc::clone(update)].into_iter().collect());
            for to in (0..self.replicas.len()).filter(|&to| to != request.on) {
                let (from, message) = (request.on, message.clone());
                let parcel = self.parcel(from, to, message);
                self.hand_over(parcel);
            }
        }
        self.metrics = Metrics::default();
    }

    /// Lets a node handle an event, now or when it is no longer paused. `by` is the number of the
    /// message, where it is one.
    fn give(&mut self, replica: usize, event: Event, by: Option<u64>) {
        let Replica { status, held, .. } = &mut self.replicas[replica];
        // Timers always wait: one that is lost is never set again, and there are few.
        let has_room = held.len() < HELD_MAX || matches!(event, Event::Timer(_));
        match (*status, by) {
            (Status::Up, _) => self.handle(replica, event, by),
            (Status::Paused, _) if has_room => held.push(Held { event, by }),
            (Status::Paused | Status::Down, Some(number)) => self.note_lost(number),
            (Status::Paused | Status::Down, None) => self.metrics.messages_lost += 1,
        }
    }

    /// `by` is the number of the message, where the event is one.
    fn handle(&mut self, replica: usize, event: Event, by: Option<u64>) {
        let (kind, what) = match event {
            Event::Start => (0, "start"),
            Event::Operation(_) => (1, "operation"),
            Event::Message { .. } => (2, "message"),
            Event::Timer(Timer::Round) => (3, "round"),
            Event::Timer(Timer::Links) => (4, "links"),
            Event::Retire(_) | Event::RetireReplica(_) => (5, "retire"),
            Event::Leave | Event::Timer(Timer::Leave) => (6, "leave"),
            Event::Timer(Timer::Probe) => (7, "probe"),
            Event::Timer(Timer::Departed) => (8, "release"),
            Event::Watch(_) => (9, "watch"),
        };
        self.last_event = Some((replica, what));
        let asked = match &event {
            Event::Operation(operation) if self.meant.is_some() => Some(operation.clone()),
            _ => None,
        };
        let mut effects = Effects::new();
        let before = self.replicas[replica].live_fingerprint();
        let clock = self.replicas[replica].clock(self.now);
        self.replicas[replica].node.handle(clock, event, &mut effects);
        self.follow(replica, before);
        let after = self.replicas[replica].claims().fingerprint();
        self.trace.record(self.now, kind, replica, after);

        self.note_meant(replica, asked, &effects.observations);
        for observation in effects.observations {
            if let Some(recording) = &mut self.recording {
                recording.follow(self.now, replica, &observation);
            }
            self.note(replica, observation, by);
        }
        for (to, message) in effects.messages {
            // Of a node that nobody runs, somebody can only have invented the name.
            let to = self.indices.get(&to).copied().filter(|&to| to < self.replicas.len());
            if let Some(to) = to {
                self.send(replica, to, message);
            }
        }
        let life = self.replicas[replica].life;
        for (at, timer) in effects.timers {
            let at = self.replicas[replica].when_clock_shows(at, self.now);
            self.enqueue(at, Coming::Timer { replica, life, timer });
        }
    }

    /// Keeps what was meant: what a node was asked for, or what it has done by itself.
    fn note_meant(
        &mut self,
        replica: usize,
        asked: Option<Operation>,
        observations: &[Observation],
    ) {
        let Some(meant) = &mut self.meant else { return };
        let node = &self.replicas[replica].node;
        let done = observations.iter().filter_map(|observation| match observation {
            Observation::Issued(update) => Some(&update.operation),
            _ => None,
        });
        let done: Vec<&Operation> = done.collect();
        let had_effect = !done.is_empty();
        let issuer = Issuer { replica: node.id(), seen: node.claims().context(), had_effect };
        match &asked {
            Some(asked) => meant.note(&issuer, asked),
            None => done.into_iter().for_each(|operation| meant.note(&issuer, operation)),
        }
    }

    fn note(&mut self, replica: usize, observation: Observation, by: Option<u64>) {
        match observation {
            Observation::Issued(update) => {
                self.metrics.operations += 1;
                self.disturbed_at = self.now;
                let (indices, present) = (&self.indices, self.replicas.len());
                let index =
                    |node: &NodeId| indices.get(node).copied().filter(|&index| index < present);
                self.spreading.begin(self.now, replica, &update, &self.replicas, index);
                self.note_learned(replica, &update.dot, None);
                self.log(&update);
                self.truth.join(&Delta::from_iter([update]));
            }
            Observation::Applied(update) => self.note_arrival(replica, &update, by),
            Observation::Merged(id, counters) => {
                // Those that are older than the run stand in the state alone.
                let known = self.issued.newest(&id).map_or(0, |update| update.dot.counter);
                let dots = (*counters.start()..=known.min(*counters.end())).rev();
                let dots = dots.map(|counter| Dot { replica: id.clone(), counter });
                let updates = dots.map_while(|dot| self.issued.get(&dot).cloned());
                let updates: Vec<Arc<Update>> = updates.collect();
                for update in updates.iter().rev() {
                    self.note_arrival(replica, update, by);
                }
                let claims = self.replicas[replica].claims();
                if self.truth.context().counter(&id) < claims.context().counter(&id) {
                    self.truth.merge(claims);
                }
            }
            Observation::Repeated(count) => self.metrics.duplicates_received += count as u64,
            Observation::Refused(_) => self.metrics.operations_without_effect += 1,
            Observation::BegunAnew(_) => self.forget_what_is_lost(replica),
            Observation::Left => self.stop_node(replica),
            Observation::Joined(_)
            | Observation::RosterChanged
            | Observation::Up(_)
            | Observation::Down(_) => self.changes += 1,
        }
    }

    fn note_arrival(&mut self, replica: usize, update: &Arc<Update>, by: Option<u64>) {
        let is_own = update.dot.replica.node == self.replicas[replica].node.id().node;
        // From elsewhere, nobody in the run has told it.
        if by.is_some() || is_own {
            self.note_learned(replica, &update.dot, by);
        }
        let bytes = self.spreading.arrive(self.now, replica, &update.dot);
        self.metrics.payload_bytes_minimum += bytes;
        self.log(update);
        // It is known already, unless it was lost with a state and comes back, or is from elsewhere.
        if !self.truth.context().contains(&update.dot) {
            self.truth.join(&Delta::from_iter([Arc::clone(update)]));
        }
    }

    /// Keeps an operation that has been issued, here or elsewhere.
    fn log(&mut self, update: &Arc<Update>) {
        let Dot { replica, counter } = &update.dot;
        let known = self.issued.newest(replica).map_or(0, |newest| newest.dot.counter);
        if known < *counter {
            // What came before that and is not here is older than the run.
            self.issued.skip(replica, counter - 1);
            self.issued.push(Arc::clone(update));
        }
    }

    fn set_status(&mut self, replica: usize, status: Status) {
        if self.replicas[replica].status != status {
            self.note_passage(|| Passage::Became { replica, status });
        }
        let before = self.replicas[replica].live_fingerprint();
        self.replicas[replica].status = status;
        self.changes += 1;
        self.follow(replica, before);
    }

    /// Keeps count after replica may have changed from what it showed `before`.
    fn follow(&mut self, replica: usize, before: Option<Fingerprint>) {
        let after = self.replicas[replica].live_fingerprint();
        if before != after {
            self.agreement.follow(before, after);
            self.changes += 1;
        }
    }

    /// A replica has lost its state: the truth is what the others, crashed or not, still hold. What is in
    /// flight joins it again where it arrives.
    fn forget_what_is_lost(&mut self, replica: usize) {
        self.note_passage(|| Passage::Forgot(replica));
        self.truth = self.scenario.data_type.replica();
        for replica in &self.replicas {
            self.truth.merge(replica.claims());
        }
        self.changes += 1;
    }
}
