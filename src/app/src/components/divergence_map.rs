//! The document around the divergence map: what its axes mean, the slider that it is, and the question
//! that it leads to.

use scalesmall_crdt::{Key, KeyRange};
use scalesmall_sim::SimTime;
use wasm_bindgen::JsCast;
use web_sys::Element;
use yew::prelude::*;

use super::on_axis::{Pointed, span};
use super::zooming::use_zooming;
use crate::disputes;
use crate::paint;
use crate::picture::Picture;
use crate::shared::Shared;
use crate::texts::{plural, text};
use crate::visible::{Look, part as visible_part};
use crate::words;

/// How many rows a key for a long way goes.
const PAGE_ROWS: u64 = 10;
/// The most times that are written beside the map, besides the start.
const TIMES_MAX: u64 = 4;

#[derive(PartialEq, Properties)]
pub(crate) struct Props {
    /// What the map is painted on.
    pub(crate) canvas: NodeRef,
    /// What is to be seen.
    pub(crate) keys: KeyRange,
    pub(crate) now: SimTime,
    /// The lower end.
    pub(crate) extent: SimTime,
    /// The length of a row, in microseconds.
    pub(crate) row_us: u64,
    /// The map in a sentence.
    pub(crate) summary: String,
    /// How the nodes stand now, in words.
    pub(crate) verdict: String,
    /// The moment that is shown.
    pub(crate) picture: Shared<Picture>,
    pub(crate) on_seek: Callback<SimTime>,
    /// Asks somebody who differs about a key at that moment.
    pub(crate) on_ask: Callback<Key>,
    pub(crate) on_look: Callback<Look>,
}

#[component]
pub(crate) fn DivergenceMap(props: &Props) -> Html {
    let &Props { now, extent, row_us, .. } = props;
    use_zooming(&props.canvas, paint::VERSIONS_WIDTH, props.keys, &props.on_look);
    let on_seek = props.on_seek.clone();
    let seek_pointed = move |event: &MouseEvent| {
        if let Some(at) = pointed_at(event, extent) {
            on_seek.emit(at);
        }
    };
    // A finger that is drawn along may be scrolling: only mice and pens drag time along.
    let onpointerdown = Callback::from(|event: PointerEvent| {
        if let Some(seeker) = seeker(&event).filter(|_| event.pointer_type() != "touch") {
            // Where it is refused, there is still the click.
            let _ = seeker.set_pointer_capture(event.pointer_id());
        }
    });
    let onpointermove = {
        let seek_pointed = seek_pointed.clone();
        Callback::from(move |event: PointerEvent| {
            let is_dragged = |seeker: Element| seeker.has_pointer_capture(event.pointer_id());
            if event.pointer_type() != "touch" && seeker(&event).is_some_and(is_dragged) {
                seek_pointed(&event);
            }
        })
    };
    // The key that was pointed at last.
    let pointed = use_state_eq(|| None::<Key>);
    let onclick = {
        let (pointed, canvas, keys) = (pointed.clone(), props.canvas.clone(), props.keys);
        Callback::from(move |event: MouseEvent| {
            let place = Pointed::of(&canvas, paint::VERSIONS_WIDTH, &event);
            pointed.set(place.and_then(|place| place.key(keys)));
            seek_pointed(&event);
        })
    };
    let views = &props.picture.views;
    let asked = pointed.filter(|&key| props.keys.contains(key));
    let differing = asked.map_or(0, |key| disputes::who(views, key).count());
    let asked = asked.filter(|_| differing > 0);
    let on_seek = props.on_seek.clone();
    let on_ask = props.on_ask.clone();
    let (picture, keys) = (props.picture.clone(), props.keys);
    let onkeydown = Callback::from(move |event: KeyboardEvent| {
        if event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        if event.key() == "Enter" {
            let disputed = asked.or_else(|| disputes::most_disputed(&picture.views, keys));
            disputed.into_iter().for_each(|key| on_ask.emit(key));
        }
        // Time runs down, and the keys go where they point.
        let to = match event.key().as_str() {
            "ArrowDown" => now + row_us,
            "ArrowUp" => now.earlier_by(row_us),
            "PageDown" => now + PAGE_ROWS * row_us,
            "PageUp" => now.earlier_by(PAGE_ROWS * row_us),
            "End" => extent,
            _ => return,
        };
        event.prevent_default();
        on_seek.emit(to.min(extent));
    });
    html! {
        <section aria-labelledby="divergence-title">
            { map_heading() }
            <p class="visually-hidden">{ &props.summary }</p>
            <div class="band divergence" style={format!("--versions:{}px", paint::VERSIONS_WIDTH)}>
                { map_canvas(&props.canvas, extent) }
                <div
                    id="divergence"
                    class="seeker"
                    role="slider"
                    tabindex="0"
                    aria-label={text!("divergence_map.moment")}
                    aria-orientation="vertical"
                    aria-keyshortcuts="Enter"
                    title={text!("divergence_map.enter")}
                    aria-valuemin="0"
                    aria-valuemax={extent.as_ms().to_string()}
                    aria-valuenow={now.as_ms().to_string()}
                    aria-valuetext={format!("{}: {}", words::decimal(now), props.verdict)}
                    {onpointerdown}
                    {onpointermove}
                    {onclick}
                    {onkeydown}
                >
                    <i class="now" style={part(now, extent)} />
                </div>
                if let Some(key) = asked {
                    { question(props, key, differing, part(now, extent), pointed.setter()) }
                }
            </div>
        </section>
    }
}

