//! How fast simulated time passes.

use std::fmt;

use scalesmall_sim::SimTime;

/// Simulated time per time of the one who watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speed {
    /// A step of [`LADDER`].
    Step(usize),
    /// As fast as the machine can.
    Max,
}

/// The speeds that can be chosen, about evenly spaced on a logarithmic scale.
const LADDER: [(u64, u64); 13] = [
    (1, 100),
    (1, 50),
    (1, 20),
    (1, 10),
    (1, 4),
    (1, 2),
    (1, 1),
    (2, 1),
    (4, 1),
    (10, 1),
    (20, 1),
    (50, 1),
    (100, 1),
];

const REAL_TIME: usize = 6;

impl Default for Speed {
    /// As fast as the clock.
    fn default() -> Self {
        Self::Step(REAL_TIME)
    }
}

impl Speed {
    /// All speeds, the slowest first.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        (0..LADDER.len()).map(Self::Step).chain([Self::Max])
    }

    /// The next one up, or this one if there is none.
    pub(crate) fn faster(self) -> Self {
        match self {
            Self::Step(step) if step + 1 < LADDER.len() => Self::Step(step + 1),
            _ => Self::Max,
        }
    }

    /// The next one down, or this one if there is none.
    pub(crate) fn slower(self) -> Self {
        match self {
            Self::Step(step) => Self::Step(step.saturating_sub(1)),
            Self::Max => Self::Step(LADDER.len() - 1),
        }
    }

    /// The speed that is written as `text`: as it is shown, or `max`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::all().find(|speed| speed.to_string() == text)
    }

    /// The simulated time `wall_us` microseconds of the watcher's after `from`.
    pub(crate) fn pass(self, from: SimTime, wall_us: u64) -> SimTime {
        match self {
            Self::Step(step) => {
                let (simulated, wall) = LADDER[step];
                from + wall_us * simulated / wall
            }
            Self::Max => SimTime::from_us(u64::MAX),
        }
    }
}

impl fmt::Display for Speed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Step(step) => match LADDER[*step] {
                (simulated, 1) => write!(f, "{simulated}"),
                (simulated, wall) => write!(f, "{simulated}/{wall}"),
            },
            Self::Max => f.write_str("max"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_speed_is_read_as_it_is_written() {
        for speed in Speed::all() {
            assert_eq!(Speed::parse(&speed.to_string()), Some(speed));
        }
        assert_eq!(Speed::parse("1/3"), None);
    }

    #[test]
    fn the_ladder_has_ends() {
        assert_eq!(Speed::Step(0).slower(), Speed::Step(0));
        assert_eq!(Speed::Max.faster(), Speed::Max);
        assert_eq!(Speed::Max.slower().faster(), Speed::Max);
    }

    #[test]
    fn time_passes_at_the_speed() {
        let from = SimTime::from_ms(5);
        assert_eq!(Speed::default().pass(from, 7), SimTime::from_us(5_007));
        assert_eq!(Speed::Step(0).pass(from, 1_000), SimTime::from_us(5_010));
    }
}
