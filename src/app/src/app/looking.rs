//! What somebody looks at: which keys, which node, which segment, and whose colours.

use std::collections::BTreeSet;

use scalesmall_crdt::{DataType, Key, KeyRange, NodeId};
use yew::AttrValue;

use super::App;
use crate::components::{Said, SegmentFacts, WhyFacts};
use crate::disputes;
use crate::merging::Merging;
use crate::picture::View;
use crate::segments;
use crate::shared::Shared;
use crate::visible::{self, Look, On};

impl App {
    /// Opens a node, or closes the one that is open. What is asked about is then asked of it.
    pub(super) fn open(&mut self, node: Option<usize>) {
        self.selected = node;
        let asked = self.asked.filter(|_| node.is_some());
        self.asked = asked.map(|(_, key)| (node, key));
    }

    pub(super) fn ask(&mut self, node: Option<usize>, key: Key) {
        let view = node.and_then(|node| self.picture.views.get(node));
        self.said = Said::of(&self.picture, view, key).sentence().into();
        self.selected = node;
        self.asked = Some((node, key));
    }

    /// Lets the node that is open merge what another has seen, to be looked at: the run waits.
    pub(super) fn merge(&mut self, with: Option<usize>) {
        let simulation = self.player.simulation();
        let map = |node: usize| {
            let replica = simulation.replicas().get(node)?;
            Some((replica.node().id().node.clone(), replica.claims().as_claim_map()?))
        };
        let pair = self.selected.zip(with);
        let pair = pair.and_then(|(here, there)| Some((map(here)?, map(there)?)));
        self.merging = pair.map(|((here, at_here), (there, at_there))| {
            let merging = Merging::of(at_here, at_there, simulation.issued());
            ([here, there], Shared::new(merging))
        });
        if self.merging.is_some() && self.player.is_playing() {
            self.player.pause();
        }
    }

    /// Asks somebody who differs from the truth about a key: the node that is open, if it does.
    pub(super) fn ask_who(&mut self, key: Key) {
        if self.player.is_playing() {
            self.player.pause();
        }
        let mut who = disputes::who(&self.picture.views, key);
        let first = who.next();
        let open = self.selected.filter(|&node| first == Some(node) || who.any(|it| it == node));
        let node = open.or(first);
        drop(who);
        self.ask(node, key);
    }

    /// From segment to segment, from the one that is asked about or else from the first to be seen.
    pub(super) fn walk(&mut self, name: Option<&str>, is_next: bool) {
        let node = match name {
            Some(name) => self.node(name),
            None => self.asked.map_or(self.selected, |(node, _)| node),
        };
        let view = node.and_then(|node| self.picture.views.get(node));
        let ownership = view.map_or(&self.picture.truth, |view| &view.ownership);
        let segment = match self.asked {
            Some((_, key)) => segments::neighbour(ownership, key, is_next),
            None => segments::at(ownership, self.keys.start()),
        };
        self.keys = visible::revealing(self.keys, segment.range);
        self.ask(node, segment.range.start());
    }

    fn node(&self, name: &str) -> Option<usize> {
        self.picture.views.iter().position(|view| view.name.as_str() == name)
    }

    pub(super) fn zoom(&mut self, per_mille: u32) {
        let asked = self.asked.map(|(_, key)| key).filter(|&key| self.keys.contains(key));
        let on = asked.map_or(On::Pixel(1, 2), On::Key);
        self.keys = Look::Zoom { on, per_mille }.after(self.keys);
    }

    pub(super) fn toggle_colour(&mut self, name: Option<&str>) {
        let node = name.map_or(self.selected, |name| self.node(name));
        let Some(view) = node.and_then(|node| self.picture.views.get(node)) else { return };
        let mut nodes = self.identities.in_colour().clone();
        if !nodes.remove(&view.name) {
            nodes.insert(view.name.clone());
        }
        self.colour_only(nodes);
    }

    pub(super) fn colour_all(&mut self) {
        self.colour_only(BTreeSet::new());
    }

    fn colour_only(&mut self, nodes: BTreeSet<NodeId>) {
        self.identities = Shared::new(self.identities.with_in_colour(nodes));
    }

    /// The node that is asked, where it is not the truth that is asked about, and the key.
    fn asked(&self) -> Option<(Option<&View>, Key)> {
        match self.asked? {
            // Where one has gone back to before it joined, there is nobody to ask.
            (Some(node), key) => Some((Some(self.picture.views.get(node)?), key)),
            (None, key) => Some((None, key)),
        }
    }

    pub(super) fn asked_facts(&self) -> Option<(SegmentFacts, WhyFacts)> {
        let (view, key) = self.asked()?;
        let (node, _) = self.asked?;
        let (simulation, chronicle) = (self.player.simulation(), self.player.chronicle());
        let why = WhyFacts::of(simulation, chronicle, node, key);
        Some((SegmentFacts::of(&self.picture, view, key), why))
    }

    /// All nodes with which the one that is open can merge in slow motion: others of the claim map.
    pub(super) fn others(&self) -> Vec<(usize, AttrValue)> {
        if self.player.simulation().scenario().data_type != DataType::AwMap {
            return Vec::new();
        }
        let others = self.picture.views.iter().enumerate();
        let others = others.filter(|(node, _)| Some(*node) != self.selected);
        others.map(|(node, view)| (node, view.name.to_string().into())).collect()
    }

    /// All keys of the segment that is asked about.
    pub(super) fn asked_keys(&self) -> Option<KeyRange> {
        let (view, key) = self.asked()?;
        let ownership = view.map_or(&self.picture.truth, |view| &view.ownership);
        Some(segments::at(ownership, key).range)
    }
}
