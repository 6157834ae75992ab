//! What is played, and how it stands, in one line.

use yew::prelude::*;

use crate::player::State;
use crate::texts::{plural, text};

/// How the run stands, for people and for programs.
#[derive(Clone, PartialEq)]
pub(crate) struct Status {
    pub(crate) verdict: AttrValue,
    pub(crate) state: State,
    pub(crate) has_converged: bool,
    pub(crate) distinct: usize,
    pub(crate) time_us: u64,
    /// What all live nodes show, when they show the same.
    pub(crate) fingerprint: Option<AttrValue>,
    /// Nodes disagree about keys.
    pub(crate) is_disputed: bool,
}

#[derive(PartialEq, Properties)]
pub(crate) struct Props {
    pub(crate) title: AttrValue,
    pub(crate) about: AttrValue,
    pub(crate) status: Status,
    /// Whether runs are compared, instead of one being on the stage.
    pub(crate) is_comparing: bool,
    /// Where a run has ended badly.
    #[prop_or_default]
    pub(crate) on_shrink: Option<Callback<()>>,
    pub(crate) on_compare: Callback<()>,
    pub(crate) on_share: Callback<()>,
    /// Where one can go on with real peers.
    #[prop_or_default]
    pub(crate) on_live: Option<Callback<()>>,
    pub(crate) on_help: Callback<()>,
    /// Where the page is embedded: the address at which it is a page of its own.
    pub(crate) alone: Option<AttrValue>,
}

#[component]
pub(crate) fn TopBar(props: &Props) -> Html {
    let Status { verdict, state, has_converged, distinct, time_us, fingerprint, is_disputed } =
        &props.status;
    html! {
        <header class="top-bar">
            <h1>{ "scalesmall" }</h1>
            <p class="about"><strong>{ &props.title }</strong>{ " · " }{ &props.about }</p>
            // Changes too often to be read aloud: the announcer says what matters.
            <output
                id="status"
                class={classes!("verdict", is_disputed.then_some("disputed"))}
                aria-live="off"
                data-state={state.name()}
                data-converged={has_converged.to_string()}
                data-distinct={distinct.to_string()}
                data-time-us={time_us.to_string()}
                data-fingerprint={fingerprint.clone()}
            >
                { verdict }
            </output>
            if let Some(on_shrink) = &props.on_shrink {
                <button id="shrink-offer" class="plain main" onclick={on_shrink.reform(|_: MouseEvent| ())} title={text!("shrink.why")}>{ text!("shrink.offer") }</button>
            }
            if let Some(alone) = &props.alone {
                <a id="alone" href={alone} target="_blank" rel="noopener">{ text!("embed.open") }</a>
            } else {
                <button id="compare" class="plain" onclick={props.on_compare.reform(|_| ())} aria-pressed={props.is_comparing.to_string()} aria-keyshortcuts="C">{ text!("top_bar.compare") }</button>
                if !props.is_comparing {
                    <button id="share" class="plain" onclick={props.on_share.reform(|_| ())}>{ text!("top_bar.share") }</button>
                }
            }
            if let Some(on_live) = props.on_live.as_ref().filter(|_| props.alone.is_none()) {
                <button id="live" class="plain" onclick={on_live.reform(|_: MouseEvent| ())} title={text!("live.why")}>{ text!("live.offer") }</button>
            }
            <button id="help" class="plain" onclick={props.on_help.reform(|_| ())} aria-label={text!("help.title")} aria-haspopup="dialog" aria-keyshortcuts="?" title={format!("{} (?)", text!("help.title"))}>{ "?" }</button>
            // Peers over a network are none of the simulation's: there are none.
            <output id="peers" data-connected="0" hidden=true>{ plural!("top_bar.peers", 0) }</output>
        </header>
    }
}
