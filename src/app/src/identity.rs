//! How dozens of nodes are told apart.
//!
//! Hue alone cannot do it: among two dozen hues neighbours are hard to tell, for colour-blind
//! viewers impossible. An identity is one of the eight colours of Okabe and Ito (2008, "Color
//! universal design"; their black made grey, so that it can be dimmed) in one of three textures
//! with one of two edges: 48, and always a label beside them.

use std::collections::{BTreeMap, BTreeSet};

use scalesmall_crdt::NodeId;
use scalesmall_sim::{Action, Scenario, gathered};

/// Red, green, blue.
pub(crate) type Colour = [u8; 3];

/// Ordered so that neighbours differ in hue and in lightness.
const COLOURS: [Colour; 8] = [
    [0x00, 0x72, 0xb2],
    [0xe6, 0x9f, 0x00],
    [0x00, 0x9e, 0x73],
    [0xcc, 0x79, 0xa7],
    [0x56, 0xb4, 0xe9],
    [0xd5, 0x5e, 0x00],
    [0xf0, 0xe4, 0x42],
    [0x80, 0x80, 0x80],
];

/// What lies on the colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Texture {
    Plain,
    Stripes,
    Dots,
}

const TEXTURES: [Texture; 3] = [Texture::Plain, Texture::Stripes, Texture::Dots];

/// How a node looks everywhere on the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) colour: Colour,
    /// The colour of the texture and of the edge.
    pub(crate) ink: Colour,
    pub(crate) texture: Texture,
    pub(crate) has_edge: bool,
}

impl Identity {
    /// The identity at a position; they repeat after 48.
    pub(crate) fn at(position: usize) -> Self {
        let colour = COLOURS[position % COLOURS.len()];
        let position = position / COLOURS.len();
        let texture = TEXTURES[position % TEXTURES.len()];
        let has_edge = position / TEXTURES.len() % 2 == 1;
        // On what is light a texture has to be dark to be seen.
        let [red, green, blue] = colour.map(u32::from);
        let is_light = red * 3 + green * 6 + blue > 1_500;
        let ink = match is_light {
            true => colour.map(|part| part / 5 * 3),
            false => colour.map(|part| part / 2 + 127),
        };
        Self { colour, ink, texture, has_edge }
    }
}

/// The identity of every node of a scenario, and which of them are looked at.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Identities {
    all: BTreeMap<NodeId, Identity>,
    /// The nodes that keep their colours, while all others are grey; none: all keep them.
    in_colour: BTreeSet<NodeId>,
}

impl Identities {
    /// The replicas' first, in the scenario's order; then other nodes that claims name.
    pub(crate) fn of(scenario: &Scenario) -> Self {
        let replicas: BTreeSet<&NodeId> = gathered(&*scenario.replicas);
        let of_steps = scenario.steps.iter().filter_map(|step| match &step.action {
            Action::Operation(request) => Some(request),
            _ => None,
        });
        let requests = scenario.start.iter().chain(of_steps);
        let named: BTreeSet<&NodeId> =
            gathered(requests.map(|request| &request.operation.claim().node));
        let others = named.difference(&replicas).copied();
        let nodes = scenario.replicas.iter().chain(others).cloned();
        Self { all: gathered(nodes.zip((0..).map(Identity::at))), in_colour: BTreeSet::new() }
    }

    /// Of nodes that come in any order, and must look the same to everybody: by what their names
    /// begin with, and next to each other by the number at the end. Two may look the same.
    pub(crate) fn by_name(nodes: impl IntoIterator<Item = NodeId>) -> Self {
        let identity = |name: &str| {
            let stem = name.trim_end_matches(|last: char| last.is_ascii_digit());
            let number = name[stem.len()..].parse().unwrap_or(0_usize);
            let sum = stem.bytes().fold(0_usize, |sum, byte| sum * 31 % 48 + usize::from(byte));
            Identity::at((sum + number) % 48)
        };
        let all = nodes.into_iter().map(|node| {
            let identity = identity(node.as_str());
            (node, identity)
        });
        Self { all: gathered(all), in_colour: BTreeSet::new() }
    }

    /// The same with only these nodes in colour; with none, all.
    pub(crate) fn with_in_colour(&self, nodes: BTreeSet<NodeId>) -> Self {
        Self { all: self.all.clone(), in_colour: nodes }
    }

    /// The nodes that alone are in colour.
    pub(crate) fn in_colour(&self) -> &BTreeSet<NodeId> {
        &self.in_colour
    }

    /// Whether a node is not among those that are looked at.
    pub(crate) fn is_grey(&self, node: &NodeId) -> bool {
        !self.in_colour.is_empty() && !self.in_colour.contains(node)
    }

    pub(crate) fn get(&self, node: &NodeId) -> Identity {
        self.all.get(node).copied().unwrap_or_else(|| Identity::at(0))
    }

    /// How a node is painted: as itself, or all in `grey` where others are looked at.
    pub(crate) fn painted(&self, node: &NodeId, grey: Colour) -> Identity {
        match self.is_grey(node) {
            true => Identity { colour: grey, ink: grey, texture: Texture::Plain, has_edge: false },
            false => self.get(node),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_48_identities() {
        let identities: Vec<Identity> = (0..96).map(Identity::at).collect();
        for (index, identity) in identities.iter().enumerate() {
            let first = identities.iter().position(|other| other == identity).unwrap();
            assert_eq!(first, index % 48);
        }
    }

    #[test]
    fn a_texture_stands_out_from_its_colour() {
        for identity in (0..8).map(Identity::at) {
            let distance: i32 = (0..3)
                .map(|part| {
                    (i32::from(identity.colour[part]) - i32::from(identity.ink[part])).abs()
                })
                .sum();
            assert!(distance > 120, "{identity:?}");
        }
    }

    #[test]
    fn nodes_that_are_no_replicas_have_identities_of_their_own() {
        let scenario = Scenario::parse(
            r#"{ "format": 1, "replicas": ["b", "c"],
                 "steps": [ { "on": "b", "do": "register", "claim": ["a", 0, 1] } ] }"#,
        )
        .unwrap();
        let identities = Identities::of(&scenario);
        let of = |name: &str| identities.get(&NodeId::new(name).unwrap());
        assert_eq!([of("b"), of("c"), of("a")], [0, 1, 2].map(Identity::at));
    }

    #[test]
    fn those_who_are_not_looked_at_are_grey() {
        let scenario = Scenario::parse(r#"{ "format": 1, "replicas": ["a", "b"] }"#).unwrap();
        let [a, b] = ["a", "b"].map(|name| NodeId::new(name).unwrap());
        let all = Identities::of(&scenario);
        let painted = |identities: &Identities| {
            [&a, &b].map(|node| identities.painted(node, [1, 2, 3]).colour)
        };
        assert_eq!(painted(&all), [COLOURS[0], COLOURS[1]]);
        let only = all.with_in_colour([b.clone()].into());
        assert_eq!(painted(&only), [[1, 2, 3], COLOURS[1]]);
        assert_eq!(only.get(&a), all.get(&a), "it is still the same node");
        assert_eq!(only.with_in_colour(BTreeSet::new()), all);
    }
}
