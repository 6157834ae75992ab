//! What moves time.

use scalesmall_sim::SimTime;
use wasm_bindgen::JsCast;
use web_sys::HtmlSelectElement;
use yew::prelude::*;

use super::{Icon, Mark, Shape, Timeline};
use crate::app::Message;
use crate::keyboard::called;
use crate::player::State;
use crate::shared::Shared;
use crate::speed::Speed;
use crate::texts::text;
use crate::words;

#[derive(PartialEq, Properties)]
pub(crate) struct Props {
    pub(crate) state: State,
    pub(crate) is_playing: bool,
    pub(crate) is_behind: bool,
    pub(crate) now: SimTime,
    pub(crate) extent: SimTime,
    pub(crate) marks: Shared<Vec<Mark>>,
    pub(crate) agreed_at: Vec<SimTime>,
    pub(crate) speed: Speed,
    /// Where each timeline parts from the one that it comes from; nothing where it is that one
    /// shrunk.
    pub(crate) timelines: Vec<Option<SimTime>>,
    pub(crate) timeline: usize,
    pub(crate) on_message: Callback<Message>,
}

#[component]
pub(crate) fn Transport(props: &Props) -> Html {
    let Props { state, is_playing, is_behind, now, extent, marks, agreed_at, speed, .. } = props;
    let on_message = &props.on_message;
    let button = |id: &'static str,
                  shape: Shape,
                  name: &'static str,
                  keys: &'static str,
                  message: fn() -> Message| {
        let onclick = on_message.reform(move |_| message());
        html! {
            <button {id} class={classes!("round", (id == "play").then_some("main"))} {onclick} aria-label={name} aria-keyshortcuts={keys} title={format!("{name} ({})", called(keys))}>
                <Icon {shape} />
            </button>
        }
    };
    let (play_shape, play_name) = match (state, is_playing) {
        (State::Ended, _) => (Shape::Play, text!("transport.again")),
        (_, true) => (Shape::Pause, text!("transport.pause")),
        (_, false) => (Shape::Play, text!("transport.play")),
    };
    let on_speed = on_message.clone();
    let onchange = Callback::from(move |event: Event| {
        let select = event.target().and_then(|target| target.dyn_into::<HtmlSelectElement>().ok());
        if let Some(speed) = select.and_then(|select| Speed::parse(&select.value())) {
            on_speed.emit(Message::SetSpeed(speed));
        }
    });
    html! {
        <footer class="transport" aria-label={text!("transport.time")}>
            <div class="buttons">
                { button("restart", Shape::Restart, text!("transport.restart"), "Home", || Message::Restart) }
                { button("step-back", Shape::StepBack, text!("transport.back"), "ArrowLeft", || Message::StepBack) }
                { button("play", play_shape, play_name, "Space", || Message::Toggle) }
                { button("step", Shape::StepForward, text!("transport.on"), "ArrowRight", || Message::StepForward) }
            </div>
            <Timeline now={*now} extent={*extent} marks={marks.clone()} agreed_at={agreed_at.clone()} on_seek={on_message.reform(Message::Seek)} />
            { timelines(props) }
            <div class="clock">
                <span class="time">{ words::decimal(now) }</span>
                <label>
                    { if *is_behind { text!("transport.too_heavy") } else { text!("transport.speed") } }{ " " }
                    <select id="speed" {onchange} aria-keyshortcuts="+ -">
                        { for Speed::all().map(|choice| html! {
                            <option value={choice.to_string()} selected={choice == *speed}>
                                { if choice == Speed::Max { text!("transport.max").to_owned() } else { format!("{choice} ×") } }
                            </option>
                        }) }
                    </select>
                </label>
            </div>
        </footer>
    }
}

/// Which timeline is shown, where there are several.
fn timelines(props: &Props) -> Html {
    if props.timelines.len() < 2 {
        return Html::default();
    }
    let on_message = props.on_message.clone();
    let onchange = Callback::from(move |event: Event| {
        let select = event.target().and_then(|target| target.dyn_into::<HtmlSelectElement>().ok());
        if let Some(timeline) = select.and_then(|select| select.value().parse().ok()) {
            on_message.emit(Message::ChangeTimeline(timeline));
        }
    });
    let name = |(index, from): (usize, &Option<SimTime>)| match from {
        _ if index == 0 => text!("transport.original").to_owned(),
        Some(from) => text!("transport.fork", number = index + 1, time = words::decimal(from)),
        None => text!("shrink.timeline", number = index + 1),
    };
    html! {
        <label class="timelines">
            { text!("transport.timeline") }{ " " }
            <select id="timeline" {onchange}>
                { for props.timelines.iter().enumerate().map(|timeline| html! {
                    <option value={timeline.0.to_string()} selected={timeline.0 == props.timeline}>{ name(timeline) }</option>
                }) }
            </select>
        </label>
    }
}
