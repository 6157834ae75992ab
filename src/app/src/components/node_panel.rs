//! One node, opened.

use scalesmall_sim::Replica;
use yew::prelude::*;

use super::{Icon, Shape, Swatch};
use crate::identity::Identity;
use crate::picture::View;
use crate::words;

/// The most differences that are listed.
const LISTED_MAX: usize = 12;

/// What a node tells of itself.
#[derive(Clone, PartialEq)]
pub(crate) struct NodeFacts {
    pub(crate) view: View,
    pub(crate) identity: Identity,
    /// How many claims it sees as live.
    claims: usize,
    /// How many operations it has seen.
    seen: u64,
    /// How many operations it has itself issued.
    issued: u64,
}

impl NodeFacts {
    pub(crate) fn of(replica: &Replica, view: &View, identity: Identity) -> Self {
        let context = replica.claims().context();
        Self {
            view: view.clone(),
            identity,
            claims: replica.claims().claims().count(),
            seen: context.operations(),
            issued: context.counter(replica.node().id()),
        }
    }
}

#[derive(PartialEq, Properties)]
pub(crate) struct Props {
    pub(crate) facts: NodeFacts,
    pub(crate) on_close: Callback<()>,
}

#[component]
pub(crate) fn NodePanel(props: &Props) -> Html {
    let NodeFacts { view, identity, claims, seen, issued } = &props.facts;
    let fingerprint = view.fingerprint.to_string();
    let (first, last) = fingerprint.split_at(8);
    let differences = words::differences(view);
    let more = differences.len().saturating_sub(LISTED_MAX);
    html! {
        <aside class="node-panel" aria-label={format!("Node {}", view.name)}>
            <header>
                <Swatch identity={*identity} />
                <h2>{ view.name.to_string() }</h2>
                <span class="condition">{ words::condition(view).unwrap_or("up") }</span>
                <button class="quiet" onclick={props.on_close.reform(|_| ())} aria-label="Close">
                    <Icon shape={Shape::Close} />
                </button>
            </header>
            <dl>
                <dt>{ "fingerprint" }</dt><dd class="mono">{ first }{ " " }{ last }</dd>
                <dt>{ "live claims" }</dt><dd>{ claims }</dd>
                <dt>{ "has issued" }</dt><dd>{ words::operations(*issued) }</dd>
                <dt>{ "has seen" }</dt><dd>{ words::operations(*seen) }</dd>
                <dt>{ "lacks" }</dt><dd>{ words::operations(view.lacks) }</dd>
            </dl>
            <h3>{ "Where it differs from the truth" }</h3>
            if differences.is_empty() {
                <p class="faint">{ "Nowhere: it names the same owners for every key." }</p>
            } else {
                <ul class="differences">
                    { for differences.iter().take(LISTED_MAX).map(|(range, owners)| html! {
                        <li>
                            <span class="mono">{ words::range(*range) }</span>
                            <span>{ "believes: " }{ owners }</span>
                        </li>
                    }) }
                </ul>
                if more > 0 {
                    <p class="faint">{ format!("and {more} more") }</p>
                }
            }
        </aside>
    }
}
