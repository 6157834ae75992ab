//! The signs on the buttons.

use yew::prelude::*;

/// A sign, drawn so that no font has to have it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Play,
    Pause,
    Restart,
    StepBack,
    StepForward,
    Close,
    Pen,
    Scissors,
}

#[derive(PartialEq, Properties)]
pub(crate) struct Props {
    pub(crate) shape: Shape,
}

/// Says nothing to assistive technology: its button has a name.
#[component]
pub(crate) fn Icon(props: &Props) -> Html {
    let path = match props.shape {
        Shape::Play => "M5 3 L17 10 L5 17 Z",
        Shape::Pause => "M5 3 H8.5 V17 H5 Z M11.5 3 H15 V17 H11.5 Z",
        Shape::Restart => "M10 4 A6 6 0 1 0 16 10 H14 A4 4 0 1 1 10 6 V9 L15 5 L10 1 Z",
        Shape::StepBack => "M15 3 L6 10 L15 17 Z M4 3 H6 V17 H4 Z",
        Shape::StepForward => "M5 3 L14 10 L5 17 Z M14 3 H16 V17 H14 Z",
        Shape::Close => {
            "M4 5.4 L5.4 4 L10 8.6 L14.6 4 L16 5.4 L11.4 10 L16 14.6 L14.6 16 L10 11.4 L5.4 16 L4 14.6 L8.6 10 Z"
        }
        Shape::Scissors => {
            "M4.5 1 a3 3 0 1 0 .01 0 Z m0 1.6 a1.4 1.4 0 1 1 -.01 0 Z M15.5 1 a3 3 0 1 0 .01 0 Z m0 1.6 a1.4 1.4 0 1 1 -.01 0 Z M5 7 L7 5.8 L15.6 19 L13 18.2 Z M15 7 L13 5.8 L4.4 19 L7 18.2 Z"
        }
        Shape::Pen => "M3 17 L4 13 L13.5 3.5 L16.5 6.5 L7 16 Z",
    };
    html! {
        <svg class="icon" viewBox="0 0 20 20" aria-hidden="true"><path d={path} /></svg>
    }
}
