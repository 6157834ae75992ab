//! Where in the run one is.

use scalesmall_sim::{Action, Scenario, SimTime, sorted_by};
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::shared::Shared;
use crate::texts::text;
use crate::words;

/// The most marks of operations that are drawn; of more, some lie on each other anyway.
const TICKS_MAX: usize = 400;

/// Something in the scenario that the timeline shows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Mark {
    /// An operation.
    Operation(SimTime),
    /// The network is cut from one time to another, or to the end.
    Cut(SimTime, Option<SimTime>),
    /// Something else happens: a word for it.
    Event(SimTime, &'static str),
}

/// The marks of a scenario, in order of time.
pub(crate) fn marks(scenario: &Scenario) -> Vec<Mark> {
    let mut marks = Vec::new();
    let mut cut_since = None;
    for step in &scenario.steps {
        let at = step.at;
        marks.extend(match step.action {
            Action::Operation(_) => Some(Mark::Operation(at)),
            Action::Crash(_) => Some(Mark::Event(at, text!("timeline.crash"))),
            Action::Restart { .. } => Some(Mark::Event(at, text!("timeline.restart"))),
            Action::Join { .. } => Some(Mark::Event(at, text!("timeline.join"))),
            Action::Retire { .. } => Some(Mark::Event(at, text!("timeline.retire"))),
            Action::Watch { .. } => Some(Mark::Event(at, text!("timeline.watch"))),
            Action::Leave(_) => Some(Mark::Event(at, text!("timeline.leave"))),
            Action::Pause(_) => Some(Mark::Event(at, text!("timeline.pause"))),
            Action::Resume(_) => Some(Mark::Event(at, text!("timeline.resume"))),
            Action::Network(_) => Some(Mark::Event(at, text!("timeline.network"))),
            Action::Partition(_) => cut_since.replace(at).map(|from| Mark::Cut(from, Some(at))),
            Action::Heal => cut_since.take().map(|from| Mark::Cut(from, Some(at))),
            Action::Cut { .. } => Some(Mark::Event(at, text!("timeline.cut_one_way"))),
            Action::Mend { .. } => Some(Mark::Event(at, text!("timeline.mend"))),
            Action::Clog { .. } => Some(Mark::Event(at, text!("timeline.clog"))),
            Action::Unclog { .. } => Some(Mark::Event(at, text!("timeline.unclog"))),
            Action::Message { .. } => Some(Mark::Event(at, text!("timeline.message"))),
            Action::ClockSkew { .. } => Some(Mark::Event(at, text!("timeline.clock"))),
            Action::Sync { .. } | Action::Deliver(_) | Action::Receive { .. } => {
                Some(Mark::Event(at, ""))
            }
            Action::Send { .. } | Action::Observe(_) => None,
        });
    }
    marks.extend(cut_since.map(|from| Mark::Cut(from, None)));
    marks
}

/// Words below the timeline.
#[derive(Debug, PartialEq)]
struct Label {
    at: SimTime,
    warns: bool,
    text: String,
}

/// Where a label stands: the stylesheet knows these by name.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Side {
    Around,
    After,
    Before,
}

impl Side {
    /// Near an end, or where it is long, beside the moment instead of around it.
    fn of(percent: f64, text: &str) -> Self {
        let is_long = text.contains(',');
        match percent {
            ..12.0 => Self::After,
            ..50.0 if is_long => Self::After,
            _ if is_long => Self::Before,
            88.0.. => Self::Before,
            _ => Self::Around,
        }
    }

    fn class(self) -> &'static str {
        match self {
            Self::Around => "",
            Self::After => "after",
            Self::Before => "before",
        }
    }

    /// Which parts of a label lie before its moment and after it.
    fn parts(self) -> [f64; 2] {
        match self {
            Self::Around => [0.5, 0.5],
            Self::After => [0.0, 1.0],
            Self::Before => [1.0, 0.0],
        }
    }
}

