//! The node itself.

use std::collections::VecDeque;
use std::sync::Arc;

use scalesmall_crdt::{
    DataType, Fingerprint, History, NodeId, Operation, ReplicaId, Replicated, Roster, Stability,
    Update, VersionVector,
};

use crate::departed::Departed;
use crate::detector::Detector;
use crate::interest::Watching;
use crate::membership::Joining;
use crate::rumours::Rumour;
use crate::strife::Strife;
use crate::tree::Tree;
use crate::{
    Effects, Event, Members, Message, News, Observation, Random, Settings, SimTime, Strategy, Sync,
    Timer,
};

/// While news keeps coming, this many digests of others are not looked into before one is.
const DIGESTS_PASSED_OVER_MAX: u8 = 64;

/// A node: one replica of the claims, or of what else is to be [compared](DataType) with them, the log of what it has applied, and what it tells its peers.
#[derive(Clone, Debug)]
pub struct Node {
    pub(crate) id: ReplicaId,
    pub(crate) claims: Box<dyn Replicated>,
    pub(crate) history: History,
    /// Who the members are, and what they have seen.
    pub(crate) stability: Stability,
    /// What all members had seen when that was last known.
    pub(crate) stable: VersionVector,
    /// Whether members have been heard since.
    pub(crate) has_heard: bool,
    pub(crate) rounds: u32,
    pub(crate) joining: Joining,
    pub(crate) strife: Strife,
    /// Whom this node can turn to, itself perhaps included: the nodes of its roster, or those that
    /// it asks to be let in.
    pub(crate) members: Arc<Members>,
    /// Where this node stands among them.
    pub(crate) position: Option<usize>,
    pub(crate) settings: Option<Settings>,
    pub(crate) random: Random,
    pub(crate) rumours: Vec<Rumour>,
    pub(crate) tree: Tree,
    pub(crate) detector: Option<Detector>,
    /// When the timer is due that was set last for it.
    pub(crate) probes_at: Option<SimTime>,
    pub(crate) departed: Departed,
    pub(crate) watching: Watching,
    /// The time of the latest event.
    clock: SimTime,
    /// When something new came last.
    changed_at: SimTime,
    /// When this node last began to settle a difference with somebody.
    compared_at: SimTime,
    digests_passed_over: u8,
    /// How many operations had been applied at the beginning of each of the latest rounds, the
    /// oldest first: as many rounds as news takes to reach everybody.
    pub(crate) progress: VecDeque<u64>,
}

impl Node {
    /// A node that has seen nothing, and that is one of the `members` who begin together. It draws
    /// all its random choices from `seed`. Without `settings` it tells nothing by itself; it only
    /// takes in what it is sent.
    #[must_use]
    pub fn new(
        id: ReplicaId,
        members: Arc<Members>,
        settings: Option<Settings>,
        seed: u64,
    ) -> Self {
        let stability = Stability::new(id.clone(), Arc::clone(members.roster()));
        Self::begin(id, stability, members, settings, seed)
    }

    /// A node that has seen nothing, and that asks one of the nodes of `contacts` to let it in: a
    /// newcomer, or a node that has lost its state. If it `knows_all` that there may be, and all of
    /// them have lost their states, they begin again.
    #[must_use]
    pub fn newcomer(
        id: ReplicaId,
        contacts: Arc<Members>,
        knows_all: bool,
        settings: Option<Settings>,
        seed: u64,
    ) -> Self {
        let stability = Stability::new(id.clone(), Roster::new());
        let joining = Joining::new(knows_all);
        Self { joining, ..Self::begin(id, stability, contacts, settings, seed) }
    }

    /// The same node with a replica of another data type than the claim map, before it has seen
    /// anything. All members have replicas of the same.
    #[must_use]
    pub fn holding(self, data_type: DataType) -> Self {
        assert_eq!(self.claims.context().operations(), 0, "{} has a state already", self.id);
        Self { claims: data_type.replica(), ..self }
    }

    /// The node that this one is after a restart without its state: another replica, under `id`,
    /// which nobody has been before, and which asks the nodes that this one knew to let it in.
    #[must_use]
    pub fn without_state(&self, id: ReplicaId, seed: u64) -> Self {
        let members = Arc::clone(&self.members);
        let knows_all = self.is_member() || self.joining.knows_all();
        let node = match self.settings {
            // Where only steps move messages, nobody can be asked.
            None => Self::new(id, members, None, seed),
            settings => Self::newcomer(id, members, knows_all, settings, seed),
        };
        node.holding(self.claims.data_type())
    }

