//! Meetings among each other, with connections that are made up and time as it is told.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::Path;
use crate::signalling::neighbours::{FULL_MESH_MAX, are_linked};
use crate::signalling::remote::FAILURES_MAX;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// How long a signal is on its way, and how long it takes until a connection is there.
const SIGNAL_US: u64 = 1_000;
const CONNECT_US: u64 = 50_000;

struct World {
    now: SimTime,
    meetings: BTreeMap<PeerId, Meeting>,
    /// What will happen to whom.
    coming: BTreeMap<(SimTime, u64), (PeerId, Input)>,
    count: u64,
    /// The attempt of each connection, at each end, and whether it is there.
    connections: BTreeMap<(PeerId, PeerId), (u32, bool)>,
    /// How many connections have been begun, and by whom with whom they were offered.
    begun: Vec<(PeerId, PeerId)>,
    told: Vec<(PeerId, LinkEvent)>,
    loss_per_mille: u32,
    can_connect: bool,
    random: Random,
}

impl World {
    fn new(count: u128, is_local: bool) -> Self {
        let mut world = Self {
            now: SimTime::ZERO,
            meetings: BTreeMap::new(),
            coming: BTreeMap::new(),
            count: 0,
            connections: BTreeMap::new(),
            begun: Vec::new(),
            told: Vec::new(),
            loss_per_mille: 0,
            can_connect: true,
            random: Random::new(7),
        };
        for bits in 1..=count {
            let meeting = Meeting::new(id(bits), is_local, bits as u64);
            world.meetings.insert(id(bits), meeting);
        }
        world
    }

    /// A world in which all have come.
    fn of(count: u128, is_local: bool) -> Self {
        let mut world = Self::new(count, is_local);
        (1..=count).for_each(|bits| world.input(id(bits), Input::Appeared));
        world
    }

    fn input(&mut self, whom: PeerId, input: Input) {
        let now = self.now;
        let Some(meeting) = self.meetings.get_mut(&whom) else { return };
        meeting.handle(now, input);
        loop {
            let tasks = self.meetings.get_mut(&whom).map(Meeting::take_tasks).unwrap_or_default();
            if tasks.is_empty() {
                break;
            }
            tasks.into_iter().for_each(|task| self.carry_out(whom, task));
        }
        let meeting = self.meetings.get_mut(&whom).expect("it was there");
        self.told.extend(std::iter::from_fn(|| meeting.next_event()).map(|event| (whom, event)));
    }

    fn later(&mut self, wait_us: u64, whom: PeerId, input: Input) {
        self.count += 1;
        self.coming.insert((self.now + wait_us, self.count), (whom, input));
    }

    fn happens(&mut self, wait_us: u64, (at, to): (PeerId, PeerId), happening: Happening) {
        let (attempt, _) = self.connections[&(at, to)];
        self.later(wait_us, at, Input::Happened(to, attempt, happening));
    }

    fn carry_out(&mut self, at: PeerId, task: Task) {
        match task {
            Task::Post(to, signal) => {
                let all: Vec<PeerId> = self.meetings.keys().copied().collect();
                for other in all {
                    let is_meant = other != at && to.is_none_or(|to| to == other);
                    if is_meant && self.random.below(1_000) >= self.loss_per_mille {
                        self.later(SIGNAL_US, other, Input::Heard(at, signal.clone()));
                    }
                }
            }
            Task::Begin { peer, attempt, offer } => {
                assert!(!self.connections.contains_key(&(at, peer)), "one at a time");
                self.connections.insert((at, peer), (attempt, false));
                if offer.is_none() {
                    self.begun.push((at, peer));
                }
                self.happens(SIGNAL_US, (at, peer), Happening::Described("v=0".to_owned()));
            }
            Task::Accept(peer, _) => {
                let (attempt, _) = self.connections[&(at, peer)];
                let has_other = self.connections.get(&(peer, at)) == Some(&(attempt, false));
                if self.can_connect && has_other {
                    for ends in [(at, peer), (peer, at)] {
                        self.connections.insert(ends, (attempt, true));
                        let digest = |peer: PeerId| [peer.bits() as u8; 32];
                        let fingerprints = [digest(ends.0), digest(ends.1)];
                        let opened = Happening::Opened { path: Path::Host, fingerprints };
                        self.happens(CONNECT_US, ends, opened);
                    }
                }
            }
            Task::End(peer) | Task::Forget(peer) => {
                let ended = self.connections.remove(&(at, peer));
                if ended.is_some_and(|(_, is_there)| is_there)
                    && self.connections.get(&(peer, at)) == ended.as_ref()
                {
                    self.happens(SIGNAL_US, (peer, at), Happening::Ended(Why::Broke));
                }
            }
            Task::Watch(_) | Task::AddCandidate(..) => {}
        }
    }

