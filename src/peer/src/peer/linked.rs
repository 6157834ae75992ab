//! What comes and goes over a peer's links.

use std::collections::BTreeSet;

use scalesmall_crdt::NodeId;
use scalesmall_node::{Message, SimTime};

use super::{Effects, Peer};
use crate::frame::{Frame, Parcel, Route};
use crate::handshake::Handshake;
use crate::limits::PEERS_MAX;
use crate::link::{Lane, Link, Path, State, Why};
use crate::routes::DISTANCE_MAX;
use crate::{PeerId, Unproven};

/// The most bytes of a message that travels on the unreliable lane. Nodes put up with loss, and
/// none of them waits for what was sent before; larger ones would be cut up on their way.
const UNRELIABLE_BYTES_MAX: usize = 1_100;
/// How long the link stays to who has another secret, so that the other end finds it out, too: to be
/// parted from would tell it nothing.
const REFUSAL_US: u64 = 500_000;
/// How many of those turned away are remembered.
const TURNED_AWAY_MAX: usize = 32;

impl Peer {
    pub(super) fn open(
        &mut self,
        now: SimTime,
        peer: PeerId,
        path: Path,
        handshake: Handshake,
        effects: &mut Effects,
    ) {
        self.forget(peer);
        if self.links.len() >= PEERS_MAX || peer == self.id {
            return effects.close.push((peer, Why::Full));
        }
        let mut link = Link::new(now, path, handshake);
        link.faults = self.faults.get(&peer).copied().unwrap_or_default();
        self.links.insert(peer, link);
    }

    pub(super) fn forget(&mut self, peer: PeerId) {
        self.links.remove(&peer);
        self.closing.retain(|(_, closing, _)| *closing != peer);
        self.told.remove(&peer);
        self.reports.forget_teller(peer);
        self.routes.forget(peer);
    }

    pub(super) fn turn_away(
        &mut self,
        now: SimTime,
        peer: PeerId,
        why: Why,
        effects: &mut Effects,
    ) {
        self.forget(peer);
        if why != Why::Bye {
            self.turned_away.push_back((now, peer, why.clone()));
            if self.turned_away.len() > TURNED_AWAY_MAX {
                self.turned_away.pop_front();
            }
        }
        match why {
            Why::Unproven(Unproven::Secret) => self.closing.push((now + REFUSAL_US, peer, why)),
            _ => effects.close.push((peer, why)),
        }
    }

    /// Closes the links whose time has come.
    pub(super) fn close_due(&mut self, now: SimTime, effects: &mut Effects) {
        let is_due = |(at, ..): &mut (SimTime, PeerId, Why)| *at <= now;
        let due = self.closing.extract_if(.., is_due);
        effects.close.extend(due.map(|(_, peer, why)| (peer, why)));
    }

    pub(super) fn receive(
        &mut self,
        now: SimTime,
        peer: PeerId,
        bytes: &[u8],
        effects: &mut Effects,
    ) {
        if let Err(why) = self.try_receive(now, peer, bytes) {
            self.turn_away(now, peer, why, effects);
        }
    }

