//! A new version of the page is there.

use yew::prelude::*;

use super::{Icon, Shape};
use crate::offline::{self, NewVersion};
use crate::texts::text;

/// Keeps a copy of the page for when there is no network, and offers the next version of it.
#[component]
pub(crate) fn UpdateNotice() -> Html {
    let offered = use_state_eq(|| None::<NewVersion>);
    let set_offered = offered.setter();
    use_effect_with((), {
        let set_offered = set_offered.clone();
        move |()| offline::keep_copy(Callback::from(move |version| set_offered.set(Some(version))))
    });
    let notice = offered.as_ref().map(|version| {
        let dismiss = Callback::from(move |_: MouseEvent| set_offered.set(None));
        let load = {
            let (version, dismiss) = (version.clone(), dismiss.clone());
            Callback::from(move |event: MouseEvent| {
                dismiss.emit(event);
                version.load();
            })
        };
        html! {
            <div class="update-notice">
                <p>{ text!("update.ready") }</p>
                <button id="update" class="plain" onclick={load}>{ text!("update.load") }</button>
                <button class="quiet" onclick={dismiss} aria-label={text!("update.not_now")}>
                    <Icon shape={Shape::Close} />
                </button>
            </div>
        }
    });
    // There before it has something to say, or it would not be read aloud.
    html! { <div role="status">{ notice }</div> }
}
