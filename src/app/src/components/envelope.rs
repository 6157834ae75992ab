//! One message, opened: what it carries, and what can be done to it while it is on its way.

use scalesmall_crdt::Dot;
use scalesmall_sim::{Cargo, Fate, SimTime};
use serde_json::json;
use yew::prelude::*;

use crate::chronicle::End;
use crate::edit::{Step, step};
use crate::space_time::Arrow;
use crate::texts::{plural, text};

/// The most operations that are named.
const NAMED_MAX: usize = 8;

#[derive(PartialEq, Properties)]
pub(crate) struct Props {
    pub(crate) arrow: Arrow,
    /// Sender and receiver.
    pub(crate) names: [AttrValue; 2],
    pub(crate) now: SimTime,
    pub(crate) on_step: Callback<Step>,
}

#[component]
pub(crate) fn Envelope(props: &Props) -> Html {
    let Props { arrow, names: [from, to], now, on_step } = props;
    let sent = &arrow.flight.sent;
    let end = match arrow.flight.end {
        End::Open if arrow.flight.due_at < *now => text!("envelope.waits").to_owned(),
        End::Open => text!("envelope.due", at = arrow.flight.due_at),
        End::Arrived(at) => text!("envelope.arrived", at = at),
        End::Lost(_) => text!("envelope.lost").to_owned(),
    };
    html! {
        <>
            <p>
                <strong>{ from }{ " → " }{ to }</strong>
                { format!(" · {} · ", sent.kind) }{ plural!("envelope.bytes", sent.bytes) }
                { " · " }{ text!("envelope.sent", at = sent.at) }{ ", " }{ end }
            </p>
            { cargo(&sent.cargo) }
            if arrow.flight.end == End::Open {
                if let Some(number) = arrow.flight.number {
                    <p class="controls">{ for fates([from, to], number, on_step) }</p>
                }
            }
        </>
    }
}

/// A button for each thing that can befall a message.
pub(super) fn fates<'a>(
    [from, to]: [&'a AttrValue; 2],
    number: u64,
    on_step: &'a Callback<Step>,
) -> impl Iterator<Item = Html> + 'a {
    Fate::ALL.into_iter().map(move |fate| {
        let (from, to) = (from.to_string(), to.to_string());
        let onclick = on_step.reform(move |event: MouseEvent| {
            // What lies beneath is not meant.
            event.stop_propagation();
            step(json!({ fate.name(): [from, to, number] }))
        });
        let label = match fate {
            Fate::Hold => text!("envelope.hold"),
            Fate::Pass => text!("envelope.pass"),
            Fate::Lose => text!("envelope.lose"),
            Fate::Repeat => text!("envelope.repeat"),
        };
        html! { <button class="plain" data-fate={fate.name()} {onclick}>{ label }</button> }
    })
}

fn cargo(cargo: &Cargo) -> Html {
    match cargo {
        Cargo::Nothing => html! { <p class="faint">{ text!("envelope.nothing") }</p> },
        Cargo::State(operations) => html! {
            <p><span class="crate">{ text!("envelope.state") }</span>{ " " }{ plural!("operations", *operations) }</p>
        },
        Cargo::Updates(dots) => {
            let more = dots.len().saturating_sub(NAMED_MAX);
            html! {
                <p class="beads">
                    { for dots.iter().take(NAMED_MAX).map(bead) }
                    if more > 0 {
                        { " " }{ plural!("envelope.more", more) }
                    }
                </p>
            }
        }
    }
}

fn bead(dot: &Dot) -> Html {
    html! {
        <>
            <span class="bead alive">{ format!("{}·{}", dot.replica.node, dot.counter) }</span>
            { " " }
        </>
    }
}
