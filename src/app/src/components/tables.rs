//! The stage in words, for those who do not see it.

use scalesmall_crdt::Segment;
use yew::prelude::*;

use crate::picture::{Picture, View};
use crate::shared::Shared;
use crate::texts::{plural, text};
use crate::words;

#[derive(PartialEq, Properties)]
pub(crate) struct Props {
    pub(crate) picture: Shared<Picture>,
    /// How many nodes have a row.
    pub(crate) count: usize,
}

/// The most segments that the table of the truth lists, and the most differences of one node.
const ROWS_MAX: usize = 500;
const DIFFERENCES_MAX: usize = 20;

/// What the bands show, as two tables: the truth by segment, and each node by what it differs in.
#[component]
pub(crate) fn Tables(props: &Props) -> Html {
    let Picture { truth, views, at, .. } = &*props.picture;
    let segments = truth.segment_count();
    html! {
        <section class="tables" aria-labelledby="in-words">
            <h2 id="in-words">{ text!("tables.title") }<small>{ text!("tables.at", time = words::decimal(at)) }</small></h2>
            <div class="scroll">
                <table id="views-table">
                    <caption>{ text!("views.title") }</caption>
                    <thead>
                        <tr><th scope="col">{ text!("tables.node") }</th><th scope="col">{ text!("tables.opinion") }</th><th scope="col">{ text!("tables.where") }</th></tr>
                    </thead>
                    <tbody>{ for views.iter().take(props.count).map(view_row) }</tbody>
                </table>
                <table id="truth-table">
                    <caption>{ text!("truth.title") }</caption>
                    <thead>
                        <tr><th scope="col">{ text!("tables.keys") }</th><th scope="col">{ text!("tables.owners") }</th></tr>
                    </thead>
                    <tbody>{ for truth.segments().take(ROWS_MAX).map(segment_row) }</tbody>
                </table>
            </div>
            if segments > ROWS_MAX {
                <p>{ text!("tables.first", count = ROWS_MAX, segments = segments) }</p>
            }
        </section>
    }
}

fn segment_row(segment: Segment) -> Html {
    html! {
        <tr>
            <th scope="row" class="mono">{ words::range(segment.range) }</th>
            <td>{ words::owners(&segment.owners) }</td>
        </tr>
    }
}

fn view_row(view: &View) -> Html {
    let differences = words::differences(view);
    let more = differences.len().saturating_sub(DIFFERENCES_MAX);
    html! {
        <tr>
            <th scope="row">{ view.name.to_string() }</th>
            <td>{ words::view(view) }</td>
            <td>
                { for differences.iter().take(DIFFERENCES_MAX).map(|(range, owners)| html! {
                    <div><span class="mono">{ words::range(*range) }</span>{ " " }{ owners }</div>
                }) }
                if more > 0 {
                    { plural!("more", more) }
                }
            </td>
        </tr>
    }
}
