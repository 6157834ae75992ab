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
//! Two sides may come to refuse each other for good: then the fewer give way (`strife`).
//!
//! Changes of the roster are told to a few random members by whoever learns something new from
//! them, and what is left out is found when digests are compared, which cover the roster.
//!
//! Should everybody have lost their state, there is nobody to let anybody in. Then, once all others
//! whom it knew have told it so, the first by name of those who knew everybody begins a roster of its
//! own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use scalesmall_crdt::{History, NodeId, ReplicaId, Replicated, Roster, Stability, VersionVector};

use crate::strife::Strife;
use crate::tree::Tree;
use crate::{Effects, Members, Message, News, Node, Observation, SimTime};

/// How many random members a change of the roster is told to by each who learns of it.
pub(crate) const ROSTER_FANOUT: usize = 3;
/// Every so many times, all are asked at once to be let in: perhaps there is no member left.
const ASK_ALL_EVERY: u16 = 4;
/// For how many rounds what others have said counts, if they do not say it again.
const PATIENCE_ROUNDS: u64 = 64;

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

    /// Whether what `from` says is taken. A node that tells nothing by itself folds nothing
    /// either, and listens to everybody who has not been retired.
    pub(crate) fn listens_to(&self, from: &ReplicaId) -> bool {
        let roster = self.stability.roster();
        let is_heard = || roster.has_member(from) || roster.has_all_who_joined();
        !roster.has_retired(from) && (self.settings.is_none() || (self.is_member() && is_heard()))
    }

    /// Whether news is taken from somebody who is listened to. **A state is taken only where both
    /// have the same roster**: it may be folded, by the word of those on the roster of its sender;
    /// somebody who is not among them may have let others cancel a part of what was folded. And none
    /// is taken that is of another data type.
    pub(crate) fn takes(&self, news: &News) -> bool {
        match news {
            News::Updates(_) => true,
            News::State { state, roster } => {
                let is_same = || *roster == self.members.fingerprint();
                state.data_type() == self.claims.data_type()
                    && (self.settings.is_none() || is_same())
            }
        }
    }

    /// All that this node has, for somebody who has the same roster.
    #[must_use]
    pub fn whole_state(&self) -> News {
        let (state, roster) = (Arc::from(self.claims.boxed()), self.members.fingerprint());
        News::State { state, roster }
    }

    /// For how long an opinion of others counts that they have not repeated.
    pub(crate) fn patience_with_others_us(&self) -> u64 {
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
        let welcome = Message::Welcome { roster, state: Arc::from(self.claims.boxed()) };
        effects.messages.push((newcomer.node, welcome));
    }

    /// Takes over what a sponsor has handed over.
    pub(crate) fn take_over(
        &mut self,
        now: SimTime,
        from: &ReplicaId,
        roster: Arc<Roster>,
        state: &Arc<dyn Replicated>,
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
        self.begin_to_probe(now, effects);
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
        let id = self.free_id();
        // Who has not been listened to does not know who has joined meanwhile.
        self.joining = Joining::new(false);
        self.stability = Stability::new(id.clone(), Roster::new());
        self.strife = Strife::default();
        self.claims = self.claims.data_type().replica();
        self.history = History::new();
        self.stable = VersionVector::new();
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

    /// The first incarnation after this one that is not on the roster. Not the one after the last
    /// there: that may be made up, and the last that there can be.
    fn free_id(&self) -> ReplicaId {
        let roster = self.stability.roster();
        let known: BTreeSet<&ReplicaId> = roster.joined().chain(roster.retired()).collect();
        let mut id = self.id().fresh();
        while known.contains(&id) {
            id = id.fresh();
        }
        id
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
}
