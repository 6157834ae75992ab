//! The whole key space as a strip, and on it a window that shows which part of it is to be seen.
//! To move the window, or an end of it, is to look elsewhere.

use scalesmall_crdt::KeyRange;
use wasm_bindgen::JsCast;
use web_sys::Element;
use yew::prelude::*;

use super::on_axis::{Pointed, span};
use crate::app::Message;
use crate::paint;
use crate::texts::text;
use crate::visible::{FARTHER, Look, NEARER};
use crate::words;

/// How far a key moves an end of the window, as a share of it; and a key for a long way.
const STEP: u64 = 20;
const PAGE: u64 = 4;

#[derive(Clone, PartialEq, Properties)]
pub(crate) struct Props {
    /// What the whole key space is painted on.
    pub(crate) canvas: NodeRef,
    /// What is to be seen.
    pub(crate) keys: KeyRange,
    pub(crate) on_message: Callback<Message>,
}

/// What of the window is moved.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    Start,
    End,
    /// All of it, which is held so many positions after its start.
    Whole(u64),
}

#[component]
pub(crate) fn Brush(props: &Props) -> Html {
    let Props { canvas, keys, .. } = props;
    let keys = *keys;
    let moved = use_state_eq(|| None::<Part>);
    let move_to = {
        let props = props.clone();
        move |part: Part, event: &PointerEvent| {
            if let Some(pointed) = Pointed::of(&props.canvas, 0, event) {
                let position = pointed.axis(KeyRange::ALL).position(pointed.x());
                props.look(part.look(position));
            }
        }
    };
    let onpointerdown = {
        let (moved, props) = (moved.clone(), props.clone());
        Callback::from(move |event: PointerEvent| {
            let Some(pointed) =
                Pointed::of(&props.canvas, 0, &event).filter(|_| event.button() == 0)
            else {
                return;
            };
            let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
            let held = target.as_ref().and_then(|target| target.get_attribute("data-part"));
            let position = pointed.axis(KeyRange::ALL).position(pointed.x());
            let part = match held.as_deref() {
                Some("start") => Part::Start,
                Some("end") => Part::End,
                Some(_) => Part::Whole(position.saturating_sub(keys.start().into())),
                // Beside the window: its middle comes here.
                None => Part::Whole(keys.keys() / 2),
            };
            if held.is_none() {
                props.look(part.look(position));
            }
            if let Some(target) = target {
                // Where it is refused, the window is let go at the edge of the strip.
                let _ = target.set_pointer_capture(event.pointer_id());
            }
            moved.set(Some(part));
        })
    };
    let onpointermove = {
        let moved = moved.clone();
        Callback::from(move |event: PointerEvent| {
            if let Some(part) = *moved {
                move_to(part, &event);
            }
        })
    };
    let let_go = Callback::from(move |_: PointerEvent| moved.set(None));
    html! {
        <div class="band brush" role="group" aria-label={text!("brush.label")}>
            <canvas ref={canvas} style={format!("height:{}px", paint::overview_height())} aria-hidden="true" />
            <div
                class={classes!("over", (keys == KeyRange::ALL).then_some("whole"))}
                style={span(KeyRange::ALL, keys)}
                {onpointerdown}
                {onpointermove}
                onpointerup={let_go.clone()}
                onpointercancel={let_go}
            >
                <i class="window" data-part="whole" />
                { handle(props, Part::Start) }
                { handle(props, Part::End) }
            </div>
        </div>
    }
}

/// An end of the window, which is a slider of its own.
fn handle(props: &Props, part: Part) -> Html {
    let keys = props.keys;
    let (class, label, key, position) = match part {
        Part::End => ("end", text!("brush.end"), keys.end(), keys.past_end()),
        _ => ("start", text!("brush.start"), keys.start(), u64::from(keys.start())),
    };
    let onkeydown = {
        let props = props.clone();
        Callback::from(move |event: KeyboardEvent| {
            if event.ctrl_key() || event.meta_key() || event.alt_key() {
                return;
            }
            let step = (keys.keys() / STEP).max(1);
            let page = (keys.keys() / PAGE).max(1);
            let to = match event.key().as_str() {
                "ArrowLeft" | "ArrowDown" => position.saturating_sub(step),
                "ArrowRight" | "ArrowUp" => position + step,
                "PageDown" => position.saturating_sub(page),
                "PageUp" => position + page,
                "Home" => 0,
                "End" => KeyRange::ALL.past_end(),
                _ => return,
            };
            event.prevent_default();
            props.look(part.look(to));
        })
    };
    html! {
        <span
            class={classes!("handle", class)}
            data-part={class}
            role="slider"
            tabindex="0"
            aria-label={label}
            aria-orientation="horizontal"
            aria-valuemin="0"
            aria-valuemax={u32::MAX.to_string()}
            aria-valuenow={key.to_string()}
            aria-valuetext={words::key(key)}
            {onkeydown}
        />
    }
}

impl Props {
    fn look(&self, look: Look) {
        self.on_message.emit(Message::Look(look));
    }
}

impl Part {
    /// What is to be seen when it comes to a position.
    fn look(self, position: u64) -> Look {
        match self {
            Self::Start => Look::From(position),
            Self::End => Look::UpTo(position),
            Self::Whole(before) => Look::StartAt(i128::from(position) - i128::from(before)),
        }
    }
}

/// Buttons for those who have neither wheel nor keys at hand.
pub(crate) fn zoom_buttons(keys: KeyRange, on_message: &Callback<Message>) -> Html {
    let is_whole = keys == KeyRange::ALL;
    let button = |id: &'static str,
                  name: &str,
                  shown: &str,
                  key: &'static str,
                  message: fn() -> Message,
                  disabled: bool| {
        html! {
            <button {id} class="plain" aria-label={name.to_owned()} title={format!("{name} ({key})")} aria-keyshortcuts={key} {disabled} onclick={on_message.reform(move |_| message())}>
                { shown }
            </button>
        }
    };
    html! {
        <div class="zoom" role="group" aria-label={text!("zoom.label")}>
            if !is_whole {
                <span class="faint">{ text!("zoom.share", share = words::share(keys.keys())) }</span>
            }
            { button("zoom-out", text!("zoom.out"), "−", "Z", || Message::Zoom(FARTHER), is_whole) }
            { button("zoom-in", text!("zoom.in"), "+", "z", || Message::Zoom(NEARER), false) }
            { button("zoom-whole", text!("zoom.whole_label"), text!("zoom.whole"), "0", || Message::Look(Look::Whole), is_whole) }
        </div>
    }
}
