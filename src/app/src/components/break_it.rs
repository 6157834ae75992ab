//! What can be done to the network, by hand.

use serde_json::json;
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::edit::{Step, step};
use crate::texts::{plural, text};

/// The network as it is at present.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct NetworkFacts {
    /// Nothing moves but by steps.
    pub(crate) is_manual: bool,
    pub(crate) is_cut: bool,
    /// In percent.
    pub(crate) loss: f64,
    /// In percent.
    pub(crate) duplicate: f64,
    /// In percent.
    pub(crate) reorder: f64,
    pub(crate) latency_ms: [u32; 2],
}

#[derive(PartialEq, Properties)]
pub(crate) struct Props {
    pub(crate) network: NetworkFacts,
    /// While somebody chooses who is to be cut off: how many are chosen.
    pub(crate) chosen: Option<usize>,
    pub(crate) on_step: Callback<Step>,
    /// Begins to choose who is cut off, or ends it.
    pub(crate) on_choose: Callback<bool>,
    /// Cuts off whoever has been chosen.
    pub(crate) on_cut: Callback<()>,
}

#[component]
pub(crate) fn BreakIt(props: &Props) -> Html {
    let Props { network, chosen, on_step, on_choose, on_cut } = props;
    let heal = on_step.reform(|_| step(json!({ "heal": true })));
    let begin = on_choose.reform(|_: MouseEvent| true);
    let cancel = on_choose.reform(|_: MouseEvent| false);
    let change = |setting: fn(f64) -> serde_json::Value| {
        on_step.reform(move |value| step(json!({ "network": setting(value) })))
    };
    html! {
        <section class={classes!("break-it", chosen.map(|_| "choosing"))} aria-labelledby="break-title">
            <h2 id="break-title">
                { text!("break_it.title") }
                <small>{ text!("break_it.about") }</small>
            </h2>
            <div class="controls">
                if let Some(count) = chosen {
                    { choosing(*count, on_cut.reform(|_| ()), cancel) }
                } else {
                    <button id="cut" class="plain" onclick={begin} aria-keyshortcuts="p">{ text!("break_it.cut") }</button>
                    <button id="heal" class="plain" onclick={heal} disabled={!network.is_cut} aria-keyshortcuts="h">{ text!("break_it.heal") }</button>
                    if !network.is_manual {
                        <Setting id="loss" name={text!("break_it.loss")} unit="%" value={network.loss} most=60 on_change={change(|percent| json!({ "loss": percent / 100.0 }))} />
                        <Setting id="duplicate" name={text!("break_it.duplicate")} unit="%" value={network.duplicate} most=60 on_change={change(|percent| json!({ "duplicate": percent / 100.0 }))} />
                        <Setting id="reorder" name={text!("break_it.reorder")} unit="%" value={network.reorder} most=60 on_change={change(|percent| json!({ "reorder": percent / 100.0 }))} />
                        <Setting id="latency" name={text!("break_it.latency")} unit="ms" value={f64::from(network.latency_ms[1])} most=1_000 on_change={on_step.reform(latency(network.latency_ms[0]))} />
                    }
                }
            </div>
        </section>
    }
}

/// The greatest latency, and the least one no greater.
fn latency(least_ms: u32) -> impl Fn(f64) -> Step + 'static {
    move |most_ms| {
        let most_ms = most_ms as u32;
        step(json!({ "network": { "latency_ms": [least_ms.min(most_ms), most_ms] } }))
    }
}

fn choosing(count: usize, apart: Callback<MouseEvent>, cancel: Callback<MouseEvent>) -> Html {
    html! {
        <>
            <p class="hint" role="status">
                { match count {
                    0 => text!("break_it.choose").to_owned(),
                    count => plural!("break_it.chosen", count),
                } }
            </p>
            <button id="cut-now" class="plain main" onclick={apart} disabled={count == 0}>{ text!("break_it.cut_off") }</button>
            <button id="cut-cancel" class="plain" onclick={cancel}>{ text!("break_it.cancel") }</button>
        </>
    }
}

#[derive(PartialEq, Properties)]
struct SettingProps {
    id: &'static str,
    name: &'static str,
    unit: &'static str,
    value: f64,
    most: u32,
    on_change: Callback<f64>,
}

/// A setting that changes when its slider is let go. Until the run has followed, it keeps where that
/// stands, since the document follows the run many times a second.
#[component]
fn Setting(props: &SettingProps) -> Html {
    let moved = use_state_eq(|| None::<f64>);
    {
        let moved = moved.clone();
        let has_followed = moved.is_some_and(|moved| moved == props.value.round());
        use_effect_with(has_followed, move |&has_followed| {
            if has_followed {
                moved.set(None);
            }
        });
    }
    let number = |event: &web_sys::Event| {
        let input = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok());
        input.map(|input| input.value_as_number())
    };
    let oninput = {
        let moved = moved.clone();
        Callback::from(move |event: InputEvent| moved.set(number(&event)))
    };
    let onchange = {
        let on_change = props.on_change.clone();
        Callback::from(move |event: Event| {
            if let Some(value) = number(&event) {
                on_change.emit(value);
            }
        })
    };
    let value = moved.unwrap_or(props.value).round();
    let most = props.most.max(value as u32);
    html! {
        <label class="setting">
            { props.name }
            <input id={props.id} type="range" min="0" max={most.to_string()} step="1" value={value.to_string()} {oninput} {onchange} />
            <span class="value">{ format!("{value} {}", props.unit) }</span>
        </label>
    }
}
