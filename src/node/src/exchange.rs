//! Two nodes that compare what they have, and give each other what is missing.
//!
//! One sends the digest of its context and claims; where the other has the same, that is all: a
//! dozen bytes. Else it answers with its version vector, and the first one, by its strategy, gives what
//! the other lacks, asks for what itself lacks, or both (Demers et al. 1987, "Epidemic algorithms
//! for replicated database maintenance", §1.3: push, pull, push-pull).

use std::sync::Arc;

use scalesmall_crdt::{NodeId, VersionVector};

use crate::{Effects, Message, News, Node, Strategy, Sync};

/// Every so many rounds, those who are down are drawn as well.
const DOWN_TRIED_EVERY: u32 = 8;

impl Node {
    /// Begins to compare with so many random peers.
    pub(crate) fn compare_with_random(&mut self, count: usize, effects: &mut Effects) {
        let digest = Message::Digest(self.digest(), self.claims.context().operations());
        for peer in self.draw_peers(count) {
            effects.messages.push((peer, digest.clone()));
        }
    }

    /// So many different peers at random, or all where there are no more. Those who are down are
    /// left out, mostly: should they be there after all, somebody has to begin.
    pub(crate) fn draw_peers(&mut self, count: usize) -> Vec<NodeId> {
        let members = Arc::clone(&self.members);
        let is_other = |position: &usize| Some(*position) != self.position;
        let down = self.detector.as_ref().filter(|detector| !detector.down().is_empty());
        let others = members.len() - usize::from(self.position.is_some());
        let tries_all = down.is_none() || self.rounds.is_multiple_of(DOWN_TRIED_EVERY);
        let drawn = if tries_all && others > count {
            // There are more others than are needed: enough draws find them.
            let bound = u32::try_from(members.len()).expect("fewer than 2^32 members");
            let mut drawn: Vec<usize> = Vec::with_capacity(count);
            while drawn.len() < count {
                let position = self.random.below(bound) as usize;
                if is_other(&position) && !drawn.contains(&position) {
                    drawn.push(position);
                }
            }
            drawn
        } else {
            let is_there = |position: &usize| {
                tries_all || !down.is_some_and(|it| it.is_down(members.name(*position)))
            };
            let mut left: Vec<usize> =
                (0..members.len()).filter(is_other).filter(is_there).collect();
            while left.len() > count {
                let bound = u32::try_from(left.len()).expect("fewer than 2^32 members");
                left.swap_remove(self.random.below(bound) as usize);
            }
            left
        };
        drawn.into_iter().map(|position| members.name(position).clone()).collect()
    }

    /// Gives `to`, who has seen this much and whose digest is another, what it lacks, or asks it
    /// for what this node lacks.
    pub(crate) fn settle(&self, to: NodeId, seen: &VersionVector, effects: &mut Effects) {
        let only_pulls = self.settings.is_some_and(|settings| settings.strategy == Strategy::Pull);
        if !only_pulls {
            self.answer(to, seen, effects);
        } else if !self.claims.context().includes(seen) {
            effects.messages.push((to, Message::Ask(self.claims.context().clone())));
        }
    }

    /// Sends `to`, who has seen this much, what it lacks; and what this node has seen, if that
    /// lacks something. Nothing where the two agree.
    pub(crate) fn answer(&self, to: NodeId, seen: &VersionVector, effects: &mut Effects) {
        let own = self.claims.context();
        let news = self.news_beyond(&to, seen);
        let seen = (!own.includes(seen)).then(|| own.clone());
        let message = match (news, seen) {
            (Some(news), seen) => Message::News { news, seen },
            (None, Some(own)) => Message::Ask(own),
            (None, None) => return,
        };
        effects.messages.push((to, message));
    }

    /// What `to` lacks, who has seen this much, or a first part of it.
    pub(crate) fn news_beyond(&self, to: &NodeId, seen: &VersionVector) -> Option<News> {
        if seen.includes(self.claims.context()) {
            return None;
        }
        let is_in_full = self.settings.is_some_and(|settings| settings.sync == Sync::FullState);
        if is_in_full || !self.history.reaches(seen) {
            return Some(self.whole_state());
        }
        Some(News::Updates(self.updates_beyond(to, seen)))
    }
}
