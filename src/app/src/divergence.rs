//! Who disagreed with the truth, when and where: what has been seen of a run, moment by moment.
//!
//! A row shows the moment at which it begins and stands for the time until the next row. It is
//! taken when the run passes that moment, so that it depends on simulated time alone: neither on
//! how fast the run is played nor on how often. A row costs one picture; where nothing has changed
//! since the row before, not even that.
//!
//! How long a run will take is not known while it goes on. When the rows run out, every two
//! become one of twice the length, so that there are never more than [`ROWS_MAX`].

use scalesmall_crdt::{Key, KeyRange};
use scalesmall_sim::{Scenario, SimTime, Simulation};

use crate::picture::{Photographer, Picture};
use crate::visible;

/// How many parts the key space has in a row.
pub(crate) const COLUMNS: usize = 256;
/// How many of them are for the keys before those that a scenario is about, and for those after, where there
/// are such keys.
const COLUMNS_BESIDE: usize = 16;
/// Even, so that no row is left over where every two become one.
const ROWS_MAX: usize = 240;
/// The length of a row at first of what nobody has planned.
const LIVE_ROW_US: u64 = 250_000;
/// How long a run is taken to go on after its last step, until it is seen to go on for longer.
const AFTERMATH_US: u64 = 4_000_000;

/// What there was at one moment, or, of several rows made one, in the time of all of them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    /// For each part of the key space the share of live nodes that differ from the truth
    /// somewhere in it, in 255ths. Never rounded to none.
    pub(crate) shares: [u8; COLUMNS],
    /// How many different fingerprints the live nodes had.
    pub(crate) distinct: usize,
    /// At how many keys a live node differed.
    pub(crate) disputed_keys: u64,
    /// How many bytes had been sent when the row began.
    pub(crate) bytes_sent: u64,
}

/// The rows of one run, from its start to as far as it has been played without a gap.
pub(crate) struct Divergence {
    rows: Vec<Row>,
    row_us: u64,
    nodes: usize,
    parts: Parts,
    version: u64,
    photographer: Photographer,
    /// The row that was taken latest, and how often the simulation had changed by then.
    latest: Option<(u64, Row)>,
}

impl Divergence {
    pub(crate) fn new(scenario: &Scenario) -> Self {
        let last_step = scenario.steps.last().map_or(SimTime::ZERO, |step| step.at);
        let expected = (last_step + AFTERMATH_US).min(scenario.until.max);
        let row_us = expected.as_us().div_ceil(ROWS_MAX as u64).max(1);
        Self::with_rows(row_us, scenario.replicas.len(), visible::of_scenario(scenario))
    }

    /// That of a room, of which pictures are [added](Self::add) as they are taken.
    pub(crate) fn live() -> Self {
        Self::with_rows(LIVE_ROW_US, 0, KeyRange::ALL)
    }

    fn with_rows(row_us: u64, nodes: usize, keys: KeyRange) -> Self {
        Self {
            rows: Vec::new(),
            row_us,
            nodes,
            parts: Parts::of(keys),
            version: 0,
            photographer: Photographer::default(),
            latest: None,
        }
    }

    pub(crate) fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The keys that each part of the key space has; nothing where it has none.
    pub(crate) fn parts(&self) -> impl Iterator<Item = Option<KeyRange>> {
        self.parts
            .0
            .windows(2)
            .map(|bounds| KeyRange::new(key(bounds[0])?, key(bounds[1].checked_sub(1)?)?).ok())
    }

    /// The length of a row in microseconds.
    pub(crate) fn row_us(&self) -> u64 {
        self.row_us
    }

    /// The moment that a row shows; of the row after the last, when it is to be taken.
    pub(crate) fn moment(&self, row: usize) -> SimTime {
        SimTime::from_us(row as u64 * self.row_us)
    }

    /// The most nodes that there can be in the run.
    pub(crate) fn nodes(&self) -> usize {
        self.nodes
    }

    /// Differs whenever the rows of this run differ.
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// Takes the rows of all moments before `until` that have none, from a simulation in which
    /// nothing more happens before `until`. To play again what is known already costs nothing.
    pub(crate) fn pass(&mut self, simulation: &Simulation, until: SimTime) {
        while self.moment(self.rows.len()) < until {
            let changes = simulation.changes();
            let mut row = match self.latest.take() {
                Some((then, row)) if then == changes => row,
                _ => Row::of(&self.photographer.take(simulation), &self.parts),
            };
            row.bytes_sent = simulation.metrics().bytes_sent;
            self.latest = Some((changes, row.clone()));
            self.push(row);
        }
    }