    fn pass_ms(&mut self, ms: u32) {
        let until = self.now + u64::from(ms) * 1_000;
        loop {
            let coming = self.coming.keys().next().map(|&(at, _)| at);
            let due = self.meetings.iter().filter_map(|(&peer, it)| Some((it.due()?, peer))).min();
            let next = coming.into_iter().chain(due.map(|(at, _)| at)).min();
            let Some(next) = next.filter(|&next| next <= until) else { break };
            self.now = self.now.max(next);
            match due {
                Some((at, peer)) if at == next => self.input(peer, Input::Due),
                _ => {
                    let (_, (whom, input)) = self.coming.pop_first().expect("it is coming");
                    self.input(whom, input);
                }
            }
        }
        self.now = until;
    }

    /// Those to whom a peer has a link.
    fn linked_with(&self, peer: PeerId) -> BTreeSet<PeerId> {
        let remotes = self.meetings[&peer].remotes.iter();
        remotes.filter(|remote| remote.link.is_open()).map(|remote| remote.peer).collect()
    }

    fn told(&self, whom: u128, wanted: impl Fn(&LinkEvent) -> bool) -> usize {
        self.told.iter().filter(|(peer, event)| *peer == id(whom) && wanted(event)).count()
    }
}

fn id(bits: u128) -> PeerId {
    PeerId::new(bits)
}

fn is_opened(event: &LinkEvent) -> bool {
    matches!(event, LinkEvent::Opened { .. })
}

#[test]
fn a_few_are_all_linked_by_one_connection_each() {
    let mut world = World::of(8, false);
    world.pass_ms(1_000);
    for bits in 1..=8 {
        assert_eq!(world.linked_with(id(bits)).len(), 7);
        assert_eq!(world.told(bits, is_opened), 7);
    }
    assert_eq!(world.begun.len(), 8 * 7 / 2);
    assert!(world.begun.iter().all(|(offers, answers)| offers < answers));
    let bindings = world.told.iter().filter_map(|(_, event)| match event {
        LinkEvent::Opened { binding, .. } => Some(binding),
        _ => None,
    });
    assert_eq!(bindings.collect::<BTreeSet<_>>().len(), 8 * 7 / 2, "both ends have the same");
}

#[test]
fn signals_may_be_lost() {
    let mut world = World::new(5, false);
    world.loss_per_mille = 300;
    (1..=5).for_each(|bits| world.input(id(bits), Input::Appeared));
    world.pass_ms(120_000);
    assert!((1..=5).all(|bits| world.linked_with(id(bits)).len() == 4));
}

#[test]
fn of_many_each_is_linked_with_some() {
    let mut world = World::of(40, false);
    world.pass_ms(60_000);
    let all: Vec<PeerId> = (1..=40).map(id).collect();
    for &peer in &all {
        let linked = world.linked_with(peer);
        let wanted: BTreeSet<PeerId> =
            all.iter().copied().filter(|&other| are_linked(peer, other, &all)).collect();
        assert!(linked.is_superset(&wanted), "{peer}");
        assert!(linked.len() <= wanted.len().max(FULL_MESH_MAX), "{} links", linked.len());
    }
}

#[test]
fn attempts_that_fail_are_repeated_with_growing_pauses_until_the_other_one_is_taken_for_gone() {
    let mut world = World::of(2, false);
    world.can_connect = false;
    // Nothing is heard of the other one meanwhile.
    world.pass_ms(5);
    world.loss_per_mille = 1_000;
    let mut begun_at_ms = vec![0];
    for ms in 0..600_000 {
        world.pass_ms(1);
        if world.begun.len() > begun_at_ms.len() {
            begun_at_ms.push(ms);
        }
    }
    assert_eq!(begun_at_ms.len() as u32, 1 + FAILURES_MAX);
    let pauses: Vec<u32> = begun_at_ms.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(pauses.windows(2).all(|pair| pair[0] < pair[1] || pair[1] > 30_000), "{pauses:?}");
    for bits in [1, 2] {
        assert_eq!(world.told(bits, |event| matches!(event, LinkEvent::Gone(_))), 1);
        assert!(world.meetings[&id(bits)].remotes.is_empty());
    }
    // It says again that it is there, and all is well.
    (world.loss_per_mille, world.can_connect) = (0, true);
    world.pass_ms(30_000);
    assert_eq!(world.linked_with(id(1)).len(), 1);
}

