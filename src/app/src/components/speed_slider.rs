//! How fast time passes, on a scale of which each mark is ten times the one before.

use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::speed::Speed;
use crate::texts::text;
use crate::words;

#[derive(PartialEq, Properties)]
pub(crate) struct Props {
    pub(crate) speed: Speed,
    /// Whether the run is too heavy to be played so fast.
    pub(crate) is_behind: bool,
    pub(crate) on_speed: Callback<Speed>,
}

#[component]
pub(crate) fn SpeedSlider(props: &Props) -> Html {
    let Props { speed, is_behind, .. } = props;
    let oninput = props.on_speed.reform(|event: InputEvent| {
        let slider: HtmlInputElement = event.target_unchecked_into();
        Speed::at(slider.value_as_number() as i32)
    });
    let value = match speed {
        Speed::Max => text!("transport.max").to_owned(),
        Speed::Notch(_) => format!("{} ×", words::decimal(speed)),
    };
    html! {
        <label class={classes!("speed", is_behind.then_some("behind"))}>
            <span class="word">{ if *is_behind { text!("transport.too_heavy") } else { text!("transport.speed") } }</span>
            <input
                id="speed"
                type="range"
                min="0"
                max={Speed::PLACE_MAX.to_string()}
                step="1"
                value={speed.place().to_string()}
                aria-valuetext={value.clone()}
                aria-keyshortcuts="+ -"
                style={format!("--done:{}%", 100 * speed.place() / Speed::PLACE_MAX)}
                title={text!("transport.speed_about")}
                {oninput}
            />
            <span class="value" aria-hidden="true">{ value }</span>
        </label>
    }
}
