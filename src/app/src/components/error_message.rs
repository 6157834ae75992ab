//! Something went wrong, and what.

use yew::prelude::*;

use super::{Icon, Shape};
use crate::texts::text;

#[derive(PartialEq, Properties)]
pub(crate) struct Props {
    /// What went wrong.
    pub(crate) title: AttrValue,
    /// Why.
    pub(crate) text: AttrValue,
    /// What is there instead.
    pub(crate) instead: AttrValue,
    pub(crate) on_close: Callback<()>,
}

/// Tells that something that was asked for cannot be done, with the simulator's own message.
#[component]
pub(crate) fn ErrorMessage(props: &Props) -> Html {
    let on_close = props.on_close.reform(|_| ());
    html! {
        <div class="message" role="alert" id="error">
            <div>
                <strong>{ &props.title }</strong>
                <p class="reason">{ &props.text }</p>
                <p>{ &props.instead }</p>
            </div>
            <button class="quiet" onclick={on_close} aria-label={text!("error_message.close")}>
                <Icon shape={Shape::Close} />
            </button>
        </div>
    }
}
