//! The document around the merged truth.

use scalesmall_crdt::KeyRange;
use yew::prelude::*;

use super::on_axis::{Pointed, span};
use super::tooltip::{Said, tooltip};
use super::zooming::use_zooming;
use crate::app::Message;
use crate::paint;
use crate::picture::Picture;
use crate::shared::Shared;
use crate::texts::text;
use crate::visible::NEARER;

#[derive(PartialEq, Properties)]
pub(crate) struct Props {
    /// What it is painted on.
    pub(crate) canvas: NodeRef,
    pub(crate) picture: Shared<Picture>,
    /// What is to be seen.
    pub(crate) keys: KeyRange,
    /// The segment that is asked about.
    pub(crate) asked: Option<KeyRange>,
    pub(crate) on_message: Callback<Message>,
}

#[component]
pub(crate) fn TruthBand(props: &Props) -> Html {
    let Props { canvas, picture, on_message, .. } = props;
    let keys = props.keys;
    use_zooming(canvas, 0, keys, &on_message.reform(Message::Look));
    let hover = use_state_eq(|| None::<Pointed>);
    let onpointermove = {
        let (canvas, hover) = (canvas.clone(), hover.clone());
        Callback::from(move |event: PointerEvent| {
            let is_finger = event.pointer_type() == "touch";
            hover.set(Pointed::of(&canvas, 0, &event).filter(|_| !is_finger));
        })
    };
    let onpointerleave = {
        let hover = hover.clone();
        Callback::from(move |_: PointerEvent| hover.set(None))
    };
    let onclick = {
        let (canvas, on_message) = (canvas.clone(), on_message.clone());
        Callback::from(move |event: MouseEvent| {
            let pointed = Pointed::of(&canvas, 0, &event).filter(|_| event.detail() < 2);
            if let Some(key) = pointed.and_then(|pointed| pointed.key(keys)) {
                on_message.emit(Message::Ask { node: None, key });
            }
        })
    };
    // The first of the two clicks has asked about a key, which stays where it is.
    let ondblclick = on_message.reform(|_| Message::Zoom(NEARER));
    let pointed = hover.and_then(|pointed| Some((pointed, pointed.key(keys)?)));
    html! {
        <div class="band truth" {onpointermove} {onpointerleave} {onclick} {ondblclick}>
            <div class="gutter" aria-hidden="true">
                <span>{ text!("truth.primary") }</span>
                <span>{ text!("truth.backups") }</span>
            </div>
            <canvas ref={canvas} style={format!("height:{}px", paint::truth_height())} aria-hidden="true" />
            <div class="over">
                if let Some(asked) = props.asked.filter(|asked| asked.overlaps(keys)) {
                    <i class="asked" style={span(keys, asked)} />
                }
                if let Some((pointed, key)) = pointed {
                    { tooltip(pointed.x(), paint::truth_height(), &Said::of(picture, None, key)) }
                }
            </div>
        </div>
    }
}