#[test]
fn tabs_that_cannot_connect_talk_by_signals_and_machines_do_not() {
    for is_local in [true, false] {
        let mut world = World::of(2, is_local);
        world.can_connect = false;
        world.pass_ms(24_000);
        let is_channel = |event: &LinkEvent| {
            matches!(event, LinkEvent::Opened { path: Path::BroadcastChannel, .. })
        };
        assert_eq!([1, 2].map(|bits| world.told(bits, is_channel)), [usize::from(is_local); 2]);
        let lane = crate::Lane::Reliable;
        let message = Signal::Message { lane, bytes: vec![7] };
        world.input(id(1), Input::Heard(id(2), message));
        let is_received = |event: &LinkEvent| matches!(event, LinkEvent::Received { .. });
        assert_eq!(world.told(1, is_received), usize::from(is_local));
    }
}

#[test]
fn a_link_stays_when_the_server_loses_the_other_one() {
    let mut world = World::of(3, false);
    world.pass_ms(1_000);
    world.input(id(1), Input::Unheard(id(2)));
    assert!(world.linked_with(id(1)).contains(&id(2)));
    world.connections.remove(&(id(1), id(2)));
    let Some(Link::Open(attempt)) = world.meetings[&id(1)].link(id(2)) else {
        panic!("there is a link");
    };
    let broken = Happening::Ended(Why::Broke);
    world.input(id(1), Input::Happened(id(2), attempt.number, broken));
    world.input(id(1), Input::Unheard(id(2)));
    assert_eq!(world.meetings[&id(1)].link(id(2)), None, "it has neither a link nor a voice");
    world.pass_ms(20_000);
    assert!(world.linked_with(id(1)).contains(&id(2)), "but it comes again");
}

#[test]
fn who_leaves_is_gone_at_once_and_is_not_missed_by_who_parts() {
    let mut world = World::of(3, false);
    world.pass_ms(1_000);
    world.input(id(1), Input::Vanished);
    world.meetings.remove(&id(1));
    world.pass_ms(10);
    let closed = LinkEvent::Closed { peer: id(1), why: Why::Left };
    assert_eq!([2, 3].map(|bits| world.told(bits, |event| *event == closed)), [1, 1]);

    world.told.clear();
    world.input(id(2), Input::Part(id(3)));
    assert_eq!(world.told(2, |_| true), 0, "what the caller ends itself ends without an event");
    assert_eq!(world.linked_with(id(2)).len(), 0);
    world.pass_ms(25_000);
    assert_eq!(world.linked_with(id(2)).len(), 1, "it is found again");

    world.input(id(2), Input::Shun(id(3)));
    world.told.clear();
    world.pass_ms(60_000);
    assert_eq!(world.told(2, |_| true), 0);
}

#[test]
fn who_is_dead_is_gone() {
    let mut world = World::of(2, true);
    world.pass_ms(1_000);
    world.input(id(1), Input::Died(id(2)));
    let closed = LinkEvent::Closed { peer: id(2), why: Why::Died };
    assert_eq!(world.told(1, |event| *event == closed), 1);
    assert_eq!(world.meetings[&id(1)].link(id(2)), None);
}

#[test]
fn what_can_be_made_to_grow_is_bounded_and_who_is_not_there_yet_hears_nothing() {
    let mut world = World::new(1, false);
    world.input(id(1), Input::Heard(id(2), Signal::Hello));
    assert!(world.meetings[&id(1)].remotes.is_empty());
    world.input(id(1), Input::Appeared);
    for bits in 1..=1_000 {
        world.input(id(1), Input::Heard(id(bits), Signal::Hello));
        world.input(id(1), Input::Shun(id(bits + 1_000)));
    }
    let meeting = &world.meetings[&id(1)];
    assert_eq!(meeting.remotes.len(), PEERS_MAX);
    assert_eq!(meeting.link(id(1)), None, "it is not its own peer");
    assert_eq!(meeting.shunned.len(), SHUNNED_MAX);
}

