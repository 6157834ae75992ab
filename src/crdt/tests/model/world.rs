//! Replicas that live through a history, checked against the specification after every step.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use scalesmall_crdt::{
    Announcement, Cancel, Claim, ClaimMap, Delta, Dot, History, KeyRange, NodeId, Operation,
    ReplicaId, Roster, Stability, Update,
};

use crate::ablation::strangers_are_heard;
use crate::history::Step;
use crate::specification::Specification;

const REPLICAS_MAX: usize = 10;

struct Replica {
    id: ReplicaId,
    map: ClaimMap,
    stability: Stability,
    /// What has reached it, applied or not.
    received: BTreeSet<Dot>,
    /// The dead do nothing any more, but what they sent may still arrive.
    is_alive: bool,
}

/// All that there is in a history.
pub(crate) struct World {
    specification: Specification,
    issued: BTreeMap<Dot, Arc<Update>>,
    announcements: Vec<Announcement>,
    replicas: Vec<Replica>,
    /// How many contributions were folded into others.
    pub(crate) folded: usize,
}

impl World {
    pub(crate) fn new(replicas: usize) -> Self {
        let ids: Vec<ReplicaId> = (0..replicas).map(id).collect();
        let mut roster = Roster::new();
        ids.iter().for_each(|id| roster.join(id.clone()));
        let replica = |id: ReplicaId| Replica {
            map: ClaimMap::new(),
            stability: Stability::new(id.clone(), roster.clone()),
            received: BTreeSet::new(),
            is_alive: true,
            id,
        };
        Self {
            specification: Specification::default(),
            issued: BTreeMap::new(),
            announcements: Vec::new(),
            replicas: ids.into_iter().map(replica).collect(),
            folded: 0,
        }
    }

    /// Does one step and checks whoever it touched.
    pub(crate) fn step(&mut self, step: &Step) {
        let count = self.replicas.len();
        let any = |index: usize| index % count;
        // Only the living do something or are told something.
        let alive: Vec<usize> =
            (0..self.replicas.len()).filter(|&index| self.replicas[index].is_alive).collect();
        if alive.is_empty() {
            return;
        }
        let living = |index: usize| alive[index % alive.len()];
        let touched = match *step {
            Step::Issue { on, ref operation } => self.issue(living(on), operation),
            Step::Deliver { from, to, ref updates } => self.deliver(any(from), living(to), updates),
            Step::Range { from, to, range } => self.range(any(from), living(to), range),
            Step::Exchange { from, to } => self.exchange(living(from), living(to)),
            Step::Round { from } => {
                for &index in alive.iter().cycle().skip(from % alive.len()).take(alive.len()) {
                    let next = (index + 1..=index + count)
                        .map(any)
                        .find(|&next| self.replicas[next].is_alive)
                        .expect("it is alive itself");
                    if let Some(touched) = self.exchange(index, next) {
                        self.check(touched);
                    }
                }
                None
            }
            Step::Merge { from, to } => self.merge(any(from), living(to)),
            Step::Announce { from } => self.announce(living(from)),
            Step::Hear { to, announcement } => self.hear(living(to), announcement),
            Step::Fold { on } => self.fold(living(on)),
            Step::Admit { sponsor } => self.admit(id(self.replicas.len()), living(sponsor)),
            Step::Restart { on, sponsor } => self.restart(living(on), living(sponsor)),
            Step::Retire { by, whom } => self.retire(living(by), any(whom)),
        };
        if let Some(touched) = touched {
            self.check(touched);
        }
    }

    fn issue(&mut self, on: usize, operation: &Operation) -> Option<usize> {
        let Replica { id, map, received, is_alive: true, .. } = &mut self.replicas[on] else {
            return None;
        };
        let visible = Specification::visible(received);
        let counter = visible.iter().filter(|dot| dot.replica == *id).count() as u64 + 1;
        let dot = Dot { replica: id.clone(), counter };
        let takes_effect = self.specification.issue(dot.clone(), &visible, operation);
        let update = map.issue(id, operation.clone());
        assert_eq!(update.is_ok(), takes_effect, "{operation:?} at {id}");
        let update = update.ok()?;
        assert_eq!(update.dot, dot);
        check_cancels(&update, self.specification.cancels(&dot), &visible);
        received.insert(dot.clone());
        self.issued.insert(dot, Arc::new(update));
        Some(on)
    }