    fn begin(
        id: ReplicaId,
        stability: Stability,
        members: Arc<Members>,
        settings: Option<Settings>,
        seed: u64,
    ) -> Self {
        let mut random = Random::new(seed);
        Self {
            claims: DataType::default().replica(),
            history: History::new(),
            stability,
            stable: VersionVector::new(),
            watching: Watching::default(),
            has_heard: false,
            rounds: 0,
            joining: Joining::new(false),
            strife: Strife::default(),
            position: members.position(&id.node),
            members,
            settings,
            rumours: Vec::new(),
            tree: Tree::new(random.draw()),
            detector: None,
            probes_at: None,
            departed: Departed::default(),
            clock: SimTime::ZERO,
            changed_at: SimTime::ZERO,
            compared_at: SimTime::ZERO,
            digests_passed_over: 0,
            progress: VecDeque::new(),
            random,
            id,
        }
    }

    /// The name that the node writes under.
    #[must_use]
    pub fn id(&self) -> &ReplicaId {
        &self.id
    }

    /// The node's replica.
    #[must_use]
    pub fn claims(&self) -> &dyn Replicated {
        &*self.claims
    }

    /// What all members had seen when that was last known: what it has folded.
    #[must_use]
    pub fn stable(&self) -> &VersionVector {
        &self.stable
    }

    /// What the node has applied, but for what came as a whole state.
    #[must_use]
    pub fn history(&self) -> &History {
        &self.history
    }

    /// Changes the settings, from the next round on.
    pub fn configure(&mut self, settings: Settings) {
        self.settings = Some(settings);
    }

    /// Handles `event` at time `now` and adds what follows from it to `effects`. Should `now` be
    /// earlier than before, the clock has been set back, and timers come so much earlier by it.
    pub fn handle(&mut self, now: SimTime, event: Event, effects: &mut Effects) {
        if now < self.clock {
            self.follow_clock_back(self.clock.us_since(now));
        }
        self.clock = now;
        match event {
            Event::Start => self.start(now, effects),
            Event::Operation(operation) => self.operate(now, operation, effects),
            Event::Message { from, message } => self.receive(now, from, message, effects),
            Event::Timer(Timer::Round) => self.round(now, effects),
            Event::Retire(node) => self.retire(now, &node, effects),
            Event::RetireReplica(replica) => {
                let mut news = Roster::new();
                news.retire(replica);
                self.merge_roster(now, &news, effects);
            }
            Event::Leave => self.begin_to_leave(now, effects),
            Event::Watch(ranges) => self.watch_keys(ranges, effects),
            Event::Timer(Timer::Links) => self.look_after_links(now, effects),
            Event::Timer(Timer::Probe) => self.probe(now, effects),
            Event::Timer(Timer::Departed) => self.release_claims_of_departed(now, effects),
            Event::Timer(Timer::Leave) => self.leave(now, effects),
        }
    }

    /// Everything that this node has noted the time of was so much earlier by its clock.
    fn follow_clock_back(&mut self, by_us: u64) {
        self.changed_at = self.changed_at.earlier_by(by_us);
        self.compared_at = self.compared_at.earlier_by(by_us);
        self.probes_at = self.probes_at.map(|at| at.earlier_by(by_us));
        self.tree.follow_clock_back(by_us);
        self.detector.iter_mut().for_each(|detector| detector.follow_clock_back(by_us));
        self.departed.follow_clock_back(by_us);
        self.joining.follow_clock_back(by_us);
        self.strife.follow_clock_back(by_us);
    }

    pub(crate) fn has_tree(&self) -> bool {
        self.settings.is_some_and(|settings| settings.strategy == Strategy::Tree)
    }

    /// The first round comes after a random part of the interval, so that nodes that start
    /// together do not all speak at once.
    fn start(&mut self, now: SimTime, effects: &mut Effects) {
        let Some(Settings { interval_us, .. }) = self.settings else { return };
        let pause_us = u64::from(self.random.below(interval_us));
        effects.timers.push((now + pause_us, Timer::Round));
        self.rumours.clear();
        if self.is_member() {
            self.grow_tree(now, effects);
            self.begin_to_probe(now, effects);
        } else {
            self.ask_to_join(now, effects);
        }
    }

