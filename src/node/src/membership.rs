//! Who is a member: joining through a sponsor, retiring, and how everybody comes to know.
//!
//! # Model
//!
//! The [`Roster`] says who has joined and has not been retired. A newcomer, or a node that has lost
//! its state and so is another replica, asks who would let it in, and accepts the offer of one
//! member. That sponsor first puts it on its own roster and then hands over that and its state. Until
//! then the newcomer takes nothing from anybody; it can issue operations, since those cancel nothing
//! that others know of. **One replica has one sponsor**: whoever has it on its roster relies on that
//! it has had all that its sponsor had. Should the sponsor not answer any more, the newcomer goes on
//! as a fresh replica before it turns to another one.
//!
//! **A member listens to members only, once anybody has been retired.** While nobody has, every
//! replica there is was let in by somebody on this roster, so whatever has been folded here, its
//! sponsor had seen before, and it has all of it: it is listened to before its admission becomes
//! known. Where somebody has been retired, it may have let in a replica with less; see [`Roster`].
//!
//! Who has been retired is told so by whoever hears of it next, forgets all, and asks to be let in
//! as a fresh replica.
//!
//! Two sides may come to refuse each other for good: one has retired somebody who let the other in,
//! and who could have told has lost its state. Then the fewer give way, and begin as fresh
//! replicas of the other side; see [`Strife`].
//!
//! Changes of the roster are told to a few random members by whoever learns something new from
//! them, and what is left out is found when digests are compared, which cover the roster.
//!
//! Should everybody have lost their state, there is nobody to let anybody in. Then, once all others
//! whom it knew have told it so, the first by name of those who knew everybody begins a roster of its
//! own.

use std::collections::BTreeMap;
use std::sync::Arc;

use scalesmall_crdt::{ClaimMap, History, NodeId, ReplicaId, Roster, Stability, VersionVector};

use crate::detector::{Detector, Findings};
use crate::tree::Tree;
use crate::{Effects, Members, Message, News, Node, Observation, SimTime, Timer};

/// How many random members a change of the roster is told to by each who learns of it.
const ROSTER_FANOUT: usize = 3;
/// Every so many times, all are asked at once to be let in: perhaps there is no member left.
const ASK_ALL_EVERY: u16 = 4;
/// For how many rounds two may refuse each other before one of them gives way, and what somebody
/// has said counts.
const PATIENCE_ROUNDS: u64 = 64;
/// How many rounds a node stays that is about to leave.
const LEAVING_ROUNDS: u64 = 4;
/// The most members of whom a node remembers what each of them has seen, so as to fold what all
/// have: that takes the square of their number.
pub(crate) const STABILITY_MEMBERS_MAX: usize = 128;

/// What a node knows that asks to be let in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Joining {
    /// How often it has asked.
    attempt: u16,
    /// Whose offer it has accepted, and when.
    sponsor: Option<(ReplicaId, SimTime)>,
    /// Who has said that it is no member either, when, and whether it knows everybody.
    no_members: BTreeMap<NodeId, (SimTime, bool)>,
    /// Whether it knows everybody that there is, and so may begin a new roster with the last of
    /// them.
    knows_all: bool,
    /// Whom it asks each time: who has made it begin anew.
    preferred: Option<NodeId>,
}

/// Who refuses this replica, or is refused by it, and who stands by it meanwhile: with the time at
/// which each of them has spoken last. Mostly there is nobody, or soon nobody any more, since the
/// roster makes its way to all.
#[derive(Clone, Debug, Default)]
pub(crate) struct Strife {
    since: SimTime,
    opponents: BTreeMap<NodeId, SimTime>,
    companions: BTreeMap<NodeId, SimTime>,
}

impl Strife {
    pub(crate) fn note_companion(&mut self, now: SimTime, from: &NodeId) {
        if !self.opponents.is_empty() && !self.opponents.contains_key(from) {
            self.companions.insert(from.clone(), now);
        }
    }