    fn try_receive(&mut self, now: SimTime, peer: PeerId, bytes: &[u8]) -> Result<(), Why> {
        let Some(link) = self.links.get_mut(&peer) else { return Ok(()) };
        let Some(frame) = link.take(now, bytes)? else { return Ok(()) };
        match (&mut link.state, frame) {
            (State::Proving(handshake), Frame::Hello(hello)) => {
                let proof = handshake.hear(hello, &self.key)?;
                link.say(now, &Frame::Proof(proof));
            }
            (State::Proving(handshake), Frame::Proof(proof)) => {
                handshake.check(&proof, &self.key)?;
                link.state = State::Proven;
                let known = self.reports.all();
                let known = known.filter_map(|report| link.telling.tell(report, false)).collect();
                link.say(now, &Frame::Reports(known));
                // Whoever is new hears of the nodes here at once.
                self.reported.clear();
                self.next_tick = now;
            }
            // The lane without order may be faster than the proof.
            (State::Proving(_), Frame::Ping(_) | Frame::Pong(_) | Frame::Parcels(..)) => {}
            (State::Proving(_), _) | (State::Proven, Frame::Hello(_) | Frame::Proof(_)) => {
                return Err(Unproven::OutOfTurn.into());
            }
            (State::Proven, Frame::Routes(routes)) => {
                let is_own = |route: &&Route| {
                    route.distance == 0 && self.hosts.iter().any(|it| it.name == route.replica.node)
                };
                if let Some(route) = routes.iter().find(is_own) {
                    return Err(Why::Impostor(route.replica.node.to_string()));
                }
                self.routes.hear(peer, routes);
                self.next_tick = now;
            }
            (State::Proven, Frame::Parcels(epoch, parcels)) => {
                if !link.faults.is_cut && self.epoch == Some(epoch) {
                    self.take_parcels(peer, parcels)?;
                }
            }
            (State::Proven, Frame::Ping(number)) => link.say(now, &Frame::Pong(number)),
            (State::Proven, Frame::Pong(number)) => link.hear_pong(now, number),
            (State::Proven, Frame::Reports(reports)) => {
                let own: BTreeSet<&NodeId> = self.hosts.iter().map(|host| &host.name).collect();
                for told in reports {
                    let is_hosted = told.is_hosted;
                    let Some(report) = link.hearing.hear(told)? else { continue };
                    match own.contains(&report.replica.node) {
                        true => self.reports.spare(peer, report.replica.node.clone()),
                        false => self.reports.hear(now, peer, report, is_hosted),
                    }
                }
                self.record_reports(now);
            }
            (State::Proven, Frame::Spare(is_spared, nodes)) => {
                link.telling.spare(nodes.clone(), is_spared);
                if !is_spared {
                    self.reports.tell_again(nodes);
                }
            }
            (State::Proven, Frame::Bye) => {
                self.note_left(peer);
                return Err(Why::Bye);
            }
            (State::Proven, Frame::Part { .. }) => {
                return Err(Why::BadMessage("a part within a part".into()));
            }
        }
        Ok(())
    }

    fn take_parcels(&mut self, peer: PeerId, parcels: Vec<Parcel>) -> Result<(), Why> {
        for parcel in parcels {
            // One's own may come back, as long as the ways have not settled, but not as new.
            if self.hosts.iter().any(|host| host.name == parcel.from.node) {
                match parcel.steps_left {
                    DISTANCE_MAX.. => return Err(Why::Impostor(parcel.from.node.to_string())),
                    _ => continue,
                }
            }
            match self.hosts.iter().position(|host| host.name == parcel.to) {
                Some(index) => {
                    let message = Message::from_bytes(&parcel.message);
                    let message = message.map_err(|error| Why::BadMessage(error.to_string()))?;
                    self.inbox.push_back((index, parcel.from, message));
                }
                None => self.pass_on(peer, parcel),
            }
        }
        Ok(())
    }

    /// Sends a parcel on that is for a node elsewhere.
    fn pass_on(&mut self, from: PeerId, parcel: Parcel) {
        let way = self.routes.way_to(&parcel.to).filter(|&way| way != from);
        if let (Some(way), Some(steps_left)) = (way, parcel.steps_left.checked_sub(1)) {
            self.post(way, Parcel { steps_left, ..parcel });
        }
    }

    pub(super) fn post(&mut self, way: PeerId, parcel: Parcel) {
        let Some(link) = self.links.get_mut(&way).filter(|link| link.is_proven()) else { return };
        if link.faults.is_cut {
            return;
        }
        let is_large = parcel.message.len() > UNRELIABLE_BYTES_MAX;
        link.post(if is_large { Lane::Reliable } else { Lane::Unreliable }, parcel);
    }

    /// Hands what is to be sent to the caller.
    pub(super) fn send(&mut self, now: SimTime, effects: &mut Effects) {
        let Self { links, random, epoch, .. } = self;
        for (&peer, link) in links {
            if let Some(epoch) = *epoch {
                link.pack(now, epoch, |per_mille| random.below(1_000) < u32::from(per_mille));
            }
            while let Some((lane, bytes)) = link.next(now) {
                effects.send.push((peer, lane, bytes));
            }
        }
    }
}
