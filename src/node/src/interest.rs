//! Which keys matter to whom.
//!
//! A node's interest is the keys that it serves, by its own live claims, and those that it watches.
//! What nodes serve, everybody sees in its own replica; what they watch, they say.
//!
//! News about keys that others are interested in goes to them at once, straight from where it is
//! issued, as far as they are few; the strategy brings it to all, on links of the tree with less
//! haste where it does not concern the peer. And a node's log reaches back further for news of its
//! interest than for other news.

use std::collections::BTreeMap;
use std::sync::Arc;

use scalesmall_crdt::{Delta, KeyRange, NodeId, Update, VersionVector};

use crate::{Depth, Effects, Message, Node, UPDATES_MAX};

/// The most ranges that a node watches; of more, the first count.
pub const WATCHED_RANGES_MAX: usize = 64;
/// The most nodes that are told at once. News that matters to more is everybody's.
const TOLD_AT_ONCE_MAX: usize = 16;
/// The most nodes of which it is known what they watch.
const WATCHERS_MAX: usize = 10_000;

/// Keys that nodes watch, beside those that they serve.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watching {
    own: Arc<[KeyRange]>,
    others: BTreeMap<NodeId, Arc<[KeyRange]>>,
}

/// What a node keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// The live claims.
    pub claims: usize,
    /// The operations in its log.
    pub operations: usize,
    /// Those of them that concern keys which it serves or watches.
    pub operations_inside: usize,
    /// How much of what it has seen all members have, as far as it knows.
    pub operations_stable: u64,
}

impl Node {
    /// What the node keeps. O(its log).
    #[must_use]
    pub fn kept(&self) -> Kept {
        let concerns = |update: &&Arc<Update>| self.concerns(update);
        Kept {
            claims: self.claims.ownership().claim_count(),
            operations: self.history.len(),
            operations_inside: self.history.iter().filter(concerns).count(),
            operations_stable: self.stable.operations(),
        }
    }

    /// Whether an update is about keys that this node serves or watches.
    fn concerns(&self, update: &Update) -> bool {
        let range = update.operation.claim().range;
        self.claims.ownership().serves(&self.id().node, range)
            || self.watching.own.iter().any(|watched| watched.overlaps(range))
    }

    /// Whether it is about keys that another one serves or watches, as far as is known here.
    pub(crate) fn concerns_other(&self, other: &NodeId, update: &Update) -> bool {
        let range = update.operation.claim().range;
        let watches = |ranges: &Arc<[KeyRange]>| ranges.iter().any(|it| it.overlaps(range));
        self.claims.ownership().serves(other, range)
            || self.watching.others.get(other).is_some_and(watches)
    }

    pub(crate) fn has_interest(&self) -> bool {
        self.settings.is_some_and(|settings| settings.interest)
    }

    /// Watches these keys from now on, and no others.
    pub(crate) fn watch_keys(&mut self, mut ranges: Vec<KeyRange>, effects: &mut Effects) {
        ranges.truncate(WATCHED_RANGES_MAX);
        self.watching.own = ranges.into();
        if self.has_interest() {
            let peers = self.draw_peers(usize::MAX);
            peers.into_iter().for_each(|peer| self.tell_watched(peer, effects));
        }
    }

    fn tell_watched(&self, to: NodeId, effects: &mut Effects) {
        effects.messages.push((to, Message::Watching(Arc::clone(&self.watching.own))));
    }

    /// Says again what it watches, in case it was not heard, or came before somebody.
    pub(crate) fn remind_of_watched(&mut self, effects: &mut Effects) {
        if self.has_interest() && !self.watching.own.is_empty() {
            let peers = self.draw_peers(1);
            peers.into_iter().for_each(|peer| self.tell_watched(peer, effects));
        }
    }

    pub(crate) fn note_watched(&mut self, from: NodeId, ranges: Arc<[KeyRange]>) {
        let others = &mut self.watching.others;
        if ranges.is_empty() {
            others.remove(&from);
        } else if ranges.len() <= WATCHED_RANGES_MAX
            && (others.len() < WATCHERS_MAX || others.contains_key(&from))
        {
            others.insert(from, ranges);
        }
    }

    /// Tells those at once to whom an update matters that has been issued here.
    pub(crate) fn tell_interested(&self, update: &Arc<Update>, effects: &mut Effects) {
        if !self.has_interest() {
            return;
        }
        let range = update.operation.claim().range;
        let own = &self.id().node;
        let watchers = self.watching.others.iter();
        let watchers = watchers.filter(|(_, it)| it.iter().any(|it| it.overlaps(range)));
        let claimants = self.claims.ownership().claimants(range);
        let mut interested: Vec<&NodeId> = Vec::new();
        for node in claimants.chain(watchers.map(|(watcher, _)| watcher)) {
            let is_member = || self.members.position(node).is_some();
            if node != own && !interested.contains(&node) && is_member() {
                interested.push(node);
            }
            if interested.len() > TOLD_AT_ONCE_MAX {
                return;
            }
        }
        for node in interested {
            let message = Message::updates([Arc::clone(update)].into_iter().collect());
            effects.messages.push((node.clone(), message));
        }
    }

    /// Forgets old updates of the replica of this one, by their number.
    pub(crate) fn forget_old(&mut self, update: &Update) {
        let Some(settings) = self.settings else { return };
        let Depth { inside, outside, .. } = settings.history;
        let mut history = std::mem::take(&mut self.history);
        history.keep(&update.dot.replica, |update, since| {
            since < outside || (since < inside && self.concerns(update))
        });
        self.history = history;
    }

    /// Forgets what all members have seen, where that is what the settings say.
    pub(crate) fn forget_stable(&mut self) {
        if self.settings.is_some_and(|settings| settings.history.forgets_stable) {
            self.history.forget(&self.stable);
        }
    }

    /// What somebody lacks who has `seen` so much, the keys of its interest first.
    pub(crate) fn updates_beyond(&self, to: &NodeId, seen: &VersionVector) -> Delta {
        let lacks_much = || {
            let lacking = self.claims.context().operations_beyond(seen);
            lacking > UPDATES_MAX as u64
        };
        if self.has_interest() && lacks_much() {
            let served = self.claims.ownership().claims_of(to).map(|(range, _)| range);
            let watched =
                self.watching.others.get(to).into_iter().flat_map(|it| it.iter().copied());
            let mut inside =
                served.chain(watched).map(|it| self.history.beyond_in(it, seen, UPDATES_MAX));
            if let Some(inside) = inside.find(|inside| !inside.is_empty()) {
                return inside;
            }
        }
        self.history.beyond(seen, UPDATES_MAX)
    }
}