    fn deliver(&mut self, from: usize, to: usize, updates: &[usize]) -> Option<usize> {
        let sender = &self.replicas[from];
        let has: Vec<Dot> = Specification::visible(&sender.received).into_iter().collect();
        let sender = sender.id.clone();
        let Replica { map, stability, received, is_alive: true, .. } = &mut self.replicas[to]
        else {
            return None;
        };
        if has.is_empty() {
            return None;
        }
        if !stability.roster().has_member(&sender) && !strangers_are_heard() {
            return None;
        }
        // Mostly news, and now and then what is known already.
        let news: Vec<&Dot> = has.iter().filter(|dot| !received.contains(dot)).collect();
        let pick = |&index: &usize| match (index / 4).checked_rem(news.len()) {
            Some(new) if index % 4 > 0 => news[new],
            _ => &has[index / 4 % has.len()],
        };
        let delta: Delta =
            updates.iter().map(|index| Arc::clone(&self.issued[pick(index)])).collect();
        let before = Specification::visible(received).len();
        received.extend(delta.dots().cloned());
        let joined = map.join(&delta);
        assert_eq!(joined.applied.len(), Specification::visible(received).len() - before);
        assert_eq!(joined.dropped, 0);
        Some(to)
    }

    /// The log of a replica.
    fn history(&self, replica: usize) -> History {
        let mut history = History::new();
        let visible = Specification::visible(&self.replicas[replica].received);
        visible.iter().for_each(|dot| history.push(Arc::clone(&self.issued[dot])));
        history.check_invariants();
        history
    }

    fn range(&mut self, from: usize, to: usize, range: KeyRange) -> Option<usize> {
        let sender = self.replicas[from].id.clone();
        if !self.replicas[to].stability.roster().has_member(&sender) && !strangers_are_heard() {
            return None;
        }
        let history = self.history(from);
        let seen = self.replicas[to].map.context();
        let delta = history.beyond_in(range, seen, usize::MAX);
        delta.check_invariants();
        let bytes = delta.to_bytes_for(seen, &self.replicas[from].map);
        let read = Delta::from_bytes_with(&bytes, &self.history(to));
        assert_eq!(read.as_ref(), Ok(&delta), "what {sender} wrote is not what was read");

        let Replica { map, received, is_alive: true, .. } = &mut self.replicas[to] else {
            return None;
        };
        let before = map.clone();
        received.extend(delta.dots().cloned());
        let joined = map.join(&delta);
        assert_eq!(joined.waiting, 0, "what is up to date about some keys is so at once");
        check_changes(&before, map, &joined.claims());
        let concerns = |update: &&Arc<Update>| update.operation.claim().range.overlaps(range);
        let mut concerned = history.iter().filter(concerns);
        assert!(concerned.all(|update| map.context().contains(&update.dot)), "keys {range}");
        Some(to)
    }

    fn exchange(&mut self, from: usize, to: usize) -> Option<usize> {
        let count = Specification::visible(&self.replicas[from].received).len();
        self.announce(from);
        self.hear(to, self.announcements.len() - 1);
        self.deliver(from, to, &(0..count).map(|index| 4 * index).collect::<Vec<_>>())
    }

    fn merge(&mut self, from: usize, to: usize) -> Option<usize> {
        let Replica { id, map, stability, received, .. } = &self.replicas[from];
        let (sender, map, received) = (id.clone(), map.clone(), received.clone());
        let roster = stability.roster().clone();
        self.tell(&sender, to, &roster);
        let Replica { id, map: own, stability, received: own_received, is_alive, .. } =
            &mut self.replicas[to];
        let are_members = roster.has_member(id) && stability.roster().has_member(&sender);
        if from == to || !*is_alive || !(are_members || strangers_are_heard()) {
            return None;
        }
        let before = own.clone();
        let merged = own.merge(&map);
        let claims = [merged.claims, merged.waiting.claims()].concat();
        check_changes(&before, own, &claims);
        for (replica, new) in merged.news {
            let known = before.context().counter(&replica);
            assert_eq!(new, known + 1..=map.context().counter(&replica), "of {replica}");
        }
        own_received.extend(received);
        Some(to)
    }

    /// Rosters, too, are taken from members only. Whoever hears that it has been retired is no
    /// longer a replica.
    fn tell(&mut self, sender: &ReplicaId, to: usize, roster: &Roster) {
        let Replica { id, stability, is_alive, .. } = &mut self.replicas[to];
        if *is_alive && (stability.roster().has_member(sender) || strangers_are_heard()) {
            stability.merge_roster(roster);
            *is_alive = !stability.roster().retired().any(|retired| retired == id);
        }
    }

    fn announce(&mut self, from: usize) -> Option<usize> {
        let Replica { map, stability, is_alive: true, .. } = &self.replicas[from] else {
            return None;
        };
        self.announcements.push(stability.announce(map.context()));
        None
    }

