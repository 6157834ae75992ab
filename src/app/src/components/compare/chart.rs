//! A small chart of one quantity over time, with a line for each run.
//!
//! A line is told from the others by its dashes, by the letter at its end and by its colour.

use scalesmall_sim::SimTime;
use yew::prelude::*;

use super::super::divergence_map::times;
use crate::comparison::Contender;
use crate::divergence::Row;
use crate::figures::grouped;

/// The units that a chart is drawn in, either way; it is stretched to its place.
const ROOM: u64 = 1_000;
/// The least distance between two letters, in these units of height.
const LETTER_ROOM: u64 = 110;
/// The most values beside an axis, besides the zero.
const VALUES_MAX: u64 = 3;

/// A quantity of one run over time: it stays what it is until the next point.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line {
    pub(crate) name: String,
    /// Ascending in time.
    pub(crate) points: Vec<(SimTime, u64)>,
}

impl Line {
    pub(super) fn bytes(contender: &Contender) -> Self {
        let now = contender.player.simulation().metrics().bytes_sent;
        Self::of(contender, |row| row.bytes_sent, now)
    }

    pub(super) fn states(contender: &Contender) -> Self {
        let now = contender.player.simulation().distinct() as u64;
        Self::of(contender, |row| row.distinct as u64, now)
    }

    fn of(Contender { setting, player }: &Contender, value: fn(&Row) -> u64, now: u64) -> Self {
        let divergence = player.divergence();
        let rows = divergence.rows().iter().enumerate();
        let mut points: Vec<(SimTime, u64)> =
            rows.map(|(index, row)| (divergence.moment(index), value(row))).collect();
        let at = player.simulation().now();
        if points.last().is_none_or(|&(last, _)| last < at) {
            points.push((at, now));
        }
        Self { name: setting.title(), points }
    }

    /// Its value at a time, as far as it goes.
    pub(super) fn value_at(&self, time: SimTime) -> Option<u64> {
        let past = self.points.partition_point(|&(at, _)| at <= time);
        let is_known = self.points.last().is_some_and(|&(last, _)| time <= last);
        self.points[..past].last().map(|&(_, value)| value).filter(|_| is_known)
    }

    fn last(&self) -> (SimTime, u64) {
        self.points.last().copied().unwrap_or((SimTime::ZERO, 0))
    }
}

/// What a run is called in a word: A to D.
pub(super) fn letter(index: usize) -> char {
    char::from(b'A' + index as u8)
}

/// The look of a run's lines, with its letter.
pub(super) fn swatch(index: usize) -> Html {
    html! {
        <span class={classes!("series", format!("series-{index}"))} aria-hidden="true">
            <b>{ letter(index) }</b>
            <svg viewBox="0 0 26 4"><path d="M0 2H26" /></svg>
        </span>
    }
}

/// A chart of these lines from time 0 to `extent`, with a mark at `now`.
pub(super) fn chart(
    id: &'static str,
    title: &'static str,
    lines: &[Line],
    now: SimTime,
    extent: SimTime,
) -> Html {
    let most = lines.iter().flat_map(|line| &line.points).map(|&(_, value)| value).max();
    let values = values(most.unwrap_or(0));
    let top = values.last().copied().max(most).unwrap_or(0).max(1);
    let x = |at: SimTime| (at.as_us() * ROOM / extent.as_us().max(1)).min(ROOM);
    let y = |value: u64| ROOM - value * ROOM / top;
    let ends: Vec<u64> = lines.iter().map(|line| y(line.last().1)).collect();
    let end = |(index, (line, letter_y)): (usize, (&Line, u64))| {
        let style = format!("left:{};top:{}", percent(x(line.last().0)), percent(letter_y));
        html! { <b class={format!("series-{index}")} {style}>{ letter(index) }</b> }
    };
    let label = lines.iter().fold(title.to_owned(), |label, line| {
        let (at, value) = line.last();
        format!("{label}; {}: {} ({at})", line.name, grouped(value))
    });
    html! {
        <figure class="chart" {id}>
            <figcaption>{ title }</figcaption>
            <div class="room" role="img" aria-label={label}>
                <svg viewBox={format!("0 0 {ROOM} {ROOM}")} preserveAspectRatio="none" aria-hidden="true">
                    { for values.iter().map(|&value| html! {
                        <path class="grid" d={format!("M0 {}H{ROOM}", y(value))} />
                    }) }
                    <path class="moment" d={format!("M{} 0V{ROOM}", x(now))} />
                    { for lines.iter().enumerate().map(|(index, line)| html! {
                        <path class={format!("series-{index}")} d={path(&line.points, x, y)} />
                    }) }
                </svg>
                <div class="ends" aria-hidden="true">
                    { for lines.iter().zip(apart(&ends)).enumerate().map(end) }
                </div>
                <div class="values" aria-hidden="true">
                    { for values.iter().map(|&value| html! {
                        <span style={format!("top:{}", percent(y(value)))}>{ grouped(value) }</span>
                    }) }
                </div>
                <div class="times" aria-hidden="true">
                    { for times(extent).into_iter().map(|(at, text)| html! {
                        <span style={format!("left:{}", percent(x(at)))}>{ text }</span>
                    }) }
                </div>
            </div>
        </figure>
    }
}

