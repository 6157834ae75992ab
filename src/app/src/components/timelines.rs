//! The courses that a run has been given: which of them is shown, and what it is called.

use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

use super::{Icon, Shape};
use crate::app::Message;
use crate::texts::text;

/// The most characters of a name.
pub(crate) const NAME_CHARS_MAX: usize = 40;

#[derive(PartialEq, Properties)]
pub(crate) struct Props {
    /// What each of them is called.
    pub(crate) names: Vec<AttrValue>,
    /// Which of them is shown.
    pub(crate) shown: usize,
    pub(crate) on_message: Callback<Message>,
}

/// What is typed is kept here, since the document follows the run many times a second.
#[component]
pub(crate) fn Timelines(props: &Props) -> Html {
    let Props { names, shown, on_message } = props;
    let typed = use_state_eq(|| None::<String>);
    let field = use_node_ref();
    // A field that goes away loses the focus, which must not count as having gone elsewhere.
    let is_over = use_mut_ref(|| false);
    {
        let field = field.clone();
        use_effect_with(typed.is_some(), move |_| {
            field.cast::<HtmlInputElement>().iter().for_each(|field| field.select());
        });
    }
    if let Some(name) = &*typed {
        let end = {
            let (typed, on_message) = (typed.setter(), on_message.clone());
            move |name: Option<String>| {
                if !is_over.replace(true) {
                    name.into_iter().for_each(|name| on_message.emit(Message::NameTimeline(name)));
                    typed.set(None);
                }
            }
        };
        return naming(name, typed.setter(), end, field);
    }
    let onchange = on_message.reform(|event: Event| {
        let list: HtmlSelectElement = event.target_unchecked_into();
        list.value().parse().map_or(Message::Nothing, Message::ChangeTimeline)
    });
    let rename = {
        let name = names.get(*shown).map(ToString::to_string);
        Callback::from(move |_: MouseEvent| {
            is_over.replace(false);
            typed.set(name.clone());
        })
    };
    html! {
        <div class="timelines">
            <label>
                <span class="word">{ text!("transport.timeline") }</span>
                <select id="timeline" {onchange}>
                    { for names.iter().enumerate().map(|(index, name)| html! {
                        <option value={index.to_string()} selected={index == *shown}>{ name }</option>
                    }) }
                </select>
            </label>
            <button id="rename" class="quiet" onclick={rename} aria-label={text!("timelines.rename")} title={text!("timelines.rename")}>
                <Icon shape={Shape::Pen} />
            </button>
        </div>
    }
}

/// In place of the list: a field for the name. Enter, or to go elsewhere, keeps what was typed;
/// Escape does not.
fn naming(
    name: &str,
    typed: UseStateSetter<Option<String>>,
    end: impl Fn(Option<String>) + Clone + 'static,
    field: NodeRef,
) -> Html {
    let value = |field: &HtmlInputElement| Some(field.value());
    let oninput = Callback::from(move |event: InputEvent| {
        typed.set(value(&event.target_unchecked_into()));
    });
    let onblur = {
        let end = end.clone();
        Callback::from(move |event: FocusEvent| end(value(&event.target_unchecked_into())))
    };
    let onkeydown = Callback::from(move |event: KeyboardEvent| {
        match event.key().as_str() {
            "Enter" => end(value(&event.target_unchecked_into())),
            "Escape" => {
                // Nothing else that is open is meant.
                event.stop_propagation();
                end(None);
            }
            _ => {}
        }
    });
    html! {
        <div class="timelines">
            <input
                id="timeline-name"
                ref={field}
                value={name.to_owned()}
                maxlength={NAME_CHARS_MAX.to_string()}
                aria-label={text!("timelines.name")}
                autocomplete="off"
                {oninput}
                {onblur}
                {onkeydown}
            />
        </div>
    }
}
