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
    /// When others were asked last whether they know who is not known here.
    asked_at: SimTime,
    opponents: BTreeMap<NodeId, Refusal>,
    companions: BTreeMap<NodeId, SimTime>,
}

/// The latest refusal between this replica and an opponent.
#[derive(Clone, Copy, Debug)]
struct Refusal {
    at: SimTime,
    by: Side,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    /// This replica does not listen to the opponent.
    Own,
    /// The opponent does not listen to this replica.
    Other,
}

impl Strife {
    /// Notes somebody who is listened to. Whoever was refused for want of news is no opponent any
    /// more; nor is who has refused this replica, if it has not done so for a quarter of `patience_us`
    /// and goes on talking to it. Where nodes come and go all the time somebody is always refused, and
    /// soon not any more: that is no strife.
    pub(crate) fn note_companion(&mut self, now: SimTime, from: &NodeId, patience_us: u64) {
        if self.opponents.is_empty() {
            return;
        }
        let is_over = |refusal: &mut Refusal| {
            refusal.by == Side::Own || now.us_since(refusal.at) > patience_us / 4
        };
        match self.opponents.get_mut(from).map(is_over) {
            Some(false) => return,
            Some(true) => drop(self.opponents.remove(from)),
            None => {}
        }
        self.companions.insert(from.clone(), now);
    }

    /// Notes an opponent, and says whether it is time to give way: once that has gone on for
    /// `patience_us`, if there are fewer on this side, or as many and the first by name is on the
    /// other. Both sides come to the same answer as far as each has heard everybody.
    fn gives_way(
        &mut self,
        now: SimTime,
        own: &NodeId,
        other: &NodeId,
        by: Side,
        patience_us: u64,
    ) -> bool {
        let is_recent = |at: SimTime| now.us_since(at) <= patience_us;
        self.opponents.retain(|_, refusal| is_recent(refusal.at));
        self.companions.retain(|_, at| is_recent(*at));
        if self.opponents.is_empty() {
            self.since = now;
        }
        self.opponents.insert(other.clone(), Refusal { at: now, by });
        self.companions.remove(other);
        let first_here = self.companions.keys().chain([own]).min();
        let (here, there) = (self.companions.len() + 1, self.opponents.len());
        let are_fewer = here < there || (here == there && self.opponents.keys().min() < first_here);
        now.us_since(self.since) > patience_us && are_fewer
    }

    pub(crate) fn follow_clock_back(&mut self, by_us: u64) {
        let refusals = self.opponents.values_mut().map(|refusal| &mut refusal.at);
        let refusals = refusals.chain([&mut self.since, &mut self.asked_at]);
        let times = refusals.chain(self.companions.values_mut());
        times.for_each(|at| *at = at.earlier_by(by_us));
    }
}

impl Node {
    /// Tells somebody who is not listened to.
    pub(crate) fn refuse(&mut self, now: SimTime, replica: ReplicaId, effects: &mut Effects) {
        let roster = Arc::clone(self.stability.roster());
        let is_retired = roster.has_retired(&replica);
        if is_retired || self.is_member() {
            let node = replica.node.clone();
            effects.messages.push((node.clone(), Message::Refused { replica, roster }));
            if !is_retired {
                self.ask_about_stranger(now, effects);
            }
            self.note_opponent(now, &node, Side::Own, effects);
        }
    }

    /// Somebody is not known here: another member may know who let it in. While operations keep
    /// coming, digests are mostly passed over, so that it could take long until that is found out.
    fn ask_about_stranger(&mut self, now: SimTime, effects: &mut Effects) {
        let interval_us = self.settings.map_or(0, |settings| u64::from(settings.interval_us));
        if now.us_since(self.strife.asked_at) >= interval_us {
            self.strife.asked_at = now;
            let asked = self.draw_peers(1);
            asked.into_iter().for_each(|peer| self.send_roster(peer, effects));
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
        self.note_opponent(now, &from.node, Side::Other, effects);
    }

    fn note_opponent(&mut self, now: SimTime, other: &NodeId, by: Side, effects: &mut Effects) {
        let patience_us = self.patience_with_others_us();
        if self.strife.gives_way(now, &self.id.node, other, by, patience_us) && self.is_member() {
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
                let (own, opponent) = (name(own), name(opponent));
                gives_way = strife.gives_way(now, &own, &opponent, Side::Other, 900_000);
                assert!(!gives_way || round == 10, "not before its time");
            }
            companions.iter().for_each(|it| strife.note_companion(now, &name(it), 900_000));
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
        strife.gives_way(SimTime::ZERO, &name("a"), &name("b"), Side::Own, 1_000);
        // Two that came and went, and then one alone for a moment.
        let later = SimTime::from_ms(500);
        assert!(!strife.gives_way(later, &name("a"), &name("c"), Side::Own, 1_000));
        assert_eq!(strife.opponents.len(), 1);
    }

    #[test]
    fn who_is_listened_to_after_all_is_no_opponent() {
        let (own, other) = (name("b"), name("a"));
        let (patience_us, ms) = (1_000_000, SimTime::from_ms);
        for (by, heard_at) in [(Side::Own, ms(10)), (Side::Other, ms(260))] {
            let mut strife = Strife::default();
            assert!(!strife.gives_way(ms(0), &own, &other, by, patience_us));
            strife.note_companion(heard_at, &other, patience_us);
            assert!(strife.opponents.is_empty());
            // Somebody else, much later, is another matter.
            assert!(!strife.gives_way(ms(1_200), &own, &name("c"), by, patience_us));
        }
        let mut strife = Strife::default();
        strife.gives_way(ms(0), &own, &other, Side::Other, patience_us);
        // It says something, and refuses again at once.
        for at_ms in (100..=1_100).step_by(200) {
            strife.note_companion(ms(at_ms), &other, patience_us);
            let is_late = at_ms == 1_100;
            let gives_way = strife.gives_way(ms(at_ms), &own, &other, Side::Other, patience_us);
            assert_eq!(gives_way, is_late);
        }
    }
}
