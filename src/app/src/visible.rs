//! Which keys are to be seen.
//!
//! All bands share one axis, so one [`KeyRange`] says what all of them show. It changes by a
//! [`Look`], which whoever points or presses a key sends; everything here is exact, in whole keys:
//! the key under a pointer stays under it however often one zooms, and what is shown never leaves
//! the key space. Never fewer than [`KEYS_MIN`] keys are shown, nor more than there are.

use scalesmall_crdt::{Key, KeyRange};
use scalesmall_sim::{Action, Scenario};

/// The fewest keys that are shown: each then has some dozen pixels or more.
pub(crate) const KEYS_MIN: u64 = 16;
/// How far a step of zooming goes, in thousandths of the keys that were to be seen.
pub(crate) const NEARER: u32 = 500;
pub(crate) const FARTHER: u32 = 2_000;

/// What a scenario is about may be so many times smaller than the key space before it is looked at alone.
const SPECK: u64 = 64;

/// The keys that a scenario is about, and a little beside them: all, unless its claims are a speck of
/// these.
pub(crate) fn of_scenario(scenario: &Scenario) -> KeyRange {
    let of_steps = scenario.steps.iter().filter_map(|step| match &step.action {
        Action::Operation(request) => Some(request),
        _ => None,
    });
    let ranges =
        || scenario.start.iter().chain(of_steps.clone()).map(|it| it.operation.claim().range);
    let (Some(start), Some(end)) =
        (ranges().map(KeyRange::start).min(), ranges().map(KeyRange::end).max())
    else {
        return KeyRange::ALL;
    };
    let keys = u64::from(end - start) + 1;
    if keys > KeyRange::ALL.keys() / SPECK {
        return KeyRange::ALL;
    }
    let margin = (keys / 16).max(1);
    let from = u64::from(start).saturating_sub(margin);
    let past = (u64::from(end) + 1 + margin).min(KeyRange::ALL.past_end());
    placed(i128::from(from), (past - from).max(KEYS_MIN))
}

/// Another look at the keys.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Look {
    /// At all of them.
    Whole,
    /// At these.
    At(KeyRange),
    /// At more of them or fewer, in thousandths of what was to be seen. What is `on` stays where it
    /// is.
    Zoom { on: On, per_mille: u32 },
    /// Further along the keys, or back, by a share of what was to be seen.
    Pan { by: i64, of: u32 },
    /// At as many, from this position on.
    StartAt(i128),
    /// From this position on, up to where it was.
    From(u64),
    /// From where it was, up to this position.
    UpTo(u64),
}

/// What stays where it is when one zooms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum On {
    Key(Key),
    /// What lies at a pixel of an axis so wide.
    Pixel(usize, usize),
}

impl Look {
    /// What is to be seen after it, where `keys` were.
    pub(crate) fn after(self, keys: KeyRange) -> KeyRange {
        let (start, count) = (i128::from(keys.start()), keys.keys());
        match self {
            Self::Whole => KeyRange::ALL,
            Self::At(wanted) => {
                let missing = KEYS_MIN.saturating_sub(wanted.keys());
                placed(i128::from(wanted.start()) - i128::from(missing / 2), wanted.keys())
            }
            Self::Zoom { on: On::Key(key), per_mille } => {
                let before = key.saturating_sub(keys.start());
                zoomed(keys, u64::from(before), count, per_mille)
            }
            Self::Zoom { on: On::Pixel(x, width), per_mille } => {
                zoomed(keys, x as u64, width as u64, per_mille)
            }
            Self::Pan { by, of } => {
                placed(start + i128::from(count) * i128::from(by) / i128::from(of.max(1)), count)
            }
            Self::StartAt(position) => placed(position, count),
            Self::From(position) => {
                let from = position.min(keys.past_end().saturating_sub(KEYS_MIN));
                placed(i128::from(from), keys.past_end() - from)
            }
            Self::UpTo(position) => {
                let to = position.min(KeyRange::ALL.past_end());
                placed(start, to.saturating_sub(u64::from(keys.start())))
            }
        }
    }
}

