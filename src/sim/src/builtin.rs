//! The scenarios that come with the program.

/// What the page plays when it is opened: two dozen nodes claim overlapping ranges, a third of
/// them is cut off for a while, both sides change their minds, and the cut heals.
pub const FIRST_LIGHT: &str = include_str!("../scenarios/first-light.json");

/// All of them, by name.
pub const ALL: [(&str, &str); 1] = [("first-light", FIRST_LIGHT)];

/// The text of the scenario named `name`.
#[must_use]
pub fn text(name: &str) -> Option<&'static str> {
    ALL.iter().find(|(known, _)| *known == name).map(|&(_, text)| text)
}
