//! The colours of the paintings, by day and by night.

use crate::identity::Colour;

/// What a painting lies on and how it speaks. The stylesheet has the same colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Theme {
    pub(crate) paper: Colour,
    /// Lines that say that nobody serves these keys.
    pub(crate) hatch: Colour,
    /// Marks where a node differs.
    pub(crate) warning: Colour,
    /// Nodes that are not looked at, while others are.
    pub(crate) others: Colour,
    /// Ticks at split points.
    pub(crate) tick: Colour,
    pub(crate) text: &'static str,
    pub(crate) faint_text: &'static str,
    /// How much of a node's look is left where it agrees, of 255.
    pub(crate) agreement: u8,
}

impl Theme {
    pub(crate) const LIGHT: Self = Self {
        paper: [0xfb, 0xfa, 0xf7],
        hatch: [0xc9, 0xc5, 0xbb],
        warning: [0xb5, 0x44, 0x0f],
        others: [0xc6, 0xc6, 0xc8],
        tick: [0x8c, 0x8f, 0x96],
        text: "#454b57",
        faint_text: "#6b7078",
        agreement: 72,
    };

    pub(crate) const DARK: Self = Self {
        paper: [0x10, 0x13, 0x18],
        hatch: [0x3c, 0x42, 0x4d],
        warning: [0xff, 0x9a, 0x66],
        others: [0x4a, 0x4e, 0x56],
        tick: [0x70, 0x78, 0x86],
        text: "#c6cbd4",
        faint_text: "#98a0ad",
        agreement: 80,
    };
}