    /// Takes the rows of all moments before that of a picture, which shows how things stand since the
    /// picture before.
    pub(crate) fn add(&mut self, picture: &Picture) {
        self.nodes = self.nodes.max(picture.views.len());
        if self.moment(self.rows.len()) < picture.at {
            let row = Row::of(picture, &self.parts);
            while self.moment(self.rows.len()) < picture.at {
                self.push(row.clone());
            }
        }
    }

    /// Forgets every moment after this one: the run is about to take another course from here.
    pub(crate) fn forget_after(&mut self, time: SimTime) {
        let kept = (0..self.rows.len()).take_while(|&row| self.moment(row) <= time).count();
        self.rows.truncate(kept);
        self.latest = None;
        self.version += 1;
    }

    fn push(&mut self, row: Row) {
        if self.rows.len() == ROWS_MAX {
            self.rows = self.rows.chunks(2).map(|pair| pair[0].with(&pair[1])).collect();
            self.row_us *= 2;
        }
        self.rows.push(row);
        self.version += 1;
    }
}

impl Row {
    fn of(picture: &Picture, parts: &Parts) -> Self {
        let mut differing = [0; COLUMNS];
        for view in picture.views.iter().filter(|view| view.is_live()) {
            // Several differences in one part of the key space count once.
            let mut next = 0;
            for &range in view.differences.ranges() {
                let (first, past) = parts.touched_by(range);
                differing[first.max(next)..past.max(next)].iter_mut().for_each(|count| *count += 1);
                next = past;
            }
        }
        let live = picture.live().max(1);
        Self {
            shares: differing.map(|count: usize| (count * 255).div_ceil(live) as u8),
            distinct: picture.distinct,
            disputed_keys: picture.disputed_keys(),
            bytes_sent: 0,
        }
    }

    /// This row and the next as one. The mean is what a longer row would have shown that was taken
    /// at either moment alike; the maximum would make the older part of a long run the brighter.
    fn with(&self, next: &Self) -> Self {
        let mut shares = self.shares;
        for (share, &next) in shares.iter_mut().zip(&next.shares) {
            *share = (u16::from(*share) + u16::from(next)).div_ceil(2) as u8;
        }
        Self {
            shares,
            distinct: self.distinct.max(next.distinct),
            disputed_keys: self.disputed_keys.max(next.disputed_keys),
            bytes_sent: self.bytes_sent,
        }
    }
}

/// Where the parts of the key space begin, and the end of the last.
struct Parts(Box<[u64; COLUMNS + 1]>);

impl Parts {
    /// Most of them for these keys, of equal size, and a few for those before and after.
    fn of(keys: KeyRange) -> Self {
        let (start, past, end) =
            (u64::from(keys.start()), keys.past_end(), KeyRange::ALL.past_end());
        let before = if start > 0 { COLUMNS_BESIDE } else { 0 };
        let after = if past < end { COLUMNS_BESIDE } else { 0 };
        let last = COLUMNS - after;
        let bound = |part: usize| {
            let (from, to, of, place) = match part {
                _ if part < before => (0, start, before, part),
                _ if part < last => (start, past, last - before, part - before),
                _ => (past, end, after.max(1), part - last),
            };
            from + (to - from) * place as u64 / of as u64
        };
        Self(Box::new(std::array::from_fn(|part| if part == COLUMNS { end } else { bound(part) })))
    }

    /// The parts that a range touches, as a half-open span.
    fn touched_by(&self, range: KeyRange) -> (usize, usize) {
        let past = |key: Key| self.0.partition_point(|&bound| bound <= u64::from(key));
        (past(range.start()) - 1, past(range.end()))
    }
}

