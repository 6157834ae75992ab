//! News along a tree.
//!
//! # Model
//!
//! All nodes know the same list of members, so they know the same tree without a word: the parent
//! of the one at position i stands at ⌊(i − 1) ÷ [`ARITY`]⌋. A node whose parent does not answer is
//! linked to its grandparent, and so on; who has nobody above, to the first in the list who may
//! still be there. What comes by one link goes on by all others, so that in a whole tree everybody
//! gets everything once. What comes twice on a link that is none by this rule prunes it.
//!
//! **A link** is one-way reliable, each way for itself, with one batch on its way at a time: while
//! that is not acknowledged, news gathers for the next. A node keeps news in the order in which it
//! came, and for each link the place up to which the peer has it: the delta intervals of Almeida,
//! Shoker, Baquero 2018, "Delta state replicated data types", §5.2. Where an acknowledgement does
//! not come in time, the peer is asked for it, since the batch is longer than the question; where
//! nothing comes for long, the link is given up.
//!
//! Whoever starts with a state, or anew without one, tells its neighbours what it has seen, and
//! they see to the rest. Should anything be left out (views of who is there differ, and links with
//! them), the comparison with random peers beneath finds it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use scalesmall_crdt::{Delta, NodeId, Update, VersionVector};

use crate::{Effects, Members, Message, News, Node, SimTime, Sync, Timer, UPDATES_MAX};

/// How many children a node has in the tree.
const ARITY: usize = 4;

/// How often a peer is asked for an acknowledgement before the link is given up. Of a link that
/// loses three of ten messages, a question and its answer come through with 0.49, so that ten
/// questions in a row fail with 0.51¹⁰: once in some 800 batches of which the first was lost.
const POLLS_MAX: u32 = 10;

/// What a node knows of its links.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    /// By the position of the peer.
    links: BTreeMap<usize, Link>,
    /// Those that did not answer.
    down: BTreeSet<usize>,
    /// News that not all links have got yet, in the order in which it came.
    log: VecDeque<Entry>,
    /// How many went before.
    forgotten: u64,
    /// The number of the next batch. It begins anywhere, so that an acknowledgement from a former
    /// life is not taken for one.
    next_number: u16,
    /// When the timer is due that was set last.
    wakes_at: Option<SimTime>,
    is_grown: bool,
}

/// Something new.
#[derive(Clone, Debug)]
struct Entry {
    /// Nothing where it came as a state.
    update: Option<Arc<Update>>,
    /// Who need not be told.
    from: Option<usize>,
}

/// What goes to one peer.
#[derive(Clone, Debug)]
struct Link {
    known: Known,
    on_its_way: Option<Batch>,
    /// When the news that has gathered is sent.
    sends_at: Option<SimTime>,
    /// How long an acknowledgement takes, in microseconds, as far as one has come.
    round_trip_us: Option<u64>,
    /// The number of the latest batch that came from there.
    received: Option<u16>,
}

/// What a peer has.
#[derive(Clone, Debug)]
enum Known {
    /// All that came before this place in the log.
    Until(u64),
    /// This much; and what comes after it is in no log.
    Seen(VersionVector),
}

/// A batch that is not acknowledged.
#[derive(Clone, Debug)]
struct Batch {
    number: u16,
    /// What the peer has when it has got it.
    then: Known,
    sent_at: SimTime,
    polls: u32,
    due_at: SimTime,
}

impl Tree {
    pub(crate) fn new(draw: u32) -> Self {
        Self {
            links: BTreeMap::new(),
            down: BTreeSet::new(),
            log: VecDeque::new(),
            forgotten: 0,
            next_number: draw as u16,
            wakes_at: None,
            is_grown: false,
        }
    }

    /// Whether there is a tree, if only of one node.
    pub(crate) fn is_grown(&self) -> bool {
        self.is_grown
    }

    pub(crate) fn follow_clock_back(&mut self, by_us: u64) {
        self.wakes_at = self.wakes_at.map(|at| at.earlier_by(by_us));
        for link in self.links.values_mut() {
            link.sends_at = link.sends_at.map(|at| at.earlier_by(by_us));
            if let Some(batch) = &mut link.on_its_way {
                batch.sent_at = batch.sent_at.earlier_by(by_us);
                batch.due_at = batch.due_at.earlier_by(by_us);
            }
        }
    }

    /// Goes on where the members have other positions than before, and some have gone.
    pub(crate) fn follow_members(&mut self, before: &Members, after: &Members) {
        let position = |it: usize| after.position(before.name(it));
        let links = std::mem::take(&mut self.links).into_iter();
        self.links.extend(links.filter_map(|(peer, link)| Some((position(peer)?, link))));
        let down = std::mem::take(&mut self.down).into_iter();
        self.down.extend(down.filter_map(position));
        for entry in &mut self.log {
            entry.from = entry.from.and_then(position);
        }
        self.trim();
    }