/// What is to be seen when fingers that were at `before` are at `after`, on an axis of `width`
/// pixels: the keys follow them. One finger is both.
pub(crate) fn held(keys: KeyRange, before: [i32; 2], after: [i32; 2], width: usize) -> KeyRange {
    let width = (width as i128).max(1);
    let distance = |[one, other]: [i32; 2]| i128::from(one).abs_diff(i128::from(other)).max(1);
    // Twice the middle, so that it is whole.
    let middle = |[one, other]: [i32; 2]| i128::from(one) + i128::from(other);
    let count = i128::from(keys.keys());
    let wanted = count as u128 * distance(before) / distance(after);
    let wanted = wanted.clamp(KEYS_MIN.into(), KeyRange::ALL.keys().into()) as i128;
    let start =
        i128::from(keys.start()) + (count * middle(before) - wanted * middle(after)) / (2 * width);
    placed(start, wanted as u64)
}

/// What is to be seen so that `range` is, or as much of it as has room; `keys` themselves if it is
/// already.
pub(crate) fn revealing(keys: KeyRange, range: KeyRange) -> KeyRange {
    let is_inside = |inner: KeyRange, outer: KeyRange| {
        outer.contains(inner.start()) && outer.contains(inner.end())
    };
    if is_inside(range, keys) || is_inside(keys, range) {
        return keys;
    }
    let room = keys.keys().saturating_sub(range.keys());
    placed(i128::from(range.start()) - i128::from(room / 2), keys.keys())
}

/// How far along `keys` a position lies: from 0 at the left to 1 at the right.
pub(crate) fn part(keys: KeyRange, position: u64) -> f64 {
    let offset = position as f64 - f64::from(keys.start());
    (offset / keys.keys() as f64).clamp(0.0, 1.0)
}

/// What lies `part` of `whole` along the keys stays there, to the nearest key.
fn zoomed(keys: KeyRange, part: u64, whole: u64, per_mille: u32) -> KeyRange {
    let count = keys.keys();
    let wanted = (u128::from(count) * u128::from(per_mille) / 1_000) as u64;
    // However little: a key at least, or one could be stuck where there are few.
    let wanted = match per_mille {
        1_001.. => wanted.max(count + 1),
        1_000 => count,
        _ => wanted.min(count - 1),
    };
    let wanted = wanted.clamp(KEYS_MIN, KeyRange::ALL.keys());
    let whole = i128::from(whole.max(1));
    let fewer = i128::from(count) - i128::from(wanted);
    let before = (2 * fewer * i128::from(part).min(whole) + whole).div_euclid(2 * whole);
    placed(i128::from(keys.start()) + before, wanted)
}