fn key(position: u64) -> Option<Key> {
    Key::try_from(position).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first_light() -> Simulation {
        Simulation::new(Scenario::parse(scalesmall_sim::builtin::FIRST_LIGHT).unwrap())
    }

    /// Plays to a time event by event, as one who watches does.
    fn play(divergence: &mut Divergence, simulation: &mut Simulation, to: SimTime) {
        while let Some(next) = simulation.next_time().filter(|&next| next <= to) {
            divergence.pass(simulation, next);
            if !simulation.step() {
                break;
            }
        }
        simulation.run_until(to);
        divergence.pass(simulation, simulation.now() + 1);
    }

    fn played(to: SimTime) -> Divergence {
        let mut simulation = first_light();
        let mut divergence = Divergence::new(simulation.scenario());
        play(&mut divergence, &mut simulation, to);
        divergence
    }

    const END: SimTime = SimTime::from_ms(30_000);

    #[test]
    fn a_room_is_followed_for_as_long_as_it_lasts() {
        let mut simulation = first_light();
        let (mut photographer, mut room) = (Photographer::default(), Divergence::live());
        let mut ends = Vec::new();
        for at_ms in [300, 310, 7_000, 7_100, 60_000, 3_600_000] {
            simulation.run_until(SimTime::from_ms(at_ms));
            let picture = photographer.take(&simulation);
            room.add(&Picture { at: SimTime::from_ms(at_ms), ..picture });
            ends.push((room.rows().len(), room.row_us(), room.rows().last().unwrap().distinct));
        }
        assert_eq!(room.nodes(), 24);
        assert_eq!(ends[0].0, 2, "two rows begin before 300 ms");
        assert_eq!((ends[1].0, ends[2].0), (2, 28));
        assert_eq!(ends[3], (29, LIVE_ROW_US, simulation_distinct(7_100)));
        let (rows, row_us, distinct) = ends[5];
        assert!(rows <= ROWS_MAX && rows as u64 * row_us >= 3_600_000_000, "{rows} of {row_us} us");
        assert_eq!(distinct, 1);
    }

    fn simulation_distinct(at_ms: u32) -> usize {
        let mut simulation = first_light();
        simulation.run_until(SimTime::from_ms(at_ms));
        simulation.distinct()
    }

    #[test]
    fn a_row_shows_the_share_of_nodes_that_differ_at_its_moment() {
        let text = r#"{ "format": 1, "replicas": ["a", "b", "c"], "network": { "mode": "manual" },
            "steps": [ { "at_ms": 1, "on": "a", "do": "register", "claim": ["a", 0, 2147483647] },
                       { "at_ms": 1, "on": "a", "do": "register", "claim": ["a", 4026531840, 4026531842] },
                       { "at_ms": 1, "on": "a", "do": "register", "claim": ["b", 4026531900, 4026531900] },
                       { "at_ms": 2, "sync": ["a", "b"] },
                       { "at_ms": 3, "sync": ["a", "c"] } ],
            "until": { "max_ms": 4 } }"#;
        let mut simulation = Simulation::new(Scenario::parse(text).unwrap());
        let mut divergence = Divergence::new(simulation.scenario());
        play(&mut divergence, &mut simulation, END);
        assert_eq!(simulation.now(), SimTime::from_ms(4));
        assert!((ROWS_MAX / 2..=ROWS_MAX).contains(&divergence.rows().len()));

        let row = |us: u64| &divergence.rows()[(us / divergence.row_us()) as usize];
        let at = |us| {
            let row = row(us);
            let [first, middle, past, narrow] = [0, 127, 128, 240].map(|column| row.shares[column]);
            ([first, middle, past, narrow], row.distinct)
        };
        assert_eq!(at(500), ([0; 4], 1));
        assert_eq!(at(1_500), ([170, 170, 0, 170], 2), "two of three");
        assert_eq!(at(2_500), ([85, 85, 0, 85], 2), "one of three");
        assert_eq!(at(3_500), ([0; 4], 1));
        assert_eq!(row(1_500).disputed_keys, (1 << 31) + 4);
    }

    #[test]
    fn few_keys_have_most_of_the_parts() {
        let text = r#"{ "format": 1, "replicas": ["a", "b"], "network": { "mode": "manual" },
            "steps": [ { "at_ms": 1, "on": "a", "do": "register", "claim": ["a", 1000, 1099] },
                       { "at_ms": 1, "on": "a", "do": "register", "claim": ["a", 1200, 1299] } ],
            "until": { "max_ms": 4 } }"#;
        let mut simulation = Simulation::new(Scenario::parse(text).unwrap());
        let mut divergence = Divergence::new(simulation.scenario());
        play(&mut divergence, &mut simulation, END);
        let differing = |key: Key| {
            let share = |(part, &share): (Option<KeyRange>, &u8)| {
                part.filter(|part| part.contains(key)).map(|_| share)
            };
            let row = divergence.rows().last().unwrap();
            let mut shares = divergence.parts().zip(&row.shares).filter_map(share);
            let found = shares.next().expect("each key is in a part");
            assert_eq!(shares.next(), None);
            found > 0
        };
        let keys = [0, 990, 1_000, 1_099, 1_102, 1_198, 1_200, 1_299, 1_302, Key::MAX];
        let expected = [2, 3, 6, 7].map(|place| keys[place]);
        assert_eq!(keys.into_iter().filter(|&key| differing(key)).collect::<Vec<_>>(), expected);
        let whole = Parts::of(KeyRange::ALL);
        assert_eq!(whole.touched_by(KeyRange::ALL), (0, COLUMNS));
        assert!(whole.0.windows(2).all(|bounds| bounds[1] - bounds[0] == 1 << 24));
    }

    #[test]
    fn the_rows_depend_on_simulated_time_alone() {
        let at_once = played(END);
        let mut simulation = first_light();
        let mut divergence = Divergence::new(simulation.scenario());
        for ms in (0..30_000).step_by(7) {
            play(&mut divergence, &mut simulation, SimTime::from_ms(ms));
        }
        assert!(simulation.has_ended());
        assert_eq!(divergence.rows(), at_once.rows());
        assert!(at_once.rows().is_sorted_by_key(|row| row.bytes_sent));
        let sent = at_once.rows().last().map_or(0, |row| row.bytes_sent);
        assert!((100_000..=simulation.metrics().bytes_sent).contains(&sent), "{sent} bytes");
        assert!((ROWS_MAX / 2..=ROWS_MAX).contains(&at_once.rows().len()));
    }

    #[test]
    fn to_go_back_keeps_what_is_known_and_adds_nothing() {
        let mut divergence = played(SimTime::from_ms(6_000));
        let (rows, version) = (divergence.rows().to_vec(), divergence.version());
        let mut again = first_light();
        play(&mut divergence, &mut again, SimTime::from_ms(5_000));
        assert_eq!((divergence.rows(), divergence.version()), (&*rows, version));
        play(&mut divergence, &mut again, END);
        assert_eq!(divergence.rows(), played(END).rows());
    }

    #[test]
    fn what_is_forgotten_is_taken_anew() {
        let time = SimTime::from_ms(5_000);
        let mut divergence = played(END);
        let (version, rows) = (divergence.version(), divergence.rows().to_vec());
        divergence.forget_after(time);
        let kept = divergence.rows().len();
        assert!(divergence.moment(kept - 1) <= time && time < divergence.moment(kept));
        assert_eq!(divergence.rows(), &rows[..kept]);
        assert!(divergence.version() > version);

        let mut simulation = first_light();
        simulation.run_until(time);
        play(&mut divergence, &mut simulation, END);
        assert_eq!(divergence.rows(), rows);

        divergence.forget_after(SimTime::ZERO);
        assert_eq!(divergence.rows().len(), 1);
    }

    #[test]
    fn a_run_of_any_length_has_a_bounded_number_of_rows() {
        let text = r#"{ "format": 1, "replicas": ["a", "b"], "network": { "mode": "manual" },
            "steps": [ { "at_ms": 1000, "on": "a", "do": "register", "claim": ["a", 0, 99] } ],
            "until": { "max_ms": 3600000 } }"#;
        let mut simulation = Simulation::new(Scenario::parse(text).unwrap());
        let mut divergence = Divergence::new(simulation.scenario());
        let first_us = divergence.row_us();
        play(&mut divergence, &mut simulation, SimTime::from_ms(3_600_000));
        assert!(simulation.has_ended());
        assert!((ROWS_MAX / 2..=ROWS_MAX).contains(&divergence.rows().len()));
        assert!((divergence.row_us() / first_us).is_power_of_two());
        // The first row is mostly of the time after the operation, and says so.
        assert_eq!(divergence.rows()[0].distinct, 2);
        let first = divergence.parts().position(|part| part.is_some()).unwrap();
        assert!(divergence.rows()[0].shares[first] > 120);
        assert_eq!(divergence.rows()[1].shares[first], 128);
        assert_eq!(divergence.rows()[1].shares[COLUMNS - 1], 0);
    }
}