/// How wide labels may be, in percent of the timeline, so that none lies on another: what is
/// between two is divided as they need it.
fn rooms(labels: &[(f64, Side)]) -> Vec<f64> {
    let gap = |one: Option<&(f64, Side)>, other: Option<&(f64, Side)>| match (one, other) {
        (Some((from, one)), Some((to, other))) => {
            // As wide as each other, they fill what is between.
            let needed = one.parts()[1] + other.parts()[0];
            if needed > 0.0 { (to - from) / needed } else { f64::INFINITY }
        }
        (None, Some((to, side))) => to / side.parts()[0],
        (Some((from, side)), None) => (100.0 - from) / side.parts()[1],
        (None, None) => f64::INFINITY,
    };
    let room = |index: usize| {
        let label = labels.get(index);
        let before = index.checked_sub(1).and_then(|before| labels.get(before));
        gap(before, label).min(gap(label, labels.get(index + 1)))
    };
    (0..labels.len()).map(room).map(|room| room.clamp(0.0, 100.0)).collect()
}

/// Words that are nearer to each other than this share of the timeline stand together.
const LABEL_SHARE: f64 = 0.08;

/// What the marks are called, in order of time.
fn labels(marks: &[Mark], extent: SimTime) -> Vec<Label> {
    let words = marks.iter().flat_map(|mark| match mark {
        Mark::Operation(_) => [None, None],
        Mark::Cut(from, to) => [
            Some((*from, true, text!("timeline.cut", time = short(*from)))),
            to.map(|to| (to, false, text!("timeline.heal", time = short(to)))),
        ],
        Mark::Event(at, word) => [Some((*at, false, (*word).to_owned())), None],
    });
    let words: Vec<(SimTime, bool, String)> = words.flatten().collect();
    let mut labels: Vec<Label> = Vec::new();
    for (at, warns, text) in sorted_by(words, |one, other| one.0.cmp(&other.0)) {
        let room_us = (extent.as_us() as f64 * LABEL_SHARE) as u64;
        match labels.last_mut().filter(|last| at.us_since(last.at) < room_us) {
            Some(last) if text.is_empty() || last.text.split(", ").any(|word| word == text) => {}
            Some(last) => {
                last.text = format!("{}, {text}", last.text);
                last.warns |= warns;
            }
            None => labels.push(Label { at, warns, text }),
        }
    }
    labels
}

#[derive(PartialEq, Properties)]
pub(crate) struct Props {
    pub(crate) now: SimTime,
    /// The right end.
    pub(crate) extent: SimTime,
    pub(crate) marks: Shared<Vec<Mark>>,
    /// When all nodes came to agree, as far as the run has been played.
    pub(crate) agreed_at: Vec<SimTime>,
    pub(crate) on_seek: Callback<SimTime>,
}

#[component]
pub(crate) fn Timeline(props: &Props) -> Html {
    let Props { now, extent, marks, agreed_at, .. } = props;
    let left = |at: SimTime| {
        let percent = at.as_us() as f64 * 100.0 / extent.as_us().max(1) as f64;
        percent.clamp(0.0, 100.0)
    };
    let row = |labels: Vec<(&'static str, SimTime, String)>| -> Vec<Html> {
        let places = labels.iter().map(|(_, at, text)| (left(*at), Side::of(left(*at), text)));
        let places: Vec<(f64, Side)> = places.collect();
        let label = |((class, _, text), ((percent, side), room))| {
            let style = format!("left:{percent}%;max-width:calc({room}% - 6px)");
            html! {
                <span class={classes!("mark", class, Side::class(side))} {style} title={String::clone(&text)}>{ text }</span>
            }
        };
        let rooms = rooms(&places);
        labels.into_iter().zip(places.into_iter().zip(rooms)).map(label).collect()
    };
    let on_seek = props.on_seek.clone();
    let oninput = Callback::from(move |event: InputEvent| {
        let slider = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok());
        if let Some(slider) = slider {
            // In milliseconds, of which there are fewer than a float holds exactly.
            on_seek.emit(SimTime::from_ms(slider.value_as_number() as u32));
        }
    });
    let tick = |at: &SimTime| html! { <i class="tick" style={format!("left:{}%", left(*at))} /> };
    let operations: Vec<SimTime> = marks
        .iter()
        .filter_map(|mark| match mark {
            Mark::Operation(at) => Some(*at),
            _ => None,
        })
        .collect();
    let every = operations.len().div_ceil(TICKS_MAX).max(1);
    let cuts = marks.iter().filter_map(|mark| match mark {
        Mark::Cut(from, to) => {
            let (start, end) = (left(*from), to.map_or(100.0, left));
            let style = format!("left:{start}%;width:{}%", end - start);
            Some(html! { <i class="cut" {style} /> })
        }
        _ => None,
    });
    let words = labels(marks, *extent).into_iter();
    let words = words.map(|word| (if word.warns { "warns" } else { "" }, word.at, word.text));
    let agreed =
        agreed_at.iter().map(|&at| ("agrees", at, text!("timeline.agreed", time = short(at))));
    let agreed_ticks = agreed_at.iter().map(|&at| {
        html! { <i class="agreed" style={format!("left:{}%", left(at))} /> }
    });
    html! {
        <div class="timeline">
            <div class="marks" aria-hidden="true">
                { for operations.iter().step_by(every).map(tick) }
                { for cuts }
                { for agreed_ticks }
                { for row(words.collect()) }
                { for row(agreed.collect()) }
            </div>
            <input
                type="range"
                aria-label={text!("timeline.time")}
                aria-valuetext={words::decimal(now)}
                min="0"
                max={extent.as_ms().to_string()}
                step="1"
                value={now.as_ms().to_string()}
                style={format!("--done:{}%", left(*now))}
                {oninput}
            />
        </div>
    }
}