    /// Notes an opponent, and says whether it is time to give way: once that has gone on for
    /// `patience_us`, if there are fewer on this side, or as many and the first by name is on the
    /// other. Both sides come to the same answer as far as each has heard everybody.
    fn gives_way(&mut self, now: SimTime, own: &NodeId, other: &NodeId, patience_us: u64) -> bool {
        let is_recent = |_: &NodeId, at: &mut SimTime| now.us_since(*at) <= patience_us;
        self.opponents.retain(is_recent);
        self.companions.retain(is_recent);
        if self.opponents.is_empty() {
            self.since = now;
        }
        self.opponents.insert(other.clone(), now);
        self.companions.remove(other);
        let first_here = self.companions.keys().chain([own]).min();
        let (here, there) = (self.companions.len() + 1, self.opponents.len());
        let are_fewer = here < there || (here == there && self.opponents.keys().min() < first_here);
        now.us_since(self.since) > patience_us && are_fewer
    }

    pub(crate) fn follow_clock_back(&mut self, by_us: u64) {
        self.since = self.since.earlier_by(by_us);
        let times = self.opponents.values_mut().chain(self.companions.values_mut());
        times.for_each(|at| *at = at.earlier_by(by_us));
    }
}

impl Joining {
    pub(crate) fn new(knows_all: bool) -> Self {
        Self { knows_all, ..Self::default() }
    }

    pub(crate) fn knows_all(&self) -> bool {
        self.knows_all
    }

    pub(crate) fn follow_clock_back(&mut self, by_us: u64) {
        self.sponsor.iter_mut().for_each(|(_, at)| *at = at.earlier_by(by_us));
        self.no_members.values_mut().for_each(|(at, _)| *at = at.earlier_by(by_us));
    }
}

impl Node {
    /// Whether this node is on the roster, as it has it.
    #[must_use]
    pub fn is_member(&self) -> bool {
        self.stability.roster().has_member(self.id())
    }

    /// The roster, as this node has it.
    #[must_use]
    pub fn roster(&self) -> &Arc<Roster> {
        self.stability.roster()
    }

    /// Who this node thinks is down, where it watches.
    pub fn down(&self) -> impl Iterator<Item = &NodeId> {
        self.detector.iter().flat_map(Detector::down)
    }

    /// Whether what `from` says is taken. A node that tells nothing by itself folds nothing
    /// either, and listens to everybody who has not been retired.
    pub(crate) fn listens_to(&self, from: &ReplicaId) -> bool {
        let roster = self.stability.roster();
        let is_heard = || roster.has_member(from) || roster.has_all_who_joined();
        !roster.has_retired(from) && (self.settings.is_none() || (self.is_member() && is_heard()))
    }

    /// Whether news is taken from somebody who is listened to. **A state is taken only where both
    /// have the same roster**: it may be folded, by the word of those on the roster of its sender;
    /// somebody who is not among them may have let others cancel a part of what was folded.
    pub(crate) fn takes(&self, news: &News) -> bool {
        match news {
            News::Updates(_) => true,
            News::State { roster, .. } => {
                self.settings.is_none() || *roster == self.members.fingerprint()
            }
        }
    }

    /// All that this node has, for somebody who has the same roster.
    #[must_use]
    pub fn whole_state(&self) -> News {
        let (state, roster) = (Arc::new(self.claims.clone()), self.members.fingerprint());
        News::State { state, roster }
    }

    /// Tells somebody who is not listened to.
    pub(crate) fn refuse(&mut self, now: SimTime, replica: ReplicaId, effects: &mut Effects) {
        let roster = Arc::clone(self.stability.roster());
        if roster.has_retired(&replica) || self.is_member() {
            let node = replica.node.clone();
            effects.messages.push((node.clone(), Message::Refused { replica, roster }));
            self.note_opponent(now, &node, effects);
        }
    }

