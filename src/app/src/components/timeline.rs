//! Where in the run one is.

use scalesmall_sim::{Action, Scenario, SimTime};
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::shared::Shared;

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
            Action::Crash(_) => Some(Mark::Event(at, "crash")),
            Action::Restart { .. } => Some(Mark::Event(at, "restart")),
            Action::Pause(_) => Some(Mark::Event(at, "pause")),
            Action::Resume(_) => Some(Mark::Event(at, "resume")),
            Action::Network(_) => Some(Mark::Event(at, "network")),
            Action::Partition(_) => cut_since.replace(at).map(|from| Mark::Cut(from, Some(at))),
            Action::Heal => cut_since.take().map(|from| Mark::Cut(from, Some(at))),
            Action::Sync { .. } | Action::Deliver(_) => Some(Mark::Event(at, "")),
            Action::Send { .. } | Action::Observe(_) => None,
        });
    }
    marks.extend(cut_since.map(|from| Mark::Cut(from, None)));
    marks
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
    let label = |class: &'static str, at: SimTime, text: String| {
        let percent = left(at);
        // Near an end, beside the moment instead of around it.
        let side = match percent {
            ..12.0 => "after",
            88.0.. => "before",
            _ => "",
        };
        html! {
            <span class={classes!("mark", class, side)} style={format!("left:{percent}%")}>{ text }</span>
        }
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
    let others = marks.iter().filter_map(|mark| match mark {
        Mark::Operation(_) => None,
        Mark::Cut(from, to) => {
            let (start, end) = (left(*from), to.map_or(100.0, left));
            Some(html! {
                <>
                    <i class="cut" style={format!("left:{start}%;width:{}%", end - start)} />
                    { label("warns", *from, format!("cut {}", short(*from))) }
                    { for to.map(|to| label("", to, format!("heal {}", short(to)))) }
                </>
            })
        }
        Mark::Event(at, word) => Some(label("", *at, (*word).to_owned())),
    });
    let agreed = agreed_at.iter().map(|&at| {
        html! {
            <>
                <i class="agreed" style={format!("left:{}%", left(at))} />
                { label("agrees", at, format!("✓ agreed {}", short(at))) }
            </>
        }
    });
    html! {
        <div class="timeline">
            <div class="marks" aria-hidden="true">
                { for operations.iter().step_by(every).map(tick) }
                { for others }
                { for agreed }
            </div>
            <input
                type="range"
                aria-label="Time of the run"
                aria-valuetext={now.to_string()}
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
    format!("{}.{} s", at.as_ms() / 1_000, at.as_ms() / 100 % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

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
