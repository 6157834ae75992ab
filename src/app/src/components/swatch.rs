//! A node's look, small.

use yew::prelude::*;

use crate::identity::{Colour, Identity, Texture};

#[derive(PartialEq, Properties)]
pub(crate) struct Props {
    pub(crate) identity: Identity,
}

/// Says nothing to assistive technology: the node's name stands beside it.
#[component]
pub(crate) fn Swatch(props: &Props) -> Html {
    let Identity { colour, ink, texture, has_edge } = props.identity;
    let over = match texture {
        Texture::Plain => "",
        Texture::Stripes => "M-1 8 L8 -1 M4 13 L17 0 M14 13 L23 4",
        Texture::Dots => {
            "M3 3 h.01 M8 3 h.01 M13 3 h.01 M18 3 h.01 M3 8 h.01 M8 8 h.01 M13 8 h.01 M18 8 h.01"
        }
    };
    let edge = has_edge.then(|| css(ink));
    html! {
        <svg class="swatch" viewBox="0 0 20 11" aria-hidden="true">
            <rect width="20" height="11" rx="3" fill={css(colour)} stroke={edge} stroke-width="3" />
            <path d={over} stroke={css(ink)} stroke-width="2.4" stroke-linecap="round" />
        </svg>
    }
}

fn css([red, green, blue]: Colour) -> String {
    format!("rgb({red} {green} {blue})")
}