    fn round(&mut self, now: SimTime, effects: &mut Effects) {
        let Some(Settings { interval_us, fanout, strategy, sync, anti_entropy, .. }) =
            self.settings
        else {
            return;
        };
        effects.timers.push((now + u64::from(interval_us), Timer::Round));
        if !self.is_member() {
            return self.ask_to_join(now, effects);
        }
        if self.settings.and_then(|it| it.detection)
            != self.detector.as_ref().map(Detector::settings)
        {
            self.begin_to_probe(now, effects);
        }
        self.fold();
        self.remind_of_watched(effects);
        self.note_progress();
        if self.has_tree() != self.tree.is_grown() {
            self.grow_tree(now, effects);
        }
        if sync == Sync::Operation {
            // What is sent is sent.
            self.rumours.clear();
        } else {
            match strategy {
                Strategy::Push => self.spread_rumours(fanout, sync, effects),
                Strategy::Pull | Strategy::PushPull => {
                    return self.compare_with_random(fanout, effects);
                }
                Strategy::Tree => {}
            }
        }
        if anti_entropy {
            self.compare_with_random(1, effects);
        }
    }

    pub(crate) fn operate(&mut self, now: SimTime, operation: Operation, effects: &mut Effects) {
        match self.claims.issue(&self.id, operation, now.as_us()) {
            Ok(update) => {
                let update = Arc::new(update);
                effects.observations.push(Observation::Issued(Arc::clone(&update)));
                self.log(&update);
                self.tell_interested(&update, effects);
                self.pass_on(now, Some(update), None, effects);
            }
            Err(error) => effects.observations.push(Observation::Refused(error)),
        }
    }

    fn receive(&mut self, now: SimTime, from: ReplicaId, message: Message, effects: &mut Effects) {
        match message {
            Message::Join => return self.offer(&from, effects),
            Message::Offer => return self.accept(now, from, effects),
            Message::Accept { sponsor } => return self.admit(now, from, &sponsor, effects),
            Message::NoMember { knows_all } => {
                return self.note_no_member(now, from.node, knows_all, effects);
            }
            Message::Welcome { roster, state } => {
                return self.take_over(now, &from, roster, &state, effects);
            }
            Message::Refused { replica, roster } => {
                return self.note_refused(now, &from, &replica, &roster, effects);
            }
            _ if !self.listens_to(&from) => return self.refuse(now, from, effects),
            _ => {}
        }
        let patience_us = self.patience_with_others_us();
        self.strife.note_companion(now, &from.node, patience_us);
        if message.news().is_some_and(|news| !self.takes(news)) {
            // The two come to the same roster first; the state comes again.
            return self.send_roster(from.node, effects);
        }
        if self.has_tree() {
            self.notice_life(now, &from.node, effects);
        }
        match message {
            Message::Digest(fingerprint, operations) => {
                self.compare(now, from, (fingerprint, operations), effects);
            }
            Message::Differ { seen, roster } => {
                if roster == self.members.fingerprint() {
                    self.note_seen(&from, Some(&seen));
                } else {
                    self.send_roster(from.node.clone(), effects);
                }
                self.compared_at = now;
                self.settle(from.node, &seen, effects);
            }
            Message::Ask(seen) => self.answer(from.node, &seen, effects),
            Message::News { news, seen } => {
                self.take_in(now, &from.node, news, effects);
                if let Some(seen) = seen {
                    self.answer(from.node, &seen, effects);
                }
            }
            Message::Roster { roster, is_whole } => {
                self.receive_roster(now, from.node, &roster, is_whole, effects);
            }
            Message::Probe(data) => self.receive_probe(now, data, effects),
            Message::Watching(ranges) => self.note_watched(from.node, ranges),
            _ => self.receive_on_link(now, from.node, message, effects),
        }
    }

    /// The digest of what this node has seen, and of its roster.
    pub(crate) fn digest(&self) -> Fingerprint {
        self.claims.fingerprint().with(self.members.fingerprint())
    }

    /// Answers a digest that is another than this node's own. Where news travels by itself, what
    /// makes the difference is mostly on its way: then only if none has come for a while, or if
    /// the other lacks what has had the time to get there.
    fn compare(
        &mut self,
        now: SimTime,
        from: ReplicaId,
        (fingerprint, operations): (Fingerprint, u64),
        effects: &mut Effects,
    ) {
        if fingerprint == self.digest() {
            return self.note_seen(&from, None);
        }
        let travels =
            self.settings.is_some_and(|it| matches!(it.strategy, Strategy::Tree | Strategy::Push));
        let interval_us = u64::from(self.settings.map_or(0, |settings| settings.interval_us));
        let intervals = |count: u32| u64::from(count) * interval_us;
        let is_quiet = now.us_since(self.changed_at) > intervals(self.rounds_to_all() / 2);
        let is_busy = now.us_since(self.compared_at) < intervals(2);
        let is_behind = self.progress.front().is_some_and(|&before| operations < before);
        let is_due = is_quiet || is_behind || self.digests_passed_over == DIGESTS_PASSED_OVER_MAX;
        let is_passed_over = travels && (is_busy || !is_due);
        if is_passed_over {
            self.digests_passed_over = (self.digests_passed_over + 1).min(DIGESTS_PASSED_OVER_MAX);
        } else {
            self.digests_passed_over = 0;
            self.compared_at = now;
            let seen = self.claims.context().clone();
            let roster = self.members.fingerprint();
            effects.messages.push((from.node, Message::Differ { seen, roster }));
        }
    }