#[test]
fn what_belongs_to_another_attempt_is_ignored() {
    let mut world = World::of(2, false);
    world.pass_ms(1_000);
    world.told.clear();
    let other = 0xdead_beef;
    for signal in [
        Signal::Answer { attempt: other, description: "v=0".to_owned() },
        Signal::Candidate { attempt: other, candidate: "candidate:1".to_owned() },
        Signal::Offer { attempt: other, description: "v=0".to_owned() },
    ] {
        // The smaller one offers, and is offered nothing.
        world.input(id(1), Input::Heard(id(2), signal));
    }
    world.input(id(1), Input::Happened(id(2), other, Happening::Ended(Why::Broke)));
    world.pass_ms(100);
    assert_eq!(world.told, []);
    assert_eq!(world.linked_with(id(1)).len(), 1);
}

/// Lets an attempt be introduced at both ends, with the offer of the first one.
fn introduce(world: &mut World, ends: (PeerId, PeerId), attempt: u32) {
    for (own, peer, has_answered) in [(ends.1, ends.0, false), (ends.0, ends.1, true)] {
        world.input(own, Input::Introduced { peer, attempt, has_answered });
        world.connections.insert((own, peer), (attempt, true));
    }
}

fn opened(peer: PeerId) -> Happening {
    let fingerprints = [[0; 32], [peer.bits() as u8; 32]];
    Happening::Opened { path: Path::Host, fingerprints }
}

#[test]
fn who_is_introduced_has_one_link_whoever_has_offered_it() {
    for (one, other) in [(id(1), id(2)), (id(2), id(1))] {
        let mut world = World::new(2, true);
        let attempt = 7;
        introduce(&mut world, (one, other), attempt);
        assert_eq!(world.told, [(other, LinkEvent::Found(one)), (one, LinkEvent::Found(other))]);
        world.told.clear();
        for (own, peer) in [(one, other), (other, one)] {
            // People take their time, and it may look in vain meanwhile.
            world.input(own, Input::Happened(peer, attempt, Happening::Unreachable));
            world.input(own, Input::Happened(peer, attempt, opened(peer)));
            assert!(matches!(world.told.pop(), Some((_, LinkEvent::Opened { .. }))));
        }
        world.input(one, Input::Happened(other, attempt, Happening::Ended(Why::Broke)));
        let closed = LinkEvent::Closed { peer: other, why: Why::Broke };
        assert_eq!(world.told, [(one, closed), (one, LinkEvent::Gone(other))]);
        let meeting = &world.meetings[&one];
        assert!(meeting.remotes.is_empty() && meeting.due().is_none());
    }
}

#[test]
fn an_introduction_that_nobody_follows_comes_to_an_end() {
    let mut world = World::new(2, true);
    let (peer, attempt) = (id(2), 7);
    world.input(id(1), Input::Introduced { peer, attempt, has_answered: false });
    world.connections.insert((id(1), peer), (attempt, false));
    let due = world.meetings[&id(1)].due().expect("it does not wait for ever");
    assert_eq!(due.as_us(), 15 * 60 * 1_000_000);
    world.now = due;
    world.input(id(1), Input::Due);
    assert_eq!(world.told.last(), Some(&(id(1), LinkEvent::Gone(peer))));
    assert!(world.begun.is_empty());
}

#[test]
fn who_was_introduced_and_is_heard_then_is_linked_again() {
    let mut world = World::new(2, true);
    introduce(&mut world, (id(1), id(2)), 7);
    for (own, peer) in [(id(1), id(2)), (id(2), id(1))] {
        world.input(own, Input::Happened(peer, 7, opened(peer)));
    }
    (1..=2).for_each(|bits| world.input(id(bits), Input::Appeared));
    world.pass_ms(1_000);
    assert!(world.begun.is_empty(), "the link that is there is enough");
    for (own, peer) in [(id(1), id(2)), (id(2), id(1))] {
        world.input(own, Input::Happened(peer, 7, Happening::Ended(Why::Broke)));
    }
    world.pass_ms(10_000);
    assert_eq!(world.begun, [(id(1), id(2))]);
}
