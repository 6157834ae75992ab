//! Band 2: what each node believes.

use std::rc::Rc;

use scalesmall_crdt::KeyRange;

use super::{Axis, Fill, Pixels, Rect, Theme};
use crate::identity::Identities;
use crate::picture::View;

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

/// Paints a strip for each of these nodes, from that node's own state: dim where it
/// agrees with the truth, in full colour and marked below where it differs. Where `pixels` show
/// `before` under the same axis, theme and identities, only what has changed since is painted, and
/// what looks the same at several nodes is painted once.
pub(crate) fn views(
    pixels: &mut Pixels,
    before: Option<&[View]>,
    axis: Axis,
    scale: usize,
    theme: &Theme,
    views: &[View],
    identities: &Identities,
) {
    let (pitch, height) = (ROW_PITCH * scale, views_height(views.len()) * scale);
    let before = before.filter(|_| (pixels.width, pixels.height) == (axis.width, height));
    if before.is_none() {
        pixels.reset(axis.width, height, theme.paper);
    }
    for (row, view) in views.iter().enumerate() {
        let was = before.and_then(|before| before.get(row));
        if was.is_some_and(|was| looks_same(was, view)) {
            continue;
        }
        let top = row * pitch;
        // Those next to each other most often know the same.
        match views[..row].iter().rposition(|other| looks_same(other, view)) {
            Some(other) => pixels.repeat(other * pitch, top, pitch),
            None => {
                let gap = Rect { x: 0, y: top, width: axis.width, height: pitch };
                pixels.fill(gap, Fill::Plain(theme.paper), scale);
                strip(pixels, axis, scale, theme, view, top, identities);
            }
        }
    }
}

/// Whether two nodes have strips that cannot be told apart.
fn looks_same(one: &View, other: &View) -> bool {
    Rc::ptr_eq(&one.ownership, &other.ownership)
        && one.is_live() == other.is_live()
        && one.differences == other.differences
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
    use crate::picture::{Photographer, Picture};
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
            views(
                &mut pixels,
                None,
                axis,
                1,
                &theme,
                &photographer.take(&simulation).views,
                &identities,
            );
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
    fn what_is_painted_over_a_picture_before_is_what_is_painted_anew() {
        let scenario = Scenario::parse(scalesmall_sim::builtin::FIRST_LIGHT).unwrap();
        let identities = Identities::of(&scenario);
        let mut simulation = Simulation::new(scenario);
        let mut photographer = Photographer::default();
        let axis = Axis { keys: KeyRange::ALL, width: 300 };
        let (mut over, mut anew) = (Pixels::default(), Pixels::default());
        let mut before: Option<Picture> = None;
        for ms in (0..6_000).step_by(60) {
            simulation.run_until(SimTime::from_ms(ms));
            let picture = photographer.take(&simulation);
            let paint = |pixels: &mut Pixels, before| {
                views(pixels, before, axis, 1, &Theme::LIGHT, &picture.views, &identities);
            };
            paint(&mut over, before.as_ref().map(|before| &*before.views));
            paint(&mut anew, None);
            assert!(over.data == anew.data, "at {ms} ms");
            before = Some(picture);
        }
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
            views(&mut pixels, None, axis, 1, &Theme::LIGHT, &picture.views, &identities);
            let row = &pixels.data[(ROW_PITCH + ROW_HEIGHT) * 100 * 4..][..400];
            row.chunks(4).filter(|pixel| pixel[..3] == Theme::LIGHT.warning).count()
        };
        assert_eq!(notches(100, 199), 100);
        assert_eq!(notches(150, 349), 25);
        assert_eq!([notches(0, 99), notches(200, 299)], [0, 0], "on neither side");
    }
}
