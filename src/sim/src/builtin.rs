//! The scenarios that come with the program.

/// What the page plays when it is opened: two dozen nodes claim overlapping ranges, a third of
/// them is cut off for a while, both sides change their minds, and the cut heals.
pub const FIRST_LIGHT: &str = include_str!("../scenarios/first-light.json");

/// The smallest story: one node releases a claim that another, cut off, has just narrowed.
pub const ADD_WINS: &str = include_str!("../scenarios/add-wins.json");

/// News goes along a tree; its root and a node below it crash, and come back, one without its
/// state.
pub const BROKEN_TREE: &str = include_str!("../scenarios/broken-tree.json");

/// All of them, by name.
pub const ALL: [(&str, &str); 3] =
    [("first-light", FIRST_LIGHT), ("add-wins", ADD_WINS), ("broken-tree", BROKEN_TREE)];

/// The text of the scenario named `name`.
#[must_use]
pub fn text(name: &str) -> Option<&'static str> {
    ALL.iter().find(|(known, _)| *known == name).map(|&(_, text)| text)
}
