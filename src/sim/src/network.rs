//! All links together.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use scalesmall_node::{Settings, SimTime};

use crate::link::Link;
use crate::{Probability, seed};

/// What moves messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The nodes' own exchanges, over links with faults.
    Gossip,
    /// The steps of the scenario and nothing else.
    Manual,
}

/// How nodes talk and what the links between them do to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkSettings {
    /// What moves messages.
    pub mode: Mode,
    /// The least and the greatest time that a message takes, in microseconds.
    pub latency_us: [u32; 2],
    /// How many bytes a second a link, one way between two nodes, transmits; nothing where that is
    /// unlimited. One message goes after the other and takes its size's share of a second, rounded
    /// up to microseconds; only then does its latency begin. One that would have to wait for those
    /// before it longer than [`LINK_WAIT_MS_MAX`](crate::limits::LINK_WAIT_MS_MAX) is lost.
    pub bytes_per_s: Option<NonZeroU32>,
    /// How likely a message is lost.
    pub loss: Probability,
    /// How likely a message arrives twice.
    pub duplicate: Probability,
    /// How likely a message loses its place among those of its link.
    pub reorder: Probability,
    /// The nodes' settings.
    pub gossip: Settings,
}

impl NetworkSettings {
    /// The settings that nodes run under: none where only steps move messages.
    pub(crate) fn of_nodes(&self) -> Option<Settings> {
        (self.mode == Mode::Gossip).then_some(self.gossip)
    }
}

/// The links, made as they are first used, and who can reach whom.
#[derive(Clone, Debug)]
pub(crate) struct Network {
    pub(crate) settings: NetworkSettings,
    seed: u64,
    links: BTreeMap<(usize, usize), Link>,
    /// The group of each replica while the network is cut.
    groups: Option<Vec<usize>>,
    /// The links, from one replica to another, that bring nothing.
    cuts: BTreeSet<(usize, usize)>,
}

impl Network {
    pub(crate) fn new(settings: NetworkSettings, seed: u64) -> Self {
        Self { settings, seed, links: BTreeMap::new(), groups: None, cuts: BTreeSet::new() }
    }

    /// Changes the settings. What is on its way arrives when it was to arrive.
    pub(crate) fn configure(&mut self, settings: NetworkSettings) {
        if settings.bytes_per_s != self.settings.bytes_per_s {
            // Else a link that was slow would stay so for as long as its last message takes.
            self.links.values_mut().for_each(Link::begin_anew);
        }
        self.settings = settings;
    }

    /// Cuts the network of so many replicas into these groups.
    pub(crate) fn partition(&mut self, groups: &[Vec<usize>], replicas: usize) {
        // A replica that is not named stands alone: beyond the named groups, each has its own.
        let mut group_of: Vec<usize> = (groups.len()..groups.len() + replicas).collect();
        for (group, members) in groups.iter().enumerate() {
            for &member in members {
                group_of[member] = group;
            }
        }
        self.groups = Some(group_of);
    }

    /// A node begins, on the same side of a cut as the one that it joins through.
    pub(crate) fn join(&mut self, newcomer: usize, through: usize) {
        if let Some(groups) = &mut self.groups {
            let side = groups[through];
            groups.resize(groups.len().max(newcomer + 1), side);
            groups[newcomer] = side;
        }
    }

    pub(crate) fn heal(&mut self) {
        self.groups = None;
        self.cuts.clear();
    }

    /// Cuts a link, one way.
    pub(crate) fn cut(&mut self, from: usize, to: usize) {
        self.cuts.insert((from, to));
    }

    /// Ends the cut of a link. False if it had none.
    pub(crate) fn mend(&mut self, from: usize, to: usize) -> bool {
        self.cuts.remove(&(from, to))
    }

    /// The links that are cut one way, in order.
    pub(crate) fn cuts(&self) -> impl Iterator<Item = (usize, usize)> {
        self.cuts.iter().copied()
    }

    /// The group of each replica, while the network is cut.
    pub(crate) fn groups(&self) -> Option<&[usize]> {
        self.groups.as_deref()
    }

    /// Whether messages can pass from one replica to another.
    pub(crate) fn connects(&self, from: usize, to: usize) -> bool {
        self.groups.as_ref().is_none_or(|groups| groups[from] == groups[to])
            && !self.cuts.contains(&(from, to))
    }

    /// When the copies of a message of so many bytes arrive.
    pub(crate) fn send(
        &mut self,
        now: SimTime,
        from: usize,
        to: usize,
        bytes: u64,
    ) -> Vec<SimTime> {
        if !self.connects(from, to) {
            return Vec::new();
        }
        let fresh = || Link::new(seed::stream(self.seed, "link", from as u64, to as u64));
        self.links.entry((from, to)).or_insert_with(fresh).send(now, bytes, &self.settings)
    }
}
