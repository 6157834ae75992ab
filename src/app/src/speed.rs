//! How fast simulated time passes.

use std::fmt;

use scalesmall_sim::SimTime;

/// Simulated time per time of the one who watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speed {
    /// So many notches above as fast as the clock, or below; [`NOTCHES`] to either side.
    Notch(i32),
    /// As fast as the machine can.
    Max,
}

/// From as fast as the clock to a hundred times that, and to a hundredth.
const NOTCHES: i32 = 20;

/// The speeds of one decade, in hundredths: preferred numbers (ISO 3, R″10), evenly spaced on a
/// logarithmic scale but for rounding.
const DECADE: [u64; 10] = [100, 125, 150, 200, 250, 300, 400, 500, 600, 800];

/// Which notches of a decade are a step of those that go a long way: 1, 2 and 5.
const STEPS: [i32; 3] = [0, 3, 7];

impl Default for Speed {
    /// As fast as the clock.
    fn default() -> Self {
        Self::Notch(0)
    }
}

impl Speed {
    /// The places of all speeds on a scale from the slowest to [`Max`](Self::Max).
    pub(crate) const PLACE_MAX: i32 = 2 * NOTCHES + 1;

    /// All speeds, the slowest first.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        (0..=Self::PLACE_MAX).map(Self::at)
    }

    /// Those that are stepped through, the slowest first.
    pub(crate) fn steps() -> impl Iterator<Item = Self> {
        Self::all().filter(|speed| speed.is_step())
    }

    /// The speed at a place of the scale, or the nearest there is.
    pub(crate) fn at(place: i32) -> Self {
        match place {
            ..Self::PLACE_MAX => Self::Notch(place.max(0) - NOTCHES),
            _ => Self::Max,
        }
    }

    /// Where it is on the scale.
    pub(crate) fn place(self) -> i32 {
        match self {
            Self::Notch(notch) => notch + NOTCHES,
            Self::Max => Self::PLACE_MAX,
        }
    }

    /// The next step up, or this one if there is none.
    pub(crate) fn faster(self) -> Self {
        Self::steps().find(|step| step.place() > self.place()).unwrap_or(self)
    }

    /// The next step down, or this one if there is none.
    pub(crate) fn slower(self) -> Self {
        Self::steps().take_while(|step| step.place() < self.place()).last().unwrap_or(self)
    }

    /// The speed that is written as `text`: as it is shown, or `max`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::all().find(|speed| speed.to_string() == text)
    }

    /// The simulated time `wall_us` microseconds of the watcher's after `from`.
    pub(crate) fn pass(self, from: SimTime, wall_us: u64) -> SimTime {
        match self {
            Self::Notch(notch @ 0..) => from + wall_us * hundredths(notch) / 100,
            Self::Notch(notch) => from + wall_us * 100 / hundredths(-notch),
            Self::Max => SimTime::from_us(u64::MAX),
        }
    }

    fn is_step(self) -> bool {
        match self {
            Self::Notch(notch) => STEPS.contains(&(notch.abs() % DECADE.len() as i32)),
            Self::Max => true,
        }
    }
}

/// How many times as fast as the clock a notch at or above that is, in hundredths.
fn hundredths(notch: i32) -> u64 {
    let (notch, len) = (notch.unsigned_abs() as usize, DECADE.len());
    DECADE[notch % len] * 10_u64.pow((notch / len) as u32)
}

impl fmt::Display for Speed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Notch(notch) = *self else { return f.write_str("max") };
        if notch < 0 {
            f.write_str("1/")?;
        }
        let hundredths = hundredths(notch.abs());
        write!(f, "{}", hundredths / 100)?;
        match hundredths % 100 {
            0 => Ok(()),
            part if part % 10 == 0 => write!(f, ".{}", part / 10),
            part => write!(f, ".{part:02}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_speed_is_read_as_it_is_written_and_has_its_place() {
        for (place, speed) in (0..).zip(Speed::all()) {
            assert_eq!(Speed::parse(&speed.to_string()), Some(speed));
            assert_eq!((speed.place(), Speed::at(place)), (place, speed));
        }
        assert_eq!(Speed::parse("1/7"), None);
        assert_eq!((Speed::at(-5), Speed::at(99)), (Speed::Notch(-NOTCHES), Speed::Max));
    }

    #[test]
    fn the_scale_is_logarithmic_from_a_hundredth_to_a_hundred() {
        let passed = Speed::all().map(|speed| match speed {
            Speed::Max => f64::INFINITY,
            _ => speed.pass(SimTime::ZERO, 1_000_000_000).as_us() as f64 / 1e9,
        });
        for (place, rate) in (0..Speed::PLACE_MAX).zip(passed) {
            let even = 10_f64.powf(f64::from(place) / 10.0 - 2.0);
            assert!((rate / even - 1.0).abs() < 0.07, "{}: {rate} for {even}", Speed::at(place));
        }
        let ends = [Speed::at(0), Speed::at(Speed::PLACE_MAX - 1)];
        assert_eq!(ends.map(|speed| speed.to_string()), ["1/100", "100"]);
    }

    #[test]
    fn steps_go_a_long_way_and_end() {
        let steps: Vec<String> = Speed::steps().map(|speed| speed.to_string()).collect();
        let expected = "1/100 1/50 1/20 1/10 1/5 1/2 1 2 5 10 20 50 100 max";
        assert_eq!(steps.join(" "), expected);
        let between = Speed::parse("2.5").unwrap();
        assert_eq!(between.faster().to_string(), "5");
        assert_eq!(between.slower().to_string(), "2");
        assert_eq!(Speed::at(0).slower(), Speed::at(0));
        assert_eq!(Speed::Max.faster(), Speed::Max);
        assert_eq!(Speed::Max.slower().faster(), Speed::Max);
    }

    #[test]
    fn time_passes_at_the_speed() {
        let from = SimTime::from_ms(5);
        let passed = |speed: Speed| speed.pass(from, 1_000).us_since(from);
        assert_eq!(passed(Speed::default()), 1_000);
        for (text, us) in [("1/100", 10), ("1/2.5", 400), ("1.25", 1_250), ("80", 80_000)] {
            assert_eq!(passed(Speed::parse(text).unwrap()), us, "{text}");
        }
    }
}