    /// `from` does not listen to this replica. If that is because it has been retired, this node
    /// begins as a fresh one. If `from` only has not heard of it, mostly it will.
    pub(crate) fn note_refused(
        &mut self,
        now: SimTime,
        from: &ReplicaId,
        replica: &ReplicaId,
        roster: &Roster,
        effects: &mut Effects,
    ) {
        if replica != self.id() {
            return;
        }
        // Who asks to be let in believes whom it asks.
        let is_believed = self.listens_to(from) || !self.is_member();
        if is_believed && roster.has_retired(replica) {
            return self.begin_anew(Some(from.node.clone()), effects);
        }
        if is_believed && self.is_member() {
            self.merge_roster(now, roster, effects);
        }
        self.note_opponent(now, &from.node, effects);
    }

    fn note_opponent(&mut self, now: SimTime, other: &NodeId, effects: &mut Effects) {
        let patience_us = self.patience_with_others_us();
        if self.strife.gives_way(now, &self.id.node, other, patience_us) && self.is_member() {
            self.begin_anew(Some(other.clone()), effects);
        }
    }

    /// For how long an opinion of others counts that they have not repeated.
    fn patience_with_others_us(&self) -> u64 {
        PATIENCE_ROUNDS * self.settings.map_or(0, |settings| u64::from(settings.interval_us))
    }

    // --- Joining ---

    /// Asks somebody to be let in.
    pub(crate) fn ask_to_join(&mut self, now: SimTime, effects: &mut Effects) {
        if let Some((sponsor, since)) = &self.joining.sponsor {
            if now.us_since(*since) <= self.patience_with_others_us() {
                let accept = Message::Accept { sponsor: sponsor.clone() };
                effects.messages.push((sponsor.node.clone(), accept));
                return;
            }
            // Perhaps it is on that roster, and never will have had that state.
            self.id = self.id.fresh();
            self.stability = Stability::new(self.id.clone(), Roster::new());
            self.joining.sponsor = None;
        }
        self.joining.attempt = self.joining.attempt.wrapping_add(1);
        let others = self.members.names().filter(|&name| *name != self.id().node).count();
        let asks_all = self.joining.attempt.is_multiple_of(ASK_ALL_EVERY);
        let asked = self.draw_peers(if asks_all { others } else { 1 });
        for peer in self.joining.preferred.iter().cloned().chain(asked) {
            effects.messages.push((peer, Message::Join));
        }
        self.begin_roster_if_last(now, effects);
    }

    /// Offers to let a newcomer in.
    pub(crate) fn offer(&mut self, newcomer: &ReplicaId, effects: &mut Effects) {
        let knows_all = self.joining.knows_all;
        let answer = match self.is_member() {
            true => Message::Offer,
            false => Message::NoMember { knows_all },
        };
        effects.messages.push((newcomer.node.clone(), answer));
    }

    /// Accepts the first offer.
    pub(crate) fn accept(&mut self, now: SimTime, from: ReplicaId, effects: &mut Effects) {
        if !self.is_member() && self.joining.sponsor.is_none() {
            effects.messages.push((from.node.clone(), Message::Accept { sponsor: from.clone() }));
            self.joining.sponsor = Some((from, now));
        }
    }

    /// Lets a newcomer in that has accepted the offer of `sponsor`: of this replica, not of one
    /// that this node was before.
    pub(crate) fn admit(
        &mut self,
        now: SimTime,
        newcomer: ReplicaId,
        sponsor: &ReplicaId,
        effects: &mut Effects,
    ) {
        if !self.is_member() || sponsor != self.id() {
            return;
        }
        let mut news = Roster::new();
        news.join(newcomer.clone());
        self.merge_roster(now, &news, effects);
        if self.stability.roster().has_retired(&newcomer) {
            return self.refuse(now, newcomer, effects);
        }
        let roster = Arc::clone(self.stability.roster());
        let welcome = Message::Welcome { roster, state: Arc::new(self.claims.clone()) };
        effects.messages.push((newcomer.node, welcome));
    }

