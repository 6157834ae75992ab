//! The whole key space at a glance, under the window that shows which part of it is to be seen.

use scalesmall_crdt::{KeyRange, Ownership};

use super::{Axis, Fill, Pixels, Rect, Theme};
use crate::identity::Identities;

const HEIGHT: usize = 12;

/// The height of the strip, in units of the page.
pub(crate) const fn overview_height() -> usize {
    HEIGHT
}

/// Paints the primaries of the truth, over all keys whatever part of them is to be seen.
pub(crate) fn overview(
    pixels: &mut Pixels,
    width: usize,
    scale: usize,
    theme: &Theme,
    ownership: &Ownership,
    identities: &Identities,
) {
    let axis = Axis { keys: KeyRange::ALL, width };
    let paper = theme.paper;
    pixels.reset(width, HEIGHT * scale, paper);
    for segment in ownership.segments() {
        let (from, to) = axis.span(segment.range);
        let fill = match segment.primary() {
            Some(owner) => {
                let identity = identities.painted(&owner.node, theme.others);
                Fill::Node { identity, paper, strength: 2 * theme.agreement }
            }
            None => Fill::Hatched { paper, line: theme.hatch },
        };
        pixels.fill(Rect { x: from, y: 0, width: to - from, height: HEIGHT * scale }, fill, scale);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scalesmall_crdt::{Claim, NodeId};
    use scalesmall_sim::Scenario;

    #[test]
    fn every_key_has_its_primary() {
        let scenario = Scenario::parse(r#"{ "format": 1, "replicas": ["a", "b"] }"#).unwrap();
        let claim = |node: &str, start, end| {
            Claim::new(NodeId::new(node).unwrap(), KeyRange::new(start, end).unwrap())
        };
        let claims = [claim("a", 0, (1 << 30) - 1), claim("b", 1 << 30, (1 << 31) - 1)];
        let ownership = Ownership::of(claims.iter().zip([1, 1]));
        let mut pixels = Pixels::default();
        let identities = Identities::of(&scenario);
        overview(&mut pixels, 40, 1, &Theme::LIGHT, &ownership, &identities);
        let at = |x: usize| pixels.data[x * 4..][..3].to_vec();
        assert_eq!(at(0), at(9));
        assert_ne!(at(9), at(10));
        assert_eq!(at(10), at(19));
        assert_eq!(at(24), Theme::LIGHT.hatch, "nobody's");
    }
}