    fn end(&self) -> u64 {
        self.forgotten + self.log.len() as u64
    }

    fn new_link(&self) -> Link {
        Link {
            known: Known::Until(self.end()),
            on_its_way: None,
            sends_at: None,
            round_trip_us: None,
            received: None,
        }
    }

    /// Forgets what all links have got.
    fn trim(&mut self) {
        let place = |known: &Known| match known {
            Known::Until(place) => Some(*place),
            Known::Seen(_) => None,
        };
        let of_link = |link: &Link| {
            let then = link.on_its_way.as_ref().map(|batch| &batch.then);
            [Some(&link.known), then].into_iter().flatten().filter_map(place).min()
        };
        let needed = self.links.values().filter_map(of_link).min().unwrap_or(self.end());
        while self.forgotten < needed {
            self.log.pop_front();
            self.forgotten += 1;
        }
    }

    /// The peers of the node at a position, by the rule.
    fn neighbours(&self, position: usize, members: usize) -> Vec<usize> {
        let is_there = |it: &usize| !self.down.contains(it);
        let parent = |it: usize| Some(it.checked_sub(1)? / ARITY);
        let above = std::iter::successors(parent(position), |&it| parent(it)).find(is_there);
        let first = || (0..position).find(is_there);
        let mut neighbours = Vec::from_iter(above.or_else(first));
        let children =
            |it: usize| (ARITY * it + 1..=ARITY * it + ARITY).take_while(|&it| it < members);
        let mut below: Vec<usize> = children(position).collect();
        while let Some(child) = below.pop() {
            match is_there(&child) {
                true => neighbours.push(child),
                false => below.extend(children(child)),
            }
        }
        neighbours
    }

    /// # Panics
    ///
    /// Where a link waits for what is no longer kept.
    pub(crate) fn check_invariants(&self) {
        for link in self.links.values() {
            if let Known::Until(place) = link.known {
                assert!((self.forgotten..=self.end()).contains(&place), "a link is out of the log");
            }
        }
    }
}

impl Node {
    /// Begins with the links that the rule says, or with none where there is to be no tree.
    pub(crate) fn grow_tree(&mut self, now: SimTime, effects: &mut Effects) {
        self.tree = Tree::new(self.random.draw());
        self.tree.is_grown = self.has_tree();
        if !self.has_tree() {
            return;
        }
        // Where there has been nothing, nobody has anything to tell.
        let is_new = self.id().incarnation == 0 && self.claims.context().operations() == 0;
        self.link_neighbours(is_new, effects);
        self.set_timer(now, effects);
    }

    fn link_neighbours(&mut self, in_silence: bool, effects: &mut Effects) {
        let Some(position) = self.position else { return };
        for peer in self.tree.neighbours(position, self.members.len()) {
            if self.tree.links.contains_key(&peer) {
                continue;
            }
            self.tree.links.insert(peer, self.tree.new_link());
            if !in_silence {
                self.graft(peer, false, effects);
            }
        }
    }

    fn graft(&self, peer: usize, is_answer: bool, effects: &mut Effects) {
        let seen = self.claims.context().clone();
        let to = self.members.name(peer).clone();
        effects.messages.push((to, Message::Graft { seen, is_answer }));
    }

    /// Has the links that the rule says, where the members are others than before.
    pub(crate) fn relink(&mut self, now: SimTime, effects: &mut Effects) {
        if self.has_tree() && self.tree.is_grown {
            self.link_neighbours(false, effects);
            self.set_timer(now, effects);
        }
    }

    /// Who does not answer others will not answer here.
    pub(crate) fn notice_death(&mut self, now: SimTime, node: &NodeId, effects: &mut Effects) {
        let Some(peer) = self.members.position(node).filter(|_| self.has_tree()) else { return };
        self.give_up(peer, effects);
        self.set_timer(now, effects);
    }

    /// Who speaks is there.
    pub(crate) fn notice_life(&mut self, now: SimTime, from: &NodeId, effects: &mut Effects) {
        let Some(peer) = self.members.position(from) else { return };
        if self.tree.down.remove(&peer) {
            self.link_neighbours(false, effects);
            self.set_timer(now, effects);
        }
    }