    fn hear(&mut self, to: usize, announcement: usize) -> Option<usize> {
        let index = announcement.checked_rem(self.announcements.len())?;
        let announcement = self.announcements[index].clone();
        self.tell(&announcement.from, to, &announcement.roster);
        let Replica { stability, is_alive: true, .. } = &mut self.replicas[to] else { return None };
        stability.hear(&announcement);
        None
    }

    fn fold(&mut self, on: usize) -> Option<usize> {
        let Replica { map, stability, is_alive: true, .. } = &mut self.replicas[on] else {
            return None;
        };
        let cut = stability.cut(map.context())?;
        self.folded += map.fold(&cut);
        Some(on)
    }

    fn admit(&mut self, newcomer: ReplicaId, sponsor: usize) -> Option<usize> {
        let has_room = self.replicas.len() < REPLICAS_MAX;
        let Replica { id, map, stability, received, is_alive } = &mut self.replicas[sponsor];
        if !*is_alive || !has_room || !stability.roster().has_member(id) {
            return None;
        }
        stability.admit(newcomer.clone());
        let mut first = ClaimMap::new();
        first.merge(map);
        let replica = Replica {
            map: first,
            stability: Stability::new(newcomer.clone(), stability.roster().clone()),
            received: received.clone(),
            is_alive: true,
            id: newcomer,
        };
        self.replicas.push(replica);
        Some(self.replicas.len() - 1)
    }

    fn restart(&mut self, on: usize, sponsor: usize) -> Option<usize> {
        if on == sponsor || !self.replicas[on].is_alive || !self.replicas[sponsor].is_alive {
            return None;
        }
        let fresh = self.replicas[on].id.fresh();
        let touched = self.admit(fresh, sponsor)?;
        self.replicas[on].is_alive = false;
        Some(touched)
    }

    fn retire(&mut self, by: usize, whom: usize) -> Option<usize> {
        let whom = self.replicas[whom].id.clone();
        let Replica { id, stability, is_alive: true, .. } = &mut self.replicas[by] else {
            return None;
        };
        if *id != whom && stability.roster().has_member(id) {
            stability.retire(whom);
        }
        None
    }

    fn check(&self, touched: usize) {
        let Replica { id, map, stability, received, .. } = &self.replicas[touched];
        map.check_invariants();
        stability.check_invariants();
        let visible = Specification::visible(received);
        assert_eq!(map.context().operations(), visible.len() as u64, "operations applied at {id}");
        assert!(visible.iter().all(|dot| map.context().contains(dot)));
        let claims: BTreeMap<Claim, u64> = map.claims().collect();
        assert_eq!(claims, self.specification.claims(&visible), "live claims at {id}");
    }

    /// Whoever has seen the same has the same fingerprint.
    pub(crate) fn check_fingerprints(&self) {
        let mut fingerprints = BTreeMap::new();
        for Replica { map, received, .. } in &self.replicas {
            let visible = Specification::visible(received);
            let fingerprint = fingerprints.entry(visible).or_insert_with(|| map.fingerprint());
            assert_eq!(*fingerprint, map.fingerprint());
        }
    }
}

/// Whatever has another priority than before is among the claims that are said to be touched.
fn check_changes(before: &ClaimMap, after: &ClaimMap, touched: &[Claim]) {
    let priorities = |map: &ClaimMap| map.claims().collect::<BTreeSet<_>>();
    let (before, after) = (priorities(before), priorities(after));
    for (claim, _) in before.symmetric_difference(&after) {
        assert!(touched.contains(claim), "{claim} has changed and nobody says so");
    }
}

/// An update cancels what the specification says, folded or not.
fn check_cancels(update: &Update, expected: &BTreeSet<Dot>, visible: &BTreeSet<Dot>) {
    let cancels: Vec<&Cancel> = update.claims().flat_map(|(_, cancels)| cancels).collect();
    let covers = |cancel: &Cancel, dot: &Dot| match cancel.is_whole {
        true => cancel.dot.replica == dot.replica && dot.counter <= cancel.dot.counter,
        false => cancel.dot == *dot,
    };
    for dot in expected {
        assert!(cancels.iter().any(|cancel| covers(cancel, dot)), "{} spares {dot}", update.dot);
    }
    for cancel in cancels {
        assert!(visible.contains(&cancel.dot), "{} cancels what it has not seen", update.dot);
        assert!(expected.contains(&cancel.dot), "{} cancels {}", update.dot, cancel.dot);
    }
}

fn id(index: usize) -> ReplicaId {
    ReplicaId::first(NodeId::new(&format!("r{index}")).unwrap())
}
