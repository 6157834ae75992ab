//! Band 2: what each node believes.

use std::ops::Range;
use std::rc::Rc;

use scalesmall_crdt::KeyRange;

use super::{Axis, Fill, Pixels, Rect, Theme};
use crate::identity::Identities;
use crate::key_set::common;
use crate::picture::{View, changed};

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
/// what looks the same at several nodes is painted once. Returns the lines that were painted, in
/// order.
pub(crate) fn views(
    pixels: &mut Pixels,
    before: Option<&[View]>,
    axis: Axis,
    scale: usize,
    theme: &Theme,
    views: &[View],
    identities: &Identities,
) -> Vec<Range<usize>> {
    let (pitch, height) = (ROW_PITCH * scale, views_height(views.len()) * scale);
    let before = before.filter(|_| (pixels.width, pixels.height) == (axis.width, height));
    if before.is_none() {
        pixels.reset(axis.width, height, theme.paper);
    }
    let mut painted: Vec<Range<usize>> = Vec::new();
    for (row, view) in views.iter().enumerate() {
        let was = before.and_then(|before| before.get(row));
        let strip = Strip { axis, scale, theme, view, top: row * pitch, identities };
        if was.is_some_and(|was| looks_same(was, view)) {
            continue;
        }
        match painted.last_mut() {
            Some(last) if last.end == strip.top => last.end += pitch,
            _ => painted.push(strip.top..strip.top + pitch),
        }
        // Those next to each other most often know the same.
        let same = views[..row].iter().rposition(|other| looks_same(other, view));
        match (same, was) {
            (Some(other), _) => pixels.repeat(other * pitch, strip.top, pitch),
            (None, Some(was)) if was.is_live() == view.is_live() => strip.mend(pixels, was),
            _ => {
                strip.paint(pixels, KeyRange::ALL);
                strip.mark(pixels);
            }
        }
    }
    painted
}

/// Whether two nodes have strips that cannot be told apart.
fn looks_same(one: &View, other: &View) -> bool {
    Rc::ptr_eq(&one.ownership, &other.ownership)
        && one.is_live() == other.is_live()
        && one.differences == other.differences
}

/// What one node believes, and where it is painted.
struct Strip<'a> {
    axis: Axis,
    scale: usize,
    theme: &'a Theme,
    view: &'a View,
    top: usize,
    identities: &'a Identities,
}

impl Strip<'_> {
    /// Paints what has changed since then.
    fn mend(&self, pixels: &mut Pixels, then: &View) {
        let view = self.view;
        let disputed = view.differences.either(&then.differences);
        for &range in changed(&view.ownership, &then.ownership).and(&disputed).ranges() {
            self.paint(pixels, range);
        }
        if !disputed.ranges().is_empty() {
            self.mark(pixels);
        }
    }

    /// Paints some of the keys: first as if they agreed, then what differs over it.
    fn paint(&self, pixels: &mut Pixels, range: KeyRange) {
        let Self { theme, view, .. } = self;
        let Some(range) = common(range, self.axis.keys) else { return };
        let is_live = view.is_live();
        self.fill(pixels, range, if is_live { theme.agreement } else { theme.agreement / 3 });
        if is_live {
            view.differences.within(range).for_each(|range| self.fill(pixels, range, 255));
        }
    }

    fn fill(&self, pixels: &mut Pixels, range: KeyRange, strength: u8) {
        let paper = self.theme.paper;
        for segment in self.view.ownership.segments_in(range) {
            let (start, end) = self.axis.span(segment.range);
            if start >= end {
                continue;
            }
            let height = ROW_HEIGHT * self.scale;
            let rect = Rect { x: start, y: self.top, width: end - start, height };
            let fill = match segment.primary() {
                Some(owner) => {
                    let identity = self.identities.painted(&owner.node, self.theme.others);
                    Fill::Node { identity, paper, strength }
                }
                None => Fill::Hatched { paper, line: self.theme.hatch },
            };
            pixels.fill(rect, fill, self.scale);
        }
    }

    /// Marks the keys at which it differs, below it.
    fn mark(&self, pixels: &mut Pixels) {
        let Self { axis, theme, view, scale, .. } = *self;
        let y = self.top + ROW_HEIGHT * scale;
        let below = Rect { x: 0, y, width: axis.width, height: (ROW_PITCH - ROW_HEIGHT) * scale };
        pixels.fill(below, Fill::Plain(theme.paper), scale);
        if !view.is_live() {
            return;
        }
        for range in view.differences.touching(axis.keys) {
            let (from, to) = axis.span(range);
            // Even the narrowest difference leaves a mark.
            let from = from.min(axis.width.saturating_sub(1));
            let width = to.saturating_sub(from).max(1);
            let notch = Rect { x: from, y, width, height: NOTCH * scale };
            pixels.fill(notch, Fill::Plain(theme.warning), scale);
        }
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
        let part = KeyRange::new(0x2000_0000, 0x3fff_ffff).unwrap();
        for keys in [KeyRange::ALL, part] {
            let axis = Axis { keys, width: 300 };
            let mut simulation = Simulation::new(scenario.clone());
            let mut photographer = Photographer::default();
            let [mut over, mut anew, mut shown] = [(); 3].map(|()| Pixels::default());
            let mut before: Option<Picture> = None;
            for ms in (0..9_000).step_by(60) {
                simulation.run_until(SimTime::from_ms(ms));
                let picture = photographer.take(&simulation);
                let paint = |pixels: &mut Pixels, before| {
                    views(pixels, before, axis, 1, &Theme::LIGHT, &picture.views, &identities)
                };
                let lines = paint(&mut over, before.as_ref().map(|before| &*before.views));
                paint(&mut anew, None);
                assert!(over.data == anew.data, "at {ms} ms");
                shown.data.resize(over.data.len(), 0);
                for lines in lines {
                    let bytes = lines.start * 300 * 4..lines.end * 300 * 4;
                    shown.data[bytes.clone()].copy_from_slice(&over.data[bytes]);
                }
                assert!(shown.data == anew.data, "at {ms} ms not all was shown");
                before = Some(picture);
            }
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