    fn note_progress(&mut self) {
        self.progress.push_back(self.claims.context().operations());
        if self.progress.len() > self.rounds_to_all() as usize {
            self.progress.pop_front();
        }
    }

    /// How many rounds news takes to reach everybody, with some losses on the way.
    fn rounds_to_all(&self) -> u32 {
        self.members.len().next_power_of_two().ilog2() + 4
    }

    /// Takes in news, and passes on what is news here. Returns whether something was.
    pub(crate) fn take_in(
        &mut self,
        now: SimTime,
        from: &NodeId,
        news: News,
        effects: &mut Effects,
    ) -> bool {
        let mut is_news = false;
        let mut applied = Vec::new();
        let own_claims = self.own_claims();
        match news {
            News::Updates(updates) => {
                let joined = self.claims.join(&updates);
                let new = joined.applied.len() + joined.waiting + joined.dropped;
                if let Some(repeated) = updates.len().checked_sub(new).filter(|&count| count > 0) {
                    effects.observations.push(Observation::Repeated(repeated));
                }
                is_news |= joined.waiting > 0;
                applied = joined.applied;
            }
            News::State { state, .. } => {
                let merged = self.claims.merge(&*state);
                for (replica, counters) in merged.news {
                    is_news = true;
                    self.history.skip(&replica, *counters.end());
                    effects.observations.push(Observation::Merged(replica, counters));
                }
                applied.extend(merged.waiting.applied);
                if is_news {
                    self.pass_on(now, None, Some(from), effects);
                }
            }
        }
        for update in applied {
            is_news = true;
            self.log(&update);
            self.pass_on(now, Some(Arc::clone(&update)), Some(from), effects);
            effects.observations.push(Observation::Applied(update));
        }
        self.note_lost_claims(now, own_claims, effects);
        is_news
    }

    fn log(&mut self, update: &Arc<Update>) {
        self.history.push(Arc::clone(update));
        self.forget_old(update);
    }

    /// Sees to it that others hear of what is new here, by the strategy. A state, from which no
    /// update can be told apart, is none.
    pub(crate) fn pass_on(
        &mut self,
        now: SimTime,
        update: Option<Arc<Update>>,
        from: Option<&NodeId>,
        effects: &mut Effects,
    ) {
        self.changed_at = now;
        let Some(Settings { strategy, sync, .. }) = self.settings else { return };
        match (sync, strategy) {
            (Sync::Operation, _) => {
                if let (Some(update), None) = (update, from) {
                    self.send_to_everybody(&update, effects);
                }
            }
            (_, Strategy::Push) => self.begin_rumour(update, from.cloned()),
            (_, Strategy::Tree) => self.send_along_tree(now, update, from, effects),
            (_, Strategy::Pull | Strategy::PushPull) => {}
        }
    }

    fn send_to_everybody(&self, update: &Arc<Update>, effects: &mut Effects) {
        for position in (0..self.members.len()).filter(|&it| Some(it) != self.position) {
            let message = Message::updates([Arc::clone(update)].into_iter().collect());
            effects.messages.push((self.members.name(position).clone(), message));
        }
    }

    /// Checks what must hold between the parts. O(state).
    ///
    /// # Panics
    ///
    /// With the part that is broken.
    pub fn check_invariants(&self) {
        self.claims.check_invariants();
        self.stability.check_invariants();
        let is_same_roster = Arc::ptr_eq(self.members.roster(), self.stability.roster());
        assert!(is_same_roster || !self.is_member(), "{} turns to others than its roster", self.id);
        self.history.check_invariants();
        let logged: Vec<_> = self.history.iter().map(|update| &update.dot).collect();
        let context = self.claims.context();
        assert!(logged.iter().all(|dot| context.contains(dot)), "{} has logged too much", self.id);
        self.tree.check_invariants();
    }
}
