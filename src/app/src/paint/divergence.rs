//! Band 3: who disagreed, when and where.

use scalesmall_sim::SimTime;

use super::cividis::cividis;
use super::pixels::mix;
use super::{Axis, Fill, Pixels, Rect, Theme};
use crate::divergence::{COLUMNS, Divergence, Row};
use crate::identity::Colour;

const HEIGHT: usize = 100;
/// The bars beside the map for the number of different fingerprints, and the distance between.
const BARS: usize = 36;
const GAP: usize = 4;
/// What the band takes to the left of the key axis, in units of the page.
pub(crate) const VERSIONS_WIDTH: usize = BARS + GAP;
/// The part of the scale, of 255, that lies between all who agree and the first who does not: one
/// of dozens is to be seen.
const FIRST_STEP: usize = 36;

/// The height of the band, in units of the page.
pub(crate) const fn divergence_height() -> usize {
    HEIGHT
}

/// Paints the map with time running down to `extent`, and left of it the number of different
/// fingerprints. `axis` is that of the map. What has not been played yet is left faint.
///
/// What is known of the past is known by [`COLUMNS`] parts of the key space: where fewer keys are to
/// be seen, the columns are as wide as they have to be, and say that nodes differ somewhere in them.
pub(crate) fn divergence(
    pixels: &mut Pixels,
    axis: Axis,
    scale: usize,
    theme: &Theme,
    divergence: &Divergence,
    extent: SimTime,
) {
    let (left, height) = (VERSIONS_WIDTH * scale, HEIGHT * scale);
    pixels.reset(left + axis.width, height, theme.paper);
    let bar = Fill::Plain(theme.tick);
    for y in 0..height {
        let rows = rows(divergence, extent, y, height);
        let Some(distinct) = rows.iter().map(|row| row.distinct).max() else { break };
        let width = bar_width(distinct, divergence.nodes(), scale);
        pixels.fill(Rect { x: BARS * scale - width, y, width, height: 1 }, bar, scale);
    }
    map(pixels, left, axis, theme, divergence, extent);
}

/// Paints the map alone, as wide as its axis and so many pixels high.
pub(crate) fn divergence_map(
    pixels: &mut Pixels,
    axis: Axis,
    height: usize,
    theme: &Theme,
    divergence: &Divergence,
    extent: SimTime,
) {
    pixels.reset(axis.width, height, theme.paper);
    map(pixels, 0, axis, theme, divergence, extent);
}

/// Paints the map from `left` on, over the whole height of the picture.
fn map(
    pixels: &mut Pixels,
    left: usize,
    axis: Axis,
    theme: &Theme,
    divergence: &Divergence,
    extent: SimTime,
) {
    let height = pixels.height;
    let columns = columns(axis, divergence);
    let colours: [Colour; 256] = std::array::from_fn(|share| divergence_colour(share as u8));
    let unknown = Fill::Plain(mix(theme.hatch, theme.paper, 72));
    for y in 0..height {
        let rows = rows(divergence, extent, y, height);
        if rows.is_empty() {
            let rest = Rect { x: left, y, width: axis.width, height: height - y };
            pixels.fill(rest, unknown, 1);
            break;
        }

        // Two rows or three can fall on one line, of which the brightest shows.
        let most = |column: usize| rows.iter().map(|row| row.shares[column]).max().unwrap_or(0);
        let most: [u8; COLUMNS] = std::array::from_fn(most);
        let line = &mut pixels.data[(y * pixels.width + left) * 4..][..axis.width * 4];
        for (pixel, &column) in line.chunks_exact_mut(4).zip(&columns) {
            pixel[..3].copy_from_slice(&colours[usize::from(most[usize::from(column)])]);
        }
    }
}

/// The scale from no node to all as a background of the document.
pub(crate) fn legend() -> String {
    let stop = |share: u8, percent: usize| {
        let [red, green, blue] = divergence_colour(share);
        format!("rgb({red},{green},{blue}) {percent}%")
    };
    let shares = (0..=8).map(|part: usize| stop((part * 254 / 8 + 1) as u8, 12 + 88 * part / 8));
    let stops: Vec<String> = [stop(0, 0), stop(0, 12)].into_iter().chain(shares).collect();
    format!("linear-gradient(to right,{})", stops.join(","))
}