/// A time in seconds with one decimal.
fn short(at: SimTime) -> String {
    words::decimal(format!("{}.{} s", at.as_ms() / 1_000, at.as_ms() / 100 % 10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_are_near_each_other_stand_together() {
        let at = SimTime::from_ms;
        let marks = [
            Mark::Cut(at(400), Some(at(900))),
            Mark::Event(at(950), "crash"),
            Mark::Event(at(960), "crash"),
            Mark::Event(at(990), "restart"),
            Mark::Event(at(9_000), "pause"),
        ];
        let shown: Vec<(u64, bool, String)> = labels(&marks, at(3_000))
            .into_iter()
            .map(|Label { at, warns, text }| (at.as_ms(), warns, text))
            .collect();
        let expected = [
            (400, true, "cut 0.4 s"),
            (900, false, "heal 0.9 s, crash, restart"),
            (9_000, false, "pause"),
        ];
        assert_eq!(shown, expected.map(|(at, warns, text)| (at, warns, text.to_owned())));
    }

    #[test]
    fn labels_leave_each_other_room() {
        let texts = ["a", "crash, restart", "b", "c, d", "e"];
        let at = [5.0, 20.0, 45.0, 60.0, 95.0];
        let places: Vec<_> = at.into_iter().zip(texts.map(|text| text)).collect();
        let places: Vec<_> = places.iter().map(|(at, text)| (*at, Side::of(*at, text))).collect();
        let sides: Vec<Side> = places.iter().map(|place| place.1).collect();
        assert_eq!(sides, [Side::After, Side::After, Side::Around, Side::Before, Side::Before]);
        let ends = |(&(at, side), room): (&(f64, Side), &f64)| {
            let [before, after] = side.parts();
            (at - before * room, at + after * room)
        };
        let rooms = rooms(&places);
        let ends: Vec<(f64, f64)> = places.iter().zip(&rooms).map(ends).collect();
        assert!(ends.windows(2).all(|pair| pair[0].1 <= pair[1].0 + 1e-9), "{ends:?}");
        assert!(ends[0].0 >= 0.0 && ends[4].1 <= 100.0 && rooms.iter().all(|&room| room >= 5.0));
        assert_eq!(super::rooms(&[(0.0, Side::After)]), [100.0]);
        assert_eq!(super::rooms(&[(70.0, Side::Around)]), [60.0]);
    }

    #[test]
    fn a_cut_lasts_until_the_next_heal_or_cut() {
        let text = r#"{ "format": 1, "replicas": ["a", "b"], "steps": [
            { "at_ms": 1, "partition": [["a"]] }, { "at_ms": 2, "partition": [["b"]] },
            { "at_ms": 3, "heal": true }, { "at_ms": 4, "heal": true },
            { "at_ms": 5, "partition": [] } ], "until": { "max_ms": 9 } }"#;
        let at = SimTime::from_ms;
        assert_eq!(
            marks(&Scenario::parse(text).unwrap()),
            [Mark::Cut(at(1), Some(at(2))), Mark::Cut(at(2), Some(at(3))), Mark::Cut(at(5), None),]
        );
    }
}