    /// Takes over what a sponsor has handed over.
    pub(crate) fn take_over(
        &mut self,
        now: SimTime,
        from: &ReplicaId,
        roster: Arc<Roster>,
        state: &Arc<ClaimMap>,
        effects: &mut Effects,
    ) {
        let is_from_sponsor = self.joining.sponsor.as_ref().is_some_and(|(it, _)| it == from);
        if self.is_member() || !is_from_sponsor || !roster.has_member(self.id()) {
            return;
        }
        self.begin_roster(now, roster, effects);
        // What was issued before it was let in is news to everybody.
        let own: Vec<_> = self.history.iter().cloned().collect();
        let (state, roster) = (Arc::clone(state), self.members.fingerprint());
        self.take_in(now, &from.node, News::State { state, roster }, effects);
        for update in own {
            self.pass_on(now, Some(update), None, effects);
        }
    }

    /// Goes on as a member of this roster.
    fn begin_roster(&mut self, now: SimTime, roster: Arc<Roster>, effects: &mut Effects) {
        self.stability = Stability::new(self.id().clone(), roster);
        self.members = Arc::new(Members::of(Arc::clone(self.stability.roster())));
        self.position = self.members.position(&self.id().node);
        effects.observations.push(Observation::Joined(self.id().clone()));
        self.begin_to_watch(now, effects);
        self.grow_tree(now, effects);
    }

    pub(crate) fn note_no_member(
        &mut self,
        now: SimTime,
        from: NodeId,
        knows_all: bool,
        effects: &mut Effects,
    ) {
        if !self.is_member() && self.members.position(&from).is_some() {
            self.joining.no_members.insert(from, (now, knows_all));
            self.begin_roster_if_last(now, effects);
        }
    }

    /// Begins a roster, where nobody is left to let this node in and it is the first by name.
    fn begin_roster_if_last(&mut self, now: SimTime, effects: &mut Effects) {
        let own = &self.id().node;
        let patience_us = self.patience_with_others_us();
        let is_behind = |other: &NodeId| {
            let said = self.joining.no_members.get(other);
            said.is_some_and(|&(at, knows_all)| {
                now.us_since(at) <= patience_us && (own < other || !knows_all)
            })
        };
        let is_first = self.members.names().all(|other| other == own || is_behind(other));
        if self.joining.knows_all && is_first {
            let mut roster = Roster::new();
            roster.join(self.id().clone());
            // Should there be a member after all, of whom none of them knows, nobody here may listen
            // to it, since what it has folded is not here: as if somebody had been retired.
            let former = self.id().incarnation.checked_sub(1);
            let node = self.id().node.clone();
            former.into_iter().for_each(|incarnation| {
                roster.retire(ReplicaId { node: node.clone(), incarnation });
            });
            self.begin_roster(now, Arc::new(roster), effects);
        }
    }

    // --- Retiring ---

    /// Retires the replicas of a node, for good.
    pub(crate) fn retire(&mut self, now: SimTime, node: &NodeId, effects: &mut Effects) {
        let mut news = Roster::new();
        let members = self.stability.roster().members();
        members
            .filter(|replica| replica.node == *node)
            .for_each(|replica| news.retire(replica.clone()));
        self.merge_roster(now, &news, effects);
    }

    /// This replica has been retired: what it holds is void, and the node begins as a fresh one.
    pub(crate) fn begin_anew(&mut self, teller: Option<NodeId>, effects: &mut Effects) {
        let roster = self.stability.roster();
        let known = roster.joined().chain(roster.retired());
        let own = known.filter(|replica| replica.node == self.id().node).max();
        let latest = own.cloned().map_or(self.id().clone(), |own| own.max(self.id().clone()));
        let id = latest.fresh();
        // Who has not been listened to does not know who has joined meanwhile.
        self.joining = Joining::new(false);
        self.stability = Stability::new(id.clone(), Roster::new());
        self.strife = Strife::default();
        self.claims = ClaimMap::new();
        self.history = History::new();
        (self.stable, self.stable_operations) = (VersionVector::new(), 0);
        self.rumours.clear();
        self.tree = Tree::new(self.random.draw());
        self.detector = None;
        self.departed = Default::default();
        self.progress.clear();
        self.id = id.clone();
        effects.observations.push(Observation::BegunAnew(id));
        effects.messages.extend(teller.clone().map(|teller| (teller, Message::Join)));
        self.joining.preferred = teller;
    }

