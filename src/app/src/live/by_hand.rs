//! Links that people bring about: they send each other an invitation and the answer to it.

use gloo::utils::window;
use scalesmall_peer::web::NoIntroduction;
use wasm_bindgen_futures::spawn_local;
use web_sys::HtmlTextAreaElement;
use yew::prelude::*;

use super::address::{introduction, without_invitation};
use super::local::Introducer;
use crate::location::fragment;
use crate::texts::text;

#[derive(PartialEq, Properties)]
pub(super) struct Props {
    pub(super) introducer: Introducer,
    /// What the address of this page has brought.
    pub(super) invitation: Option<AttrValue>,
    /// How many are connected.
    pub(super) connected: usize,
}

/// What somebody else is to be sent.
#[derive(Clone, PartialEq)]
enum ToSend {
    /// An address.
    Invitation(String),
    Answer(String),
}

/// What is said of the last thing that was done.
#[derive(Clone, Copy, PartialEq)]
enum State {
    Idle,
    Busy,
    Taken,
    Connected,
    Failed,
}

#[component]
pub(super) fn ByHand(props: &Props) -> Html {
    let to_send = use_state_eq(|| None::<ToSend>);
    let state = use_state_eq(|| State::Idle);
    let reason = use_state_eq(String::new);
    let is_open = use_state_eq(|| props.invitation.is_some());
    let brought = use_node_ref();
    let shown = use_node_ref();
    // Made anew at each rendering, so that it sees the newest of everything.
    let finish = {
        let (to_send, state, reason) = (to_send.clone(), state.clone(), reason.clone());
        move |done: Result<Option<ToSend>, NoIntroduction>| match done {
            Ok(next) => {
                state.set(if next.is_some() { State::Idle } else { State::Taken });
                to_send.set(next);
            }
            Err(error) => {
                state.set(State::Failed);
                reason.set(error.to_string());
            }
        }
    };
    let invite = {
        let (introducer, state, finish) = (props.introducer.clone(), state.clone(), finish.clone());
        Callback::from(move |_: MouseEvent| {
            let (Some(invited), finish) = (introducer.invite(), finish.clone()) else { return };
            state.set(State::Busy);
            spawn_local(async move {
                finish(invited.await.map(|offer| Some(ToSend::Invitation(address_with(&offer)))));
            });
        })
    };
    let take = {
        let (introducer, state) = (props.introducer.clone(), state.clone());
        move |text: &str| {
            let taken = introducer.take(introduction(text).to_owned());
            let (Some(taken), finish) = (taken, finish.clone()) else { return };
            state.set(State::Busy);
            spawn_local(async move { finish(taken.await.map(|it| it.map(ToSend::Answer))) });
        }
    };
    {
        let take = take.clone();
        use_effect_with(props.invitation.clone(), move |invitation| {
            invitation.iter().for_each(|text| take(text));
        });
    }
    {
        let (to_send, state) = (to_send.clone(), state.clone());
        let before = use_mut_ref(|| 0);
        use_effect_with(props.connected, move |&connected| {
            let has_grown = connected > before.replace(connected);
            if has_grown && (to_send.is_some() || *state == State::Taken) {
                to_send.set(None);
                state.set(State::Connected);
            }
        });
    }
    let on_take = {
        let brought = brought.clone();
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            if let Some(field) = brought.cast::<HtmlTextAreaElement>() {
                take(&field.value());
                field.set_value("");
            }
        })
    };
    let on_copy = {
        let shown = shown.clone();
        Callback::from(move |_: MouseEvent| {
            if let Some(field) = shown.cast::<HtmlTextAreaElement>() {
                // Where that is refused, the text is selected, and can be copied by hand.
                field.select();
                let _ = window().navigator().clipboard().write_text(&field.value());
            }
        })
    };
    let on_toggle = {
        let is_open = is_open.clone();
        Callback::from(move |event: MouseEvent| {
            event.prevent_default();
            is_open.set(!*is_open);
        })
    };
    let said = match *state {
        State::Idle => String::new(),
        State::Busy => text!("live.hand_busy").to_owned(),
        State::Taken => text!("live.hand_taken").to_owned(),
        State::Connected => text!("live.hand_connected").to_owned(),
        State::Failed => text!("live.hand_failed", reason = *reason),
    };
    html! {
        <details id="by-hand" open={*is_open}>
            <summary onclick={on_toggle}>{ text!("live.hand") }</summary>
            <p class="faint">{ text!("live.hand_about") }</p>
            <div class="controls">
                <button id="invite" class="plain" onclick={invite} disabled={*state == State::Busy}>{ text!("live.hand_invite") }</button>
            </div>
            if let Some(to_send) = &*to_send {
                <div class="to-send">
                    <label for="to-send">{ to_send.about() }</label>
                    <textarea id="to-send" class="mono" ref={shown} readonly=true rows="3" data-kind={to_send.kind()} value={to_send.text().to_owned()} />
                    <button id="copy-to-send" class="plain main" onclick={on_copy}>{ text!("share.copy") }</button>
                </div>
            }
            <form onsubmit={on_take}>
                <label for="brought">{ text!("live.hand_brought") }</label>
                <textarea id="brought" class="mono" ref={brought} rows="3" required=true spellcheck="false" autocomplete="off" />
                <button id="take" class="plain" disabled={*state == State::Busy}>{ text!("live.hand_take") }</button>
            </form>
            <p id="by-hand-said" class={classes!((*state == State::Failed).then_some("wrong"))} role="status">{ said }</p>
        </details>
    }
}

impl ToSend {
    fn kind(&self) -> &'static str {
        match self {
            Self::Invitation(_) => "invitation",
            Self::Answer(_) => "answer",
        }
    }

    fn about(&self) -> &'static str {
        match self {
            Self::Invitation(_) => text!("live.hand_send"),
            Self::Answer(_) => text!("live.hand_send_back"),
        }
    }

    fn text(&self) -> &str {
        match self {
            Self::Invitation(text) | Self::Answer(text) => text,
        }
    }
}

/// The address of this room, with an offer.
fn address_with(offer: &str) -> String {
    let address = window().location().href().unwrap_or_default();
    let page = address.split('#').next().unwrap_or_default();
    format!("{page}#{}&offer={offer}", without_invitation(&fragment()))
}
