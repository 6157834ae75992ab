//! What moves time.

use scalesmall_sim::SimTime;
use yew::prelude::*;

use super::{Icon, Mark, Shape, SpeedSlider, Timeline, Timelines};
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
    /// What each timeline is called.
    pub(crate) timelines: Vec<AttrValue>,
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
    html! {
        <footer class="transport" aria-label={text!("transport.time")}>
            <div class="buttons">
                { button("restart", Shape::Restart, text!("transport.restart"), "Home", || Message::Restart) }
                { button("step-back", Shape::StepBack, text!("transport.back"), "ArrowLeft", || Message::StepBack) }
                { button("play", play_shape, play_name, "Space", || Message::Toggle) }
                { button("step", Shape::StepForward, text!("transport.on"), "ArrowRight", || Message::StepForward) }
            </div>
            <Timeline now={*now} extent={*extent} marks={marks.clone()} agreed_at={agreed_at.clone()} on_seek={on_message.reform(Message::Seek)} />
            if props.timelines.len() > 1 {
                <Timelines key={props.timeline} names={props.timelines.clone()} shown={props.timeline} on_message={on_message.clone()} />
            }
            <div class="clock">
                <span class="time">{ words::decimal(now) }</span>
                <SpeedSlider speed={*speed} is_behind={*is_behind} on_speed={on_message.reform(Message::SetSpeed)} />
            </div>
        </footer>
    }
}
