//! A dialog over the page.

use gloo::utils::document;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlDialogElement, HtmlElement};
use yew::prelude::*;

use super::{Icon, Shape};
use crate::texts::text;

#[derive(PartialEq, Properties)]
pub(crate) struct Props {
    pub(crate) class: &'static str,
    pub(crate) title: AttrValue,
    /// The control that is given the focus afterwards, if what had it before is gone by then.
    pub(crate) opener: &'static str,
    pub(crate) on_close: Callback<()>,
    #[prop_or_default]
    pub(crate) on_key: Callback<KeyboardEvent>,
    pub(crate) children: Html,
}

/// A dialog that is open for as long as it is there.
#[component]
pub(crate) fn Dialog(props: &Props) -> Html {
    let dialog = use_node_ref();
    let had_focus = use_mut_ref(|| false);
    {
        let (dialog, had_focus) = (dialog.clone(), had_focus.clone());
        use_effect_with((), move |()| {
            *had_focus.borrow_mut() = focused().is_some();
            if let Some(dialog) = dialog.cast::<HtmlDialogElement>()
                && dialog.show_modal().is_err()
            {
                dialog.set_open(true);
            }
        });
    }
    // However it is closed, the browser gives the focus back to what had it before, unless that is
    // gone, made anew in another language.
    let opener = props.opener;
    let onclose = props.on_close.reform(move |_: Event| {
        if *had_focus.borrow() && focused().is_none() {
            focus(opener);
        }
    });
    let close = {
        let dialog = dialog.clone();
        Callback::from(move |_: MouseEvent| {
            dialog.cast::<HtmlDialogElement>().iter().for_each(HtmlDialogElement::close);
        })
    };
    // What is in the dialog fills it: a click on the dialog itself is one beside it.
    let onclick = Callback::from(|event: MouseEvent| {
        let beside = event.target().and_then(|target| target.dyn_into::<HtmlDialogElement>().ok());
        beside.iter().for_each(HtmlDialogElement::close);
    });
    html! {
        <dialog ref={&dialog} class={props.class} aria-labelledby="dialog-title" {onclose} {onclick} onkeydown={&props.on_key}>
            <div class="content">
                <header>
                    <h2 id="dialog-title">{ &props.title }</h2>
                    <button class="quiet" onclick={close} aria-label={text!("close")}>
                        <Icon shape={Shape::Close} />
                    </button>
                </header>
                { props.children.clone() }
            </div>
        </dialog>
    }
}

/// What has the focus on the page under the dialog, if anything has.
fn focused() -> Option<Element> {
    document()
        .active_element()
        .filter(|element| element.closest(".page").is_ok_and(|page| page.is_some()))
}

fn focus(id: &str) {
    let element = document().get_element_by_id(id);
    if let Some(element) = element.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        // A courtesy: where it is refused, nothing else follows.
        let _ = element.focus();
    }
}
