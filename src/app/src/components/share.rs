//! The run as an address and as a file, with all that has been done to it by hand.

use std::sync::Arc;

use gloo::utils::window;
use scalesmall_sim::{Scenario, SimTime};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::Exports;
use crate::links;
use crate::shared::Shared;
use crate::texts::text;

/// The longest address that most programs pass on as it is, in characters.
const LINK_CHARS_MAX: usize = 2_048;

#[derive(PartialEq, Properties)]
pub(crate) struct Props {
    pub(crate) scenario: Shared<Arc<Scenario>>,
    pub(crate) now: SimTime,
    /// The node that is open.
    pub(crate) node: Option<AttrValue>,
    /// Saves a picture of the stage with so many pixels to a unit of the page.
    pub(crate) on_picture: Callback<usize>,
    pub(crate) on_close: Callback<()>,
}

#[component]
pub(crate) fn Share(props: &Props) -> Html {
    let link = use_link(&props.scenario);
    let file = use_memo(props.scenario.clone(), |scenario| links::file(scenario));
    let moment = use_state_eq(|| None);
    let is_copied = use_state_eq(|| false);
    let link = match (&*link, &*moment) {
        (Some(link), Some(moment)) => Some(format!("{link}{moment}")),
        (link, _) => link.clone(),
    };
    let field = use_node_ref();
    let copy = {
        let (field, is_copied) = (field.clone(), is_copied.clone());
        let link = link.clone().unwrap_or_default();
        Callback::from(move |_: MouseEvent| {
            if let Some(field) = field.cast::<HtmlInputElement>() {
                field.select();
            }
            // Where that is refused, the text is selected, and can be copied by hand.
            let _ = window().navigator().clipboard().write_text(&link);
            is_copied.set(true);
        })
    };
    let select = Callback::from(|event: FocusEvent| {
        let field = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok());
        field.iter().for_each(HtmlInputElement::select);
    });
    let point_out = {
        let (moment, is_copied) = (moment.clone(), is_copied.clone());
        let here = links::moment(props.now, props.node.as_deref());
        Callback::from(move |_: Event| {
            moment.set(moment.is_none().then(|| here.clone()));
            is_copied.set(false);
        })
    };
    let is_long = link.as_ref().is_some_and(|link| link.len() > LINK_CHARS_MAX);
    let file_class = classes!("plain", is_long.then_some("main"));
    html! {
        <section class="share" aria-label={text!("share.title")}>
            <label for="link">{ text!("share.about") }</label>
            <div class="controls">
                <input id="link" class="mono" ref={field} readonly=true value={link.clone()} placeholder={text!("share.packing")} onfocus={select} />
                <button id="copy" class={classes!("plain", (!is_long).then_some("main"))} onclick={copy} disabled={link.is_none()}>{ if *is_copied { text!("share.copied") } else { text!("share.copy") } }</button>
                <a id="save" class={file_class} href={(*file).clone()} download="scenario.json">{ text!("share.save") }</a>
                <button class="plain" onclick={props.on_close.reform(|_| ())}>{ text!("close") }</button>
            </div>
            <label class="setting check">
                <input id="point-out" type="checkbox" checked={moment.is_some()} onchange={point_out} />
                { text!("share.point_out") }
            </label>
            if is_long {
                <p id="long-link" class="hint">{ text!("share.long") }</p>
            }
            <Exports scenario={props.scenario.clone()} on_picture={props.on_picture.clone()} />
        </section>
    }
}

/// The address of the page with the scenario in it, once it is made.
#[hook]
fn use_link(scenario: &Shared<Arc<Scenario>>) -> UseStateHandle<Option<String>> {
    let link = use_state_eq(|| None);
    // Each time it is made for another scenario; what comes for the one before is too late.
    let wanted = use_mut_ref(|| 0_u64);
    {
        let link = link.clone();
        use_effect_with(scenario.clone(), move |scenario| {
            *wanted.borrow_mut() += 1;
            let (scenario, number) = (scenario.clone(), *wanted.borrow());
            link.set(None);
            spawn_local(async move {
                let made = links::packed(&scenario).await;
                if *wanted.borrow() == number {
                    link.set(Some(made));
                }
            });
        });
    }
    link
}
