//! How a message gets from one node to another, and what is noted of it.

use std::sync::Arc;

use scalesmall_crdt::Dot;
use scalesmall_node::{Event, Message, Purpose, SimTime};

use super::{Coming, Parcel, Simulation};
use crate::Status;
use crate::limits::QUEUE_MAX;
use crate::network::Mode;
use crate::traffic::Passage;
use crate::traffic::Sent;

impl Simulation {
    pub(super) fn parcel(&self, from: usize, to: usize, message: Message) -> Parcel {
        let sender = self.replicas[from].node.id().clone();
        Parcel { from, sender, to, message, sent_at: self.now }
    }

    /// Counts a message that is sent, and returns its size in bytes.
    pub(super) fn count_sent(&mut self, message: &Message) -> u64 {
        let bytes = message.encoded_len() as u64;
        self.metrics.messages_sent += 1;
        self.metrics.bytes_sent += bytes;
        match message.purpose() {
            Purpose::Payload => self.metrics.payload_bytes += bytes,
            Purpose::Digest => self.metrics.digest_bytes += bytes,
            Purpose::Membership => self.metrics.membership_bytes += bytes,
        }
        bytes
    }

    pub(super) fn send(&mut self, from: usize, to: usize, message: Message) {
        let bytes = self.count_sent(&message);
        let parcel = self.parcel(from, to, message);
        if self.network.settings.mode == Mode::Manual {
            // Whoever is told that it is retired, or let in, is so in the same step.
            return self.hand_over(parcel);
        }
        let room = QUEUE_MAX - self.queue.len().min(QUEUE_MAX);
        let mut arrivals = self.network.send(self.now, from, to, bytes);
        arrivals.truncate(room);
        if arrivals.is_empty() {
            self.metrics.messages_lost += 1;
        }
        if self.traffic.is_some() {
            let copies = (self.queued..).zip(arrivals.iter().copied()).collect();
            self.note_sent(&parcel, bytes, copies);
        }
        for at in arrivals {
            self.enqueue(at, Coming::Message(parcel.clone()));
        }
    }

    pub(super) fn enqueue(&mut self, at: SimTime, coming: Coming) {
        self.in_flight_count += usize::from(matches!(coming, Coming::Message(_)));
        let on_their_way = self.in_flight_count + self.clogs.waiting();
        self.metrics.queue_maximum = self.metrics.queue_maximum.max(on_their_way);
        self.queue.insert((at, self.queued), coming);
        self.queued += 1;
    }

    pub(super) fn arrive(&mut self, place: (SimTime, u64), coming: Coming) {
        self.in_flight_count -= usize::from(matches!(coming, Coming::Message(_)));
        let (_, number) = place;
        match coming {
            Coming::Message(parcel) if self.has_to_wait(&parcel) => {
                let has_room = self.clogs.hold(place, parcel);
                if !has_room {
                    self.note_lost(number);
                }
            }
            Coming::Message(parcel) => self.pass(number, parcel),
            Coming::Timer { replica, life, timer } if self.replicas[replica].life == life => {
                self.give(replica, Event::Timer(timer), None);
            }
            Coming::Timer { .. } => {}
        }
    }

    /// Whether a message at the end of its link cannot leave that. Where the link is cut, too, it
    /// does not even get there.
    pub(super) fn has_to_wait(&self, Parcel { from, to, .. }: &Parcel) -> bool {
        self.clogs.is_clogged(*from, *to) && self.network.connects(*from, *to)
    }

    /// Delivers a message at the end of its link, unless that is cut.
    pub(super) fn pass(&mut self, number: u64, parcel: Parcel) {
        match self.network.connects(parcel.from, parcel.to) {
            true => self.deliver_parcel(number, parcel),
            false => self.note_lost(number),
        }
    }

    /// Delivers a message in no time.
    pub(super) fn hand_over(&mut self, parcel: Parcel) {
        let number = self.queued;
        self.queued += 1;
        if self.traffic.is_some() {
            let bytes = parcel.message.encoded_len() as u64;
            self.note_sent(&parcel, bytes, vec![(number, self.now)]);
        }
        self.deliver_parcel(number, parcel);
    }

    pub(super) fn deliver_parcel(
        &mut self,
        number: u64,
        Parcel { sender, to, message, .. }: Parcel,
    ) {
        if self.replicas[to].status == Status::Down {
            return self.note_lost(number);
        }
        self.note_passage(|| Passage::Arrived { copy: number, replica: to });
        self.give(to, Event::Message { from: sender, message }, Some(number));
    }

    pub(super) fn note_passage(&mut self, passage: impl FnOnce() -> Passage) {
        if let Some(traffic) = &mut self.traffic {
            traffic.push(self.now, passage());
        }
    }

    pub(super) fn note_sent(&mut self, parcel: &Parcel, bytes: u64, copies: Vec<(u64, SimTime)>) {
        self.note_passage(|| Passage::Sent(Arc::new(Sent::of(parcel, bytes, copies))));
    }

    pub(super) fn note_learned(&mut self, replica: usize, dot: &Dot, by: Option<u64>) {
        self.note_passage(|| Passage::Learned { replica, dot: dot.clone(), by });
    }

    pub(super) fn note_lost(&mut self, number: u64) {
        self.metrics.messages_lost += 1;
        self.note_passage(|| Passage::Lost(number));
    }
}
