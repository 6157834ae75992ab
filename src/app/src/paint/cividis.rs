//! A scale of colours for quantities.
//!
//! Cividis (Nuñez, Anderton and Renslow 2018, "Optimizing colormaps with consideration for color
//! vision deficiency to enable accurate interpretation of scientific data", PLOS ONE 13(7)) rises
//! evenly in lightness from dark blue to yellow, and looks nearly the same to those who cannot
//! tell red from green.

use super::pixels::mix;
use crate::identity::Colour;

/// The scale at equal distances; between them it is straight to within a step of a channel or two.
const STOPS: [Colour; 16] = [
    [0, 34, 78],
    [0, 46, 108],
    [30, 58, 111],
    [53, 69, 108],
    [71, 81, 108],
    [87, 93, 109],
    [102, 105, 112],
    [117, 117, 117],
    [132, 130, 121],
    [148, 142, 119],
    [165, 156, 116],
    [183, 169, 110],
    [200, 184, 102],
    [219, 199, 90],
    [238, 214, 73],
    [254, 232, 56],
];

/// The colour of a quantity, from 0 to 255.
pub(super) fn cividis(quantity: u8) -> Colour {
    let step = 255 / (STOPS.len() - 1);
    let (stop, beyond) = (usize::from(quantity) / step, usize::from(quantity) % step);
    match STOPS.get(stop + 1) {
        Some(&next) => mix(next, STOPS[stop], (beyond * 255 / step) as u8),
        None => STOPS[stop],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_is_lighter() {
        let lightness = |quantity: u8| {
            let [red, green, blue] = cividis(quantity).map(u32::from);
            2126 * red + 7152 * green + 722 * blue
        };
        // Whole numbers in three channels allow for steps no finer than this.
        for quantity in 0..253 {
            assert!(lightness(quantity) < lightness(quantity + 3), "at {quantity}");
        }
        assert_eq!((cividis(0), cividis(51), cividis(255)), (STOPS[0], STOPS[3], STOPS[15]));
    }
}
