//! Between the keys of a band and places in the document over it.

use scalesmall_crdt::{Key, KeyRange};
use web_sys::{Element, MouseEvent};
use yew::NodeRef;

use crate::paint::Axis;
use crate::visible::part;

/// Where somebody points, from the upper left of the keys of a band, in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pointed {
    pub(super) x: i32,
    pub(super) y: i32,
    /// How many pixels the keys have.
    pub(super) width: usize,
}

impl Pointed {
    /// Nothing where the band is not laid out. `inset` is what it shows to the left of the keys.
    pub(super) fn of(band: &NodeRef, inset: usize, event: &MouseEvent) -> Option<Self> {
        let rect = band.cast::<Element>()?.get_bounding_client_rect();
        let width = (rect.width() as usize).checked_sub(inset).filter(|&width| width > 0)?;
        let x = event.client_x() - rect.left() as i32 - inset as i32;
        Some(Self { x, y: event.client_y() - rect.top() as i32, width })
    }

    /// The pixel at which it is, or the last one on its way there.
    pub(super) fn x(self) -> usize {
        usize::try_from(self.x).unwrap_or(0).min(self.width)
    }

    pub(super) fn axis(self, keys: KeyRange) -> Axis {
        Axis { keys, width: self.width }
    }

    /// The key there, if there is one.
    pub(super) fn key(self, keys: KeyRange) -> Option<Key> {
        let x = usize::try_from(self.x).ok().filter(|&x| x < self.width)?;
        Key::try_from(self.axis(keys).position(x)).ok()
    }

    /// Which of the rows of this height it is in.
    pub(super) fn row(self, height: usize) -> Option<usize> {
        usize::try_from(self.y).ok().map(|y| y / height)
    }
}

/// The part of the keys that are to be seen which a range takes, for the stylesheet.
pub(super) fn span(keys: KeyRange, range: KeyRange) -> String {
    let [from, to] = [u64::from(range.start()), range.past_end()].map(|at| part(keys, at));
    format!("--from:{from};--to:{to};")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_over_the_keys_has_one() {
        let keys = KeyRange::new(1_000, 1_099).unwrap();
        let key = |x: i32| Pointed { x, y: 0, width: 200 }.key(keys);
        assert_eq!([-1, 0, 199, 200].map(key), [None, Some(1_000), Some(1_099), None]);
        let row = |y: i32| Pointed { x: 0, y, width: 200 }.row(15);
        assert_eq!([-1, 0, 14, 15].map(row), [None, Some(0), Some(0), Some(1)]);
        let x = |x: i32| Pointed { x, y: 0, width: 200 }.x();
        assert_eq!([-5, 7, 900].map(x), [0, 7, 200]);
    }

    #[test]
    fn a_range_takes_its_part() {
        let keys = KeyRange::new(1_000, 1_099).unwrap();
        assert_eq!(span(keys, KeyRange::new(1_025, 1_049).unwrap()), "--from:0.25;--to:0.5;");
        assert_eq!(span(keys, KeyRange::ALL), "--from:0;--to:1;");
    }
}
