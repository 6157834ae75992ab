//! One node, opened.

use scalesmall_crdt::Replicated;
use scalesmall_sim::{Replica, Status};
use yew::prelude::*;

use super::log::log;
use super::{
    BeadRow, Beads, Icon, LogFacts, MergeWith, Operate, SegmentFacts, Shape, Swatch, WhyFacts,
    segment,
};
use crate::app::Message;
use crate::identity::Identity;
use crate::picture::View;
use crate::texts::{plural, text};
use crate::words;

/// The most differences that are listed.
const LISTED_MAX: usize = 6;
/// The most claims that are offered to be operated on.
const OFFERED_MAX: usize = 100;

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
    log: LogFacts,
    beads: Vec<BeadRow>,
    /// How many writers there are.
    writers: usize,
    /// Whether it has been asked to leave, and takes its time to say goodbye.
    pub(crate) is_leaving: bool,
    /// Some of its claims: node and range.
    offered: Vec<(AttrValue, u32, u32)>,
}

impl NodeFacts {
    pub(crate) fn of(
        replica: &Replica,
        truth: &dyn Replicated,
        view: &View,
        identity: Identity,
        is_leaving: bool,
        log: LogFacts,
    ) -> Self {
        let context = replica.claims().context();
        let claims = replica.claims().claims().take(OFFERED_MAX).map(|(claim, _)| {
            (claim.node.to_string().into(), claim.range.start(), claim.range.end())
        });
        Self {
            view: view.clone(),
            identity,
            claims: replica.claims().claims().count(),
            seen: context.operations(),
            issued: context.counter(replica.node().id()),
            log,
            beads: BeadRow::of(replica.claims(), truth),
            writers: truth.context().iter().count(),
            is_leaving: is_leaving && view.is_live(),
            offered: claims.collect(),
        }
    }
}

#[derive(PartialEq, Properties)]
pub(crate) struct Props {
    pub(crate) facts: NodeFacts,
    /// The segment of it that is asked about, and why that is so.
    pub(crate) segment: Option<(SegmentFacts, WhyFacts)>,
    /// The nodes with which it can merge in slow motion.
    pub(crate) others: Vec<(usize, AttrValue)>,
    /// Whether it is among those that alone are in colour.
    pub(crate) is_in_colour: bool,
    pub(crate) on_message: Callback<Message>,
}

#[component]
pub(crate) fn NodePanel(props: &Props) -> Html {
    let NodeFacts {
        view,
        identity,
        claims,
        seen,
        issued,
        log: kept,
        beads,
        writers,
        offered,
        is_leaving,
    } = &props.facts;
    let on_message = &props.on_message;
    let fingerprint = view.fingerprint.to_string();
    let (first, last) = fingerprint.split_at(8);
    let differences = words::differences(view);
    let more = differences.len().saturating_sub(LISTED_MAX);
    html! {
        <aside class="node-panel" aria-label={text!("node_panel.label", name = view.name)}>
            <header>
                <Swatch identity={*identity} />
                <h2>{ view.name.to_string() }</h2>
                <span class="condition">{ if *is_leaving { text!("node_panel.leaving") } else { words::condition(view).unwrap_or(text!("condition.up")) } }</span>
                <button id="only" class="plain small" aria-pressed={props.is_in_colour.to_string()} aria-keyshortcuts="o" title={text!("focus.about")} onclick={on_message.reform(|_| Message::Only(None))}>{ text!("focus.only") }</button>
                <button class="quiet" onclick={on_message.reform(|_| Message::Select(None))} aria-label={text!("close")}>
                    <Icon shape={Shape::Close} />
                </button>
            </header>
            if let Some((facts, reasons)) = &props.segment {
                { segment(facts, reasons, view.is_live() && !is_leaving, on_message) }
            }
            <dl>
                <dt>{ text!("node_panel.fingerprint") }</dt><dd class="mono">{ first }{ " " }{ last }</dd>
                <dt>{ text!("node_panel.claims") }</dt><dd>{ claims }</dd>
                <dt>{ text!("node_panel.issued") }</dt><dd>{ words::operations(*issued) }</dd>
                <dt>{ text!("node_panel.seen") }</dt><dd>{ words::operations(*seen) }</dd>
                <dt>{ text!("node_panel.lacks") }</dt><dd>{ words::operations(view.lacks) }</dd>
            </dl>
            if *is_leaving {
                <p class="faint">{ text!("node_panel.says_goodbye") }</p>
            } else {
                <Operate
                    key={view.name.to_string()}
                    node={view.name.to_string()}
                    is_up={view.is_live()}
                    is_paused={view.status == Status::Paused}
                    claims={offered.clone()}
                    on_step={on_message.reform(Message::Do)}
                />
            }
            <h3>{ text!("node_panel.beads") }</h3>
            <Beads rows={beads.clone()} writers={*writers} />
            { log(kept) }
            <h3>{ text!("node_panel.differences") }</h3>
            if differences.is_empty() {
                <p class="faint">{ text!("node_panel.nowhere") }</p>
            } else {
                <ul class="differences">
                    { for differences.iter().take(LISTED_MAX).map(|(range, owners)| html! {
                        <li>
                            <span class="mono">{ words::range(*range) }</span>
                            <span>{ text!("node_panel.believes", owners = owners) }</span>
                        </li>
                    }) }
                </ul>
                if more > 0 {
                    <p class="faint">{ plural!("more", more) }</p>
                }
            }
            // Not where what else is clicked twice makes room for it.
            if !props.others.is_empty() {
                <MergeWith others={props.others.clone()} on_merge={on_message.reform(|node| Message::Merge(Some(node)))} />
            }
        </aside>
    }
}
