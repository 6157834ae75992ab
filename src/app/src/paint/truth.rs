//! Band 1: the merged truth.

use scalesmall_crdt::{NodeId, Ownership, Segment};

use super::{Axis, Fill, Pixels, Rect, Theme};
use crate::identity::Identities;

/// The height of the bars for the greatest priority, in units of the page; room for labels above.
const LABELS: usize = 16;
const BARS: usize = 62;
/// How many owners after the primary are shown, and how tall.
const BACKUPS: usize = 3;
const BACKUP: usize = 5;
const BACKUP_PITCH: usize = 6;
const TICKS: usize = 6;
const AXIS: usize = 16;

const BACKUPS_TOP: usize = LABELS + BARS + 3;
const TICKS_TOP: usize = BACKUPS_TOP + BACKUPS * BACKUP_PITCH + 2;

/// The height of the whole band, in units of the page.
pub(crate) const fn truth_height() -> usize {
    TICKS_TOP + TICKS + AXIS
}

/// A text over or under the bars.
#[derive(Debug, PartialEq)]
pub(crate) struct Label {
    pub(crate) text: String,
    /// Its middle and its baseline, in pixels.
    pub(crate) x: usize,
    pub(crate) y: usize,
    pub(crate) is_faint: bool,
}

/// Paints who serves what: the primary as a bar whose height is its priority, up to three backups
/// below, unserved keys hatched, a tick at every split point. Returns the labels.
pub(crate) fn truth(
    pixels: &mut Pixels,
    axis: Axis,
    scale: usize,
    theme: &Theme,
    ownership: &Ownership,
    identities: &Identities,
) -> Vec<Label> {
    pixels.reset(axis.width, truth_height() * scale, theme.paper);
    let segments: Vec<Segment> = ownership.segments().collect();
    let priority = |segment: &Segment| segment.primary().map_or(0, |owner| owner.priority);
    let greatest = segments.iter().map(priority).max().unwrap_or(0).max(1);
    let mut labels = Vec::new();
    // Neighbouring segments often have the same primary; one label for the run of them.
    let mut run: Option<(&NodeId, usize, usize, usize)> = None;
    // As high as they are beside all others, wherever one looks.
    for segment in segments.iter().filter(|segment| segment.range.overlaps(axis.keys)) {
        let (from, to) = axis.span(segment.range);
        let height = match segment.primary() {
            Some(_) => bar_height(priority(segment), greatest),
            None => BARS / 2,
        };
        let top = LABELS + BARS - height;
        let fill = |index: usize| match segment.owners.get(index) {
            Some(owner) => {
                let identity = identities.painted(&owner.node, theme.others);
                Some(Fill::Node { identity, paper: theme.paper, strength: 255 })
            }
            None if index == 0 => Some(Fill::Hatched { paper: theme.paper, line: theme.hatch }),
            None => None,
        };
        // A gap of a unit at the right end sets neighbours of the same look apart.
        let gap = if to - from > 3 * scale { scale } else { 0 };
        let mut paint = |index: usize, top: usize, height: usize| {
            let Some(fill) = fill(index) else { return };
            let rect =
                Rect { x: from, y: top * scale, width: to - from - gap, height: height * scale };
            pixels.fill(rect, fill, scale);
        };
        paint(0, top, height);
        for backup in 0..BACKUPS {
            paint(backup + 1, BACKUPS_TOP + backup * BACKUP_PITCH, BACKUP);
        }
        if from > 0 {
            let tick = Rect { x: from, y: TICKS_TOP * scale, width: scale, height: TICKS * scale };
            pixels.fill(tick, Fill::Plain(theme.tick), scale);
        }

        let primary = segment.primary().map(|owner| &owner.node);
        run = match (run, primary) {
            (Some((node, from, _, highest)), Some(primary)) if node == primary => {
                Some((node, from, to, highest.min(top)))
            }
            (before, primary) => {
                labels.extend(before.and_then(|run| run_label(run, scale)));
                primary.map(|node| (node, from, to, top))
            }
        };
    }
    labels.extend(run.and_then(|run| run_label(run, scale)));
    let parts = if axis.width > 600 * scale { 4 } else { 2 };
    labels.extend(axis.marks(parts).map(|(key, x)| Label {
        text: format!("{key:08x}"),
        x,
        y: (truth_height() - 3) * scale,
        is_faint: true,
    }));
    labels
}

/// The height of a bar in units: never so low that its look cannot be told.
fn bar_height(priority: u64, greatest: u64) -> usize {
    let least = BARS * 2 / 5;
    let part = u128::from(priority) * (BARS - least) as u128 / u128::from(greatest);
    least + part as usize
}

/// The name of a primary over its run of bars, if it fits there.
fn run_label((node, from, to, top): (&NodeId, usize, usize, usize), scale: usize) -> Option<Label> {
    let text = node.to_string();
    let needed = (text.chars().count() * 7 + 4) * scale;
    (to - from >= needed).then(|| Label {
        text,
        x: (from + to) / 2,
        y: (top - 4) * scale,
        is_faint: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use scalesmall_crdt::KeyRange;
    use scalesmall_sim::{Scenario, Simulation};

    #[test]
    fn bars_are_as_high_as_their_priority() {
        let text = r#"{ "format": 1, "replicas": ["a", "b"], "steps": [
            { "on": "a", "do": "increase", "claim": ["a", 0, 2147483647], "by": 9 },
            { "on": "a", "do": "register", "claim": ["b", 1073741824, 3221225471] } ] }"#;
        let scenario = Scenario::parse(text).unwrap();
        let identities = Identities::of(&scenario);
        let mut simulation = Simulation::new(scenario);
        while simulation.step() {}
        let axis = Axis { keys: KeyRange::ALL, width: 400 };
        let mut pixels = Pixels::default();
        let theme = Theme::LIGHT;
        let labels =
            truth(&mut pixels, axis, 1, &theme, simulation.truth().ownership(), &identities);

        let height = |x: usize| {
            let column = |y: &usize| pixels.data[(y * 400 + x) * 4..][..3] != theme.paper;
            (LABELS..LABELS + BARS).filter(column).count()
        };
        assert_eq!(height(50), BARS, "a, at the greatest priority");
        assert_eq!(height(250), BARS * 2 / 5, "b, registered only");
        assert!(height(350) < BARS / 2, "hatched");
        let names: Vec<&str> = labels.iter().map(|label| label.text.as_str()).collect();
        assert_eq!(names, ["a", "b", "00000000", "80000000", "ffffffff"]);
    }
}
