//! The run as an address and as a file, with all that has been done to it by hand.

use gloo::utils::window;
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::texts::text;

/// What others need to see the same run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sharing {
    /// The address of this page with the scenario in it.
    pub(crate) link: AttrValue,
    /// The scenario file, as an address of its own.
    pub(crate) file: AttrValue,
}

#[derive(PartialEq, Properties)]
pub(crate) struct Props {
    pub(crate) sharing: Sharing,
    pub(crate) on_close: Callback<()>,
}

#[component]
pub(crate) fn Share(props: &Props) -> Html {
    let field = use_node_ref();
    let is_copied = use_state_eq(|| false);
    let copy = {
        let (field, is_copied) = (field.clone(), is_copied.clone());
        let link = props.sharing.link.clone();
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
    html! {
        <section class="share" aria-label={text!("share.title")}>
            <label for="link">{ text!("share.about") }</label>
            <div class="controls">
                <input id="link" class="mono" ref={field} readonly=true value={&props.sharing.link} onfocus={select} />
                <button id="copy" class="plain main" onclick={copy}>{ if *is_copied { text!("share.copied") } else { text!("share.copy") } }</button>
                <a id="save" class="plain" href={&props.sharing.file} download="scenario.json">{ text!("share.save") }</a>
                <button class="plain" onclick={props.on_close.reform(|_| ())}>{ text!("close") }</button>
            </div>
        </section>
    }
}