/// A length of the chart as one of the document.
fn percent(length: u64) -> String {
    format!("calc({length}% / 10)")
}

/// A line that stays at each value until the next one.
fn path(points: &[(SimTime, u64)], x: impl Fn(SimTime) -> u64, y: impl Fn(u64) -> u64) -> String {
    let mut path = String::new();
    let mut before = None;
    for (index, &(at, value)) in points.iter().enumerate() {
        let is_last = index + 1 == points.len();
        if before.is_none() {
            path = format!("M{} {}", x(at), y(value));
        } else if before != Some(value) || is_last {
            path += &format!("H{}V{}", x(at), y(value));
        }
        before = Some(value);
    }
    path
}

/// Round values from 0 to about the most, few enough to be written beside an axis.
fn values(most: u64) -> Vec<u64> {
    let decades = (0..19).map(|exponent| 10_u64.pow(exponent));
    let mut steps = decades.flat_map(|decade| [1, 2, 5].map(|part| decade.saturating_mul(part)));
    let step = steps.find(|&step| most.max(1) / step <= VALUES_MAX).unwrap_or(u64::MAX);
    (0..=most.max(1) / step).map(|index| index * step).collect()
}

/// Positions as near as can be to these, in their order, and far enough apart for letters.
fn apart(positions: &[u64]) -> Vec<u64> {
    // How many come before, by position and then by place: there are too few to sort them.
    let rank = |place: usize| {
        let is_before = |other: &usize| (positions[*other], *other) < (positions[place], place);
        (0..positions.len()).filter(is_before).count()
    };
    let mut order = vec![0; positions.len()];
    (0..positions.len()).for_each(|place| order[rank(place)] = place);
    let mut placed = positions.to_vec();
    for pair in order.windows(2) {
        placed[pair[1]] = placed[pair[1]].max(placed[pair[0]] + LETTER_ROOM);
    }
    let mut bottom = ROOM;
    for &place in order.iter().rev() {
        placed[place] = placed[place].min(bottom);
        bottom = placed[place].saturating_sub(LETTER_ROOM);
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(points: &[(u32, u64)]) -> Line {
        let points = points.iter().map(|&(ms, value)| (SimTime::from_ms(ms), value)).collect();
        Line { name: "line".to_owned(), points }
    }

    #[test]
    fn a_line_goes_in_steps_and_as_far_as_it_is_known() {
        let line = line(&[(0, 1), (10, 1), (20, 4), (30, 4), (40, 4)]);
        let (x, y) = (SimTime::as_ms, |value: u64| value);
        assert_eq!(path(&line.points, x, y), "M0 1H20V4H40V4");
        assert_eq!(path(&line.points[..1], x, y), "M0 1");
        assert_eq!(path(&[], x, y), "");
        let at = |ms: u32| line.value_at(SimTime::from_ms(ms));
        assert_eq!(
            [at(0), at(15), at(20), at(40), at(41)],
            [Some(1), Some(1), Some(4), Some(4), None]
        );
    }

    #[test]
    fn the_values_beside_an_axis_are_few_and_round() {
        assert_eq!(values(0), [0, 1]);
        assert_eq!(values(24), [0, 10, 20]);
        assert_eq!(values(126_000), [0, 50_000, 100_000]);
        assert_eq!(values(1), [0, 1]);
        assert!((0..64).all(|bit| (2..=4).contains(&values(1 << bit).len())));
        assert!(values(u64::MAX).len() <= 4);
    }

    #[test]
    fn letters_do_not_lie_on_each_other() {
        assert_eq!(apart(&[100, 500, 900]), [100, 500, 900]);
        assert_eq!(apart(&[1_000, 990, 1_000]), [890, 780, 1_000]);
        assert_eq!(apart(&[0, 0]), [0, 110]);
        assert_eq!(apart(&[]), [0; 0]);
    }
}
