//! Something went wrong, and what.

use yew::prelude::*;

use super::{Icon, Shape};

#[derive(PartialEq, Properties)]
pub(crate) struct Props {
    pub(crate) text: AttrValue,
    pub(crate) on_close: Callback<()>,
}

/// Tells that the scenario asked for cannot be run, with the command line's own message.
#[component]
pub(crate) fn ErrorMessage(props: &Props) -> Html {
    let on_close = props.on_close.reform(|_| ());
    html! {
        <div class="message" role="alert" id="error">
            <div>
                <strong>{ "This scenario cannot be run." }</strong>
                <p class="reason">{ &props.text }</p>
                <p>{ "The stage below shows First light instead." }</p>
            </div>
            <button class="quiet" onclick={on_close} aria-label="Close this message">
                <Icon shape={Shape::Close} />
            </button>
        </div>
    }
}