    /// Lets all links but the one that it came by have what is new.
    pub(crate) fn send_along_tree(
        &mut self,
        now: SimTime,
        update: Option<Arc<Update>>,
        from: Option<&NodeId>,
        effects: &mut Effects,
    ) {
        let from = from.and_then(|from| self.members.position(from));
        let interval_us = u64::from(self.settings.map_or(0, |settings| settings.interval_us));
        let others = self.tree.links.keys().filter(|&&peer| Some(peer) != from);
        let times: Vec<(usize, SimTime)> = others
            .map(|&peer| {
                let matters = |update: &Arc<Update>| {
                    !self.has_interest() || self.concerns_other(self.members.name(peer), update)
                };
                let is_eager = update.as_ref().is_none_or(matters);
                (peer, now + if is_eager { interval_us / 8 } else { interval_us })
            })
            .collect();
        self.tree.log.push_back(Entry { update, from });
        for (peer, at) in times {
            let link = self.tree.links.get_mut(&peer).expect("it is one of the links");
            link.sends_at = Some(link.sends_at.map_or(at, |before| before.min(at)));
        }
        self.tree.trim();
        self.set_timer(now, effects);
    }

    /// Sends what is to be sent by now, and asks for what should have been acknowledged.
    pub(crate) fn look_after_links(&mut self, now: SimTime, effects: &mut Effects) {
        // One that was set before another for an earlier time is void.
        if !self.has_tree() || self.tree.wakes_at.is_none_or(|at| now < at) {
            return;
        }
        self.tree.wakes_at = None;
        let peers: Vec<usize> = self.tree.links.keys().copied().collect();
        for peer in peers {
            let patience_us = self.patience_us(peer);
            let Some(link) = self.tree.links.get_mut(&peer) else { continue };
            match &mut link.on_its_way {
                Some(batch) if batch.due_at <= now && batch.polls == POLLS_MAX => {
                    self.give_up(peer, effects);
                }
                Some(batch) if batch.due_at <= now => {
                    batch.polls += 1;
                    batch.due_at = now + patience_us * u64::from(2 + batch.polls.min(6)) / 2;
                    let poll = Message::Poll(batch.number);
                    effects.messages.push((self.members.name(peer).clone(), poll));
                }
                None if link.sends_at.is_some_and(|at| at <= now) => {
                    self.send_batch(now, peer, effects);
                }
                _ => {}
            }
        }
        self.set_timer(now, effects);
    }

    /// How long to wait for an acknowledgement.
    fn patience_us(&self, peer: usize) -> u64 {
        let interval_us = u64::from(self.settings.map_or(1, |settings| settings.interval_us));
        let round_trip_us = self.tree.links.get(&peer).and_then(|link| link.round_trip_us);
        round_trip_us.map_or(interval_us, |us| us * 3 / 2).max(1_000)
    }

    fn give_up(&mut self, peer: usize, effects: &mut Effects) {
        self.tree.links.remove(&peer);
        self.tree.down.insert(peer);
        self.tree.trim();
        self.link_neighbours(false, effects);
    }

    /// Sends what a peer is not known to have, if there is something.
    fn send_batch(&mut self, now: SimTime, peer: usize, effects: &mut Effects) {
        let (news, then) = self.batch(peer);
        let number = self.tree.next_number;
        let due_at = now + self.patience_us(peer);
        let Some(link) = self.tree.links.get_mut(&peer) else { return };
        link.sends_at = None;
        match news {
            Some(news) => {
                self.tree.next_number = number.wrapping_add(1);
                link.on_its_way = Some(Batch { number, then, sent_at: now, polls: 0, due_at });
                let batch = Message::Batch { number, news };
                effects.messages.push((self.members.name(peer).clone(), batch));
            }
            None => link.known = then,
        }
        self.tree.trim();
    }

    /// What a peer is not known to have, or a first part of it, and what it has then.
    fn batch(&self, peer: usize) -> (Option<News>, Known) {
        let end = self.tree.end();
        let place = match &self.tree.links[&peer].known {
            Known::Until(place) => *place,
            Known::Seen(seen) => {
                let news = self.news_beyond(self.members.name(peer), seen);
                let mut seen = seen.clone();
                if let Some(News::Updates(updates)) = &news {
                    updates.dots().for_each(|dot| seen.raise(&dot.replica, dot.counter));
                    if !seen.includes(self.claims.context()) {
                        return (news, Known::Seen(seen));
                    }
                }
                return (news, Known::Until(end));
            }
        };
        let is_in_full = self.settings.is_some_and(|settings| settings.sync == Sync::FullState);
        let mut updates = Vec::new();
        for (entry, next) in
            self.tree.log.iter().skip((place - self.tree.forgotten) as usize).zip(place + 1..)
        {
            match &entry.update {
                _ if entry.from == Some(peer) => {}
                Some(update) if !is_in_full => updates.push(Arc::clone(update)),
                _ => return (Some(self.whole_state()), Known::Until(end)),
            }
            if updates.len() == UPDATES_MAX {
                return (Some(News::Updates(updates.into_iter().collect())), Known::Until(next));
            }
        }
        let updates: Delta = updates.into_iter().collect();
        ((!updates.is_empty()).then_some(News::Updates(updates)), Known::Until(end))
    }

