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

/// The scenarios of the lessons, by name: what each data type makes of a situation.
pub const LESSONS: [(&str, &str); 15] = [
    ("order-matters", include_str!("../lessons/order-matters.json")),
    ("split-poisons", include_str!("../lessons/split-poisons.json")),
    ("split-as-triples", include_str!("../lessons/split-as-triples.json")),
    ("once-gone", include_str!("../lessons/once-gone.json")),
    ("never-gone", include_str!("../lessons/never-gone.json")),
    ("who-wins-add", include_str!("../lessons/who-wins-add.json")),
    ("who-wins-remove", include_str!("../lessons/who-wins-remove.json")),
    ("who-wins-last", include_str!("../lessons/who-wins-last.json")),
    ("clocks-lie", include_str!("../lessons/clocks-lie.json")),
    ("counter-in-a-map", include_str!("../lessons/counter-in-a-map.json")),
    ("naive-counter", include_str!("../lessons/naive-counter.json")),
    ("both-decrease", include_str!("../lessons/both-decrease.json")),
    ("tighten-as-two", include_str!("../lessons/tighten-as-two.json")),
    ("tighten-as-one", include_str!("../lessons/tighten-as-one.json")),
    ("tighten-undone", include_str!("../lessons/tighten-undone.json")),
];

/// The text of the lesson named `name`.
#[must_use]
pub fn lesson(name: &str) -> Option<&'static str> {
    LESSONS.iter().find(|(known, _)| *known == name).map(|&(_, text)| text)
}

/// The text of the scenario named `name`; the lessons are not among these.
#[must_use]
pub fn text(name: &str) -> Option<&'static str> {
    ALL.iter().find(|(known, _)| *known == name).map(|&(_, text)| text)
}