/// The colour of a share in 255ths.
pub(crate) fn divergence_colour(share: u8) -> Colour {
    cividis(match usize::from(share) {
        0 => 0,
        share => (FIRST_STEP + share * (255 - FIRST_STEP) / 255) as u8,
    })
}

/// What is known of the time that a line of pixels stands for.
fn rows(divergence: &Divergence, extent: SimTime, y: usize, height: usize) -> &[Row] {
    let row = |y: usize| extent.as_us() * y as u64 / height as u64 / divergence.row_us();
    let known = divergence.rows();
    let first = known.len().min(row(y) as usize);
    let past = known.len().min((row(y + 1) as usize).max(first + 1));
    &known[first..past]
}

/// The width of a bar in pixels. Logarithmic: that two camps became four matters as much as that
/// twelve became twenty-four. Where all agree a thin line is left.
fn bar_width(distinct: usize, nodes: usize, scale: usize) -> usize {
    let part = (distinct.max(1) as f64).log2() / (nodes.max(2) as f64).log2();
    let least = scale as f64;
    let most = (BARS * scale) as f64;
    (least + (most - least) * part.min(1.0)) as usize
}

/// For each pixel of the axis the part of the key space that it lies in.
fn columns(axis: Axis, divergence: &Divergence) -> Vec<u8> {
    let mut columns = vec![0; axis.width];
    for (column, part) in divergence.parts().enumerate() {
        let (from, to) = part.map_or((0, 0), |keys| axis.span(keys));
        columns[from..to].fill(column as u8);
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;
    use scalesmall_crdt::KeyRange;
    use scalesmall_sim::{Scenario, Simulation};

    #[test]
    fn the_map_is_bright_where_nodes_differ_and_dark_where_they_agree() {
        let text = r#"{ "format": 1, "replicas": ["a", "b"], "network": { "mode": "manual" },
            "steps": [ { "at_ms": 1, "on": "a", "do": "register", "claim": ["a", 0, 2147483647] },
                       { "at_ms": 2, "sync": ["a", "b"] } ], "until": { "max_ms": 4 } }"#;
        let mut simulation = Simulation::new(Scenario::parse(text).unwrap());
        let mut known = Divergence::new(simulation.scenario());
        for ms in [1, 2, 3] {
            known.pass(&simulation, SimTime::from_ms(ms));
            simulation.run_until(SimTime::from_ms(ms));
        }

        let axis = Axis { keys: KeyRange::ALL, width: 100 };
        let theme = Theme::LIGHT;
        let mut pixels = Pixels::default();
        divergence(&mut pixels, axis, 1, &theme, &known, SimTime::from_ms(4));
        let at = |x: usize, y: usize| pixels.data[(y * pixels.width + x) * 4..][..3].to_vec();
        let map = |x: usize, y: usize| at(VERSIONS_WIDTH + x, y);
        let [agreed, half] = [0, 128].map(|share| divergence_colour(share).to_vec());
        assert_eq!([map(0, 10), map(99, 10)], [&agreed; 2].map(Vec::clone));
        assert_eq!([map(0, 30), map(49, 30)], [&half; 2].map(Vec::clone));
        assert_eq!([map(50, 30), map(0, 60)], [&agreed; 2].map(Vec::clone));
        assert_eq!(map(0, 80), mix(theme.hatch, theme.paper, 72), "not played yet");

        let bar = |y: usize| (0..BARS).filter(|&x| at(x, y) == theme.tick).count();
        assert_eq!([bar(10), bar(30), bar(60), bar(80)], [1, BARS, 1, 0]);

        let width = pixels.width;
        let with_bars = pixels.data.clone();
        divergence_map(&mut pixels, axis, 100, &theme, &known, SimTime::from_ms(4));
        assert_eq!((pixels.width, pixels.height), (100, 100));
        for y in 0..100 {
            let beside_bars = &with_bars[(y * width + VERSIONS_WIDTH) * 4..(y + 1) * width * 4];
            assert_eq!(beside_bars, &pixels.data[y * 400..(y + 1) * 400], "line {y}");
        }
    }

    #[test]
    fn one_of_many_is_told_from_none() {
        let brightness = |share: u8| divergence_colour(share).map(u32::from).iter().sum::<u32>();
        assert!(brightness(1) > brightness(0) + 40);
        assert_eq!(divergence_colour(255), cividis(255));
    }
}