    /// What a peer says about a link.
    pub(crate) fn receive_on_link(
        &mut self,
        now: SimTime,
        from: NodeId,
        message: Message,
        effects: &mut Effects,
    ) {
        let Some(peer) = self.members.position(&from) else { return };
        match message {
            Message::Graft { seen, is_answer } => {
                self.receive_graft(now, peer, seen, is_answer, effects);
            }
            Message::Prune => {
                self.tree.links.remove(&peer);
                self.tree.trim();
            }
            Message::Batch { number, news } => {
                self.receive_batch(now, peer, &from, number, news, effects);
            }
            Message::Ack(number) => self.receive_ack(now, peer, number, effects),
            Message::Poll(number) => {
                let received = self.tree.links.get(&peer).and_then(|link| link.received);
                let is_here = received == Some(number);
                let answer = if is_here { Message::Ack } else { Message::Missing };
                effects.messages.push((from, answer(number)));
            }
            Message::Missing(number) => {
                let Some(link) = self.tree.links.get_mut(&peer) else { return };
                if link.on_its_way.as_ref().is_some_and(|batch| batch.number == number) {
                    link.on_its_way = None;
                    self.send_batch(now, peer, effects);
                }
            }
            _ => {}
        }
        if self.has_tree() {
            self.set_timer(now, effects);
        }
    }

    fn receive_graft(
        &mut self,
        now: SimTime,
        peer: usize,
        seen: VersionVector,
        is_answer: bool,
        effects: &mut Effects,
    ) {
        if !self.has_tree() {
            return;
        }
        let is_same = seen == *self.claims.context();
        let (new, end) = (self.tree.new_link(), self.tree.end());
        let link = self.tree.links.entry(peer).or_insert(new);
        link.on_its_way = None;
        (link.known, link.sends_at) = match is_same {
            true => (Known::Until(end), None),
            false => (Known::Seen(seen), Some(now)),
        };
        self.tree.trim();
        if !is_same && !is_answer {
            self.graft(peer, true, effects);
        }
    }

    fn receive_batch(
        &mut self,
        now: SimTime,
        peer: usize,
        from: &NodeId,
        number: u16,
        news: News,
        effects: &mut Effects,
    ) {
        effects.messages.push((from.clone(), Message::Ack(number)));
        let is_linked = self.tree.links.contains_key(&peer);
        if !self.has_tree() {
            self.take_in(now, from, news, effects);
            return;
        }
        let new = self.tree.new_link();
        let link = self.tree.links.entry(peer).or_insert(new);
        let is_repeated = link.received.replace(number) == Some(number);
        let is_news = self.take_in(now, from, news, effects);
        let Some(position) = self.position else { return };
        let neighbours = self.tree.neighbours(position, self.members.len());
        if !is_news && !is_repeated && !neighbours.contains(&peer) {
            self.tree.links.remove(&peer);
            self.tree.trim();
            effects.messages.push((from.clone(), Message::Prune));
        } else if !is_linked {
            self.graft(peer, false, effects);
        }
    }

    fn receive_ack(&mut self, now: SimTime, peer: usize, number: u16, effects: &mut Effects) {
        let Some(link) = self.tree.links.get_mut(&peer) else { return };
        let Some(batch) = link.on_its_way.take_if(|batch| batch.number == number) else { return };
        if batch.polls == 0 {
            let took_us = now.us_since(batch.sent_at);
            link.round_trip_us =
                Some(link.round_trip_us.map_or(took_us, |us| (7 * us + took_us) / 8));
        }
        link.known = batch.then;
        self.tree.trim();
        let link = &self.tree.links[&peer];
        let goes_on = match &link.known {
            Known::Until(place) => *place < self.tree.end(),
            Known::Seen(_) => true,
        };
        if goes_on {
            self.send_batch(now, peer, effects);
        }
    }

    /// Has the timer set for what comes next.
    fn set_timer(&mut self, now: SimTime, effects: &mut Effects) {
        let due = |link: &Link| match &link.on_its_way {
            Some(batch) => Some(batch.due_at),
            None => link.sends_at,
        };
        let Some(next) = self.tree.links.values().filter_map(due).min() else { return };
        let next = next.max(now);
        if self.tree.wakes_at.is_none_or(|at| next < at) {
            self.tree.wakes_at = Some(next);
            effects.timers.push((next, Timer::Links));
        }
    }
}