/// So many keys from a position on, or as near as there are.
fn placed(start: i128, count: u64) -> KeyRange {
    let count = count.clamp(KEYS_MIN, KeyRange::ALL.keys());
    let start = start.clamp(0, i128::from(KeyRange::ALL.keys() - count)) as u64;
    KeyRange::new(start as Key, (start + count - 1) as Key).expect("there are some keys")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paint::Axis;

    fn range(start: Key, end: Key) -> KeyRange {
        KeyRange::new(start, end).unwrap()
    }

    fn zoom(keys: KeyRange, on: On, per_mille: u32) -> KeyRange {
        Look::Zoom { on, per_mille }.after(keys)
    }

    #[test]
    fn what_is_under_the_pointer_stays_under_it() {
        let width = 1_000;
        for x in [0, 1, 333, 500, 999, 1_000] {
            let mut keys = KeyRange::ALL;
            let under = |keys| Axis { keys, width }.position(x);
            let first = under(keys);
            for step in 1..=200 {
                let before = under(keys);
                keys = zoom(keys, On::Pixel(x, width), 900);
                assert!(before.abs_diff(under(keys)) <= 1, "{before} is not at {x} of {keys:?}");
                assert!(first.abs_diff(under(keys)) <= step / 4 + 1, "it drifts: {keys:?}");
            }
            assert_eq!(keys.keys(), KEYS_MIN);
            for _ in 0..400 {
                keys = zoom(keys, On::Pixel(x, width), 1_100);
            }
            assert_eq!(keys, KeyRange::ALL);
        }
    }

    #[test]
    fn zooming_by_little_does_not_get_stuck() {
        let few = range(1_000, 1_015);
        assert_eq!(zoom(few, On::Key(1_007), 1_001).keys(), 17);
        assert_eq!(zoom(range(1_000, 1_016), On::Key(1_007), 999), range(1_000, 1_015));
        assert_eq!(zoom(few, On::Key(1_007), 1), few, "nearer than that one cannot get");
        assert_eq!(zoom(few, On::Key(1_007), 1_000), few);
        assert_eq!(zoom(KeyRange::ALL, On::Key(5), FARTHER), KeyRange::ALL);
        assert_eq!(zoom(few, On::Key(9), FARTHER), range(1_000, 1_031), "as if at the edge");
    }

    #[test]
    fn nothing_leaves_the_key_space() {
        let last = range(Key::MAX - 99, Key::MAX);
        assert_eq!(Look::Pan { by: 1, of: 4 }.after(last), last);
        assert_eq!(Look::Pan { by: -1, of: 4 }.after(last), range(Key::MAX - 124, Key::MAX - 25));
        assert_eq!(Look::Pan { by: i64::MIN, of: 0 }.after(last), range(0, 99));
        assert_eq!(Look::Pan { by: 1, of: 4 }.after(KeyRange::ALL), KeyRange::ALL);
        assert_eq!(zoom(last, On::Key(Key::MAX), FARTHER), range(Key::MAX - 199, Key::MAX));
        assert_eq!(Look::At(range(0, 0)).after(last), range(0, 15));
        assert_eq!(Look::At(range(100, 101)).after(last), range(93, 108));
        assert_eq!(Look::At(range(7, 7_000)).after(last), range(7, 7_000));
        assert_eq!(Look::StartAt(-5).after(last), range(0, 99));
        assert_eq!(Look::StartAt(500).after(last), range(500, 599));
        assert_eq!(Look::StartAt(i128::MAX).after(last), last);
        assert_eq!(Look::Whole.after(last), KeyRange::ALL);
    }

    #[test]
    fn an_end_moves_alone_and_not_past_the_other() {
        let keys = range(1_000, 1_999);
        assert_eq!(Look::From(500).after(keys), range(500, 1_999));
        assert_eq!(Look::From(1_995).after(keys), range(1_984, 1_999));
        assert_eq!(Look::UpTo(1_500).after(keys), range(1_000, 1_499));
        assert_eq!(Look::UpTo(3).after(keys), range(1_000, 1_015));
        assert_eq!(Look::UpTo(u64::MAX).after(keys), range(1_000, Key::MAX));
        assert_eq!(Look::From(9).after(range(0, 15)), range(0, 15));
    }

    #[test]
    fn keys_follow_the_fingers() {
        let keys = range(1_000, 1_999);
        assert_eq!(held(keys, [300, 300], [200, 200], 1_000), range(1_100, 2_099));
        assert_eq!(held(keys, [300, 300], [900, 900], 1_000), range(400, 1_399));
        // Twice as far apart, the middle where it was.
        assert_eq!(held(keys, [400, 600], [300, 700], 1_000), range(1_250, 1_749));
        assert_eq!(held(keys, [600, 400], [300, 700], 1_000), range(1_250, 1_749));
        assert_eq!(held(keys, [100, 900], [500, 500], 1_000).start(), 0);
        assert_eq!(held(keys, [i32::MIN, i32::MAX], [0, 1], 0), KeyRange::ALL);
        assert_eq!(held(keys, [500, 500], [0, 1_000], 1_000).keys(), KEYS_MIN);
    }

    #[test]
    fn what_is_asked_for_comes_to_be_seen() {
        let keys = range(1_000, 1_999);
        assert_eq!(revealing(keys, range(1_100, 1_200)), keys);
        assert_eq!(revealing(keys, KeyRange::ALL), keys, "it is all over");
        assert_eq!(revealing(keys, range(3_000, 3_099)), range(2_550, 3_549));
        assert_eq!(revealing(keys, range(1_900, 2_099)), range(1_500, 2_499));
        assert_eq!(revealing(keys, range(5_000, 50_000)), range(5_000, 5_999));
    }

    #[test]
    fn a_position_lies_at_its_part() {
        let parts = [0, 1_000, 1_250, 2_000, 9_000].map(|at| part(range(1_000, 1_999), at));
        assert_eq!(parts, [0.0, 0.0, 0.25, 1.0, 1.0]);
        assert_eq!(part(KeyRange::ALL, 1 << 32), 1.0);
    }
}
