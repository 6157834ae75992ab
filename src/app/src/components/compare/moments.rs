//! The charts as a table, for those who do not see them.

use scalesmall_sim::SimTime;
use yew::prelude::*;

use super::super::divergence_map::times;
use super::chart::Line;
use crate::figures::grouped;
use crate::texts::text;

/// Bytes and states of each run at a few round moments.
pub(super) fn moments(bytes: &[Line], states: &[Line], extent: SimTime) -> Html {
    let cell = |line: &Line, at: SimTime| {
        html! { <td>{ line.value_at(at).map_or_else(|| "–".to_owned(), grouped) }</td> }
    };
    let lines = || bytes.iter().chain(states);
    let row = |(at, text): (SimTime, String)| {
        html! {
            <tr>
                <th scope="row">{ text }</th>
                { for lines().map(|line| cell(line, at)) }
            </tr>
        }
    };
    let group = |title: &'static str, lines: &[Line]| {
        html! { <th scope="colgroup" colspan={lines.len().to_string()}>{ title }</th> }
    };
    html! {
        <details class="moments">
            <summary>{ text!("compare.moments") }</summary>
            <div class="scroll">
                <table id="moments-table">
                    <thead>
                        <tr>
                            <td />
                            { group(text!("compare.chart.bytes"), bytes) }
                            { group(text!("compare.chart.states"), states) }
                        </tr>
                        <tr>
                            <th scope="col">{ text!("compare.moments.time") }</th>
                            { for lines().map(|line| html! { <th scope="col">{ &line.name }</th> }) }
                        </tr>
                    </thead>
                    <tbody>{ for times(extent).into_iter().map(row) }</tbody>
                </table>
            </div>
        </details>
    }
}
