//! Band 2: what each node believes.

use scalesmall_crdt::KeyRange;

use super::{Axis, Fill, Pixels, Rect, Theme};
use crate::identity::Identities;
use crate::picture::{Picture, View};

/// The height of a strip, in units of the page.
const ROW_HEIGHT: usize = 13;
/// The distance from one strip to the next, in units of the page.
pub(crate) const ROW_PITCH: usize = 15;
/// The height of the mark under keys at which a node differs.
const NOTCH: usize = 2;

/// The height of the band, in units of the page.
pub(crate) const fn views_height(views: usize) -> usize {
    views * ROW_PITCH
}

/// Paints a strip for each of the first `count` nodes, from that node's own state: dim where it
/// agrees with the truth, in full colour and marked below where it differs.
pub(crate) fn views(
    pixels: &mut Pixels,
    axis: Axis,
    scale: usize,
    theme: &Theme,
    picture: &Picture,
    count: usize,
    identities: &Identities,
) {
    pixels.reset(axis.width, views_height(count) * scale, theme.paper);
    for (row, view) in picture.views.iter().take(count).enumerate() {
        let top = row * ROW_PITCH * scale;
        strip(pixels, axis, scale, theme, view, top, identities);
    }
}

fn strip(
    pixels: &mut Pixels,
    axis: Axis,
    scale: usize,
    theme: &Theme,
    view: &View,
    top: usize,
    identities: &Identities,
) {
    let paper = theme.paper;
    let height = ROW_HEIGHT * scale;
    let agreement = if view.is_live() { theme.agreement } else { theme.agreement / 3 };
    // First as if it agreed everywhere, then what differs over it.
    let mut paint = |strength: u8, range: KeyRange| {
        for segment in view.ownership.segments_in(range) {
            let (start, end) = axis.span(segment.range);
            if start >= end {
                continue;
            }
            let rect = Rect { x: start, y: top, width: end - start, height };
            let fill = match segment.primary() {
                Some(owner) => {
                    let identity = identities.painted(&owner.node, theme.others);
                    Fill::Node { identity, paper, strength }
                }
                None => Fill::Hatched { paper, line: theme.hatch },
            };
            pixels.fill(rect, fill, scale);
        }
    };
    paint(agreement, axis.keys);
    if !view.is_live() {
        return;
    }
    let seen = |range: &&KeyRange| range.overlaps(axis.keys);
    for &range in view.differences.iter().filter(seen) {
        paint(255, range);
    }
    for &range in view.differences.iter().filter(seen) {
        let (from, to) = axis.span(range);
        // Even the narrowest difference leaves a mark.
        let from = from.min(axis.width.saturating_sub(1));
        let notch = Rect {
            x: from,
            y: top + height,
            width: to.saturating_sub(from).max(1),
            height: NOTCH * scale,
        };
        pixels.fill(notch, Fill::Plain(theme.warning), scale);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::Photographer;
    use scalesmall_sim::{Scenario, SimTime, Simulation};

    #[test]
    fn only_a_difference_stands_out() {
        let text = r#"{ "format": 1, "replicas": ["a", "b"], "network": { "mode": "manual" },
            "steps": [ { "on": "a", "do": "register", "claim": ["a", 0, 2147483647] },
                       { "at_ms": 1, "sync": ["a", "b"] } ], "until": { "max_ms": 2 } }"#;
        let scenario = Scenario::parse(text).unwrap();
        let identities = Identities::of(&scenario);
        let mut simulation = Simulation::new(scenario);
        let mut photographer = Photographer::default();
        let theme = Theme::DARK;
        let mut pixels = Pixels::default();
        let mut paint = |ms| {
            simulation.run_until(SimTime::from_ms(ms));
            let axis = Axis { keys: KeyRange::ALL, width: 100 };
            views(&mut pixels, axis, 1, &theme, &photographer.take(&simulation), 2, &identities);
            let notch = |row: usize, x: usize| {
                let y = row * ROW_PITCH + ROW_HEIGHT;
                pixels.data[(y * 100 + x) * 4..][..3] == theme.warning
            };
            [notch(0, 10), notch(1, 10), notch(1, 49), notch(1, 50), notch(1, 90)]
        };
        assert_eq!(paint(0), [false, true, true, false, false]);
        assert_eq!(paint(1), [false; 5]);
    }
    #[test]
    fn what_is_not_to_be_seen_leaves_no_mark() {
        let text = r#"{ "format": 1, "replicas": ["a", "b"], "network": { "mode": "manual" },
            "steps": [ { "on": "a", "do": "register", "claim": ["a", 100, 199] } ] }"#;
        let scenario = Scenario::parse(text).unwrap();
        let identities = Identities::of(&scenario);
        let mut simulation = Simulation::new(scenario);
        simulation.run_until(SimTime::ZERO);
        let picture = Photographer::default().take(&simulation);
        let mut pixels = Pixels::default();
        let mut notches = |start, end| {
            let axis = Axis { keys: KeyRange::new(start, end).unwrap(), width: 100 };
            views(&mut pixels, axis, 1, &Theme::LIGHT, &picture, 2, &identities);
            let row = &pixels.data[(ROW_PITCH + ROW_HEIGHT) * 100 * 4..][..400];
            row.chunks(4).filter(|pixel| pixel[..3] == Theme::LIGHT.warning).count()
        };
        assert_eq!(notches(100, 199), 100);
        assert_eq!(notches(150, 349), 25);
        assert_eq!([notches(0, 99), notches(200, 299)], [0, 0], "on neither side");
    }
}