/// What the map is, and what its colours mean.
pub(crate) fn map_heading() -> Html {
    html! {
        <div class="heading">
            <h2 id="divergence-title">
                { text!("divergence_map.title") }
                <small>{ text!("divergence_map.about") }</small>
            </h2>
            <p class="legend" aria-hidden="true">
                { text!("divergence_map.none") }
                <i style={format!("background:{}", paint::legend())} />
                { text!("divergence_map.all") }
            </p>
        </div>
    }
}

/// What the map is painted on, with the times beside it.
pub(crate) fn map_canvas(canvas: &NodeRef, extent: SimTime) -> Html {
    html! {
        <>
            <div class="gutter" aria-hidden="true">
                <span class="versions" title={text!("divergence_map.versions_about")}>{ text!("divergence_map.versions") }</span>
                { for times(extent).into_iter().map(|(at, text)| html! {
                    <span class="time" style={part(at, extent)}>{ text }</span>
                }) }
            </div>
            <canvas ref={canvas} style={format!("height:{}px", paint::divergence_height())} aria-hidden="true" />
        </>
    }
}

/// Where a time stands.
fn part(at: SimTime, extent: SimTime) -> String {
    let part = at.as_us() as f64 / extent.as_us().max(1) as f64;
    format!("--at:{}", part.clamp(0.0, 1.0))
}

/// Where somebody has pointed, at the moment that is shown: who differs there, to be asked why.
fn question(
    props: &Props,
    key: Key,
    differing: usize,
    at: String,
    pointed: UseStateSetter<Option<Key>>,
) -> Html {
    let range = KeyRange::new(key, key).expect("a key is a range");
    let says = plural!("divergence_map.differ", differing, of = props.picture.live());
    let is_late = props.now.as_us() * 2 > props.extent.as_us();
    let is_right = visible_part(props.keys, u64::from(key)) > 0.5;
    let class = classes!("question", is_late.then_some("above"), is_right.then_some("left"));
    let ask = props.on_ask.reform(move |_| {
        // It has been put: nothing need cover the map any more.
        pointed.set(None);
        key
    });
    html! {
        <div class="over">
            <button type="button" id="ask-who" {class} style={format!("{}{at}", span(props.keys, range))} onclick={ask}>{ says }</button>
        </div>
    }
}

/// What lies over the map and takes the events.
fn seeker(event: &MouseEvent) -> Option<Element> {
    event.target()?.dyn_into().ok()
}

/// The time at the middle of the line of pixels that is pointed at.
pub(super) fn pointed_at(event: &MouseEvent, extent: SimTime) -> Option<SimTime> {
    let seeker = seeker(event)?;
    let height = u64::try_from(seeker.client_height()).ok().filter(|&height| height > 0)?;
    let y = u64::try_from(event.offset_y()).unwrap_or(0).min(height - 1);
    Some(SimTime::from_us(extent.as_us() * (2 * y + 1) / (2 * height)))
}

/// Round times to be written beside the map, from 0 on, and what is written.
pub(crate) fn times(extent: SimTime) -> Vec<(SimTime, String)> {
    let decades = (0..).map(|exponent| 10_u64.pow(exponent));
    let mut steps = decades.flat_map(|decade| [decade, 2 * decade, 5 * decade]);
    let step = steps.find(|step| extent.as_us() / step <= TIMES_MAX).expect("steps grow");
    let (unit, name) = match step {
        // Up to tenths of a second in seconds.
        100_000.. => (1_000_000, "s"),
        100.. => (1_000, "ms"),
        _ => (1, "µs"),
    };
    let text = |us: u64| match (us / unit, us % unit * 10 / unit) {
        (whole, 0) => format!("{whole} {name}"),
        (whole, tenths) => words::decimal(format!("{whole}.{tenths} {name}")),
    };
    let count = extent.as_us() / step;
    (0..=count).map(|index| (SimTime::from_us(index * step), text(index * step))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_times_beside_the_map_are_few_and_round() {
        let texts = |us: u64| -> Vec<String> {
            times(SimTime::from_us(us)).into_iter().map(|(_, text)| text).collect()
        };
        assert_eq!(texts(9_234_567), ["0 s", "2 s", "4 s", "6 s", "8 s"]);
        assert_eq!(texts(10_000_000), ["0 s", "5 s", "10 s"]);
        assert_eq!(texts(1_700_000), ["0 s", "0.5 s", "1 s", "1.5 s"]);
        assert_eq!(texts(10_000), ["0 ms", "5 ms", "10 ms"]);
        assert_eq!(texts(3), ["0 µs", "1 µs", "2 µs", "3 µs"]);
        assert_eq!(texts(0), ["0 µs"]);
        assert!((1..10_000).all(|tenth| texts(tenth * 123_457).len() <= 5));
    }
}