    // --- How everybody comes to know ---

    /// Takes in a roster, or a part of one, and tells others what is new of it.
    pub(crate) fn merge_roster(&mut self, now: SimTime, roster: &Roster, effects: &mut Effects) {
        let news = roster.beyond(self.stability.roster());
        if news == Roster::new() {
            return;
        }
        self.stability.merge_roster(roster);
        effects.observations.push(Observation::RosterChanged);

        if self.stability.roster().has_retired(self.id()) {
            return self.begin_anew(None, effects);
        }
        let members = Arc::new(Members::of(Arc::clone(self.stability.roster())));
        let before = std::mem::replace(&mut self.members, members);
        self.position = self.members.position(&self.id().node);
        self.tree.follow_members(&before, &self.members);
        self.relink(now, effects);
        let findings = self.detector.as_mut().map(|it| it.expect(now, news.members()));
        self.follow_findings(now, findings, effects);

        if self.settings.is_none() {
            return;
        }
        let news = Arc::new(news);
        for peer in self.draw_peers(ROSTER_FANOUT) {
            let message = Message::Roster { roster: Arc::clone(&news), is_whole: false };
            effects.messages.push((peer, message));
        }
    }

    /// Takes in what a member says of the roster; and says what it does not know.
    pub(crate) fn receive_roster(
        &mut self,
        now: SimTime,
        from: NodeId,
        roster: &Arc<Roster>,
        is_whole: bool,
        effects: &mut Effects,
    ) {
        self.merge_roster(now, roster, effects);
        if is_whole && self.is_member() && **roster != **self.stability.roster() {
            self.send_roster(from, effects);
        }
    }

    pub(crate) fn send_roster(&self, to: NodeId, effects: &mut Effects) {
        let roster = Arc::clone(self.stability.roster());
        effects.messages.push((to, Message::Roster { roster, is_whole: true }));
    }

    // --- Folding what all have seen ---

    /// Notes what a member with the same roster has seen.
    pub(crate) fn note_seen(&mut self, from: &ReplicaId, seen: Option<&VersionVector>) {
        let is_stable = self.stable_operations == self.claims.context().operations();
        if is_stable || self.members.len() > STABILITY_MEMBERS_MAX {
            return;
        }
        let seen = seen.unwrap_or(self.claims.context());
        self.stability.hear_under_same_roster(from, seen);
        self.has_heard = true;
    }

    /// Folds what all members have seen, if something has been heard that may allow it. Once in
    /// some rounds, more of them where there are more members: it takes looking at what all have
    /// seen of all.
    pub(crate) fn fold(&mut self) {
        self.rounds = self.rounds.wrapping_add(1);
        let every = 1 + self.members.len() / 8;
        if !self.has_heard || !(self.rounds as usize).is_multiple_of(every) {
            return;
        }
        self.has_heard = false;
        if let Some(cut) = self.stability.cut(self.claims.context()) {
            self.stable_operations = cut.operations();
            self.claims.fold(&cut);
            self.stable = cut;
            self.forget_stable();
        }
    }

    // --- Who is there ---

    pub(crate) fn begin_to_watch(&mut self, now: SimTime, effects: &mut Effects) {
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
        self.watches_at = None;
        self.follow_findings(now, Some(findings), effects);
        if before.is_some() {
            self.return_from_the_dead(now, effects);
        }
    }

    pub(crate) fn receive_probe(&mut self, now: SimTime, data: Arc<[u8]>, effects: &mut Effects) {
        let findings = self.detector.as_mut().map(|it| it.receive(now, data));
        self.follow_findings(now, findings, effects);
    }

    pub(crate) fn watch(&mut self, now: SimTime, effects: &mut Effects) {
        self.watches_at = None;
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
        if let Some(next) = next.filter(|&next| self.watches_at.is_none_or(|at| next < at)) {
            self.watches_at = Some(next);
            effects.timers.push((next, Timer::Watch));
        }
    }
}
