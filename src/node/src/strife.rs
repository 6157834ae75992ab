//! Two sides that do not listen to each other.
//!
//! One has retired somebody who let the other in, and whoever could have told has lost its state. No
//! message can bring them together, since neither may take what the other says: what one has folded,
//! the other may have cancelled in part. So one gives way, and begins as fresh replicas of the other
//! side: the fewer, as far as each of them has heard.

use std::collections::BTreeMap;
use std::sync::Arc;

use scalesmall_crdt::{NodeId, ReplicaId, Roster};

use crate::{Effects, Message, Node, SimTime};

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

impl Node {
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
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(name: &str) -> NodeId {
        NodeId::new(name).unwrap()
    }

    /// Whether `own` gives way in the end, where these refuse it and these stand by it.
    fn gives_way(own: &str, opponents: &[&str], companions: &[&str]) -> bool {
        let mut strife = Strife::default();
        let mut gives_way = false;
        for round in 0..=10 {
            let now = SimTime::from_ms(100 * round);
            for opponent in opponents {
                gives_way = strife.gives_way(now, &name(own), &name(opponent), 900_000);
                assert!(!gives_way || round == 10, "not before its time");
            }
            companions.iter().for_each(|it| strife.note_companion(now, &name(it)));
        }
        gives_way
    }

    #[test]
    fn of_two_sides_exactly_one_gives_way() {
        let sides: [(&[&str], &[&str]); 4] = [
            (&["a"], &["b"]),
            (&["a"], &["b", "c"]),
            (&["a", "d"], &["b", "c"]),
            (&["b", "c", "d"], &["a"]),
        ];
        for (one, other) in sides {
            let ways = [(one, other), (other, one)].map(|(own, opponents)| {
                let of = |&member: &&str| {
                    let companions: Vec<&str> =
                        own.iter().copied().filter(|&it| it != member).collect();
                    gives_way(member, opponents, &companions)
                };
                let ways: Vec<bool> = own.iter().map(of).collect();
                assert!(ways.iter().all(|&way| way == ways[0]), "{own:?} stay together: {ways:?}");
                ways[0]
            });
            assert_ne!(ways[0], ways[1], "{one:?} and {other:?}");
        }
        assert!(gives_way("a", &["b", "c"], &[]), "the fewer do");
        assert!(gives_way("b", &["a"], &[]), "of as many those who have not the first");
    }

    #[test]
    fn who_has_not_been_heard_for_long_does_not_count() {
        let mut strife = Strife::default();
        strife.gives_way(SimTime::ZERO, &name("a"), &name("b"), 1_000);
        // Two that came and went, and then one alone for a moment.
        assert!(!strife.gives_way(SimTime::from_ms(500), &name("a"), &name("c"), 1_000));
        assert_eq!(strife.opponents.len(), 1);
    }
}
